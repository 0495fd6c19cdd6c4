"""tenon.cuda's streams and events, copies that return early, and failures, on the simulated device.

Its streams are threads with random delays; a test holds one up where it must show that others go on.
"""

import textwrap

import pytest
from support import run_python, sim_environment

pytestmark = pytest.mark.border

PROLOGUE = """
import ctypes, gc, os, threading
import numpy as np
import pytest
import tenon
from tenon.cuda import Event, Stream, current_stream, default_stream, stream

_sim = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
_sim.tenon_sim_foreign_stream.restype = ctypes.c_size_t
_sim.tenon_sim_copies.restype = ctypes.c_int64

def hold(s, on):
    _sim.tenon_sim_hold(s._device, s._index, on)
def copies():
    return [_sim.tenon_sim_copies(kind) for kind in range(3)]
"""


def on_device(program: str, **environment: str) -> str:
    return run_python(PROLOGUE + textwrap.dedent(program), **sim_environment(), **environment)


def test_streams_are_values() -> None:
    on_device(
        """
        a, b = Stream(), Stream()
        assert a != b and a == a and len({a, b, a}) == 2 and a != default_stream() and a != 3
        assert a.device == tenon.device('cuda:0') and Stream('cuda:1').device.index == 1
        assert repr(a).startswith("<tenon.cuda.Stream device='cuda:0' index=")
        assert default_stream().cuda_stream == 1 and a.cuda_stream > 2
        assert a.__cuda_stream__() == (0, a.cuda_stream)
        assert tenon.cuda.ExternalStream(a.cuda_stream) == a
        assert tenon.cuda.ExternalStream(1) == default_stream()
        foreign = _sim.tenon_sim_foreign_stream(0)
        assert tenon.cuda.ExternalStream(foreign).cuda_stream == foreign
        with pytest.raises(RuntimeError, match='no stream has this handle'):
            tenon.cuda.ExternalStream(12345)
        for wrong in (-1, 'cpu', 'x'):
            with pytest.raises(ValueError, match='Stream: a CUDA device is needed'):
                Stream(wrong)
        with pytest.raises(RuntimeError, match='there is no cuda:7'):
            Stream(7)
        """
    )


def test_the_current_stream_is_the_threads() -> None:
    on_device(
        """
        a, b, other = Stream(), Stream(), Stream(1)
        assert current_stream() == default_stream() == current_stream('cuda')
        with stream(a) as entered:
            assert current_stream() == a and current_stream(1) == default_stream(1)
            with stream(b), stream(other), stream(None):
                assert current_stream() == b and current_stream(1) == other
            assert current_stream() == a
            seen = []
            t = threading.Thread(target=lambda: seen.append(current_stream()))
            t.start(), t.join()
            assert seen == [default_stream()]
        assert current_stream() == default_stream() and current_stream(1) == default_stream(1)
        tenon.cuda.set_stream(b)
        assert current_stream() == b
        tenon.cuda.set_stream(default_stream())
        with pytest.raises(ZeroDivisionError):
            with stream(a):
                1 / 0
        assert current_stream() == default_stream()
        """
    )


def test_streams_overlap_and_events_order_them() -> None:
    on_device(
        """
        a = Stream()
        hold(a, True)
        with stream(a):
            x = tenon.full((1000,), 3.0, device='cuda')
            for _ in range(5):
                x += 1
        assert not a.query()
        assert tenon.ones(3, device='cuda').tolist() == [1, 1, 1]  # the default stream does not wait
        done = a.record_event()
        assert not done.query()
        default_stream().wait_event(done)
        y = x * 2
        assert not default_stream().query()
        hold(a, False)
        assert y.tolist() == [16.0] * 1000
        assert done.query() and a.query()

        for _ in range(20):  # there and back, with random delays
            with stream(a):
                a.wait_stream(default_stream())
                x = y + 1
                x.record_stream(a)
            current_stream().wait_stream(a)
            y = x - 1
            x.record_stream(default_stream())
        assert y.tolist() == [16.0] * 1000
        """
    )


def test_work_without_an_order_shows() -> None:
    """The device is a fair judge: what a program forgets to order comes out wrong."""
    on_device(
        """
        a = Stream()
        x = tenon.zeros(10, device='cuda')
        tenon.cuda.synchronize()
        hold(a, True)
        with stream(a):
            x += 1
        y = x.clone()  # nobody waits for the held stream
        assert y.tolist() == [0.0] * 10
        hold(a, False)
        a.synchronize()
        assert x.tolist() == [1.0] * 10
        """
    )


def test_events() -> None:
    on_device(
        """
        a = Stream()
        start, end = Event(enable_timing=True), Event(enable_timing=True)
        assert start.query() and start.device is None
        start.synchronize()
        start.wait(a)
        with pytest.raises(RuntimeError, match='recorded first'):
            start.elapsed_time(end)
        with stream(a):
            start.record()
            x = tenon.ones(100, device='cuda') * 2
            end.record()
        assert start.device == tenon.device('cuda:0')
        end.synchronize()
        assert 0 <= start.elapsed_time(end) < 60_000
        plain = a.record_event()
        plain.synchronize()
        with pytest.raises(RuntimeError, match='enable_timing=True'):
            start.elapsed_time(plain)
        with pytest.raises(RuntimeError, match='the event is one of cuda:0'):
            start.record(Stream(1))
        hold(a, True)
        end.record(a)
        with pytest.raises(RuntimeError, match='use synchronize'):
            start.elapsed_time(end)
        hold(a, False)
        other = Stream(1)
        other.wait_event(end)  # events order devices, too
        other.synchronize()
        assert end.query()
        """
    )


def test_freed_memory_waits_for_recorded_streams() -> None:
    on_device(
        """
        a = Stream()
        x = tenon.full((1000,), 7.0, device='cuda')
        tenon.cuda.synchronize()
        hold(a, True)
        with stream(a):
            y = x + 1
        x.record_stream(a)
        del x
        for _ in range(20):
            tenon.full((1000,), -1.0, device='cuda')  # would take the memory
        default_stream().synchronize()
        hold(a, False)
        a.synchronize()
        assert y.tolist() == [8.0] * 1000
        with pytest.raises(RuntimeError, match='record_stream: .*cuda:0 and cuda:1'):
            y.record_stream(Stream(1))
        with pytest.raises(TypeError):
            y.record_stream('a')
        """
    )


def test_pinned_copies_return_early() -> None:
    on_device(
        """
        s = default_stream()
        host = tenon.arange(1000.0).pin_()
        out = tenon.empty(1000).pin_()
        hold(s, True)
        there = host.to('cuda', non_blocking=True)
        again = host.cuda(non_blocking=True)
        positional = host.to('cuda', True)
        out.copy_(there, non_blocking=True)
        back = again.to('cpu', non_blocking=True)
        assert back.is_pinned() and not s.query()
        hold(s, False)
        s.synchronize()
        assert out.tolist() == back.tolist() == positional.tolist() == list(range(1000))
        assert copies() == [3, 3, 0]

        a = np.arange(1000.0)
        t = tenon.from_numpy(a)  # pageable: it has been read when the call returns
        there = t.to('cuda', non_blocking=True)
        a[:] = -1
        assert there.tolist() == list(range(1000))
        """
    )


def test_memory_of_pending_copies_stays() -> None:
    on_device(
        """
        import weakref
        s = default_stream()
        owner = np.arange(100.0)
        gone = weakref.ref(owner)
        t = tenon.from_numpy(owner).pin_()
        hold(s, True)
        there = t.cuda(non_blocking=True)
        del t, owner
        gc.collect()
        assert gone() is not None
        hold(s, False)
        tenon.cuda.synchronize()
        tenon.from_numpy(np.ones(1))
        gc.collect()
        assert gone() is None
        assert there.tolist() == list(range(100))
        """
    )


def test_between_devices_nothing_passes_the_host() -> None:
    on_device(
        """
        x = tenon.arange(100.0).cuda()
        before = copies()
        a, b = Stream(0), Stream(1)
        a.wait_stream(default_stream())
        with stream(a), stream(b):
            y = (x * 2).to('cuda:1')
            z = y + 1
        assert copies() == [before[0], before[1], before[2] + 1]
        b.synchronize()
        assert z.tolist() == [2 * i + 1 for i in range(100)]
        x.record_stream(a)
        """
    )


def test_to_device_takes_a_stream() -> None:
    on_device(
        """
        a = Stream()
        x = tenon.arange(5.0)
        y = x.to_device('cuda', stream=a.cuda_stream)
        assert y.is_cuda and (y + 1).tolist() == [1, 2, 3, 4, 5]
        assert y.to_device('cpu', stream=a.cuda_stream).tolist() == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match='the CPU has no streams'):
            x.to_device('cpu', stream=3)
        """
    )


# ---- DLPack and __cuda_array_interface__ ----


def test_a_dlpack_consumers_stream_waits() -> None:
    on_device(
        """
        mine, theirs = Stream(), Stream()
        foreign = _sim.tenon_sim_foreign_stream(0)
        for handle, consumer in ((None, default_stream()), (1, default_stream()),
                                 (theirs.cuda_stream, theirs), (foreign, tenon.cuda.ExternalStream(foreign)),
                                 (2, tenon.cuda.ExternalStream(2))):
            hold(mine, True)
            with stream(mine):
                x = tenon.zeros(100, device='cuda')
                for _ in range(3):
                    x += 1
                capsule = x.__dlpack__(stream=handle, max_version=(1, 0))  # does not wait for the host
            assert not mine.query()
            with stream(consumer):
                y = tenon.from_dlpack(capsule) * 2
            assert not consumer.query()
            hold(mine, False)
            with stream(consumer):
                assert y.tolist() == [6.0] * 100, handle
        # -1: nobody waits
        x = tenon.zeros(100, device='cuda')
        tenon.cuda.synchronize()
        hold(mine, True)
        with stream(mine):
            x += 1
            capsule = x.__dlpack__(stream=-1)
        assert tenon.from_dlpack(capsule).clone().tolist() == [0.0] * 100
        hold(mine, False)
        mine.synchronize()
        for wrong, error in ((0, BufferError), (-2, BufferError), ('1', TypeError), (12345, RuntimeError)):
            with pytest.raises(error):
                x.__dlpack__(stream=wrong)
        assert x.__dlpack__(dl_device=(1, 0), copy=True) is not None
        """
    )


def test_memory_lent_by_dlpack_waits_for_the_consumer() -> None:
    on_device(
        """
        theirs = Stream()
        x = tenon.full((1000,), 7.0, device='cuda')
        hold(theirs, True)
        capsule = x.__dlpack__(stream=theirs.cuda_stream)
        with stream(theirs):
            y = tenon.from_dlpack(capsule) + 1
        del x, capsule
        gc.collect()
        for _ in range(20):
            tenon.full((1000,), -1.0, device='cuda')
        default_stream().synchronize()
        hold(theirs, False)
        theirs.synchronize()
        assert y.tolist() == [8.0] * 1000
        """
    )


def test_a_dlpack_producer_is_told_the_stream() -> None:
    on_device(
        """
        class Producer:
            def __init__(self, tensor):
                self.tensor, self.told = tensor, []
            def __dlpack_device__(self):
                return self.tensor.__dlpack_device__()
            def __dlpack__(self, **keywords):
                self.told.append(keywords['stream'])
                return self.tensor.__dlpack__(**keywords)
        p = Producer(tenon.ones(3, device='cuda'))
        a = Stream()
        a.wait_stream(current_stream())  # which makes the ones
        tenon.from_dlpack(p)
        with stream(a):
            t = tenon.from_dlpack(p)
        assert p.told == [1, a.cuda_stream]
        with stream(a):
            assert t.tolist() == [1, 1, 1]
            assert t.__cuda_array_interface__['stream'] == a.cuda_stream
        """
    )


# ---- what goes wrong ----


def test_failures_have_their_exceptions() -> None:
    on_device(
        """
        assert issubclass(tenon.OutOfMemoryError, RuntimeError)
        assert issubclass(tenon.OutOfMemoryError, MemoryError)
        assert tenon.cuda.OutOfMemoryError is tenon.OutOfMemoryError
        x = tenon.arange(3.0).cuda()
        def works():
            assert (x + 1).tolist() == [1, 2, 3] and tenon.ones(2, device='cuda:1').tolist() == [1, 1]

        _sim.tenon_sim_fail_allocations(0, 1)
        with pytest.raises(tenon.OutOfMemoryError, match='out of memory on cuda:0; 40 bytes'):
            tenon.empty(10, device='cuda')
        works()
        with pytest.raises(MemoryError):
            tenon.empty(1 << 40, device='cuda')
        works()

        _sim.tenon_sim_fail_launches(0, 1, False)
        with pytest.raises(RuntimeError, match='add: failed on cuda:0: the driver refused the launch'):
            x + 1
        works()

        _sim.tenon_sim_fail_launches(0, 1, True)
        y = tenon.exp(x)  # returns
        with pytest.raises(RuntimeError, match='exp on cuda:0: the launch failed, .*TENON_SYNC=1'):
            tenon.cuda.synchronize()
        tenon.cuda.synchronize()
        works()
        for wait in (lambda: x.cpu(), lambda: x[0].item(), lambda: current_stream().synchronize(),
                     lambda: current_stream().record_event().synchronize(), lambda: x.tolist(),
                     lambda: str(x)):
            _sim.tenon_sim_fail_launches(0, 1, True)
            tenon.sqrt(x)
            with pytest.raises(RuntimeError, match='sqrt on cuda:0: the launch failed'):
                wait()
            works()

        _sim.tenon_sim_lose(0, True)
        for use in (lambda: x + 1, lambda: x.cpu(), lambda: tenon.ones(1, device='cuda'),
                    lambda: x.to('cuda:1'), lambda: tenon.cuda.synchronize(), lambda: Event().record(),
                    lambda: current_stream().query()):
            with pytest.raises(RuntimeError, match='failed on cuda:0: the device was lost'):
                use()
        assert (tenon.ones(2) + 1).tolist() == [2, 2]
        assert (tenon.ones(2, device='cuda:1') + 1).tolist() == [2, 2]
        _sim.tenon_sim_lose(0, False)
        works()
        """
    )


def test_indices_are_checked_without_a_wait() -> None:
    on_device(
        """
        x = tenon.arange(20.0).reshape(4, 5).cuda()
        good, bad = tenon.tensor([0, -1]).cuda(), tenon.tensor([1, 7]).cuda()
        tenon.cuda.synchronize()
        before = copies()
        hold(default_stream(), True)
        y = x[good]
        z = x[:, bad]  # returns
        hold(default_stream(), False)
        assert copies() == before
        with pytest.raises(IndexError, match='index on cuda:0: index 7 is out .* dimension 1 of size 5'):
            tenon.cuda.synchronize()
        assert y.tolist() == x.cpu()[[0, -1]].tolist()
        x[bad] = 0.0
        with pytest.raises(IndexError, match='index_put_ on cuda:0: index 7 is out .* dimension 0 of size 4'):
            x.cpu()
        assert x.cpu().tolist() == tenon.arange(20.0).reshape(4, 5).tolist()
        with pytest.raises(IndexError):
            x.cpu()[bad.cpu()]  # the CPU's at once
        """
    )


def test_each_call_waits_if_asked_to() -> None:
    on_device(
        """
        x = tenon.arange(3.0).cuda()
        _sim.tenon_sim_fail_launches(0, 1, True)
        with pytest.raises(RuntimeError, match='exp: failed on cuda:0: the launch failed'):
            tenon.exp(x)
        with pytest.raises(IndexError, match='index 5 is out of range'):
            x[tenon.tensor([5]).cuda()]
        assert (x + 1).tolist() == [1, 2, 3]
        """,
        TENON_SYNC="1",
    )


def test_properties() -> None:
    on_device(
        """
        p = tenon.cuda.get_device_properties('cuda:1')
        assert p.name == tenon.cuda.get_device_name(1) and p.total_memory > 0
        free, total = tenon.cuda.mem_get_info()
        x = tenon.empty(1 << 20, dtype='uint8', device='cuda')
        assert tenon.cuda.mem_get_info() == (free - (1 << 20), total) and total == p.total_memory
        """
    )
