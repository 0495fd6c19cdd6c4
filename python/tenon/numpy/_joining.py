"""Joining and splitting under NumPy's and the standard's names. Parts are views, as in NumPy."""

from __future__ import annotations

import operator
import sys
from itertools import pairwise
from typing import Any

from tenon import _C
from tenon.numpy._out import castable
from tenon.numpy._shape import atleast_1d, atleast_2d, atleast_3d
from tenon.numpy._support import axis_of, cast, deliver, tensor

__all__ = [
    "append", "array_split", "column_stack", "concat", "concatenate", "dsplit", "dstack", "hsplit",
    "hstack", "repeat", "split", "stack", "tile", "unstack", "vsplit", "vstack",
]  # fmt: skip


# ---- joining ----


def _all(arrays: Any, op: str, dtype: Any = None, casting: str = "same_kind") -> list[Any]:
    ts = [tensor(a, op) for a in arrays]
    if dtype is None:
        return ts
    for t in ts:
        if not castable(t.dtype, _C.dtype(dtype), casting):
            raise TypeError(f"{op}: {t.dtype} is not converted to {dtype} by casting={casting!r}")
    return [cast(t, dtype) for t in ts]


def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """Arrays one after the other along the axis, flattened first for None. A copy, with the gradient.

    dtype: the promoted one unless given. casting: what may be converted to it, or to out's (TypeError).
    IndexError for an axis that is not there, ValueError for other sizes that differ, for no arrays and for
    another casting than NumPy's, TypeError for float8 with another dtype.
    """
    ts = _all(arrays, "concatenate", dtype, casting)
    if axis is None:
        ts, axis = [t.reshape(-1) for t in ts], 0
    return deliver(_C.cat(ts, axis), out, "concatenate", True, casting)


concat = concatenate


def stack(
    arrays: Any, /, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """Arrays of one shape beside each other along a new axis. A copy.

    ValueError for shapes that differ and for no arrays, IndexError for a place that the result does not have,
    TypeError for float8 with another dtype and for what casting forbids.
    """
    return deliver(_C.stack(_all(arrays, "stack", dtype, casting), axis), out, "stack", True, casting)


def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Arrays joined along the second axis, 1-D ones along the first. A copy.

    ValueError for other sizes that differ and for no arrays, TypeError for float8 with another dtype and for
    what casting forbids.
    """
    ts = [atleast_1d(t) for t in _all(tup, "hstack", dtype, casting)]
    return _C.cat(ts, 0 if not ts or ts[0].ndim == 1 else 1)


def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Arrays joined along the first axis, 1-D ones as rows. A copy.

    ValueError for other sizes that differ and for no arrays, TypeError for float8 with another dtype and for
    what casting forbids.
    """
    return _C.cat([atleast_2d(t) for t in _all(tup, "vstack", dtype, casting)], 0)


def dstack(tup: Any) -> Any:
    """Arrays joined along the third axis. A copy.

    ValueError for other sizes that differ and for no arrays, TypeError for float8 with another dtype.
    """
    return _C.cat([atleast_3d(t) for t in tup], 2)


def column_stack(tup: Any) -> Any:
    """1-D arrays as columns, and 2-D ones, beside each other. A copy.

    ValueError for other sizes that differ and for no arrays, TypeError for float8 with another dtype.
    """
    return _C.cat([t.reshape((-1, 1)) if t.ndim < 2 else t for t in _all(tup, "column_stack")], 1)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """values after arr along the axis; both flattened without one. A copy.

    IndexError for an axis that is not there, ValueError for other sizes that differ, TypeError for float8
    with another dtype.
    """
    return concatenate([arr, values], axis)


def tile(A: Any, reps: Any) -> Any:
    """The array repeated along each dimension. A copy.

    ValueError for negative numbers.
    """
    return _C.tile(tensor(A, "tile"), tuple(reps) if isinstance(reps, (tuple, list)) else (reps,))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated in place, a number of times or as often as an integer array says. A copy.

    IndexError for an axis that is not there, ValueError for negative numbers and for another number of them
    than of elements, TypeError for numbers that are no integers.
    """
    t = tensor(a, "repeat")
    if axis is None:
        t, axis = t.reshape(-1), 0
    if not isinstance(repeats, int):
        repeats = tensor(repeats, "repeat")
        if repeats.dtype.is_floating_point or repeats.dtype.is_complex:
            raise TypeError(f"repeat: the numbers of repeats must be integers; got {repeats.dtype}")
        if repeats.numel() == 1:
            repeats = int(repeats.item())
    return _C.repeat_interleave(t, repeats, axis)


# ---- splitting: views ----


def _sections(parts: Any, op: str) -> int | None:
    """The number of parts; None for a sequence of indices."""
    if isinstance(parts, (tuple, list)) or getattr(parts, "ndim", 0) > 0:
        return None
    n = operator.index(parts)
    if n < 1:
        raise ValueError(f"{op}: the number of parts must be positive; got {n}")
    if n > sys.maxsize:
        raise OverflowError(f"{op}: no list holds {n} parts")
    return n


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Views of nearly equal parts, or of the parts between the indices, in a list.

    IndexError for an axis that is not there, ValueError for no parts, TypeError for a number of them that
    is no int.
    """
    t = tensor(ary, "array_split")
    axis = axis_of(axis, t.ndim, "array_split")
    n = t.shape[axis]
    sections = _sections(indices_or_sections, "array_split")
    if sections is not None:
        each, extra = divmod(n, sections)
        edges = [i * each + min(i, extra) for i in range(sections + 1)]
    else:
        edges = [0, *(int(i) for i in indices_or_sections), n]
    key = (slice(None),) * axis
    return [t[(*key, slice(a, b))] for a, b in pairwise(edges)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Views of equal parts, or of the parts between the indices; ValueError where they would not be equal.

    IndexError for an axis that is not there, ValueError for no parts, TypeError for a number of them that
    is no int.
    """
    t = tensor(ary, "split")
    axis = axis_of(axis, t.ndim, "split")
    sections = _sections(indices_or_sections, "split")
    if sections is not None and t.shape[axis] % sections:
        raise ValueError(
            f"split: {t.shape[axis]} elements do not divide into {indices_or_sections} equal parts; use "
            f"array_split"
        )
    return array_split(t, indices_or_sections, axis)


def _deep_enough(a: Any, ndim: int, op: str) -> Any:
    t = tensor(a, op)
    if t.ndim < ndim:
        raise ValueError(f"{op}: it takes {ndim} dimensions or more; got shape {tuple(t.shape)}")
    return t


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Views of parts along the second axis, along the first of a 1-D array.

    ValueError where they would not be equal and for a 0-d array.
    """
    t = _deep_enough(ary, 1, "hsplit")
    return split(t, indices_or_sections, 1 if t.ndim > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Views of parts along the first axis.

    ValueError where they would not be equal and for fewer than two dimensions.
    """
    return split(_deep_enough(ary, 2, "vsplit"), indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Views of parts along the third axis.

    ValueError where they would not be equal and for fewer than three dimensions.
    """
    return split(_deep_enough(ary, 3, "dsplit"), indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """A view for each index along the axis, in a tuple.

    IndexError for an axis that is not there, ValueError for a 0-d array.
    """
    return tuple(_C.unbind(tensor(x, "unstack"), axis))
