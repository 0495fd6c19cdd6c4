"""Connectionist temporal classification: the loss of a sequence of labels without an alignment."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn._checked import autocast_full as _autocast_full
from tenon.nn.functional._common import LOSS, is_integer, reduced, reduction_of, tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ctc_loss"]

# The logarithm of what cannot be: finite, so that gradients are; far below every path's.
_NEVER = -1e30


def _lengths(name: str, lengths: Any, n: int, limit: int, device: Any) -> Tensor:
    t = lengths if isinstance(lengths, Tensor) else _C.tensor(list(lengths), dtype=_C.int64)
    if not is_integer(t):
        raise TypeError(f"ctc_loss: {name} holds integers; got {t.dtype.name}")
    t = t.reshape(-1).to(dtype=_C.int64)
    if t.shape != (n,):
        raise ValueError(f"ctc_loss: {name} has one length for each of the {n} samples; got {t.numel()}")
    if n and not 0 <= int(t.min()) <= int(t.max()) <= limit:
        raise ValueError(
            f"ctc_loss: {name} must be from 0 to {limit}; it is from {int(t.min())} to {int(t.max())}"
        )
    return t.to(device=device)


def _padded(targets: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Targets that stand one after the other as rows, which blanks fill up."""
    total = int(lengths.sum())
    if targets.numel() != total:
        raise ValueError(
            f"ctc_loss: target_lengths add up to {total}, but targets holds {targets.numel()} labels"
        )
    width = int(lengths.max()) if lengths.numel() else 0
    place = _C.arange(width, device=targets.device).unsqueeze(0)
    start = (lengths.cumsum(0) - lengths).unsqueeze(1)
    inside = place < lengths.unsqueeze(1)
    if total == 0:
        return _C.full((lengths.numel(), width), blank, dtype=_C.int64, device=targets.device)
    return _C.where(inside, targets[_C.where(inside, start + place, 0)], blank)


def _rows(targets: Tensor, lengths: Tensor, blank: int, classes: int) -> Tensor:
    """Targets as one row of int64 for each sample, which blanks fill up. ValueError for other labels."""
    n = lengths.numel()
    targets = targets.to(dtype=_C.int64)
    if targets.ndim == 1:
        targets = _padded(targets, lengths, blank)
    elif targets.shape[0] != n:
        raise ValueError(
            f"ctc_loss: targets has one row for each of the {n} samples; got shape {targets.shape}"
        )
    inside = _C.arange(targets.shape[1], device=targets.device).unsqueeze(0) < lengths.unsqueeze(1)
    named = targets[inside]
    if named.numel() == 0:
        return _C.full(targets.shape, blank, dtype=_C.int64, device=targets.device)
    low, high = int(named.min()), int(named.max())
    if low < 0 or high >= classes or bool((named == blank).any()):
        raise ValueError(
            f"ctc_loss: labels are from 0 to {classes - 1} and not the blank, {blank}; targets holds from "
            f"{low} to {high}"
        )
    return _C.where(inside, targets, blank)


def _losses(
    log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, blank: int
) -> Tensor:
    """The loss of each sample: the forward variables of Graves et al. (2006) in logarithms."""
    steps, n, _ = log_probs.shape
    width = 2 * targets.shape[1] + 1
    labels = _C.full((n, width), blank, dtype=_C.int64, device=targets.device)
    labels[:, 1::2] = targets
    # A label may follow the one two before it, past a blank, unless they are equal.
    skips = _C.zeros((n, width), dtype=_C.bool, device=targets.device)
    skips[:, 3::2] = targets[:, 1:] != targets[:, :-1]
    emitted = log_probs.clip(_NEVER).gather(2, labels.unsqueeze(0).expand(steps, n, width))

    def before(alpha: Tensor, by: int) -> Tensor:
        never = _C.full((n, min(by, width)), _NEVER, dtype=alpha.dtype, device=alpha.device)
        return _C.cat([never, alpha[:, : width - by]], 1) if width > by else never[:, :width]

    start = _C.arange(width, device=targets.device).unsqueeze(0) < 2
    alpha = _C.where(start, emitted[0], _NEVER)
    for t in range(1, steps):
        ways = [alpha, before(alpha, 1), _C.where(skips, before(alpha, 2), _NEVER)]
        reached = (_C.logsumexp(_C.stack(ways), 0) + emitted[t]).clip(_NEVER)
        alpha = _C.where((t < input_lengths).unsqueeze(1), reached, alpha)
    last = (2 * target_lengths).unsqueeze(1)
    ends = alpha.gather(1, last), _C.where(last > 0, alpha.gather(1, (last - 1).clip(0)), _NEVER)
    loss = -_C.logsumexp(_C.cat(ends, 1), 1)
    return _C.where(loss > -_NEVER / 2, float("inf"), loss)


@_documented(LOSS)
@_autocast_full
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """The negative log likelihood of label sequences, over all ways to align them with the steps.

    log_probs: Log probabilities of the classes at each step, of shape (T, N, C), or (T, C) for one sample.
    targets: The labels, integers: of shape (N, S), or all one after the other, of shape (sum of
    target_lengths,).
    input_lengths: How many steps each sample has, of shape (N,).
    target_lengths: How many labels each sample has, of shape (N,).
    blank: The class that stands for no label.
    reduction: 'mean' (of the losses, each divided by its number of labels), 'sum', or 'none' for one loss for
    each sample.
    zero_infinity: True gives 0 for samples whose labels do not fit into their steps, else their loss is
    infinite.
    ValueError: For another reduction, for lengths and labels out of range and shapes that do not fit.
    TypeError: For targets and lengths that are no integers.

    >>> log_p = tenon.nn.functional.log_softmax(tenon.zeros(3, 1, 2), 2)
    >>> tenon.nn.functional.ctc_loss(log_p, tenon.tensor([[1]]), [3], [1])
    tensor(0.2877)
    """
    reduction = reduction_of("ctc_loss", reduction)
    targets = tensor(targets)
    if not is_integer(targets):
        raise TypeError(f"ctc_loss: targets holds labels, which are integers; got {targets.dtype.name}")
    batched = log_probs.ndim == 3
    if log_probs.ndim not in (2, 3) or targets.ndim not in (1, 2):
        raise ValueError(
            "ctc_loss: log_probs has shape (T, N, C) or (T, C), targets (N, S) or (sum of target_lengths,); "
            f"got {log_probs.shape} and {targets.shape}"
        )
    if not batched:
        log_probs = log_probs.unsqueeze(1)
    steps, n, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ValueError(f"ctc_loss: blank is a class from 0 to {classes - 1}; got {blank}")
    device = log_probs.device
    inputs = _lengths("input_lengths", input_lengths, n, steps, device)
    lengths = _lengths("target_lengths", target_lengths, n, targets.shape[-1], device)
    loss = _losses(log_probs, _rows(targets, lengths, blank, classes), inputs, lengths, blank)
    if zero_infinity:
        loss = _C.where(loss.isinf(), 0.0, loss)
    if reduction == "mean":
        return (loss / lengths.clip(1)).mean()
    return reduced(loss if batched else loss.squeeze(0), reduction)
