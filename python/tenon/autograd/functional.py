"""Jacobians, Hessians and their products with vectors, as torch.autograd.functional has them."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import enable_grad
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Function = Callable[..., Any]
    Tensors = Tensor | Sequence[Tensor]

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

# What the documentation of these functions has in common.
_COMMON = """
func: A function of the inputs that returns a tensor or a tuple of tensors.
inputs: A tensor, or a sequence of tensors.
v: The vector, of the shape that the product needs; None for one of a single element.
create_graph: True records the gradients themselves, for second derivatives.
strict: True raises RuntimeError where an output does not depend on an input, or not differentiably.
vectorize: Taken for PyTorch's sake; it changes nothing.
strategy, outer_jacobian_strategy: 'reverse-mode' or 'forward-mode'; both give the same.
TypeError: For an input, a result or a v that is no tensor.
"""
_PRODUCT = """
Returns: The function's result, over its own memory but without its history unless create_graph is True; and
the product, new tensors.
RuntimeError: For a v of another shape or number, and with strict=True where there is no dependence.
"""
_OF_ONE_NUMBER = """
RuntimeError: For a function with more than one element, for a v of another shape or number, and with
strict=True where there is no dependence.
"""


def _tuple(x: Any, op: str, what: str) -> tuple[tuple[Tensor, ...], bool]:
    """The tensors, and whether there was one that stood alone."""
    alone = isinstance(x, Tensor)
    tensors = (x,) if alone else tuple(x)
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(f"{op}: {what} must be tensors; got {type(t).__name__} at {i}")
    return tensors, alone


def _unwrapped(x: tuple[Any, ...], alone: bool) -> Any:
    return x[0] if alone else x


def _inputs(inputs: Any, op: str, create_graph: bool) -> tuple[tuple[Tensor, ...], bool]:
    tensors, alone = _tuple(inputs, op, "inputs")
    if create_graph:  # the result depends on the caller's own tensors
        return tuple(
            t.view(t.shape) if t.requires_grad else t.detach().requires_grad_() for t in tensors
        ), alone
    return tuple(t.detach().requires_grad_() for t in tensors), alone


def _outputs(
    func: Function, inputs: tuple[Tensor, ...], op: str, strict: bool
) -> tuple[tuple[Tensor, ...], bool]:
    tensors, alone = _tuple(func(*inputs), op, "the function's results")
    if strict:
        for i, t in enumerate(tensors):
            if not t.requires_grad:
                raise RuntimeError(
                    f"{op}: output {i} does not depend on the inputs; strict=True refuses that"
                )
    return tensors, alone


def _grads(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    vectors: Sequence[Tensor | None],
    op: str,
    strict: bool,
    create_graph: bool,
    retain_graph: bool = True,
) -> tuple[Tensor, ...]:
    """The gradients, zeros where there is no dependence."""
    used = [(y, v) for y, v in zip(outputs, vectors, strict=True) if y.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(inputs)
    if used:
        ys, vs = [y for y, _ in used], [v for _, v in used]
        found = _C._grad(ys, list(inputs), vs, retain_graph, create_graph, True)
    if strict and any(g is None for g in found):
        which = [i for i, g in enumerate(found) if g is None]
        raise RuntimeError(f"{op}: the outputs do not depend on inputs {which}; strict=True refuses that")
    return tuple(_C.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True))


def _vectors(v: Any, like: tuple[Tensor, ...], op: str, what: str) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"{op}: v may be left out only for {what} of one element; got {len(like)} {what}"
            )
        return (_C.ones_like(like[0]),)
    vectors, _ = _tuple(v, op, "v")
    if len(vectors) != len(like):
        raise RuntimeError(f"{op}: v needs one tensor for each of the {len(like)} {what}; got {len(vectors)}")
    for i, (t, y) in enumerate(zip(vectors, like, strict=True)):
        if t.shape != y.shape:
            raise RuntimeError(f"{op}: v[{i}] must have shape {tuple(y.shape)}; got {tuple(t.shape)}")
    return vectors


def _finished(tensors: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    return tensors if create_graph else tuple(t.detach() for t in tensors)


@_documented(_COMMON, _PRODUCT)
def vjp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``(func(*inputs), v times the Jacobian)``.

    v has the outputs' shapes; it may be left out for one output of one element. The product has the inputs'
    shapes.

    >>> _, g = tenon.autograd.functional.vjp(lambda x: (x * x).sum(), tenon.ones(2))
    >>> g
    tensor([2., 2.])
    """
    with enable_grad():
        xs, alone = _inputs(inputs, "vjp", create_graph)
        ys, one = _outputs(func, xs, "vjp", strict)
        vs = _vectors(v, ys, "vjp", "outputs")
        grads = _grads(ys, xs, vs, "vjp", strict, create_graph, create_graph)
    return _unwrapped(_finished(ys, create_graph), one), _unwrapped(_finished(grads, create_graph), alone)


@_documented(_COMMON, _PRODUCT)
def jvp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``(func(*inputs), the Jacobian times v)``, by differentiating the backward pass.

    v has the inputs' shapes; it may be left out for one input of one element. The product has the outputs'
    shapes.

    >>> _, t = tenon.autograd.functional.jvp(lambda x: x * x, tenon.ones(2), tenon.ones(2))
    >>> t
    tensor([2., 2.])
    """
    with enable_grad():
        xs, _ = _inputs(inputs, "jvp", create_graph)
        vs = _vectors(v, xs, "jvp", "inputs")
        ys, one = _outputs(func, xs, "jvp", strict)
        # The gradient is linear in u, and its derivative by u is the Jacobian.
        us = tuple(_C.zeros_like(y).requires_grad_() for y in ys)
        grads = _grads(ys, xs, us, "jvp", strict, True)
        used = [(g, t) for g, t in zip(grads, vs, strict=True) if g.requires_grad]
        products = _grads([g for g, _ in used], us, [t for _, t in used], "jvp", False, create_graph)
    return _unwrapped(_finished(ys, create_graph), one), _unwrapped(_finished(products, create_graph), one)


@_documented(_COMMON)
def jacobian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of func: for output y and input x a tensor of shape ``y.shape + x.shape``.

    ``vectorize`` changes nothing: one backward pass for each element of the outputs.

    Returns: New tensors: a tuple over outputs of tuples over inputs; no tuple where a tensor stands alone.
    RuntimeError: With strict=True where an output does not depend on an input.
    ValueError: For another strategy.

    >>> tenon.autograd.functional.jacobian(lambda x: x * x, tenon.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    del vectorize
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(f"jacobian: the strategy is 'reverse-mode' or 'forward-mode'; got {strategy!r}")
    with enable_grad():
        xs, alone = _inputs(inputs, "jacobian", create_graph)
        ys, one = _outputs(func, xs, "jacobian", strict)
        rows = []
        for y in ys:
            columns: list[list[Tensor]] = [[] for _ in xs]
            for i in range(y.numel()):
                unit = _C.zeros(y.numel(), dtype=y.dtype, device=y.device)
                unit[i] = 1
                grads = _grads([y], xs, [unit.reshape(y.shape)], "jacobian", strict, create_graph)
                for column, g in zip(columns, grads, strict=True):
                    column.append(g)
            blocks = []
            for column, x in zip(columns, xs, strict=True):
                shape = (*y.shape, *x.shape)
                block = (
                    _C.stack(column).reshape(shape)
                    if column
                    else _C.zeros(shape, dtype=x.dtype, device=x.device)
                )
                blocks.append(block if create_graph else block.detach())
            rows.append(_unwrapped(tuple(blocks), alone))
    return _unwrapped(tuple(rows), one)


def _one_number(func: Function, op: str) -> Function:
    def checked(*xs: Tensor) -> Tensor:
        y = func(*xs)
        if not isinstance(y, Tensor) or y.numel() != 1:
            got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
            raise RuntimeError(f"{op}: the function must return one tensor of one element; got {got}")
        return y.reshape(())

    return checked


@_documented(_COMMON)
def hessian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a function of one number: for inputs a and b a tensor of shape ``a.shape + b.shape``.

    Returns: New tensors: a tuple of tuples over the inputs; no tuple where a tensor stands alone.
    RuntimeError: For a function with more than one element, and with strict=True where there is no
    dependence.
    ValueError: For another strategy.

    >>> tenon.autograd.functional.hessian(lambda x: (x**3).sum(), tenon.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    scalar = _one_number(func, "hessian")
    alone = isinstance(inputs, Tensor)

    def gradient(*xs: Tensor) -> tuple[Tensor, ...]:
        y = scalar(*xs)
        if strict and not y.requires_grad:
            raise RuntimeError("hessian: the output does not depend on the inputs; strict=True refuses that")
        return _grads([y], xs, [None], "hessian", strict, True)

    result = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return result[0] if alone else result


@_documented(_COMMON, _OF_ONE_NUMBER, _PRODUCT)
def vhp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``(func(*inputs), v times the Hessian)``; v and the product have the inputs' shapes.

    >>> x = tenon.tensor([1.0, 3.0])
    >>> y, product = tenon.autograd.functional.vhp(lambda x: (x ** 3).sum(), x, tenon.ones(2))
    >>> product
    tensor([ 6., 18.])
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


@_documented(_COMMON, _OF_ONE_NUMBER, _PRODUCT)
def hvp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """``(func(*inputs), the Hessian times v)``. The Hessian is symmetric: this is vhp.

    >>> x = tenon.tensor([1.0, 3.0])
    >>> y, product = tenon.autograd.functional.hvp(lambda x: (x ** 3).sum(), x, tenon.ones(2))
    >>> product
    tensor([ 6., 18.])
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(
    op: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    with enable_grad():
        xs, alone = _inputs(inputs, op, create_graph)
        vs = _vectors(v, xs, op, "inputs")
        y = _one_number(func, op)(*xs)
        grads = _grads([y], xs, [None], op, strict, True)
        products = _grads(grads, xs, vs, op, strict, create_graph)
    (value,) = _finished((y,), create_graph)
    return value, _unwrapped(_finished(products, create_graph), alone)


_guide(__name__)
