"""Muon."""

from __future__ import annotations

import math
import operator

from tenon import _C
from tenon._grad_mode import no_grad
from tenon.optim._fused import _COMMON
from tenon.optim.optimizer import Optimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["Muon"]

_RULES = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    """Muon (Jordan, 2024): momentum that is made nearly orthogonal, for the matrices of hidden layers.

    Steps of Newton and Schulz bring the singular values of the momentum near to 1. They are computed in
    float32, or the parameter's dtype where that has more digits; PyTorch's are in bfloat16. Biases,
    embeddings and other parameters need another optimizer. A step goes from parameter to parameter.

    Parameters:
        params: matrices, as Optimizer takes them.
        lr: the learning rate, a number or a tensor of one element.
        weight_decay: what a step takes away of the parameter, times lr.
        momentum: how much of the mean gradient is kept.
        nesterov: whether the step looks ahead by one gradient.
        ns_coefficients: the polynomial a x + b x^3 + c x^5 that each Newton-Schulz step takes of the
            singular values.
        eps: the smallest norm of the momentum that is divided by.
        ns_steps: the number of Newton-Schulz steps, below 100.
        adjust_lr_fn: how lr grows with the matrix: 'original', by the root of the quotient of rows and
            columns, which is also None's; or 'match_rms_adamw', so that AdamW's lr and weight_decay fit.

    {errors} ValueError for parameters that are no matrices; RuntimeError for complex ones.

    Example:
        >>> w = tenon.eye(2).requires_grad_()
        >>> optimizer = tenon.optim.Muon([w], lr=0.1, weight_decay=0.0)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> bool(w[0, 0] < 1) and w[0, 1].item() == 0
        True
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        if isinstance(group["lr"], _C.Tensor) and group["lr"].numel() != 1:
            raise ValueError(f"Muon: lr must have one element; got shape {tuple(group['lr'].shape)}")
        for option in ("lr", "momentum", "weight_decay"):
            if not group[option] >= 0:
                raise ValueError(f"Muon: {option} must not be negative; got {group[option]}")
        if group["adjust_lr_fn"] not in _RULES:
            raise ValueError(f"Muon: adjust_lr_fn is one of {_RULES}; got {group['adjust_lr_fn']!r}")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError(f"Muon: there are three ns_coefficients; got {group['ns_coefficients']}")
        if not 0 <= operator.index(group["ns_steps"]) < 100:
            raise ValueError(f"Muon: ns_steps must be below 100; got {group['ns_steps']}")
        for p in group["params"]:
            if p.ndim != 2:
                raise ValueError(f"Muon: parameters must be matrices; got shape {tuple(p.shape)}")
            if p.dtype.is_complex:
                raise RuntimeError(f"Muon: parameters must be real; got {p.dtype.name}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step for all parameters that have a gradient.

        All are checked before one is written. ValueError for a parameter in read-only memory and a gradient
        of another shape.

        closure: computes the loss and its gradients anew, and returns the loss, which step() returns.
        """
        loss = self._loss(closure)
        moved = [(g, p) for g in self.param_groups for p in g["params"] if p.grad is not None]
        for _, p in moved:
            if p.readonly:
                raise ValueError(f"Muon.step: a parameter of shape {tuple(p.shape)} is in read-only memory")
            if p.grad.shape != p.shape:
                raise ValueError(
                    f"Muon.step: the gradient of a parameter of shape {tuple(p.shape)} has shape "
                    f"{tuple(p.grad.shape)}"
                )
        with no_grad():
            for group, p in moved:
                self._move(group, p)
        return loss

    def _move(self, group: dict[str, Any], p: Tensor) -> None:
        grad, momentum, lr = p.grad, group["momentum"], float(group["lr"])
        kept = self.state[p].setdefault("momentum_buffer", _C.zeros_like(grad))
        kept.lerp_(grad, 1 - momentum)
        update = grad.lerp(kept, momentum) if group["nesterov"] else kept
        direction = _orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        p.mul_(1 - lr * group["weight_decay"])
        p.sub_(direction.to(p.dtype), alpha=lr * _growth(group["adjust_lr_fn"], *p.shape))


def _growth(rule: str | None, rows: int, columns: int) -> float:
    if rule == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1.0, rows / columns)) if columns else 1.0


def _orthogonal(t: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """A matrix with the singular vectors of t, and singular values near to 1."""
    a, b, c = coefficients
    x = t if t.dtype in (_C.float32, _C.float64) else t.float()
    tall = x.shape[0] > x.shape[1]
    x = x.mT if tall else x
    x = x / x.square().sum().sqrt().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.mT if tall else x


Muon.__doc__ = (Muon.__doc__ or "").replace("{errors}", _COMMON["{errors}"])
