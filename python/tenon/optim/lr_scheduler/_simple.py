"""Schedules that multiply the learning rate by a factor, at each epoch or at some."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter

from tenon.optim.lr_scheduler._base import LRScheduler, check_optimizer, for_groups, state_of

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from tenon.optim.lr_scheduler._base import Lr
    from tenon.optim.optimizer import Optimizer


class _ByFunctions(LRScheduler):
    """A function for each group, or one for all."""

    lr_lambdas: list[Callable[[int], float]]
    _unsaved = (*LRScheduler._unsaved, "lr_lambdas")

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int) -> None:
        name = type(self).__name__
        check_optimizer(name, optimizer)
        self.lr_lambdas = for_groups(name, "lr_lambda", optimizer, lr_lambda)
        for f in self.lr_lambdas:
            if not callable(f):
                raise TypeError(
                    f"{name}: lr_lambda must be a function or a list of functions; got {type(f).__name__}"
                )
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer and plain functions; of functions that are objects, their attributes."""
        return {**super().state_dict(), "lr_lambdas": [state_of(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave."""
        state = dict(state_dict)
        saved = state.pop("lr_lambdas")
        super().load_state_dict(state)
        for f, attributes in zip(self.lr_lambdas, saved, strict=True):
            if attributes is not None:
                vars(f).update(attributes)


class LambdaLR(_ByFunctions):
    """The initial learning rate times a function of the epoch.

    Parameters:
        optimizer: whose learning rates are set.
        lr_lambda: a function from the epoch to the factor, or a list with one for each group.
        last_epoch: the last epoch that is done; -1 begins anew.

    TypeError for what is no function, ValueError for a list of another length than the groups.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(_ByFunctions):
    """The last learning rate times a function of the epoch.

    Parameters:
        optimizer: whose learning rates are set.
        lr_lambda: a function from the epoch to the factor, or a list with one for each group.
        last_epoch: the last epoch that is done; -1 begins anew.

    TypeError for what is no function, ValueError for a list of another length than the groups.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self._is_initial:
            return self._of_groups()
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, self._of_groups(), strict=True)]


class StepLR(LRScheduler):
    """Multiplies the learning rate by gamma after each step_size epochs.

    Parameters:
        optimizer: whose learning rates are set.
        step_size: how many epochs a learning rate holds.
        gamma: the factor.
        last_epoch: the last epoch that is done; -1 begins anew.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
        >>> for _ in range(4):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size must be at least 1; got {step_size}")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self.last_epoch == 0 or self.last_epoch % self.step_size:
            return self._of_groups()
        return [lr * self.gamma for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiplies the learning rate by gamma at each milestone.

    Parameters:
        optimizer: whose learning rates are set.
        milestones: epochs; one that is there twice counts twice.
        gamma: the factor.
        last_epoch: the last epoch that is done; -1 begins anew.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3], gamma=0.5)
        >>> for _ in range(3):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave. A file may have made the milestones' keys strings."""
        super().load_state_dict(state_dict)
        self.milestones = Counter({int(epoch): n for epoch, n in self.milestones.items()})

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self.last_epoch not in self.milestones:
            return self._of_groups()
        return [lr * self.gamma ** self.milestones[self.last_epoch] for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [lr * self.gamma**passed for lr in self.base_lrs]


class ConstantLR(LRScheduler):
    """The learning rate times a factor, until total_iters epochs are done.

    Parameters:
        optimizer: whose learning rates are set.
        factor: in [0, 1].
        total_iters: how many epochs the factor holds.
        last_epoch: the last epoch that is done; -1 begins anew.

    ValueError for another factor.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=4)
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor must be in [0, 1]; got {factor}")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return [lr * self.factor for lr in self._of_groups()]
        if self.last_epoch != self.total_iters:
            return self._of_groups()
        if self.factor == 0:
            return list(self.base_lrs)
        return [lr * (1.0 / self.factor) for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        return [lr * (1.0 if self.last_epoch >= self.total_iters else self.factor) for lr in self.base_lrs]


class LinearLR(LRScheduler):
    """The learning rate times a factor that goes from one number to another in total_iters epochs.

    Parameters:
        optimizer: whose learning rates are set.
        start_factor: the first factor, in (0, 1].
        end_factor: the last one, in [0, 1].
        total_iters: how many epochs it takes.
        last_epoch: the last epoch that is done; -1 begins anew.

    ValueError for other factors.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=4)
        >>> for _ in range(2):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor must be in (0, 1]; got {start_factor}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor must be in [0, 1]; got {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in self._of_groups()]
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._of_groups()
        grown = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * grown
        return [lr * (1.0 + grown / before) for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        share = min(self.total_iters, self.last_epoch) / self.total_iters
        return [
            lr * (self.start_factor + (self.end_factor - self.start_factor) * share) for lr in self.base_lrs
        ]


class ExponentialLR(LRScheduler):
    """Multiplies the learning rate by gamma at each epoch.

    Parameters:
        optimizer: whose learning rates are set.
        gamma: the factor.
        last_epoch: the last epoch that is done; -1 begins anew.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        return [lr if self._is_initial else lr * self.gamma for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        return [lr * self.gamma**self.last_epoch for lr in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Lets the learning rate fall to 0 in total_iters epochs, as a power of what is left of them.

    Parameters:
        optimizer: whose learning rates are set.
        total_iters: how many epochs it takes.
        power: the power; 1 is a straight line.
        last_epoch: the last epoch that is done; -1 begins anew.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2)
        >>> for _ in range(2):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._of_groups()
        left, before = (1.0 - epoch / self.total_iters for epoch in (self.last_epoch, self.last_epoch - 1))
        return [lr * (left / before) ** self.power for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [lr * left**self.power for lr in self.base_lrs]
