"""Elementwise operations of several primitives and with parameters, beside NumPy and Python's math."""

import math

import numpy as np
import pytest
import tenon

FLOATS = ["float16", "float32", "float64"]
SPECIAL = [0.0, -0.0, 1.0, -1.5, 2.5, 1e-3, 60000.0, float("inf"), float("-inf"), float("nan"), 6e-8]


def same(actual, expected):
    expected = np.asarray(expected)
    assert actual.shape == expected.shape
    assert str(actual.dtype).removeprefix("tenon.") == str(expected.dtype)
    np.testing.assert_array_equal(actual.numpy(), expected)
    if expected.dtype.kind == "f":
        finite = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(actual.numpy())[finite], np.signbit(expected)[finite])


@pytest.mark.parametrize("dtype", FLOATS)
def test_numbers_taken_apart(dtype):
    a = np.array(SPECIAL).astype(dtype)
    t = tenon.tensor(a)
    for ours, theirs in zip(tenon.frexp(t), np.frexp(a), strict=True):
        finite = np.isfinite(a)
        same(ours[tenon.tensor(finite)], theirs[finite])
    with np.errstate(invalid="ignore"):
        for ours, theirs in zip(t.modf(), np.modf(a), strict=True):
            same(ours, theirs)
    m, e = tenon.frexp(t)
    same(tenon.ldexp(m, e), a)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", FLOATS)
def test_ldexp(dtype):
    a = np.array(SPECIAL).astype(dtype)
    for n in (-2000, -160, -25, -3, 0, 5, 24, 130, 1100):
        same(tenon.ldexp(tenon.tensor(a), tenon.tensor(n, dtype=tenon.int32)), np.ldexp(a, n))
    assert tenon.ldexp(tenon.tensor(2.0**100, dtype=tenon.float64), -200).item() == 2.0**-100
    assert tenon.ldexp(tenon.tensor(0.0), 200).item() == 0


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "float32", "float64"])
def test_division(dtype):
    a, b = np.array([7, 100, 3, 5]).astype(dtype), np.array([2, 7, 5, 5]).astype(dtype)
    if np.dtype(dtype).kind != "u":
        a, b = np.concatenate([a, -a, a]), np.concatenate([b, b, -b])
    t, u = tenon.tensor(a), tenon.tensor(b)
    for ours, theirs in zip(tenon.divmod(t, u), np.divmod(a, b), strict=True):
        same(ours, theirs)
    same(t.div(u, rounding_mode="floor"), np.floor_divide(a, b))
    same(t.div(u, rounding_mode="trunc"), np.trunc(a.astype("f8") / b.astype("f8")).astype(dtype))
    with pytest.raises(ValueError, match="rounding_mode"):
        t.div(u, rounding_mode="up")


def test_a_rounded_quotient_has_no_slope():
    for mode in ("trunc", "floor"):
        x, y = tenon.tensor([1.0, 0.0], requires_grad=True), tenon.tensor([0.0, 0.0], requires_grad=True)
        x.div(y, rounding_mode=mode).sum().backward()
        assert x.grad.tolist() == [0, 0] and y.grad.tolist() == [0, 0]


@pytest.mark.parametrize("decimals", [-25, -19, -2, -1, 0, 1, 3])
@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64", "float32", "float64", "complex128"])
def test_round(decimals, dtype):
    a = np.array([0, 5, 15, 25, 35, 49, 51, 126, 127]).astype(dtype)
    if np.dtype(dtype).kind in "fc":
        a = a * 0.3125
    if np.dtype(dtype).kind in "iu":
        exact = [0 if decimals < -3 else round(int(v), decimals) for v in a]
        expected = [v if v <= np.iinfo(dtype).max else None for v in exact]
        got = tenon.round(tenon.tensor(a), decimals).tolist()
        assert [g for g, e in zip(got, expected, strict=True) if e is not None] == [
            e for e in expected if e is not None
        ]
    else:
        np.testing.assert_array_equal(tenon.tensor(a).round(decimals).numpy(), np.round(a, decimals))


def test_large_integers_are_rounded_exactly():
    n = 2**62 + 5
    assert tenon.tensor([n, -n]).round(-1).tolist() == [round(n, -1), round(-n, -1)]


@pytest.mark.parametrize("low, high", [(-5, 300), (None, 300), (-5, None), (None, None), (3, 9), (0.5, 3.5)])
def test_clip_of_small_integers(low, high):
    a = np.arange(0, 256, 15, dtype="uint8")
    wanted = a.copy() if low is high is None else np.clip(a, low, high)
    got = tenon.tensor(a).clip(low, high)
    np.testing.assert_array_equal(got.numpy(), wanted)
    if isinstance(low, int) or isinstance(high, int):
        assert got.dtype is tenon.uint8
        assert tenon.tensor(a).clamp_(low, high).tolist() == wanted.tolist()


def test_clip_refuses_a_bound_that_no_element_can_have():
    for low, high in ((300, None), (None, -1)):
        with pytest.raises(OverflowError):
            tenon.tensor([1], dtype=tenon.uint8).clip(low, high)


def test_clip_at_a_bound_has_the_elements_slope():
    x = tenon.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    x.clip(0).sum().backward()
    assert x.grad.tolist() == [0, 1, 1]
    y = tenon.tensor([3.0], requires_grad=True)
    y.clip().sum().backward()
    assert y.grad.tolist() == [1]


def test_powers():
    t = tenon.tensor([1, 2, 3])
    for call in (lambda: t**-1, lambda: t ** tenon.tensor([1, -1, 0]), lambda: tenon.pow(2, -t)):
        with pytest.raises(ValueError, match=r"^pow: integers to negative integer powers"):
            call()
    same(tenon.float_power(t, -1), np.float_power([1, 2, 3], -1))
    same(tenon.float_power(tenon.tensor([1j]), 2), np.float_power(np.array([1j]), 2))


def test_dtypes_are_numpys():
    assert tenon.square(tenon.tensor([True])).dtype is tenon.int8
    assert tenon.rint(tenon.tensor([3])).dtype is tenon.float32
    assert tenon.heaviside(tenon.tensor([0]), tenon.tensor([1])).dtype is tenon.float32
    assert tenon.round(tenon.tensor([3])).dtype is tenon.int64


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_nextafter_of_halves(dtype):
    t = tenon.tensor(SPECIAL, dtype=getattr(tenon, dtype))
    for towards in (float("inf"), float("-inf")):
        moved = tenon.nextafter(t, towards)
        assert moved.dtype is t.dtype
        for before, after in zip(t.tolist(), moved.tolist(), strict=True):
            if math.isnan(before) or before == towards:
                assert math.isnan(after) or after == before
            else:
                assert (after > before) == (towards > 0) and after != before
    if dtype == "float16":
        a = np.array(SPECIAL, "float16")
        same(tenon.nextafter(tenon.tensor(a), 1.0), np.nextafter(a, np.float16(1)))


def test_activations_have_pytorchs_defaults():
    x = tenon.tensor([-2.0, 0.0, 3.0], dtype=tenon.float64)
    assert tenon.leaky_relu(x).tolist() == [-0.02, 0, 3]
    assert tenon.leaky_relu(x, negative_slope=0.5).tolist() == [-1, 0, 3]
    assert tenon.elu(x).tolist() == [math.expm1(-2), 0, 3]
    assert tenon.elu(x, alpha=2.0).tolist() == [2 * math.expm1(-2), 0, 3]
    assert tenon.softplus(x, beta=10, threshold=20).tolist()[2] == 3
    assert tenon.softplus(x).tolist() == pytest.approx([math.log1p(math.exp(v)) for v in x.tolist()])
    assert tenon.softplus(x, 2.0).tolist() == pytest.approx(
        [math.log1p(math.exp(2 * v)) / 2 for v in x.tolist()]
    )
    tanh = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in x.tolist()]
    assert tenon.gelu(x, approximate="tanh").tolist() == pytest.approx(tanh)
    with pytest.raises(ValueError, match=r"^gelu: "):
        tenon.gelu(x, approximate="erf")
    out = tenon.zeros(3, dtype=tenon.float64)
    assert tenon.gelu(x, approximate="tanh", out=out) is out
    assert x.clone().leaky_relu_().tolist() == [-0.02, 0, 3]


def test_sums_of_multiples():
    t = tenon.tensor([1, 2], dtype=tenon.int8)
    assert tenon.add(t, 3, alpha=4).tolist() == [13, 14] and tenon.add(t, 3, alpha=4).dtype is tenon.int8
    out = tenon.zeros(2)
    assert tenon.sub(tenon.ones(2), tenon.ones(2), alpha=0.5, out=out) is out and out.tolist() == [0.5, 0.5]
    x = tenon.tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^add: "):
        tenon.add(x, x, alpha=2, out=out[:1])
    h = tenon.tensor([1.0], dtype=tenon.float16)
    assert h.add(h, alpha=2).dtype is tenon.float16


def test_questions():
    z = tenon.tensor([1 + 0j, 1j])
    assert tenon.isreal(z).tolist() == [True, False]
    assert tenon.iscomplex(z).tolist() == [False, True]
    assert tenon.isreal(tenon.ones(2)).tolist() == [True, True]


def test_logit_outside_its_domain():
    x = tenon.tensor([-0.5, 0.5, 1.5], requires_grad=True)
    x.logit().sum().backward()
    assert [math.isnan(v) for v in x.grad.tolist()] == [True, False, True]


INT8_OF_BOOLS = ["floor_divide", "remainder", "fmod", "power", "left_shift", "right_shift"]


# PyTorch refuses them; both doors give NumPy's.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", INT8_OF_BOOLS)
def test_bools_become_int8(device, name):
    a, b = np.array([True, False, True, False]), np.array([True, True, False, False])
    t, u = tenon.tensor(a, device=device), tenon.tensor(b, device=device)
    wanted = getattr(np, name)(a, b)
    assert wanted.dtype == np.int8
    names = {"left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift", "power": "pow"}
    for f in (getattr(tenon.numpy, name), getattr(np, name), getattr(tenon, names.get(name, name))):
        for x, y in ((t, u), (t[::-1], u[::-1]), (t[:, None], u), (t[:0], u[:0])):
            p, q = x.cpu().numpy(), y.cpu().numpy()
            got = f(x, y)
            assert got.dtype is tenon.int8 and got.tolist() == getattr(np, name)(p, q).tolist()
        assert f(t, True).tolist() == getattr(np, name)(a, True).tolist()
        for n in (2, np.int8(2)):
            same(f(t, n).cpu(), getattr(np, name)(a, n))
    with pytest.raises(TypeError, match="a result of int8 cannot be written to bool"):
        getattr(tenon.numpy, name)(t, u, out=tenon.zeros(4, dtype=tenon.bool, device=device))


def test_bools_become_int8_elsewhere():
    t, u = tenon.tensor([True, False, True]), tenon.tensor([True, True, False])
    assert [x.tolist() for x in divmod(t, u)] == [[1, 0, 0], [0, 0, 0]]
    for mode in ("floor", "trunc"):
        r = tenon.div(t, u, rounding_mode=mode)
        assert r.dtype is tenon.int8 and r.tolist() == [1, 0, 0]
    for r in (t.square(), t**2, np.square(t), *tenon._foreach_pow([t], True)):
        assert r.dtype is tenon.int8 and r.tolist() == [1, 0, 1]
    assert tenon.numpy.power.outer(t, u).dtype is tenon.int8
    with pytest.raises(TypeError, match="floor_divide: a result of int8 cannot be written to bool"):
        t //= u
    for f in (tenon.gcd, tenon.lcm, tenon.sub):
        with pytest.raises(TypeError, match="not defined for bool"):
            f(t, u)
