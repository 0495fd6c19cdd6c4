"""Large arrays of float32: 4 MB (in the cache) and 64 MB (in memory), with fresh and with given outputs."""

import numpy as np
from harness import row

MB4, MB64 = 1_000_000, 16_000_000
random = np.random.default_rng(0)


def numbers(xp, n=MB64, dtype=np.float32):
    return xp.asarray(random.standard_normal(n).astype(dtype))


def square(xp, n=4096):
    return numbers(xp, n * n).reshape(n, n)


def elementwise(name, function, *, arity=1, target64, target4=""):
    """The rows of one operation: fresh outputs of 4 and 64 MB, and a given one of 64 MB."""

    def fresh(n):
        def setup(xp):
            f, x = getattr(xp, function), [numbers(xp, n) for _ in range(arity)]
            return lambda: f(*x)

        return setup

    def given(xp):
        f, x, out = getattr(xp, function), [numbers(xp) for _ in range(arity)], xp.empty_like(numbers(xp))
        return lambda: f(*x, out=out)

    def bytes(n):
        return 4 * n * (arity + 1)

    row(f"{name}, 4 MB", bytes=bytes(MB4), target=target4)(fresh(MB4))
    row(f"{name}, 64 MB", bytes=bytes(MB64), target=target64)(fresh(MB64))
    row(f"{name}, 64 MB, out=", bytes=bytes(MB64))(given)


elementwise("a + b", "add", arity=2, target64="NumPy 2x", target4="of limit 75 %")
elementwise("a * b", "multiply", arity=2, target64="NumPy 2x", target4="of limit 75 %")
elementwise("exp", "exp", target64="NumPy 2x; of limit 55 %", target4="NumPy 1.35x")
elementwise("sin", "sin", target64="NumPy 2x; of limit 55 %", target4="NumPy 1.35x")
elementwise("tanh", "tanh", target64="NumPy 1x, torch 6x")
elementwise("log1p", "log1p", target64="NumPy 2x")
elementwise("sqrt", "sqrt", target64="NumPy 2x")


@row("a + 1, 64 MB", bytes=2 * 4 * MB64, target="NumPy 2x")
def add_number(xp):
    a = numbers(xp)
    return lambda: a + 1


@row("a += b, 64 MB", bytes=3 * 4 * MB64)
def add_in_place(xp):
    a, b = numbers(xp), xp.zeros_like(numbers(xp))

    def work(a=a):
        a += b

    return work


@row("a < b, 64 MB", bytes=2.25 * 4 * MB64, target="NumPy 2x")
def less(xp):
    a, b = numbers(xp), numbers(xp)
    return lambda: a < b


@row("where, 4 MB", bytes=3.25 * 4 * MB4, target="NumPy 4.5x, torch 4.5x")
def where_small(xp):
    a, b = numbers(xp, MB4), numbers(xp, MB4)
    m = a > 0
    return lambda: xp.where(m, a, b)


@row("where, 64 MB", bytes=3.25 * 4 * MB64, target="NumPy 4.5x, torch 4.5x")
def where(xp):
    a, b = numbers(xp), numbers(xp)
    m = a > 0
    return lambda: xp.where(m, a, b)


@row("a[mask], 64 MB, half of it", bytes=1.75 * 4 * MB64, target="NumPy 5x, torch 5x; of limit 30 %")
def masked(xp):
    a = numbers(xp)
    m = a > 0
    return lambda: a[m]


@row("copy, 64 MB", bytes=2 * 4 * MB64, target="of limit 75 %")
def copy(xp):
    a = numbers(xp)
    return a.clone if hasattr(a, "clone") else a.copy


@row("float64 of float32, 64 MB", bytes=3 * 4 * MB64, target="of limit 75 %")
def widen(xp):
    a = numbers(xp)
    if xp is np:
        return lambda: a.astype(np.float64)
    return lambda: a.to(xp.float64)


@row("float32 of float64, 128 MB", bytes=3 * 4 * MB64, target="of limit 75 %")
def narrow(xp):
    a = numbers(xp, dtype=np.float64)
    if xp is np:
        return lambda: a.astype(np.float32)
    return lambda: a.to(xp.float32)


@row("float32 of int64, 128 MB", bytes=3 * 4 * MB64, target="of limit 75 %")
def from_integers(xp):
    a = xp.arange(MB64)
    if xp is np:
        return lambda: a.astype(np.float32)
    return lambda: a.to(xp.float32)


@row("float16 add, 1e6", bytes=6 * MB4)
def halves(xp):
    a = numbers(xp, MB4, np.float16)
    return lambda: a + a


@row("sum, 64 MB", bytes=4 * MB64, limit="read", target="of limit 75 %")
def total(xp):
    return numbers(xp).sum


@row("max, 64 MB", bytes=4 * MB64, limit="read", target="of limit 75 %")
def maximum(xp):
    return numbers(xp).max


@row("argmax, 64 MB", bytes=4 * MB64, limit="read", target="of limit 70 %, torch 5x")
def argmax(xp):
    return numbers(xp).argmax


@row("mean(axis 0), 4096²", bytes=4 * MB64, limit="read")
def mean_columns(xp):
    a = square(xp)
    return lambda: a.mean(0)


@row("std, 64 MB", bytes=4 * MB64, limit="read", target="NumPy 2.5x, torch 1.5x")
def std(xp):
    return numbers(xp).std


@row("std(axis 1), 4096²", bytes=4 * MB64, limit="read", target="NumPy 2.5x, torch 1.5x")
def std_rows(xp):
    a = square(xp)
    return lambda: a.std(1)


@row("cumsum, 4 MB", bytes=2 * 4 * MB4, target="NumPy 5x")
def cumsum_small(xp):
    a = numbers(xp, MB4)
    return lambda: xp.cumsum(a, 0)


@row("cumsum, 64 MB", bytes=2 * 4 * MB64, target="NumPy 2.5x, torch 1x")
def cumsum(xp):
    a = numbers(xp)
    return lambda: xp.cumsum(a, 0)


@row("softmax(axis 1), 4096²", bytes=2 * 4 * MB64)
def softmax(xp):
    import scipy.special

    a = square(xp)
    if xp is np:
        return lambda: scipy.special.softmax(a, 1)
    return lambda: xp.softmax(a, 1)


@row("transposed copy, 4096²", bytes=2 * 4 * MB64, target="NumPy 7.5x, torch 2.5x")
def transposed(xp):
    a = square(xp).T
    return (lambda: np.ascontiguousarray(a)) if xp is np else a.contiguous


@row("A + A.T, 4096²", bytes=3 * 4 * MB64)
def add_transposed(xp):
    a = square(xp)
    return lambda: a + a.T


@row("a[::2] + 1, 32 of 64 MB", bytes=1.5 * 4 * MB64)
def strided(xp):
    a = numbers(xp)[::2]
    return lambda: a + 1


@row("row + column, 4096²", bytes=4 * MB64)
def broadcast(xp):
    a = numbers(xp, 4096)
    column = a.reshape(4096, 1)
    return lambda: a + column


@row("a[i], 1e6 of 1e7", bytes=16 * MB4)
def gather(xp):
    a, i = numbers(xp, 10_000_000), xp.asarray(random.integers(0, 10_000_000, MB4))
    return lambda: a[i]


@row("a[i] = b, 1e6 of 1e7", bytes=16 * MB4)
def scatter(xp):
    a, i, b = numbers(xp, 10_000_000), xp.asarray(random.integers(0, 10_000_000, MB4)), numbers(xp, MB4)

    def work():
        a[i] = b

    return work


def sort_rows(name, rows, n, target=""):
    """The values alone: np.sort of a tensor. PyTorch's sort and tenon.sort give indices, too."""

    def setup(xp):
        a = numbers(xp, rows * n).reshape(rows, n)
        return (lambda: xp.sort(a)) if xp.__name__ == "torch" else (lambda: np.sort(a))

    row(name, target=target)(setup)


sort_rows("sort, 1e6", 1, MB4, target="NumPy 1x, torch 10x")
sort_rows("sort, 1e5 rows of 10", 100_000, 10)
sort_rows("sort, 1e3 rows of 1e3", 1_000, 1_000)


@row("sort with indices, 1e6; NumPy: without")
def sort_with_indices(xp):
    a = numbers(xp, MB4)
    return lambda: xp.sort(a)


@row("argsort, 1e6", target="NumPy 5x")
def argsort(xp):
    a = numbers(xp, MB4)
    return lambda: xp.argsort(a)


@row("quantile 0.9, 1e7", target="NumPy 10x, torch 75x")
def quantile(xp):
    a = numbers(xp, 10_000_000)
    if xp.__name__ == "tenon":
        return lambda: np.quantile(a, 0.9)
    if xp is np:
        return lambda: np.quantile(a, 0.9)
    return None  # PyTorch's takes at most 2^24 elements and 1.2 s


@row("median, 1e5 rows of 10")
def median_rows(xp):
    a = numbers(xp, 1_000_000).reshape(100_000, 10)
    return (lambda: xp.median(a, 1)) if xp.__name__ == "torch" else (lambda: np.median(a, axis=1))


@row("randn, 1e7", target="NumPy 5x, torch 2.4x")
def randn(xp):
    if xp is np:
        generator = np.random.default_rng(0)
        return lambda: generator.standard_normal(10_000_000, np.float32)
    return lambda: xp.randn(10_000_000)


@row("rand, 1e7", target="NumPy 2.7x, torch 4x")
def rand(xp):
    if xp is np:
        generator = np.random.default_rng(0)
        return lambda: generator.random(10_000_000, np.float32)
    return lambda: xp.rand(10_000_000)


@row("cat of 16 x 4 MB", bytes=2 * 4 * MB64)
def concatenate(xp):
    f = getattr(xp, "concatenate", None) or xp.cat
    parts = [numbers(xp, MB4) for _ in range(16)]
    return lambda: f(parts)
