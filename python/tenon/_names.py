"""What a public module shows in completion, and what it says of a name that it does not have."""

from __future__ import annotations

import sys

#: The public modules; where a name may be instead, the first ones first.
MODULES = (
    "tenon", "tenon.numpy", "tenon.linalg", "tenon.fft", "tenon.numpy.linalg", "tenon.numpy.fft",
    "tenon.autograd", "tenon.autograd.functional", "tenon.autograd.graph", "tenon.cuda", "tenon.random",
    "tenon.special",
    "tenon.memory", "tenon.distributions", "tenon.func", "tenon.distributions.constraints",
    "tenon.distributions.transforms",
    "tenon.optim", "tenon.optim.lr_scheduler", "tenon.optim.swa_utils", "tenon.utils",
    "tenon.utils.data", "tenon.amp", "tenon.nn", "tenon.nn.functional", "tenon.nn.init",
    "tenon.nn.utils", "tenon.nn.parameter", "tenon.nn.utils.rnn", "tenon.nn.utils.parametrizations",
    "tenon.nn.utils.parametrize", "tenon.nn.utils.prune",
)  # fmt: skip


def _public(module: str) -> list[str]:
    import importlib

    return [n for n in dir(importlib.import_module(module)) if not n.startswith("_")]


def missing(module: str, name: str, way_out: str = "") -> AttributeError:
    """The error for a name that a module does not have; way_out is said where nothing is near."""
    text = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(text)
    for door in MODULES:
        if door != module and name in _public(door):
            return AttributeError(f"{text}; it is {door}.{name}")
    import difflib

    near = difflib.get_close_matches(name, _public(module), n=1, cutoff=0.75)
    if near:
        text += f"; did you mean {near[0]!r}?"
    return AttributeError(f"{text}; {way_out}" if way_out else text)


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
