"""Tensors as sets, beside NumPy: every returned part, dimensions, NaNs, gradients."""

import itertools

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp
from support import DTYPES, sample

RNG = np.random.default_rng(6)
NAN = float("nan")
A = RNG.integers(0, 6, (5, 8))
B = RNG.integers(3, 9, (4, 3))


def equal(ours, theirs):
    theirs = np.asarray(theirs)
    np.testing.assert_array_equal(ours.detach().numpy(), theirs)
    assert ours.shape == theirs.shape
    assert str(ours.dtype).removeprefix("tenon.") == str(theirs.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_unique(dtype, axis):
    a = sample(dtype, (6, 4)) if axis is None else RNG.integers(0, 2, (6, 3)).astype(dtype)
    t = tenon.from_numpy(a)
    equal(np.unique(t, axis=axis), np.unique(a, axis=axis))
    theirs = np.unique(a, True, True, True, axis)
    ours = np.unique(t, True, True, True, axis)
    for mine, his in zip(ours, theirs, strict=True):
        equal(mine, his)
    values, inverse, counts = tenon.unique(t, return_inverse=True, return_counts=True, dim=axis)
    equal(values, theirs[0])
    equal(inverse, theirs[2])
    equal(counts, theirs[3])


def test_unique_of_nans_empty_and_many_columns():
    a = np.array([NAN, 1.0, NAN, 1.0, -NAN])
    t = tenon.from_numpy(a)
    equal(np.unique(t), np.unique(a))
    equal(np.unique(t, equal_nan=False), np.unique(a, equal_nan=False))
    assert tenon.unique(t).numel() == 4
    z = np.array([complex(NAN, 1), 1, complex(1, NAN), 1])
    equal(np.unique(tenon.from_numpy(z), return_counts=True)[1], np.unique(z, return_counts=True)[1])
    for shape in ((0,), (0, 3), (3, 0)):
        equal(np.unique(tenon.zeros(shape)), np.unique(np.zeros(shape, "float32")))
    wide = RNG.integers(0, 2, (40, 300)).astype("int64") * RNG.integers(0, 10**9, 300)
    wide[7] = wide[3]
    for mine, his in zip(
        np.unique(tenon.from_numpy(wide), True, True, True, 0),
        np.unique(wide, True, True, True, 0),
        strict=True,
    ):
        equal(mine, his)
    cube = RNG.integers(0, 2, (3, 4, 2))
    for axis in range(3):
        equal(np.unique(tenon.from_numpy(cube), axis=axis), np.unique(cube, axis=axis))
    with pytest.raises(IndexError, match="unique"):
        tenon.unique(t, dim=1)


def test_unique_by_the_standard():
    import tenon.numpy as tn

    t = tenon.from_numpy(A)
    theirs = np.unique_all(A)
    for mine, his, field in zip(tn.unique_all(t), theirs, theirs._fields, strict=True):
        equal(mine, his)
        equal(getattr(tn.unique_all(t), field), his)
    equal(tn.unique_counts(t).counts, np.unique_counts(A).counts)
    equal(tn.unique_inverse(t).inverse_indices, np.unique_inverse(A).inverse_indices)
    equal(tn.unique_values(t), np.sort(np.unique_values(A)))
    assert tn.unique_values(tenon.tensor([NAN, NAN])).numel() == 2


def test_unique_consecutive():
    t = tenon.tensor([1, 1, 2, 2, 3, 1, 1, 2])
    values, inverse, counts = tenon.unique_consecutive(t, return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 2, 3, 1, 2]
    assert inverse.tolist() == [0, 0, 1, 1, 2, 3, 3, 4]
    assert counts.tolist() == [2, 2, 1, 2, 1]
    rows = tenon.tensor([[1, 2], [1, 2], [1, 3], [1, 2]])
    values, inverse, counts = tenon.unique_consecutive(rows, True, True, dim=0)
    assert values.tolist() == [[1, 2], [1, 3], [1, 2]]
    assert inverse.tolist() == [0, 0, 1, 2]
    assert counts.tolist() == [2, 1, 1]
    assert tenon.unique_consecutive(tenon.zeros(0)).numel() == 0


def test_isin():
    t, b = tenon.from_numpy(A), tenon.from_numpy(B)
    for invert in (False, True):
        equal(np.isin(t, b, invert=invert), np.isin(A, B, invert=invert))
        equal(tenon.isin(t, b, invert=invert), np.isin(A, B, invert=invert))
    equal(np.isin(t, [1, 4]), np.isin(A, [1, 4]))
    equal(np.isin(t, 4), np.isin(A, 4))
    equal(np.isin(t, tenon.zeros(0)), np.isin(A, []))
    equal(np.isin(element=t, test_elements=b), np.isin(A, B))
    x, y = np.array([NAN, 1.0, 2**53 + 1]), np.array([NAN, 1.0, 2.0**53])
    equal(np.isin(tenon.from_numpy(x), tenon.from_numpy(y)), np.isin(x, y))
    z = A + 1j * A.T.reshape(A.shape)
    equal(np.isin(tenon.from_numpy(z), tenon.from_numpy(z[:2])), np.isin(z, z[:2]))
    assert tenon.isin(3, tenon.tensor([1, 3])).item() is True


@pytest.mark.parametrize("name", ["union1d", "intersect1d", "setdiff1d", "setxor1d"])
def test_set_operations(name):
    ours, theirs = getattr(np, name), getattr(np, name)
    for a, b in ((A, B), (A.ravel()[:0], B), (A, B.ravel()[:0]), (A.astype("float64"), B), (A == 1, B == 4)):
        equal(
            ours(tenon.from_numpy(a), tenon.from_numpy(b)),
            theirs(a, b).astype(np.result_type(a, b) if name != "setdiff1d" else a.dtype),
        )
    if name != "union1d":
        u, v = RNG.permutation(9), RNG.permutation(12)[:6]
        equal(
            ours(tenon.from_numpy(u), tenon.from_numpy(v), assume_unique=True),
            theirs(u, v, assume_unique=True),
        )


def test_gradients_of_set_operations():
    """Each result's gradient goes to the element of a that it was, or of b where a lacks it."""
    for name, to_a, to_b in [
        ("union1d", [1, 1, 1], [0, 1]),
        ("intersect1d", [0, 0, 1], None),
        ("setdiff1d", [1, 1, 0], None),
        ("setxor1d", [1, 1, 0], [0, 1]),
    ]:
        a = tenon.tensor([3.0, 1.0, 2.0], requires_grad=True)
        b = tenon.tensor([2.0, 5.0], requires_grad=True)
        (getattr(tenon, name)(a, b) ** 2).sum().backward()
        assert a.grad.tolist() == [2 * v * g for v, g in zip([3, 1, 2], to_a, strict=True)], name
        if to_b is not None:
            assert b.grad.tolist() == [2 * v * g for v, g in zip([2, 5], to_b, strict=True)], name
        else:
            assert b.grad is None


def test_intersection_with_indices():
    for mine, his in zip(
        np.intersect1d(tenon.from_numpy(A), tenon.from_numpy(B), return_indices=True),
        np.intersect1d(A, B, return_indices=True),
        strict=True,
    ):
        equal(mine, his)


def test_the_gradient_is_not_lost():
    w = tenon.tensor([3.0, 1.0, 3.0, 2.0], requires_grad=True)
    (np.unique(w) * tenon.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert w.grad.tolist() == [100, 1, 0, 10]
    m = tenon.tensor([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]], requires_grad=True)
    np.unique(m, axis=0).sum().backward()
    assert m.grad.tolist() == [[1, 1], [1, 1], [0, 0]]
    v = tenon.tensor([1.0, 1.0, 2.0], requires_grad=True)
    (tenon.unique_consecutive(v) ** 2).sum().backward()
    assert v.grad.tolist() == [2, 0, 4]


def test_complex_nans_are_one_element():
    nan = np.nan
    a = np.array([complex(nan, 0), 1, complex(nan, -1), complex(0, nan), 1, complex(nan, 0)])
    t = tenon.from_numpy(a)
    values = tnp.unique(t).numpy()
    assert values[0] == 1 and len(values) == 2 == len(np.unique(a)) and np.isnan(values[1])
    values, counts = tnp.unique(t, return_counts=True)
    assert counts.tolist() == [2, 4]
    assert len(tnp.unique(t, equal_nan=False)) == 5 == len(np.unique(a, equal_nan=False))


def test_integers_and_floats_are_matched_by_value():
    """float32, the promoted dtype, would call 2**24 + 1 and 2.0**24 equal."""
    whole, real = tenon.tensor([2**24 + 1, 3, 2**24 + 3]), tenon.tensor([2.0**24, 3.0, 2.0**24 + 4])
    for a, b in ((whole, real), (real, whole)):
        got = tnp.intersect1d(a, b)
        assert got.tolist() == [3] and got.dtype == tenon.float32
        values, in_a, in_b = tnp.intersect1d(a, b, return_indices=True)
        assert (values.tolist(), in_a.tolist(), in_b.tolist()) == ([3], [1], [1])
        assert len(tnp.setxor1d(a, b)) == 4 and len(tnp.setdiff1d(a, b)) == 2
        assert tnp.isin(a, b).tolist() == [False, True, False]


SIGNED = [-(2**63), -(2**63) + 1, -1, 0, 1, 2**53, 2**53 + 1, 2**63 - 1]
UNSIGNED = [0, 1, 2**53, 2**53 + 1, 2**53 + 3, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]
REALS = [-(2.0**63), -0.5, 0.0, 1.0, 2.0**53, 2.0**53 + 4, 2.0**63, 2.0**64, np.inf, -np.inf, np.nan]


def test_large_integers_are_members_by_value(device):
    """float64, where the promotion of such pairs leads, calls 2**63 and 2**63 - 1 equal."""
    groups = [
        (SIGNED, "int64"),
        (UNSIGNED, "uint64"),
        (REALS, "float64"),
        (REALS, "float32"),
        ([True, False], "bool"),
    ]
    for (a, x), (b, y) in itertools.product(groups, groups):
        s, t = (tenon.tensor(v, dtype=d).to(device) for v, d in ((a, x), (b, y)))
        first, second = s.tolist(), t.tolist()
        wanted = [v in second and v == v for v in first]
        assert tenon.isin(s, t).tolist() == wanted, (x, y)
        assert tenon.isin(s, t, invert=True).tolist() == [not w for w in wanted]
        common = {v for v, w in zip(first, wanted, strict=True) if w}
        assert len(tnp.intersect1d(s, t)) == len(common), (x, y)
        assert len(tnp.intersect1d(s, t, return_indices=True)[0]) == len(common)
        assert len(tnp.setdiff1d(s, t)) == len(set(first)) - len(common)
