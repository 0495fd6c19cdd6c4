"""Decompositions of matrices, by LAPACK."""

from __future__ import annotations

from collections import namedtuple

from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.linalg._support import LAPACK as _LAPACK
from tenon.linalg._support import SQUARE as _SQUARE
from tenon.linalg._support import call as _call

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import NamedTuple

    class EighResult(NamedTuple):
        eigenvalues: Tensor
        eigenvectors: Tensor

    class EigResult(NamedTuple):
        eigenvalues: Tensor
        eigenvectors: Tensor

    class SVDResult(NamedTuple):
        U: Tensor
        S: Tensor
        Vh: Tensor

else:
    EighResult = namedtuple("EighResult", ("eigenvalues", "eigenvectors"))
    EigResult = namedtuple("EigResult", ("eigenvalues", "eigenvectors"))
    SVDResult = namedtuple("SVDResult", ("U", "S", "Vh"))


__all__ = ["eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals"]


def _upper(uplo: str, op: str) -> bool:
    if uplo not in ("L", "U"):
        raise ValueError(f"linalg.{op}: UPLO is 'L' or 'U'; got {uplo!r}")
    return uplo == "U"


def _host_only(driver: str | None, op: str) -> None:
    if driver is not None:
        raise ValueError(
            f"linalg.{op}: driver= chooses among cuSOLVER's; LAPACK has one, leave it out; got {driver!r}"
        )


@_documented(_SQUARE, _LAPACK)
def eig(A: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> EigResult:
    """Eigenvalues and right eigenvectors of square matrices.

    The phase of a vector is LAPACK's choice, and so is the order of the values; where they are equal the
    gradient of the vectors is not finite. Of symmetric matrices eigh() is faster and more accurate.

    Returns: A named tuple of new complex tensors: ``eigenvalues`` ``(..., n)``, and ``eigenvectors``
    ``(..., n, n)``, as columns of norm 1.

    >>> tenon.linalg.eig(tenon.tensor([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    return EigResult(*_call("eig", A, out=out))


@_documented(_SQUARE, _LAPACK)
def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of square matrices, as eig() has them.

    Returns: A new complex tensor ``(..., n)``.

    >>> tenon.linalg.eigvals(tenon.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    tensor([0.+1.j, 0.-1.j])
    """
    return _call("eigvals", A, out=out)


@_documented(_LAPACK)
def eigh(A: Tensor, UPLO: str = "L", *, out: tuple[Tensor, Tensor] | None = None) -> EighResult:
    """Eigenvalues and eigenvectors of symmetric or Hermitian matrices.

    The sign (the phase) of a vector is LAPACK's choice; where eigenvalues are equal the gradient of the
    vectors is not finite.

    A: A tensor or array-like of shape ``(..., n, n)``: float32, float64, complex64 or complex128 on the CPU;
    integers and bools in the default float.
    Returns: A named tuple of new tensors: ``eigenvalues`` ``(..., n)``, real and ascending, and
    ``eigenvectors`` ``(..., n, n)``, as columns.
    ValueError: For matrices that are not square.

    >>> w, V = tenon.linalg.eigh(tenon.tensor([[2.0, 1.0], [1.0, 2.0]]))
    >>> w
    tensor([1., 3.])
    """
    return EighResult(*_call("eigh", A, _upper(UPLO, "eigh"), out=out))


@_documented(_LAPACK)
def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of symmetric or Hermitian matrices, as eigh() has them: a new tensor ``(..., n)``.

    A: Matrices of shape (..., n, n), as eigh() takes them.
    Returns: A new tensor ``(..., n)``.
    ValueError: For matrices that are not square.

    >>> tenon.linalg.eigvalsh(tenon.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return _call("eigvalsh", A, _upper(UPLO, "eigvalsh"), out=out)


@_documented(_LAPACK)
def svd(
    A: Tensor,
    full_matrices: bool = True,
    *,
    driver: str | None = None,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> SVDResult:
    """The singular value decomposition: ``A = U @ diag(S) @ Vh``.

    U and Vh have gradients with ``full_matrices=False``, or where the matrices are square; S always. Of signs
    and equal values the same holds as of eigh().

    A: A tensor or array-like of shape ``(..., m, n)``, of the dtypes that eigh() takes.
    full_matrices: U of shape ``(..., m, m)`` and Vh of ``(..., n, n)``; else ``(..., m, k)`` and
    ``(..., k, n)`` with k the smaller of m and n.
    driver: None; on the CPU there is one.
    Returns: A named tuple of new tensors ``U``, ``S`` and ``Vh``; S is real and descending.
    ValueError: For fewer than two dimensions and for a driver.

    >>> U, S, Vh = tenon.linalg.svd(tenon.tensor([[3.0, 0.0], [0.0, 4.0]]))
    >>> S
    tensor([4., 3.])
    """
    _host_only(driver, "svd")
    return SVDResult(*_call("svd", A, full_matrices, out=out))


@_documented(_LAPACK)
def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of matrices, descending: a new tensor ``(..., k)``.

    A: Matrices of shape (..., m, n), as svd() takes them.
    driver: None; on the CPU there is one.
    Returns: A new tensor ``(..., k)``.
    ValueError: For fewer than two dimensions and for a driver.

    >>> tenon.linalg.svdvals(tenon.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    _host_only(driver, "svdvals")
    return _call("svdvals", A, out=out)
