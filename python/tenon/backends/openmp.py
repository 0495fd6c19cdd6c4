"""Whether OpenMP can be used: no; tenon has a pool of its own."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = ["is_available"]


@_documented()
def is_available() -> bool:
    """Whether OpenMP can be used.

    Returns: False.

    >>> tenon.backends.openmp.is_available()
    False
    """
    return False


_guide(__name__)
