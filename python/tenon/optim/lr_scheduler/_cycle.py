"""Schedules that go up and down: CyclicLR again and again, OneCycleLR once."""

from __future__ import annotations

import math

from tenon.optim.lr_scheduler import _momentum
from tenon.optim.lr_scheduler._base import LRScheduler, check_optimizer, for_groups, set_in, state_of

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from tenon.optim.lr_scheduler._base import Lr
    from tenon.optim.optimizer import Optimizer


class CyclicLR(LRScheduler):
    """Moves the learning rate up from base_lr to max_lr and down again, with each step().

    Parameters:
        optimizer: whose learning rates are set.
        base_lr: the lowest learning rate, a number or a list with one for each group.
        max_lr: the highest one.
        step_size_up: how many steps it goes up.
        step_size_down: how many it goes down; None for as many.
        mode: 'triangular', 'triangular2' (each cycle half as high as the one before) or 'exp_range' (the
            height is multiplied by gamma**step).
        gamma: for 'exp_range'.
        scale_fn: a function for the factor of the height, in the place of mode's.
        scale_mode: what scale_fn gets: 'cycle', its number from 1, or 'iterations', the number of steps.
        cycle_momentum: True moves momentum, or the first of betas, the other way.
        base_momentum: the lowest momentum.
        max_momentum: the highest one.
        last_epoch: the last step that is done; -1 begins anew.

    ValueError for another mode, and for cycle_momentum=True where the optimizer has no momentum.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0, momentum=0.9)
        >>> scheduler = tenon.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=4)
        >>> for _ in range(3):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("CyclicLR", optimizer)
        if scale_fn is None:
            if mode not in ("triangular", "triangular2", "exp_range"):
                raise ValueError(
                    f"CyclicLR: mode must be 'triangular', 'triangular2' or 'exp_range'; got {mode!r}"
                )
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        base_lrs = for_groups("CyclicLR", "base_lr", optimizer, base_lr)
        self.max_lrs = for_groups("CyclicLR", "max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        anew = last_epoch == -1
        if cycle_momentum:
            self.use_beta1 = _momentum.uses_beta1("CyclicLR", optimizer)
            self.base_momentums, self.max_momentums = _momentum.begin(
                "CyclicLR", optimizer, base_momentum, max_momentum, self.use_beta1, anew
            )
        if anew:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_in(group, "lr", lr)
        self.optimizer = optimizer
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The factor of the height: of the cycle's number, or the number of steps."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return float(self.gamma**x)
        return 0.5 ** (x - 1) if self.mode == "triangular2" else 1.0

    def get_lr(self) -> list[Lr]:
        """The learning rates of this step; for step(). Sets the momentum too."""
        self._warn_outside_step()
        at = self.last_epoch / self.total_size
        cycle = math.floor(1 + at)
        x = 1.0 + at - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in bounds:
                _momentum.set_momentum(group, self.use_beta1, high - (high - low) * height * scale)
        return [
            low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer and a plain scale_fn; of one that is an object, its attributes."""
        state = super().state_dict()
        if self._scale_fn_custom is not None:
            state["_scale_fn_custom"] = state_of(self._scale_fn_custom)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave."""
        state = dict(state_dict)
        attributes = state.pop("_scale_fn_custom")
        super().load_state_dict(state)
        if attributes is not None:
            vars(self._scale_fn_custom).update(attributes)


class OneCycleLR(LRScheduler):
    """Moves the learning rate up to max_lr and down to almost nothing, in total_steps calls of step().

    Parameters:
        optimizer: whose learning rates are set.
        max_lr: the highest learning rate, a number or a list with one for each group.
        total_steps: how many steps the cycle has, or give epochs and steps_per_epoch.
        epochs: the number of epochs.
        steps_per_epoch: the steps of each.
        pct_start: which share of the cycle goes up.
        anneal_strategy: 'cos' or 'linear'.
        cycle_momentum: True moves momentum, or the first of betas, the other way.
        base_momentum: the lowest momentum.
        max_momentum: the highest one.
        div_factor: the first learning rate is max_lr divided by this.
        final_div_factor: the last one is the first divided by this.
        three_phase: True goes down as long as up, then to the end.
        last_epoch: the last step that is done; -1 begins anew.

    ValueError for counts that are not positive ints, a share outside [0, 1], another strategy, a step too
    many, and for cycle_momentum=True where the optimizer has no momentum.

    Example:
        >>> optimizer = tenon.optim.Adam([tenon.ones(1)])
        >>> scheduler = tenon.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=11)
        >>> for _ in range(2):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> round(scheduler.get_last_lr()[0], 2)
        0.96
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("OneCycleLR", optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, int | float) or not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be in [0, 1]; got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear'; got {anneal_strategy!r}"
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(float(pct_start * self.total_steps), self.total_steps, three_phase)
        max_lrs = for_groups("OneCycleLR", "max_lr", optimizer, max_lr)
        self.cycle_momentum = cycle_momentum
        anew = last_epoch == -1
        if cycle_momentum:
            self.use_beta1 = _momentum.uses_beta1("OneCycleLR", optimizer)
            _momentum.begin("OneCycleLR", optimizer, base_momentum, max_momentum, self.use_beta1, anew)
        if anew:
            for group, lr in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = lr / div_factor
                group["max_lr"] = lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
        return (end - start) * share + start

    def get_lr(self) -> list[Lr]:
        """The learning rates of this step; for step(). Sets the momentum too."""
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"OneCycleLR: the cycle has {self.total_steps} steps; got step {step}")
        start = 0.0
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        share = (step - start) / (phase["end_step"] - start)
        for group in self.optimizer.param_groups if self.cycle_momentum else ():
            momentum = self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
            _momentum.set_momentum(group, self.use_beta1, momentum)
        return [
            self._between(group[phase["start_lr"]], group[phase["end_lr"]], share)
            for group in self.optimizer.param_groups
        ]


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR: give total_steps, or both epochs and steps_per_epoch")
    counts = {"total_steps": total_steps}
    if total_steps is None:
        counts = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    steps = 1
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"OneCycleLR: {name} must be a positive int; got {value}")
        steps *= value
    return steps


def _phases(up: float, total: int, three: bool) -> list[dict[str, Any]]:
    """From which option of a group to which each phase goes, and the step at its end."""

    def phase(end: float, lr: tuple[str, str], momentum: tuple[str, str]) -> dict[str, Any]:
        return {
            "end_step": end,
            "start_lr": lr[0],
            "end_lr": lr[1],
            "start_momentum": momentum[0],
            "end_momentum": momentum[1],
        }

    rise = phase(up - 1, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum"))
    if not three:
        return [rise, phase(total - 1, ("max_lr", "min_lr"), ("base_momentum", "max_momentum"))]
    fall = phase(2 * up - 2, ("max_lr", "initial_lr"), ("base_momentum", "max_momentum"))
    return [rise, fall, phase(total - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum"))]
