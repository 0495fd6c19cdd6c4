"""Distribution: what all distributions have in common."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.distributions import constraints
from tenon.distributions._common import lazy_property

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = ["Distribution"]

_SHOWN = 6  # bad values in an error


def _bad_values(value: Tensor, ok: Tensor, event_dim: int) -> str:
    """Those events of value that are not ok, the first ones. One may meet several bounds."""
    events = value.detach().expand((*ok.shape, *value.shape[value.ndim - event_dim :]))
    bad = events[~ok].cpu().tolist()
    return f"{bad[:_SHOWN]}" + (f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else "")


class Distribution:
    """The base of all distributions: ``batch_shape`` of its parameters, ``event_shape`` of one sample.

    A subclass has ``arg_constraints``, ``support``, ``sample`` or ``rsample``, ``log_prob`` and what else it
    knows; what it does not have is a NotImplementedError.

    Parameters:
        batch_shape: The shape of the parameters that are independent of each other.
        event_shape: The shape of one sample.
        validate_args: Whether parameters and values are checked (ValueError); None for the default, which is
            True unless Python runs with -O.

    >>> p = tenon.distributions.Normal(tenon.zeros(2, 3), 1.0)
    >>> p.batch_shape, p.event_shape, p.sample((5,)).shape
    ((2, 3), (), (5, 2, 3))
    """

    has_rsample: bool = False
    has_enumerate_support: bool = False
    arg_constraints: ClassVar[dict[str, Any]]
    _validate_args: bool = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Sets whether distributions check their arguments where validate_args is not given."""
        if not isinstance(value, bool):
            raise ValueError(f"set_default_validate_args: value must be a bool; got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: tuple[int, ...] = (),
        event_shape: tuple[int, ...] = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = tuple(batch_shape), tuple(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in getattr(self, "arg_constraints", {}).items():
                if not constraints.is_dependent(constraint) and not self._computed_later(name):
                    self._check(name, getattr(self, name), constraint)
        super().__init__()

    def _computed_later(self, name: str) -> bool:
        return name not in self.__dict__ and isinstance(getattr(type(self), name, None), lazy_property)

    def _check(self, name: str, value: Tensor, constraint: Any) -> None:
        with no_grad():
            ok = constraint.check(value)
            if not ok.all():
                bad = _bad_values(value, ok, constraint.event_dim)
                raise ValueError(f"{type(self).__name__}: {name} must satisfy {constraint!r}; got {bad}")

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """A distribution of another batch_shape, to which the parameters expand as views."""
        raise NotImplementedError(f"{type(self).__name__}: expand() is not defined")

    def _expanded(
        self, cls: type, _instance: Any, batch_shape: Any, event_dim: dict[str, int] | None = None
    ) -> Any:
        """The instance that expand() returns: tensors in __dict__ that are parameters as views.

        event_dim: of parameters how many dimensions belong to an event.
        """
        if _instance is None and type(self).__init__ is not cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"{type(self).__name__}: a subclass of {cls.__name__} with its own __init__ needs an expand()"
            )
        new = type(self).__new__(type(self)) if _instance is None else _instance
        shape = self._shape("expand", batch_shape)
        for name in self.arg_constraints:
            if name in self.__dict__:
                t = self.__dict__[name]
                own = t.shape[t.ndim - (event_dim or {}).get(name, 0) :]
                new.__dict__[name] = t.expand((*shape, *own))
        Distribution.__init__(new, shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The shape of the parameters that are independent of each other."""
        return self._batch_shape

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one sample of one distribution."""
        return self._event_shape

    @property
    def support(self) -> Any:
        """The constraint that samples satisfy."""
        raise NotImplementedError(f"{type(self).__name__}: support is not defined")

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError(f"{type(self).__name__}: mean is not defined")

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        raise NotImplementedError(f"{type(self).__name__}: mode is not defined")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError(f"{type(self).__name__}: variance is not defined")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        """Samples of shape sample_shape + batch_shape + event_shape, without a gradient.

        generator: what draws the numbers; None for tenon.default_generator.
        """
        with no_grad():
            return self.rsample(sample_shape, generator=generator)

    def rsample(self, sample_shape: Any = (), *, generator: Any = None) -> Tensor:
        """Samples through which gradients reach the parameters."""
        raise NotImplementedError(f"{type(self).__name__}: samples have no gradient; use sample()")

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the probability, at value."""
        raise NotImplementedError(f"{type(self).__name__}: log_prob() is not defined")

    def cdf(self, value: Any) -> Tensor:
        """The probability of at most value."""
        raise NotImplementedError(f"{type(self).__name__}: cdf() is not defined")

    def icdf(self, value: Any) -> Tensor:
        """The quantile: where cdf() has this value."""
        raise NotImplementedError(f"{type(self).__name__}: icdf() is not defined")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, along a first dimension; expand: for the whole batch."""
        raise NotImplementedError(f"{type(self).__name__}: its values cannot be enumerated")

    def entropy(self) -> Tensor:
        """The entropy in nats, of shape batch_shape."""
        raise NotImplementedError(f"{type(self).__name__}: entropy() is not defined")

    def perplexity(self) -> Tensor:
        """e to the entropy."""
        return self.entropy().exp()

    def _enumerated(self, values: Tensor, expand: bool) -> Tensor:
        """What enumerate_support() returns of values along a first dimension, each an event."""
        events = values.shape[1:]
        values = values.reshape((-1, *[1] * len(self._batch_shape), *events))
        return values.expand((-1, *self._batch_shape, *events)) if expand else values

    def _shape(self, op: str, shape: Any) -> tuple[int, ...]:
        """A shape that a user gave; TypeError for what is none."""
        try:
            return tuple(operator.index(n) for n in shape)
        except TypeError:
            name = f"{type(self).__name__}.{op}"
            raise TypeError(f"{name}: a shape is a tuple of ints; got {shape!r}") from None

    def _extended_shape(self, sample_shape: Any = ()) -> tuple[int, ...]:
        return self._shape("sample", sample_shape) + self._batch_shape + self._event_shape

    def _value(self, value: Any, like: Tensor, support: Any = None) -> Tensor:
        """What log_prob() and its kin are given, as a tensor; checked where arguments are.

        like: a parameter, whose dtype numbers get. support: another than the distribution's.
        """
        if isinstance(value, bool | int | float):
            value = _C.tensor(value, dtype=like.dtype, device=like.device)
        else:
            value = _C._ingest(value, f"{type(self).__name__}: value", None, None, None)
        if self._validate_args:
            self._validate_sample(value, support)
        return value

    def _validate_sample(self, value: Tensor, support: Any = None) -> None:
        """ValueError for a value of another shape or outside the support."""
        wanted = self._batch_shape + self._event_shape
        events = len(self._event_shape)
        fits = value.ndim >= events and tuple(value.shape[value.ndim - events :]) == self._event_shape
        for have, want in zip(reversed(value.shape), reversed(wanted), strict=False):
            fits = fits and (have == want or 1 in (have, want))
        if not fits:
            raise ValueError(
                f"{type(self).__name__}: value must broadcast with batch_shape + event_shape "
                f"{wanted}; got {tuple(value.shape)}"
            )
        self._check("value", value, self.support if support is None else support)

    def __repr__(self) -> str:
        def shown(t: Any) -> str:
            return f"{t}" if t.numel() == 1 else f"{tuple(t.shape)}"

        named = [f"{n}: {shown(self.__dict__[n])}" for n in self.arg_constraints if n in self.__dict__]
        return f"{type(self).__name__}({', '.join(named)})"


class ByProbsOrLogits(Distribution):
    """What is given by probs or by logits; a subclass computes the one from the other."""

    logits: Any

    @property
    def _param(self) -> Tensor:
        given: Tensor | None = self.__dict__.get("probs")
        param: Tensor = self.logits if given is None else given
        return param

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter."""
        return self._param.shape
