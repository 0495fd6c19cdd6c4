"""What a public module shows in completion, and what it says of a name that it does not have."""

from __future__ import annotations

import sys
from collections.abc import Collection

#: The public modules; where a name may be instead, the first ones first.
MODULES = (
    "tenon", "tenon.numpy", "tenon.linalg", "tenon.fft", "tenon.numpy.linalg", "tenon.numpy.fft",
    "tenon.autograd", "tenon.autograd.functional", "tenon.autograd.graph", "tenon.cuda", "tenon.cuda.amp",
    "tenon.random",
    "tenon.special",
    "tenon.memory", "tenon.distributions", "tenon.func", "tenon.distributions.constraints",
    "tenon.distributions.transforms",
    "tenon.optim", "tenon.optim.lr_scheduler", "tenon.optim.swa_utils", "tenon.utils",
    "tenon.utils.data", "tenon.amp", "tenon.nn", "tenon.nn.functional", "tenon.nn.init",
    "tenon.nn.utils", "tenon.nn.parameter", "tenon.nn.utils.rnn", "tenon.nn.utils.parametrizations",
    "tenon.nn.utils.parametrize", "tenon.nn.utils.prune", "tenon.testing",
    "tenon.signal", "tenon.signal.windows", "tenon.backends", "tenon.backends.cuda", "tenon.backends.cudnn",
    "tenon.backends.mkl", "tenon.backends.mkldnn", "tenon.backends.mps", "tenon.backends.openmp",
    "tenon.backends.opt_einsum", "tenon.version", "tenon.utils.checkpoint", "tenon.utils.dlpack",
    "tenon.nn.grad", "tenon.nn.utils.stateless", "tenon.multiprocessing",
)  # fmt: skip


def _public(module: str) -> list[str]:
    import importlib

    return [n for n in dir(importlib.import_module(module)) if not n.startswith("_")]


def _in_numpy(module: str, name: str) -> str:
    """NumPy's own function of that name, for a module that has NumPy's functions; '' if there is none."""
    place = {"tenon": "numpy", "tenon.linalg": "numpy.linalg", "tenon.fft": "numpy.fft"}.get(
        module, module.removeprefix("tenon.") if module.startswith("tenon.numpy") else None
    )
    if place is None:
        return ""
    import importlib

    try:
        found = hasattr(importlib.import_module(place), name)
    except ImportError:
        return ""
    return f"{place}.{name}" if found else ""


def missing(module: str, name: str) -> AttributeError:
    """The error for a name that a module does not have: where it is, or the nearest name."""
    text = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(text)
    for door in MODULES:
        if door != module and name in _public(door):
            return AttributeError(f"{text}; it is {door}.{name}")
    if there := _in_numpy(module, name):
        from tenon.numpy._table import BY_NUMPY

        how = ", which takes tensors" if name in BY_NUMPY else " on tensor.numpy()"
        return AttributeError(f"{text}; tenon has no implementation of it, use {there}{how}")
    import difflib

    near = difflib.get_close_matches(name, _public(module), n=1, cutoff=0.75)
    return AttributeError(f"{text}; did you mean {near[0]!r}?" if near else text)


def refuse_others(op: str, options: Collection[str], known: Collection[str]) -> None:
    """TypeError for options of a call that are not among the known ones."""
    if unknown := sorted(set(options) - set(known)):
        raise TypeError(f"{op}: unknown options {', '.join(unknown)}")


def called(name: str, text: str) -> str:
    """An error's text that begins with the operation that failed, with the name that the user called."""
    op, colon, rest = text.partition(": ")
    return f"{name}: {rest}" if colon and " " not in op else f"{name}: {text}"


def guide(module: str, ways_out: dict[str, str] | None = None) -> None:
    """Makes a module show the names in its __all__ alone, and point to a missing one.

    ways_out: What to do instead, by a name that will not come.
    """
    space = vars(sys.modules[module])

    def attribute(name: str) -> object:
        if ways_out and name in ways_out:
            raise AttributeError(f"module {module!r} has no attribute {name!r}; {ways_out[name]}")
        raise missing(module, name)

    space.setdefault("__dir__", lambda: sorted(space["__all__"]))
    space.setdefault("__getattr__", attribute)
