"""The multinomial distribution."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions.categorical import _Classes

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Multinomial"]


class Multinomial(_Classes):
    """The distribution of how often each class comes in a number of draws.

    Parameters:
        total_count: The number of draws, an int.
        probs: The probabilities of classes along the last dimension, not negative; they are divided by their
            sum. None where logits is given.
        logits: Their logarithms, up to a constant. None where probs is given.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.Multinomial(2, tenon.tensor([1.0, 1.0]))
    >>> p.log_prob(tenon.tensor([[2.0, 0.0], [1.0, 1.0]])).exp()
    tensor([0.2500, 0.5000])
    """

    has_enumerate_support = False

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        try:
            self.total_count = operator.index(total_count)
        except TypeError:
            raise TypeError(f"Multinomial: total_count must be an int; got {total_count!r}") from None
        if self.total_count < 0:
            raise ValueError(f"Multinomial: total_count must not be negative; got {self.total_count}")
        super().__init__(probs, logits, validate_args)

    def _event(self) -> tuple[int, ...]:
        return (self._num_events,)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(Multinomial, _instance, batch_shape, {"probs": 1, "logits": 1})
        new._num_events, new.total_count = self._num_events, self.total_count
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            shape = self._shape("sample", sample_shape)
            drawn = self._indices((*shape, self.total_count), generator)
            drawn = drawn.movedim(len(shape), -1)
            counts = _C.zeros(
                (*drawn.shape[:-1], self._num_events), dtype=self._param.dtype, device=drawn.device
            )
            return counts.scatter_add(-1, drawn, _C.ones_like(drawn).to(counts.dtype))

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self._param).to(self._param.dtype)
        # 0 times -inf is 0 here: a class that never comes does not come.
        powers = _C.where(value == 0, 0.0, value * self.logits)
        return (powers - (value + 1).lgamma()).sum(-1) + (value.sum(-1) + 1).lgamma()

    def entropy(self) -> Tensor:
        """By that of the draws, less what their order tells: each class's count is binomial."""
        n, p = self.total_count, self.probs.unsqueeze(-1)
        x = _C.arange(1, n + 1, dtype=p.dtype, device=p.device)
        log_n = _C.tensor(n + 1, dtype=p.dtype, device=p.device).lgamma()
        orders = (x + 1).lgamma()
        ways = log_n - orders - (n - x + 1).lgamma()
        often = (ways + _C.xlogy(x, p) + _C.xlogy(n - x, 1 - p)).exp()
        return n * super().entropy() - log_n + (often * orders).sum((-2, -1))
