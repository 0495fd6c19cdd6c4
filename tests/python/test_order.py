"""Extrema with their places and selections by rank, beside NumPy and written out."""

import numpy as np
import pytest
import tenon
from support import DTYPES, sample

REAL = [d for d in DTYPES if not d.startswith("complex")]
RNG = np.random.default_rng(5)
TIES = RNG.integers(0, 4, (3, 7, 4)).astype("float64")
NAN = float("nan")


def equal(ours, theirs, dtype=None):
    theirs = np.asarray(theirs)
    np.testing.assert_array_equal(ours.detach().numpy(), theirs)
    assert ours.shape == theirs.shape
    assert str(ours.dtype).removeprefix("tenon.") == (dtype or str(theirs.dtype))


def running(a, best):
    """PyTorch's cummax and cummin of one line: the last of equal elements, and of NaNs."""
    at, where = 0, []
    for i, x in enumerate(a):
        if x != x or (a[at] == a[at] and (x >= a[at] if best == "max" else x <= a[at])):
            at = i
        where.append(at)
    return np.array(where, dtype="int64")


@pytest.mark.parametrize("best", ["max", "min"])
@pytest.mark.parametrize("dtype", REAL)
def test_cummax_and_cummin(best, dtype):
    a = sample(dtype, (5, 6, 3))
    op = tenon.cummax if best == "max" else tenon.cummin
    for layout in (a, a[::-1, :, ::-1], a.T, a[:0]):
        for dim in range(3):
            values, indices = op(tenon.from_numpy(layout), dim)
            expected = (
                np.apply_along_axis(running, dim, layout, best)
                if layout.size
                else np.zeros(layout.shape, int)
            )
            equal(indices, expected)
            equal(values, np.take_along_axis(layout, expected, dim), dtype)


def test_cummax_of_nan_infinities_and_long_lines():
    a = np.array([-np.inf, 1.0, NAN, 5.0, NAN, np.inf])
    values, indices = tenon.cummax(tenon.from_numpy(a), 0)
    assert indices.tolist() == [0, 1, 2, 2, 4, 4]
    np.testing.assert_array_equal(values.numpy(), a[indices.numpy()])
    long = RNG.standard_normal((2, 70_000))
    np.testing.assert_array_equal(
        tenon.cummax(tenon.from_numpy(long), 1).values.numpy(), np.maximum.accumulate(long, 1)
    )
    np.testing.assert_array_equal(
        tenon.cummin(tenon.from_numpy(long.T), 0).values.numpy(), np.minimum.accumulate(long.T, 0)
    )
    assert tenon.cummax(tenon.tensor(3.0), 0).indices.item() == 0
    for dtype in ("float16", "bfloat16"):
        t = tenon.tensor([1.0, 3.0, 2.0]).to(dtype)
        assert tenon.cummax(t, 0).values.tolist() == [1, 3, 3]
    with pytest.raises(TypeError, match="cummax"):
        tenon.cummax(tenon.zeros(2, dtype=tenon.complex64), 0)
    with pytest.raises(IndexError, match="cummax"):
        tenon.cummax(tenon.zeros(2), 1)


def test_gradients_of_what_is_taken():
    x = tenon.from_numpy(RNG.standard_normal((3, 5))).requires_grad_()
    for f in (
        lambda t: tenon.cummax(t, 1).values,
        lambda t: tenon.cummin(t, 0).values,
        lambda t: tenon.topk(t, 2, 1).values,
        lambda t: tenon.kthvalue(t, 2, 0).values,
        lambda t: tenon.mode(t, 1).values,
        lambda t: t.max(1).values,
        lambda t: tenon.aminmax(t, dim=0).max,
        lambda t: tenon.ptp(t, 1),
        lambda t: tenon.partition(t, 1),
        lambda t: tenon.median(t),
        lambda t: tenon.median(t, 0).values,
        lambda t: tenon.nanmedian(t, 1).values,
    ):
        tenon.autograd.gradcheck(f, (x,))
        tenon.autograd.gradgradcheck(lambda t, f=f: f(t * t), (x,))


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("largest", [True, False])
def test_topk(dim, largest):
    t = tenon.from_numpy(TIES)
    order = np.argsort(-TIES if largest else TIES, axis=dim, kind="stable")
    for k in (0, 1, 3):
        values, indices = t.topk(k, dim, largest)
        expected = np.take(order, range(k), axis=dim)
        equal(indices, expected)
        equal(values, np.take_along_axis(TIES, expected, dim))


def test_topk_of_long_rows_and_nans():
    a = RNG.integers(0, 50, 20_000).astype("float32")
    for largest in (True, False):
        order = np.argsort(-a if largest else a, kind="stable")[:100]
        values, indices = tenon.topk(tenon.from_numpy(a), 100, largest=largest)
        equal(indices, order)
        equal(values, a[order])
    a[7] = NAN
    values, indices = tenon.topk(tenon.from_numpy(a), 3)
    assert indices[0].item() == 7 and values[0].isnan().item()
    assert tenon.topk(tenon.tensor(2.0), 1).values.item() == 2
    with pytest.raises(ValueError, match="topk: k must be"):
        tenon.topk(tenon.zeros(3), 4)


def test_kthvalue_and_mode():
    t = tenon.from_numpy(TIES)
    for dim in range(3):
        order = np.argsort(TIES, axis=dim, kind="stable")
        at = np.take(order, [1], axis=dim)
        values, indices = t.kthvalue(2, dim, keepdim=True)
        equal(indices, at)
        equal(values, np.take_along_axis(TIES, at, dim))
        values, indices = t.mode(dim)

        def most(line):
            distinct, counts = np.unique(line, return_counts=True)
            return distinct[np.argmax(counts)]

        equal(values, np.apply_along_axis(most, dim, TIES))
        np.testing.assert_array_equal(
            np.take_along_axis(TIES, np.expand_dims(indices.numpy(), dim), dim).squeeze(dim), values.numpy()
        )
    assert tenon.mode(tenon.tensor([2, 1, 2, 1])).indices.item() == 3
    with pytest.raises(ValueError, match="mode"):
        tenon.mode(tenon.zeros(0))
    with pytest.raises(ValueError, match="kthvalue: k must be"):
        tenon.kthvalue(tenon.zeros(3), 0)


@pytest.mark.parametrize("dtype", REAL)
def test_max_with_indices_aminmax_and_ptp(dtype):
    a = sample(dtype, (3, 4, 5))
    t = tenon.from_numpy(a)
    for dim in range(3):
        values, indices = t.max(dim)
        equal(indices, np.argmax(a, dim))
        equal(values, np.max(a, dim))
        pair = tenon.aminmax(t, dim=dim, keepdim=True)
        equal(pair.min, np.min(a, dim, keepdims=True))
        equal(pair.max, np.max(a, dim, keepdims=True))
        if dtype != "bool":
            equal(tenon.ptp(t, dim), np.ptp(a, dim))
    if dtype == "bool":
        with pytest.raises(TypeError, match="ptp"):
            tenon.ptp(t)


def test_partition_and_lexsort():
    t = tenon.from_numpy(TIES)
    for kth in (2, (0, -1)):
        equal(tenon.partition(t, kth, dim=1), np.sort(TIES, 1))
        taken = np.take_along_axis(TIES, tenon.argpartition(t, kth, axis=1).numpy(), 1)
        np.testing.assert_array_equal(taken, np.sort(TIES, 1))
    assert np.partition(t, 3, axis=None).shape == (TIES.size,)
    with pytest.raises(ValueError, match="partition: rank 7"):
        tenon.partition(t, 7, dim=1)
    keys = RNG.integers(0, 3, (3, 40))
    equal(np.lexsort(tenon.from_numpy(keys)), np.lexsort(keys))
    equal(tenon.lexsort([tenon.from_numpy(k) for k in keys]), np.lexsort(keys))
    equal(np.lexsort(tenon.from_numpy(TIES), axis=0), np.lexsort(TIES, axis=0))
    with pytest.raises(ValueError, match="lexsort"):
        tenon.lexsort([])
