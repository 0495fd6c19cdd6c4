"""sort, argsort and the order statistics beside NumPy's, over dtypes, layouts, special values and lengths."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp
from support import NUMPY

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]


def numbers(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(shape) * 50
    if np.dtype(dtype).kind == "u":
        a = np.abs(a)
    a = a.astype(dtype)
    if np.dtype(dtype).kind == "f":
        flat = a.reshape(-1)
        flat[::7] = np.nan
        flat[1::11] = np.inf
        flat[2::13] = -np.inf
        flat[3::17] = -0.0
        flat[4::19] = 0.0
    return a


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 2, 10, 100, 1000, 40000])
def test_against_numpy(dtype, n):
    a = numbers(dtype, n)
    t = tenon.from_numpy(a)
    assert np.array_equal(tnp.sort(t).numpy(), np.sort(a), equal_nan=a.dtype.kind in "fc")
    assert np.array_equal(tnp.argsort(t).numpy(), np.argsort(a, kind="stable"))
    down = tnp.argsort(t, descending=True).numpy()
    # Stable and descending: the stable order of the reversed array, read backwards.
    assert np.array_equal(down, (n - 1 - np.argsort(a[::-1], kind="stable"))[::-1])
    assert np.array_equal(tnp.sort(t, descending=True).numpy(), a[down], equal_nan=a.dtype.kind in "fc")
    values, indices = tenon.sort(t)
    assert np.array_equal(values.numpy(), a[indices.numpy()], equal_nan=a.dtype.kind in "fc")


@pytest.mark.parametrize("dtype", ["i1", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, None])
def test_along_axes_of_any_layout(dtype, axis):
    a = numbers(dtype, (9, 40, 33))
    for view in (a, a[::-1, ::2, ::-3], a.transpose(2, 0, 1), a[:, 5:5], np.broadcast_to(a[:1], a.shape)):
        t = tenon.from_numpy(view)
        kept = view.copy()
        assert np.array_equal(tnp.sort(t, axis).numpy(), np.sort(view, axis), equal_nan=True)
        assert np.array_equal(tnp.argsort(t, axis).numpy(), np.argsort(view, axis, kind="stable"))
        assert np.array_equal(view, kept, equal_nan=True)


METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen",
    "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 5, 8, 101, 5000])
def test_quantile_methods(method, n):
    if method == "closest_observation" and NUMPY < (2, 1):
        pytest.skip("NumPy 2.1 has mended its own")
    a = np.random.default_rng(n).standard_normal((3, n))
    q = [0, 0.1, 0.25, 0.5, 0.73, 1]
    t = tenon.from_numpy(a)
    assert np.allclose(
        tnp.quantile(t, q, 1, method=method).numpy(), np.quantile(a, q, 1, method=method), 1e-13, 0
    )
    a[1, n // 2] = np.nan
    assert np.allclose(
        tnp.quantile(t, q, 1, method=method).numpy(), np.quantile(a, q, 1, method=method), 1e-13, 0, True
    )
    if n > 1:
        got = tnp.nanquantile(t, q, 1, method=method).numpy()
        assert np.allclose(got, np.nanquantile(a, q, 1, method=method), 1e-13, 0)
        got = tnp.nanquantile(t[1], q, method=method).numpy()
        assert np.allclose(got, np.nanquantile(a[1], q, method=method), 1e-13, 0)


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("n", [7, 1000, 30001, 500000])
def test_order_statistics_of_every_dtype(dtype, n):
    a = np.nan_to_num(numbers(dtype, n), nan=3)
    if np.dtype(dtype).kind == "f":
        a[np.isinf(a)] = 2
    t = tenon.from_numpy(a)
    assert np.allclose(tnp.median(t).numpy(), np.median(a), rtol=1e-6)
    q = [0, 1, 25, 33, 50, 99, 100]
    assert np.allclose(
        tnp.percentile(t, q).numpy(), np.percentile(a.astype("f8"), q), rtol=2e-3 if dtype == "f2" else 1e-5
    )


def test_many_quantiles_at_once():
    a = np.random.default_rng(3).standard_normal(50000)
    q = np.linspace(0, 1, 101)
    assert np.allclose(tnp.quantile(tenon.from_numpy(a), q).numpy(), np.quantile(a, q), 1e-12, 0)
    assert tnp.quantile(tenon.from_numpy(a), q.reshape(1, 101)).shape == (1, 101)


def test_infinities_and_empty_slices():
    inf = np.inf
    for a in ([inf, inf], [-inf, -inf], [inf, 1.0], [-inf, 1.0], [1.0, inf, inf, 2.0]):
        assert tnp.median(tenon.tensor(a, dtype=tenon.float64)).item() == np.median(a)
    assert np.isnan(tnp.median(tenon.tensor([inf, -inf])).item())
    nan = tenon.tensor([[np.nan, np.nan], [1.0, np.nan]])
    assert np.array_equal(tnp.nanmedian(nan, axis=1).numpy(), [np.nan, 1.0], equal_nan=True)
    assert np.isnan(tnp.nanmedian(nan[0]).item())
    with pytest.raises(ValueError, match="quantile: an empty reduction has no value"):
        tnp.quantile(tenon.empty((0,)), 0.5)
    with pytest.raises(ValueError, match=r"percentile: q must be from 0 to 100; got 101"):
        tnp.percentile(tenon.ones(3), 101)
    with pytest.raises(ValueError, match=r"quantile: the method must be one of linear, .*; got 'no'"):
        tnp.quantile(tenon.ones(3), 0.5, method="no")


def test_nanquantile_has_a_gradient():
    x = tenon.tensor([[3.0, np.nan, 1.0], [4.0, 5.0, 9.0]], requires_grad=True)
    tnp.nanmedian(x, axis=1).sum().backward()
    assert x.grad.tolist() == [[0.5, 0, 0.5], [0, 1, 0]]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_with_nans_are_in_numpys_order(dtype, device):
    """By real, then imaginary part; behind them a NaN imaginary part, a NaN real part, both."""
    nan, inf = np.nan, np.inf
    a = np.array(
        [
            complex(*v)
            for v in [
                (nan, 1),
                (2, nan),
                (1, 0),
                (nan, nan),
                (0, nan),
                (nan, -1),
                (0, 5),
                (inf, 0),
                (-inf, nan),
            ]
        ],
        dtype,
    )
    t = tenon.from_numpy(a).to(device)
    wanted = np.argsort(a, kind="stable")
    assert tnp.argsort(t).tolist() == wanted.tolist()
    np.testing.assert_array_equal(tnp.sort(t).cpu().numpy(), np.sort(a))
    assert tenon.sort(t, descending=True).indices.tolist() == wanted.tolist()[::-1]
    assert tnp.lexsort((t,)).tolist() == wanted.tolist()
