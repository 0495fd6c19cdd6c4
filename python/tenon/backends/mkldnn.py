"""Whether oneDNN can be used: no; tenon has kernels of its own."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = ["deterministic", "enabled", "is_available"]

enabled = True
deterministic = False


@_documented()
def is_available() -> bool:
    """Whether oneDNN can be used.

    Returns: False.

    >>> tenon.backends.mkldnn.is_available()
    False
    """
    return False


_guide(__name__)
