"""Transforms that are made of others part by part, and the one onto factors of correlation matrices."""

from __future__ import annotations

import math
import operator

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import sum_rightmost
from tenon.distributions._transform import Transform

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["CatTransform", "CorrCholeskyTransform", "StackTransform"]


class _Joined(Transform):
    """Transforms, each of a part of a tensor along a dimension."""

    def __init__(self, tseq: Any, dim: int, cache_size: int) -> None:
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in self._checked(tseq)]
        self.dim = operator.index(dim)

    def _checked(self, tseq: Any) -> list[Transform]:
        found = list(tseq)
        if not found or not all(isinstance(t, Transform) for t in found):
            raise TypeError(f"{type(self).__name__}: a sequence of transforms is needed; got {found!r}")
        return found

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return all(t.bijective for t in self.transforms)

    def with_cache(self, cache_size: int = 1) -> Transform:
        if cache_size == self._cache_size:
            return self
        new: Any = super().with_cache(cache_size)
        new.transforms = [t.with_cache(cache_size) for t in self.transforms]
        return new

    def _check_length(self, t: Tensor, length: int) -> None:
        if not -t.ndim <= self.dim < t.ndim or t.shape[self.dim] != length:
            raise ValueError(
                f"{type(self).__name__}: dimension {self.dim} must have size {length}; "
                f"got shape {tuple(t.shape)}"
            )


class CatTransform(_Joined):
    """Transforms of the parts that ``cat`` joined.

    Parameters:
        tseq: The transforms.
        dim: The dimension along which the parts lie.
        lengths: How long each part is; None for 1.
        cache_size: 1 keeps the last pair of each transform.

    >>> T = tenon.distributions.transforms
    >>> T.CatTransform([T.ExpTransform(), T.AffineTransform(0.0, 3.0)], lengths=[1, 2])(tenon.ones(3))
    tensor([2.7183, 3.0000, 3.0000])
    """

    def __init__(self, tseq: Any, dim: int = 0, lengths: Any = None, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else [operator.index(n) for n in lengths]
        if len(self.lengths) != len(self.transforms):
            raise ValueError(
                f"CatTransform: there must be a length for each of {len(self.transforms)} transforms; "
                f"got {self.lengths}"
            )

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The size of the dimension."""
        return sum(self.lengths)

    def _parts(self, t: Tensor) -> list[Tensor]:
        self._check_length(t, self.length)
        return list(_C.split(t, self.lengths, self.dim))

    def _call(self, x: Tensor) -> Tensor:
        return _C.cat([t(p) for t, p in zip(self.transforms, self._parts(x), strict=True)], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        return _C.cat([t.inv(p) for t, p in zip(self.transforms, self._parts(y), strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        found = [
            sum_rightmost(t.log_abs_det_jacobian(a, b), self.event_dim - t.event_dim)
            for t, a, b in zip(self.transforms, self._parts(x), self._parts(y), strict=True)
        ]
        place = (self.dim - x.ndim if self.dim >= 0 else self.dim) + self.event_dim
        if place < 0:
            return _C.cat(found, place)
        total = found[0]
        for part in found[1:]:
            total = total + part
        return total

    @property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Joined):
    """Transforms of the parts that ``stack`` joined.

    Parameters:
        tseq: The transforms.
        dim: The dimension along which the parts were stacked.
        cache_size: 1 keeps the last pair of each transform.

    >>> T = tenon.distributions.transforms
    >>> T.StackTransform([T.ExpTransform(), T.AffineTransform(0.0, 3.0)])(tenon.ones(2, 1))
    tensor([[2.7183],
            [3.0000]])
    """

    def __init__(self, tseq: Any, dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def _stacked(self, f: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        for t in tensors:
            self._check_length(t, len(self.transforms))
        parts = zip(self.transforms, *(_C.unbind(t, self.dim) for t in tensors), strict=True)
        return _C.stack([f(*p) for p in parts], self.dim)

    def _call(self, x: Tensor) -> Tensor:
        return self._stacked(lambda t, a: t(a), x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self._stacked(lambda t, b: t.inv(b), y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self._stacked(lambda t, a, b: t.log_abs_det_jacobian(a, b), x, y)

    @property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)


def _below(n: int, device: Any) -> tuple[Tensor, Tensor]:
    """Rows and columns of an n x n matrix, broadcasting."""
    places = _C.arange(n, device=device)
    return places[:, None], places[None, :]


def _shifted(t: Tensor) -> Tensor:
    """The last dimension moved by one; a 1 comes first."""
    return _C.cat([_C.ones_like(t[..., :1]), t[..., :-1]], -1)


class CorrCholeskyTransform(Transform):
    """n (n - 1) / 2 numbers as the Cholesky factor of an n x n correlation matrix.

    The tangents of the numbers, row by row, break a stick whose length is the rest of the row's norm, 1.

    >>> tenon.distributions.transforms.CorrCholeskyTransform()(tenon.tensor([1.0]))
    tensor([[1.0000, 0.0000],
            [0.7616, 0.6481]])
    """

    bijective = True
    domain = constraints.real_vector
    codomain = constraints.corr_cholesky

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CorrCholeskyTransform)

    __hash__ = Transform.__hash__

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        count = shape[-1] if shape else 0
        n = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if not shape or n * (n - 1) // 2 != count:
            raise ValueError(
                "CorrCholeskyTransform: the last dimension must have n (n - 1) / 2 elements; "
                f"got shape {shape}"
            )
        return (*shape[:-1], n, n)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise ValueError(f"CorrCholeskyTransform: square matrices are needed; got shape {shape}")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)

    def _call(self, x: Tensor) -> Tensor:
        shape = self.forward_shape(tuple(x.shape))
        eps = finfo(x.dtype).eps
        t = x.tanh().clamp(-1 + eps, 1 - eps)
        row, column = _below(shape[-1], x.device)
        place = _C.where(row > column, row * (row - 1) // 2 + column, x.shape[-1])
        padded = _C.cat([t, _C.zeros_like(x.sum(-1, keepdim=True))], -1)
        r = padded.index_select(-1, place.reshape(-1)).reshape(shape)
        left = (1 - r.square()).sqrt().cumprod(-1)
        return (r + _C.eye(shape[-1], dtype=x.dtype, device=x.device)) * _shifted(left)

    def _vector(self, t: Tensor, diagonal: int) -> Tensor:
        """What lies on and below a diagonal of matrices, row by row."""
        row, column = _below(t.shape[-1], t.device)
        places = (column <= row + diagonal).reshape(-1).nonzero()[:, 0]
        return t.flatten(-2).index_select(-1, places)

    def _inverse(self, y: Tensor) -> Tensor:
        self.inverse_shape(tuple(y.shape))
        rest = _shifted(1 - y.square().cumsum(-1))
        t = self._vector(y, -1) / self._vector(rest, -1).sqrt()
        return (t.log1p() - (-t).log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        rest = self._vector(1 - y.square().cumsum(-1), -2)
        tangents = (x + _C.softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * rest.log().sum(-1) - 2 * tangents
