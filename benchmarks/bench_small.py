"""Small calls: what an operation costs beside its elements."""

import numpy as np
from harness import code, libraries, row

TEN = "150 ns, NumPy 2.5x, torch 5x"


def ten(xp):
    return xp.asarray(np.arange(10, dtype=np.float32))


@row("a + b, 10 elements", target=TEN)
def add(xp):
    return code("a + b", a=ten(xp), b=ten(xp))


@row("a += b, 10 elements", target=TEN)
def add_in_place(xp):
    return code("a += b", a=ten(xp), b=xp.zeros_like(ten(xp)))


@row("a + 1.0, 10 elements", target=TEN)
def add_number(xp):
    return code("a + 1.0", a=ten(xp))


@row("a < b, 10 elements", target=TEN)
def less(xp):
    return code("a < b", a=ten(xp), b=ten(xp))


@row("exp, 10 elements", target=TEN)
def exp(xp):
    return code("f(a)", f=xp.exp, a=ten(xp))


@row("sum, 10 elements", target=TEN)
def total(xp):
    return code("a.sum()", a=ten(xp))


@row("sum(axis), 4x4")
def total_axis(xp):
    a = xp.ones((4, 4))
    return code("a.sum(1)", a=a)


@row("std, 10 elements")
def std(xp):
    return code("a.std()", a=ten(xp))


@row("argmax, 10 elements", target="NumPy 1.7x, torch 5x")
def argmax(xp):
    return code("a.argmax()", a=ten(xp))


@row("where, 10 elements", target=TEN)
def where(xp):
    a = ten(xp)
    return code("f(m, a, b)", f=xp.where, m=a > 4, a=a, b=a)


@row("a[mask], 10 elements")
def mask(xp):
    a = ten(xp)
    return code("a[m]", a=a, m=a > 4)


@row("a[i], 10 of 10")
def gather(xp):
    a = ten(xp)
    return code("a[i]", a=a, i=xp.asarray(np.arange(10)))


@row("sort, 10 elements")
def sort(xp):
    return code("f(a)", f=xp.sort, a=ten(xp))


@row("cumsum, 10 elements")
def cumsum(xp):
    return code("f(a, 0)", f=xp.cumsum, a=ten(xp))


@row("concatenate 2x10")
def concatenate(xp):
    f = getattr(xp, "concatenate", None) or xp.cat
    return code("f((a, a))", f=f, a=ten(xp))


@row("a @ b, 4x4", target="NumPy 4x, torch 5x")
def matmul(xp):
    a = xp.asarray(np.eye(4, dtype=np.float32))
    return code("a @ a", a=a)


@row("empty(10)")
def empty(xp):
    return code("f(10)", f=xp.empty)


@row("zeros(10)")
def zeros(xp):
    return code("f(10)", f=xp.zeros)


@row("arange(10)")
def arange(xp):
    return code("f(10)", f=xp.arange)


@row("a.reshape(5, 2)", target="80 ns")
def reshape(xp):
    return code("a.reshape(5, 2)", a=ten(xp))


@row("a.T", target="80 ns")
def transpose(xp):
    return code("a.T", a=xp.ones((5, 2)))


@row("a[2:8:2]", target="80 ns, NumPy 1.1x, torch 10x")
def slice_step(xp):
    return code("a[2:8:2]", a=ten(xp))


@row("a[3]", target="80 ns, NumPy 1.1x, torch 10x")
def index(xp):
    return code("a[3]", a=ten(xp))


@row("a[3] = 1.0")
def set_item(xp):
    return code("a[3] = 1.0", a=ten(xp))


@row("a[3].item()")
def item(xp):
    return code("a[3].item()", a=ten(xp))


@row("float64 copy of 10 float32")
def convert():
    tensors = {name: code("a.double()", a=ten(xp)) for name, xp in libraries().items() if name != "numpy"}
    return tensors | {"numpy": code("a.astype(d)", a=ten(np), d=np.float64)}
