"""Medians and quantiles: NumPy's methods, PyTorch's medians, NaNs, gradients by elements and by q."""

import numpy as np
import pytest
import tenon

RNG = np.random.default_rng(11)
A = RNG.standard_normal((4, 7, 5))
METHODS = [
    "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf",
    "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased",
    "normal_unbiased",
]  # fmt: skip
QS = [0.0, 1.0, 0.5, 0.25, 0.1, 0.333, 0.9, 0.999]
NAN = float("nan")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(autouse=True)
def draws():
    """The same numbers in every order of the tests: differences are no derivatives beside ties."""
    global RNG
    RNG = np.random.default_rng(11)


def holes(a, share=0.3):
    a = a.copy()
    a[RNG.random(a.shape) < share] = NAN
    return a


def close(ours, theirs):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
def test_quantiles(method, axis):
    t = tenon.from_numpy(A)
    for q in [*QS, QS, np.array(QS).reshape(2, 4)]:
        close(tenon.quantile(t, q, axis, interpolation=method), np.quantile(A, q, axis, method=method))
    close(
        tenon.quantile(t, QS, axis, True, interpolation=method),
        np.quantile(A, QS, axis, method=method, keepdims=True),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [None, 1, (0, 2)])
def test_quantiles_without_nans(method, axis):
    a = holes(A)
    a[:, 2, :] = NAN
    t = tenon.from_numpy(a)
    for q in [*QS, QS]:
        close(tenon.nanquantile(t, q, axis, interpolation=method), np.nanquantile(a, q, axis, method=method))


@pytest.mark.parametrize("n", range(1, 14))
@pytest.mark.parametrize("method", METHODS)
def test_every_rank(n, method):
    a = RNG.standard_normal(n)
    qs = np.concatenate([np.arange(n + 1) / n, np.linspace(0, 1, 17)])
    close(tenon.quantile(tenon.from_numpy(a), qs, interpolation=method), np.quantile(a, qs, method=method))


@pytest.mark.parametrize("method", ["lower", "higher", "nearest", "inverted_cdf", "closest_observation"])
def test_methods_that_give_elements_keep_integers(method):
    a = np.array([2**53 + 1, 2**53 + 3, 2**60 + 1, -(2**62) - 1])
    for q in QS:
        r = tenon.quantile(tenon.from_numpy(a), q, interpolation=method)
        assert r.dtype is tenon.int64
        assert r.item() == np.quantile(a, q, method=method)
    small = np.array([3, 1, 2], dtype="uint8")
    assert tenon.quantile(tenon.from_numpy(small), 0.5, interpolation=method).dtype is tenon.uint8
    assert tenon.quantile(tenon.tensor([True, False]), 0.5, interpolation=method).dtype is tenon.bool


def test_dtypes_nan_infinity_and_empty():
    assert tenon.quantile(tenon.tensor([1, 2]), 0.5).dtype is tenon.float32
    for dtype in (tenon.float16, tenon.bfloat16, tenon.float32, tenon.float64):
        assert tenon.quantile(tenon.tensor([1.0, 2.0], dtype=dtype), 0.5).dtype is dtype
    assert tenon.quantile(tenon.tensor([1.0, NAN]), 0.2).isnan().item()
    inf = float("inf")
    assert tenon.quantile(tenon.tensor([inf, inf]), 0.3).item() == inf
    assert tenon.quantile(tenon.tensor([-inf, 1.0, inf]), [0.0, 1.0]).tolist() == [-inf, inf]
    assert tenon.nanquantile(tenon.zeros(3, 0), 0.5, 1).isnan().all()
    assert tenon.quantile(tenon.zeros(0, 3), 0.5, 1).shape == (0,)
    assert tenon.quantile(tenon.zeros(3), []).shape == (0,)
    assert tenon.quantile(tenon.tensor(4.0), 0.3).item() == 4
    for arguments, error in [
        ((tenon.zeros(0), 0.5), ValueError),
        ((tenon.zeros(3), 1.5), ValueError),
        ((tenon.zeros(3), NAN), ValueError),
        ((tenon.zeros(3, dtype=tenon.complex64), 0.5), TypeError),
        ((tenon.zeros(3), 0.5, 1), IndexError),
        ((tenon.zeros(3), "half"), TypeError),
    ]:
        with pytest.raises(error, match=r"^quantile: "):
            tenon.quantile(*arguments)
    with pytest.raises(ValueError, match="the method must be one of linear"):
        tenon.quantile(tenon.zeros(3), 0.5, interpolation="middle")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_nan_in_a_long_row(dtype):
    a = RNG.standard_normal(20_000).astype(dtype)
    for place in (0, 7, 5000, 16_384, 19_999):
        b = a.copy()
        b[place] = NAN
        for q in (0.0, 0.3, 1.0):
            assert tenon.quantile(tenon.from_numpy(b), q).isnan().item(), place


def test_numpy_names():
    t, a = tenon.from_numpy(holes(A)), None
    a = t.numpy()
    close(np.nanpercentile(t, [10, 50], axis=0), np.nanpercentile(a, [10, 50], axis=0))
    close(np.percentile(tenon.from_numpy(A), 30, axis=(0, 1)), np.percentile(A, 30, axis=(0, 1)))
    close(np.median(tenon.from_numpy(A), axis=1), np.median(A, axis=1))
    close(
        np.median(tenon.from_numpy(A[:, :4]), axis=1, keepdims=True),
        np.median(A[:, :4], axis=1, keepdims=True),
    )
    close(np.nanmedian(t, axis=2), np.nanmedian(a, axis=2))
    close(np.nanmedian(t), np.nanmedian(a))
    assert np.median(tenon.zeros(0)).isnan().item()
    assert np.median(tenon.zeros(0, 3), axis=0).isnan().all()
    with pytest.raises(ValueError, match="percentile: q must be from 0 to 100"):
        np.percentile(tenon.from_numpy(A), 101)
    assert np.quantile(tenon.tensor([1, 2, 3]), 0.5, method="lower").dtype is tenon.int64


def test_lower_medians():
    a = RNG.standard_normal((4, 6))
    t = tenon.from_numpy(a)
    assert tenon.median(t).item() == np.sort(a.ravel())[11]
    for dim in (0, 1):
        values, indices = t.median(dim)
        n = a.shape[dim]
        np.testing.assert_array_equal(values.numpy(), np.take(np.sort(a, dim), (n - 1) // 2, dim))
        np.testing.assert_array_equal(indices.numpy(), np.take(np.argsort(a, dim), (n - 1) // 2, dim))
    a[1, 3] = NAN
    t = tenon.from_numpy(a)
    assert t.median().isnan().item()
    values, indices = t.median(1)
    assert values.isnan().tolist() == [False, True, False, False]
    assert indices[1].item() == 3
    assert t.nanmedian().item() == np.sort(a.ravel())[11]
    assert t.nanmedian(1).values[1].item() == np.sort(a[1])[2]
    assert tenon.median(tenon.tensor([4, 1, 3, 2])).item() == 2
    assert tenon.median(tenon.zeros(0)).isnan().item()
    with pytest.raises(ValueError, match="median"):
        tenon.median(tenon.zeros(0, 2), 0)
    with pytest.raises(TypeError, match="median"):
        tenon.median(tenon.zeros(2, dtype=tenon.complex64))


@pytest.mark.parametrize("method", METHODS)
def test_gradients(method):
    x = tenon.from_numpy(RNG.standard_normal((3, 6))).requires_grad_()
    for f in (
        lambda t: tenon.quantile(t, [0.2, 0.7], 1, interpolation=method),
        lambda t: tenon.quantile(t, 0.35, interpolation=method),
        lambda t: tenon.nanquantile(t, [0.2, 0.7], 0, interpolation=method),
    ):
        tenon.autograd.gradcheck(f, (x,))
        tenon.autograd.gradgradcheck(lambda t, f=f: f(t * t), (x,))
    y = x.detach().clone()
    y[0, 0] = NAN
    y.requires_grad_()
    tenon.nanquantile(y, 0.4, 1, interpolation=method).sum().backward()
    assert y.grad[0, 0].item() == 0 and y.grad.isfinite().all()


@pytest.mark.parametrize("method", METHODS)
def test_gradient_by_q(method):
    x = tenon.from_numpy(RNG.standard_normal((3, 6))).requires_grad_()
    q = tenon.tensor([0.23, 0.71], dtype=tenon.float64, requires_grad=True)
    continuous = method in (
        "linear",
        "interpolated_inverted_cdf",
        "hazen",
        "weibull",
        "median_unbiased",
        "normal_unbiased",
    )
    for op in (tenon.quantile, tenon.nanquantile):
        f = lambda t, p, op=op: op(t, p, 1, interpolation=method)  # noqa: E731
        if continuous:
            tenon.autograd.gradcheck(f, (x, q))
            tenon.autograd.gradgradcheck(f, (x, q))
        else:
            with pytest.raises(RuntimeError, match=r"use \.detach\(\)"):
                f(x, q)
    np.testing.assert_array_equal(
        tenon.quantile(x, q.detach(), 1).detach().numpy(),
        np.quantile(x.detach().numpy(), [0.23, 0.71], axis=1),
    )


def test_ties_share_the_gradient_of_both_ranks():
    x = tenon.tensor([1.0, 1.0, 3.0, 3.0], requires_grad=True)
    np.median(x).backward()
    assert x.grad.tolist() == [0, 0.5, 0.5, 0]
    y = tenon.tensor([2.0, 2.0], requires_grad=True)
    np.median(y).backward()
    assert y.grad.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("axis", [None, 0, 2])
def test_weights(axis):
    rng = np.random.default_rng(4)
    t, w = tenon.from_numpy(A), rng.integers(0, 4, A.shape).astype("float64")
    w[0] += 1  # NumPy refuses slices without any weight
    w[..., 0] += 1
    for q in [*QS, QS]:
        keywords = {"axis": axis, "method": "inverted_cdf"}
        close(
            np.quantile(t, q, weights=tenon.from_numpy(w), **keywords),
            np.quantile(A, q, weights=w, **keywords),
        )
    if axis is not None:
        w = rng.random(A.shape[axis])
        close(
            np.percentile(t, [3, 50], axis=axis, weights=tenon.from_numpy(w), method="inverted_cdf"),
            np.percentile(A, [3, 50], axis=axis, weights=w, method="inverted_cdf"),
        )
    a = holes(A)
    close(
        np.nanquantile(tenon.from_numpy(a), 0.4, weights=tenon.from_numpy(np.ones(A.shape)), **keywords),
        np.nanquantile(a, 0.4, weights=np.ones(A.shape), **keywords),
    )
    with pytest.raises(ValueError, match="inverted_cdf takes weights"):
        np.quantile(t, 0.5, weights=t * t)
    with pytest.raises(RuntimeError, match="detach"):
        np.quantile(t, 0.5, weights=(t * t).requires_grad_(), method="inverted_cdf")
