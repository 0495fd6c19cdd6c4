"""Order statistics under NumPy's names: quantiles and medians, on the device, with gradients."""

from __future__ import annotations

import math
from typing import Any

from tenon import _C
from tenon.numpy._support import Tensor, axes_of, deliver, floating, rounded, tensor, widened

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

# The place of the p-quantile among n elements in order, counted from 0, is n * p - 1 + shift + slope * p
# (Hyndman and Fan, 1996).
_POSITIONS = {
    "linear": (1, -1),
    "interpolated_inverted_cdf": (0, 0),
    "hazen": (1 / 2, 0),
    "weibull": (0, 1),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 1 / 4),
    "lower": (1, -1),
    "higher": (1, -1),
    "midpoint": (1, -1),
    "nearest": (1, -1),
    "inverted_cdf": (0, 0),
    "averaged_inverted_cdf": (0, 0),
    "closest_observation": (-1 / 2, 0),
}


def _between(p: float, n: int, method: str) -> tuple[int, int, float]:
    """The ranks of the two elements that the p-quantile of n lies between, and the weight of the second."""
    shift, slope = _POSITIONS[method]
    position = (n - 1) * p if (shift, slope) == (1, -1) else n * p - 1 + shift + slope * p
    low = math.floor(position)
    part = position - low
    if method == "nearest":
        low, part = round(position), 0.0
    elif method in ("higher", "inverted_cdf"):
        part = float(part > 0)
    elif method == "closest_observation":
        part = float(part > 0 or low % 2 == 0)
    elif method == "lower":
        part = 0.0
    elif method == "midpoint":
        part = 0.5 if part > 0 else 0.0
    elif method == "averaged_inverted_cdf":
        part = 1.0 if part > 0 else 0.5
    low, high = (max(0, min(rank, n - 1)) for rank in (low, low + 1))
    return (low, low, 0.0) if part == 0 else (high, high, 0.0) if part == 1 else (low, high, part)


def _slices(t: Any, axis: Any, op: str) -> tuple[Any, tuple[int, ...]]:
    """The elements of each slice along a last axis, and the shape with keepdims."""
    axes = axes_of(axis, t.ndim, op)
    kept = [d for d in range(t.ndim) if d not in axes]
    kept_shape = tuple(1 if d in axes else n for d, n in enumerate(t.shape))
    if t.ndim:
        t = t.permute(tuple(kept + axes)).reshape((*(t.shape[d] for d in kept), -1))
    else:
        t = t.reshape((1,))
    if t.shape[-1] == 0:
        raise ValueError(f"{op}: there are no elements to take it of; got shape {kept_shape}")
    return t, kept_shape


def _mix(a: Any, b: Any, weight: Any, op: str) -> Any:
    """a + (b - a) * weight; equal ends, infinities among them, stay what they are."""
    ends, a, b = a, widened(a), widened(b)
    if op.endswith("median"):
        r = a * 0.5 + b * 0.5
    else:  # from the nearer end, as NumPy
        low, high = a + (b - a) * weight, b - (b - a) * (1 - weight)
        r = _C.where(weight < 0.5, low, high) if isinstance(weight, Tensor) else low if weight < 0.5 else high
    return rounded(_C.where(a == b, a, r), ends)


def _quantile(
    a: Any, q: Any, axis: Any, out: Any, method: str, keepdims: bool, op: str, scale: float, skip_nan: bool
) -> Any:
    if method not in _POSITIONS:
        raise ValueError(f"{op}: method {method!r} is not supported; use one of {', '.join(_POSITIONS)}")
    t = tensor(a, op)
    if t.dtype.is_complex:
        raise TypeError(f"{op}: complex numbers have no order; got {t.dtype}")
    levels = q.detach().tolist() if isinstance(q, Tensor) else q.tolist() if hasattr(q, "tolist") else q
    x, kept_shape = _slices(t, axis, op)

    def flat(level: Any) -> list[float]:
        if isinstance(level, (list, tuple)):
            return [p for v in level for p in flat(v)]
        if not 0 <= level / scale <= 1:
            raise ValueError(f"{op}: must be in the range [0, {int(scale)}]; got {level}")
        return [level / scale]

    at = _by_count if skip_nan and t.dtype.is_floating_point else _by_rank
    found = iter(at(x, flat(levels), method, op))

    def each(level: Any) -> Any:
        if isinstance(level, (list, tuple)):
            return _C.stack([each(v) for v in level], 0)
        r = next(found)
        return r.reshape(kept_shape) if keepdims else r

    return deliver(each(levels), out, op)


def _by_rank(x: Any, levels: list[float], method: str, op: str) -> Any:
    """The quantiles of each slice, one after the other; a NaN among its elements makes them NaN."""
    places = [_between(p, x.shape[-1], method) for p in levels]
    ranks = sorted({rank for low, high, _ in places for rank in (low, high)})
    chosen = floating(_C._order_statistics(x, ranks), op)
    column = {rank: chosen[..., i] for i, rank in enumerate(ranks)}
    for low, high, weight in places:
        a, b = column[low], column[high]
        yield a if low == high else _mix(a, b, weight, op)


def _by_count(x: Any, levels: list[float], method: str, op: str) -> Any:
    """As _by_rank, of the elements that are not NaN; NaN where there is none."""
    keep = _C.logical_not(_C.isnan(x))
    if x.ndim == 1:
        x = x[keep] if _C.any(keep) else x
    if x.ndim == 1 or _C.all(keep):
        yield from _by_rank(x, levels, method, op)
        return
    from tenon.numpy._functions import sort

    s, count = sort(x, axis=-1), _C.sum(keep, -1)
    least, most = int(_C.amin(count)), int(_C.amax(count))
    for p in levels:
        # Slices that hold equally many share their places.
        places = [_between(p, max(n, 1), method) for n in range(least, most + 1)]
        low, high, weight = (
            _C.tensor(list(column), dtype=dtype, device=x.device)[count - least]
            for column, dtype in zip(
                zip(*places, strict=True), (_C.int64, _C.int64, widened(s[:0]).dtype), strict=True
            )
        )
        yield _mix(_at(s, low), _at(s, high), weight, op)


def _at(s: Any, index: Any) -> Any:
    """s[..., index], with an index for each slice."""
    return _C.gather(s, s.ndim - 1, index.reshape((*index.shape, 1))).reshape(index.shape)


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

    A new tensor of a float, with the shape of q followed by what is left of a's. method: any of NumPy's
    (Hyndman and Fan 1996). A NaN among the elements gives NaN.
    ValueError for a q outside the range, another method and no elements; IndexError for an axis that is not
    there; TypeError for complex numbers and float8.
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
    """As quantile, with q in percent. A new tensor.

    The errors are quantile's (ValueError, IndexError, TypeError).
    """
    return _quantile(a, q, axis, out, method, keepdims, "percentile", 100, False)


def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """The middle element in order, or the mean of the two in the middle: a new tensor of a float.

    A NaN gives NaN. ValueError for no elements, IndexError for an axis that is not there, TypeError for
    complex numbers and float8.
    """
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
    """As quantile, without the NaNs. A new tensor.

    The errors are quantile's (ValueError, IndexError, TypeError).
    """
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
    """As percentile, without the NaNs. A new tensor.

    The errors are quantile's (ValueError, IndexError, TypeError).
    """
    return _quantile(a, q, axis, out, method, keepdims, "nanpercentile", 100, True)


def nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """As median, without the NaNs. A new tensor.

    The errors are quantile's (ValueError, IndexError, TypeError).
    """
    return _quantile(a, 0.5, axis, out, "linear", keepdims, "nanmedian", 1, True)
