"""CUDA graphs: what is captured once and replayed, on the simulated device and by CUDA's backend on the host.

Replays run what is captured in one of the orders that streams and events allow, another one each time.
"""

import pytest
from graphs import BACKENDS, run
from support import run_python

pytestmark = pytest.mark.border


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


def test_a_replay_computes_with_what_its_inputs_hold(backend: str) -> None:
    run(
        """
        x = on([1.0, 2.0, 3.0])
        g = CUDAGraph()
        assert not cuda.is_current_stream_capturing()
        with graph(g):
            assert cuda.is_current_stream_capturing() and current_stream() != cuda.default_stream()
            y = x * 2
            z = (y + 1).sum()
        assert not cuda.is_current_stream_capturing() and current_stream() == cuda.default_stream()
        g.replay()
        assert y.tolist() == [2.0, 4.0, 6.0] and z.item() == 15.0
        for k in range(20):
            x.copy_(tenon.tensor([float(k), 1.0, -k]))
            g.replay()
            assert y.tolist() == [2.0 * k, 2.0, -2.0 * k], k
            assert z.item() == 5.0
        x.fill_(1.0)  # many in a row, and nobody waits
        with graph(CUDAGraph()) as other:
            pass
        accumulated = tenon.zeros(3, device='cuda')
        h = CUDAGraph()
        with graph(h):
            accumulated += x
        for _ in range(50):
            h.replay()
        assert accumulated.tolist() == [50.0] * 3
        """,
        backend,
    )


def test_nothing_runs_in_a_capture(backend: str) -> None:
    run(
        """
        x = tenon.zeros(4, device='cuda')
        g = CUDAGraph()
        with graph(g):
            x += 1
            x.fill_(7.0)
        assert x.tolist() == [0.0] * 4
        g.replay()
        assert x.tolist() == [7.0] * 4
        """,
        backend,
    )


def test_what_waits_is_an_error_that_names_it_and_leaves_the_capture(backend: str) -> None:
    run(
        """
        x = on([1.0, 2.0])
        pageable = tenon.tensor([3.0, 4.0])
        g = CUDAGraph()
        s = Stream()
        with graph(g, stream=s):
            y = x + 1
            for f, name in (
                (lambda: y.sum().item(), 'item'),
                (lambda: y.tolist(), 'to'),
                (lambda: y.cpu(), 'cpu'),
                (lambda: y.copy_(pageable), 'copy_'),
                (lambda: pageable.to('cuda'), 'to'),
                (lambda: x[x > 1], 'index'),
                (lambda: tenon.nonzero(x), 'nonzero'),
                (lambda: tenon.randperm(5, device='cuda'), 'randperm'),
                (lambda: tenon.multinomial(x, 1), 'multinomial'),
                (lambda: tenon.poisson(x), 'poisson'),
                (lambda: s.synchronize(), 'synchronize'),
                (lambda: s.query(), 'query'),
                (lambda: cuda.synchronize(), 'synchronize'),
                (lambda: cuda.empty_cache(), 'empty_cache'),
            ):
                fails(f, name, 'cuda:0 is being captured into a graph', 'before or after the capture')
            cuda.synchronize(1)  # the other device knows nothing of it
            z = y * 10
        g.replay()
        assert z.tolist() == [20.0, 30.0]
        """,
        backend,
    )


def test_misuse_is_an_error(backend: str) -> None:
    run(
        """
        g = CUDAGraph()
        fails(g.replay, 'replay: the graph is empty')
        fails(g.capture_end, 'capture_end: no capture was begun')
        fails(g.capture_begin, 'capture_begin: the default stream of cuda:0 cannot be captured')
        fails(lambda: graph(3), 'CUDAGraph is needed; got int', error=TypeError)
        fails(lambda: g.register_generator_state(3), 'Generator is needed; got int', error=TypeError)
        fails(lambda: cuda.is_current_stream_capturing('cpu'), 'a CUDA device is needed', error=ValueError)
        s = Stream()
        with stream(s):
            g.capture_begin()
            fails(g.replay, 'still being captured')
            fails(g.capture_begin, 'being captured already')
            fails(CUDAGraph().capture_begin, 'captured into another graph')
            x = tenon.ones(3, device='cuda')
            done = CUDAGraph()
            g.capture_end()
            fails(g.capture_begin, 'holds a capture; use reset() first')
            g.replay()
            assert x.tolist() == [1.0] * 3
            g.reset()
            fails(g.replay, 'empty')
            g.capture_begin()
            inner = CUDAGraph()
            y = x + 1
            g.capture_end()
        with graph(inner):
            fails(g.replay, 'a graph cannot be part of another one')
            x += 1
        g.replay()
        assert y.tolist() == [2.0] * 3
        """,
        backend,
    )


def test_a_failure_in_a_capture_leaves_everything_usable(backend: str) -> None:
    run(
        """
        x = on([1.0, 2.0])
        g, s = CUDAGraph(), Stream()
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                with graph(g, stream=s):
                    y = x + 1
                    1 / 0
            assert current_stream() == cuda.default_stream()
            fails(g.replay, 'empty')
            with stream(s):
                assert (x + 1).tolist() == [2.0, 3.0]
        with pytest.raises(RuntimeError):
            with graph(g, stream=s):
                x @ on([[1.0]]).t()[:, :0]
                (x + tenon.ones(3, device='cuda'))
        with graph(g, stream=s):
            z = x * 3
        g.replay()
        assert z.tolist() == [3.0, 6.0]
        # A graph that is dropped in its capture ends it.
        with stream(s):
            h = CUDAGraph()
            h.capture_begin()
            y = x + 5
            del h
            gc.collect()
            assert not cuda.is_current_stream_capturing()
            assert (x + 5).tolist() == [6.0, 7.0]
        cuda.synchronize()
        """,
        backend,
    )


def test_an_error_in_a_replay_is_named(backend: str) -> None:
    run(
        """
        table, rows = on([[1.0], [2.0]]), on([0, 1])
        g = CUDAGraph()
        with graph(g):
            y = tenon.nn.functional.embedding(rows, table)
        g.replay()
        assert y.tolist() == [[1.0], [2.0]]
        rows.fill_(7)
        g.replay()
        with pytest.raises(IndexError, match='index_select on cuda:0: index 7'):
            cuda.synchronize()
        rows.fill_(0)
        g.replay()
        assert y.tolist() == [[1.0], [1.0]]
        if sim:
            library.tenon_sim_fail_launches(0, 1, True)
            g.replay()
            fails(cuda.synchronize, 'on cuda:0: the launch failed')
            library.tenon_sim_fail_launches(0, 1, False)
            fails(g.replay, 'replay: failed on cuda:0: the driver refused the launch')
            g.replay()
            assert y.tolist() == [[1.0], [1.0]]
        elif hasattr(library, 'tenon_cudahost_break'):
            library.tenon_cudahost_break(0, 1)
            g.replay()
            fails(cuda.synchronize, 'replay', 'illegal memory access', 'lost')
            fails(g.replay, 'the device was lost by replay')
            g.reset()
            del g, y
            gc.collect()
            assert (on([1.0], 'cuda:1') + 1).tolist() == [2.0]
        """,
        backend,
    )


def test_events_order_the_streams_of_a_capture(backend: str) -> None:
    run(
        """
        a, b = Stream(), Stream()
        x = on([1.0, 2.0])
        g = CUDAGraph()
        with graph(g, stream=a):
            y = x + 1
            b.wait_stream(a)
            with stream(b):
                assert cuda.is_current_stream_capturing()
                z = y * 10
                y.record_stream(b)
            w = y - 1
            a.wait_stream(b)
            total = z + w
        with stream(b):
            assert not cuda.is_current_stream_capturing()
        for k in range(30):
            x.fill_(float(k))
            g.replay()
            assert total.tolist() == [10.0 * (k + 1) + k] * 2, k
        h = CUDAGraph()
        def unjoined():
            with graph(h, stream=a):
                y = x + 1
                b.wait_stream(a)
                with stream(b):
                    y * 2
        fails(unjoined, 'capture_end', 'a stream that joined the capture was not waited for')
        fails(h.replay, 'empty')
        for s in (a, b):
            with stream(s):
                assert not cuda.is_current_stream_capturing() and (x + 1).tolist() == [30.0] * 2
        # Events of the outside and of a capture do not mix.
        outside, inside = Event(), Event()
        outside.record(b)
        with graph(h, stream=a):
            fails(lambda: outside.wait(a), 'recorded outside of the capture')
            y = x + 1
            inside.record(a)
            fails(inside.query, 'recorded in the capture of a graph')
            fails(inside.synchronize, 'recorded in the capture of a graph')
            fails(lambda: inside.wait(cuda.default_stream()), 'the default stream cannot be captured')
        fails(lambda: inside.wait(b), 'recorded in the capture of a graph')
        inside.record(b)
        inside.synchronize()
        h.replay()
        assert y.tolist() == [30.0] * 2
        """,
        backend,
    )


def test_two_graphs_on_two_streams(backend: str) -> None:
    run(
        """
        a, b = Stream(), Stream()
        x = on([1.0, 2.0])
        g, h = CUDAGraph(), CUDAGraph()
        with stream(a):
            g.capture_begin()
        with stream(b):
            h.capture_begin()
        with stream(a):
            y = x + 1
        with stream(b):
            z = x * 5
        with stream(a):
            y = y * 2
            g.capture_end()
        with stream(b):
            z = z - 1
            h.capture_end()
        for k in range(10):
            x.fill_(float(k))
            a.wait_stream(current_stream()), b.wait_stream(current_stream())
            with stream(a):
                g.replay()
            with stream(b):
                h.replay()
            current_stream().wait_stream(a), current_stream().wait_stream(b)
            assert y.tolist() == [2.0 * (k + 1)] * 2 and z.tolist() == [5.0 * k - 1] * 2
        # Replays of one graph on several streams come one after the other.
        total = tenon.zeros(1000, device='cuda')
        k = CUDAGraph()
        with graph(k):
            total += 1
        cuda.synchronize()
        for s in (a, b, a, b, b, a) * 10:
            with stream(s):
                k.replay()
        cuda.synchronize()
        assert set(total.tolist()) == {60.0}
        """,
        backend,
    )


def test_the_memory_of_a_graph_is_its_own(backend: str) -> None:
    """What the capture allocated or touched serves nobody else until the graph is gone."""
    run(
        """
        def spoil():
            kept = []
            for s in (current_stream(), *streams):
                with stream(s):
                    kept += [tenon.full((n,), -1.0, device='cuda') for n in (1, 100, 1000, 5000) * 5]
            cuda.synchronize()
        streams = [Stream(), Stream()]
        x = tenon.ones(1000, device='cuda')
        bias = tenon.full((1000,), 5.0, device='cuda')
        out = tenon.zeros(1000, device='cuda')
        before = cuda.memory_allocated()
        g = CUDAGraph()
        with graph(g, stream=streams[0]):
            a = x * 2
            b = a + bias
            c = b.exp().log()
            out += b
            del a, b
        del bias, c
        gc.collect()
        for k in range(1, 6):
            spoil()
            x.fill_(float(k))
            g.replay()
            spoil()
        assert set(out.tolist()) == {sum(2.0 * k + 5 for k in range(1, 6))}
        active = cuda.memory_stats()['active_bytes.all.current']
        del g
        gc.collect()
        cuda.synchronize()
        cuda.empty_cache()
        assert cuda.memory_stats()['active_bytes.all.current'] < active
        assert cuda.memory_allocated() < before  # the bias is gone
        spoil()
        cuda.synchronize()
        stats = cuda.memory_stats()
        assert stats['active_bytes.all.current'] == stats['allocated_bytes.all.current']
        """,
        backend,
    )


def test_a_graph_that_is_dropped_while_its_replay_runs(backend: str) -> None:
    run(
        """
        x = tenon.ones(1000, device='cuda')
        out = tenon.zeros(1000, device='cuda')
        pinned = tenon.from_numpy(np.full(1000, 3.0, 'f4')).pin_()
        g = CUDAGraph()
        with graph(g):
            y = (x * 2 + tenon.ones(1000, device='cuda')) * pinned.to('cuda', non_blocking=True)
            out.copy_(y)
        if sim:
            library.tenon_sim_hold(0, 0, True)
        else:
            library.tenon_cudahost_hold(True)
        g.replay()
        del g, y, pinned, x
        gc.collect()
        others = [tenon.full((1000,), -1.0, device='cuda') for _ in range(20)]
        hosts = [np.full(1000, -1.0, 'f4') for _ in range(20)]
        if sim:
            library.tenon_sim_hold(0, 0, False)
        else:
            library.tenon_cudahost_hold(False)
        assert set(out.tolist()) == {9.0}
        cuda.synchronize()
        cuda.empty_cache()
        stats = cuda.memory_stats()
        assert stats['active_bytes.all.current'] == stats['allocated_bytes.all.current']
        """,
        backend,
    )


def test_copies_of_page_locked_memory_are_read_again(backend: str) -> None:
    run(
        """
        batch = np.zeros(4, 'f4')
        pinned = tenon.from_numpy(batch).pin_()
        back = tenon.from_numpy(np.zeros(4, 'f4')).pin_()
        x = tenon.zeros(4, device='cuda')
        g = CUDAGraph()
        with graph(g):
            x.copy_(pinned, non_blocking=True)
            back.copy_(x * 2, non_blocking=True)
        del pinned
        for k in range(5):
            batch[:] = k
            g.replay()
            cuda.synchronize()
            assert back.tolist() == [2.0 * k] * 4
        """,
        backend,
    )


def test_backwards_of_several_devices_and_threads(backend: str) -> None:
    run(
        """
        s = Stream('cuda:1')
        x = on([1.0, 2.0], 'cuda:1')
        g = CUDAGraph()
        with graph(g, stream=s):
            y = x * 3
            assert (on([1.0]) + 1).tolist() == [2.0]  # the first device is not captured
            seen = []
            def other():
                seen.append((tenon.ones(3, device='cuda:1') + 1).tolist())
            t = threading.Thread(target=other)
            t.start(), t.join()
            assert seen == [[2.0] * 3]
        g.replay()
        assert y.tolist() == [3.0, 6.0]
        """,
        backend,
    )


def test_without_a_device() -> None:
    run_python(
        """
        import tenon
        g = tenon.cuda.CUDAGraph()
        assert not tenon.cuda.is_current_stream_capturing()
        g.reset()
        for f in (g.capture_begin, tenon.cuda.graph(g).__enter__):
            try:
                f()
            except RuntimeError as error:
                assert 'cuda' in str(error), error
            else:
                raise AssertionError('no error')
        """,
        TENON_CUDA_LIB="/nonexistent.so",
    )


def test_unified_memory_is_refused(backend: str) -> None:
    """A replay would not wait for the host's views of it."""
    run(
        """
        shared = tenon.ones(3, device='unified')
        x = tenon.zeros(3, device='cuda')
        g = CUDAGraph()
        with graph(g):
            with pytest.raises(RuntimeError, match="add: a graph is being captured, .* use tensor.to"):
                x + shared
            x += 1
        g.replay()
        assert x.tolist() == [1.0] * 3 and shared.tolist() == [1.0] * 3
        assert (shared + x).tolist() == [2.0] * 3
        """,
        backend,
    )
