"""The von Mises distribution of angles."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import parameters, scaled_uniform
from tenon.distributions.distribution import Distribution

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["VonMises"]


class VonMises(Distribution):
    """The von Mises distribution, of angles in [-pi, pi) around a mean: a normal one on the circle.

    Parameters:
        loc: The mean angle, a number or a tensor.
        concentration: How close the angles are, which is positive; the parameters broadcast.
        validate_args: Whether parameters and values are checked (ValueError).

    >>> tenon.distributions.VonMises(0.0, 1.0).log_prob(0.0)
    tensor(-1.0738)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support = constraints.real
    loc: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = parameters("VonMises", loc=loc, concentration=concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(VonMises, _instance, batch_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The circular variance, 1 - I1 / I0."""
        return 1 - _C.i1e(self.concentration) / _C.i0e(self.concentration)

    def log_prob(self, value: Any) -> Tensor:
        k = self.concentration
        turn = (self._value(value, self.loc) - self.loc).cos() - 1
        return k * turn - math.log(2 * math.pi) - _C.i0e(k).log()

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        """By rejection from a wrapped Cauchy distribution (Best and Fisher 1979), in float64."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            k = self.concentration.to(_C.float64).expand(shape)
            tau = 1 + (1 + 4 * k.square()).sqrt()
            rho = (tau - (2 * tau).sqrt()) / (2 * k)
            # Of small concentrations the difference cancels: r is 1 / k + k there.
            r = _C.where(k < 1e-4, 1 / k + k, (1 + rho.square()) / (2 * rho))
            angle, left = _C.zeros_like(k), _C.ones_like(k, dtype=_C.bool)
            while left.any():
                u, v, w = scaled_uniform((3, *shape), k, generator).unbind()
                z = (math.pi * u).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                good = left & ((c * (2 - c) > v) | ((c / v).log() + 1 - c >= 0))
                angle = _C.where(good, (w - 0.5).sign() * f.clamp(-1, 1).acos(), angle)
                left = left & ~good
            turned = (angle + self.loc + math.pi) % (2 * math.pi) - math.pi
            return turned.to(self.loc.dtype)
