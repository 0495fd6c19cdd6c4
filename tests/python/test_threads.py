"""Tensors shared between threads: operations, crossings, deleters, and the GIL, which long work releases."""

import contextlib
import pickle
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tenon
from support import FREE_THREADED, collect, run_python

pytestmark = pytest.mark.border

THREADS = 8


def in_threads(work: Callable[[int], None], count: int = THREADS) -> None:
    """Runs work(i) in many threads that start together; the first error is raised here."""
    start = threading.Barrier(count)

    def run(i: int) -> None:
        start.wait()
        work(i)

    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(run, i) for i in range(count)]:
            done.result(timeout=60)


@pytest.fixture(autouse=True)
def switch_often():
    """Threads change places a thousand times more often than usual."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(interval)


def test_operations_on_shared_tensors() -> None:
    array = np.random.default_rng(0).normal(size=(64, 65))
    shared = tenon.from_numpy(array)
    expected = np.exp(array.T[::-1]) + array.T

    def work(_: int) -> None:
        for _ in range(100):
            result = shared.T.numpy()[::-1]
            result = tenon.exp(tenon.from_numpy(result)) + shared.T
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)

    in_threads(work)


def test_parallel_operations_from_many_threads() -> None:
    """Operations large enough for the pool, started by several threads at once."""
    array = np.arange(300_000.0)
    shared = tenon.from_numpy(array)

    def work(i: int) -> None:
        for k in range(10):
            result = shared * (i + 1) + k
            assert result[-1].item() == array[-1] * (i + 1) + k
            assert result.sum().item() == pytest.approx(array.sum() * (i + 1) + k * len(array), rel=1e-12)

    in_threads(work)


def test_writes_to_disjoint_parts() -> None:
    array = np.zeros((THREADS, 10_000))
    shared = tenon.from_numpy(array)

    def work(i: int) -> None:
        row = shared[i]
        for _ in range(50):
            row += 1
            row.numpy()[...] += 1

    in_threads(work)
    assert (array == 100).all()


def test_exports_are_counted_across_threads() -> None:
    t = tenon.from_numpy(np.arange(10.0)).clone()

    def work(_: int) -> None:
        for _ in range(1000):
            first, second = t.numpy(), memoryview(t)
            assert first[3] == 3.0
            del first, second

    in_threads(work)
    assert t._exports == 0


def test_gradients_in_many_threads() -> None:
    """Each thread has its own graph over shared leaves that do not require grad."""
    array = np.linspace(0.1, 1, 1000)
    shared = tenon.from_numpy(array)

    def work(i: int) -> None:
        for _ in range(20):
            w = tenon.from_numpy(np.full(1000, float(i))).requires_grad_()
            (tenon.sin(w * shared) * shared).sum().backward()
            np.testing.assert_allclose(w.grad.numpy(), np.cos(i * array) * array**2, rtol=1e-9, atol=1e-12)

    in_threads(work)


def test_accumulation_into_one_leaf_is_not_lost() -> None:
    """Nobody has to take a lock, while others read the gradient, either."""
    leaf = tenon.from_numpy(np.zeros(1000)).requires_grad_()

    def work(_: int) -> None:
        for _ in range(50):
            (leaf * 2).sum().backward()
            assert leaf.grad.shape == (1000,)

    in_threads(work)
    assert (leaf.grad.numpy() == 2 * 50 * THREADS).all()


def test_gradient_mode_is_per_thread() -> None:
    seen = {}
    with tenon.no_grad():
        thread = threading.Thread(target=lambda: seen.update(grad=tenon.is_grad_enabled()))
        thread.start()
        thread.join()
        assert not tenon.is_grad_enabled()
    assert seen == {"grad": True}


def test_tensors_die_in_other_threads() -> None:
    """The array behind a tensor is released by whichever thread drops the last view."""
    owners, tensors = [], []
    for i in range(200):
        array = np.full(100, float(i))
        owners.append(weakref.ref(array))
        tensors.append(tenon.from_numpy(array)[1:])
    del array

    def work(i: int) -> None:
        for _ in range(len(tensors)):
            try:
                t = tensors.pop()
            except IndexError:
                return
            assert t[0].item() == t[-1].item()

    in_threads(work)
    collect()
    assert not any(owner() is not None for owner in owners)


def test_deleters_run_without_the_gil() -> None:
    """backward() of a large graph runs without the GIL and frees what it saved: references are queued."""
    owners = []

    def work(i: int) -> None:
        for _ in range(10):
            array = np.full(100_000, float(i))
            owners.append(weakref.ref(array))
            w = tenon.from_numpy(np.ones(100_000)).requires_grad_()
            loss = (w * tenon.from_numpy(array)).sum()
            del array
            loss.backward()
            assert w.grad[0].item() == i

    in_threads(work, 4)
    collect()
    assert len(owners) == 40
    assert not any(owner() is not None for owner in owners)


@contextlib.contextmanager
def counting() -> Iterator[Callable[[], int]]:
    """A thread that counts whenever it gets the GIL, while no thread is made to give the GIL away."""
    counted, done = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0)  # gives the GIL away and needs it back

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield lambda: counted
    finally:
        done.set()
        sys.setswitchinterval(interval)
        thread.join()


@pytest.mark.parametrize(
    "work",
    [
        lambda t: tenon.erf(t),
        lambda t: t.sum(),
        lambda t: t.T.clone(),
        lambda t: t @ t,
    ],
    ids=["elementwise", "sum", "copy", "matmul"],
)
def test_long_work_releases_the_gil(work) -> None:
    t = tenon.from_numpy(np.random.default_rng(0).normal(size=(1500, 1500)))
    assert_gil_is_released(lambda: work(t))


def assert_gil_is_released(work: Callable[[], object]) -> None:
    with counting() as counted:
        for _ in range(200):  # a busy machine may stop the other thread for as long as the work takes
            before = counted()
            work()
            if counted() > before:
                return
    raise AssertionError("no other thread ran during the work")


LARGE = np.ones((1500, 1500))
COLUMN = tenon.ones(10_000, 1)
LONG = {
    "arange": lambda: tenon.arange(2_000_000),
    "linspace": lambda: tenon.linspace(0, 1, 2_000_000),
    "logspace": lambda: tenon.logspace(0, 1, 500_000),
    "eye": lambda: tenon.eye(1500),
    "randperm": lambda: tenon.randperm(500_000),
    "outer": lambda: tenon.outer(COLUMN[:1500, 0], COLUMN[:1500, 0]),
    "tile": lambda: COLUMN.tile(1, 200),
    "repeat": lambda: COLUMN.repeat(1, 200),
    "broadcasting": lambda: COLUMN + tenon.ones(200),
    "tensor of an array": lambda: tenon.tensor(LARGE),
    "tensor of a strided array": lambda: tenon.tensor(LARGE[::-2]),
    "tensor of arrays": lambda: tenon.tensor([LARGE, LARGE]),
    "tensor of small arrays": lambda: tenon.tensor([LARGE[0]] * 1000),
    "tensor of lists of arrays": lambda: tenon.tensor([[LARGE], [LARGE]]),
    "asarray of another dtype": lambda: tenon.asarray(LARGE, dtype=tenon.float32),
    "from_dlpack": lambda: tenon.from_dlpack(LARGE, copy=True),
    "tobytes": lambda: tenon.from_numpy(LARGE).tobytes(),
    "tobytes of strides": lambda: tenon.from_numpy(LARGE).tobytes("F"),
    "pickle of strides": lambda: pickle.dumps(tenon.from_numpy(LARGE).T, 5, buffer_callback=lambda _: False),
}


@pytest.mark.parametrize("work", LONG.values(), ids=LONG)
def test_work_whose_length_the_arguments_hide_releases_the_gil(work) -> None:
    assert_gil_is_released(work)


@pytest.mark.skipif(FREE_THREADED, reason="there is no GIL to keep")
def test_short_work_keeps_the_gil() -> None:
    t = tenon.from_numpy(np.ones(100))
    with counting() as counted:
        before = counted()
        for _ in range(20_000):
            tenon.erf(t)
        assert counted() == before


def test_the_number_of_threads_changes_no_result() -> None:
    t = tenon.from_numpy(np.random.default_rng(0).normal(size=1_000_003))
    before = tenon.get_num_threads()
    try:
        results = []
        for n in (1, 2, 5):
            tenon.set_num_threads(n)
            assert tenon.get_num_threads() == n
            results.append((t.sum().item(), tenon.exp(t).numpy().tobytes()))
    finally:
        tenon.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_no_random_number_is_drawn_twice() -> None:
    drawn: list[np.ndarray] = []
    in_threads(lambda _: drawn.extend(tenon.randint(0, 2**62, (1000,)).numpy() for _ in range(50)))
    assert np.unique(np.concatenate(drawn)).size == 1000 * 50 * THREADS


@pytest.mark.races
def test_references_are_counted_under_the_gil() -> None:
    """In-place work without the GIL returns its tensor, and backward() None: with the GIL."""
    t = tenon.ones(30_000)
    w = tenon.ones(2, requires_grad=True)
    index = tenon.zeros(30_000, dtype=tenon.int64)
    before = sys.getrefcount(t)

    def work(_: int) -> None:
        for _ in range(100):
            t.add_(0)
            t.clip_(0, 1)
            t.random_(0, 2)
            t.scatter_(0, index, 1.0)
            tenon.add(t, 0, out=t)
            tenon.autograd.backward([(w * 2).sum()])

    in_threads(work)
    assert sys.getrefcount(t) == before


@pytest.mark.races
def test_memory_in_use_is_not_moved() -> None:
    """resize_() meets operations of another thread: it refuses, or it runs between them."""
    t = tenon.ones(100_000)
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            t.exp()

    thread = threading.Thread(target=compute)
    thread.start()
    refused = 0
    for i in range(300):
        try:
            t.resize_((100_000 + i,))
        except BufferError:
            refused += 1
    done.set()
    thread.join()
    assert t.numel() >= 100_000 and refused < 301


def test_first_calls_of_many_threads_do_not_wait_for_each_other() -> None:
    """What is looked up at a first call is imported; whoever waits for it must not have the GIL."""
    program = """
    import faulthandler, sys, threading
    faulthandler.dump_traceback_later(40, exit=True)
    import numpy as np, tenon
    t = tenon.ones(3)
    calls = [np.spacing, np.sinc, np.sin, lambda t: np.add(t, t), np.flip, np.linalg.norm, np.asarray,
             np.add.reduce, lambda t: np.multiply.outer(t, t), tenon.explain, lambda t: tenon.rand(2)]
    sys.setswitchinterval(1e-6)
    start = threading.Barrier(4 * len(calls))
    def run(call):
        start.wait()
        call(t)
    threads = [threading.Thread(target=run, args=(c,)) for c in calls * 4]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("done")
    """
    for _ in range(2):
        assert run_python(program).strip() == "done"


def test_recorded_gradients_do_not_wait_for_their_readers() -> None:
    """A sum of gradients with a graph of its own may run Python code; nobody who has the GIL waits for it."""
    program = """
    import faulthandler, sys, threading
    faulthandler.dump_traceback_later(40, exit=True)
    import tenon
    sys.setswitchinterval(1e-6)
    leaf = tenon.ones(50_000, requires_grad=True)
    kept = leaf * 1
    kept.retain_grad()
    done = threading.Event()
    def read():
        while not done.is_set():
            leaf.grad, kept.grad
    def hooks():
        return tenon.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t)
    def run():
        for _ in range(60):
            with tenon.autograd.detect_anomaly(), hooks():
                (leaf * leaf).sum().backward(create_graph=True)
                (kept * kept).sum().backward(create_graph=True)
    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=run) for _ in range(3)]
    for thread in readers + writers: thread.start()
    for thread in writers: thread.join()
    done.set()
    for thread in readers: thread.join()
    print(leaf.grad.sum().item(), kept.grad.sum().item())
    """
    # 180 times 2 from its own square, and from that of what is kept.
    assert [float(n) for n in run_python(program).split()] == [50_000 * 180 * 4, 50_000 * 180 * 2]


@pytest.mark.races
def test_random_numbers_end_beside_writes_to_their_parameters() -> None:
    """What was checked is what is read: rejection would never end for a NaN that NumPy writes in between."""
    program = """
    import faulthandler, threading, time
    faulthandler.dump_traceback_later(40, exit=True)
    import numpy as np, tenon
    a = np.full(300_000, 50.0)
    bad, good, done = np.full_like(a, np.nan), a.copy(), threading.Event()
    part = tenon.from_numpy(a)[:20_000]
    def write():
        while not done.is_set():
            np.copyto(a, bad)
            np.copyto(a, good)
            time.sleep(0)
    writer = threading.Thread(target=write)
    writer.start()
    end = time.time() + 4
    while time.time() < end:
        for draw in (tenon.poisson, lambda t: tenon.binomial(t, tenon.full_like(t, 0.5))):
            try:
                draw(part)
            except ValueError:
                pass
    done.set()
    writer.join()
    print("done")
    """
    assert run_python(program).strip() == "done"
