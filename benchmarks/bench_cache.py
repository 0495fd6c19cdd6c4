"""Work that fits the caches: functions of an element, short rows, sorting."""

import numpy as np
from harness import row

random = np.random.default_rng(0)
NUMPY = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}
UNARY = [
    "exp",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "cbrt",
]


def floats(xp, *shape, low=-0.9, high=0.9):
    a = random.uniform(low, high, shape).astype(np.float32)
    return a if xp is np else xp.from_numpy(a)


def function(name):
    def setup(xp):
        f = getattr(xp, NUMPY.get(name, name) if xp is np else name, None)
        if f is None:
            return None
        low, high = (0.1, 3) if name.startswith("log") else (1, 4) if name == "acosh" else (-0.9, 0.9)
        a, out = floats(xp, 10_000, low=low, high=high), floats(xp, 10_000)
        return lambda: f(a, out=out)

    return setup


for name in UNARY:
    row(f"{name}, 1e4, out=")(function(name))


def broadcast(shape, other):
    def setup(xp):
        a, b = floats(xp, *shape), floats(xp, *other)
        return lambda: a + b

    return setup


for shape, other, title in (
    ((1000, 64), (64,), "row"),
    ((1000, 64), (1000, 1), "column"),
    ((64, 1000), (64, 1), "column"),
):
    row(f"a + {title}, {shape[0]}x{shape[1]}")(broadcast(shape, other))


@row("softmax(axis 1), 1000x64")
def softmax(xp):
    import scipy.special

    a = floats(xp, 1000, 64)
    return (lambda: scipy.special.softmax(a, 1)) if xp is np else lambda: xp.softmax(a, 1)


def sorting(dtype, n):
    def setup(xp):
        a = (random.standard_normal(n) * 1e6).astype(dtype)
        if xp is np:
            return lambda: np.sort(a)
        t = xp.from_numpy(a)
        return (lambda: xp.sort(t)) if xp.__name__ == "torch" else (lambda: np.sort(t))

    return setup


for dtype in ("float32", "float64", "int32", "int64"):
    for n in (1000, 100_000):
        row(f"sort {dtype}, {n}; torch: with indices")(sorting(dtype, n))
