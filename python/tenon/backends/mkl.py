"""Whether Intel's MKL can be used: no; the BLAS is one that tenon loads, see tenon.show_config."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = ["is_available"]


@_documented()
def is_available() -> bool:
    """Whether Intel's MKL can be used.

    Returns: False.

    >>> tenon.backends.mkl.is_available()
    False
    """
    return False


_guide(__name__)
