"""Who keeps whose memory alive: nothing leaks, nothing dangles, and what is looked at is not resized."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest
import tenon
from hypothesis import given
from hypothesis import strategies as st
from layouts import arrays, fast
from support import collect

pytestmark = pytest.mark.border

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
