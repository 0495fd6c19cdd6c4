"""What asarray, as_tensor and tensor share and what they copy, for every kind of input."""

import array as array_module

import numpy as np
import pytest
import tenon
from support import DTYPES, address, sample

pytestmark = pytest.mark.border

SOURCES = {
    "tensor": tenon.from_numpy,
    "ndarray": lambda a: a,
    "capsule": lambda a: tenon.from_numpy(a).__dlpack__(max_version=(1, 0)),
    "memoryview": memoryview,
    "__array_interface__": lambda a: type(
        "Interface", (), {"__array_interface__": a.__array_interface__, "keep": a}
    )(),
    "__array__": lambda a: type("Array", (), {"__array__": lambda self, dtype=None, copy=None: a})(),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", SOURCES)
def test_asarray_shares_where_nothing_changes(kind: str, dtype: str) -> None:
    array = sample(dtype, (3, 4))
    if kind == "memoryview" and dtype in ("complex64", "complex128", "float16"):
        pytest.skip("memoryview has no such format that it could be read by")
    for copy in (None, False):
        t = tenon.asarray(SOURCES[kind](array), copy=copy)
        assert t.data_ptr() == address(array), copy
        assert t.dtype == array.dtype
        assert not t.requires_grad
    copied = tenon.asarray(SOURCES[kind](array), copy=True)
    assert copied.data_ptr() != address(array)
    np.testing.assert_array_equal(copied.numpy(), array)
    other = tenon.asarray(
        SOURCES[kind](array), dtype=tenon.complex128 if dtype != "complex128" else tenon.complex64
    )
    assert other.data_ptr() != address(array)


@pytest.mark.parametrize("make", [tenon.asarray, tenon.as_tensor])
def test_scalars_and_sequences_never_alias(make) -> None:
    for value, dtype in (
        (3, tenon.int64),
        (2.5, tenon.float32),
        (True, tenon.bool),
        (1j, tenon.complex64),
        ([1, 2.5], tenon.float32),
        ([1, 2j], tenon.complex64),
        (range(3), tenon.int64),
        ([[1, 2], [3, 4]], tenon.int64),
        ((np.float64(1), np.float64(2)), tenon.float64),
    ):
        t = make(value)
        assert t.dtype == dtype, value
        assert t.tolist() == (list(value) if isinstance(value, range | tuple) else value)


@pytest.mark.parametrize("source", [[1.0, 2.0], 3.0, (1, 2), range(4)], ids=str)
def test_what_cannot_alias_says_why(source) -> None:
    with pytest.raises(ValueError, match="copy"):
        tenon.asarray(source, copy=False)


def test_another_dtype_cannot_alias() -> None:
    with pytest.raises(ValueError, match=r"float64.*float32|float32.*float64"):
        tenon.asarray(np.zeros(3), dtype=tenon.float32, copy=False)


def test_tensor_always_copies() -> None:
    array = np.arange(3.0)
    for source in (array, tenon.from_numpy(array), memoryview(array)):
        t = tenon.tensor(source)
        t[0] = 100.0
        assert array[0] == 0.0


def test_history_is_kept_where_it_is_asked_for() -> None:
    w = tenon.ones(3, requires_grad=True)
    assert tenon.as_tensor(w) is w
    assert tenon.asarray(w * 2).requires_grad
    assert tenon.asarray(np.zeros(2), requires_grad=True).is_leaf


def test_buffers_of_the_standard_library() -> None:
    doubles = array_module.array("d", [1.0, 2.0, 3.0])
    t = tenon.asarray(doubles)
    doubles[0] = 7.0
    assert t.tolist() == [7.0, 2.0, 3.0]
    with pytest.raises(BufferError):
        doubles.append(4.0)  # the buffer is exported as long as the tensor lives
    del t
    tenon.zeros(1)
    doubles.append(4.0)
    raw = bytearray(b"\x01\x02\x03")
    u = tenon.asarray(raw)
    assert u.dtype == tenon.uint8
    u[1] = 9
    assert raw == b"\x01\x09\x03"
    assert tenon.asarray(b"\x01\x02").readonly


def test_lists_of_arrays_are_stacked() -> None:
    rows = [np.arange(4.0) + i for i in range(3)]
    np.testing.assert_array_equal(tenon.tensor(rows).numpy(), np.stack(rows))
    nested = [[tenon.from_numpy(r), r] for r in rows]
    np.testing.assert_array_equal(tenon.tensor(nested).numpy(), [[r, r] for r in rows])


def test_frames_and_arrow() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    assert tenon.asarray(frame).tolist() == frame.to_numpy().tolist()
    assert tenon.asarray(frame["a"]).readonly
    mixed = pd.DataFrame({"n": [1.0], "name": ["x"]})
    with pytest.raises(TypeError, match=r"(?s)name.*select_dtypes"):
        tenon.asarray(mixed)
    pa = pytest.importorskip("pyarrow")
    arrow = pa.array([1.0, 2.0, 3.0])
    t = tenon.asarray(arrow)
    assert t.readonly
    assert t.data_ptr() == arrow.buffers()[1].address
    pl = pytest.importorskip("polars")
    assert tenon.asarray(pl.Series([1, 2, 3])).tolist() == [1, 2, 3]


# Writes over memory that is read in the same operation: what runs, of a tensor t and another u over its
# bytes, and the values of t that it gives, of a copy a of the old ones.
OVERLAPS = {
    "copy_": (lambda t, u: t[1:].copy_(u[:-1]), lambda a: [*a[:1], *a[:-1]]),
    "setitem": (lambda t, u: t.__setitem__(..., u[::-1]), lambda a: a[::-1]),
    "half": (lambda t, u: t[: len(t) // 2].copy_(u[1::2]), lambda a: [*a[1::2], *a[len(a) // 2 :]]),
    "add_": (lambda t, u: t[1:].add_(u[:-1]), lambda a: [*a[:1], *(a[1:] + a[:-1])]),
    "reversed": (lambda t, u: t.mul_(u[::-1]), lambda a: a * a[::-1]),
    "out=": (lambda t, u: tenon.add(u[:-1], u[1:], out=t[1:]), lambda a: [*a[:1], *(a[1:] + a[:-1])]),
    "unary out=": (lambda t, u: tenon.neg(u[::-1], out=t), lambda a: -a[::-1]),
    "clip out=": (lambda t, u: tenon.clip(u[::-1], 1, 5, out=t), lambda a: a[::-1].clip(1, 5)),
    "cumsum out=": (lambda t, u: tenon.cumsum(u[:-1], 0, out=t[1:]), lambda a: [*a[:1], *a[:-1].cumsum()]),
    "values": (lambda t, u: t.__setitem__(tenon.arange(len(t)).flip(0), u), lambda a: a[::-1]),
    "ufunc": (lambda t, u: np.add(t[1:], u.numpy()[:-1], out=t[1:]), lambda a: [*a[:1], *(a[1:] + a[:-1])]),
    "ndarray out=": (lambda t, u: np.add(t, u[::-1], out=t.numpy()), lambda a: a + a[::-1]),
}


@pytest.mark.parametrize("n", [5, 10, 1000, 30_000, 300_000])
@pytest.mark.parametrize("other", ["view", "second import", "own ndarray"])
@pytest.mark.parametrize("name", OVERLAPS)
def test_what_is_read_is_not_overwritten(name: str, other: str, n: int) -> None:
    f, expected = OVERLAPS[name]
    array = np.arange(float(n))
    wanted = expected(array.copy())
    t = tenon.from_numpy(array)
    if other == "second import":
        u = tenon.from_numpy(array)
    else:
        u = t if other == "view" else tenon.from_numpy(t.numpy())
    f(t, u)
    np.testing.assert_array_equal(array, wanted)


def test_an_index_that_is_overwritten() -> None:
    a, b = np.arange(10), np.arange(10)
    tenon.from_numpy(a)[tenon.from_numpy(a[::-1])] = tenon.arange(10) * 2
    b[b[::-1].copy()] = np.arange(10) * 2
    np.testing.assert_array_equal(a, b)


def test_another_dtype_over_the_same_bytes() -> None:
    a = np.arange(1000, dtype=np.int64)
    t = tenon.from_numpy(a.view(np.float64))
    t.copy_(tenon.from_numpy(a))
    np.testing.assert_array_equal(t.numpy(), np.arange(1000.0))


def test_strided_views_whose_elements_do_not_meet_can_be_written() -> None:
    """Whether two elements lie at one place is decided exactly, as NumPy does."""
    t = tenon.arange(20.0)
    view = t.as_strided((3, 3), (5, 3))
    view.add_(1)
    flat = np.arange(20.0, dtype="f4")
    np.lib.stride_tricks.as_strided(flat, (3, 3), (20, 12))[...] += 1
    np.testing.assert_array_equal(t.numpy(), flat)
    with pytest.raises(RuntimeError, match="share memory"):
        tenon.zeros(40).as_strided((4, 6), (5, 3)).add_(1)


FAR = 2**60


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((1, 3), (FAR, 8)), ((0, 3), (FAR, FAR)), ((3, 1, 1), (8, -FAR, FAR)), ((5, 0), (-FAR, 8))],
)
def test_strides_that_mean_nothing_do_not_overflow(shape, strides) -> None:
    """NumPy and DLPack may give dimensions of one element, or empty ones, any stride."""
    a = np.lib.stride_tricks.as_strided(np.arange(24.0), shape, strides)
    for t in (
        tenon.from_numpy(a),
        tenon.from_dlpack(a),
        tenon.zeros(24).as_strided(shape, [s // 8 for s in strides]),
    ):
        assert t.shape == shape and all(abs(s) < 2**50 for s in t.strides)
        assert (t * 2 + 1).shape == shape and t.numpy().shape == shape
        assert t.clone().tolist() == t.tolist()
