"""What rests on singular values: pseudoinverses, ranks, least squares and condition numbers."""

from __future__ import annotations

from collections import namedtuple

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon.linalg._support import LAPACK, call

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import NamedTuple

    class LstsqResult(NamedTuple):
        solution: Tensor
        residuals: Tensor
        rank: Tensor
        singular_values: Tensor

else:
    LstsqResult = namedtuple("LstsqResult", ("solution", "residuals", "rank", "singular_values"))


__all__ = ["cond", "lstsq", "matrix_rank", "pinv"]

_TOLERANCE = """
A: Matrices of shape (..., m, n): float32, float64, complex64 or complex128; integers and bools in the default
float.
atol: Singular values up to it count as 0: a number, or a tensor with one for each matrix. 0 where it is None.
rtol: The same relative to the largest singular value; None for max(m, n) times the dtype's epsilon, or for
0 with an atol. The larger of both bounds holds.
hermitian: True for Hermitian matrices, of which the lower triangle is read.
ValueError: For fewer than two dimensions, and with hermitian for matrices that are not square.
"""


@documented(_TOLERANCE, LAPACK)
def pinv(
    A: Tensor,
    rcond: float | Tensor | None = None,
    hermitian: bool = False,
    *,
    atol: float | Tensor | None = None,
    rtol: float | Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The Moore-Penrose inverses of matrices.

    The gradient (Golub and Pereyra 1973) is that of a matrix whose rank does not change.

    rcond: rtol's older name.
    Returns: A new tensor of shape ``(..., n, m)``.
    ValueError: For fewer than two dimensions, and for both rcond and rtol.

    >>> tenon.linalg.pinv(tenon.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    if rcond is not None and rtol is not None:
        raise ValueError(f"linalg.pinv: rcond is rtol; give one of them; got {rcond} and {rtol}")
    return call("pinv", A, atol, rcond if rtol is None else rtol, hermitian, out=out)


@documented(_TOLERANCE, LAPACK)
def matrix_rank(
    A: Tensor,
    tol: float | Tensor | None = None,
    hermitian: bool = False,
    *,
    atol: float | Tensor | None = None,
    rtol: float | Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The numbers of singular values above a tolerance. They have no gradient.

    tol: atol's older name.
    Returns: A new int64 tensor of shape ``(...)``.
    ValueError: For fewer than two dimensions, and for both tol and atol.

    >>> tenon.linalg.matrix_rank(tenon.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    if tol is not None:
        if atol is not None:
            raise ValueError(f"linalg.matrix_rank: tol is atol; give one of them; got {tol} and {atol}")
        atol, rtol = tol, 0.0 if rtol is None else rtol
    return call("matrix_rank", A, atol, rtol, hermitian, out=out)


@documented(LAPACK)
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LstsqResult:
    """The x that make ``A @ x - B`` smallest in the sense of least squares, and among them the smallest.

    All drivers give the same solution, by singular values, also where columns of A depend on one another. The
    gradient is that of a matrix whose rank does not change.

    A: Matrices of shape ``(..., m, n)``.
    B: Matrices of shape ``(..., m, k)``, or vectors of A's shape without the last dimension.
    rcond: Singular values up to rcond times the largest count as 0; None for max(m, n) times the dtype's
    epsilon.
    driver: 'gelsy' (None), 'gelsd', 'gelss' or 'gels', which says what is returned beside the solution.
    Returns: A named tuple of new tensors ``solution``, ``residuals`` (the sums of squares for m > n where no
    column depends on others; else, and for 'gelsy', empty), ``rank`` (empty for 'gels') and
    ``singular_values`` (empty but for 'gelsd' and 'gelss').
    ValueError: For shapes that do not fit and for another driver.

    >>> tenon.linalg.lstsq(tenon.tensor([[2.0], [0.0]]), tenon.tensor([[6.0], [1.0]])).solution
    tensor([[3.]])
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise ValueError(f"linalg.lstsq: driver is 'gels', 'gelsy', 'gelsd' or 'gelss'; got {driver!r}")
    x, residuals, rank, values = call("lstsq", A, B, rcond)
    if driver == "gels":
        rank = _C.empty(0, dtype=rank.dtype)
    if driver in (None, "gelsy"):
        residuals = _C.empty(0, dtype=residuals.dtype)
    if driver not in ("gelsd", "gelss"):
        values = _C.empty(0, dtype=values.dtype)
    return LstsqResult(x, residuals, rank, values)


@documented(LAPACK)
def cond(A: Tensor, p: float | str | None = None, *, out: Tensor | None = None) -> Tensor:
    """The condition numbers of matrices: ``norm(A, p) * norm(inv(A), p)``; infinity for singular ones.

    A: Matrices of shape ``(..., n, n)``; for the 2-norm ``(..., m, n)``.
    p: The norm, as matrix_norm() has it: 'fro', 'nuc', 1, -1, inf, -inf, 2 or -2; None for 2.
    Returns: A new tensor of shape ``(...)``, real.
    ValueError: For another p, fewer than two dimensions, and but for the 2-norm matrices that are not square.

    >>> tenon.linalg.cond(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """
    return call("cond", A, p, out=out)
