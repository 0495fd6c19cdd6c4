"""Which elements or channels go: at random, by their size, or by a mask that is given."""

from __future__ import annotations

import math
import numbers

from tenon import _C
from tenon._C import Tensor
from tenon.nn.utils.prune._base import BasePruningMethod

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "RandomStructured", "RandomUnstructured",
]  # fmt: skip


def _checked_amount(owner: str, amount: Any) -> Any:
    if isinstance(amount, bool) or not isinstance(amount, numbers.Real):
        raise TypeError(f"{owner}: amount must be an int or a float; got {amount!r}")
    most = math.inf if isinstance(amount, numbers.Integral) else 1
    if not 0 <= float(amount) <= most:
        raise ValueError(f"{owner}: amount must be a fraction from 0 to 1 or an int from 0 on; got {amount}")
    return amount


def _count(owner: str, amount: Any, size: int) -> int:
    """How many of size elements or channels amount means."""
    if not isinstance(amount, numbers.Integral):
        return round(amount * size)
    if int(amount) > size:
        raise ValueError(f"{owner}: amount must not be more than the {size} that there are; got {amount}")
    return int(amount)


def _channels(owner: str, t: Tensor, dim: int) -> int:
    if t.ndim < 2:
        raise ValueError(f"{owner}: channels need two dimensions or more; got shape {t.shape}")
    if not -t.ndim <= dim < t.ndim:
        raise IndexError(f"{owner}: dimension {dim} is out of range for shape {t.shape}")
    return int(t.shape[dim])


def _of_channels(kept: Tensor, dim: int, default_mask: Tensor) -> Tensor:
    shape = [1] * default_mask.ndim
    shape[dim] = -1
    return default_mask * kept.to(default_mask.dtype).reshape(shape)


class Identity(BasePruningMethod):
    """Prunes nothing, but has the mask.

    >>> method = tenon.nn.utils.prune.Identity.apply(tenon.nn.Linear(1, 2), "bias")
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes elements at random.

    Parameters:
        amount: How many: a fraction as a float, or their number as an int.

    >>> tenon.nn.utils.prune.RandomUnstructured(2).prune(tenon.ones(5)).sum()
    tensor(3.)
    """

    def __init__(self, amount: Any) -> None:
        self.amount = _checked_amount(type(self).__name__, amount)

    def _pruned(self, t: Tensor, count: int) -> Tensor:
        return _C.topk(_C.rand_like(t).view(-1), count).indices

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _count(type(self).__name__, self.amount, t.numel())
        mask = default_mask.contiguous().clone()
        if count:
            mask.view(-1)[self._pruned(t, count)] = 0
        return mask


class L1Unstructured(RandomUnstructured):
    """Prunes the elements of the least absolute value.

    Parameters:
        amount: How many: a fraction as a float, or their number as an int.

    >>> tenon.nn.utils.prune.L1Unstructured(2).prune(tenon.tensor([1.0, -3.0, 2.0]))
    tensor([ 0., -3.,  0.])
    """

    def _pruned(self, t: Tensor, count: int) -> Tensor:
        return _C.topk(t.abs().reshape(-1), count, -1, False).indices


class RandomStructured(BasePruningMethod):
    """Prunes channels at random.

    Parameters:
        amount: How many: a fraction as a float, or their number as an int.
        dim: The dimension of the channels.

    >>> tenon.nn.utils.prune.RandomStructured(1, dim=0).prune(tenon.ones(3, 2)).sum()
    tensor(4.)
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        self.amount, self.dim = _checked_amount(type(self).__name__, amount), dim

    def _scores(self, t: Tensor) -> Tensor:
        """A number for each channel, the least of which are pruned."""
        return _C.rand(t.shape[self.dim], dtype=t.dtype, device=t.device)

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        channels = _channels(type(self).__name__, t, self.dim)
        count = _count(type(self).__name__, self.amount, channels)
        if count == 0:
            return default_mask
        scores = self._scores(t)
        kept = _C.zeros_like(scores)
        kept[_C.topk(scores, channels - count).indices] = 1
        return _of_channels(kept, self.dim, default_mask)


class LnStructured(RandomStructured):
    """Prunes the channels of the least norm.

    Parameters:
        amount: How many: a fraction as a float, or their number as an int.
        n: Which norm, as norm()'s p.
        dim: The dimension of the channels.

    >>> tenon.nn.utils.prune.LnStructured(1, n=2, dim=0).prune(tenon.tensor([[1.0, 1.0], [2.0, 2.0]]))
    tensor([[0., 0.],
            [2., 2.]])
    """

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, t: Tensor) -> Tensor:
        return _C.norm(t, self.n, [d for d in range(t.ndim) if d != self.dim % t.ndim])


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask.

    Parameters:
        mask: A tensor of 0 and 1.

    >>> tenon.nn.utils.prune.CustomFromMask(tenon.tensor([0, 1])).prune(tenon.ones(2))
    tensor([0., 1.])
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if tuple(self.mask.shape) != tuple(default_mask.shape):
            raise ValueError(
                f"CustomFromMask: the mask must have the shape {default_mask.shape}; got "
                f"{tuple(self.mask.shape)}"
            )
        return default_mask * self.mask.to(default_mask.dtype)
