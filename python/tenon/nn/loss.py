"""Losses as modules. Their forward() takes predictions first, then targets."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.distance import PairwiseDistance
from tenon.nn.functional._common import reduction_of
from tenon.nn.module import Module

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "CosineEmbeddingLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "L1Loss", "MSELoss",
    "MarginRankingLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _Loss(Module):
    """A loss with a reduction: 'mean', 'sum', or 'none' for one loss for each element."""

    _more_reductions: tuple[str, ...] = ()

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        if reduction not in self._more_reductions or size_average is not None or reduce is not None:
            reduction = reduction_of(type(self).__name__, reduction, size_average, reduce)
        self.reduction = reduction


class L1Loss(_Loss):
    """The mean of the absolute differences.

    Parameters:
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.L1Loss()(tenon.tensor([1.0, 2.0]), tenon.tensor([1.0, 4.0]))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """The mean of the squared differences.

    Parameters:
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.MSELoss()(tenon.tensor([1.0, 2.0]), tenon.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class PoissonNLLLoss(_Loss):
    """The negative log likelihood of counts under Poisson's distribution.

    Parameters:
        log_input: whether the input is the logarithm of the expected count.
        full: True adds Stirling's approximation of the term that does not depend on the input.
        size_average, reduce: PyTorch's older form of reduction.
        eps: is added to the input in the logarithm, without log_input.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.PoissonNLLLoss()(tenon.tensor([0.0]), tenon.tensor([2.0]))
    tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(_Loss):
    """The negative log likelihood of values under normal distributions.

    Parameters:
        full: True adds the constant, log(2 * pi) / 2.
        eps: variances below it count as it.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    ``forward(input, target, var)``: expected values, values, variances.

    >>> tenon.nn.GaussianNLLLoss()(tenon.tensor([1.0]), tenon.tensor([3.0]), tenon.tensor([1.0]))
    tensor(2.)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class HingeEmbeddingLoss(_Loss):
    """The distance where the target is 1, max(0, margin - distance) where it is -1.

    Parameters:
        margin: how far apart what is different should be.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.HingeEmbeddingLoss()(tenon.tensor([0.5, 0.2]), tenon.tensor([1.0, -1.0]))
    tensor(0.6500)
    """

    def __init__(
        self, margin: float = 1.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Half the squared difference divided by beta up to beta, difference - beta / 2 beyond.

    Parameters:
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.
        beta: where the loss becomes linear; 0 gives L1Loss.

    >>> tenon.nn.SmoothL1Loss()(tenon.tensor([1.0, 5.0]), tenon.tensor([2.0, 2.0]))
    tensor(1.5000)
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """Half the squared difference up to delta, delta * (difference - delta / 2) beyond.

    Parameters:
        reduction: 'mean', 'sum' or 'none'; else ValueError.
        delta: where the loss becomes linear.

    >>> tenon.nn.HuberLoss()(tenon.tensor([1.0, 5.0]), tenon.tensor([2.0, 2.0]))
    tensor(1.5000)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, self.reduction, self.delta)


class SoftMarginLoss(_Loss):
    """log(1 + exp(-target * input)): the logistic loss of classes -1 and 1.

    Parameters:
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.SoftMarginLoss()(tenon.tensor([0.0]), tenon.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """1 - cosine where the target is 1, max(0, cosine - margin) where it is -1.

    Parameters:
        margin: the cosine from which on different vectors cost something.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> a, b = tenon.tensor([[1.0, 0.0]]), tenon.tensor([[0.0, 1.0]])
    >>> tenon.nn.CosineEmbeddingLoss()(a, b, tenon.tensor([1.0]))
    tensor(1.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    """max(0, margin - target * (input1 - input2)): what ranks higher should be larger by the margin.

    Parameters:
        margin: by how much.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.MarginRankingLoss()(tenon.tensor([1.0]), tenon.tensor([3.0]), tenon.tensor([1.0]))
    tensor(2.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """max(0, margin + distance to positive - distance to negative).

    Parameters:
        margin: by how much the negative should be farther from the anchor; positive, else ValueError.
        p: the order of the norm that is the distance.
        eps: is added to each difference, so that the gradient of equal vectors is finite.
        swap: True takes the distance from positive to negative where it is the smaller one.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> a, b = tenon.tensor([[0.0, 0.0]]), tenon.tensor([[0.0, 1.0]])
    >>> tenon.nn.TripletMarginLoss(margin=3.0)(a, a, b)
    tensor(2.0000)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if not margin > 0:
            raise ValueError(f"TripletMarginLoss: margin must be positive; got {margin}")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(_Loss):
    """TripletMarginLoss with a distance of your own.

    Parameters:
        distance_function: a function of two tensors, or a module; None for PairwiseDistance.
        margin: by how much the negative should be farther from the anchor; positive, else ValueError.
        swap: True takes the distance from positive to negative where it is the smaller one.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> a, b = tenon.tensor([[0.0, 0.0]]), tenon.tensor([[0.0, 1.0]])
    >>> far = lambda x, y: (x - y).abs().sum(-1)
    >>> tenon.nn.TripletMarginWithDistanceLoss(distance_function=far, margin=3.0)(a, a, b)
    tensor(2.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        if not margin > 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: margin must be positive; got {margin}")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
