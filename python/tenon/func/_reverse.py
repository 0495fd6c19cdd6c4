"""Gradients and products with a Jacobian from the left, as functions of a function."""

from __future__ import annotations

import functools

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon._grad_mode import enable_grad
from tenon.func._structures import (
    Inputs,
    callable_,
    flatten,
    gradients,
    same_structure,
    split_aux,
    tensors_in,
)

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tenon.func._structures import ArgNums

GRADIENT = """
func: A function of tensors that returns a tensor of one number.
argnums: The argument that the gradient is taken by, an int, or a tuple of several. Such an argument is a
tensor, or a tuple, list or dict of them.
has_aux: True for a func that returns (output, aux); aux is returned beside the gradient.
RuntimeError: The function raises it for an output that is not one real number, for argnums that are not
there, for a result that is no pair where has_aux is True, and for tensors of integers.
ValueError: The function raises it for an argument of argnums that is no tensor.
TypeError: For a func that cannot be called.
"""


def _scalar(op: str, y: Any) -> Tensor:
    if not isinstance(y, Tensor):
        raise RuntimeError(f"{op}: func must return a tensor; got {y!r}")
    if y.ndim:
        raise RuntimeError(
            f"{op}: func must return a tensor of no dimensions; got shape {tuple(y.shape)}; "
            "vjp and jacrev take any"
        )
    if y.dtype.is_complex:
        raise RuntimeError(f"{op}: func must return a real number; got {y.dtype.name}")
    return y


def _gradient(op: str, func: Any, argnums: ArgNums, has_aux: bool, args: Any, kwargs: Any) -> Any:
    inputs = Inputs(op, args, argnums)
    with enable_grad():
        y, aux = split_aux(op, func(*inputs.args, **kwargs), has_aux)
        recorded = inputs.reaches_out(_scalar(op, y))
        found = gradients([y], inputs.seen, [None], recorded, False)
    values = inputs.released(inputs.rebuild(found))
    return values, inputs.released(y), inputs.released(aux)


@documented(GRADIENT)
def grad(func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function, as a function of the same arguments.

    It can be differentiated in its turn: by another ``grad``, by ``vmap`` over it, and by ``backward()``
    where an argument or a tensor that func uses requires grad.

    Returns: A function that returns the gradient: new tensors in the structure of the argument; for a tuple
    argnums a tuple. With has_aux=True (gradient, aux).

    >>> slope = tenon.func.grad(lambda x: x**3)
    >>> slope(tenon.tensor(2.0)), tenon.func.grad(slope)(tenon.tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    callable_("grad", func)

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        values, _, aux = _gradient("grad", func, argnums, has_aux, args, kwargs)
        return (values, aux) if has_aux else values

    return gradient


@documented(GRADIENT)
def grad_and_value(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """``grad`` that returns the function's value, too.

    Returns: A function that returns (gradient, value), new tensors; with has_aux=True (gradient,
    (value, aux)).

    >>> tenon.func.grad_and_value(lambda x: x**3)(tenon.tensor(2.0))
    (tensor(12.), tensor(8.))
    """
    callable_("grad_and_value", func)

    @functools.wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        values, y, aux = _gradient("grad_and_value", func, argnums, has_aux, args, kwargs)
        return values, (y, aux) if has_aux else y

    return gradient


class Pullback:
    """What a function returned, and the products of vectors with its Jacobian."""

    def __init__(
        self, op: str, func: Any, inputs: Inputs, has_aux: bool, kwargs: Any, whole_numbers_too: bool = False
    ) -> None:
        self.op, self.inputs = op, inputs
        with enable_grad():
            value, aux = split_aux(op, func(*inputs.args, **kwargs), has_aux)
        self.outputs, self.rebuild = tensors_in(op, value, "func's results")
        for y in self.outputs:
            if whole_numbers_too or y.dtype.is_floating_point or y.dtype.is_complex:
                continue
            raise RuntimeError(f"{op}: func's results must be floats or complex numbers; got {y.dtype.name}")
        self.links = [inputs.reaches_out(y) for y in self.outputs]
        # Views: the outputs themselves may be the inputs that only this call knows.
        own = [
            y.view(y.shape) if link else y.detach() for y, link in zip(self.outputs, self.links, strict=True)
        ]
        self.value, self.aux = self.rebuild(own), inputs.released(aux)

    def product(self, vectors: list[Tensor], retain_graph: bool = True, record: bool | None = None) -> Any:
        """The vectors times the Jacobian, in the inputs' structure."""
        if record is None:
            record = _C.is_grad_enabled() and (any(self.links) or any(v.requires_grad for v in vectors))
        found = gradients(self.outputs, self.inputs.seen, vectors, record, retain_graph)
        return self.inputs.rebuild([self.inputs.released(g) for g in found] if record else found)

    def vectors(self, cotangents: Any) -> list[Tensor]:
        """The cotangents, which must have the outputs' structure and shapes."""
        found, _ = flatten(cotangents)
        same_structure(self.op, "the cotangents", cotangents, self.value)
        for v, y in zip(found, self.outputs, strict=True):
            if not isinstance(v, Tensor) or v.shape != y.shape:
                got = tuple(v.shape) if isinstance(v, Tensor) else repr(v)
                raise RuntimeError(f"{self.op}: a cotangent must have shape {tuple(y.shape)}; got {got}")
        return found


@documented()
def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """A function's value, and a function that multiplies vectors with its Jacobian.

    func: A function of primals that returns tensors, alone or in tuples, lists and dicts.
    primals: Its arguments: tensors, alone or in tuples, lists and dicts.
    has_aux: True for a func that returns (output, aux); aux is returned as third.
    Returns: (output, vjp_fn). ``vjp_fn(cotangents)`` takes tensors in the structure and shapes of output and
    returns a tuple of new tensors, one entry for each primal. It can be called several times.
    RuntimeError: For results that are no tensors of floats; vjp_fn raises it for cotangents of another
    structure or shape.
    ValueError: For a primal that is no tensor.
    TypeError: For a func that cannot be called.

    >>> y, vjp_fn = tenon.func.vjp(tenon.sin, tenon.zeros(2))
    >>> vjp_fn(tenon.tensor([1.0, 2.0]))
    (tensor([1., 2.]),)
    """
    callable_("vjp", func)
    inputs = Inputs("vjp", primals, tuple(range(len(primals))))
    pullback = Pullback("vjp", func, inputs, has_aux, {})

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        return pullback.product(pullback.vectors(cotangents), retain_graph, create_graph)

    return (pullback.value, vjp_fn, pullback.aux) if has_aux else (pullback.value, vjp_fn)
