"""Schedules along a half wave of the cosine, once or again and again."""

from __future__ import annotations

import math

from tenon.optim.lr_scheduler._base import LRScheduler

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon.optim.lr_scheduler._base import Lr
    from tenon.optim.optimizer import Optimizer


def _wave(share: float) -> float:
    """1 at 0, 0 at 1, along the cosine."""
    return (1 + math.cos(math.pi * share)) / 2


class CosineAnnealingLR(LRScheduler):
    """Lets the learning rate fall to eta_min in T_max epochs along the cosine, and rise again after that.

    Parameters:
        optimizer: whose learning rates are set.
        T_max: how many epochs it takes.
        eta_min: the lowest learning rate.
        last_epoch: the last epoch that is done; -1 begins anew.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
        >>> for _ in range(5):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> round(scheduler.get_last_lr()[0], 6)
        0.5
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        if self._is_initial:
            return self._of_groups()
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        before = _wave((self.last_epoch - 1) / self.T_max)
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the bottom no factor leads up
            return [
                lr + (base - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
                for base, lr in zip(self.base_lrs, self._of_groups(), strict=True)
            ]
        factor = _wave(self.last_epoch / self.T_max) / before
        return [factor * (lr - self.eta_min) + self.eta_min for lr in self._of_groups()]

    def _get_closed_form_lr(self) -> list[Lr]:
        wave = _wave(self.last_epoch / self.T_max)
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Lets the learning rate fall to eta_min along the cosine, then begins again with a longer period.

    Parameters:
        optimizer: whose learning rates are set.
        T_0: the epochs of the first period.
        T_mult: how much longer each period is than the one before.
        eta_min: the lowest learning rate.
        last_epoch: the last epoch that is done; -1 begins anew.

    ValueError unless T_0 and T_mult are positive ints.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
        >>> for _ in range(4):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for option, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"CosineAnnealingWarmRestarts: {option} must be a positive int; got {value}")
        if not isinstance(eta_min, int | float):
            raise ValueError(
                f"CosineAnnealingWarmRestarts: eta_min must be a number; got {type(eta_min).__name__}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        wave = _wave(self.T_cur / self.T_i)
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Goes on by one epoch, or to an epoch, which may have a fraction: epoch + batch / batches.

        ValueError for a negative epoch.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        self._step_count += 1
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: epoch must not be negative; got {epoch}")
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch) - 1
        self._update_lr()

    def _go_to(self, epoch: float) -> None:
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            periods = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**periods - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**periods
