"""Tensors in NumPy's memory: zero-copy both ways, with gradients and devices."""

from tenon import _C
from tenon._C import *  # noqa: F403
from tenon._doors import *  # noqa: F403
from tenon._doors import lazy as __getattr__  # noqa: F401

__version__ = _C.__version__
