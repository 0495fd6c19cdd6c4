"""What gradients cost: nothing where none is wanted."""

import numpy as np
from harness import code, libraries, row

N = 16_000_000


def tensors():
    return {name: xp for name, xp in libraries().items() if name != "numpy"}


@row("a + b, 10 elements, no grad")
def plain():
    return {name: code("a + b", a=xp.ones(10), b=xp.ones(10)) for name, xp in tensors().items()}


@row("a + b, 10 elements, recorded")
def recorded():
    return {
        name: code("a + b", a=xp.ones(10).requires_grad_(), b=xp.ones(10)) for name, xp in tensors().items()
    }


@row("a * b, 10 elements, recorded, NumPy's memory")
def recorded_borrowed():
    return {
        name: code("a * b", a=xp.from_numpy(np.ones(10)).requires_grad_(), b=xp.from_numpy(np.ones(10)))
        for name, xp in tensors().items()
    }


@row("(a * b).sum().backward(), 10 elements")
def backward():
    made = {}
    for name, xp in tensors().items():
        a, b = xp.ones(10).requires_grad_(), xp.ones(10)
        made[name] = code("(a * b).sum().backward()", a=a, b=b)
    return made


@row("chain of 100 additions, backward")
def chain():
    def steps(x):
        y = x
        for _ in range(100):
            y = y + x
        y.sum().backward()

    return {name: code("f(x)", f=steps, x=xp.ones(10).requires_grad_()) for name, xp in tensors().items()}


@row("(a * b).sum().backward(), 64 MB")
def backward_large():
    made = {}
    for name, xp in tensors().items():
        a, b = xp.ones(N).requires_grad_(), xp.ones(N)

        def work(a=a, b=b):
            a.grad = None
            (a * b).sum().backward()

        made[name] = work
    return made


@row("the same over NumPy's memory (guarded)")
def backward_borrowed():
    made = {}
    for name, xp in tensors().items():
        a, b = xp.from_numpy(np.ones(N, np.float32)).requires_grad_(), xp.from_numpy(np.ones(N, np.float32))

        def work(a=a, b=b):
            a.grad = None
            (a * b).sum().backward()

        made[name] = work
    return made


@row("softmax regression step, 1797x64, 10 classes")
def regression():
    random = np.random.default_rng(0)
    x, y = random.random((1797, 64), np.float32), random.integers(0, 10, 1797)

    def step(xp, x, y, w, b):
        logits = x @ w + b
        loss = -xp.log_softmax(logits, 1)[xp.arange(1797), y].mean()
        loss.backward()
        with xp.no_grad():
            for p in (w, b):
                p -= 0.1 * p.grad
                p.grad = None

    return {
        name: code(
            "step(xp, x, y, w, b)",
            step=step,
            xp=xp,
            x=xp.from_numpy(x),
            y=xp.from_numpy(y),
            w=xp.zeros((64, 10)).requires_grad_(),
            b=xp.zeros(10).requires_grad_(),
        )
        for name, xp in tensors().items()
    }
