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

    The errors are tenon.asarray's: ValueError for ragged sequences, TypeError for what holds no numbers,
    OverflowError for Python integers that the dtype cannot hold. order is ignored; like gives the device.
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

    copy=None shares the memory where that can be, copy=False does or is a ValueError. The errors are
    asarray's (ValueError, TypeError, OverflowError).
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
    """As asarray: a view or a copy, and the same errors (ValueError, TypeError, OverflowError)."""
    return asarray(a, dtype, device=device, copy=copy, like=like)


def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """The tensor itself where it is row-major without gaps, otherwise a copy; of one dimension at least.

    The errors are asarray's (ValueError, TypeError, OverflowError).
    """
    t = asarray(a, dtype, like=like)
    return (t if t.ndim else t.reshape((1,))).contiguous()


def frombuffer(
    buffer: Any, dtype: Any = "float64", count: int = -1, offset: int = 0, *, like: Any = None
) -> Any:
    """A vector over the bytes of an object with the buffer protocol, without a copy.

    ValueError for what has no buffer, an empty one, and for a count, offset or remainder that does not fit;
    TypeError for what is no dtype.
    """
    t = _C.frombuffer(buffer, dtype=dtype, count=count, offset=offset)
    return t.to(like.device) if isinstance(like, Tensor) else t


def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """A copy in fresh memory; the gradient flows through.

    The errors are asarray's (ValueError, TypeError, OverflowError).
    """
    return tensor(a, "copy").clone()


def _size(shape: Any) -> tuple[int, ...]:
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def empty(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """A new tensor whose elements are not set.

    ValueError for negative sizes, TypeError for what is no size or no dtype, MemoryError where there is no
    room.
    """
    return _C.empty(_size(shape), **_options(dtype, device, like))


def zeros(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """A new tensor of zeros.

    ValueError for negative sizes, TypeError for what is no size or no dtype.
    """
    return _C.zeros(_size(shape), **_options(dtype, device, like))


def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """A new tensor of ones.

    ValueError for negative sizes, TypeError for what is no size or no dtype.
    """
    return _C.ones(_size(shape), **_options(dtype, device, like))


def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    """A new tensor of one value everywhere (or an array's, broadcast).

    dtype: that of the value unless given. ValueError for negative sizes and for an array that does not
    broadcast, TypeError for what is no number, OverflowError for a Python integer that dtype cannot hold.
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

    TypeError for what is no array or no dtype, ValueError for negative sizes.
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

    TypeError for what is no array or no dtype, ValueError for negative sizes.
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

    TypeError for what is no array or no dtype, ValueError for negative sizes.
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

    TypeError for what is no number, no array or no dtype, ValueError for negative sizes, OverflowError for a
    Python integer that the dtype cannot hold.
    """
    return _like(_C.full, a, dtype, shape, device, fill_value)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None, like: Any = None
) -> Any:
    """start, start + step, ... below stop; from 0 on with one argument. A new tensor.

    It is empty where step leads away from stop. ValueError for a step of 0 and a range without end, TypeError
    for what is no real number, OverflowError for numbers that an integer dtype cannot hold.
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

    retstep: a pair with the distance, too. start and stop are numbers (TypeError for arrays); ValueError for
    a negative num.
    """
    t = _C.linspace(start, stop, num, endpoint=endpoint, **_options(dtype, device))
    steps = num - 1 if endpoint else num
    return (t, (stop - start) / steps if steps > 0 else float("nan")) if retstep else t


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None
) -> Any:
    """base to the power of equally spaced values: a new tensor.

    start and stop are numbers (TypeError for arrays, and for complex numbers with a real dtype); ValueError
    for a negative num.
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

    ValueError for negative sizes, TypeError for what is no dtype.
    """
    n_cols = M if n_cols is None else n_cols
    k = max(-n_rows, min(k, n_rows if n_cols is None else n_cols))  # beyond the matrix there are no ones
    return _C.eye(n_rows, n_cols, k, **_options(dtype, device, like))


def identity(n: int, dtype: Any = None, *, like: Any = None) -> Any:
    """The square matrix with ones on its diagonal: a new tensor.

    ValueError for a negative n, TypeError for what is no dtype.
    """
    return eye(n, dtype=dtype, like=like)


def meshgrid(*xi: Any, indexing: str = "xy", copy: bool = True, sparse: bool = False) -> tuple[Any, ...]:
    """Coordinate grids of vectors, a tuple of views; sparse: of size 1 in all other dimensions.

    copy is ignored. ValueError for another indexing than 'xy' and 'ij', and for more than one dimension
    (sparse flattens them).
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

    TypeError for what is no dtype or no array.
    """
    t = tensor(x, "astype")
    if device is not None:
        t = t.to(device)
    return cast(t, dtype) if t.dtype != _C.dtype(dtype) else t.clone() if copy else t


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype of an operation on arrays, dtypes and numbers.

    TypeError for float8 with another dtype, for anything else and for nothing.
    """
    return _C.result_type(*arrays_and_dtypes)


def promote_types(type1: Any, type2: Any) -> Any:
    """The dtype that operands of the two dtypes are converted to.

    TypeError for float8 with another dtype, and for what is no dtype.
    """
    return _C.promote_types(_C.dtype(type1), _C.dtype(type2))


def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """Whether promotion leads from one dtype to the other (same_kind: whether its kind does).

    from_: a dtype or an array. TypeError for what is no dtype, ValueError for another casting than NumPy's.
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

    kind: a tuple stands for any of its entries. TypeError for what is no dtype and no kind.
    """
    dtype = _C.dtype(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str) and kind in _KINDS:
        return dtype.name in _KINDS[kind]
    return bool(dtype == _C.dtype(kind))


def iscomplexobj(x: Any) -> bool:
    """Whether the elements are complex numbers by dtype; TypeError for what is no array."""
    return bool(tensor(x).dtype.is_complex)


def isrealobj(x: Any) -> bool:
    """Whether the elements are real numbers by dtype; TypeError for what is no array."""
    return not iscomplexobj(x)


def finfo(type: Any, /) -> Any:
    """The limits of a floating dtype (TypeError for others); its dtype is an object, not PyTorch's name."""
    import tenon

    limits: Any = tenon.finfo(getattr(type, "dtype", type))
    limits.dtype = _C.dtype(limits.dtype)
    return limits


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype (TypeError for others); its dtype is an object, not PyTorch's name."""
    import tenon

    limits: Any = tenon.iinfo(getattr(type, "dtype", type))
    limits.dtype = _C.dtype(limits.dtype)
    return limits
