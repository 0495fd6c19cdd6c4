"""Counts by value, beside NumPy: bins of every form, weights with gradients, PyTorch's names."""

import numpy as np
import pytest
import tenon
from support import INTEGERS

RNG = np.random.default_rng(9)
A = RNG.standard_normal(500)
W = RNG.random(500)
RULES = ["auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt"]
NAN, INF = float("nan"), float("inf")


def same(ours, theirs, rtol=0.0):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=rtol)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_bincount(dtype):
    a = RNG.integers(0, 20, 100).astype(dtype)
    t = tenon.from_numpy(a)
    same(np.bincount(t), np.bincount(a))
    assert np.bincount(t).dtype is tenon.int64
    same(np.bincount(t, minlength=40), np.bincount(a, minlength=40))
    same(np.bincount(t, weights=tenon.from_numpy(W[:100])), np.bincount(a, W[:100]), 1e-14)
    same(np.bincount(t[:0], minlength=3), np.bincount(a[:0], minlength=3))
    assert np.bincount(t, tenon.ones(100, dtype=tenon.int64)).dtype is tenon.float32
    for bad, error in [
        ((tenon.tensor([-1]),), ValueError),
        ((tenon.zeros(2),), TypeError),
        ((t.reshape(2, -1),), ValueError),
        ((t, tenon.ones(3)), ValueError),
        ((t, None, -1), ValueError),
    ]:
        with pytest.raises(error, match="bincount"):
            np.bincount(*bad)


def test_the_names_of_pytorch():
    t = tenon.from_numpy(A)
    hist, edges = tenon.histogram(t, 5, range=(-2.0, 2.0))
    same(hist, np.histogram(A, 5, (-2, 2))[0])
    assert hist.dtype is tenon.float64
    same(edges, np.histogram(A, 5, (-2, 2))[1])
    same(tenon.histc(t, 7, -1, 1), np.histogram(A, 7, (-1, 1))[0])
    same(tenon.histc(t, 7), np.histogram(A, 7)[0])
    assert tenon.histc(tenon.tensor([1, 2, NAN, 9]), bins=2, min=0, max=4).tolist() == [1, 1]
    with pytest.raises(ValueError, match="histc"):
        tenon.histc(t, 0)


def test_gradients():
    x = tenon.from_numpy(A[:40].copy()).requires_grad_()
    w = tenon.from_numpy(W[:40].copy()).requires_grad_()
    index = tenon.from_numpy(RNG.integers(0, 6, 40))
    for f, inputs in [
        (lambda v: tenon.bincount(index, v), (w,)),
        (lambda v: tenon.histogram(x.detach(), 5, weight=v).hist, (w,)),
        (lambda v: tenon.histogram(x.detach(), 5, weight=v, density=True).hist, (w,)),
        (lambda v: tenon.histogram(v, 5).bin_edges, (x,)),
    ]:
        tenon.autograd.gradcheck(f, inputs)
        tenon.autograd.gradgradcheck(lambda v, f=f: f(v * v), inputs)
    half = tenon.bincount(tenon.zeros(5000, dtype=tenon.int64), tenon.ones(5000, dtype=tenon.float16))
    assert half.dtype is tenon.float16 and half.item() == 5000
