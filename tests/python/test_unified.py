"""device='unified': NumPy views what the device computes on, and never looks at work that is under way.

The simulated device's streams are threads that are late at random: without the waits most tests here fail.
"""

import pytest
from unified import on_device

pytestmark = pytest.mark.border


def test_one_memory() -> None:
    """What NumPy writes the device reads, and the other way round, without a copy."""
    on_device(
        """
        with tenon.record_copies() as crossed:
            t = tenon.zeros(3, 4, device='unified')
            a = t.numpy()
            addresses(t, a)
            for k in range(20):
                t += 1
                assert (a == 2 * k + 1).all(), k
                a += 1
                assert (t + 0).numpy().tolist() == [[2 * k + 2] * 4] * 3
            assert np.asarray(t).base is not None and np.shares_memory(np.asarray(t), a)
        assert not crossed and copies() == 0
        """
    )


def test_every_way_to_view() -> None:
    on_device(
        """
        class Interface:
            def __init__(self, t): self.t, self.__array_interface__ = t, t.__array_interface__
        ways = {
            'numpy': lambda t: t.numpy(),
            'force': lambda t: t.numpy(force=True),
            'asarray': np.asarray,
            '__array__': lambda t: t.__array__(),
            'buffer': lambda t: np.frombuffer(t, dtype=t.dtype.numpy),
            'memoryview': lambda t: np.asarray(memoryview(t)),
            'interface': lambda t: np.asarray(Interface(t)),
            'dlpack': lambda t: np.from_dlpack(t, device='cpu'),
            'CPU tensor': lambda t: tenon.asarray(t, device='cpu', copy=False).numpy(),
            'CPU tensor by DLPack': lambda t: tenon.from_dlpack(t, device='cpu', copy=False).numpy(),
        }
        for name, way in ways.items():
            for k in range(3):
                t = tenon.zeros(100, device='unified')
                t += 5  # pending at the export
                a = way(t)
                addresses(t, a)
                assert (a == 5).all(), (name, 'at the export')
                assert t._host_view, name
                t *= 2
                assert (a == 10).all(), (name, 'while it lives')
                a[:] = 3
                assert (t * 1).cpu().tolist() == [3] * 100, name
                del a
                gc.collect()
                assert t._host_view == (name == 'interface'), name  # which nobody ends
        assert copies() > 0  # those of .cpu()
        """
    )


def test_views_of_views_and_slices_of_both() -> None:
    on_device(
        """
        t = tenon.zeros(8, 8, device='unified')
        a = t[2:6, ::2].numpy()[1:]
        b = a.T[::-1]
        del a
        for k in range(1, 10):
            t[3:, 4] += 1  # another view of the storage
            assert (b[1] == k).all() and b[0, 0] == 0, (k, b)
        c = memoryview(b)
        del b
        t.fill_(7)
        assert c[0, 0] == 7
        assert t._host_view
        c.release()
        del c
        gc.collect()
        assert not t._host_view
        """
    )


def test_work_is_late_again_when_the_last_view_dies() -> None:
    on_device(
        """
        t = tenon.zeros(N, device='unified')
        def work():
            t.add_(1)
        assert returns_at_once(work)
        a, b = t.numpy(), memoryview(t)
        assert not returns_at_once(work)
        del a
        assert not returns_at_once(work)
        b.release()
        assert returns_at_once(work)
        # Reading waits, too: the host may write.
        a = t.numpy()
        assert not returns_at_once(lambda: t.sum())
        other = tenon.zeros(N, device='unified')
        assert returns_at_once(lambda: other.add_(1))
        assert returns_at_once(lambda: tenon.zeros(N, device='cuda').add_(1))
        assert not returns_at_once(lambda: other.copy_(t))
        assert a[0] == 4
        """,
        delay=0,
    )


def test_an_export_waits_for_all_streams() -> None:
    on_device(
        """
        s, far = Stream(), Stream()
        t = tenon.zeros(N, device='unified')
        tenon.cuda.synchronize()
        seen = []
        for busy in (s, default_stream()):
            hold(busy, True)
            with stream(busy):
                t.add_(1)
            thread = threading.Thread(target=lambda: seen.append(float(t.numpy()[0])))
            thread.start()
            thread.join(0.2)
            assert thread.is_alive() and len(seen) < 2
            hold(busy, False)
            thread.join()
        assert seen == [1, 2]
        # What another stream is given while a view lives is done when the call returns.
        a = t.numpy()
        for k in range(10):
            with stream((s, far)[k % 2]):
                t += 1
            assert a[0] == k + 3
        """,
        delay=500,
    )


def test_a_view_and_a_call_at_the_same_time() -> None:
    """Whichever is first: when the view is there and the call has returned, the work is done."""
    on_device(
        """
        t = tenon.zeros(N, device='unified')
        start, end = threading.Barrier(2), threading.Barrier(2)
        def worker():
            for k in range(60):
                start.wait()
                t.add_(1)
                end.wait()
        thread = threading.Thread(target=worker)
        thread.start()
        for k in range(1, 61):
            start.wait()
            a = t.numpy()
            end.wait()
            assert (a == k).all(), (k, a)
            del a
        thread.join()
        """,
        delay=1000,
    )


def test_gradients() -> None:
    on_device(
        """
        x = tenon.ones(50, device='unified', requires_grad=True)
        x.grad = tenon.zeros(50, device='unified')
        seen = x.grad.numpy()
        for k in range(1, 6):
            (x * x).sum().backward()
            assert (seen == 2 * k).all(), (k, seen)
        y = tenon.ones(50, device='unified', requires_grad=True)
        (y * 3).sum().backward()
        assert y.grad.device == 'unified' and y.grad.numpy().tolist() == [3] * 50
        with pytest.raises(RuntimeError, match='requires grad'):
            y.numpy()
        # A weight in device memory and a batch in unified memory: each gradient lies where its tensor does.
        w = tenon.ones(50, device='cuda', requires_grad=True)
        (y * w).sum().backward()
        assert w.grad.device == 'cuda' and y.grad.device == 'unified'
        optimizer = tenon.optim.Adam([y], lr=0.1)
        viewed = y.detach().numpy()
        optimizer.step()
        assert np.allclose(viewed, 0.9, atol=1e-5), viewed
        """
    )


def test_what_the_host_writes_to_a_saved_tensor_is_found() -> None:
    on_device(
        """
        for n in (4, 4000):
            x = tenon.ones(n, device='unified', requires_grad=True)
            y = tenon.ones(n, device='unified')
            before = y.numpy()
            out = (x * y).sum()
            before[0] = 5
            with pytest.raises(RuntimeError, match='outside'):
                out.backward()
            del before
            out = (x * y).sum()
            after = y.numpy()  # exported after it was saved
            after[0] = 6
            with pytest.raises(RuntimeError, match='outside'):
                out.backward()
            (x * y).sum().backward()
            assert x.grad.cpu().tolist()[0] == 6
        """
    )


def test_failures_are_told_where_they_happen() -> None:
    on_device(
        """
        t = tenon.zeros(4, device='unified')
        tenon.cuda.synchronize()
        _sim.tenon_sim_fail_launches(0, 1, True)
        t += 1
        with pytest.raises(RuntimeError, match='add'):
            t.numpy()
        assert t._exports == 0 and not t._host_view
        a = t.numpy()
        _sim.tenon_sim_fail_launches(0, 1, True)
        with pytest.raises(RuntimeError, match='mul'):
            t *= 2
        with pytest.raises(IndexError):
            t[tenon.tensor([9], device='cuda')]
        t += 1
        assert a.tolist() == [1] * 4
        _sim.tenon_sim_fail_allocations(0, 1)
        with pytest.raises(tenon.cuda.OutOfMemoryError, match='unified:0'):
            tenon.zeros(4, device='unified')
        """
    )


def test_a_forked_child_sees_the_error_and_its_views() -> None:
    on_device(
        """
        t = tenon.ones(4, device='unified')
        a = t.numpy()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                assert a.tolist() == [1] * 4
                for use in (lambda: t.numpy(), lambda: t + 1, lambda: tenon.zeros(2, device='unified')):
                    try:
                        use()
                    except RuntimeError as error:
                        assert 'spawn' in str(error), error
                    else:
                        raise AssertionError('used after a fork')
                del a, t
                gc.collect()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        t += 1
        assert a.tolist() == [2] * 4
        """
    )


def test_pages_move_ahead_of_their_use() -> None:
    on_device(
        """
        def moved():
            return _sim.tenon_sim_prefetched(True), _sim.tenon_sim_prefetched(False)
        t = tenon.zeros(1 << 18, device='unified')
        small = tenon.zeros(100, device='unified')
        size = t.nbytes
        t.numpy(), small.numpy()
        assert moved() == (size, 0)
        t.numpy()  # it is there already
        assert moved() == (size, 0)
        t += 1
        t += 1
        assert moved() == (size, size)
        a = t.numpy()
        t += 1  # NumPy looks: it stays
        assert moved() == (2 * size, size) and a[0] == 3
        """,
        delay=0,
    )
