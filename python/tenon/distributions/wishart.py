"""The Wishart distribution of positive definite matrices."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.distributions import constraints
from tenon.distributions._common import event_parameters, lazy_property, one_matrix, parameters
from tenon.distributions.distribution import Distribution
from tenon.distributions.gamma import Chi2
from tenon.distributions.multivariate_normal import _factor_of_inverse

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Wishart"]


class Wishart(Distribution):
    """The distribution of the sum of df outer products of normal vectors with a covariance.

    Samples are drawn by Bartlett's decomposition (A. M. Kshirsagar, Bartlett decomposition and Wishart
    distribution, 1959). Near df = n - 1 they may be singular to rounding.

    Parameters:
        df: The degrees of freedom, above n - 1 for n x n matrices; a number or a tensor.
        covariance_matrix: The covariance of the vectors, positive definite. One of the three is given.
        precision_matrix: Its inverse.
        scale_tril: Its lower Cholesky factor.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.Wishart(4.0, tenon.eye(2))
    >>> p.mean, p.log_prob(tenon.eye(2))
    (tensor([[4., 0.],
            [0., 4.]]), tensor(-4.2242))
    """

    support = constraints.positive_definite
    has_rsample = True
    df: Tensor

    @property
    def arg_constraints(self) -> dict[str, Any]:  # type: ignore[override]
        """What the parameters must satisfy."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = one_matrix(
            "Wishart",
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        (like,) = parameters("Wishart", **{name: matrix})
        if isinstance(df, bool | int | float):
            df = _C.tensor(df, dtype=like.dtype, device=like.device)
        batch, made = event_parameters("Wishart", {"df": 0, name: 2}, df=df, **{name: like})
        own = made[name]
        if own.shape[-1] != own.shape[-2]:
            raise ValueError(f"Wishart: {name} must be square matrices; got shape {tuple(own.shape)}")
        self.__dict__.update(made)
        super().__init__(batch, own.shape[-2:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        matrices = dict.fromkeys(("covariance_matrix", "precision_matrix", "scale_tril"), 2)
        return self._expanded(Wishart, _instance, batch_shape, matrices)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        if "covariance_matrix" in self.__dict__:
            return _C._cholesky(self.covariance_matrix)
        return _factor_of_inverse(self.precision_matrix)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance of the vectors."""
        factor = self.scale_tril
        return factor @ factor.mT

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return _C.cholesky_inverse(self.scale_tril)

    @property
    def _size(self) -> int:
        return self._event_shape[-1]

    def _over_matrix(self, t: Tensor) -> Tensor:
        return t[..., None, None]

    @property
    def mean(self) -> Tensor:
        return self._over_matrix(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self._size - 1
        return self._over_matrix(_C.where(factor > 0, factor, math.nan)) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        v = self.covariance_matrix
        d = v.diagonal(0, -2, -1)
        return self._over_matrix(self.df) * (v.square() + d.unsqueeze(-1) * d.unsqueeze(-2))

    def _degrees(self) -> Tensor:
        """df, df - 1, ... along a last dimension."""
        own = _C.arange(self._size, dtype=self.df.dtype, device=self.df.device)
        return self.df.unsqueeze(-1) - own

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        squares = Chi2(self._degrees(), validate_args=False).rsample(sample_shape, generator=generator)
        below = _C.randn(shape, dtype=self.df.dtype, device=self.df.device, generator=generator).tril(-1)
        factor = self.scale_tril @ (below + _C.diag_embed(squares.sqrt()))
        return factor @ factor.mT

    def _log_gamma(self) -> Tensor:
        """The multivariate gamma function's logarithm at df / 2."""
        n = self._size
        return n * (n - 1) / 4 * math.log(math.pi) + _C.lgamma(self._degrees() / 2).sum(-1)

    def _log_scale(self) -> Tensor:
        """Half the logarithm of the determinant of twice the covariance."""
        logs = self.scale_tril.diagonal(0, -2, -1).log().sum(-1)
        return logs + self._size * math.log(2.0) / 2

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.df)
        power = (self.df - self._size - 1) / 2
        trace = _C.cholesky_solve(value, self.scale_tril).diagonal(0, -2, -1).sum(-1)
        log_det = _C.slogdet(value)[1]
        return power * log_det - trace / 2 - self.df * self._log_scale() - self._log_gamma()

    def entropy(self) -> Tensor:
        n, df = self._size, self.df
        digammas = _C.digamma(self._degrees() / 2).sum(-1)
        scale = (n + 1) * self._log_scale()
        return scale + self._log_gamma() - (df - n - 1) / 2 * digammas + df * n / 2
