"""numpy.linalg's decompositions: eigh and svd with gradients, the others by NumPy on views."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon._docstrings import documented
from tenon.linalg._decompositions import EighResult, SVDResult
from tenon.linalg._support import LAPACK as _LAPACK
from tenon.numpy._support import BY_NUMPY, SQUARE, by_numpy, cast, real, through_numpy

__all__ = ["cholesky", "eig", "eigh", "eigvals", "eigvalsh", "qr", "svd", "svdvals"]

_cholesky = through_numpy("cholesky", ("linalg",))
_eig = through_numpy("eig", ("linalg",))
_eigvals = through_numpy("eigvals", ("linalg",))
_svd = through_numpy("svd", ("linalg",))


@documented(SQUARE, BY_NUMPY)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L with L L^H = a, or the upper triangular L^H.

    upper: True for the upper triangle.
    ValueError: For matrices that are not square or not positive definite.

    >>> tenon.numpy.linalg.cholesky(tenon.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    r = _cholesky(a)
    return _C.conj(r).mT if upper else r


def _complex(t: Any) -> Any:
    return cast(t, _C.promote_types(t.dtype, _C.complex64))


@documented(SQUARE, BY_NUMPY)
def eig(a: Any) -> Any:
    """Eigenvalues and right eigenvectors of square matrices: complex, whatever the values are.

    Returns: New tensors, by NumPy.

    >>> tenon.numpy.linalg.eig(tenon.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([2.+0.j, 1.+0.j])
    """
    r = _eig(a)
    return type(r)(*map(_complex, r))


@documented(SQUARE, BY_NUMPY)
def eigvals(a: Any) -> Any:
    """The eigenvalues of square matrices: complex, whatever they are.

    >>> tenon.numpy.linalg.eigvals(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([2.+0.j, 1.+0.j])
    """
    return _complex(_eigvals(a))


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


@by_numpy("linalg")
@documented(BY_NUMPY)
def qr(a: Any, mode: str = "reduced") -> Any:
    """An orthonormal and an upper triangular factor of matrices.

    mode: 'reduced', 'complete', 'r' (the triangular factor alone) or 'raw' (as LAPACK leaves them).
    Returns: New tensors, by NumPy.
    ValueError: For another mode and for fewer than two dimensions.

    >>> q, r = tenon.numpy.linalg.qr(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))
    >>> abs(r)
    tensor([[2., 1.],
            [0., 3.]])
    """


@documented(_LAPACK)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition U S V^H of matrices, with the gradient.

    hermitian=True is by NumPy, without a gradient.

    full_matrices: True for square U and V, False for as many columns as there are singular values.
    compute_uv: False for the singular values alone.
    Returns: New tensors; with compute_uv=False the values alone.
    ValueError: For fewer than two dimensions.

    >>> tenon.numpy.linalg.svd(tenon.tensor([[3.0, 0.0], [0.0, 2.0]])).S
    tensor([3., 2.])
    """
    if hermitian:
        return _svd(a, full_matrices, compute_uv, hermitian)
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
