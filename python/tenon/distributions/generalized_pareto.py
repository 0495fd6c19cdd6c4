"""The generalized Pareto distribution, of what exceeds a high threshold."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import parameters
from tenon.distributions.extremes import _ByQuantile

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(_ByQuantile):
    """The generalized Pareto distribution.

    Parameters:
        loc: The smallest value, a number or a tensor.
        scale: The scale, which is positive.
        concentration: The shape: 0 is an exponential variable, negative ones have a largest value. The
            parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.GeneralizedPareto(0.0, 1.0, 0.5).log_prob(tenon.tensor([1.0, 2.0]))
    tensor([-1.2164, -2.0794])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale, self.concentration = parameters(
            "GeneralizedPareto", loc=loc, scale=scale, concentration=concentration
        )
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(GeneralizedPareto, _instance, batch_shape)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        c = self.concentration
        end = self.loc - self.scale / _C.where(c < 0, c, -1.0)
        return constraints.interval(self.loc, _C.where(c < 0, end, math.inf))

    def _shape_or_one(self) -> tuple[Tensor, Tensor]:
        """Where the concentration is 0, and one to divide by."""
        zero = self.concentration == 0
        return zero, _C.where(zero, 1.0, self.concentration)

    @property
    def mean(self) -> Tensor:
        c = self.concentration
        there = c < 1
        return _C.where(there, self.loc + self.scale / (1 - _C.where(there, c, 0.0)), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        there = self.concentration < 0.5
        c = _C.where(there, self.concentration, 0.0)
        return _C.where(there, self.scale.square() / ((1 - c).square() * (1 - 2 * c)), math.nan)

    def _quantile(self, p: Tensor) -> Tensor:
        zero, c = self._shape_or_one()
        rest = (-p).log1p()
        return self.loc + self.scale * _C.where(zero, -rest, (-c * rest).expm1() / c)

    def _distance(self, value: Any) -> Tensor:
        return (self._value(value, self.loc) - self.loc) / self.scale

    def log_prob(self, value: Any) -> Tensor:
        zero, c = self._shape_or_one()
        z, power = self._distance(value), 1 / c + 1
        # That of -1 is uniform, at its end, too.
        inner = _C.where(zero, 0.0, c) * z
        log = _C.where((power == 0) & (inner <= -1), 0.0, inner).log1p()
        return -self.scale.log() - _C.where(zero, z, power * log)

    def log_survival_function(self, value: Any) -> Tensor:
        """The logarithm of the probability of more than value."""
        zero, c = self._shape_or_one()
        z = self._distance(value)
        return -_C.where(zero, z, (_C.where(zero, 0.0, c) * z).log1p() / c)

    def cdf(self, value: Any) -> Tensor:
        return -self.log_survival_function(value).expm1()

    def log_cdf(self, value: Any) -> Tensor:
        """The logarithm of the probability of at most value."""
        return self.cdf(value).log()

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
