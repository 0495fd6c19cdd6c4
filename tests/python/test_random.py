"""Streams, seeds and generators; the distributions' shapes, dtypes and moments."""

import math

import numpy as np
import pytest
import tenon


def test_seeds():
    tenon.manual_seed(3)
    a = tenon.rand(5).tolist()
    assert tenon.rand(5).tolist() != a
    assert tenon.manual_seed(3) is tenon.default_generator
    assert tenon.rand(5).tolist() == a
    assert tenon.initial_seed() == 3
    assert tenon.rand(5, generator=tenon.Generator(3)).tolist() == a
    assert tenon.rand(5, generator=tenon.Generator().manual_seed(3)).tolist() == a
    tenon.manual_seed(-1)
    assert tenon.initial_seed() == 2**64 - 1
    assert tenon.seed() == tenon.initial_seed()
    with pytest.raises(TypeError):
        tenon.manual_seed("a")
    with pytest.raises(TypeError, match="Generator"):
        tenon.rand(2, generator=5)


def test_states():
    tenon.manual_seed(1)
    tenon.randn(3)
    state = tenon.get_rng_state()
    a = tenon.randn(7).tolist()
    tenon.set_rng_state(state)
    assert tenon.randn(7).tolist() == a
    with tenon.random.fork_rng():
        tenon.manual_seed(99)
        tenon.rand(100)
    tenon.set_rng_state(state)
    with tenon.fork_rng():
        tenon.rand(5)
    assert tenon.randn(7).tolist() == a
    g = tenon.Generator(4)
    state = g.get_state()
    b = tenon.rand(3, generator=g).tolist()
    g.set_state(state)
    assert tenon.rand(3, generator=g).tolist() == b
    assert g.initial_seed() == 4
    for wrong in ((), (1,), (1, 2, 3), (1, "2"), 5):
        with pytest.raises(TypeError, match="set_state"):
            g.set_state(wrong)
    assert g.initial_seed() == 4


def test_the_stream_does_not_depend_on_threads():
    n = 300_001
    values = []
    try:
        for threads in (1, 2, 4):
            tenon.set_num_threads(threads)
            values.append(tenon.randn(n, generator=tenon.Generator(8)).numpy().copy())
    finally:
        tenon.set_num_threads(0)
    assert np.array_equal(values[0], values[1])
    assert np.array_equal(values[0], values[2])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_rand_and_randn(dtype):
    d = getattr(tenon, dtype)
    g = tenon.Generator(11)
    u = tenon.rand(100_000, dtype=d, generator=g)
    assert u.dtype is d
    x = u.double()
    assert x.min().item() >= 0
    assert x.max().item() < 1
    # Four standard errors of the mean and of the variance of 100,000 draws.
    assert abs(x.mean().item() - 0.5) < 4 * math.sqrt(1 / 12 / 1e5) + 2**-9 * (
        dtype in ("bfloat16", "float16")
    )
    z = tenon.randn(100_000, dtype=d, generator=g).double()
    assert abs(z.mean().item()) < 4 / math.sqrt(1e5) + 1e-3
    assert abs(z.var().item() - 1) < 4 * math.sqrt(2 / 1e5) + 1e-3
    assert tenon.rand(2, requires_grad=True).requires_grad


def test_randint():
    g = tenon.Generator(2)
    t = tenon.randint(3, 7, (10_000,), generator=g)
    assert t.dtype is tenon.int64
    counts = np.bincount(t.numpy(), minlength=7)[3:]
    assert counts.sum() == 10_000
    assert abs(counts - 2500).max() < 4 * math.sqrt(10_000 * 0.25 * 0.75)
    assert tenon.randint(5, (2, 3)).shape == (2, 3)
    assert tenon.randint(high=5, size=(2,), low=0).shape == (2,)
    assert tenon.randint(0, 5, size=(2,), dtype=tenon.uint8).dtype is tenon.uint8
    assert tenon.randint(0, 5, size=(2,), dtype=tenon.float32).dtype is tenon.float32
    assert tenon.randint_like(tenon.zeros(3), 4).dtype is tenon.float32
    assert tenon.randint_like(tenon.zeros(3), 2, 4).min().item() >= 2
    with pytest.raises(TypeError, match="size"):
        tenon.randint(3)
    with pytest.raises(ValueError):
        tenon.randint(5, 5, (1,))


def test_randperm():
    t = tenon.randperm(1000, generator=tenon.Generator(1))
    assert sorted(t.tolist()) == list(range(1000))
    assert t.tolist() != list(range(1000))
    assert tenon.randperm(5, dtype=tenon.int32).dtype is tenon.int32
    with pytest.raises(ValueError):
        tenon.randperm(-1)
    with pytest.raises(OverflowError):
        tenon.randperm(1000, dtype=tenon.int8)


def test_normal():
    g = tenon.Generator(5)
    assert tenon.normal(0.0, 1.0, (2, 3)).shape == (2, 3)
    assert tenon.normal(mean=5, std=0, size=(2,)).tolist() == [5, 5]
    x = tenon.normal(tenon.full((50_000,), 3.0), 2.0, generator=g)
    assert abs(x.mean().item() - 3) < 4 * 2 / math.sqrt(5e4)
    assert abs(x.std().item() - 2) < 4 * 2 / math.sqrt(1e5)
    assert tenon.normal(tenon.zeros(3, 1), tenon.ones(2)).shape == (3, 2)
    assert tenon.normal(1.0, tenon.ones(2)).shape == (2,)
    with pytest.raises(ValueError):
        tenon.normal(tenon.zeros(1), -1.0)
    with pytest.raises(TypeError, match="size"):
        tenon.normal(0.0, 1.0)


def test_bernoulli_and_multinomial():
    g = tenon.Generator(6)
    t = tenon.bernoulli(tenon.full((20_000,), 0.3), generator=g)
    assert set(t.tolist()) == {0.0, 1.0}
    assert abs(t.mean().item() - 0.3) < 4 * math.sqrt(0.21 / 2e4)
    weights = tenon.tensor([0.0, 1.0, 3.0])
    drawn = weights.multinomial(20_000, replacement=True, generator=g)
    counts = np.bincount(drawn.numpy(), minlength=3)
    assert counts[0] == 0
    assert abs(counts[2] / 20_000 - 0.75) < 4 * math.sqrt(0.75 * 0.25 / 2e4)
    assert sorted(tenon.multinomial(weights, 2).tolist()) == [1, 2]
    assert tenon.multinomial(tenon.ones(4, 3), 2).shape == (4, 2)
    with pytest.raises(ValueError):
        tenon.multinomial(weights, 3)
    with pytest.raises(ValueError):
        tenon.bernoulli(tenon.tensor([1.5]))


def test_in_place():
    g = tenon.Generator(7)
    t = tenon.zeros(10_000)
    assert t.uniform_(2, 3, generator=g) is t
    assert 2 <= t.min().item() <= t.max().item() < 3
    t.normal_(1, 0.5, generator=g)
    assert abs(t.mean().item() - 1) < 0.03
    assert t.bernoulli_(0.25, generator=g).mean().item() == pytest.approx(0.25, abs=0.02)
    assert t.random_(5, generator=g).max().item() == 4
    assert t.random_(3, 5, generator=g).min().item() == 3
    i = tenon.zeros(1000, dtype=tenon.int8).random_(generator=g)
    assert i.min().item() >= 0
    assert i.max().item() > 100
    for name in ("uniform_", "normal_", "random_", "bernoulli_"):
        w, state = tenon.ones(2, requires_grad=True), g.get_state()
        with pytest.raises(RuntimeError, match=f"^{name}: a leaf"):
            getattr(w, name)(generator=g)
        assert w.tolist() == [1, 1] and g.get_state() == state
        y = w * 2
        getattr(y, name)(generator=g)  # the old values play no part any more
        y.sum().backward()
        assert w.grad is None


def test_like():
    t = tenon.zeros(2, 3, dtype=tenon.float64)
    for f in (tenon.rand_like, tenon.randn_like):
        assert f(t).dtype is tenon.float64
        assert f(t).shape == (2, 3)
        assert f(t, dtype=tenon.float32).dtype is tenon.float32


def test_generators_as_pytorch_makes_them():
    for g in (tenon.Generator(device="cpu"), tenon.Generator("cpu"), tenon.Generator(tenon.device("cpu"))):
        assert g.device == "cpu" and g.initial_seed() == tenon.Generator().initial_seed()
    assert tenon.Generator(-1).initial_seed() == 2**64 - 1
    for bad in (2**64, -(2**63) - 1):
        for f, op in (
            (tenon.manual_seed, "manual_seed"),
            (tenon.Generator().manual_seed, "manual_seed"),
            (tenon.Generator, "Generator"),
        ):
            with pytest.raises(OverflowError, match=rf"{op}: 'seed' must lie between .* got {bad}"):
                f(bad)
    with pytest.raises(TypeError, match="manual_seed: 'seed' must be an int; got str"):
        tenon.manual_seed("a")
    with pytest.raises(ValueError, match="Generator: one on the CPU serves all devices"):
        tenon.Generator(device="cuda")


def test_forms_of_draws():
    x = tenon.full((1000,), 0.5)
    assert x.bernoulli(1.0).all() and not tenon.bernoulli(x, 0.0).any()
    assert 200 < x.bernoulli(p=0.3).sum() < 400
    assert tenon.bernoulli(tenon.zeros(3, dtype=tenon.int64), 1.0).tolist() == [1, 1, 1]
    assert tenon.randint(high=5, size=(100,)).max() < 5
    big = tenon.randint(0, 2**64, (100,), dtype=tenon.uint64)
    assert big.max().item() >= 2**63  # of a hundred one lies in the upper half
    for high, dtype in ((2**64, tenon.int64), (2**65, tenon.uint64)):
        with pytest.raises(OverflowError, match="randint"):
            tenon.randint(0, high, (3,), dtype=dtype)
