"""Factors of matrices by PyTorch's older names: LU in one tensor, and the leading singular vectors."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any


def _matrices(op: str, A: Any) -> Tensor:
    t = A if isinstance(A, Tensor) else _C._ingest(A, op, None, None, None)
    if t.ndim < 2:
        raise ValueError(f"{op}: matrices are needed, of shape (..., m, n); got {tuple(t.shape)}")
    return t


@documented()
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> tuple[Tensor, ...]:
    """The LU factors of matrices in one tensor, and the swaps of rows: linalg.lu_factor() by its older name.

    A: A tensor of matrices, ``(..., m, n)``.
    pivot: True; False is not there.
    get_infos: True for a third tensor: 0, or the place, from 1, of the first 0 on the diagonal of U.
    Returns: New tensors: the factors, of A's shape; the pivots, int32, ``(..., min(m, n))``; the numbers.
    ValueError: For fewer than two dimensions and without pivots.
    TypeError: For other dtypes than float32, float64, complex64 and complex128.

    >>> factors, pivots = tenon.lu(tenon.tensor([[1.0, 2.0], [4.0, 4.0]]))
    >>> pivots
    tensor([2, 2], dtype=tenon.int32)
    """
    from tenon import linalg

    factors, pivots, infos = linalg.lu_factor_ex(_matrices("lu", A), pivot=pivot)
    return (factors, pivots, infos) if get_infos else (factors, pivots)


@documented()
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """The permutation and the triangular factors of what lu() and linalg.lu_factor() return.

    LU_data: The factors, ``(..., m, n)``.
    LU_pivots: The swaps of rows, ``(..., min(m, n))``, counted from 1.
    unpack_data: False for empty tensors in the place of L and U.
    unpack_pivots: False for an empty tensor in the place of P.
    Returns: New tensors ``P``, ``L`` and ``U`` with ``P @ L @ U`` equal to what was factored.
    ValueError: For fewer than two dimensions, for pivots of another shape and for those that are no rows.
    TypeError: For pivots that are no integers.

    >>> P, L, U = tenon.lu_unpack(*tenon.lu(tenon.tensor([[1.0, 2.0], [4.0, 4.0]])))
    >>> P @ L @ U
    tensor([[1., 2.],
            [4., 4.]])
    """
    factors = _matrices("lu_unpack", LU_data)
    *batch, m, n = factors.shape
    k = min(m, n)
    swaps = (
        LU_pivots if isinstance(LU_pivots, Tensor) else _C._ingest(LU_pivots, "lu_unpack", None, None, None)
    )
    if swaps.dtype.is_floating_point or swaps.dtype.is_complex or swaps.dtype == _C.bool:
        raise TypeError(f"lu_unpack: LU_pivots must be integers; got {swaps.dtype}")
    if swaps.shape != (*batch, k):
        raise ValueError(
            f"lu_unpack: LU_pivots must have shape {(*batch, k)} for factors of shape "
            f"{tuple(factors.shape)}; got {tuple(swaps.shape)}"
        )
    if ((swaps < 1) | (swaps > m)).any():
        raise ValueError(f"lu_unpack: LU_pivots must be from 1 to {m}; got {swaps.min()} to {swaps.max()}")
    nothing = factors.new_empty((0,))
    permutation, lower, upper = nothing, nothing, nothing
    if unpack_data:
        ones = _C.eye(m, k, dtype=factors.dtype, device=factors.device)
        lower = factors[..., :k].tril(-1) + ones
        upper = factors[..., :k, :].triu()
    if unpack_pivots:
        rows = _C.arange(m, device=factors.device).expand(*batch, m).clone()
        for i in range(k):
            other = swaps[..., i : i + 1].to(_C.int64) - 1
            here = rows[..., i : i + 1].clone()
            rows[..., i : i + 1] = rows.gather(-1, other)
            rows.scatter_(-1, other, here)
        permutation = factors.new_zeros((*batch, m, m)).scatter_(-2, rows.unsqueeze(-2), 1)
    return permutation, lower, upper


_LOW_RANK = """
A: A tensor of matrices, ``(..., m, n)``.
niter: How often the random basis is improved, 1000 times at most.
Returns: New tensors ``U`` ``(..., m, q)``, ``S`` ``(..., q)`` and ``V`` ``(..., n, q)``.
ValueError: For fewer than two dimensions, for a q that is not between 0 and the smaller of m and n, and for a
niter that is not between 0 and 1000.
"""


@documented(_LOW_RANK)
def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The q leading singular values and vectors of matrices, nearly, from a random basis.

    Halko, Martinsson and Tropp (2011), algorithms 4.4 and 5.1. The basis comes from the generator of
    manual_seed().

    q: How many.
    M: What is subtracted from A first; None for nothing.

    >>> U, S, V = tenon.svd_lowrank(tenon.tensor([[3.0, 0.0], [0.0, 0.0]]), q=1)
    >>> S
    tensor([3.])
    """
    from tenon import linalg

    a = _matrices("svd_lowrank", A)
    if M is not None:
        a = a - M
    *_, m, n = a.shape
    q = 6 if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(f"svd_lowrank: q must be between 0 and {min(m, n)}; got {q}")
    niter = 2 if niter is None else niter
    if not 0 <= niter <= 1000:
        raise ValueError(f"svd_lowrank: niter must be between 0 and 1000; got {niter}")
    wide = m < n
    if wide:
        a = a.mH
    adjoint = a.mH
    random = _C.randn(a.shape[-1], q, dtype=a.real.dtype, device=a.device).to(a.dtype)
    basis = linalg.qr(a @ random).Q
    for _ in range(niter):
        basis = linalg.qr(a @ linalg.qr(adjoint @ basis).Q).Q
    inner, values, right = linalg.svd(basis.mH @ a, full_matrices=False)
    left, right = basis @ inner, right.mH
    return (right, values, left) if wide else (left, values, right)


@documented(_LOW_RANK)
def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """The q principal components of rows: svd_lowrank() of A without the mean of its rows.

    q: How many; None for 6, or the smaller of m and n.
    center: False leaves the mean.

    >>> U, S, V = tenon.pca_lowrank(tenon.tensor([[1.0, 5.0], [3.0, 5.0]]), q=1)
    >>> V.abs()
    tensor([[1.],
            [0.]])
    """
    a = _matrices("pca_lowrank", A)
    if q is None:
        q = min(6, *a.shape[-2:])
    elif not 0 <= q <= min(a.shape[-2:]):
        raise ValueError(f"pca_lowrank: q must be between 0 and {min(a.shape[-2:])}; got {q}")
    return svd_lowrank(a - a.mean(-2, keepdim=True) if center else a, q, niter)
