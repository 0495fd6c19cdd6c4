"""Convolutions and transposed convolutions over one, two and three dimensions."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn import init
from tenon.nn.lazy import LazyModuleMixin
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter, UninitializedParameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Ints = int | Sequence[int]

__all__ = [f"{kind}{dims}d" for kind in ("Conv", "ConvTranspose") for dims in (1, 2, 3)]
__all__ += [f"Lazy{name}" for name in __all__]

_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}

_DOC = """{summary}

    Parameters:
        in_channels: the input's channels; a lazy module finds them.
        out_channels: the output's channels, each with a kernel of its own.
        kernel_size: the kernel's size.
        stride: {stride}.
        padding: {padding}.
        {more}dilation: how far the kernel's elements are from each other.
        groups: so many groups of channels see only each other; it divides both numbers of channels.
        bias: whether a number is added to each output channel.
        padding_mode: {mode}.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    kernel_size, stride, padding and dilation are an int, or one for each dimension. ``weight`` has shape
    {weight}, ``bias`` (out_channels,); both are drawn evenly
    from +-1 / sqrt(the number of elements that a kernel sees). ValueError for options that do not fit
    together, and from forward for shapes that do not fit.

    >>> layer = tenon.nn.{name}({channels}, 3, padding=1)
    >>> layer(tenon.ones(2, 4, {sizes})).shape
    (2, 8, {sizes})
    """


def _document(cls: Any) -> Any:
    """Gives a class the documentation that all of them have in common."""
    dims, lazy, transposed = cls._dims, issubclass(cls, LazyModuleMixin), issubclass(cls, _ConvTranspose)
    over = ("the last dimension", "the last two dimensions", "the last three dimensions")[dims - 1]
    what = "A transposed convolution" if transposed else "A convolution"
    cls.__doc__ = _DOC.format(
        summary=f"{what} over {over} of (N, C, {'L' if dims == 1 else 'H, W' if dims == 2 else 'D, H, W'})"
        + (", whose in_channels the first call finds." if lazy else "."),
        stride="how far apart the kernel's copies stand" if transposed else "how far the kernel moves",
        padding="how many elements of the result are cut off on both sides"
        if transposed
        else "how many elements stand on both sides, or 'same' or 'valid'",
        more="output_padding: how much longer the result is at its end.\n        " if transposed else "",
        mode="'zeros'"
        if transposed
        else "what the padding is made of: 'zeros', 'reflect', 'replicate' or 'circular'",
        weight="(in_channels, out_channels / groups, kernel...)"
        if transposed
        else "(out_channels, in_channels / groups, kernel...)",
        name=cls.__name__,
        channels="8" if lazy else "4, 8",
        sizes=", ".join(["5"] * dims),
    )
    return cls


def _each(name: str, what: str, value: Any, dims: int) -> tuple[int, ...]:
    """One int for each dimension."""
    if isinstance(value, int):
        return (value,) * dims
    values = tuple(value)
    if len(values) != dims:
        raise ValueError(f"{name}: {what} is an int, or {dims} of them; got {value!r}")
    return values


class _Conv(Module):
    """What convolutions and transposed ones have in common: the parameters, and how they are shown."""

    _dims: int
    _transposed = False
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Any
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int
    padding_mode: str
    weight: Parameter
    bias: Parameter | None

    def _set_up(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints, padding: Any,
        dilation: Ints, output_padding: Ints, groups: int, bias: bool, padding_mode: str, device: Any,
        dtype: Any,
    ) -> None:  # fmt: skip
        name, dims = type(self).__name__, self._dims
        if groups < 1:
            raise ValueError(f"{name}: groups must be positive; got {groups}")
        for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name}: {what}={channels} must be a multiple of groups={groups}")
        if padding_mode not in (("zeros",) if self._transposed else _MODES):
            modes = "'zeros'" if self._transposed else "one of " + ", ".join(map(repr, _MODES))
            raise ValueError(f"{name}: padding_mode must be {modes}; got {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = _each(name, "kernel_size", kernel_size, dims)
        self.stride = _each(name, "stride", stride, dims)
        self.dilation = _each(name, "dilation", dilation, dims)
        self.output_padding = _each(name, "output_padding", output_padding, dims)
        self.padding_mode = padding_mode
        if not isinstance(padding, str):
            self.padding = _each(name, "padding", padding, dims)
        elif self._transposed or padding not in ("same", "valid"):
            allowed = "" if self._transposed else ", 'same' or 'valid'"
            raise ValueError(f"{name}: padding must be ints{allowed}; got {padding!r}")
        elif padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(
                f"{name}: padding='same' keeps the size only with stride=1; got stride={self.stride}"
            )
        else:
            self.padding = padding
        if isinstance(self, LazyModuleMixin):
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            parameter: Any = UninitializedParameter(device=device, dtype=dtype) if bias else None
        else:
            self.weight = Parameter(_C.empty(self._weight_shape(), device=device, dtype=dtype))
            parameter = Parameter(_C.empty(out_channels, device=device, dtype=dtype)) if bias else None
        self.register_parameter("bias", parameter)
        self.reset_parameters()

    def _weight_shape(self) -> tuple[int, ...]:
        """The shape that follows from the channels and the kernel."""
        first, second = self.out_channels, self.in_channels
        if self._transposed:
            first, second = second, first
        return (first, second // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draws weight and bias anew."""
        if isinstance(self.weight, UninitializedParameter):
            return
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        seen = math.prod(self.weight.shape[1:])
        if self.bias is not None and seen > 0:
            bound = 1 / math.sqrt(seen)
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        dims = self._dims
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        if self.padding != (0,) * dims:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * dims:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * dims:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        return text if self.padding_mode == "zeros" else f"{text}, padding_mode={self.padding_mode}"


class _Convolution(_Conv):
    """Convolutions of all dimensions."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Any = 0,
        dilation: Ints = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode,
            device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        convolve = getattr(F, f"conv{self._dims}d")
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._around(), mode=_MODES[self.padding_mode])
            padding = 0
        result: Tensor = convolve(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )
        return result

    def _around(self) -> list[int]:
        """The widths of the padding as pad() takes them: of the last dimension first."""
        widths: list[int] = []
        for i in reversed(range(self._dims)):
            if isinstance(self.padding, str):
                total = self.dilation[i] * (self.kernel_size[i] - 1) if self.padding == "same" else 0
                widths += [total // 2, total - total // 2]
            else:
                widths += [self.padding[i]] * 2
        return widths


class _ConvTranspose(_Conv):
    """Transposed convolutions of all dimensions."""

    _transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0,
        output_padding: Ints = 0, groups: int = 1, bias: bool = True, dilation: Ints = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        convolve = getattr(F, f"conv_transpose{self._dims}d")
        more = self.output_padding if output_size is None else self._output_padding(input, output_size)
        result: Tensor = convolve(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )
        return result

    def _output_padding(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """How much longer than the smallest result the one of output_size is."""
        dims, name = self._dims, type(self).__name__
        sizes = tuple(output_size)
        if len(sizes) in (dims + 1, dims + 2) and len(sizes) == input.ndim:
            sizes = sizes[-dims:]
        if len(sizes) != dims:
            raise ValueError(
                f"{name}: output_size takes {dims} sizes, or those of the whole result; got {sizes}"
            )
        least = [
            (input.shape[i - dims] - 1) * self.stride[i] - 2 * self.padding[i]
            + self.dilation[i] * (self.kernel_size[i] - 1) + 1
            for i in range(dims)
        ]  # fmt: skip
        most = [least[i] + self.stride[i] - 1 for i in range(dims)]
        if any(not low <= size <= high for size, low, high in zip(sizes, least, most, strict=True)):
            raise ValueError(
                f"{name}: an input of shape {tuple(input.shape)} gives sizes from {least} to {most}; got "
                f"output_size={sizes}"
            )
        return tuple(size - low for size, low in zip(sizes, least, strict=True))


class _LazyConv(LazyModuleMixin):
    """A convolution that learns its in_channels from the first input."""

    def initialize_parameters(self, input: Tensor, *_: Any, **__: Any) -> None:
        """Gives the parameters their shapes."""
        this: Any = self
        if not this.has_uninitialized_params():
            return
        dims = this._dims
        if input.ndim not in (dims + 1, dims + 2):
            raise ValueError(
                f"{type(self).__name__}: the input must have {dims + 1} or {dims + 2} dimensions; got shape "
                f"{tuple(input.shape)}"
            )
        this.in_channels = input.shape[-dims - 1]
        if this.in_channels % this.groups:
            raise ValueError(
                f"{type(self).__name__}: in_channels={this.in_channels}, found in an input of shape "
                f"{tuple(input.shape)}, must be a multiple of groups={this.groups}"
            )
        this.weight.materialize(this._weight_shape())
        if this.bias is not None:
            this.bias.materialize((this.out_channels,))
        _Conv.reset_parameters(this)


class _LazyConvolution(_LazyConv, _Convolution):
    """Lazy convolutions of all dimensions."""

    def __init__(
        self, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Any = 0, dilation: Ints = 1,
        groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )


class _LazyConvTranspose(_LazyConv, _ConvTranspose):
    """Lazy transposed convolutions of all dimensions."""

    def __init__(
        self, out_channels: int, kernel_size: Ints, stride: Ints = 1, padding: Ints = 0,
        output_padding: Ints = 0, groups: int = 1, bias: bool = True, dilation: Ints = 1,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            0, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation,
            padding_mode, device, dtype,
        )  # fmt: skip


@_document
class Conv1d(_Convolution):
    _dims = 1


@_document
class Conv2d(_Convolution):
    _dims = 2


@_document
class Conv3d(_Convolution):
    _dims = 3


@_document
class ConvTranspose1d(_ConvTranspose):
    _dims = 1


@_document
class ConvTranspose2d(_ConvTranspose):
    _dims = 2


@_document
class ConvTranspose3d(_ConvTranspose):
    _dims = 3


@_document
class LazyConv1d(_LazyConvolution):
    _dims, cls_to_become = 1, Conv1d


@_document
class LazyConv2d(_LazyConvolution):
    _dims, cls_to_become = 2, Conv2d


@_document
class LazyConv3d(_LazyConvolution):
    _dims, cls_to_become = 3, Conv3d


@_document
class LazyConvTranspose1d(_LazyConvTranspose):
    _dims, cls_to_become = 1, ConvTranspose1d


@_document
class LazyConvTranspose2d(_LazyConvTranspose):
    _dims, cls_to_become = 2, ConvTranspose2d


@_document
class LazyConvTranspose3d(_LazyConvTranspose):
    _dims, cls_to_become = 3, ConvTranspose3d
