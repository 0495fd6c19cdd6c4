"""The primitive of docs/adding-an-op.md beside NumPy, on the CPU and on the simulated device."""

import numpy as np
import tenon as tn

rng = np.random.default_rng(1)


def expected(x: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distances = np.square(x[:, None].astype("float64") - points).sum(-1)
    return distances.min(1), distances.argmin(1)


for dtype, tolerance in ("float16", 1e-3), ("float32", 1e-6), ("float64", 1e-14):
    for rows, n, columns in (1, 1, 1), (0, 3, 2), (2, 3, 0), (50, 7, 5), (300, 40, 30):
        # Small integers, so that points may be equally near, and all distances are exact.
        for a in rng.uniform(-1, 1, (rows, 2 * columns)), rng.integers(-2, 3, (rows, 2 * columns)):
            x = a.astype(dtype)[::-1, ::2]
            points = rng.permutation(np.resize(a if a.size else [0.0], (columns, n)).astype(dtype)).T
            values, indices = expected(x, points)
            for device in "cpu", "cuda":
                got = tn.nearest(tn.from_numpy(x).to(device), tn.from_numpy(points).to(device))
                assert got.values.device.type == got.indices.device.type == device
                assert got.values.dtype == getattr(tn, dtype)
                np.testing.assert_array_equal(got.indices.cpu().numpy(), indices)
                np.testing.assert_allclose(got.values.cpu().numpy(), values, rtol=tolerance)
for device in "cpu", "cuda":
    x, points = (tn.from_numpy(rng.uniform(-1, 1, (n, 3))).to(device).requires_grad_() for n in (4, 5))
    got = tn.nearest(x, points)
    assert got.values.requires_grad
    assert not got.indices.requires_grad
    got.values.sum().backward()
    away = 2 * (x - points[got.indices]).detach().cpu().numpy()
    np.testing.assert_allclose(x.grad.cpu().numpy(), away)
    of_points = np.zeros((5, 3))
    np.subtract.at(of_points, got.indices.cpu().numpy(), away)
    np.testing.assert_allclose(points.grad.cpu().numpy(), of_points)
x, points = (tn.from_numpy(rng.uniform(-1, 1, (n, 3))).requires_grad_() for n in (4, 5))
assert tn.autograd.gradcheck(lambda x, p: tn.nearest(x, p).values, (x, points))
assert tn.autograd.gradgradcheck(lambda x, p: tn.nearest(x, p).values, (x, points))
