"""What two threads may do to one tensor: races.py in a short form, and single cases."""

import contextlib
import gc
import os
import pathlib
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tenon

pytestmark = [pytest.mark.border, pytest.mark.races]

LARGE = 30_000  # elements: work on them goes on without the GIL


def races(*arguments: str) -> str:
    path = pathlib.Path(__file__).with_name("races.py")
    done = subprocess.run(
        [sys.executable, path, *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr[-5000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.threads_after_fork
def test_pairs_of_operations_crash_nothing() -> None:
    seed = str(int(time.time()) % 1000)  # another part each time; a failure names it
    assert "8000 pairings (seed" in races("--count", "8000", "--seed", seed)


@pytest.mark.slow
def test_a_seed_repeats_its_pairs() -> None:
    def shown(seed: str) -> list[str]:
        return races("--show", "--count", "1600", "--seed", seed).splitlines()[:-1]

    first = shown("7")
    assert len(first) == 100 and shown("7") == first
    assert not set(shown("8")) & set(first)


@contextlib.contextmanager
def beside(work):
    """Another thread does work over and over; its errors of the expected kinds do not matter."""
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            with contextlib.suppress(BufferError, RuntimeError, ValueError, IndexError):
                work()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)


def test_memory_of_any_size_can_be_moved_and_resized() -> None:
    """The question "am I alone?" does not count the asking call."""
    for n in (20_000, 20_001, 200_000):
        assert tenon.zeros(n).share_memory_().is_shared()
        assert tenon.zeros(n).resize_(n + 5).shape == (n + 5,)
        assert tenon.zeros(2, n).sum(0).resize_(3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("change", ["transpose_", "t_", "unsqueeze_", "squeeze_", "resize_"])
def test_geometry_changes_between_computations_alone(change: str) -> None:
    m = tenon.ones(150, 200)
    changes = {
        "transpose_": lambda: m.transpose_(0, 1),
        "t_": lambda: m.t_(),
        # One step at a time: where each second one was refused, the dimensions would pile up.
        "unsqueeze_": lambda: m.unsqueeze_(0) if m.ndim == 2 else m.squeeze_(0),
        "squeeze_": lambda: m.unsqueeze_(-1) if m.ndim == 2 else m.squeeze_(),
        "resize_": lambda: m.resize_((200, 150)).resize_((150, 200)),
    }
    refused = 0
    with beside(lambda: (m + m).sum()):
        for _ in range(2000):
            try:
                changes[change]()
            except BufferError as e:
                refused += "another thread" in str(e)
    assert sorted(n for n in m.shape if n > 1) == [150, 200] or refused
    assert m.numel() == LARGE


def test_indices_stay_while_they_are_read() -> None:
    x, index = tenon.rand(LARGE), tenon.zeros(LARGE, dtype=tenon.int64)
    with beside(lambda: x[index]):
        for _i in range(2000):
            with contextlib.suppress(BufferError):
                index.resize_((4,)).resize_((LARGE,)).zero_()


def test_what_a_call_holds_is_named_by_the_error() -> None:
    m, started = tenon.rand(1500, 1500), threading.Event()
    errors: list[str] = []

    def turn() -> None:
        started.wait()
        while not errors:
            try:
                m.t_()
            except BufferError as e:
                errors.append(str(e))

    thread = threading.Thread(target=turn)
    thread.start()
    started.set()
    while not errors:
        _ = m @ m
    thread.join()
    assert errors[0].startswith("t_: another thread computes with the tensor")


def test_two_threads_run_one_graph() -> None:
    """One works, the other hears that the graph has been freed."""
    for _ in range(100):
        w = tenon.ones(LARGE, requires_grad=True)
        y = w * w * w
        g = tenon.ones(LARGE)
        outcomes: list[str] = []

        def run(y=y, g=g, outcomes=outcomes) -> None:
            try:
                y.backward(g)
                outcomes.append("done")
            except RuntimeError as e:
                assert "freed" in str(e)
                outcomes.append("freed")

        threads = [threading.Thread(target=run) for _ in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert "done" in outcomes and len(outcomes) == 2


def test_what_a_leaf_requires_is_read_once() -> None:
    w = tenon.ones(LARGE, requires_grad=True)
    with beside(lambda: w.requires_grad_(not w.requires_grad)):
        for _ in range(1000):
            with contextlib.suppress(RuntimeError):
                (w * w).sum().backward()
            with contextlib.suppress(RuntimeError):
                tenon.addcmul(w, w, w).sum().backward()


def test_histories_change_while_they_are_read() -> None:
    """Writes in place to views of one base, and its graph."""
    for _ in range(50):
        w = tenon.ones(150, 200, requires_grad=True)
        h = w * 2

        def work(h=h) -> None:
            for _ in range(8):
                h[1:].mul_(1)
                _ = h * 2

        second = threading.Thread(target=work)
        second.start()
        for _ in range(8):
            h[:1].add_(1)
            h.mul_(1)
        second.join()
        h.sum().backward()
        assert w.grad.shape == w.shape


def test_a_gradient_keeps_its_shape_while_backward_adds_to_it() -> None:
    w = tenon.ones(150, 200, requires_grad=True)
    w.sum().backward()
    with beside(lambda: w.sum().backward()):
        for _ in range(500):
            with contextlib.suppress(BufferError, AttributeError):
                w.grad.t_()
            with contextlib.suppress(BufferError, AttributeError):
                w.grad.t_()
            w.grad = None


def test_a_leaf_that_a_graph_needs_keeps_its_shape() -> None:
    w = tenon.ones(2, 3, requires_grad=True)
    y = w * w
    with tenon.no_grad(), pytest.raises(BufferError, match="backward"):
        w.t_()
    with pytest.raises(BufferError, match="backward"):
        w.share_memory_()
    y.sum().backward()
    del y
    with tenon.no_grad():
        assert w.t_().shape == (3, 2)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_repeats_are_read_once(dtype: str) -> None:
    x, repeats = tenon.rand(LARGE), np.ones(LARGE, dtype)
    shared = tenon.from_numpy(repeats)
    high = np.full(LARGE, 9, dtype)

    def write() -> None:
        repeats[:] = high
        repeats[:] = 1

    with beside(write):
        for _ in range(200):
            assert LARGE <= x.repeat_interleave(shared).numel() <= 9 * LARGE


def test_values_that_change_while_they_are_counted() -> None:
    """Sizes and bounds that depend on values: the results may be either's, but lie within memory."""
    a = np.zeros(LARGE, np.int64)
    t, z = tenon.from_numpy(a), tenon.from_numpy(np.zeros(LARGE, complex))
    other = np.random.default_rng(0).integers(0, 1000, LARGE)

    def write() -> None:
        a[:] = other
        z.numpy()[:] = other
        a[:] = 0
        z.numpy()[:] = 0

    calls = [
        lambda: tenon.bincount(t),
        lambda: tenon.unique(t, return_inverse=True, return_counts=True),
        lambda: tenon.nonzero(t),
        lambda: tenon.masked_select(t, t > 0),
        lambda: t[t.bool()],
        lambda: tenon.argsort(z),
        lambda: tenon.sort(z),
        lambda: tenon.histogram(t.double(), 10),
        lambda: tenon.searchsorted(t, t),
        lambda: tenon.kthvalue(t, 5) if hasattr(tenon, "kthvalue") else tenon.median(t),
        lambda: tenon.multinomial(t.double() + 1, 10),
        lambda: tenon.numpy.digitize(t, tenon.arange(1000)),
        lambda: tenon.take(tenon.arange(1000), t),
    ]
    with beside(write):
        for call in calls:
            for _ in range(30):
                with contextlib.suppress(IndexError, ValueError):
                    call()


def test_a_list_that_changes_during_a_call() -> None:
    """What a list holds stays alive although the list is emptied."""
    x = tenon.rand(150, 200)
    choices: list[tenon.Tensor] = []
    conditions = [x > 0.5, x > 0.2]

    def refill() -> None:
        choices[:] = [tenon.rand(150, 200), tenon.rand(150, 200)]
        choices.clear()

    with beside(refill):
        for _ in range(1000):
            with contextlib.suppress(ValueError, IndexError, RuntimeError, TypeError):
                tenon.numpy.select(conditions, choices, 0.0)
            with contextlib.suppress(ValueError, IndexError, RuntimeError, TypeError):
                tenon.gradient(x, choices)


def test_the_collector_walks_graphs_that_another_thread_frees() -> None:
    """A tensor shows the collector what the hooks of its graph hold."""
    graphs: list[list[object]] = []

    def build() -> None:
        w = tenon.ones(64, requires_grad=True)
        y = w
        for _ in range(200):
            y = y * w
            held: list[object] = [y]
            y.register_hook(lambda g, held=held: g)
            held.append(held)  # a cycle through the graph
        graphs.append([y])

    gc.freeze()  # each hook waits for a whole collection, which takes long with the objects of all tests
    try:
        for _ in range(30):
            build()
            with beside(gc.collect):
                y = graphs.pop().pop()
                y.sum().backward()
                del y
        gc.collect()
    finally:
        gc.unfreeze()


def test_what_a_context_saved_is_read_while_the_graph_is_freed() -> None:
    contexts = []

    class Square(tenon.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            contexts.append(ctx)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x * 2

    w = tenon.ones(LARGE, requires_grad=True)
    freed = 0
    for _ in range(300):
        y = Square.apply(w)
        context = contexts.pop()
        with beside(lambda context=context: context.saved_tensors):
            y.sum().backward()
            try:
                assert context.saved_tensors[0].shape == (LARGE,)
            except RuntimeError as e:
                freed += "freed" in str(e)
    assert freed == 300


QUESTIONS = {
    "unique": lambda w: tenon.unique(w),
    "sort": lambda w: tenon.sort(w).values,
    "prod": lambda w: tenon.prod(w, dtype=tenon.float64),
    "cumprod": lambda w: tenon.cumprod(w, 0, dtype=tenon.float64),
    "max": lambda w: tenon.amax(w),
    "var": lambda w: tenon.var(w),
    "norm": lambda w: tenon.norm(w),
    "softmax": lambda w: tenon.softmax(w, 0),
    "quantile": lambda w: tenon.quantile(w, 0.3),
    "median": lambda w: tenon.median(w),
    "gelu": lambda w: tenon.gelu(w),
}


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_whether_a_gradient_flows_is_asked_once(name: str, dtype: str) -> None:
    """The values are right, and a gradient that is there is the whole one, whatever a leaf requires."""
    call = QUESTIONS[name]
    values = 1 + (tenon.arange(LARGE) % 7) / 7000
    w = values.to(dtype).requires_grad_()
    expected = call(w)
    expected.sum().backward()
    gradient, w.grad = w.grad, None
    with beside(lambda: w.requires_grad_(not w.requires_grad)):
        for _ in range(60):
            y = call(w)
            assert y.dtype is expected.dtype and tenon.allclose(
                y.detach().double(), expected.detach().double(), rtol=2e-3
            )
            if not y.requires_grad:
                continue
            with contextlib.suppress(RuntimeError):
                (g,) = tenon.autograd.grad(y.sum(), w, allow_unused=True)
                assert g is None or g.dtype is w.dtype
                if g is not None:
                    assert tenon.allclose(g.double(), gradient.double(), rtol=1e-2, atol=1e-6)
