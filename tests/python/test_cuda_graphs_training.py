"""Training steps and random numbers by replays of CUDA graphs: they have the bits of eager steps."""

import textwrap

import pytest
from graphs import BACKENDS, run

pytestmark = pytest.mark.border


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


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
