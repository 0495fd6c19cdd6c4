"""Parameter groups as users give them, and the state of an optimizer in its saved form."""

from __future__ import annotations

from collections import defaultdict

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    Groups = list[dict[str, Any]]
    State = defaultdict[Tensor, Any]

# What counts steps stays a float32 number on the CPU, whatever the parameter is.
_COUNTS = frozenset({"step", "mu_product"})


def group_of(name: str, given: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """A copy of a user's group whose params are a list of tensors."""
    if not isinstance(given, dict):
        raise TypeError(f"{name}: a parameter group must be a dict; got {type(given).__name__}")
    if "params" not in given:
        raise KeyError(f"{name}: a parameter group must have 'params'; got the keys {sorted(given)}")
    group = dict(given)
    params = given["params"]
    if isinstance(params, set | frozenset):
        raise TypeError(f"{name}: params must have an order; got a {type(params).__name__}, use a list")
    items = [params] if isinstance(params, Tensor) else list(params)
    names = [p[0] for p in items if isinstance(p, tuple)]
    if names:
        if len(names) < len(items):
            raise ValueError(
                f"{name}: all parameters have names or none has; got {len(names)} names for {len(items)}"
            )
        group["param_names"] = names
        items = [p[1] for p in items]
    for i, p in enumerate(items):
        if not isinstance(p, Tensor):
            raise TypeError(f"{name}: params must be tensors; parameter {i} is {type(p).__name__}")
        if not (p.is_leaf or p.retains_grad):
            raise ValueError(
                f"{name}: params must be leaf tensors; parameter {i}, of shape {tuple(p.shape)}, is the "
                "result of an operation, use .detach()"
            )
    group["params"] = items
    return group


def save(state: State, groups: Groups) -> dict[str, Any]:
    """The state dict: the parameters are numbers, in the order in which they stand in the groups."""
    numbers: dict[Tensor, int] = {}
    saved: Groups = []
    for group in groups:
        first = sum(len(g["params"]) for g in saved)
        for i, p in enumerate(group["params"], first):
            numbers.setdefault(p, i)
        options = {option: value for option, value in group.items() if option != "params"}
        saved.append({**options, "params": [numbers[p] for p in group["params"]]})
    by_number = {numbers[k] if isinstance(k, Tensor) else k: v for k, v in state.items()}
    return {"state": by_number, "param_groups": saved}


def load(name: str, state_dict: dict[str, Any], groups: Groups) -> tuple[State, Groups]:
    """The state and the groups of a state dict, for the parameters of these groups."""
    saved = state_dict["param_groups"]
    if len(saved) != len(groups):
        raise ValueError(
            f"{name}: the state dict has {len(saved)} parameter groups, the optimizer {len(groups)}"
        )
    parameters: dict[Any, Tensor] = {}
    loaded = []
    for i, (old, group) in enumerate(zip(saved, groups, strict=True)):
        if len(old["params"]) != len(group["params"]):
            raise ValueError(
                f"{name}: group {i} of the state dict has {len(old['params'])} parameters, the optimizer's "
                f"{len(group['params'])}"
            )
        parameters.update(zip(old["params"], group["params"], strict=True))
        options = {option: ours(value) for option, value in old.items()}
        if "param_names" in group:
            options.setdefault("param_names", group["param_names"])
        loaded.append({**options, "params": group["params"]})
    state: State = defaultdict(dict)
    for k, value in state_dict["state"].items():
        if k in parameters:
            state[parameters[k]] = _for_parameter(parameters[k], value)
        else:
            state[k] = ours(value)
    return state, loaded


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "__dlpack__")


def ours(value: Any) -> Any:
    """A copy, whose arrays, PyTorch's for instance, are tensors."""
    if _is_array(value):
        return _C.asarray(value).detach().clone()
    if isinstance(value, dict):
        return {k: ours(v) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(ours(v) for v in value)
    return value


def _for_parameter(p: Tensor, value: Any, key: str = "") -> Any:
    """The same, in the dtype and on the device of the parameter."""
    if isinstance(value, dict):
        return {k: _for_parameter(p, v, k) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_for_parameter(p, v) for v in value)
    if key in _COUNTS and isinstance(value, int | float):
        return _C.tensor(float(value), dtype=_C.float32)
    if not _is_array(value):
        return value
    t = ours(value)
    if key in _COUNTS:
        return t.to("cpu")
    return t.to(p.dtype).to(p.device) if p.is_floating_point() else t.to(p.device)
