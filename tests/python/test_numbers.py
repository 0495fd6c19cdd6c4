"""The one rule for a number that enters a tensor (docs/design.md, "Numbers"), over every way in.

A real number enters an integer dtype by its integer part, which must be in range; NaN is none. Floating
dtypes round, and give inf beyond their range; an integer that float64 cannot hold enters none. bool is
whether it is not zero. Complex numbers enter complex dtypes alone. What joins a number to elements by
kind (masked_fill, scatter, ...) takes no fraction.
"""

import cmath
import itertools
import math

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp

ml_dtypes = pytest.importorskip("ml_dtypes")

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"]
DTYPES = ["bool", *INTEGERS, *FLOATS, "complex64", "complex128"]

NUMBERS = [
    True, False, 0, 3, -1, 127, 128, 255, 256, 300, -129, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**64,
    -(2**63) - 1, 10**400, 2.0, 2.75, -0.5, -1.0, -1.5, 127.9, 128.0, 255.9, 256.0, 300.5,
    2.0**63, 2.0**64, 1e30, math.nan, math.inf, -math.inf, 1j, complex(2, 0),
]  # fmt: skip
SCALARS = [
    np.True_, np.int8(-1), np.uint8(200), np.int64(300), np.uint64(2**63), np.float16(2.75),
    np.float32(300.5), np.float64("nan"), np.float64(1e30), np.complex64(1j), ml_dtypes.bfloat16(2.75),
    ml_dtypes.bfloat16("nan"), ml_dtypes.float8_e4m3fn(1.5), ml_dtypes.float8_e5m2(-3),
]  # fmt: skip


def plain(number):
    """The Python number of a scalar."""
    if isinstance(number, np.generic) and number.dtype.kind == "V":
        return float(number)
    return number.item() if isinstance(number, np.generic) else number


def numpys(dtype):
    return getattr(tenon, dtype).numpy


def kind(number):
    return {bool: 0, int: 1, float: 2, complex: 3}[type(plain(number))]


def rule(number, dtype):
    """What the element is, or the error."""
    v = plain(number)
    if dtype in ("complex64", "complex128"):
        if isinstance(v, int) and abs(v) > 10**308:
            return OverflowError
        return np.array(v, dtype=numpys(dtype))[()]
    if isinstance(v, complex):
        return TypeError
    if dtype == "bool":
        return bool(v)
    if dtype in FLOATS:
        if isinstance(v, int) and abs(v) > 10**308:
            return OverflowError
        with np.errstate(all="ignore"):
            return float(np.array(float(v)).astype(numpys(dtype)))
    if v != v:
        return ValueError
    if math.isinf(v) if isinstance(v, float) else False:
        return OverflowError
    limits = np.iinfo(dtype)
    return int(v) if limits.min <= int(v) <= limits.max else OverflowError


def rule_of_kind(number, dtype):
    rank = 0 if dtype == "bool" else 1 if dtype in INTEGERS else 2 if dtype in FLOATS else 3
    if kind(number) > max(rank, 1):
        return TypeError
    return rule(number, dtype)


def zeros(dtype, *shape):
    return tenon.zeros(*(shape or (2,)), dtype=getattr(tenon, dtype))


def written(write):
    """A way that writes into two zeros, the first of which is looked at."""

    def way(dtype, number):
        t = zeros(dtype)
        r = write(t, number)
        return (t if r is None else r).reshape(-1)[0]

    return way


MASK = tenon.tensor([True, False])
FIRST = tenon.tensor([0])

WAYS = {
    "tensor": lambda d, n: tenon.tensor(n, dtype=getattr(tenon, d)),
    "tensor of a list": lambda d, n: tenon.tensor([n], dtype=getattr(tenon, d))[0],
    "tensor of a nested list": lambda d, n: tenon.tensor([[0], [n]], dtype=getattr(tenon, d))[1, 0],
    "as_tensor": lambda d, n: tenon.as_tensor([n], dtype=getattr(tenon, d))[0],
    "asarray": lambda d, n: tnp.asarray(n, dtype=d),
    "array": lambda d, n: tnp.array((n, 0), dtype=d)[0],
    "full": lambda d, n: tenon.full((2,), n, dtype=getattr(tenon, d))[0],
    "full of NumPy": lambda d, n: tnp.full((2,), n, dtype=d)[0],
    "full of NumPy, a list": lambda d, n: tnp.full((2,), [n, 0], dtype=d)[0],
    "full_like": lambda d, n: tenon.full_like(zeros(d), n)[0],
    "full_like of NumPy": lambda d, n: np.full_like(zeros(d), n)[0],
    "new_full": lambda d, n: zeros(d).new_full((2,), n)[0],
    "new_tensor": lambda d, n: zeros(d).new_tensor([n])[0],
    "fill_": written(lambda t, n: t.fill_(n)),
    "copy_": written(lambda t, n: t.copy_(n)),
    "copy_ of a list": written(lambda t, n: t.copy_([n, 0])),
    "t[0]": written(lambda t, n: t.__setitem__(0, n)),
    "t[:1]": written(lambda t, n: t.__setitem__(slice(0, 1), n)),
    "t[...]": written(lambda t, n: t.__setitem__(..., n)),
    "t[mask]": written(lambda t, n: t.__setitem__(MASK, n)),
    "t[indices]": written(lambda t, n: t.__setitem__([0, 1], n)),
    "t[mask] of a list": written(lambda t, n: t.__setitem__(MASK, [n])),
    "t[:] of a list": written(lambda t, n: t.__setitem__(slice(None), (n, 0))),
    "t[0, 0]": written(lambda t, n: t.reshape(1, 2).__setitem__((0, 0), n)),
    "put": written(lambda t, n: np.put(t, [0], n)),
    "put of a list": written(lambda t, n: tnp.put(t, [0], [n])),
    "put_along_axis": written(lambda t, n: np.put_along_axis(t, FIRST, n, 0)),
    "flat": written(lambda t, n: setattr(t, "flat", [n, 0])),
    "flat[0]": written(lambda t, n: t.flat.__setitem__(0, n)),
    "flat[:]": written(lambda t, n: t.flat.__setitem__(slice(None), [n, 0])),
    "fill": written(lambda t, n: t.fill(n)),
    "place": written(lambda t, n: np.place(t, MASK, [n])),
    "putmask": written(lambda t, n: np.putmask(t, MASK, n)),
    "fill_diagonal": written(lambda t, n: np.fill_diagonal(t.reshape(1, 2), n)),
    "pad": lambda d, n: (
        np.pad(zeros(d), 1, constant_values=n)[0] if n is not False and n != 0 else zeros(d)[0]
    ),
    "index_copy_ of a list": written(lambda t, n: t.index_copy_(0, FIRST, [n])),
}  # fmt: skip
# Not of every dtype, or with a rule of their own beside this one.
WAYS_OF_KIND = {
    "masked_fill": written(lambda t, n: t.masked_fill(MASK, n)),
    "masked_fill_": written(lambda t, n: t.masked_fill_(MASK, n)),
    "index_fill": written(lambda t, n: t.index_fill(0, FIRST, n)),
    "index_fill_": written(lambda t, n: t.index_fill_(0, FIRST, n)),
    "index_copy": written(lambda t, n: t.index_copy(0, FIRST, n)),
    "index_put_": written(lambda t, n: t.index_put_((FIRST,), n)),
    "scatter": written(lambda t, n: t.scatter(0, FIRST, n)),
    "scatter_": written(lambda t, n: t.scatter_(0, FIRST, value=n)),
}


def same(got, wanted):
    got = got.item()
    if isinstance(wanted, (complex, np.complexfloating)):
        return got == wanted or (cmath.isnan(got) and cmath.isnan(wanted))
    return (got != got and wanted != wanted) or got == wanted


def check(way, rule, dtype):
    wrong = []
    for number in NUMBERS + SCALARS:
        wanted = rule(number, dtype)
        try:
            got = way(dtype, number)
        except Exception as error:
            if wanted is not type(error):
                wrong.append(
                    f"{str(number)[:20]} ({type(number).__name__}): "
                    f"{type(error).__name__}: {error}; wanted {wanted}"
                )
            continue
        if isinstance(wanted, type) or not same(got, wanted):
            wrong.append(f"{number!r}: {got!r}, wanted {wanted}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", WAYS)
def test_a_number_enters_by_the_rule(way, dtype):
    if way == "putmask" and dtype.startswith("float8"):
        pytest.skip("where() takes no float8")
    check(WAYS[way], rule, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", WAYS_OF_KIND)
def test_a_number_that_joins_elements_is_of_their_kind(way, dtype):
    check(WAYS_OF_KIND[way], rule_of_kind, dtype)


@pytest.mark.parametrize("linspace", [tenon.linspace, tnp.linspace])
def test_the_ends_of_a_line_enter_too(linspace):
    for ends in ((0, 300), (-1, 5), (0, 256.5), (0, 2**70)):
        with pytest.raises(OverflowError):
            linspace(*ends, 3, dtype=tenon.uint8)
    with pytest.raises(ValueError):
        linspace(0, math.nan, 3, dtype=tenon.int64)
    assert linspace(0, 255, 2, dtype=tenon.uint8).tolist() == [0, 255]


def test_nothing_is_written_before_an_error():
    t = tenon.tensor([1, 2, 3], dtype=tenon.uint8)
    for write in (
        lambda: t.__setitem__(slice(None), [7, 8, 300]),
        lambda: t.__setitem__(t > 1, math.nan),
        lambda: t.fill_(-1.0),
        lambda: tnp.put(t, [0, 1], [9, 1e9]),
    ):
        with pytest.raises((OverflowError, ValueError)):
            write()
    assert t.tolist() == [1, 2, 3]


def test_copyto_asks_for_a_kind_and_a_range():
    t = tenon.zeros(2, dtype=tenon.uint8)
    for source in (-1, 300, [1, 300], [-1, 0]):
        with pytest.raises((OverflowError, TypeError)):
            tnp.copyto(t, source)
        with pytest.raises(OverflowError):
            tnp.copyto(t, source, casting="unsafe")
    with pytest.raises(TypeError):
        tnp.copyto(t, 1.5)
    tnp.copyto(t, 1.5, casting="unsafe")
    assert t.tolist() == [1, 1]
    tnp.copyto(t, tenon.ones(1, 1, 2, dtype=tenon.uint8) * 4)  # leading dimensions of size 1
    assert t.tolist() == [4, 4]


@pytest.mark.parametrize("array", [np.array(300), np.array([300]), tenon.tensor(300), tenon.tensor([300])])
def test_arrays_are_cast_as_by_astype(array):
    """0-d ones too, as in NumPy: what is no number has wrapped there since ever."""
    t = zeros("uint8")
    t[:] = array
    assert t[0].item() == 44


# ---- lists of both kinds ----


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        ([np.float16(1), 70000.0], tenon.float32),
        ([np.float16(1), 2], tenon.float16),
        ([np.int8(1), 300], tenon.int64),
        ([np.float64(1), 2.0], tenon.float64),
        ([np.uint64(1), 2], tenon.uint64),
        ([False, np.int8(2)], tenon.int8),
        ([tenon.tensor(1.0, dtype=tenon.bfloat16), 1e30], tenon.float32),
        ([ml_dtypes.bfloat16(1.5), ml_dtypes.bfloat16(3)], tenon.bfloat16),
        ([np.float32(1), 1j], tenon.complex64),
    ],
)
def test_a_list_has_room_for_each_of_its_numbers(numbers, dtype):
    t = tenon.tensor(numbers)
    assert t.dtype is dtype
    wanted = [n.item() if isinstance(n, tenon.Tensor) else plain(n) for n in numbers]
    assert t.tolist() == [pytest.approx(complex(n) if isinstance(n, complex) else float(n)) for n in wanted]


# ---- comparisons and limits, by value ----

COMPARED = [
    -1, 0, 3, 255, 256, 300, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, 2.0, 2.5, -0.5, 255.5, 1e30, -1e30,
    math.nan, math.inf, -math.inf, 2.0**53, 2.0**63, np.int8(-1), np.uint64(2**63), np.float64(2.5),
    np.float32(0.5),
]  # fmt: skip


@pytest.mark.parametrize("dtype", INTEGERS)
def test_comparisons_are_by_value(dtype):
    limits = np.iinfo(dtype)
    elements = sorted({0, 1, 2, 3, limits.min, limits.max, limits.max - 1, min(2**53 + 1, limits.max)})
    t = tenon.from_numpy(np.array(elements, dtype=dtype))
    relations = {
        "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
    }  # fmt: skip
    for number, (name, relation) in itertools.product(COMPARED, relations.items()):
        v = plain(number)
        assert relation(t, number).tolist() == [relation(e, v) for e in elements], (name, number)
        assert relation(number, t).tolist() == [relation(v, e) for e in elements], (name, number, "reversed")
        assert getattr(tenon, name)(t, number).tolist() == [relation(e, v) for e in elements], (name, number)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    "bounds", [(-5, 300), (0, 2**64), (-(2**70), 5), (None, 2**63), (-(2**63) - 1, None)]
)
def test_bounds_beyond_the_dtype_limit_nothing(dtype, bounds):
    limits = np.iinfo(dtype)
    a = np.array([0, 1, limits.min, limits.max], dtype=dtype)
    low, high = (
        (limits.min if bounds[0] is None else bounds[0]),
        (limits.max if bounds[1] is None else bounds[1]),
    )
    if low > limits.max or high < limits.min:
        pytest.skip("no number is in between")
    wanted = [min(max(int(x), low), high) for x in a]
    for clip in (tnp.clip, tenon.clip, tenon.clamp):
        got = clip(tenon.from_numpy(a), *bounds)
        assert got.dtype is getattr(tenon, dtype)
        assert got.tolist() == wanted


@pytest.mark.parametrize("op", [tenon.add, tenon.mul, tenon.maximum, tnp.minimum, tenon.bitwise_and])
def test_arithmetic_refuses_integers_beyond_the_dtype(op):
    t = zeros("uint8")
    for number in (300, -1, 2**70):
        with pytest.raises(OverflowError):
            op(t, number)
        with pytest.raises(OverflowError):
            op(number, t)
    with pytest.raises(OverflowError):
        t += 256
    assert tenon.where(MASK, t, 255).tolist() == [0, 255]
    with pytest.raises(OverflowError):
        tenon.where(MASK, t, 256)
    assert (t + 300.5).dtype is tenon.float32
