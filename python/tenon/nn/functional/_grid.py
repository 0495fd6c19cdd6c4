"""Images read at any places: grid_sample, and the places of an affine map."""

from __future__ import annotations

import itertools

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn._checked import autocast_full as _autocast_full
from tenon.nn.functional._interpolate import cubic_weights

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["affine_grid", "grid_sample"]


@_documented()
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places that an affine map gives the pixels of images, for grid_sample().

    theta: The maps, of shape (N, 2, 3) for images, (N, 3, 4) for volumes.
    size: The shape of the result's images, (N, C, H, W) or (N, C, D, H, W).
    align_corners: True puts -1 and 1 at the corners' centres, else at their edges.
    Returns: A new tensor of shape (N, H, W, 2) or (N, D, H, W, 3).
    ValueError: For shapes that do not fit and sizes that are not positive.
    TypeError: For a theta of integers.

    >>> tenon.nn.functional.affine_grid(tenon.eye(2, 3).reshape(1, 2, 3), (1, 1, 1, 2))
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    n = len(size) - 2
    if n not in (2, 3) or theta.shape != (size[0], n, n + 1) or min(size) <= 0:
        raise ValueError(
            "affine_grid: theta has shape (N, 2, 3) for a size (N, C, H, W), (N, 3, 4) for (N, C, D, H, W); "
            f"got {theta.shape} for {tuple(size)}"
        )
    if not theta.is_floating_point():
        raise TypeError(f"affine_grid: theta holds floats; got {theta.dtype.name}")
    axes = []
    for m in reversed(size[2:]):  # x first
        places = _C.linspace(-1, 1, m, dtype=theta.dtype, device=theta.device) if m > 1 else _C.zeros(1)
        axes.append(places.to(theta.device, theta.dtype) * (1.0 if align_corners else (m - 1) / m))
    shape = tuple(size[2:])
    base = [a.reshape((-1,) + (1,) * d).expand(shape) for d, a in enumerate(axes)]
    points = _C.stack([*base, _C.ones(shape, dtype=theta.dtype, device=theta.device)], -1)
    return _C.matmul(points.reshape(-1, n + 1), theta.mT).reshape((size[0], *shape, n))


def _reflected(x: Tensor, low: float, high: float) -> Tensor:
    """x mirrored at both ends, as often as it takes."""
    if high <= low:
        return x * 0.0
    span = high - low
    distance = (x - low).abs()
    turns = (distance / span).floor().detach()
    rest = distance - turns * span
    return _C.where(turns % 2 == 0, rest + low, high - rest)


def _within(x: Tensor, n: int, padding_mode: str, align_corners: bool) -> Tensor:
    """Coordinates as padding_mode puts them into the image."""
    if padding_mode == "zeros":
        return x
    if padding_mode == "reflection":
        x = _reflected(x, 0.0, n - 1.0) if align_corners else _reflected(x, -0.5, n - 0.5)
    return x.clip(0, n - 1)


class _Image:
    """An image's elements by their coordinates; 0 outside."""

    def __init__(self, input: Tensor) -> None:
        self.flat = input.flatten(2)
        self.sizes = input.shape[2:]

    def at(self, places: Sequence[Tensor]) -> Tensor:
        """places: whole numbers, one tensor (N, P) for each dimension."""
        index, inside = _C.zeros_like(places[0]).to(dtype=_C.int64), None
        for x, n in zip(places, self.sizes, strict=True):
            x = x.detach()
            here = (x >= 0) & (x <= n - 1)
            inside = here if inside is None else inside & here
            index = index * n + _C.where(here, x, 0.0).to(dtype=_C.int64)
        batch, channels, _ = self.flat.shape
        found = self.flat.gather(2, index.unsqueeze(1).expand(batch, channels, index.shape[1]))
        return _C.where(inside.unsqueeze(1), found, 0.0)  # type: ignore[union-attr]


def _linear_sample(image: _Image, places: list[Tensor]) -> Tensor:
    lows = [x.floor().detach() for x in places]
    total = None
    for corner in itertools.product((0, 1), repeat=len(places)):
        weight = None
        for x, low, up in zip(places, lows, corner, strict=True):
            part = x - low if up else low + 1 - x
            weight = part if weight is None else weight * part
        assert weight is not None
        term = image.at([low + up for low, up in zip(lows, corner, strict=True)]) * weight.unsqueeze(1)
        total = term if total is None else total + term
    assert total is not None
    return total


def _cubic_sample(image: _Image, places: list[Tensor], padding_mode: str, align_corners: bool) -> Tensor:
    lows = [x.floor().detach() for x in places]
    weights = [cubic_weights(x - low, -0.75) for x, low in zip(places, lows, strict=True)]
    total = None
    for taps in itertools.product(range(4), repeat=2):
        at = [
            _within(low + k - 1, n, padding_mode, align_corners).round()
            for low, k, n in zip(lows, taps, image.sizes, strict=True)
        ]
        term = image.at(at) * (weights[0][taps[0]] * weights[1][taps[1]]).unsqueeze(1)
        total = term if total is None else total + term
    assert total is not None
    return total


@_documented()
@_autocast_full
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """input at the places of a grid, from -1 to 1 along each dimension.

    input: Images of shape (N, C, H, W) or volumes of shape (N, C, D, H, W).
    grid: Places (x, y) of shape (N, H_out, W_out, 2), or (x, y, z) of shape (N, D_out, H_out, W_out, 3).
    mode: 'bilinear', 'nearest' or, for images, 'bicubic'.
    padding_mode: What is outside: 'zeros', 'border' (the edge) or 'reflection'.
    align_corners: True puts -1 and 1 at the corners' centres, else at their edges.
    Returns: A new tensor of shape (N, C, H_out, W_out) or (N, C, D_out, H_out, W_out).
    ValueError: For another mode and for shapes that do not fit.

    >>> places = tenon.tensor([[[[-0.5, 0.0], [0.5, 0.0]]]])
    >>> tenon.nn.functional.grid_sample(tenon.tensor([[[[1.0, 2.0]]]]), places)
    tensor([[[[1., 2.]]]])
    """
    n = input.ndim - 2
    if mode not in ("bilinear", "nearest", "bicubic") or (mode == "bicubic" and n != 2):
        raise ValueError(
            f"grid_sample: mode is 'bilinear', 'nearest' or, for images, 'bicubic'; got {mode!r}"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            f"grid_sample: padding_mode is 'zeros', 'border' or 'reflection'; got {padding_mode!r}"
        )
    if n not in (2, 3) or grid.ndim != input.ndim or grid.shape[0] != input.shape[0] or grid.shape[-1] != n:
        raise ValueError(
            "grid_sample: input of shape (N, C, H, W) goes with a grid of shape (N, H_out, W_out, 2), "
            f"volumes with (N, D_out, H_out, W_out, 3); got {input.shape} and {grid.shape}"
        )
    corners = bool(align_corners)
    flat = grid.flatten(1, -2)
    places = []
    for d, m in enumerate(input.shape[2:]):
        x = flat[..., n - 1 - d]  # x is that of the last dimension
        x = (x + 1) * ((m - 1) / 2) if corners else ((x + 1) * m - 1) / 2
        places.append(x if mode == "bicubic" else _within(x, m, padding_mode, corners))
    image = _Image(input)
    if mode == "nearest":
        found = image.at([x.round() for x in places])
    elif mode == "bicubic":
        found = _cubic_sample(image, places, padding_mode, corners)
    else:
        found = _linear_sample(image, places)
    return found.reshape((*input.shape[:2], *grid.shape[1:-1]))
