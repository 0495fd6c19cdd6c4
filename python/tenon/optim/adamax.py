"""Adamax."""

from __future__ import annotations

from tenon import _C
from tenon.optim._fused import FusedOptimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["Adamax"]


class Adamax(FusedOptimizer):
    """Adamax: Adam whose divisor is the largest gradient, which fades, instead of an average.

    Parameters:
        {params}
        betas: how much of the average gradient, and of the largest one, stays in a step, each in [0, 1).
        eps: is added to what is divided by.
        weight_decay: a multiple of the parameter that is added to its gradient.
        {flags}

    {errors}

    Example:
        >>> w = tenon.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tenon.optim.Adamax([w], lr=0.5)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.5000, 1.5000], requires_grad=True)
    """

    _row = staticmethod(_C._adamax_step)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 0.002,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)
