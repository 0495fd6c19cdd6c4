"""Norms, products, and powers and exponentials of matrices, under PyTorch's names for linear algebra."""

from __future__ import annotations

from collections.abc import Sequence

from tenon import _C
from tenon._C import Tensor
from tenon._C import dtype as _dtype
from tenon._docstrings import documented
from tenon.linalg._support import MATRICES, SQUARE, call

__all__ = [
    "cross", "diagonal", "matmul", "matrix_exp", "matrix_norm", "matrix_power", "multi_dot", "norm", "vander",
    "vecdot", "vector_norm",
]  # fmt: skip

_multi_dot = _C._numpy_names["tenon.numpy.linalg"]["multi_dot"]

_NORM = """
input, A, x: A tensor of any shape, or anything that tenon.asarray takes; integers and bools in the
default float.
dim: The dimension of the vectors, or the two of the matrices; None for all.
keepdim: Whether the dimensions stay, with size 1.
dtype: The elements are converted to it first.
out: A tensor that the result is written to.
Returns: A new tensor of a real float.
IndexError: For a dimension that is not there.
TypeError: For float8.
"""


def _cast(x: Tensor, dtype: _dtype | None) -> Tensor:
    return x if dtype is None else _C.asarray(x).to(dtype)


@documented(_NORM)
def norm(
    input: Tensor,
    ord: float | str | None = None,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    dtype: _dtype | None = None,
) -> Tensor:
    """The norm of vectors, or of matrices where dim names two dimensions.

    ord: For vectors a number p, inf, -inf or 0; for matrices as matrix_norm() has it; None for the root
    of the sum of squares.
    ValueError: For another ord and, with ord, for more than two dimensions.

    >>> tenon.linalg.norm(tenon.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return call("norm", _cast(input, dtype), ord, dim, keepdim, out=out)


@documented(_NORM)
def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: int | tuple[int, ...] | None = None,
    keepdim: bool = False,
    *,
    dtype: _dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The p-norms of vectors, which may lie in several dimensions.

    ord: p, also inf, -inf and 0.
    ValueError: For a repeated dimension and, with inf and -inf, for no elements.

    >>> tenon.linalg.vector_norm(tenon.tensor([3.0, 4.0]), 1)
    tensor(7.)
    """
    return call("vector_norm", x, ord, dim, keepdim, dtype, out=out, row=_C.norm)


@documented(_NORM)
def matrix_norm(
    A: Tensor,
    ord: float | str = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: _dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The norms of matrices.

    ord: 'fro' (the root of the sum of squares), 'nuc' (the sum of the singular values), 1 and -1 (the largest
    and smallest sum of a column), inf and -inf (of a row), 2 and -2 (the largest and smallest singular
    value).
    ValueError: For another ord and for another number of dimensions.

    >>> tenon.linalg.matrix_norm(tenon.tensor([[3.0, 0.0], [4.0, 0.0]]))
    tensor(5.)
    """
    return call("matrix_norm", _cast(A, dtype), ord, dim, keepdim, out=out)


@documented()
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix product, as tenon.matmul() has it.

    input, other: Matrices in the last two dimensions, or vectors; the dimensions before broadcast.
    Returns: A new tensor.
    ValueError: For shapes that do not fit and for numbers.
    TypeError: For float8, and for an out of a lower kind.
    RuntimeError: For an out where a gradient is recorded.

    >>> tenon.linalg.matmul(tenon.eye(2), tenon.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    return call("matmul", input, other, out=out, row=_C.matmul)


@documented()
def cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The vector products along a dimension of 3 elements.

    Returns: A new tensor.
    ValueError: For another size and for shapes that do not broadcast.
    RuntimeError: For an out where a gradient is recorded.

    >>> tenon.linalg.cross(tenon.tensor([1, 0, 0]), tenon.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    return call("cross", input, other, dim, out=out, row=_C.cross)


@documented()
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The inner products along a dimension, x conjugated.

    x, y: Tensors of the same size along dim; the other dimensions broadcast.
    Returns: A new tensor without the dimension.
    ValueError: For sizes that differ and for shapes that do not broadcast.
    RuntimeError: For an out where a gradient is recorded.

    >>> tenon.linalg.vecdot(tenon.tensor([1, 2]), tenon.tensor([3, 4]))
    tensor(11)
    """
    return call("vecdot", x, y, dim, out=out, row=_C.vecdot)


@documented()
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A diagonal of each matrix.

    offset: Above the main one; negative ones below.
    dim1, dim2: The dimensions of the matrices.
    Returns: A view, with the diagonal last.
    ValueError: For fewer than two dimensions.
    IndexError: For a dimension that is not there.

    >>> tenon.linalg.diagonal(tenon.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return call("diagonal", A, offset, dim1, dim2, row=_C.diagonal)


@documented()
def vander(x: Tensor, N: int | None = None) -> Tensor:
    """Vandermonde matrices: the powers of the elements, from 0 on.

    x: A tensor of shape ``(..., n)``.
    N: The number of powers; None for n.
    Returns: A new tensor of shape ``(..., n, N)``.
    ValueError: For a negative N.

    >>> tenon.linalg.vander(tenon.tensor([2, 3]), 3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    x = _C.atleast_1d(x)
    count = x.shape[-1] if N is None else N
    if count < 0:
        raise ValueError(f"linalg.vander: N must not be negative; got {N}")
    return x.unsqueeze(-1) ** _C.arange(count, device=x.device)


@documented(MATRICES)
def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices or more, in the order of fewest multiplications.

    tensors: Matrices; the first and the last may be vectors.
    Returns: A new tensor.
    ValueError: For inner sizes that differ and for fewer than two matrices.

    >>> tenon.linalg.multi_dot([tenon.eye(2), tenon.ones(2, 3), tenon.ones(3)])
    tensor([3., 3.])
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise ValueError(f"linalg.multi_dot: two matrices or more are needed; got {len(tensors)}")
    return call("multi_dot", tensors, out=out, row=_multi_dot)


@documented(SQUARE)
def matrix_power(A: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The n-th power of square matrices by repeated squaring.

    A: Square matrices of shape ``(..., n, n)``.
    n: The exponent; a negative one takes the power of the inverse.
    out: A tensor that the result is written to.
    Returns: A new tensor, A itself for n=1.
    LinAlgError: A ValueError, for a singular matrix and a negative n.
    RuntimeError: For an out where a gradient is recorded.

    >>> tenon.linalg.matrix_power(tenon.tensor([[1, 1], [0, 1]]), 5)
    tensor([[1, 5],
            [0, 1]])
    """
    return call("matrix_power", A, n, out=out)


@documented(SQUARE, MATRICES)
def matrix_exp(A: Tensor) -> Tensor:
    """The exponentials of square matrices, by Pade's approximation with scaling and squaring (Higham 2005).

    Returns: A new tensor of A's shape.

    >>> tenon.linalg.matrix_exp(tenon.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return call("matrix_exp", A)
