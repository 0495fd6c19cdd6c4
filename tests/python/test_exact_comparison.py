"""Integers are compared by value, as in NumPy 2: int64 with uint64, and with numbers beyond the dtype."""

import itertools
import operator

import numpy as np
import pytest
import tenon

OPERATORS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
SIGNED = [-(2**63), -(2**53) - 1, -1, 0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
UNSIGNED = [0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]


@pytest.mark.parametrize("op", OPERATORS)
def test_int64_with_uint64(op):
    pairs = list(itertools.product(SIGNED, UNSIGNED))
    a, b = np.array([x for x, _ in pairs], np.int64), np.array([y for _, y in pairs], np.uint64)
    wanted = [op(int(x), int(y)) for x, y in zip(a, b, strict=True)]
    s, u = tenon.from_numpy(a), tenon.from_numpy(b)
    assert op(s, u).tolist() == wanted
    assert op(u, s).tolist() == [op(int(y), int(x)) for x, y in zip(a, b, strict=True)]
    assert op(s[::-2], u[::-2]).tolist() == wanted[::-2]
    table = op(tenon.tensor(SIGNED).reshape(-1, 1), tenon.tensor(UNSIGNED, dtype=tenon.uint64))
    assert table.tolist() == [[op(x, y) for y in UNSIGNED] for x in SIGNED]
    small = tenon.tensor([-1, 0, 1], dtype=tenon.int8)
    assert op(small, tenon.tensor(2**64 - 1, dtype=tenon.uint64)).tolist() == [
        op(x, 2**64 - 1) for x in (-1, 0, 1)
    ]


@pytest.mark.parametrize("op", OPERATORS)
def test_out(op):
    s, u = tenon.tensor([-1, 5]), tenon.tensor([2**63, 5], dtype=tenon.uint64)
    name = op.__name__
    out = tenon.zeros(2, dtype=tenon.bool)
    assert getattr(tenon, name)(s, u, out=out) is out
    assert out.tolist() == [op(-1, 2**63), op(5, 5)]
    with pytest.raises(ValueError, match=rf"{name}: the shape must be \(2,\); got \(3,\)"):
        getattr(tenon, name)(s, u, out=tenon.zeros(3, dtype=tenon.bool))


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_with_python_ints_of_any_size(op, dtype):
    info = np.iinfo(dtype)
    values = [int(info.min), 0, 1, int(info.max)]
    t = tenon.tensor(values, dtype=dtype)
    for number in (2**70, -(2**70), 10**400, -(10**400), 300, -1, 2**63, 2**64 - 1, -(2**63), int(info.max)):
        assert op(t, number).tolist() == [op(v, number) for v in values], number
        assert op(number, t).tolist() == [op(number, v) for v in values], number
        assert op(t, number).tolist() == op(np.array(values, dtype), number).tolist(), number


def test_numpy_scalars_are_compared_by_value():
    t = tenon.tensor([2**53, 2**53 + 1])
    assert (t == np.uint64(2**53)).tolist() == [True, False]
    assert (t < np.uint64(2**63)).tolist() == [True, True]
    assert (tenon.tensor([2**63], dtype=tenon.uint64) > np.int64(-1)).tolist() == [True]


def test_floats_take_numbers_beyond_64_bits():
    t = tenon.tensor([1.0, 2.0**80], dtype=tenon.float64)
    assert (t < 2**70).tolist() == [True, False]
    assert (t + 2**70).tolist() == [1.0 + 2.0**70, 2.0**80 + 2.0**70]
    t[0] = 2**70
    assert t[0].item() == 2.0**70
    with pytest.raises(OverflowError, match="add: the Python integer of about inf is out of bounds"):
        t + 10**400


def test_other_operations_refuse_them_by_name():
    t = tenon.tensor([1, 2])
    for name, call in {
        "add": lambda: t + 2**70,
        "mul": lambda: 2**70 * t,
        "pow": lambda: t ** (2**70),
        "setitem": lambda: t.__setitem__(0, 2**70),
        "fill_": lambda: t.fill_(2**70),
        "clip": lambda: t.clip(2**70, None),
        "full": lambda: tenon.full((2,), 2**70, dtype=tenon.int64),
        "arange": lambda: tenon.arange(2**70),
        "randint": lambda: tenon.randint(2**70, (2,)),
        "masked_fill": lambda: t.masked_fill(t > 1, 2**70),
        "where": lambda: tenon.where(t > 1, t, 2**70),
        "tensor": lambda: tenon.tensor(2**70),
    }.items():
        with pytest.raises(OverflowError, match=rf"^{name}: "):
            call()
    assert t.tolist() == [1, 2]
    assert 2**70 not in t


# A number is weak: it is rounded to float16 or bfloat16 before it is compared, as in NumPy and PyTorch.
@pytest.mark.parametrize("dtype", [tenon.float16, tenon.bfloat16])
def test_half_precision_with_a_number(dtype):
    t = tenon.tensor([0.1], dtype=dtype)
    for op in OPERATORS:
        assert op(t, 0.1).item() == op(0.1, t).item() == op(1, 1)
    assert 0.1 in t and 0.2 not in t and np.equal(t, 0.1).item()
    assert tenon.eq(t, 0.1, out=tenon.zeros(1, dtype=tenon.bool)).item()
    for close in (tenon.isclose, tenon.allclose, np.isclose, np.allclose, tenon.numpy.isclose):
        assert close(t, 0.1, rtol=0, atol=0) and close(0.1, t, rtol=0, atol=0)
    assert (tenon.tensor([2.0**11], dtype=dtype) == 2**11 + 1).item()  # integers too
    assert (t == tenon.tensor(0.1)).item() is False  # a tensor is not weak
    assert tenon.logical_and(t, 1e-30).item()  # by its own truth value


def test_isclose_of_integers():
    a, b = tenon.tensor([2**60]), tenon.tensor([2**60 + 1])
    assert not tenon.isclose(a, b, rtol=0, atol=0).item() and tenon.isclose(a, a, rtol=0, atol=0).item()
    assert tenon.isclose(a, b, rtol=0, atol=1).item() and tenon.isclose(a, b).item()
    assert not tenon.isclose(a, 2**60 + 1, rtol=0, atol=0).item()
    assert not tenon.isclose(tenon.tensor([44], dtype=tenon.uint8), 300).item()
    for bad in ({"rtol": -1}, {"atol": -1e-8}):
        with pytest.raises(ValueError, match="close: rtol and atol must not be negative"):
            tenon.allclose(a, b, **bad)


def test_alpha_does_not_hide_a_number_that_does_not_fit():
    t = tenon.tensor([100], dtype=tenon.int8)
    for call in (
        lambda: t.add_(300),
        lambda: t.sub_(300),
        lambda: t.add(300),
        lambda: t.add_(100, alpha=3),
        lambda: t.add(100, alpha=3),
        lambda: t.sub_(2**62, alpha=2**62),
        lambda: t.add_(t, alpha=300),
        lambda: t.add_(np.int8(100), alpha=3),
    ):
        with pytest.raises(OverflowError, match="out of bounds for int8"):
            call()
    assert t.tolist() == [100]
    r = t.add(3, alpha=2)  # a product of numbers is a number
    assert r.dtype is tenon.int8 and r.tolist() == [106]
    assert t.sub_(tenon.tensor([1], dtype=tenon.int8), alpha=2).tolist() == [98]
    assert tenon.ones(1).add(2, alpha=1.5).tolist() == [4]


# ---- integers beside floats ----

FLOATS = [
    -(2.0**64), -(2.0**63), -(2.0**53), -2.5, -0.0, 0.0, 1.0, 2.5, 3.0, 2.0**24, 2.0**53, 2.0**53 + 2,
    2.0**62, 2.0**63 - 1024, 2.0**63, 2.0**63 + 2048, 2.0**64 - 2048, 2.0**64, 2.0**70, np.inf, -np.inf,
    np.nan,
]  # fmt: skip
WHOLE = {
    "int64": [*SIGNED, 3, 2**24 + 1, 2**53 + 2, 2**62 + 1, 2**63 - 513, 2**63 - 512],
    "uint64": [*UNSIGNED, 2**24 + 1, 2**64 - 1025, 2**64 - 1024],
    "int32": [-(2**31), -(2**24) - 1, 3, 2**24 + 1, 2**31 - 1],
    "uint32": [0, 2**24, 2**24 + 1, 2**32 - 1],
    "int16": [-(2**15), 3, 2**15 - 1],
    "uint8": [0, 3, 255],
}


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("real", ["float64", "float32", "float16", "bfloat16", "complex64", "complex128"])
def test_integers_beside_floats_are_compared_by_value(device, whole, real):
    i = tenon.tensor(WHOLE[whole], dtype=whole)
    f = tenon.tensor(FLOATS, dtype=real)
    complex_ = real.startswith("complex")
    values = f.to(tenon.complex128 if complex_ else tenon.float64).tolist()
    for op in OPERATORS[:2] if complex_ else OPERATORS:
        wanted = [[op(a, b) for b in values] for a in WHOLE[whole]]
        a, b = i.to(device).reshape(-1, 1), f.to(device)
        assert op(a, b).tolist() == wanted, op
        assert op(a.reshape(-1), b.reshape(-1, 1)).T.tolist() == wanted, op
        out = tenon.zeros(len(wanted), len(values), dtype=tenon.bool, device=device)
        assert getattr(tenon, op.__name__)(a, b, out=out).tolist() == wanted
        flipped = [[op(b, a) for b in values] for a in WHOLE[whole]]
        assert op(b, a).tolist() == flipped, op
        for k, v in enumerate(values):  # without dimensions, from the CPU too
            assert op(i.to(device), f[k]).tolist() == [op(a, v) for a in WHOLE[whole]], (op, v)


def test_what_compares_integers_with_floats():
    i, f = tenon.tensor([2**24 + 1, 5]), tenon.tensor([2.0**24, 5.0])
    assert not tenon.equal(i, f) and not tenon.numpy.array_equal(i, f)
    assert tenon.isclose(i, f, rtol=0, atol=0).tolist() == [False, True]
    assert np.equal(i, f).tolist() == [False, True] and np.greater(i, f).tolist() == [True, False]
    assert tenon.isin(i, f).tolist() == [False, True]
    assert tenon.searchsorted(f.sort().values, i).tolist() == [2, 0]
    assert tenon.searchsorted(i.sort().values, f).tolist() == [1, 0]
    assert 2.0**24 not in i and f[0] not in i
    for sign in (1, -1):
        big, near = tenon.tensor([sign * (2**53 + 1)]), tenon.tensor([sign * 2.0**53], dtype=tenon.float64)
        assert not tenon.equal(big, near) and (big != near).item()
        assert not tenon.isclose(big, near, rtol=0, atol=0) and tenon.isclose(near, big, rtol=0, atol=1)
        assert tenon.allclose(big, near)


PAIRS = [
    ("int64", "float64"), ("uint64", "float64"), ("int64", "float32"), ("uint64", "float16"),
    ("int64", "uint64"), ("int8", "uint64"), ("int32", "float32"), ("int64", "bfloat16"),
]  # fmt: skip


def near_ties(dtype, n, seed):
    """Numbers whose values two dtypes tell apart, or do not: near powers of two."""
    random = np.random.default_rng(seed)
    powers = (1 << random.integers(0, 63, n)) + random.integers(-2, 3, n)
    if dtype == "uint64":
        return powers.astype("uint64") * 2 + random.integers(0, 2, n).astype("uint64")
    powers *= random.choice([-1, 1], n)
    with np.errstate(over="ignore"):
        return powers.astype({"bfloat16": "float32"}.get(dtype, dtype))


@pytest.mark.parametrize(("a", "b"), PAIRS)
@pytest.mark.parametrize("op", OPERATORS)
def test_all_layouts_and_sizes(device, a, b, op):
    shape = 24, 70
    x = tenon.tensor(near_ties(a, 24 * 70, 1)).to(getattr(tenon, a)).reshape(shape)
    y = tenon.tensor(near_ties(b, 24 * 70, 2)).to(getattr(tenon, b)).reshape(shape)
    values = [
        np.array(t.to(tenon.float32 if "16" in str(t.dtype) else t.dtype).tolist(), object) for t in (x, y)
    ]
    xs, ys = x.to(device), y.to(device)
    for view in (
        lambda t: t,
        lambda t: t[::-1, ::-3],
        lambda t: t.T,
        lambda t: t[:, 5:6],
        lambda t: t[3],
        lambda t: t[0, 0],
        lambda t: t[:0],
    ):
        wanted = np.array(op(view(values[0]), view(values[1])), bool)
        p, q = view(xs), view(ys)
        assert op(p, q).tolist() == wanted.tolist()
        if p.ndim > 1:
            assert op(p.contiguous(), q).tolist() == wanted.tolist()
            assert op(p.mT.contiguous().mT, q).tolist() == wanted.tolist()
            row = np.array(op(view(values[0]), view(values[1])[:1]), bool)
            assert op(p, q[:1]).tolist() == row.tolist()
    out = tenon.zeros(70, 24, dtype=tenon.float32, device=device)
    assert getattr(tenon, op.__name__)(xs, ys, out=out.T) is not None
    assert out.T.tolist() == np.array(op(*values), float).tolist()


# The output is an operand, or its bytes are another's.
@pytest.mark.parametrize("op", OPERATORS)
def test_in_place_and_overlapping(device, op):
    name = op.__name__
    i = tenon.tensor([2**53 + 1, 5, -(2**63)], device=device)
    f = tenon.tensor([2.0**53, 5.5, -(2.0**63)], dtype=tenon.float64, device=device)
    wanted = [op(a, b) for a, b in zip(i.tolist(), f.tolist(), strict=True)]
    for a, b in ((i, f), (f, i)):
        x = a.clone()
        answers = wanted if a is i else [op(q, p) for p, q in zip(i.tolist(), f.tolist(), strict=True)]
        assert getattr(x, f"{name}_")(b) is x and x.tolist() == answers
    memory = tenon.zeros(5, dtype=tenon.int64, device=device)
    memory[:3] = i
    getattr(tenon, name)(memory[:3], f, out=memory[1:4])
    assert memory[1:4].tolist() == wanted
    where = tenon.numpy.asarray([True, False, True], device=device)
    kept = tenon.zeros(3, dtype=tenon.bool, device=device)
    ufunc = {
        "eq": "equal",
        "ne": "not_equal",
        "lt": "less",
        "le": "less_equal",
        "gt": "greater",
        "ge": "greater_equal",
    }
    getattr(tenon.numpy, ufunc[name])(i, f, out=kept, where=where)
    assert kept.tolist() == [wanted[0], False, wanted[2]]


def test_large_tensors_in_pieces():
    n = 300_000  # several threads
    i = tenon.arange(n) + 2**53
    f = (tenon.arange(n) // 2 * 2).to(tenon.float64) + 2.0**53
    assert (i == f).tolist() == [k % 2 == 0 for k in range(n)]
    assert (i[::-1] > f[::-1]).sum() == n // 2


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "uint64"])
def test_numbers_of_all_kinds(device, op, dtype):
    limits = [0, 1] if dtype == "bool" else [np.iinfo(dtype).min, np.iinfo(dtype).max]
    t = tenon.tensor([int(v) for v in (0, 1, *limits)]).to(getattr(tenon, dtype)) if dtype != "uint64" else (
        tenon.tensor([0, 1, 0, 2**64 - 2], dtype=tenon.uint64)
    )  # fmt: skip
    values = t.tolist()
    t = t.to(device)
    numbers = [
        -(2**70),
        2**70,
        2**64 - 1,
        -1,
        300,
        True,
        1.0,
        1 + 2**-40,
        2.0**64,
        -0.5,
        np.inf,
        -np.inf,
        np.nan,
    ]
    complex_ = [1 + 0j, 1 + 1j, 2.0**64 + 0j, complex(1, np.nan)] if op in OPERATORS[:2] else []
    for number in (*numbers, *complex_, np.uint64(2**64 - 1), np.float32(0.5), np.int8(-1)):
        plain = number.item() if isinstance(number, np.generic) else number
        wanted = [op(v, plain) for v in values]
        assert op(t, number).tolist() == wanted, number
        assert op(number, t).tolist() == [op(plain, v) for v in values], number
        x = t.clone()
        assert getattr(x, f"{op.__name__}_")(number) is x and x.tolist() == wanted, number
    x = tenon.tensor([[1, 2]])
    with pytest.raises(ValueError, match=r"eq_|copy_"):
        x.eq_(tenon.zeros(2, 2, dtype=tenon.float64))
    x = tenon.tensor([1.0], requires_grad=True) * 1
    x.lt_(2)
    assert x.tolist() == [1.0]


def test_isclose_of_integers_and_fractions(device):
    i = tenon.tensor([5, 2**24 + 1, -3], device=device)
    for f in ([5.3, 2.0**24 + 0.5, -3.25], [4.7, 2.0**24 + 1.5, -2.75]):
        for dtype in ("int64", "int32", "int8") if device == "cpu" else ("int64",):
            n = 1 if dtype == "int8" else 3
            a, b = i[:n].to(getattr(tenon, dtype)), tenon.tensor(f[:n], dtype=tenon.float64, device=device)
            for atol, wanted in ((0.6, [True] * 3), (0.4, [True, False, True]), (0.2, [False] * 3)):
                assert tenon.isclose(a, b, rtol=0, atol=atol).tolist() == wanted[:n]
                assert tenon.isclose(b, a, rtol=0, atol=atol).tolist() == wanted[:n]
    assert tenon.isclose(i, 2.0**24 + 0.5, rtol=0, atol=0.6).tolist() == [False, True, False]


FRACTIONS = [0.1, 0.2, 0.3]


# Floats in lists are read with the digits of the tensors that they meet, as floats alone are.
@pytest.mark.parametrize(
    "f",
    [
        lambda xp, x, y: xp.equal(x, y) if xp is not tenon else tenon.eq(x, y),
        lambda xp, x, y: xp.less_equal(x, y),
        lambda xp, x, y: xp.maximum(x, y),
        lambda xp, x, y: xp.add(x, y),
        lambda xp, x, y: xp.where(xp.less(x, 9), y, x),
        lambda xp, x, y: xp.clip(x, y, [0.2] * 3),
        lambda xp, x, y: xp.isclose(x, y, rtol=0, atol=0),
        lambda xp, x, y: xp.isin(x, y),
        lambda xp, x, y: xp.searchsorted(x, y),
        lambda xp, x, y: xp.digitize(x, y),
        lambda xp, x, y: xp.union1d(x, y),
        lambda xp, x, y: xp.intersect1d(x, y),
        lambda xp, x, y: xp.setdiff1d(x, y),
        lambda xp, x, y: xp.setxor1d(x, y),
        lambda xp, x, y: xp.concatenate([x, y]),
        lambda xp, x, y: xp.stack([x, y]),
        lambda xp, x, y: xp.append(x, y),
        lambda xp, x, y: xp.dot(x, y),
        lambda xp, x, y: xp.kron(x, y),
        lambda xp, x, y: xp.trapezoid(x, y),
        lambda xp, x, y: xp.interp(x, y, [1.0, 2.0, 3.0]),
        lambda xp, x, y: xp.diff(x, prepend=0.1, append=[0.7]),
        lambda xp, x, y: xp.array_equal(x, y),
    ],
)
def test_lists_beside_float64(f):
    a = np.array(FRACTIONS)
    t = tenon.tensor(a)
    assert t.dtype is tenon.float64
    wanted = np.asarray(f(np, a, FRACTIONS))
    for xp in (tenon.numpy, np):
        got = np.asarray(f(xp, t, FRACTIONS))
        assert got.dtype == wanted.dtype and got.tolist() == wanted.tolist()
        if got.ndim and len(got) != 4:  # but for diff, of which there is no tensor then
            got, turned = np.asarray(f(xp, FRACTIONS, t)), np.asarray(f(np, FRACTIONS, a))
            assert got.tolist() == turned.tolist()


def test_lists_beside_float64_by_every_door():
    a = np.array(FRACTIONS)
    t, mask = tenon.tensor(a), tenon.tensor(a > a[0])
    assert t.where(mask, FRACTIONS).tolist() == a.tolist()
    assert t.clone().clip_(FRACTIONS, [9.0] * 3).tolist() == a.tolist()
    assert tenon.numpy.clip(FRACTIONS, a_min=t, a_max=None).tolist() == a.tolist()
    assert tenon.numpy.clip(t, a_min=FRACTIONS, a_max=FRACTIONS).tolist() == a.tolist()
    assert tenon.numpy.average(a, weights=FRACTIONS).item() == np.average(a, weights=FRACTIONS)
    assert tenon.numpy.select([mask], [FRACTIONS], t).tolist() == a.tolist()
    assert tenon.numpy.select([a < 0], [t], FRACTIONS).tolist() == a.tolist()
    assert tenon.numpy.linspace(t, FRACTIONS, 2)[1].tolist() == a.tolist()
    assert tenon.linspace(FRACTIONS, t, 2)[0].tolist() == a.tolist()
    places = np.cumsum(FRACTIONS).tolist()
    slopes = np.gradient(a, places)
    assert np.allclose(tenon.numpy.gradient(t, places), slopes, rtol=1e-14, atol=0)
    assert np.allclose(tenon.gradient(t, spacing=(places,))[0], slopes, rtol=1e-14, atol=0)
    z = t.to(tenon.complex128)
    assert tenon.numpy.where(mask, FRACTIONS, z).tolist() == np.where(a > a[0], FRACTIONS, a + 0j).tolist()


def test_lists_beside_other_tensors():
    assert tenon.add(tenon.ones(3), FRACTIONS).dtype is tenon.float32
    assert tenon.add(tenon.tensor([1, 2, 3]), FRACTIONS).dtype is tenon.float32
    w = tenon.tensor([1.0, 2.0], dtype=tenon.float64, requires_grad=True)
    x = tenon.tensor(0.5, requires_grad=True)
    tenon.mul(w, [x, 2.0]).sum().backward()
    assert w.grad.tolist() == [0.5, 2] and x.grad.item() == 1
    i = tenon.tensor([2**24 + 1, 5])
    assert tenon.eq(i, [2.0**24 + 1, 5.0]).tolist() == [True, True]
    assert tenon.lt(i, [2.0**24 + 1.5, 5.0]).tolist() == [True, False]
    assert tenon.numpy.isin(i, [2.0**24 + 1]).tolist() == [True, False]
    assert tenon.numpy.searchsorted([2.0**24 + 0.5, 2.0**24 + 1], i).tolist() == [1, 0]
    assert tenon.numpy.interp(2.0**24 + 0.5, i.flip(0), [0, 1]).item() < 1


@pytest.mark.parametrize("op", OPERATORS)
def test_lists_are_compared_element_by_element(op):
    t = tenon.tensor([[1.0, 2.0], [0.1, float("nan")]], dtype=tenon.float64)
    for other in ([1.0, 2.0], (2, 0.1), [[1.0], [0.1]], [0.1, 2**53 + 1], [True, False], [np.float32(2), 5]):
        assert np.array_equal(op(t, other), op(t.numpy(), other)), other
        assert np.array_equal(op(other, t), op(other, t.numpy())), other
    assert op(tenon.tensor([0, 255], dtype=tenon.uint8), [-1, 300]).tolist() == [op(0, -1), op(255, 300)]
    w = tenon.ones(2, requires_grad=True)
    assert op(w, [w[0], tenon.tensor(2.0)]).tolist() == [op(1, 1), op(1, 2)]
    with pytest.raises(ValueError, match=op.__name__):
        op(t, [1, 2, 3])


def test_a_list_without_numbers_equals_no_tensor():
    t = tenon.tensor([1, 2])
    for other in (["a", "b"], [None, 1], ("x",), [{}]):
        assert (t == other) is False and (t != other) is True
        with pytest.raises(TypeError, match="lt: "):
            t < other  # noqa: B015


def test_a_list_is_extended_by_a_tensor_and_no_operand_of_arithmetic():
    rows = [tenon.tensor(0)]
    rows += tenon.tensor([1, 2])
    assert [int(x) for x in rows] == [0, 1, 2]
    with pytest.raises(TypeError, match="unsupported operand"):
        operator.add(tenon.tensor([1, 2]), [1, 2])
