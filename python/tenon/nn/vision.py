"""Other shapes and sizes: Flatten, Upsample, pixel and channel shuffles, sliding blocks."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.module import Module

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ChannelShuffle", "Flatten", "Fold", "PixelShuffle", "PixelUnshuffle", "Unflatten", "Unfold", "Upsample",
    "UpsamplingBilinear2d", "UpsamplingNearest2d",
]  # fmt: skip


class Flatten(Module):
    """Dimensions start_dim to end_dim as one: by default all but the batch's.

    Parameters:
        start_dim: the first of them.
        end_dim: the last of them.

    IndexError, from forward, for a dimension that is not there.

    >>> tenon.nn.Flatten()(tenon.ones(2, 3, 4)).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One dimension as several.

    Parameters:
        dim: the dimension.
        unflattened_size: the sizes that take its place, of which one may be -1.

    TypeError for what are no ints; ValueError, from forward, for sizes that do not fit.

    >>> tenon.nn.Unflatten(1, (3, 4))(tenon.ones(2, 12)).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        if not isinstance(dim, int):
            raise TypeError(f"Unflatten: dim is an int, tenon names no dimensions; got {dim!r}")
        if not isinstance(unflattened_size, tuple | list) or not all(
            hasattr(n, "__index__") for n in unflattened_size
        ):
            raise TypeError(f"Unflatten: unflattened_size is a tuple of ints; got {unflattened_size!r}")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Upsample(Module):
    """The input at another size, as F.interpolate().

    Parameters:
        size: the new size: an int, or one for each dimension behind (N, C).
        scale_factor: the new size divided by the old one, in the place of size.
        mode: 'nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', 'trilinear' or 'area'.
        align_corners: True puts the corners' centres upon each other, else the corners' edges.
        recompute_scale_factor: True computes with the factor of the rounded sizes.

    ValueError, from forward, for what F.interpolate() refuses.

    >>> tenon.nn.Upsample(scale_factor=2, mode="nearest")(tenon.ones(1, 1, 2, 2)).shape
    (1, 1, 4, 4)
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.scale_factor: Any = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(map(float, scale_factor))
        elif scale_factor:
            self.scale_factor = float(scale_factor)
        self.mode, self.align_corners = mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images at another size: each pixel that of the nearest one.

    Parameters:
        size: the new size: an int, or two.
        scale_factor: the new size divided by the old one, in the place of size.

    >>> tenon.nn.UpsamplingNearest2d(scale_factor=2)(tenon.ones(1, 1, 2, 2)).shape
    (1, 1, 4, 4)
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Images at another size, by bilinear interpolation with align_corners=True.

    Parameters:
        size: the new size: an int, or two.
        scale_factor: the new size divided by the old one, in the place of size.

    >>> tenon.nn.UpsamplingBilinear2d(scale_factor=2)(tenon.ones(1, 1, 2, 2)).shape
    (1, 1, 4, 4)
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


class PixelShuffle(Module):
    """Channels become pixels: (..., C * r * r, H, W) to (..., C, H * r, W * r).

    Parameters:
        upscale_factor: r.

    ValueError, from forward, for channels that r * r does not divide.

    >>> tenon.nn.PixelShuffle(2)(tenon.ones(1, 8, 3, 3)).shape
    (1, 2, 6, 6)
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Pixels become channels: (..., C, H * r, W * r) to (..., C * r * r, H, W).

    Parameters:
        downscale_factor: r.

    ValueError, from forward, for a height or width that r does not divide.

    >>> tenon.nn.PixelUnshuffle(2)(tenon.ones(1, 2, 6, 6)).shape
    (1, 8, 3, 3)
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Channels in another order: those of all groups take turns.

    Parameters:
        groups: how many groups the channels are in.

    ValueError, from forward, for channels that groups does not divide.

    >>> tenon.nn.ChannelShuffle(2)(tenon.arange(4).reshape(1, 4, 1)).flatten()
    tensor([0, 2, 1, 3])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


class Unfold(Module):
    """The sliding blocks of images, as columns (im2col).

    Parameters:
        kernel_size: the size of a block: an int, or two.
        dilation: the distance of a block's elements.
        padding: the width of the border of zeros.
        stride: the distance of blocks.

    ValueError, from forward, for sizes that do not fit.

    >>> tenon.nn.Unfold(2)(tenon.ones(1, 3, 4, 4)).shape
    (1, 12, 9)
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Unfold):
    """Images from sliding blocks as Unfold makes them; where blocks overlap their elements are added up.

    Parameters:
        output_size: the height and width of the images.
        kernel_size: the size of a block: an int, or two.
        dilation: the distance of a block's elements.
        padding: the width of the border of zeros.
        stride: the distance of blocks.

    ValueError, from forward, for sizes that do not fit.

    >>> tenon.nn.Fold((4, 4), 2)(tenon.ones(1, 12, 9)).shape
    (1, 3, 4, 4)
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, {super().extra_repr()}"
