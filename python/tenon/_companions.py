"""Libraries that must be told about tensors: they are, when they are imported, and never because tenon is."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

#: The module whose import is waited for, and the one of tenon that registers tensors there.
COMPANIONS = {
    "einops._backends": "tenon._einops",
    "dask.array": "tenon._dask",
    "pandas": "tenon._pandas",
}


def _register(name: str) -> None:
    from importlib import import_module

    try:
        import_module(COMPANIONS[name]).register()
    except (ImportError, AttributeError) as e:  # of another version: its own import must not fail by this
        import warnings

        warnings.warn(f"tenon: {name} could not be told about tensors: {e}", RuntimeWarning, stacklevel=2)


class _Watcher:
    """The first of the import system's finders: it finds nothing itself, but adds a step to a load."""

    def __init__(self, names: set[str]) -> None:
        self.waiting = names

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self.waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec: Any = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        load = getattr(spec.loader, "exec_module", None)
        if load is not None:

            def exec_module(module: Any) -> None:
                load(module)
                if name in self.waiting:
                    self.waiting.discard(name)
                    _register(name)

            spec.loader.exec_module = exec_module
        return spec


def watch() -> None:
    """Registers tensors with the companions that are there, and with the others when they come."""
    loaded = {name for name in COMPANIONS if name in sys.modules}
    sys.meta_path.insert(0, _Watcher(COMPANIONS.keys() - loaded))
    for name in loaded:
        _register(name)
