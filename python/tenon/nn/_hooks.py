"""Hooks of modules: how they are registered, and a call with them."""

from __future__ import annotations

import warnings
from collections import OrderedDict

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon._hooks import RemovableHandle, add
from tenon.autograd.function import Function

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tenon._hooks import Hook, Hooks
    from tenon.nn.module import Module


class HookPoints:
    """The part of Module that has hooks for its calls."""

    _forward_pre_hooks: Hooks
    _forward_pre_hooks_with_kwargs: Hooks
    _forward_hooks: Hooks
    _forward_hooks_with_kwargs: Hooks
    _forward_hooks_always_called: Hooks
    _backward_pre_hooks: Hooks
    _backward_hooks: Hooks

    def _init_hooks(self) -> None:
        for name in HookPoints.__annotations__:
            object.__setattr__(self, name, OrderedDict())

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(module, args)`` before every forward(); what it returns takes the place of args.

        with_kwargs: ``hook(module, args, kwargs)``, which returns None or (args, kwargs). prepend: before the
        hooks that are there. TypeError for what is not callable.
        """
        flags = [(with_kwargs, self._forward_pre_hooks_with_kwargs)]
        return add(self._forward_pre_hooks, hook, "register_forward_pre_hook", prepend, flags)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Calls ``hook(module, args, output)`` after every forward(); what it returns replaces the output.

        with_kwargs: ``hook(module, args, kwargs, output)``. always_call: also where forward() raises.
        prepend: before the hooks that are there. TypeError for what is not callable.
        """
        flags = [
            (with_kwargs, self._forward_hooks_with_kwargs),
            (always_call, self._forward_hooks_always_called),
        ]
        return add(self._forward_hooks, hook, "register_forward_hook", prepend, flags)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Calls ``hook(module, grad_output)`` when the outputs' gradients are there.

        What it returns, a tensor or a tuple, takes their place. TypeError for what is not callable.
        """
        return add(self._backward_pre_hooks, hook, "register_full_backward_pre_hook", prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Calls ``hook(module, grad_input, grad_output)`` when the inputs' gradients are there.

        What it returns, a tensor or a tuple, takes the place of grad_input. Both are tuples with one entry
        for each positional argument, or output, and None for what has no gradient. TypeError for what is not
        callable.
        """
        return add(self._backward_hooks, hook, "register_full_backward_hook", prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """PyTorch's older name of register_full_backward_hook()."""
        return add(self._backward_hooks, hook, "register_backward_hook")


class _Gate(Function):
    """Passes tensors on, and shows their gradients to a function that may replace them."""

    @staticmethod
    def forward(ctx: Any, seen: Callable[[tuple[Any, ...]], tuple[Any, ...]], *tensors: Tensor) -> Any:
        ctx.seen = seen
        ctx.set_materialize_grads(False)
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        return (None, *ctx.seen(grads))


def _replaced(op: str, old: tuple[Any, ...], new: Any) -> tuple[Any, ...]:
    if new is None:
        return old
    new = new if isinstance(new, tuple) else (new,)
    if len(new) != len(old):
        raise RuntimeError(f"{op}: the hook must return {len(old)} gradients; got {len(new)}")
    return new


def _placed(grads: tuple[Any, ...], places: list[int], n: int) -> tuple[Any, ...]:
    """A tuple of n with the gradients at their places, and None elsewhere."""
    whole: list[Any] = [None] * n
    for i, g in zip(places, grads, strict=True):
        whole[i] = g
    return tuple(whole)


class _BackwardWatch:
    """One call of a module with backward hooks: a gate before and one behind forward()."""

    def __init__(self, module: Module, hooks: list[Hook], pre_hooks: list[Hook]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.n_inputs = self.n_outputs = 0
        self.grad_outputs: tuple[Any, ...] = ()

    def _through(self, seen: Any, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int]]:
        places = [i for i, v in enumerate(values) if isinstance(v, Tensor)]
        if not (_C.is_grad_enabled() and any(values[i].requires_grad for i in places)):
            return values, []
        passed = list(values)
        for i, t in zip(places, _Gate.apply(seen, *(values[i] for i in places)), strict=True):
            passed[i] = t
        return tuple(passed), places

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.n_inputs = len(args)
        passed, self.inputs = self._through(self.see_inputs, args)
        return passed

    def leave(self, result: Any) -> Any:
        alone = not isinstance(result, tuple)
        if alone and not isinstance(result, Tensor):
            warnings.warn(
                f"{type(self.module).__name__}: backward hooks see a tensor or a tuple of tensors; forward "
                f"returned {type(result).__name__}, so they are not called",
                stacklevel=4,
            )
            return result
        values = (result,) if alone else result
        self.n_outputs = len(values)
        passed, self.outputs = self._through(self.see_outputs, values)
        return passed[0] if alone else passed

    def see_outputs(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        self.grad_outputs = _placed(grads, self.outputs, self.n_outputs)
        for hook in self.pre_hooks:
            new = hook(self.module, self.grad_outputs)
            self.grad_outputs = _replaced("full backward pre-hook", self.grad_outputs, new)
        passed = tuple(self.grad_outputs[i] for i in self.outputs)
        if not self.inputs:
            self.run((None,) * self.n_inputs)
        return passed

    def see_inputs(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        replaced = self.run(_placed(grads, self.inputs, self.n_inputs))
        return tuple(replaced[i] for i in self.inputs)

    def run(self, grad_inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.hooks:
            new = hook(self.module, grad_inputs, self.grad_outputs)
            if not self.inputs and new is not None and any(g is not None for g in new):
                raise RuntimeError(
                    "full backward hook: no input of the module requires grad, so the hook must return None"
                )
            grad_inputs = _replaced("full backward hook", grad_inputs, new)
        self.grad_outputs = ()
        return grad_inputs


# ---- hooks of all modules ----

#: By the id of their handle: the kind, the hook and its flags.
everywhere: OrderedDict[int, tuple[str, Hook, bool, bool]] = OrderedDict()


def _add_everywhere(
    op: str, kind: str, hook: Hook, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    handle = add(everywhere, hook, op)
    everywhere[handle.id] = (kind, hook, with_kwargs, always_call)
    return handle


_REGISTER = """
Returns: Its remove() takes the hook away.
TypeError: For what is not callable.
"""


@documented(_REGISTER)
def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Calls ``hook(module, args)`` before every forward() of every module, before the module's own hooks.

    hook: What it returns, unless None, takes the place of args.

    >>> with tenon.nn.module.register_module_forward_pre_hook(lambda module, args: print(args)):
    ...     _ = tenon.nn.ReLU()(tenon.ones(1))
    (tensor([1.]),)
    """
    return _add_everywhere("register_module_forward_pre_hook", "forward_pre", hook)


@documented(_REGISTER)
def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Calls ``hook(module, args, output)`` after every forward() of every module, before hooks of its own.

    hook: What it returns, unless None, replaces the output.
    with_kwargs: Whether it is called as ``hook(module, args, kwargs, output)``.
    always_call: Whether it is called where forward() raises, too.
    ValueError:
    RuntimeError:

    >>> handle = tenon.nn.module.register_module_forward_hook(lambda module, args, output: output * 2)
    >>> tenon.nn.Identity()(tenon.ones(1))
    tensor([2.])
    >>> handle.remove()
    """
    return _add_everywhere("register_module_forward_hook", "forward", hook, with_kwargs, always_call)


@documented(_REGISTER)
def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Calls ``hook(module, grad_output)`` for every module when the gradients of its outputs are there.

    hook: What it returns, a tensor or a tuple, unless None, takes their place.

    >>> with tenon.nn.module.register_module_full_backward_pre_hook(lambda module, g: (g[0] * 2,)):
    ...     x = tenon.ones(1, requires_grad=True)
    ...     tenon.nn.Identity()(x).backward()
    >>> x.grad
    tensor([2.])
    """
    return _add_everywhere("register_module_full_backward_pre_hook", "backward_pre", hook)


@documented(_REGISTER)
def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Calls ``hook(module, grad_input, grad_output)`` for every module when its inputs' gradients are there.

    hook: What it returns, a tensor or a tuple, unless None, takes the place of grad_input.

    >>> with tenon.nn.module.register_module_full_backward_hook(lambda module, g_in, g_out: print(g_in)):
    ...     tenon.nn.ReLU()(tenon.ones(1, requires_grad=True)).backward()
    (tensor([1.]),)
    """
    return _add_everywhere("register_module_full_backward_hook", "backward", hook)


@documented(_REGISTER)
def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """PyTorch's older name of register_module_full_backward_hook().

    hook: As there.

    >>> tenon.nn.module.register_module_backward_hook(lambda module, g_in, g_out: None).remove()
    """
    return _add_everywhere("register_module_backward_hook", "backward", hook)


def _those(kind: str) -> list[tuple[int, Hook, bool, bool]]:
    """The hooks of all modules of a kind; their ids are negative, beside those of a module's own."""
    return [(-1 - i, hook, kw, always) for i, (k, hook, kw, always) in everywhere.items() if k == kind]


def _pre_hooks_of(module: Module) -> list[tuple[Hook, bool]]:
    own = module._forward_pre_hooks_with_kwargs
    return [(hook, kw) for _, hook, kw, _ in _those("forward_pre")] + [
        (hook, i in own) for i, hook in module._forward_pre_hooks.items()
    ]


def _hooks_of(module: Module) -> list[tuple[int, Hook, bool, bool]]:
    kw, always = module._forward_hooks_with_kwargs, module._forward_hooks_always_called
    own = [(i, hook, i in kw, i in always) for i, hook in module._forward_hooks.items()]
    return _those("forward") + own


def _run_pre_hooks(module: Module, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook, with_kwargs in _pre_hooks_of(module):
        if with_kwargs:
            new = hook(module, args, kwargs)
            if new is None:
                continue
            if not (isinstance(new, tuple) and len(new) == 2):
                raise RuntimeError(
                    f"forward pre-hook: with_kwargs=True returns None or a tuple (args, kwargs); got {new!r}"
                )
            args, kwargs = new
        else:
            new = hook(module, args)
            if new is not None:
                args = new if isinstance(new, tuple) else (new,)
    return args, kwargs


def call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """forward() with all hooks."""
    result = None
    called = set()

    def run(i: int, hook: Hook, with_kwargs: bool) -> Any:
        called.add(i)
        new = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
        return result if new is None else new

    try:
        args, kwargs = _run_pre_hooks(module, args, kwargs)
        hooks = [hook for _, hook, *_ in _those("backward")]
        hooks += module._backward_hooks.values()
        pre_hooks = [hook for _, hook, *_ in _those("backward_pre")]
        pre_hooks += module._backward_pre_hooks.values()
        watch = _BackwardWatch(module, hooks, pre_hooks) if hooks or pre_hooks else None
        if watch:
            args = watch.enter(args)
        result = module.forward(*args, **kwargs)
        for i, hook, with_kwargs, _ in _hooks_of(module):
            result = run(i, hook, with_kwargs)
        return watch.leave(result) if watch else result
    except Exception:
        for i, hook, with_kwargs, always in _hooks_of(module):
            if i in called or not always:
                continue
            try:
                result = run(i, hook, with_kwargs)
            except Exception as e:
                warnings.warn(
                    f"{type(module).__name__}: a forward hook with always_call=True failed after forward had "
                    f"failed: {e}",
                    stacklevel=2,
                )
        raise
