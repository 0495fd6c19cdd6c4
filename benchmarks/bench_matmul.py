"""Matrix products."""

import numpy as np
from harness import row

random = np.random.default_rng(0)


def matrix(xp, *shape, dtype=np.float32):
    return xp.asarray(random.random(shape).astype(dtype))


def product(name, a, b, flops, *, dtype=np.float32, target="", busy=False, transposed=False):
    @row(name, flops=flops if dtype == np.float32 else 0, target=target, busy=busy)
    def setup(xp):
        x, y = matrix(xp, *a, dtype=dtype), matrix(xp, *b, dtype=dtype)
        if transposed:
            y = y.T
        return lambda: x @ y


for n in (16, 64, 256, 1024, 2048):
    product(f"{n}²", (n, n), (n, n), 2 * n**3, target="of limit 85 %" if n >= 256 else "")
product(
    "1024², b transposed", (1024, 1024), (1024, 1024), 2 * 1024**3, transposed=True, target="of limit 85 %"
)
product("10 x 2048 @ 2048²", (10, 2048), (2048, 2048), 20 * 2048**2)
product("1024² float64", (1024, 1024), (1024, 1024), 2 * 1024**3, dtype=np.float64)
product("512² int32", (512, 512), (512, 512), 2 * 512**3, dtype=np.int32)
product("1000 x 16x16", (1000, 16, 16), (1000, 16, 16), 2000 * 16**3, target="NumPy 1.2x, torch 8x")
product("matrix 4096² @ vector", (4096, 4096), (4096,), 2 * 4096**2)
product("dot, 1e6", (1_000_000,), (1_000_000,), 2_000_000)
product("256², a busy core", (256, 256), (256, 256), 2 * 256**3, busy=True, target="no worse than one thread")
