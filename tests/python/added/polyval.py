"""The composition of docs/adding-an-op.md beside NumPy's function: every door, its gradient and stub."""

import pathlib

import numpy as np
import tenon as tn
import tenon.numpy as tnp

for dtype in "int32", "float32", "float64", "complex128":
    p, x = np.array([2, 0, -1, 3]).astype(dtype), np.array([[0, 1], [-2, 3]]).astype(dtype)
    expected = np.polyval(p, x)
    t = tn.from_numpy(x)
    for f in tn.polyval, tnp.polyval, np.polyval:
        result = f(tn.from_numpy(p), t)
        assert type(result) is tn.Tensor
        np.testing.assert_array_equal(result.numpy(), expected)
        assert result.numpy().dtype == expected.dtype
    out = tn.zeros_like(t)
    assert tnp.polyval(tn.from_numpy(p), x=t, out=out) is out
    np.testing.assert_array_equal(out.numpy(), expected)
p = tn.tensor([2.0, 0, -1], dtype=tn.float64, requires_grad=True)
x = tn.tensor([0.5, -2], dtype=tn.float64, requires_grad=True)
assert tn.autograd.gradcheck(tn.polyval, (p, x))
assert tn.autograd.gradgradcheck(tn.polyval, (p, x))
try:
    tn.polyval(tn.ones(2, 2), x)
except ValueError as e:
    assert "got shape (2, 2)" in str(e)
assert "Parameters" in tnp.polyval.__doc__
stub = pathlib.Path(tn._C.__file__).with_name("_C.pyi").read_text()
assert "def polyval(p: ArrayLike, x: ArrayLike" in stub
