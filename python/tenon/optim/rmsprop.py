"""RMSprop."""

from __future__ import annotations

from tenon import _C
from tenon.optim._fused import FusedOptimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["RMSprop"]


class RMSprop(FusedOptimizer):
    """RMSprop: steps along the gradient, divided by the root of its average square.

    Parameters:
        {params}
        alpha: how much of the average square stays in a step.
        eps: is added to what is divided by.
        weight_decay: a multiple of the parameter that is added to its gradient.
        momentum: how much of the last step stays.
        centered: True divides by the standard deviation: the average gradient is taken away.
        {flags}

    {errors}

    Example:
        >>> w = tenon.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tenon.optim.RMSprop([w], lr=0.05)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.5000, 1.5000], requires_grad=True)
    """

    _row = staticmethod(_C._rmsprop_step)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)
