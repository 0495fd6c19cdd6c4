"""The functions that rows of operations declare for tenon.nn.functional; the build writes their stub."""

from tenon import _C

globals().update(_C._nn_names)

__all__ = [*_C._nn_names]
