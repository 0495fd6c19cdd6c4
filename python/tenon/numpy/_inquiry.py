"""The limits of dtypes under NumPy's names."""

from __future__ import annotations

from typing import Any

from tenon import _C

__all__ = ["finfo", "iinfo"]


def _dtype_of(what: Any) -> Any:
    """An array's dtype; what names a dtype, as it is. (NumPy's scalar classes have a dtype, too.)"""
    return what if isinstance(what, type) else getattr(what, "dtype", what)


def finfo(type: Any, /) -> Any:
    """The limits of a floating dtype; its dtype is an object, not PyTorch's name.

    Parameters
    ----------
    type
        A dtype, by object or name.

    Returns
    -------
    tenon.finfo

    Raises
    ------
    TypeError
        For another dtype and for what is no dtype.

    Examples
    --------
    >>> tenon.finfo(tenon.float32).eps
    1.1920928955078125e-07
    """
    import tenon

    limits: Any = tenon.finfo(_dtype_of(type))
    limits.dtype = _C.dtype(limits.dtype)
    return limits


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype; its dtype is an object, not PyTorch's name.

    Parameters
    ----------
    type
        A dtype, by object or name.

    Returns
    -------
    tenon.iinfo

    Raises
    ------
    TypeError
        For another dtype and for what is no dtype.

    Examples
    --------
    >>> tenon.iinfo(tenon.int8).max
    127
    """
    import tenon

    limits: Any = tenon.iinfo(_dtype_of(type))
    limits.dtype = _C.dtype(limits.dtype)
    return limits
