"""Questions about dtypes by NumPy's rules, and ``astype``."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import cast, tensor

__all__ = [
    "astype",
    "finfo",
    "iinfo",
    "iscomplexobj",
    "isdtype",
    "isrealobj",
]


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """x in another dtype: a copy; itself where nothing changes and copy=False.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    dtype : dtype
        The dtype of the result; None for the one that follows from the arguments.
    copy : bool, default True
        True for a copy in any case, False to refuse one, None for one where it is needed.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A copy; itself where nothing changes and copy=False.

    Raises
    ------
    TypeError
        For what is no dtype or no array.

    Examples
    --------
    >>> tenon.numpy.astype(tenon.tensor([1.5, 2.5]), tenon.int32)
    tensor([1, 2], dtype=tenon.int32)
    """
    t = tensor(x, "astype")
    if device is not None:
        t = t.to(device)
    return cast(t, dtype) if t.dtype != _C.dtype(dtype) else t.clone() if copy else t


_KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "integral": ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"),
    "complex floating": ("complex64", "complex128"),
}
_KINDS["numeric"] = _KINDS["integral"] + _KINDS["real floating"] + _KINDS["complex floating"]


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether the dtype is of a kind ('integral', 'real floating', ...), or equals a dtype.

    Parameters
    ----------
    dtype : dtype
        The dtype that is asked about.
    kind : str
        A tuple stands for any of its entries.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        For what is no dtype and no kind.

    Examples
    --------
    >>> tenon.numpy.isdtype(tenon.float32, "real floating")
    True
    """
    dtype = _C.dtype(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str) and kind in _KINDS:
        return dtype.name in _KINDS[kind]
    return bool(dtype == _C.dtype(kind))


def iscomplexobj(x: Any) -> bool:
    """Whether the elements are complex numbers by dtype; TypeError for what is no array.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.numpy.iscomplexobj(tenon.tensor([1j]))
    True
    """
    return bool(tensor(x).dtype.is_complex)


def isrealobj(x: Any) -> bool:
    """Whether the elements are real numbers by dtype; TypeError for what is no array.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.numpy.isrealobj(tenon.tensor([1j]))
    False
    """
    return not iscomplexobj(x)


def finfo(type: Any, /) -> Any:
    """The limits of a floating dtype (TypeError for others); its dtype is an object, not PyTorch's name.

    Parameters
    ----------
    type
        A dtype, by object or name.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> tenon.finfo(tenon.float32).eps
    1.1920928955078125e-07
    """
    import tenon

    limits: Any = tenon.finfo(getattr(type, "dtype", type))
    limits.dtype = _C.dtype(limits.dtype)
    return limits


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype (TypeError for others); its dtype is an object, not PyTorch's name.

    Parameters
    ----------
    type
        A dtype, by object or name.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> tenon.iinfo(tenon.int8).max
    127
    """
    import tenon

    limits: Any = tenon.iinfo(getattr(type, "dtype", type))
    limits.dtype = _C.dtype(limits.dtype)
    return limits
