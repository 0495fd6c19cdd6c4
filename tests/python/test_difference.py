"""Differences, slopes, integrals and interpolation, beside NumPy, with gradients."""

import numpy as np
import pytest
import tenon
from support import DTYPES, sample

RNG = np.random.default_rng(8)
A = RNG.standard_normal((4, 6, 5))
X = np.cumsum(RNG.random(6) + 0.1)
NAN, INF = float("nan"), float("inf")


def close(ours, theirs, rtol=1e-11):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=rtol, atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_diff(dtype):
    a = sample(dtype, (4, 5))
    t = tenon.from_numpy(a)
    for n in range(7):
        for axis in (0, 1, -1):
            ours = np.diff(t, n, axis)
            theirs = np.diff(a, n, axis)
            np.testing.assert_array_equal(ours.numpy(), theirs)
            assert str(ours.dtype).removeprefix("tenon.") == str(theirs.dtype)
    np.testing.assert_array_equal(
        tenon.diff(t, prepend=t[:, :1], append=t).numpy(), np.diff(a, prepend=a[:, :1], append=a)
    )
    ints = tenon.tensor([[1, 4, 9]])
    assert np.diff(ints, prepend=0, append=10).tolist() == [[1, 3, 5, 1]]
    with pytest.raises(ValueError, match="diff: the order"):
        tenon.diff(t, -1)
    with pytest.raises(ValueError, match="diff"):
        tenon.diff(tenon.tensor(1))


def test_ediff1d():
    a = np.array([1, 4, 9, 7])
    t = tenon.from_numpy(a)
    np.testing.assert_array_equal(np.ediff1d(t).numpy(), np.ediff1d(a))
    np.testing.assert_array_equal(
        np.ediff1d(t, to_begin=[-9, 2], to_end=88).numpy(), np.ediff1d(a, to_begin=[-9, 2], to_end=88)
    )
    assert np.ediff1d(tenon.zeros(0)).shape == (0,)
    with pytest.raises(TypeError, match="ediff1d"):
        np.ediff1d(t, to_end=0.5)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient(edge_order):
    t = tenon.from_numpy(A)
    cases = [(), (0.5,), (0.5, 2.0, 3.0), (RNG.random(4).cumsum(), X, RNG.random(5).cumsum()), (2.0, X, 1.0)]
    for spacing in cases:
        theirs = np.gradient(A, *spacing, edge_order=edge_order)
        ours = np.gradient(
            t,
            *[tenon.from_numpy(s) if isinstance(s, np.ndarray) else s for s in spacing],
            edge_order=edge_order,
        )
        for mine, his in zip(ours, theirs, strict=True):
            close(mine, his)
    close(np.gradient(t, X, axis=1, edge_order=edge_order), np.gradient(A, X, axis=1, edge_order=edge_order))
    close(
        tenon.gradient(t, spacing=tenon.from_numpy(X), dim=1, edge_order=edge_order)[0],
        np.gradient(A, X, axis=1, edge_order=edge_order),
    )
    z = A + 1j * A[::-1]
    close(np.gradient(tenon.from_numpy(z), axis=0), np.gradient(z, axis=0))


def test_gradient_dtypes_and_errors():
    big = np.array([2**24, 2**24 + 1, 2**24 + 2])
    assert np.gradient(tenon.from_numpy(big)).tolist() == [1, 1, 1]
    assert np.gradient(tenon.from_numpy(big)).dtype is tenon.float32
    f32 = tenon.arange(5.0)
    assert np.gradient(f32, tenon.arange(5.0, dtype=tenon.float64)).dtype is tenon.float32
    assert np.gradient(f32.to(tenon.float16)).dtype is tenon.float16
    t = tenon.from_numpy(A)
    for arguments, keywords, error in [
        ((t, 1.0, 2.0), {}, TypeError),
        ((t,), {"edge_order": 3}, ValueError),
        ((t, X[:3]), {"axis": 1}, ValueError),
        ((t[:, :2],), {"axis": 1, "edge_order": 2}, ValueError),
        ((t,), {"axis": 3}, IndexError),
    ]:
        with pytest.raises(error, match="gradient"):
            np.gradient(*arguments, **keywords)


def test_integrals():
    t = tenon.from_numpy(A)
    close(np.trapezoid(t), np.trapezoid(A))
    close(np.trapezoid(t, dx=0.25, axis=1), np.trapezoid(A, dx=0.25, axis=1))
    close(np.trapezoid(t, tenon.from_numpy(X), axis=1), np.trapezoid(A, X, axis=1))
    x = np.sort(RNG.random(A.shape), axis=1)
    close(tenon.trapezoid(t, tenon.from_numpy(x), dim=1), np.trapezoid(A, x, axis=1))
    parts = (A[:, 1:] + A[:, :-1]) / 2 * np.diff(X)[:, None]
    close(tenon.cumulative_trapezoid(t, tenon.from_numpy(X), dim=1), np.cumsum(parts, 1))
    close(tenon.cumulative_trapezoid(t, dx=2, dim=0), np.cumsum(A[1:] + A[:-1], 0))
    assert tenon.trapz(tenon.tensor([1, 2, 3])).item() == 4
    times = np.array([10**17, 10**17 + 1, 10**17 + 3])
    assert tenon.trapezoid(tenon.ones(3), tenon.from_numpy(times)).item() == 3
    assert tenon.trapezoid(tenon.ones(1)).item() == 0
    with pytest.raises(ValueError, match="trapezoid"):
        tenon.trapezoid(t, tenon.ones(3))


def test_interp():
    xp, fp = X, RNG.standard_normal(6)
    x = np.concatenate([RNG.uniform(-1, 8, 200), xp, [NAN, INF, -INF]])
    args = [tenon.from_numpy(v) for v in (x, xp, fp)]
    close(np.interp(*args), np.interp(x, xp, fp))
    close(np.interp(*args, left=-7, right=NAN), np.interp(x, xp, fp, left=-7, right=NAN))
    close(np.interp(*args[:2], args[2] * (1 + 2j)), np.interp(x, xp, fp * (1 + 2j)))
    finite = x[np.isfinite(x)]
    shuffled = RNG.permutation(6)
    close(
        np.interp(
            tenon.from_numpy(finite),
            tenon.from_numpy(xp[shuffled]),
            tenon.from_numpy(fp[shuffled]),
            period=3.5,
        ),
        np.interp(finite, xp[shuffled], fp[shuffled], period=3.5),
    )
    close(np.interp(tenon.from_numpy(x[:-3]), args[1][:1], args[2][:1]), np.interp(x[:-3], xp[:1], fp[:1]))
    assert np.interp(tenon.tensor([NAN]), args[1][:1], args[2][:1]).isnan().item()
    infinite = np.array([0.0, INF, INF, 1.0, 2.0, -INF])
    close(np.interp(args[0], args[1], tenon.from_numpy(infinite)), np.interp(x, xp, infinite))
    assert np.interp(2.5, tenon.tensor([1.0, 2.0, 3.0]), tenon.tensor([3.0, 2.0, 0.0])).item() == 1
    assert np.interp(tenon.tensor([1, 2]), tenon.tensor([1, 3]), tenon.tensor([0, 1])).dtype is tenon.float32
    assert np.interp(tenon.zeros(2, 0), *args[1:]).shape == (2, 0)
    for bad in [(args[0], args[1][:0], args[2][:0]), (args[0], args[1], args[2][:3])]:
        with pytest.raises(ValueError, match="interp"):
            np.interp(*bad)
    with pytest.raises(ValueError, match="interp: the period"):
        np.interp(*args, period=0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int16"])
def test_unwrap(dtype):
    a = RNG.integers(-300, 300, (5, 20)).astype(dtype)
    t = tenon.from_numpy(a)
    for axis in (0, 1):
        theirs = np.unwrap(a, axis=axis, period=100)
        np.testing.assert_array_equal(np.unwrap(t, axis=axis, period=100).numpy(), theirs)
        np.testing.assert_array_equal(
            np.unwrap(t, axis=axis, period=99).numpy(), np.unwrap(a, axis=axis, period=99)
        )
        np.testing.assert_allclose(
            np.unwrap(t, axis=axis).numpy(), np.unwrap(a, axis=axis), rtol=1e-5, atol=1e-3
        )
        np.testing.assert_array_equal(
            np.unwrap(t, discont=120, axis=axis, period=100).numpy(),
            np.unwrap(a, discont=120, axis=axis, period=100),
        )
    assert np.unwrap(t[:, :1]).shape == (5, 1)


def test_gradients():
    y = tenon.from_numpy(RNG.standard_normal((4, 6))).requires_grad_()
    x = tenon.from_numpy(X.copy()).requires_grad_()
    at = tenon.from_numpy(RNG.uniform(X[0], X[-1], 9)).requires_grad_()
    f = tenon.from_numpy(RNG.standard_normal(6)).requires_grad_()
    for function, inputs in [
        (lambda t: tenon.diff(t, 2, 0), (y,)),
        (lambda t: tenon.diff(t, prepend=t[:, :1] * 2), (y,)),
        (lambda t: tenon.ediff1d(t, to_end=t[0]), (y,)),
        (lambda t, s: tenon.gradient(t, spacing=s, dim=1)[0], (y, x)),
        (lambda t, s: tenon.gradient(t, spacing=s, dim=1, edge_order=2)[0], (y, x)),
        (lambda t: tenon.gradient(t, spacing=0.5, edge_order=2)[0], (y,)),
        (lambda t, s: tenon.trapezoid(t, s), (y, x)),
        (lambda t, s: tenon.cumulative_trapezoid(t, s), (y, x)),
        (lambda t: tenon.trapezoid(t, dx=0.3, dim=0), (y,)),
        (tenon.interp, (at, x, f)),
        (lambda a, b, c: tenon.interp(a, b, c, period=4.0), (at, x, f)),
        (lambda t: tenon.unwrap(t * 4, dim=1), (y,)),
    ]:
        tenon.autograd.gradcheck(function, inputs)
        tenon.autograd.gradgradcheck(lambda *v, f=function: f(*(u * u for u in v)), inputs)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "uint16", "uint32", "uint64", "int64"])
def test_trapezoids_between_integer_places(dtype):
    """Differences of places are no numbers of the places' dtype: those of unsigned ones may be negative."""
    places = {"bool": [1, 0, 1], "int8": [-128, 127, -100]}.get(dtype, [9, 3, 1])
    y, x = tenon.tensor([5.0, 6.0, 4.0]), tenon.tensor(places, dtype=dtype)
    areas = np.diff(np.array(places, float)) * np.array([5.5, 5.0])
    assert tenon.trapezoid(y, x).item() == areas.sum() == np.trapezoid(y, x).item()
    assert tenon.cumulative_trapezoid(y, x).tolist() == np.cumsum(areas).tolist()
    if dtype != "bool":
        heights = tenon.tensor([100, 120, 90], dtype=dtype)
        exact = np.trapezoid(np.array([100.0, 120.0, 90.0]), np.array(places, float))
        assert tenon.trapezoid(heights, x).item() == exact
    if dtype == "int64":
        late = tenon.tensor([2**60, 2**60 + 1, 2**60 + 3])
        assert tenon.trapezoid(y, late).item() == 5.5 + 10
