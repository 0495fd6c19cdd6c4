"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right

from tenon.optim.lr_scheduler._base import LRScheduler, check_optimizer, set_in
from tenon.optim.lr_scheduler._plateau import ReduceLROnPlateau

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tenon.optim.optimizer import Optimizer


class _Compound(LRScheduler):
    """Several schedulers of one optimizer."""

    _schedulers: Sequence[LRScheduler]
    _unsaved = (*LRScheduler._unsaved, "_schedulers")

    def _take(self, optimizer: Any, schedulers: Sequence[LRScheduler]) -> None:
        name = type(self).__name__
        if not schedulers:
            raise ValueError(f"{name}: there are no schedulers")
        optimizer = getattr(schedulers[0], "optimizer", None) if optimizer is None else optimizer
        for i, s in enumerate(schedulers):
            if isinstance(s, ReduceLROnPlateau):
                raise ValueError(
                    f"{name}: scheduler {i} is a ReduceLROnPlateau, whose step() needs the metrics"
                )
            if not hasattr(s, "optimizer"):
                raise TypeError(f"{name}: scheduler {i} must be a scheduler; got {type(s).__name__}")
            if s.optimizer is not optimizer:
                raise ValueError(f"{name}: scheduler {i}, a {type(s).__name__}, is one of another optimizer")
        check_optimizer(name, optimizer)
        self.optimizer = optimizer
        self._schedulers = schedulers

    def state_dict(self) -> dict[str, Any]:
        """All that the scheduler knows, with a state dict for each of its schedulers."""
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave."""
        state = dict(state_dict)
        saved = state.pop("_schedulers")
        super().load_state_dict(state)
        for scheduler, kept in zip(self._schedulers, saved, strict=True):
            scheduler.load_state_dict(kept)


class SequentialLR(_Compound):
    """Schedulers one after the other: at each milestone the next one begins.

    Parameters:
        optimizer: the one of all schedulers.
        schedulers: a list of schedulers.
        milestones: the epoch at which each but the first begins.
        last_epoch: the last epoch that is done; -1 begins anew.

    ValueError for no schedulers, those of another optimizer, ReduceLROnPlateau and another number of
    milestones.

    Example:
        >>> from tenon.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> parts = [ConstantLR(optimizer, 0.25, total_iters=9), ExponentialLR(optimizer, 0.5)]
        >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
        >>> for _ in range(3):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        self._take(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} milestones; got "
                f"{len(milestones)}"
            )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        # Each has made its first step; only the one that begins is to have made it.
        for group in optimizer.param_groups:
            set_in(group, "lr", group["initial_lr"])
        _undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Goes on to the next epoch. epoch: must be None."""
        if epoch is not None:
            raise ValueError(f"SequentialLR: step() goes to no epoch; got {epoch}")
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo(scheduler: LRScheduler) -> None:
    if isinstance(scheduler, _Compound):
        for s in scheduler._schedulers:
            _undo(s)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(_Compound):
    """Schedulers all at once: each step() calls that of each, so that their factors multiply.

    Parameters:
        schedulers: a list of schedulers of one optimizer.
        optimizer: the one of all schedulers; None for that of the first.

    ValueError for no schedulers, those of another optimizer and ReduceLROnPlateau.

    Example:
        >>> from tenon.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.5), ExponentialLR(optimizer, 0.5)])
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(optimizer, schedulers)
        self._last_lr = self._of_groups()

    def _initial_step(self) -> None:
        for scheduler in self._schedulers:
            scheduler._step_count += 1  # what a SequentialLR begins is no step before the optimizer's
        super()._initial_step()

    def step(self, epoch: int | None = None) -> None:
        """Calls the step() of each scheduler. epoch: must be None."""
        if epoch is not None:
            raise ValueError(f"ChainedScheduler: step() goes to no epoch; got {epoch}")
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._of_groups()
