"""The Cauchy distribution and the halves of symmetric ones."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import parameters, scaled_uniform
from tenon.distributions.distribution import Distribution
from tenon.distributions.normal import Normal, _Located

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Cauchy", "HalfCauchy", "HalfNormal"]


class Cauchy(_Located):
    """The Cauchy distribution, whose tails are so heavy that it has no mean.

    Parameters:
        loc: The median, a number or a tensor.
        scale: Half of the distance between the quartiles, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Cauchy(0.0, 1.0).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-1.1447, -1.8379])
    """

    @property
    def mean(self) -> Tensor:
        return _C.full_like(self.loc, math.nan)

    @property
    def variance(self) -> Tensor:
        return _C.full_like(self.loc, math.inf)

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = scaled_uniform(self._extended_shape(sample_shape), self.loc, generator)
        # 0 itself would be infinitely far
        return self.loc + self.scale * (math.pi * (u.clamp(min=finfo(u.dtype).eps / 4) - 0.5)).tan()

    def log_prob(self, value: Any) -> Tensor:
        z = (self._value(value, self.loc) - self.loc) / self.scale
        return -math.log(math.pi) - self.scale.log() - z.square().log1p()

    def cdf(self, value: Any) -> Tensor:
        return ((self._value(value, self.loc) - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Any) -> Tensor:
        p = self._value(value, self.loc, constraints.unit_interval)
        return (math.pi * (p - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Tensor:
        return math.log(4 * math.pi) + self.scale.log()


class _Half(Distribution):
    """The absolute values of what is symmetric around 0."""

    arg_constraints: ClassVar[dict[str, Any]] = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    scale: Tensor

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = parameters(type(self).__name__, scale=scale)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def _whole(self) -> Any:
        raise NotImplementedError

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(_Half, _instance, batch_shape)

    @property
    def mode(self) -> Tensor:
        return _C.zeros_like(self.scale)

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        drawn: Tensor = self._whole().rsample(sample_shape, generator=generator)
        return drawn.abs()

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.scale)
        return _C.where(value >= 0, self._whole().log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Any) -> Tensor:
        p: Tensor = self._whole().cdf(self._value(value, self.scale))
        return 2 * p - 1

    def icdf(self, value: Any) -> Tensor:
        p = self._value(value, self.scale, constraints.unit_interval)
        x: Tensor = self._whole().icdf((p + 1) / 2)
        return x

    def entropy(self) -> Tensor:
        h: Tensor = self._whole().entropy()
        return h - math.log(2)


class HalfCauchy(_Half):
    """The distribution of the absolute value of a Cauchy variable around 0.

    Parameters:
        scale: Its scale, which is positive; a number or a tensor.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.HalfCauchy(1.0).cdf(1.0)
    tensor(0.5000)
    """

    def _whole(self) -> Cauchy:
        return Cauchy(_C.zeros_like(self.scale), self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return _C.full_like(self.scale, math.inf)

    @property
    def variance(self) -> Tensor:
        return _C.full_like(self.scale, math.inf)


class HalfNormal(_Half):
    """The distribution of the absolute value of a normal variable around 0.

    Parameters:
        scale: Its standard deviation, which is positive; a number or a tensor.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    def _whole(self) -> Normal:
        return Normal(_C.zeros_like(self.scale), self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (1 - 2 / math.pi)
