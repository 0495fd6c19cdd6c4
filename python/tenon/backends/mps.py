"""Whether Apple's GPUs can be used: no; tenon has no backend for them."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = ["is_available", "is_built"]


@_documented()
def is_available() -> bool:
    """Whether Apple's GPUs can be used.

    Returns: False.

    >>> tenon.backends.mps.is_available()
    False
    """
    return False


@_documented()
def is_built() -> bool:
    """Whether tenon was built for Apple's GPUs.

    Returns: False.

    >>> tenon.backends.mps.is_built()
    False
    """
    return False


_guide(__name__)
