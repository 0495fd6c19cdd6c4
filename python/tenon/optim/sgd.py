"""Stochastic gradient descent."""

from __future__ import annotations

from tenon import _C
from tenon.optim._fused import FusedOptimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["SGD"]


class SGD(FusedOptimizer):
    """Stochastic gradient descent, with momentum where it is asked for.

    Parameters:
        {params}
        momentum: how much of the last velocity stays: v = momentum * v + (1 - dampening) * g.
        dampening: how much of the gradient does not enter the velocity, but for the first step.
        weight_decay: a multiple of the parameter that is added to its gradient.
        nesterov: True looks ahead: the step follows g + momentum * v.
        {flags}

    {errors}

    Example:
        >>> w = tenon.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tenon.optim.SGD([w], lr=0.25)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w.tolist()
        [0.5, 1.0]
    """

    _row = staticmethod(_C._sgd_step)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
