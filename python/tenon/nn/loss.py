"""Losses as modules. Their forward() takes predictions first, then targets."""

from __future__ import annotations

from tenon import _C
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
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d",
    "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _Loss(Module):
    """A loss with a reduction: 'mean', 'sum', or 'none' for one loss for each element."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        batchmean = isinstance(self, KLDivLoss) and reduction == "batchmean"
        self.reduction = (
            reduction if batchmean else reduction_of(type(self).__name__, reduction, size_average, reduce)
        )


class _WeightedLoss(_Loss):
    """A loss with weights of classes or elements, which are a buffer."""

    weight: Tensor | None

    def __init__(
        self, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._register_weights("weight", weight)

    def _register_weights(self, name: str, weight: Any) -> None:
        # An array's memory is shared, as everywhere.
        self.register_buffer(
            name, weight if weight is None or isinstance(weight, Tensor) else _C.asarray(weight)
        )


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


class NLLLoss(_WeightedLoss):
    """The negative log likelihood of classes, for log probabilities.

    Parameters:
        weight: what each class counts, of shape (C,); None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        ignore_index: a class that costs nothing and does not count in the mean.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> log_p = tenon.nn.LogSoftmax(1)(tenon.zeros(2, 4))
    >>> tenon.nn.NLLLoss()(log_p, tenon.tensor([0, 3]))
    tensor(1.3863)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class NLLLoss2d(NLLLoss):
    """NLLLoss, by PyTorch's older name for images.

    Parameters:
        weight: what each class counts, of shape (C,); None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        ignore_index: a class that costs nothing and does not count in the mean.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.NLLLoss2d()(tenon.zeros(1, 2, 3, 3), tenon.zeros(1, 3, 3, dtype=tenon.int64))
    tensor(0.)
    """


class CrossEntropyLoss(_WeightedLoss):
    """The loss of a classifier's scores: NLLLoss of their log_softmax.

    Parameters:
        weight: what each class counts, of shape (C,); None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        ignore_index: a class that costs nothing and does not count in the mean.
        reduction: 'mean', 'sum' or 'none'; else ValueError.
        label_smoothing: how much of each target is spread evenly over all classes, from 0 to 1.

    ``forward(input, target)``: scores of shape (N, C), (N, C, d1, ...) or (C,), and classes as integers
    of any
    dtype, or probabilities of the same shape.

    >>> tenon.nn.CrossEntropyLoss()(tenon.zeros(2, 4), tenon.tensor([0, 3]))
    tensor(1.3863)
    """

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


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


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence, for log probabilities.

    Parameters:
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'batchmean' (the divergence), 'mean' (by the number of all elements), 'sum' or 'none'; else
            ValueError.
        log_target: whether targets are log probabilities, too.

    >>> p = tenon.tensor([[0.5, 0.5]])
    >>> tenon.nn.KLDivLoss(reduction="batchmean")(tenon.tensor([[0.25, 0.75]]).log(), p)
    tensor(0.1438)
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class BCELoss(_WeightedLoss):
    """-target * log(input) - (1 - target) * log(1 - input), for probabilities.

    Parameters:
        weight: what each element counts; None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    ValueError, from forward, for another shape of target and for what are no probabilities.

    >>> tenon.nn.BCELoss()(tenon.tensor([0.5]), tenon.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """BCELoss of the input's sigmoid, without its loss of digits.

    Parameters:
        weight: what each element counts; None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.
        pos_weight: what the term of the target counts; None for 1.

    >>> tenon.nn.BCEWithLogitsLoss()(tenon.tensor([0.0]), tenon.tensor([1.0]))
    tensor(0.6931)
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self._register_weights("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


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


class MultiLabelMarginLoss(_Loss):
    """The hinge loss of several classes for each sample.

    Parameters:
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    ``forward(input, target)``: scores of shape (N, C) or (C,), and the classes, up to the first -1.

    >>> x = tenon.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> tenon.nn.MultiLabelMarginLoss()(x, tenon.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


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


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """BCEWithLogitsLoss of several classes for each sample: the mean over the last dimension.

    Parameters:
        weight: what each class counts, of shape (C,); None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.MultiLabelSoftMarginLoss()(tenon.zeros(1, 2), tenon.tensor([[0.0, 1.0]]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


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


class MultiMarginLoss(_WeightedLoss):
    """The hinge loss of a classifier's scores.

    Parameters:
        p: 1 or 2, the power of each term; else ValueError.
        margin: by how much the score of the class should be the largest.
        weight: what each class counts, of shape (C,); None for 1.
        size_average, reduce: PyTorch's older form of reduction.
        reduction: 'mean', 'sum' or 'none'; else ValueError.

    >>> tenon.nn.MultiMarginLoss()(tenon.tensor([[0.0, 1.0]]), tenon.tensor([0]))
    tensor(1.)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is 1 or 2; got {p}")
        self.p, self.margin = p, margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


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


class CTCLoss(_Loss):
    """The negative log likelihood of label sequences, over all ways to align them with the steps.

    Parameters:
        blank: the class that stands for no label.
        reduction: 'mean', 'sum' or 'none'; else ValueError.
        zero_infinity: True gives 0 for samples whose labels do not fit into their steps.

    ``forward(log_probs, targets, input_lengths, target_lengths)`` is F.ctc_loss's.

    >>> log_p = tenon.nn.LogSoftmax(2)(tenon.zeros(3, 1, 2))
    >>> tenon.nn.CTCLoss()(log_p, tenon.tensor([[1]]), [3], [1])
    tensor(0.2877)
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
