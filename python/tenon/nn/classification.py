"""Losses of classes and probabilities as modules."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.loss import _Loss

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CrossEntropyLoss", "KLDivLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d",
]  # fmt: skip


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
    tensor(-0.)
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

    _more_reductions = ("batchmean",)

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
