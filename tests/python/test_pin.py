"""Page-locked memory: pin_, unpin_, pin_memory, is_pinned. The simulated device counts the locked bytes."""

import textwrap

import pytest
from support import run_python, sim_environment

pytestmark = pytest.mark.border

PROLOGUE = """
import ctypes, gc, os, re
import numpy as np
import pytest
import tenon
locked = ctypes.CDLL(os.environ['TENON_CUDA_LIB']).tenon_sim_pinned_bytes
locked.restype = ctypes.c_int64
assert locked() == 0
"""


def on_device(program: str) -> None:
    run_python(PROLOGUE + textwrap.dedent(program), **sim_environment())


def test_the_memory_of_an_ndarray_is_pinned_where_it_is() -> None:
    on_device(
        """
        a = np.arange(1000.0)
        t = tenon.from_numpy(a)
        assert not t.is_pinned()
        assert t.pin_() is t and t.is_pinned() and t[::-3].is_pinned() and t.reshape(10, 100).T.is_pinned()
        assert locked() == 8000 and t.data_ptr() == a.ctypes.data
        t.pin_()  # nothing more to do
        assert locked() == 8000
        a[0] = 5
        assert t[0].item() == 5 and t.cuda().cpu().tolist() == a.tolist()
        assert t.unpin_() is t and not t.is_pinned() and locked() == 0
        t.unpin_()
        reversed_ = tenon.from_numpy(a[::-1]).pin_()
        assert reversed_.is_pinned() and reversed_[-1].item() == 5 and locked() == 8000
        """
    )


def test_the_lock_ends_with_the_storage() -> None:
    on_device(
        """
        a = np.ones(1000)
        t = tenon.from_numpy(a).pin_()
        view = t[10:20]
        del t
        assert view.is_pinned() and locked() == 8000
        del view
        assert locked() == 0
        makers = (lambda: tenon.zeros(3), lambda: tenon.zeros(100_000), lambda: tenon.ones(5).share_memory_())
        for make in makers:
            t = make().pin_()
            assert locked() == t.nbytes and t.is_pinned()
            array = t.numpy()
            del t
            assert locked() == array.nbytes  # the array keeps the memory
            array[:] = 3
            del array
            assert locked() == 0
        assert not tenon.zeros(0).pin_().is_pinned()
        """
    )


def test_tensors_over_the_same_array_share_the_lock() -> None:
    on_device(
        """
        a = np.ones(1000)
        whole, again, part = tenon.from_numpy(a), tenon.from_numpy(a), tenon.from_numpy(a[100:200])
        whole.pin_()
        assert again.is_pinned() and part.is_pinned()  # the bytes are locked, whoever asked for it
        part.pin_()
        again.pin_()
        assert locked() == 8000
        del whole
        assert part.is_pinned() and locked() == 8000
        del again
        part.unpin_()
        assert locked() == 0 and not part.is_pinned()
        part.pin_()
        whole = tenon.from_numpy(a)
        with pytest.raises(RuntimeError, match='pin_: a part of these 8000 bytes is pinned by .*unpin_'):
            whole.pin_()
        assert part.is_pinned() and not whole.is_pinned() and locked() == 800
        part.unpin_()
        assert whole.pin_().is_pinned()
        """
    )


def test_pinned_copies_and_new_tensors() -> None:
    on_device(
        """
        t = tenon.arange(6.0).reshape(2, 3).T
        p = t.pin_memory()
        assert p.is_pinned() and not t.is_pinned()
        assert p.data_ptr() != t.data_ptr() and p.tolist() == t.tolist()
        assert p.pin_memory() is p and locked() == 24
        e = tenon.empty(4, 5, dtype='int16', pin_memory=True)
        assert e.is_pinned() and e.shape == (4, 5) and locked() == 64
        e.numpy()[:] = 7
        assert e.cuda().cpu().tolist() == [[7] * 5] * 4
        w = tenon.ones(2, requires_grad=True)
        (w.pin_memory() * 3).sum().backward()
        assert w.grad.tolist() == [3, 3]
        assert not p.clone().is_pinned()
        readonly = np.ones(3)
        readonly.flags.writeable = False
        assert tenon.from_numpy(readonly).pin_().is_pinned()
        del p, e
        gc.collect()
        assert locked() == 0
        """
    )


def test_refusals_leave_nothing_behind() -> None:
    on_device(
        """
        big = tenon.zeros(20_000_000)
        with pytest.raises(RuntimeError, match=r'pin_: the driver refused to .* 80000000 bytes; .*ulimit -l'):
            big.pin_()
        assert not big.is_pinned() and locked() == 0
        with pytest.raises(RuntimeError, match='pin_memory: the driver refused'):
            big.pin_memory()
        with pytest.raises(RuntimeError, match='empty: the driver refused'):
            tenon.empty(20_000_000, pin_memory=True)
        with pytest.raises(RuntimeError, match='pin_: only memory of the CPU can be pinned; .*cuda:0'):
            tenon.ones(3, device='cuda').pin_()
        assert not tenon.ones(3, device='cuda').is_pinned() and locked() == 0
        """
    )


def test_a_forked_child_leaves_the_parents_locks() -> None:
    on_device(
        """
        t = tenon.from_numpy(np.ones(1000)).pin_()
        child = os.fork()
        if child == 0:
            del t
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert t.is_pinned() and locked() == 8000
        t.unpin_()
        assert locked() == 0
        """
    )


def test_without_a_device() -> None:
    run_python(
        """
        import numpy as np
        import pytest
        import tenon
        t = tenon.from_numpy(np.ones(3))
        assert not t.is_pinned()
        with pytest.raises(RuntimeError, match=r"there is no cuda:0: .*tenon\\.cuda\\.is_available"):
            t.pin_()
        with pytest.raises(RuntimeError, match="there is no cuda:0"):
            tenon.empty(3, pin_memory=True)
        assert t.unpin_() is t and not t.is_pinned()
        """,
        TENON_CUDA_LIB="/nowhere/libtenon_cuda.so",
    )
