"""Pools over one, two and three dimensions: the largest elements or the means of windows."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.module import Module

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Ints = int | Sequence[int]

_KINDS = ("MaxPool", "AvgPool", "LPPool", "AdaptiveMaxPool", "AdaptiveAvgPool", "MaxUnpool")
__all__ = [f"{kind}{dims}d" for kind in _KINDS for dims in (1, 2, 3)]

_WINDOWS = """kernel_size: the size of a window.
        stride: how far it moves; None for kernel_size.
"""
_PADDING = """        padding: how many elements without a value stand on both sides, at most half a window.
"""
_DILATION = """        dilation: how far a window's elements are from each other.
"""
_CEIL = """        ceil_mode: whether a last window that is not whole counts.
"""
_OUTPUT = """output_size: how many windows; None for as many as there are elements.
"""
_INDICES = """        return_indices: whether the call returns the elements' places in their plane, too.
"""
_EACH = "\n    Sizes are an int, or one for each dimension. ValueError, from forward, for "

# What a class says: the first line's verb, its parameters, its errors, and the end of its example.
_TEXTS = {
    "MaxPool": (
        "The largest element of each window over",
        _WINDOWS + _PADDING + _DILATION + _INDICES + _CEIL,
        "windows that do not fit into the input.",
        "2",
    ),
    "AvgPool": (
        "The mean of each window over",
        _WINDOWS + _PADDING + _CEIL + "        count_include_pad: whether the padding counts, as zeros.\n",
        "windows that do not fit into the input.",
        "2",
    ),
    "LPPool": (
        "The norm (the sum of x^p)^(1/p) of each window over",
        "norm_type: the exponent p.\n        " + _WINDOWS + _CEIL,
        "windows that do not fit into the input, and norm_type=0.",
        "2, 2",
    ),
    "AdaptiveMaxPool": (
        "The largest elements of output_size windows that divide",
        _OUTPUT + _INDICES,
        "an input without elements.",
        "2",
    ),
    "AdaptiveAvgPool": (
        "The means of output_size windows that divide",
        _OUTPUT,
        "an input without elements.",
        "2",
    ),
    "MaxUnpool": (
        "Zeros, with the input's elements where a max pool found them, over",
        _WINDOWS + _PADDING,
        "indices of another shape and for an output_size that the pool does not have.",
        "2",
    ),
}  # fmt: skip


def _document(cls: Any) -> Any:
    """Gives a class the documentation that all of its kind have."""
    kind, dims = cls.__name__[:-2], cls._dims
    verb, parameters, errors, arguments = _TEXTS[kind]
    if kind == "AvgPool" and dims > 1:
        parameters += "        divisor_override: what sums are divided by, in place of a window's size.\n"
    over = ("the last dimension", "the last two dimensions", "the last three dimensions")[dims - 1]
    before, after = ", ".join(["4"] * dims), ", ".join(["2"] * dims)
    example = f">>> tenon.nn.{cls.__name__}({arguments})(tenon.ones(1, {before})).shape\n    (1, {after})"
    if kind == "MaxUnpool":
        example = (
            f">>> pool = tenon.nn.MaxPool{dims}d(2, return_indices=True)\n"
            f"    >>> tenon.nn.{cls.__name__}(2)(*pool(tenon.ones(1, {before}))).shape\n    (1, {before})"
        )
    cls.__doc__ = (
        f"{verb} {over} of (N, C, {('L', 'H, W', 'D, H, W')[dims - 1]}).\n\n"
        f"    Parameters:\n        {parameters}{_EACH}{errors}\n\n    {example}\n    "
    )
    return cls


def _each(value: Ints, dims: int) -> Any:
    """One int for each dimension, as some of PyTorch's pools show their sizes."""
    return (value,) * dims if isinstance(value, int) else value


class _Pool(Module):
    """What calls the function of a pool's name."""

    _dims: int
    _name: str
    _shown: tuple[str, ...]

    def _function(self) -> Any:
        return getattr(F, f"{self._name}{self._dims}d")

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self._shown)


class _MaxPool(_Pool):
    _name, _shown = "max_pool", ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._function()(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip


class _AvgPool(_Pool):
    _name, _shown = "avg_pool", ("kernel_size", "stride", "padding")

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Any:
        return self._function()(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


class _LPPool(_Pool):
    _name, _shown = "lp_pool", ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(
        self, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride = norm_type, kernel_size, stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._function()(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class _AdaptiveMaxPool(_Pool):
    _name, _shown = "adaptive_max_pool", ("output_size",)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        return self._function()(input, self.output_size, self.return_indices)


class _AdaptiveAvgPool(_Pool):
    _name, _shown = "adaptive_avg_pool", ("output_size",)

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        return self._function()(input, self.output_size)


class _MaxUnpool(_Pool):
    _name, _shown = "max_unpool", ("kernel_size", "stride", "padding")

    def __init__(self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0) -> None:
        super().__init__()
        sizes = (kernel_size, kernel_size if stride is None else stride, padding)
        self.kernel_size, self.stride, self.padding = (_each(v, self._dims) for v in sizes)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Any:
        return self._function()(input, indices, self.kernel_size, self.stride, self.padding, output_size)


@_document
class MaxPool1d(_MaxPool):
    _dims = 1


@_document
class MaxPool2d(_MaxPool):
    _dims = 2


@_document
class MaxPool3d(_MaxPool):
    _dims = 3


@_document
class AvgPool1d(_AvgPool):
    _dims = 1

    def __init__(
        self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.kernel_size, self.stride, self.padding = (
            _each(v, 1) for v in (self.kernel_size, self.stride, self.padding)
        )

    def forward(self, input: Tensor) -> Any:
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


@_document
class AvgPool2d(_AvgPool):
    _dims = 2


@_document
class AvgPool3d(_AvgPool):
    _dims = 3


@_document
class LPPool1d(_LPPool):
    _dims = 1


@_document
class LPPool2d(_LPPool):
    _dims = 2


@_document
class LPPool3d(_LPPool):
    _dims = 3


@_document
class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    _dims = 1


@_document
class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    _dims = 2


@_document
class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    _dims = 3


@_document
class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    _dims = 1


@_document
class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    _dims = 2


@_document
class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    _dims = 3


@_document
class MaxUnpool1d(_MaxUnpool):
    _dims = 1


@_document
class MaxUnpool2d(_MaxUnpool):
    _dims = 2


@_document
class MaxUnpool3d(_MaxUnpool):
    _dims = 3
