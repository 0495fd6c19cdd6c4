"""Functions of NumPy that are neither reductions, nor indexing, nor changes of shape."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import Tensor, deliver, tensor

__all__ = [
    "allclose", "around", "array_equal", "array_equiv", "copysign", "imag", "isclose", "real", "round",
    "select", "sinc", "where",
]  # fmt: skip


# ---- elementwise ----


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """x where the condition holds, y elsewhere: a new tensor; with the condition alone, nonzero.

    TypeError for float8, ValueError for shapes that do not broadcast.
    """
    if x is None and y is None:
        return _C._numpy_names["tenon.numpy"]["nonzero"](condition)
    mask = tensor(condition, "where")
    return _C.where(mask if mask.dtype == _C.bool else mask != 0, _operand(x), _operand(y))


def _operand(x: Any) -> Any:
    return x if isinstance(x, (Tensor, bool, int, float, complex)) else tensor(x)


def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Rounded to a number of decimals, ties to even: a new tensor of a's dtype.

    TypeError for bool and float8, and for decimals that are no int.
    """
    return deliver(_C.round(tensor(a, "round"), decimals), out, "round")


around = round


def copysign(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """|x1| with the sign of x2: a new tensor of a float.

    TypeError for complex numbers and float8, ValueError for shapes that do not broadcast.
    """
    return deliver(_C.copysign(_operand(x1), _operand(x2)), out, "copysign")


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0: a new tensor of a float.

    TypeError for complex numbers and float8.
    """
    return _C.sinc(tensor(x, "sinc"))


def real(val: Any) -> Any:
    """The real parts: a view.

    TypeError for what is no array.
    """
    return tensor(val, "real").real


def imag(val: Any) -> Any:
    """The imaginary parts: a view of a complex tensor, new zeros for a real one.

    TypeError for what is no array.
    """
    t = tensor(val, "imag")
    return t.imag if t.dtype.is_complex else _C.zeros(tuple(t.shape), dtype=t.dtype, device=t.device)


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |a - b| <= atol + rtol * |b|, elementwise: a new bool tensor.

    ValueError for shapes that do not broadcast.
    """
    return _C.isclose(_operand(a), _operand(b), rtol, atol, equal_nan)


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, by isclose: a Python bool.

    ValueError for shapes that do not broadcast.
    """
    return bool(_C.allclose(_operand(a), _operand(b), rtol, atol, equal_nan))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether both have the same shape and the same elements: a Python bool.

    TypeError for what is no array.
    """
    a, b = tensor(a1), tensor(a2)
    if tuple(a.shape) != tuple(b.shape):
        return False
    if equal_nan and a.dtype.is_floating_point and b.dtype.is_floating_point:
        return bool(_C.all(_C.logical_or(a == b, _C.logical_and(_C.isnan(a), _C.isnan(b)))))
    return bool(_C.equal(a, b))


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether both have the same elements after broadcasting: a Python bool.

    False where they do not broadcast. TypeError for float8 and for what is no array.
    """
    try:
        return bool(_C.all(tensor(a1) == tensor(a2)))
    except ValueError:
        return False


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The choice whose condition is the first to hold, default where none does: a new tensor.

    ValueError for another number of choices than of conditions and for shapes that do not broadcast.
    """
    r = _operand(default)
    if len(condlist) != len(choicelist):
        raise ValueError(f"select: {len(choicelist)} choices for {len(condlist)} conditions")
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        r = where(condition, choice, r)
    return r


# ---- order ----
