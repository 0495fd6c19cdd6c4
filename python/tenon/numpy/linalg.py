"""numpy.linalg for tensors: products, norms, eigh and svd with gradients; the rest by NumPy on views.

Where NumPy finds a matrix singular, or no result, the error is its LinAlgError, which is a ValueError.
"""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon._names import guide as _guide
from tenon.numpy._decompositions import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from tenon.numpy._equations import (
    cond,
    det,
    inv,
    lstsq,
    matrix_rank,
    pinv,
    slogdet,
    solve,
    tensorinv,
    tensorsolve,
)
from tenon.numpy._support import axes_of, deliver, floating, tensor

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq",
    "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm",
    "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "tensorinv", "tensorsolve",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip


tensordot = _C._numpy_names["tenon.numpy"]["tensordot"]
cross, matmul, matrix_transpose, outer, vecdot = (
    _C._numpy_names["tenon.numpy.linalg"][name]
    for name in ("cross", "matmul", "matrix_transpose", "outer", "vecdot")
)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The p-norms of vectors along the axes (of all elements by default): a new tensor of a real float.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    axis : int or ints, optional
        An int, negative ones from the end; several, or None for all, where the function takes them.
    keepdims : bool, default False
        True keeps reduced dimensions with size 1.
    ord : default 2
        The order p of the norm, also inf, -inf and 0.

    Returns
    -------
    Tensor
        A new tensor of a real float.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a repeated one and, with inf and -inf, for no elements.
    TypeError
        For float8.

    Examples
    --------
    >>> tenon.numpy.linalg.vector_norm(tenon.tensor([3.0, 4.0]))
    tensor(5.)
    """
    t = floating(x, "vector_norm")
    return _C.norm(t, ord, tuple(axes_of(axis, t.ndim, "vector_norm")), keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norms of the matrices in the last two dimensions: 'fro', 1, -1, inf, -inf, 2, -2, 'nuc'.

    As norm.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    keepdims : bool, default False
        True keeps reduced dimensions with size 1.
    ord : default 'fro'
        Which norm: 'fro', 'nuc', 1, -1, 2, -2, inf or -inf.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For another ord.
    TypeError
        For float8.
    IndexError
        For fewer than two dimensions.

    Examples
    --------
    >>> tenon.numpy.linalg.matrix_norm(tenon.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(5.)
    """
    return norm(x, ord, (-2, -1), keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors or matrices, as numpy.linalg.norm chooses it; with the gradient.

    Without ord: the square root of the sum of squares. For matrices 'fro', 1, -1, inf and -inf; 2, -2 and
    'nuc' are taken from the singular values.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    ord : optional
        Which norm; None for the square root of the sum of squares.
    axis : int or ints, optional
        An int, negative ones from the end; several, or None for all, where the function takes them.
    keepdims : bool, default False
        True keeps reduced dimensions with size 1.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For another ord and, with ord, for more than two axes.
    IndexError
        For an axis that is not there.
    TypeError
        For float8.

    Examples
    --------
    >>> tenon.numpy.linalg.norm(tenon.tensor([[3.0, 4.0], [6.0, 8.0]]), axis=1)
    tensor([ 5., 10.])
    """
    t = floating(x, "norm")
    if axis is None and ord is None:
        return _C.norm(t, 2, tuple(range(t.ndim)), keepdims)
    if axis is None:
        axis = tuple(range(t.ndim))
    axes = axes_of(axis, t.ndim, "norm")
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"norm: ord {ord!r} is for matrices, not for vectors")
        return _C.norm(t, 2 if ord is None else ord, tuple(axes), keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: one or two axes are needed; got {axis}")
    if ord in (None, "fro", "f"):
        return _C.norm(t, 2, tuple(axes), keepdims)
    if ord in (1, -1, float("inf"), -float("inf")):
        summed, chosen = (axes[0], axes[1]) if ord in (1, -1) else (axes[1], axes[0])
        totals = _C.sum(_C.abs(t), (summed,), True)
        r = (_C.amax if ord > 0 else _C.amin)(totals, (chosen,), True)
        return r if keepdims else r.reshape(tuple(n for d, n in enumerate(t.shape) if d not in axes))
    if ord not in (2, -2, "nuc"):
        raise ValueError(f"norm: ord is 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2 for matrices; got {ord!r}")
    values = _C._svdvals(_C.movedim(t, tuple(axes), (-2, -1)))
    r = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
    return r.reshape(tuple(1 if d in axes else n for d, n in enumerate(t.shape))) if keepdims else r


def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """The product of matrices, in the order of fewest multiplications: a new tensor, or out.

    Parameters
    ----------
    arrays : sequence of array_like
        A sequence of tensors, or one tensor along whose first dimension they stand.
    out : Tensor or ndarray, optional
        Memory of the result's shape, which is overwritten and returned. ValueError for another shape and
        read-only memory, TypeError for a dtype of a lower kind than the result's, RuntimeError where a
        gradient is recorded and for elements that share memory.

    Returns
    -------
    Tensor
        A new tensor, or out.

    Raises
    ------
    ValueError
        Where inner sizes differ and for no matrices.

    Examples
    --------
    >>> tenon.numpy.linalg.multi_dot([tenon.eye(2), tenon.ones(2, 3), tenon.ones(3)])
    tensor([3., 3.])
    """
    return deliver(_C.chain_matmul(*(tensor(a, "multi_dot") for a in arrays)), out, "multi_dot")


def matrix_power(x: Any, n: int, /) -> Any:
    """The n-th power of square matrices: a new tensor (itself for n=1).

    A negative n inverts, without a gradient.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int
        The exponent, an int.

    Returns
    -------
    Tensor
        A new tensor (itself for n=1).

    Raises
    ------
    ValueError
        For matrices that are not square and for singular ones.
    TypeError
        For an n that is no int.

    Examples
    --------
    >>> tenon.numpy.linalg.matrix_power(tenon.tensor([[1, 1], [0, 1]]), 5)
    tensor([[1, 5],
            [0, 1]])
    """
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


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """A view of a diagonal of each matrix in the last two dimensions.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    offset : int, default 0
        The diagonal: 0 for the main one, positive above it, negative below it.

    Returns
    -------
    Tensor
        A view of a diagonal of each matrix in the last two dimensions.

    Raises
    ------
    ValueError
        For fewer than two dimensions.

    Examples
    --------
    >>> tenon.numpy.linalg.diagonal(tenon.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _C.diagonal(tensor(x, "diagonal"), offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum along a diagonal of each matrix in the last two dimensions: a new tensor.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    offset : int, default 0
        The diagonal: 0 for the main one, positive above it, negative below it.
    dtype : dtype, optional
        The dtype of the result, by object or name; None for the one that follows from the operands.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        For fewer than two dimensions.
    TypeError
        For float8.

    Examples
    --------
    >>> tenon.numpy.linalg.trace(tenon.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    return _C.sum(diagonal(tensor(x, "trace"), offset=offset), -1, dtype=dtype)


_guide(__name__)
