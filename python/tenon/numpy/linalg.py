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

    ord: p, also inf, -inf and 0. IndexError for an axis that is not there, ValueError for a repeated one and,
    with inf and -inf, for no elements; TypeError for float8.
    """
    t = floating(x, "vector_norm")
    return _C.norm(t, ord, tuple(axes_of(axis, t.ndim, "vector_norm")), keepdims)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norms of the matrices in the last two dimensions: 'fro', 1, -1, inf, -inf, 2, -2, 'nuc'.

    A new tensor. As norm: ValueError for another ord, TypeError for float8; IndexError for fewer than two
    dimensions.
    """
    return norm(x, ord, (-2, -1), keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors or matrices, as numpy.linalg.norm chooses it; with the gradient.

    Without ord: the square root of the sum of squares. For matrices 'fro', 1, -1, inf and -inf; 2, -2 and
    'nuc' are taken from the singular values. A new tensor. ValueError
    for another ord and, with ord, for more than two axes, IndexError for an axis that is not there, TypeError
    for float8.
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

    ValueError where inner sizes differ and for no matrices.
    """
    return deliver(_C.chain_matmul(*(tensor(a, "multi_dot") for a in arrays)), out, "multi_dot")


def matrix_power(x: Any, n: int, /) -> Any:
    """The n-th power of square matrices: a new tensor (itself for n=1).

    A negative n inverts, without a gradient. ValueError for matrices that are not square and for singular
    ones, TypeError for an n that is no int.
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

    ValueError for fewer than two dimensions.
    """
    return _C.diagonal(tensor(x, "diagonal"), offset, -2, -1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum along a diagonal of each matrix in the last two dimensions: a new tensor.

    ValueError for fewer than two dimensions, TypeError for float8.
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

    A new tensor, by NumPy. ValueError for matrices that are not square or not positive definite, TypeError
    for tensors that require grad or are on a device.
    """
    r = _cholesky(a)
    return _C.conj(r).mT if upper else r


@by_numpy("linalg")
def cond(x: Any, p: Any = None) -> Any:
    """The condition number of matrices.

    A new tensor, by NumPy. ValueError for fewer than two dimensions, TypeError for tensors that require grad
    or are on a device.
    """


@by_numpy("linalg")
def det(a: Any) -> Any:
    """The determinants of square matrices.

    A new tensor, by NumPy. ValueError for matrices that are not square, TypeError for tensors that require
    grad or are on a device.
    """


def _complex(t: Any) -> Any:
    return cast(t, _C.promote_types(t.dtype, _C.complex64))


def eig(a: Any) -> Any:
    """Eigenvalues and right eigenvectors of square matrices: complex, whatever the values are.

    New tensors, by NumPy. ValueError for matrices that are not square, TypeError for tensors that require
    grad or are on a device.
    """
    r = _eig(a)
    return type(r)(*map(_complex, r))


def eigvals(a: Any) -> Any:
    """The eigenvalues of square matrices: complex, whatever they are.

    A new tensor, by NumPy. ValueError for matrices that are not square, TypeError for tensors that require
    grad or are on a device.
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

    New tensors. ValueError for matrices that are not square and for another UPLO than 'L' and 'U',
    LinAlgError, which is a ValueError, where LAPACK does not converge; TypeError for half precision.
    """
    return EighResult(*_C._eigh(_real(a, "eigh"), _upper(UPLO, "eigh")))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues in order of symmetric or Hermitian matrices, with the gradient: a new tensor.

    Errors as eigh: ValueError and TypeError.
    """
    return _C._eigvalsh(_real(a, "eigvalsh"), _upper(UPLO, "eigvalsh"))


@by_numpy("linalg")
def inv(a: Any) -> Any:
    """The inverses of square matrices.

    A new tensor, by NumPy. ValueError for matrices that are not square and for singular ones, TypeError for
    tensors that require grad or are on a device.
    """


@by_numpy("linalg")
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution of a x = b with the least sum of squares: x, the rest, the rank, the singular values.

    New tensors, by NumPy. ValueError for shapes that do not fit, TypeError for tensors that require grad or
    are on a device.
    """


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values above a tolerance (rtol: relative to the largest; NumPy 2).

    A new int64 tensor, by NumPy. TypeError for tensors that require grad or are on a device.
    """
    relative = {} if rtol is None else {"rtol": rtol}  # a word of NumPy 2
    r = _matrix_rank(A, tol, hermitian, **relative)
    return r if isinstance(r, Tensor) else _C.tensor(r)  # of a vector NumPy makes an int


@by_numpy("linalg")
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The Moore-Penrose inverses of matrices (rtol: rcond's name since NumPy 2).

    A new tensor, by NumPy. ValueError for fewer than two dimensions, TypeError for tensors that require grad
    or are on a device.
    """


@by_numpy("linalg")
def qr(a: Any, mode: str = "reduced") -> Any:
    """An orthonormal and an upper triangular factor of matrices.

    New tensors, by NumPy. ValueError for another mode and for fewer than two dimensions, TypeError for
    tensors that require grad or are on a device.
    """


@by_numpy("linalg")
def slogdet(a: Any) -> Any:
    """The sign and the logarithm of the absolute value of determinants.

    New tensors, by NumPy. ValueError for matrices that are not square, TypeError for tensors that require
    grad or are on a device.
    """


@by_numpy("linalg")
def solve(a: Any, b: Any) -> Any:
    """x with a x = b, for square matrices.

    A new tensor, by NumPy. ValueError for matrices that are not square, for singular ones and for shapes that
    do not fit, TypeError for tensors that require grad or are on a device.
    """


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition U S V^H of matrices, with the gradient.

    New tensors; with compute_uv=False the values alone. hermitian=True is by NumPy, without a gradient.
    ValueError for fewer than two dimensions, LinAlgError, which is a ValueError, where LAPACK does not
    converge; TypeError for half precision.
    """
    if hermitian:
        return _svd(a, full_matrices, compute_uv, hermitian)
    if not compute_uv:
        return svdvals(a)
    return SVDResult(*_C._svd(_real(a, "svd"), full_matrices))


def svdvals(x: Any, /) -> Any:
    """The singular values of matrices in descending order, with the gradient: a new tensor.

    Errors as svd: ValueError and TypeError.
    """
    return _C._svdvals(_real(x, "svdvals"))


@by_numpy("linalg")
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a as a map from its last dimensions to its first ind ones.

    A new tensor, by NumPy. ValueError for one that is not square or singular, TypeError for tensors that
    require grad or are on a device.
    """


@by_numpy("linalg")
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with tensordot(a, x) = b.

    A new tensor, by NumPy. ValueError for shapes that do not fit and for a singular a, TypeError for tensors
    that require grad or are on a device.
    """
