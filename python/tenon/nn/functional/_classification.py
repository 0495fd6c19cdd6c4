"""Losses of classes and probabilities."""

from __future__ import annotations

import warnings

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.autograd.function import Function
from tenon.nn.functional._common import LOSS, as_target, from_start, is_integer, reduced, reduction_of, tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "kl_div",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss",
]  # fmt: skip

_CLASSES = """
target: The classes, integers of any dtype from 0 to C - 1: of shape (N,), (N, d1, ...), or () for one sample.
weight: What each class counts, of shape (C,); None for 1.
ignore_index: A class that costs nothing and does not count in the mean.
ValueError: For another reduction and for shapes that do not fit.
IndexError: For a class that is not there.
"""


def _check_classes(op: str, input: Tensor, target: Tensor, weight: Tensor | None) -> int:
    """The dimension of the classes."""
    if input.ndim == 0:
        raise ValueError(f"{op}: input has shape (C,), (N, C) or (N, C, d1, ...); got ()")
    dim = 0 if input.ndim == 1 else 1
    if target.shape != input.shape[:dim] + input.shape[dim + 1 :]:
        raise ValueError(
            f"{op}: target holds one class for each sample, so input of shape {input.shape} goes with a "
            "target of "
            f"shape {input.shape[:dim] + input.shape[dim + 1 :]}; got {target.shape}"
        )
    if not is_integer(target):
        raise TypeError(f"{op}: target holds classes, which are integers; got {target.dtype.name}")
    if weight is not None and weight.shape != (input.shape[dim],):
        raise ValueError(
            f"{op}: weight has one number for each of the {input.shape[dim]} classes; got {weight.shape}"
        )
    return dim


def _no_class(op: str, target: Tensor, n: int, more: str = "") -> IndexError:
    low, high = int(target.min()), int(target.max())
    return IndexError(f"{op}: classes are from 0 to {n - 1}; target holds from {low} to {high}{more}")


def _nll(
    op: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    """nll_loss, in the name of op."""
    dim = _check_classes(op, input, target, weight)
    counted = target != ignore_index
    index = from_start(_C.where(counted, target, 0), input.shape[dim])
    try:
        picked = -input.gather(dim, index.unsqueeze(dim)).squeeze(dim)
    except IndexError:
        raise _no_class(op, target, input.shape[dim], f" (ignore_index is {ignore_index})") from None
    if weight is None:
        factor = counted.to(dtype=input.dtype)
    else:
        factor = weight.index_select(0, index.reshape(-1)).reshape(index.shape) * counted
    loss = _C.where(counted, picked * factor, 0.0)
    return loss.sum() / factor.sum() if reduction == "mean" else reduced(loss, reduction)


@_documented(_CLASSES, LOSS)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood: minus the log probability of each sample's class.

    input: Log probabilities, of shape (N, C), (N, C, d1, ...), or (C,) for one sample.

    >>> log_p = tenon.nn.functional.log_softmax(tenon.zeros(2, 4), 1)
    >>> tenon.nn.functional.nll_loss(log_p, tenon.tensor([0, 3]))
    tensor(1.3863)
    """
    reduction = reduction_of("nll_loss", reduction, size_average, reduce)
    return _nll("nll_loss", input, tensor(target), weight, ignore_index, reduction)


def _soft_cross_entropy(
    log_p: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float, dim: int
) -> Tensor:
    """Of targets that are probabilities. The mean is that of the samples."""
    n = log_p.shape[dim]
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / n
    if weight is not None:
        target = target * weight.reshape((-1,) + (1,) * (log_p.ndim - dim - 1))
    loss = -(log_p * target).sum(dim)
    return loss.sum() / (log_p.numel() / n) if reduction == "mean" else reduced(loss, reduction)


def _smoothed(
    log_p: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, dim: int
) -> Tensor:
    """The loss against the even distribution, of samples that are not ignored."""
    counted = target != ignore_index
    if weight is None:
        loss = -log_p.sum(dim)
        total = counted.sum()
    else:
        loss = -(log_p * weight.reshape((-1,) + (1,) * (log_p.ndim - dim - 1))).sum(dim)
        index = _C.where(counted, target, 0).to(dtype=_C.int64).reshape(-1)
        total = (weight.index_select(0, index) * counted.reshape(-1)).sum()
    loss = _C.where(counted, loss, 0.0)
    return loss.sum() / total if reduction == "mean" else reduced(loss, reduction)


@_documented(_CLASSES, LOSS)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """nll_loss() of log_softmax(input): the loss of a classifier's scores.

    input: Scores (logits), of shape (N, C), (N, C, d1, ...), or (C,) for one sample.
    target: The classes, integers of any dtype from 0 to C - 1, of input's shape without C; or
    probabilities of
    input's shape.
    label_smoothing: How much of each target is spread evenly over all classes, from 0 to 1.
    ValueError: For another reduction, a label_smoothing outside [0, 1] and shapes that do not fit.

    >>> tenon.nn.functional.cross_entropy(tenon.zeros(2, 4), np.array([0, 3], dtype=np.int32))
    tensor(1.3863)
    """
    reduction = reduction_of("cross_entropy", reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"cross_entropy: label_smoothing must be between 0 and 1; got {label_smoothing}")
    target = tensor(target)
    soft = target.shape == input.shape and target.dtype.is_floating_point
    if not soft and input.ndim and target.shape == input.shape:
        raise TypeError(
            f"cross_entropy: target has input's shape, {input.shape}, so it holds probabilities, which "
            "are floats; "
            f"got {target.dtype.name}, use .float() or one class for each sample"
        )
    if soft:
        dim = 0 if input.ndim == 1 else 1
        if weight is not None and weight.shape != (input.shape[dim],):
            raise ValueError(
                f"cross_entropy: weight has one number for each of the {input.shape[dim]} classes; got "
                f"{weight.shape}"
            )
        log_p = _C.log_softmax(input, dim)
        return _soft_cross_entropy(log_p, target, weight, reduction, label_smoothing, dim)
    dim = _check_classes("cross_entropy", input, target, weight)
    log_p = _C.log_softmax(input, dim)
    loss = _nll("cross_entropy", log_p, target, weight, ignore_index, reduction)
    if label_smoothing > 0:
        even = _smoothed(log_p, target, weight, ignore_index, reduction, dim)
        loss = loss * (1 - label_smoothing) + even * (label_smoothing / input.shape[dim])
    return loss


class _BinaryCrossEntropy(Function):
    """Logarithms are cut at -100, and the gradient is that of the formula all the same."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(p, target)
        return -(target * p.log().clip(-100.0) + (1 - target) * (-p).log1p().clip(-100.0))

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        p, target = ctx.saved_tensors
        of_p = of_target = None
        if ctx.needs_input_grad[0]:
            of_p = grads[0] * (p - target) / (p * (1 - p)).clip(1e-12)
        if ctx.needs_input_grad[1]:
            of_target = grads[0] * ((-p).log1p().clip(-100.0) - p.log().clip(-100.0))
        return of_p, of_target


_BINARY = """
target: Probabilities from 0 to 1, of input's shape.
weight: What each element counts; it broadcasts to input's shape. None for 1.
ValueError: For another reduction and for another shape of target.
"""


def _same_shape(op: str, input: Tensor, target: Any) -> Tensor:
    target = tensor(target)
    if target.shape != input.shape:
        raise ValueError(
            f"{op}: target has input's shape, {input.shape}; got {target.shape}, use .reshape() or "
            ".unsqueeze()"
        )
    return target if target.dtype.is_floating_point else target.to(dtype=input.dtype)


@_documented(_BINARY, LOSS)
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """-target * log(input) - (1 - target) * log(1 - input), for probabilities.

    Where input comes from sigmoid(), binary_cross_entropy_with_logits() keeps more digits.

    input: Probabilities from 0 to 1, a tensor of any shape.
    ValueError: For another reduction, another shape of target and for elements of input outside [0, 1].

    >>> tenon.nn.functional.binary_cross_entropy(tenon.tensor([0.5]), tenon.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of("binary_cross_entropy", reduction, size_average, reduce)
    target = _same_shape("binary_cross_entropy", input, target)
    if input.is_cpu and input.numel():
        low, high = (float(m) for m in input.detach().aminmax())
        if low < 0 or high > 1:
            raise ValueError(
                f"binary_cross_entropy: input holds probabilities, from 0 to 1; it is from {low:g} to "
                f"{high:g}, "
                "use binary_cross_entropy_with_logits for scores"
            )
    loss = _BinaryCrossEntropy.apply(input, target)
    return reduced(loss if weight is None else loss * weight, reduction)


@_documented(_BINARY, LOSS)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy() of sigmoid(input), without its loss of digits.

    input: Scores (logits), a tensor of any shape.
    pos_weight: What the term of target counts; it broadcasts to input's shape. None for 1.

    >>> tenon.nn.functional.binary_cross_entropy_with_logits(tenon.tensor([0.0]), tenon.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of("binary_cross_entropy_with_logits", reduction, size_average, reduce)
    target = _same_shape("binary_cross_entropy_with_logits", input, target)
    log_p = _C.log_sigmoid(input)
    if pos_weight is not None:
        log_p = log_p * ((pos_weight - 1) * target + 1)
    loss = (1 - target) * input - log_p
    return reduced(loss if weight is None else loss * weight, reduction)


@_documented(LOSS)
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence, target * (log(target) - input), for log probabilities input.

    input: Log probabilities, a tensor of any shape.
    target: Probabilities of input's shape, or their logarithms.
    reduction: 'batchmean' (the divergence: the sum divided by the size of dimension 0), 'mean' (by that
    of all
    dimensions, which warns), 'sum' or 'none'.
    log_target: Whether target holds logarithms.
    ValueError: For another reduction and for shapes of which each would have to be repeated.

    >>> p = tenon.tensor([[0.5, 0.5]])
    >>> tenon.nn.functional.kl_div(tenon.tensor([[0.25, 0.75]]).log(), p, reduction="batchmean")
    tensor(0.1438)
    """
    flags = size_average is not None or reduce is not None
    batchmean = reduction == "batchmean" and not flags
    if reduction == "mean" and not flags:
        warnings.warn(
            "kl_div: reduction='mean' divides by the number of all elements; 'batchmean' gives the "
            "divergence",
            stacklevel=2,
        )
    reduction = "sum" if batchmean else reduction_of("kl_div", reduction, size_average, reduce)
    input, target = as_target("kl_div", input, target)
    loss = target.exp() * (target - input) if log_target else _C.xlogy(target, target) - target * input
    loss = reduced(loss, reduction)
    return loss / input.shape[0] if batchmean and input.ndim else loss


def _rows(op: str, input: Tensor, target: Any, target_ndim: int) -> tuple[Tensor, Tensor, bool]:
    """Both with a batch, and whether it was there. target_ndim: the dimensions of target with a batch."""
    target = tensor(target)
    batched = input.ndim == 2
    if input.ndim not in (1, 2) or target.ndim != target_ndim - (not batched):
        raise ValueError(
            f"{op}: input has shape (N, C) or (C,); got {input.shape}, with a target of {target.shape}"
        )
    if not batched:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
    if target.shape[0] != input.shape[0] or (target_ndim == 2 and target.shape != input.shape):
        raise ValueError(
            f"{op}: input of shape {input.shape} does not go with a target of shape {target.shape}"
        )
    return input, target, batched


def _one_each(loss: Tensor, batched: bool, reduction: str) -> Tensor:
    return reduced(loss if batched else loss.squeeze(0), reduction)


@_documented(LOSS)
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The hinge loss of a classifier: the sum of max(0, margin - x[target] + x[i]) ** p over other i, over C.

    input: Scores, of shape (N, C) or (C,).
    target: One class for each sample, integers of shape (N,) or ().
    p: 1 or 2.
    margin: By how much the score of the class should be the largest.
    weight: What each class counts, of shape (C,); None for 1.
    ValueError: For another reduction, another p and shapes that do not fit.
    IndexError: For a class that is not there.

    >>> tenon.nn.functional.multi_margin_loss(tenon.tensor([[0.0, 1.0]]), tenon.tensor([0]))
    tensor(1.)
    """
    reduction = reduction_of("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is 1 or 2; got {p}")
    input, target, batched = _rows("multi_margin_loss", input, target, 1)
    _check_classes("multi_margin_loss", input, target, weight)
    index = from_start(target, input.shape[1]).unsqueeze(1)
    try:
        terms = (margin - input.gather(1, index) + input).clip(0)
    except IndexError:
        raise _no_class("multi_margin_loss", target, input.shape[1]) from None
    if p == 2:
        terms = terms.square()
    if weight is not None:
        terms = terms * weight.index_select(0, index.squeeze(1)).unsqueeze(1)
    terms = terms.scatter(1, index, 0.0)
    return _one_each(terms.sum(1) / input.shape[1], batched, reduction)


@_documented(LOSS)
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """The hinge loss of several classes: max(0, 1 - (x[y] - x[i])) / C added up over classes y and others i.

    input: Scores, of shape (N, C) or (C,).
    target: The classes of each sample, integers of input's shape, up to the first -1.
    ValueError: For another reduction, shapes that do not fit and classes that are not there.
    TypeError: For a target that holds no integers.

    >>> x = tenon.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> tenon.nn.functional.multilabel_margin_loss(x, tenon.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    reduction = reduction_of("multilabel_margin_loss", reduction, size_average, reduce)
    input, target, batched = _rows("multilabel_margin_loss", input, target, 2)
    n = input.shape[1]
    if not is_integer(target):
        raise TypeError(
            f"multilabel_margin_loss: target holds classes, which are integers; got {target.dtype.name}"
        )
    if target.numel() and not -1 <= int(target.min()) <= int(target.max()) < n:
        raise ValueError(
            f"multilabel_margin_loss: classes are from 0 to {n - 1}, and -1 ends them; got {target}"
        )
    named = (target >= 0).to(dtype=_C.int64).cumprod(1)
    index = target.clip(0).to(dtype=_C.int64)
    is_class = _C.zeros(input.shape, dtype=_C.int64, device=input.device).scatter_add(1, index, named) > 0
    terms = (1 - input.gather(1, index).unsqueeze(2) + input.unsqueeze(1)).clip(0)
    counted = (named.unsqueeze(2) > 0) & ~is_class.unsqueeze(1)
    return _one_each(_C.where(counted, terms, 0.0).sum((1, 2)) / n, batched, reduction)


@_documented(LOSS)
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """binary_cross_entropy_with_logits() of several classes: the mean over the last dimension.

    input: Scores, of shape (..., C).
    target: 0 or 1, of input's shape.
    weight: What each class counts, of shape (C,); None for 1.
    ValueError: For another reduction and for another shape of target.

    >>> tenon.nn.functional.multilabel_soft_margin_loss(tenon.zeros(1, 2), tenon.tensor([[0.0, 1.0]]))
    tensor(0.6931)
    """
    reduction = reduction_of("multilabel_soft_margin_loss", reduction, size_average, reduce)
    target = _same_shape("multilabel_soft_margin_loss", input, target)
    loss = -(target * _C.log_sigmoid(input) + (1 - target) * _C.log_sigmoid(-input))
    return reduced((loss if weight is None else loss * weight).mean(-1), reduction)
