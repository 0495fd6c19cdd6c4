"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import (
    cross_entropy_with_logits,
    one_of,
    parameters,
    scaled_uniform,
    within_unit,
)
from tenon.distributions.bernoulli import Odds

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Odds):
    """The distribution on the unit interval whose density is proportional to probs^x (1 - probs)^(1 - x).

    See Loaiza-Ganem and Cunningham, "The continuous Bernoulli" (2019). Near 1/2 its formulas are 0 / 0, and
    their Taylor series is taken.

    Parameters:
        probs: The base of the density, a number or a tensor; None where logits is given.
        logits: log(probs / (1 - probs)); None where probs is given.
        lims: Between which probs the series are taken.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.ContinuousBernoulli(0.5).mean
    tensor(0.5000)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        name = one_of("ContinuousBernoulli", probs, logits)
        (param,) = parameters("ContinuousBernoulli", **{name: logits if probs is None else probs})
        super().__init__(param.shape, validate_args=False)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check(name, param, self.arg_constraints[name])
        self.__dict__[name] = within_unit(param) if name == "probs" else param
        self._lims = lims

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(ContinuousBernoulli, _instance, batch_shape)
        new._lims = self._lims
        return new

    def _apart(self) -> tuple[Tensor, Tensor]:
        """Where probs are away from 1/2, and probs that are everywhere."""
        outside = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        return outside, _C.where(outside, self.probs, self._lims[0])

    def _log_norm(self) -> Tensor:
        outside, p = self._apart()
        odds = (-p).log1p() - p.log()
        far = odds.abs().log() - (1 - 2 * p).abs().log()
        x = (self.probs - 0.5).square()
        return _C.where(outside, far, math.log(2) + (4 / 3 + 104 / 45 * x) * x)

    @property
    def mean(self) -> Tensor:
        outside, p = self._apart()
        x = self.probs - 0.5
        far = p / (2 * p - 1) + 1 / ((-p).log1p() - p.log())
        return _C.where(outside, far, 0.5 + (1 / 3 + 16 / 45 * x.square()) * x)

    @property
    def variance(self) -> Tensor:
        outside, p = self._apart()
        x = (self.probs - 0.5).square()
        far = p * (p - 1) / (1 - 2 * p).square() + 1 / ((-p).log1p() - p.log()).square()
        return _C.where(outside, far, 1 / 12 - (1 / 15 - 128 / 945 * x) * x)

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return self._quantile(scaled_uniform(self._extended_shape(sample_shape), self.probs, generator))

    def log_prob(self, value: Any) -> Tensor:
        logits, value = _C.broadcast_tensors(self.logits, self._value(value, self._param))
        return -cross_entropy_with_logits(logits, value, reduction="none") + self._log_norm()

    def cdf(self, value: Any) -> Tensor:
        value = self._value(value, self._param)
        outside, p = self._apart()
        far = (p**value * (1 - p) ** (1 - value) + p - 1) / (2 * p - 1)
        inside = _C.where(outside, far, value)
        return _C.where(value <= 0, 0.0, _C.where(value >= 1, 1.0, inside))

    def icdf(self, value: Any) -> Tensor:
        return self._quantile(self._value(value, self._param, constraints.unit_interval))

    def _quantile(self, value: Tensor) -> Tensor:
        outside, p = self._apart()
        rest = (-p).log1p()
        far = ((value * (2 * p - 1) - p).log1p() - rest) / (p.log() - rest)
        return _C.where(outside, far, value)

    def entropy(self) -> Tensor:
        rest = (-self.probs).log1p()
        return self.mean * (rest - self.probs.log()) - self._log_norm() - rest
