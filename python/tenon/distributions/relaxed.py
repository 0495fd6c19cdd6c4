"""Relaxations of discrete distributions: samples between the values, through which gradients pass."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import one_of, parameters, scaled_uniform, within_unit
from tenon.distributions.bernoulli import Odds
from tenon.distributions.categorical import Categorical
from tenon.distributions.distribution import Distribution
from tenon.distributions.transformed_distribution import TransformedDistribution
from tenon.distributions.transforms import ExpTransform, SigmoidTransform

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["RelaxedBernoulli", "RelaxedOneHotCategorical"]


def _temperature(owner: str, value: Any, like: Tensor, validate_args: bool | None) -> Tensor:
    if isinstance(value, bool | int | float):
        value = _C.tensor(value, dtype=like.dtype, device=like.device)
    (t,) = parameters(owner, temperature=value)
    checked = Distribution._validate_args if validate_args is None else validate_args
    if checked and not (t > 0).all():
        raise ValueError(f"{owner}: the temperature must be positive; got {t.detach().tolist()}")
    return t


class LogitRelaxedBernoulli(Odds):
    """The logit of a RelaxedBernoulli variable."""

    arg_constraints: ClassVar[dict[str, Any]] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.real
    has_rsample = True
    temperature: Tensor

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name = one_of("RelaxedBernoulli", probs, logits)
        (param,) = parameters("RelaxedBernoulli", **{name: logits if probs is None else probs})
        self.__dict__[name] = param
        self.temperature = _temperature("RelaxedBernoulli", temperature, param, validate_args)
        super().__init__(param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(LogitRelaxedBernoulli, _instance, batch_shape)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = within_unit(scaled_uniform(self._extended_shape(sample_shape), self._param, generator))
        p = within_unit(self.probs)
        return (u.log() - (-u).log1p() + p.log() - (-p).log1p()) / self.temperature

    def log_prob(self, value: Any) -> Tensor:
        difference = self.logits - self._value(value, self._param) * self.temperature
        return self.temperature.log() + difference - 2 * _C.softplus(difference)


class _Relaxed(TransformedDistribution):
    """What is made of a relaxed variable, whose parameters it shows."""

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = type(self).__new__(type(self)) if _instance is None else _instance
        return super().expand(batch_shape, _instance=new)

    @property
    def temperature(self) -> Tensor:
        """The temperature."""
        return self._of_base("temperature")

    @property
    def logits(self) -> Tensor:
        """The logarithms of the odds, or of the probabilities."""
        return self._of_base("logits")

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._of_base("probs")

    def _of_base(self, name: str) -> Tensor:
        value: Tensor = getattr(self.base_dist, name)
        return value


class RelaxedBernoulli(_Relaxed):
    """A relaxed Bernoulli variable: between 0 and 1, the nearer to one of them the lower the temperature.

    C. J. Maddison, A. Mnih, Y. W. Teh, The Concrete Distribution, 2017.

    Parameters:
        temperature: A positive number or a tensor.
        probs: The probability of 1, a number or a tensor; None where logits is given.
        logits: log(probs / (1 - probs)); None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.RelaxedBernoulli(0.5, 0.25).log_prob(tenon.tensor([0.1, 0.9]))
    tensor([ 0.3285, -0.6931])
    """

    arg_constraints: ClassVar[dict[str, Any]] = LogitRelaxedBernoulli.arg_constraints
    support = constraints.unit_interval

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)


class ExpRelaxedCategorical(Distribution):
    """The logarithm of a RelaxedOneHotCategorical variable."""

    arg_constraints: ClassVar[dict[str, Any]] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.real_vector  # a part of it: their exponentials sum to 1
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        like = self._categorical._param
        self.temperature = _temperature("RelaxedOneHotCategorical", temperature, like, validate_args)
        super().__init__(self._categorical.batch_shape, like.shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(ExpRelaxedCategorical, _instance, batch_shape)
        new.temperature = self.temperature
        new._categorical = self._categorical.expand(batch_shape)
        return new

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        logits: Tensor = self._categorical.logits
        return logits

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        probs: Tensor = self._categorical.probs
        return probs

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self._categorical.param_shape

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        u = within_unit(scaled_uniform(self._extended_shape(sample_shape), self.logits, generator))
        return ((self.logits - (-u.log()).log()) / self.temperature).log_softmax(-1)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.logits)
        count = self._event_shape[0]
        score = (self.logits - value * self.temperature).log_softmax(-1).sum(-1)
        return score + (self.temperature.log() * (count - 1) + math.lgamma(count))


class RelaxedOneHotCategorical(_Relaxed):
    """A relaxed one-hot variable: shares, the nearer to a single 1 the lower the temperature.

    C. J. Maddison, A. Mnih, Y. W. Teh, The Concrete Distribution, 2017.

    Parameters:
        temperature: A positive number or a tensor.
        probs: The probabilities of classes along the last dimension; they are divided by their sum. None
            where logits is given.
        logits: Their logarithms, up to a constant. None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.RelaxedOneHotCategorical(0.5, tenon.tensor([0.25, 0.75]))
    >>> p.log_prob(tenon.tensor([0.1, 0.9]))
    tensor(0.3285)
    """

    arg_constraints: ClassVar[dict[str, Any]] = ExpRelaxedCategorical.arg_constraints
    support = constraints.simplex

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)
