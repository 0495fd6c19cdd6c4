"""numpy.linalg for tensors: products, norms, eigh and svd with gradients; the rest by NumPy on views.

Where NumPy finds a matrix singular, or no result, the error is its LinAlgError, which is a ValueError.
"""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon.linalg import EighResult, SVDResult
from tenon.numpy._products import cross, matmul, outer, vecdot
from tenon.numpy._support import Tensor, axes_of, by_numpy, cast, deliver, floating, tensor, through_numpy

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq",
    "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm",
    "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "tensorinv", "tensorsolve",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip

tensordot = _C.tensordot
matrix_transpose = _C._numpy_names["tenon.numpy.linalg"]["matrix_transpose"]


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
        P, also inf, -inf and 0.

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


# ---- decompositions and equations: by NumPy, without a gradient ----

_PATH = ("linalg",)
_cholesky = through_numpy("cholesky", _PATH)
_eig = through_numpy("eig", _PATH)
_eigvals = through_numpy("eigvals", _PATH)
_matrix_rank = through_numpy("matrix_rank", _PATH)
_svd = through_numpy("svd", _PATH)


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


@by_numpy("linalg")
def cond(x: Any, p: Any = None) -> Any:
    """The condition number of matrices.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    p : number, optional
        Which norm, as norm's ord; None for the 2-norm.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For fewer than two dimensions.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.cond(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor(2.)
    """


@by_numpy("linalg")
def det(a: Any) -> Any:
    """The determinants of square matrices.

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
    >>> tenon.numpy.linalg.det(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """


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
def inv(a: Any) -> Any:
    """The inverses of square matrices.

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
        For matrices that are not square and for singular ones.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.inv(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """


@by_numpy("linalg")
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution of a x = b with the least sum of squares: x, the rest, the rank, the singular values.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    b
        The right-hand side, with as many rows as a.
    rcond : optional
        Singular values below rcond times the largest count as 0; None for the dtype's precision.

    Returns
    -------
    Tensor
        New tensors, by NumPy.

    Raises
    ------
    ValueError
        For shapes that do not fit.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> x = tenon.numpy.linalg.lstsq(tenon.tensor([[1.0], [1.0]]), tenon.tensor([2.0, 4.0]))[0]
    >>> x
    tensor([3.])
    """


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values above a tolerance (rtol: relative to the largest; NumPy 2).

    Parameters
    ----------
    A
        A vector, or matrices in the last two dimensions.
    tol : optional
        Singular values above it are counted; None for what the dtype's precision suggests.
    hermitian : bool, default False
        True where the matrices are symmetric or Hermitian.
    rtol : float, optional
        The tolerance relative to the largest singular value.

    Returns
    -------
    Tensor
        A new int64 tensor, by NumPy.

    Raises
    ------
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.matrix_rank(tenon.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    relative = {} if rtol is None else {"rtol": rtol}  # a word of NumPy 2
    r = _matrix_rank(A, tol, hermitian, **relative)
    return r if isinstance(r, Tensor) else _C.tensor(r)  # of a vector NumPy makes an int


@by_numpy("linalg")
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The Moore-Penrose inverses of matrices (rtol: rcond's name since NumPy 2).

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    rcond : optional
        Singular values below rcond times the largest count as 0.
    hermitian : bool, default False
        True where the matrices are symmetric or Hermitian.
    rtol : float, optional
        The relative tolerance.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For fewer than two dimensions.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.pinv(tenon.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """


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


@by_numpy("linalg")
def slogdet(a: Any) -> Any:
    """The sign and the logarithm of the absolute value of determinants.

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
    >>> tenon.numpy.linalg.slogdet(tenon.tensor([[2.0, 0.0], [0.0, -3.0]])).sign
    tensor(-1.)
    """


@by_numpy("linalg")
def solve(a: Any, b: Any) -> Any:
    """x with a x = b, for square matrices.

    Parameters
    ----------
    a : array_like
        Square matrices in the last two dimensions: of shape (..., n, n).
    b
        The right-hand side: a vector of shape (n,), or matrices of shape (..., n, k).

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For matrices that are not square, for singular ones and for shapes that do not fit.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.solve(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]), tenon.tensor([2.0, 8.0]))
    tensor([1., 2.])
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


@by_numpy("linalg")
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a as a map from its last dimensions to its first ind ones.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    ind : int, default 2
        The number of first dimensions.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For one that is not square or singular.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.tensorinv(tenon.eye(4).reshape(4, 2, 2), ind=1).shape
    (2, 2, 4)
    """


@by_numpy("linalg")
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with tensordot(a, x) = b.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    b
        The right-hand side.
    axes : ints, optional
        Dimensions of a that are moved to its end first.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    ValueError
        For shapes that do not fit and for a singular a.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.linalg.tensorsolve(tenon.eye(4).reshape(2, 2, 2, 2), tenon.ones(2, 2))
    tensor([[1., 1.],
            [1., 1.]])
    """
