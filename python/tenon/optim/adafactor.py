"""Adafactor."""

from __future__ import annotations

from tenon import _C
from tenon.optim._fused import FusedOptimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections import defaultdict
    from typing import Any

    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["Adafactor"]


class Adafactor(FusedOptimizer):
    """Adafactor (Shazeer and Stern, 2018): as Adam, but of a matrix's squares a row and a column are kept.

    Of a parameter of shape (..., n, m) it keeps n + m numbers instead of n * m. Its step runs parameter by
    parameter, and has no complex ones (RuntimeError).

    Parameters:
        {params}
        beta2_decay: the power of the count of steps that the newest squares weigh; not positive.
        eps: the smallest square, None for the distance from 1 to the next number of the dtype; and the
            smallest size of a parameter that the step is measured by.
        d: the largest root mean square of an update, at least 1; larger ones are scaled down.
        weight_decay: what a step takes away of the parameter, times lr.
        {flags}

    {errors}

    Example:
        >>> w = tenon.ones(2, 3, requires_grad=True)
        >>> optimizer = tenon.optim.Adafactor([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w.detach()[0]
        tensor([0.9000, 0.9000, 0.9000])
        >>> {name: t.shape for name, t in optimizer.state[w].items()}
        {'step': (), 'row_var': (2, 1), 'col_var': (1, 3)}
    """

    _row = staticmethod(_C._adafactor_step)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        for p in group["params"]:
            if p.is_complex():
                raise RuntimeError(
                    f"Adafactor: parameters must be real; got {p.dtype.name}, "
                    "tenon.view_as_real() shows its parts"
                )

    def _check_state(self, state: defaultdict[Tensor, Any]) -> None:
        """Nothing: the step compares the shapes of its rows and columns before it writes."""
