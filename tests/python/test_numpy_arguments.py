"""``tenon.numpy`` with arguments that do not fit: refused as NumPy refuses them, and none is ignored."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tenon
import tenon.numpy as xp
from support import NUMPY

f, i8 = tenon.ones(2, 3), tenon.zeros(3, dtype=tenon.int8)


@pytest.mark.parametrize(
    "name,call,error",
    [
        ("array", lambda: xp.array([1], copy=False), ValueError),
        ("array", lambda: xp.array(f, tenon.float64, copy=False), ValueError),
        ("ravel", lambda: xp.ravel(f, order="X"), ValueError),
        ("take", lambda: xp.take(f, 0, mode="x"), ValueError),
        ("take", lambda: xp.take(f, tenon.tensor([True, False])), TypeError),
        ("take", lambda: xp.take(f, 0.5), TypeError),
        ("can_cast", lambda: xp.can_cast("float32", "float32", "x"), ValueError),
        ("concatenate", lambda: xp.concatenate([f], casting="x", dtype="float64"), ValueError),
        ("concatenate", lambda: xp.concatenate([f], dtype="int64"), TypeError),
        ("concatenate", lambda: xp.concatenate([f.double()], out=f, casting="safe"), TypeError),
        ("stack", lambda: xp.stack([f], dtype="int64"), TypeError),
        ("hstack", lambda: xp.hstack([f], dtype="int64"), TypeError),
        ("vstack", lambda: xp.vstack([f], dtype="float32", casting="x"), ValueError),
        ("hstack", lambda: xp.hstack([]), ValueError),
        ("arange", lambda: xp.arange(0, 5, 0), ValueError),
        ("arange", lambda: xp.arange(0, 300, dtype="int8"), OverflowError),
        ("repeat", lambda: xp.repeat(f, 1.5), TypeError),
        ("repeat", lambda: xp.repeat(f, [1.5, 2], 0), TypeError),
        ("array_split", lambda: xp.array_split(f, 0), ValueError),
        ("array_split", lambda: xp.array_split(f, 1.5), TypeError),
        ("array_split", lambda: xp.array_split(f, 2**70), OverflowError),
        ("split", lambda: xp.split(f, 0), ValueError),
        ("split", lambda: xp.split(f, -2), ValueError),
        ("split", lambda: xp.split(f, 1, axis=4), IndexError),
        ("hsplit", lambda: xp.hsplit(tenon.tensor(1), 1), ValueError),
        ("vsplit", lambda: xp.vsplit(tenon.arange(3), 3), ValueError),
        ("dsplit", lambda: xp.dsplit(f, 3), ValueError),
        ("vecdot", lambda: xp.vecdot(f, f, axis=2), IndexError),
        ("tensordot", lambda: xp.tensordot(f, f, 5), IndexError),
        ("tensordot", lambda: xp.tensordot(f, f, -1), ValueError),
        ("multi_dot", lambda: xp.linalg.multi_dot([]), ValueError),
        ("gradient", lambda: xp.gradient(tenon.arange(4.0), 1, 2), TypeError),
        ("select", lambda: xp.select([f > 0], []), ValueError),
        ("pad", lambda: xp.pad(tenon.arange(3), [(1, 1), (2, 2)]), ValueError),
        ("pad", lambda: xp.pad(f, (1, 2, 3)), ValueError),
        ("fftfreq", lambda: xp.fft.fftfreq(4.5), TypeError),
        ("fftfreq", lambda: xp.fft.fftfreq(-4), ValueError),
        ("rfftfreq", lambda: xp.fft.rfftfreq(0), ValueError),
        ("putmask", lambda: xp.putmask(f, f > 0, [1j]), TypeError),
        ("putmask", lambda: xp.putmask(i8, i8 == 0, 300), OverflowError),
        ("putmask", lambda: xp.putmask(i8, i8 == 0, np.array([2.5])), TypeError),
        ("putmask", lambda: xp.putmask(i8, i8 == 0, tenon.tensor([300])), TypeError),
        ("place", lambda: xp.place(i8, i8 == 0, np.array([2.5])), TypeError),
        ("logspace", lambda: xp.logspace(0, 1j, 2, dtype="float32"), TypeError),
        ("logspace", lambda: xp.logspace(0, 1j, 2, endpoint=False, dtype="float32"), TypeError),
        ("mean", lambda: xp.mean(f, dtype="int32"), TypeError),
        ("var", lambda: xp.var(f, dtype="int32"), TypeError),
        ("mean", lambda: xp.mean(f.to(tenon.float8_e5m2)), TypeError),
        ("average", lambda: xp.average(f.to(tenon.float8_e5m2)), TypeError),
        ("cov", lambda: xp.cov(f.to(tenon.float8_e5m2)), TypeError),
    ],
)
def test_refused_by_name(name: str, call: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^{name}: .*[^)]$|^{name}: .*\)$") as e:
        call()
    assert type(e.value) is error and "zip()" not in str(e.value) and "index out of range" not in str(e.value)
    assert f.tolist() == [[1, 1, 1]] * 2 and i8.tolist() == [0, 0, 0]


def test_numbers_are_put_as_by_numpy() -> None:
    for values in (2.5, [2.5, 1], 2, np.array([2], np.int8)):
        for g in (np.putmask, np.place):
            a = np.zeros(3, np.int8)
            t = tenon.from_numpy(a.copy())
            g(a, np.array([True, False, True]), values)
            g(t, tenon.tensor([True, False, True]), values)
            assert t.tolist() == a.tolist()


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
def test_ravel_reads_in_the_order_that_is_asked_for(order: Any) -> None:
    a = np.arange(24).reshape(2, 3, 4)
    for b in (a, a.T, a.transpose(1, 0, 2), a[::-1], a.T[:, ::2]):
        assert xp.ravel(tenon.from_numpy(b), order).tolist() == np.ravel(b, order).tolist()


def test_pad_takes_all_forms_of_widths() -> None:
    a = np.arange(6).reshape(2, 3)
    for width in (1, (1,), (1, 2), ((1, 2),), ((1, 2), (0, 3)), ((1,), (2,)), np.array([[1, 2], [0, 3]])):
        assert xp.pad(tenon.from_numpy(a), width).tolist() == np.pad(a, width).tolist()


def test_parts_are_numpys() -> None:
    a = np.arange(10)
    for parts in (1, 3, 4, 10, 12, [2, 5], np.int64(3), np.array([2, 5]), (3,)):
        ours, theirs = xp.array_split(tenon.from_numpy(a), parts), np.array_split(a, parts)
        assert [x.tolist() for x in ours] == [x.tolist() for x in theirs]


def test_results_go_where_out_says() -> None:
    out = tenon.zeros(2, 2)
    assert xp.linalg.multi_dot([f, f.T], out=out) is out and out.tolist() == [[3, 3], [3, 3]]
    with pytest.raises(ValueError, match=r"^multi_dot: "):
        xp.linalg.multi_dot([f, f.T], out=tenon.zeros(3))


def test_a_singular_matrix_is_numpys_error() -> None:
    for call in (np.linalg.inv, xp.linalg.inv, lambda t: np.linalg.matrix_power(t, -1)):
        with pytest.raises(np.linalg.LinAlgError, match="Singular"):
            call(tenon.zeros(2, 2))
        with pytest.raises(ValueError, match=r"^(inv|matrix_power): "):
            call(tenon.zeros(2, 2))


def test_integers_become_the_default_float() -> None:
    t = tenon.tensor([1, 2, 3])
    for dtype in (tenon.float32, tenon.float64):
        tenon.set_default_dtype(dtype)
        try:
            for g in (xp.sinc, xp.mean, xp.fabs, xp.var, xp.std, xp.median, xp.average, xp.gradient):
                assert g(t).dtype == dtype, g.__name__
        finally:
            tenon.set_default_dtype(tenon.float32)


def test_the_rank_of_a_vector_is_a_tensor_too() -> None:
    for t in (tenon.ones(3), tenon.eye(3)):
        rank = xp.linalg.matrix_rank(t)
        assert isinstance(rank, tenon.Tensor) and rank.dtype == tenon.int64 and rank.shape == ()
    relative = {"rtol" if NUMPY >= (2, 0) else "tol": 1e-3}
    assert rank.item() == np.linalg.matrix_rank(tenon.eye(3), **relative).item() == 3


def test_complex_ends_of_a_range() -> None:
    for endpoint in (True, False):
        ours = xp.logspace(0, 1j, 3, endpoint=endpoint)
        assert ours.dtype == tenon.complex64
        assert np.allclose(ours.tolist(), np.logspace(0, 1j, 3, endpoint=endpoint))
