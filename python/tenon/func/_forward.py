"""Products with a Jacobian from the right, by differentiating the backward pass."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon._grad_mode import enable_grad
from tenon.func._reverse import Pullback
from tenon.func._structures import Inputs, callable_, flatten, gradients, same_structure

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Pushforward:
    """What a function returned, and the products of its Jacobian with vectors.

    The gradient u J is linear in u, so that its derivative by u, times t, is J t. The graph of u J is made
    once and used for each t.
    """

    def __init__(self, op: str, func: Any, inputs: Inputs, has_aux: bool, kwargs: Any) -> None:
        self.op, self.inputs = op, inputs
        self.pullback = Pullback(op, func, inputs, has_aux, kwargs, True)
        outputs = self.pullback.outputs
        with enable_grad():
            self.weights = [
                _C.zeros_like(y).requires_grad_(y.dtype.is_floating_point or y.dtype.is_complex)
                for y in outputs
            ]
            self.grads = gradients(outputs, inputs.seen, self.weights, True)

    def product(self, tangents: list[Tensor]) -> Any:
        """The Jacobian times the tangents, in the outputs' structure."""
        pull = self.pullback
        record = _C.is_grad_enabled() and (any(pull.links) or any(t.requires_grad for t in tangents))
        with enable_grad():
            found = gradients(self.grads, self.weights, tangents, record)
        return pull.rebuild([self.inputs.released(t) if record else t for t in found])

    def independent(self) -> list[int]:
        """The places of outputs that depend on no input."""
        return [i for i, y in enumerate(self.pullback.outputs) if not y.requires_grad]


def _tangents(op: str, tangents: Any, primals: Any) -> list[Tensor]:
    same_structure(op, "the tangents", tangents, primals)
    found, _ = flatten(tangents)
    like, _ = flatten(primals)
    for t, x in zip(found, like, strict=True):
        if not isinstance(t, Tensor) or t.shape != x.shape:
            got = tuple(t.shape) if isinstance(t, Tensor) else repr(t)
            raise RuntimeError(f"{op}: a tangent must have its primal's shape {tuple(x.shape)}; got {got}")
    return found


@documented()
def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> Any:
    """A function's value, and its Jacobian times a vector.

    It costs a backward pass and that pass's own derivative: func's gradient must be differentiable.

    func: A function of primals that returns tensors, alone or in tuples, lists and dicts.
    primals: A tuple of its arguments: tensors, alone or in tuples, lists and dicts.
    tangents: The vector: tensors in the structure and shapes of primals.
    strict: True raises RuntimeError for an output that does not depend on the primals.
    has_aux: True for a func that returns (output, aux); aux is returned as third.
    Returns: (output, product), new tensors in the structure of func's results.
    RuntimeError: For primals that are no tuple, tangents of another structure or shape, and results that are
    no tensors.
    ValueError: For a primal that is no tensor.
    TypeError: For a func that cannot be called.

    >>> tenon.func.jvp(tenon.sin, (tenon.zeros(2),), (tenon.tensor([1.0, 2.0]),))
    (tensor([0., 0.]), tensor([1., 2.]))
    """
    callable_("jvp", func)
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"jvp: the primals must be a tuple, as in func(*primals); got {type(primals).__name__}"
        )
    inputs = Inputs("jvp", primals, tuple(range(len(primals))))
    vectors = _tangents("jvp", tangents, primals)
    push = Pushforward("jvp", func, inputs, has_aux, {})
    if strict and push.independent():
        raise RuntimeError(
            f"jvp: outputs {push.independent()} do not depend on the primals; strict=True refuses that"
        )
    product = push.product(vectors)
    pull = push.pullback
    return (pull.value, product, pull.aux) if has_aux else (pull.value, product)


@documented()
def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """A function's value, and its linear approximation there: a function that multiplies its Jacobian.

    func runs once; each product costs one derivative of its backward pass.

    func: A function of primals that returns tensors, alone or in tuples, lists and dicts.
    primals: Its arguments: tensors, alone or in tuples, lists and dicts.
    Returns: (output, jvp_fn). ``jvp_fn(*tangents)`` takes tensors in the structure and shapes of the primals
    and returns new tensors in the structure of output.
    RuntimeError: For results that are no tensors; jvp_fn raises it for tangents of another
    structure or shape.
    ValueError: For a primal that is no tensor.
    TypeError: For a func that cannot be called.

    >>> y, jvp_fn = tenon.func.linearize(tenon.exp, tenon.zeros(2))
    >>> jvp_fn(tenon.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    callable_("linearize", func)
    inputs = Inputs("linearize", primals, tuple(range(len(primals))))
    push = Pushforward("linearize", func, inputs, False, {})

    def jvp_fn(*tangents: Any) -> Any:
        return push.product(_tangents("linearize", tangents, primals))

    return push.pullback.value, jvp_fn
