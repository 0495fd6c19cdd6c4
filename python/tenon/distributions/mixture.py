"""Mixtures of distributions of one kind."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions.categorical import Categorical
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A mixture: a component is drawn, and a value of it.

    Parameters:
        mixture_distribution: A Categorical of the components.
        component_distribution: A distribution whose last batch dimension are the components.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> D = tenon.distributions
    >>> p = D.MixtureSameFamily(D.Categorical(tenon.ones(2)), D.Normal(tenon.tensor([-1.0, 3.0]), 1.0))
    >>> p.mean
    tensor(1.)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            got = type(mixture_distribution).__name__
            raise ValueError(f"MixtureSameFamily: mixture_distribution must be a Categorical; got {got}")
        if not isinstance(component_distribution, Distribution):
            got = type(component_distribution).__name__
            raise ValueError(f"MixtureSameFamily: component_distribution must be a Distribution; got {got}")
        batch, classes = component_distribution.batch_shape, mixture_distribution.logits.shape[-1]
        if not batch or batch[-1] != classes:
            raise ValueError(
                f"MixtureSameFamily: the last dimension of the components' batch {batch} must be the "
                f"{classes} "
                "of the mixture"
            )
        _C.broadcast_shapes(mixture_distribution.batch_shape, batch[:-1])
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        super().__init__(batch[:-1], component_distribution.event_shape, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(MixtureSameFamily, _instance, batch_shape)
        shape = new._batch_shape
        classes = self._mixture_distribution.logits.shape[-1]
        new._mixture_distribution = self._mixture_distribution.expand(shape)
        new._component_distribution = self._component_distribution.expand((*shape, classes))
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        """The components'."""
        return self._component_distribution.support

    @property
    def mixture_distribution(self) -> Categorical:
        """The distribution of the components."""
        chosen: Categorical = self._mixture_distribution
        return chosen

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    def _shares(self) -> Tensor:
        probs = self._mixture_distribution.probs
        return probs.reshape((*probs.shape, *[1] * len(self._event_shape)))

    def _over(self, t: Tensor) -> Tensor:
        """The mean over the components."""
        return (self._shares() * t).sum(-1 - len(self._event_shape))

    @property
    def mean(self) -> Tensor:
        return self._over(self._component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        centres = self._component_distribution.mean
        apart = (centres - self.mean.unsqueeze(-1 - len(self._event_shape))).square()
        return self._over(self._component_distribution.variance + apart)

    def _padded(self, value: Any) -> Tensor:
        like = self._component_distribution.mean
        return self._value(value, like).unsqueeze(-1 - len(self._event_shape))

    def log_prob(self, value: Any) -> Tensor:
        weights = self._mixture_distribution.logits.log_softmax(-1)
        return (self._component_distribution.log_prob(self._padded(value)) + weights).logsumexp(-1)

    def cdf(self, value: Any) -> Tensor:
        parts: Tensor = self._component_distribution.cdf(self._padded(value))
        return (parts * self._mixture_distribution.probs).sum(-1)

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            shape, events = self._shape("sample", sample_shape), len(self._event_shape)
            chosen = self._mixture_distribution.expand(self._batch_shape).sample(shape, generator=generator)
            drawn = self._component_distribution.sample(shape, generator=generator)
            at = chosen.reshape((*chosen.shape, *[1] * (events + 1)))
            at = at.expand((*chosen.shape, 1, *self._event_shape))
            return _C.gather(drawn, -1 - events, at).squeeze(-1 - events)

    def __repr__(self) -> str:
        return f"MixtureSameFamily({self._mixture_distribution!r}, {self._component_distribution!r})"
