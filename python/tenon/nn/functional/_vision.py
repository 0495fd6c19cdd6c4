"""Rearranging pixels and channels, and sliding blocks."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.functional._common import tuple_of
from tenon.nn.functional._padding import pad

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["channel_shuffle", "fold", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "unfold"]


def _positive(op: str, name: str, value: int) -> int:
    if value <= 0:
        raise ValueError(f"{op}: {name} must be positive; got {value}")
    return value


@_documented()
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels become pixels: (..., C * r * r, H, W) to (..., C, H * r, W * r).

    input: A tensor of at least three dimensions.
    upscale_factor: r.
    Returns: A new tensor; a view where the elements stay in their order.
    ValueError: For channels that r * r does not divide, and fewer than three dimensions.

    >>> tenon.nn.functional.pixel_shuffle(tenon.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    r = _positive("pixel_shuffle", "upscale_factor", upscale_factor)
    if input.ndim < 3 or input.shape[-3] % (r * r):
        raise ValueError(
            f"pixel_shuffle: input has shape (..., C * {r} * {r}, H, W) for upscale_factor={r}; got "
            f"{input.shape}"
        )
    *batch, c, h, w = input.shape
    n = len(batch)
    split = input.reshape((*batch, c // (r * r), r, r, h, w))
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return split.permute(order).reshape((*batch, c // (r * r), h * r, w * r))


@_documented()
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels become channels: (..., C, H * r, W * r) to (..., C * r * r, H, W).

    input: A tensor of at least three dimensions.
    downscale_factor: r.
    Returns: A new tensor; a view where the elements stay in their order.
    ValueError: For a height or width that r does not divide, and fewer than three dimensions.

    >>> tenon.nn.functional.pixel_unshuffle(tenon.arange(4).reshape(1, 2, 2), 2).shape
    (4, 1, 1)
    """
    r = _positive("pixel_unshuffle", "downscale_factor", downscale_factor)
    if input.ndim < 3 or input.shape[-2] % r or input.shape[-1] % r:
        raise ValueError(
            f"pixel_unshuffle: input has shape (..., C, H * {r}, W * {r}) for downscale_factor={r}; got "
            f"{input.shape}"
        )
    *batch, c, h, w = input.shape
    n = len(batch)
    split = input.reshape((*batch, c, h // r, r, w // r, r))
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return split.permute(order).reshape((*batch, c * r * r, h // r, w // r))


@_documented()
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels in another order: those of all groups take turns.

    input: A tensor of shape (N, C, ...), at least three dimensions.
    groups: How many groups the channels are in.
    Returns: A new tensor of input's shape; a view where the elements stay in their order.
    ValueError: For channels that groups does not divide, and fewer than three dimensions.

    >>> tenon.nn.functional.channel_shuffle(tenon.arange(4).reshape(1, 4, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    groups = _positive("channel_shuffle", "groups", groups)
    if input.ndim < 3 or input.shape[1] % groups:
        raise ValueError(
            f"channel_shuffle: input has shape (N, C, ...) with channels that {groups} groups divide; got "
            f"{input.shape}"
        )
    n, c, *rest = input.shape
    return input.reshape((n, groups, c // groups, *rest)).transpose(1, 2).reshape(input.shape)


native_channel_shuffle = channel_shuffle


_BLOCKS = """
kernel_size: The size of a block: an int, or one for each of the two dimensions.
dilation: The distance of a block's elements.
padding: The width of the border of zeros.
stride: The distance of blocks.
ValueError: For shapes that do not fit and sizes that are not positive.
TypeError: For sizes that are no ints.
"""


class _Grid:
    """Where the elements of sliding blocks lie in a padded image."""

    def __init__(
        self, op: str, size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any
    ) -> None:
        self.kernel = tuple_of(op, "kernel_size", kernel_size, 2)
        self.padding = tuple_of(op, "padding", padding, 2)
        self.dilation = tuple_of(op, "dilation", dilation, 2)
        self.stride = tuple_of(op, "stride", stride, 2)
        for name in ("kernel", "dilation", "stride"):
            if min(getattr(self, name)) <= 0:
                raise ValueError(f"{op}: {name} must be positive; got {getattr(self, name)}")
        if min(self.padding) < 0:
            raise ValueError(f"{op}: padding must not be negative; got {self.padding}")
        self.padded = tuple(n + 2 * p for n, p in zip(size, self.padding, strict=True))
        self.blocks = tuple(
            (n - d * (k - 1) - 1) // s + 1
            for n, k, d, s in zip(self.padded, self.kernel, self.dilation, self.stride, strict=True)
        )
        if min(self.blocks) <= 0:
            raise ValueError(
                f"{op}: a kernel of {self.kernel} with dilation {self.dilation} does not fit into an "
                "image of "
                f"{tuple(size)} with padding {self.padding}"
            )

    def index(self, device: Any) -> Tensor:
        """For each element of a kernel, row by row, its place in each block."""
        rows, columns = (
            _C.arange(k, device=device).unsqueeze(1) * d + _C.arange(n, device=device) * s
            for k, n, d, s in zip(self.kernel, self.blocks, self.dilation, self.stride, strict=True)
        )
        places = rows[:, None, :, None] * self.padded[1] + columns[None, :, None, :]
        return places.reshape(-1)


@_documented(_BLOCKS)
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The sliding blocks of images, as columns (im2col).

    input: A tensor of shape (N, C, H, W) or (C, H, W).
    Returns: A new tensor of shape (N, C * elements of a block, number of blocks).

    >>> tenon.nn.functional.unfold(tenon.arange(9.0).reshape(1, 1, 3, 3), 2)
    tensor([[[0., 1., 3., 4.],
             [1., 2., 4., 5.],
             [3., 4., 6., 7.],
             [4., 5., 7., 8.]]])
    """
    if input.ndim not in (3, 4):
        raise ValueError(f"unfold: input has shape (N, C, H, W) or (C, H, W); got {input.shape}")
    grid = _Grid("unfold", input.shape[-2:], kernel_size, dilation, padding, stride)
    h, w = grid.padding
    image = pad(input, (w, w, h, h)) if h or w else input
    *lead, channels, _, _ = input.shape
    flat = image.flatten(-2).index_select(-1, grid.index(input.device))
    return flat.reshape((*lead, channels * grid.kernel[0] * grid.kernel[1], grid.blocks[0] * grid.blocks[1]))


@_documented(_BLOCKS)
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Images from sliding blocks as unfold() makes them; where blocks overlap their elements are added up.

    input: A tensor of shape (N, C * elements of a block, number of blocks), or without N.
    output_size: The height and width of the images.
    Returns: A new tensor of shape (N, C, *output_size).

    >>> blocks = tenon.ones(1, 4, 4)
    >>> tenon.nn.functional.fold(blocks, (3, 3), 2)
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    size = tuple_of("fold", "output_size", output_size, 2)
    grid = _Grid("fold", size, kernel_size, dilation, padding, stride)
    elements, blocks = grid.kernel[0] * grid.kernel[1], grid.blocks[0] * grid.blocks[1]
    if input.ndim not in (2, 3) or input.shape[-2] % elements or input.shape[-1] != blocks:
        raise ValueError(
            f"fold: with these sizes input has shape (N, C * {elements}, {blocks}); got {input.shape}"
        )
    *lead, channels, _ = input.shape
    channels //= elements
    zeros = _C.zeros(
        (*lead, channels, grid.padded[0] * grid.padded[1]), dtype=input.dtype, device=input.device
    )
    image = zeros.index_add(-1, grid.index(input.device), input.reshape((*lead, channels, elements * blocks)))
    image = image.reshape((*lead, channels, *grid.padded))
    h, w = grid.padding
    return image[..., h : h + size[0], w : w + size[1]] if h or w else image
