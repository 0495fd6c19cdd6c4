"""Distances as modules."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last dimension.

    Parameters:
        p: the order of the norm.
        eps: is added to each difference, so that the gradient of equal vectors is finite.
        keepdim: True keeps the last dimension with size 1.

    >>> tenon.nn.PairwiseDistance()(tenon.tensor([[3.0, 0.0]]), tenon.tensor([[0.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along dim.

    Parameters:
        dim: the dimension of the vectors.
        eps: norms below it count as it.

    >>> tenon.nn.CosineSimilarity()(tenon.tensor([[2.0, 0.0]]), tenon.tensor([[3.0, 3.0]]))
    tensor([0.7071])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
