"""Reductions and statistics under NumPy's names, with axis=, keepdims=, where=, ddof= and out=."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import axes_of, axis_of, cast, deliver, floating, rounded, select, tensor, widened

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "cov", "cumprod",
    "cumsum", "cumulative_prod", "cumulative_sum", "logsumexp", "max", "mean", "min", "nanmax",
    "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar", "prod", "ptp", "std", "sum", "var",
]  # fmt: skip

_max = max


def _axis(axis: Any, t: Any, op: str) -> Any:
    return None if axis is None else tuple(axes_of(axis, t.ndim, op))


def _extreme(t: Any, lowest: bool) -> Any:
    """The number that no element goes below (above)."""
    if t.dtype.is_floating_point:
        return float("-inf") if lowest else float("inf")
    if t.dtype == _C.bool:
        return not lowest
    bits = 8 * t.dtype.itemsize
    if t.dtype.is_signed:
        return -(2 ** (bits - 1)) if lowest else 2 ** (bits - 1) - 1
    return 0 if lowest else 2**bits - 1


# Python's axis=() means no axis: every element stands for itself, which the operations' dim=() does not.


def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The sum over the axes (all by default). where: which elements take part; initial: what is added.

    Integers and bools in int64 (uint64). A new tensor, or out. IndexError for an axis that is not there,
    ValueError for a repeated one and for an out of another shape, TypeError for float8.
    """
    t = tensor(a, "sum")
    if where is not True:
        t = select(where, t, 0)
    r = _identity(t, dtype, True) if axis == () else _C.sum(t, _axis(axis, t, "sum"), keepdims, dtype=dtype)
    return deliver(r if initial is None else r + initial, out, "sum")


def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The product over the axes (all by default). where: which elements take part; initial: a factor.

    Integers and bools in int64 (uint64). A new tensor, or out. IndexError for an axis that is not there,
    ValueError for a repeated one and for an out of another shape, TypeError for float8.
    """
    t = tensor(a, "prod")
    if where is not True:
        t = select(where, t, 1)
    r = _identity(t, dtype, True) if axis == () else _C.prod(t, _axis(axis, t, "prod"), keepdims, dtype=dtype)
    return deliver(r if initial is None else r * initial, out, "prod")


def _identity(t: Any, dtype: Any, widen: bool = False) -> Any:
    if dtype is not None:
        return cast(t.clone(), dtype)
    if widen and not (t.dtype.is_floating_point or t.dtype.is_complex):
        return cast(t.clone(), _C.int64 if t.dtype.is_signed or t.dtype == _C.bool else _C.uint64)
    return t.clone()


def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Any:
    """The arithmetic mean over the axes (all by default); integers give the default float.

    NaN of no elements. A new tensor, or out. IndexError for an axis that is not there, ValueError for a
    repeated one and for an out of another shape, TypeError for float8 and for a dtype without fractions.
    """
    t = tensor(a, "mean") if dtype is None else _in_float(a, dtype, "mean")
    if where is not True:
        t = floating(t)
        n = _C.sum(_broadcast_mask(where, t), _axis(axis, t, "mean"), keepdims)
        total = _C.sum(select(where, widened(t), 0), _axis(axis, t, "mean"), keepdims)
        return deliver(rounded(total / n, t), out, "mean")
    if axis == ():
        return deliver(floating(t).clone(), out, "mean")
    return deliver(_C.mean(t, _axis(axis, t, "mean"), keepdims), out, "mean")


def _in_float(a: Any, dtype: Any, op: str) -> Any:
    """a in a dtype that can hold what has fractions."""
    d = _C.dtype(dtype)
    if not (d.is_floating_point or d.is_complex):
        raise TypeError(f"{op}: dtype= must be floating or complex; got {d}")
    return cast(tensor(a, op), d)


def _broadcast_mask(where: Any, t: Any) -> Any:
    mask = tensor(where, "where")
    return mask.expand(t.shape) if tuple(mask.shape) != tuple(t.shape) else mask


def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False, *,
    where: Any = True, correction: float | None = None,
) -> Any:  # fmt: skip
    """The variance over the axes, divided by n - ddof (NumPy's ddof=0: the population's).

    Integers give a float, complex numbers a real one. A new tensor, or out. IndexError for an axis that is
    not there, ValueError for a repeated one and for an out of another shape, TypeError for float8.
    """
    t = floating(a, "var") if dtype is None else _in_float(a, dtype, "var")
    d = float(ddof if correction is None else correction)
    if where is not True:
        r = _var_where(widened(t), axis, d, keepdims, where)
        return deliver(rounded(r, t), out, "var")
    if axis == ():
        return deliver(t * 0 if d == 0 else t * float("nan"), out, "var")
    return deliver(_C.var(t, _axis(axis, t, "var"), d, keepdims), out, "var")


def _var_where(t: Any, axis: Any, d: float, keepdims: bool, where: Any) -> Any:
    n = _C.sum(_broadcast_mask(where, t), _axis(axis, t, "var"), True)
    centred = select(where, t - _C.sum(select(where, t, 0), _axis(axis, t, "var"), True) / n, 0)
    squares = _C.sum(_C.square(_C.abs(centred)), _axis(axis, t, "var"), True) / (n - d)
    return squares if keepdims else squeeze_axes(squares, axes_of(axis, t.ndim, "var"))


def squeeze_axes(t: Any, axes: list[int]) -> Any:
    """t without the axes, each of size 1."""
    return t.reshape(tuple(n for d, n in enumerate(t.shape) if d not in axes))


def std(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False, *,
    where: Any = True, correction: float | None = None,
) -> Any:  # fmt: skip
    """The standard deviation: the square root of ``var``.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one and for an
    out of another shape, TypeError for float8.
    """
    t = floating(a, "std") if dtype is None else _in_float(a, dtype, "std")
    if where is not True or axis == ():
        v = var(widened(t), axis, None, None, ddof, keepdims, where=where, correction=correction)
        # The slope of the root at 0 is infinite; the deviation's is taken as 0.
        r = _C.where(v == 0, 0, _C.sqrt(_C.where(v == 0, 1, v)))
        return deliver(rounded(r, t), out, "std")
    return deliver(
        _C.std(t, _axis(axis, t, "std"), float(ddof if correction is None else correction), keepdims),
        out,
        "std",
    )


def _extremum(
    f: Any,
    join: Any,
    lowest: bool,
    a: Any,
    axis: Any,
    out: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
    op: str,
) -> Any:
    t = tensor(a, op)
    if where is not True:
        if initial is None:
            raise ValueError(f"{op}: where= needs initial=, the result where no element takes part")
        t = select(where, t, _extreme(t, lowest))
    if axis == ():
        r = t.clone()
    elif initial is not None and t.numel() == 0:
        axes = axes_of(axis, t.ndim, op)
        shape = [1 if d in axes else n for d, n in enumerate(t.shape) if keepdims or d not in axes]
        r = _C.full(tuple(shape), initial, dtype=t.dtype)
    else:
        r = f(t, _axis(axis, t, op), keepdims)
    return deliver(r if initial is None else join(r, cast(tensor(initial), r.dtype)), out, op)


def max(
    a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The largest element over the axes (all by default); NaN if one of them is.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, for no
    elements and for where= without initial=; TypeError for complex numbers and float8.
    """
    return _extremum(_C.amax, _C.maximum, True, a, axis, out, keepdims, initial, where, "max")


def min(
    a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The smallest element over the axes (all by default); NaN if one of them is.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, for no
    elements and for where= without initial=; TypeError for complex numbers and float8.
    """
    return _extremum(_C.amin, _C.minimum, False, a, axis, out, keepdims, initial, where, "min")


amax, amin = max, min


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element over the axes (all by default).

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one and for no
    elements, TypeError for bool, complex numbers and float8.
    """
    return deliver(max(a, axis, None, keepdims) - min(a, axis, None, keepdims), out, "ptp")


def argmax(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """The position of the first largest element (int64); in the flattened tensor without axis.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for no elements, TypeError for
    complex numbers and float8.
    """
    return deliver(_C.argmax(tensor(a, "argmax"), axis, keepdims), out, "argmax")


def argmin(a: Any, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """The position of the first smallest element (int64); in the flattened tensor without axis.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for no elements, TypeError for
    complex numbers and float8.
    """
    return deliver(_C.argmin(tensor(a, "argmin"), axis, keepdims), out, "argmin")


def any(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether an element is true, over the axes (all by default).

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one.
    """
    t = tensor(a, "any")
    if where is not True:
        t = _C.logical_and(t, tensor(where))
    return deliver(t != 0 if axis == () else _C.any(t, _axis(axis, t, "any"), keepdims), out, "any")


def all(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether all elements are true, over the axes (all by default).

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one.
    """
    t = tensor(a, "all")
    if where is not True:
        t = _C.logical_or(t, _C.logical_not(tensor(where)))
    return deliver(t != 0 if axis == () else _C.all(t, _axis(axis, t, "all"), keepdims), out, "all")


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The number of elements that are not zero (int64), over the axes (all by default).

    A new tensor. IndexError for an axis that is not there, ValueError for a repeated one.
    """
    t = tensor(a, "count_nonzero")
    if axis == ():
        return cast(t != 0, _C.int64)
    return _C.count_nonzero(t, _axis(axis, t, "count_nonzero"), keepdims)


def logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(a))) without overflow, over the axes (all by default).

    A new tensor of a float. IndexError for an axis that is not there, ValueError for a repeated one,
    TypeError for complex numbers and float8.
    """
    t = floating(a, "logsumexp")
    return _C.logsumexp(t, _axis(axis, t, "logsumexp"), keepdims)


def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sums along the axis; of the flattened tensor without one.

    Integers and bools in int64 (uint64). A new tensor, or out. IndexError for an axis that is not there,
    TypeError for float8.
    """
    t = tensor(a, "cumsum")
    t, axis = (t.reshape(-1), 0) if axis is None else (t, axis)
    return deliver(_C.cumsum(t, axis, dtype=dtype), out, "cumsum")


def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running products along the axis; of the flattened tensor without one.

    Integers and bools in int64 (uint64). A new tensor, or out. IndexError for an axis that is not there,
    TypeError for float8.
    """
    t = tensor(a, "cumprod")
    t, axis = (t.reshape(-1), 0) if axis is None else (t, axis)
    return deliver(_C.cumprod(t, axis, dtype=dtype), out, "cumprod")


def _cumulative(
    f: Any, first: int, x: Any, axis: int | None, dtype: Any, include_initial: bool, out: Any, op: str
) -> Any:
    t = tensor(x, op)
    if axis is None:
        if t.ndim != 1:
            raise ValueError(f"{op}: axis is needed for {t.ndim} dimensions")
        axis = 0
    r = f(t, axis, dtype=dtype)
    if include_initial:
        shape = [1 if d == axis % t.ndim else n for d, n in enumerate(r.shape)]
        r = _C.cat([_C.full(tuple(shape), first, dtype=r.dtype, device=r.device), r], axis)
    return deliver(r, out, op)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False, out: Any = None
) -> Any:
    """Running sums, with a zero in front if include_initial.

    A new tensor, or out. ValueError without an axis for more than one dimension, IndexError for an axis that
    is not there, TypeError for float8.
    """
    return _cumulative(_C.cumsum, 0, x, axis, dtype, include_initial, out, "cumulative_sum")


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False, out: Any = None
) -> Any:
    """Running products, with a one in front if include_initial.

    A new tensor, or out. ValueError without an axis for more than one dimension, IndexError for an axis that
    is not there, TypeError for float8.
    """
    return _cumulative(_C.cumprod, 1, x, axis, dtype, include_initial, out, "cumulative_prod")


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """The weighted mean; with returned, also the sum of the weights. New tensors of a float.

    weights: of a's shape, or a vector along one axis (TypeError for others). IndexError for an axis that is
    not there, ValueError for a vector of another length.
    """
    t = floating(a, "average")
    if weights is None:
        r = mean(t, axis, keepdims=keepdims)
        n = t.numel() / _max(r.numel(), 1)
        return (r, r * 0 + n) if returned else r
    w = floating(weights, "average")
    if tuple(w.shape) != tuple(t.shape):
        if axis is None or isinstance(axis, tuple) or w.ndim != 1:
            raise TypeError(
                "average: weights of another shape than the values need one axis and one dimension"
            )
        at = axis_of(axis, t.ndim, "average")
        w = w.reshape(tuple(-1 if d == at else 1 for d in range(t.ndim))).expand(t.shape)
    y = t * w  # what the result is rounded to
    total = sum(widened(w), axis, keepdims=keepdims)
    r = rounded(sum(widened(t) * w, axis, keepdims=keepdims) / total, y)
    return (r, rounded(total, y)) if returned else r


def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """The covariance matrix of the rows (columns, without rowvar): a new tensor of a float.

    It divides by n - 1 (by n for bias), or n - ddof. ValueError for more than two dimensions and for a y of
    another length.
    """
    rows = floating(m, "cov")
    x = widened(rows)
    x = x.reshape((1, -1)) if x.ndim < 2 else x if rowvar else x.T
    if y is not None:
        other = floating(y, "cov")
        x = _C.cat([x, other.reshape((1, -1)) if other.ndim < 2 else other if rowvar else other.T], 0)
    n = x.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    centred = x - _C.mean(x, 1, True)
    r = rounded(centred @ (centred.conj() if centred.dtype.is_complex else centred).T / n, rows)
    return r.reshape(()) if r.numel() == 1 else r


# ---- reductions without NaNs ----


def _valid(a: Any, op: str) -> tuple[Any, Any]:
    t = tensor(a, op)
    return t, _C.logical_not(_C.isnan(t))


def nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The sum without the NaNs.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, TypeError
    for float8.
    """
    t, valid = _valid(a, "nansum")
    return sum(_C.where(valid, t, 0), axis, dtype, out, keepdims)


def nanprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The product without the NaNs.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, TypeError
    for float8.
    """
    t, valid = _valid(a, "nanprod")
    return prod(_C.where(valid, t, 1), axis, dtype, out, keepdims)


def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The mean without the NaNs; NaN where there are no others.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, TypeError
    for float8.
    """
    t, valid = _valid(a, "nanmean")
    return mean(t, axis, dtype, out, keepdims, where=valid)


def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """The variance without the NaNs.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, TypeError
    for float8.
    """
    t, valid = _valid(a, "nanvar")
    return var(t, axis, dtype, out, ddof, keepdims, where=valid)


def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False
) -> Any:
    """The standard deviation without the NaNs.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one, TypeError
    for float8.
    """
    t, valid = _valid(a, "nanstd")
    return std(t, axis, dtype, out, ddof, keepdims, where=valid)


def _nan_extremum(f: Any, lowest: bool, a: Any, axis: Any, out: Any, keepdims: bool, op: str) -> Any:
    t, valid = _valid(a, op)
    if not t.dtype.is_floating_point:
        return f(t, axis, out, keepdims)
    r = f(_C.where(valid, t, _extreme(t, lowest)), axis, None, keepdims)
    return deliver(_C.where(any(valid, axis, keepdims=keepdims), r, float("nan")), out, op)


def nanmax(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The largest element that is not NaN; NaN where there is none.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one and for no
    elements, TypeError for complex numbers and float8.
    """
    return _nan_extremum(max, True, a, axis, out, keepdims, "nanmax")


def nanmin(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The smallest element that is not NaN; NaN where there is none.

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one and for no
    elements, TypeError for complex numbers and float8.
    """
    return _nan_extremum(min, False, a, axis, out, keepdims, "nanmin")
