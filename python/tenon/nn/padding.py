"""Borders as modules."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.functional._common import tuple_of
from tenon.nn.module import Module

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """A border around the last _dims dimensions."""

    _dims: int
    _mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = tuple_of(type(self).__name__, "padding", padding, 2 * self._dims)

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self._dims + 1, self._dims + 2):
            raise ValueError(
                f"{type(self).__name__}: input has {self._dims + 2} dimensions, or {self._dims + 1} "
                "without a batch; "
                f"got shape {input.shape}"
            )
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """A border of one value, around input of any number of dimensions."""

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    """A border of zeros."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class CircularPad1d(_Pad):
    """A border that continues with the elements of the other end, around (N, C, L) or (C, L).

    Parameters:
        padding: the width on all sides, or (left, right); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.CircularPad1d(1)(tenon.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 1., 2., 3., 1.]])
    """

    _dims = 1
    _mode = "circular"


class CircularPad2d(_Pad):
    """A border that continues with the elements of the other end, around (N, C, H, W) or (C, H, W).

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.CircularPad2d(1)(tenon.ones(1, 3, 3)).shape
    (1, 5, 5)
    """

    _dims = 2
    _mode = "circular"


class CircularPad3d(_Pad):
    """A border that continues with the elements of the other end, around (N, C, D, H, W) or (C, D, H, W).

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom, front, back); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.CircularPad3d(1)(tenon.ones(1, 3, 3, 3)).shape
    (1, 5, 5, 5)
    """

    _dims = 3
    _mode = "circular"


class ReflectionPad1d(_Pad):
    """A border that mirrors the elements next to the edge, around (N, C, L) or (C, L).

    Parameters:
        padding: the width on all sides, or (left, right); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.ReflectionPad1d(1)(tenon.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 1., 2., 3., 2.]])
    """

    _dims = 1
    _mode = "reflect"


class ReflectionPad2d(_Pad):
    """A border that mirrors the elements next to the edge, around (N, C, H, W) or (C, H, W).

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.ReflectionPad2d(1)(tenon.ones(1, 3, 3)).shape
    (1, 5, 5)
    """

    _dims = 2
    _mode = "reflect"


class ReflectionPad3d(_Pad):
    """A border that mirrors the elements next to the edge, around (N, C, D, H, W) or (C, D, H, W).

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom, front, back); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.ReflectionPad3d(1)(tenon.ones(1, 3, 3, 3)).shape
    (1, 5, 5, 5)
    """

    _dims = 3
    _mode = "reflect"


class ReplicationPad1d(_Pad):
    """A border that repeats the edge, around (N, C, L) or (C, L).

    Parameters:
        padding: the width on all sides, or (left, right); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.ReplicationPad1d(1)(tenon.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 1., 2., 3., 3.]])
    """

    _dims = 1
    _mode = "replicate"


class ReplicationPad2d(_Pad):
    """A border that repeats the edge, around (N, C, H, W) or (C, H, W).

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.ReplicationPad2d(1)(tenon.ones(1, 3, 3)).shape
    (1, 5, 5)
    """

    _dims = 2
    _mode = "replicate"


class ReplicationPad3d(_Pad):
    """A border that repeats the edge, around (N, C, D, H, W) or (C, D, H, W).

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom, front, back); negative ones cut off.

    ValueError for another number of widths, another number of dimensions and a border that is too wide.

    >>> tenon.nn.ReplicationPad3d(1)(tenon.ones(1, 3, 3, 3)).shape
    (1, 5, 5, 5)
    """

    _dims = 3
    _mode = "replicate"


class ConstantPad1d(_ConstantPad):
    """A border that holds one value, around the last dimension.

    Parameters:
        padding: the width on all sides, or (left, right); negative ones cut off.
        value: what the border holds.

    ValueError for another number of widths.

    >>> tenon.nn.ConstantPad1d(1, 2.0)(tenon.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 1., 2., 3., 2.]])
    """

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """A border that holds one value, around the last two dimensions.

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom); negative ones cut off.
        value: what the border holds.

    ValueError for another number of widths.

    >>> tenon.nn.ConstantPad2d(1, 2.0)(tenon.ones(1, 3, 3)).shape
    (1, 5, 5)
    """

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """A border that holds one value, around the last three dimensions.

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom, front, back); negative ones cut off.
        value: what the border holds.

    ValueError for another number of widths.

    >>> tenon.nn.ConstantPad3d(1, 2.0)(tenon.ones(1, 3, 3, 3)).shape
    (1, 5, 5, 5)
    """

    _dims = 3


class ZeroPad1d(_ZeroPad):
    """A border that holds zeros, around the last dimension.

    Parameters:
        padding: the width on all sides, or (left, right); negative ones cut off.

    ValueError for another number of widths.

    >>> tenon.nn.ZeroPad1d(1)(tenon.tensor([[1.0, 2.0, 3.0]]))
    tensor([[0., 1., 2., 3., 0.]])
    """

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """A border that holds zeros, around the last two dimensions.

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom); negative ones cut off.

    ValueError for another number of widths.

    >>> tenon.nn.ZeroPad2d(1)(tenon.ones(1, 3, 3)).shape
    (1, 5, 5)
    """

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """A border that holds zeros, around the last three dimensions.

    Parameters:
        padding: the width on all sides, or (left, right, top, bottom, front, back); negative ones cut off.

    ValueError for another number of widths.

    >>> tenon.nn.ZeroPad3d(1)(tenon.ones(1, 3, 3, 3)).shape
    (1, 5, 5, 5)
    """

    _dims = 3
