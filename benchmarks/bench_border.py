"""The border: what a crossing costs. Nothing is copied but where the row says so."""

import numpy as np
from harness import Import, code, libraries, row


def foreign():
    """The libraries for which NumPy's memory is another's."""
    return {name: xp for name, xp in libraries().items() if name != "numpy"}


@row("from_numpy", target="60 ns (stretch 40), torch 12x")
def from_numpy():
    a = np.ones(10, np.float32)
    return {name: code("f(a)", f=xp.from_numpy, a=a) for name, xp in foreign().items()}


@row("t.numpy(); NumPy: a.view()", target="90 ns (stretch 75), torch 12x")
def to_numpy():
    crossings = {name: code("t.numpy()", t=xp.ones(10)) for name, xp in foreign().items()}
    return crossings | {"numpy": code("a.view()", a=np.ones(10, np.float32))}


@row("there and back", target="120 ns, torch 12x")
def round_trip():
    a = np.ones(10, np.float32)
    return {name: code("f(a).numpy()", f=xp.from_numpy, a=a) for name, xp in foreign().items()}


@row("np.asarray(t)", target="300 ns", alias="numpy")
def np_asarray(xp):
    return code("f(t)", f=np.asarray, t=xp.ones(10))


@row("asarray(a)", alias="numpy")
def asarray(xp):
    return code("f(a)", f=xp.asarray, a=np.ones(10, np.float32))


@row("from_dlpack(a)")
def from_dlpack(xp):
    return code("f(a)", f=xp.from_dlpack, a=np.ones(10, np.float32))


@row("np.from_dlpack(t)")
def np_from_dlpack(xp):
    return code("f(t)", f=np.from_dlpack, t=xp.ones(10))


@row("memoryview(t)")
def view():
    return {
        name: code("f(t)", f=memoryview, t=xp.ones(10)) for name, xp in libraries().items() if name != "torch"
    }


@row("detach().cpu().numpy()")
def detach():
    return {
        name: code("t.detach().cpu().numpy()", t=xp.ones(10).requires_grad_())
        for name, xp in foreign().items()
    }


@row("np.add(t, a)")
def ufunc(xp):
    return code("f(t, a)", f=np.add, t=xp.ones(10), a=np.ones(10, np.float32))


@row("list of 1e5 floats, copied", target="NumPy 7.5x, torch 7.5x")
def from_list(xp):
    numbers = np.random.default_rng(0).random(100_000).tolist()
    return code("f(x)", f=getattr(xp, "tensor", None) or xp.array, x=numbers)


@row("list of 1000 arrays of 100, copied", target="NumPy 7.5x, torch 3.5x")
def from_arrays(xp):
    arrays = [np.ones(100, np.float32) for _ in range(1000)]
    if xp.__name__ == "torch":  # torch.tensor takes 50 ms here, torch.stack wants tensors
        return code("f(x)", f=xp.stack, x=[xp.from_numpy(a) for a in arrays])
    return code("f(x)", f=getattr(xp, "tensor", None) or xp.array, x=arrays)


@row("t.tolist(), 1e4 floats")
def tolist(xp):
    return code("t.tolist()", t=xp.asarray(np.random.default_rng(0).random(10_000)))


@row("import", target="20 ms, torch 40x")
def import_time():
    return {name: Import(name) for name in libraries()}
