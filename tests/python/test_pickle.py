"""Pickling in all protocols, out of band, over shared memory between processes; copy and deepcopy."""

import copy
import gc
import multiprocessing
import pickle
from multiprocessing import shared_memory

import numpy as np
import pytest
import tenon
from tenon import _pickle

pytestmark = pytest.mark.border

DTYPES = [
    "bool",
    "int8",
    "int64",
    "uint16",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "float8_e5m2",
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trip(protocol, dtype):
    t = tenon.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]).to(getattr(tenon, dtype))
    r = pickle.loads(pickle.dumps(t, protocol))
    assert r.dtype is t.dtype
    assert r.shape == t.shape
    assert r.tolist() == t.tolist()
    assert not r.readonly
    r.zero_()
    assert t.float().sum().item() != 0


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4)])
def test_shapes(shape):
    t = tenon.ones(shape)
    r = pickle.loads(pickle.dumps(t))
    assert r.shape == shape
    assert r.tolist() == t.tolist()


def test_views_are_pickled_by_value():
    base = tenon.arange(12).reshape(3, 4)
    for view in (base.T, base[:, 1], base[::-1], base[1:, ::2], base[0].expand(5, 4)):
        assert pickle.loads(pickle.dumps(view)).tolist() == view.tolist()


def test_requires_grad_travels():
    t = tenon.ones(2, requires_grad=True)
    r = pickle.loads(pickle.dumps(t))
    assert r.requires_grad
    assert r.is_leaf
    assert not pickle.loads(pickle.dumps(t.detach())).requires_grad


def test_out_of_band_shares_the_buffer():
    t = tenon.arange(1000)
    buffers = []
    data = pickle.dumps(t, 5, buffer_callback=buffers.append)
    assert len(data) < 500
    assert len(buffers) == 1
    r = pickle.loads(data, buffers=buffers)
    r[0] = 7
    assert t[0].item() == 7  # the same memory: nothing was copied on the way


def test_out_of_band_read_only_and_misaligned():
    t = tenon.arange(10)
    buffers = []
    data = pickle.dumps(t, 5, buffer_callback=buffers.append)
    raw = bytes(buffers[0].raw())
    assert pickle.loads(data, buffers=[raw]).readonly
    odd = memoryview(bytearray(b"x" + raw))[1:]
    assert pickle.loads(data, buffers=[odd]).tolist() == list(range(10))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_fresh_memory_can_be_written(protocol):
    a = np.arange(3)
    a.flags.writeable = False
    t = tenon.from_numpy(a)
    for r in (t, t[1:], t[::-1]):
        copied = pickle.loads(pickle.dumps(r, protocol))
        assert not copied.readonly and not copy.deepcopy(r).readonly and copy.copy(r).readonly
        copied.zero_()
    assert a.tolist() == [0, 1, 2]


def test_read_only_buffers_out_of_band():
    a = np.arange(3)
    a.flags.writeable = False
    t = tenon.from_numpy(a)
    buffers = []
    data = pickle.dumps([t, t[1:]], 5, buffer_callback=buffers.append)
    for r in pickle.loads(data, buffers=buffers):
        assert r.readonly  # the lender's memory


@pytest.mark.parametrize(
    "obj",
    [
        tenon.float32,
        tenon.bool,
        tenon.device("cpu"),
        tenon.device("cuda", 1),
        tenon.sum,
        tenon.Tensor.fill_,
        tenon.Tensor,
    ],
)
def test_other_objects(obj):
    r = pickle.loads(pickle.dumps(obj))
    assert r == obj


def test_named_tuple():
    r = pickle.loads(pickle.dumps(tenon.tensor([[1.0, 3.0], [2.0, 0.0]]).max(1)))
    assert r.values.tolist() == [3.0, 2.0]
    assert r.indices.tolist() == [1, 0]


def test_generator():
    g = tenon.Generator(5)
    tenon.rand(10, generator=g)
    r = pickle.loads(pickle.dumps(g))
    assert tenon.rand(4, generator=g).tolist() == tenon.rand(4, generator=r).tolist()


# ---- shared memory ----


def _child(received, answer):
    tensor, array_view, local = received
    answer.put((tensor.tolist(), array_view.tolist()))
    tensor[0] = 100.0  # seen by the parent
    array_view[-1] = 200.0
    local[0] = 300.0  # a copy: not seen
    answer.put(tensor.readonly)


@pytest.fixture
def block():
    shm = shared_memory.SharedMemory(create=True, size=4096)
    yield shm
    gc.collect()
    shm.close()
    shm.unlink()


def test_shared_memory_stays_shared_between_processes(block):
    array = np.ndarray((8,), np.float64, buffer=block.buf, offset=64)
    array[:] = np.arange(8)
    tensor = tenon.from_numpy(array)
    backwards = tensor[::-2]  # negative strides
    local = tenon.zeros(2)
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_child, args=((tensor, backwards, local), answer))
    process.start()
    try:
        assert answer.get(timeout=120) == ([0, 1, 2, 3, 4, 5, 6, 7], [7, 5, 3, 1])
        assert answer.get(timeout=120) is False
    finally:
        process.join(120)
    assert array[0] == 100.0
    assert array[1] == 200.0
    assert local[0].item() == 0.0
    del tensor, backwards, array


def test_forking_pickler_sends_the_name_and_plain_pickle_the_data(block):
    from multiprocessing.reduction import ForkingPickler

    array = np.ndarray((400,), np.float64, buffer=block.buf)
    array[:] = 1
    tensor = tenon.from_numpy(array)
    by_name = bytes(ForkingPickler.dumps(tensor))
    assert len(by_name) < 400
    r = pickle.loads(by_name)
    array[5] = 9
    assert r[5].item() == 9
    r[6] = 8
    assert array[6] == 8
    data = pickle.dumps(tensor)
    assert len(data) > 3200
    copied = pickle.loads(data)
    copied[0] = -1
    assert array[0] == 1
    # A tensor in memory of its own travels by value.
    assert len(bytes(ForkingPickler.dumps(tenon.ones(400)))) > 1600
    del tensor, r, array


def test_a_block_that_is_gone_says_so():
    from multiprocessing.reduction import ForkingPickler

    shm = shared_memory.SharedMemory(create=True, size=64)
    tensor = tenon.frombuffer(shm.buf, dtype=tenon.float32)
    data = bytes(ForkingPickler.dumps(tensor))
    del tensor
    gc.collect()
    shm.close()
    shm.unlink()
    with pytest.raises(FileNotFoundError, match="unpickle: the shared-memory block"):
        pickle.loads(data)


# ---- copy ----


def test_deepcopy():
    t = tenon.ones(2, requires_grad=True)
    (t * 3).sum().backward()
    r = copy.deepcopy([t, t])
    assert r[0] is r[1]
    assert r[0] is not t
    assert r[0].requires_grad
    assert r[0].grad.tolist() == [3.0, 3.0]
    assert r[0].grad is not t.grad
    r[0].detach().zero_()
    assert t.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(t * 2)
    for protocol in (2, 5):  # as pickle does
        with pytest.raises(RuntimeError, match=r"pickle: .*detach"):
            pickle.dumps(t * 2, protocol)


def test_shallow_copy_shares_memory():
    t = tenon.zeros(2)
    r = copy.copy(t)
    assert r is not t
    r[0] = 1
    assert t[0].item() == 1
    w = tenon.ones(2, requires_grad=True)
    assert copy.copy(w).requires_grad
    y = copy.copy(w * 2)
    y.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]


# Found by tests/fuzz/fuzz_border.py.
@pytest.mark.parametrize("offset", [2**63 - 1, -(2**63), -1, 65])
@pytest.mark.parametrize("shape", [(0,), (1,), ()])
def test_offsets_outside_of_a_storage(offset: int, shape: tuple[int, ...]) -> None:
    flat = tenon.zeros(64, dtype=tenon.uint8)
    with pytest.raises(ValueError, match="_over"):
        _pickle.view_of(flat, offset, "uint8", shape, (1,) * len(shape), False, False)


def test_deepcopy_of_many_tensors_with_gradients():
    """A gradient's object lives as long as somebody holds it: its id must not stand for the next one."""
    ts = [tenon.ones(n, requires_grad=True) for n in range(1, 50)]
    for t in ts:
        t.grad = tenon.full(t.shape, 2.0)
    for t in copy.deepcopy(ts):
        assert t.grad.tolist() == [2.0] * len(t)
        assert t.requires_grad
