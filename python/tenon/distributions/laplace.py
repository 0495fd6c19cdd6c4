"""The Laplace distribution."""

from __future__ import annotations

import math

from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import scaled_uniform
from tenon.distributions.normal import _Located

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Laplace"]


class Laplace(_Located):
    """The Laplace distribution, whose density falls as e^(-|x - loc| / scale).

    Parameters:
        loc: The mean, a number or a tensor.
        scale: The mean distance from it, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Laplace(0.0, 1.0).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-0.6931, -1.6931])
    """

    @property
    def stddev(self) -> Tensor:
        return self.scale * math.sqrt(2)

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale.square()

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = scaled_uniform(self._extended_shape(sample_shape), self.loc, generator) - 0.5
        below_half = 0.5 - finfo(u.dtype).eps / 4  # 1/2 itself would be infinitely far
        return self.loc - self.scale * u.sign() * (-2 * u.abs().clamp(max=below_half)).log1p()

    def log_prob(self, value: Any) -> Tensor:
        return -(self._value(value, self.loc) - self.loc).abs() / self.scale - (2 * self.scale).log()

    def cdf(self, value: Any) -> Tensor:
        d = self._value(value, self.loc) - self.loc
        return 0.5 - 0.5 * d.sign() * (-d.abs() / self.scale).expm1()

    def icdf(self, value: Any) -> Tensor:
        off = self._value(value, self.loc, constraints.unit_interval) - 0.5
        return self.loc - self.scale * off.sign() * (-2 * off.abs()).log1p()

    def entropy(self) -> Tensor:
        return 1 + (2 * self.scale).log()
