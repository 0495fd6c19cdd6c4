"""Factors of symmetric and Hermitian matrices that need not be positive definite."""

from __future__ import annotations

from collections import namedtuple

from tenon._C import Tensor
from tenon._docstrings import documented
from tenon.linalg._support import LAPACK, SQUARE, call

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import NamedTuple

    class LDLFactorResult(NamedTuple):
        LD: Tensor
        pivots: Tensor

    class LDLFactorExResult(NamedTuple):
        LD: Tensor
        pivots: Tensor
        info: Tensor

else:
    LDLFactorResult = namedtuple("LDLFactorResult", ("LD", "pivots"))
    LDLFactorExResult = namedtuple("LDLFactorExResult", ("LD", "pivots", "info"))

__all__ = ["ldl_factor", "ldl_factor_ex", "ldl_solve"]

_FACTOR = """
hermitian: True for complex Hermitian matrices, ``L @ D @ L.mH``; else they are symmetric, ``L @ D @ L.mT``.
LinAlgError: A ValueError, for a D that is singular.
RuntimeError: For matrices that require grad, on a device and without a LAPACK.
"""


@documented(_FACTOR, SQUARE, LAPACK)
def ldl_factor(
    A: Tensor, *, hermitian: bool = False, out: tuple[Tensor, Tensor] | None = None
) -> LDLFactorResult:
    """A unit lower triangular L and a D of blocks of one and two rows, of symmetric or Hermitian matrices.

    By LAPACK's xSYTRF and xHETRF from the lower triangle, which alone is read; it has no gradient.

    Returns: A named tuple of new tensors ``LD`` of A's shape, and ``pivots``, int32 of shape ``(..., n)``, as
    LAPACK has them, for ldl_solve().

    >>> LD, pivots = tenon.linalg.ldl_factor(tenon.tensor([[2.0, 1.0], [1.0, -1.0]]))
    >>> LD
    tensor([[ 2.0000,  0.0000],
            [ 0.5000, -1.5000]])
    """
    return LDLFactorResult(*call("ldl_factor", A, hermitian, out=out))


@documented(_FACTOR, SQUARE, LAPACK)
def ldl_factor_ex(
    A: Tensor,
    *,
    hermitian: bool = False,
    check_errors: bool = False,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> LDLFactorExResult:
    """As ldl_factor(), with a number that says which factors are singular in the place of an error.

    check_errors: True for ldl_factor()'s LinAlgError.
    Returns: A named tuple of new tensors ``LD``, ``pivots`` and ``info``, int32 of A's shape without the
    matrices:
    0, or the place, from 1, of the first block of D that is singular.
    LinAlgError: A ValueError, for a D that is singular and check_errors.

    >>> tenon.linalg.ldl_factor_ex(tenon.zeros(2, 2)).info
    tensor(1, dtype=tenon.int32)
    """
    return LDLFactorExResult(*call("ldl_factor_ex", A, hermitian, check_errors, out=out))


@documented(LAPACK)
def ldl_solve(
    LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False, out: Tensor | None = None
) -> Tensor:
    """x with ``A @ x = B`` by the factors of A, which ldl_factor() returns. The gradient is B's alone.

    LD: The factors, of shape ``(..., n, n)``.
    pivots: The pivots, int32 of shape ``(..., n)``.
    B: Matrices of shape ``(..., n, k)``.
    hermitian: As ldl_factor() was called.
    Returns: A new tensor.
    ValueError: For shapes that do not fit.
    LinAlgError: A ValueError, for pivots that are none.
    RuntimeError: For factors that require grad, on a device and without a LAPACK.

    >>> LD, pivots = tenon.linalg.ldl_factor(tenon.tensor([[2.0, 1.0], [1.0, -1.0]]))
    >>> tenon.linalg.ldl_solve(LD, pivots, tenon.tensor([[3.0], [0.0]]))
    tensor([[1.],
            [1.]])
    """
    return call("ldl_solve", LD, pivots, B, hermitian, out=out)
