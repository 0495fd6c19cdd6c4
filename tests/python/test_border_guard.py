"""The border guard: a write through NumPy to what backward needs is an error, never a wrong gradient."""

import numpy as np
import pytest
import tenon
from support import NUMPY

pytestmark = pytest.mark.border


@pytest.fixture(autouse=True)
def guard_on():
    tenon.autograd.set_border_guard("on")
    yield
    tenon.autograd.set_border_guard("on")


LAYOUTS = {
    "contiguous": lambda a: a,
    "transposed": lambda a: a.T,
    "reversed": lambda a: a[::-1, ::-1],
    "sliced": lambda a: a[1:, ::2],
    "0-d": lambda a: a[1, 2:3].reshape(()),
    "one row": lambda a: a[:1],
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "complex64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_element_is_watched(layout: str, dtype: str) -> None:
    view = LAYOUTS[layout](np.arange(1, 36.0).reshape(5, 7).astype(dtype))
    for index in np.ndindex(view.shape):
        t = tenon.from_numpy(view)
        w = tenon.ones(view.shape, dtype=t.dtype, requires_grad=True)
        y = (w * t).sum()
        old = view[index]
        view[index] += 1
        with pytest.raises(RuntimeError, match=r"mul: .*outside.*clone"):
            y.real.backward() if dtype == "complex64" else y.backward()
        assert w.grad is None
        view[index] = old


def test_writes_elsewhere_are_allowed() -> None:
    array = np.arange(10.0)
    w = tenon.ones(5, dtype=tenon.float64, requires_grad=True)
    y = (w * tenon.from_numpy(array)[::2]).sum()
    array[1::2] = -1  # between the elements
    y.backward()
    assert w.grad.tolist() == [0, 2, 4, 6, 8]


def test_writes_after_backward_are_allowed() -> None:
    """Gradient descent in NumPy's memory."""
    array = np.zeros(3)
    w = tenon.from_numpy(array).requires_grad_()
    for _ in range(3):
        ((w - 1) ** 2).sum().backward()
        array -= 0.5 * w.grad.numpy()
        w.grad = None
    assert array.tolist() == [1.0, 1.0, 1.0]


def test_exported_tensors_are_watched() -> None:
    x = tenon.tensor([1.0, 2.0])
    array = x.numpy()
    w = tenon.ones(2, requires_grad=True)
    y = (w * x).sum()
    array[1] = 7
    with pytest.raises(RuntimeError, match="outside"):
        y.backward()


def test_own_memory_costs_nothing_and_clones_are_safe() -> None:
    array = np.array([1.0, 2.0])
    w = tenon.ones(2, dtype=tenon.float64, requires_grad=True)
    y = (w * tenon.from_numpy(array).clone()).sum()
    array[0] = 99
    y.backward()
    assert w.grad.tolist() == [1.0, 2.0]


def test_the_guard_can_be_turned_off() -> None:
    assert tenon.autograd.border_guard()
    tenon.autograd.set_border_guard("off")
    assert not tenon.autograd.border_guard()
    array = np.array([1.0, 2.0])
    w = tenon.ones(2, dtype=tenon.float64, requires_grad=True)
    y = (w * tenon.from_numpy(array)).sum()
    array[0] = 99
    y.backward()
    assert w.grad.tolist() == [99.0, 2.0]  # as PyTorch
    with pytest.raises(ValueError, match="'on' or 'off'"):
        tenon.autograd.set_border_guard("maybe")


def test_swapped_elements_are_a_change() -> None:
    """The order counts, also across the lanes of the fingerprint."""
    array = np.arange(64.0)
    w = tenon.ones(64, dtype=tenon.float64, requires_grad=True)
    for i, j in ((0, 1), (0, 4), (3, 60), (5, 37)):
        y = (w * tenon.from_numpy(array)).sum()
        array[[i, j]] = array[[j, i]]
        with pytest.raises(RuntimeError, match="outside"):
            y.backward()


LENDERS = {
    "numpy": lambda t: t.numpy(),
    "asarray": np.asarray,
    "memoryview": lambda t: np.frombuffer(memoryview(t), t.dtype.numpy),
    "dlpack": np.from_dlpack,
    "force": lambda t: t.numpy(force=True),
}


@pytest.mark.parametrize("lend", LENDERS.values(), ids=LENDERS)
def test_what_is_lent_after_it_was_saved(lend) -> None:
    w = tenon.ones(5, requires_grad=True)
    h = w.exp()  # saves its result
    y = (h * h[1:].sum()).sum()
    array = lend(h.detach())
    if not array.flags.writeable and NUMPY < (2, 1):
        pytest.skip("this NumPy makes every array from DLPack read-only")
    array[0] = 5
    with pytest.raises(RuntimeError, match="outside"):
        y.backward()
    assert w.grad is None


def test_what_is_lent_and_only_read() -> None:
    w = tenon.ones(3, requires_grad=True)
    for _ in range(3):
        w.grad = None
        y = (w * w).sum()
        assert w.detach().numpy().sum() == 3
        y.backward()
        assert w.grad.tolist() == [2, 2, 2]


def test_parts_that_were_not_saved_may_be_written() -> None:
    base = tenon.arange(10.0)
    w = tenon.ones(3, requires_grad=True)
    y = (w * base[2:5]).sum()
    array = base.numpy()
    array[5:] = -1
    y.backward()
    assert w.grad.tolist() == [2, 3, 4]


def test_read_only_imports_are_watched() -> None:
    """Their owner may write them: a pandas column is lent read-only."""
    owner = np.ones(3)
    lent = owner.view()
    lent.flags.writeable = False
    for array in (lent, np.broadcast_to(owner, (2, 3))):
        t = tenon.from_numpy(array)
        w = tenon.ones(t.shape, dtype=t.dtype, requires_grad=True)
        y = (w * t).sum()
        owner[0] += 1
        with pytest.raises(RuntimeError, match="outside"):
            y.backward()


def test_saved_tensors_die_in_any_order() -> None:
    base = tenon.arange(100.0)
    w = tenon.ones(10, requires_grad=True)
    for order in range(6):
        sums = [(w * base[i * 10 : i * 10 + 10]).sum() for i in range(6)]
        sums = sums[order:] + sums[:order]
        while len(sums) > 2:
            sums.pop(len(sums) // 2)
        array = base.numpy()
        for y in sums:
            y.backward()
        del array
