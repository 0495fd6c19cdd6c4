"""Whether the package opt_einsum can be used: no; tenon.einsum orders its products itself."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = ["enabled", "is_available", "strategy"]

enabled = False
strategy = "auto"


@_documented()
def is_available() -> bool:
    """Whether the package opt_einsum can be used.

    Returns: False.

    >>> tenon.backends.opt_einsum.is_available()
    False
    """
    return False


_guide(__name__)
