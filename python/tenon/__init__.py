"""Tensors in NumPy's memory: zero-copy both ways, with gradients and devices."""

from tenon import _C
from tenon._C import *  # noqa: F403

__version__ = _C.__version__
