"""Rprop."""

from __future__ import annotations

from tenon import _C
from tenon.optim._fused import FusedOptimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["Rprop"]


class Rprop(FusedOptimizer):
    """Rprop (Riedmiller and Braun, 1993): steps by the gradient's sign, of a size for each element.

    For gradients of the whole data set: those of batches change their signs too often.

    Parameters:
        {params}
        etas: what a step's size is multiplied by after a change of sign, and after none.
        step_sizes: the smallest and the largest size.
        {flags}

    {errors}

    Example:
        >>> w = tenon.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = tenon.optim.Rprop([w], lr=0.5)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.5000, 1.5000], requires_grad=True)
    """

    _row = staticmethod(_C._rprop_step)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)
