"""What all schedulers are: a count of epochs, and the learning rates that follow from it."""

from __future__ import annotations

import types
import warnings

from tenon._C import Tensor
from tenon.optim._state import ours
from tenon.optim.optimizer import Optimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Lr: TypeAlias = float | Tensor


def check_optimizer(name: str, optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{name}: optimizer must be an Optimizer; got {type(optimizer).__name__}")


def for_groups(name: str, option: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A list with one value for each group, of one for all or of such a list."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(f"{name}: {option} needs a value for each of the {groups} groups; got {len(value)}")
    return list(value)


def set_in(group: dict[str, Any], option: str, value: Any) -> None:
    """Sets an option; one that is a tensor is overwritten, since others may hold it."""
    if isinstance(group[option], Tensor):
        group[option].fill_(float(value))
    else:
        group[option] = value


def state_of(function: Callable[..., Any]) -> dict[str, Any] | None:
    """What is saved of a user's function: an object's attributes, nothing of a plain function."""
    return None if isinstance(function, types.FunctionType) else dict(vars(function))


class LRScheduler:
    """The base of all schedulers: subclass it and write ``get_lr()``.

    Parameters:
        optimizer: whose learning rates are set, in the constructor for the first time.
        last_epoch: the last epoch that is done; -1 begins anew. To go on, the groups must have
            ``initial_lr``, as they have after the optimizer's load_state_dict().

    Call ``step()`` after each epoch (or batch), after the optimizer's step().

    TypeError for what is no optimizer, KeyError for groups without initial_lr where last_epoch is not -1.

    Example:
        >>> class Halved(tenon.optim.lr_scheduler.LRScheduler):
        ...     def get_lr(self):
        ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=0.5)
        >>> scheduler = Halved(optimizer)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.25]
    """

    optimizer: Optimizer
    base_lrs: list[Lr]
    last_epoch: int
    _last_lr: list[Lr]
    _step_count = 0
    _is_initial = False  # within the constructor
    _in_step = False
    _unsaved: tuple[str, ...] = ("optimizer", "_is_initial", "_in_step")

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        name = type(self).__name__
        check_optimizer(name, optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                lr = group["lr"]
                group.setdefault("initial_lr", lr.clone() if isinstance(lr, Tensor) else lr)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{name}: group {i} has no 'initial_lr', which last_epoch={last_epoch} needs; load the "
                    "optimizer's state dict first, or begin anew with last_epoch=-1"
                )
        self.base_lrs = self._of_groups("initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _of_groups(self, option: str = "lr") -> list[Any]:
        values = [group[option] for group in self.optimizer.param_groups]
        return [v.clone() if isinstance(v, Tensor) else v for v in values]

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch, one for each group. For subclasses; step() calls it.

        To read them, use get_last_lr().
        """
        raise NotImplementedError(f"{type(self).__name__}: a subclass of LRScheduler must have a get_lr()")

    def _warn_outside_step(self) -> None:
        if not self._in_step:
            warnings.warn(
                f"{type(self).__name__}: get_lr() is for step(); get_last_lr() has the learning rates",
                stacklevel=3,
            )

    def get_last_lr(self) -> list[Lr]:
        """The learning rates that the last step() has set, one for each group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Goes on to the next epoch, and sets its learning rates.

        epoch: deprecated: the epoch to go to.
        """
        optimizer = self.optimizer
        if self._step_count == 1 and not optimizer._stepped and "step" not in vars(optimizer):
            warnings.warn(
                f"{type(self).__name__}: step() was called before the optimizer's step(), so that the first "
                "learning rate is skipped; call optimizer.step() first",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                f"{type(self).__name__}: step(epoch) is deprecated; call step() once for each epoch",
                stacklevel=2,
            )
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = getattr(self, "_get_closed_form_lr", None)
        self._in_step = True
        try:
            values = self.get_lr() if epoch is None or closed is None else closed()
        finally:
            self._in_step = False
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            set_in(group, "lr", lr)
        self._last_lr = self._of_groups()

    def state_dict(self) -> dict[str, Any]:
        """All that the scheduler knows, but for the optimizer and plain functions, in PyTorch's form."""
        return {name: value for name, value in vars(self).items() if name not in self._unsaved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave, this scheduler's or PyTorch's of the same kind."""
        vars(self).update({name: ours(value) for name, value in state_dict.items()})
