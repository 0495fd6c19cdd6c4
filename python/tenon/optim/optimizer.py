"""Optimizer: parameters in groups, what is kept of each, hooks, and the form in which it is saved."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict

from tenon._C import Tensor
from tenon._grad_mode import enable_grad
from tenon._hooks import RemovableHandle, add
from tenon.optim import _state

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from tenon._hooks import Hooks

    ParamsT: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]

__all__ = ["Optimizer", "RemovableHandle", "required"]


class _Required:
    """What a default is that each group has to give itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

_HOOKS = ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_pre", "load_post")


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A class's step(), with the hooks around it."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._stepped = True
        if not self._step_pre_hooks and not self._step_post_hooks:
            return step(self, *args, **kwargs)
        for hook in tuple(self._step_pre_hooks.values()):
            given = hook(self, args, kwargs)
            if given is None:
                continue
            if not isinstance(given, tuple) or len(given) != 2:
                raise RuntimeError(
                    f"{type(self).__name__}.step: a pre-hook must return None or (args, kwargs); got "
                    f"{given!r}"
                )
            args, kwargs = given
        result = step(self, *args, **kwargs)
        for hook in tuple(self._step_post_hooks.values()):
            hook(self, args, kwargs)
        return result

    hooked._hooked = True  # type: ignore[attr-defined]
    return hooked


class Optimizer:
    """The base of all optimizers: subclass it, write ``step()``.

    Parameters:
        params: leaf tensors, of nn.Parameter or not; (name, tensor) pairs; or dicts, groups with options of
            their own: ``{"params": [...], "lr": 0.1}``.
        defaults: the options of groups that do not give them.

    ``param_groups`` is the list of groups, each a dict with ``"params"`` and the options; they may be changed
    between steps. ``state`` has a dict for each parameter with what the optimizer keeps of it.

    TypeError for one tensor alone, a set, and what is no tensor; ValueError for no parameters, the result of
    an operation, and a parameter in two groups.

    Example:
        >>> class Descent(tenon.optim.Optimizer):
        ...     def __init__(self, params, lr):
        ...         super().__init__(params, {"lr": lr})
        ...     @tenon.no_grad()
        ...     def step(self, closure=None):
        ...         for group in self.param_groups:
        ...             for p in group["params"]:
        ...                 p -= group["lr"] * p.grad
        >>> w = tenon.ones(2, requires_grad=True)
        >>> optimizer = Descent([w], lr=0.25)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w.tolist()
        [0.5, 0.5]
    """

    _step_pre_hooks: Hooks
    _step_post_hooks: Hooks
    _state_dict_pre_hooks: Hooks
    _state_dict_post_hooks: Hooks
    _load_pre_hooks: Hooks
    _load_post_hooks: Hooks
    _stepped = False  # schedulers warn where they are called before the first step

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("step")
        if own is not None and not hasattr(own, "_hooked"):
            cls.step = _with_hooks(own)  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        name = type(self).__name__
        if isinstance(params, Tensor):
            raise TypeError(
                f"{name}: params must be an iterable of tensors or dicts; got one tensor, put it in a list"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._make_hooks()
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(f"{name}: there are no parameters; params is empty")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hooks(self) -> None:
        for name in _HOOKS:
            self.__dict__.setdefault(f"_{name}_hooks", OrderedDict())

    def _check(self, group: dict[str, Any]) -> None:
        """Raises where the options of a group allow no step. For subclasses."""

    def _check_state(self, state: defaultdict[Tensor, Any]) -> None:
        """Raises where a loaded state is none for its parameter. For subclasses."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step with the gradients that the parameters have.

        closure: computes the loss and its gradients anew, and returns the loss, which step() returns.
        """
        raise NotImplementedError(f"{type(self).__name__}: a subclass of Optimizer must have a step()")

    @staticmethod
    def _loss(closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the gradients away, or overwrites them with zeros if set_to_none is False."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if set_to_none:
                    p.grad = None
                    continue
                if p.grad.requires_grad:
                    p.grad = p.grad.detach()
                p.grad.zero_()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group: a dict with "params" and the options that differ from the defaults.

        Nothing is added where it raises: TypeError for what is no dict, a set, and what is no tensor;
        ValueError for the result of an operation, an option without a value, wrong options, and a parameter
        of another group.
        """
        name = type(self).__name__
        group = _state.group_of(name, param_group, self.defaults)
        for option, default in self.defaults.items():
            if default is required and option not in group:
                raise ValueError(f"{name}: a parameter group must give the option {option!r}")
            group.setdefault(option, default)
        self._check(group)
        params = set(group["params"])
        if len(params) < len(group["params"]):
            warnings.warn(
                f"{name}: a parameter group with duplicate parameters; each step moves them twice",
                stacklevel=3,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                raise ValueError(f"{name}: either all parameter groups have names or none has")
            if not params.isdisjoint(other["params"]):
                raise ValueError(f"{name}: a parameter is in more than one parameter group")
        self.param_groups.append(group)

    # ---- the saved form ----

    def state_dict(self) -> dict[str, Any]:
        """What the optimizer keeps and its options, in PyTorch's form: the parameters are numbers.

        ``{"state": {0: {...}, ...}, "param_groups": [{"lr": ..., "params": [0, ...]}, ...]}``. The tensors
        are those of the optimizer, not copies.
        """
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        saved = _state.save(self.state, self.param_groups)
        for hook in self._state_dict_post_hooks.values():
            given = hook(self, saved)
            saved = saved if given is None else given
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what state_dict() gave, this optimizer's or PyTorch's, whose parameters stood in this order.

        The tensors are copied, in the dtype and on the device of their parameter. Nothing is changed where it
        raises: ValueError for other groups or sizes, KeyError for what is no state dict.
        """
        state_dict = dict(state_dict)
        for hook in self._load_pre_hooks.values():
            given = hook(self, state_dict)
            state_dict = state_dict if given is None else given
        state, groups = _state.load(type(self).__name__, state_dict, self.param_groups)
        for group in groups:
            self._fill(group)
            self._check(group)
        self._check_state(state)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._load_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_hooks()
        for group in self.param_groups:
            self._fill(group)

    def _fill(self, group: dict[str, Any]) -> None:
        """Gives a group that was saved the options that are newer."""
        for option, default in self.defaults.items():
            group.setdefault(option, default)

    def __repr__(self) -> str:
        parts = []
        for i, group in enumerate(self.param_groups):
            options = [f"    {option}: {group[option]}\n" for option in sorted(group) if option != "params"]
            parts.append(f"\nParameter Group {i}\n" + "".join(options))
        return f"{type(self).__name__} ({''.join(parts)})"

    # ---- hooks ----

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls ``hook(optimizer, args, kwargs)`` before each step; it may return other (args, kwargs)."""
        return add(self._step_pre_hooks, hook, "register_step_pre_hook", False)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls ``hook(optimizer, args, kwargs)`` after each step."""
        return add(self._step_post_hooks, hook, "register_step_post_hook", False)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(optimizer)`` before each state_dict()."""
        return add(self._state_dict_pre_hooks, hook, "register_state_dict_pre_hook", prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(optimizer, state_dict)`` after each state_dict(); it may return another dict."""
        return add(self._state_dict_post_hooks, hook, "register_state_dict_post_hook", prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(optimizer, state_dict)`` before each load_state_dict(); it may return another dict."""
        return add(self._load_pre_hooks, hook, "register_load_state_dict_pre_hook", prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(optimizer)`` after each load_state_dict()."""
        return add(self._load_post_hooks, hook, "register_load_state_dict_post_hook", prepend)
