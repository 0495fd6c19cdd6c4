"""Equations, inverses and determinants."""

from __future__ import annotations

from collections import namedtuple

from tenon._C import SlogdetResult, Tensor
from tenon._docstrings import documented
from tenon.linalg._support import MATRICES, SQUARE, call

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import NamedTuple

    class InvExResult(NamedTuple):
        inverse: Tensor
        info: Tensor

    class SolveExResult(NamedTuple):
        result: Tensor
        info: Tensor

else:
    InvExResult = namedtuple("InvExResult", ("inverse", "info"))
    SolveExResult = namedtuple("SolveExResult", ("result", "info"))


__all__ = [
    "det",
    "inv",
    "inv_ex",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "tensorinv",
    "tensorsolve",
]

_SINGULAR = """
LinAlgError: A ValueError, for a singular matrix.
"""


@documented(SQUARE, _SINGULAR, MATRICES)
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """x with ``A @ x = B``, by LU with partial pivoting.

    The dimensions before those of the matrices broadcast.

    B: A vector of shape ``(n,)``, vectors of the shape of A without the last dimension, or matrices of
    shape ``(..., n, k)``.
    left: False for ``x @ A = B``, where B has shape ``(..., k, n)`` and is no vector.
    Returns: A new tensor.
    ValueError: For matrices that are not square and for shapes that do not fit.

    >>> tenon.linalg.solve(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]), tenon.tensor([2.0, 8.0]))
    tensor([1., 2.])
    """
    return call("solve", A, B, left, out=out)


@documented(SQUARE, _SINGULAR, MATRICES)
def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverses of square matrices. solve() is faster and more accurate than a product with one.

    Returns: A new tensor of A's shape.

    >>> tenon.linalg.inv(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return call("inv", A, out=out)


@documented(SQUARE, _SINGULAR, MATRICES)
def solve_ex(
    A: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    check_errors: bool = False,
    out: tuple[Tensor, Tensor] | None = None,
) -> SolveExResult:
    """As solve(), with a number that says which matrices are singular in the place of an error.

    B: As solve() takes it.
    left: False for ``x @ A = B``.
    check_errors: True for solve()'s LinAlgError.
    Returns: A named tuple of new tensors ``result`` and ``info``, int32 of A's shape without the matrices:
    0, or
    the place, from 1, of the first pivot that is 0. What the result holds there is not defined.
    LinAlgError: A ValueError, for a singular matrix and check_errors.
    ValueError: For matrices that are not square and for shapes that do not fit.

    >>> tenon.linalg.solve_ex(tenon.zeros(2, 2), tenon.ones(2)).info
    tensor(1, dtype=tenon.int32)
    """
    return SolveExResult(*call("solve_ex", A, B, left, check_errors, out=out))


@documented(SQUARE, MATRICES)
def inv_ex(A: Tensor, *, check_errors: bool = False, out: tuple[Tensor, Tensor] | None = None) -> InvExResult:
    """As inv(), with a number that says which matrices are singular in the place of an error.

    check_errors: True for inv()'s LinAlgError.
    Returns: A named tuple of new tensors ``inverse`` and ``info``, int32 of A's shape without the
    matrices: 0, or
    the place, from 1, of the first pivot that is 0. What the inverse holds there is not defined.
    LinAlgError: A ValueError, for a singular matrix and check_errors.

    >>> tenon.linalg.inv_ex(tenon.tensor([[[2.0]], [[0.0]]])).info
    tensor([0, 1], dtype=tenon.int32)
    """
    return InvExResult(*call("inv_ex", A, check_errors, out=out))


@documented(SQUARE, MATRICES)
def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinants of square matrices.

    The gradient of a singular matrix is right, too: that of the polynomial.

    Returns: A new tensor of shape ``(...)``.

    >>> tenon.linalg.det(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    return call("det", A, out=out)


@documented(SQUARE, MATRICES)
def slogdet(A: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> SlogdetResult:
    """The signs and the logarithms of the absolute values of determinants.

    They are 0 and -inf for a singular matrix, for which backward raises a LinAlgError.

    Returns: A named tuple of new tensors ``sign`` and ``logabsdet`` of shape ``(...)``. The sign of a complex
    determinant is a number of absolute value 1.

    >>> tenon.linalg.slogdet(tenon.tensor([[2.0, 0.0], [0.0, -1.0]])).sign
    tensor(-1.)
    """
    return SlogdetResult(*call("slogdet", A, out=out))


@documented(_SINGULAR, MATRICES)
def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of A as a map from its last dimensions to its first ones.

    A: A tensor whose first ind dimensions have as many elements as the others.
    ind: The number of first dimensions.
    Returns: A new tensor, with the first dimensions last.
    ValueError: For numbers of elements that differ and for an ind that is not positive.

    >>> tenon.linalg.tensorinv(tenon.eye(4).reshape(4, 2, 2), ind=1).shape
    (2, 2, 4)
    """
    return call("tensorinv", A, ind, out=out)


@documented(_SINGULAR, MATRICES)
def tensorsolve(
    A: Tensor, B: Tensor, dims: tuple[int, ...] | None = None, *, out: Tensor | None = None
) -> Tensor:
    """x with ``tensordot(A, x, x.ndim) = B``.

    A: A tensor with the dimensions of B, and after them those of the solution.
    B: The right-hand side.
    dims: Dimensions of A that are moved to its end first.
    Returns: A new tensor.
    ValueError: For shapes that do not fit.
    IndexError: For a dimension that is not there.

    >>> tenon.linalg.tensorsolve(tenon.eye(4).reshape(2, 2, 2, 2), tenon.ones(2, 2))
    tensor([[1., 1.],
            [1., 1.]])
    """
    return call("tensorsolve", A, B, dims, out=out)


@documented(SQUARE, MATRICES)
def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """x with ``A @ x = B`` for triangular A.

    The dimensions before those of the matrices broadcast. A 0 on the diagonal gives infinities and NaN.

    B: Matrices of shape ``(..., n, k)``.
    upper: Whether A is upper or lower triangular; the other triangle is not read.
    left: False for ``x @ A = B``, where B has shape ``(..., k, n)``.
    unitriangular: The diagonal counts as 1 and is not read.
    Returns: A new tensor.
    ValueError: For matrices that are not square and for shapes that do not fit.

    >>> A = tenon.tensor([[2.0, 0.0], [1.0, 4.0]])
    >>> tenon.linalg.solve_triangular(A, tenon.tensor([[2.0], [9.0]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    return call("solve_triangular", A, B, upper, left, unitriangular, out=out)
