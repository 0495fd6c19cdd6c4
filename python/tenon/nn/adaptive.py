"""The adaptive softmax: a loss over many classes of which few are frequent."""

from __future__ import annotations

from collections import namedtuple

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.containers import ModuleList, Sequential
from tenon.nn.linear import Linear
from tenon.nn.module import Module

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NamedTuple

    class _Output(NamedTuple):
        output: Tensor
        loss: Tensor
else:
    _Output = namedtuple("ASMoutput", ["output", "loss"])

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class AdaptiveLogSoftmaxWithLoss(Module):
    """An approximate softmax over many classes (Grave et al., 2017), the frequent ones first, and its loss.

    Parameters:
        in_features: the size of the input's rows.
        n_classes: the number of classes.
        cutoffs: where the clusters of rarer and rarer classes begin: ints from 1 to n_classes - 1 that rise.
        div_value: each cluster's rows are projected to a size that is smaller by this factor than the last's.
        head_bias: whether the frequent classes have biases.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with (input, target), of shapes (N, in_features) and (N), or (in_features) and (), it returns a
    named tuple: ``output``, the log probability of each target, and ``loss``, minus their mean. ValueError
    for cutoffs that do not rise and for other shapes, IndexError for targets that are no class.

    >>> loss = tenon.nn.AdaptiveLogSoftmaxWithLoss(4, 20, [5, 10], div_value=2.0)
    >>> loss(tenon.ones(3, 4), tenon.tensor([0, 7, 19])).output.shape
    (3,)
    >>> round(loss.log_prob(tenon.ones(1, 4)).exp().sum().item(), 4)
    1.0
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        rises = cutoffs == sorted(set(cutoffs)) and all(int(c) == c for c in cutoffs)
        if not cutoffs or not rises or not (cutoffs[0] > 0 and cutoffs[-1] < n_classes):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: cutoffs must be ints that rise, from 1 to n_classes - 1 = "
                f"{n_classes - 1}; got {cutoffs}"
            )
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            width = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, width, False, device, dtype),
                    Linear(width, high - low, False, device, dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draws all parameters anew."""
        self.head.reset_parameters()
        for i2h, h2o in self.tail:
            i2h.reset_parameters()
            h2o.reset_parameters()

    def _check(self, input: Tensor, target: Tensor) -> None:
        if target.ndim not in (0, 1) or input.ndim != target.ndim + 1 or input.shape[:-1] != target.shape:
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: input of shape (N, {self.in_features}) goes with a target of "
                f"shape (N), ({self.in_features}) with (); got {input.shape} and {target.shape}"
            )
        if target.numel() == 0:
            return
        low, high = int(target.min()), int(target.max())
        if low < 0 or high >= self.n_classes:
            raise IndexError(
                f"AdaptiveLogSoftmaxWithLoss: classes are from 0 to {self.n_classes - 1}; target holds from "
                f"{low} to {high}"
            )

    def forward(self, input: Tensor, target: Tensor) -> _Output:
        self._check(input, target)
        x, classes = (input, target) if target.ndim else (input.unsqueeze(0), target.unsqueeze(0))
        classes = classes.to(_C.int64)
        in_head = classes  # the class, or that of its cluster
        rows, within = [], []
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            here = ((classes >= low) & (classes < high)).nonzero().squeeze(1)
            if here.numel() == 0:
                continue
            in_head = in_head.index_fill(0, here, self.shortlist_size + i)
            scores = F.log_softmax(self.tail[i](x.index_select(0, here)), 1)
            rows.append(here)
            within.append(scores.gather(1, (classes.index_select(0, here) - low).unsqueeze(1)).squeeze(1))
        output = F.log_softmax(self.head(x), 1).gather(1, in_head.unsqueeze(1)).squeeze(1)
        if rows:
            output = output.index_add(0, _C.cat(rows), _C.cat(within))
        loss = (-output).mean()
        return _Output(output if target.ndim else output.squeeze(0), loss)

    def _all_log_prob(self, input: Tensor, head: Tensor) -> Tensor:
        scores = F.log_softmax(head, 1)
        parts = [scores[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            parts.append(F.log_softmax(tail(input), 1) + scores[:, self.shortlist_size + i].unsqueeze(1))
        return _C.cat(parts, 1)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log probability of every class, (N, n_classes), of input, (N, in_features)."""
        return self._all_log_prob(input, self.head(input))

    def predict(self, input: Tensor) -> Tensor:
        """The most likely class of each row of input, (N): log_prob(input).argmax(1), of fewer clusters."""
        head = self.head(input)
        best = head.argmax(1)
        rare = best >= self.shortlist_size
        if not bool(rare.any()):
            return best
        if bool(rare.all()):
            return self._all_log_prob(input, head).argmax(1)
        at = rare.nonzero().squeeze(1)
        among = self._all_log_prob(input.index_select(0, at), head.index_select(0, at)).argmax(1)
        return best.index_copy(0, at, among)
