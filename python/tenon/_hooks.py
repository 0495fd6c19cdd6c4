"""Hooks that modules and optimizers keep, and the handles that take them away."""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Hook = Callable[..., Any]
    Hooks = OrderedDict[int, Any]  # by the id of their handle, in the order in which they are called

_ids = itertools.count()


class RemovableHandle:
    """What a register function returns: ``remove()`` takes the hook away, as does the end of a ``with``."""

    def __init__(self, *dicts: Hooks) -> None:
        self.id = next(i for i in _ids if i not in dicts[0])  # a pickle may have brought some
        # Weak, so that a handle keeps no module alive.
        self._dicts = [weakref.ref(d) for d in dicts]

    def __getstate__(self) -> Any:
        return self.id, [reference() for reference in self._dicts]

    def __setstate__(self, state: Any) -> None:
        self.id, dicts = state
        self._dicts = [weakref.ref(OrderedDict() if d is None else d) for d in dicts]

    def remove(self) -> None:
        """Takes the hook away. A second call does nothing."""
        for reference in self._dicts:
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def add(
    hooks: Hooks, hook: Hook, op: str, prepend: bool = False, flags: Sequence[tuple[bool, Hooks]] = ()
) -> RemovableHandle:
    """Registers a hook. flags: whether one is set, and the ids of the hooks where it is."""
    if not callable(hook):
        raise TypeError(f"{op}: the hook must be callable; got {type(hook).__name__}")
    handle = RemovableHandle(hooks, *(where for _, where in flags))
    hooks[handle.id] = hook
    for is_set, where in flags:
        if is_set:
            where[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
