"""The Bernoulli distribution."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import (
    cross_entropy_with_logits,
    lazy_property,
    one_of,
    parameters,
    within_unit,
)
from tenon.distributions.distribution import ByProbsOrLogits

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Bernoulli"]


class Odds(ByProbsOrLogits):
    """What has the probability of a success, or its logit."""

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the odds."""
        p = within_unit(self.probs)
        return p.log() - (-p).log1p()

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self.logits.sigmoid()


class Bernoulli(Odds):
    """The distribution of 1 with probability probs, and 0 else.

    Parameters:
        probs: The probability of 1, a number or a tensor; None where logits is given.
        logits: log(probs / (1 - probs)); None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Bernoulli(0.25).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-0.2877, -1.3863])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name = one_of("Bernoulli", probs, logits)
        (param,) = parameters("Bernoulli", **{name: logits if probs is None else probs})
        self.__dict__[name] = param
        super().__init__(param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Bernoulli, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        p = self.probs.detach()
        return _C.where(p == 0.5, float("nan"), (p >= 0.5).to(p.dtype))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return _C.bernoulli(self.probs.expand(shape), generator=generator)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self._param).to(self._param.dtype)
        logits, value = _C.broadcast_tensors(self.logits, value)
        return -cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        return cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = _C.arange(2, dtype=self._param.dtype, device=self._param.device)
        return self._enumerated(values, expand)
