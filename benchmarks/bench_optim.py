"""Optimizer steps: all parameters in one pass, beside PyTorch's default and its fused step."""

import numpy as np
from harness import libraries, row

MILLIONS = 10_000_000
random = np.random.default_rng(0)


def numbers(xp, shape):
    return xp.asarray(random.standard_normal(shape, np.float32))


def optimizers(name, shape, count, **fused):
    """A step of each library's optimizer over so many tensors with gradients. fused: PyTorch's option."""
    made = {}
    for key, xp in libraries().items():
        if key == "numpy":
            continue
        params = [numbers(xp, shape).requires_grad_() for _ in range(count)]
        for p in params:
            p.grad = numbers(xp, shape)
        made[key] = getattr(xp.optim, name)(params, **(fused if key == "torch" else {})).step
    return made


def rows(title, name, shape, count, *, passes, target, target_fused):
    """The step beside PyTorch's default, and beside its fused one. passes: over memory, reads and writes."""
    bytes = 4 * passes * count * int(np.prod(shape))
    row(title, bytes=bytes, target=target)(lambda: optimizers(name, shape, count))
    row(f"{title}; PyTorch's fused", bytes=bytes, target=target_fused)(
        lambda: optimizers(name, shape, count, fused=True)
    )


# Adam reads the parameter, the gradient and two states, and writes all but the gradient.
for count in (1, 10, 200):
    rows(
        f"Adam, 10 M parameters in {count}",
        "Adam",
        (MILLIONS // count,),
        count,
        passes=7,
        target="torch 3x",
        target_fused="torch 1x",
    )
rows(
    "SGD, 10 M parameters in 10",
    "SGD",
    (MILLIONS // 10,),
    10,
    passes=3,
    target="torch 1x",
    target_fused="torch 1x",
)
rows(
    "Adam, 6 tensors of 64x64",
    "Adam",
    (64, 64),
    6,
    passes=7,
    target="15 µs, torch 3x",
    target_fused="torch 1x",
)
rows("Adam, 200 tensors of 1000", "Adam", (1000,), 200, passes=7, target="torch 3x", target_fused="torch 1x")
