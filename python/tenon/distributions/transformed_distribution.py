"""Transformed variables."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import sum_rightmost
from tenon.distributions.distribution import Distribution
from tenon.distributions.independent import Independent
from tenon.distributions.normal import Normal
from tenon.distributions.transforms import (
    ComposeTransform,
    StickBreakingTransform,
    Transform,
)

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["LogisticNormal", "TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The distribution of what transforms make of a variable.

    Parameters:
        base_distribution: The distribution of the variable.
        transforms: A transform, or a list of them, the first one first.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> D = tenon.distributions
    >>> p = D.TransformedDistribution(D.Normal(0.0, 1.0), D.transforms.ExpTransform())
    >>> p.log_prob(1.0)
    tensor(-0.9189)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, base_distribution: Any, transforms: Any, validate_args: bool | None = None) -> None:
        if not isinstance(base_distribution, Distribution):
            got = type(base_distribution).__name__
            raise TypeError(f"TransformedDistribution: base_distribution must be a Distribution; got {got}")
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        for t in self.transforms:
            if not isinstance(t, Transform):
                raise ValueError(
                    f"TransformedDistribution: transforms must be one or a list of them; got "
                    f"{type(t).__name__}"
                )
        whole = ComposeTransform(self.transforms)
        base = base_distribution
        shape = base.batch_shape + base.event_shape
        if len(shape) < whole.domain.event_dim:
            raise ValueError(
                f"TransformedDistribution: the transforms need {whole.domain.event_dim} dimensions; got "
                f"shape {shape}"
            )
        forward = whole.forward_shape(shape)
        expanded = whole.inverse_shape(forward)
        if shape != expanded:
            base = base.expand(expanded[: len(expanded) - len(base.event_shape)])
        if (more := whole.domain.event_dim - len(base.event_shape)) > 0:
            base = Independent(base, more)
        self.base_dist = base
        events = whole.codomain.event_dim + max(len(base.event_shape) - whole.domain.event_dim, 0)
        cut = len(forward) - events
        super().__init__(forward[:cut], forward[cut:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(TransformedDistribution, _instance, batch_shape)
        whole = ComposeTransform(self.transforms)
        shape = whole.inverse_shape(new._batch_shape + self._event_shape)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        new.transforms = self.transforms
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """The last transform's codomain."""
        if not self.transforms:
            return self.base_dist.support
        own = self.transforms[-1].codomain
        more = len(self._event_shape) - own.event_dim
        return constraints.independent(own, more) if more > 0 else own

    def _forward(self, x: Tensor) -> Tensor:
        for t in self.transforms:
            x = t(x)
        return x

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape, generator=generator))

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        return self._forward(self.base_dist.rsample(sample_shape, generator=generator))

    def log_prob(self, value: Any) -> Tensor:
        y = self._value(value, _C.zeros(()))
        events, volume = len(self._event_shape), None
        for t in reversed(self.transforms):
            x = t.inv(y)
            events += t.domain.event_dim - t.codomain.event_dim
            part = sum_rightmost(t.log_abs_det_jacobian(x, y), events - t.domain.event_dim)
            volume = part if volume is None else volume + part
            y = x
        density = sum_rightmost(self.base_dist.log_prob(y), events - len(self.base_dist.event_shape))
        return density if volume is None else density - volume

    def _sign(self) -> Any:
        sign: Any = 1
        for t in self.transforms:
            sign = sign * t.sign
        return sign

    def cdf(self, value: Any) -> Tensor:
        y = self._value(value, _C.zeros(()))
        for t in reversed(self.transforms):
            y = t.inv(y)
        p: Tensor = self.base_dist.cdf(y)
        sign = self._sign()
        return p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5

    def icdf(self, value: Any) -> Tensor:
        p = self._value(value, _C.zeros(()), constraints.unit_interval)
        sign = self._sign()
        p = p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5
        return self._forward(self.base_dist.icdf(p))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist!r}, {self.transforms!r})"


class LogisticNormal(TransformedDistribution):
    """The distribution of shares that normal variables make by StickBreakingTransform.

    Parameters:
        loc: The means, along the last dimension: one less than there are shares.
        scale: The standard deviations, which are positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.LogisticNormal(tenon.zeros(2), tenon.ones(2)).sample().shape
    (3,)
    """

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = LogisticNormal.__new__(type(self)) if _instance is None else _instance
        return super().expand(batch_shape, _instance=new)

    @property
    def loc(self) -> Tensor:
        """The means of the normal variables."""
        base: Any = self.base_dist
        loc: Tensor = base.base_dist.loc
        return loc

    @property
    def scale(self) -> Tensor:
        """Their standard deviations."""
        base: Any = self.base_dist
        scale: Tensor = base.base_dist.scale
        return scale
