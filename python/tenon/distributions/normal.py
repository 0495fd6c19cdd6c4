"""The normal distribution, and that of its exponential."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import normal_quantile, parameters
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["LogNormal", "Normal"]

_LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


class _Located(Distribution):
    """Distributions with loc and scale, whose samples are loc + scale times a standard one's."""

    arg_constraints: ClassVar[dict[str, Any]] = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = parameters(type(self).__name__, loc=loc, scale=scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(_Located, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc


class Normal(_Located):
    """The normal distribution.

    Parameters:
        loc: The mean, a number or a tensor.
        scale: The standard deviation, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.Normal(0.0, tenon.tensor([1.0, 2.0]))
    >>> p.log_prob(0.0)
    tensor([-0.9189, -1.6121])
    """

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale.square()

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _C.randn(shape, dtype=self.loc.dtype, device=self.loc.device, generator=generator)
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Tensor:
        z = (self._value(value, self.loc) - self.loc) / self.scale
        return -0.5 * z.square() - self.scale.log() - _LOG_ROOT_2PI

    def cdf(self, value: Any) -> Tensor:
        z = (self._value(value, self.loc) - self.loc) / self.scale
        return 0.5 * _C.erfc(z * -math.sqrt(0.5))

    def icdf(self, value: Any) -> Tensor:
        p = self._value(value, self.loc, constraints.unit_interval)
        return self.loc + self.scale * normal_quantile(p)

    def entropy(self) -> Tensor:
        return 0.5 + _LOG_ROOT_2PI + self.scale.log()


class LogNormal(_Located):
    """The distribution of e to a normal variable.

    Parameters:
        loc: The mean of the logarithm, a number or a tensor.
        scale: The standard deviation of the logarithm, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    support = constraints.positive  # type: ignore[assignment]

    def _logarithm(self) -> Normal:
        return Normal(self.loc, self.scale, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return (self.loc + 0.5 * self.scale.square()).exp()

    @property
    def mode(self) -> Tensor:
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        s2 = self.scale.square()
        return s2.expm1() * (2 * self.loc + s2).exp()

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return self._logarithm().rsample(sample_shape, generator=generator).exp()

    def log_prob(self, value: Any) -> Tensor:
        log = self._value(value, self.loc).log()
        return self._logarithm().log_prob(log) - log

    def cdf(self, value: Any) -> Tensor:
        return self._logarithm().cdf(self._value(value, self.loc).log())

    def icdf(self, value: Any) -> Tensor:
        return self._logarithm().icdf(self._value(value, self.loc, constraints.unit_interval)).exp()

    def entropy(self) -> Tensor:
        return self._logarithm().entropy() + self.loc
