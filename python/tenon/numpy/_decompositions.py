"""numpy.linalg's decompositions."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon._docstrings import documented
from tenon.linalg._decompositions import EighResult, EigResult, SVDResult
from tenon.linalg._factors import QRResult
from tenon.linalg._support import LAPACK as _LAPACK
from tenon.numpy._support import SQUARE, real

__all__ = ["cholesky", "eig", "eigh", "eigvals", "eigvalsh", "qr", "svd", "svdvals"]

_MATRICES = """
Returns: A new tensor.
TypeError: For half precision and float8.
RuntimeError: On a device.
"""


@documented(SQUARE, _MATRICES)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L with L L^H = a, or the upper triangular L^H.

    upper: True for the upper triangle, which alone is read then.
    LinAlgError: A ValueError, for a matrix that is not positive definite.

    >>> tenon.numpy.linalg.cholesky(tenon.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    return _C._cholesky(real(a, "cholesky"), upper)


@documented(SQUARE, _LAPACK)
def eig(a: Any) -> EigResult:
    """Eigenvalues and right eigenvectors of square matrices: complex, whatever the values are.

    Returns: New tensors.

    >>> tenon.numpy.linalg.eig(tenon.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([2.+0.j, 1.+0.j])
    """
    return EigResult(*_C._eig(real(a, "eig")))


@documented(SQUARE, _LAPACK)
def eigvals(a: Any) -> Any:
    """The eigenvalues of square matrices: complex, whatever they are.

    Returns: A new tensor.

    >>> tenon.numpy.linalg.eigvals(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([2.+0.j, 1.+0.j])
    """
    return _C._eigvals(real(a, "eigvals"))


def _upper(uplo: str, op: str) -> bool:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ValueError(f"{op}: UPLO is 'L' or 'U'; got {uplo!r}")
    return uplo.upper() == "U"


@documented(SQUARE, _LAPACK)
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues in order and eigenvectors of symmetric or Hermitian matrices, with the gradient.

    Returns: New tensors.
    ValueError: For matrices that are not square and for another UPLO than 'L' and 'U'.

    >>> tenon.numpy.linalg.eigh(tenon.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    return EighResult(*_C._eigh(real(a, "eigh"), _upper(UPLO, "eigh")))


@documented(SQUARE, _LAPACK)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues in order of symmetric or Hermitian matrices, with the gradient: a new tensor.

    Returns: A new tensor.
    ValueError: For matrices that are not square and for another UPLO than 'L' and 'U'.

    >>> tenon.numpy.linalg.eigvalsh(tenon.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return _C._eigvalsh(real(a, "eigvalsh"), _upper(UPLO, "eigvalsh"))


@documented(_LAPACK)
def qr(a: Any, mode: str = "reduced") -> Any:
    """An orthonormal and an upper triangular factor of matrices.

    mode: 'reduced', 'complete', 'r' (the triangular factor alone) or 'raw' (as LAPACK leaves them, without a
    gradient).
    Returns: New tensors.
    ValueError: For another mode and for fewer than two dimensions.

    >>> q, r = tenon.numpy.linalg.qr(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))
    >>> abs(r)
    tensor([[2., 1.],
            [0., 3.]])
    """
    q, r = _C._qr(real(a, "qr"), mode)
    return r if mode == "r" else (q, r) if mode == "raw" else QRResult(q, r)


def _hermitian_svd(a: Any, compute_uv: bool) -> Any:
    """By the eigenvalues, in the order of their size."""
    if not compute_uv:
        return _C.sort(_C._eigvalsh(a, False).abs(), -1, True)[0]
    w, v = _C._eigh(a, False)
    order = _C.argsort(w.abs(), -1, True)
    w, v = _C.take_along_dim(w, order, -1), _C.take_along_dim(v, order.unsqueeze(-2), -1)
    turn = _C.where(w < 0, -1, 1).to(w.dtype)
    return SVDResult(v, w.abs(), turn.unsqueeze(-1) * (_C.conj(v) if v.dtype.is_complex else v).mT)


@documented(_LAPACK)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition U S V^H of matrices, with the gradient.

    full_matrices: True for square U and V, False for as many columns as there are singular values.
    compute_uv: False for the singular values alone.
    hermitian: True for Hermitian matrices, of which the lower triangle is read.
    Returns: New tensors; with compute_uv=False the values alone.
    ValueError: For fewer than two dimensions.

    >>> tenon.numpy.linalg.svd(tenon.tensor([[3.0, 0.0], [0.0, 2.0]])).S
    tensor([3., 2.])
    """
    if hermitian:
        return _hermitian_svd(real(a, "svd"), compute_uv)
    if not compute_uv:
        return svdvals(a)
    return SVDResult(*_C._svd(real(a, "svd"), full_matrices))


@documented(_LAPACK)
def svdvals(x: Any, /) -> Any:
    """The singular values of matrices in descending order, with the gradient: a new tensor.

    Returns: A new tensor.
    ValueError: For fewer than two dimensions.

    >>> tenon.numpy.linalg.svdvals(tenon.tensor([[3.0, 0.0], [0.0, 2.0]]))
    tensor([3., 2.])
    """
    return _C._svdvals(real(x, "svdvals"))
