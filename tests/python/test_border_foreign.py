"""Foreign objects as tensors: buffers, array interfaces, files, images."""

import array
import collections
import ctypes
import importlib
import mmap

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border


def shares(t, address):
    return t.data_ptr() == address


# ---- the buffer protocol ----


def test_buffers():
    b = bytearray(b"\x01\x02\x03")
    t = tenon.asarray(b)
    assert t.dtype == tenon.uint8 and t.tolist() == [1, 2, 3] and not t.readonly
    t[0] = 9
    assert b[0] == 9
    with pytest.raises(BufferError):
        b.extend(b"1")  # the tensor holds the buffer
    del t
    b.extend(b"1")
    r = tenon.asarray(b"\x01\x02")
    assert r.readonly and r.tolist() == [1, 2]


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_array_array(code):
    a = array.array(code, [1, 2, 3])
    t = tenon.asarray(a)
    assert shares(t, a.buffer_info()[0]) and t.tolist() == [1, 2, 3] and t.itemsize == a.itemsize


def test_strided_memoryview_and_ctypes():
    m = memoryview(np.arange(12.0).reshape(3, 4)[::-1, ::2])
    assert tenon.asarray(m).tolist() == m.tolist()
    c = (ctypes.c_int32 * 3)(1, 2, 3)
    t = tenon.asarray(c)
    assert t.dtype == tenon.int32 and shares(t, ctypes.addressof(c))


def test_mmap(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(np.arange(4, dtype="i4").tobytes())
    with open(path, "rb") as f:
        m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
    t = tenon.frombuffer(m, dtype=tenon.int32)
    assert t.readonly and t.tolist() == [0, 1, 2, 3]
    with pytest.raises(BufferError):
        m.close()
    del t
    m.close()


class _Struct(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_double)]


class _Union(ctypes.Union):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_float)]


def test_buffers_that_have_no_dtype():
    for kind in (_Struct, _Union):
        with pytest.raises(TypeError, match="format"):
            tenon.asarray((kind * 2)())


@pytest.mark.parametrize("code", [">i2", ">u4", ">f8", ">f2", ">c16"])
def test_swapped_bytes_are_converted(code):
    a = np.arange(6).astype(code).reshape(2, 3)[:, ::-1]

    class Only:
        __array_interface__ = a.__array_interface__
        held = a

    class Bytes:
        __array_interface__ = {"typestr": code, "shape": (6,), "data": a.base.tobytes()}  # noqa: RUF012

    lenders = [Only()] if code == ">f2" else [Only(), memoryview(a)]
    for obj in lenders:
        t = tenon.asarray(obj)
        assert t.tolist() == a.tolist() and t.dtype == a.dtype.newbyteorder("=") and not t.readonly
        assert not tenon.explain(obj).shared
        with pytest.raises(ValueError, match="swapped"):
            tenon.asarray(obj, copy=False)
        with tenon.no_copies(), pytest.raises(BufferError, match="swapped"):
            tenon.asarray(obj)
    assert tenon.asarray(Bytes()).tolist() == a.base.reshape(-1).tolist()


def test_swapped_bytes_of_ctypes_and_pillow():
    c = (ctypes.c_int32.__ctype_be__ * 3)(1, 2, 3)
    assert tenon.asarray(c).tolist() == [1, 2, 3]
    image = pytest.importorskip("PIL.Image").new("I;16B", (3, 2), 258)
    t = tenon.asarray(image)
    assert t.dtype == tenon.uint16 and t.tolist() == [[258] * 3] * 2


# ---- array interfaces ----


class _Interface:
    def __init__(self, **entries):
        self.__array_interface__ = {"version": 3, **entries}


def test_array_interfaces_reach_no_further_than_their_buffer():
    buffer = bytearray(np.arange(3.0).tobytes())
    well = {"data": buffer, "typestr": "<f8", "shape": (3,)}
    assert tenon.asarray(_Interface(**well)).tolist() == [0, 1, 2]
    assert tenon.asarray(_Interface(**well, strides=(-8,), offset=16)).tolist() == [2, 1, 0]
    assert tenon.asarray(_Interface(**well | {"data": bytes(24)})).readonly
    for wrong in (
        {"strides": (16,)}, {"shape": (4,)}, {"offset": 8}, {"offset": -8}, {"strides": (-8,), "offset": 8},
        {"offset": 1 << 40}, {"data": bytearray(23)},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="beyond the buffer"):
            tenon.asarray(_Interface(**well | wrong))


@pytest.mark.parametrize("wrong,pattern", [
    ({"typestr": "|O"}, "float64"), ({"typestr": "zz"}, "float64"), ({"typestr": ""}, "float64"),
    ({"typestr": "<f16"}, "float64"), ({"typestr": None}, "typestr"), ({"shape": None}, "shape"),
    ({"shape": 3}, "shape"), ({"data": None}, "data"), ({"data": (1,)}, "read-only"), ({"data": 7}, "data"),
    ({"data": ("x", False)}, "read-only"),
])  # fmt: skip
def test_malformed_array_interfaces(wrong, pattern):
    well = {"data": bytearray(24), "typestr": "<f8", "shape": (3,)}
    with pytest.raises(TypeError, match=pattern):
        tenon.asarray(_Interface(**well | wrong))
    missing = {k: v for k, v in well.items() if k not in wrong}
    with pytest.raises(TypeError, match=next(iter(wrong))):
        tenon.asarray(_Interface(**missing))


def test_array_interface_only():
    a = np.arange(6.0).reshape(2, 3)[:, ::-1]

    class Only:
        __array_interface__ = a.__array_interface__
        held = a

    t = tenon.asarray(Only())
    assert shares(t, a.ctypes.data) and t.tolist() == a.tolist()

    class Nowhere:
        __array_interface__ = {"typestr": ">f8", "shape": (1,), "data": (0, False), "version": 3}  # noqa: RUF012

    with pytest.raises(ValueError, match="null"):
        tenon.asarray(Nowhere())


def test_array_method_only():
    a = np.arange(3.0)

    class Only:
        def __array__(self, dtype=None, copy=None):
            return a

    assert shares(tenon.asarray(Only()), a.ctypes.data)
    assert tenon.tensor([Only(), Only()]).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_array_method_that_copies_or_masks():
    class Copies:
        def __array__(self, dtype=None, copy=None):
            if copy is False:
                raise ValueError("no")
            return np.arange(3.0)

    class Masks:
        def __array__(self, dtype=None, copy=None):
            return np.ma.array([1.0, 2.0], mask=[False, True])

    class Old:
        def __array__(self, dtype=None):
            return np.arange(3.0)

    assert tenon.asarray(Copies()).tolist() == tenon.asarray(Old()).tolist() == [0, 1, 2]
    assert not tenon.explain(Copies()).shared
    with pytest.raises(ValueError, match="__array__ makes a copy"):
        tenon.asarray(Copies(), copy=False)
    for make in (tenon.asarray, tenon.tensor):
        with pytest.raises(TypeError, match="mask"):
            make(Masks())


def test_lists_of_foreign_arrays():
    class Once:
        asked = 0

        def __array__(self, dtype=None, copy=None):
            Once.asked += 1
            return np.arange(2.0)

    assert tenon.tensor([memoryview(b"ab"), memoryview(b"cd")]).tolist() == [[97, 98], [99, 100]]
    assert tenon.tensor([bytearray(b"ab"), [1, 2]]).tolist() == [[97, 98], [1, 2]]
    assert tenon.tensor([array.array("d", [1, 2])]).tolist() == [[1, 2]]
    assert tenon.tensor([[Once(), [1, 2]]]).tolist() == [[[0, 1], [1, 2]]] and Once.asked == 1
    with pytest.raises(TypeError, match="bytes"):
        tenon.tensor([b"ab"])
    Image = pytest.importorskip("PIL.Image")
    image = Image.new("L", (3, 2), 7)
    assert tenon.tensor([image, image]).tolist() == [[[7] * 3] * 2] * 2
    pd = pytest.importorskip("pandas")
    assert tenon.tensor([pd.Series([1.0, 2.0]), memoryview(b"ab")]).tolist() == [[1, 2], [97, 98]]


def test_operators_take_what_functions_take(tmp_path):
    class Priority:
        __array_priority__ = 2000

        def __array__(self, dtype=None, copy=None):
            return np.ones(3)

        def __radd__(self, other):
            return "mine"

    lenders = [memoryview(np.ones(3)), array.array("d", [1, 1, 1])]
    for name, make in (
        ("torch", lambda m: m.ones(3)),
        ("pyarrow", lambda m: m.array([1.0, 1.0, 1.0])),
        ("PIL.Image", lambda m: m.new("F", (3, 1), 1.0)),
        ("h5py", lambda m: m.File(tmp_path / "x.h5", "w").create_dataset("x", data=np.ones(3))),
    ):
        try:
            lenders.append(make(importlib.import_module(name)))
        except ImportError:
            continue
    t = tenon.arange(3)
    for o in lenders:
        assert tenon.add(t, o).reshape(-1).tolist() == (t + o).reshape(-1).tolist() == [1, 2, 3]
        assert (o + t).reshape(-1).tolist() == [1, 2, 3] and (t == o).reshape(-1).tolist() == [
            False,
            True,
            False,
        ]
    u = tenon.zeros(3)
    u += lenders[0]
    assert u.tolist() == [1, 1, 1]
    assert t + Priority() == "mine"
    assert (t == [0, 2, 2]).tolist() == [True, False, True]  # lists compare, and do not add
    for no in ([1, 2, 3], b"abc", None, {}, "abc"):
        assert isinstance(no, list) or (t == no) is False
        with pytest.raises(TypeError):
            t + no


def test_torch_tensors_that_are_not_computed_yet():
    torch = pytest.importorskip("torch")
    z = torch.tensor([1 + 2j, 3j]).conj()
    for lazy in (z, z.imag, torch._neg_view(torch.ones(2)), z[1:]):
        assert tenon.asarray(lazy).tolist() == lazy.tolist() == tenon.tensor([lazy])[0].tolist()
        assert not tenon.explain(lazy).shared
        with pytest.raises(ValueError, match="conjugate"):
            tenon.asarray(lazy, copy=False)
        with pytest.raises(BufferError, match=r"resolve_(conj|neg)\(\)"):
            tenon.from_dlpack(lazy)
    assert tenon.from_dlpack(z.resolve_conj()).tolist() == z.tolist()
    assert tenon.explain(torch.ones(2, dtype=torch.complex64)).shared


def test_sparse_arrays_name_the_way_out():
    sparse = pytest.importorskip("scipy.sparse")
    for m in (sparse.eye_array(3).tocsr(), sparse.csr_matrix(np.eye(2)), sparse.eye_array(3).tocoo()):
        with pytest.raises(TypeError, match=r"sparse.*\.toarray\(\)"):
            tenon.asarray(m)


def test_cuda_interface_needs_the_device():
    class Only:
        __cuda_array_interface__ = {"typestr": "<f4", "shape": (1,), "data": (1 << 20, False), "version": 3}  # noqa: RUF012

    if not tenon.cuda.is_available():
        with pytest.raises(RuntimeError, match="cuda"):
            tenon.asarray(Only()) + 1


def test_sequences_and_what_is_none():
    assert tenon.asarray(collections.deque([1, 2])).tolist() == [1, 2]
    with pytest.raises(TypeError, match=r"list\(obj\.values\(\)\)"):
        tenon.asarray({"a": 1})
    with pytest.raises(TypeError, match=r"list\(obj\)"):
        tenon.asarray(x for x in [1])
    with pytest.raises(TypeError, match="object"):
        tenon.asarray(object())


def test_masked_arrays_are_refused():
    m = np.ma.array([1.0, 2.0], mask=[False, True])
    for f in (tenon.asarray, tenon.tensor, tenon.from_numpy):
        with pytest.raises(TypeError, match="mask"):
            f(m)


# ---- files and images ----


def test_h5py_reads_once(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["d"] = np.arange(12.0).reshape(3, 4)
        f["s"] = 3
        reads = []
        plain = h5py.Dataset.__getitem__
        monkeypatch.setattr(
            h5py.Dataset,
            "__getitem__",
            lambda self, key, **kw: (reads.append(key), plain(self, key, **kw))[1],
        )
        t = tenon.tensor(f["d"])
        assert t.tolist() == np.arange(12.0).reshape(3, 4).tolist() and len(reads) == 1
        assert tenon.asarray(f["s"]).item() == 3
        with pytest.raises(ValueError, match="h5py"):
            tenon.asarray(f["d"], copy=False)
        with pytest.raises(TypeError, match="file\\['name'\\]"):
            tenon.asarray(f)


def test_pillow_both_ways():
    Image = pytest.importorskip("PIL.Image")
    a = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for array_ in (a, np.ascontiguousarray(a[..., 0])):
        image = Image.fromarray(array_)
        t = tenon.asarray(image)
        assert t.dtype == tenon.uint8 and np.array_equal(t.numpy(), array_)
        assert np.array_equal(np.asarray(Image.fromarray(t)), array_)
        for copied in (tenon.tensor(image), tenon.asarray(image, copy=True), tenon.numpy.array(image)):
            assert not copied.readonly  # though Pillow's bytes are
    assert np.array_equal(np.asarray(Image.fromarray(tenon.from_numpy(a)[:, ::-1])), a[:, ::-1])


def test_opencv():
    cv2 = pytest.importorskip("cv2")
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    t = tenon.from_numpy(image)
    assert np.array_equal(cv2.GaussianBlur(t.numpy(), (3, 3), 0), cv2.GaussianBlur(image, (3, 3), 0))
    rgb = tenon.from_numpy(image[..., ::-1])  # a negative stride, shared
    assert rgb.tolist() == image[..., ::-1].tolist()


def test_matplotlib_takes_tensors():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    x = tenon.linspace(0, 1, 5).requires_grad_()
    (line,) = axes.plot(x, x * 2)
    assert np.allclose(line.get_ydata(), np.linspace(0, 2, 5))
    with tenon.numpy_policy(detach=True):
        axes.imshow((x[:, None] * x[None, :]), cmap="gray")
        axes.hist(x)
    figure.canvas.draw()
    plt.close(figure)


def test_matplotlib_bars_and_surfaces():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure()
    flat, solid = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2, projection="3d")
    assert [b.get_height() for b in flat.bar(tenon.arange(3), tenon.ones(3))] == [1, 1, 1]
    assert [b.get_width() for b in flat.barh(tenon.arange(3), tenon.ones(3))] == [1, 1, 1]
    x, y = tenon.meshgrid([tenon.arange(60.0), tenon.arange(50.0)], indexing="ij")
    for z in (x * y, (x * y).T.T[::-1]):
        solid.plot_surface(x, y, z)
        solid.plot_surface(x, y, z, rstride=1, cstride=1)
    figure.canvas.draw()
    plt.close(figure)


def test_scikit_learn_takes_tensors():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x = tenon.arange(10, dtype=tenon.float64).reshape(10, 1)
    model = linear_model.LinearRegression().fit(x, 3 * x[:, 0] + 1)
    assert np.allclose(model.coef_, 3)


def test_xarray():
    xr = pytest.importorskip("xarray")
    d = xr.DataArray(np.arange(3.0))
    assert tenon.asarray(d).tolist() == [0, 1, 2]
