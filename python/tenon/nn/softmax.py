"""Softmax and its kin as modules."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.module import Module

__all__ = ["LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class Softmax(Module):
    """exp(input) divided by its sum along dim.

    Parameters:
        dim: the dimension along which the values add up to 1. None, which warns, for 0 or 1 by the
            input's shape.

    >>> tenon.nn.Softmax(dim=-1)(tenon.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Softmax):
    """Softmax of -input.

    Parameters:
        dim: the dimension along which the values add up to 1. None, which warns, for 0 or 1 by the
            input's shape.

    >>> tenon.nn.Softmin(dim=-1)(tenon.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)


class LogSoftmax(Softmax):
    """The logarithm of Softmax, without its loss of digits.

    Parameters:
        dim: the dimension along which the values add up to 1. None, which warns, for 0 or 1 by the
            input's shape.

    >>> tenon.nn.LogSoftmax(dim=-1)(tenon.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)


class Softmax2d(Module):
    """Softmax over the channels of each pixel of (N, C, H, W) or (C, H, W).

    ValueError for another number of dimensions.

    >>> tenon.nn.Softmax2d()(tenon.zeros(2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: input has shape (N, C, H, W) or (C, H, W); got {input.shape}")
        return F.softmax(input, -3)
