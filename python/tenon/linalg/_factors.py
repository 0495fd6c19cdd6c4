"""Triangular and orthonormal factors of matrices."""

from __future__ import annotations

from collections import namedtuple

from tenon._C import QRResult, Tensor
from tenon._docstrings import documented
from tenon.linalg._support import LAPACK, MATRICES, SQUARE, call

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import NamedTuple

    class LUResult(NamedTuple):
        P: Tensor
        L: Tensor
        U: Tensor

    class LUFactorResult(NamedTuple):
        LU: Tensor
        pivots: Tensor

    class LUFactorExResult(NamedTuple):
        LU: Tensor
        pivots: Tensor
        info: Tensor

    class CholeskyExResult(NamedTuple):
        L: Tensor
        info: Tensor

else:
    LUResult = namedtuple("LUResult", ("P", "L", "U"))
    LUFactorResult = namedtuple("LUFactorResult", ("LU", "pivots"))
    LUFactorExResult = namedtuple("LUFactorExResult", ("LU", "pivots", "info"))
    CholeskyExResult = namedtuple("CholeskyExResult", ("L", "info"))


__all__ = [
    "cholesky",
    "cholesky_ex",
    "householder_product",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "qr",
]

_RECTANGULAR = """
A: Matrices of shape (..., m, n): float32, float64, complex64 or complex128; integers and bools in the default
float.
pivot: True; LAPACK always swaps rows.
ValueError: For fewer than two dimensions and for pivot=False.
"""


def _pivoted(pivot: bool, op: str) -> None:
    if not pivot:
        raise ValueError(f"linalg.{op}: pivot=False is for cuSOLVER; LAPACK swaps rows, leave it out")


@documented(SQUARE, MATRICES)
def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with ``L @ L.mH = A``, for Hermitian positive definite matrices.

    upper: True for the upper triangular ``L.mH``. This triangle of A alone is read.
    Returns: A new tensor of A's shape.
    LinAlgError: A ValueError, for a matrix that is not positive definite.

    >>> tenon.linalg.cholesky(tenon.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    return call("cholesky", A, upper, out=out)


@documented(SQUARE, MATRICES)
def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: tuple[Tensor, Tensor] | None = None
) -> CholeskyExResult:
    """As cholesky(), with a number that says which matrices have no factor in the place of an error.

    upper: True for the upper triangular ``L.mH``. This triangle of A alone is read.
    check_errors: True for cholesky()'s LinAlgError.
    Returns: A named tuple of new tensors ``L`` and ``info``, int32 of A's shape without the matrices: 0,
    or the
    order of the first leading minor that is not positive. What L holds there is not defined.
    LinAlgError: A ValueError, for a matrix that is not positive definite and check_errors.

    >>> tenon.linalg.cholesky_ex(tenon.tensor([[1.0, 2.0], [2.0, 1.0]])).info
    tensor(2, dtype=tenon.int32)
    """
    return CholeskyExResult(*call("cholesky_ex", A, upper, check_errors, out=out))


@documented(MATRICES)
def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first n columns of the product of Householder's reflectors ``1 - tau[i] * v[i] @ v[i].mH``.

    By the compact form of Schreiber and Van Loan (1989), so that it has gradients and needs no LAPACK.

    A: The vectors ``(..., m, n)`` as columns with n not above m: v[i] is 0 above row i and 1 in it, and
    only what
    is below is read, as ``tenon.numpy.linalg.qr(a, "raw")`` has them in rows.
    tau: The scales ``(..., k)``, k not above n.
    Returns: A new tensor of A's shape.
    ValueError: For shapes that do not fit.

    >>> tenon.linalg.householder_product(tenon.zeros(3, 2), tenon.tensor([2.0]))
    tensor([[-1.,  0.],
            [ 0.,  1.],
            [ 0.,  0.]])
    """
    return call("householder_product", A, tau, out=out)


@documented(_RECTANGULAR, LAPACK)
def qr(A: Tensor, mode: str = "reduced", *, out: tuple[Tensor, Tensor] | None = None) -> QRResult:
    """Orthonormal columns Q and an upper triangular R with ``Q @ R = A``.

    The gradient (Roberts and Roberts 2020) needs the first k columns of A to be linearly independent, with k
    the smaller of m and n. The columns that 'complete' adds have none.

    mode: 'reduced' for Q of shape ``(..., m, k)`` and R of ``(..., k, n)``, 'complete' for ``(..., m, m)``
    and ``(..., m, n)``, 'r' for an empty Q.
    Returns: A named tuple of new tensors ``Q`` and ``R``.
    ValueError: For another mode and for fewer than two dimensions.

    >>> Q, R = tenon.linalg.qr(tenon.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> R.abs()
    tensor([[5.0000, 2.2000],
            [0.0000, 0.4000]])
    """
    if mode == "raw":
        raise ValueError(
            "linalg.qr: mode is 'reduced', 'complete' or 'r'; got 'raw', which tenon.numpy.linalg.qr takes"
        )
    return QRResult(*call("qr", A, mode, out=out))


@documented(_RECTANGULAR, MATRICES)
def lu(A: Tensor, *, pivot: bool = True, out: tuple[Tensor, Tensor, Tensor] | None = None) -> LUResult:
    """A permutation P, a unit lower triangular L and an upper triangular U with ``P @ L @ U = A``.

    Returns: A named tuple of new tensors ``P`` ``(..., m, m)``, ``L`` ``(..., m, k)`` and ``U``
    ``(..., k, n)``, with k the smaller of m and n.

    >>> P, L, U = tenon.linalg.lu(tenon.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> U
    tensor([[4., 4.],
            [0., 1.]])
    """
    _pivoted(pivot, "lu")
    return LUResult(*call("lu", A, out=out))


@documented(_RECTANGULAR, MATRICES)
def lu_factor(A: Tensor, *, pivot: bool = True, out: tuple[Tensor, Tensor] | None = None) -> LUFactorResult:
    """The factors of lu() in one tensor, and the swaps of rows, for lu_solve().

    Returns: A named tuple of new tensors ``LU`` of A's shape, with L below the diagonal, and ``pivots``,
    int32 of shape ``(..., k)``: row i was swapped with row pivots[i], counted from 1.

    >>> tenon.linalg.lu_factor(tenon.tensor([[1.0, 2.0], [4.0, 4.0]])).LU
    tensor([[4.0000, 4.0000],
            [0.2500, 1.0000]])
    """
    _pivoted(pivot, "lu_factor")
    return LUFactorResult(*call("lu_factor", A, out=out))


@documented(_RECTANGULAR, MATRICES)
def lu_factor_ex(
    A: Tensor,
    *,
    pivot: bool = True,
    check_errors: bool = False,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> LUFactorExResult:
    """As lu_factor(), and a number that says whether lu_solve() can use the factors.

    check_errors: True for a LinAlgError where it cannot.
    Returns: A named tuple of new tensors ``LU``, ``pivots`` and ``info``, int32 of A's shape without the
    matrices:
    0, or the place, from 1, of the first 0 on the diagonal of U.
    LinAlgError: A ValueError, for a 0 on the diagonal and check_errors.

    >>> tenon.linalg.lu_factor_ex(tenon.zeros(2, 2)).info
    tensor(1, dtype=tenon.int32)
    """
    _pivoted(pivot, "lu_factor_ex")
    return LUFactorExResult(*call("lu_factor_ex", A, check_errors, out=out))


@documented(MATRICES)
def lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """x with ``A @ x = B`` by the factors of A, which lu_factor() returns.

    LU: The factors, of shape ``(..., n, n)``.
    pivots: The swaps of rows, ``(..., n)``.
    B: Matrices of shape ``(..., n, k)``.
    left: False for ``x @ A = B``, where B has shape ``(..., k, n)``.
    adjoint: True for ``A.mH`` in the place of A.
    Returns: A new tensor.
    ValueError: For shapes that do not fit and for pivots out of range.

    >>> LU, pivots = tenon.linalg.lu_factor(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> tenon.linalg.lu_solve(LU, pivots, tenon.tensor([[2.0], [8.0]]))
    tensor([[1.],
            [2.]])
    """
    return call("lu_solve", LU, pivots, B, left, adjoint, out=out)
