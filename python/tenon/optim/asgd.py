"""ASGD."""

from __future__ import annotations

from tenon import _C
from tenon.optim._fused import FusedOptimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["ASGD"]


class ASGD(FusedOptimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992); ``state[p]["ax"]`` is the average.

    Parameters:
        {params}
        lambd: a multiple of the parameter that each step takes away.
        alpha: the power of the count of steps by which the step becomes smaller.
        t0: the step from which on the average is taken; before, it is the parameter.
        weight_decay: a multiple of the parameter that is added to its gradient.
        {flags}

    {errors}

    Example:
        >>> w = tenon.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tenon.optim.ASGD([w], lr=0.1, t0=0)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000, 1.6000], requires_grad=True)
    """

    _row = staticmethod(_C._asgd_step)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)
