"""Places among sorted numbers, beside NumPy: both vocabularies, NaNs, rows, dtypes that meet."""

import numpy as np
import pytest
import tenon
from support import DTYPES, sample

RNG = np.random.default_rng(4)
NAN, INF = float("nan"), float("inf")
REAL = [d for d in DTYPES if not d.startswith("complex")]


def equal(ours, theirs):
    assert ours.dtype is tenon.int64
    assert ours.shape == np.shape(theirs)
    np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(dtype, side):
    for n in (0, 1, 2, 3, 7, 8, 9, 100):
        a = np.sort(sample(dtype, (n,), seed=n))
        v = sample(dtype, (5, 11), seed=1)
        equal(
            np.searchsorted(tenon.from_numpy(a), tenon.from_numpy(v), side=side),
            np.searchsorted(a, v, side=side),
        )
        equal(
            tenon.searchsorted(tenon.from_numpy(a), tenon.from_numpy(v), right=side == "right"),
            np.searchsorted(a, v, side=side),
        )
        equal(
            tenon.from_numpy(a).searchsorted(tenon.from_numpy(v), side=side), np.searchsorted(a, v, side=side)
        )


@pytest.mark.parametrize("side", ["left", "right"])
def test_nans_and_infinities(side):
    a = np.array([-INF, 0.0, 1.0, INF, NAN, NAN])
    v = np.array([NAN, INF, -INF, -0.0, 5.0])
    equal(
        np.searchsorted(tenon.from_numpy(a), tenon.from_numpy(v), side=side), np.searchsorted(a, v, side=side)
    )


def test_sorter_rows_and_dtypes():
    a = RNG.standard_normal(20)
    order = np.argsort(a)
    v = RNG.standard_normal(9)
    t = tenon.from_numpy(a)
    equal(
        np.searchsorted(t, tenon.from_numpy(v), sorter=tenon.from_numpy(order)),
        np.searchsorted(a, v, sorter=order),
    )
    rows = np.sort(RNG.standard_normal((3, 2, 8)), -1)
    values = RNG.standard_normal((3, 2, 5))
    expected = [
        [np.searchsorted(r, v) for r, v in zip(rr, vv, strict=True)]
        for rr, vv in zip(rows, values, strict=True)
    ]
    equal(tenon.searchsorted(tenon.from_numpy(rows), tenon.from_numpy(values)), expected)
    assert tenon.searchsorted(t.sort().values, tenon.from_numpy(v), out_int32=True).dtype is tenon.int32
    assert np.searchsorted(tenon.tensor([1, 3, 5]), 3).item() == 1
    # Integers that float32 does not tell apart.
    assert (
        np.searchsorted(
            tenon.tensor([2**24, 2**24 + 1]), tenon.tensor([2.0**24 + 1], dtype=tenon.float64)
        ).item()
        == 1
    )
    apart = tenon.tensor([2**24, 2**24 + 2])
    assert np.searchsorted(apart, 2.0**24 + 1).item() == 1
    assert tenon.searchsorted(apart, [2.0**24 + 1]).tolist() == [1]
    assert tenon.bucketize(2.0**24 + 1, apart).item() == 1
    assert tenon.searchsorted(tenon.tensor([2**53, 2**53 + 1]), 2**53 + 1).item() == 1
    assert np.searchsorted(
        tenon.tensor([0.1, 0.2], dtype=tenon.float64), [0.1, 0.2], side="right"
    ).tolist() == [1, 2]
    for arguments, keywords, error in [
        ((t, 1.0), {"side": "middle"}, ValueError),
        ((t, 1.0), {"side": "left", "right": True}, ValueError),
        ((tenon.tensor(1.0), 1.0), {}, ValueError),
        ((tenon.zeros(2, 3), tenon.zeros(3, 3)), {}, ValueError),
        ((t, 1j), {}, TypeError),
        ((t, 1.0), {"sorter": tenon.zeros(20)}, TypeError),
        ((t, 1.0), {"sorter": tenon.full((20,), 20)}, IndexError),
    ]:
        with pytest.raises(error, match="searchsorted"):
            tenon.searchsorted(*arguments, **keywords)


@pytest.mark.parametrize("right", [False, True])
def test_digitize_and_bucketize(right):
    x = RNG.integers(-2, 9, (4, 6)).astype("float64")
    for bins in (np.arange(6.0), np.arange(6.0)[::-1], np.array([1.0, 1.0, 3.0]), np.array([2.0])):
        equal(
            np.digitize(tenon.from_numpy(x), tenon.from_numpy(bins.copy()), right),
            np.digitize(x, bins, right),
        )
    b = tenon.arange(6.0)
    equal(tenon.bucketize(tenon.from_numpy(x), b, right=right), np.digitize(x, np.arange(6.0), not right))
    with pytest.raises(ValueError, match="digitize: the bins"):
        np.digitize(tenon.from_numpy(x), tenon.tensor([1.0, 3.0, 2.0]))
    with pytest.raises(ValueError, match="bucketize"):
        tenon.bucketize(tenon.from_numpy(x), tenon.zeros(2, 2))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("whole", "sign"), [("int64", 1), ("int64", -1), ("uint64", 1)])
def test_integers_that_float64_rounds(device, side, whole, sign):
    from bisect import bisect_left, bisect_right

    large = 2**53 if sign < 0 or whole == "int64" else 2**63
    wholes = sorted(sign * (large + 2**41 * k + d) for k in range(3) for d in (-1, 0, 1))
    reals = sorted(float(sign * (large + 2**41 * k)) for k in range(3))
    find = bisect_left if side == "left" else bisect_right
    w = tenon.tensor(wholes, dtype=whole, device=device)
    for dtype in ("float64", "float32"):
        r = tenon.tensor(reals, dtype=dtype, device=device)
        assert tenon.searchsorted(w, r, side=side).tolist() == [find(wholes, x) for x in reals]
        assert tenon.searchsorted(r, w, side=side).tolist() == [find(reals, x) for x in wholes]
    other = tenon.tensor([0, 1, 2**62], dtype="int64" if whole == "uint64" else "uint64", device=device)
    assert tenon.searchsorted(w, other, side=side).tolist() == [find(wholes, x) for x in (0, 1, 2**62)]
    nan = tenon.tensor([NAN], dtype="float64", device=device)
    assert tenon.searchsorted(w, nan, side=side).tolist() == [len(wholes)]


def test_small_integers_beside_halves():
    whole = tenon.tensor([0, 2049, 32767], dtype=tenon.int16)
    for dtype in (tenon.float16, tenon.bfloat16):
        half = tenon.tensor([0.0, 2048.0, INF], dtype=dtype)
        assert tenon.searchsorted(half, whole).tolist() == [0, 2, 2]
        assert tenon.searchsorted(whole, half).tolist() == [0, 1, 3]
    limits = tenon.tensor([0, 65535], dtype=tenon.uint16)
    assert tenon.digitize(limits, tenon.tensor([INF], dtype=tenon.float16)).tolist() == [0, 0]


def test_bins_with_nan():
    v = np.array([0.0, 1.0, 7.0, NAN])
    for bins in ([1.0, 5.0, NAN], [NAN, 5.0, 1.0]):
        for right in (False, True):
            ours = tenon.digitize(tenon.tensor(v), tenon.tensor(bins, dtype=tenon.float64), right=right)
            assert ours.tolist() == np.digitize(v, bins, right).tolist()
    with pytest.raises(ValueError, match="the bins must ascend or descend"):
        tenon.digitize(tenon.tensor(v), tenon.tensor([5.0, 1.0, NAN]))
