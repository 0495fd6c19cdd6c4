"""Reductions and scans without NaNs, and nan_to_num, beside NumPy."""

import numpy as np
import pytest
import tenon

RNG = np.random.default_rng(3)
NAN, INF = float("nan"), float("inf")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

A = RNG.standard_normal((3, 4, 5))
A[RNG.random(A.shape) < 0.3] = NAN
A[1, 2] = NAN
Z = A + 1j * RNG.standard_normal(A.shape)
INTS = RNG.integers(1, 4, (3, 4))


def close(ours, theirs):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-12)


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod"])
def test_scans(name):
    for axis in (None, 0, -1):
        close(getattr(tenon, name)(tenon.from_numpy(A), axis), getattr(np, name)(A, axis))
        close(getattr(np, name)(tenon.from_numpy(A), axis=axis), getattr(np, name)(A, axis))
    assert getattr(tenon, name)(tenon.from_numpy(INTS), 0).dtype is tenon.int64


def test_half_precision_rounds_once():
    t = tenon.tensor([1.0, NAN, 2.0, 4.0])
    for dtype in (tenon.float16, tenon.bfloat16):
        h = t.to(dtype)
        for name in ("nansum", "nanmean", "nanvar", "nanstd", "nanmax"):
            r = getattr(tenon, name)(h)
            assert r.dtype is dtype
            assert r.item() == getattr(tenon, name)(t).to(dtype).item()


@pytest.mark.parametrize(
    "name",
    ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax", "nancumsum", "nancumprod"],
)
def test_gradients(name):
    a = RNG.standard_normal((4, 5))
    a[0, 1] = a[1, 3] = a[1, 4] = a[3, 0] = NAN
    x = tenon.from_numpy(np.where(np.isnan(a), 0.0, a)).requires_grad_()
    hole = tenon.from_numpy(np.isnan(a))
    f = lambda t: getattr(tenon, name)(tenon.where(hole, NAN, t), 1)  # noqa: E731
    tenon.autograd.gradcheck(f, (x,))
    tenon.autograd.gradgradcheck(lambda t: f(t * t), (x,))
    y = tenon.from_numpy(a.copy()).requires_grad_()
    getattr(tenon, name)(y, 1).sum().backward()
    assert y.grad.isfinite().all()
    assert (y.grad[hole] == 0).all()
    few = tenon.tensor([[NAN, NAN], [NAN, 1.0]], requires_grad=True)
    getattr(tenon, name)(few, 1).nan_to_num().sum().backward()
    assert few.grad.isfinite().all()
