"""Elementwise programs: several steps as one pass over memory, and one operation for many small tensors."""

from functools import partial

import numpy as np
from harness import libraries, row

MB1, MB64 = 250_000, 16_000_000
random = np.random.default_rng(0)


def numbers(xp, n):
    return xp.asarray(random.standard_normal(n).astype(np.float32))


def tensors():
    return {name: xp for name, xp in libraries().items() if name != "numpy"}


def gelu(xp):
    return xp.gelu if xp.__name__ == "tenon" else xp.nn.functional.gelu


def activation(n, text, target=""):
    """Forward into fresh memory, and the gradient: g and x are read, one result is written. Of x in NumPy's
    memory the border guard reads the elements once more, to see that nobody has written them since."""

    def forward(approximate):
        def setup():
            return {
                key: partial(gelu(xp), numbers(xp, n), approximate=approximate)
                for key, xp in tensors().items()
            }

        return setup

    def backward(approximate, lent):
        def setup():
            made = {}
            for key, xp in tensors().items():
                x = (numbers(xp, n) if lent else numbers(xp, n).clone()).requires_grad_()
                y, g = gelu(xp)(x, approximate=approximate), numbers(xp, n)
                made[key] = partial(xp.autograd.grad, y, x, g, retain_graph=True)
            return made

        return setup

    for approximate in ("none", "tanh"):
        row(f"gelu({approximate}), {text}", bytes=2 * 4 * n, target=target)(forward(approximate))
        row(f"gradient of gelu({approximate}), {text}", bytes=3 * 4 * n, target=target)(
            backward(approximate, False)
        )
    row(f"gradient of gelu(none) of NumPy's memory, {text}", bytes=4 * 4 * n)(backward("none", True))


activation(MB1, "1 MB")
activation(MB64, "64 MB", target="of limit 80 %")


@row("gradient of tanh, 64 MB", bytes=3 * 4 * MB64, target="of limit 80 %")
def tanh_gradient():
    made = {}
    for key, xp in tensors().items():
        x = numbers(xp, MB64).requires_grad_()
        y, g = x.tanh(), numbers(xp, MB64)
        made[key] = partial(xp.autograd.grad, y, x, g, retain_graph=True)
    return made


def in_place(name, bytes, **options):
    def register(f):
        def setup():
            return {key: partial(f, *(numbers(xp, MB64) for _ in range(3))) for key, xp in tensors().items()}

        row(name, bytes=bytes, **options)(setup)

    return register


@in_place("addcmul_, 64 MB", 4 * 4 * MB64, target="of limit 80 %")
def addcmul(t, a, b):
    t.addcmul_(a, b, value=1e-3)


@in_place("addcdiv_, 64 MB", 4 * 4 * MB64, target="of limit 80 %")
def addcdiv(t, a, b):
    t.addcdiv_(a, b, value=1e-3)


@in_place("lerp_, 64 MB", 3 * 4 * MB64, target="of limit 80 %")
def lerp(t, a, b):
    t.lerp_(a, 0.1)


def many(name, function, lists, *numbers_after):
    def setup():
        made = {}
        for key, xp in tensors().items():
            arguments = [[numbers(xp, 1000) for _ in range(200)] for _ in range(lists)]
            made[key] = partial(getattr(xp, function), *arguments, *numbers_after)
        return made

    row(name)(setup)


many("_foreach_add_, 200 tensors of 1000", "_foreach_add_", 2)
many("_foreach_addcmul_, 200 tensors of 1000", "_foreach_addcmul_", 3, 1e-3)
many("_foreach_sqrt_, 200 tensors of 1000", "_foreach_sqrt_", 1)


@row("addcmul_ for each of 200 tensors of 1000")
def one_by_one():
    made = {}
    for key, xp in tensors().items():
        lists = [[numbers(xp, 1000) for _ in range(200)] for _ in range(3)]

        def work(lists=lists):
            for t, a, b in zip(*lists, strict=True):
                t.addcmul_(a, b, value=1e-3)

        made[key] = work
    return made
