"""Threads over small tensors, which nothing but the GIL would guard: what holds with it holds without it."""

import contextlib
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
import tenon
from support import FREE_THREADED, PACKAGE, run_python

pytestmark = [pytest.mark.border, pytest.mark.races]

ROUNDS = 2000 if FREE_THREADED else 300
ERRORS = (BufferError, RuntimeError, ValueError, IndexError, TypeError, AttributeError)


@contextlib.contextmanager
def beside(work: Callable[[], object], threads: int = 2):
    """Other threads do work over and over; an error of theirs that is not among ERRORS is raised here."""
    done = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        while not done.is_set():
            try:
                work()
            except ERRORS:
                pass
            except BaseException as e:
                failed.append(e)
                return

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    others = [threading.Thread(target=run) for _ in range(threads)]
    for thread in others:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in others:
            thread.join()
        sys.setswitchinterval(interval)
    assert not failed, failed


@pytest.mark.skipif(not FREE_THREADED, reason="needs an interpreter that can do without the GIL")
def test_the_import_leaves_the_gil_off() -> None:
    program = "import sys, numpy, tenon, tenon.nn, tenon.optim; print(sys._is_gil_enabled())"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHON_GIL"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_one_object_stands_for_a_tensor_in_all_threads() -> None:
    """Objects are made and die in several threads at once; of those that live at one time there is one."""
    w = tenon.ones(3, requires_grad=True)
    (w * w).sum().backward()
    y = w * 2
    start = threading.Barrier(4)
    found: list[list[tuple[object, object]]] = [[] for _ in range(4)]

    def take(mine: list[tuple[object, object]]) -> None:
        for _ in range(ROUNDS // 10):
            start.wait()
            mine.append((w.grad, y.grad_fn))
            start.wait()
            if mine is found[0]:
                for gradients in ({id(a[-1][0]) for a in found}, {id(a[-1][1]) for a in found}):
                    assert len(gradients) == 1
            start.wait()
            mine.clear()

    threads = [threading.Thread(target=take, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(not mine for mine in found)
    with beside(lambda: (w.grad, y.grad_fn, y.grad_fn.next_functions)):
        for _ in range(ROUNDS):
            _ = w.grad, y.grad_fn, y.grad_fn.next_functions
    assert w.grad is w.grad and w.grad.tolist() == [2, 2, 2]


@pytest.mark.parametrize("change", ["t_", "unsqueeze_", "resize_", "data"])
def test_a_geometry_is_the_old_or_the_new_one(change: str) -> None:
    m = tenon.tensor([[1.0, 2, 3], [4, 5, 6]])
    other = tenon.arange(20.0).reshape(4, 5)
    rows = [[1.0, 2, 3], [4, 5, 6]]
    columns = [[1.0, 4], [2, 5], [3, 6]]
    changes: dict[str, tuple[Callable[[], object], list[object]]] = {
        "t_": (lambda: m.t_(), [rows, columns]),
        "unsqueeze_": (lambda: m.unsqueeze_(0) if m.ndim == 2 else m.squeeze_(0), [rows, [rows]]),
        # Other threads' views keep the memory from being resized, most of the time.
        "resize_": (lambda: m.resize_(2, 2).resize_(2, 3), []),
        "data": (lambda: setattr(m, "data", other if m.shape == (2, 3) else tenon.tensor(rows)), []),
    }
    work, allowed = changes[change]
    shapes = {"t_": {(2, 3), (3, 2)}, "unsqueeze_": {(2, 3), (1, 2, 3)}}.get(change)
    with beside(work, threads=1):
        for _ in range(ROUNDS):
            seen = (m + 0).tolist()
            assert not allowed or seen in allowed
            assert shapes is None or m.shape in shapes
            a = m.numpy()
            assert not allowed or a.tolist() in allowed
            _ = repr(m), m.T.shape, m[0], m.reshape(-1).shape, tenon.stack([m, m]).shape, memoryview(m).nbytes


def test_lists_and_dicts_that_other_threads_change() -> None:
    rows: list[object] = []
    widths: dict[int, object] = {}
    t = tenon.ones(2, 2)

    def change() -> None:
        rows[:] = [1.5, 2.5, 3.5]
        rows[:] = [[1.5], [2.5]]
        rows.clear()
        rows.extend([tenon.ones(2), tenon.ones(2)])
        rows[:] = [np.ones(2), np.ones(2)]
        rows.clear()
        widths[0] = (1, 1)
        widths[1] = [2, 2]
        widths.clear()

    calls: list[Callable[[], object]] = [
        lambda: tenon.tensor(rows),
        lambda: tenon.stack(rows),
        lambda: tenon.zeros(rows),
        lambda: tenon.concatenate(rows),
        lambda: tenon.numpy.atleast_1d(*rows),
        lambda: tenon._foreach_add(rows, rows),
        lambda: tenon.einsum(t, rows, t, rows),
        lambda: tenon.numpy.pad(t, widths),
        lambda: tenon.numpy.select(rows, rows, 0),
        lambda: tenon.autograd.backward(rows, rows),
        lambda: t[rows],
        lambda: t.sum(dim=rows),
    ]
    with beside(change):
        for call in calls:
            for _ in range(ROUNDS // 10):
                with contextlib.suppress(*ERRORS):
                    call()


def test_steps_of_optimizers_share_a_state() -> None:
    parameters = [tenon.ones(3, requires_grad=True) for _ in range(3)]
    optimizers = [make(parameters) for make in (tenon.optim.Adam, tenon.optim.RMSprop, tenon.optim.Adagrad)]

    def step() -> None:
        for p in parameters:
            (p * p).sum().backward()
        for o in optimizers:
            o.step()
        for o in optimizers:
            o.state.clear()

    with beside(step):
        for _ in range(ROUNDS // 10):
            with contextlib.suppress(*ERRORS):
                step()
    assert all(p.shape == (3,) for p in parameters)


def test_hooks_and_notes_of_one_node() -> None:
    """A handle removes its hook once, whoever is first; a node has one dict of notes."""
    w = tenon.ones(2, requires_grad=True)
    called: list[int] = []
    for _ in range(ROUNDS // 10):
        y = w * 2
        handle = y.register_hook(lambda g: called.append(1))
        notes: list[object] = []
        start = threading.Barrier(3)

        def work(y=y, handle=handle, notes=notes, start=start) -> None:
            start.wait()
            handle.remove()
            notes.append(y.grad_fn.metadata)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(n) for n in notes}) == 1
        y.sum().backward()
    assert not called


def test_memory_crosses_in_many_threads() -> None:
    array = np.arange(6.0).reshape(2, 3)
    shared = tenon.from_numpy(array)

    def cross() -> None:
        assert tenon.from_numpy(shared.T.numpy()).shape == (3, 2)
        assert np.asarray(memoryview(shared[1:])).sum() == 12
        assert tenon.from_dlpack(shared).data_ptr() == array.ctypes.data
        assert tenon.from_numpy(np.ones(3)).sum().item() == 3
        assert np.add(shared, 1).sum() == 21

    with beside(cross, threads=4):
        for _ in range(ROUNDS // 3):
            cross()
    gc.collect()
    assert shared._exports == 0


def test_the_collector_runs_beside_other_threads() -> None:
    def graph() -> None:
        w = tenon.ones(3, requires_grad=True)
        y = w * 2
        held: list[object] = [y]
        y.register_hook(lambda g: held and None)
        y.sum().backward()

    with beside(graph), beside(lambda: tenon.ones(2, 3).t_(), threads=1):
        for _ in range(30):
            gc.collect()


def test_many_threads_import_and_call_at_once() -> None:
    """What is made at a first call is made once, and whoever waits for it lets others run."""
    program = """
    import faulthandler, threading
    faulthandler.dump_traceback_later(50, exit=True)
    import numpy as np, tenon
    t = tenon.ones(2, 3)
    calls = [lambda: np.add(t, t), lambda: tenon.from_dlpack(np.ones(2)), lambda: t.size, lambda: t.t_(),
             lambda: tenon.optim.SGD([t.detach().requires_grad_()], 0.1).step(), lambda: np.add.reduce(t),
             lambda: hash(tenon.float32), lambda: tenon.numpy.sin(t), lambda: np.asarray(t)]
    start = threading.Barrier(3 * len(calls))
    def run(call):
        start.wait()
        for _ in range(20):
            call()
    threads = [threading.Thread(target=run, args=(c,)) for c in calls * 3]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("done")
    """
    for _ in range(5 if FREE_THREADED else 1):
        assert run_python(program) == "done\n"
