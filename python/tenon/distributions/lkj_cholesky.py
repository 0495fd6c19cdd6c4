"""The LKJ distribution of correlation matrices, by their Cholesky factors."""

from __future__ import annotations

import math
import operator

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import parameters
from tenon.distributions.dirichlet import Beta
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """The distribution of the Cholesky factor of a correlation matrix, of density det(R)^(concentration - 1).

    D. Lewandowski, D. Kurowicka, H. Joe, Generating random correlation matrices based on vines and extended
    onion method, 2009. Samples are drawn by the onion method.

    Parameters:
        dim: The number of rows, 2 at least.
        concentration: A positive number or a tensor; 1 makes all matrices equally likely.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> p = tenon.distributions.LKJCholesky(3, 0.5)
    >>> p.sample().shape, p.log_prob(tenon.eye(3))
    ((3, 3), tensor(-2.5310))
    """

    arg_constraints: ClassVar[dict[str, Any]] = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    concentration: Tensor

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        self.dim = operator.index(dim)
        if self.dim < 2:
            raise ValueError(f"LKJCholesky: dim must be 2 at least; got {dim}")
        (self.concentration,) = parameters("LKJCholesky", concentration=concentration)
        super().__init__(self.concentration.shape, (self.dim, self.dim), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(LKJCholesky, _instance, batch_shape)
        new.dim = self.dim
        return new

    def _rows(self, start: int) -> Tensor:
        c = self.concentration
        return _C.arange(start, self.dim, dtype=c.dtype, device=c.device)

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            # The i numbers of row i, squared, sum to a Beta variable, whose parameters are i / 2 and
            # concentration + (dim - 1 - i) / 2. Row 0 has none; what is drawn for it is not used.
            half = 0.5 * self._rows(0).clamp(min=1)
            rest = self.concentration.unsqueeze(-1) + (0.5 * (self.dim - 1) - half)
            squares = Beta(half, rest, validate_args=False)
            y = squares.sample(sample_shape, generator=generator).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            directions = _C.randn(shape, dtype=y.dtype, device=y.device, generator=generator).tril(-1)
            length = directions.square().sum(-1, keepdim=True).sqrt()
            below = y.sqrt() * directions / _C.where(length == 0, 1.0, length)
            diagonal = (1 - below.square().sum(-1)).clamp(min=finfo(y.dtype).tiny).sqrt()
            return below + _C.diag_embed(diagonal)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.concentration)
        diagonal = value.diagonal(0, -2, -1)[..., 1:]
        powers = 2 * (self.concentration - 1).unsqueeze(-1) + (self.dim - 1 - self._rows(1))
        return (powers * diagonal.log()).sum(-1) - self._log_normalizer()

    def _log_normalizer(self) -> Tensor:
        n = self.dim - 1
        alpha = self.concentration + 0.5 * n
        gammas = _C.lgamma((alpha - 0.5).unsqueeze(-1) - 0.5 * (self._rows(1) - 1)).sum(-1)
        constant = n * (n - 1) / 4 * math.log(math.pi) + 0.5 * n * math.log(math.pi)
        return constant + gammas - n * _C.lgamma(alpha)
