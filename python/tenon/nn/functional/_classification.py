"""Losses of classes and probabilities."""

from __future__ import annotations

import warnings

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn._checked import autocast_full as _autocast_full
from tenon.nn.functional._common import LOSS, as_target, from_start, is_integer, reduced, reduction_of, tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["kl_div", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss"]


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


def _same_shape(op: str, input: Tensor, target: Any) -> Tensor:
    target = tensor(target)
    if target.shape != input.shape:
        raise ValueError(
            f"{op}: target has input's shape, {input.shape}; got {target.shape}, use .reshape() or "
            ".unsqueeze()"
        )
    return target if target.dtype.is_floating_point else target.to(dtype=input.dtype)


@_documented(LOSS)
@_autocast_full
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
@_autocast_full
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
@_autocast_full
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
