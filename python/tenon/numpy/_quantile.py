"""Order statistics under NumPy's names: quantiles and medians, on the device, with gradients."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import Tensor, axes_of, cast, deliver, floating

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _sorted_last(t: Any, axis: Any, op: str) -> tuple[Any, list[int], tuple[int, ...]]:
    """The elements of each slice in order along a new last axis, NaNs at the end."""
    axes = axes_of(axis, t.ndim, op)
    kept = [d for d in range(t.ndim) if d not in axes]
    kept_shape = tuple(1 if d in axes else n for d, n in enumerate(t.shape))
    x = (
        t.permute(tuple(kept + axes)).reshape((*(t.shape[d] for d in kept), -1))
        if t.ndim
        else t.reshape((1,))
    )
    if x.shape[-1] == 0:
        raise ValueError(f"{op}: there are no elements to take it of; got shape {tuple(t.shape)}")
    from tenon.numpy._functions import sort

    return sort(x, axis=-1), axes, kept_shape


def _at(s: Any, index: Any) -> Any:
    """s[..., index], for an int or a tensor of one index per slice."""
    if isinstance(index, Tensor):
        return _C.gather(s, s.ndim - 1, index.reshape((*index.shape, 1))).reshape(index.shape)
    return s[..., index]


def _quantile(
    a: Any, q: Any, axis: Any, out: Any, method: str, keepdims: bool, op: str, scale: float, skip_nan: bool
) -> Any:
    if method not in _METHODS:
        raise ValueError(f"{op}: method {method!r} is not supported; use one of {', '.join(_METHODS)}")
    t = floating(a, op)
    if t.dtype.is_complex:
        raise TypeError(f"{op}: complex numbers have no order; got {t.dtype}")
    levels = q.detach().tolist() if isinstance(q, Tensor) else q.tolist() if hasattr(q, "tolist") else q
    s, _, kept_shape = _sorted_last(t, axis, op)
    nan = _C.isnan(s)
    count = _C.sum(_C.logical_not(nan), -1) if skip_nan else None
    last = s[..., s.shape[-1] - 1]

    def one(level: float) -> Any:
        p = level / scale
        if not 0 <= p <= 1:
            raise ValueError(f"{op}: must be in the range [0, {int(scale)}]; got {level}")
        if count is None:
            r = _interpolate(s, p * (s.shape[-1] - 1), method)
            r = _C.where(_C.isnan(last), last, r)
        else:
            r = _interpolate_each(s, count, p, method)
        return r.reshape(kept_shape) if keepdims else r

    def each(level: Any) -> Any:
        if isinstance(level, (list, tuple)):
            return _C.stack([each(v) for v in level], 0)
        return one(float(level))

    return deliver(each(levels), out, op)


def _interpolate(s: Any, position: float, method: str) -> Any:
    low = int(position)
    high = min(low + 1, s.shape[-1] - 1)
    part = position - low
    if method == "nearest":
        return s[..., round(position)]
    if part == 0 or method == "lower":
        return s[..., low]
    if method == "higher":
        return s[..., high]
    weight = 0.5 if method == "midpoint" else part
    a, b = s[..., low], s[..., high]
    # From the nearer end, as NumPy: exact where both are equal.
    return a + (b - a) * weight if weight < 0.5 else b - (b - a) * (1 - weight)


def _interpolate_each(s: Any, count: Any, p: float, method: str) -> Any:
    """As _interpolate, with an own number of elements in each slice; NaN where there is none."""
    n = cast(count, _C.float64)
    position = _C.maximum((n - 1) * p, 0.0)
    low = _C.floor(position)
    high = _C.minimum(low + 1, _C.maximum(n - 1, 0.0))
    if method == "nearest":
        low = high = _C.rint(position)
    part = position - low
    index_low, index_high = cast(low, _C.int64), cast(high, _C.int64)
    a, b = _at(s, index_low), _at(s, index_high)
    weight = {"lower": part * 0, "nearest": part * 0, "midpoint": _C.where(part > 0, 0.5, 0.0)}.get(
        method, part
    )
    if method == "higher":
        weight = cast(part > 0, _C.float64)
    return a + (b - a) * cast(weight, s.dtype)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    """The q-th quantiles, 0 <= q <= 1, over the axes (all by default): on the device, with the gradient.

    The result has the shape of q followed by what is left of a's. method: linear, lower, higher, midpoint or
    nearest. A NaN among the elements gives NaN.
    """
    return _quantile(a, q, axis, out, method, keepdims, "quantile", 1, False)


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    """As quantile, with q in percent."""
    return _quantile(a, q, axis, out, method, keepdims, "percentile", 100, False)


def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """The middle element in order, or the mean of the two in the middle."""
    return _quantile(a, 0.5, axis, out, "linear", keepdims, "median", 1, False)


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    """As quantile, without the NaNs."""
    return _quantile(a, q, axis, out, method, keepdims, "nanquantile", 1, True)


def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    """As percentile, without the NaNs."""
    return _quantile(a, q, axis, out, method, keepdims, "nanpercentile", 100, True)


def nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """As median, without the NaNs."""
    return _quantile(a, 0.5, axis, out, "linear", keepdims, "nanmedian", 1, True)
