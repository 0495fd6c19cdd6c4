"""The Dirichlet distribution and that of one of two shares, beta."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import parameters, scaled_uniform
from tenon.distributions.distribution import Distribution
from tenon.distributions.gamma import standard_gamma

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Beta", "Dirichlet"]


def _shares(concentration: Tensor, generator: Any) -> Tensor:
    """Gamma variables over their sum, along the last dimension.

    By their logarithms, since those of small concentrations may all be 0 in floats: a variable of c has the
    distribution of one of c + 1 times u^(1 / c).
    """
    c = concentration.to(_C.float64)
    small = c < 1
    log = standard_gamma(_C.where(small, c + 1, c), generator).log()
    u = scaled_uniform(c.shape, c, generator).clamp(min=finfo(c.dtype).tiny)
    log = log + _C.where(small, u.log() / c, 0.0)
    return log.softmax(-1).to(concentration.dtype)


class Dirichlet(Distribution):
    """The distribution of shares: of gamma variables over their sum.

    Parameters:
        concentration: The shapes of the variables, along the last dimension, which are positive.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Dirichlet(tenon.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "concentration": constraints.independent(constraints.positive, 1)
    }
    support = constraints.simplex
    has_rsample = True
    concentration: Tensor

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        (self.concentration,) = parameters("Dirichlet", concentration=concentration)
        if self.concentration.ndim < 1:
            raise ValueError("Dirichlet: concentration has its shares along the last dimension; got shape ()")
        shape = self.concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Dirichlet, _instance, batch_shape, {"concentration": 1})

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        above = (self.concentration - 1).clamp(min=0)
        total = above.sum(-1, True)
        largest = self.concentration.argmax(-1, True)
        corner = (largest == _C.arange(self.concentration.shape[-1], device=largest.device)).to(above.dtype)
        return _C.where((self.concentration < 1).all(-1, True), corner, above / total)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return _shares(self.concentration.expand(self._extended_shape(sample_shape)), generator)

    def log_prob(self, value: Any) -> Tensor:
        value, c = self._value(value, self.concentration), self.concentration
        return _C.xlogy(c - 1, value).sum(-1) + _C.lgamma(c.sum(-1)) - _C.lgamma(c).sum(-1)

    def entropy(self) -> Tensor:
        c = self.concentration
        total, k = c.sum(-1), c.shape[-1]
        spread = (k - total) * _C.digamma(total) + ((c - 1) * _C.digamma(c)).sum(-1)
        return _C.lgamma(c).sum(-1) - _C.lgamma(total) - spread


class Beta(Distribution):
    """The beta distribution: the first share of a Dirichlet variable with two of them.

    Parameters:
        concentration1: The concentration of the share, often alpha, which is positive; a number or a tensor.
        concentration0: That of the other one, often beta; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.Beta(2.0, 2.0).log_prob(0.5)
    tensor(0.4055)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True
    concentration1: Tensor
    concentration0: Tensor

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = parameters(
            "Beta", concentration1=concentration1, concentration0=concentration0
        )
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(Beta, _instance, batch_shape)

    def _both(self) -> Dirichlet:
        return Dirichlet(_C.stack([self.concentration1, self.concentration0], -1), validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        return self._both().mode[..., 0]

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return self._both().rsample(sample_shape, generator=generator)[..., 0]

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.concentration1)
        a, b = self.concentration1, self.concentration0
        near = _C.xlogy(a - 1, value) + _C.xlogy(b - 1, 1 - value)
        return near + _C.lgamma(a + b) - _C.lgamma(a) - _C.lgamma(b)

    def entropy(self) -> Tensor:
        return self._both().entropy()
