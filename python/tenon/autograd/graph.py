"""The graph that backward() runs: its nodes, and hooks that replace how tensors are saved for it."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._C import _Node as Node
from tenon._C import _RemovableHandle as RemovableHandle
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Node", "RemovableHandle", "disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]


class saved_tensors_hooks:
    """Within the block, what operations save for backward() goes through ``pack_hook`` and ``unpack_hook``.

    Parameters:
        pack_hook: called with each saved tensor, without history and not recorded. It must not change the
            tensor in place (RuntimeError). What it returns, any object, is kept.
        unpack_hook: called with that object each time that backward() needs the tensor. It returns a tensor
            of the same shape, dtype and device (TypeError for anything else).

    The innermost block of the thread counts. Writes to what a hook kept are not noticed: it is the hook's
    own.

    Example:
        >>> x = tenon.ones(3, requires_grad=True)
        >>> with tenon.autograd.graph.saved_tensors_hooks(lambda t: t.numpy().copy(), tenon.from_numpy):
        ...     y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        tensor([2., 2., 2.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        for hook in (pack_hook, unpack_hook):
            if not callable(hook):
                raise TypeError(f"saved_tensors_hooks: a hook must be callable; got {type(hook).__name__}")
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        _C._push_saved_tensors_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *_: object) -> None:
        _C._pop_saved_tensors_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Within the block, what is saved for backward() waits in the CPU's memory until it is needed.

    Parameters:
        pin_memory: page-lock the copies, for faster transfers.

    Example:
        >>> x = tenon.ones(3, requires_grad=True)
        >>> with tenon.autograd.graph.save_on_cpu():
        ...     y = (x * x).sum()
        >>> y.backward()
    """

    def __init__(self, pin_memory: bool = False) -> None:
        def pack(t: Tensor) -> tuple[Any, Tensor]:
            kept = t.clone() if t.is_cpu else t.cpu()
            return t.device, kept.pin_memory() if pin_memory else kept

        def unpack(packed: tuple[Any, Tensor]) -> Tensor:
            device, kept = packed
            return kept.to(device)

        super().__init__(pack, unpack)


class disable_saved_tensors_hooks:
    """Within the block, saved_tensors_hooks raises RuntimeError with ``error_message``; also a decorator.

    RuntimeError where hooks are in use on this thread.

    >>> with tenon.autograd.graph.disable_saved_tensors_hooks("no hooks here"):
    ...     y = tenon.ones(2, requires_grad=True) * 2
    """

    def __init__(self, error_message: str) -> None:
        self._message = error_message
        self._before: list[str] = []

    def __enter__(self) -> None:
        self._before.append(_C._disable_saved_tensors_hooks(self._message))

    def __exit__(self, *_: object) -> None:
        _C._disable_saved_tensors_hooks(self._before.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with disable_saved_tensors_hooks(self._message):
                return function(*args, **kwargs)

        return wrapper


_guide(__name__)
