"""NumPy's ``empty_like`` and its like: new tensors of another one's shape."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._creation import _size
from tenon.numpy._support import tensor

__all__ = ["empty_like", "full_like", "ones_like", "zeros_like"]


def _like(f: Any, a: Any, dtype: Any, shape: Any, device: Any, *value: Any) -> Any:
    t = tensor(a)
    return f(
        tuple(t.shape) if shape is None else _size(shape),
        *value,
        dtype=dtype or t.dtype,
        device=device or t.device,
    )


def empty_like(
    a: Any,
    /,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """A new tensor, not set, of a's shape, dtype and device unless others are given.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'K'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    subok : bool, default True
        Ignored; NumPy's signature has it.
    shape : int or ints, optional
        The shape: an int or a tuple of ints.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor, not set, of a's shape, dtype and device unless others are given.

    Raises
    ------
    TypeError
        For what is no array or no dtype.
    ValueError
        For negative sizes.

    Examples
    --------
    >>> tenon.numpy.empty_like(tenon.zeros(2, dtype=tenon.int8)).dtype
    tenon.int8
    """
    return _like(_C.empty, a, dtype, shape, device)


def zeros_like(
    a: Any,
    /,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """A new tensor of zeros, of a's shape, dtype and device unless others are given.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'K'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    subok : bool, default True
        Ignored; NumPy's signature has it.
    shape : int or ints, optional
        The shape: an int or a tuple of ints.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor of zeros, of a's shape, dtype and device unless others are given.

    Raises
    ------
    TypeError
        For what is no array or no dtype.
    ValueError
        For negative sizes.

    Examples
    --------
    >>> tenon.numpy.zeros_like(tenon.ones(2, dtype=tenon.int8))
    tensor([0, 0], dtype=tenon.int8)
    """
    return _like(_C.zeros, a, dtype, shape, device)


def ones_like(
    a: Any,
    /,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """A new tensor of ones, of a's shape, dtype and device unless others are given.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'K'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    subok : bool, default True
        Ignored; NumPy's signature has it.
    shape : int or ints, optional
        The shape: an int or a tuple of ints.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor of ones, of a's shape, dtype and device unless others are given.

    Raises
    ------
    TypeError
        For what is no array or no dtype.
    ValueError
        For negative sizes.

    Examples
    --------
    >>> tenon.numpy.ones_like(tenon.zeros(2, dtype=tenon.int8))
    tensor([1, 1], dtype=tenon.int8)
    """
    return _like(_C.ones, a, dtype, shape, device)


def full_like(
    a: Any,
    /,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """A new tensor of one value, of a's shape, dtype and device unless others are given.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    fill_value : number
        The value of all elements.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'K'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    subok : bool, default True
        Ignored; NumPy's signature has it.
    shape : int or ints, optional
        The shape: an int or a tuple of ints.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor of one value, of a's shape, dtype and device unless others are given.

    Raises
    ------
    TypeError
        For what is no number, no array or no dtype.
    ValueError
        For negative sizes.
    OverflowError
        For a Python integer that the dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.full_like(tenon.zeros(2), 7)
    tensor([7., 7.])
    """
    return _like(_C.full, a, dtype, shape, device, fill_value)
