"""The border: crossings, and small calls, where the cost is the call and not the memory."""

import numpy as np
from harness import Import, code, libraries, row


def foreign():
    """The libraries for which NumPy's memory is another's."""
    return {name: xp for name, xp in libraries().items() if name != "numpy"}


@row("from_numpy", target="40 ns, torch 12x")
def from_numpy():
    a = np.ones(10, np.float32)
    return {name: code("f(a)", f=xp.from_numpy, a=a) for name, xp in foreign().items()}


@row("t.numpy(); NumPy: a.view()", target="75 ns, 1.7x a.view(), torch 12x")
def to_numpy():
    crossings = {name: code("t.numpy()", t=xp.ones(10)) for name, xp in foreign().items()}
    return crossings | {"numpy": code("a.view()", a=np.ones(10, np.float32))}


@row("np.asarray(t)")
def asarray(xp):
    return code("f(t)", f=np.asarray, t=xp.ones(10))


@row("there and back", target="120 ns, torch 12x")
def round_trip():
    a = np.ones(10, np.float32)
    return {name: code("f(a).numpy()", f=xp.from_numpy, a=a) for name, xp in foreign().items()}


@row("a + b, 10 elements", target="150 ns, NumPy 2.5x, torch 5x")
def add(xp):
    return code("a + b", a=xp.ones(10), b=xp.ones(10))


@row("a += b, 10 elements", target="150 ns, NumPy 2.5x, torch 5x")
def add_in_place(xp):
    return code("a += b", a=xp.ones(10), b=xp.zeros(10))


@row("a[2:8:2]", target="60 ns, NumPy 1.1x, torch 10x")
def slice_step(xp):
    return code("a[2:8:2]", a=xp.ones(10))


@row("a[3]", target="60 ns, NumPy 1.1x, torch 10x")
def index(xp):
    return code("a[3]", a=xp.ones(10))


@row("import", target="20 ms, torch 40x")
def import_time():
    return {name: Import(name) for name in libraries()}
