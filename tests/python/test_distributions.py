"""tenon.distributions beside PyTorch's and SciPy's: values, gradients, samples, shapes, errors."""

import math

import numpy as np
import pytest
import tenon
from support import run_python, sim_environment
from tenon import distributions as D

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

A = np.array
# Parameters that broadcast to (2, 3), and values within the support.
LOC, SCALE = A([[0.5], [-1.25]]), A([0.5, 1.0, 3.0])
REAL = A([[0.1, -2.0, 4.0], [1.5, -0.7, 0.25]])
POSITIVE = np.abs(REAL)
SHARES = A([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]])
CASES = {
    "Normal": ({"loc": LOC, "scale": SCALE}, REAL),
    "LogNormal": ({"loc": LOC, "scale": SCALE}, POSITIVE),
    "Laplace": ({"loc": LOC, "scale": SCALE}, REAL),
    "Exponential": ({"rate": A([[0.5, 1.0, 3.0], [2.0, 0.1, 0.7]])}, POSITIVE),
    "Uniform": ({"low": A([[-3.0], [-5.0]]), "high": A([4.5, 5.0, 6.0])}, REAL),
    "Bernoulli": ({"probs": SHARES}, A([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])),
    "Bernoulli logits": ({"logits": REAL}, A([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])),
    "Categorical": ({"probs": 3 * SHARES}, A([2, 0])),
    "Categorical logits": ({"logits": REAL}, A([[1, 0], [2, 2], [0, 1]])),
    "OneHotCategorical": ({"probs": 3 * SHARES}, A([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])),
    "OneHotCategorical logits": ({"logits": REAL}, A([0.0, 0.0, 1.0])),
    "Multinomial": ({"probs": 3 * SHARES}, A([[0.0, 3.0, 1.0], [2.0, 2.0, 0.0]])),
    "Multinomial logits": ({"logits": REAL}, A([4.0, 0.0, 0.0])),
}
CONTINUOUS = ["Normal", "LogNormal", "Laplace", "Exponential", "Uniform"]
DTYPES = {"float32": 2e-5, "float64": 1e-12}


def build(module, case, parameters, **more):
    fixed = {"total_count": 4} if case.startswith("Multinomial") else {}
    return getattr(module, case.split()[0])(**fixed, **parameters, **more)


def made(space, case, dtype="float64", **more):
    """A distribution, with its parameters as leaves."""
    given, _ = CASES[case]
    leaves = {k: space.from_numpy(v.astype(dtype)).requires_grad_() for k, v in given.items()}
    return build(D if space is tenon else torch.distributions, case, leaves, **more), list(leaves.values())


def another(case):
    """One of the same kind with other parameters, which is nowhere 0 where the first is not."""
    p = made(tenon, case)[0]
    if case == "Uniform":
        return D.Uniform(-9.0, tenon.full((3,), 9.0, dtype=tenon.float64))
    if case in CONTINUOUS:
        given = [getattr(p, name).detach() * 1.2 + 0.3 for name in CASES[case][0]]
        return type(p)(*given)
    return build(D, case.split()[0], {"logits": p.logits.detach() * 0.7})


def value_of(space, case, dtype="float64"):
    v = CASES[case][1]
    return space.from_numpy(v if v.dtype == np.int64 else v.astype(dtype))


def same(got, wanted, tolerance):
    wanted = wanted.detach().numpy()
    assert got.dtype.name == str(wanted.dtype)
    np.testing.assert_allclose(got.detach().numpy(), wanted, rtol=tolerance, atol=tolerance)


def same_gradients(f, case, dtype, tolerance, *with_respect_to):
    """The value of f(space, distribution, leaves) and its gradients, weighted, beside PyTorch's."""
    results = []
    for space in (tenon, torch):
        p, leaves = made(space, case, dtype)
        y = f(space, p, leaves)
        weights = space.from_numpy(np.arange(1.0, 1.0 + y.numel()).astype(dtype)).reshape(tuple(y.shape))
        grads = space.autograd.grad((y * weights).sum(), leaves, allow_unused=True) if y.requires_grad else ()
        results.append((y, grads))
    (ours, our_grads), (theirs, their_grads) = results
    same(ours, theirs, tolerance)
    assert len(our_grads) == len(their_grads)
    for g, h in zip(our_grads, their_grads, strict=True):
        if g is None or h is None:
            assert all(x is None or not x.detach().abs().sum() for x in (g, h))
        else:
            same(g, h, 10 * tolerance)


# ---- values and gradients beside PyTorch's ----


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_log_prob(case, dtype):
    def f(space, p, leaves):
        value = value_of(space, case, dtype)
        if value.dtype in (space.float32, space.float64):
            leaves.append(value.requires_grad_() if case in CONTINUOUS else value)
        if not leaves[-1].requires_grad:
            leaves.pop()
        return p.log_prob(value)

    same_gradients(f, case, dtype, DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("what", ["entropy", "mean", "variance", "stddev", "mode", "perplexity"])
@pytest.mark.parametrize("case", CASES)
def test_moments(case, what, dtype):
    if what == "mode" and case.startswith("Multinomial"):
        with pytest.raises(NotImplementedError, match=r"^Multinomial: mode"):
            _ = made(tenon, case)[0].mode
        return

    def f(space, p, leaves):
        value = getattr(p, what)
        y = value if isinstance(value, space.Tensor) else value()
        return y.to(getattr(space, dtype)) if y.dtype == space.int64 else y

    tolerance = DTYPES[dtype]
    if case.startswith("Multinomial") and what in ("entropy", "perplexity"):
        tolerance = 2e-5  # PyTorch has log 4! in single precision
        for i, p in enumerate(SHARES):
            ours = D.Multinomial(4, tenon.from_numpy(p)).entropy().item()
            assert math.isclose(ours, stats.multinomial(4, p).entropy(), rel_tol=1e-12), i
    same_gradients(f, case, dtype, tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CONTINUOUS)
def test_cdf_and_its_inverse(case, dtype):
    u = A([[0.125, 0.5, 0.9], [0.001, 0.75, 0.25]])

    def forward(space, p, leaves):
        return p.cdf(value_of(space, case, dtype))

    def backward(space, p, leaves):
        leaves.append(space.from_numpy(u.astype(dtype)).requires_grad_())
        return p.icdf(leaves[-1])

    same_gradients(forward, case, dtype, DTYPES[dtype])
    if not (case == "LogNormal" and dtype == "float32"):  # e to its rounding error
        same_gradients(backward, case, dtype, 5 * DTYPES[dtype])
    p, _ = made(tenon, case)
    assert tenon.allclose(p.cdf(p.icdf(tenon.from_numpy(u))), tenon.from_numpy(u))


KL = [
    (a, b)
    for a in CASES
    for b in CASES
    if a.split()[0] == b.split()[0] or (a in CONTINUOUS and b in CONTINUOUS and "LogNormal" not in (a, b))
]
UNKNOWN = {("Exponential", "Laplace"), ("Laplace", "Exponential"), ("Uniform", "Laplace")}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pair", KL, ids="-".join)
def test_kl(pair, dtype):
    a, b = pair

    def f(space, p, leaves):
        q, more = made(space, b, dtype)
        leaves.extend(more)
        module = D if space is tenon else torch.distributions
        return module.kl_divergence(p, q)

    try:
        f(torch, *made(torch, a, dtype))
    except NotImplementedError:
        with pytest.raises(NotImplementedError, match=f"none is known for {a.split()[0]} and"):
            f(tenon, *made(tenon, a, dtype))
        return
    same_gradients(f, a, dtype, 5 * DTYPES[dtype])


def test_kl_of_impossible_values():
    p, q = tenon.tensor([0.0, 1.0, 0.5, 0.0]), tenon.tensor([0.0, 1.0, 0.0, 1.0])
    got = D.kl_divergence(D.Bernoulli(p), D.Bernoulli(q))
    assert got.tolist() == [0, 0, math.inf, math.inf]
    certain = D.Categorical(tenon.tensor([1.0, 0.0])), D.Categorical(tenon.tensor([0.5, 0.5]))
    assert abs(D.kl_divergence(*certain).item() - math.log(2)) < 1e-6
    assert D.kl_divergence(*reversed(certain)).item() == math.inf
    inside, outside = D.Uniform(0.0, 1.0), D.Uniform(tenon.tensor([-1.0, 0.5]), 2.0)
    wide = [D.kl_divergence(inside, outside), D.kl_divergence(outside, inside)]
    assert [w.tolist() for w in wide] == [[pytest.approx(math.log(3)), math.inf], [math.inf, math.inf]]
    assert D.kl_divergence(D.Normal(tenon.zeros(2, 1), 1.0), D.Uniform(tenon.zeros(3), 1.0)).shape == (2, 3)


def test_kl_is_the_mean_of_the_difference():
    """By samples of p, for every pair that has a finite one."""
    for a, b in KL:
        p, q = made(tenon, a)[0], another(b)
        if a.split()[0] not in CONTINUOUS or (a, b) in UNKNOWN:
            continue
        try:
            kl = D.kl_divergence(p, q).detach()
        except NotImplementedError:
            continue
        if not kl.isfinite().all():
            continue
        x = p.sample((40000,), generator=tenon.Generator(5))
        d = (p.log_prob(x) - q.log_prob(x)).detach()
        bound = 5 * d.std(0) / 200 + 1e-12
        assert ((d.mean(0) - kl).abs() < bound).all(), (a, b)


@pytest.mark.parametrize("case", CASES)
def test_second_derivatives(case):
    given, v = CASES[case]
    leaves = [tenon.from_numpy(x).requires_grad_() for x in given.values()]
    value = tenon.from_numpy(v)

    def distribution(*parameters):
        return build(D, case, dict(zip(given, parameters, strict=True)), validate_args=False)

    # Away from kinks and from where a divergence becomes infinite.
    other = D.Uniform(0.0, tenon.ones(3)) if case == "Uniform" else another(case)
    functions = [
        lambda *x: distribution(*x).log_prob(value),
        lambda *x: distribution(*x).entropy(),
    ]
    if not case.startswith("Multinomial"):  # it has none in PyTorch, too
        functions += [
            lambda *x: D.kl_divergence(distribution(*x), another(case)),
            lambda *x: D.kl_divergence(other, distribution(*x)),
        ]
    if case in CONTINUOUS:
        u = tenon.from_numpy(A([0.2, 0.4, 0.9]))
        functions += [
            lambda *x: distribution(*x).cdf(value),
            lambda *x: distribution(*x).icdf(u),
            lambda *x: distribution(*x).rsample((2,), generator=tenon.Generator(3)),
        ]
    for i, f in enumerate(functions):
        assert tenon.autograd.gradcheck(f, leaves), i
        assert tenon.autograd.gradgradcheck(f, leaves), i
    if case in CONTINUOUS:
        # By the value; at icdf's too.
        x = tenon.from_numpy(v + 0.01).requires_grad_()
        u = tenon.from_numpy(A([0.2, 0.4, 0.9])).requires_grad_()
        p = distribution(*[t.detach() for t in leaves])
        for f, at in ((p.log_prob, x), (p.cdf, x), (p.icdf, u)):
            assert tenon.autograd.gradcheck(f, (at,)) and tenon.autograd.gradgradcheck(f, (at,))


def test_the_normal_quantile_is_scipys():
    from tenon.distributions._common import normal_quantile

    rng = np.random.default_rng(0)
    p = np.concatenate([10 ** rng.uniform(-307, 0, 20000), 1 - 10 ** rng.uniform(-16, -1, 9000), [0, 0.5, 1]])
    wanted = stats.norm.ppf(p)
    np.testing.assert_allclose(normal_quantile(tenon.from_numpy(p)).numpy(), wanted, rtol=2e-14, atol=1e-15)
    single = p.astype("f4")
    single = single[(single == 0) | (single > 1.2e-38)]
    got = normal_quantile(tenon.from_numpy(single)).numpy()
    np.testing.assert_allclose(got, stats.norm.ppf(single.astype("f8")), rtol=5e-7, atol=1e-7)
    outside = normal_quantile(tenon.tensor([-0.1, 1.1, math.nan]))
    assert outside.isnan().all()
    for dtype in (tenon.float16, tenon.bfloat16):
        half = normal_quantile(tenon.tensor([0.25, 0.5], dtype=dtype))
        assert half.dtype == dtype and abs(half[0].item() + 0.6745) < 3e-3 and half[1].item() == 0


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


# ---- errors and modes ----


def test_errors_name_the_distribution_the_parameter_and_the_values():
    t, nan = tenon.tensor, math.nan
    zeros, ones, V, T, N = tenon.zeros, tenon.ones, ValueError, TypeError, NotImplementedError
    for f, error, text in (
        (lambda: D.Normal(0.0, t([1.0, -1.0, nan])), V, r"^Normal: scale must .*got \[-1.0, nan\]"),
        (lambda: D.Normal(nan, 1.0), V, r"^Normal: loc must satisfy Real\(\); got \[nan\]"),
        (lambda: D.Normal(0.0, -ones(9)), V, r"\[-1.0(, -1.0){5}\] and 3 more"),
        (lambda: D.Normal(zeros(3), ones(2)), V, r"^Normal: .*got loc \(3,\), scale \(2,\)"),
        (lambda: D.Normal(1j, 1.0), T, "^Normal: loc"),
        (lambda: D.Normal("x", 1.0), T, "^Normal: loc"),
        (lambda: D.Laplace(0.0, 0.0), V, r"^Laplace: scale .*got \[0.0\]"),
        (lambda: D.Exponential(-2.0), V, r"^Exponential: rate .*got \[-2.0\]"),
        (lambda: D.Uniform(t([0.0, 2.0]), 1.0), V, r"^Uniform: high must .*shape \(2,\)\); got \[1.0\]"),
        (lambda: D.Uniform(zeros(2, 1), t([1.0, 2.0])).log_prob(t([1.5, 1.5])), V, r"got \[1.5, 1.5\]"),
        (lambda: D.Uniform(zeros(2, 1), t([1.0, 2.0])).log_prob(t(-1.0)), V, r"got \[-1.0(, -1.0){3}\]"),
        (lambda: D.Independent(D.Uniform(zeros(2), 1.0), 1).log_prob(t([2.0, 0.0])), V, r"got \[2.0\]"),
        (lambda: D.Bernoulli(1.5), V, r"^Bernoulli: probs must satisfy interval\(.*got \[1.5\]"),
        (lambda: D.Bernoulli(), V, "^Bernoulli: give probs or logits, one of them; got neither"),
        (lambda: D.Categorical(t([1.0]), t([1.0])), V, "^Categorical: give .*got both"),
        (lambda: D.Categorical(t([-1.0, 3.0])), V, r"^Categorical: probs must .*\[\[-0.5, 1.5\]\]"),
        (lambda: D.Categorical(zeros(3)), V, r"^Categorical: probs must .*nan"),
        (lambda: D.Categorical(t(1.0)), V, r"^Categorical: probs has its classes .*got shape \(\)"),
        (lambda: D.Categorical(logits=t([nan, 0.0])), V, "^Categorical: logits must"),
        (lambda: D.Categorical(ones(3)).log_prob(t([0, 3])), V, r"^Categorical: value .*got \[3\]"),
        (lambda: D.OneHotCategorical(ones(3)).log_prob(t([1.0, 1.0, 0.0])), V, r"value must satisfy OneHot"),
        (lambda: D.Multinomial(3, ones(2)).log_prob(t([1.0, 1.0])), V, r"^Multinomial: value .*\[1.0, 1.0\]"),
        (lambda: D.Multinomial(2.5, ones(2)), T, "^Multinomial: total_count must be an int; got 2.5"),
        (lambda: D.Multinomial(-1, ones(2)), V, "^Multinomial: total_count must not be negative; got -1"),
        (lambda: D.Bernoulli(0.5).log_prob(0.5), V, r"^Bernoulli: value .*Boolean\(\); got \[0.5\]"),
        (lambda: D.Uniform(0.0, 1.0).log_prob(2.0), V, r"^Uniform: value must .*got \[2.0\]"),
        (lambda: D.Exponential(1.0).cdf(-1.0), V, r"^Exponential: value must .*got \[-1.0\]"),
        (lambda: D.Normal(0.0, 1.0).icdf(1.5), V, r"^Normal: value must .*got \[1.5\]"),
        (lambda: D.Normal(zeros(3), 1.0).log_prob(zeros(2)), V, r"^Normal: value must .*got \(2,\)"),
        (lambda: D.OneHotCategorical(ones(3)).log_prob(t(1.0)), V, r"must broadcast .*\(3,\); got \(\)"),
        (lambda: D.Normal(0.0, 1.0).sample(3), T, "^Normal.sample: a shape is a tuple of ints; got 3"),
        (lambda: D.Normal(0.0, ones(3)).expand((2,)), V, r"\(3,\).*\(2,\)"),
        (lambda: D.Normal(0.0, 1.0).enumerate_support(), N, "^Normal: its values"),
        (lambda: D.Categorical(ones(2)).cdf(1), N, r"^Categorical: cdf\(\)"),
        (lambda: D.kl_divergence(1, D.Normal(0.0, 1.0)), T, "^kl_divergence: p must be .*; got int"),
        (lambda: D.kl_divergence(D.Categorical(ones(2)), D.Categorical(ones(3))), V,
             "^kl_divergence: the events"),
        (lambda: D.register_kl(int, D.Normal), T, "^register_kl: type_p"),
        (lambda: D.Distribution.set_default_validate_args(1), V, "^set_default_validate_args"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            f()


def test_validation_can_be_left_out():
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    p = D.Uniform(0.0, 1.0, validate_args=False)
    assert p.log_prob(tenon.tensor([-1.0, 0.5, 2.0])).tolist() == [-math.inf, 0, -math.inf]
    assert p.cdf(tenon.tensor([-1.0, 2.0])).tolist() == [0, 1]
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
        with pytest.raises(ValueError, match="scale"):
            D.Normal(0.0, -1.0, validate_args=True)
    finally:
        D.Distribution.set_default_validate_args(True)
    assert not D.Normal(0.0, 1.0, validate_args=False).expand((2,))._validate_args


def test_what_is_computed_in_no_grad_keeps_its_history():
    logits = tenon.zeros(3, requires_grad=True)
    p = D.Categorical(logits=logits)
    p.sample()  # forms probs
    with tenon.no_grad():
        assert p.probs.requires_grad
    p.probs[0].backward()
    assert logits.grad is not None
    probs = tenon.full((2,), 0.5, requires_grad=True)
    q = D.Bernoulli(probs)
    with tenon.no_grad():
        _ = q.logits
    q.log_prob(tenon.ones(2)).sum().backward()
    assert tenon.allclose(probs.grad, tenon.full((2,), 2.0))


def test_subclasses():
    class Shifted(D.Normal):
        def __init__(self, loc):
            super().__init__(loc, 1.0)

    with pytest.raises(NotImplementedError, match=r"^Shifted: .*needs an expand\(\)"):
        Shifted(0.0).expand((2,))
    assert D.kl_divergence(Shifted(1.0), D.Normal(0.0, 1.0)).item() == 0.5  # as its base

    class Plain(D.Normal):
        pass

    assert type(Plain(0.0, 1.0).expand((2,))) is Plain

    @D.register_kl(Plain, D.Normal)
    def own(p, q):
        return tenon.tensor(7.0)

    assert D.kl_divergence(Plain(0.0, 1.0), D.Normal(0.0, 1.0)).item() == 7
    assert D.kl_divergence(D.Normal(0.0, 1.0), Plain(0.0, 1.0)).item() == 0

    class Own(D.Distribution):
        pass

    for f in (lambda d: d.mean, lambda d: d.variance, lambda d: d.mode, lambda d: d.support,
              lambda d: d.entropy(), lambda d: d.log_prob(1), lambda d: d.icdf(1), lambda d: d.sample(),
              lambda d: d.expand((1,))):  # fmt: skip
        with pytest.raises(NotImplementedError, match=r"^Own: "):
            f(Own())


CONSTRAINTS = {
    "real": REAL, "positive": REAL, "nonnegative": REAL, "unit_interval": REAL, "boolean": A([0.0, 1.0, 0.5]),
    "nonnegative_integer": A([0.0, -1.0, 2.5, 3.0]), "positive_integer": A([0.0, 1.0, 1.5]),
    "simplex": A([[0.5, 0.5], [0.5, 0.6], [-0.5, 1.5]]), "one_hot": A([[0.0, 1.0], [1.0, 1.0], [0.5, 0.5]]),
    "real_vector": A([[1.0, np.nan], [1.0, 2.0]]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints(name):
    ours, theirs = getattr(D.constraints, name), getattr(torch.distributions.constraints, name)
    value = CONSTRAINTS[name]
    assert ours.check(tenon.from_numpy(value)).tolist() == theirs.check(torch.from_numpy(value)).tolist()
    assert (ours.event_dim, ours.is_discrete) == (theirs.event_dim, theirs.is_discrete)


def test_constraints_with_bounds():
    c, t = D.constraints, tenon.tensor([0.0, 0.5, 1.0, 2.0])
    assert c.interval(0, 1).check(t).tolist() == [True, True, True, False]
    assert c.half_open_interval(0, 1).check(t).tolist() == [True, True, False, False]
    assert c.integer_interval(0, 1).check(t).tolist() == [True, False, True, False]
    assert c.greater_than(0.5).check(t).tolist() == [False, False, True, True]
    assert c.greater_than_eq(0.5).check(t).tolist() == [False, True, True, True]
    assert c.less_than(1).check(t).tolist() == [True, True, False, False]
    assert set(D.Uniform.arg_constraints) == {"low", "high"}
    assert all(map(c.is_dependent, D.Uniform.arg_constraints.values()))
    assert c.is_dependent(c.dependent) and c.is_dependent(D.Uniform.support) and not c.is_dependent(c.real)
    with pytest.raises(ValueError, match=r"^dependent"):
        c.dependent.check(t)
    with pytest.raises(ValueError, match=r"^independent: an event has 1 dimensions; got shape \(\)"):
        c.real_vector.check(tenon.tensor(1.0))
    assert repr(c.interval(0, tenon.ones(2))) == "interval(lower_bound=0, upper_bound=a tensor of shape (2,))"


# ---- devices, imports, use ----


def test_on_a_device():
    run_python(
        """
        import tenon
        from tenon import distributions as D
        t = tenon.tensor([1.0, 2.0, 3.0], device="cuda", requires_grad=True)
        made = [D.Normal(0.0, t), D.Laplace(t, 1.0), D.Exponential(t), D.Uniform(0.0, t), D.LogNormal(0.0, t)]
        for p in made:
            x = p.rsample((2,))
            assert x.device.type == "cuda" and x.shape == (2, 3) and x.requires_grad
            y = p.log_prob(x.detach()).sum() + p.entropy().sum()
            y.backward()
            assert p.mean.device.type == "cuda" and y.isfinite().item()
        for p in (D.Bernoulli(logits=t), D.Categorical(logits=t), D.OneHotCategorical(logits=t)):
            x = p.sample((4,))
            assert x.device.type == "cuda" and p.log_prob(x).isfinite().all().item()
        host = D.Categorical(logits=t.detach().cpu()).log_prob([0, 1])
        there = D.Categorical(logits=t).log_prob(tenon.tensor([0, 1], device="cuda"))
        assert tenon.allclose(there.cpu(), host)
        assert tenon.allclose(D.Normal(0.0, t).icdf(0.25).cpu(), D.Normal(0.0, t.cpu()).icdf(0.25))
        """,
        **sim_environment(),
    )


def test_the_import_is_lazy_and_needs_no_numpy():
    run_python(
        """
        import sys, tenon
        assert "tenon.distributions" not in sys.modules
        p = tenon.distributions.Normal(0.0, 1.0)
        p.log_prob(p.sample((3,))).sum()
        from tenon.distributions.kl import kl_divergence
        assert kl_divergence(p, p).item() == 0
        assert "numpy" not in sys.modules and "tenon.nn" not in sys.modules
        """
    )


def test_a_policy_learns():
    """REINFORCE on a bandit: the better arm is found."""
    tenon.manual_seed(0)
    logits = tenon.zeros(3, requires_grad=True)
    reward = tenon.tensor([0.0, 1.0, 0.2])
    optimizer = tenon.optim.Adam([logits], lr=0.1)
    for _ in range(100):
        policy = D.Categorical(logits=logits)
        action = policy.sample((32,))
        loss = -(policy.log_prob(action) * (reward[action] - 0.4)).mean() - 0.001 * policy.entropy()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert D.Categorical(logits=logits).probs[1].item() > 0.9
