"""Distributions of extremes and of what has a power of its scale: Gumbel, Weibull, Pareto, Kumaraswamy."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import parameters, scaled_uniform
from tenon.distributions.distribution import Distribution
from tenon.distributions.normal import _Located

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Gumbel", "Kumaraswamy", "Pareto", "Weibull"]

_EULER = 0.57721566490153286060


class _ByQuantile(Distribution):
    """What is sampled as the quantile of a uniform number."""

    has_rsample = True

    def _quantile(self, p: Tensor) -> Tensor:
        """Where the distribution has p below."""
        raise NotImplementedError

    @property
    def _like(self) -> Tensor:
        parameter: Tensor = self.__dict__[next(iter(self.arg_constraints))]
        return parameter

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = scaled_uniform(self._extended_shape(sample_shape), self._like, generator)
        eps = finfo(u.dtype).eps
        return self._quantile(u.clamp(eps / 4, 1 - eps / 2))  # the ends would be infinitely far

    def icdf(self, value: Any) -> Tensor:
        return self._quantile(self._value(value, self._like, constraints.unit_interval))


class Gumbel(_ByQuantile, _Located):
    """The Gumbel distribution, of the largest of many variables with light tails.

    Parameters:
        loc: The mode, a number or a tensor.
        scale: The scale, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Gumbel(0.0, 1.0).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-1.0000, -1.3679])
    """

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * _EULER

    @property
    def stddev(self) -> Tensor:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.square()

    def _quantile(self, p: Tensor) -> Tensor:
        return self.loc - self.scale * (-p.log()).log()

    def log_prob(self, value: Any) -> Tensor:
        y = (self.loc - self._value(value, self.loc)) / self.scale
        return y - y.exp() - self.scale.log()

    def cdf(self, value: Any) -> Tensor:
        return (-((self.loc - self._value(value, self.loc)) / self.scale).exp()).exp()

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + _EULER)


class Weibull(_ByQuantile):
    """The Weibull distribution, of times until something breaks.

    Parameters:
        scale: The scale, which is positive; a number or a tensor.
        concentration: The power, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Weibull(1.0, 2.0).log_prob(1.0)
    tensor(-0.3069)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive
    scale: Tensor
    concentration: Tensor

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = parameters("Weibull", scale=scale, concentration=concentration)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Weibull, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.scale * _C.lgamma(1 + 1 / self.concentration).exp()

    @property
    def mode(self) -> Tensor:
        c = self.concentration
        return self.scale * ((c - 1) / c) ** (1 / c)

    @property
    def variance(self) -> Tensor:
        c = self.concentration
        second, first = _C.lgamma(1 + 2 / c).exp(), (2 * _C.lgamma(1 + 1 / c)).exp()
        return self.scale.square() * (second - first)

    def _quantile(self, p: Tensor) -> Tensor:
        return self.scale * (-(-p).log1p()) ** (1 / self.concentration)

    def log_prob(self, value: Any) -> Tensor:
        z, c = self._value(value, self.scale) / self.scale, self.concentration
        return (c / self.scale).log() + (c - 1) * z.log() - z**c

    def cdf(self, value: Any) -> Tensor:
        return -(-((self._value(value, self.scale) / self.scale) ** self.concentration)).expm1()

    def entropy(self) -> Tensor:
        c = self.concentration
        return _EULER * (1 - 1 / c) + (self.scale / c).log() + 1


class Pareto(_ByQuantile):
    """The Pareto distribution, whose tail falls as a power.

    Parameters:
        scale: The least value, which is positive; a number or a tensor.
        alpha: The power, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Pareto(1.0, 3.0).mean
    tensor(1.5000)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "scale": constraints.positive,
        "alpha": constraints.positive,
    }
    scale: Tensor
    alpha: Tensor

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = parameters("Pareto", scale=scale, alpha=alpha)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Pareto, _instance, batch_shape)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Tensor:
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        a = self.alpha.clamp(min=2)
        return self.scale.square() * a / ((a - 1).square() * (a - 2))

    def _quantile(self, p: Tensor) -> Tensor:
        return self.scale * (-(-p).log1p() / self.alpha).exp()

    def log_prob(self, value: Any) -> Tensor:
        value, a = self._value(value, self.scale), self.alpha
        return a.log() + a * self.scale.log() - (a + 1) * value.log()

    def cdf(self, value: Any) -> Tensor:
        return -(self.alpha * (self.scale / self._value(value, self.scale)).log()).expm1()

    def entropy(self) -> Tensor:
        return (self.scale / self.alpha).log() + 1 + 1 / self.alpha


class Kumaraswamy(_ByQuantile):
    """Kumaraswamy's distribution on the unit interval, much like beta with a simple quantile.

    Parameters:
        concentration1: The power of the value, which is positive; a number or a tensor.
        concentration0: The power of what is left, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Kumaraswamy(1.0, 1.0).mean
    tensor(0.5000)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    concentration1: Tensor
    concentration0: Tensor

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = parameters(
            "Kumaraswamy", concentration1=concentration1, concentration0=concentration0
        )
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Kumaraswamy, _instance, batch_shape)

    def _moment(self, n: int) -> Tensor:
        """The mean of the n-th power."""
        a, b = 1 + n / self.concentration1, self.concentration0
        return b * (_C.lgamma(a) + _C.lgamma(b) - _C.lgamma(a + b)).exp()

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return _C.where((a < 1) | (b < 1), math.nan, ((a - 1) / (a * b - 1)) ** (1 / a))

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self.mean.square()

    def _quantile(self, p: Tensor) -> Tensor:
        return (-((-p).log1p() / self.concentration0).expm1()) ** (1 / self.concentration1)

    def log_prob(self, value: Any) -> Tensor:
        value, a, b = self._value(value, self._like), self.concentration1, self.concentration0
        return a.log() + b.log() + _C.xlogy(a - 1, value) + (b - 1) * (-(value**a)).log1p()

    def cdf(self, value: Any) -> Tensor:
        rest = (-(self._value(value, self._like) ** self.concentration1)).log1p()
        return -(self.concentration0 * rest).expm1()

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return (1 - 1 / b) + (1 - 1 / a) * (_C.digamma(b + 1) + _EULER) - a.log() - b.log()
