"""Samples of tenon.distributions have the distribution, and all has PyTorch's shapes."""

import math

import numpy as np
import pytest
import tenon
from distribution_cases import (
    CASES,
    CONTINUOUS,
    DTYPES,
    REAL,
    SHARES,
    build,
    made,
    same,
    stats,
    torch,
)  # fmt: skip
from tenon import distributions as D

# ---- samples ----

CDF = {
    "Normal": lambda p: stats.norm(p["loc"], p["scale"]),
    "LogNormal": lambda p: stats.lognorm(p["scale"], scale=np.exp(p["loc"])),
    "Laplace": lambda p: stats.laplace(p["loc"], p["scale"]),
    "Exponential": lambda p: stats.expon(scale=1 / p["rate"]),
    "Uniform": lambda p: stats.uniform(p["low"], p["high"] - p["low"]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CONTINUOUS)
def test_samples_have_the_distribution(case, dtype):
    p, _ = made(tenon, case, dtype)
    n = 20000
    for draw in (p.sample, p.rsample):
        x = draw((n,), generator=tenon.Generator(11))
        assert x.shape == (n, 2, 3) and x.dtype.name == dtype and x.requires_grad == (draw == p.rsample)
        x = x.detach().numpy().astype("f8")
        parameters = dict(zip(CASES[case][0], np.broadcast_arrays(*CASES[case][0].values()), strict=True))
        for at in np.ndindex(2, 3):
            theirs = CDF[case]({k: v[at] for k, v in parameters.items()})
            assert stats.kstest(x[(slice(None), *at)], theirs.cdf).pvalue > 1e-3, at
            mean, std = theirs.mean(), theirs.std()
            if std < 100:  # the heaviest LogNormal's mean has not settled
                assert abs(x[(slice(None), *at)].mean() - mean) < 5 * std / math.sqrt(n), at
            if case != "LogNormal":
                assert abs(x[(slice(None), *at)].std() / std - 1) < 0.1, at
            assert np.isclose(p.mean[at].item(), mean, rtol=1e-4) and np.isclose(
                p.stddev[at].item(), std, rtol=1e-4
            )


@pytest.mark.parametrize("case", [c for c in CASES if c not in CONTINUOUS])
def test_samples_of_classes_come_as_often_as_they_should(case):
    p, _ = made(tenon, case, "float32")
    n = 20000
    x = p.sample((n,), generator=tenon.Generator(12))
    assert not x.requires_grad and x.shape == (n, *p.batch_shape, *p.event_shape)
    assert x.dtype == (tenon.int64 if case.startswith("Categorical") else tenon.float32)
    if case.startswith("Multinomial"):
        assert (x.sum(-1) == 4).all() and abs((x.var(0) / p.variance).mean().item() - 1) < 0.05
        x, n = x / 4, 4 * n
    if case.startswith("Categorical"):
        x = (x.unsqueeze(-1) == tenon.arange(3)).float()
    share, wanted = x.mean(0).numpy(), p.probs.detach().numpy()
    assert (np.abs(share - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / n)).all()
    # Samples of one batch element do not depend on those of another.
    if case.startswith("Bernoulli"):
        flat = x.numpy().reshape(n, -1)
        correlation = np.corrcoef(flat.T) - np.eye(flat.shape[1])
        assert np.abs(correlation).max() < 5 / math.sqrt(n)


@pytest.mark.parametrize("case", CASES)
def test_generators(case):
    p, _ = made(tenon, case, "float32")
    own = [p.sample((3, 2), generator=tenon.Generator(7)) for _ in range(2)]
    assert tenon.equal(*own)
    tenon.manual_seed(1)
    first = p.sample((3, 2))
    tenon.manual_seed(1)
    assert tenon.equal(p.sample((3, 2)), first)
    assert not tenon.equal(p.sample((3, 2)), first)


def test_rsample_carries_gradients():
    loc = tenon.zeros(4, dtype=tenon.float64, requires_grad=True)
    scale = tenon.ones(4, dtype=tenon.float64, requires_grad=True)
    x = D.Normal(loc, scale).rsample((5,))
    x.sum().backward()
    assert loc.grad.tolist() == [5] * 4 and tenon.allclose(scale.grad, x.detach().sum(0))
    for case in ("Bernoulli", "Categorical", "OneHotCategorical"):
        with pytest.raises(NotImplementedError, match=f"^{case}: samples have no gradient; use sample"):
            made(tenon, case)[0].rsample()
    p = D.OneHotCategoricalStraightThrough(probs=tenon.from_numpy(SHARES).requires_grad_())
    y = p.rsample((2,))
    assert sorted(np.unique(y.detach().numpy().round(9))) == [0, 1] and y.requires_grad


# ---- shapes ----


@pytest.mark.parametrize("case", CASES)
def test_shapes_and_expand(case):
    p, leaves = made(tenon, case)
    q, _ = made(torch, case)
    for shape in ((), (4,), (2, 1)):
        new = (*shape, *p.batch_shape)
        ours, theirs = p.expand(new), q.expand(new)
        assert ours.batch_shape == tuple(theirs.batch_shape) == new
        assert ours.event_shape == tuple(theirs.event_shape) and type(ours) is type(p)
        assert ours.sample((3,)).shape == tuple(theirs.sample((3,)).shape)
        value = ours.sample((3,))
        assert ours.log_prob(value).shape == (3, *new)
        assert tenon.allclose(ours.entropy(), p.entropy().expand(new))
        name = next(iter(CASES[case][0]))
        wanted = getattr(p, name)
        view = getattr(ours, name)
        assert np.shares_memory(view.detach().numpy(), wanted.detach().numpy())
    (p.entropy().sum() + p.expand((3, *p.batch_shape)).mean.nansum()).backward()
    assert all(leaf.grad is not None for leaf in leaves)
    assert p.has_rsample == q.has_rsample and p.has_enumerate_support == q.has_enumerate_support
    assert repr(p).startswith(case.split()[0] + "(")


def test_scalars():
    p = D.Normal(0, 1)
    assert p.batch_shape == () and p.sample().shape == () and p.loc.dtype == tenon.float32
    assert repr(p) == "Normal(loc: 0.0, scale: 1.0)"
    assert D.Normal(0.0, tenon.ones(2, dtype=tenon.float64)).loc.dtype == tenon.float64
    assert D.Normal(tenon.tensor([1, 2]), 1).loc.dtype == tenon.float32
    assert D.Normal(np.zeros(3), 1.0).log_prob(np.zeros(3)).dtype == tenon.float64
    assert D.Uniform(0, 2).log_prob(1).item() == pytest.approx(-math.log(2))
    assert D.Normal(0.0, 1.0).sample((0,)).shape == (0,)
    for case, (given, _) in CASES.items():
        p = build(D, case, {k: tenon.from_numpy(v)[: 0 if v.ndim == 2 else None] for k, v in given.items()})
        assert p.sample((2,)).numel() == 0 and made(tenon, case)[0].sample((0,)).numel() == 0


@pytest.mark.parametrize("case", [c for c in CASES if "logits" not in c])
@pytest.mark.parametrize("dtype", [tenon.float16, tenon.bfloat16])
def test_half_precision_stays(case, dtype):
    given, v = CASES[case]
    p = build(D, case, {k: tenon.from_numpy(x).to(dtype) for k, x in given.items()})
    value = tenon.from_numpy(v) if v.dtype == np.int64 else tenon.from_numpy(v).to(dtype)
    assert p.log_prob(value).dtype == p.entropy().dtype == p.mean.dtype == dtype
    x = p.sample((10000,), generator=tenon.Generator(2))
    assert x.dtype == (tenon.int64 if case == "Categorical" else dtype)
    # Few distinct numbers are drawn; none of them is infinitely far, unless e to it is.
    assert case in ("Categorical", "LogNormal") or x.isfinite().all()


@pytest.mark.parametrize("case", [c for c in CASES if c not in CONTINUOUS and "Multi" not in c])
def test_enumerate_support(case):
    p, q = made(tenon, case)[0], made(torch, case)[0]
    for expand in (True, False):
        assert p.enumerate_support(expand).tolist() == q.enumerate_support(expand).tolist()
    total = p.log_prob(p.enumerate_support()).exp().sum(0)
    assert tenon.allclose(total, tenon.ones_like(total))


def test_independent():
    def both(f):
        results = []
        for space, module in ((tenon, D), (torch, torch.distributions)):
            base, leaves = made(space, "Normal")
            results.append(f(space, module, base, leaves))
        return results

    for n in (0, 1, 2):
        ours, theirs = both(lambda space, module, base, leaves, n=n: module.Independent(base, n))
        assert (ours.batch_shape, ours.event_shape) == (tuple(theirs.batch_shape), tuple(theirs.event_shape))
        assert ours.expand((4, *ours.batch_shape)).batch_shape == (4, *ours.batch_shape)
        assert ours.support.event_dim == theirs.support.event_dim
        same(ours.log_prob(tenon.from_numpy(REAL)), theirs.log_prob(torch.from_numpy(REAL)), 1e-12)
        same(ours.entropy(), theirs.entropy(), 1e-12)
        assert ours.has_rsample and ours.rsample((2,)).requires_grad
        kl = D.kl_divergence(ours, D.Independent(D.Normal(tenon.zeros(2, 3), 1.0), n))
        reference = torch.distributions.Normal(torch.zeros(2, 3), 1.0)
        wanted = torch.distributions.kl_divergence(theirs, torch.distributions.Independent(reference, n))
        same(kl, wanted, 1e-6)
    classes = D.Independent(made(tenon, "Bernoulli")[0], 1)
    with pytest.raises(NotImplementedError, match=r"^Independent"):
        classes.enumerate_support()
    assert tenon.equal(
        classes.sample(generator=tenon.Generator(1)), classes.sample(generator=tenon.Generator(1))
    )
    with pytest.raises(ValueError, match=r"^Independent: .*batch \(2, 3\); got 3"):
        D.Independent(made(tenon, "Normal")[0], 3)
    with pytest.raises(TypeError, match=r"^Independent: base_distribution must be a Distribution; got int"):
        D.Independent(3, 1)
    with pytest.raises(ValueError, match=r"^kl_divergence: the events must match"):
        D.kl_divergence(classes, D.Independent(made(tenon, "Bernoulli")[0], 2))
