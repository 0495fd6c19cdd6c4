"""What parameters and samples of distributions must satisfy, under PyTorch's names.

A constraint's ``check(value)`` says for each element, or for each event of several, whether it does.
"""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor, _cholesky_ex, _eigvalsh, full, isclose
from tenon._C import bool as bool_
from tenon._dtypes import finfo
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "Constraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property", "greater_than",
    "greater_than_eq",
    "half_open_interval", "independent", "integer_interval", "interval", "is_dependent", "less_than",
    "lower_cholesky", "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot",
    "positive", "positive_definite", "positive_integer",
    "positive_semidefinite", "real", "real_vector", "simplex", "square", "stack", "symmetric",
    "unit_interval",
]  # fmt: skip


class Constraint:
    """A region over which a variable is valid. Subclass it and write ``check``.

    >>> tenon.distributions.constraints.positive.check(tenon.tensor([1.0, -1.0]))
    tensor([ True, False])
    """

    is_discrete: bool = False
    event_dim: int = 0  # how many of the last dimensions are one event

    def check(self, value: Tensor) -> Tensor:
        """A bool tensor: for each event of value whether it satisfies the constraint."""
        raise NotImplementedError(f"{type(self).__name__}: check() is not defined")

    def __repr__(self) -> str:
        def shown(v: Any) -> str:
            return f"{v}" if getattr(v, "ndim", 0) == 0 else f"a tensor of shape {tuple(v.shape)}"

        values = ", ".join(f"{k}={shown(v)}" for k, v in vars(self).items())
        return f"{type(self).__name__.lstrip('_')}({values})"


class dependent_property(property):
    """A property whose constraint depends on other parameters: PyTorch's decorator.

    >>> class Upper(tenon.distributions.Distribution):
    ...     @tenon.distributions.constraints.dependent_property(is_discrete=False, event_dim=0)
    ...     def support(self):
    ...         return tenon.distributions.constraints.less_than(self.bound)
    >>> tenon.distributions.constraints.is_dependent(Upper.support)
    True
    """

    def __init__(
        self, fget: Any = None, *, is_discrete: bool | None = None, event_dim: int | None = None
    ) -> None:
        super().__init__(fget)
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def __call__(self, fget: Callable[[Any], Any]) -> dependent_property:
        return type(self)(fget, is_discrete=self.is_discrete, event_dim=self.event_dim)


class dependent(Constraint):
    """A constraint that depends on other parameters, so that it is not checked by itself.

    The class itself serves as one of which nothing else is known.

    Parameters:
        is_discrete: Whether the space is discrete; None where that depends, too.
        event_dim: How many dimensions an event has; None where that depends, too.

    >>> tenon.distributions.constraints.dependent(is_discrete=True).is_discrete
    True
    """

    def __init__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> None:
        self.is_discrete, self.event_dim = is_discrete, event_dim  # type: ignore[assignment]

    def check(self, value: Tensor) -> Tensor:
        raise ValueError("dependent: it depends on other parameters and has no check of its own")


def is_dependent(constraint: object) -> bool:
    """Whether a constraint depends on other parameters, so that it cannot be checked by itself.

    Parameters
    ----------
    constraint : Constraint
        What a class's ``support`` or ``arg_constraints`` has.

    Returns
    -------
    bool
        True for ``dependent`` and for a ``dependent_property`` of a class.

    Examples
    --------
    >>> tenon.distributions.constraints.is_dependent(tenon.distributions.constraints.real)
    False
    """
    return constraint is dependent or isinstance(constraint, dependent | dependent_property)


class independent(Constraint):
    """A constraint of whose events some dimensions are one.

    Parameters:
        base_constraint: The constraint of each.
        reinterpreted_batch_ndims: How many dimensions belong to an event, besides its own.

    >>> c = tenon.distributions.constraints.independent(tenon.distributions.constraints.positive, 1)
    >>> c.check(tenon.tensor([[1.0, 2.0], [1.0, -2.0]]))
    tensor([ True, False])
    """

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        ok = self.base_constraint.check(value)
        if ok.ndim < self.reinterpreted_batch_ndims:
            raise ValueError(
                f"independent: an event has {self.event_dim} dimensions; got shape {tuple(value.shape)}"
            )
        for _ in range(self.reinterpreted_batch_ndims):
            ok = ok.all(-1)
        return ok

    def __repr__(self) -> str:
        return f"Independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Real(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return value == value  # not where it is NaN


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        tolerance = max(1e-6, 10 * finfo(value.dtype).eps)
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < tolerance)


class _Bounded(Constraint):
    """lower and upper, or one of them; a subclass says which comparison holds."""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound


class integer_interval(_Bounded):
    """Integers from lower_bound to upper_bound, both of them included.

    >>> tenon.distributions.constraints.integer_interval(0, 2).check(tenon.tensor([2.0, 0.5]))
    tensor([ True, False])
    """

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class interval(_Bounded):
    """Numbers from lower_bound to upper_bound, both of them included.

    >>> tenon.distributions.constraints.interval(0, 2).check(tenon.tensor([2.0, 2.5]))
    tensor([ True, False])
    """

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class half_open_interval(_Bounded):
    """Numbers from lower_bound to below upper_bound.

    >>> tenon.distributions.constraints.half_open_interval(0, 2).check(tenon.tensor([0.0, 2.0]))
    tensor([ True, False])
    """

    def check(self, value: Tensor) -> Tensor:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class greater_than(Constraint):
    """Numbers above lower_bound.

    >>> tenon.distributions.constraints.greater_than(1).check(tenon.tensor([2.0, 1.0]))
    tensor([ True, False])
    """

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return self.lower_bound < value


class greater_than_eq(greater_than):
    """Numbers from lower_bound on.

    >>> tenon.distributions.constraints.greater_than_eq(1).check(tenon.tensor([1.0, 0.5]))
    tensor([ True, False])
    """

    def check(self, value: Tensor) -> Tensor:
        return self.lower_bound <= value


class _IntegerFrom(greater_than):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (self.lower_bound <= value)


class multinomial(Constraint):
    """Counts along the last dimension, integers from 0 on whose sum is upper_bound.

    >>> tenon.distributions.constraints.multinomial(2).check(tenon.tensor([[1.0, 1.0], [2.0, 1.0]]))
    tensor([ True, False])
    """

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: int) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return ((value >= 0) & (value % 1 == 0)).all(-1) & (value.sum(-1) == self.upper_bound)


class _LowerTriangular(Constraint):
    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        return (value.tril() == value).all(-1).all(-1)


class _LowerCholesky(_LowerTriangular):
    def check(self, value: Tensor) -> Tensor:
        return super().check(value) & (value.diagonal(0, -2, -1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def check(self, value: Tensor) -> Tensor:
        tolerance = finfo(value.dtype).eps * value.shape[-1] * 10
        return super().check(value) & ((value.square().sum(-1) - 1).abs() < tolerance).all(-1)


class _Square(Constraint):
    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        shape = value.shape[:-2]
        return full(shape, value.shape[-2] == value.shape[-1], dtype=bool_, device=value.device)


class _Symmetric(_Square):
    def check(self, value: Tensor) -> Tensor:
        square = super().check(value)
        if value.shape[-2] != value.shape[-1]:
            return square
        return isclose(value, value.mT, atol=1e-6).all(-1).all(-1)


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        return (_eigvalsh(value) >= 0).all(-1) & symmetric if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        return (_cholesky_ex(value)[1] == 0) & symmetric if symmetric.all() else symmetric


class less_than(Constraint):
    """Numbers below upper_bound.

    >>> tenon.distributions.constraints.less_than(1).check(tenon.tensor([0.0, 1.0]))
    tensor([ True, False])
    """

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return value < self.upper_bound


class cat(Constraint):
    """Constraints of the parts that ``tenon.cat`` joined.

    Parameters:
        cseq: The constraints.
        dim: The dimension along which the parts lie.
        lengths: How long each part is; None for 1.

    >>> c = tenon.distributions.constraints
    >>> c.cat([c.positive, c.real], lengths=[1, 2]).check(tenon.tensor([-1.0, -1.0, 2.0]))
    tensor([False,  True,  True])
    """

    def __init__(self, cseq: Any, dim: int = 0, lengths: Any = None) -> None:
        self.cseq, self.dim = _sequence("cat", cseq), dim
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise ValueError(
                f"cat: there must be a length for each of {len(self.cseq)} constraints; got {self.lengths}"
            )

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        return max(c.event_dim for c in self.cseq)

    def check(self, value: Tensor) -> Tensor:
        parts = _C.split(value, self.lengths, self.dim)
        return _C.cat([c.check(p) for c, p in zip(self.cseq, parts, strict=True)], self.dim)


class stack(Constraint):
    """Constraints of the parts that ``tenon.stack`` joined.

    Parameters:
        cseq: The constraints.
        dim: The dimension along which the parts were stacked.

    >>> c = tenon.distributions.constraints
    >>> c.stack([c.positive, c.real]).check(tenon.tensor([-1.0, -1.0]))
    tensor([False,  True])
    """

    def __init__(self, cseq: Any, dim: int = 0) -> None:
        self.cseq, self.dim = _sequence("stack", cseq), dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        dims = max(c.event_dim for c in self.cseq)
        return dims + (self.dim + dims < 0)

    def check(self, value: Tensor) -> Tensor:
        parts = _C.unbind(value, self.dim)
        if len(parts) != len(self.cseq):
            raise ValueError(f"stack: there are {len(self.cseq)} constraints; got shape {tuple(value.shape)}")
        return _C.stack([c.check(p) for c, p in zip(self.cseq, parts, strict=True)], self.dim)


def _sequence(name: str, cseq: Any) -> list[Constraint]:
    found = list(cseq)
    if not found or not all(isinstance(c, Constraint) for c in found):
        raise TypeError(f"{name}: a sequence of constraints is needed; got {found!r}")
    return found


boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerFrom(0)
positive_integer = _IntegerFrom(1)
real = _Real()
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()

_guide(__name__)
