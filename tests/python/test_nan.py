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


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax"])
def test_reductions(name, axis, keepdims):
    spread = {"correction": 0} if name in ("nanvar", "nanstd") else {}
    close(
        getattr(tenon, name)(tenon.from_numpy(A), axis, keepdim=keepdims, **spread),
        getattr(np, name)(A, axis, keepdims=keepdims),
    )
    close(
        getattr(np, name)(tenon.from_numpy(A), axis=axis, keepdims=keepdims),
        getattr(np, name)(A, axis, keepdims=keepdims),
    )
    if name not in ("nanmin", "nanmax"):
        close(
            getattr(tenon, name)(tenon.from_numpy(Z), axis, keepdim=keepdims, **spread),
            getattr(np, name)(Z, axis, keepdims=keepdims),
        )
    if name in ("nansum", "nanprod", "nanmin", "nanmax"):
        r = getattr(tenon, name)(tenon.from_numpy(INTS))
        assert r.dtype is tenon.int64 and r.item() == getattr(np, name)(INTS)


@pytest.mark.parametrize("ddof", [0, 1, 3, 7])
def test_variance_where_too_few_are_left(ddof):
    for name in ("nanvar", "nanstd"):
        for axis in (0, 1, None):
            close(
                getattr(np, name)(tenon.from_numpy(A), axis=axis, ddof=ddof),
                getattr(np, name)(A, axis=axis, ddof=ddof),
            )
    assert tenon.nanvar(tenon.tensor([1.0, NAN])).isnan().item()


def test_positions():
    a = A.copy()
    a[1, 2, 0] = 0.5
    a[0, 0] = [NAN, -INF, NAN, 3, -INF]
    t = tenon.from_numpy(a)
    for name in ("nanargmin", "nanargmax"):
        for axis in (None, 2, 0):
            theirs = getattr(np, name)(a, axis=axis)
            np.testing.assert_array_equal(getattr(tenon, name)(t, axis).numpy(), theirs)
            np.testing.assert_array_equal(getattr(np, name)(t, axis=axis).numpy(), theirs)
    # NumPy says 0, where the NaN stands: it puts -inf there first.
    assert np.nanargmax(tenon.tensor([NAN, -INF])).item() == 1
    assert tenon.nanargmax(t, 2, keepdim=True).shape == (3, 4, 1)
    with pytest.raises(ValueError, match="nanargmax: all elements of a slice are NaN"):
        tenon.nanargmax(tenon.tensor([NAN]))
    with pytest.raises(ValueError, match="nanargmin"):
        tenon.nanargmin(tenon.zeros(0))


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


def test_nan_to_num():
    for dtype in ("float16", "float32", "float64"):
        a = np.array([NAN, INF, -INF, 1.5], dtype=dtype)
        np.testing.assert_array_equal(tenon.nan_to_num(tenon.from_numpy(a)).numpy(), np.nan_to_num(a))
        np.testing.assert_array_equal(
            np.nan_to_num(tenon.from_numpy(a), nan=3, posinf=7, neginf=-7).numpy(), [3, 7, -7, 1.5]
        )
    z = np.array([complex(NAN, INF), complex(1, NAN), complex(-INF, 2)])
    for dtype in ("complex64", "complex128"):
        w = z.astype(dtype)
        np.testing.assert_array_equal(tenon.nan_to_num(tenon.from_numpy(w)).numpy(), np.nan_to_num(w))
    big = tenon.nan_to_num(tenon.tensor([INF]).to(tenon.bfloat16)).float().item()
    assert big == 3.3895313892515355e38
    assert tenon.nan_to_num(tenon.tensor([1, 2])).tolist() == [1, 2]
    t = tenon.from_numpy(z.copy())
    assert t.nan_to_num_(1.0) is t
    np.testing.assert_array_equal(t.numpy(), np.nan_to_num(z, nan=1.0))
    a = np.array([NAN, 1.0])
    u = tenon.from_numpy(a)
    assert np.nan_to_num(u, copy=False) is u
    assert a.tolist() == [0, 1]
    x = tenon.tensor([NAN, 2.0, INF], requires_grad=True)
    tenon.nan_to_num(2 * x).sum().backward()
    assert x.grad.tolist() == [0, 2, 0]
    with pytest.raises(TypeError, match="nan_to_num"):
        tenon.nan_to_num(tenon.zeros(2).to(tenon.float8_e5m2))


# ---- no elements along the reduced axis ----

EMPTY = [
    ((0, 0), 0),
    ((0, 0), 1),
    ((0, 0, 5), 0),
    ((2, 0, 0), 1),
    ((2, 0), 1),
    ((0,), None),
    ((0, 0), (0, 1)),
]


@pytest.mark.parametrize(
    "name", ["max", "min", "ptp", "argmax", "argmin", "nanmax", "nanmin", "nanargmax", "nanargmin"]
)
@pytest.mark.parametrize(("shape", "axis"), EMPTY)
def test_an_extremum_of_nothing_is_an_error_whatever_the_result_has(name, shape, axis):
    if isinstance(axis, tuple) and "arg" in name:
        return
    for dtype in ("float32", "int64", "bool") if name != "ptp" else ("float32",):
        a = np.zeros(shape, dtype)
        with pytest.raises(ValueError):
            getattr(np, name)(a, axis=axis)
        with pytest.raises(ValueError, match="has no value"):
            getattr(tenon.numpy, name)(tenon.from_numpy(a), axis=axis)
    assert getattr(tenon.numpy, name)(tenon.zeros(0, 3), axis=1).shape == (0,)


@pytest.mark.parametrize("name", ["max", "min", "nanmax", "nanmin"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64"])
@pytest.mark.parametrize(("shape", "axis"), EMPTY)
def test_but_for_the_initial_value(name, dtype, shape, axis):
    a = np.zeros(shape, dtype)
    for keepdims in (False, True):
        for options in ({}, {"where": np.zeros(shape, bool)}):
            wanted = getattr(np, name)(a, axis=axis, keepdims=keepdims, initial=3, **options)
            got = getattr(tenon.numpy, name)(
                tenon.from_numpy(a), axis=axis, keepdims=keepdims, initial=3, **options
            )
            assert got.dtype == wanted.dtype and got.shape == np.shape(wanted)
            assert got.tolist() == wanted.tolist()


# ---- integers that float32 rounds ----


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint64"])
def test_the_spread_of_large_integers(dtype, device):
    """The default float holds the spread, but not the integers: they are not rounded before it is formed."""
    a = np.array([[2**24 + 1, 2**24 + 3, 2**24 + 5], [2**30 + 1, 2**30 + 2, 2**30 + 6]], dtype)
    t, mask = tenon.from_numpy(a).to(device), np.array([[True, False, True], [True, True, False]])
    for name in ("var", "std", "nanvar", "nanstd"):
        for axis in (None, 1):
            wanted = getattr(np, name)(a, axis=axis, ddof=1)
            got = getattr(tenon.numpy, name)(t, axis=axis, ddof=1)
            assert got.dtype == tenon.float32
            np.testing.assert_allclose(got.cpu().numpy(), wanted, rtol=1e-6)
    where = tenon.from_numpy(mask).to(device)
    for name in ("var", "std"):
        np.testing.assert_allclose(
            getattr(tenon.numpy, name)(t, axis=1, where=where).cpu().numpy(),
            getattr(np, name)(a, axis=1, where=mask),
            rtol=1e-6,
        )
        spread, mean = getattr(tenon, f"{name}_mean")(t, dim=1)
        np.testing.assert_allclose(spread.cpu().numpy(), getattr(np, name)(a, axis=1, ddof=1), rtol=1e-6)
        np.testing.assert_allclose(mean.cpu().numpy(), a.mean(axis=1), rtol=1e-6)
    shares = np.exp(a[0].astype(float) - float(a[0].max()))
    np.testing.assert_allclose(tenon.softmax(t[0], 0).cpu().numpy(), shares / shares.sum(), rtol=1e-6)


# The mean is rounded: what is left of it must not count in each square.
@pytest.mark.parametrize(
    ("dtype", "offset"), [("int64", 2**49 + 1), ("float64", 2.0**49 + 1), ("float32", 2.0**20)]
)
def test_deviations_far_from_zero(dtype, offset):
    near = np.array([[0, 3, 4, 9, 1], [1, 1, 2, 8, 5]])
    t = tenon.tensor((near + offset).tolist(), dtype=dtype)
    mask = np.array([[True, False, True, True, True], [True, True, True, False, True]])
    for name in ("var", "std"):
        wanted = getattr(np, name)(near, axis=1)
        got = getattr(tenon.numpy, f"nan{name}")(t, axis=1)
        np.testing.assert_allclose(got.tolist(), wanted, rtol=2e-7)
        got = getattr(tenon.numpy, name)(t, axis=1, where=tenon.tensor(mask))
        np.testing.assert_allclose(got.tolist(), getattr(np, name)(near, axis=1, where=mask), rtol=2e-7)
