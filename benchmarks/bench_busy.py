"""Parallel loops while another process keeps a core busy: no slower than on one thread."""

import numpy as np
from harness import row


def numbers(xp, n):
    return xp.asarray(np.random.default_rng(0).random(n, np.float32))


@row("a + b, 1 MB, a busy core", bytes=3 << 20, busy=True)
def add(xp):
    a, b = numbers(xp, 1 << 18), numbers(xp, 1 << 18)
    return lambda: a + b


@row("exp, 64 MB, a busy core", bytes=2 << 26, busy=True)
def exp(xp):
    a = numbers(xp, 1 << 24)
    return lambda: xp.exp(a)


@row("sum, 4 MB, a busy core", bytes=1 << 22, limit="read", busy=True)
def total(xp):
    return numbers(xp, 1 << 20).sum
