"""Modules as functions of their parameters and buffers."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from tenon.nn.module import Module

_ABSENT = object()


def _one_dict(dicts: Any) -> dict[str, Tensor]:
    """The dicts as one. A single one stays itself: what the module writes goes back to it."""
    if isinstance(dicts, dict):
        return dicts
    if not (isinstance(dicts, tuple | list) and all(isinstance(d, dict) for d in dicts)):
        raise ValueError(
            "functional_call: a dict of tensors is needed, or a list or tuple of such dicts; "
            f"got {type(dicts).__name__}"
        )
    one: dict[str, Tensor] = {}
    for d in dicts:
        if both := sorted(one.keys() & d.keys()):
            raise ValueError(f"functional_call: {both} stand in several of the dicts")
        one.update(d)
    return one


def _named(module: Module) -> list[tuple[str, Tensor]]:
    """All parameters and buffers, those with several names under each."""
    return [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]


def _tied(module: Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that were given, also under the other names of what they replace."""
    names: dict[int, list[str]] = {}
    for name, t in _named(module):
        names.setdefault(id(t), []).append(name)
    whole = dict(given)
    for same in names.values():
        known = [n for n in same if n in given]
        if len({id(given[n]) for n in known}) > 1:
            raise ValueError(
                f"functional_call: {same} are one tensor of the module, and several were given; "
                "give one, or use tie_weights=False"
            )
        if known:
            whole.update(dict.fromkeys(same, given[known[0]]))
    return whole


def _check_names(module: Module, given: dict[str, Tensor]) -> None:
    own = {name for name, _ in _named(module)}
    unexpected, missing = sorted(given.keys() - own), sorted(own - given.keys())
    if unexpected or missing:
        parts = [f"{what} {names}" for what, names in (("has no", unexpected), ("needs", missing)) if names]
        raise RuntimeError(
            f"functional_call: {type(module).__name__} {' and '.join(parts)}; strict=True asks for all names"
        )


def _check_module(op: str, module: Any) -> None:
    from tenon.nn.module import Module

    if not isinstance(module, Module):
        raise TypeError(f"{op}: a module is needed; got {type(module).__name__}")


class _Place:
    """Where a tensor of a module stands."""

    def __init__(self, module: Module, path: str) -> None:
        inner, _, self.name = path.rpartition(".")
        owner = module.get_submodule(inner)
        if isinstance(getattr(type(owner), self.name, None), property):
            original = f"{inner}.parametrizations.{self.name}.original".lstrip(".")
            raise ValueError(
                f"functional_call: {path!r} is computed by {type(owner).__name__}; "
                f"give {original!r} for a parametrization"
            )
        spaces = (owner._parameters, owner._buffers, vars(owner))
        self.space: dict[str, Any] = next((s for s in spaces if self.name in s), spaces[-1])

    def swap(self, value: Any) -> Any:
        """Puts a tensor there; returns what was there."""
        before = self.space.get(self.name, _ABSENT)
        if value is _ABSENT:
            self.space.pop(self.name, None)
        else:
            self.space[self.name] = value
        return before


class _Replaced:
    """A block within which other tensors stand in the places of a module's own."""

    def __init__(self, module: Module, tensors: dict[str, Tensor]) -> None:
        for name, t in tensors.items():
            if not isinstance(t, Tensor):
                raise TypeError(f"functional_call: {name!r} must be a tensor; got {type(t).__name__}")
        self.places = {name: _Place(module, name) for name in tensors}
        self.tensors = tensors

    def __enter__(self) -> None:
        self.before = {name: place.swap(self.tensors[name]) for name, place in self.places.items()}

    def __exit__(self, *_: object) -> None:
        self.after = {name: place.swap(self.before[name]) for name, place in self.places.items()}


@documented()
def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """What a module returns when other tensors stand in the places of its parameters and buffers.

    The module is as before when the call is over. While it runs, no other thread may use the module.

    module: The module that is called.
    parameter_and_buffer_dicts: The tensors by name, as ``named_parameters()`` has them, or a list or tuple of
    such dicts. Others stay the module's own. What the module assigns to a name of a single dict is put
    into the dict.
    args: The call's arguments, a tuple, or one that is none.
    kwargs: Its keyword arguments.
    tie_weights: True gives all names of a tensor what one of them was given.
    strict: True raises RuntimeError unless the dicts have exactly the module's names.
    Returns: A new tensor, or what else the module returns.
    ValueError: For what is no dict, names in several dicts, several tensors for a shared one, and a
    parametrized name.
    TypeError: For values that are no tensors, and for what is no module.
    AttributeError: For a name whose inner module is not there.

    >>> layer = tenon.nn.Linear(2, 1)
    >>> new = {"weight": tenon.ones(1, 2), "bias": tenon.zeros(1)}
    >>> tenon.func.functional_call(layer, new, tenon.tensor([3.0, 4.0]))
    tensor([7.])
    """
    _check_module("functional_call", module)
    given = _one_dict(parameter_and_buffer_dicts)
    whole = _tied(module, given) if tie_weights else given
    if strict:
        _check_names(module, whole)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    replaced = _Replaced(module, whole)
    try:
        with replaced:
            return module(*arguments, **(kwargs or {}))
    finally:
        for name, value in replaced.after.items():
            if name in given and value is not _ABSENT and value is not given[name]:
                given[name] = value


def _stacked(named: list[dict[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    for name, first in named[0].items():
        tensors = [d.get(name) for d in named]
        if any(t is None or t.shape != first.shape for t in tensors):
            raise RuntimeError(f"stack_module_state: {name} must have one shape in all models")
        if len({t.requires_grad for t in tensors if t is not None}) > 1:
            raise RuntimeError(f"stack_module_state: {name} must have one requires_grad in all models")
        stacked = _C.stack(tensors).detach()
        yield name, stacked.requires_grad_() if first.requires_grad else stacked


@documented()
def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of several models, stacked: for ``vmap`` over ``functional_call``.

    models: Modules of one class, in one mode, a list or a ModuleList.
    Returns: (parameters, buffers), dicts of new tensors with a first dimension over the models. They are
    leaves, and require grad where the models' do.
    TypeError: For what is no module.
    RuntimeError: For no models, for models of several classes or modes, and for tensors of several shapes.

    >>> models = tenon.nn.ModuleList(tenon.nn.Linear(2, 1) for _ in range(3))
    >>> params, buffers = tenon.func.stack_module_state(models)
    >>> params["weight"].shape
    (3, 1, 2)
    """
    if not len(models):
        raise RuntimeError("stack_module_state: at least one model is needed; got none")
    for m in models:
        _check_module("stack_module_state", m)
    if len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: all models must be in one mode; use train() or eval()")
    if kinds := sorted({type(m).__name__ for m in models} - {type(models[0]).__name__}):
        raise RuntimeError(
            f"stack_module_state: all models must be of one class; got {type(models[0]).__name__} and {kinds}"
        )
    return (
        dict(_stacked([dict(m.named_parameters()) for m in models])),
        dict(_stacked([dict(m.named_buffers()) for m in models])),
    )


@documented()
def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Makes all batch norms of a model use the batch's own statistics, in place.

    Their running statistics are dropped, so that nothing is written while ``vmap`` or ``grad`` runs.

    root: The model.
    Returns: The model itself, changed.
    TypeError: For what is no module.

    >>> model = tenon.nn.Sequential(tenon.nn.BatchNorm1d(2))
    >>> tenon.func.replace_all_batch_norm_modules_(model)[0].running_mean is None
    True
    """
    from tenon.nn.normalization import _BatchNorm

    _check_module("replace_all_batch_norm_modules_", root)
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
