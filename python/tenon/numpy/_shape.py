"""Shapes under NumPy's and the standard's names. Views are views, as in NumPy."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import Tensor, axes_of, axis_of, numpy_for, tensor

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_shapes", "broadcast_to",
    "diag", "diagflat", "diagonal", "expand_dims", "flip", "fliplr", "flipud", "matrix_transpose",
    "moveaxis", "ndim", "permute_dims", "ravel", "reshape", "roll", "rollaxis", "rot90", "shape",
    "size", "squeeze", "swapaxes", "transpose",
]  # fmt: skip


def shape(a: Any) -> tuple[int, ...]:
    """The sizes of the dimensions; TypeError for what is no array."""
    return tuple(tensor(a).shape)


def ndim(a: Any) -> int:
    """The number of dimensions; TypeError for what is no array."""
    return tensor(a).ndim


def size(a: Any, axis: Any = None) -> int:
    """The number of elements, or the size of the axes.

    IndexError for an axis that is not there, ValueError for a repeated one.
    """
    t = tensor(a)
    if axis is None:
        return t.numel()
    n = 1
    for d in axes_of(axis, t.ndim, "size"):
        n *= t.shape[d]
    return n


def reshape(
    a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: bool | None = None
) -> Any:
    """Another shape: a view where the strides allow it (copy=False: or ValueError; copy=True: never).

    ValueError where the numbers of elements differ, and for another order than 'C', 'F' and 'A'.
    """
    t = tensor(a, "reshape")
    wanted = newshape if shape is None else shape
    wanted = tuple(wanted) if isinstance(wanted, (tuple, list)) else (wanted,)
    if order == "F" or (order == "A" and t.ndim > 1 and not t.is_contiguous() and t.T.is_contiguous()):
        r = t.T.reshape(wanted[::-1]).T
    elif order in ("C", "A"):
        r = t.reshape(wanted)
    else:
        raise ValueError(f"reshape: order must be 'C', 'F' or 'A'; got {order!r}")
    if copy is None:
        return r
    shared = t.numel() == 0 or r.data_ptr() == t.data_ptr()
    if copy is False and not shared:
        raise ValueError(
            f"reshape: copy=False, but {tuple(t.shape)} with strides {t.stride()} needs a copy to "
            f"become {wanted}"
        )
    return r.clone() if copy and shared else r


def ravel(a: Any, order: str = "C") -> Any:
    """All elements in one dimension: a view where the strides allow it, otherwise a copy.

    order: 'C' by rows, 'F' by columns, 'A' as 'F' for memory that lies so, 'K' as the elements lie in memory.
    ValueError for another, TypeError for what is no array.
    """
    t = tensor(a, "ravel")
    if order == "K":
        strides = t.stride()
        return t.permute(sorted(range(t.ndim), key=lambda d: -abs(strides[d]))).reshape(-1)
    return reshape(t, (-1,), order)


def transpose(a: Any, axes: Any = None) -> Any:
    """A view with the dimensions reversed, or in the order of axes.

    IndexError for an axis that is not there, ValueError for a repeated and for a missing one.
    """
    t = tensor(a, "transpose")
    return t.permute(tuple(range(t.ndim))[::-1] if axes is None else tuple(axes))


def permute_dims(x: Any, /, axes: Any) -> Any:
    """A view with the dimensions in another order.

    IndexError for an axis that is not there, ValueError for a repeated and for a missing one.
    """
    return tensor(x, "permute_dims").permute(tuple(axes))


def matrix_transpose(x: Any, /) -> Any:
    """A view with the last two dimensions swapped; ValueError for fewer than two."""
    t = tensor(x, "matrix_transpose")
    if t.ndim < 2:
        raise ValueError(f"matrix_transpose: it needs two dimensions; got shape {tuple(t.shape)}")
    return t.mT


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """A view with two dimensions swapped.

    IndexError for an axis that is not there.
    """
    return _C.transpose(tensor(a, "swapaxes"), axis1, axis2)


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """A view with dimensions moved to other places.

    IndexError for an axis that is not there, ValueError for a repeated one and for tuples of two lengths.
    """
    return _C.movedim(tensor(a, "moveaxis"), source, destination)


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """A view with the axis moved before start.

    IndexError for an axis that is not there.
    """
    t = tensor(a, "rollaxis")
    axis, start = axis_of(axis, t.ndim, "rollaxis"), start + t.ndim if start < 0 else start
    return _C.movedim(t, axis, start - 1 if axis < start else start)


def expand_dims(a: Any, axis: Any = 0) -> Any:
    """A view with new dimensions of size 1.

    IndexError for a place that the result does not have, ValueError for a repeated one.
    """
    return _C.unsqueeze(tensor(a, "expand_dims"), axis)


def squeeze(a: Any, axis: Any = None) -> Any:
    """A view without dimensions of size 1; ValueError where a given axis has another size.

    IndexError for an axis that is not there.
    """
    t = tensor(a, "squeeze")
    if axis is None:
        return _C.squeeze(t)
    axes = axes_of(axis, t.ndim, "squeeze")
    for d in axes:
        if t.shape[d] != 1:
            raise ValueError(f"squeeze: axis {d} has size {t.shape[d]}, not 1; the shape is {tuple(t.shape)}")
    return _C.squeeze(t, tuple(axes)) if axes else t


def broadcast_to(a: Any, /, shape: Any, subok: bool = False) -> Any:
    """A view of the given shape that repeats dimensions without memory.

    ValueError where a size is neither 1 nor the given one; writing to repeated elements is a RuntimeError.
    """
    return tensor(a, "broadcast_to").expand(tuple(shape) if isinstance(shape, (tuple, list)) else (shape,))


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that operands of these shapes are broadcast to; ValueError where they are not."""
    shapes = tuple((s,) if isinstance(s, int) else tuple(s) for s in shapes)
    n = max(map(len, shapes), default=0)
    result = []
    for d in range(n):
        sizes = {s[d - n] for s in shapes if n - d <= len(s)} - {1}
        if len(sizes) > 1:
            raise ValueError(f"broadcast_shapes: {', '.join(map(str, shapes))} do not broadcast")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def broadcast_arrays(*arrays: Any, subok: bool = False) -> tuple[Any, ...]:
    """Views of one common shape; of what is no number (None, text) an ndarray, as NumPy makes it.

    ValueError for shapes that do not broadcast.
    """
    found = []
    for a in arrays:
        try:
            found.append(tensor(a, "broadcast_arrays"))
        except TypeError:
            found.append(numpy_for("broadcast_arrays").asarray(a))
    common = broadcast_shapes(*(a.shape for a in found))
    return tuple(
        a.expand(common) if isinstance(a, Tensor) else numpy_for("broadcast_arrays").broadcast_to(a, common)
        for a in found
    )


def _atleast(n: int, arrays: tuple[Any, ...]) -> Any:
    found = []
    for a in arrays:
        t = tensor(a)
        if n == 3 and t.ndim == 2:
            t = t.reshape((*t.shape, 1))
        elif n == 3 and t.ndim == 1:
            t = t.reshape((1, -1, 1))
        elif t.ndim < n:
            t = t.reshape((*(1,) * (n - t.ndim), *t.shape))
        found.append(t)
    return found[0] if len(found) == 1 else tuple(found)


def atleast_1d(*arrays: Any) -> Any:
    """Views with one dimension at least, or the tensors themselves; TypeError for what is no array."""
    return _atleast(1, arrays)


def atleast_2d(*arrays: Any) -> Any:
    """Views with two dimensions at least, or the tensors themselves; TypeError for what is no array."""
    return _atleast(2, arrays)


def atleast_3d(*arrays: Any) -> Any:
    """Views with three dimensions at least, or the tensors themselves; TypeError for what is no array."""
    return _atleast(3, arrays)


# ---- reordering ----


def flip(m: Any, axis: Any = None) -> Any:
    """A view with the order of elements reversed along the axes (all by default).

    IndexError for an axis that is not there, ValueError for a repeated one.
    """
    t = tensor(m, "flip")
    return _C.flip(t, None if axis is None else tuple(axes_of(axis, t.ndim, "flip")))


def flipud(m: Any) -> Any:
    """A view with the first axis reversed; IndexError where there is none."""
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """A view with the second axis reversed; IndexError where there is none."""
    return flip(m, 1)


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved along the axes, those pushed out coming back at the other end. A copy.

    Without axis: of the flattened tensor, in its shape. IndexError for an axis that is not there, ValueError
    for empty tuples.
    """
    t = tensor(a, "roll")
    if axis is None:
        total = shift if isinstance(shift, int) else sum(shift)
        return _C.roll(t.reshape(-1), total, 0).reshape(t.shape)
    shifts = tuple(shift) if isinstance(shift, (tuple, list)) else (shift,)
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    n = max(len(shifts), len(axes))
    if not (shifts and axes):
        raise ValueError(f"roll: shift and axis must not be empty; got {shift} and {axis}")
    return _C.roll(t, shifts * (n // len(shifts)), axes * (n // len(axes)))


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """The plane of two axes turned by k right angles: a view.

    IndexError for an axis that is not there, ValueError for a repeated one, for axes that are not two, and
    for fewer than two dimensions.
    """
    return _C.rot90(tensor(m, "rot90"), k, tuple(axes))


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A view of a diagonal of two axes, as the last axis.

    IndexError for an axis that is not there, ValueError for a repeated one and for fewer than two dimensions.
    """
    return _C.diagonal(tensor(a, "diagonal"), offset, axis1, axis2)


def diag(v: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix (a view), or a new matrix with a vector on it.

    ValueError for another number of dimensions.
    """
    t = tensor(v, "diag")
    return _C.diagonal(t, k) if t.ndim == 2 else _C.diag(t, k)


def diagflat(v: Any, k: int = 0) -> Any:
    """A new matrix with the flattened values on its k-th diagonal.

    TypeError for what is no array.
    """
    return _C.diagflat(tensor(v, "diagflat"), k)
