"""Transforms from unconstrained numbers to what satisfies a constraint, found by the constraint."""

from __future__ import annotations

from tenon.distributions import constraints, transforms

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """A table of functions that make a transform from unconstrained numbers, by the class of a constraint.

    ``biject_to`` has transforms that can be inverted, ``transform_to`` also others, which may be simpler. A
    call looks one up, ``register`` adds one.

    Parameters
    ----------
    constraint : Constraint
        What the results must satisfy.

    Returns
    -------
    Transform
        A new transform.

    Raises
    ------
    NotImplementedError
        Where none is registered for the class of the constraint.

    Examples
    --------
    >>> to_positive = tenon.distributions.transform_to(tenon.distributions.constraints.positive)
    >>> to_positive(tenon.tensor([0.0]))
    tensor([1.])
    """

    def __init__(self, name: str = "ConstraintRegistry") -> None:
        self.__name__ = name
        self._table: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Any] | None = None) -> Any:
        """Adds a function for a class of constraints, or for that of one; without a function a decorator."""
        if factory is None:
            return lambda f: self.register(constraint, f)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(f"register: a constraint or a class of them is needed; got {constraint!r}")
        self._table[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        factory = self._table.get(type(constraint))
        if factory is None:
            raise NotImplementedError(f"there is no transform to the constraint {constraint!r}; register one")
        return factory(constraint)


biject_to, transform_to = ConstraintRegistry("biject_to"), ConstraintRegistry("transform_to")
_BOTH = (biject_to, transform_to)


def _interval(c: Any) -> Any:
    def is_number(x: Any, n: int) -> bool:
        return isinstance(x, bool | int | float) and x == n

    if is_number(c.lower_bound, 0) and is_number(c.upper_bound, 1):
        return transforms.SigmoidTransform()
    width = c.upper_bound - c.lower_bound
    return transforms.ComposeTransform(
        [transforms.SigmoidTransform(), transforms.AffineTransform(c.lower_bound, width)]
    )


def _from(c: Any) -> Any:
    if isinstance(c.lower_bound, float) and c.lower_bound == 0:
        return transforms.ExpTransform()
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(c.lower_bound, 1)]
    )


def _below(c: Any) -> Any:
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(c.upper_bound, -1)]
    )


def _of_parts(registry: ConstraintRegistry) -> None:
    def independent(c: Any) -> Any:
        base = registry(c.base_constraint)
        return transforms.IndependentTransform(base, c.reinterpreted_batch_ndims)

    def cat(c: Any) -> Any:
        return transforms.CatTransform([registry(one) for one in c.cseq], c.dim, c.lengths)

    def stack(c: Any) -> Any:
        return transforms.StackTransform([registry(one) for one in c.cseq], c.dim)

    registry.register(constraints.independent, independent)
    registry.register(constraints.cat, cat)
    registry.register(constraints.stack, stack)


for _registry in _BOTH:
    _of_parts(_registry)
    _registry.register(constraints.real, lambda c: transforms.identity_transform)
    for _open in (constraints.greater_than, constraints.greater_than_eq):
        _registry.register(_open, _from)
    _registry.register(constraints.less_than, _below)
    for _kind in (constraints.interval, constraints.half_open_interval):
        _registry.register(_kind, _interval)
    _registry.register(constraints.corr_cholesky, lambda c: transforms.CorrCholeskyTransform())
biject_to.register(constraints.simplex, lambda c: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda c: transforms.LowerCholeskyTransform())
for _matrices in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_matrices, lambda c: transforms.PositiveDefiniteTransform())
