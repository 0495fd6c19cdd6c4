"""What the optimizers have in common whose step is one call for all parameters."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.optim.optimizer import Optimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections import defaultdict
    from collections.abc import Callable
    from typing import Any

_COMMON = {
    "{params}": """params: leaf tensors, (name, tensor) pairs, or dicts: groups with options of their own.
        lr: the learning rate, not negative: a number or a tensor of one element.""",
    "{flags}": """maximize: True goes up instead of down.
        foreach, fused, capturable: taken as PyTorch's; every step here is one fused call, and a CUDA graph
            counts by itself.
        differentiable: must be False.""",
    "{errors}": """TypeError for params that are no tensors, ValueError for options out of range and for
    tensors that are the result of an operation, NotImplementedError for differentiable=True.""",
}


class FusedOptimizer(Optimizer):
    """An optimizer whose step reads and writes everything in one pass, in C++."""

    _row: Callable[[list[dict[str, Any]], dict[Any, Any]], None]  # the step of all groups

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for mark, text in _COMMON.items():
            if cls.__doc__:
                cls.__doc__ = cls.__doc__.replace(mark, text)

    def _check(self, group: dict[str, Any]) -> None:
        name = type(self).__name__
        if group.get("differentiable"):
            raise NotImplementedError(
                f"{name}: differentiable=True is not supported, a step is not recorded; write it with "
                "tenon's operations to differentiate through it"
            )
        if group.get("fused") and group.get("foreach"):
            raise RuntimeError(f"{name}: fused and foreach cannot both be True")
        self._row([{**group, "params": []}], {})  # the step of no parameters checks the options

    def _check_state(self, state: defaultdict[Tensor, Any]) -> None:
        for p, kept in state.items():
            for key, value in kept.items() if isinstance(p, Tensor) else ():
                if isinstance(value, Tensor) and value.ndim and value.shape != p.shape:
                    raise ValueError(
                        f"{type(self).__name__}: the state {key!r} of a parameter of shape {tuple(p.shape)} "
                        f"has shape {tuple(value.shape)} in the state dict"
                    )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step for all parameters that have a gradient.

        All are checked before one is written. ValueError for a parameter in read-only memory and a gradient
        or state of another shape, RuntimeError for elements that share memory, TypeError for integers.

        closure: computes the loss and its gradients anew, and returns the loss, which step() returns.
        """
        loss = self._loss(closure)
        self._row(self.param_groups, self.state)
        return loss
