"""What `script/bench --device cuda` measures. Times are device.py's business."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from bench_training import MODELS
from device import Library, row

Work = Callable[[], Any] | None
LARGE, TINY = 1 << 26, 1000  # elements: 256 MB of float32, beyond every cache; and for --smoke


def floats(arrays: int) -> Callable[[int], float]:
    """The bytes of so many arrays of float32."""
    return lambda n: 4.0 * arrays * n


def grid(arrays: int) -> Callable[[tuple[int, int]], float]:
    return lambda shape: 4.0 * arrays * shape[0] * shape[1]


# ---- elementwise ----


@row("elementwise", "a + b", size=LARGE, smoke=TINY, bytes=floats(3))
def add(lib: Library) -> Work:
    a, b = lib.numbers(lib.size), lib.numbers(lib.size)
    return lambda: a + b


@row("elementwise", "a + b, bfloat16", size=LARGE, smoke=TINY, bytes=lambda n: 6.0 * n)
def add_bfloat16(lib: Library) -> Work:
    a = lib.numbers(lib.size, dtype="bfloat16")
    return None if a is None else lambda: a + a


@row("elementwise", "a + row", size=(8192, 8192), smoke=(8, 33), bytes=grid(2))
def add_row(lib: Library) -> Work:
    a, b = lib.numbers(*lib.size), lib.numbers(lib.size[1])
    return lambda: a + b


@row("elementwise", "a * 2 + 1 in place", size=LARGE, smoke=TINY, bytes=floats(4))
def in_place(lib: Library) -> Work:
    a = lib.numbers(lib.size)

    def work() -> None:
        nonlocal a
        a *= 2
        a += 1

    return work


def unary(name: str) -> None:
    @row("elementwise", name, size=LARGE, smoke=TINY, bytes=floats(2))
    def setup(lib: Library) -> Work:
        f, a = getattr(lib.xp, name, None), lib.numbers(lib.size)
        return f and (lambda: f(a))


for name in ("exp", "tanh", "sin", "sqrt"):
    unary(name)


@row("elementwise", "gelu", size=LARGE, smoke=TINY, bytes=floats(2))
def gelu(lib: Library) -> Work:
    if lib.is_cupy:
        return None
    f, a = lib.xp.nn.functional.gelu, lib.numbers(lib.size)
    return lambda: f(a)


@row("elementwise", "where(a > b, a, b)", size=LARGE, smoke=TINY, bytes=lambda n: 22.0 * n)
def where(lib: Library) -> Work:
    a, b = lib.numbers(lib.size), lib.numbers(lib.size)
    return lambda: lib.xp.where(a > b, a, b)


@row("elementwise", "float32 to float16", size=LARGE, smoke=TINY, bytes=lambda n: 6.0 * n)
def cast(lib: Library) -> Work:
    a = lib.numbers(lib.size)
    return (lambda: a.astype("float16")) if lib.is_cupy else (lambda: a.half())


# ---- transposes ----


@row("transposes", "a.T, contiguous", size=(8192, 8192), smoke=(33, 8), bytes=grid(2))
def transpose(lib: Library) -> Work:
    a = lib.numbers(*lib.size).T
    return (lambda: lib.xp.ascontiguousarray(a)) if lib.is_cupy else (lambda: a.contiguous())


@row("transposes", "a + a.T", size=(8192, 8192), smoke=(17, 17), bytes=grid(3))
def add_transposed(lib: Library) -> Work:
    a = lib.numbers(*lib.size)
    return lambda: a + a.T


@row("transposes", "a[::2], contiguous", size=LARGE, smoke=TINY, bytes=floats(1))
def strided(lib: Library) -> Work:
    a = lib.numbers(lib.size)[::2]
    return (lambda: a.copy()) if lib.is_cupy else (lambda: a.clone())


# ---- reductions, scans ----


def reduction(name: str, axis: int | None) -> None:
    title = f"{name}, " + ("all" if axis is None else "rows" if axis == 1 else "columns")

    @row("reductions", title, size=(8192, 8192), smoke=(9, 40), bytes=grid(1))
    def setup(lib: Library) -> Work:
        f, a = getattr(lib.xp, name), lib.numbers(*lib.size)
        if axis is None:
            return lambda: f(a)
        return (lambda: f(a, axis=axis)) if lib.is_cupy else (lambda: f(a, dim=axis))


for name in ("sum", "mean", "argmax"):
    for axis in (None, 1, 0):
        reduction(name, axis)


@row("reductions", "cumsum, rows", size=(8192, 8192), smoke=(9, 40), bytes=grid(2))
def cumsum(lib: Library) -> Work:
    a = lib.numbers(*lib.size)
    return lambda: lib.xp.cumsum(a, 1)


# ---- softmax and its kin ----


def along_rows(title: str, size: tuple[int, int], f: Callable[[Any, Any], Any]) -> None:
    @row("softmax", title, size=size, smoke=(5, 37), bytes=grid(2))
    def setup(lib: Library) -> Work:
        if lib.is_cupy:
            return None
        a = lib.numbers(*lib.size)
        return lambda: f(lib.xp.nn.functional, a)


along_rows("softmax, 8192 x 4096", (8192, 4096), lambda nn, a: nn.softmax(a, 1))
along_rows("softmax, 256 x 131072", (256, 131072), lambda nn, a: nn.softmax(a, 1))
along_rows("log_softmax, 8192 x 4096", (8192, 4096), lambda nn, a: nn.log_softmax(a, 1))
along_rows("layer_norm, 8192 x 4096", (8192, 4096), lambda nn, a: nn.layer_norm(a, (a.shape[1],)))


# ---- sort and search ----


@row("sort", "sort, 16 M", size=1 << 24, smoke=300, bytes=floats(2))
def sort(lib: Library) -> Work:
    a = lib.numbers(lib.size)
    return (lambda: lib.xp.sort(a)) if lib.is_cupy else (lambda: a.sort())


@row("sort", "sort, rows of 1024", size=(16384, 1024), smoke=(3, 70), bytes=grid(2))
def sort_rows(lib: Library) -> Work:
    a = lib.numbers(*lib.size)
    return (lambda: lib.xp.sort(a, axis=1)) if lib.is_cupy else (lambda: a.sort(1))


@row("sort", "topk, 16 of rows of 1024", size=(16384, 1024), smoke=(3, 70), bytes=grid(1))
def topk(lib: Library) -> Work:
    a = lib.numbers(*lib.size)
    return None if lib.is_cupy else lambda: lib.xp.topk(a, 16, 1)


@row("sort", "unique, 16 M", size=1 << 24, smoke=300, bytes=lambda n: 8.0 * n)
def unique(lib: Library) -> Work:
    a = lib.array(np.random.default_rng(0).integers(0, 1000, lib.size))
    return lambda: lib.xp.unique(a)


# ---- gather, scatter, masks ----


def places(lib: Library, n: int, most: int) -> Any:
    return lib.array(np.random.default_rng(1).integers(0, most, n))


@row("gather", "a[index], 64 M of float32", size=LARGE, smoke=TINY, bytes=lambda n: 16.0 * n)
def gather(lib: Library) -> Work:
    a, i = lib.numbers(lib.size), places(lib, lib.size, lib.size)
    return lambda: a[i]


@row("gather", "rows of an embedding, 65536 of 512", size=(65536, 512), smoke=(20, 16), bytes=grid(2))
def embedding(lib: Library) -> Work:
    a, i = lib.numbers(*lib.size), places(lib, lib.size[0], lib.size[0])
    return lambda: a[i]


@row("gather", "index_add, 65536 rows of 512", size=(65536, 512), smoke=(20, 16), bytes=grid(3))
def index_add(lib: Library) -> Work:
    a, i = lib.numbers(*lib.size), places(lib, lib.size[0], lib.size[0] // 2)
    return None if lib.is_cupy else lambda: a.index_add(0, i, a)


@row("gather", "a[mask]", size=LARGE, smoke=TINY, bytes=lambda n: 7.0 * n)
def masked(lib: Library) -> Work:
    a = lib.numbers(lib.size)
    mask = a > 0
    return lambda: a[mask]


@row("random", "randn", size=LARGE, smoke=TINY, bytes=floats(1))
def randn(lib: Library) -> Work:
    if lib.is_cupy:
        return lambda: lib.xp.random.standard_normal(lib.size, dtype="float32")
    return lambda: lib.xp.randn(lib.size, device="cuda")


# ---- products ----


def product(
    title: str, size: tuple[int, ...], smoke: tuple[int, ...], dtype: str, transposed: bool = False
) -> None:
    def flops(shape: tuple[int, ...]) -> float:
        return 2.0 * shape[-1] ** 3 * (shape[0] if len(shape) > 1 else 1)

    @row("matmul", title, size=size, smoke=smoke, flops=flops)
    def setup(lib: Library) -> Work:
        shape = (*lib.size, lib.size[-1])
        a = lib.numbers(*shape, dtype=dtype)
        if a is None:
            return None
        b = lib.numbers(*shape, dtype=dtype)
        b = b.T if transposed else b
        return lambda: a @ b


for dtype in ("float32", "float16", "bfloat16", "float64"):
    product(f"8192², {dtype}", (8192,), (40,), dtype)
product("8192², float32, b.T", (8192,), (40,), "float32", transposed=True)
product("4096 times 64², float32", (4096, 64), (3, 20), "float32")


@row("matmul", "linear with bias, 8192 x 4096 x 4096", size=4096, smoke=24, flops=lambda n: 4.0 * n**3)
def linear(lib: Library) -> Work:
    if lib.is_cupy:
        return None
    x, w, b = lib.numbers(2 * lib.size, lib.size), lib.numbers(lib.size, lib.size), lib.numbers(lib.size)
    return lambda: lib.xp.nn.functional.linear(x, w, b)


# ---- layers ----


def convolution(title: str, images: int, channels: int, side: int, kernel: int) -> None:
    def flops(size: tuple[int, int, int]) -> float:
        n, c, s = size
        return 2.0 * n * c * c * s * s * kernel * kernel

    @row("conv", title, size=(images, channels, side), smoke=(2, 3, 9), flops=flops)
    def setup(lib: Library) -> Work:
        if lib.is_cupy:
            return None
        n, c, s = lib.size
        x, w = lib.numbers(n, c, s, s), lib.numbers(c, c, kernel, kernel)
        return lambda: lib.xp.nn.functional.conv2d(x, w, padding=kernel // 2)


convolution("conv2d 3x3, 64 x 64 x 56²", 64, 64, 56, 3)
convolution("conv2d 1x1, 64 x 256 x 28²", 64, 256, 28, 1)


@row(
    "conv",
    "max_pool2d 2x2, 64 x 64 x 112²",
    size=(64, 64, 112),
    smoke=(2, 3, 8),
    bytes=lambda s: 5.0 * s[0] * s[1] * s[2] ** 2,
)
def pool(lib: Library) -> Work:
    if lib.is_cupy:
        return None
    n, c, s = lib.size
    x = lib.numbers(n, c, s, s)
    return lambda: lib.xp.nn.functional.max_pool2d(x, 2)


@row(
    "conv",
    "batch_norm, 64 x 64 x 56²",
    size=(64, 64, 56),
    smoke=(2, 3, 8),
    bytes=lambda s: 8.0 * s[0] * s[1] * s[2] ** 2,
)
def batch_norm(lib: Library) -> Work:
    if lib.is_cupy:
        return None
    n, c, s = lib.size
    x = lib.numbers(n, c, s, s)
    return lambda: lib.xp.nn.functional.batch_norm(x, None, None, training=True)


@row(
    "conv",
    "attention, 8 x 16 heads x 2048 x 64",
    size=(8, 16, 2048),
    smoke=(1, 2, 17),
    flops=lambda s: 4.0 * s[0] * s[1] * s[2] ** 2 * 64,
)
def attention(lib: Library) -> Work:
    if lib.is_cupy:
        return None
    q, k, v = (lib.numbers(*lib.size, 64) for _ in range(3))
    return lambda: lib.xp.nn.functional.scaled_dot_product_attention(q, k, v)


# ---- training ----


def training(title: str, make: Callable[[Any], Any], optimizer: str) -> None:
    @row("training", f"{title}, {optimizer}", size=None, smoke=4)
    def setup(lib: Library) -> Work:
        if lib.is_cupy:
            return None
        xp = lib.xp
        model, x, y = make(xp)
        if lib.size:  # a few samples, and of sequences the first steps
            x, y = x[: lib.size], y[: lib.size]
        model, x, y = model.to("cuda"), x.cuda(), y.cuda()
        steps = getattr(xp.optim, optimizer)(model.parameters(), lr=1e-3)

        def step() -> None:
            loss = xp.nn.functional.cross_entropy(model(x), y)
            steps.zero_grad()
            loss.backward()
            steps.step()

        return step


# The second model is large: --smoke would take minutes where threads are fibers.
for title, (make, _) in MODELS.items():
    for optimizer in ("SGD", "AdamW"):
        training(title, functools.partial(make), optimizer)


# ---- transfers, the cost of a call ----


def transfer(title: str, pinned: bool, to_device: bool) -> None:
    @row("transfers", title, size=LARGE, smoke=TINY)
    def setup(lib: Library) -> Work:
        if lib.is_cupy:
            host, there = np.zeros(lib.size, "f4"), lib.numbers(lib.size)
            if pinned:
                block = lib.xp.cuda.alloc_pinned_memory(host.nbytes)
                host = np.frombuffer(block, "f4", lib.size)
            return (lambda: there.set(host)) if to_device else (lambda: there.get(out=host))
        host, there = lib.xp.zeros(lib.size), lib.numbers(lib.size)
        host = host.pin_memory() if pinned else host
        if to_device:
            return lambda: there.copy_(host, non_blocking=pinned)
        return lambda: host.copy_(there, non_blocking=pinned)


transfer("to the device, page-locked, 256 MB", True, True)
transfer("to the host, page-locked, 256 MB", True, False)
transfer("to the device, pageable, 256 MB", False, True)
transfer("to the host, pageable, 256 MB", False, False)


@row("calls", "a + b, 256 elements", size=256, smoke=256)
def small_add(lib: Library) -> Work:
    a, b = lib.numbers(lib.size), lib.numbers(lib.size)
    return lambda: a + b


@row("calls", "a + b, 256 elements, recorded", size=256, smoke=256)
def small_add_recorded(lib: Library) -> Work:
    if lib.is_cupy:
        return None
    a, b = lib.numbers(lib.size).requires_grad_(), lib.numbers(lib.size)
    return lambda: a + b


@row("calls", "a.sum().item(), 256 elements", size=256, smoke=256)
def item(lib: Library) -> Work:
    a = lib.numbers(lib.size)
    return lambda: a.sum().item()


@row("calls", "empty, 1 MB, and its end", size=1 << 18, smoke=100)
def empty(lib: Library) -> Work:
    if lib.is_cupy:
        return lambda: lib.xp.empty(lib.size, "f4")
    return lambda: lib.xp.empty(lib.size, device="cuda")
