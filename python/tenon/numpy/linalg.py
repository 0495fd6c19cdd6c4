"""numpy.linalg for tensors: products and norms with gradients; decompositions by NumPy on zero-copy views."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.numpy._products import cross, matmul, outer, tensordot, trace, vecdot
from tenon.numpy._shape import diagonal, matrix_transpose
from tenon.numpy._support import axes_of, floating, tensor, through_numpy

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq",
    "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm",
    "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "tensorinv", "tensorsolve",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip


def _vector(t: Any, p: Any, axes: Any, keepdims: bool) -> Any:
    size = _C.abs(t)
    if p == 0:
        return _C.sum((t != 0).to(size.dtype), axes, keepdims)
    if p == float("inf"):
        return _C.amax(size, axes, keepdims)
    if p == -float("inf"):
        return _C.amin(size, axes, keepdims)
    if p == 1:
        return _C.sum(size, axes, keepdims)
    if p == 2:
        return _C.norm(t, 2, axes, keepdims)
    return _C.sum(size**p, axes, keepdims) ** (1.0 / p)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The p-norms of vectors along the axes (of all elements by default)."""
    t = floating(x, "vector_norm")
    return _vector(t, ord, tuple(axes_of(axis, t.ndim, "vector_norm")), keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norms of the matrices in the last two dimensions: 'fro', 1, -1, inf, -inf."""
    return norm(x, ord, (-2, -1), keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors or matrices, as numpy.linalg.norm chooses it; with the gradient.

    Without ord: the square root of the sum of squares. For matrices 'fro', 1, -1, inf and -inf; 2, -2 and
    'nuc' are
    taken from NumPy's singular values and have no gradient.
    """
    t = floating(x, "norm")
    if axis is None and ord is None:
        return _vector(t, 2, tuple(range(t.ndim)), keepdims)
    if axis is None:
        axis = tuple(range(t.ndim))
    axes = axes_of(axis, t.ndim, "norm")
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"norm: ord {ord!r} is for matrices, not for vectors")
        return _vector(t, 2 if ord is None else ord, tuple(axes), keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: one or two axes are needed; got {axis}")
    if ord in (None, "fro", "f"):
        return _vector(t, 2, tuple(axes), keepdims)
    if ord in (1, -1, float("inf"), -float("inf")):
        summed, chosen = (axes[0], axes[1]) if ord in (1, -1) else (axes[1], axes[0])
        totals = _C.sum(_C.abs(t), (summed,), True)
        r = (_C.amax if ord > 0 else _C.amin)(totals, (chosen,), True)
        return r if keepdims else r.reshape(tuple(n for d, n in enumerate(t.shape) if d not in axes))
    return through_numpy("norm", ("linalg",))(t, ord, tuple(axes), keepdims)


def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """The product of several matrices, from left to right."""
    r = tensor(arrays[0], "multi_dot")
    for a in arrays[1:]:
        r = r @ tensor(a, "multi_dot")
    return r


def matrix_power(x: Any, n: int, /) -> Any:
    """The n-th power of square matrices."""
    t = tensor(x, "matrix_power")
    if n < 0:
        t, n = inv(t), -n
    result = None
    while n:
        if n & 1:
            result = t if result is None else result @ t
        n >>= 1
        t = t @ t if n else t
    if result is not None:
        return result
    return _C.eye(t.shape[-1], dtype=t.dtype, device=t.device).expand(t.shape).clone()


_PATH = ("linalg",)
cholesky = through_numpy("cholesky", _PATH)
cond = through_numpy("cond", _PATH)
det = through_numpy("det", _PATH)
eig = through_numpy("eig", _PATH)
eigh = through_numpy("eigh", _PATH)
eigvals = through_numpy("eigvals", _PATH)
eigvalsh = through_numpy("eigvalsh", _PATH)
inv = through_numpy("inv", _PATH)
lstsq = through_numpy("lstsq", _PATH)
matrix_rank = through_numpy("matrix_rank", _PATH)
pinv = through_numpy("pinv", _PATH)
qr = through_numpy("qr", _PATH)
slogdet = through_numpy("slogdet", _PATH)
solve = through_numpy("solve", _PATH)
svd = through_numpy("svd", _PATH)
tensorinv = through_numpy("tensorinv", _PATH)
tensorsolve = through_numpy("tensorsolve", _PATH)
svdvals = through_numpy("svdvals", _PATH)
