"""Making tensors under NumPy's and the standard's names."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import Tensor, cast, tensor

__all__ = [
    "array", "asanyarray", "asarray", "ascontiguousarray", "copy", "empty", "from_dlpack", "frombuffer",
    "full", "ones", "zeros",
]  # fmt: skip

from_dlpack = _C.from_dlpack


def _device(device: Any, like: Any) -> Any:
    """The device that is asked for: by name, or by a tensor that the result is to be like."""
    return like.device if device is None and isinstance(like, Tensor) else device


def _options(dtype: Any, device: Any, like: Any = None) -> dict[str, Any]:
    options = {}
    device = _device(device, like)
    if dtype is not None:
        options["dtype"] = dtype
    if device is not None:
        options["device"] = device
    return options


def asarray(
    obj: Any,
    /,
    dtype: Any = None,
    order: str | None = None,
    *,
    device: Any = None,
    copy: bool | None = None,
    like: Any = None,
) -> Any:
    """obj as a tensor: over its own memory where that can be (copy=False: or ValueError; copy=True: never).

    The errors are tenon.asarray's. order is ignored; like gives the device.

    Parameters
    ----------
    obj
        Numbers, nested sequences, arrays or tensors.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str | None, optional
        Ignored so far: a new result is row-major. NumPy's signature has it.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    copy : bool | None, optional
        True for a copy in any case, False to refuse one, None for one where it is needed.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        obj as a tensor: over its own memory where that can be (copy=False: or ValueError; copy=True: never).

    Raises
    ------
    ValueError
        For ragged sequences.
    TypeError
        For what holds no numbers.
    OverflowError
        For Python integers that the dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.asarray([1, 2])
    tensor([1, 2])
    """
    return _C._ingest(obj, "asarray", dtype, _device(device, like), copy)


def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    like: Any = None,
) -> Any:
    """obj as a tensor in fresh memory, a copy, unless copy says otherwise; of ndmin dimensions at least.

    copy=None shares the memory where that can be, copy=False does or is a ValueError.

    Parameters
    ----------
    object
        Numbers, nested sequences, arrays or tensors.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    copy : bool | None, default True
        True for a copy in any case, False to refuse one, None for one where it is needed.
    order : str, default 'K'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    subok : bool, default False
        Ignored; NumPy's signature has it.
    ndmin : int, default 0
        The least number of dimensions; missing ones stand in front.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        obj as a tensor in fresh memory, a copy, unless copy says otherwise; of ndmin dimensions at least.

    Raises
    ------
    ValueError
        For ragged sequences, and for copy=False where a copy is needed.
    TypeError
        For what holds no numbers.
    OverflowError
        For Python integers that the dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.array([1, 2, 3])
    tensor([1, 2, 3])
    """
    t = _C._ingest(object, "array", dtype, _device(None, like), copy)
    return t.reshape((*(1,) * (ndmin - t.ndim), *t.shape)) if t.ndim < ndmin else t


def asanyarray(
    a: Any,
    dtype: Any = None,
    order: str | None = None,
    *,
    device: Any = None,
    copy: bool | None = None,
    like: Any = None,
) -> Any:
    """As asarray: a view or a copy, and the same errors (ValueError, TypeError, OverflowError).

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str | None, optional
        Ignored so far: a new result is row-major. NumPy's signature has it.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    copy : bool | None, optional
        True for a copy in any case, False to refuse one, None for one where it is needed.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A view or a copy.

    Examples
    --------
    >>> tenon.numpy.asanyarray([1, 2])
    tensor([1, 2])
    """
    return asarray(a, dtype, device=device, copy=copy, like=like)


def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """The tensor itself where it is row-major without gaps, otherwise a copy; of one dimension at least.

    The errors are asarray's.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        The tensor itself where it is row-major without gaps, otherwise a copy; of one dimension at least.

    Raises
    ------
    ValueError
        For ragged sequences.
    TypeError
        For what holds no numbers.
    OverflowError
        For Python integers that the dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.ascontiguousarray(tenon.zeros(2, 3).T).is_contiguous()
    True
    """
    t = asarray(a, dtype, like=like)
    return (t if t.ndim else t.reshape((1,))).contiguous()


def frombuffer(
    buffer: Any, dtype: Any = "float64", count: int = -1, offset: int = 0, *, like: Any = None
) -> Any:
    """A vector over the bytes of an object with the buffer protocol, without a copy.

    Parameters
    ----------
    buffer
        An object with the buffer protocol.
    dtype : dtype, default 'float64'
        The dtype of the result; None for the one that follows from the arguments.
    count : int, default -1
        The number of elements; -1 for all that follow.
    offset : int, default 0
        The first byte that is read.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A vector over the bytes of an object with the buffer protocol, without a copy.

    Raises
    ------
    ValueError
        For what has no buffer, an empty one, and for a count, offset or remainder that does not fit.
    TypeError
        For what is no dtype.

    Examples
    --------
    >>> tenon.numpy.frombuffer(bytearray(b"ab"), dtype=tenon.uint8)
    tensor([97, 98], dtype=tenon.uint8)
    """
    t = _C.frombuffer(buffer, dtype=dtype, count=count, offset=offset)
    return t.to(like.device) if isinstance(like, Tensor) else t


def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """A copy in fresh memory; the gradient flows through.

    The errors are asarray's.

    Parameters
    ----------
    a : array_like
        A tensor, or anything that tenon.asarray takes.
    order : str, default 'K'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    subok : bool, default False
        Ignored; NumPy's signature has it.

    Returns
    -------
    Tensor
        A copy in fresh memory; the gradient flows through.

    Raises
    ------
    ValueError
        For ragged sequences.
    TypeError
        For what holds no numbers.
    OverflowError
        For Python integers that the dtype cannot hold.

    Examples
    --------
    >>> t = tenon.tensor([1, 2])
    >>> tenon.numpy.copy(t) is t
    False
    """
    return tensor(a, "copy").clone()


def _size(shape: Any) -> tuple[int, ...]:
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def empty(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """A new tensor whose elements are not set.

    Parameters
    ----------
    shape : int or ints
        The shape: an int or a tuple of ints.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'C'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A new tensor whose elements are not set.

    Raises
    ------
    ValueError
        For negative sizes.
    TypeError
        For what is no size or no dtype.
    MemoryError
        Where there is no room.

    Examples
    --------
    >>> tenon.numpy.empty((2, 3)).shape
    (2, 3)
    """
    return _C.empty(_size(shape), **_options(dtype, device, like))


def zeros(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """A new tensor of zeros.

    Parameters
    ----------
    shape : int or ints
        The shape: an int or a tuple of ints.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'C'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A new tensor of zeros.

    Raises
    ------
    ValueError
        For negative sizes.
    TypeError
        For what is no size or no dtype.

    Examples
    --------
    >>> tenon.numpy.zeros((2,))
    tensor([0., 0.])
    """
    return _C.zeros(_size(shape), **_options(dtype, device, like))


def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """A new tensor of ones.

    Parameters
    ----------
    shape : int or ints
        The shape: an int or a tuple of ints.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    order : str, default 'C'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A new tensor of ones.

    Raises
    ------
    ValueError
        For negative sizes.
    TypeError
        For what is no size or no dtype.

    Examples
    --------
    >>> tenon.numpy.ones((2,))
    tensor([1., 1.])
    """
    return _C.ones(_size(shape), **_options(dtype, device, like))


def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    """A new tensor of one value everywhere (or an array's, broadcast).

    Parameters
    ----------
    shape : int or ints
        The shape: an int or a tuple of ints.
    fill_value : number
        The value of all elements.
    dtype : dtype, optional
        That of the value unless given.
    order : str, default 'C'
        Ignored so far: a new result is row-major. NumPy's signature has it.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A new tensor of one value everywhere (or an array's, broadcast).

    Raises
    ------
    ValueError
        For negative sizes and for an array that does not broadcast.
    TypeError
        For what is no number.
    OverflowError
        For a Python integer that dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.full((2,), 7)
    tensor([7, 7])
    """
    if isinstance(fill_value, (list, tuple)) or (
        hasattr(fill_value, "shape") and tuple(fill_value.shape) != ()
    ):
        value = asarray(fill_value, dtype, device=device, like=like)
        return value.expand(_size(shape)).clone()
    if isinstance(fill_value, Tensor):
        value = cast(fill_value, dtype or fill_value.dtype).expand(_size(shape)).clone()
        return value.to(_device(device, like) or value.device)
    return _C.full(_size(shape), fill_value, **_options(dtype, device, like))


# ---- dtypes ----
