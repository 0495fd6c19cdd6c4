"""Module: the base class of layers and models."""

from __future__ import annotations

from tenon._C import Tensor
from tenon._names import guide as _guide
from tenon.nn import _hooks
from tenon.nn._conversion import Conversion
from tenon.nn._hooks import (
    HookPoints,
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from tenon.nn._hooks import everywhere as _everywhere
from tenon.nn._members import Members, near
from tenon.nn._state import State
from tenon.nn.parameter import Buffer, Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Self

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
]

_KINDS = ("_parameters", "_buffers", "_modules")


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


class _NoAttribute(AttributeError):
    """Looks for the name that was meant when it is read: hasattr() does not, and is called often."""

    def __init__(self, module: Module, name: str) -> None:
        # Without an obj the interpreter adds no guess of its own.
        super().__init__(f"{type(module).__name__!r} object has no attribute {name!r}", name=name, obj=None)
        self._module, self._name = module, name

    def __str__(self) -> str:
        return super().__str__() + ("" if self._name.startswith("_") else near(self._name, dir(self._module)))

    def __reduce__(self) -> Any:
        return AttributeError, (str(self),)


_NoAttribute.__name__ = _NoAttribute.__qualname__ = "AttributeError"
_NoAttribute.__module__ = "builtins"


class Module(Members, State, Conversion, HookPoints):
    """The base class of layers and models: a function that has parameters.

    A subclass calls ``super().__init__()``, sets parameters (nn.Parameter) and modules as attributes, and
    defines ``forward()``. What is set is found: ``parameters()`` goes to an optimizer, ``state_dict()`` to a
    file, ``to()`` moves all of it. Calling the module calls forward() and the hooks.

    Attributes: ``training``, which train() and eval() set and some layers look at.

    AttributeError for a name that is not there, with the one that may have been meant, and for
    attributes that
    are set before ``super().__init__()``.

    >>> class Model(tenon.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = tenon.nn.Linear(4, 3)
    ...         self.out = tenon.nn.Linear(3, 1)
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> model = Model()
    >>> model(tenon.ones(2, 4)).shape
    (2, 1)
    >>> [name for name, _ in model.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    >>> model
    Model(
      (hidden): Linear(in_features=4, out_features=3, bias=True)
      (out): Linear(in_features=3, out_features=1, bias=True)
    )
    """

    training: bool

    def __init__(self) -> None:
        # Past __setattr__, which looks among what is made here.
        put = super().__setattr__
        put("training", True)
        for kind in _KINDS:
            put(kind, {})
        put("_non_persistent_buffers_set", set())
        self._init_hooks()
        self._init_state()

    # ---- calling ----

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes. Subclasses define it; call the module itself, which runs hooks, too."""
        raise NotImplementedError(f"{type(self).__name__}: forward is not defined")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _everywhere
        ):
            return _hooks.call(self, args, kwargs)
        return self.forward(*args, **kwargs)

    # ---- attributes ----

    def _checked_name(self, op: str, name: Any, kind: str) -> None:
        """Refuses a name that nothing may be registered as."""
        if "_parameters" not in self.__dict__:
            self._not_initialized(op)
        if not isinstance(name, str):
            raise TypeError(f"{op}: a name is a str; got {type(name).__name__}")
        if "." in name or not name:
            raise KeyError(f"{op}: a name is not empty and has no dot, which separates modules; got {name!r}")
        taken = name in self.__dict__ or hasattr(type(self), name)
        if taken or any(name in self.__dict__[other] for other in _KINDS if other != kind):
            raise KeyError(f"{op}: {type(self).__name__} has an attribute {name!r} already")

    def _not_initialized(self, op: str) -> NoReturn:
        raise AttributeError(
            f"{op}: {type(self).__name__} has not been initialized; call super().__init__() first in its "
            "__init__"
        )

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter, as ``module.name = param`` does; None is an entry that state_dict() leaves out.

        TypeError for what is no Parameter; KeyError for a name that is taken, empty or has a dot; ValueError
        for the result of an operation, which is no leaf.
        """
        self._checked_name("register_parameter", name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: {name!r} must be an nn.Parameter or None; got {type(param).__name__}"
            )
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"register_parameter: {name!r} is the result of an operation; compute it in forward(), or "
                "use "
                "Parameter(t.detach())"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds a buffer: a tensor that moves with the module and is not trained.

        persistent=False keeps it out of state_dict(). TypeError for what is no tensor; KeyError for a
        name that
        is taken, empty or has a dot.
        """
        self._checked_name("register_buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"register_buffer: {name!r} must be a tensor or None; got {type(tensor).__name__}, "
                "tenon.from_numpy() makes one of an array"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Adds a module, as ``self.name = module`` does. TypeError and KeyError as register_parameter()."""
        self._checked_name("add_module", name, "_modules")
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"add_module: {name!r} must be a Module or None; got {type(module).__name__}")
        self._modules[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """As add_module()."""
        self.add_module(name, module)

    def _forget(self, name: str, keep: str) -> None:
        """Takes a name away from what is not of the kind keep."""
        for kind in _KINDS:
            if kind != keep:
                self.__dict__[kind].pop(name, None)
        if keep != "_buffers":
            self._non_persistent_buffers_set.discard(name)
        self.__dict__.pop(name, None)

    def __setattr__(self, name: str, value: Any) -> None:
        space = self.__dict__
        wanted = Parameter if isinstance(value, Parameter) else Module if isinstance(value, Module) else None
        if "_parameters" not in space:
            if wanted or isinstance(value, Buffer):
                self._not_initialized(f"cannot assign {name!r}")
            super().__setattr__(name, value)
        elif wanted is Parameter:
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif name in space["_parameters"]:
            self._only_none(name, value, "a parameter", "an nn.Parameter")
            self._parameters[name] = None
        elif wanted is Module:
            self._forget(name, "_modules")
            self._modules[name] = value
        elif name in space["_modules"]:
            self._only_none(name, value, "a module", "an nn.Module")
            self._modules[name] = None
        elif isinstance(value, Buffer):
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in space["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                self._only_none(name, value, "a buffer", "a tensor")
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def _only_none(self, name: str, value: Any, what: str, expected: str) -> None:
        if value is not None:
            raise TypeError(
                f"cannot assign a {type(value).__name__} as {name!r}, which is {what} of "
                f"{type(self).__name__}; "
                f"{expected} or None is expected"
            )

    def __getattr__(self, name: str) -> Any:
        space = self.__dict__
        if "_parameters" not in space:
            if name.startswith("__"):
                raise AttributeError(name)
            self._not_initialized(f"{name!r}")
        for kind in _KINDS:
            if name in space[kind]:
                return space[kind][name]
        if any(name in vars(c) for c in type(self).__mro__):
            return object.__getattribute__(
                self, name
            )  # a property that raised AttributeError: with its own words
        raise _NoAttribute(self, name)

    def __delattr__(self, name: str) -> None:
        for kind in _KINDS:
            if name in self.__dict__[kind]:
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        for kind in _KINDS:
            names.update(self.__dict__.get(kind, ()))
        return sorted(n for n in names if not n[0].isdigit())

    # ---- modes ----

    def train(self, mode: bool = True) -> Self:
        """Sets ``training`` of this module and all inner ones: dropout and batch norm look at it."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode is a bool; got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """As train(False)."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Sets whether gradients are collected for all parameters: False freezes the module."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients of all parameters; set_to_none=False fills them with zeros instead."""
        for p in self.parameters():
            grad = p.grad
            if grad is None:
                continue
            if set_to_none:
                p.grad = None
                continue
            if grad.requires_grad:  # of create_graph=True
                p.grad = grad = grad.detach()
            grad.zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Calls fn with every inner module, then with this one: to initialize weights, for example."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # ---- text ----

    def extra_repr(self) -> str:
        """What repr() shows between the brackets. Subclasses define it."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        lines += [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        name = self._get_name()
        if len(lines) == 1 and extra:
            return f"{name}({lines[0]})"
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}()"


_guide(__name__)
