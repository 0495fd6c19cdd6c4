"""The normal distribution of vectors."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import event_parameters, lazy_property, one_matrix
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["LowRankMultivariateNormal", "MultivariateNormal"]


def _mahalanobis(factor: Tensor, diff: Tensor) -> Tensor:
    """The squared norms of inv(factor) @ diff, for a lower triangular factor; the batches broadcast."""
    shape = _C.broadcast_shapes(factor.shape[:-1], diff.shape)
    columns = diff.expand(shape)
    # As many right-hand sides of one factor as there are samples of it.
    samples = len(shape) + 1 - factor.ndim
    if samples and factor.shape[:-2] == shape[samples:-1]:
        moved = columns.reshape((-1, *shape[samples:])).movedim(0, -1)
        solved = _C._solve_triangular(factor, moved, False)
        return solved.square().sum(-2).movedim(-1, 0).reshape(shape[:-1])
    return _C._solve_triangular(factor, columns.unsqueeze(-1), False).squeeze(-1).square().sum(-1)


class MultivariateNormal(Distribution):
    """The normal distribution of vectors, with a covariance between their elements.

    Parameters:
        loc: The mean, along the last dimension.
        covariance_matrix: Positive definite matrices in the last two dimensions; or else one of the next two.
        precision_matrix: The inverse of the covariance.
        scale_tril: The lower triangular factor of the covariance, with a positive diagonal.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.MultivariateNormal(tenon.zeros(2), tenon.eye(2))
    >>> p.log_prob(tenon.tensor([0.0, 1.0]))
    tensor(-2.3379)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    loc: Tensor

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, given = one_matrix(
            "MultivariateNormal",
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        dims = {"loc": 1, name: 2}
        batch, made = event_parameters("MultivariateNormal", dims, loc=loc, **{name: given})
        self.loc, matrix = made["loc"], made[name]
        n = self.loc.shape[-1]
        if matrix.shape[-2:] != (n, n):
            raise ValueError(
                f"MultivariateNormal: {name} must have {n} rows and columns, as loc; got shape {matrix.shape}"
            )
        self.__dict__[name] = matrix
        super().__init__(batch, (n,), validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = _C._cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = _factor_of_inverse(matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        dims = dict.fromkeys(("covariance_matrix", "precision_matrix", "scale_tril"), 2)
        new = self._expanded(MultivariateNormal, _instance, batch_shape, {"loc": 1, **dims})
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def _whole(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower triangular factor of the covariance."""
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        return self._whole(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._whole(_C.cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        own = self._unbroadcasted_scale_tril.square().sum(-1)
        return own.expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _C.randn(shape, dtype=self.loc.dtype, device=self.loc.device, generator=generator)
        return self.loc + (self._unbroadcasted_scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def _half_log_det(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(0, -2, -1).log().sum(-1)

    def log_prob(self, value: Any) -> Tensor:
        distance = _mahalanobis(self._unbroadcasted_scale_tril, self._value(value, self.loc) - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()

    def entropy(self) -> Tensor:
        h = 0.5 * self._event_shape[0] * (1 + math.log(2 * math.pi)) + self._half_log_det()
        return h.expand(self._batch_shape)


def _factor_of_inverse(precision: Tensor) -> Tensor:
    """The lower triangular factor of the inverse: by that of the matrix with its order reversed."""
    reverse = _C._cholesky(precision.flip((-2, -1)))
    inverse = reverse.flip((-2, -1)).mT
    one = _C.eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return _C._solve_triangular(inverse, one.expand(inverse.shape), False)


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors whose covariance is ``cov_factor @ cov_factor.mT + diag(cov_diag)``.

    Parameters:
        loc: The mean, along the last dimension of n elements.
        cov_factor: Matrices of n rows and few columns.
        cov_diag: The variances that each element has by itself, which are positive, ``(..., n)``.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.LowRankMultivariateNormal(
    ...     tenon.zeros(2), tenon.tensor([[1.0], [0.0]]), tenon.ones(2)
    ... )
    >>> p.variance
    tensor([2., 1.])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True
    loc: Tensor
    cov_factor: Tensor
    cov_diag: Tensor

    def __init__(self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None) -> None:
        dims = {"loc": 1, "cov_factor": 2, "cov_diag": 1}
        batch, made = event_parameters(
            "LowRankMultivariateNormal", dims, loc=loc, cov_factor=cov_factor, cov_diag=cov_diag
        )
        self.loc, self.cov_factor, self.cov_diag = made.values()
        n = self.loc.shape[-1]
        if self.cov_factor.shape[-2] != n or self.cov_diag.shape[-1] != n:
            raise ValueError(
                f"LowRankMultivariateNormal: cov_factor must have {n} rows and cov_diag {n} elements, as "
                "loc; got "
                f"shapes {self.cov_factor.shape} and {self.cov_diag.shape}"
            )
        super().__init__(batch, (n,), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        dims = {"loc": 1, "cov_factor": 2, "cov_diag": 1}
        return self._expanded(LowRankMultivariateNormal, _instance, batch_shape, dims)

    def _capacitance(self) -> Tensor:
        """The factor of ``1 + W^T D^-1 W``, by which the covariance is inverted (Woodbury)."""
        w = self.cov_factor
        one = _C.eye(w.shape[-1], dtype=w.dtype, device=w.device)
        return _C._cholesky(one + (w / self.cov_diag.unsqueeze(-1)).mT @ w)

    def _log_det(self, capacitance: Tensor) -> Tensor:
        return 2 * capacitance.diagonal(0, -2, -1).log().sum(-1) + self.cov_diag.log().sum(-1)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        return self.cov_factor @ self.cov_factor.mT + _C.diag_embed(self.cov_diag)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        scaled = (self.cov_factor / self.cov_diag.unsqueeze(-1)).mT
        part = _C._solve_triangular(self._capacitance(), scaled, False)
        return _C.diag_embed(1 / self.cov_diag) - part.mT @ part

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower triangular factor of the covariance."""
        root = self.cov_diag.sqrt()
        w = self.cov_factor / root.unsqueeze(-1)
        one = _C.eye(w.shape[-2], dtype=w.dtype, device=w.device)
        return root.unsqueeze(-1) * _C._cholesky(w @ w.mT + one)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.cov_factor.square().sum(-1) + self.cov_diag

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape, like = self._extended_shape(sample_shape), self.loc
        few = (*shape[:-1], self.cov_factor.shape[-1])
        shared = _C.randn(few, dtype=like.dtype, device=like.device, generator=generator)
        own = _C.randn(shape, dtype=like.dtype, device=like.device, generator=generator)
        return self.loc + (self.cov_factor @ shared.unsqueeze(-1)).squeeze(-1) + self.cov_diag.sqrt() * own

    def log_prob(self, value: Any) -> Tensor:
        diff, factor = self._value(value, self.loc) - self.loc, self._capacitance()
        turned = (self.cov_factor.mT @ (diff / self.cov_diag).unsqueeze(-1)).squeeze(-1)
        distance = (diff.square() / self.cov_diag).sum(-1) - _mahalanobis(factor, turned)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det(factor) + distance)

    def entropy(self) -> Tensor:
        log_det = self._log_det(self._capacitance())
        return 0.5 * (self._event_shape[0] * (1 + math.log(2 * math.pi)) + log_det)
