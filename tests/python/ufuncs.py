"""What the tests of ufuncs share: those that NumPy has, too, and values that each of them takes."""

import numpy as np
import tenon
import tenon.numpy as tn
from tenon import _C

UFUNCS = {
    f.__name__: f
    for f in vars(tn).values()
    if type(f) is _C._ufunc and isinstance(getattr(np, f.__name__, None), np.ufunc)
}
#: Results are bools, which a method can join only where the elements are bools already.
COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
INTEGRAL = {"bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "gcd", "lcm"}


def values(name, shape=(3, 5), dtype=None):
    rng = np.random.default_rng(3)
    if dtype is None:
        dtype = bool if name in COMPARISONS else np.int64 if name in INTEGRAL else np.float64
    if dtype is bool:
        return rng.integers(0, 2, shape).astype(bool)
    if np.issubdtype(dtype, np.integer):
        return rng.integers(0 if "shift" in name or name == "power" else 1, 4, shape).astype(dtype)
    return rng.uniform(0.2, 2.5, shape).astype(dtype)


def agree(got, expected):
    assert isinstance(got, tenon.Tensor)
    assert tuple(got.shape) == expected.shape
    assert got.numpy().dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12)
