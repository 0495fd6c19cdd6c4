"""The exponential distribution."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import parameters, scaled_uniform
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Exponential"]


class Exponential(Distribution):
    """The exponential distribution.

    Parameters:
        rate: 1 / the mean, which is positive; a number or a tensor.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Exponential(2.0).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([ 0.6931, -1.3069])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = parameters("Exponential", rate=rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Exponential, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return 1 / self.rate

    @property
    def mode(self) -> Tensor:
        return _C.zeros_like(self.rate)

    @property
    def stddev(self) -> Tensor:
        return 1 / self.rate

    @property
    def variance(self) -> Tensor:
        return self.rate**-2

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = scaled_uniform(self._extended_shape(sample_shape), self.rate, generator)
        return -(-u).log1p() / self.rate

    def log_prob(self, value: Any) -> Tensor:
        return self.rate.log() - self.rate * self._value(value, self.rate)

    def cdf(self, value: Any) -> Tensor:
        return -(-self.rate * self._value(value, self.rate)).expm1()

    def icdf(self, value: Any) -> Tensor:
        return -(-self._value(value, self.rate, constraints.unit_interval)).log1p() / self.rate

    def entropy(self) -> Tensor:
        return 1 - self.rate.log()
