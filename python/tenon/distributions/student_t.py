"""Student's t distribution and that of ratios of variances, Fisher and Snedecor's."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon.distributions import constraints
from tenon.distributions._common import parameters
from tenon.distributions.distribution import Distribution
from tenon.distributions.gamma import standard_gamma

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["FisherSnedecor", "StudentT"]


class StudentT(Distribution):
    """Student's t distribution, whose tails are heavier than the normal one's.

    Parameters:
        df: The degrees of freedom, which are positive; a number or a tensor.
        loc: The centre.
        scale: The scale, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.StudentT(3.0).log_prob(tenon.tensor([0.0, 1.0]))
    tensor([-1.0009, -1.5763])
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True
    df: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.df, self.loc, self.scale = parameters("StudentT", df=df, loc=loc, scale=scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(StudentT, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return _C.where(self.df <= 1, float("nan"), self.loc)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        finite = self.df > 2
        df = _C.where(finite, self.df, 3.0)
        spread = _C.where(finite, self.scale.square() * df / (df - 2), float("inf"))
        return _C.where(self.df <= 1, float("nan"), spread)

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _C.randn(shape, dtype=self.df.dtype, device=self.df.device, generator=generator)
        half = (0.5 * self.df).expand(shape)  # a chi-squared variable over df is a gamma one over df / 2
        return self.loc + self.scale * noise * (standard_gamma(half, generator) / half).rsqrt()

    def log_prob(self, value: Any) -> Tensor:
        df = self.df
        y = (self._value(value, self.loc) - self.loc) / self.scale
        norm = self.scale.log() + 0.5 * (df.log() + math.log(math.pi))
        norm = norm + _C.lgamma(0.5 * df) - _C.lgamma(0.5 * (df + 1))
        return -0.5 * (df + 1) * (y.square() / df).log1p() - norm

    def entropy(self) -> Tensor:
        df, more = 0.5 * self.df, 0.5 * (self.df + 1)
        beta = _C.lgamma(df) + 0.5 * math.log(math.pi) - _C.lgamma(more)
        return self.scale.log() + more * (_C.digamma(more) - _C.digamma(df)) + 0.5 * self.df.log() + beta


class FisherSnedecor(Distribution):
    """The F distribution, of the ratio of two chi-squared variables, each over its degrees of freedom.

    Parameters:
        df1: The degrees of freedom of the first, which are positive; a number or a tensor.
        df2: Those of the second; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.FisherSnedecor(2.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True
    df1: Tensor
    df2: Tensor

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = parameters("FisherSnedecor", df1=df1, df2=df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(FisherSnedecor, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        finite = self.df2 > 2
        df2 = _C.where(finite, self.df2, 3.0)
        return _C.where(finite, df2 / (df2 - 2), float("nan"))

    @property
    def mode(self) -> Tensor:
        inside = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return _C.where(self.df1 <= 2, float("nan"), inside)

    @property
    def variance(self) -> Tensor:
        finite = self.df2 > 4
        df1, df2 = self.df1, _C.where(finite, self.df2, 5.0)
        spread = 2 * df2.square() * (df1 + df2 - 2) / (df1 * (df2 - 2).square() * (df2 - 4))
        return _C.where(finite, spread, float("nan"))

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        shape = self._extended_shape(sample_shape)
        over, under = (standard_gamma(0.5 * df.expand(shape), generator) / df for df in (self.df1, self.df2))
        tiny = finfo(over.dtype).tiny
        return (over / under.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value, self.df1)
        a, b, ratio = 0.5 * self.df1, 0.5 * self.df2, self.df1 / self.df2
        beta = _C.lgamma(a + b) - _C.lgamma(a) - _C.lgamma(b)
        return beta + a * ratio.log() + (a - 1) * value.log() - (a + b) * (ratio * value).log1p()
