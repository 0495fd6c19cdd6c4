"""The categorical distribution, by index and one-hot."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import lazy_property, one_of, parameters, within_unit
from tenon.distributions.distribution import ByProbsOrLogits

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Categorical", "OneHotCategorical", "OneHotCategoricalStraightThrough"]


class _Classes(ByProbsOrLogits):
    """Probabilities along the last dimension; subclasses say what a sample is."""

    arg_constraints: ClassVar[dict[str, Any]] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_enumerate_support = True

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        owner = type(self).__name__
        name = one_of(owner, probs, logits)
        (param,) = parameters(owner, **{name: logits if probs is None else probs})
        if param.ndim < 1 or param.shape[-1] == 0:
            raise ValueError(
                f"{owner}: {name} has its classes along the last dimension; got shape {tuple(param.shape)}"
            )
        if probs is not None:
            # Those that do not sum to a positive number are NaN then, and refused.
            self.__dict__["probs"] = param / param.sum(-1, keepdim=True)
        else:
            self.__dict__["logits"] = param - param.logsumexp(-1, keepdim=True)
        self._num_events = param.shape[-1]
        super().__init__(param.shape[:-1], self._event(), validate_args=validate_args)

    def _event(self) -> tuple[int, ...]:
        return ()

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(_Classes, _instance, batch_shape, {"probs": 1, "logits": 1})
        new._num_events = self._num_events
        return new

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return within_unit(self.probs).log()

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self.logits.softmax(-1)

    def _indices(self, sample_shape: Any, generator: Any) -> Tensor:
        """Samples of classes, of shape sample_shape + batch_shape."""
        shape = self._shape("sample", sample_shape)
        count = 1
        for n in shape:
            count *= n
        rows = self.probs.detach().reshape(-1, self._num_events)
        if count == 0 or rows.shape[0] == 0:
            return _C.zeros(shape + self._batch_shape, dtype=_C.int64, device=rows.device)
        drawn = _C.multinomial(rows, count, True, generator=generator)
        return drawn.T.reshape(shape + self._batch_shape)

    def _log_prob_of(self, index: Tensor) -> Tensor:
        index, logits = _C.broadcast_tensors(index.to(_C.int64).unsqueeze(-1), self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        # A class of probability 0 adds nothing.
        return -(self.logits.clamp(finfo(self.logits.dtype).min) * self.probs).sum(-1)


class Categorical(_Classes):
    """The distribution of the index of a class.

    Parameters:
        probs: The probabilities of classes along the last dimension, not negative; they are divided by their
            sum. None where logits is given.
        logits: Their logarithms, up to a constant. None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.Categorical(probs=tenon.tensor([1.0, 3.0]))
    >>> p.log_prob(1), p.probs
    (tensor(-0.2877), tensor([0.2500, 0.7500]))
    """

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        return _C.full(self._batch_shape, float("nan"), dtype=self.probs.dtype, device=self.probs.device)

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        return self.mean

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return self._indices(sample_shape, generator)

    def log_prob(self, value: Any) -> Tensor:
        return self._log_prob_of(self._value(value, self._param))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return self._enumerated(_C.arange(self._num_events, device=self._param.device), expand)


class OneHotCategorical(_Classes):
    """The distribution of a class as a vector that is 1 in its place and 0 elsewhere.

    Parameters:
        probs: The probabilities of classes along the last dimension, not negative; they are divided by their
            sum. None where logits is given.
        logits: Their logarithms, up to a constant. None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.OneHotCategorical(tenon.tensor([1.0, 3.0]))
    >>> p.log_prob(tenon.tensor([0.0, 1.0]))
    tensor(-0.2877)
    """

    support = constraints.one_hot

    def _event(self) -> tuple[int, ...]:
        return (self._num_events,)

    def _one_hot(self, index: Tensor) -> Tensor:
        classes = _C.arange(self._num_events, device=index.device)
        return (index.unsqueeze(-1) == classes).to(self.probs.dtype)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return self._one_hot(self.probs.argmax(-1))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            return self._one_hot(self._indices(sample_shape, generator))

    def log_prob(self, value: Any) -> Tensor:
        return self._log_prob_of(self._value(value, self._param).argmax(-1))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = _C.eye(self._num_events, dtype=self._param.dtype, device=self._param.device)
        return self._enumerated(values, expand)


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """OneHotCategorical whose samples have the gradient of the probabilities (Bengio et al., 2013).

    Parameters:
        probs, logits, validate_args: As of OneHotCategorical.

    >>> w = tenon.zeros(2, requires_grad=True)
    >>> p = tenon.distributions.OneHotCategoricalStraightThrough(logits=w)
    >>> p.rsample()[0].backward()
    >>> w.grad
    tensor([ 0.2500, -0.2500])
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return self.sample(sample_shape, generator=generator) + (self.probs - self.probs.detach())
