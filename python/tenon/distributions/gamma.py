"""Gamma variables and what is made of one: chi-squared and inverse gamma."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import parameters
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Chi2", "Gamma", "InverseGamma"]


def standard_gamma(concentration: Tensor, generator: Any) -> Tensor:
    """Gamma variables of rate 1, above 0, through which implicit gradients reach the concentration."""
    x = _C._standard_gamma(concentration, generator=generator)
    return x.clamp(min=finfo(x.dtype).tiny)


class Gamma(Distribution):
    """The gamma distribution, of a sum of waiting times where concentration is whole.

    Gradients of samples are implicit (Figurnov, Mohamed, Mnih, 2018).

    Parameters:
        concentration: The shape, which is positive; a number or a tensor.
        rate: 1 / the scale, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Gamma(2.0, 1.0).log_prob(tenon.tensor([1.0, 2.0]))
    tensor([-1.0000, -1.3069])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = parameters(
            type(self).__name__, concentration=concentration, rate=rate
        )
        super().__init__(self.concentration.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Gamma, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        x = standard_gamma(self.concentration.expand(shape), generator) / self.rate
        return x.clamp(min=finfo(x.dtype).tiny)

    def log_prob(self, value: Any) -> Tensor:
        value, c = self._value(value, self.rate), self.concentration
        return _C.xlogy(c, self.rate) + _C.xlogy(c - 1, value) - self.rate * value - _C.lgamma(c)

    def cdf(self, value: Any) -> Tensor:
        return _C.igamma(self.concentration, self.rate * self._value(value, self.rate))

    def entropy(self) -> Tensor:
        c = self.concentration
        return c - self.rate.log() + _C.lgamma(c) + (1 - c) * _C.digamma(c)


class Chi2(Gamma):
    """The distribution of the sum of df squared standard normal variables.

    Parameters:
        df: The degrees of freedom, which are positive; a number or a tensor.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Chi2(4.0).mean
    tensor(4.)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (df,) = parameters("Chi2", df=df)
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        shape = self._shape("expand", batch_shape)
        new = type(self).__new__(type(self)) if _instance is None else _instance
        new.concentration, new.rate = self.concentration.expand(shape), self.rate.expand(shape)
        return self._expanded(Chi2, new, shape)

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return 2 * self.concentration


class InverseGamma(Distribution):
    """The distribution of 1 / a gamma variable.

    Parameters:
        concentration: The shape of the gamma variable, which is positive; a number or a tensor.
        rate: Its rate, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.InverseGamma(3.0, 2.0).mean
    tensor(1.)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = parameters("InverseGamma", concentration=concentration, rate=rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(InverseGamma, _instance, batch_shape)

    def _inverse(self) -> Gamma:
        return Gamma(self.concentration, self.rate, validate_args=False)

    @property
    def mean(self) -> Tensor:
        c = self.concentration
        finite = c > 1
        return _C.where(finite, self.rate / _C.where(finite, c - 1, 1.0), float("inf"))

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        c = self.concentration
        finite = c > 2
        c = _C.where(finite, c, 3.0)
        return _C.where(finite, self.rate.square() / ((c - 1).square() * (c - 2)), float("inf"))

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return 1 / self._inverse().rsample(sample_shape, generator=generator)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.rate)
        return self._inverse().log_prob(1 / value) - 2 * value.log()

    def cdf(self, value: Any) -> Tensor:
        return _C.igammac(self.concentration, self.rate / self._value(value, self.rate))

    def entropy(self) -> Tensor:
        c = self.concentration
        return c + self.rate.log() + _C.lgamma(c) - (1 + c) * _C.digamma(c)
