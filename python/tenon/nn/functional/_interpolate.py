"""Images of other sizes: one dimension after the other, by gathers or by a matrix of weights."""

from __future__ import annotations

import math
import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

# The modes, by how many dimensions behind (N, C) they take.
_MODES = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
_CORNERS = ("linear", "bilinear", "bicubic", "trilinear")


def _sizes(op: str, spatial: tuple[int, ...], size: Any, scale: Any) -> tuple[list[int], list[float | None]]:
    """The new sizes, and the factors that were given."""
    n = len(spatial)
    if (size is None) == (scale is None):
        raise ValueError(f"{op}: one of size and scale_factor must be given; got {size} and {scale}")
    given = scale if size is None else size
    each = list(given) if isinstance(given, tuple | list) else [given] * n
    if len(each) != n:
        raise ValueError(
            f"{op}: input has {n} spatial dimensions, for which {len(each)} numbers are given: {given}"
        )
    if size is not None:
        sizes = [operator.index(s) for s in each]
        factors: list[float | None] = [None] * n
    else:
        factors = [float(s) for s in each]
        sizes = [math.floor(m * f) for m, f in zip(spatial, factors, strict=True) if f is not None]
    if min(sizes) <= 0 or min(spatial) <= 0:
        raise ValueError(f"{op}: all sizes must be positive; got {spatial} to {tuple(sizes)}")
    return sizes, factors


def _step(n: int, m: int, factor: float | None, align_corners: bool) -> float:
    """How far apart m new elements are in n old ones."""
    if align_corners:
        return (n - 1) / (m - 1) if m > 1 else 0.0
    return 1.0 / factor if factor else n / m


def _nearest(x: Tensor, dim: int, m: int, factor: float | None, exact: bool) -> Tensor:
    # In float32, as PyTorch: which of two neighbours is taken may hang on the last bit.
    n = x.shape[dim]
    step = _C.tensor(_step(n, m, factor, False), dtype=_C.float32, device=x.device)
    at = _C.arange(m, dtype=_C.float32, device=x.device)
    index = ((at + 0.5 if exact else at) * step).floor().to(dtype=_C.int64).clip(0, n - 1)
    return x.index_select(dim, index)


def _along(weights: Tensor, x: Tensor, dim: int) -> Tensor:
    """weights, one for each new element, in the shape that broadcasts over x."""
    return weights.to(dtype=x.dtype).reshape((-1,) + (1,) * (x.ndim - 1 - dim))


def _linear(x: Tensor, dim: int, m: int, factor: float | None, align_corners: bool) -> Tensor:
    n = x.shape[dim]
    step = _step(n, m, factor, align_corners)
    at = _C.arange(m, dtype=_C.float64, device=x.device)
    at = at * step if align_corners else ((at + 0.5) * step - 0.5).clip(0)
    low = at.floor().to(dtype=_C.int64).clip(0, n - 1)
    high = (low + 1).clip(0, n - 1)
    return _C.lerp(x.index_select(dim, low), x.index_select(dim, high), _along(at - low, x, dim))


def cubic_weights(t: Tensor, a: float) -> Tensor:
    """The four weights for places t in [0, 1) between the second and the third element (Keys, 1981)."""

    def near(d: Tensor) -> Tensor:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Tensor) -> Tensor:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return _C.stack([far(t + 1), near(t), near(1 - t), far(2 - t)])


def _cubic(x: Tensor, dim: int, m: int, factor: float | None, align_corners: bool) -> Tensor:
    n = x.shape[dim]
    step = _step(n, m, factor, align_corners)
    at = _C.arange(m, dtype=_C.float64, device=x.device)
    at = at * step if align_corners else (at + 0.5) * step - 0.5
    low = at.floor()
    weights = cubic_weights(at - low, -0.75)
    index = low.to(dtype=_C.int64)
    taps = [
        x.index_select(dim, (index + k - 1).clip(0, n - 1)) * _along(weights[k], x, dim) for k in range(4)
    ]
    return taps[0] + taps[1] + taps[2] + taps[3]


def _area_weights(n: int, m: int, device: Any) -> Tensor:
    """Each new element is the mean of the old ones that it covers."""
    i = _C.arange(m, device=device).unsqueeze(1)
    j = _C.arange(n, device=device)
    first, last = i * n // m, ((i + 1) * n + m - 1) // m
    return ((j >= first) & (j < last)) / (last - first).double()


def _smooth_weights(
    n: int, m: int, factor: float | None, align_corners: bool, cubic: bool, device: Any
) -> Tensor:
    """Each new element is an average whose filter is as wide as the step (antialias)."""
    step = _step(n, m, factor, align_corners)
    width = max(step, 1.0)
    reach = (2.0 if cubic else 1.0) * width
    centre = (_C.arange(m, dtype=_C.float64, device=device).unsqueeze(1) + 0.5) * step
    j = _C.arange(n, dtype=_C.float64, device=device)
    first, last = (centre - reach + 0.5).trunc(), (centre + reach + 0.5).trunc()
    d = (j - centre + 0.5).abs() / width
    if cubic:
        near, far = ((1.5 * d - 2.5) * d * d + 1), (((-0.5 * d + 2.5) * d - 4) * d + 2)
        weights = _C.where(d < 1, near, _C.where(d < 2, far, 0.0))
    else:
        weights = (1.0 - d).clip(0)
    weights = _C.where((j >= first) & (j < last), weights, 0.0)
    total = weights.sum(1, keepdim=True)
    return weights / _C.where(total == 0, 1.0, total)


def _by_matrix(x: Tensor, dim: int, weights: Tensor) -> Tensor:
    return _C.matmul(x.movedim(dim, -1), weights.to(dtype=x.dtype).T).movedim(-1, dim)


def _check(
    input: Tensor, mode: str, align_corners: bool | None, antialias: bool, recompute: bool | None, scale: Any
) -> None:
    if mode not in _MODES:
        raise ValueError(f"interpolate: mode is one of {', '.join(_MODES)}; got {mode!r}")
    if input.ndim - 2 not in _MODES[mode]:
        wanted = " or ".join(str(n + 2) for n in _MODES[mode])
        raise ValueError(
            f"interpolate: mode {mode!r} takes input of {wanted} dimensions, (N, C, ...); got shape "
            f"{input.shape}"
        )
    if align_corners is not None and mode not in _CORNERS:
        raise ValueError(
            f"interpolate: align_corners goes with {', '.join(_CORNERS)}; got mode {mode!r}, leave it out"
        )
    if antialias and (mode not in ("bilinear", "bicubic") or input.ndim != 4):
        raise ValueError(f"interpolate: antialias goes with 'bilinear' and 'bicubic'; got mode {mode!r}")
    if recompute and scale is None:
        raise ValueError("interpolate: recompute_scale_factor needs a scale_factor")
    if not input.is_floating_point() and not mode.startswith("nearest"):
        raise TypeError(f"interpolate: mode {mode!r} takes floats; got {input.dtype.name}, use .float()")


@_documented()
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """input at another size: signals (N, C, L), images (N, C, H, W), volumes (N, C, D, H, W).

    input: A tensor of three to five dimensions.
    size: The new size: an int, or one for each dimension behind (N, C).
    scale_factor: The new size divided by the old one, in the place of size.
    mode: 'nearest', 'nearest-exact' (from the centres, as Pillow), 'linear' (3 dimensions), 'bilinear'
    and 'bicubic'
    (4), 'trilinear' (5) or 'area' (means).
    align_corners: True puts the corners' centres upon each other, else the corners' edges.
    recompute_scale_factor: True computes with the factor of the rounded sizes instead of scale_factor.
    antialias: True averages where images become smaller, as Pillow does.
    Returns: A new tensor of shape (N, C, *size).
    ValueError: For another mode, one that does not go with the number of dimensions, and sizes that are
    not positive.
    TypeError: For integers, unless mode is nearest.

    >>> tenon.nn.functional.interpolate(tenon.tensor([[[0.0, 1.0]]]), size=4, mode="linear")
    tensor([[[0.0000, 0.2500, 0.7500, 1.0000]]])
    """
    _check(input, mode, align_corners, antialias, recompute_scale_factor, scale_factor)
    sizes, factors = _sizes("interpolate", input.shape[2:], size, scale_factor)
    if recompute_scale_factor:
        factors = [None] * len(factors)
    corners = bool(align_corners)
    x = input
    for dim, (m, factor) in enumerate(zip(sizes, factors, strict=True), start=2):
        n = x.shape[dim]
        if mode == "area":
            x = _by_matrix(x, dim, _area_weights(n, m, x.device))
        elif mode in ("nearest", "nearest-exact"):
            x = _nearest(x, dim, m, factor, mode == "nearest-exact")
        elif antialias:
            weights = _smooth_weights(n, m, factor, corners, mode == "bicubic", x.device)
            x = _by_matrix(x, dim, weights)
        elif mode == "bicubic":
            x = _cubic(x, dim, m, factor, corners)
        else:
            x = _linear(x, dim, m, factor, corners)
    return x


_UPSAMPLE = """
input: A tensor of three to five dimensions.
size: The new size; None for scale_factor.
scale_factor: The new size divided by the old one; None for size.
Returns: A new tensor.
ValueError: For what interpolate() refuses.
"""


@_documented(_UPSAMPLE)
def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """interpolate(), by PyTorch's older name.

    mode: As interpolate()'s.
    align_corners: As interpolate()'s.

    >>> tenon.nn.functional.upsample(tenon.tensor([[[0.0, 1.0]]]), scale_factor=2)
    tensor([[[0., 0., 1., 1.]]])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


@_documented(_UPSAMPLE)
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """interpolate() with mode 'nearest', by PyTorch's older name.

    >>> tenon.nn.functional.upsample_nearest(tenon.tensor([[[0.0, 1.0]]]), scale_factor=2)
    tensor([[[0., 0., 1., 1.]]])
    """
    return interpolate(input, size, scale_factor, "nearest")


@_documented(_UPSAMPLE)
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """interpolate() with mode 'bilinear' and align_corners=True, by PyTorch's older name.

    >>> tenon.nn.functional.upsample_bilinear(tenon.ones(1, 1, 2, 2), size=3).shape
    (1, 1, 3, 3)
    """
    return interpolate(input, size, scale_factor, "bilinear", True)
