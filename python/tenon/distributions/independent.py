"""Independent: dimensions of a batch as dimensions of an event."""

from __future__ import annotations

import operator

from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import sum_rightmost
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Independent"]


class Independent(Distribution):
    """A distribution of which some of the last batch dimensions are one event.

    Parameters:
        base_distribution: The distribution.
        reinterpreted_batch_ndims: How many of its last batch dimensions; ValueError for more than it has.
        validate_args: Whether arguments are checked here; the base distribution checks by its own setting.

    >>> base = tenon.distributions.Normal(tenon.zeros(2, 3), 1.0)
    >>> p = tenon.distributions.Independent(base, 1)
    >>> p.batch_shape, p.event_shape, p.log_prob(tenon.zeros(3)).shape
    ((2,), (3,), (2,))
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(
        self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        if not isinstance(base_distribution, Distribution):
            got = type(base_distribution).__name__
            raise TypeError(f"Independent: base_distribution must be a Distribution; got {got}")
        n = operator.index(reinterpreted_batch_ndims)
        batch = base_distribution.batch_shape
        if not 0 <= n <= len(batch):
            raise ValueError(
                f"Independent: reinterpreted_batch_ndims must be from 0 to the {len(batch)} dimensions of "
                f"the batch {batch}; got {n}"
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, n
        split = len(batch) - n
        super().__init__(batch[:split], batch[split:] + base_distribution.event_shape, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(Independent, _instance, batch_shape)
        own = self._event_shape[: self.reinterpreted_batch_ndims]
        new.base_dist = self.base_dist.expand(new._batch_shape + own)
        new.reinterpreted_batch_ndims = self.reinterpreted_batch_ndims
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        return self.reinterpreted_batch_ndims == 0 and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> Any:
        own = self.base_dist.support
        n = self.reinterpreted_batch_ndims
        return constraints.independent(own, n) if n else own

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def sample(self, sample_shape: Any = (), **generator: Any) -> Tensor:
        return self.base_dist.sample(sample_shape, **generator)

    def rsample(self, sample_shape: Any = (), **generator: Any) -> Tensor:
        return self.base_dist.rsample(sample_shape, **generator)

    def log_prob(self, value: Any) -> Tensor:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        if self.reinterpreted_batch_ndims:
            raise NotImplementedError("Independent: the values of several dimensions cannot be enumerated")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"
