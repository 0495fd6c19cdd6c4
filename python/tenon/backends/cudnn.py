"""PyTorch's flags for cuDNN. Setting them changes nothing: tenon does not use it."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = [
    "allow_tf32",
    "benchmark",
    "benchmark_limit",
    "deterministic",
    "enabled",
    "is_available",
    "version",
]

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


@_documented()
def is_available() -> bool:
    """Whether there is cuDNN.

    Returns: False.

    >>> tenon.backends.cudnn.is_available()
    False
    """
    return False


@_documented()
def version() -> int | None:
    """The version of cuDNN.

    Returns: None: there is none.

    >>> tenon.backends.cudnn.version()
    """
    return None


_guide(__name__)
