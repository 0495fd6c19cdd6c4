"""tensor, as_tensor, asarray, frombuffer, and the functions that make tensors from sizes and ranges."""

import numpy as np
import pytest
import tenon

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


def address(t):
    return t.data_ptr()


# ---- frombuffer ----


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (4,), (10, 10)])
def test_frombuffer_agrees_with_numpy(dtype, shape):
    rng = np.random.default_rng(0)
    array = (
        rng.integers(0, 2, shape).astype(dtype)
        if dtype == "bool"
        else np.asarray(rng.integers(0, 99, shape)).astype(dtype)
    )
    d = getattr(tenon, dtype)
    n = array.size
    for offset in {0, n // 2, n - 1}:
        for count in {-1, 1, n - offset}:
            theirs = np.frombuffer(array, dtype=dtype, count=count, offset=offset * array.itemsize)
            ours = tenon.frombuffer(array, dtype=d, count=count, offset=offset * array.itemsize)
            assert ours.dtype is d
            assert ours.tolist() == theirs.tolist()
            assert address(ours) == theirs.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_frombuffer_requires_grad(dtype):
    array = np.ones(3, dtype)
    assert tenon.frombuffer(array, dtype=dtype, requires_grad=True).requires_grad
    assert not tenon.frombuffer(array, dtype=dtype).requires_grad


def test_frombuffer_shares_memory():
    array = np.zeros(4, np.int32)
    t = tenon.frombuffer(array, dtype=tenon.int32)
    array[1] = 5
    assert t.tolist() == [0, 5, 0, 0]
    t[2] = 6
    assert array.tolist() == [0, 5, 6, 0]
    buffer = bytearray(8)
    t = tenon.frombuffer(buffer, dtype=tenon.uint8)
    t[0] = 255
    assert buffer[0] == 255
    with pytest.raises(BufferError):  # held while the tensor lives
        buffer.append(1)
    del t
    buffer.append(1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(buffer=b""), "the buffer is empty"),
        (dict(buffer=bytearray(8), count=0), "count must be positive"),
        (dict(buffer=bytearray(8), count=-2), "count must be positive"),
        (dict(buffer=bytearray(8), offset=-1), "offset must lie"),
        (dict(buffer=bytearray(8), offset=8), "offset must lie"),
        (dict(buffer=bytearray(9)), "no multiple of the element size"),
        (dict(buffer=bytearray(8), offset=2), "no multiple of the element size"),
        (dict(buffer=bytearray(8), count=3), "do not fit"),
        (dict(buffer=bytearray(8), count=2, offset=4), "do not fit"),
        (dict(buffer=bytearray(8), count=1, offset=1), "not aligned"),
        (dict(buffer=[1, 2]), "buffer protocol"),
        (dict(buffer=np.arange(8, dtype=np.int32)[::2]), "gaps"),
    ],
)
def test_frombuffer_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        tenon.frombuffer(dtype=tenon.int32, **arguments)


def test_frombuffer_of_bytes_is_read_only():
    t = tenon.frombuffer(b"\x01\x02", dtype=tenon.uint8)
    assert t.readonly
    with pytest.raises(ValueError, match="read-only"):
        t[0] = 1
    assert not t.clone().readonly


def test_frombuffer_reinterprets():
    t = tenon.frombuffer(np.array([-1, 0, 0, 0, -1, 0, 0, 0], np.int8), dtype=tenon.int32)
    assert t.tolist() == [255, 255]


# ---- tensor, as_tensor, asarray ----


@pytest.mark.parametrize(
    "data, dtype",
    [
        (3, "int64"),
        (3.0, "float32"),
        (True, "bool"),
        (3j, "complex64"),
        ([1, 2], "int64"),
        ([1, 2.0], "float32"),
        ([True, 2], "int64"),
        ([1, 2j], "complex64"),
        ([], "float32"),
        ([[], []], "float32"),
        (range(3), "int64"),
        ((1, (2,)[0]), "int64"),
        ([2**63], "uint64"),
        (np.float16(1), "float16"),
        (np.array([1], np.uint16), "uint16"),
        ([np.int8(1), np.int8(2)], "int8"),
        (np.array(3), "int64"),
    ],
)
@pytest.mark.parametrize("function", [tenon.tensor, tenon.as_tensor, tenon.asarray])
def test_dtype_and_values_of_data(function, data, dtype):
    t = function(data)
    assert t.dtype is getattr(tenon, dtype)
    theirs = np.asarray(data)
    assert t.shape == theirs.shape
    assert np.array_equal(np.asarray(t.tolist()).reshape(t.shape), theirs)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_scalars_and_explicit_dtypes(dtype):
    assert tenon.tensor(np.dtype(dtype).type(1)).item() == 1
    for d in (
        dtype,
        np.dtype(dtype),
        getattr(np, dtype if dtype != "bool" else "bool_"),
        getattr(tenon, dtype),
    ):
        assert tenon.tensor([0, 1], dtype=d).dtype is getattr(tenon, dtype)


def test_tensor_always_copies():
    for data in (np.zeros(3), tenon.zeros(3), memoryview(bytearray(3))):
        t = tenon.tensor(data)
        t.fill_(1)
        assert np.asarray(data).sum() == 0
    w = tenon.ones(2, requires_grad=True)
    t = tenon.tensor(w * 2)
    t.sum().backward()  # the gradient flows through the copy
    assert w.grad.tolist() == [2, 2]
    assert tenon.tensor([1.0], requires_grad=True).is_leaf
    assert tenon.tensor([1.0], requires_grad=True).requires_grad


def test_asarray_shares_where_it_can():
    array = np.zeros(3, np.float32)
    t = tenon.tensor([1.0, 2.0])
    memory = memoryview(array)
    for data, where in (
        (array, array.__array_interface__["data"][0]),
        (t, address(t)),
        (memory, array.__array_interface__["data"][0]),
    ):
        for copy in (None, False):
            assert address(tenon.asarray(data, copy=copy)) == where
            assert address(tenon.asarray(data, copy=copy, dtype=tenon.float32)) == where
        assert address(tenon.asarray(data, copy=True)) != where
        assert address(tenon.asarray(data, dtype=tenon.float64)) != where
    assert tenon.as_tensor(t) is t
    assert tenon.asarray(t) is t


@pytest.mark.parametrize(
    "data, arguments",
    [([1, 2], {}), (3, {}), (np.zeros(2), {"dtype": "float32"}), (tenon.zeros(2), {"dtype": "int8"})],
)
def test_asarray_refuses_to_copy(data, arguments):
    with pytest.raises(ValueError, match="copy=False"):
        tenon.asarray(data, copy=False, **arguments)


def test_asarray_and_gradients():
    w = tenon.ones(2, requires_grad=True)
    y = w * 2
    assert tenon.asarray(w) is w
    assert tenon.asarray(y).requires_grad
    detached = tenon.asarray(y, requires_grad=False)
    assert not detached.requires_grad
    assert address(detached) == address(y)
    assert tenon.asarray(y, requires_grad=True) is y
    plain = tenon.zeros(2)
    leaf = tenon.asarray(plain, requires_grad=True)
    assert leaf.requires_grad
    assert not plain.requires_grad  # the caller's tensor keeps its flag
    assert address(leaf) == address(plain)
    tenon.asarray(y, copy=True).sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("data", [3, [1, 2.5], [1j, 2], range(4), [[1], [2]]])
def test_as_tensor_and_asarray_agree(data):
    a, b = tenon.as_tensor(data), tenon.asarray(data)
    assert a.dtype is b.dtype
    assert a.tolist() == b.tolist()


def test_data_errors():
    with pytest.raises(ValueError, match="ragged"):
        tenon.tensor([[1, 2], [3]])
    for data in ("text", None, [None], ["a"], object(), {}):
        with pytest.raises(TypeError):
            tenon.tensor(data)
    with pytest.raises(OverflowError):
        tenon.tensor([300], dtype=tenon.int8)
    with pytest.raises(TypeError):
        tenon.tensor([1j], dtype=tenon.float32)
    with pytest.raises(RuntimeError):
        tenon.tensor([1], requires_grad=True)


# ---- sizes and ranges ----


@pytest.mark.parametrize("name", ["empty", "zeros", "ones", "rand", "randn"])
def test_sizes(name):
    f = getattr(tenon, name)
    for arguments in ((2, 3), ((2, 3),), ([2, 3],)):
        assert f(*arguments).shape == (2, 3)
    assert f(size=(2, 3)).shape == (2, 3)
    assert f(shape=(2, 3)).shape == (2, 3)
    assert f(()).shape == ()
    assert f(4).shape == (4,)
    assert f(np.int64(2), np.int32(3)).shape == (2, 3)
    t = f(2, dtype=tenon.float64, requires_grad=True, device="cpu")
    assert t.dtype is tenon.float64
    assert t.requires_grad
    with pytest.raises(ValueError):
        f(-1)
    with pytest.raises(TypeError):
        f(2.5)


def test_filled():
    assert tenon.zeros(2).tolist() == [0, 0]
    assert tenon.ones(2, dtype=tenon.bool).tolist() == [True, True]
    assert tenon.full((2,), 7).dtype is tenon.int64
    assert tenon.full((2,), 7.0).dtype is tenon.float32
    assert tenon.full((2,), True).dtype is tenon.bool
    assert tenon.full((2,), 1j).dtype is tenon.complex64
    assert tenon.full(2, 7, dtype=tenon.float64).tolist() == [7, 7]
    with pytest.raises(OverflowError):
        tenon.full((2,), 300, dtype=tenon.uint8)
    out = tenon.ones(2, 2)
    assert tenon.zeros(2, 2, out=out) is out
    assert out.sum().item() == 0


def test_like():
    t = tenon.zeros(2, 3, dtype=tenon.int16)
    for name, value in (("zeros_like", 0), ("ones_like", 1)):
        r = getattr(tenon, name)(t)
        assert (r.dtype, r.shape) == (tenon.int16, (2, 3))
        assert r.flatten().tolist() == [value] * 6
    assert tenon.empty_like(t, dtype=tenon.float32).dtype is tenon.float32
    assert tenon.full_like(t, 4).flatten().tolist() == [4] * 6
    assert tenon.rand_like(t, dtype=tenon.float32).shape == (2, 3)
    assert t.new_zeros(2).dtype is tenon.int16
    assert t.new_ones((2, 2)).tolist() == [[1, 1], [1, 1]]
    assert t.new_full((1,), 5).tolist() == [5]
    assert t.new_empty(3).shape == (3,)
    assert t.new_tensor([1.9]).dtype is tenon.int16


@pytest.mark.parametrize(
    "arguments", [(5,), (1, 5), (1, 10, 3), (10, 1, -2), (0.0, 1.0, 0.25), (3, 3), (5.0,), (2.5,)]
)
def test_arange(arguments):
    ours, theirs = tenon.arange(*arguments), np.arange(*arguments)
    assert np.allclose(ours.tolist(), theirs)
    assert ours.dtype is (tenon.int64 if theirs.dtype.kind == "i" else tenon.float32)


def test_ranges():
    assert tenon.arange(end=3).tolist() == [0, 1, 2]
    assert tenon.arange(start=1, stop=3).tolist() == [1, 2]
    assert np.allclose(tenon.linspace(0, 1, 5).tolist(), np.linspace(0, 1, 5))
    assert np.allclose(tenon.linspace(0, 1, 5, endpoint=False).tolist(), np.linspace(0, 1, 5, endpoint=False))
    assert np.allclose(tenon.logspace(0, 2, 5, dtype=tenon.float64).tolist(), np.logspace(0, 2, 5))
    assert np.allclose(tenon.logspace(0, 3, 4, base=2).tolist(), [1, 2, 4, 8])
    with pytest.raises(ValueError):
        tenon.arange(0, 1, 0)


@pytest.mark.parametrize("k", [-2, 0, 1])
def test_triangles_and_eye(k):
    assert tenon.eye(3, 4, k=k).tolist() == np.eye(3, 4, k).tolist()
    a = np.arange(24.0).reshape(2, 3, 4)
    assert tenon.tril(tenon.from_numpy(a), k).tolist() == np.tril(a, k).tolist()
    assert tenon.from_numpy(a).triu(diagonal=k).tolist() == np.triu(a, k).tolist()


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_meshgrid(indexing):
    ours = tenon.meshgrid(tenon.arange(2), tenon.arange(3), indexing=indexing)
    assert isinstance(ours, tuple)
    for a, b in zip(ours, np.meshgrid(np.arange(2), np.arange(3), indexing=indexing), strict=True):
        assert a.tolist() == b.tolist()
    assert len(tenon.meshgrid([tenon.arange(2), tenon.arange(3)])) == 2
    assert tenon.meshgrid() == ()
    lists = tenon.meshgrid([1, 2], [3], indexing=indexing)
    for a, b in zip(lists, np.meshgrid([1, 2], [3], indexing=indexing), strict=True):
        assert a.tolist() == b.tolist()


def test_ranges_that_a_dtype_cannot_hold():
    for arguments in ((0, 300), (300, 0, -1), (0.0, 300.0), (-129, 0), (2**62, 2**62 + 1)):
        with pytest.raises(OverflowError, match=r"^arange: .*int8"):
            tenon.arange(*arguments, dtype=tenon.int8)
    assert tenon.arange(-128, 128, dtype=tenon.int8).tolist() == list(range(-128, 128))
    assert tenon.arange(127.5, 120, -1, dtype=tenon.int8)[0].item() == 127
    assert tenon.arange(5, 0, dtype=tenon.int8).shape == (0,)
    assert tenon.arange(0, 3, dtype=tenon.uint64).tolist() == [0, 1, 2]
    with pytest.raises(OverflowError):
        tenon.arange(-1, 3, dtype=tenon.uint64)


def test_ends_of_ranges_may_be_arrays(device):
    a = tenon.tensor([0.0, 1.0], device=device, requires_grad=True)
    b = tenon.tensor(3.0, dtype=tenon.float64)
    r = tenon.linspace(a, b, 3)
    assert r.dtype is tenon.float64 and str(r.device) == str(a.device) and r.requires_grad
    assert r.tolist() == [[0, 1], [1.5, 2], [3, 3]]
    r.sum().backward()
    assert a.grad.tolist() == [1.5, 1.5]
    assert tenon.logspace(a, 2, 2, base=2).tolist() == [[1, 2], [4, 4]]
    assert str(tenon.linspace(a, 1, 2, device="cpu").device) == "cpu"
    assert tenon.linspace([-1], 1, 5, dtype=tenon.int32).flatten().tolist() == [-1, 0, 0, 0, 1]
    assert tenon.linspace(tenon.tensor([1.0]), 2, 2, requires_grad=True).is_leaf
    for f in (tenon.linspace, tenon.logspace):
        with pytest.raises(ValueError, match=rf"^{f.__name__}: "):
            f([1, 2], [1, 2, 3], 4)


def test_complex_ranges():
    t = tenon.logspace(0, 1j, 3)
    assert t.dtype is tenon.complex64 and np.allclose(t.tolist(), np.logspace(0, 1j, 3))
    for f in (tenon.linspace, tenon.logspace):
        with pytest.raises(TypeError, match="complex"):
            f(0, 1j, 3, dtype=tenon.float64)


@pytest.mark.parametrize("source", [np.array([1j]), np.array(1j), [np.array([1j])], [tenon.tensor([1j])]])
def test_no_imaginary_part_is_dropped(source):
    for name in ("tensor", "asarray", "as_tensor"):
        with pytest.raises(TypeError, match=rf"^{name}: .*\.real"):
            getattr(tenon, name)(source, dtype=tenon.float64)
    with pytest.raises(TypeError, match=r"^new_tensor: .*\.real"):
        tenon.ones(2).new_tensor(source)
    if not isinstance(source, list):
        with pytest.raises(TypeError, match=r"\.real"):
            tenon.tensor(tenon.tensor(source), dtype=tenon.float32)
    assert tenon.tensor(np.array([300]), dtype=tenon.int8).tolist() == [44]  # as NumPy's astype


@pytest.mark.parametrize("name", ["bool", "uint8", "int16", "uint64", "float16", "bfloat16", "complex64"])
def test_triangles_keep_the_dtype(name):
    t = tenon.ones(3, 3, dtype=getattr(tenon, name))
    for f, wanted in ((tenon.tril, np.tril), (tenon.triu, np.triu)):
        assert f(t).dtype is t.dtype
        assert f(t).tolist() == wanted(np.ones((3, 3))).tolist()


def test_numbers_among_sequences():
    for data, kind, message in (
        ([1, [2]], ValueError, "dimension 0 are numbers, but element 1 is a sequence of length 1"),
        ([[1, 2], [3, [4]]], ValueError, "dimension 1 are numbers, but element 1 is a sequence of length 1"),
        ([1, np.ones(2)], ValueError, "dimension 0 are numbers, but element 1 is a sequence of length 2"),
        ([[2], 1], TypeError, "dimension 0 are sequences, but element 1 is 1"),
        ([[2], 1.5], TypeError, "dimension 0 are sequences, but element 1 is 1.5"),
    ):
        with pytest.raises(kind, match=f"tensor: the elements at {message}"):
            tenon.tensor(data)
