"""numpy.linalg's decompositions: eigh and svd with gradients, the others by NumPy on views."""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.linalg import EighResult, SVDResult
from tenon.numpy._support import by_numpy, cast, tensor, through_numpy

__all__ = ["cholesky", "eig", "eigh", "eigvals", "eigvalsh", "qr", "svd", "svdvals"]

_cholesky = through_numpy("cholesky", ("linalg",))
_eig = through_numpy("eig", ("linalg",))
_eigvals = through_numpy("eigvals", ("linalg",))
_svd = through_numpy("svd", ("linalg",))


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L with L L^H = a, or the upper triangular L^H.

    Parameters
    ----------
    a : array_like
        Square matrices in the last two dimensions: of shape (..., n, n).
    upper : bool, default False
        True for the upper triangle.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For matrices that are not square or not positive definite.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.cholesky(tenon.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    r = _cholesky(a)
    return _C.conj(r).mT if upper else r


def _complex(t: Any) -> Any:
    return cast(t, _C.promote_types(t.dtype, _C.complex64))


def eig(a: Any) -> Any:
    """Eigenvalues and right eigenvectors of square matrices: complex, whatever the values are.

    Parameters
    ----------
    a : array_like
        Square matrices in the last two dimensions: of shape (..., n, n).

    Returns
    -------
    Tensor
        New tensors, by NumPy.

    Raises
    ------
    ValueError
        For matrices that are not square.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.eig(tenon.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([2.+0.j, 1.+0.j])
    """
    r = _eig(a)
    return type(r)(*map(_complex, r))


def eigvals(a: Any) -> Any:
    """The eigenvalues of square matrices: complex, whatever they are.

    Parameters
    ----------
    a : array_like
        Square matrices in the last two dimensions: of shape (..., n, n).

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For matrices that are not square.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.eigvals(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([2.+0.j, 1.+0.j])
    """
    return _complex(_eigvals(a))


def _upper(uplo: str, op: str) -> bool:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ValueError(f"{op}: UPLO is 'L' or 'U'; got {uplo!r}")
    return uplo.upper() == "U"


def _real(x: Any, op: str) -> Any:
    """x as a tensor that LAPACK takes: integers and bools in float64, as NumPy has them."""
    t = tensor(x, op)
    return t if t.dtype.is_floating_point or t.dtype.is_complex else cast(t, _C.float64)


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues in order and eigenvectors of symmetric or Hermitian matrices, with the gradient.

    Parameters
    ----------
    a : array_like
        Square matrices in the last two dimensions: of shape (..., n, n).
    UPLO : str, default 'L'
        Which triangle is read, 'L' or 'U'; the other one is taken to be its adjoint.

    Returns
    -------
    EighResult
        New tensors.

    Raises
    ------
    ValueError
        For matrices that are not square and for another UPLO than 'L' and 'U'.
    LinAlgError
        A ValueError, where LAPACK does not converge.
    TypeError
        For half precision.

    Examples
    --------
    >>> tenon.numpy.linalg.eigh(tenon.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    return EighResult(*_C._eigh(_real(a, "eigh"), _upper(UPLO, "eigh")))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues in order of symmetric or Hermitian matrices, with the gradient: a new tensor.

    Errors as eigh.

    Parameters
    ----------
    a : array_like
        Square matrices in the last two dimensions: of shape (..., n, n).
    UPLO : str, default 'L'
        Which triangle is read, 'L' or 'U'; the other one is taken to be its adjoint.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        And TypeError.

    Examples
    --------
    >>> tenon.numpy.linalg.eigvalsh(tenon.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return _C._eigvalsh(_real(a, "eigvalsh"), _upper(UPLO, "eigvalsh"))


@by_numpy("linalg")
def qr(a: Any, mode: str = "reduced") -> Any:
    """An orthonormal and an upper triangular factor of matrices.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    mode : str, default 'reduced'
        'raise', 'wrap' or 'clip': what happens to an index that is not there.

    Returns
    -------
    Tensor
        New tensors, by NumPy.

    Raises
    ------
    ValueError
        For another mode and for fewer than two dimensions.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> q, r = tenon.numpy.linalg.qr(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))
    >>> abs(r)
    tensor([[2., 1.],
            [0., 3.]])
    """


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition U S V^H of matrices, with the gradient.

    hermitian=True is by NumPy, without a gradient.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    full_matrices : bool, default True
        True for square U and V, False for as many columns as there are singular values.
    compute_uv : bool, default True
        False for the singular values alone.
    hermitian : bool, default False
        True where the matrices are symmetric or Hermitian.

    Returns
    -------
    Tensor
        New tensors; with compute_uv=False the values alone.

    Raises
    ------
    ValueError
        For fewer than two dimensions.
    LinAlgError
        A ValueError, where LAPACK does not converge.
    TypeError
        For half precision.

    Examples
    --------
    >>> tenon.numpy.linalg.svd(tenon.tensor([[3.0, 0.0], [0.0, 2.0]])).S
    tensor([3., 2.])
    """
    if hermitian:
        return _svd(a, full_matrices, compute_uv, hermitian)
    if not compute_uv:
        return svdvals(a)
    return SVDResult(*_C._svd(_real(a, "svd"), full_matrices))


def svdvals(x: Any, /) -> Any:
    """The singular values of matrices in descending order, with the gradient: a new tensor.

    Errors as svd.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.

    Returns
    -------
    Tensor
        A new tensor.

    Raises
    ------
    ValueError
        And TypeError.

    Examples
    --------
    >>> tenon.numpy.linalg.svdvals(tenon.tensor([[3.0, 0.0], [0.0, 2.0]]))
    tensor([3., 2.])
    """
    return _C._svdvals(_real(x, "svdvals"))
