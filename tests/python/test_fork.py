"""After fork() the child has none of the parent's threads: no operation may wait for them."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import tenon
from support import run_python

pytestmark = [
    pytest.mark.border,
    pytest.mark.threads_after_fork,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]

LARGE = 2_000_000  # elements: enough for every parallel path


def in_child(work: Callable[[], None], seconds: float = 30) -> None:
    """Runs work in a forked child; fails if it raises, dies or hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, f"the child ended with status {status}"
            return
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("the child hangs")


def warm_pool() -> tenon.Tensor:
    """A tensor, after an operation that has started the threads of the pool."""
    t = tenon.from_numpy(np.ones(LARGE))
    (t * 2 + 1).sum()
    return t


def test_operations_work_in_the_child() -> None:
    t = warm_pool()

    def work() -> None:
        assert (t * 2 + 1).sum().item() == 3 * LARGE
        assert tenon.exp(t)[0].item() == pytest.approx(np.e)
        m = t[:250_000].reshape((500, 500))
        assert (m @ m)[0, 0].item() == 500
        t.clone().add_(1)

    in_child(work)
    assert (t * 2).sum().item() == 2 * LARGE  # and the parent's pool still does


def test_gradients_work_in_the_child() -> None:
    t = warm_pool()
    w = tenon.from_numpy(np.ones(LARGE)).requires_grad_()
    (w * t).sum().backward()
    w.grad = None

    def work() -> None:
        (w * t).sum().backward()
        assert w.grad[-1].item() == 1.0

    in_child(work)


def test_a_fork_while_the_pool_is_at_work() -> None:
    """The child is forked in the middle of parallel work of another thread, many times."""
    t = warm_pool()
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            (t * 2).sum()

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            time.sleep(0.01)
            in_child(lambda: None if (t + 1).sum().item() == 2 * LARGE else os._exit(2))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_forks_while_threads_add_gradients() -> None:
    """They hold a gradient's mutex and wait for the memory's; a fork takes both, in the same order."""
    run_python(
        """
        import faulthandler, os, threading
        import tenon
        faulthandler.dump_traceback_later(50, exit=True)
        small = tenon.ones(2, requires_grad=True)  # its gradient is used before the cache of large blocks is
        small.sum().backward()
        stop = False
        def train():
            while not stop:
                w = tenon.ones(200_000, requires_grad=True)
                for _ in range(20):
                    w.grad = None
                    w.sum().backward()
        threads = [threading.Thread(target=train) for _ in range(3)]
        for t in threads: t.start()
        for _ in range(400):
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        stop = True
        for t in threads: t.join()
        """,
        PYTHONWARNINGS="ignore",
    )


def test_memory_in_the_child_is_its_own() -> None:
    array = np.zeros(LARGE)
    t = tenon.from_numpy(array)

    def work() -> None:
        t.add_(1)
        assert array[0] == array[-1] == 1.0

    in_child(work)
    assert array[0] == array[-1] == 0.0


def test_a_fork_before_the_first_operation() -> None:
    """A fresh interpreter forks first and computes afterwards, as the workers of a data loader do."""

    run_python(
        """
        import os
        import numpy as np
        import tenon
        t = tenon.from_numpy(np.ones(2_000_000))
        children = []
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                os._exit(0 if (t * 2).sum().item() == 4_000_000 else 1)
            children.append(pid)
        assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
        assert (t * 2).sum().item() == 4_000_000
        """
    )


def test_multiprocessing_with_fork() -> None:
    import multiprocessing

    t = warm_pool()
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with context.Pool(2) as pool:
            sums = pool.map_async(total, [1.0, 2.0, 3.0, 4.0]).get(timeout=60)
    assert sums == [LARGE * x for x in (1.0, 2.0, 3.0, 4.0)]
    assert t[0].item() == 1.0


def total(factor: float) -> float:
    """For the pool's workers: a sum that takes the parallel path."""
    return (tenon.from_numpy(np.ones(LARGE)) * factor).sum().item()
