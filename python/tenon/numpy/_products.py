"""Products of vectors and matrices under NumPy's signatures."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._support import deliver, tensor

__all__ = ["cross", "dot", "matmul", "matvec", "outer", "vecdot", "vecmat"]


def matmul(x1: Any, x2: Any, /, out: Any = None) -> Any:
    """The matrix product: a new tensor of the promoted dtype.

    ValueError where the inner sizes differ, for 0-d operands and where leading dimensions do not broadcast;
    TypeError for float8.
    """
    return deliver(tensor(x1, "matmul") @ tensor(x2, "matmul"), out, "matmul")


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """NumPy's dot: the inner product over a's last and b's last but one dimension, as a new tensor.

    The product of the elements for 0-d operands. ValueError where the sizes differ, TypeError for float8.
    """
    x, y = tensor(a, "dot"), tensor(b, "dot")
    if x.ndim == 0 or y.ndim == 0:
        r = x * y
    elif y.ndim <= 2 or x.ndim == 1:
        r = x @ y
    else:
        r = _C.tensordot(x, y, ((x.ndim - 1,), (y.ndim - 2,)))
    return deliver(r, out, "dot")


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Inner products along an axis; x1 is conjugated. A new tensor without the axis.

    IndexError for an axis that is not there, ValueError where the sizes along it differ, TypeError for
    float8.
    """
    return _C.vecdot(tensor(x1, "vecdot"), tensor(x2, "vecdot"), axis)


def matvec(x1: Any, x2: Any, /) -> Any:
    """Products of matrices and vectors: a new tensor.

    ValueError where the inner sizes differ, TypeError for float8.
    """
    return _C.matvec(tensor(x1, "matvec"), tensor(x2, "matvec"))


def vecmat(x1: Any, x2: Any, /) -> Any:
    """Products of vectors (conjugated) and matrices: a new tensor.

    ValueError where the inner sizes differ, TypeError for float8.
    """
    return _C.vecmat(tensor(x1, "vecmat"), tensor(x2, "vecmat"))


def outer(a: Any, b: Any, out: Any = None) -> Any:
    """All products of an element of one with one of the other, both flattened: a new matrix.

    TypeError for float8.
    """
    return deliver(tensor(a).reshape((-1, 1)) * tensor(b).reshape((1, -1)), out, "outer")


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of three elements: a new tensor.

    IndexError for an axis that is not there, ValueError for vectors of another length and for shapes that do
    not broadcast.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _C.movedim(tensor(a), axisa, -1), _C.movedim(tensor(b), axisb, -1)
    return _C.movedim(_C.cross(x, y, -1), -1, axisc)
