"""The uniform distribution."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import parameters, scaled_uniform
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Uniform"]


class Uniform(Distribution):
    """The uniform distribution over [low, high).

    Parameters:
        low: The lower bound, a number or a tensor.
        high: The upper bound, above low; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Uniform(0.0, 2.0).log_prob(tenon.tensor([0.0, 1.0, 2.0]))
    tensor([-0.6931, -0.6931,    -inf])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "low": constraints.dependent(is_discrete=False, event_dim=0),
        "high": constraints.dependent(is_discrete=False, event_dim=0),
    }
    has_rsample = True
    low: Tensor
    high: Tensor

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = parameters("Uniform", low=low, high=high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args:
            self._check("high", self.high, constraints.greater_than(self.low))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Uniform, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Tensor:
        return float("nan") * self.high

    @property
    def stddev(self) -> Tensor:
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low).square() / 12

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = scaled_uniform(self._extended_shape(sample_shape), self.low, generator)
        return self.low + u * (self.high - self.low)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.low)
        within = (self.low <= value) & (value < self.high)
        return _C.where(within, -(self.high - self.low).log(), float("-inf"))

    def cdf(self, value: Any) -> Tensor:
        return ((self._value(value, self.low) - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Any) -> Tensor:
        p = self._value(value, self.low, constraints.unit_interval)
        return self.low + p * (self.high - self.low)

    def entropy(self) -> Tensor:
        return (self.high - self.low).log()
