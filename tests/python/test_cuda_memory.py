"""The memory of devices: counts under PyTorch's keys, limits, and what an error says when there is none left.

On the simulated device, which has no cache, and with CUDA's own allocator on the host.
"""

import textwrap

import pytest
import tenon._cuda_memory
from support import host_environment, run_python, sim_environment

pytestmark = pytest.mark.border

ENVIRONMENTS = {"sim": sim_environment, "host": host_environment}

PROLOGUE = """
import ctypes, gc, os
import numpy as np
import pytest
import tenon
from tenon import cuda
MIB = 1 << 20
library = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
def block(n, device='cuda'):
    return tenon.empty(n, dtype='uint8', device=device)
def fails(f, error=tenon.OutOfMemoryError):
    with pytest.raises(error) as e:
        f()
    return str(e.value)
"""


def run(program: str, backend: str, **environment: str) -> str:
    return run_python(PROLOGUE + textwrap.dedent(program), **ENVIRONMENTS[backend](), **environment)


@pytest.fixture(params=["sim", "host"])
def backend(request) -> str:
    return request.param


def test_what_tensors_have_is_counted(backend: str) -> None:
    run(
        """
        assert cuda.memory_allocated() == cuda.max_memory_allocated() == 0
        a = block(3 * MIB)
        b = block(1000)
        assert cuda.memory_allocated() == 3 * MIB + 1024 == cuda.memory_allocated('cuda:0')
        assert cuda.memory_allocated(1) == 0
        stats = cuda.memory_stats()
        assert stats['requested_bytes.all.current'] == 3 * MIB + 1000
        assert stats['allocation.all.current'] == stats['allocation.all.allocated'] == 2
        assert stats['allocation.all.freed'] == 0
        assert cuda.memory_reserved() >= cuda.memory_allocated()
        del a
        cuda.synchronize()
        assert cuda.memory_allocated() == 1024
        assert cuda.max_memory_allocated() == 3 * MIB + 1024
        stats = cuda.memory_stats(tenon.device('cuda', 0))
        assert stats['allocated_bytes.all.freed'] == 3 * MIB and stats['allocation.all.freed'] == 1
        cuda.reset_peak_memory_stats()
        assert cuda.max_memory_allocated() == 1024
        assert cuda.memory_stats()['allocated_bytes.all.allocated'] == 3 * MIB + 1024  # is no peak
        del b
        other = block(5, 'cuda:1')
        assert cuda.memory_allocated(1) > 0 and cuda.memory_allocated(0) == 0
        assert cuda.get_per_process_memory_fraction(1) == 1.0
        """,
        backend,
    )


def test_memory_that_a_stream_still_uses_is_active(backend: str) -> None:
    run(
        """
        s = cuda.Stream()
        x = tenon.ones(2000, device='cuda')
        s.wait_stream(cuda.current_stream())
        with cuda.stream(s):
            for _ in range(50):
                y = x + 1
        x.record_stream(s)
        before = cuda.memory_stats()
        del x
        after = cuda.memory_stats()
        gone = before['allocated_bytes.all.current'] - after['allocated_bytes.all.current']
        assert gone > 0
        s.synchronize()
        cuda.empty_cache()
        at_last = cuda.memory_stats()
        assert at_last['active_bytes.all.current'] == at_last['allocated_bytes.all.current']
        assert at_last['active.all.current'] == at_last['allocation.all.current']
        """,
        backend,
    )


def test_the_cache_is_kept_and_given_back() -> None:
    run(
        """
        a, b = block(4 * MIB), block(100)
        assert cuda.memory_reserved() == 6 * MIB  # a segment for each, small blocks share 2 MiB
        stats = cuda.memory_stats()
        assert stats['segment.small_pool.current'] == stats['segment.large_pool.current'] == 1
        assert stats['inactive_split.all.current'] == 1
        assert stats['inactive_split_bytes.small_pool.current'] == 2 * MIB - 512
        del a, b
        assert cuda.memory_allocated() == 0 and cuda.memory_reserved() == 6 * MIB
        assert cuda.memory_stats()['inactive_split_bytes.all.current'] == 0  # the pieces are one again
        a = block(4 * MIB)
        assert cuda.memory_stats()['num_device_alloc'] == 2  # the driver was not asked again
        cuda.empty_cache()
        assert cuda.memory_reserved() == 4 * MIB  # what tensors have stays
        free, total = cuda.mem_get_info()
        assert total - free == 4 * MIB
        del a
        cuda.empty_cache('cuda:0')
        assert cuda.memory_reserved() == 0 and cuda.max_memory_reserved() == 6 * MIB
        assert cuda.memory_stats()['num_device_free'] == 2
        """,
        "host",
    )


def test_out_of_memory_says_who_has_it(backend: str) -> None:
    run(
        """
        held = block(3 << 30)
        text = fails(lambda: block(2 << 30))
        assert 'out of memory on cuda:0; 2.00 GiB were asked for, tensors have 3.00 GiB' in text, text
        assert '1024.00 MiB of 4.00 GiB are free' in text or '1.00 GiB of 4.00 GiB are free' in text, text
        assert 'delete tensors that are no longer needed, take smaller batches' in text, text
        stats = cuda.memory_stats()
        assert stats['num_ooms'] == 1 and stats['num_alloc_retries'] == 1
        assert block(MIB).nbytes == MIB  # and everything goes on
        del held
        block(3 << 30)  # the memory of freed tensors serves again
        assert cuda.memory_stats()['num_ooms'] == 1
        with pytest.raises(MemoryError):
            block(1 << 60)
        """,
        backend,
    )


def test_a_limit_holds(backend: str) -> None:
    run(
        """
        total = cuda.get_device_properties(0).total_memory
        cuda.set_per_process_memory_fraction(0.01)
        assert cuda.get_per_process_memory_fraction() == pytest.approx(0.01)
        limit = total // 100
        a = block(limit // 2)
        text = fails(lambda: block(limit))
        assert 'this process may take' in text and 'raise the limit' in text, text
        b = block(2 * total // 100, 'cuda:1')  # the other device has none
        del a
        cuda.synchronize()
        a = block(limit * 3 // 4)  # the cache is given back first
        cuda.set_per_process_memory_fraction(1.0)
        assert cuda.get_per_process_memory_fraction() == 1.0
        block(2 * limit)
        cuda.empty_cache()
        cuda.set_per_process_memory_fraction(0)
        fails(lambda: block(8 * MIB))
        for wrong in (-0.1, 1.5, float('nan')):
            fails(lambda: cuda.set_per_process_memory_fraction(wrong), ValueError)
        for wrong in ('1', None, True):
            fails(lambda: cuda.set_per_process_memory_fraction(wrong), TypeError)
        """,
        backend,
    )


def test_the_driver_is_asked_again() -> None:
    run(
        """
        a = block(4 * MIB)
        del a
        library.tenon_cudahost_refuse_allocations(1)
        a = block(8 * MIB)
        stats = cuda.memory_stats()
        assert stats['num_alloc_retries'] == 1 and stats['num_ooms'] == 0
        assert stats['reserved_bytes.all.current'] == 8 * MIB  # the cache was given back first
        library.tenon_cudahost_refuse_allocations(2)
        text = fails(lambda: block(16 * MIB))
        assert '16.00 MiB were asked for, tensors have 8.00 MiB, the cache 0 bytes' in text, text
        assert 'lies in pieces that are too small' in text, text
        x = tenon.ones(5, device='cuda')
        library.tenon_cudahost_refuse_allocations(2)
        assert (x + 1).tolist() == [2.0] * 5  # small blocks come from the segment that is there
        library.tenon_cudahost_refuse_allocations(0)
        """,
        "host",
    )


def test_copies_under_way_are_bounded(backend: str) -> None:
    """A host that runs ahead waits before its memory is full of batches that the device has not read."""
    run(
        """
        device = tenon.empty(1000, device='cuda')
        alive = most = 0
        def gone():
            global alive
            alive -= 1
        import weakref
        for i in range(1000):
            batch = np.full(1000, float(i), dtype='f4')
            alive += 1
            weakref.finalize(batch, gone)
            t = tenon.from_numpy(batch).pin_()
            device.copy_(t, non_blocking=True)
            del batch, t
            tenon.from_numpy(np.ones(1))  # drops what deleters have left
            most = max(most, alive)
        assert most <= 260, most
        assert device.tolist() == [999.0] * 1000
        """,
        backend,
        TENON_SIM_DELAY="3000",
    )


def test_freed_blocks_that_wait_for_a_stream_are_bounded() -> None:
    run(
        """
        s = cuda.Stream()
        tenon.ones(1, device='cuda').tolist()
        most = 0
        for i in range(3000):
            x = block(100)
            with cuda.stream(s):
                y = x + 1
            x.record_stream(s)
            del x
            stats = cuda.memory_stats()
            most = max(most, stats['active.all.current'] - stats['allocation.all.current'])
        assert 0 < most <= 1024, most
        """,
        "host",
        TENON_SIM_DELAY="2000",
    )


def test_the_summary_shows_the_counts(backend: str) -> None:
    run(
        """
        a = block(3 * MIB)
        text = cuda.memory_summary()
        assert 'Memory of cuda:0 (out of memory: 0, retries: 0)' in text
        row = next(line for line in text.splitlines() if line.startswith('Allocated memory'))
        assert row.split()[2:] == ['3.00', 'MiB', '3.00', 'MiB', '3.00', 'MiB', '0', 'B'], row
        assert 'small blocks' in text and 'small blocks' not in cuda.memory_summary(0, abbreviated=True)
        """,
        backend,
    )


def test_without_a_device_the_counts_are_zero() -> None:
    run_python(
        """
        import tenon
        assert not tenon.cuda.is_available()
        stats = tenon.cuda.memory_stats()
        assert stats and set(stats.values()) == {0}
        assert tenon.cuda.memory_allocated() == tenon.cuda.max_memory_reserved(0) == 0
        tenon.cuda.empty_cache()
        tenon.cuda.reset_peak_memory_stats()
        assert 'cuda:0' in tenon.cuda.memory_summary()
        for f in (lambda: tenon.cuda.set_per_process_memory_fraction(0.5),
                  tenon.cuda.get_per_process_memory_fraction):
            try:
                f()
            except RuntimeError as error:
                assert 'cuda' in str(error)
            else:
                raise AssertionError('no error')
        try:
            tenon.cuda.memory_stats('cpu')
        except ValueError as error:
            assert str(error).startswith('memory_stats: a CUDA device is needed')
        """,
        TENON_CUDA_LIB="/nowhere/libtenon_cuda.so",
    )


def test_the_keys_are_pytorchs(backend: str) -> None:
    """tenon's keys are among those of PyTorch's documentation, and the same without a device."""
    torch = pytest.importorskip("torch")
    text = torch.cuda.memory_stats.__doc__
    keys = run("print(*cuda.memory_stats())", backend).split()
    assert sorted(keys) == sorted(tenon._cuda_memory._KEYS)
    for key in keys:
        what = key.partition(".")[0]
        known = {"allocation": "allocated"}.get(what, what)
        assert f'"{known}' in text, key
