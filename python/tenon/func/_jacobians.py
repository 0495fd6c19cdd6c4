"""Jacobians and Hessians, as functions of a function's arguments."""

from __future__ import annotations

import functools
import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon.func._forward import Pushforward
from tenon.func._reverse import Pullback
from tenon.func._structures import Inputs, callable_, flatten

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tenon.func._structures import ArgNums

_JACOBIAN = """
func: A function of tensors that returns tensors of real floats, alone or in tuples, lists and dicts.
argnums: The argument that the Jacobian is taken by, an int, or a tuple of several. Such an argument is a
tensor, or a tuple, list or dict of them.
has_aux: True for a func that returns (output, aux); aux is returned beside the Jacobian.
Returns: A function of func's arguments that returns the Jacobian: for output y and input x a new tensor of
shape ``y.shape + x.shape``, in the structure of the outputs, and within it of the inputs. With has_aux=True
(Jacobian, aux).
RuntimeError: The function raises it for complex numbers and integers, for results that are no tensors, and
for argnums that are not there.
ValueError: The function raises it for an argument of argnums that is no tensor.
TypeError: For a func that cannot be called.
"""


def _real(op: str, tensors: list[Any], what: str) -> None:
    for i, t in enumerate(tensors):
        if isinstance(t, Tensor) and t.dtype.is_complex:
            raise RuntimeError(f"{op}: {what} must be real; got {t.dtype.name} at {i}")


def _units(tensors: list[Tensor]) -> Iterator[list[Tensor]]:
    """Vectors over the tensors, one for each element: a 1 in its place, zeros elsewhere."""
    zeros = [_C.zeros_like(t).detach() for t in tensors]
    for i, t in enumerate(tensors):
        for j in range(t.numel()):
            unit = _C.zeros(t.numel(), dtype=t.dtype, device=t.device)
            unit[j] = 1
            yield [*zeros[:i], unit.reshape(t.shape), *zeros[i + 1 :]]


def _stacked(parts: list[Tensor], shape: tuple[int, ...], like: Tensor, dim: int) -> Tensor:
    if not parts:
        return _C.zeros(shape, dtype=like.dtype, device=like.device)
    return _C.stack(parts, dim).reshape(shape)


@documented(_JACOBIAN)
def jacrev(
    func: Callable[..., Any],
    argnums: ArgNums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of a function, by one backward pass for each element of its results.

    chunk_size, _preallocate_and_copy: Taken for PyTorch's sake; they change nothing.
    ValueError: For a chunk_size below 1. The function raises it for an argument of argnums that is no tensor.

    >>> tenon.func.jacrev(lambda x: x * x)(tenon.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    callable_("jacrev", func)
    if chunk_size is not None and operator.index(chunk_size) < 1:
        raise ValueError(f"jacrev: chunk_size must be positive; got {chunk_size}")

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        inputs = Inputs("jacrev", args, argnums)
        _real("jacrev", inputs.seen, "the inputs")
        pull = Pullback("jacrev", func, inputs, has_aux, kwargs)
        _real("jacrev", pull.outputs, "func's results")
        rows = [flatten(pull.product(unit))[0] for unit in _units(pull.outputs)]
        blocks, start = [], 0
        for y in pull.outputs:
            own = rows[start : start + y.numel()]
            start += y.numel()
            shaped = [
                _stacked([row[k] for row in own], (*y.shape, *x.shape), x, 0)
                for k, x in enumerate(inputs.seen)
            ]
            blocks.append(inputs.rebuild(shaped))
        result = pull.rebuild(blocks)
        return (result, pull.aux) if has_aux else result

    return jacobian


@documented(_JACOBIAN)
def jacfwd(
    func: Callable[..., Any],
    argnums: ArgNums = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """The Jacobian of a function, by one product with it for each element of the inputs.

    It is the faster one where there are more results than inputs. func's gradient must be differentiable.

    randomness: Taken for PyTorch's sake; func runs once.
    ValueError: For another randomness. The function raises it for an argument of argnums that is no tensor.

    >>> tenon.func.jacfwd(lambda x: x * x)(tenon.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    callable_("jacfwd", func)
    if randomness not in ("error", "different", "same"):
        raise ValueError(f"jacfwd: randomness is 'error', 'different' or 'same'; got {randomness!r}")

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        inputs = Inputs("jacfwd", args, argnums)
        _real("jacfwd", inputs.seen, "the inputs")
        push = Pushforward("jacfwd", func, inputs, has_aux, kwargs)
        pull = push.pullback
        _real("jacfwd", pull.outputs, "func's results")
        columns = [flatten(push.product(unit))[0] for unit in _units(inputs.seen)]
        blocks: list[list[Tensor]] = [[] for _ in pull.outputs]
        start = 0
        for x in inputs.seen:
            own = columns[start : start + x.numel()]
            start += x.numel()
            for k, y in enumerate(pull.outputs):
                blocks[k].append(_stacked([c[k] for c in own], (*y.shape, *x.shape), y, y.ndim))
        result = pull.rebuild([inputs.rebuild(b) for b in blocks])
        return (result, pull.aux) if has_aux else result

    return jacobian


@documented(_JACOBIAN)
def hessian(func: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., Any]:
    """The Jacobian of the Jacobian of a function.

    Returns: A function of func's arguments: for output y and inputs a and b a new tensor of shape
    ``y.shape + a.shape + b.shape``, in the structure of the outputs, and within it of the inputs, twice.

    >>> tenon.func.hessian(lambda x: (x**3).sum())(tenon.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    callable_("hessian", func)
    return jacrev(jacrev(func, argnums), argnums)
