"""Where elements are, and taking and putting them, by NumPy's names."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._out import castable
from tenon.numpy._support import axis_of, cast, deliver, tensor

__all__ = [
    "argwhere", "copyto", "extract", "fill_diagonal", "flatnonzero", "nonzero", "place", "put",
    "put_along_axis", "putmask", "take", "take_along_axis",
]  # fmt: skip


def nonzero(a: Any) -> tuple[Any, ...]:
    """The indices of the elements that are not zero: a new int64 tensor for each dimension.

    ValueError for a 0-d tensor.
    """
    t = tensor(a, "nonzero")
    if t.ndim == 0:
        raise ValueError("nonzero: a tensor of 0 dimensions has no indices; use np.atleast_1d(t)")
    found = _C.argwhere(t)
    return tuple(found[:, d] for d in range(found.shape[1]))


def argwhere(a: Any) -> Any:
    """The indices of the elements that are not zero: a new int64 tensor with a row for each.

    TypeError for what is no array.
    """
    return _C.argwhere(tensor(a, "argwhere"))


def flatnonzero(a: Any) -> Any:
    """The indices in the flattened tensor of the elements that are not zero: a new int64 tensor.

    TypeError for what is no array.
    """
    return nonzero(tensor(a).reshape(-1))[0]


def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    """The elements at integer indices: of the flattened tensor, or along the axis. A copy.

    mode: 'raise', 'wrap' or 'clip' for indices beyond the end (ValueError for another). IndexError for an
    index or an axis that is not there, TypeError for indices that are no integers.
    """
    t, i = tensor(a, "take"), tensor(indices, "take")
    if axis is not None:
        axis = axis_of(axis, t.ndim, "take")
    n = t.numel() if axis is None else t.shape[axis]
    if mode == "wrap":
        i = _C.remainder(i, n)
    elif mode == "clip":
        i = _C.minimum(_C.maximum(i, 0), n - 1)
    elif mode != "raise":
        raise ValueError(f"take: mode must be 'raise', 'wrap' or 'clip'; got {mode!r}")
    return deliver(_C.take(t, i, axis), out, "take")


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """The elements at one index for each slice along the axis, as argsort gives them. A copy.

    IndexError for an index or an axis that is not there, ValueError for another number of dimensions than
    arr's, TypeError for indices that are no integers.
    """
    t, i = tensor(arr, "take_along_axis"), tensor(indices, "take_along_axis")
    return _C.take_along_dim(t, i, axis)


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Writes values at one index for each slice along the axis, in place.

    IndexError for an index or an axis that is not there, TypeError for floating indices and for what is no
    tensor, ValueError for read-only memory, RuntimeError for a leaf that requires grad.
    """
    i = tensor(indices, "put_along_axis")
    if axis is None:
        put(arr, i, values)
        return
    axis = axis_of(axis, arr.ndim, "put_along_axis")

    def along(d: int, n: int) -> Any:
        return _C.arange(n).reshape(tuple(-1 if k == d else 1 for k in range(arr.ndim)))

    key = [i if d == axis else along(d, n) for d, n in enumerate(arr.shape)]
    arr[tuple(key)] = tensor(values, "put_along_axis")


def extract(condition: Any, arr: Any) -> Any:
    """The elements where the condition holds, both flattened. A copy.

    IndexError for a condition of another size.
    """
    return tensor(arr).reshape(-1)[tensor(condition).reshape(-1) != 0]


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """Writes values, repeated as needed, at indices of the flattened tensor, in place.

    IndexError for an index that is not there (mode='wrap' and 'clip' bring it in), TypeError for floating
    indices and complex values in a real tensor, ValueError for a tensor that is not contiguous and for
    read-only memory, RuntimeError for a leaf that requires grad.
    """
    if not a.is_contiguous():
        raise ValueError("put: the tensor must be contiguous; use indexing: a[index] = values")
    i = take(_C.arange(a.numel()), ind, mode=mode)
    values = tensor(v).reshape(-1)
    if values.numel() not in (1, i.numel()):
        values = _C.tile(values, (-(-i.numel() // values.numel()),))[: i.numel()]
    a.reshape(-1)[i.reshape(-1)] = values


def _values_for(a: Any, values: Any, op: str) -> Any:
    """values, flattened, in a's dtype, as NumPy's putmask and place take them: arrays by "safe" casting."""
    if not hasattr(values, "dtype"):
        return _C._ingest(values, op, a.dtype, None, None).reshape(-1)
    v = tensor(values, op)
    if not castable(v.dtype, a.dtype, "safe"):
        raise TypeError(f"{op}: values of {v.dtype} are not safe to write into {a.dtype}; convert them first")
    return cast(v.reshape(-1), a.dtype)


def place(arr: Any, mask: Any, vals: Any) -> None:
    """Writes values, repeated as needed, where the mask holds, in place.

    The values are taken as by putmask. IndexError for a mask of another shape, ValueError without values
    and for read-only memory, TypeError for values that do not fit, RuntimeError for a leaf that requires
    grad.
    """
    mask = tensor(mask) != 0
    n = int(_C.count_nonzero(mask).item())
    if n:
        values = _values_for(arr, vals, "place")
        if values.numel() == 0:
            raise ValueError("place: there are no values to write; got none")
        arr[mask] = _C.tile(values, (-(-n // values.numel()),))[:n]


def putmask(a: Any, mask: Any, values: Any) -> None:
    """Writes values, repeated as needed, where the mask holds, each at its own place, in place.

    They are converted to a's dtype: arrays only where promotion leads there (TypeError), Python numbers as
    by an assignment (TypeError for complex ones in a real tensor, OverflowError for integers out of
    bounds). ValueError for a mask that does not broadcast and for read-only memory, RuntimeError for a leaf
    that requires grad.
    """
    mask = tensor(mask) != 0
    v = _values_for(a, values, "putmask")
    if v.numel() == 0:
        return  # as NumPy
    v = _C.tile(v, (-(-a.numel() // v.numel()),))[: a.numel()].reshape(a.shape)
    a[...] = _C.where(mask, v, a)


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Writes src, broadcast, into dst, where the mask holds.

    TypeError where casting forbids the conversion and for what is neither a tensor nor an ndarray, ValueError
    for a src that does not broadcast and for read-only memory, RuntimeError where a gradient is recorded.
    """
    value = tensor(src, "copyto")
    shape = tuple(dst.shape)
    value = value.expand(shape) if tuple(value.shape) != shape else value
    deliver(value, dst, "copyto", where, casting)


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Writes val, repeated as needed, on the diagonal in place.

    ValueError for fewer than two dimensions, for more of different sizes and for read-only memory;
    RuntimeError for a leaf that requires grad.
    """
    a.fill_diagonal_(val, wrap)
