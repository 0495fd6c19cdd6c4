"""The border itself: whatever array goes in, the same memory comes out, and nothing leaks or dangles."""

import gc
import itertools
import sys
import threading
import weakref

import numpy as np
import pytest
import tenon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import COMPLEX, DTYPES, FLOATS, INTEGERS, address, collect, sample

pytestmark = pytest.mark.border

fast = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# ---- arrays of every layout ----


@st.composite
def slices(draw: st.DrawFn, size: int) -> slice:
    step = draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
    bound = st.one_of(st.none(), st.integers(-size, size))
    return slice(draw(bound), draw(bound), step)


@st.composite
def basic_indices(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[object, ...]:
    """An index of slices, ints and None: the kinds that make views."""
    key: list[object] = []
    for size in shape:
        if draw(st.integers(0, 9)) == 0:
            key.append(None)
        if size and draw(st.integers(0, 5)) == 0:
            key.append(draw(st.integers(-size, size - 1)))
        else:
            key.append(draw(slices(size)))
    if draw(st.booleans()):
        return tuple(key[: draw(st.integers(0, len(key)))])
    return tuple(key)


@st.composite
def base_arrays(draw: st.DrawFn) -> np.ndarray:
    shape = tuple(draw(st.lists(st.integers(0, 5), min_size=0, max_size=4)))
    dtype = draw(st.sampled_from(DTYPES))
    array = sample(dtype, shape, seed=draw(st.integers(0, 5)))
    return np.asfortranarray(array) if draw(st.booleans()) else np.ascontiguousarray(array)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Views of a base array: sliced, reversed, transposed, broadcast, windowed, read-only or not."""
    array = draw(base_arrays()).reshape(-1) if draw(st.integers(0, 4)) == 0 else draw(base_arrays())
    for _ in range(draw(st.integers(0, 3))):
        step = draw(st.sampled_from(["slice", "transpose", "broadcast", "windows"]))
        if step == "slice":
            array = array[(*draw(basic_indices(array.shape)), ...)]
        elif step == "transpose":
            array = array.transpose(draw(st.permutations(range(array.ndim))))
        elif step == "broadcast" and array.ndim < 4:
            array = np.broadcast_to(array, (draw(st.integers(0, 3)), *array.shape))
        elif step == "windows" and 0 < array.ndim < 4 and array.shape[-1] >= 2:
            # Overlapping elements: writeable in NumPy, and so here.
            array = np.lib.stride_tricks.as_strided(
                array, (*array.shape[:-1], array.shape[-1] - 1, 2), (*array.strides, array.strides[-1])
            )
    if draw(st.integers(0, 3)) == 0:
        array = array[...]
        array.flags.writeable = False
    return array


def different(value: np.generic) -> object:
    """Another value of the same dtype."""
    return not value if value.dtype.kind == "b" else value.dtype.type(1 if value != 1 else 2)


def same_view(a: np.ndarray, b: np.ndarray) -> None:
    """Both arrays are the same window on the same bytes."""
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.flags.writeable == b.flags.writeable
    if a.size:
        assert address(a) == address(b)
        # The stride of a dimension of one element leads nowhere; NumPy itself does not keep it.
        assert [s for s, n in zip(a.strides, a.shape, strict=True) if n > 1] == [
            s for s, n in zip(b.strides, b.shape, strict=True) if n > 1
        ]
    assert a.tobytes() == b.tobytes()


@fast
@given(arrays())
def test_a_round_trip_is_the_same_window_on_the_same_bytes(array: np.ndarray) -> None:
    t = tenon.from_numpy(array)
    assert t.shape == array.shape
    assert t.dtype == array.dtype
    assert t.readonly is not array.flags.writeable
    assert t.nbytes == array.nbytes
    if array.size:
        assert t.data_ptr() == address(array)
    same_view(t.numpy(), array)
    same_view(np.asarray(t), array)


@fast
@given(arrays(), st.data())
def test_writes_show_on_both_sides(array: np.ndarray, data: st.DataObject) -> None:
    t = tenon.from_numpy(array)
    back = t.numpy()
    if not array.size or not array.flags.writeable:
        return
    index = tuple(data.draw(st.integers(0, n - 1)) for n in array.shape)
    array[index] = different(array[index])
    assert t[index].item() == array[index] == back[index]
    t[index] = different(array[index])
    assert t[index].item() == array[index] == back[index]
    back[index] = different(back[index])
    assert t[index].item() == array[index] == back[index]


@fast
@given(arrays(), st.data())
def test_views_of_the_tensor_are_numpys_views(array: np.ndarray, data: st.DataObject) -> None:
    t = tenon.from_numpy(array)
    key = data.draw(basic_indices(array.shape))
    same_view(t[key].numpy(), array[(*key, ...)])
    order = data.draw(st.permutations(range(array.ndim)))
    same_view(t.permute(order).numpy(), array.transpose(order))
    same_view(t.T.numpy(), array.T)


@fast
@given(arrays(), arrays())
def test_operations_read_any_layout(a: np.ndarray, b: np.ndarray) -> None:
    """Elementwise operations and sums of what NumPy lends equal NumPy's own, whatever the strides."""
    t = tenon.from_numpy(a)
    np.testing.assert_array_equal((t == t).numpy(), a == a)
    np.testing.assert_array_equal((t + t).numpy(), a + a)
    np.testing.assert_array_equal(t.clone().numpy(), a)
    assert t.clone().readonly is False
    try:
        expected = a == b
    except ValueError:  # they do not broadcast; nor do the tensors
        with pytest.raises(ValueError, match="broadcast"):
            _ = t == tenon.from_numpy(b)
        return
    if isinstance(expected, np.ndarray | np.bool_) and np.shape(expected) == np.broadcast_shapes(
        a.shape, b.shape
    ):
        np.testing.assert_array_equal((t == tenon.from_numpy(b)).numpy(), expected)


# ---- lifetimes ----


@fast
@given(arrays(), st.randoms(use_true_random=False))
def test_any_order_of_deletion_leaves_the_rest_readable(array: np.ndarray, random) -> None:
    array = array.copy(order="K")  # its own memory: a freed owner would be seen
    expected = array.tobytes()
    owner = weakref.ref(array)
    t = tenon.from_numpy(array)
    holders = {
        "array": array,
        "tensor": t,
        "view": t[...],
        "exported": t.numpy(),
        "twice": tenon.from_numpy(t.numpy()),
        "asarray": np.asarray(t),
    }
    del array, t
    order = list(holders)
    random.shuffle(order)
    for name in order:
        del holders[name]
        for other in holders.values():
            content = other if isinstance(other, np.ndarray) else other.numpy()
            assert content.tobytes() == expected
            del content
        other = None
    if owner() is not None:  # a full collection per example would be most of the time
        collect()
    assert owner() is None


def test_the_array_lives_as_long_as_a_view_of_the_tensor() -> None:
    array = np.arange(10.0)
    owner = weakref.ref(array)
    view = tenon.from_numpy(array)[2:4]
    del array
    gc.collect()
    assert owner() is not None
    assert view.tolist() == [2.0, 3.0]
    del view
    collect()
    assert owner() is None


def test_refcounts_return_to_what_they_were() -> None:
    array = np.arange(6.0)
    before = sys.getrefcount(array)
    t = tenon.from_numpy(array)
    assert sys.getrefcount(array) == before + 1
    views = [t[1:], t.T, t.detach(), t.numpy(), np.asarray(t)]
    assert sys.getrefcount(array) == before + 1  # one storage, one reference
    del views, t
    collect()
    assert sys.getrefcount(array) == before


def test_exports_are_counted_and_return_to_zero() -> None:
    t = tenon.from_numpy(np.arange(6.0)).clone()
    assert t._exports == 0
    exported = [t.numpy(), t[2:].numpy(), memoryview(t)]
    assert t._exports == 3
    again = exported[0][::2]  # a view of a view: NumPy holds the same export
    assert t._exports == 3
    del exported
    assert t._exports == 1
    assert again.tolist() == [0.0, 2.0, 4.0]
    del again
    assert t._exports == 0


def test_weak_references_to_tensors() -> None:
    t = tenon.from_numpy(np.arange(3.0))
    died = []
    ref = weakref.ref(t, lambda _: died.append(True))
    assert ref() is t
    del t
    assert ref() is None
    assert died == [True]


def test_a_tensor_object_is_the_same_as_long_as_it_lives() -> None:
    """Recycled tensor objects carry nothing over."""
    for value in range(300):
        t = tenon.from_numpy(np.full(2, value))
        assert t.tolist() == [value, value]
        assert t.requires_grad is False
        assert t.grad is None


@pytest.mark.parametrize(
    "crossing", ["from_numpy", "numpy", "asarray", "memoryview", "view", "dlpack", "operation"]
)
def test_crossings_do_not_leak(crossing: str) -> None:
    array = np.arange(1000.0)
    t = tenon.from_numpy(array)
    actions = {
        "from_numpy": lambda: tenon.from_numpy(array),
        "numpy": lambda: t.numpy(),
        "asarray": lambda: np.asarray(t),
        "memoryview": lambda: memoryview(t),
        "view": lambda: t[::2],
        "dlpack": lambda: np.from_dlpack(t),
        "operation": lambda: t + 1,
    }
    action = actions[crossing]
    for _ in range(100):
        action()
    collect()
    blocks, references = sys.getallocatedblocks(), sys.getrefcount(array)
    in_use = tenon.memory.stats()["in_use"]
    for _ in range(5000):
        action()
    collect()
    assert sys.getrefcount(array) == references
    assert tenon.memory.stats()["in_use"] == in_use
    assert t._exports == 0
    assert abs(sys.getallocatedblocks() - blocks) < 500  # a leak would be 5000 at least


def test_a_deleter_may_run_on_a_thread_without_the_gil() -> None:
    """backward() frees its graph without the GIL; the array behind a saved tensor is then released."""
    for _ in range(20):
        array = np.linspace(0, 1, 100_000)
        owner = weakref.ref(array)
        w = tenon.from_numpy(np.ones(100_000)).requires_grad_()
        loss = (w * tenon.from_numpy(array)).sum()
        del array
        loss.backward()
        del loss
        collect()
        assert owner() is None
        assert w.grad[50_000].item() == np.linspace(0, 1, 100_000)[50_000]


# ---- resizing ----


def test_no_side_resizes_while_the_other_looks() -> None:
    array = np.zeros(4)
    t = tenon.from_numpy(array)
    with pytest.raises(ValueError, match="resize"):
        array.resize((5, 5))
    with pytest.raises((BufferError, RuntimeError), match="resize"):
        t.resize_((10, 10))  # NumPy's memory is not tenon's to resize
    assert t.shape == (4,)

    own = t.clone()
    exported = own.numpy()
    with pytest.raises(BufferError):
        own.resize_((10, 10))
    assert own.shape == (4,)
    assert own.tolist() == [0.0] * 4
    with pytest.raises(ValueError, match="resize"):
        exported.resize((10, 10))
    del exported
    own.resize_((2, 3))  # not for good: the export is gone
    assert own.shape == (2, 3)


@pytest.mark.parametrize("export", [lambda t: t.numpy(), memoryview, np.from_dlpack, np.asarray])
def test_every_export_forbids_resizing(export) -> None:
    t = tenon.from_numpy(np.zeros(4)).clone()
    exported = export(t)
    with pytest.raises(BufferError):
        t.resize_((100,))
    del exported
    t.resize_((100,))


# ---- read-only ----


def test_read_only_travels() -> None:
    array = np.arange(6.0)
    array.flags.writeable = False
    t = tenon.from_numpy(array)
    for view in (t, t[1:], t.T, t.detach(), t.reshape((2, 3)), t[None]):
        assert view.readonly
        assert not view.numpy().flags.writeable
        assert memoryview(view).readonly
        with pytest.raises(ValueError, match=r"read-only"):
            view.numpy()[...] = 0
    writes = [
        lambda: t.__setitem__(0, 1.0),
        lambda: t.add_(1),
        lambda: t.fill_(1),
        lambda: t.__iadd__(1),
        lambda: t.copy_(t),
        lambda: tenon.add(t, 1, out=t),
    ]
    for write in writes:
        with pytest.raises((RuntimeError, ValueError), match=r"(?s)read-only.*clone"):
            write()
    assert t.tolist() == [0, 1, 2, 3, 4, 5]
    copy = t.clone()
    assert not copy.readonly
    copy += 1
    assert t[0].item() == 0


def test_read_only_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    array = np.zeros(5)
    array.flags.writeable = False
    tenon.from_numpy(array)
    tenon.tensor([np.array([0]), np.array([1])])  # nor do lists of arrays
    assert not recwarn.list


def test_bytes_and_memory_maps_are_read_only(tmp_path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6.0))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    t = tenon.from_numpy(mapped)
    assert t.readonly
    assert t.data_ptr() == address(mapped)
    assert tenon.from_numpy(np.frombuffer(b"\x01\x02", np.uint8)).readonly


# ---- what is refused, and that refusing costs nothing ----

structured = np.zeros(3, [("a", "u1"), ("b", "f8")])
REFUSED = {
    "text": (np.array(["a", "b"]), TypeError, "text"),
    "bytes": (np.array(b"a"), TypeError, "dtype"),
    "object": (np.array([1, "x", None], dtype=object), TypeError, "'x'"),
    "datetime64": (np.array(["2020-01-01"], dtype="M8[D]"), TypeError, "int64"),
    "structured": (structured, TypeError, r"array\['name'\]"),
    "longdouble": (np.zeros(2, np.longdouble), TypeError, "float64"),
    "swapped": (np.arange(3, dtype=">f4"), ValueError, "swap"),
    "misaligned": (np.frombuffer(bytearray(33), np.float64, 4, 1), ValueError, "align"),
    "packed field": (structured["b"], ValueError, "copy"),
    "masked": (np.ma.masked_array([1.0, 2.0], [True, False]), TypeError, "mask"),
    "list": ([1.0, 2.0], TypeError, "ndarray"),
    "NumPy scalar": (np.float64(1), TypeError, "ndarray"),
    "None": (None, TypeError, "ndarray"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_name_the_way_out_and_keep_refcounts(case: str) -> None:
    array, error, match = REFUSED[case]
    before = sys.getrefcount(array)
    for _ in range(1000):
        with pytest.raises(error, match=match) as caught:
            tenon.from_numpy(array)
    del caught
    collect()
    assert abs(sys.getrefcount(array) - before) <= 1
    assert sys.getrefcount(error) < 100_000  # nor do the errors pile up


def test_strides_that_are_no_multiple_of_the_item_size() -> None:
    raw = np.zeros(100, np.uint8)
    odd = np.ndarray((3,), np.float64, raw, 0, (12,))
    with pytest.raises(ValueError, match=r"asarray|copy"):
        tenon.from_numpy(odd)
    assert tenon.asarray(odd).tolist() == [0.0, 0.0, 0.0]  # asarray copies where it must


def test_size_one_dimensions_may_have_any_stride() -> None:
    """numpy#23349: PyTorch refuses them."""
    a = np.lib.stride_tricks.as_strided(np.arange(3.0), (1, 3), (-8, 8))
    assert tenon.from_numpy(a).tolist() == [[0.0, 1.0, 2.0]]


def test_tensors_that_require_grad_are_not_exported_silently() -> None:
    t = tenon.from_numpy(np.ones(3)).requires_grad_()
    for export in (
        lambda: t.numpy(),
        lambda: np.asarray(t),
        lambda: memoryview(t),
        lambda: np.from_dlpack(t),
    ):
        with pytest.raises((RuntimeError, BufferError, TypeError), match="detach"):
            export()
    assert t._exports == 0
    assert t.detach().numpy().tolist() == [1.0, 1.0, 1.0]
    forced = t.numpy(force=True)
    assert address(forced) == t.data_ptr()
    with tenon.no_grad():
        assert t.numpy().tolist() == [1.0, 1.0, 1.0]


# ---- PyTorch's own border tests, behaviour by behaviour ----

NUMERIC = [d for d in DTYPES if d != "bool"]


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_to_numpy_of_slices_and_transposes(dtype: str) -> None:
    vector, matrix = sample(dtype, (20,)), sample(dtype, (10, 6))
    t, m = tenon.from_numpy(vector), tenon.from_numpy(matrix)
    np.testing.assert_array_equal(t[9:19].numpy(), vector[9:19])
    assert t[:0].numpy().size == 0
    assert m.numpy().flags.c_contiguous
    assert m[2:4].numpy().flags.c_contiguous
    assert not m.T.numpy().flags.c_contiguous
    np.testing.assert_array_equal(m[1:5, 1:3].T.numpy(), matrix[1:5, 1:3].T)
    for view, window in ((m, matrix), (m.T, matrix.T)):
        out = view.numpy()
        assert out.flags.writeable
        out[0][1] = 3
        assert view[0][1].item() == 3 == window[0][1]


@pytest.mark.parametrize("shape", [(2,), (1,), (), (0,)])
def test_bool_arrays(shape: tuple[int, ...]) -> None:
    out = tenon.from_numpy(np.ones(shape, bool)).numpy()
    assert out.dtype == np.bool_
    assert out.shape == shape


@pytest.mark.parametrize("dtype", [*NUMERIC, "longlong", "ulonglong", "intp", "bool"])
def test_from_numpy_of_every_dtype(dtype: str) -> None:
    array = np.array([1, 2, 3, 4]).astype(dtype)
    t = tenon.from_numpy(array)
    assert t.tolist() == array.tolist()
    assert t.numpy().dtype == array.dtype
    if array.dtype.kind in "iuf":
        assert (t % 2).tolist() == (array % 2).tolist()


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0,), (3, 0, 2)])
def test_empty_shapes_survive(shape: tuple[int, ...]) -> None:
    t = tenon.from_numpy(np.zeros(shape))
    assert t.shape == shape
    assert t.numpy().shape == shape


def test_a_list_of_arrays_that_do_not_fit() -> None:
    a = np.zeros
    for bad in ([a((3, 3)), a((3, 0))], [[a((3, 3)), a((3, 2))]], [[1, 2, 3], a(2)], [[a(3), 1.0]]):
        with pytest.raises((ValueError, TypeError)):
            tenon.tensor(bad)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_scalars_make_tensors(dtype: str) -> None:
    scalar = np.dtype(dtype).type(42)
    t = tenon.tensor(scalar)
    assert t.item() == scalar
    assert t.dtype == scalar.dtype


def test_numpy_integers_index() -> None:
    array = np.arange(25.0).reshape(5, 5)
    t = tenon.from_numpy(array)
    for i in np.arange(3, dtype=np.int32):
        assert t[i].tolist() == array[i].tolist()
        assert t[i, -i].item() == array[i, -i]


@pytest.mark.parametrize("n", [2, 8, 16, 32])
def test_numpy_masks_index(n: int) -> None:
    array = np.arange(float(n**3)).reshape(n, n, n)
    mask = np.random.default_rng(n).permutation(n**3).reshape(array.shape) < n**3 // 2
    selected = tenon.from_numpy(array)[mask]
    assert selected.shape == (n**3 // 2,)
    np.testing.assert_array_equal(selected.numpy(), array[mask])


@pytest.mark.parametrize("dtype", [d for d in INTEGERS + FLOATS if d != "float16"])
def test_numpy_functions_on_tensors(dtype: str) -> None:
    array = sample(dtype, (3, 3))
    t = tenon.from_numpy(array)
    assert np.asarray(t).dtype == array.dtype
    absolute = np.abs(t)
    assert isinstance(absolute, tenon.Tensor)
    np.testing.assert_array_equal(absolute.numpy(), np.abs(array))
    greater = np.greater_equal(t, 2)
    assert isinstance(greater, tenon.Tensor)
    assert greater.dtype == tenon.bool  # PyTorch gives uint8
    if array.dtype.kind == "f":
        for f in (np.sin, np.ceil):
            assert f(t).dtype == array.dtype
            np.testing.assert_allclose(f(t).numpy(), f(array), rtol=1e-6)
    wide = sample("int32", (3, 3))
    np.testing.assert_array_equal(np.asarray(tenon.from_numpy(wide), dtype=dtype), wide.astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "int16", "uint8"])
@pytest.mark.parametrize("tensor_dtype", ["float32", "float64"])
def test_numpy_scalars_keep_the_tensors_dtype_and_gradient(dtype: str, tensor_dtype: str) -> None:
    t = tenon.from_numpy(np.ones(2, tensor_dtype)).requires_grad_()
    scalar = np.dtype(dtype).type(2)
    for product in (t * scalar, scalar * t):
        assert isinstance(product, tenon.Tensor)
        assert product.dtype == np.dtype(tensor_dtype)
        assert product.requires_grad
        assert product.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("dtype", ["int16", "int8", "uint8", "int32", "int64"])
def test_numpy_integers_are_integers(dtype: str) -> None:
    three, one = np.dtype(dtype).type(3), np.dtype(dtype).type(1)
    t = tenon.from_numpy(np.arange(6, dtype=np.int64).reshape(2, 3))
    assert t.sum(dim=one).tolist() == [3, 12]
    assert (t + three).dtype == (three + t).dtype == tenon.int64
    t[0, 0] = three
    assert t[0, 0].item() == 3
    assert t.reshape((three, 2)).shape == (3, 2)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(DTYPES, ["python", "numpy", "tensor"])))
def test_scalars_compare_equal_in_both_orders(a: str, b: str) -> None:
    value = np.dtype(a).type(1) if a not in COMPLEX else np.dtype(a).type(1 + 1j)
    t = tenon.from_numpy(np.array(value))
    other = {"python": value.item(), "numpy": value, "tensor": tenon.from_numpy(np.array([value]))}[b]
    assert bool(t == other)
    assert bool(other == t)  # for complex64, too: pytorch#43579


def test_equality_with_an_array_shares_and_reflects() -> None:
    a = tenon.from_numpy(np.random.default_rng(0).normal(size=(5, 7)))
    b = a.clone()
    shown = b.numpy()
    for key in ((2, 3), np.random.default_rng(1).random((5, 7)) < 0.5, ...):
        shown[...] = a.numpy()
        assert bool((a == shown).all())
        assert bool((shown == a).all())
        changed = np.zeros((5, 7), bool)
        changed[key] = True
        shown[key] += 1
        np.testing.assert_array_equal(np.asarray(a == shown), ~changed)
        np.testing.assert_array_equal(np.asarray(shown == a), ~changed)


@pytest.mark.parametrize("op", ["__truediv__", "__mul__", "__floordiv__"])
def test_empty_tensors_with_zero_dimensional_ones(op: str) -> None:
    zero, empty = (tenon.from_numpy(np.ones(s, np.float16)) for s in ((), (0,)))
    assert getattr(zero, op)(empty).shape == (0,)
    assert getattr(empty, op)(zero).shape == (0,)


def test_bfloat16_crosses_through_ml_dtypes() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        array = np.array([1.0, -2.0, 0.5]).astype(getattr(ml_dtypes, name))
        t = tenon.from_numpy(array)
        assert str(t.dtype).endswith(name)
        same_view(t.numpy(), array)
        assert t.tolist() == [1.0, -2.0, 0.5]


def test_swapped_bytes_are_swapped_while_copying() -> None:
    array = np.arange(6, dtype=">i4").reshape(2, 3)
    for make in (tenon.asarray, tenon.tensor):
        t = make(array)
        assert t.tolist() == array.tolist()
        assert t.dtype == tenon.int32
    with pytest.raises(ValueError, match="swap"):
        tenon.asarray(array, copy=False)


def test_many_threads_may_cross_with_one_array() -> None:
    array = np.arange(100.0)
    before = sys.getrefcount(array)

    def cross() -> None:
        for _ in range(500):
            assert tenon.from_numpy(array)[10:20].numpy()[0] == 10.0

    threads = [threading.Thread(target=cross) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    collect()
    assert sys.getrefcount(array) == before
