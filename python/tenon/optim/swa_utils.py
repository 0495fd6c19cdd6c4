"""Averages of a model's parameters over its training: their mean, and exponential averages."""

from __future__ import annotations

import copy
import math

from tenon import _C, nn
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon._names import guide as _guide
from tenon.optim.lr_scheduler._base import LRScheduler, check_optimizer, for_groups

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, TypeAlias

    from tenon.optim.lr_scheduler._base import Lr
    from tenon.optim.optimizer import Optimizer

    One: TypeAlias = Callable[[Tensor, Tensor, Tensor | int], Tensor]
    Many: TypeAlias = Callable[[list[Tensor], list[Tensor], Tensor | int], None]

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip


def _checked(name: str, decay: float) -> float:
    decay = float(decay)
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"{name}: decay must be in [0, 1]; got {decay}")
    return decay


def _has_fractions(t: Tensor) -> bool:
    return t.is_floating_point() or t.is_complex()


def _move(averages: list[Tensor], values: list[Tensor], weight: float) -> None:
    """averages += weight * (values - averages), in one call for all that have fractions."""
    pairs = [pair for pair in zip(averages, values, strict=True) if _has_fractions(pair[0])]
    if pairs:
        _C._foreach_lerp_([a for a, _ in pairs], [v for _, v in pairs], weight)
    for average, value in zip(averages, values, strict=True):
        if not _has_fractions(average):
            average.copy_(average + weight * (value - average))


def get_ema_multi_avg_fn(decay: float = 0.999) -> Many:
    """A function for AveragedModel: average = decay * average + (1 - decay) * parameter, for all in one call.

    Parameters
    ----------
    decay : float, default 0.999
        How much of the average stays, in [0, 1].

    Returns
    -------
    Callable
        A function of the averages, which it overwrites, the parameters and the number of averaged models.

    Raises
    ------
    ValueError
        For another decay.
    TypeError
        For what is no number.

    Examples
    --------
    >>> average, value = [tenon.zeros(2)], [tenon.ones(2)]
    >>> tenon.optim.swa_utils.get_ema_multi_avg_fn(0.75)(average, value, 1)
    >>> average
    [tensor([0.2500, 0.2500])]
    """
    decay = _checked("get_ema_multi_avg_fn", decay)

    @no_grad()
    def update(averages: list[Tensor], values: list[Tensor], num_averaged: Tensor | int) -> None:
        _move(averages, values, 1 - decay)

    return update


def get_swa_multi_avg_fn() -> Many:
    """A function for AveragedModel: the mean of all models, for all parameters in one call.

    Returns
    -------
    Callable
        A function of the averages, which it overwrites, the parameters and the number of averaged models.

    Examples
    --------
    >>> average, value = [tenon.zeros(2)], [tenon.ones(2)]
    >>> tenon.optim.swa_utils.get_swa_multi_avg_fn()(average, value, 3)
    >>> average
    [tensor([0.2500, 0.2500])]
    """

    @no_grad()
    def update(averages: list[Tensor], values: list[Tensor], num_averaged: Tensor | int) -> None:
        _move(averages, values, 1 / (int(num_averaged) + 1))

    return update


def get_ema_avg_fn(decay: float = 0.999) -> One:
    """As get_ema_multi_avg_fn, for one parameter: returns the new average.

    Parameters
    ----------
    decay : float, default 0.999
        How much of the average stays, in [0, 1].

    Returns
    -------
    Callable
        A function of the average, the parameter and the number of averaged models.

    Raises
    ------
    ValueError
        For another decay.
    TypeError
        For what is no number.

    Examples
    --------
    >>> tenon.optim.swa_utils.get_ema_avg_fn(0.75)(tenon.zeros(2), tenon.ones(2), 1)
    tensor([0.2500, 0.2500])
    """
    decay = _checked("get_ema_avg_fn", decay)

    @no_grad()
    def update(average: Tensor, value: Tensor, num_averaged: Tensor | int) -> Tensor:
        return decay * average + (1 - decay) * value

    return update


def get_swa_avg_fn() -> One:
    """As get_swa_multi_avg_fn, for one parameter: returns the new average.

    Returns
    -------
    Callable
        A function of the average, the parameter and the number of averaged models.

    Examples
    --------
    >>> tenon.optim.swa_utils.get_swa_avg_fn()(tenon.zeros(2), tenon.ones(2), 3)
    tensor([0.2500, 0.2500])
    """

    @no_grad()
    def update(average: Tensor, value: Tensor, num_averaged: Tensor | int) -> Tensor:
        return average + (value - average) / (int(num_averaged) + 1)

    return update


class AveragedModel(nn.Module):
    """A copy of a model whose parameters are averages of the model's: call ``update_parameters(model)``.

    Parameters:
        model: a module; the copy is ``.module``.
        device: where the averages lie; None for where the model is.
        avg_fn: a function of an average, a parameter and the number of averaged models, for the new average.
        multi_avg_fn: a function of all averages, all parameters and that number; it overwrites the averages.
        use_buffers: True averages the buffers too; otherwise they are copied.

    Without a function the parameters are the mean of all models. ``n_averaged`` counts them; calling the
    averaged model calls the copy.

    ValueError for both functions.

    Example:
        >>> model = tenon.nn.Linear(2, 1, bias=False)
        >>> averaged = tenon.optim.swa_utils.AveragedModel(model)
        >>> for value in (1.0, 3.0):
        ...     with tenon.no_grad():
        ...         _ = model.weight.fill_(value)
        ...     averaged.update_parameters(model)
        >>> averaged.module.weight.tolist()
        [[2.0, 2.0]]
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: nn.Module,
        device: Any = None,
        avg_fn: One | None = None,
        multi_avg_fn: Many | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: give avg_fn or multi_avg_fn; got both")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", _C.tensor(0, dtype=_C.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's result."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Takes the parameters of the model into the averages; the first time it copies them."""
        averages, values = self._tensors(self.module), self._tensors(model)
        if len(averages) != len(values):
            raise ValueError(
                f"AveragedModel: the model has {len(values)} tensors, the averaged one {len(averages)}"
            )
        values = [v.to(a.device) for a, v in zip(averages, values, strict=True)]
        if int(self.n_averaged) == 0:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
        elif self.avg_fn is not None:
            for average, value in zip(averages, values, strict=True):
                average.copy_(self.avg_fn(average, value, self.n_averaged.to(average.device)))
        elif averages:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, values, self.n_averaged)
        if not self.use_buffers:
            for average, value in zip(self.module.buffers(), model.buffers(), strict=True):
                average.detach().copy_(value.detach())
        self.n_averaged += 1

    def _tensors(self, module: nn.Module) -> list[Tensor]:
        buffers = list(module.buffers()) if self.use_buffers else []
        return [t.detach() for t in [*module.parameters(), *buffers]]


@no_grad()
def update_bn(loader: Iterable[Any], model: nn.Module, device: Any = None) -> None:
    """Computes the running statistics of a model's BatchNorm layers anew, from all batches of a loader.

    Parameters
    ----------
    loader : Iterable
        Its items are batches, or lists and tuples that begin with one.
    model : Module
        The model, an AveragedModel for instance. Whether it is in training mode is as before at the end.
    device : device or str, optional
        Where the batches are moved to; None leaves them where they are.

    Returns
    -------
    None

    Raises
    ------
    TypeError
        For what is no module.

    Examples
    --------
    >>> model = tenon.nn.Linear(2, 2)
    >>> tenon.optim.swa_utils.update_bn([tenon.ones(4, 2)], model)  # it has no such layer
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"update_bn: model must be a Module; got {type(model).__name__}")
    names = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
    kinds = tuple(getattr(nn, name) for name in names if hasattr(nn, name))
    layers = [m for m in model.modules() if isinstance(m, kinds)]
    if not layers:
        return
    training, momenta = model.training, [m.momentum for m in layers]
    try:
        model.train()
        for m in layers:
            m.reset_running_stats()
            m.momentum = None  # the mean of all batches
        for batch in loader:
            x = batch[0] if isinstance(batch, list | tuple) else batch
            model(x if device is None else x.to(device))
    finally:
        for m, momentum in zip(layers, momenta, strict=True):
            m.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """Moves the learning rate to swa_lr in anneal_epochs epochs, then keeps it.

    Parameters:
        optimizer: whose learning rates are set.
        swa_lr: the last learning rate, a number or a list with one for each group.
        anneal_epochs: how many epochs it takes.
        anneal_strategy: 'cos' or 'linear'.
        last_epoch: the last epoch that is done; -1 begins anew.

    ValueError for another strategy and a negative number of epochs.

    Example:
        >>> optimizer = tenon.optim.SGD([tenon.ones(1)], lr=1.0)
        >>> scheduler = tenon.optim.swa_utils.SWALR(optimizer, 0.5, anneal_epochs=4, anneal_strategy="linear")
        >>> for _ in range(2):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("SWALR", optimizer)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear'; got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs must be an int and not negative; got {anneal_epochs}")
        for group, lr in zip(
            optimizer.param_groups, for_groups("SWALR", "swa_lr", optimizer, swa_lr), strict=True
        ):
            group["swa_lr"] = lr
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of swa_lr the learning rate has after a step."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Lr]:
        """The learning rates of this epoch; for step()."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates: list[Lr] = []
        for group in self.optimizer.param_groups:
            last: Lr = group["swa_lr"]
            first = last if before == 1 else (group["lr"] - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates


_guide(__name__)
