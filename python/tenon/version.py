"""tenon's version, under the names that PyTorch's module has."""

from __future__ import annotations

from tenon import _C
from tenon._names import guide as _guide

__all__ = ["cuda", "debug", "git_version", "hip"]

__version__ = _C.__version__
cuda: str | None = None  # no CUDA toolkit was linked: the library with the kernels is loaded on first use
hip: str | None = None
git_version: str | None = None
debug = False

_guide(__name__)
