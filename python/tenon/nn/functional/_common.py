"""What several functions share: how a result is written in place, how losses are reduced, and words."""

from __future__ import annotations

import warnings

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: What the documentation of elementwise functions has in common.
ELEMENTWISE = """
input: A tensor of any shape, floating or of integers, which become the default float.
inplace: True writes the result over input and returns it.
Returns: A new tensor of input's shape; with inplace=True input itself.
TypeError: For complex numbers, float8 and what is no tensor or array.
RuntimeError: With inplace=True for a leaf that requires grad.
"""

#: What the documentation of losses has in common.
LOSS = """
size_average, reduce: PyTorch's older form of reduction; None for what reduction says.
reduction: 'mean', 'sum', or 'none' for one loss for each element, or sample.
Returns: A new tensor, of no dimensions unless reduction='none'.
TypeError: For what is no tensor or array.
"""


def inplace_of(function: Callable[..., Any], input: Tensor, *args: Any) -> Tensor:
    """function(input, *args), written over input."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{function.__name__}: only a tensor is written in place; got {type(input).__name__}")
    if _C.is_grad_enabled() and input.requires_grad:
        return input.copy_(function(input.clone(), *args))  # what backward needs is kept from the write
    return input.copy_(function(input, *args))


def at_least(t: Tensor, bound: float) -> Tensor:
    """t where it is larger than bound, else bound; the gradient passes as if there were no bound."""
    bare = t.detach()
    return t + (bare.clip(bound) - bare)


def reduction_of(op: str, reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The name of the reduction, from PyTorch's older flags where they are given."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{op}: reduction is 'mean', 'sum' or 'none'; got {reduction!r}")
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The losses by a name that reduction_of() has checked."""
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def as_target(op: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors. ValueError where broadcasting would make more of both than there is.

    (n, 1) beside (n,) is n * n differences, most often by mistake: PyTorch warns and goes on.
    """
    x, t = tensor(input), tensor(target)
    if x.shape == t.shape:
        return x, t
    try:
        both = _C.broadcast_shapes(x.shape, t.shape)
    except ValueError:
        both = None
    if both is None or (both != x.shape and both != t.shape):
        raise ValueError(
            f"{op}: input has the shape {x.shape} and target {t.shape}; they must be the same, use "
            ".reshape() "
            "or .unsqueeze() on one of them"
        )
    warnings.warn(
        f"{op}: input has the shape {x.shape} and target {t.shape}; one is repeated to the other's shape",
        stacklevel=3,
    )
    return x, t


def tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else _C.asarray(x)


def is_integer(t: Tensor) -> bool:
    """Whether it holds integers; bools are none."""
    return not (t.dtype.is_floating_point or t.dtype.is_complex or t.dtype is _C.bool)


def from_start(index: Tensor, n: int) -> Tensor:
    """Indices as int64 of which negative ones count from no end: they become n, which is not there either."""
    if not index.dtype.is_signed:
        return index.to(dtype=_C.int64)
    return _C.where(index < 0, n, index).to(dtype=_C.int64)


def tensors_of(op: str, x: Any) -> list[Tensor]:
    """A tensor, or several, as a list. TypeError for what are none."""
    found = [x] if isinstance(x, Tensor) else list(x)
    for i, t in enumerate(found):
        if not isinstance(t, Tensor):
            raise TypeError(f"{op}: tensors are needed; got {type(t).__name__} at {i}")
    return found


def constants(op: str, **values: Any) -> None:
    """RuntimeError where a number that takes no part in gradients is a tensor that asks for one."""
    for name, value in values.items():
        if isinstance(value, Tensor) and value.requires_grad and _C.is_grad_enabled():
            raise RuntimeError(f"{op}: '{name}' is a constant, but requires grad; use .detach()")


def probability(op: str, p: Any) -> float:
    constants(op, p=p)
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"{op}: the dropout probability p must be between 0 and 1; got {p}")
    return float(p)


def tuple_of(op: str, name: str, value: Any, n: int) -> tuple[int, ...]:
    """One number for all n dimensions, or one for each."""
    import operator

    if hasattr(value, "__index__"):
        return (operator.index(value),) * n
    try:
        numbers = tuple(map(operator.index, value))
    except TypeError:
        raise TypeError(f"{op}: {name} is an int or {n} ints; got {value!r}") from None
    if len(numbers) != n:
        raise ValueError(f"{op}: {name} is an int or {n} ints; got {value!r}")
    return numbers
