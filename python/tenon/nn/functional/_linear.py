"""Linear maps, embeddings, distances."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.functional._common import at_least, is_integer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "cosine_similarity", "normalize", "one_hot", "pairwise_distance", "pdist",
]  # fmt: skip


@_documented()
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 at the place that each index names, 0 elsewhere, along a new last dimension.

    tensor: A tensor of integers from 0 to num_classes - 1, of any shape.
    num_classes: The size of the new dimension; -1 for the largest index + 1.
    Returns: A new int64 tensor.
    TypeError: For what are no integers.
    ValueError: For negative indices, for some from num_classes on, and for num_classes=-1 without elements.

    >>> tenon.nn.functional.one_hot(tenon.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if not is_integer(tensor):
        raise TypeError(f"one_hot: the indices must be integers; got {tensor.dtype.name}")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise ValueError("one_hot: there is no element to count classes of; say num_classes")
        return _C.zeros((*tensor.shape, num_classes), dtype=_C.int64, device=tensor.device)
    low, high = int(tensor.min()), int(tensor.max())
    n = high + 1 if num_classes == -1 else num_classes
    if low < 0 or high >= n:
        raise ValueError(f"one_hot: the indices must be from 0 to {n - 1}; they are from {low} to {high}")
    zeros = _C.zeros((*tensor.shape, n), dtype=_C.int64, device=tensor.device)
    return zeros.scatter_(-1, tensor.to(dtype=_C.int64).unsqueeze(-1), 1)


_PAIR = """
x1: A tensor of vectors.
x2: A tensor of vectors; both broadcast.
keepdim: True keeps the dimension of the vectors with size 1.
Returns: A new tensor without the dimension of the vectors.
ValueError: For shapes that do not broadcast.
"""


@_documented(_PAIR)
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension.

    eps: Is added to each difference, so that the gradient of equal vectors is finite.

    >>> tenon.nn.functional.pairwise_distance(tenon.tensor([[3.0, 0.0]]), tenon.tensor([[0.0, 4.0]]))
    tensor([5.])
    """
    return _C.norm(x1 - x2 + eps, p, -1, keepdim)


@_documented(_PAIR)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along dim.

    dim: The dimension of the vectors.
    eps: Norms below it count as it.
    IndexError: For a dimension that is not there.

    >>> tenon.nn.functional.cosine_similarity(tenon.tensor([[2.0, 0.0]]), tenon.tensor([[3.0, 3.0]]))
    tensor([0.7071])
    """
    x1, x2 = _C.broadcast_tensors(x1, x2)
    unit1 = x1 / at_least(_C.norm(x1, 2, dim, True), eps)
    unit2 = x2 / at_least(_C.norm(x2, 2, dim, True), eps)
    return (unit1 * unit2).sum(dim)


@_documented()
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The distances between all rows: those of rows 0 and 1, 0 and 2, ..., 1 and 2, ...

    input: A tensor of shape (n, m).
    p: The order of the norm.
    Returns: A new tensor of shape (n * (n - 1) / 2,).
    ValueError: For another number of dimensions.

    >>> tenon.nn.functional.pdist(tenon.tensor([[0.0], [1.0], [3.0]]))
    tensor([1., 3., 2.])
    """
    if input.ndim != 2:
        raise ValueError(f"pdist: input has two dimensions; got shape {input.shape}")
    n = input.shape[0]
    first, second = _C.triu_indices(n, n, 1, device=input.device)
    return _C.norm(input.index_select(0, first) - input.index_select(0, second), p, -1)


@_documented()
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """input divided by its p-norm along dim.

    input: A tensor of any shape.
    dim: The dimension of the vectors, or several.
    eps: Norms below it count as it.
    Returns: A new tensor of input's shape.
    IndexError: For a dimension that is not there.

    >>> tenon.nn.functional.normalize(tenon.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return _C.div(input, _C.norm(input, p, dim, True).clip(eps), out=out)
