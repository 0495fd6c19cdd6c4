"""state_dict and load_state_dict: a module's parameters and buffers by name."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Mapping

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon._hooks import RemovableHandle, add
from tenon.nn.parameter import Parameter, is_lazy

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NamedTuple

    from tenon.nn.module import Module

    class IncompatibleKeys(NamedTuple):
        missing_keys: list[str]
        unexpected_keys: list[str]

    Undo = Callable[[], None]
    Step = Callable[[bool], Undo | None]  # does it; returns how it is undone where that is asked for
else:

    class IncompatibleKeys(namedtuple("IncompatibleKeys", ("missing_keys", "unexpected_keys"))):
        """What load_state_dict() returns: the names of which one side knows nothing."""

        __slots__ = ()

        def __repr__(self):
            if self.missing_keys or self.unexpected_keys:
                return super().__repr__()
            return "<All keys matched successfully>"


_EXTRA = "_extra_state"


class _Plan(list[str]):
    """The messages of what is wrong, and what is to be done if nothing is."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.hooks: list[tuple[Any, Callable[..., Any]]] = []
        self.has_calls = False  # of users' code, which may fail

    def run(self) -> list[Undo]:
        """Does everything. What has been done is undone where one step fails."""
        keep = self.has_calls or bool(self.hooks)
        undo: list[Undo] = []
        try:
            for step in self.steps:
                back = step(keep)
                if back:
                    undo.append(back)
        except BaseException:
            _run_all(undo)
            raise
        return undo


def _run_all(undo: list[Undo]) -> None:
    for back in reversed(undo):
        back()


def _source(value: Any) -> Tensor | None:
    """A value of a state dict as a tensor over its memory; None for what is no array."""
    if isinstance(value, Tensor):
        return value
    protocols = ("__array_interface__", "__dlpack__", "__array__", "__cuda_array_interface__")
    return _C.asarray(value) if any(hasattr(value, p) for p in protocols) else None


def _write(target: Tensor, source: Tensor) -> None:
    with no_grad():
        target.copy_(source)


def _copy(target: Tensor, source: Tensor) -> Step:
    def step(keep: bool) -> Undo | None:
        old = target.detach().clone() if keep else None
        _write(target, source)
        return None if old is None else lambda: _write(target, old)

    return step


def _materialize(target: Any, source: Tensor) -> Step:
    def step(_: bool) -> Undo:
        lazy, empty = type(target), target.data

        def undo() -> None:
            target.data = empty
            target.__class__ = lazy

        target.materialize(source.shape)
        _write(target, source)
        return undo

    return step


def _assign(module: Any, name: str, source: Tensor) -> Step:
    def step(_: bool) -> Undo:
        old = getattr(module, name)
        setattr(module, name, _in_place_of(old, source))
        return lambda: setattr(module, name, old)

    return step


def _call(function: Callable[[Any], None], value: Any) -> Step:
    def step(_: bool) -> None:
        function(value)

    return step


def _in_place_of(old: Any, source: Tensor) -> Tensor:
    """What takes the place of old, over the memory of source."""
    if not isinstance(old, Parameter):
        return source
    if isinstance(source, Parameter) and source.is_leaf:
        return source.requires_grad_(old.requires_grad)
    return Parameter(source, old.requires_grad)


def _why_not(key: str, old: Any, source: Tensor, assign: bool) -> str:
    """Why source cannot be loaded into old; "" where it can."""
    if is_lazy(source) and not is_lazy(old):
        return f"{key}: it has no shape in the checkpoint yet; call the lazy module before it is saved."
    if not is_lazy(old) and source.shape != old.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {source.shape} from checkpoint, "
            f"the shape in current model is {old.shape}."
        )
    if assign and source.readonly:
        return (
            f"{key}: the checkpoint's memory is read-only, which assign=True would share; leave assign out."
        )
    if not assign and not is_lazy(old) and old.readonly:
        return f"{key}: the memory in current model is read-only; use assign=True."
    if source.dtype.is_complex and not old.dtype.is_complex and not assign:
        return f"{key}: copying {source.dtype.name} into {old.dtype.name} would drop the imaginary parts."
    integers = not (source.dtype.is_floating_point or source.dtype.is_complex)
    if assign and isinstance(old, Parameter) and old.requires_grad and integers:
        return f"{key}: a parameter that requires grad cannot be {source.dtype.name}."
    return ""


class State:
    """The part of Module that saves and loads."""

    _version = 1  # a module that changes its names raises it; _load_from_state_dict sees it in local_metadata
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: OrderedDict[int, Any]
    _state_dict_pre_hooks: OrderedDict[int, Any]
    _load_state_dict_pre_hooks: OrderedDict[int, Any]
    _load_state_dict_post_hooks: OrderedDict[int, Any]

    def _init_state(self) -> None:
        for name in ("state_dict", "state_dict_pre", "load_state_dict_pre", "load_state_dict_post"):
            object.__setattr__(self, f"_{name}_hooks", OrderedDict())

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """The parameters and persistent buffers of this module alone."""
        for name, p in self._parameters.items():
            if p is not None:
                yield name, p
        for name, b in self._buffers.items():
            if b is not None and name not in self._non_persistent_buffers_set:
                yield name, b

    def get_extra_state(self) -> Any:
        """What state_dict() also holds. A subclass defines it together with set_extra_state()."""
        raise RuntimeError("get_extra_state: the module has no extra state; define it beside set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Takes what get_extra_state() returned, when a state dict is loaded."""
        raise RuntimeError("set_extra_state: the module has no extra state; define it beside get_extra_state")

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, t in self._state():
            destination[prefix + name] = t if keep_vars or is_lazy(t) else t.detach()
        if type(self).get_extra_state is not State.get_extra_state:
            destination[prefix + _EXTRA] = self.get_extra_state()

    def state_dict(
        self, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers of this module and all inner ones, by their paths.

        The tensors stand over the module's memory, without its history unless keep_vars; ``.clone()`` what is
        to keep its values. destination: a dict to add to, which is returned. prefix: goes before the names.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in list(self._state_dict_hooks.values()):
            new = hook(self, destination, prefix, metadata)
            if new is not None:
                destination = new
        found: dict[str, Any] = destination
        return found

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls ``hook(module, prefix, keep_vars)`` before state_dict() reads the module."""
        return add(self._state_dict_pre_hooks, hook, "register_state_dict_pre_hook")

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls ``hook(module, state_dict, prefix, local_metadata)``, which may change the dict in place."""
        return add(self._state_dict_hooks, hook, "register_state_dict_post_hook")

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls the hook before the module looks for its names in a state dict, which it may change in place.

        ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)``.
        """
        return add(self._load_state_dict_pre_hooks, hook, "register_load_state_dict_pre_hook")

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls ``hook(module, incompatible_keys)`` when a state dict has been loaded.

        It may take names out of missing_keys and unexpected_keys, or add some: what is left decides about
        strict. On an error what was loaded before is put back.
        """
        return add(self._load_state_dict_post_hooks, hook, "register_load_state_dict_post_hook")

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Loads this module alone: a subclass that reads older state dicts overrides it, and calls this one.

        The values are written when all modules have been looked at and nothing is wrong.
        """
        plan = error_msgs if isinstance(error_msgs, _Plan) else _Plan()
        for hook in list(self._load_state_dict_pre_hooks.values()):
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        assign = bool(local_metadata.get("assign_to_params_buffers", False))
        known = dict(self._state())
        for name, old in known.items():
            if prefix + name in state_dict:
                self._plan_one(name, prefix + name, old, state_dict[prefix + name], assign, plan, error_msgs)
            elif strict:
                missing_keys.append(prefix + name)
        extra = prefix + _EXTRA
        if type(self).set_extra_state is not State.set_extra_state:
            if extra in state_dict:
                plan.steps.append(_call(self.set_extra_state, state_dict[extra]))
                plan.has_calls = True
            elif strict:
                missing_keys.append(extra)
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            for key in state_dict:
                name, _, inner = key[len(prefix) :].partition(".")
                if (
                    key.startswith(prefix)
                    and key != extra
                    and name not in (self._modules if inner else known)
                ):
                    unexpected_keys.append(key)
        if plan is not error_msgs and not error_msgs:  # called by itself
            plan.run()

    def _plan_one(
        self, name: str, key: str, old: Any, value: Any, assign: bool, plan: _Plan, error_msgs: list[str]
    ) -> None:
        try:
            source = _source(value)
        except (TypeError, ValueError, RuntimeError, BufferError) as e:
            error_msgs.append(f'While copying the parameter named "{key}", an exception occurred: {e}')
            return
        if source is None:
            error_msgs.append(
                f'While copying the parameter named "{key}", expected a tensor or an array from checkpoint '
                f"but received {type(value)}"
            )
            return
        if not is_lazy(old) and not is_lazy(source) and old.shape == () and source.shape == (1,):
            source = source[0]  # as PyTorch 0.3 saved numbers
        wrong = _why_not(key, old, source, assign)
        if wrong:
            error_msgs.append(wrong)
        elif is_lazy(source):
            return
        elif assign:
            plan.steps.append(_assign(self, name, source))
        else:
            plan.steps.append(_materialize(old, source) if is_lazy(old) else _copy(old, source))

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copies values into the parameters and buffers of this module and all inner ones.

        state_dict: from names, as state_dict() has them, to tensors, NumPy arrays or what else has an array's
        protocol; it is read in place. strict: the names must be the module's, no more and no fewer. assign:
        the module takes the tensors themselves, without a copy, instead of their values.

        Returns (missing_keys, unexpected_keys). RuntimeError that lists everything that does not fit; nothing
        has been loaded then. TypeError for what is no mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict: expected a dict from names to tensors; got {type(state_dict).__name__}"
            )
        metadata = getattr(state_dict, "_metadata", {})
        plan = _Plan()
        keys = IncompatibleKeys([], [])
        _look(self, OrderedDict(state_dict), "", metadata, assign, keys, plan)
        if plan or (strict and (keys.missing_keys or keys.unexpected_keys) and not plan.hooks):
            raise _error(self, keys, plan, strict)
        undo = plan.run()
        try:
            for module, hook in plan.hooks:
                if hook(module, keys) is not None:
                    raise RuntimeError(
                        "load_state_dict: a post-hook changes the lists of keys in place and returns None"
                    )
            if strict and (keys.missing_keys or keys.unexpected_keys):
                raise _error(self, keys, plan, strict)
        except BaseException:
            _run_all(undo)
            raise
        return keys


def _look(
    module: Any,
    state: OrderedDict[str, Any],
    prefix: str,
    metadata: Any,
    assign: bool,
    keys: IncompatibleKeys,
    plan: _Plan,
) -> None:
    """Plans the loading of a module and all inner ones."""
    local = dict(metadata.get(prefix[:-1], {}))
    if assign:
        local["assign_to_params_buffers"] = True
    module._load_from_state_dict(state, prefix, local, True, keys.missing_keys, keys.unexpected_keys, plan)
    for name, child in module._modules.items():
        if child is not None:
            path = f"{prefix}{name}."
            inner = OrderedDict((k, v) for k, v in state.items() if k.startswith(path))
            _look(child, inner, path, metadata, assign, keys, plan)
    plan.hooks.extend((module, hook) for hook in module._load_state_dict_post_hooks.values())


def _error(module: Any, keys: IncompatibleKeys, messages: list[str], strict: bool) -> RuntimeError:
    lines = list(messages)
    if strict and keys.unexpected_keys:
        lines.insert(0, f"Unexpected key(s) in state_dict: {', '.join(map(_quoted, keys.unexpected_keys))}. ")
        bare = {key.partition(".")[2] for key in keys.unexpected_keys}
        if bare and bare <= set(keys.missing_keys):
            word = keys.unexpected_keys[0].partition(".")[0]
            lines.insert(1, f"The names fit without {word + '.'!r} in front of them: take it away.")
    if strict and keys.missing_keys:
        lines.insert(0, f"Missing key(s) in state_dict: {', '.join(map(_quoted, keys.missing_keys))}. ")
    text = "\n\t".join(lines)
    return RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{text}")


def _quoted(key: str) -> str:
    return f'"{key}"'
