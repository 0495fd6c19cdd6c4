"""L-BFGS: a quasi-Newton method whose closure is called several times a step."""

from __future__ import annotations

from tenon import _C
from tenon._grad_mode import enable_grad, no_grad
from tenon.optim._line_search import Point, strong_wolfe
from tenon.optim.optimizer import Optimizer

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tenon._C import Tensor
    from tenon.optim.optimizer import ParamsT

__all__ = ["LBFGS"]

_LEAST_CURVATURE = 1e-10  # pairs with less are not kept


class LBFGS(Optimizer):
    """L-BFGS: steps along the gradient times an inverse Hessian that the last gradients tell.

    Parameters:
        params: leaf tensors in one group, on one device.
        lr: how much of the direction is taken, or tried first by the line search; not negative.
        max_iter: the most iterations of a step.
        max_eval: the most calls of the closure in a step; None for 5/4 of max_iter.
        tolerance_grad: a step ends where no element of the gradient is larger.
        tolerance_change: a step ends where the loss and the parameters change by less.
        history_size: how many pairs of changes are kept, each as large as all parameters.
        line_search_fn: None for steps of lr, 'strong_wolfe' for a line search.

    TypeError for params that are no tensors, ValueError for a negative lr, several groups, another line
    search and tensors that are the result of an operation.

    Example:
        >>> w = tenon.tensor([-1.0, 1.0], requires_grad=True)
        >>> optimizer = tenon.optim.LBFGS([w], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
        ...     loss.backward()
        ...     return loss
        >>> for _ in range(5):
        ...     loss = optimizer.step(closure)
        >>> [round(x, 3) for x in w.tolist()]
        [1.0, 1.0]
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refuses a second group with ValueError: there are no options for a part of the parameters."""
        if self.param_groups:
            raise ValueError("LBFGS: all parameters must be in one group; got a second one")
        super().add_param_group(param_group)

    def _check(self, group: dict[str, Any]) -> None:
        lr = group["lr"]
        if hasattr(lr, "numel") and lr.numel() != 1:
            raise ValueError(
                f"LBFGS: lr must be a number or a tensor of one element; got one of shape {lr.shape}"
            )
        if not float(lr) >= 0:
            raise ValueError(f"LBFGS: lr must not be negative; got {float(lr)}")
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(
                f"LBFGS: line_search_fn must be None or 'strong_wolfe'; got {group['line_search_fn']!r}"
            )

    # ---- all parameters as one vector ----

    def _real(self) -> list[Tensor]:
        params = [p.detach() for p in self.param_groups[0]["params"]]
        return [_C.view_as_real(p) if p.is_complex() else p for p in params]

    def _gradient(self) -> Tensor:
        parts = []
        for p, real in zip(self.param_groups[0]["params"], self._real(), strict=True):
            g = None if p.grad is None else p.grad.detach()
            g = _C.view_as_real(g) if g is not None and g.is_complex() else g
            parts.append(
                _C.zeros(real.numel(), dtype=real.dtype, device=p.device) if g is None else g.reshape(-1)
            )
        return _C.cat(parts)

    def _move(self, t: float, direction: Tensor) -> None:
        at = 0
        for p in self._real():
            p.add_(direction[at : at + p.numel()].view(p.shape), alpha=t)
            at += p.numel()

    def _put(self, values: list[Tensor]) -> None:
        for p, value in zip(self._real(), values, strict=True):
            p.copy_(value)

    # ---- steps ----

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:
        """One step, of up to max_iter iterations. Returns the loss before it.

        closure: computes the loss and its gradients anew, and returns the loss. Where it raises, the
        parameters and the state are again what they were.
        """
        if not callable(closure):
            raise TypeError(f"LBFGS.step: closure must be callable; got {type(closure).__name__}")
        evaluate = enable_grad()(closure)
        before = [p.clone() for p in self._real()]
        first = self.param_groups[0]["params"][0]
        state = dict(self.state[first])
        state["old_dirs"], state["old_stps"], state["ro"] = (
            list(state.get(key) or ()) for key in ("old_dirs", "old_stps", "ro")
        )
        try:
            loss = evaluate()
            self._iterate(evaluate, float(loss), state)
        except BaseException:
            self._put(before)
            raise
        self.state[first] = state
        return loss

    def _iterate(self, closure: Callable[[], Any], loss: float, state: dict[str, Any]) -> None:
        group = self.param_groups[0]
        small, lr = group["tolerance_change"], float(group["lr"])
        state["func_evals"] = state.get("func_evals", 0) + 1
        state.setdefault("n_iter", 0)
        gradient, calls = self._gradient(), 1
        if _largest(gradient) <= group["tolerance_grad"]:
            return
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            state["d"] = direction = self._direction(gradient, state, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = gradient, loss
            first = state["n_iter"] == 1
            state["t"] = t = min(1.0, 1.0 / float(gradient.abs().sum())) * lr if first else lr
            slope = float(gradient.dot(direction))
            if slope > -small:
                break
            if group["line_search_fn"]:
                start = Point(0.0, loss, gradient, slope)
                loss, gradient, t, more = self._search(
                    closure, start, t, direction, group["max_eval"] - calls
                )
                state["t"] = t
            else:
                self._move(t, direction)
                more = int(iteration < group["max_iter"])  # the last gradient would not be used
                if more:
                    loss, gradient = float(closure()), self._gradient()
            calls += more
            state["func_evals"] += more
            if (
                calls >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or abs(t) * _largest(direction) <= small
                or abs(loss - state["prev_loss"]) < small
            ):
                break

    def _search(
        self, closure: Callable[[], Any], start: Point, t: float, direction: Tensor, limit: int
    ) -> tuple[float, Tensor, float, int]:
        """Moves to where the line search ends: the loss, the gradient and the place there, and the calls."""
        here = [p.clone() for p in self._real()]

        def evaluate(t: float) -> Point:
            self._move(t, direction)
            loss, gradient = float(closure()), self._gradient()
            self._put(here)
            return Point(t, loss, gradient, float(gradient.dot(direction)))

        found, calls = strong_wolfe(evaluate, t, start, _largest(direction), limit)
        self._move(found.t, direction)
        return found.loss, found.gradient, found.t, calls

    @staticmethod
    def _direction(gradient: Tensor, state: dict[str, Any], history: int) -> Tensor:
        """Minus the gradient, times the inverse Hessian that the kept pairs of changes tell."""
        if state["n_iter"] == 1:
            state["H_diag"] = 1.0
            return -gradient
        # changes of the gradient, of the parameters, and the inverse of their product
        changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = float(change.dot(step))
        if curvature > _LEAST_CURVATURE:
            if len(changes) == history:
                for kept in (changes, steps, ro):
                    del kept[0]
            changes.append(change)
            steps.append(step)
            ro.append(1.0 / curvature)
            state["H_diag"] = curvature / float(change.dot(change))
        state["al"] = al = [0.0] * len(changes)
        d = -gradient
        for i in reversed(range(len(changes))):
            al[i] = float(steps[i].dot(d)) * float(ro[i])
            d.add_(changes[i], alpha=-al[i])
        d *= float(state["H_diag"])
        for i in range(len(changes)):
            d.add_(steps[i], alpha=al[i] - float(changes[i].dot(d)) * float(ro[i]))
        return d


def _largest(t: Tensor) -> float:
    return float(t.abs().max()) if t.numel() else 0.0
