"""New tensors in ``tenon.numpy``, beside NumPy: values, dtypes, strides, refusals, gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tenon
import tenon.numpy as xp
from support import COMPLEX, DTYPES, FLOATS
from tenon.autograd import gradcheck, gradgradcheck

# tenon's default float is float32, NumPy's float64.
DOUBLE = {"float64": "float32", "complex128": "complex64"}
ORDERS = ["C", "F", "A", "K", "c", "f", None]


def as_ours(dtype: np.dtype, given: bool) -> str:
    return f"tenon.{dtype.name if given else DOUBLE.get(dtype.name, dtype.name)}"


def strides_of(a: Any) -> tuple[int, ...]:
    """Strides in elements where they mean something: an axis of size 1 has any."""
    step = a.stride() if isinstance(a, tenon.Tensor) else tuple(s // a.itemsize for s in a.strides)
    return tuple(s for s, n in zip(step, a.shape, strict=True) if n > 1) if 0 not in a.shape else ()


def same(actual: Any, expected: np.ndarray, where: object, given: bool = True, values: bool = True) -> None:
    assert isinstance(actual, tenon.Tensor), where
    assert str(actual.dtype) == as_ours(expected.dtype, given), where
    assert actual.shape == expected.shape, where
    assert strides_of(actual) == strides_of(expected), where
    if values:
        np.testing.assert_allclose(actual.numpy(), expected, 2e-6, 1e-7, err_msg=str(where))


def refused_alike(call: Callable[[Any], Any], name: str) -> bool:
    """Whether NumPy refuses a call; then tenon has to."""
    try:
        call(np)
    except (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError):
        with pytest.raises((ValueError, TypeError, IndexError, OverflowError), match=rf"^{name}: "):
            call(xp)
        return True
    return False


# ---- one value everywhere ----


@pytest.mark.parametrize("order", ["C", "F", "c", "f", None, "A", "K", "X", "CF", 3])
@pytest.mark.parametrize("name", ["empty", "zeros", "ones", "full"])
def test_filled(name: str, order: Any) -> None:
    value = (7,) if name == "full" else ()
    for shape in [(), 4, (3,), (2, 3), (0, 3), (2, 1, 4), [2, 3, 4], np.array([2, 3])]:
        for dtype in (None, "int8", np.float64, complex):
            arguments = shape, *value, dtype, order
            if refused_alike(lambda np, given=arguments: getattr(np, name)(*given), name):
                continue
            expected, actual = getattr(np, name)(*arguments), getattr(xp, name)(*arguments)
            same(actual, expected, (name, shape, dtype, order), dtype is not None, name != "empty")


@pytest.mark.parametrize("call", [
    lambda np, f: f(-1), lambda np, f: f((2, -1)), lambda np, f: f(2.5), lambda np, f: f("3"),
    lambda np, f: f(),
    lambda np, f: f(2, "nothing"), lambda np, f: f((1,) * 65), lambda np, f: f(2, like=3),
    lambda np, f: f(2, device="elsewhere"), lambda np, f: f(2, dtype=float, order="F", subok=True),
])  # fmt: skip
@pytest.mark.parametrize("name", ["empty", "zeros", "ones"])
def test_filled_refuses(name: str, call: Callable[[Any, Any], Any]) -> None:
    assert refused_alike(lambda np: call(np, getattr(np, name)), name)


def test_full_repeats_arrays() -> None:
    for value in ([1, 2, 3], [[1], [2]], np.arange(3.0), 2.5, True, 1j, np.int8(3), np.array(4.5)):
        for order in "CF":
            expected = np.full((2, 3), value, order=order)
            same(xp.full((2, 3), value, order=order), expected, value, isinstance(value, np.ndarray))
        same(xp.full((2, 3), value, "complex64"), np.full((2, 3), value, "complex64"), value)
        same(xp.full_like(np.zeros((2, 3), "f4"), np.abs(value)), np.full((2, 3), np.abs(value), "f4"), value)
    for call, error in (
        (lambda: xp.full((2, 3), [1, 2]), ValueError),
        (lambda: xp.full(2, "x"), TypeError),
        (lambda: xp.full(2, 1j, float), TypeError),
        (lambda: xp.full(2, tenon.tensor(1j), float), TypeError),
        (lambda: xp.full(2, 300, "uint8"), OverflowError),
    ):
        with pytest.raises(error, match=r"^full: "):
            call()
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    xp.full((3, 2), x, order="F").sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert xp.full(2, x[0]).requires_grad and not xp.full(2, x.detach()).requires_grad


LIKE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": lambda a: a,
    "columns": np.asfortranarray,
    "first axis fastest": lambda a: np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0) if a.ndim else a,
    "reversed": lambda a: np.flip(a.copy(order="F")),
    "stepped": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "one of many": lambda a: np.broadcast_to(a[:1], a.shape) if a.ndim and a.size else a,
}
SHAPES = [(), (0,), (1,), (4,), (2, 3), (3, 1), (0, 3), (2, 1, 4), (2, 3, 4), (2, 3, 4, 5)]


@pytest.mark.parametrize("layout", LIKE)
@pytest.mark.parametrize("order", [*ORDERS, "X"])
def test_like(layout: str, order: Any) -> None:
    for shape in SHAPES:
        a = LIKE[layout](np.arange(np.prod(shape), dtype="int16").reshape(shape))
        t = tenon.from_numpy(a) if a.flags.writeable else tenon.asarray(a)
        for name in ("empty_like", "zeros_like", "ones_like", "full_like"):
            value = (7,) if name == "full_like" else ()
            other = {"shape": (2, 3)} if 1 not in shape else {}  # an axis of size 1 has no place in memory
            for options in ({}, {"dtype": "float64"}, other, other and {"shape": shape[::-1]}):

                def call(np: Any, x: Any, f: str = name, v: Any = value, kw: Any = options) -> Any:
                    return getattr(np, f)(x, *v, order=order, **kw)

                where = name, layout, order, shape, options
                if order in ("X",):
                    with pytest.raises(ValueError, match=rf"^{name}: order"):
                        call(xp, t)
                    continue
                same(call(xp, t), call(np, a), where, values=name != "empty_like")


def test_like_takes_any_array_and_devices(device: str) -> None:
    assert xp.zeros_like([1.5, 2]).dtype == tenon.float32
    assert xp.ones_like(a=3).shape == ()
    t = tenon.zeros(2, 3, device=device).T
    for r in (
        xp.empty_like(t),
        xp.full_like(t, 2),
        xp.full_like(t, [1, 2]),
        xp.zeros((3, 2), order="F", like=t),
    ):
        assert str(r.device) == str(t.device) and r.stride() == (1, 3)
    assert str(xp.ones_like(t, device="cpu").device) == "cpu"
    with pytest.raises(TypeError, match=r"^zeros_like: "):
        xp.zeros_like("text")
    with pytest.raises(TypeError, match=r"^full_like: "):
        xp.full_like(tenon.zeros(2), 1j)
    with pytest.raises(OverflowError, match=r"^full_like: "):
        xp.full_like(tenon.zeros(2, dtype=tenon.int8), 300)


# ---- what is there already ----


@pytest.mark.parametrize("layout", LIKE)
@pytest.mark.parametrize("order", ORDERS)
def test_arrays_in_an_order(layout: str, order: Any) -> None:
    for shape in SHAPES:
        a = LIKE[layout](np.arange(np.prod(shape), dtype="float32").reshape(shape))
        t = tenon.asarray(a)
        if not np.shares_memory(a, t.numpy()) and a.size:
            continue  # what tenon cannot borrow has lost its layout on the way
        # A conversion of repeated elements is row-major.
        for dtype in (None, "float64")[: 1 if layout == "one of many" else 2]:
            for name in ("asarray", "asanyarray"):
                expected = getattr(np, name)(a, dtype, order)
                actual = getattr(xp, name)(t, dtype, order)
                where = name, layout, order, shape, dtype
                same(actual, expected, where)
                assert (expected is a) == (actual is t), where
                if expected is a:
                    assert getattr(xp, name)(t, dtype, order, copy=False) is t, where
                elif dtype or a.size:
                    with pytest.raises(ValueError, match=rf"^{name}: copy=False"):
                        getattr(xp, name)(t, dtype, order, copy=False)
                same(
                    getattr(xp, name)(t, dtype, order, copy=True),
                    np.array(a, dtype, order=order or "K"),
                    (*where, "copy"),
                )
            for copy in (True, None):
                for ndmin in (0, 3):
                    same(
                        xp.array(t, dtype, copy=copy, order=order or "K", ndmin=ndmin),
                        np.array(
                            a, dtype, order=order or "K", ndmin=ndmin, **({} if copy else {"copy": None})
                        ),
                        ("array", layout, order, shape, dtype, copy, ndmin),
                    )
        same(xp.copy(t, order or "K"), np.copy(a, order or "K"), ("copy", layout, order, shape))
        fresh = xp.copy(t)
        assert t.numel() == 0 or fresh.data_ptr() != t.data_ptr()
    for name in ("asarray", "array", "copy"):
        with pytest.raises(ValueError, match=rf"^{name}: order is 'C', 'F', 'A' or 'K'; got 'X'"):
            getattr(xp, name)(tenon.zeros(2), order="X")


def test_bounds_of_dimensions() -> None:
    assert (
        xp.array([[1, 2]], ndmax=2, ndmin=2).shape == (1, 2)
        and xp.array(tenon.zeros(2, 2), ndmax=1).ndim == 2
    )
    for options in (
        {"ndmax": 1},
        {"ndmax": 0},
        {"ndmax": -1},
        {"ndmin": 65},
        {"ndmax": 65},
        {"ndmax": 2, "ndmin": 3},
    ):
        with pytest.raises(ValueError, match=r"^array: .*(ndmax|ndmin)"):
            xp.array([[1, 2]], **options)


def test_contiguous() -> None:
    for shape in SHAPES:
        for layout in LIKE.values():
            a = layout(np.arange(np.prod(shape), dtype="float32").reshape(shape))
            for name in ("ascontiguousarray", "asfortranarray"):
                for dtype in (None, "int64"):
                    expected = getattr(np, name)(a, dtype)
                    actual = getattr(xp, name)(tenon.asarray(a), dtype)
                    same(actual, expected.reshape(1) if a.ndim == 0 else expected, (name, shape))
    t = tenon.zeros(2, 3)
    assert xp.ascontiguousarray(t) is t and xp.asfortranarray(t.T).shape == (3, 2)
    with tenon.no_copies():
        assert xp.ascontiguousarray(t.T).is_contiguous()  # its name says that it copies
        with pytest.raises(BufferError):
            xp.asarray(t.T, order="C")


def test_buffers() -> None:
    b = bytearray(range(16))
    for arguments in (
        (),
        ("uint8",),
        ("int16", 2),
        ("int16", -1, 4),
        (None, 1),
        ("int16", 0),
        ("int16", -1, 16),
    ):
        np.testing.assert_array_equal(
            xp.frombuffer(b, *arguments).numpy(), np.frombuffer(b, *(arguments or ("float64",))), strict=True
        )
    t = xp.frombuffer(b, "uint8")
    b[0] = 9
    assert t[0] == 9
    for arguments in (("uint8", 17), ("int16", -1, 17), ("nothing",)):
        assert refused_alike(lambda np, a=arguments: np.frombuffer(b, *a), "frombuffer")


# ---- ranges ----


@pytest.mark.parametrize("call", [
    lambda np: np.arange(5), lambda np: np.arange(1, 5), lambda np: np.arange(5, 1, -2),
    lambda np: np.arange(0, 1, 0.25),
    lambda np: np.arange(5, dtype="int8"), lambda np: np.arange(stop=3),
    lambda np: np.arange(1, stop=3, step=1),
    lambda np: np.arange(2.5), lambda np: np.arange(3, 1), lambda np: np.arange(1, 4, dtype="complex64"),
    lambda np: np.arange(), lambda np: np.arange(0, 5, 0), lambda np: np.arange("x"),
    lambda np: np.arange(0, 1, None),
    lambda np: np.arange(3, None), lambda np: np.arange(0, float("inf")),
])  # fmt: skip
def test_arange(call: Callable[[Any], Any]) -> None:
    if not refused_alike(call, "arange"):
        same(call(xp), call(np), "arange", False)


ENDS = [
    (0, 1), (2.5, -1), (0, 0), (1, 1 + 2j), ([0.0, 1.0], [10.0, -3.0]), ([1, 2], 5), (0, [[1.0], [2.0]]),
    ([0.0, 1.0], [[1.0], [2.0]]), (np.float32(1), np.array([2.0, 3.0], "f4")), ([1j, 2], [3, 4j]), ([], []),
]  # fmt: skip


def arrays(np_: Any, x: Any) -> Any:
    """A list as an array of doubles, so that both compute in the same precision."""
    if not isinstance(x, list):
        return x
    a = np.array(x)
    return np_.asarray(a.astype("complex128" if a.dtype.kind == "c" else "float64"))


@pytest.mark.parametrize("num", [0, 1, 2, 7])
@pytest.mark.parametrize("ends", ENDS, ids=str)
def test_linspace(ends: Any, num: int) -> None:
    for endpoint in (True, False):
        for axis in (0, -1):
            for dtype in (None, "float32", "int32", "complex128"):

                def call(np: Any, e: bool = endpoint, a: int = axis, d: Any = dtype) -> Any:
                    return np.linspace(*(arrays(np, x) for x in ends), num, e, True, d, a)

                where = ends, num, endpoint, axis, dtype
                if any(map(np.iscomplexobj, ends)) and dtype in ("float32", "int32"):
                    with pytest.raises(TypeError, match=r"^linspace: "):
                        call(xp)
                    continue
                (ours, our_step), (theirs, step) = call(xp), call(np)
                if dtype == "int32" and axis == 0:
                    np.testing.assert_array_equal(ours.numpy(), theirs, str(where))
                given = dtype is not None or any(isinstance(x, list) for x in ends)
                # Of float32 arrays NumPy makes float64.
                assert str(ours.dtype) == as_ours(theirs.dtype, given), where
                assert ours.shape == theirs.shape, where
                np.testing.assert_allclose(ours.numpy(), theirs, 1e-5, 1e-6, err_msg=str(where))
                np.testing.assert_allclose(np.asarray(our_step), step, 1e-6, err_msg=str(where))


def test_linspace_ends_exactly() -> None:
    a, b = tenon.tensor([0.1, 0.7], dtype=tenon.float64), tenon.tensor([1.1, -5.3], dtype=tenon.float64)
    r = xp.linspace(a, b, 49)
    assert r[0].tolist() == a.tolist() and r[-1].tolist() == b.tolist()
    assert xp.linspace(0, 1, 3, retstep=True)[1] == 0.5
    for name in FLOATS + COMPLEX + ["bfloat16"]:
        assert xp.linspace(xp.zeros(2, name), 1, 3).dtype == getattr(tenon, name)
    for call, error in (
        (lambda: xp.linspace(0, 1, -1), ValueError),
        (lambda: xp.linspace(0, 1, 2.5), TypeError),
        (lambda: xp.linspace([0, 1], [1, 2, 3]), ValueError),
        (lambda: xp.linspace([0, 1], 1, axis=5), IndexError),
        (lambda: xp.linspace("a", 1), TypeError),
    ):
        with pytest.raises(error, match=r"^linspace: "):
            call()


@pytest.mark.parametrize("call", [
    lambda np, a: np.logspace(0, 3, 4), lambda np, a: np.logspace(1, a([2.0, -1.0]), 5),
    lambda np, a: np.logspace(0, 3, 4, base=2), lambda np, a: np.logspace(0, 3, 4, False, 2, "float64"),
    lambda np, a: np.logspace(0, 3, 4, base=a([2.0, 3.0, 4.0])),
    lambda np, a: np.logspace(0, 3, 4, base=a([2.0, 3.0]), axis=-1),
    lambda np, a: np.logspace(0, 1j, 3), lambda np, a: np.logspace(0, 3, 6, dtype="int64"),
    lambda np, a: np.logspace(0, 1, 0),
    lambda np, a: np.geomspace(1, 1000, 4), lambda np, a: np.geomspace(1, 256, 9, dtype="int64"),
    lambda np, a: np.geomspace(-1000, -1, 4), lambda np, a: np.geomspace(1, 8, 3, endpoint=False),
    lambda np, a: np.geomspace(1j, 16j, 5), lambda np, a: np.geomspace(1, -1, 5, dtype=complex),
    lambda np, a: np.geomspace(a([1.0, 2.0]), a([[16.0], [32.0]]), 5),
    lambda np, a: np.geomspace(a([1.0, -2.0]), a([16.0, -32.0]), 5, axis=1),
    lambda np, a: np.geomspace(2, 8, 1), lambda np, a: np.geomspace(2, 8, 0),
    lambda np, a: np.geomspace(-1, -1000, 4, dtype="int64"),
    lambda np, a: np.geomspace(-1, -8, 6, dtype="int64"),
])  # fmt: skip
def test_powers(call: Callable[[Any, Any], Any]) -> None:
    ours = call(xp, lambda x: tenon.tensor(x, dtype=tenon.float64))
    theirs = call(np, np.array)
    assert str(ours.dtype) in (as_ours(theirs.dtype, True), as_ours(theirs.dtype, False))
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs, 2e-6, 1e-6)


def test_powers_refuse() -> None:
    for name, call, error in (
        ("geomspace", lambda: xp.geomspace(0, 1), ValueError),
        ("geomspace", lambda: xp.geomspace([1, 2], [3, 0]), ValueError),
        ("geomspace", lambda: xp.geomspace(1, 2, -1), ValueError),
        ("logspace", lambda: xp.logspace(0, 1, -1), ValueError),
        ("logspace", lambda: xp.logspace(0, [1, 2], base=[1, 2, 3]), ValueError),
        ("geomspace", lambda: xp.geomspace(1j, 2, dtype="float32"), TypeError),
    ):
        with pytest.raises(error, match=rf"^{name}: "):
            call()


def points(device: str) -> list[Any]:
    return [
        tenon.tensor(v, dtype=tenon.float64, device=device).requires_grad_()
        for v in ([0.5, 1.5], [[2.0], [3.5]])
    ]


GRADIENTS: dict[str, Callable[[Any, Any], Any]] = {
    "linspace": lambda a, b: xp.linspace(a, b, 4),
    "linspace without end": lambda a, b: xp.linspace(a, b, 4, endpoint=False, axis=-1),
    "linspace from a number": lambda a, b: xp.linspace(1, b, 3) * a.sum(),
    "step": lambda a, b: xp.linspace(a, b, 4, retstep=True)[1],
    "logspace": lambda a, b: xp.logspace(a, b, 4, base=2),
    "logspace of bases": lambda a, b: xp.logspace(a, 2, 3, base=b),
    "geomspace": lambda a, b: xp.geomspace(a, b, 4),
    "geomspace below 0": lambda a, b: xp.geomspace(-a, -b, 4),
    "meshgrid": lambda a, b: xp.meshgrid(a, b)[0] * xp.meshgrid(a, b)[1],
    "copy": lambda a, b: xp.copy(a * b, "F") * xp.array(a, copy=True),
    "ascontiguousarray": lambda a, b: xp.asfortranarray(a * b),
    "asarray": lambda a, b: xp.asarray((a * b).T, "complex128", order="C").real,
    "full": lambda a, b: xp.full((2, 2), b, order="F") * a,
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_to_second_order(name: str, device: str) -> None:
    def f(a: Any, b: Any) -> Any:
        r = GRADIENTS[name](a, b)
        return r * r

    x = points(device)
    np.testing.assert_allclose(f(*x).detach().cpu(), f(*(t.cpu() for t in x)).detach(), 1e-12)
    assert gradcheck(f, x)
    assert gradgradcheck(f, x)


# ---- matrices and grids ----


@pytest.mark.parametrize("dtype", DTYPES)
def test_matrices(dtype: str) -> None:
    for call in (
        lambda np: np.eye(3, dtype=dtype), lambda np: np.eye(2, 4, 1, dtype, "F"),
        lambda np: np.eye(2, M=3, k=-1, dtype=dtype),
        lambda np: np.eye(N=2, dtype=dtype), lambda np: np.eye(2, 3, 9, dtype),
        lambda np: np.eye(0, 3, 0, dtype),
        lambda np: np.identity(3, dtype), lambda np: np.identity(n=0, dtype=dtype),
        lambda np: np.tri(3, dtype=dtype),
        lambda np: np.tri(2, 4, 1, dtype), lambda np: np.tri(3, 2, -1, dtype=dtype),
        lambda np: np.tri(2, 3, -9, dtype),
        lambda np: np.tri(2, 3, 9, dtype),
    ):  # fmt: skip
        same(call(xp), call(np), dtype)


def test_matrices_refuse() -> None:
    assert xp.eye(2).dtype == xp.tri(2).dtype == xp.identity(2).dtype == tenon.float32
    for call in (
        lambda np: np.eye(-1), lambda np: np.eye(2.5), lambda np: np.eye(2, order="K"),
        lambda np: np.eye(2, 2, 0.5),
        lambda np: np.eye(2, dtype="x"), lambda np: np.identity(-2) if np is xp else np.ones(-2),
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=r"^(eye|identity): "):
            call(xp)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("copy", [False, True])
def test_meshgrid(indexing: str, sparse: bool, copy: bool) -> None:
    a, b, c = np.arange(2.0), np.arange(3), np.array([[1, 2], [3, 4]], "int8")
    for vectors in ((), (a,), (a, b), (a, b, c), (a, np.int64(3)), (a, np.zeros(0)), (a, b, a, b)):
        ours = xp.meshgrid(*map(tenon.asarray, vectors), copy=copy, sparse=sparse, indexing=indexing)
        theirs = np.meshgrid(*vectors, copy=copy, sparse=sparse, indexing=indexing)
        assert len(ours) == len(theirs) and isinstance(ours, tuple)
        for x, y in zip(ours, theirs, strict=True):
            same(x, y, (indexing, sparse, copy))
    t = tenon.zeros(2)
    grid = xp.meshgrid(t, t, copy=copy, sparse=sparse, indexing=indexing)[0]
    t += 1
    assert grid.flatten()[0].item() == (0 if copy else 1)


def test_meshgrid_refuses() -> None:
    with pytest.raises(ValueError, match=r"^meshgrid: indexing"):
        xp.meshgrid([1], indexing="x")
    with pytest.raises(TypeError, match=r"^meshgrid: "):
        xp.meshgrid([1], "ij")
    with pytest.raises(TypeError, match=r"^meshgrid: "):
        xp.meshgrid([1], copies=True)


def test_numpys_functions_with_like() -> None:
    t = tenon.zeros(2)
    for call in (
        lambda: np.zeros(3, like=t), lambda: np.ones((2, 2), "int8", "F", like=t),
        lambda: np.full(2, 7, like=t),
        lambda: np.array([1, 2], ndmin=2, like=t), lambda: np.asarray([1], order="F", like=t),
        lambda: np.eye(2, like=t),
        lambda: np.identity(2, like=t), lambda: np.arange(3, like=t),
        lambda: np.frombuffer(b"ab", "uint8", like=t),
        lambda: np.ascontiguousarray([1], like=t), lambda: np.tri(2, like=t),
        lambda: np.asfortranarray([1], like=t),
        lambda: np.zeros_like(t), lambda: np.full_like(t, 3), lambda: np.linspace(t, t + 1, 3),
        lambda: np.geomspace(t + 1, t + 2, 3),
        lambda: np.copy(t), lambda: np.meshgrid(t, t)[0], lambda: np.logspace(t, 2, 3),
    ):  # fmt: skip
        assert isinstance(call(), tenon.Tensor)
