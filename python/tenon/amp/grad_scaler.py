"""GradScaler: a factor on the loss that keeps small half-precision gradients from becoming 0."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    from tenon.optim import Optimizer

__all__ = ["GradScaler"]

# What has happened to an optimizer's gradients since the last update().
_UNSCALED, _STEPPED = "unscaled", "stepped"


class GradScaler:
    """Scales losses up and gradients down, and leaves out steps whose gradients are not finite.

    Parameters:
        device: taken as PyTorch's; every device has the same factor.
        init_scale: the first factor of the loss.
        growth_factor: by what the factor grows after growth_interval steps without an overflow; more than 1.
        backoff_factor: by what it is multiplied after an overflow; less than 1.
        growth_interval: how many steps without an overflow are waited for.
        enabled: False makes scale() return its argument, and step() the optimizer's.

    ValueError for other factors.

    Example:
        >>> w = tenon.ones(2, requires_grad=True)
        >>> optimizer = tenon.optim.SGD([w], lr=0.25)
        >>> scaler = tenon.amp.GradScaler("cpu", init_scale=1024.0)
        >>> scaler.scale((w * w).sum()).backward()
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> w.tolist()
        [0.5, 0.5]
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._enabled = enabled
        self._device = device
        self._scale = float(init_scale)
        self._growth_tracker = 0
        self.set_growth_factor(growth_factor)
        self.set_backoff_factor(backoff_factor)
        self._growth_interval = growth_interval
        self._stage: dict[int, str] = {}  # by the optimizer's id
        self._finite: dict[int, bool] = {}

    def scale(self, outputs: Any) -> Any:
        """The loss, or lists and tuples of losses, times the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        if isinstance(outputs, list | tuple):
            return type(outputs)(self.scale(t) for t in outputs)
        raise ValueError(
            f"GradScaler.scale: expected a tensor, or a list of tensors; got {type(outputs).__name__}"
        )

    @no_grad()
    def unscale_(self, optimizer: Optimizer) -> None:
        """Divides the gradients of an optimizer's parameters by the factor, to clip them before step().

        RuntimeError where that has been done since the last update(); ValueError for float16 gradients, which
        overflow where the factor is of use: keep the parameters in float32.
        """
        if not self._enabled:
            return
        stage = self._stage.get(id(optimizer))
        if stage:
            raise RuntimeError(f"GradScaler.unscale_: the gradients are {stage} already; call update() first")
        gradients = []
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.dtype == _C.float16:
                    raise ValueError(
                        "GradScaler.unscale_: the gradients are float16; keep the parameters in float32"
                    )
                gradients.append(p.grad)
        # A norm of all elements is finite if they are.
        self._finite[id(optimizer)] = math.isfinite(float(_C._total_norm(gradients, math.inf)))
        if gradients:
            _C._foreach_mul_(gradients, 1.0 / self._scale)
        self._stage[id(optimizer)] = _UNSCALED

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step with the gradients divided by the factor; left out where one is not finite.

        RuntimeError for a closure, and for a second step before update(). Returns what the optimizer's step
        returns, or None.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if args or kwargs.get("closure") is not None:
            raise RuntimeError("GradScaler.step: closures are not supported while the scaler is enabled")
        stage = self._stage.get(id(optimizer))
        if stage == _STEPPED:
            raise RuntimeError("GradScaler.step: the optimizer has stepped already; call update() first")
        if stage is None:
            self.unscale_(optimizer)
        result = optimizer.step(**kwargs) if self._finite[id(optimizer)] else None
        self._stage[id(optimizer)] = _STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Makes the factor smaller after an overflow, larger after growth_interval steps without one.

        new_scale: the factor from now on, in place of that.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._finite:
            raise RuntimeError(
                "GradScaler.update: no gradients were looked at; call step() or unscale_() first"
            )
        elif not all(self._finite.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                if math.isfinite(grown := self._scale * self._growth_factor):
                    self._scale = grown
                self._growth_tracker = 0
        self._stage.clear()
        self._finite.clear()

    def get_scale(self) -> float:
        """The factor; 1.0 where the scaler is not enabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """By what the factor grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets by what the factor grows; ValueError unless it is more than 1."""
        if not new_factor > 1:
            raise ValueError(f"GradScaler: growth_factor must be more than 1; got {new_factor}")
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By what the factor is multiplied after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets by what the factor is multiplied after an overflow; ValueError unless it is less than 1."""
        if not 0 < new_factor < 1:
            raise ValueError(f"GradScaler: backoff_factor must be in (0, 1); got {new_factor}")
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many steps without an overflow are waited for."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets how many steps without an overflow are waited for."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether the scaler does anything."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """The factor and the options, in PyTorch's form; empty where the scaler is not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave; RuntimeError for that of a scaler that was not enabled."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "GradScaler.load_state_dict: the state dict is empty: its scaler was not enabled"
            )
        scale, growth, backoff, interval, tracker = (
            state_dict[k]
            for k in ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")
        )
        self.set_growth_factor(growth)
        self.set_backoff_factor(backoff)
        self._scale, self._growth_interval, self._growth_tracker = float(scale), interval, tracker
