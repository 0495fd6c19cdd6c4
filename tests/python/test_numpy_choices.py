"""Choices, questions, parts and norms in ``tenon.numpy``, beside NumPy."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import tenon
import tenon.numpy as xp
from support import COMPLEX, DTYPES, FLOATS, INTEGERS, sample
from tenon.autograd import gradcheck, gradgradcheck

NAN = float("nan")


def same(actual: Any, expected: Any, where: object = "", tolerance: float = 0) -> None:
    assert isinstance(actual, tenon.Tensor), where
    assert str(actual.dtype) == f"tenon.{expected.dtype}", where
    assert actual.shape == expected.shape, where
    np.testing.assert_allclose(actual.numpy(), expected, tolerance, tolerance, err_msg=str(where))


# ---- where and select ----


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(dtype: str) -> None:
    a, b = sample(dtype), sample(dtype, seed=1)
    for condition in (
        sample("bool"),
        sample("bool", (3, 1)),
        sample("int8"),
        sample("complex64"),
        np.bool_(True),
    ):
        for layout in (lambda x: x, lambda x: x[::-1, ::-1]):
            expected = np.where(condition, layout(a), layout(b))
            same(
                xp.where(tenon.asarray(condition), layout(tenon.from_numpy(a)), tenon.asarray(layout(b))),
                expected,
            )
    same(xp.where(sample("bool"), tenon.from_numpy(a), 1), np.where(sample("bool"), a, 1))
    for ours, theirs in zip(xp.where(tenon.from_numpy(a)), np.where(a), strict=True):
        same(ours, theirs)


def test_where_of_little() -> None:
    assert xp.where(True, 1, 2.5).item() == 1 and xp.where([0, 2], [1, 2], 3).tolist() == [3, 2]
    assert xp.where(tenon.zeros(0, 3), 1, 2).shape == (0, 3)
    assert xp.where(tenon.zeros(0))[0].tolist() == []
    half = tenon.tensor([1.0, NAN], dtype=tenon.bfloat16)
    assert xp.where(half, half, 0).dtype == tenon.bfloat16
    for call, error in (
        (lambda: xp.where([True], 1), ValueError),
        (lambda: xp.where([True], y=1), TypeError),
        (lambda: xp.where([True], [1, 2], [1, 2, 3]), ValueError),
        (lambda: xp.where(tenon.tensor(1)), ValueError),
        (lambda: xp.where([True], 300, tenon.zeros(1, dtype=tenon.int8)), OverflowError),
        (lambda: xp.where("x", 1, 2), TypeError),
        (lambda: xp.where([True], 1, 2, out=tenon.zeros(1)), TypeError),
    ):
        with pytest.raises(error, match=r"^where: "):
            call()


@pytest.mark.parametrize("dtype", DTYPES)
def test_select(dtype: str) -> None:
    a = sample(dtype)
    low, high = sample("bool"), sample("bool", (4,), 1)
    for choices in ([a, a[::-1]], [a, 1], [1, a], (a[0], a[:, :1])):
        for default in (0, True, a[2]):
            if dtype == "bool" and 1 in [c for c in choices if isinstance(c, int)]:
                continue  # NumPy makes int64 of bools and a Python integer, too
            try:
                expected = np.select([low, high], choices, default)
            except TypeError:
                continue  # NumPy takes numbers beside unsigned integers for int64, and cannot cast them
            actual = xp.select(
                [tenon.from_numpy(low), high],
                [tenon.asarray(c) if isinstance(c, np.ndarray) else c for c in choices],
                tenon.asarray(default) if isinstance(default, np.ndarray) else default,
            )
            same(actual, expected, (dtype, choices, default))


def test_select_of_many() -> None:
    a = np.arange(50)
    conditions, choices = [a == i for i in range(40)], [a * i for i in range(40)]
    t = tenon.from_numpy(a)
    mine = tenon.numpy.select([t == i for i in range(40)], [t * i for i in range(40)], -1)
    np.testing.assert_array_equal(mine, np.select(conditions, choices, -1))


def test_select_refuses() -> None:
    t = tenon.zeros(3)
    assert xp.select([t == 0], tenon.ones(1, 3)).tolist() == [1, 1, 1]
    assert xp.select((t,), (5,), 0.5).tolist() == [0.5] * 3
    for call, error in (
        (lambda: xp.select([t > 0], []), ValueError),
        (lambda: xp.select([], []), ValueError),
        (lambda: xp.select([t > 0], [tenon.zeros(2)]), ValueError),
        (lambda: xp.select([t > 0], ["x"]), TypeError),
        (lambda: xp.select([t > 0], 5), TypeError),
        (lambda: xp.select([t > 0], [300], tenon.zeros(3, dtype=tenon.int8)), OverflowError),
    ):
        with pytest.raises(error, match=r"^select: "):
            call()


# ---- parts and rounding ----


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts(dtype: str) -> None:
    a = sample(dtype)[:, ::-1]
    t = tenon.from_numpy(a)
    same(xp.real(t), np.real(a))
    same(xp.imag(val=t), np.imag(a))
    assert np.shares_memory(xp.real(t).numpy(), a)
    if np.dtype(dtype).kind == "c":
        xp.imag(t)[...] = 3
        assert (a.imag == 3).all()
    else:
        with pytest.raises(ValueError, match="read-only"):
            xp.imag(t)[0, 0] = 1
    assert xp.real(1 + 2j).item() == 1 and xp.imag([1 + 2j]).tolist() == [2]


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS + COMPLEX)
def test_round(dtype: str) -> None:
    a = (sample(dtype) * 37).astype(dtype)
    near = 3e-3 if dtype == "float16" else 1e-6  # NumPy rounds after every step
    for decimals in (0, 1, -1):
        for name in ("round", "around"):
            expected = getattr(np, name)(a, decimals)
            same(getattr(xp, name)(tenon.from_numpy(a), decimals), expected, (dtype, decimals), near)
            out = np.zeros_like(expected)
            assert getattr(xp, name)(tenon.from_numpy(a), decimals, out) is out
            np.testing.assert_allclose(out, expected, near)
    assert np.round(tenon.from_numpy(a)).shape == a.shape
    with pytest.raises(TypeError, match=r"^round: "):
        xp.round(tenon.ones(2), 1.5)


@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_of_floats(dtype: str) -> None:
    a, b = sample(dtype), sample(dtype, seed=3)
    a.flat[:4] = 0, NAN, np.inf, -0.0
    same(xp.sinc(tenon.from_numpy(a)), np.sinc(a).astype(dtype), dtype, 2e-3 if dtype == "float16" else 1e-6)
    same(xp.copysign(tenon.from_numpy(a), tenon.from_numpy(b)), np.copysign(a, b))
    out = np.zeros_like(a)
    assert xp.copysign(a, b, out) is out
    same(
        xp.copysign(tenon.from_numpy(a), -1, where=a > 0, out=tenon.from_numpy(out)),
        np.where(a > 0, -a, np.copysign(a, b)),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_astype(dtype: str) -> None:
    a = np.asfortranarray(sample("float32"))
    t = tenon.from_numpy(a)
    same(xp.astype(t, dtype), a.astype(dtype))
    assert xp.astype(t, dtype).stride() == tuple(s // a.itemsize for s in a.strides)
    assert (xp.astype(t, dtype, copy=False) is t) == (dtype == "float32")
    assert xp.astype(t, "float32").data_ptr() != t.data_ptr()
    for call in (lambda: xp.astype(t), lambda: xp.astype(t, "x"), lambda: xp.astype(t, "int8", True)):
        with pytest.raises(TypeError, match=r"^astype: "):
            call()


def test_astype_of_devices(device: str) -> None:
    t = xp.astype(tenon.ones(2), "int16", device=device)
    assert t.dtype == tenon.int16 and str(t.device) == str(tenon.device(device)) and t.tolist() == [1, 1]


# ---- questions ----


def test_close_and_equal() -> None:
    values = [
        ([1.0, NAN], [1.0, NAN]), ([1.0, 2.0], [1.0, 2.0001]), ([1, 2], [1.0, 2.0]),
        ([[1, 1], [1, 1]], [1, 1]),
        ([1.0], [1.0, 1.0, 1.0]), ([1, 2], [1, 2, 3]), ([1j * NAN], [1j * NAN]), ([], []), (5, 5),
        ([np.inf], [np.inf]), (True, 1),
    ]  # fmt: skip
    close = {"equal_nan", "rtol", "atol"}
    taken = {"isclose": close, "allclose": close, "array_equal": {"equal_nan"}, "array_equiv": set()}
    for a, b in values:
        for options in ({}, {"equal_nan": True}, {"rtol": 1e-3, "atol": 0.0}):
            for name in taken:
                if options.keys() - taken[name]:
                    continue
                x, y = (np.array(v, "f8") if v == [] else np.asarray(v) for v in (a, b))
                try:
                    expected = getattr(np, name)(x, y, **options)
                except ValueError:
                    with pytest.raises(ValueError, match=rf"^{name}: "):
                        getattr(xp, name)(x, y, **options)
                    continue
                actual = getattr(xp, name)(tenon.asarray(x), tenon.asarray(y), **options)
                if name == "isclose":
                    same(actual, np.asarray(expected), (a, b, options))
                else:
                    assert type(actual) is bool and actual == expected, (name, a, b, options)
    assert xp.array_equal(a1=[1], a2=[1]) and xp.isclose(a=1.0, b=1.0, equal_nan=False).item()
    with pytest.raises(TypeError, match=r"^array_equal: "):
        xp.array_equal("x", [1])


KINDS = (
    "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric",
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_kinds(dtype: str) -> None:
    for kind in (*KINDS, np.dtype("int8"), np.float64, ("bool", "integral"), ("numeric", np.dtype(bool)), ()):
        assert xp.isdtype(dtype, kind) == np.isdtype(np.dtype(dtype), kind), kind
        assert xp.isdtype(getattr(tenon, dtype), kind) == np.isdtype(np.dtype(dtype), kind), kind
    standard = xp.__array_namespace_info__()
    theirs = np.__array_namespace_info__()
    for kind in (None, *KINDS, ("bool", "integral")):
        assert list(standard.dtypes(kind=kind)) == list(theirs.dtypes(kind=kind))
    a = sample(dtype)
    assert xp.iscomplexobj(a) == np.iscomplexobj(a) != xp.isrealobj(tenon.from_numpy(a))


def test_kinds_refuse() -> None:
    assert xp.isdtype(tenon.bfloat16, "real floating") and xp.isdtype("float8_e5m2", "numeric")
    assert not xp.iscomplexobj(5) and xp.iscomplexobj([1j])
    for call, error in (
        (lambda: xp.isdtype(tenon.int8, "float32"), ValueError),
        (lambda: xp.isdtype("nothing", "bool"), TypeError),
        (lambda: xp.isdtype(tenon.int8, 5), TypeError),
        (lambda: xp.iscomplexobj("x"), TypeError),
    ):
        with pytest.raises(error, match=r"^(isdtype|iscomplexobj): "):
            call()
    with pytest.raises(ValueError, match=r"the kind is one of 'bool', "):
        xp.__array_namespace_info__().dtypes(kind="nothing")


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, "bfloat16", "float8_e5m2", "float8_e4m3fn"])
def test_limits_of_floats(dtype: str) -> None:
    theirs = (np if hasattr(np, dtype) else ml_dtypes).finfo(dtype)
    for ours in (
        tenon.finfo(getattr(tenon, dtype)),
        xp.finfo(dtype),
        xp.finfo(tenon.zeros(1, dtype=getattr(tenon, dtype))),
    ):
        for name in ("bits", "eps", "max", "min", "tiny", "smallest_normal"):
            assert getattr(ours, name) == float(getattr(theirs, name)), name
    assert isinstance(xp.finfo(dtype).dtype, tenon.dtype) and isinstance(tenon.finfo(dtype).dtype, str)
    for wrong in (tenon.int8, tenon.bool):
        with pytest.raises(TypeError, match=r"^finfo: "):
            xp.finfo(wrong)
        with pytest.raises(TypeError, match=r"^iinfo: "):
            xp.iinfo(tenon.bool)


# ---- norms and powers of matrices ----

NORMS: list[Callable[[Any, Any], Any]] = [
    lambda np, a: np.linalg.norm(a),
    *(
        lambda np, a, p=p: np.linalg.norm(a, p)
        for p in (1, -1, 2, -2, np.inf, -np.inf, "fro", "f", "nuc", 3, 0, "x")
    ),
    *(
        lambda np, a, p=p: np.linalg.norm(a, p, axis=-1)
        for p in (None, 0, 1, 2, 2.5, -1, np.inf, -np.inf, "fro")
    ),
    *(
        lambda np, a, p=p: np.linalg.norm(a, p, axis=(0, 1))
        for p in (None, 1, -1, 2, np.inf, -np.inf, "fro", "nuc", 3)
    ),
    *(lambda np, a, p=p: np.linalg.norm(a, p, (-1, 0), keepdims=True) for p in (1, 2, -np.inf, "fro", "nuc")),
    lambda np, a: np.linalg.norm(a, axis=(0, 0)),
    lambda np, a: np.linalg.norm(a, axis=9),
    lambda np, a: np.linalg.norm(a, axis=(0, 1, 2)),
    lambda np, a: np.linalg.norm(a, keepdims=True),
    lambda np, a: np.linalg.vector_norm(a),
    *(lambda np, a, p=p: np.linalg.vector_norm(a, axis=(0, -1), ord=p) for p in (0, 1, 2, 3, np.inf)),
    lambda np, a: np.linalg.vector_norm(a, axis=0, keepdims=True),
    *(
        lambda np, a, p=p: np.linalg.matrix_norm(a, ord=p)
        for p in ("fro", 1, -1, 2, -2, np.inf, -np.inf, "nuc", "x", 5)
    ),
    lambda np, a: np.linalg.matrix_norm(a, keepdims=True, ord="nuc"),
    *(lambda np, a, n=n: np.linalg.matrix_power(a, n) for n in (0, 1, 2, 5, -1, -3)),
    lambda np, a: np.linalg.matrix_power(a, 1.5),
    lambda np, a: np.linalg.diagonal(a, offset=1),
    lambda np, a: np.linalg.trace(a, offset=-1),
    lambda np, a: np.linalg.trace(a, dtype="float64"),
]


@pytest.mark.parametrize("dtype", ["int8", "float64", "complex128", "float32"])
@pytest.mark.parametrize("shape", [(), (4,), (3, 3), (3, 2), (2, 3, 3)])
def test_norms(dtype: str, shape: tuple[int, ...]) -> None:
    a = np.asarray(sample(dtype, shape)).astype(dtype)
    for i, call in enumerate(NORMS):
        for x in (a, a.T):
            try:
                expected = np.asarray(call(np, x))
            except (ValueError, IndexError, TypeError):
                if not shape:
                    continue  # a tensor without dimensions takes the axes 0 and -1, NumPy's array none
                with pytest.raises((ValueError, IndexError, TypeError), match=r"^\w+: "):
                    call(xp, tenon.from_numpy(x))
                continue
            actual = call(xp, tenon.from_numpy(x))
            assert actual.shape == expected.shape, i
            assert actual.dtype.is_complex == (expected.dtype.kind == "c"), i
            np.testing.assert_allclose(
                actual.numpy(), expected, 2e-4 if dtype in ("float32", "int8") else 1e-9, 1e-6, err_msg=str(i)
            )


def test_torch_norms_need_no_numpy_for_singular_values() -> None:
    a = sample("float32", (3, 4))
    assert tenon.norm(tenon.from_numpy(a), "nuc").item() == pytest.approx(np.linalg.norm(a, "nuc"), rel=1e-5)
    assert tenon.norm(tenon.from_numpy(a), "nuc", (0, 1), True, dtype=tenon.float64).dtype == tenon.float64


def test_products_of_several() -> None:
    a, b, c = sample("float64", (2, 3)), sample("float64", (3, 4), 1), sample("float64", (4,), 2)
    same(xp.linalg.multi_dot([tenon.from_numpy(a), b, c]), np.linalg.multi_dot([a, b, c]), "", 1e-12)
    out = np.zeros(2)
    assert xp.linalg.multi_dot([a, b, c], out=out) is out and out.any()
    assert xp.linalg.tensordot is xp.tensordot


GRADIENTS: dict[str, Callable[[Any], Any]] = {
    "where": lambda x: xp.where(x > 0, x * x, x),
    "select": lambda x: xp.select([x > 1, x > 0], [x * x, 3], x),
    "real": lambda x: xp.real(x * (1 + 2j)) * xp.imag(x * x * 1j),
    "astype": lambda x: xp.astype(x, "complex128").real,
    "norm": lambda x: xp.linalg.norm(x),
    "norm of rows": lambda x: xp.linalg.norm(x, 3, axis=1),
    "largest sum": lambda x: xp.linalg.norm(x, 1),
    "largest sum of rows": lambda x: xp.linalg.matrix_norm(x, ord=np.inf, keepdims=True),
    "matrix_power": lambda x: xp.linalg.matrix_power(x, 3),
    "multi_dot": lambda x: xp.linalg.multi_dot([x, x, x]),
    "trace": lambda x: xp.linalg.trace(x) * xp.linalg.diagonal(x),
}
ON_THE_CPU: dict[str, Callable[[Any], Any]] = {
    "nuclear": lambda x: xp.linalg.norm(x, "nuc"),
    "spectral": lambda x: xp.linalg.matrix_norm(x, ord=2),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_to_second_order(name: str, device: str) -> None:
    x = tenon.tensor([[0.5, -1.5], [2.0, 1.25]], dtype=tenon.float64, device=device).requires_grad_()
    assert gradcheck(GRADIENTS[name], [x])
    assert gradgradcheck(GRADIENTS[name], [x])


@pytest.mark.parametrize("name", ON_THE_CPU)
def test_gradients_of_singular_values(name: str) -> None:
    x = tenon.tensor([[0.5, -1.5, 3.0], [2.0, 1.25, 0.3]], dtype=tenon.float64).requires_grad_()
    assert gradcheck(ON_THE_CPU[name], [x])
    assert gradgradcheck(ON_THE_CPU[name], [x])
