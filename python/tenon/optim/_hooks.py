"""What register_..._hook returns."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class RemovableHandle:
    """Takes a hook back: by ``remove()``, or at the end of a ``with`` block."""

    _next = 0

    def __init__(self, hooks: dict[int, Callable[..., Any]]) -> None:
        self.id = RemovableHandle._next
        RemovableHandle._next += 1
        self._hooks = hooks

    def remove(self) -> None:
        """Takes the hook back. Does nothing where that has happened."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def add(
    hooks: dict[int, Callable[..., Any]], name: str, hook: Callable[..., Any], prepend: bool
) -> RemovableHandle:
    """Puts a hook behind the others, or before them."""
    if not callable(hook):
        raise TypeError(f"{name}: the hook must be callable; got {type(hook).__name__}")
    handle = RemovableHandle(hooks)
    others = dict(hooks) if prepend else {}
    if prepend:
        hooks.clear()
    hooks[handle.id] = hook
    hooks.update(others)
    return handle
