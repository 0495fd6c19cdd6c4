"""The scan of docs/adding-an-op.md beside NumPy, on the CPU and on the simulated device."""

import numpy as np
import tenon as tn

rng = np.random.default_rng(1)


def expected(a: np.ndarray, axis: int) -> np.ndarray:
    at = np.arange(a.shape[axis]).reshape([-1 if d == axis else 1 for d in range(a.ndim)])
    return np.take_along_axis(a, np.maximum.accumulate(np.where(np.isnan(a), 0, at), axis), axis)


for dtype in "float16", "float32", "float64":
    for shape in (5,), (0,), (3, 0), (4, 7), (2, 3, 1100):
        a = np.where(rng.uniform(size=shape) < 0.4, np.nan, rng.uniform(-2, 2, shape)).astype(dtype)
        for b in a, a.T, a[::-1], a[..., ::-2]:
            for axis in range(b.ndim):
                for device in "cpu", "cuda":
                    got = tn.ffill(tn.from_numpy(b).to(device), axis)
                    assert got.device.type == device
                    np.testing.assert_array_equal(got.cpu().numpy(), expected(b, axis))
for dtype in "bool", "int8", "uint64":
    a = rng.integers(0, 2, (3, 4)).astype(dtype)
    np.testing.assert_array_equal(tn.ffill(tn.from_numpy(a), -1).numpy(), a)


def filled(t: tn.Tensor) -> tn.Tensor:
    return tn.ffill(tn.where(t < 0, np.nan, t * t), 0)[:, ::2]


rows = [[1.0, -2, 3], [-4, 5, -6], [-1, -2, 2]]
for device in "cpu", "cuda":
    x = tn.tensor(rows, dtype=tn.float64, device=device, requires_grad=True)
    filled(x).sum().backward()
    np.testing.assert_array_equal(x.grad.cpu().numpy(), [[6, 0, 12], [0, 0, 0], [0, 0, 4]])
x = tn.tensor(rows, dtype=tn.float64, requires_grad=True)
assert tn.autograd.gradcheck(filled, (x,))
assert tn.autograd.gradgradcheck(filled, (x,))
