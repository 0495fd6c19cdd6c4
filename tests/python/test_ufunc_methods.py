"""The ufunc objects of tenon.numpy: attributes and methods beside NumPy's, for every row of two operands."""

import pickle

import numpy as np
import pytest
import tenon
import tenon.numpy as tn
from ufuncs import UFUNCS, agree, values

pytestmark = pytest.mark.border

# NumPy's ldexp takes whole exponents, so that none of its results is an operand again.
BINARY = [n for n, f in UFUNCS.items() if f.nin == 2 and f.nout == 1 and n != "ldexp" and not f.signature]
ASSOCIATIVE = [
    "add", "multiply", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp", "logaddexp2",
    "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm",
]  # fmt: skip


def reduced(g, a, axis, keepdims=False):
    """What g.reduce(a, axis) is to give: NumPy 2.4 reduces power and arctan2 in another order."""
    last = np.moveaxis(g.accumulate(a, axis), axis, 0)[-1]
    return np.expand_dims(last, axis) if keepdims else last


def test_there_are_all():
    assert len(BINARY) >= 33 and len(UFUNCS) >= 73


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_attributes(name):
    own, theirs = UFUNCS[name], getattr(np, name)
    assert (own.nin, own.nout, own.nargs) == (theirs.nin, theirs.nout, theirs.nargs)
    assert own.signature == theirs.signature and own.ntypes == len(own.types) > 0
    assert all(len(t) == own.nargs + 2 for t in own.types)
    if own.nin == 2:
        assert own.identity == theirs.identity
    assert pickle.loads(pickle.dumps(own)) is own
    assert own.__doc__ and own.__module__ == "tenon.numpy"


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", BINARY)
def test_reduce(name, axis):
    a = values(name)
    f, g = UFUNCS[name], getattr(np, name)
    expected = reduced(g, a, axis)
    agree(f.reduce(tenon.from_numpy(a), axis=axis), expected)
    agree(g.reduce(tenon.from_numpy(a), axis), expected)
    agree(f.reduce(tenon.from_numpy(a[:, ::-2]), axis, keepdims=True), reduced(g, a[:, ::-2], axis, True))
    out = tenon.from_numpy(np.zeros_like(expected))
    assert f.reduce(tenon.from_numpy(a), axis, None, out) is out
    agree(out, expected)


@pytest.mark.parametrize("name", BINARY)
def test_reduce_from_an_initial_element_where_a_mask_holds(name):
    a = values(name)
    f, g = UFUNCS[name], getattr(np, name)
    initial = True if a.dtype == bool else 2
    mask = np.random.default_rng(5).integers(0, 2, a.shape).astype(bool)
    mask[:, 0] = False  # no element of this column takes part
    for kwargs in ({"initial": initial}, {"initial": initial, "where": mask}):
        own = {k: tenon.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in kwargs.items()}
        agree(f.reduce(tenon.from_numpy(a), **own), g.reduce(a, **kwargs))
    if g.identity is None:
        with pytest.raises(ValueError, match="needs initial="):
            f.reduce(tenon.from_numpy(a), where=mask)
    else:
        agree(f.reduce(tenon.from_numpy(a), where=mask), g.reduce(a, where=mask))


@pytest.mark.parametrize("name", BINARY)
def test_several_axes_need_an_associative_operation(name):
    a = values(name, (2, 3, 4))
    f, g = UFUNCS[name], getattr(np, name)
    t = tenon.from_numpy(a)
    if name in ASSOCIATIVE:
        agree(f.reduce(t, axis=None), np.asarray(g.reduce(a.ravel())))
        agree(f.reduce(t, axis=(0, 2)), g.reduce(a.transpose(1, 0, 2).reshape(3, 8), axis=1))
    else:
        with pytest.raises(ValueError, match="not associative"):
            f.reduce(t, axis=None)


@pytest.mark.parametrize("name", BINARY)
def test_reduce_of_no_elements(name):
    a = values(name)[:0]
    f, g = UFUNCS[name], getattr(np, name)
    if g.identity is None:
        with pytest.raises(ValueError):
            f.reduce(tenon.from_numpy(a))
    else:
        agree(f.reduce(tenon.from_numpy(a)), g.reduce(a))
    agree(
        f.reduce(tenon.from_numpy(a), initial=True if a.dtype == bool else 3),
        g.reduce(a, initial=True if a.dtype == bool else 3),
    )


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", BINARY)
def test_accumulate(name, axis):
    a = values(name)
    f, g = UFUNCS[name], getattr(np, name)
    agree(f.accumulate(tenon.from_numpy(a), axis), g.accumulate(a, axis))
    agree(g.accumulate(tenon.from_numpy(a[::-1]), axis=axis), g.accumulate(a[::-1], axis=axis))


@pytest.mark.parametrize("name", BINARY)
def test_reduceat(name):
    a = values(name, (3, 6))
    f, g = UFUNCS[name], getattr(np, name)

    def slices(indices, axis):
        bounds = zip(indices, [*indices[1:], a.shape[axis]], strict=True)
        parts = [reduced(g, a.take(range(i, max(j, i + 1)), axis), axis, True) for i, j in bounds]
        return np.concatenate(parts, axis)

    for indices in ([0, 2, 4], [0, 4, 1, 5, 2], [5], [3, 3, 0]):
        agree(f.reduceat(tenon.from_numpy(a), indices, axis=1), slices(indices, 1))
    agree(g.reduceat(tenon.from_numpy(a), np.array([0, 1])), slices([0, 1], 0))
    with pytest.raises(IndexError):
        f.reduceat(tenon.from_numpy(a), [6], axis=1)


@pytest.mark.parametrize("name", BINARY)
def test_outer(name):
    a, b = values(name, (2, 3)), values(name, (4,))
    f, g = UFUNCS[name], getattr(np, name)
    agree(f.outer(tenon.from_numpy(a), tenon.from_numpy(b)), g.outer(a, b))
    agree(g.outer(a, tenon.from_numpy(b)), g.outer(a, b))


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_at(name):
    f, g = UFUNCS[name], getattr(np, name)
    a = values(name, (5,))
    if name in ("arccosh", "arcsin", "arccos", "arctanh"):
        a = a / 3 + (1 if name == "arccosh" else 0)
    indices = [0, 3, 0, -1, 0]
    operand = (values(name, (5,), np.int64 if name == "ldexp" else None)[::-1],) if f.nin == 2 else ()
    try:
        expected = a.copy()
        g.at(expected, indices, *operand)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            f.at(tenon.from_numpy(a), indices, *operand)
        return
    for at in (f.at, g.at):
        t = tenon.from_numpy(a.copy())
        at(t, indices, *(tenon.from_numpy(np.ascontiguousarray(x)) for x in operand))
        np.testing.assert_allclose(t.numpy(), expected, rtol=1e-12)


def test_at_of_matrices_masks_and_numbers():
    for indices in ([1, 1], (slice(None), [0, 0, 2]), ([0, 0], [1, 1])):
        a = np.arange(6.0).reshape(2, 3)
        t = tenon.from_numpy(a.copy())
        np.multiply.at(a, indices, 3.0)
        tn.multiply.at(t, indices, 3.0)
        assert t.tolist() == a.tolist()
    a = np.arange(6.0)
    tn.subtract.at(t := tenon.from_numpy(a.copy()), a > 2, 1)
    assert t.tolist() == [0, 1, 2, 2, 3, 4]
    with pytest.raises(TypeError):
        tn.add.at(tenon.arange(3), [0], 0.5)
    with pytest.raises(IndexError):
        tn.maximum.at(tenon.arange(3), [3], 1)


@pytest.mark.parametrize(
    "name", ["hypot", "logaddexp", "maximum", "minimum", "subtract", "divide", "multiply", "arctan2"]
)
def test_methods_have_gradients(name):
    a = tenon.from_numpy(values(name, (3, 4))).requires_grad_()
    f = UFUNCS[name]
    for method in (
        lambda x: f.reduce(x, axis=1),
        lambda x: f.accumulate(x, 1),
        lambda x: f.reduceat(x, [0, 2], axis=1),
    ):
        assert tenon.autograd.gradcheck(method, (a,))
        assert tenon.autograd.gradgradcheck(method, (a,))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8, np.uint8, np.complex128, bool])
@pytest.mark.parametrize(
    "name", ["add", "multiply", "subtract", "maximum", "hypot", "logical_xor", "bitwise_or"]
)
def test_dtypes_of_results(name, dtype):
    a = values(name, (4, 3), dtype) if dtype is not np.complex128 else np.ones((4, 3)) + 2j
    f, g = UFUNCS[name], getattr(np, name)
    try:
        expected = g.reduce(a)
    except TypeError:
        with pytest.raises(TypeError):
            f.reduce(tenon.from_numpy(a))
        return
    if name == "hypot" and a.dtype.kind in "biu":
        return  # NumPy takes the smallest float that holds the integer, tenon the default one
    if (name, dtype) == ("maximum", np.complex128):
        return  # NumPy orders complex numbers, tenon refuses to
    got = f.reduce(tenon.from_numpy(a))
    assert got.numpy().dtype == expected.dtype
    np.testing.assert_allclose(got.numpy(), expected, rtol=2e-3 if dtype is np.float16 else 1e-6)


def test_comparisons_join_bools_only():
    with pytest.raises(TypeError, match=r"equal\.reduce: "):
        tn.equal.reduce(tenon.arange(3))


def test_keywords_of_the_call():
    t, mask = tenon.arange(4), tenon.tensor([True, False, True, False])
    assert tn.add(t, 1, where=mask).tolist() == [1, 0, 3, 0]
    out = tenon.full((4,), -1)
    assert tn.add(t, 1, out, where=mask) is out and out.tolist() == [1, -1, 3, -1]
    assert tn.add(t, 1, dtype=tenon.float64).dtype is tenon.float64
    with pytest.raises(TypeError, match="casting='safe'"):
        tn.add(t, 1, dtype=tenon.int8, casting="safe")
    with pytest.raises(ValueError, match="casting must be one of"):
        tn.add(t, 1, casting="loose")
    narrow = tenon.zeros(4, dtype=tenon.int8)
    assert tn.multiply(t, 1.5, narrow, casting="unsafe") is narrow and narrow.tolist() == [0, 1, 3, 4]
    assert tn.negative(tenon.zeros(2, 3), order="F").stride() == (1, 2)
    with pytest.raises(ValueError, match="order is"):
        tn.negative(t, order="X")
    with pytest.raises(TypeError, match="bool where="):
        tn.add(t, 1, where=t)
    with pytest.raises(TypeError, match="tensor or an ndarray"):
        tn.add(t, 1, out=[0, 0, 0, 0])


def test_a_ufunc_does_not_bind():
    class Holder:
        f = tn.negative

    assert Holder().f(tenon.ones(1)).tolist() == [-1]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("target", [np.int64, np.float64, np.complex128])
def test_subtract_at_of_values_without_a_negative(dtype, target):
    small = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 5], dtype)
    a, expected = np.arange(4).astype(target), np.arange(4).astype(target)
    tn.subtract.at(tenon.from_numpy(a), [0, 0, 2], tenon.from_numpy(small))
    np.subtract.at(expected, [0, 0, 2], small)
    np.testing.assert_array_equal(a, expected)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic_of_half_precision_is_bool(name):
    a = np.array([[0, 1.5, np.nan], [2, 0, 0]], np.float16)
    f, g = UFUNCS[name], getattr(np, name)
    agree(f.accumulate(tenon.from_numpy(a), 1), g.accumulate(a, 1))
    agree(f.reduce(tenon.from_numpy(a), 1), g.reduce(a, 1))
    agree(f.reduceat(tenon.from_numpy(a), [0, 2], 1), g.reduceat(a, [0, 2], 1))


def test_dtype_holds_for_numbers_too():
    assert tn.add(1, 2, dtype=tenon.float32).dtype == tenon.float32
    t = tenon.arange(3)
    with pytest.raises(TypeError, match="cannot become int64"):
        tn.add(t, 2.5, dtype=tenon.int64)
    with pytest.raises(TypeError, match="cannot become float32"):
        tn.multiply(t, 1j, dtype=tenon.float32)
    agree(
        tn.add(t, 2.5, dtype=tenon.int64, casting="unsafe"),
        np.add(np.arange(3), 2.5, dtype=np.int64, casting="unsafe"),
    )
    agree(tn.add(t, 2, dtype=tenon.float64), np.add(np.arange(3), 2, dtype=np.float64))


def test_methods_of_ldexp():
    a, e = np.array([[0.5, 1.5, -2.0], [3.0, 0.0, 1.0]]), np.array([3, -1, 0])
    t = tenon.from_numpy(a)
    agree(tn.ldexp.outer(t, tenon.from_numpy(e)), np.ldexp.outer(a, e))
    first, second = a[:, 0] * 2 ** a[:, 1], a[:, 0] * 2 ** a[:, 1] * 2 ** a[:, 2]
    agree(tn.ldexp.reduce(t, 1), second)
    agree(tn.ldexp.accumulate(t, 1), np.stack([a[:, 0], first, second], 1))
    agree(tn.ldexp.reduceat(t, [0, 2], 1), np.stack([first, a[:, 2]], 1))


@pytest.mark.skipif(not tenon.cuda.is_available(), reason="there is no device")
@pytest.mark.parametrize("name", BINARY)
def test_methods_on_a_device(name):
    f, a = UFUNCS[name], values(name, (3, 4))
    host, there = tenon.from_numpy(a), tenon.from_numpy(a).to("cuda")
    for method in (
        lambda t: f.reduce(t, 1),
        lambda t: f.accumulate(t, 0),
        lambda t: f.reduceat(t, [0, 2], 1),
        lambda t: f.outer(t, t),
    ):
        got = method(there)
        assert got.device == there.device
        agree(got.cpu(), method(host).numpy())
    try:
        f.at(host, [0, 0, 2], 1)
    except TypeError:
        with pytest.raises(TypeError):
            f.at(there, [0, 0, 2], 1)
    else:
        f.at(there, [0, 0, 2], 1)
        agree(there.cpu(), host.numpy())


def test_casting_is_checked_without_dtype():
    small, wide = np.ones(2, np.int8), np.ones(2, np.float32)
    for casting in ("no", "equiv", "safe"):
        for x, y in ((small, wide), (wide, wide), (small, small)):
            try:
                expected = np.add(x, y, casting=casting)
            except TypeError:
                with pytest.raises(TypeError, match=f"casting='{casting}'"):
                    np.add(tenon.from_numpy(x), tenon.from_numpy(y), casting=casting)
            else:
                agree(np.add(tenon.from_numpy(x), tenon.from_numpy(y), casting=casting), expected)
    half = tenon.ones(2, dtype=tenon.float16)
    assert tn.sqrt(half, casting="no").dtype is tenon.float16
    with pytest.raises(TypeError, match="sqrt"):
        tn.sqrt(tenon.arange(3), casting="no")


def test_the_type_is_shown():
    assert tn.ufunc is type(tn.add) and isinstance(tn.matmul, tn.ufunc)
    assert pickle.loads(pickle.dumps(tn.ufunc)) is tn.ufunc
    assert tn.angle(tenon.tensor([1j, -1]), deg=True).tolist() == np.angle([1j, -1], deg=True).tolist()


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.float32, np.float64])
@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum"])
def test_initial_has_the_dtype_of_the_result(name, dtype):
    a = np.array([[1, 2], [3, 4]], dtype)
    f, g, t = UFUNCS[name], getattr(np, name), tenon.from_numpy(a)
    for initial in (2.5, 3, -1):
        agree(f.reduce(t, initial=initial), g.reduce(a, initial=initial))
        if name == "add":
            agree(np.sum(t, initial=initial), np.asarray(np.sum(a, initial=initial)))
            agree(np.sum(t[:0], initial=initial), np.asarray(np.sum(a[:0], initial=initial)))
