"""CUDA graphs: what is captured once and replayed, on the simulated device and by CUDA's backend on the host.

Replays run what is captured in one of the orders that streams and events allow, another one each time.
"""

import textwrap

import pytest
from support import host_environment, run_python, sim_environment

pytestmark = pytest.mark.border

ENVIRONMENTS = {"sim": sim_environment, "host": host_environment}

PROLOGUE = """
import ctypes, gc, os, threading
import numpy as np
import pytest
import tenon
from tenon import cuda
from tenon.cuda import CUDAGraph, Event, Stream, current_stream, graph, stream
library = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
sim = hasattr(library, 'tenon_sim_hold')
def fails(f, *parts, error=RuntimeError):
    with pytest.raises(error) as e:
        f()
    text = str(e.value)
    assert all(part in text for part in parts), text
def on(values, device='cuda', **options):
    return tenon.tensor(values, **options).to(device)
"""


def run(program: str, backend: str, **environment: str) -> str:
    return run_python(
        PROLOGUE + textwrap.dedent(program), **ENVIRONMENTS[backend](), timeout=120, **environment
    )


@pytest.fixture(params=["sim", "host"])
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
        else:
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


def test_random_numbers_go_on(backend: str) -> None:
    run(
        """
        def eager(rounds):
            return [(tenon.rand(7, device='cuda').tolist(), tenon.randn(5, device='cuda').tolist(),
                     tenon.randint(0, 100, (9,), device='cuda').tolist()) for _ in range(rounds)]
        tenon.manual_seed(3)
        expected = eager(4)
        g = CUDAGraph()
        with graph(g):
            a, b, c = (tenon.rand(7, device='cuda'), tenon.randn(5, device='cuda'),
                       tenon.randint(0, 100, (9,), device='cuda'))
        tenon.manual_seed(3)
        got = []
        for k in range(4):
            if k == 2:
                got += eager(1)  # takes its turn among replays
            else:
                g.replay()
                got.append((a.tolist(), b.tolist(), c.tolist()))
        assert got == expected
        own = tenon.Generator().manual_seed(11)
        h = CUDAGraph()
        def draw():
            with graph(h):
                return tenon.rand(6, device='cuda', generator=own)
        fails(draw, "rand: this generator does not know the graph", 'register_generator_state')
        h.register_generator_state(own)
        y = draw()
        same = tenon.Generator().manual_seed(11)
        for _ in range(3):
            h.replay()
            assert y.tolist() == tenon.rand(6, generator=same).tolist()
        """,
        backend,
    )


def test_dropout_goes_on(backend: str) -> None:
    run(
        """
        F = tenon.nn.functional
        q = on(np.random.default_rng(0).normal(size=(2, 2, 5, 8)).astype('f4').tolist(), requires_grad=False)
        def work():
            x = q.detach().requires_grad_()
            y = F.scaled_dot_product_attention(x, x, x, dropout_p=0.4) + F.dropout(x, 0.5)
            (y * y).sum().backward()
            return y.detach(), x.grad
        tenon.manual_seed(5)
        expected = [[t.tolist() for t in work()] for _ in range(3)]
        assert expected[0] != expected[1]
        g = CUDAGraph()
        with graph(g):
            results = work()
        tenon.manual_seed(5)
        for e in expected:
            g.replay()
            assert [t.tolist() for t in results] == e
        """,
        backend,
    )


TRAINING = """
nn, F = tenon.nn, tenon.nn.functional
def data(k):
    rng = np.random.default_rng(k)
    return tenon.tensor(rng.normal(size=(16, 6)).astype('f4')), tenon.tensor(rng.integers(0, 3, 16))
def made(kind, **options):
    tenon.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Dropout(0.2), nn.Linear(12, 3)).to('cuda')
    return model, getattr(tenon.optim, kind)(model.parameters(), **options)
def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss
def state(model, optimizer):
    plain = lambda v: v.tolist() if isinstance(v, tenon.Tensor) else v
    kept = optimizer.state_dict()['state']
    return [p.tolist() for p in model.parameters()], {
        k: {n: plain(v) for n, v in s.items()} for k, s in kept.items()}
def compare(kind, replays=6, **options):
    model, optimizer = made(kind, **options)
    tenon.manual_seed(2)
    expected = [float(step(model, optimizer, *(t.to('cuda') for t in data(k)))) for k in range(replays + 1)]
    wanted = state(model, optimizer)
    model, optimizer = made(kind, **options)
    x, y = (t.to('cuda') for t in data(0))
    tenon.manual_seed(2)
    losses = [float(step(model, optimizer, x, y))]
    g = CUDAGraph()
    with graph(g):
        loss = step(model, optimizer, x, y)
    for k in range(1, replays + 1):
        for t, new in zip((x, y), data(k)):
            t.copy_(new)
        g.replay()
        losses.append(loss.item())
    assert losses == expected, (kind, losses, expected)
    assert state(model, optimizer) == wanted, kind
    return g, optimizer
"""


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", "lr=0.1"),
        ("SGD", "lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01"),
        ("Adam", "lr=0.01"),
        ("AdamW", "lr=0.01, amsgrad=True"),
        ("NAdam", "lr=0.01"),
        ("RAdam", "lr=0.01"),
        ("Adamax", "lr=0.01"),
        ("RMSprop", "lr=0.01, momentum=0.5, centered=True"),
        ("Adagrad", "lr=0.01, lr_decay=0.1"),
        ("Adadelta", "lr=0.5"),
        ("ASGD", "lr=0.01, t0=2"),
        ("Rprop", "lr=0.01"),
    ],
)
def test_training_by_replays_has_the_bits_of_eager_steps(backend: str, kind: str, options: str) -> None:
    run(TRAINING + f"compare({kind!r}, {options})", backend)


def test_steps_that_a_graph_cannot_make(backend: str) -> None:
    run(
        TRAINING
        + textwrap.dedent(
            """
            x, y = (t.to('cuda') for t in data(0))
            for kind in ('Adam', 'Adafactor'):
                model, optimizer = made(kind, lr=0.01)
                g = CUDAGraph()
                def capture():
                    with graph(g):
                        step(model, optimizer, x, y)
                if kind == 'Adam':
                    fails(capture, 'Adam: the states of parameter 0', 'make one step before the capture')
                else:
                    step(model, optimizer, x, y)
                    fails(capture, 'Adafactor: a step cannot be captured')
                step(model, optimizer, x, y)  # and everything goes on
                fails(g.replay, 'empty')
            g, optimizer = compare('Adam', 2, lr=0.01)
            optimizer.param_groups[0]['lr'] = 0.5
            before = [p.tolist() for p in optimizer.param_groups[0]['params']]
            fails(g.replay, "Adam was captured with lr=0.01, which is 0.5 now; capture the step again")
            assert before == [p.tolist() for p in optimizer.param_groups[0]['params']]
            optimizer.param_groups[0]['lr'] = 0.01
            g.replay()
            assert optimizer.state_dict()['state'][0]['step'] == 4
            """
        ),
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
