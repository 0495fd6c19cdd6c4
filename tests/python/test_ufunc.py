"""NumPy's ufuncs on tensors."""

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border

rng = np.random.default_rng(0)

UNARY = [
    "negative", "positive", "absolute", "fabs", "sign", "square", "reciprocal", "sqrt", "cbrt", "exp",
    "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arctanh", "deg2rad", "rad2deg", "floor", "ceil", "trunc", "rint",
    "isnan", "isinf", "isfinite", "signbit", "logical_not", "conjugate",
]  # fmt: skip
BINARY = [
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod", "power", "float_power",
    "maximum", "minimum", "fmax", "fmin", "hypot", "copysign", "nextafter", "heaviside", "arctan2",
    "logaddexp", "logaddexp2", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "logical_and", "logical_or", "logical_xor",
]  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    a = rng.uniform(0.1, 0.9, size=(3, 4))
    f = getattr(np, name)
    got, expected = f(tenon.from_numpy(a)), f(a)
    assert isinstance(got, tenon.Tensor) and got.numpy().dtype == expected.dtype
    assert np.allclose(got.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("name", BINARY)
def test_binary_in_both_orders(name):
    a, b = rng.uniform(0.1, 3, size=(3, 4)), rng.uniform(0.1, 3, size=4)
    f = getattr(np, name)
    expected = f(a, b)
    for x, y in (
        (tenon.from_numpy(a), b),
        (a, tenon.from_numpy(b)),
        (tenon.from_numpy(a), tenon.from_numpy(b)),
    ):
        got = f(x, y)
        assert isinstance(got, tenon.Tensor) and got.numpy().dtype == expected.dtype
        assert np.allclose(got.numpy(), expected, rtol=1e-13)


def test_every_numeric_ufunc_is_covered():
    """All ufuncs of this NumPy either work on tensors without grad or are about times."""
    overridable = getattr(np.testing.overrides, "get_overridable_numpy_ufuncs", None)
    if overridable is None:
        pytest.skip("needs NumPy 1.25")
    special = {"isnat", "matmul", "vecdot", "matvec", "vecmat"}
    for f in overridable():
        if f.__name__ in special or f.__name__.startswith("_") or f.signature is not None:
            continue
        for dtype in (np.float64, np.int64):
            inputs = [np.array([1, 2, 3], dtype)] * f.nin
            try:
                with np.errstate(all="ignore"):
                    expected = f(*inputs)
            except TypeError:
                continue
            if f is np.reciprocal and dtype is np.int64:
                continue  # tenon's is 1 / x, a float; NumPy's integers are 0 beyond 1
            got = f(*(tenon.from_numpy(x) for x in inputs))
            for g, e in zip(got, expected, strict=True) if isinstance(expected, tuple) else [(got, expected)]:
                assert isinstance(g, tenon.Tensor), f
                assert np.allclose(g.numpy(), e, equal_nan=True), f


def test_gradient_flows():
    x = tenon.tensor([0.5, 1.0], dtype=tenon.float64).requires_grad_()
    np.sum(np.sin(x) ** 2).backward()
    assert np.allclose(x.grad.numpy(), np.sin(2 * np.array([0.5, 1.0])))


def test_array_times_tensor_in_both_orders():
    w = tenon.ones(3, dtype=tenon.float64).requires_grad_()
    for y in (np.full(3, 2.0) * w, w * np.full(3, 2.0)):
        assert isinstance(y, tenon.Tensor) and y.requires_grad
        assert y.tolist() == [2, 2, 2]


@pytest.mark.parametrize("s", [np.float32, np.float64, np.int32, np.int64, np.int16, np.uint8])
@pytest.mark.parametrize("dtype", [tenon.float32, tenon.float64])
def test_numpy_scalars_are_weak(s, dtype):
    t = tenon.ones(2, dtype=dtype).requires_grad_()
    for y in (s(2) * t, t * s(2)):
        assert isinstance(y, tenon.Tensor) and y.requires_grad
        assert y.dtype == dtype and y.tolist() == [2, 2]


def test_comparison_gives_bool():
    r = np.greater_equal(tenon.tensor([1, 2, 3]), 2)
    assert r.dtype == tenon.bool and r.tolist() == [False, True, True]


# ---- out= ----


def test_out_ndarray_is_written_and_returned():
    out = np.zeros(3)
    address = out.ctypes.data
    r = np.add(tenon.tensor([1.0, 2.0, 3.0], dtype=tenon.float64), 1, out=out)
    assert r is out and out.ctypes.data == address and out.tolist() == [2, 3, 4]


def test_inplace_on_an_ndarray():
    a = b = np.ones(3)
    a += tenon.tensor([1.0, 2.0, 3.0], dtype=tenon.float64)
    assert a is b and b.tolist() == [2, 3, 4]


def test_out_ndarray_would_lose_the_gradient():
    x = tenon.ones(3).requires_grad_()
    a = np.ones(3, np.float32)
    with pytest.raises(RuntimeError, match="gradient would be lost"):
        np.add(x, 1, out=a)
    with pytest.raises(RuntimeError):
        a += x
    assert a.tolist() == [1, 1, 1]
    with tenon.no_grad():
        a += x
    assert a.tolist() == [2, 2, 2]


def test_out_of_other_layouts():
    swapped = np.zeros(3, ">f8")
    assert np.add(tenon.tensor([1.0, 2.0, 3.0]), 1, out=swapped) is swapped and swapped.tolist() == [2, 3, 4]
    strided = np.zeros((3, 2))[:, 0]
    np.multiply(tenon.tensor([1.0, 2.0, 3.0]), 2, out=strided)
    assert strided.tolist() == [2, 4, 6]


def test_out_tensor_tuple_and_ellipsis():
    out = tenon.zeros(3)
    assert np.sin(tenon.ones(3), out=out) is out
    assert np.sin(tenon.ones(3), out=(out,)) is out
    if np.lib.NumpyVersion(np.__version__) < "2.3.0":
        return
    r = np.sin(tenon.ones(3), out=...)
    assert isinstance(r, tenon.Tensor)


def test_out_refuses_another_kind():
    with pytest.raises(TypeError):
        np.add(tenon.ones(3), 0.5, out=np.zeros(3, np.int64))
    out = np.zeros(3, np.int64)
    assert np.add(tenon.ones(3), 0.5, out=out, casting="unsafe") is out and out.tolist() == [1, 1, 1]


def test_where_and_dtype():
    t = tenon.tensor([1.0, 4.0, 9.0])
    out = np.full(3, -1.0)
    np.sqrt(t, out=out, where=np.array([True, False, True]))
    assert out.tolist() == [1, -1, 3]
    assert np.add(tenon.tensor([1, 2]), 1, dtype=np.float64).dtype == tenon.float64
    with pytest.raises(TypeError, match="casting"):
        np.add(t, 1, dtype=np.int32)


# ---- methods ----


def test_reduce_accumulate_outer():
    a = rng.normal(size=(3, 4))
    t = tenon.from_numpy(a)
    for f in (np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or):
        for kwargs in ({}, {"axis": 1}, {"axis": None}, {"axis": 0, "keepdims": True}):
            got, expected = f.reduce(t, **kwargs), f.reduce(a, **kwargs)
            assert isinstance(got, tenon.Tensor)
            assert np.allclose(got.numpy(), expected) and tuple(got.shape) == np.shape(expected)
    assert np.allclose(np.add.reduce(t, initial=10.0).numpy(), np.add.reduce(a, initial=10.0))
    assert np.allclose(np.add.accumulate(t, axis=1).numpy(), np.add.accumulate(a, axis=1))
    assert np.allclose(np.maximum.accumulate(t).numpy(), np.maximum.accumulate(a))
    assert np.allclose(np.multiply.outer(t, a[0]).numpy(), np.multiply.outer(a, a[0]))
    assert np.allclose(np.subtract.outer(a[0], t).numpy(), np.subtract.outer(a[0], a))
    assert np.allclose(np.add.reduceat(t, [0, 2], axis=1).numpy(), np.add.reduceat(a, [0, 2], axis=1))


def test_methods_keep_the_gradient():
    x = tenon.tensor([1.0, 2.0, 3.0]).requires_grad_()
    np.multiply.reduce(x).backward()
    assert x.grad.tolist() == [6, 3, 2]
    x.grad = None
    np.maximum.accumulate(x).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_at_writes_in_place_and_counts():
    t = tenon.zeros(3)
    version = t._version
    np.add.at(t, [0, 0, 2], 1.0)
    assert t.tolist() == [2, 0, 1] and t._version > version


def test_at_respects_read_only_memory(tmp_path):
    a = np.arange(3.0)
    a.flags.writeable = False
    np.save(tmp_path / "x.npy", a)
    mapped = tenon.load_npy(tmp_path / "x.npy", mmap=True)
    for t in (tenon.from_numpy(a), tenon.from_numpy(a)[1:], mapped, mapped[::-1]):
        with pytest.raises(ValueError, match=r"add\.at.*read-only.*clone"):
            np.add.at(t, [0], 1.0)
    with pytest.raises(ValueError, match="read-only"):
        np.add.at(a, [0], tenon.ones(1))
    t = tenon.from_numpy(a)
    for write in (lambda: np.spacing(t, out=t), lambda: np.add.reduceat(t, [0, 1, 2], out=t)):
        with pytest.raises(ValueError, match="read-only"):
            write()
    assert a.tolist() == [0, 1, 2]


def test_writes_of_numpys_own_functions_are_counted():
    t, out = tenon.arange(4.0), tenon.zeros(2)
    before = out._version
    assert np.compress([True, False, True, False], t, out=out) is out
    assert out.tolist() == [0, 2] and out._version > before


def test_matmul_in_place_of_an_ndarray():
    for dtype in ("float64", "float32"):
        a = np.array([[1.0, 2.0], [3.0, 4.0]], dtype)
        same, expected = a, a @ np.array([[0.0, 1.0], [2.0, 3.0]], dtype)
        a @= tenon.tensor([[0.0, 1.0], [2.0, 3.0]], dtype=dtype)
        assert a is same and type(a) is np.ndarray and np.array_equal(a, expected)
    turned = np.matmul(a, tenon.ones(2, 2), axes=[(1, 0), (0, 1), (0, 1)])
    assert np.array_equal(turned.numpy(), a.T @ np.ones((2, 2)))


def test_gufuncs():
    a, b = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, 4, 2))
    ta, tb = tenon.from_numpy(a), tenon.from_numpy(b)
    assert np.allclose(np.matmul(ta, tb).numpy(), a @ b)
    assert np.allclose((a @ tb).numpy(), a @ b)
    out = np.zeros((5, 3, 2))
    assert np.matmul(ta, tb, out=out) is out and np.allclose(out, a @ b)
    if hasattr(np, "vecdot"):
        assert np.allclose(np.vecdot(ta, ta).numpy(), np.vecdot(a, a))
        assert np.allclose(np.vecdot(ta, ta, axis=1).numpy(), np.vecdot(a, a, axis=1))
    if hasattr(np, "matvec"):
        assert np.allclose(np.matvec(ta, a[:, 0]).numpy(), np.matvec(a, a[:, 0]))


def test_several_outputs():
    a = np.array([1.5, -2.25, 3.0])
    for f in (np.modf, np.frexp):
        for g, e in zip(f(tenon.from_numpy(a)), f(a), strict=True):
            assert isinstance(g, tenon.Tensor) and g.tolist() == e.tolist()
    q, r = np.divmod(tenon.from_numpy(a), 0.5)
    assert q.tolist() == [3, -5, 6] and r.tolist() == [0, 0.25, 0]


# ---- others' ufuncs, others' types ----


def test_foreign_ufunc_on_views():
    special = pytest.importorskip("scipy.special")
    t = tenon.tensor([0.5, 1.5], dtype=tenon.float64)
    r = special.gamma(t)
    assert isinstance(r, tenon.Tensor) and np.allclose(r.numpy(), special.gamma(t.numpy()))
    out = tenon.zeros(2, dtype=tenon.float64)
    assert special.gamma(t, out=out) is out and np.allclose(out.numpy(), r.numpy())
    columns = special.gamma(tenon.ones(2, 3, dtype=tenon.float64), order="F")
    assert columns.stride() == (1, 2)
    with pytest.raises(ValueError, match="order"):
        special.gamma(t, order="X")
    with pytest.raises(TypeError, match=r"gamma.*no gradient"):
        special.gamma(t.requires_grad_())


def test_own_ufunc_from_a_python_function():
    f = np.frompyfunc(lambda x: x + 1, 1, 1)
    assert list(f(tenon.tensor([1.0, 2.0]))) == [2, 3]


def test_defers_to_unknown_types():
    class Other:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "other"

    class Refuses:
        __array_ufunc__ = None

    assert np.add(tenon.ones(2), Other()) == "other"
    assert np.add(Other(), tenon.ones(2)) == "other"
    with pytest.raises(TypeError):
        np.add(tenon.ones(2), Refuses())


def test_lists_and_python_numbers():
    assert np.add(tenon.tensor([1.0, 2.0]), [3.0, 4.0]).tolist() == [4, 6]
    assert np.add(2, tenon.tensor([1, 2])).dtype == tenon.int64
    with pytest.raises(TypeError):
        np.add(tenon.ones(2), np.array(["a", "b"]))


class Metres(np.ndarray):
    """An ndarray with a meaning of its own, as quantities with units."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return "metres"

    def __array_function__(self, func, types, args, kwargs):
        return "metres"


def test_quantities_answer_for_themselves():
    q, t = np.ones(2).view(Metres), tenon.ones(2)
    for r in (np.add(t, q), np.add(q, t), t * q, q * t, np.concatenate([t, q])):
        assert r == "metres"
    plain = np.ones(2).view(type("Plain", (np.ndarray,), {}))  # without a meaning of its own
    assert (t + plain).tolist() == np.add(plain, t).tolist() == [2, 2]


def test_scipys_functions_with_keywords():
    """SciPy 1.17's own loops write wrong elements, and beyond the arrays, where they get a mask."""
    special = pytest.importorskip("scipy.special")
    x = np.array([0.1, 0.5, 0.9])
    whole, mask = special.erfinv(x), np.array([True, False, True])
    for where in (mask, tenon.from_numpy(mask)):
        out = np.ones(3)
        assert special.erfinv(tenon.from_numpy(x), where=where, out=out) is out
        assert out.tolist() == [whole[0], 1, whole[2]]
        out = tenon.ones(3, dtype=tenon.float64)
        assert special.erf(tenon.from_numpy(x), where=where, out=out) is out
        assert out.tolist() == [special.erf(0.1), 1, special.erf(0.9)]
        assert special.erfinv(tenon.from_numpy(x), where=where).tolist() == [whole[0], 0, whole[2]]
        sines, cosines = special.sici(tenon.from_numpy(x), where=where)
        assert sines.tolist() == [special.sici(0.1)[0], 0, special.sici(0.9)[0]] and cosines[1] == 0
    with pytest.raises(ValueError, match=r"erfinv: out= must be of shape \(3,\); got \(2,\)"):
        special.erfinv(tenon.from_numpy(x), where=mask, out=np.ones(2))
    t = tenon.from_numpy(x.copy()).requires_grad_()
    for same in (
        {"dtype": None},
        {"where": True},
        {"order": "F"},
        {"subok": False},
        {"casting": "no"},
        {"out": None},
    ):
        assert special.erf(t, **same).requires_grad, same
    for other in ({"dtype": "float32"}, {"where": mask}, {"out": np.ones(3)}):
        with pytest.raises(
            TypeError, match=rf"erf: there is no gradient with {next(iter(other))}=; leave that out"
        ):
            special.erf(t, **other)
    assert special.erf(t.detach(), dtype="float32", casting="same_kind").dtype == tenon.float32
