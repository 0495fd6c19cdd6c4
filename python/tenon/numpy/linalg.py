"""numpy.linalg for tensors, with gradients.

Where a matrix is singular, or no result is found, the error is NumPy's LinAlgError, which is a ValueError.
"""

from __future__ import annotations

import operator
from typing import Any

from tenon import _C
from tenon._docstrings import documented
from tenon._names import guide as _guide
from tenon.numpy._decompositions import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from tenon.numpy._equations import (
    cond,
    det,
    inv,
    lstsq,
    matrix_rank,
    pinv,
    slogdet,
    solve,
    tensorinv,
    tensorsolve,
)
from tenon.numpy._support import real

__all__ = [
    "cholesky", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq",
    "matmul", "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "multi_dot", "norm",
    "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "tensorinv", "tensorsolve",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip


(
    cross, diagonal, matmul, matrix_norm, matrix_transpose, multi_dot, norm, outer, tensordot, trace, vecdot,
    vector_norm,
) = (
    _C._numpy_names["tenon.numpy.linalg"][name]
    for name in (
        "cross", "diagonal", "matmul", "matrix_norm", "matrix_transpose", "multi_dot", "norm", "outer",
        "tensordot", "trace", "vecdot", "vector_norm",
    )
)  # fmt: skip


@documented()
def matrix_power(a: Any, n: int) -> Any:
    """The n-th power of square matrices: a new tensor (itself for n=1).

    A negative n inverts, integers in float64.

    n: The exponent, an int.
    Returns: A new tensor (itself for n=1).
    ValueError: For matrices that are not square and for singular ones.
    TypeError: For an n that is no int.

    >>> tenon.numpy.linalg.matrix_power(tenon.tensor([[1, 1], [0, 1]]), 5)
    tensor([[1, 5],
            [0, 1]])
    """
    n = operator.index(n)
    return _C.matrix_power(real(a, "matrix_power") if n < 0 else a, n)


_guide(__name__)
