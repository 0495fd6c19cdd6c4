"""Transforms of random variables, under PyTorch's names."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon._names import guide as _guide
from tenon.distributions import constraints
from tenon.distributions._joined import CatTransform, CorrCholeskyTransform, StackTransform
from tenon.distributions._transform import (
    ComposeTransform,
    IndependentTransform,
    ReshapeTransform,
    Transform,
)
from tenon.distributions._transform import (
    identity_transform as identity_transform,
)

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
]


class _Rising(Transform):
    """Elementwise and rising everywhere; two of a kind are equal."""

    bijective = True
    sign = 1
    domain = constraints.real

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    __hash__ = Transform.__hash__


class ExpTransform(_Rising):
    """y = e^x.

    >>> tenon.distributions.transforms.ExpTransform()(tenon.tensor([0.0]))
    tensor([1.])
    """

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class PowerTransform(_Rising):
    """y = x^exponent of positive numbers.

    Parameters:
        exponent: A number or a tensor, not 0.
        cache_size: 1 keeps the last pair.

    >>> tenon.distributions.transforms.PowerTransform(2.0)(tenon.tensor([3.0]))
    tensor([9.])
    """

    domain = constraints.positive  # type: ignore[assignment]
    codomain = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = _C.asarray(exponent)

    @property
    def sign(self) -> Any:  # type: ignore[override]
        return self.exponent.sign()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and bool((self.exponent == other.exponent).all())

    __hash__ = Transform.__hash__

    def _call(self, x: Tensor) -> Tensor:
        return x**self.exponent

    def _inverse(self, y: Tensor) -> Tensor:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(_C.broadcast_shapes(shape, self.exponent.shape))

    inverse_shape = forward_shape


class SigmoidTransform(_Rising):
    """y = 1 / (1 + e^-x).

    >>> tenon.distributions.transforms.SigmoidTransform()(tenon.tensor([0.0]))
    tensor([0.5000])
    """

    codomain = constraints.unit_interval

    def _call(self, x: Tensor) -> Tensor:
        y = x.sigmoid()
        eps = finfo(y.dtype)
        return y.clamp(eps.tiny, 1 - eps.eps)

    def _inverse(self, y: Tensor) -> Tensor:
        eps = finfo(y.dtype)
        y = y.clamp(eps.tiny, 1 - eps.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -_C.softplus(-x) - _C.softplus(x)


class SoftplusTransform(_Rising):
    """y = log(1 + e^x).

    >>> tenon.distributions.transforms.SoftplusTransform()(tenon.tensor([0.0]))
    tensor([0.6931])
    """

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return _C.softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-(-y).expm1()).log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -_C.softplus(-x)


class TanhTransform(_Rising):
    """y = tanh(x). Use cache_size=1 where results are mapped back: near 1 the inverse loses its digits.

    >>> tenon.distributions.transforms.TanhTransform()(tenon.tensor([0.0]))
    tensor([0.])
    """

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return 2 * (math.log(2) - x - _C.softplus(-2 * x))


class AbsTransform(Transform):
    """y = |x|; the inverse takes the positive one.

    >>> tenon.distributions.transforms.AbsTransform()(tenon.tensor([-2.0]))
    tensor([2.])
    """

    domain = constraints.real
    codomain = constraints.positive

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AbsTransform)

    __hash__ = Transform.__hash__

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """y = loc + scale * x.

    Parameters:
        loc: A number or a tensor.
        scale: A number or a tensor, not 0.
        event_dim: How many of the last dimensions are one event.
        cache_size: 1 keeps the last pair.

    >>> tenon.distributions.transforms.AffineTransform(1.0, 2.0)(tenon.tensor([3.0]))
    tensor([7.])
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    @property
    def event_dim(self) -> int:
        return self._event_dim

    @property
    def domain(self) -> Any:
        n = self._event_dim
        return constraints.independent(constraints.real, n) if n else constraints.real

    codomain = domain

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, int | float):
            return (self.scale > 0) - (self.scale < 0)
        return self.scale.sign()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AffineTransform):
            return False
        pairs = ((self.loc, other.loc), (self.scale, other.scale))
        return all(bool((_C.asarray(a) == _C.asarray(b)).all()) for a, b in pairs)

    __hash__ = Transform.__hash__

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        scale = self.scale
        if isinstance(scale, int | float):
            each = _C.full_like(x, math.log(abs(scale)))
        else:
            each = scale.abs().log().expand(_C.broadcast_shapes(x.shape, scale.shape))
        return each.sum(list(range(each.ndim - self._event_dim, each.ndim))) if self._event_dim else each

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        own = [getattr(v, "shape", ()) for v in (self.loc, self.scale)]
        return tuple(_C.broadcast_shapes(shape, *own))

    inverse_shape = forward_shape


class SoftmaxTransform(Transform):
    """Shares in proportion to e^x along the last dimension; many x have the same.

    >>> tenon.distributions.transforms.SoftmaxTransform()(tenon.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftmaxTransform)

    __hash__ = Transform.__hash__

    def _call(self, x: Tensor) -> Tensor:
        return x.softmax(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()


class StickBreakingTransform(Transform):
    """n numbers as n + 1 shares: each breaks a part of the stick that is left.

    >>> tenon.distributions.transforms.StickBreakingTransform()(tenon.zeros(2))
    tensor([0.3333, 0.3333, 0.3333])
    """

    bijective = True
    domain = constraints.real_vector
    codomain = constraints.simplex

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StickBreakingTransform)

    __hash__ = Transform.__hash__

    def _offset(self, x: Tensor) -> Tensor:
        """log of how many shares are to come."""
        return _C.arange(x.shape[-1], 0, -1, dtype=x.dtype, device=x.device).log()

    def _call(self, x: Tensor) -> Tensor:
        z = x - self._offset(x)
        left = (-_C.softplus(z)).cumsum(-1).exp()  # products of 1 - sigmoid
        one = _C.ones_like(left[..., :1])
        return _C.cat([z.sigmoid(), one], -1) * _C.cat([one, left], -1)

    def _inverse(self, y: Tensor) -> Tensor:
        shares = y[..., :-1]
        left = (1 - shares.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return shares.log() - left.log() + self._offset(shares)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        z = x - self._offset(x)
        return (y[..., :-1].log() - _C.softplus(z)).sum(-1)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] - 1)


class LowerCholeskyTransform(Transform):
    """Matrices as lower triangular ones with a positive diagonal, e to the old one; what is above is lost.

    >>> tenon.distributions.transforms.LowerCholeskyTransform()(tenon.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    __hash__ = Transform.__hash__

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + _C.diag_embed(x.diagonal(0, -2, -1).exp())

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + _C.diag_embed(y.diagonal(0, -2, -1).log())


class PositiveDefiniteTransform(LowerCholeskyTransform):
    """Matrices as positive definite ones: L @ L.mT of what LowerCholeskyTransform gives.

    >>> tenon.distributions.transforms.PositiveDefiniteTransform()(tenon.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    codomain = constraints.positive_definite  # type: ignore[assignment]

    def _call(self, x: Tensor) -> Tensor:
        factor = super()._call(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return super()._inverse(_C._cholesky(y))


class CumulativeDistributionTransform(Transform):
    """y = the probability of at most x.

    Parameters:
        distribution: A distribution with cdf(), icdf() and log_prob().
        cache_size: 1 keeps the last pair.

    >>> normal = tenon.distributions.Normal(0.0, 1.0)
    >>> tenon.distributions.transforms.CumulativeDistributionTransform(normal)(tenon.tensor(0.0))
    tensor(0.5000)
    """

    bijective = True
    sign = 1
    codomain = constraints.unit_interval

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        y: Tensor = self.distribution.cdf(x)
        return y

    def _inverse(self, y: Tensor) -> Tensor:
        x: Tensor = self.distribution.icdf(y)
        return x

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        density: Tensor = self.distribution.log_prob(x)
        return density


_guide(__name__)
