"""The momentum that a schedule moves against the learning rate: an option, or the first of betas."""

from __future__ import annotations

from tenon.optim.lr_scheduler._base import for_groups

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    from tenon.optim.optimizer import Optimizer


def uses_beta1(name: str, optimizer: Optimizer) -> bool:
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            f"{name}: {type(optimizer).__name__} has neither momentum nor betas, which cycle_momentum=True "
            "moves; use cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: dict[str, Any], beta1: bool, value: float) -> None:
    if beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def begin(
    name: str, optimizer: Optimizer, base: Any, largest: Any, beta1: bool, anew: bool
) -> tuple[list[float], list[float]]:
    """The lowest and the highest momentum of each group, which begins with the highest."""
    bases = for_groups(name, "base_momentum", optimizer, base)
    maxima = for_groups(name, "max_momentum", optimizer, largest)
    if anew:
        for group, low, high in zip(optimizer.param_groups, bases, maxima, strict=True):
            set_momentum(group, beta1, high)
            group["max_momentum"] = high
            group["base_momentum"] = low
    return bases, maxima
