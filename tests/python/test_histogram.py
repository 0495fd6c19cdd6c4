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
    """rtol: relative to the largest number, as edges near 0 are differences of such."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    atol = rtol * np.abs(theirs).max(initial=0)
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_bincount(dtype):
    a = RNG.integers(0, 20, 100).astype(dtype)
    t = tenon.from_numpy(a)
    same(np.bincount(t), np.bincount(a))
    assert np.bincount(t).dtype is tenon.int64
    same(np.bincount(t, minlength=40), np.bincount(a, minlength=40))
    same(np.bincount(t, weights=tenon.from_numpy(W[:100])), np.bincount(a, W[:100]), 1e-14)
    same(np.bincount(t[:0], minlength=3), np.bincount(a[:0], minlength=3))
    assert np.bincount(t, tenon.ones(100, dtype=tenon.int64)).dtype is tenon.float64
    same(np.bincount(t, tenon.ones(100, dtype=tenon.bool)), np.bincount(a, np.ones(100, bool)))
    for bad, error in [
        ((tenon.tensor([-1]),), ValueError),
        ((tenon.zeros(2),), TypeError),
        ((t.reshape(2, -1),), ValueError),
        ((t, tenon.ones(3)), ValueError),
        ((t, None, -1), ValueError),
    ]:
        with pytest.raises(error, match="bincount"):
            np.bincount(*bad)


def test_sums_of_weights_are_not_rounded():
    t, large = tenon.tensor([0, 0, 1]), 2**24
    for door in (tenon, tenon.numpy):
        r = door.bincount(t, tenon.tensor([large, 1, 3]))
        assert r.dtype is tenon.float64 and r.tolist() == [large + 1, 3]
        # Each float32 of 1 would be lost beside 2**24.
        r = door.bincount(tenon.zeros(9, dtype=tenon.int64), tenon.tensor([large] + 8 * [1.0]))
        assert r.dtype is tenon.float32 and r.tolist() == [large + 8]


def test_sums_of_weights_do_not_wrap():
    t, big = tenon.tensor([0, 0]), tenon.tensor([2**63 - 1, 2**63 - 1])
    assert tenon.bincount(t, big).tolist() == [2.0**64]
    unsigned = tenon.tensor([2**63, 5], dtype=tenon.uint64)
    assert tenon.bincount(t, unsigned).tolist() == [2.0**63]
    counts = tenon.numpy.histogram(t, 1, weights=unsigned)[0]
    assert counts.dtype is tenon.uint64 and counts.tolist() == [2**63 + 5]


@pytest.mark.parametrize("bins", [1, 10, 37, *RULES, np.array([-1.0, 0.0, 0.5, 3.0])], ids=str)
@pytest.mark.parametrize("range_", [None, (-1.0, 2.0)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8"])
def test_histogram(bins, range_, dtype):
    a = (A * 10).astype(dtype) if dtype.startswith("int") else A.astype(dtype)
    t = tenon.from_numpy(a)
    ours = np.histogram(t, tenon.from_numpy(bins) if isinstance(bins, np.ndarray) else bins, range_)
    theirs = np.histogram(a, bins, range_)
    same(ours[0], theirs[0])
    assert ours[0].dtype is tenon.int64
    same(ours[1], theirs[1], 2e-7 if dtype == "float32" else 1e-13)
    same(
        np.histogram_bin_edges(
            t, bins if not isinstance(bins, np.ndarray) else tenon.from_numpy(bins), range_
        ),
        theirs[1],
        1e-6,
    )
    assert str(ours[1].dtype) == f"tenon.{theirs[1].dtype}"


def test_values_on_the_edges():
    for n in (3, 7, 10, 49):
        for low, high in ((0.0, 1.0), (-0.3, 0.7), (1e-3, 1e3)):
            edges = np.linspace(low, high, n + 1)
            a = np.concatenate([edges, np.nextafter(edges, -INF), np.nextafter(edges, INF)])
            same(np.histogram(tenon.from_numpy(a), n, (low, high))[0], np.histogram(a, n, (low, high))[0])
    ints = np.arange(11)
    same(np.histogram(tenon.from_numpy(ints), 10)[0], np.histogram(ints, 10)[0])
    same(np.histogram(tenon.tensor([5.0, 5.0]), 4)[1], np.histogram([5.0, 5.0], 4)[1])
    same(np.histogram(tenon.zeros(0), 4)[0], np.histogram([], 4)[0])


def test_weights_density_and_outliers():
    t, w = tenon.from_numpy(A), tenon.from_numpy(W)
    same(np.histogram(t, 10, weights=w)[0], np.histogram(A, 10, weights=W)[0], 1e-12)
    same(
        np.histogram(t, 10, weights=w, density=True)[0],
        np.histogram(A, 10, weights=W, density=True)[0],
        1e-12,
    )
    same(np.histogram(t, 10, density=True)[0], np.histogram(A, 10, density=True)[0], 1e-12)
    edges = np.array([-1.0, 0.0, 0.5, 3.0])
    same(
        np.histogram(t, edges, weights=w, density=True)[0],
        np.histogram(A, edges, weights=W, density=True)[0],
        1e-12,
    )
    b = A.copy()
    b[3] = NAN
    same(np.histogram(tenon.from_numpy(b), 5, (-1, 1))[0], np.histogram(b, 5, (-1, 1))[0])
    for arguments, keywords, error in [
        ((tenon.from_numpy(b), 5), {}, ValueError),
        ((t, 0), {}, ValueError),
        ((t, 5, (2, 1)), {}, ValueError),
        ((t, 5, (0, INF)), {}, ValueError),
        ((t, tenon.tensor([1.0, 0.0])), {}, ValueError),
        ((t, "many"), {}, ValueError),
        ((t, "auto"), {"weights": w}, TypeError),
        ((t, 5), {"weights": w[:3]}, ValueError),
        ((t * 1j, 5), {}, TypeError),
        ((tenon.tensor([1.0, 1.0 + 1e-16], dtype=tenon.float64), 10, (1.0, 1.0 + 5e-16)), {}, ValueError),
    ]:
        with pytest.raises(error, match="histogram"):
            np.histogram(*arguments, **keywords)


def test_grids():
    points = RNG.standard_normal((300, 3))
    t, w = tenon.from_numpy(points), tenon.from_numpy(W[:300])
    for bins in (4, (2, 3, 5), [np.array([-1.0, 0.0, 1.0]), 3, np.linspace(-2, 2, 5)]):
        for keywords in ({}, {"density": True}, {"weights": w}):
            theirs = np.histogramdd(
                points, bins, **{k: W[:300] if k == "weights" else v for k, v in keywords.items()}
            )
            ours = np.histogramdd(t, bins, **keywords)
            same(ours[0], theirs[0], 1e-12)
            for mine, his in zip(ours[1], theirs[1], strict=True):
                same(mine, his, 1e-12)
    x, y = points[:, 0], points[:, 1]
    for bins in (5, (3, 4), [np.array([-1.0, 0.0, 1.0]), np.array([-2.0, 0.0, 2.0])]):
        theirs = np.histogram2d(x, y, bins, range=[[-2, 2], [-1, 1]])
        ours = np.histogram2d(tenon.from_numpy(x), tenon.from_numpy(y), bins, range=[[-2, 2], [-1, 1]])
        for mine, his in zip(ours, theirs, strict=True):
            same(mine, his, 1e-12)
    with pytest.raises(ValueError, match="histogramdd"):
        np.histogramdd(t, (2, 3))


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
