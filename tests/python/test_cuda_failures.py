"""What goes wrong on CUDA's devices, with its backend on the host: broken devices, late failures, forks."""

import textwrap

import pytest
from support import host_environment, run_python

pytestmark = pytest.mark.border

PROLOGUE = """
import ctypes, gc, os
import numpy as np
import pytest
import tenon
from tenon import cuda
library = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
def error_of(f, error=RuntimeError):
    with pytest.raises(error) as e:
        f()
    return str(e.value)
"""


def run(program: str, **environment: str) -> str:
    return run_python(PROLOGUE + textwrap.dedent(program), **host_environment(), **environment)


def test_a_kernel_that_breaks_the_device_is_named() -> None:
    run(
        """
        x = tenon.arange(3.0).cuda()
        other = tenon.arange(3.0).to('cuda:1')
        cuda.synchronize()
        library.tenon_cudahost_break(0, 1)
        y = tenon.exp(x)  # returns
        text = error_of(cuda.synchronize)
        assert text.startswith('exp on cuda:0: an illegal memory access was encountered, and the'), text
        assert 'TENON_SYNC=1' in text
        for use in (lambda: x + 1, lambda: x.cpu(), lambda: x.tolist(), lambda: tenon.ones(1, device='cuda'),
                    cuda.synchronize, lambda: cuda.Event().record(), cuda.memory_allocated, cuda.empty_cache,
                    lambda: cuda.current_stream().synchronize(), lambda: x.to('cuda:1'), lambda: str(x)):
            text = error_of(use)
            assert 'failed on cuda:0: the device was lost by exp (an illegal memory access' in text, text
            assert 'start a new process' in text
        # what has nothing to do with it goes on
        assert (tenon.ones(2) + 1).tolist() == [2, 2]
        assert (other + 1).tolist() == [1, 2, 3] and cuda.memory_allocated(1) > 0
        del x, y
        gc.collect()
        tenon.from_numpy(np.ones(1))
        assert (other * 2).tolist() == [0, 2, 4]
        """
    )


def test_several_operations_may_have_done_it() -> None:
    run(
        """
        x = tenon.arange(3.0).cuda()
        s = cuda.Stream()
        with cuda.stream(s):
            tenon.sqrt(x).tolist()  # has gone well
        cuda.synchronize()
        library.tenon_cudahost_break(0, 1)
        library.tenon_cudahost_hold(True)
        tenon.exp(x)
        with cuda.stream(s):
            tenon.sin(x)
        library.tenon_cudahost_hold(False)
        text = error_of(cuda.synchronize)
        assert text.startswith('one of exp, sin on cuda:0: an illegal memory access'), text
        """
    )
    run(
        """
        x = tenon.arange(3.0).cuda()
        cuda.synchronize()
        library.tenon_cudahost_break(0, 1)
        library.tenon_cudahost_hold(True)
        for f in (tenon.log, tenon.exp, tenon.sin, tenon.cos, tenon.tan, tenon.tan):
            f(x)
        library.tenon_cudahost_hold(False)
        text = error_of(cuda.synchronize)
        assert text.startswith('one of sin, cos, tan or one before on cuda:0:'), text
        """
    )


def test_with_tenon_sync_the_call_itself_fails() -> None:
    run(
        """
        x = tenon.arange(3.0).cuda()
        tenon.sqrt(x)
        library.tenon_cudahost_break(0, 1)
        text = error_of(lambda: tenon.exp(x))
        assert text.startswith('exp: failed on cuda:0: an illegal memory access was encountered'), text
        """,
        TENON_SYNC="1",
    )
    run(
        """
        x = tenon.arange(3.0).cuda()
        bad = tenon.tensor([5]).cuda()
        assert 'index: index 5 is out of range' in error_of(lambda: x[bad], IndexError)
        assert (x + 1).tolist() == [1, 2, 3]
        """,
        TENON_SYNC="1",
    )


def test_wrong_indices_are_named_by_the_next_wait() -> None:
    run(
        """
        x = tenon.arange(12.0).reshape(3, 4).cuda()
        bad, good = tenon.tensor([1, 7]).cuda(), tenon.tensor([1, 2]).cuda()
        for wrong, op in ((lambda: x[bad], 'index'), (lambda: tenon.index_select(x, 0, bad), 'index_select'),
                          (lambda: tenon.take(x, bad + 10), 'take'),
                          (lambda: tenon.gather(x, 0, bad.reshape(1, 2)), 'gather')):
            wrong()  # returns
            for wait in (cuda.synchronize,):
                text = error_of(wait, IndexError)
                assert text.startswith(f'{op} on cuda:0: index ') and 'out of range' in text, text
            cuda.synchronize()  # once
            assert x[good].tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
        """
    )


def test_other_libraries_find_their_device_again() -> None:
    run(
        """
        for theirs, ours in ((0, 1), (1, 0)):
            library.tenon_cudahost_use_device(theirs)
            x = tenon.arange(5.0).to(f'cuda:{ours}')
            y = (x * 2).sum()
            with cuda.stream(cuda.Stream(ours)):
                z = x + 1
            cuda.synchronize(ours)
            assert library.tenon_cudahost_current_device() == theirs
            # and what they set in between is no matter
            library.tenon_cudahost_use_device(ours)
            assert x.device.index == ours and y.item() == 20 and (x + 1).tolist() == z.tolist()
            assert cuda.memory_allocated(theirs) == 0
            del x, y, z
            cuda.empty_cache()
        """
    )


def test_after_a_fork_the_device_is_an_error() -> None:
    run(
        """
        import warnings
        warnings.simplefilter('ignore')
        x = tenon.ones(3, device='cuda')
        cuda.synchronize()
        pid = os.fork()
        if pid == 0:
            try:
                for use in (lambda: x + 1, lambda: x.cpu(), lambda: tenon.ones(1, device='cuda'),
                            cuda.synchronize, cuda.empty_cache, cuda.memory_allocated):
                    assert "forked; use multiprocessing's 'spawn' start method" in error_of(use)
                del x
                gc.collect()
                assert (tenon.ones(3) + 1).tolist() == [2, 2, 2]
                os._exit(0)
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
        assert (x + 1).tolist() == [2, 2, 2]
        """
    )
