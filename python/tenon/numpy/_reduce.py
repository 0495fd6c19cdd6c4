"""Reductions and statistics under NumPy's names, with axis=, keepdims=, where=, ddof= and out=."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import axis_of, deliver, floating, rounded, tensor, widened

__all__ = [
    "average", "cov", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar", "ptp",
]  # fmt: skip

_max = max
sum, prod, mean, var, std, max, min, any = (
    _C._numpy_names["tenon.numpy"][name]
    for name in ("sum", "prod", "mean", "var", "std", "max", "min", "any")
)


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


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element over the axes (all by default).

    A new tensor, or out. IndexError for an axis that is not there, ValueError for a repeated one and for no
    elements, TypeError for bool, complex numbers and float8.
    """
    return deliver(max(a, axis, None, keepdims) - min(a, axis, None, keepdims), out, "ptp")


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
