"""What consumers of arrays ask an ndarray for, beside NumPy's own answers."""

import copy
import io
import math
import operator
import pickle
import sys

import numpy as np
import pytest
import tenon
from support import run_python, sim_environment

LAYOUTS = {
    "rows": lambda: np.arange(24.0).reshape(2, 3, 4),
    "columns": lambda: np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "turned": lambda: np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    "backwards": lambda: np.arange(24.0).reshape(2, 3, 4)[::-1, :, ::-2],
    "one": lambda: np.arange(4.0)[::2],
    "number": lambda: np.array(3.0),
    "empty": lambda: np.zeros((0, 3)),
}
ORDERS = "CFAK"


@pytest.fixture(params=LAYOUTS)
def array(request):
    return LAYOUTS[request.param]()


def same(t, a):
    assert t.shape == a.shape
    np.testing.assert_array_equal(t.detach().numpy(), a)


# ---- flags ----

KEYS = [
    "C_CONTIGUOUS",
    "F_CONTIGUOUS",
    "WRITEABLE",
    "ALIGNED",
    "WRITEBACKIFCOPY",
    "FNC",
    "FORC",
    "BEHAVED",
    "CARRAY",
    "C",
    "F",
    "W",
    "A",
    "X",
    "B",
    "CA",
    "CONTIGUOUS",
    "FORTRAN",
]  # NumPy's FARRAY is true of what is neither order


@pytest.mark.parametrize("writeable", [True, False])
def test_flags_are_numpys(array, writeable):
    array.flags.writeable = writeable
    ours, theirs = tenon.from_numpy(array).flags, array.flags
    for key in KEYS:
        assert ours[key] == theirs[key], key
        if len(key) > 2:
            name = key.lower()
            if hasattr(theirs, name):
                assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.num & ~4 == theirs.num & ~4  # OWNDATA is the array's
    for line in str(theirs).splitlines():
        assert line in str(ours) or "OWNDATA" in line


def test_flags_say_who_owns_the_memory():
    t = tenon.zeros(2, 2)
    assert t.flags.owndata and t.base is None
    assert not t[0].flags.owndata and t[0].base is t
    assert t[0][:1].base is t
    a = np.zeros(2)
    assert tenon.from_numpy(a).base is a and not tenon.from_numpy(a).flags.owndata


def test_a_tensor_becomes_read_only():
    t = tenon.zeros(2)
    view = t[:1]
    t.flags.writeable = False
    assert t.readonly and not t.flags["WRITEABLE"]
    with pytest.raises(ValueError, match="read-only"):
        t[0] = 1
    assert t[:1].readonly and not view.readonly  # as NumPy's: views from before keep their rights
    t.flags.writeable = False
    with pytest.raises(ValueError, match=r"^flags: a read-only tensor stays so"):
        t.flags.writeable = True
    u = tenon.zeros(2)
    u.setflags(write=False)
    assert u.readonly
    u = tenon.zeros(2)
    u.flags["W"] = True
    assert not u.readonly
    with pytest.raises(ValueError, match=r"^flags: "):
        u.flags.c_contiguous = False
    with pytest.raises(ValueError, match=r"^setflags: "):
        u.setflags(align=False)
    with pytest.raises(KeyError):
        u.flags["NOTHING"]
    with pytest.raises(AttributeError):
        u.flags.nothing  # noqa: B018
    assert u.flags == tenon.zeros(3).flags and u.flags != t.flags


# ---- flat ----


def test_flat_is_read(array):
    t = tenon.from_numpy(array)
    assert [v.item() for v in t.flat] == list(array.flat)
    assert len(t.flat) == len(array.flat)
    same(t.flat[::2], array.flat[::2])
    same(t.flat.copy(), array.flat.copy())
    np.testing.assert_array_equal(np.array(t.flat), array.flat.copy())
    if array.size:
        assert t.flat[-1].item() == array.flat[-1]
        same(t.flat[[0, -1]], array.flat[[0, -1]])
    mask = np.arange(array.size) % 3 == 0
    same(t.flat[mask], array.flat[mask])
    for wrong in (array.size, -array.size - 1):
        with pytest.raises(IndexError, match=r"^flat: "):
            t.flat[wrong]
    ours, theirs = t.flat, array.flat
    if array.size:
        next(ours), next(theirs)
    assert ours.index == theirs.index
    if ours.index < array.size:
        assert ours.coords == theirs.coords
    assert ours.base is t


def test_flat_compares_by_elements():
    a = np.arange(6.0).reshape(2, 3)[:, ::-1]
    t = tenon.from_numpy(a)
    for how in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        for other in (3, a.reshape(-1)):
            same(how(t.flat, other), how(a.flat, other))
        same(how(t.flat, t.flat), how(a.flat, a.flat))
    with pytest.raises(TypeError, match="unhashable"):
        hash(t.flat)


@pytest.mark.parametrize(
    "key", [0, -1, slice(None), slice(1, None, 2), [0, 1], np.arange(24) % 5 == 0], ids=str
)
def test_flat_is_written(array, key):
    if array.size < 24 and not (isinstance(key, slice) and key == slice(None)):
        array = np.asfortranarray(np.zeros((4, 6)))
    t = tenon.tensor(array).T.contiguous().T  # other strides than NumPy's
    for value in (7, [1, 2], np.arange(40.0)):
        if isinstance(key, int) and not isinstance(value, int):
            continue
        array.flat[key] = value
        t.flat[key] = value
        same(t, array)
    array.flat = 5
    t.flat = 5
    same(t, array)
    array.flat = [1, 2, 3]
    t.flat = [1, 2, 3]
    same(t, array)


# ---- orders ----


@pytest.mark.parametrize("order", ORDERS)
def test_orders(array, order):
    t = tenon.from_numpy(array)
    same(t.copy(order), array.copy(order))
    assert t.copy(order).numpy().strides == array.copy(order).strides or array.size == 0
    assert t.copy(order).data_ptr() != t.data_ptr() or array.size == 0
    same(t.ravel(order), array.ravel(order))
    same(t.flatten(order), array.flatten(order))
    same(t.flatten(order=order), array.flatten(order))
    assert not np.shares_memory(t.flatten(order).numpy(), array)
    same(t.astype("float32", order=order), array.astype("float32", order))
    assert t.astype("float32", order).flags.f_contiguous == array.astype("float32", order).flags.f_contiguous
    if order != "K":
        same(t.reshape(-1, order=order), array.reshape(-1, order=order))
        if array.size == 24:
            same(t.reshape(4, 6, order=order), array.reshape(4, 6, order=order))
            same(t.reshape((6, -1), order=order), array.reshape((6, -1), order=order))


def test_orders_have_names():
    t = tenon.zeros(2, 2)
    for call in (t.copy, t.ravel, t.flatten, lambda o: t.reshape(4, order=o), lambda o: t.astype(int, o)):
        with pytest.raises(ValueError, match="'C', 'F'"):
            call("X")
    with pytest.raises(ValueError, match=r"^reshape: "):
        t.reshape(4, order="K")
    with pytest.raises(ValueError, match=r"^reshape: copy=False"):
        t.T.reshape(4, copy=False)
    assert t.reshape(4, copy=False).data_ptr() == t.data_ptr() != t.reshape(4, copy=True).data_ptr()


def test_astype_casts_by_rules():
    t = tenon.ones(2)
    assert t.astype(tenon.float32, copy=False) is t
    assert t.astype(tenon.float32).data_ptr() != t.data_ptr()
    assert t.astype(np.int8, casting="unsafe").dtype is tenon.int8
    for casting in ("no", "equiv", "safe", "same_kind"):
        with pytest.raises(TypeError, match=r"^astype: "):
            t.astype(np.int8, casting=casting)
    with pytest.raises(ValueError, match=r"^astype: "):
        t.astype(np.int8, casting="often")


def test_gradients_pass_through_orders():
    x = tenon.arange(6.0).reshape(2, 3).requires_grad_()
    (x.copy("F").ravel("F") * tenon.arange(6.0)).sum().backward()
    assert x.grad.tolist() == [[0, 2, 4], [1, 3, 5]]


# ---- places ----


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_take_and_put(array, mode):
    if array.size < 3:
        return
    t = tenon.tensor(array)
    indices = [0, -1, 2] if mode == "raise" else [0, -1, 100]
    same(t.take(indices, mode=mode), array.take(indices, mode=mode))
    same(
        t.take(indices, axis=0, mode=mode) if mode != "raise" else t,
        array.take(indices, 0, mode=mode) if mode != "raise" else array,
    )
    for values in (7.0, [1.0, 2.0], np.arange(5.0), []):
        array.put(indices, values, mode)
        assert t.put(indices, values, mode) is None
        same(t, array)
    with pytest.raises(IndexError):
        t.put([100], 1)
    with pytest.raises(ValueError, match="mode"):
        t.put([0], 1, "loop")
    with pytest.raises(OverflowError):
        tenon.zeros(2, dtype=tenon.uint8).put([0], 300)


def test_compress_and_choose():
    a = np.arange(6).reshape(2, 3)
    t = tenon.tensor(a)
    same(t.compress([True, False, True], 1), a.compress([True, False, True], 1))
    same(t.compress([0, 1], axis=0), a.compress([0, 1], axis=0))
    same(t.compress([0, 1, 1]), a.compress([0, 1, 1]))
    choices = [np.arange(3), np.full(3, 10), [20, 21, 22]]
    picks = np.array([2, 0, 1])
    same(tenon.tensor(picks).choose(choices), picks.choose(choices))
    for mode in ("wrap", "clip"):
        same(tenon.tensor(picks - 4).choose(choices, mode=mode), (picks - 4).choose(choices, mode=mode))
    with pytest.raises(ValueError, match=r"^choose: "):
        tenon.tensor([3]).choose(choices)
    for ours, theirs in zip(
        tenon.unravel_index(tenon.tensor([5, 0]), (2, 3)), np.unravel_index([5, 0], (2, 3)), strict=True
    ):
        same(ours, theirs)


def test_fill():
    t = tenon.zeros(2, dtype=tenon.uint8)
    assert t.fill(3) is None and t.tolist() == [3, 3]
    t.fill(tenon.tensor([4]))
    assert t.tolist() == [4, 4]
    with pytest.raises(OverflowError):
        t.fill(300)
    with pytest.raises(ValueError, match=r"^fill: "):
        t.fill([1, 2])


def test_argsort_takes_numpys_kind():
    assert tenon.tensor([2, 1]).argsort(kind="stable").tolist() == [1, 0]


# ---- parts ----


def test_parts_are_written():
    a = np.array([1 + 2j, 3 + 4j])
    t = tenon.tensor(a)
    a.real, t.real = 5, 5
    a.imag, t.imag = [6, 7], [6, 7]
    same(t, a)
    u = tenon.zeros(2)
    u.real = [1, 2]
    assert u.tolist() == [1, 2] and u.real.tolist() == [1, 2]
    assert u.imag.tolist() == [0, 0] and u.imag.readonly
    with pytest.raises(TypeError):
        u.imag = 1
    with pytest.raises(TypeError):
        t.real = 1j
    with pytest.raises(TypeError):
        del t.real
    x = tenon.zeros(2, dtype=tenon.complex128, requires_grad=True)
    y = x * 1
    y.real = tenon.tensor([1.0, 1.0], dtype=tenon.float64)
    (y.real + y.imag).sum().backward()
    assert x.grad.tolist() == [1j, 1j]


# ---- Python's math ----


def test_rounding_by_pythons_math():
    t = tenon.tensor([2.5])
    assert (round(t), math.floor(t), math.ceil(t), math.trunc(-t)) == (2, 2, 3, -2)
    assert all(type(v) is int for v in (round(t), math.floor(t), math.trunc(t)))
    assert round(tenon.tensor([1.125, 2.345]), 1).tolist() == pytest.approx([1.1, 2.3])
    assert math.trunc(tenon.tensor([1.5, -1.5])).tolist() == [1, -1]
    assert math.floor(tenon.tensor(2**60 + 1)) == 2**60 + 1
    assert round(tenon.tensor([1, 15]), -1).tolist() == [0, 20]
    assert round(tenon.tensor(True)) == 1
    with pytest.raises(OverflowError):
        math.floor(tenon.tensor(float("inf")))
    with pytest.raises(TypeError):
        round(t, "x")


# ---- sizes and files ----


def test_sizes_are_seen():
    small, large = tenon.zeros(1), tenon.zeros(1000, 1000)
    assert sys.getsizeof(large) - sys.getsizeof(small) == pytest.approx(4e6, abs=100)
    assert sys.getsizeof(large[1:]) < 1000
    assert sys.getsizeof(tenon.from_numpy(np.zeros(1000))) < 1000


def test_files(tmp_path, array):
    t = tenon.from_numpy(array)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    t.tofile(ours)
    array.tofile(theirs)
    assert ours.read_bytes() == theirs.read_bytes()
    t.tofile(ours, ",", "%.2f")
    array.tofile(theirs, ",", "%.2f")
    assert ours.read_bytes() == theirs.read_bytes()
    text = io.StringIO()
    t.tofile(text, " ")
    assert len(text.getvalue().split()) == array.size
    t.dump(ours)
    same(pickle.loads(ours.read_bytes()), array)
    same(pickle.loads(t.dumps()), array)
    buffer = io.BytesIO()
    t.dump(buffer)
    same(pickle.loads(buffer.getvalue()), array)


def test_swapped_bytes_are_refused_with_the_way_out():
    for name in ("byteswap", "newbyteorder"):
        with pytest.raises(TypeError, match=rf"^{name}: .*t\.numpy\(\)"):
            getattr(tenon.zeros(2), name)()


def test_copies_are_writeable():
    a = np.zeros(3)
    a.flags.writeable = False
    t = tenon.from_numpy(a)
    assert t.copy().flags.writeable and copy.deepcopy(t).flags.writeable


def test_on_a_device():
    run_python(
        """
        import tenon
        t = tenon.arange(6.0).reshape(2, 3).to("cuda")
        assert t.copy("F").cpu().tolist() == t.cpu().tolist() and t.copy("F").stride() == (1, 2)
        assert t.take(tenon.tensor([7, -1]).cuda(), mode="wrap").cpu().tolist() == [1, 5]
        t.put(tenon.tensor([0, -1]).cuda(), tenon.tensor([7.0, 8.0]).cuda())
        t.flat[1] = 9
        assert t.cpu().tolist() == [[7, 9, 2], [3, 4, 8]]
        assert t.flags.c_contiguous and t.flat[1].item() == 9
        assert tenon.einsum("ij,ij->i", t, t).cpu().tolist() == [134, 89]
        assert tenon.ldexp(tenon.frexp(t)[0], tenon.frexp(t)[1]).cpu().tolist() == t.cpu().tolist()
        assert t.half().nextafter(1.0).dtype is tenon.float16
        assert tenon.diag(t[0]).diag().cpu().tolist() == [7, 9, 2]
        assert t.clip(None, 5).cpu().amax().item() == 5
        """,
        **sim_environment(),
    )
