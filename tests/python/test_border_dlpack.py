"""DLPack: capsules, keywords, versions, and the C exchange table."""

import ctypes
import gc

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


NUMPY_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


class Foreign:
    """An object with nothing but DLPack."""

    def __init__(self, tensor, **refuses):
        self.tensor = tensor
        self.refuses = refuses
        self.keywords = []

    def __dlpack__(self, **kwargs):
        self.keywords.append(sorted(kwargs))
        if self.refuses.get("keywords") and kwargs:
            raise TypeError("unexpected keyword")
        return self.tensor.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.tensor.__dlpack_device__()


def name_of(capsule):
    f = ctypes.pythonapi.PyCapsule_GetName
    f.restype, f.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return f(capsule).decode()


@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trips(dtype):
    a = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    for view in (a, a.T, a[0], a[:, 1], a[::-1, ::2], a[:0]):
        t = tenon.from_dlpack(view)
        assert np.array_equal(t.numpy(), view)
        back = np.from_dlpack(t)
        assert np.array_equal(back, view) and back.dtype == view.dtype
        if view.size:
            assert t.data_ptr() == view.ctypes.data == back.ctypes.data
        again = tenon.from_dlpack(Foreign(t))
        assert again.stride() == t.stride() and (again.data_ptr() == t.data_ptr() or not view.size)


def test_strides_are_not_normalised():
    t = tenon.arange(9)[::3][:1]
    assert tenon.from_dlpack(Foreign(t)).stride() == (3,)


def test_writes_show_on_both_sides():
    a = np.zeros(3)
    t = tenon.from_dlpack(a)
    t[0] = 20
    assert a[0] == 20


def test_read_only_flag_travels():
    a = np.arange(3.0)
    a.flags.writeable = False
    t = tenon.from_dlpack(a)
    assert t.readonly
    with pytest.raises(ValueError, match="read-only"):
        t += 1
    if NUMPY_2_1:  # older ones ask for the unversioned capsule
        assert not np.from_dlpack(t).flags.writeable
    assert tenon.from_dlpack(Foreign(t)).readonly
    with pytest.raises(BufferError, match="read-only"):
        t.__dlpack__()  # the unversioned capsule has no such flag


@pytest.mark.parametrize("version,name", [
    (None, "dltensor"), ((0, 8), "dltensor"), ((1, 0), "dltensor_versioned"), ((2, 0), "dltensor_versioned"),
])  # fmt: skip
def test_max_version(version, name):
    t = tenon.arange(3)
    capsule = t.__dlpack__(max_version=version)
    assert name_of(capsule) == name
    assert tenon.from_dlpack(capsule).tolist() == [0, 1, 2]
    assert name_of(capsule) == "used_" + name
    with pytest.raises(ValueError, match="once"):
        tenon.from_dlpack(capsule)


def test_exports_are_counted_and_dropped():
    t = tenon.arange(3)
    capsule = t.__dlpack__(max_version=(1, 0))
    assert t._exports == 1
    del capsule
    assert t._exports == 0
    u = tenon.from_dlpack(t.__dlpack__())
    assert t._exports == 1
    with pytest.raises(BufferError):
        t.resize_(10)
    del u
    gc.collect()
    assert t._exports == 0


def test_memory_outlives_the_producer():
    t = tenon.from_dlpack(np.full(100_000, 7.0))
    gc.collect()
    np.zeros(100_000)
    assert t.sum().item() == 700_000


def test_refusals():
    t = tenon.ones(3)
    with pytest.raises(BufferError, match="grad"):
        tenon.ones(3).requires_grad_().__dlpack__()
    with pytest.raises(BufferError, match="grad"):
        tenon.from_dlpack(tenon.ones(3).requires_grad_())
    with pytest.raises(TypeError, match="stream"):
        t.__dlpack__(stream=object())
    with pytest.raises(BufferError, match="stream"):
        t.__dlpack__(stream=0)
    t.__dlpack__(stream=-1)
    with pytest.raises(BufferError, match="Unsupported device_type: 16"):
        t.__dlpack__(max_version=(1, 0), dl_device=(16, 0))
    with pytest.raises(TypeError, match="no argument"):
        t.__dlpack__(nonsense=1)
    with pytest.raises(TypeError, match="__dlpack__"):
        tenon.from_dlpack([1, 2])


def test_copy():
    t = tenon.ones(3)
    for capsule in (t.__dlpack__(copy=True, max_version=(1, 0)), t.__dlpack__(copy=True, dl_device=(1, 0))):
        assert tenon.from_dlpack(capsule).data_ptr() != t.data_ptr()
    for copy in (None, False):
        assert tenon.from_dlpack(t, copy=copy).data_ptr() == t.data_ptr()
        assert tenon.from_dlpack(t.numpy(), copy=copy).data_ptr() == t.data_ptr()
    u = tenon.from_dlpack(t.numpy(), copy=True)
    assert u.data_ptr() != t.data_ptr() and u.tolist() == [1, 1, 1]
    assert tenon.from_dlpack(t, device="cpu").data_ptr() == t.data_ptr()


def test_old_producers_are_asked_without_keywords():
    f = Foreign(tenon.arange(3), keywords=True)
    assert tenon.from_dlpack(f).tolist() == [0, 1, 2]
    assert f.keywords == [["max_version"], []]


def test_creation_functions_use_it():
    t = tenon.arange(3)
    for f in (tenon.as_tensor, tenon.asarray):
        assert f(Foreign(t)).data_ptr() == t.data_ptr()
    assert tenon.tensor(Foreign(t)).data_ptr() != t.data_ptr()
    assert (tenon.ones(3) + tenon.asarray(Foreign(t))).tolist() == [1, 2, 3]


def test_bfloat16_and_float8():
    for dtype in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        t = tenon.ones(3).to(dtype)
        u = tenon.from_dlpack(Foreign(t))
        assert u.dtype == t.dtype and u.data_ptr() == t.data_ptr()


# ---- the C table ----


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim",
        ctypes.c_int32),
        ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]  # fmt: skip


class Table(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("prev", ctypes.c_void_p),
        ("allocate", ctypes.c_void_p),
        ("from_object", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(ctypes.c_void_p))),
        ("to_object", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))),
        ("view", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(DLTensor))),
        ("stream", ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int32, ctypes.c_int32,
        ctypes.POINTER(ctypes.c_void_p))),
    ]  # fmt: skip


def table_of(kind):
    f = ctypes.pythonapi.PyCapsule_GetPointer
    f.restype, f.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return Table.from_address(f(kind.__dlpack_c_exchange_api__, b"dlpack_exchange_api"))


def test_table_lends_and_takes_back():
    table = table_of(tenon.Tensor)
    assert (table.major, table.minor) == (1, 3)
    t = tenon.arange(6).reshape(2, 3)
    managed, out = ctypes.c_void_p(), ctypes.c_void_p()
    assert table.from_object(t, ctypes.byref(managed)) == 0 and t._exports == 1
    assert table.to_object(managed, ctypes.byref(out)) == 0
    u = ctypes.cast(out, ctypes.py_object).value
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(u))
    assert u.data_ptr() == t.data_ptr() and u.tolist() == t.tolist()
    del u
    assert t._exports == 0


def test_table_view_allocates_nothing():
    t = tenon.arange(6).reshape(2, 3).T
    view = DLTensor()
    assert table_of(tenon.Tensor).view(t, ctypes.byref(view)) == 0
    assert view.data == t.data_ptr() and view.ndim == 2 and (view.code, view.bits) == (0, 64)
    assert view.shape[:2] == [3, 2] and view.strides[:2] == [1, 3]


def test_table_errors_are_python_errors():
    with pytest.raises(BufferError, match="grad"):
        table_of(tenon.Tensor).from_object(tenon.ones(2).requires_grad_(), ctypes.byref(ctypes.c_void_p()))
    with pytest.raises(TypeError):
        table_of(tenon.Tensor).from_object([1], ctypes.byref(ctypes.c_void_p()))


def test_table_of_others_is_used():
    """A producer whose __dlpack__ must not be called, because its type has the table."""

    class Producer:
        def __init__(self, tensor):
            self.tensor = tensor

        def __dlpack__(self, **kwargs):
            raise AssertionError("the table comes first")

    own = table_of(tenon.Tensor)
    from_object = type(own.from_object)

    def lend(obj, out):
        return own.from_object(obj.tensor, out)

    table = Table(1, 3, None, None, from_object(lend), own.to_object, own.view, own.stream)
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    Producer.__dlpack_c_exchange_api__ = new(ctypes.addressof(table), b"dlpack_exchange_api", None)
    t = tenon.arange(3)
    assert tenon.from_dlpack(Producer(t)).data_ptr() == t.data_ptr()
    assert tenon.asarray(Producer(t)).data_ptr() == t.data_ptr()


def test_torch():
    torch = pytest.importorskip("torch")
    x = torch.arange(6.0).reshape(2, 3)
    t = tenon.from_dlpack(x)
    assert t.data_ptr() == x.data_ptr() and tenon.asarray(x).data_ptr() == x.data_ptr()
    assert torch.from_dlpack(t).data_ptr() == t.data_ptr()
    with pytest.raises(BufferError, match="grad"):
        tenon.from_dlpack(x.requires_grad_())


def test_what_cannot_be_lent_as_asked():
    t = tenon.ones(3)
    if not tenon.cuda.is_available():
        with pytest.raises(BufferError, match="cuda:0"):
            t.__dlpack__(dl_device=(2, 0))
    for wrong in (1, (), "1"):
        with pytest.raises(TypeError, match=r"max_version.*tuple"):
            t.__dlpack__(max_version=wrong)
