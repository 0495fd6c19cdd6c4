"""Ufuncs that are compositions: products along dimensions, several results, powers in float64."""

import itertools

import numpy as np
import pytest
import tenon
import tenon.numpy as tn
from ufuncs import UFUNCS, agree, values

pytestmark = pytest.mark.border

#: They work on dimensions, or have several results.
COMPOSED = ["matmul", "vecdot", "matvec", "vecmat", "divmod", "modf", "frexp"]


@pytest.mark.parametrize("name", [n for n in COMPOSED if hasattr(np, n)])
@pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat", "outer", "at"])
def test_methods_that_are_not_there(name, method):
    a = np.ones((3, 3))
    arguments = {"reduceat": ([0],), "at": ([0],), "outer": (a,)}.get(method, ())
    try:
        expected = getattr(getattr(np, name), method)(a, *arguments)
    except (TypeError, ValueError, RuntimeError) as error:
        with pytest.raises(type(error), match=rf"^{name}\.{method}: "):
            getattr(UFUNCS[name], method)(tenon.from_numpy(a), *arguments)
        return
    got = getattr(np, name).outer(tenon.from_numpy(a), tenon.from_numpy(a))  # divmod
    for own, theirs in zip(got, expected, strict=True):
        agree(own, theirs)


@pytest.mark.parametrize("name", ["divmod", "modf", "frexp"])
def test_two_results(name):
    f, g = UFUNCS[name], getattr(np, name)
    a, b = np.array([[7.5, -7.5, 0.0], [np.inf, np.nan, -0.25]]), np.array([2.0, 0.5, 4.0])
    operands = (a, b) if f.nin == 2 else (a,)
    own = tuple(tenon.from_numpy(x) for x in operands)
    mask = a > 0
    with np.errstate(invalid="ignore"):
        expected = g(*operands)
        masked = g(*operands, where=mask, out=tuple(np.full_like(e, 5) for e in expected))
    for call in (f, g):
        got = call(*own)
        assert type(got) is tuple and len(got) == 2
        for x, y in zip(got, expected, strict=True):
            assert x.numpy().dtype == y.dtype
            np.testing.assert_array_equal(x.numpy(), y)
        out = tuple(tenon.from_numpy(np.full_like(e, 5)) for e in expected)
        got = call(*own, where=tenon.from_numpy(mask), out=out)
        assert got[0] is out[0] and got[1] is out[1]
        for x, y in zip(out, masked, strict=True):
            np.testing.assert_array_equal(x.numpy(), y)
        array = np.zeros_like(expected[1])
        first, second = call(*own, out=(None, array))
        assert second is array and isinstance(first, tenon.Tensor)
        np.testing.assert_array_equal(array, expected[1])
        kept = tenon.from_numpy(np.zeros_like(expected[0]))
        assert call(*own, kept, None)[0] is kept
        with pytest.raises(TypeError):
            call(*own, out=kept)
    assert f(*own, dtype=tenon.float32)[0].dtype is tenon.float32
    assert f.types == [t for t in g.types if t in f.types] and f.nout == 2


def test_float_power_and_fabs():
    a = np.array([[4, 9], [16, -25]], np.int32)
    t = tenon.from_numpy(a)
    agree(np.float_power(t, 2), np.float_power(a, 2))
    agree(tn.float_power(2, t), np.float_power(2, a))
    agree(np.float_power(t, 2 + 0j), np.float_power(a, 2 + 0j))
    agree(
        np.float_power.reduce(tenon.from_numpy(a[:1] % 4), axis=1), np.float_power.reduce(a[:1] % 4, axis=1)
    )
    assert tn.fabs(t).dtype is tenon.float32 and tn.fabs(t).tolist() == np.fabs(a).tolist()
    for dtype in ("float16", "float32", "float64"):
        agree(np.fabs(tenon.from_numpy(a.astype(dtype))), np.fabs(a.astype(dtype)))
    with pytest.raises(TypeError, match="fabs"):
        tn.fabs(tenon.tensor([1j]))
    with pytest.raises(TypeError):
        tn.float_power.at(tenon.arange(3), [0], 2)
    x = tenon.tensor([2.0, 3.0], dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradcheck(lambda x: tn.float_power(x, 3), (x,))
    assert tenon.autograd.gradgradcheck(lambda x: np.fabs(x) ** 2, (x,))


@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64", "bool"])
def test_products_along_other_dimensions(dtype):
    rng = np.random.default_rng(8)
    a, b = (rng.integers(0, 2, s).astype(dtype) for s in ((2, 3, 4), (2, 4, 3)))
    v = rng.integers(0, 2, (2, 3, 4)).astype(dtype)
    calls = [
        lambda f, x, y, z: f("matmul")(x, y, axes=[(2, 0), (0, 1), (1, 2)]),
        lambda f, x, y, z: f("matmul")(x, y, axes=[(-2, -1)] * 3),
        lambda f, x, y, z: f("vecdot")(x, z, axis=1),
        lambda f, x, y, z: f("vecdot")(x, z, axis=0, keepdims=True),
        lambda f, x, y, z: f("vecdot")(x, z, axes=[1, 1]),
        lambda f, x, y, z: f("vecdot")(x, z, axes=[(0,), (0,), ()]),
        lambda f, x, y, z: f("vecdot")(x, z, keepdims=True, axes=[0, 0, 1]),
        lambda f, x, y, z: f("matvec")(x, z, axes=[(0, 1), 1, -1]),
        lambda f, x, y, z: f("vecmat")(z[:, :, 0], x, axes=[1, (1, 2), 0]),
        lambda f, x, y, z: f("matmul")(x, y, order="F"),
    ]
    for i, call in enumerate(calls):
        try:
            expected = call(lambda n: getattr(np, n), a, b, v)
        except AttributeError:  # an older NumPy
            continue
        own = [tenon.from_numpy(x) for x in (a, b, v)]
        for space in (tn, np):
            got = call(lambda n, space=space: getattr(space, n), *own)
            assert got.shape == expected.shape, i
            np.testing.assert_array_equal(got.numpy(), expected, err_msg=str(i))
    t = tenon.ones(2, 2)
    for refused, error in [
        (lambda: tn.matmul(t, t, axis=0), TypeError),
        (lambda: tn.matmul(t, t, axes=[(0, 1)]), ValueError),
        (lambda: tn.matmul(t, t, axes=[(0, 1), (0, 1), (0,)]), ValueError),
        (lambda: tn.matmul(t, t, axes=[(0, 2), (0, 1), (0, 1)]), IndexError),
        (lambda: tn.matmul(t, t, axes=3), TypeError),
        (lambda: tn.matmul(t, t, keepdims=True), TypeError),
        (lambda: tn.vecdot(t, t, axis=0, axes=[0, 0]), TypeError),
        (lambda: tn.matmul(t, 2), ValueError),
        (lambda: tn.matmul(t, t, where=True), TypeError),
        (lambda: tn.matmul(t, t, dtype=tenon.int8, casting="safe"), TypeError),
    ]:
        with pytest.raises(error, match=r"^(matmul|vecdot): "):
            refused()


def test_products_have_gradients():
    a = tenon.from_numpy(values("add", (2, 3, 4))).requires_grad_()
    b = tenon.from_numpy(values("multiply", (2, 3, 4))).requires_grad_()
    for f in (
        lambda a, b: tn.vecdot(a, b, axis=1),
        lambda a, b: tn.matmul(a, b, axes=[(2, 0), (0, 2), (0, 2)]),
        lambda a, b: tn.matvec(a, b[:, 0], axes=[(1, 2), 1, 0]),
        lambda a, b: tn.dot(a, tn.transpose(b, (0, 2, 1))),
        lambda a, b: tn.outer(a[0, 0], b[0, 1]),
        lambda a, b: tn.cross(a, b, axis=1),
    ):
        assert tenon.autograd.gradcheck(f, (a, b))
        assert tenon.autograd.gradgradcheck(f, (a, b))


def test_products_by_numpys_names():
    rng = np.random.default_rng(2)
    shapes = [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((2, 3), (5, 3, 2)),
        ((), (2,)),
        ((2, 3), ()),
        ((0,), (0,)),
    ]
    for s, t in shapes:
        a, b = rng.normal(size=s), rng.normal(size=t)
        agree(np.dot(tenon.from_numpy(a), tenon.from_numpy(b)), np.asarray(np.dot(a, b)))
        agree(np.outer(tenon.from_numpy(a), b), np.outer(a, b))
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    agree(np.cross(tenon.from_numpy(a), tenon.from_numpy(b), axis=0), np.cross(a, b, axis=0))
    agree(
        np.cross(tenon.from_numpy(a), tenon.from_numpy(b.T), axisa=0, axisc=0),
        np.cross(a, b.T, axisa=0, axisc=0),
    )
    out = tenon.zeros(2, 2, dtype=tenon.float64)
    assert np.dot(tenon.from_numpy(a.T), tenon.from_numpy(b), out) is out
    np.testing.assert_allclose(out.numpy(), a.T @ b)


@pytest.mark.skipif(not tenon.cuda.is_available(), reason="there is no device")
def test_compositions_on_a_device():
    a = np.arange(1.0, 10.0).reshape(3, 3)
    host, there = tenon.from_numpy(a), tenon.from_numpy(a).to("cuda")
    for call in (
        lambda t: tn.matmul(t, t, axes=[(1, 0), (0, 1), (0, 1)]),
        lambda t: tn.vecdot(t, t, axis=0, keepdims=True),
        lambda t: tn.divmod(t, 2)[1],
        lambda t: tn.modf(t / 2, where=t > 4)[0],
        lambda t: tn.frexp(t)[0],
        lambda t: tn.float_power(t, 2),
        lambda t: tn.fabs(-t),
    ):
        got = call(there)
        assert got.device == there.device
        np.testing.assert_array_equal(got.cpu().numpy(), call(host).numpy())
    with pytest.raises(TypeError, match="do not mix"):
        tn.matmul(there, a)


@pytest.mark.parametrize("name", ["matmul", "vecdot", "divmod", "float_power"])
@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind"])
def test_casting_is_checked_without_dtype(name, casting):
    theirs = getattr(np, name)
    for x, y in itertools.product((np.int8, np.int32, np.float32, np.float64), repeat=2):
        a, b = np.ones((2, 2), x), np.ones((2, 2), y)
        ta, tb = tenon.from_numpy(a), tenon.from_numpy(b)
        try:
            theirs(a, b, casting=casting)
        except TypeError:
            with pytest.raises(TypeError, match=f"{name}: .* cannot become .* casting='{casting}'"):
                UFUNCS[name](ta, tb, casting=casting)
        else:
            UFUNCS[name](ta, tb, casting=casting)


@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind"])
@pytest.mark.parametrize(
    "call",
    [
        lambda a, b, casting: np.clip(a, b, b, casting=casting),
        lambda a, b, casting: np.einsum("ij,jk->ik", a, b, casting=casting),
        lambda a, b, casting: np.concatenate([a, b], casting=casting),
        lambda a, b, casting: np.stack([a, b], casting=casting),
        lambda a, b, casting: np.vstack([a, b], casting=casting),
        lambda a, b, casting: np.hstack([a, b], casting=casting),
    ],
    ids=["clip", "einsum", "concatenate", "stack", "vstack", "hstack"],
)
def test_casting_elsewhere(call, casting):
    """Where operands are promoted, casting= says what may become what, with and without dtype=."""
    for x, y in itertools.product((np.int8, np.int32, np.float32, np.float64), repeat=2):
        a, b = np.ones((2, 2), x), np.ones((2, 2), y)
        try:
            call(a, b, casting)
        except TypeError:
            with pytest.raises(TypeError, match=f"cannot become .* casting='{casting}'"):
                call(tenon.from_numpy(a), tenon.from_numpy(b), casting)
        else:
            call(tenon.from_numpy(a), tenon.from_numpy(b), casting)


def test_a_number_counts_in_clips_casting():
    for call in (np.clip, tn.clip):
        with pytest.raises(TypeError, match=r"'no'|\bno\b"):
            call(tenon.ones(2, dtype=tenon.int8), 0.5, None, casting="no")
    assert np.clip(tenon.ones(2), 0.5, None, casting="no").tolist() == [1.0, 1.0]
