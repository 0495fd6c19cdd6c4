"""Distributions of counts: Poisson, geometric, binomial and negative binomial."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import (
    cross_entropy_with_logits,
    one_of,
    parameters,
    scaled_uniform,
)
from tenon.distributions.bernoulli import Odds
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Binomial", "Geometric", "NegativeBinomial", "Poisson"]


class Poisson(Distribution):
    """The Poisson distribution, of the number of events of which none hinders another.

    Parameters:
        rate: The mean, which is not negative; a number or a tensor.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Poisson(2.0).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-2.0000, -1.3069])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = parameters("Poisson", rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Poisson, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            return _C.poisson(self.rate.expand(self._extended_shape(sample_shape)), generator=generator)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.rate)
        return _C.xlogy(value, self.rate) - self.rate - _C.lgamma(value + 1)


class Geometric(Odds):
    """The distribution of the number of failures before the first success.

    Parameters:
        probs: The probability of a success, above 0; a number or a tensor; None where logits is given.
        logits: log(probs / (1 - probs)); None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Geometric(0.25).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-1.3863, -1.6740])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name = one_of("Geometric", probs, logits)
        (param,) = parameters("Geometric", **{name: logits if probs is None else probs})
        self.__dict__[name] = param
        super().__init__(param.shape, validate_args=validate_args)
        if self._validate_args and name == "probs":
            self._check("probs", param, constraints.positive)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Geometric, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return 1 / self.probs - 1

    @property
    def mode(self) -> Tensor:
        return _C.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            u = scaled_uniform(self._extended_shape(sample_shape), self.probs, generator)
            u = u.clamp(min=finfo(u.dtype).tiny)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Any) -> Tensor:
        value, probs = _C.broadcast_tensors(self._value(value, self._param), self.probs)
        certain = (probs == 1) & (value == 0)
        return value * (-_C.where(certain, 0.0, probs)).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        return cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs


class Binomial(Odds):
    """The distribution of the number of successes in total_count trials.

    Parameters:
        total_count: The number of trials, an int or a tensor.
        probs: The probability of a success, a number or a tensor; None where logits is given.
        logits: log(probs / (1 - probs)); None where probs is given. It broadcasts with total_count.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Binomial(2, 0.5).log_prob(tenon.tensor([0.0, 1.0])).exp()
    tensor([0.2500, 0.5000])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True
    total_count: Tensor

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name = one_of("Binomial", probs, logits)
        given = {name: logits if probs is None else probs, "total_count": total_count}
        self.__dict__[name], count = parameters("Binomial", **given)
        self.total_count = count.to(self.__dict__[name].dtype)
        super().__init__(count.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Binomial, _instance, batch_shape)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return _C.minimum(((self.total_count + 1) * self.probs).floor(), self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return _C.binomial(self.total_count.expand(shape), self.probs.expand(shape), generator=generator)

    def log_prob(self, value: Any) -> Tensor:
        value, n = self._value(value, self._param), self.total_count
        ways = _C.lgamma(n + 1) - _C.lgamma(value + 1) - _C.lgamma(n - value + 1)
        # value * log p + (n - value) * log (1 - p), without infinities that cancel
        return ways + value * self.logits - n * _C.softplus(self.logits)

    def entropy(self) -> Tensor:
        logs = self.log_prob(self.enumerate_support(False))
        return -(logs.exp() * logs).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        most = int(self.total_count.max())
        if (self.total_count != most).any():
            raise NotImplementedError("Binomial: the values of different total_count cannot be enumerated")
        values = _C.arange(1 + most, dtype=self._param.dtype, device=self._param.device)
        return self._enumerated(values, expand)


class NegativeBinomial(Odds):
    """The distribution of the number of successes before total_count failures.

    Parameters:
        total_count: The number of failures, which is not negative and need not be whole.
        probs: The probability of a success, below 1; None where logits is given.
        logits: log(probs / (1 - probs)); None where probs is given. It broadcasts with total_count.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.NegativeBinomial(3.0, 0.5).mean
    tensor(3.)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    total_count: Tensor

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name = one_of("NegativeBinomial", probs, logits)
        given = {name: logits if probs is None else probs, "total_count": total_count}
        self.__dict__[name], count = parameters("NegativeBinomial", **given)
        self.total_count = count.to(self.__dict__[name].dtype)
        super().__init__(count.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(NegativeBinomial, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        """A Poisson variable whose rate is a gamma one."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            n = self.total_count.expand(shape)
            rate = _C._standard_gamma(_C.where(n == 0, 1.0, n), generator=generator) * self.logits.exp()
            return _C.poisson(_C.where(n == 0, 0.0, rate), generator=generator)

    def log_prob(self, value: Any) -> Tensor:
        value, n = self._value(value, self._param), self.total_count
        shares = n * _C.log_sigmoid(-self.logits) + value * _C.log_sigmoid(self.logits)
        ways = _C.lgamma(n + value) - _C.lgamma(1 + value) - _C.lgamma(n)
        return shares + _C.where(n + value == 0, 0.0, ways)
