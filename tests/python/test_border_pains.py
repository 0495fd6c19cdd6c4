"""What users of other tensor libraries suffer from at the NumPy border, pain by pain, and what holds here.

The broad tests of each topic stand in the other files of the border; this is the list at a glance.
"""

import gc
import pickle
import sys

import numpy as np
import pytest
import tenon
from support import DTYPES, address

pytestmark = [pytest.mark.border, pytest.mark.filterwarnings("error")]  # no crossing warns


def frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def test_negative_strides_are_shared_and_have_gradients() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    rgb = tenon.from_numpy(image[::-1, :, ::-1])
    assert rgb.numpy().strides == image[::-1, :, ::-1].strides and np.shares_memory(rgb.numpy(), image)
    w = tenon.arange(4, dtype=tenon.float32).requires_grad_()
    (w[::-1] * tenon.arange(4)).sum().backward()
    assert w.grad.tolist() == [3, 2, 1, 0]


def test_read_only_memory_is_never_written() -> None:
    t = tenon.from_numpy(frozen(np.zeros(3)))
    for write in (
        lambda: t.add_(1),
        lambda: tenon.add(t, 1, out=t),
        lambda: np.add(t, 1, out=t),
        lambda: t[1:].zero_(),
        lambda: np.copyto(t, 1),
        lambda: t.numpy().fill(1),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()
    for lent in (t.numpy(), np.asarray(t), t.view(3, 1).numpy()):
        assert not lent.flags.writeable
    assert memoryview(t).readonly and tenon.from_dlpack(t.__dlpack__(max_version=(1, 0))).readonly


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_unsigned_integers_have_all_kernels(dtype: str) -> None:
    a = np.array([5, 1, 3], dtype)
    t = tenon.from_numpy(a)
    pairs = [(f(t), f(a)) for f in (
        lambda x: x + x, lambda x: x - 1, lambda x: x * x, lambda x: x // 2, lambda x: x % 2, lambda x: x & 1,
        lambda x: x | 8, lambda x: x ^ x, lambda x: ~x, lambda x: x << 1, lambda x: x >> 1, lambda x: x**2,
        lambda x: x > 2, lambda x: -x, lambda x: x @ x, lambda x: x[[0, 2]], lambda x: x[x > 2],
        np.sum, np.max, np.argmin, np.sort, np.cumsum, np.median, lambda x: np.where(x > 2, x, 0),
        lambda x: np.concatenate([x, x]), lambda x: np.dot(x, x), lambda x: np.mean(x),
    )]  # fmt: skip
    for ours, theirs in pairs:
        assert isinstance(ours, tenon.Tensor)
        np.testing.assert_allclose(ours.numpy(), theirs)


REFUSED = {
    "object": (lambda: np.array([1, "a"], object), r"element 1 is 'a' \(str\).*astype\(float\)"),
    "ragged": (lambda: np.array([[1], [1, 2]], object), r"element 0 is \[1\] \(list\).*np\.stack"),
    "numbers": (lambda: np.array([1, 2.5], object), r"all elements are numbers.*astype\(float\)"),
    "text": (lambda: np.array(["1"]), r"astype\(float\)"),
    "datetime64": (lambda: np.array(["2020"], "M8[D]"), r"view\('int64'\)"),
    "timedelta64": (lambda: np.array([1], "m8[s]"), r"view\('int64'\)"),
    "records": (lambda: np.zeros(2, [("a", "f4")]), "from_struct"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("door", [tenon.from_numpy, tenon.tensor, tenon.asarray])
def test_what_has_no_dtype_is_refused_with_the_way_out(door, case: str) -> None:
    make, match = REFUSED[case]
    with pytest.raises(TypeError, match=match):
        door(make())


@pytest.mark.parametrize("value,fix", [
    (np.datetime64("2020-01-01"), "astype('int64')"),
    (np.timedelta64(3, "s"), "astype('int64')"),
    (np.longdouble(1), "astype('float64')"),
])  # fmt: skip
def test_numpy_scalars_without_a_dtype_are_refused_as_arrays_are(value, fix) -> None:
    for given in (value, [value], [[1.0], [value]], np.array(value)):
        with pytest.raises(TypeError) as e:
            tenon.tensor(given)
        assert fix in str(e.value) and str(value.dtype) in str(e.value)


def test_times_are_shared_as_integers_on_request() -> None:
    days = np.array(["2020-01-01", "2020-01-03"], "M8[D]")
    t = tenon.from_numpy(days.view("int64"))
    t += 1
    assert days.astype(str).tolist() == ["2020-01-02", "2020-01-04"]


def test_records_are_views_of_their_fields() -> None:
    records = np.zeros(3, np.dtype([("x", "f4"), ("v", "f4", (2,)), ("n", "i8")], align=True))
    fields = tenon.from_struct(records)
    assert fields["v"].shape == (3, 2)
    fields["n"][0] = 7
    tenon.from_numpy(records["x"])[1] = 5
    assert records["n"][0] == 7 and records["x"][1] == 5


def test_lists_of_arrays_cost_what_stacking_costs() -> None:
    arrays = [np.full((64, 64), i, np.float32) for i in range(8)]
    t = tenon.tensor(arrays)
    assert t.dtype == tenon.float32 and np.array_equal(t.numpy(), np.stack(arrays))
    assert tenon.tensor([arrays, arrays]).shape == (2, 8, 64, 64)
    assert tenon.tensor([np.float32(1), np.float32(2)]).dtype == tenon.float32


SCALARS = [d for d in DTYPES if d not in ("int16", "int32", "uint16", "uint32")]


@pytest.mark.parametrize("dtype", SCALARS)
@pytest.mark.parametrize("scalar", SCALARS)
def test_numpy_scalars_count_the_same_in_both_orders(dtype: str, scalar: str) -> None:
    t, s = tenon.ones(2, dtype=dtype), np.dtype(scalar).type(1)
    left, right = t * s, s * t
    assert isinstance(right, tenon.Tensor) and left.dtype == right.dtype and left.tolist() == right.tolist()
    assert np.dtype(scalar).kind != np.dtype(dtype).kind or left.dtype == t.dtype  # weak within a kind
    assert bool((t == s).all()) and bool((s == t).all())


def test_numpy_functions_keep_the_gradient() -> None:
    w = tenon.rand(3, 4, requires_grad=True)
    for f in (
        np.sin, np.exp, np.mean, np.var, np.median, np.transpose, np.sort, np.linalg.norm, np.ravel,
        lambda w: np.mean(w, axis=0), lambda w: np.sum(w, axis=1, keepdims=True), lambda w: np.clip(w, 0, 1),
        lambda w: np.reshape(w, (4, 3)), lambda w: np.concatenate([w, w]), lambda w: np.where(w > 0, w, 0),
        lambda w: np.percentile(w, 50), lambda w: np.max(w, axis=0), lambda w: np.einsum("ij,kj->ik", w, w),
        lambda w: np.ones((3, 4)) * w, lambda w: np.ones(4) @ w.T, lambda w: np.cumsum(w, axis=0),
        lambda w: w.mean(axis=0, dtype=None, out=None), lambda w: np.stack([w, w]), lambda w: np.dot(w, w.T),
    ):  # fmt: skip
        y = f(w)
        assert isinstance(y, tenon.Tensor) and y.requires_grad
    with pytest.raises(TypeError, match="detach"):
        np.sort_complex(w)


def test_conversions_are_strict_unless_a_policy_says_otherwise() -> None:
    w = tenon.ones(3, requires_grad=True)
    doors = (np.asarray, np.array, tenon.Tensor.numpy, memoryview, np.from_dlpack)
    for door in doors:
        with pytest.raises((RuntimeError, BufferError), match=r"detach\(\)"):
            door(w)
    with tenon.numpy_policy(detach=True):
        for door in doors:
            assert np.asarray(door(w)).tolist() == [1, 1, 1]


def test_writes_behind_backward_are_found() -> None:
    a, w = np.ones(3), tenon.ones(3, dtype=tenon.float64, requires_grad=True)
    y = (w * tenon.from_numpy(a)).sum()
    a[0] = 99
    with pytest.raises(RuntimeError, match="mul"):
        y.backward()


def test_a_refused_resize_changes_nothing() -> None:
    t = tenon.arange(4)
    lent = t.numpy()
    with pytest.raises(BufferError):
        t.resize_(10)
    assert t.shape == (4,) and t.stride() == (1,) and t.data_ptr() == address(lent)


def test_numpy_2_asks_with_copy_and_wraps_with_three_arguments() -> None:
    t = tenon.tensor([1.0, 2.0])
    assert np.shares_memory(t.__array__(), t.numpy()) and np.shares_memory(t.__array__(copy=False), t.numpy())
    assert not np.shares_memory(t.__array__(copy=True), t.numpy())
    with pytest.raises(ValueError, match="copy=None"):
        t.__array__(np.float64, copy=False)
    mask = t.__array_wrap__(np.array([True, False]), None, False)
    assert isinstance(mask, tenon.Tensor) and mask.dtype == tenon.bool
    assert t.__array_wrap__(np.float32(3), None, True).item() == 3
    for f in (np.array, np.asarray, lambda t: np.ones(2) * t, np.sin, lambda t: np.asarray(t, dtype=float)):
        f(t)  # no warning


def test_mapped_files_come_in_as_they_are(tmp_path) -> None:
    path = tmp_path / "x.npy"
    mapped = np.lib.format.open_memmap(path, "w+", "f4", (5,))
    t = tenon.from_numpy(mapped)
    t.fill_(3)
    del mapped
    gc.collect()
    assert t.sum().item() == 15  # the map lives as long as the tensor
    del t
    gc.collect()
    assert tenon.from_numpy(np.load(path, mmap_mode="r")).readonly
    private = tenon.from_numpy(np.load(path, mmap_mode="c"))
    private.zero_()
    assert np.load(path).tolist() == [3] * 5


def test_shared_memory_stays_shared_when_it_is_pickled_for_another_process() -> None:
    from multiprocessing import reduction, shared_memory

    block = shared_memory.SharedMemory(create=True, size=64)
    try:
        array = np.ndarray((8,), np.float64, buffer=block.buf)
        array[:] = 0
        t = tenon.from_numpy(array)
        again = pickle.loads(reduction.ForkingPickler.dumps(t))
        again[0] = 4
        assert array[0] == t[0] == 4
        del again, t, array
        gc.collect()
    finally:
        block.close()
        block.unlink()


@pytest.mark.parametrize("value", [np.array(1), np.array(1.5, "f4"), np.array(True), np.array(1j)])
def test_arrays_of_0_dimensions(value: np.ndarray) -> None:
    for door in (tenon.from_numpy, tenon.asarray, tenon.as_tensor, tenon.tensor):
        t = door(value)
        assert t.ndim == 0 and t.item() == value.item() and t.dtype == value.dtype
        for back in (t.numpy(), np.asarray(t), np.asarray(memoryview(t))):
            assert back.shape == () and back == value
    assert not tenon.asarray(np.float64(3)).readonly


def test_conjugates_and_parts_are_plain_memory() -> None:
    t = tenon.tensor([1 + 2j])
    assert t.conj().numpy()[0] == tenon.from_dlpack(t.conj())[0].item() == 1 - 2j
    assert np.shares_memory(t.imag.numpy(), t.numpy()) and t.conj().imag.numpy()[0] == -2
    real = tenon.ones(2, 3)
    assert real.imag.tolist() == [[0, 0, 0]] * 2 and real.imag.readonly  # as NumPy's, so that hasattr() works
    assert real.imag.dtype == real.dtype and np.shares_memory(real.real.numpy(), real.numpy())


def test_the_buffer_protocol_has_format_strides_and_rights() -> None:
    t = tenon.arange(6, dtype=tenon.float64).reshape(2, 3)
    m = memoryview(t.T[:, ::-1])
    assert (m.format, m.shape, m.strides, m.readonly) == ("d", (3, 2), (8, -24), False)
    m[0, 0] = 9
    assert t[1, 0] == 9 and bytes(t) == t.tobytes() == t.numpy().tobytes()
    for dtype in (tenon.bfloat16, tenon.float8_e5m2):
        with pytest.raises(BufferError):
            memoryview(t.to(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("f4"), "float32", "f4", "<f4", tenon.float32])
def test_numpys_dtypes_are_taken_everywhere(dtype) -> None:
    for made in (
        tenon.zeros(2, dtype=dtype),
        tenon.tensor([1], dtype=dtype),
        tenon.ones(2, dtype=tenon.int8).to(dtype),
        tenon.ones(2, dtype=tenon.int8).type(dtype),
        tenon.ones(2, dtype=tenon.int8).astype(dtype),
        tenon.arange(3).sum(dtype=dtype),
        tenon.frombuffer(bytes(8), dtype=dtype),
    ):
        assert made.dtype == tenon.float32
    assert tenon.float32.numpy == np.dtype("f4")
    assert (tenon.float32.kind, tenon.float32.char, tenon.float32.type) == ("f", "f", np.float32)
    with pytest.raises(AttributeError, match="tenon"):
        tenon.float32.nothing  # noqa: B018


def test_arrays_are_taken_where_tensors_are() -> None:
    a, mask, t = np.ones(3, np.float32), np.array([True, False, True]), tenon.zeros(3)
    t.copy_(a)
    t += a
    assert t.tolist() == [2, 2, 2]
    assert tenon.cat([t, a]).tolist() == [2, 2, 2, 1, 1, 1] and tenon.stack([t, a]).shape == (2, 3)
    assert tenon.where(mask, t, a).tolist() == [2, 1, 2] and tenon.maximum(t, [1, 3, 1]).tolist() == [2, 3, 2]
    assert tenon.matmul(np.ones((2, 3), np.float32), t).tolist() == [6, 6] and tenon.dot(t, a).item() == 6
    assert t.masked_fill(mask, 0).tolist() == [0, 2, 0] and t.index_select(0, np.array([0])).tolist() == [2]
    assert t.gather(0, np.array([1])).tolist() == [2] and tenon.allclose(t, a + 1) and not tenon.equal(t, a)
    t[np.array([0])] = np.array([5], np.float32)
    assert t.tolist() == [5, 2, 2]


def test_dlpack_lends_read_only_on_request() -> None:
    t = tenon.ones(2)
    lent = tenon.from_dlpack(t.__dlpack__(max_version=(1, 0), read_only=True))
    assert lent.readonly and lent.data_ptr() == t.data_ptr() and not t.readonly
    with pytest.raises(BufferError, match="max_version"):
        t.__dlpack__(read_only=True)


def test_refusals_leave_no_reference() -> None:
    array = np.array(b"x")
    before = sys.getrefcount(array)
    for _ in range(100):
        with pytest.raises(TypeError):
            tenon.from_numpy(array)
    assert abs(sys.getrefcount(array) - before) <= 1
