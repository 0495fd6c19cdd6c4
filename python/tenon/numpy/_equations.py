"""numpy.linalg's equations, inverses and determinants."""

from __future__ import annotations

from typing import Any

from tenon import _C, linalg
from tenon._docstrings import documented
from tenon._dtypes import finfo
from tenon.linalg._equations import SlogdetResult
from tenon.linalg._support import LAPACK as _LAPACK
from tenon.numpy._support import SQUARE, real

__all__ = [
    "cond",
    "det",
    "inv",
    "lstsq",
    "matrix_rank",
    "pinv",
    "slogdet",
    "solve",
    "tensorinv",
    "tensorsolve",
]


# What those that tenon computes have in common.
_OWN = """
Returns: A new tensor.
TypeError: For half precision and float8.
RuntimeError: On a device.
"""
_SINGULAR = """
LinAlgError: A ValueError, for a singular matrix.
"""

_REAL = """
Returns: A new tensor.
"""


@documented(_REAL, _LAPACK)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number of matrices.

    p: Which norm, as norm's ord; None for the 2-norm.
    ValueError: For fewer than two dimensions.

    >>> tenon.numpy.linalg.cond(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """
    t = real(x, "cond")
    if t.numel() == 0:
        raise linalg.LinAlgError(f"cond: there is none of empty matrices; got shape {t.shape}")
    return _C._cond(t, p)


@documented(SQUARE, _OWN)
def det(a: Any) -> Any:
    """The determinants of square matrices.

    >>> tenon.numpy.linalg.det(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    return _C._det(real(a, "det"))


@documented(SQUARE, _SINGULAR, _OWN)
def inv(a: Any) -> Any:
    """The inverses of square matrices.

    ValueError: For matrices that are not square and for singular ones.

    >>> tenon.numpy.linalg.inv(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _C._inv(real(a, "inv"))


@documented(_LAPACK)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution of a x = b with the least sum of squares: x, the rest, the rank, the singular values.

    b: The right-hand side, with as many rows as a.
    Returns: New tensors.
    ValueError: For shapes that do not fit.

    >>> x = tenon.numpy.linalg.lstsq(tenon.tensor([[2.0], [0.0]]), tenon.tensor([6.0, 1.0]))[0]
    >>> x
    tensor([3.])
    """
    t, right = real(a, "lstsq"), real(b, "lstsq")
    if t.ndim != 2 or right.ndim not in (1, 2) or right.shape[0] != t.shape[0]:
        raise ValueError(
            "lstsq: a is a matrix, and b a vector or a matrix of as many rows; got shapes "
            f"{t.shape} and {right.shape}"
        )
    if rcond is not None and rcond < 0:
        rcond = finfo(_C.promote_types(t.dtype, right.dtype)).eps
    x, residuals, rank, values = _C._lstsq(t, right, rcond)
    return x, residuals if residuals.ndim else residuals.reshape(1), rank.to(_C.int32), values


@documented(_LAPACK)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values above a tolerance (rtol: relative to the largest; NumPy 2).

    A: A vector, or matrices in the last two dimensions.
    tol: Singular values above it are counted; None for what the dtype's precision suggests.
    rtol: The tolerance relative to the largest singular value.
    Returns: A new int64 tensor.

    >>> tenon.numpy.linalg.matrix_rank(tenon.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    t = real(A, "matrix_rank")
    if t.ndim < 2:
        return _C.any(t != 0).to(_C.int64)
    if rtol is not None and tol is not None:
        raise ValueError(f"matrix_rank: tol and rtol exclude one another; got {tol} and {rtol}")
    return _C._matrix_rank(t, tol, 0.0 if tol is not None else rtol, hermitian)


@documented(_REAL, _LAPACK)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = ...) -> Any:
    """The Moore-Penrose inverses of matrices (rtol: rcond's name since NumPy 2).

    rcond: Singular values below rcond times the largest count as 0.
    ValueError: For fewer than two dimensions.

    >>> tenon.numpy.linalg.pinv(tenon.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    t = real(a, "pinv")
    if rcond is not None and rtol is not ...:
        raise ValueError(f"pinv: rcond and rtol exclude one another; got {rcond} and {rtol}")
    if rcond is None:
        rcond = 1e-15 if rtol is ... else rtol  # rtol=None: as the dtype's precision suggests
    return _C._pinv(t, None, rcond, hermitian)


@documented(SQUARE, _OWN)
def slogdet(a: Any) -> Any:
    """The sign and the logarithm of the absolute value of determinants.

    Returns: New tensors.

    >>> tenon.numpy.linalg.slogdet(tenon.tensor([[2.0, 0.0], [0.0, -3.0]])).sign
    tensor(-1.)
    """
    return SlogdetResult(*_C._slogdet(real(a, "slogdet")))


@documented(SQUARE, _SINGULAR, _OWN)
def solve(a: Any, b: Any) -> Any:
    """x with a x = b, for square matrices.

    b: The right-hand side: a vector of shape (n,), or matrices of shape (..., n, k).
    ValueError: For matrices that are not square, for singular ones and for shapes that do not fit.

    >>> tenon.numpy.linalg.solve(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]), tenon.tensor([2.0, 8.0]))
    tensor([1., 2.])
    """
    t, right = real(a, "solve"), real(b, "solve")
    if right.ndim == t.ndim - 1 and right.ndim > 1:  # matrices for NumPy 2, whatever the shape is
        right = right.unsqueeze(0)
    return _C._solve(t, right)


@documented(_SINGULAR, _OWN)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a as a map from its last dimensions to its first ind ones.

    ind: The number of first dimensions.
    ValueError: For one that is not square or singular.

    >>> tenon.numpy.linalg.tensorinv(tenon.eye(4).reshape(4, 2, 2), ind=1).shape
    (2, 2, 4)
    """
    return _C._tensorinv(real(a, "tensorinv"), ind)


@documented(_SINGULAR, _OWN)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with tensordot(a, x) = b.

    b: The right-hand side.
    axes: Dimensions of a that are moved to its end first.
    ValueError: For shapes that do not fit and for a singular a.
    IndexError: For a dimension that is not there.

    >>> tenon.numpy.linalg.tensorsolve(tenon.eye(4).reshape(2, 2, 2, 2), tenon.ones(2, 2))
    tensor([[1., 1.],
            [1., 1.]])
    """
    return _C._tensorsolve(real(a, "tensorsolve"), real(b, "tensorsolve"), axes)
