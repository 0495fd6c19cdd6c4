"""Losses between real values, and losses of distances and margins."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn._checked import autocast_full as _autocast_full
from tenon.nn.functional._common import LOSS, as_target, at_least, reduced, reduction_of, tensor
from tenon.nn.functional._linear import pairwise_distance

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "cosine_embedding_loss", "gaussian_nll_loss", "hinge_embedding_loss",
    "margin_ranking_loss", "poisson_nll_loss", "soft_margin_loss",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip

_VALUES = """
input: The predictions, a tensor of any shape.
target: What they should be, of input's shape: a tensor or an array.
ValueError: For another reduction, and for shapes of which each would have to be repeated, such as (n,
1) and (n,).
"""
_EMBEDDING = """
margin: How far apart what is different should be.
ValueError: For another reduction and for shapes that do not fit.
"""


@_documented(_VALUES, LOSS)
@_autocast_full
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of counts under Poisson's distribution.

    log_input: Whether input is the logarithm of the expected count.
    full: True adds Stirling's approximation of the term that does not depend on input.
    eps: Is added to input in the logarithm, without log_input.

    >>> tenon.nn.functional.poisson_nll_loss(tenon.tensor([0.0]), tenon.tensor([2.0]))
    tensor(1.)
    """
    reduction = reduction_of("poisson_nll_loss", reduction, size_average, reduce)
    input, target = as_target("poisson_nll_loss", input, target)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        at = target.clip(1.0)  # below, the approximation is left out
        stirling = at * at.log() - at + (2 * math.pi * at).log() * 0.5
        loss = loss + _C.where(target > 1, stirling, 0.0)
    return reduced(loss, reduction)


def _variance(input: Tensor, var: Any) -> Tensor:
    """The variances, with a last dimension of 1 where there is one for each vector."""
    if not isinstance(var, Tensor):
        var = _C.full((), float(var), dtype=input.dtype, device=input.device)
    if bool((var < 0).any()):
        raise ValueError(f"gaussian_nll_loss: var must not be negative; the smallest is {float(var.min())}")
    if var.ndim == 0 or var.shape == input.shape:
        return var
    if var.shape == input.shape[:-1]:
        return var.unsqueeze(-1)
    fits = var.ndim == input.ndim
    if fits and sum(b for a, b in zip(input.shape, var.shape, strict=True) if a != b) == 1:
        return var
    raise ValueError(
        f"gaussian_nll_loss: var has input's shape, {input.shape}, or 1 in the place of one dimension, or "
        "is a "
        f"number; got {var.shape}"
    )


@_documented(_VALUES, LOSS)
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of values under normal distributions.

    input: The expected values, a tensor of any shape.
    var: The variances: of input's shape, one for each vector or channel, or a number.
    full: True adds the constant, log(2 * pi) / 2.
    eps: Variances below it count as it.
    ValueError: For another reduction, for negative variances and shapes that do not fit.

    >>> tenon.nn.functional.gaussian_nll_loss(tenon.tensor([1.0]), tenon.tensor([3.0]), tenon.tensor([1.0]))
    tensor(2.)
    """
    reduction = reduction_of("gaussian_nll_loss", reduction)
    input, target = as_target("gaussian_nll_loss", input, target)
    var = at_least(_variance(input, var), eps)
    loss = (var.log() + (input - target).square() / var) * 0.5
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


@_documented(LOSS, _EMBEDDING)
@_autocast_full
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The distance where target is 1, max(0, margin - distance) where it is -1.

    input: Distances, a tensor of any shape.
    target: 1 where two things are alike, -1 where they are not, of input's shape.

    >>> tenon.nn.functional.hinge_embedding_loss(tenon.tensor([0.5, 0.2]), tenon.tensor([1.0, -1.0]))
    tensor(0.6500)
    """
    reduction = reduction_of("hinge_embedding_loss", reduction, size_average, reduce)
    input, target = as_target("hinge_embedding_loss", input, target)
    apart = _C.where(target != 1, (margin - input).clip(0), 0.0)
    return reduced(apart + _C.where(target != -1, input, 0.0), reduction)


@_documented(LOSS, _VALUES)
@_autocast_full
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-target * input)): the logistic loss of classes -1 and 1.

    target: -1 or 1, of input's shape.

    >>> tenon.nn.functional.soft_margin_loss(tenon.tensor([0.0]), tenon.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    input, target = as_target("soft_margin_loss", input, target)
    return reduced(-_C.log_sigmoid(target * input), reduction)


@_documented(LOSS, _EMBEDDING)
@_autocast_full
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cosine where target is 1, max(0, cosine - margin) where it is -1.

    input1: Vectors, of shape (n, d) or (d,).
    input2: Vectors, of the same shape.
    target: 1 or -1 for each pair, of shape (n,) or ().
    margin: The cosine from which on different vectors cost something.

    >>> a, b = tenon.tensor([[1.0, 0.0]]), tenon.tensor([[0.0, 1.0]])
    >>> tenon.nn.functional.cosine_embedding_loss(a, b, tenon.tensor([1.0]))
    tensor(1.)
    """
    reduction = reduction_of("cosine_embedding_loss", reduction, size_average, reduce)
    target = tensor(target)
    if input1.ndim != input2.ndim or input1.ndim not in (1, 2) or target.ndim != input1.ndim - 1:
        raise ValueError(
            "cosine_embedding_loss: inputs of shape (n, d) go with a target of shape (n,), and (d,) with "
            "(); got "
            f"{input1.shape}, {input2.shape} and {target.shape}"
        )
    squares1 = input1.square().sum(-1) + 1e-12
    squares2 = input2.square().sum(-1) + 1e-12
    cosine = (input1 * input2).sum(-1) / (squares1 * squares2).sqrt()
    alike = _C.where(target == 1, 1 - cosine, 0.0)
    return reduced(alike + _C.where(target == -1, (cosine - margin).clip(0), 0.0), reduction)


@_documented(LOSS, _EMBEDDING)
@_autocast_full
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - target * (input1 - input2)): what target ranks higher should be larger by the margin.

    input1: Values, a tensor of any shape.
    input2: Values, of the same shape.
    target: 1 where input1 should be larger, -1 where input2 should.

    >>> tenon.nn.functional.margin_ranking_loss(tenon.tensor([1.0]), tenon.tensor([3.0]), tenon.tensor([1.0]))
    tensor(2.)
    """
    reduction = reduction_of("margin_ranking_loss", reduction, size_average, reduce)
    target = tensor(target)
    if not input1.ndim == input2.ndim == target.ndim:
        raise ValueError(
            "margin_ranking_loss: both inputs and target have the same number of dimensions; got "
            f"{input1.shape}, {input2.shape} and {target.shape}"
        )
    return reduced((margin - target * (input1 - input2)).clip(0), reduction)


_TRIPLET = """
anchor: Vectors, along the last dimension.
positive: Vectors that should be near the anchor's.
negative: Vectors that should be far from them.
margin: By how much.
swap: True takes the distance from positive to negative where it is the smaller one (Balntas et al., 2016).
ValueError: For another reduction, for a margin that is not positive and for different numbers of dimensions.
"""


def _triplet(
    op: str,
    tensors: tuple[Tensor, Tensor, Tensor],
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    anchor, positive, negative = tensors
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ValueError(
            f"{op}: anchor, positive and negative have the same number of dimensions; got "
            f"{anchor.shape}, {positive.shape} and {negative.shape}"
        )
    if not margin > 0:
        raise ValueError(f"{op}: margin must be positive; got {margin}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = _C.minimum(far, distance(positive, negative))
    return reduced((margin + near - far).clip(0), reduction)


@_documented(LOSS, _TRIPLET)
@_autocast_full
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + distance to positive - distance to negative).

    eps: Is added to each difference, so that the gradient of equal vectors is finite.

    >>> a, b = tenon.tensor([[0.0, 0.0]]), tenon.tensor([[0.0, 1.0]])
    >>> tenon.nn.functional.triplet_margin_loss(a, a, b, margin=3.0)
    tensor(2.0000)
    """
    reduction = reduction_of("triplet_margin_loss", reduction, size_average, reduce)

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return pairwise_distance(a, b, p, eps)

    return _triplet("triplet_margin_loss", (anchor, positive, negative), distance, margin, swap, reduction)


@_documented(LOSS, _TRIPLET)
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Any = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """triplet_margin_loss() with a distance of your own.

    distance_function: A function of two tensors; None for pairwise_distance.

    >>> a, b = tenon.tensor([[0.0, 0.0]]), tenon.tensor([[0.0, 1.0]])
    >>> far = lambda x, y: (x - y).abs().sum(-1)
    >>> tenon.nn.functional.triplet_margin_with_distance_loss(a, a, b, distance_function=far, margin=3.0)
    tensor(2.)
    """
    op = "triplet_margin_with_distance_loss"
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(op, (anchor, positive, negative), distance, margin, swap, reduction_of(op, reduction))
