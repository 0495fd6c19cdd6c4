"""Making tensors under NumPy's and the standard's names; dtypes by NumPy's rules of inquiry."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._out import castable
from tenon.numpy._support import Tensor, cast, tensor

__all__ = [
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "astype", "can_cast", "copy", "empty",
    "empty_like", "eye", "finfo", "from_dlpack", "frombuffer", "full", "full_like", "identity", "iinfo",
    "iscomplexobj", "isdtype", "isrealobj", "linspace", "logspace", "meshgrid", "ones", "ones_like",
    "promote_types", "result_type", "zeros", "zeros_like",
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        As asarray; for copy=False where a copy is needed.
    TypeError
        As asarray.
    OverflowError
        As asarray.

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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        The errors are asarray's.
    TypeError
        The errors are asarray's.
    OverflowError
        The errors are asarray's.

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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
    subok : bool, default False
        Ignored; NumPy's signature has it.

    Returns
    -------
    Tensor
        A copy in fresh memory; the gradient flows through.

    Raises
    ------
    ValueError
        The errors are asarray's.
    TypeError
        The errors are asarray's.
    OverflowError
        The errors are asarray's.

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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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
        How a new result lies in memory: 'C', 'F', 'A' or 'K'.
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


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None, like: Any = None
) -> Any:
    """start, start + step, ... below stop; from 0 on with one argument. A new tensor.

    It is empty where step leads away from stop.

    Parameters
    ----------
    start : number
        The first value.
    stop : optional
        The last value, or where the values end.
    step : number, default 1
        From one value to the next.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        start, start + step, ... below stop; from 0 on with one argument. A new tensor.

    Raises
    ------
    ValueError
        For a step of 0 and a range without end.
    TypeError
        For what is no real number.
    OverflowError
        For numbers that an integer dtype cannot hold.

    Examples
    --------
    >>> tenon.numpy.arange(1, 10, 3)
    tensor([1, 4, 7])
    """
    if stop is None:
        start, stop = 0, start
    return _C.arange(start, stop, step, **_options(dtype, device, like))


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    *,
    device: Any = None,
) -> Any:
    """num values at equal distances from start to stop (with stop, if endpoint): a new tensor.

    start and stop are numbers.

    Parameters
    ----------
    start : number
        The first value.
    stop
        The last value, or where the values end.
    num : int, default 50
        The number of values.
    endpoint : bool, default True
        Whether stop is the last value.
    retstep : bool, default False
        A pair with the distance, too.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    TypeError
        For arrays.
    ValueError
        For a negative num.

    Examples
    --------
    >>> tenon.numpy.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    t = _C.linspace(start, stop, num, endpoint=endpoint, **_options(dtype, device))
    steps = num - 1 if endpoint else num
    return (t, (stop - start) / steps if steps > 0 else float("nan")) if retstep else t


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None
) -> Any:
    """base to the power of equally spaced values: a new tensor.

    start and stop are numbers.

    Parameters
    ----------
    start : number
        The first value.
    stop
        The last value, or where the values end.
    num : int, default 50
        The number of values.
    endpoint : bool, default True
        Whether stop is the last value.
    base : float, default 10.0
        What is raised to the powers.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    TypeError
        For arrays, and for complex numbers with a real dtype.
    ValueError
        For a negative num.

    Examples
    --------
    >>> tenon.numpy.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    if not endpoint:
        powers = base ** linspace(start, stop, num, False)
        return asarray(powers, dtype or powers.dtype)
    return _C.logspace(start, stop, num, base=base, **_options(dtype, None))


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    k: int = 0,
    dtype: Any = None,
    *,
    device: Any = None,
    like: Any = None,
    M: int | None = None,
    **_: Any,
) -> Any:
    """Ones on the k-th diagonal: a new tensor.

    Parameters
    ----------
    n_rows : int
        The number of rows.
    n_cols : int | None, optional
        The number of columns; None for n_rows.
    k : int, default 0
        The diagonal: 0 for the main one, positive above it, negative below it.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.
    like : optional
        A tensor on whose device the result lies; None for the CPU.
    M : int | None, optional
        The number of columns; None for N.
    _
        NumPy's M and k by other names.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For negative sizes.
    TypeError
        For what is no dtype.

    Examples
    --------
    >>> tenon.numpy.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    n_cols = M if n_cols is None else n_cols
    k = max(-n_rows, min(k, n_rows if n_cols is None else n_cols))  # beyond the matrix there are no ones
    return _C.eye(n_rows, n_cols, k, **_options(dtype, device, like))


def identity(n: int, dtype: Any = None, *, like: Any = None) -> Any:
    """The square matrix with ones on its diagonal: a new tensor.

    Parameters
    ----------
    n : int
        The number of rows and columns.
    dtype : dtype, optional
        The dtype of the result; None for the one that follows from the arguments.
    like : optional
        A tensor on whose device the result lies; None for the CPU.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For a negative n.
    TypeError
        For what is no dtype.

    Examples
    --------
    >>> tenon.numpy.identity(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return eye(n, dtype=dtype, like=like)


def meshgrid(*xi: Any, indexing: str = "xy", copy: bool = True, sparse: bool = False) -> tuple[Any, ...]:
    """Coordinate grids of vectors, a tuple of views; sparse: of size 1 in all other dimensions.

    copy is ignored.

    Parameters
    ----------
    xi
        The vectors.
    indexing : str, default 'xy'
        'xy', or 'ij' for matrices' order.
    copy : bool, default True
        True for a copy in any case, False to refuse one, None for one where it is needed.
    sparse : bool, default False
        True leaves dimensions at size 1.

    Returns
    -------
    tuple[Any, ...]
        Coordinate grids of vectors, a tuple of views; sparse: of size 1 in all other dimensions.

    Raises
    ------
    ValueError
        For another indexing than 'xy' and 'ij', and for more than one dimension (sparse flattens them).

    Examples
    --------
    >>> tenon.numpy.meshgrid([1, 2], [3, 4])
    (tensor([[1, 2],
            [1, 2]]), tensor([[3, 3],
            [4, 4]]))
    """
    if sparse:
        n = len(xi)
        grids = [tensor(x).reshape(tuple(-1 if d == i else 1 for d in range(n))) for i, x in enumerate(xi)]
        if indexing == "xy" and n > 1:
            grids[:2] = [
                grids[0].reshape((1, -1) + (1,) * (n - 2)),
                grids[1].reshape((-1, 1) + (1,) * (n - 2)),
            ]
        return tuple(grids)
    return tuple(_C.meshgrid([tensor(x) for x in xi], indexing=indexing)) if xi else ()


# ---- dtypes ----


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


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype of an operation on arrays, dtypes and numbers.

    Parameters
    ----------
    arrays_and_dtypes
        Tensors, dtypes and Python numbers.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For float8 with another dtype, for anything else and for nothing.

    Examples
    --------
    >>> tenon.numpy.result_type(tenon.int8, tenon.float16)
    tenon.float16
    """
    return _C.result_type(*arrays_and_dtypes)


def promote_types(type1: Any, type2: Any) -> Any:
    """The dtype that operands of the two dtypes are converted to.

    Parameters
    ----------
    type1
        A dtype.
    type2
        A dtype.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For float8 with another dtype, and for what is no dtype.

    Examples
    --------
    >>> tenon.numpy.promote_types(tenon.int8, tenon.uint8)
    tenon.int16
    """
    return _C.promote_types(_C.dtype(type1), _C.dtype(type2))


def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """Whether promotion leads from one dtype to the other (same_kind: whether its kind does).

    Parameters
    ----------
    from_
        A dtype or an array.
    to
        The dtype that it becomes.
    casting : str, default 'safe'
        Which conversions are allowed: 'no', 'equiv', 'safe', 'same_kind' or 'unsafe'.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        For what is no dtype.
    ValueError
        For another casting than NumPy's.

    Examples
    --------
    >>> tenon.numpy.can_cast(tenon.int64, tenon.int8)
    False
    """
    source = from_.dtype if hasattr(from_, "dtype") and not isinstance(from_, type) else _C.dtype(from_)
    source, target = _C.dtype(source), _C.dtype(to)
    return castable(source, target, casting)


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
