"""share_memory_, is_shared, and what stays shared in a pickle and in a deepcopy."""

import copy
import errno
import gc
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
from multiprocessing import shared_memory
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import tenon
from support import run_python

pytestmark = pytest.mark.border


def test_share_memory():
    t = tenon.arange(6.0).reshape(2, 3)
    assert not t.is_shared()
    assert t.share_memory_() is t
    assert t.is_shared() and t[0].is_shared() and t.T.is_shared()
    assert t.tolist() == [[0, 1, 2], [3, 4, 5]]
    address = t.data_ptr()
    assert t.share_memory_().data_ptr() == address  # nothing to do
    t[0, 0] = 7  # an ordinary tensor otherwise
    assert (t + 1)[0, 0].item() == 8
    assert t.numpy()[0, 0] == 7
    assert not t.clone().is_shared()
    w = tenon.ones(2, requires_grad=True).share_memory_()
    assert w.is_leaf and w.requires_grad
    (w * 3).sum().backward()
    assert w.grad.tolist() == [3.0, 3.0]
    assert tenon.zeros(0).share_memory_().is_shared()


def test_strides_survive():
    t = tenon.arange(6).reshape(2, 3).T.clone()
    t.t_()
    before = t.tolist()
    t.share_memory_()
    assert t.tolist() == before


def test_what_others_see_is_not_moved():
    t = tenon.ones(3)
    array = t.numpy()
    with pytest.raises(BufferError, match=r"share_memory_: .*1 view"):
        t.share_memory_()
    del array
    view = t[1:]
    with pytest.raises(BufferError, match=r"share_memory_: other tensors.* need the same storage"):
        t.share_memory_()
    assert not t.is_shared()
    del view
    lent = tenon.from_numpy(np.ones(3))
    with pytest.raises(RuntimeError, match="share_memory_: the storage borrows its bytes"):
        lent.share_memory_()
    assert lent.tolist() == [1, 1, 1] and t.share_memory_().is_shared()


def test_blocks_of_others_are_shared_memory():
    block = shared_memory.SharedMemory(create=True, size=64)
    try:
        t = tenon.frombuffer(block.buf, dtype=tenon.float32)
        assert t.is_shared() and t.share_memory_() is t
        del t
        gc.collect()
    finally:
        block.close()
        block.unlink()


def test_memory_and_descriptors_are_given_back():
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    tenon.ones(10).share_memory_()
    before = descriptors()
    for _ in range(20):
        t = tenon.ones(1000).share_memory_()
        assert descriptors() == before + 1
        del t
    assert descriptors() == before


def test_a_write_of_another_process_is_found():
    """Shared memory is guarded as borrowed memory is."""
    t = tenon.ones(3).share_memory_()
    w = tenon.ones(3, requires_grad=True)
    y = (w * t).sum()
    pid = os.fork()
    if pid == 0:
        t[0] = 99.0
        os._exit(0)
    os.waitpid(pid, 0)
    assert t[0].item() == 99.0
    with pytest.raises(RuntimeError, match="changed from outside"):
        y.backward()


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=pytest.mark.threads_after_fork)])
def test_between_processes(method):
    context = multiprocessing.get_context(method)
    tensor = tenon.zeros(2, 3).share_memory_()
    answer, back = context.Queue(), context.Queue()
    process = context.Process(target=_work, args=((tensor, tensor[1]), answer, back))
    process.start()
    try:
        assert answer.get(timeout=120) == [[0, 0, 0], [0, 0, 0]]
        assert answer.get(timeout=120) is True
        received = answer.get(timeout=120)  # made there, alive here
        assert received.tolist() == [3.0, 3.0] and received.is_shared()
        received[0] = 4.0
        back.put("written")
        assert answer.get(timeout=120) == [4.0, 3.0]
    finally:
        process.join(120)
    assert tensor.tolist() == [[100, 0, 0], [0, 200, 0]]


def _work(received, answer, back):
    tensor, row = received
    answer.put(tensor.tolist())
    tensor[0, 0] = 100.0
    row[1] = 200.0
    answer.put(tensor.is_shared())
    mine = tenon.full((2,), 3.0).share_memory_()
    answer.put(mine)
    back.get(timeout=120)
    answer.put(mine.tolist())


def test_a_plain_pickle_holds_the_elements():
    t = tenon.arange(4).share_memory_()
    r = pickle.loads(pickle.dumps(t))
    r[0] = 9
    assert not r.is_shared() and t[0].item() == 0


# ---- storages in one pickle, and in one deepcopy ----

SHARERS = {
    "itself": lambda t: t.detach(),
    "slice": lambda t: t[1:3],
    "transposed": lambda t: t.T,
    "backwards": lambda t: t[::-1],
    "other dtype": lambda t: t.view(tenon.int32),
}
TRIPS = {
    **{f"pickle {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(6)},
    "python pickle": lambda x: pickle._loads(pickle._dumps(x)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("view", SHARERS)
@pytest.mark.parametrize("first", [True, False])
def test_sharing_survives(trip, view, first):
    t = tenon.arange(12.0, dtype=tenon.float32).reshape(4, 3)
    v = SHARERS[view](t)
    a, b = TRIPS[trip]([t, v] if first else [v, t])
    a, b = (a, b) if first else (b, a)
    assert a.tolist() == t.tolist() and b.tolist() == v.tolist() and b.dtype is v.dtype
    assert a.stride() == t.stride() and b.stride() == v.stride()
    a.fill_(5)
    assert b.tolist() == SHARERS[view](a).tolist()  # the write shows on the other
    assert b._version == a._version  # one storage: backward sees such writes, too
    assert t[0, 1].item() == 1  # and the originals are apart


@pytest.mark.parametrize("trip", TRIPS)
def test_lone_views_travel_alone(trip):
    """Nobody else holds the big storage: it is not sent."""
    v = tenon.zeros(100_000)[5:8]
    assert TRIPS[trip](v).tolist() == [0, 0, 0]
    assert len(pickle.dumps(v)) < 500


def test_gradients_and_structure_survive():
    w = tenon.ones(3, requires_grad=True)
    d = w.detach()
    model = {"weights": [w, d, w], "step": 3}
    for trip in TRIPS.values():
        got = trip(model)
        a, b, c = got["weights"]
        assert a is c and a.requires_grad and a.is_leaf and not b.requires_grad
        b[0] = 5.0
        assert a[0].item() == 5.0


def test_out_of_band_sends_one_buffer():
    t = tenon.arange(1000)
    buffers = []
    data = pickle.dumps([t, t[::2], t[10:20]], 5, buffer_callback=buffers.append)
    assert len(buffers) == 1 and len(data) < 1000
    a, b, c = pickle.loads(data, buffers=buffers)
    a[10] = -1
    assert b[5].item() == -1 and c[0].item() == -1 and t[10].item() == -1


def test_copies_of_read_only_tensors_can_be_written():
    array = np.arange(4)
    array.flags.writeable = False
    t = tenon.from_numpy(array)
    for trip in (TRIPS["pickle 5"], TRIPS["pickle 2"], copy.deepcopy):
        a, b = trip([t, t[1:]])
        b[0] = 7
        assert a[1].item() == 7 and array[1] == 1


def test_mapped_files_are_not_pickled_whole(tmp_path):
    tenon.save_safetensors(tmp_path / "x", {"a": tenon.zeros(100_000), "b": tenon.ones(2)})
    b = tenon.load_safetensors(tmp_path / "x")[0]["b"]
    assert len(pickle.dumps([b, b[:1]])) < 1000
    assert copy.deepcopy([b, b[:1]])[1].tolist() == [1.0]


def test_between_processes_a_view_sends_its_elements():
    big = tenon.zeros(100_000)
    assert len(bytes(ForkingPickler.dumps([big[:2], big[5]]))) < 2000


def test_the_size_of_shared_memory_is_sealed() -> None:
    """A process that cuts it short would end those that have it mapped."""
    t = tenon.ones(5000).share_memory_()
    descriptor = tenon._C._shared_descriptor(t)
    for size in (0, 100, 10**6):
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, size)


def test_without_descriptors_the_error_says_so() -> None:
    code = """
import resource, tenon
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
kept = []
try:
    while True:
        kept.append(tenon.ones(1 << 18).share_memory_())
except OSError as e:
    print(type(e).__name__, e.errno, len(kept), e)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    name, number, count, *message = out.split()
    assert (name, int(number)) == ("OSError", errno.EMFILE) and 30 < int(count) < 50
    assert "descriptor" in " ".join(message)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b", "a\0b", None, 3])
def test_blocks_are_named_by_files_of_dev_shm(name: object) -> None:
    with pytest.raises(ValueError, match="expected the name of a shared-memory block"):
        tenon._pickle.attach(name, 0, "uint8", ((4,), (1,), 0, 4), True, False)


@pytest.mark.parametrize("number", [-1, 2**31, 2**32 + 3, 2**63 - 1])
def test_descriptors_have_a_range(number: int) -> None:
    with pytest.raises(ValueError, match="no descriptor"):
        tenon._C._attach_shared(number)


def test_descriptors_of_others_are_left_alone(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    with path.open("r+b") as f:
        with pytest.raises(ValueError, match="no shared memory of a tensor's"):
            tenon._C._attach_shared(f.fileno())
        os.fstat(f.fileno())  # still open
    with pytest.raises(OSError, match="Bad file descriptor"):
        tenon._C._attach_shared(1000)

    class Fake:
        def detach(self) -> int:
            return 1

    with pytest.raises(TypeError, match="expected a descriptor of multiprocessing's"):
        tenon._pickle.attach_descriptor(Fake())
    with pytest.raises(TypeError, match="makes no tensors"):
        tenon._pickle.as_subclass(tenon.Tensor, os.getcwd, (), False)


def test_an_attached_descriptor_stays_the_callers() -> None:
    t = tenon.arange(5).share_memory_()
    descriptor = tenon._C._shared_descriptor(t)
    whole = tenon._C._attach_shared(descriptor)
    os.fstat(descriptor)
    again = whole[tenon._C._shared_offset(t) :][: t.nbytes].view(tenon.int64)
    again[2] = 7
    assert t.tolist() == [0, 1, 7, 3, 4]


# ---- files that small tensors share ----

FEW = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"


def test_thousands_of_small_tensors_need_few_descriptors() -> None:
    code = """
import os, tenon
def descriptors(): return len(os.listdir("/proc/self/fd"))
before = descriptors()
kept = [tenon.full((i % 300,), float(i)).share_memory_() for i in range(5000)]
assert descriptors() - before < 5, descriptors()
for i, t in enumerate(kept):
    assert t.is_shared() and t.tolist() == [i] * (i % 300)
    t.fill_(-i)
assert all(t.tolist() == [-i] * (i % 300) for i, t in enumerate(kept))
del kept[1:]
kept.clear(); del t
assert descriptors() == before
print("done")
"""
    assert run_python(FEW + code) == "done\n"


def test_large_tensors_have_a_file_each() -> None:
    small = [tenon.ones(10).share_memory_() for _ in range(2)]
    large = [tenon.ones(1 << 18).share_memory_() for _ in range(2)]
    descriptors = [tenon._C._shared_descriptor(t) for t in small + large]
    assert descriptors[0] == descriptors[1] and len({*descriptors}) == 3
    assert [tenon._C._shared_offset(t) for t in large] == [0, 0]


def test_writes_to_a_neighbour_in_the_file_do_not_count() -> None:
    a, b = tenon.ones(3).share_memory_(), tenon.ones(3).share_memory_()
    w = tenon.ones(3, requires_grad=True)
    y = (w * a).sum()
    version = a._version
    b.fill_(9)
    assert a._version == version
    y.backward()
    assert w.grad.tolist() == [1, 1, 1]


QUEUE = """
import gc, multiprocessing, os, queue
import tenon
def take(tensors, answers):
    total = 0.0
    received = []
    for _ in range(5000):
        t = tensors.get(timeout=100)
        received.append(t)
        total += t.sum().item()
        t.add_(1)
    few = len(os.listdir("/proc/self/fd")) < 60
    del t
    batch = tensors.get(timeout=100)
    same = all(a.tolist() == b.tolist() for a, b in zip(batch, received))
    batch[0][0] = -7.0
    seen = received[0][0].item() == -7.0
    answers.put((total, few, same, seen, len(batch)))
if __name__ == "__main__":
    context = multiprocessing.get_context("METHOD")
    tensors, answers = context.Queue(), context.Queue()
    mine = [tenon.full((3,), float(i)).share_memory_() for i in range(5000)]
    process = context.Process(target=take, args=(tensors, answers))
    process.start()
    for t in mine: tensors.put(t)   # nobody waits: all may be under way at once
    tensors.put(mine)
    total, *right = answers.get(timeout=200)
    process.join(100)
    assert total == 3 * sum(range(5000)) and right == [True, True, True, 5000], (total, right)
    assert mine[1].tolist() == [2, 2, 2] and mine[0].tolist() == [-7, 1, 1]
    print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=pytest.mark.threads_after_fork)])
def test_thousands_of_small_tensors_travel_through_a_queue(method: str, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"  # that a spawned process can import
    program.write_text(FEW + QUEUE.replace("METHOD", method))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=400, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-3000:]


def test_a_forked_process_uses_other_bytes_of_the_files() -> None:
    """Both go on to share tensors: neither may be given what the other has."""
    mine = tenon.ones(4).share_memory_()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        others = [tenon.full((4,), 5.0).share_memory_() for _ in range(100)]
        mine[0] = 3.0  # shared since before
        os.write(writer, b"x")
        os._exit(0 if all(t.tolist() == [5.0] * 4 for t in others) else 1)
    ours = [tenon.full((4,), 7.0).share_memory_() for _ in range(100)]
    os.read(reader, 1)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    assert mine.tolist() == [3, 1, 1, 1] and all(t.tolist() == [7.0] * 4 for t in ours)
    for end in (reader, writer):
        os.close(end)


def test_tensors_live_on_in_a_forked_process() -> None:
    """The parent lets go of the file; the child still has it."""
    t = tenon.ones(4).share_memory_()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(reader, 1)  # until the parent has let go
        os._exit(0 if t.tolist() == [1.0] * 4 else 1)
    del t
    gc.collect()
    os.write(writer, b"x")
    _, status = os.waitpid(pid, 0)
    assert status == 0
    for end in (reader, writer):
        os.close(end)


def test_parts_lie_in_the_file() -> None:
    t = tenon.arange(5).share_memory_()
    offset = tenon._C._shared_offset(t)
    part = tenon._pickle.part_of(t, offset, t.nbytes)
    part.view(tenon.int64)[1] = 8
    assert t.tolist() == [0, 8, 2, 3, 4]
    for where, size in [
        (-1, 8),
        (0, 0),
        (0, -8),
        (0, 2**40),
        (2**62, 2**62),
        (2**63 - 1, 1),
        (offset, 2**63 - 1),
    ]:
        with pytest.raises(ValueError, match="do not lie in the memory's"):
            tenon._pickle.part_of(t, where, size)
    with pytest.raises(ValueError, match="no shared memory"):
        tenon._pickle.part_of(tenon.ones(3), 0, 4)
