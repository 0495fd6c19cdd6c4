"""The distributions of MORE beside PyTorch's and SciPy's: values, gradients, divergences, samples,
refusals."""

import math

import numpy as np
import pytest
import tenon
from distribution_cases import MORE, UNIT, A, made, same_gradients, stats, torch, value_of
from tenon import distributions as D

DISCRETE = [c for c in MORE if c.split()[0] in ("Poisson", "Geometric", "Binomial", "NegativeBinomial")]
#: What PyTorch computes otherwise: its Bessel functions are approximations of 1e-7, its mode of
#: Kumaraswamy is NaN,
#: that of Binomial has a gradient.
LOOSE = {("VonMises", "log_prob"): 2e-6, ("VonMises", "variance"): 2e-6, ("VonMises", "stddev"): 2e-6}
OTHER = {("Kumaraswamy", "mode"), ("Binomial", "mode"), ("Binomial logits", "mode")}


def compare(f, case, tolerance):
    """As same_gradients(); where PyTorch has nothing, nor has tenon."""
    try:
        f(torch, *made(torch, case))
    except (NotImplementedError, AttributeError):
        with pytest.raises(NotImplementedError):
            f(tenon, *made(tenon, case))
        return
    same_gradients(f, case, "float64", tolerance)


@pytest.mark.parametrize("what", ["log_prob", "entropy", "mean", "variance", "stddev", "mode", "cdf", "icdf"])
@pytest.mark.parametrize("case", MORE)
def test_values_and_gradients(case, what):
    def f(space, p, leaves):
        y = getattr(p, what)
        if what in ("log_prob", "cdf"):
            return y(value_of(space, case))
        if what == "icdf":
            return y(space.from_numpy(UNIT))
        return y() if what == "entropy" else y

    if (case, what) in OTHER:
        return
    if what == "cdf" and case in (
        "Gamma",
        "Chi2",
        "InverseGamma",
    ):  # igamma has no gradient of its first operand, in both
        p, q = (made(space, case)[0] for space in (tenon, torch))
        ours, theirs = p.cdf(value_of(tenon, case)), q.cdf(value_of(torch, case))
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-9)
        return
    compare(f, case, LOOSE.get((case, what), 1e-8))


def test_where_pytorch_is_wrong():
    a, b = 2.0, 3.0
    mode = D.Kumaraswamy(a, b).mode.item()
    x = np.linspace(0.001, 0.999, 9999)
    assert abs(x[D.Kumaraswamy(a, b).log_prob(tenon.from_numpy(x)).numpy().argmax()] - mode) < 1e-3
    k = A([0.5, 3.0, 60.0])
    ours = D.VonMises(0.3, tenon.from_numpy(k)).log_prob(tenon.from_numpy(A([0.1, 1.0, 0.5])))
    np.testing.assert_allclose(ours.numpy(), stats.vonmises(k, 0.3).logpdf([0.1, 1.0, 0.5]), rtol=1e-12)
    assert D.Binomial(6, tenon.from_numpy(UNIT)).mode.tolist() == np.minimum(np.floor(7 * UNIT), 6).tolist()


PAIRS = [
    (p, q)
    for p, q in torch.distributions.kl._KL_REGISTRY
    if hasattr(D, p.__name__) and hasattr(D, q.__name__) and "Transformed" not in p.__name__ + q.__name__
]


def arguments(name, other):
    """Parameters of each kind for which divergences are finite where they can be."""
    s = A([0.7, 1.3]) if other else A([1.1, 0.6])
    table = {
        "Bernoulli": {"probs": s / 2}, "Beta": {"concentration1": s + 1, "concentration0": 2 * s + 1},
        "Binomial": {"total_count": A(5.0), "probs": s / 2}, "Categorical": {"probs": s},
             "Cauchy": {"loc": s, "scale": s + 1},
        "ContinuousBernoulli": {"probs": s / 2}, "Dirichlet": {"concentration": s},
             "Exponential": {"rate": s},
        "Gamma": {"concentration": s + 1, "rate": s}, "Geometric": {"probs": s / 2}, "Gumbel": {"loc": s,
             "scale": 3 * s},
        "HalfNormal": {"scale": s}, "Laplace": {"loc": s, "scale": s}, "Normal": {"loc": s, "scale": s},
        "LowRankMultivariateNormal": {"loc": s, "cov_factor": np.outer(s, s), "cov_diag": s},
        "MultivariateNormal": {"loc": s, "covariance_matrix": np.outer(s, s) + np.eye(2)},
        "OneHotCategorical": {"probs": s}, "Pareto": {"scale": s / 5 if other else s / 4, "alpha": 3 + s},
        "Poisson": {"rate": s},
        "Uniform": {"low": s / 10 - (1.0 if other else 0.0), "high": s / 2 + (2 if other else 0)},
    }  # fmt: skip
    if name == "Uniform" and other == "Pareto":
        return {"low": s, "high": s + 1}
    return table[name]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: "-".join(c.__name__ for c in p))
def test_divergences(pair):
    p, q = (c.__name__ for c in pair)
    if p in ("Independent", "ExponentialFamily"):
        return
    results = []
    for space, module in ((tenon, D), (torch, torch.distributions)):
        leaves = []
        made = []
        for name, other in ((p, False), (q, True)):
            given = arguments(name, "Pareto" if (p, q, other) == ("Uniform", "Pareto", False) else other)
            own = {k: space.from_numpy(np.array(v, "f8")).requires_grad_() for k, v in given.items()}
            leaves += own.values()
            made.append(getattr(module, name)(**own))
        kl = module.kl_divergence(*made)
        grads = space.autograd.grad(kl.sum(), leaves, allow_unused=True) if kl.isfinite().all() else []
        results.append((kl.detach().numpy(), [np.zeros(1) if g is None else g.numpy() for g in grads]))
    (kl, grads), (wanted, theirs) = results
    np.testing.assert_allclose(kl, wanted, rtol=1e-7, atol=1e-9)
    for g, w in zip(grads, theirs, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-6, atol=1e-8)


def test_divergences_of_transformed_and_impossible_ones():
    exp = D.transforms.ExpTransform
    p, q = (D.TransformedDistribution(D.Normal(m, 1.0), [exp()]) for m in (0.0, 2.0))
    assert D.kl_divergence(p, q).item() == 2
    with pytest.raises(NotImplementedError, match="two transforms"):
        D.kl_divergence(p, D.TransformedDistribution(D.Normal(0.0, 1.0), []))
    assert D.kl_divergence(D.Binomial(6, 0.5), D.Binomial(5, 0.5)).item() == math.inf
    with pytest.raises(NotImplementedError, match="more trials"):
        D.kl_divergence(D.Binomial(5, 0.5), D.Binomial(6, 0.5))
    assert D.kl_divergence(D.Uniform(-1.0, 1.0), D.Beta(1.0, 1.0)).item() == math.inf
    assert D.kl_divergence(D.Pareto(1.0, 2.0), D.Pareto(2.0, 2.0)).item() == math.inf
    assert abs(D.kl_divergence(D.Uniform(0.0, 1.0), D.Beta(1.0, 1.0)).item()) < 1e-6


# ---- samples ----

CDF = {
    "Gamma": lambda concentration, rate: stats.gamma(concentration, scale=1 / rate),
    "Chi2": lambda df: stats.chi2(df),
    "InverseGamma": lambda concentration, rate: stats.invgamma(concentration, scale=rate),
    "Beta": lambda concentration1, concentration0: stats.beta(concentration1, concentration0),
    "StudentT": lambda df, loc, scale: stats.t(df, loc, scale),
    "FisherSnedecor": lambda df1, df2: stats.f(df1, df2),
    "Cauchy": lambda loc, scale: stats.cauchy(loc, scale),
    "HalfCauchy": lambda scale: stats.halfcauchy(scale=scale),
    "HalfNormal": lambda scale: stats.halfnorm(scale=scale),
    "Gumbel": lambda loc, scale: stats.gumbel_r(loc, scale),
    "Weibull": lambda scale, concentration: stats.weibull_min(concentration, scale=scale),
    "Pareto": lambda scale, alpha: stats.pareto(alpha, scale=scale),
    "VonMises": lambda loc, concentration: stats.vonmises(concentration, loc),
    "Poisson": lambda rate: stats.poisson(rate),
    "Geometric": lambda probs: stats.geom(probs, -1),
    "Binomial": lambda total_count, probs: stats.binom(total_count, probs),
    "NegativeBinomial": lambda total_count, probs: stats.nbinom(total_count, 1 - probs),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CDF)
def test_samples_have_the_distribution(case, dtype):
    p, _ = made(tenon, case, dtype)
    x = p.sample((20000,), generator=tenon.Generator(11))
    assert x.dtype.name == dtype and x.shape == (20000, 2, 3) and not x.requires_grad
    x = x.numpy().astype("f8")
    given = dict(
        zip(MORE[case][0], np.broadcast_arrays(*MORE[case][0].values(), np.zeros((2, 3))), strict=False)
    )
    for at in np.ndindex(2, 3):
        theirs = CDF[case](**{k: v[at] for k, v in given.items()})
        drawn = x[(slice(None), *at)]
        if case in DISCRETE:
            assert (drawn == drawn.round()).all() and drawn.min() >= 0
            top = int(theirs.ppf(0.999)) + 1
            share = np.array([(drawn == k).mean() for k in range(top)])
            wanted = theirs.pmf(np.arange(top))
            assert (np.abs(share - wanted) < 5 * np.sqrt(wanted * (1 - wanted) / 20000) + 1e-4).all(), at
        else:
            if dtype == "float32":
                drawn = drawn[drawn > 0] if case == "Gamma" else drawn
            cdf = theirs.cdf if case != "VonMises" else lambda v, t=theirs: t.cdf(v) - t.cdf(-np.pi)
            assert stats.kstest(drawn, cdf).pvalue > 1e-3, at


@pytest.mark.parametrize("rate", [0.0, 0.3, 9.9, 10.0, 37.5, 1e4, 1e9])
def test_poisson_and_binomial_numbers_of_every_size(rate):
    """Both methods, on both sides of where they meet: moments, and the chi-squared statistic of counts."""
    n = 40000
    t = tenon.full((n,), rate, dtype=tenon.float64)
    x = tenon.poisson(t, tenon.Generator(3)).numpy()
    assert abs(x.mean() - rate) <= 5 * math.sqrt(rate / n) and abs(x.var() - rate) <= 0.05 * rate + 1e-9
    if 0 < rate < 1e5:
        edges = np.unique(stats.poisson(rate).ppf([0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]))
        got = np.diff(np.concatenate([[0], [(x <= e).sum() for e in edges], [n]]))
        wanted = n * np.diff(np.concatenate([[0], stats.poisson(rate).cdf(edges), [1]]))
        keep = wanted > 0
        assert stats.chisquare(got[keep], wanted[keep] * got[keep].sum() / wanted[keep].sum()).pvalue > 1e-3
    for prob in (0.0, 0.01, 0.3, 0.5, 0.8, 1.0):
        count = round(min(rate, 1e6))
        drawn = tenon.binomial(tenon.full((n,), float(count), dtype=tenon.float64), tenon.full((n,), prob,
        dtype=tenon.float64),
                               tenon.Generator(4)).numpy()  # fmt: skip
        spread = count * prob * (1 - prob)
        assert drawn.min() >= 0 and drawn.max() <= count
        assert abs(drawn.mean() - count * prob) <= 5 * math.sqrt(spread / n) + 1e-12
        assert abs(drawn.var() - spread) <= 0.06 * spread + 2e-2 * (spread < 1)
        if spread > 0.5:
            theirs = stats.binom(count, prob)
            edges = np.unique(theirs.ppf([0.05, 0.2, 0.5, 0.8, 0.95]))
            got = np.diff(np.concatenate([[0], [(drawn <= e).sum() for e in edges], [n]]))
            wanted = n * np.diff(np.concatenate([[0], theirs.cdf(edges), [1]]))
            keep = wanted > 1e-9
            assert (
                stats.chisquare(got[keep], wanted[keep] * got[keep].sum() / wanted[keep].sum()).pvalue > 1e-4
            ), prob


def test_samples_of_vectors():
    for case in ("MultivariateNormal", "MultivariateNormal precision", "LowRankMultivariateNormal"):
        p, _ = made(tenon, case)
        x = p.rsample((40000,), generator=tenon.Generator(6))
        assert x.requires_grad and x.shape == (40000, 2, 3)
        x = x.detach()[:, 0].numpy()
        cov = p.covariance_matrix.detach().numpy()
        cov = cov[0] if cov.ndim == 3 else cov
        np.testing.assert_allclose(np.cov(x.T), cov, atol=0.1)
        np.testing.assert_allclose(x.mean(0), p.mean[0].detach().numpy(), atol=0.05)
        whole = p.covariance_matrix @ p.precision_matrix
        assert tenon.allclose(whole, tenon.eye(3, dtype=tenon.float64).expand(whole.shape), atol=1e-12)
        assert tenon.allclose(p.scale_tril @ p.scale_tril.mT, p.covariance_matrix)
        theirs, _ = made(torch, case)
        np.testing.assert_allclose(
            p.scale_tril.detach().numpy(), theirs.scale_tril.detach().numpy(), atol=1e-12
        )
    p = D.Dirichlet(tenon.tensor([0.5, 2.0, 3.5]))
    x = p.sample((40000,), generator=tenon.Generator(7))
    assert tenon.allclose(x.sum(-1), tenon.ones(40000), atol=1e-5)
    np.testing.assert_allclose(x.mean(0).numpy(), p.mean.numpy(), atol=0.01)
    np.testing.assert_allclose(x.var(0).numpy(), p.variance.numpy(), atol=0.01)
    # Of tiny concentrations one share is all but 1; gamma variables of float64 would all be 0 there.
    x = D.Dirichlet(tenon.full((3,), 1e-4)).sample((2000,))
    assert x.isfinite().all() and (x.max(-1).values > 0.99).float().mean() > 0.99
    assert abs((x > 0.5).float().mean(0) - 1 / 3).max() < 0.06


@pytest.mark.parametrize("alpha", [1e-3, 0.05, 0.5, 1.0, 3.0, 30.0, 900.0, 1900.0, 2100.0, 1e6])
def test_the_gradient_of_gamma_samples_is_that_of_the_quantile(alpha):
    special = pytest.importorskip("scipy.special")
    t = tenon.full((500,), alpha, dtype=tenon.float64, requires_grad=True)
    x = tenon._C._standard_gamma(t, generator=tenon.Generator(1))
    x.sum().backward()
    p = special.gammainc(alpha, x.detach().numpy())
    h = alpha * 1e-5
    wanted = (special.gammaincinv(alpha + h, p) - special.gammaincinv(alpha - h, p)) / (2 * h)
    ok = (p > 1e-3) & (p < 0.999) & (x.detach().numpy() > 1e-300)
    assert ok.sum() > (100 if alpha < 0.01 else 450)
    np.testing.assert_allclose(t.grad.numpy()[ok], wanted[ok], rtol=1e-5 if alpha < 0.01 else 1e-6)


@pytest.mark.parametrize(
    "case", ["Gamma", "Chi2", "Beta", "Dirichlet", "StudentT", "InverseGamma", "FisherSnedecor"]
)
def test_implicit_gradients_are_those_of_means(case):
    """The mean of gradients of samples is the gradient of the mean, which differences give."""
    p, leaves = made(tenon, case)
    n = 60000
    f = lambda x: x.clamp(1e-12) ** 0.25 if case != "StudentT" else x.atan()  # noqa: E731  all moments exist
    y = f(p.rsample((n,), generator=tenon.Generator(2)))
    weights = tenon.from_numpy(A([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]]))
    grads = tenon.autograd.grad((y.mean(0) * weights).sum(), leaves)
    for i, (leaf, g) in enumerate(zip(leaves, grads, strict=True)):
        h, values = 0.05, []
        for sign in (1, -1):
            moved = [x.detach() + (sign * h * leaf.detach() if i == j else 0) for j, x in enumerate(leaves)]
            q = getattr(D, case)(**dict(zip(MORE[case][0], moved, strict=True)))
            values.append(
                (f(q.sample((400000,), generator=tenon.Generator(9))).mean(0) * weights).sum().item()
            )
        wanted = (values[0] - values[1]) / (2 * h)
        assert abs((g * leaf.detach()).sum().item() - wanted) < 0.15 + 0.05 * abs(wanted), (case, i)


def test_samples_do_not_depend_on_others():
    """A number depends on the seed and its place alone."""
    t = tenon.tensor([0.3, 2.0, 40.0] * 50)
    for draw in (tenon.poisson, lambda t, g: tenon._C._standard_gamma(t, generator=g)):
        a, b = draw(t, tenon.Generator(8)), draw(tenon.cat([t[:75], 9 + t[75:]]), tenon.Generator(8))
        assert tenon.equal(a[:75], b[:75]) and not tenon.equal(a, draw(t, tenon.Generator(9)))
    g = tenon.Generator(8)
    assert not tenon.equal(tenon.poisson(t, g), tenon.poisson(t, g))
    for dtype in (tenon.float16, tenon.bfloat16):
        assert tenon.poisson(t.to(dtype)).dtype == dtype


def test_mixtures():
    weights = A([0.3, 0.7])

    def both(f):
        out = []
        for space, module in ((tenon, D), (torch, torch.distributions)):
            parts = module.Normal(space.from_numpy(A([-1.0, 2.0])), space.from_numpy(A([0.5, 1.5])))
            out.append(
                f(space, module.MixtureSameFamily(module.Categorical(space.from_numpy(weights)), parts))
            )
        np.testing.assert_allclose(out[0].numpy(), out[1].numpy(), rtol=1e-10)

    x = A([-1.5, 0.0, 3.0])
    both(lambda space, p: p.log_prob(space.from_numpy(x)))
    both(lambda space, p: p.cdf(space.from_numpy(x)))
    both(lambda space, p: p.mean)
    both(lambda space, p: p.variance)
    vectors = D.MixtureSameFamily(
        D.Categorical(tenon.ones(4, 2)), D.Independent(D.Normal(tenon.zeros(4, 2, 3), 1.0), 1)
    )
    assert (
        vectors.batch_shape == (4,)
        and vectors.event_shape == (3,)
        and vectors.sample((5,)).shape == (5, 4, 3)
    )
    assert vectors.log_prob(tenon.zeros(4, 3)).shape == (4,) and vectors.expand((6, 4)).sample().shape == (
        6,
        4,
        3,
    )
    p = D.MixtureSameFamily(
        D.Categorical(tenon.from_numpy(weights)), D.Normal(tenon.tensor([-5.0, 5.0]), 0.1)
    )
    drawn = p.sample((20000,), generator=tenon.Generator(1))
    assert abs((drawn > 0).double().mean().item() - 0.7) < 0.02


# ---- shapes and refusals ----


@pytest.mark.parametrize("case", MORE)
def test_shapes_and_expand(case):
    p, leaves = made(tenon, case)
    q, _ = made(torch, case)
    assert (p.batch_shape, p.event_shape) == (tuple(q.batch_shape), tuple(q.event_shape))
    assert p.has_rsample == q.has_rsample and p.has_enumerate_support == q.has_enumerate_support
    assert p.support.event_dim == q.support.event_dim and p.support.is_discrete == q.support.is_discrete
    for shape in ((), (4,), (2, 1)):
        new = (*shape, *p.batch_shape)
        ours = p.expand(new)
        assert type(ours) is type(p) and ours.batch_shape == new and ours.event_shape == p.event_shape
        x = ours.sample((3,))
        assert x.shape == (3, *new, *p.event_shape) and ours.support.check(x).all()
        assert ours.log_prob(x).shape == (3, *new)
    assert repr(p).startswith(case.split()[0] + "(")
    if p.has_rsample:
        y = p.rsample((2,))
        grads = tenon.autograd.grad(y.sum(), leaves, allow_unused=True)
        assert all(g is not None and g.isfinite().all() for g in grads)
    else:
        with pytest.raises(NotImplementedError, match=f"^{case.split()[0]}: samples have no gradient"):
            p.rsample()
    first = p.sample((2,), generator=tenon.Generator(1))
    assert tenon.equal(first, p.sample((2,), generator=tenon.Generator(1)))


def test_refusals():
    t, V = tenon.tensor, ValueError
    for f, error, text in (
        (lambda: D.Gamma(0.0, 1.0), V, r"^Gamma: concentration must .*got \[0.0\]"),
        (lambda: D.Chi2(-1.0), V, "^Chi2: df must"),
        (lambda: D.Dirichlet(1.0), V, r"^Dirichlet: .*got shape \(\)"),
        (lambda: D.Dirichlet(t([1.0, -1.0])), V, "^Dirichlet: concentration must"),
        (lambda: D.Dirichlet(t([1.0, 1.0])).log_prob(t([0.5, 0.6])), V,
             "^Dirichlet: value must satisfy Simplex"),
        (lambda: D.Beta(1.0, 1.0).log_prob(1.5), V, r"^Beta: value must"),
        (lambda: D.Poisson(-1.0), V, "^Poisson: rate must"),
        (lambda: D.Poisson(1.0).log_prob(0.5), V, r"^Poisson: value must .*got \[0.5\]"),
        (lambda: D.Geometric(0.0), V, "^Geometric: probs must"),
        (lambda: D.Binomial(2, 1.5), V, "^Binomial: probs must"),
        (lambda: D.Binomial(1.5, 0.5), V, "^Binomial: total_count must"),
        (lambda: D.Binomial(2, 0.5).log_prob(3.0), V, r"^Binomial: value must .*got \[3.0\]"),
        (lambda: D.Binomial(t([1.0, 2.0]), 0.5).entropy(), NotImplementedError, "^Binomial: the values of"),
        (lambda: D.NegativeBinomial(1.0, 1.0), V, "^NegativeBinomial: probs must"),
        (lambda: D.Pareto(1.0, 1.0).log_prob(0.5), V, "^Pareto: value must"),
        (lambda: D.MultivariateNormal(tenon.zeros(2)), V, "^MultivariateNormal: give one of .*got none"),
        (lambda: D.MultivariateNormal(tenon.zeros(2), tenon.eye(2), tenon.eye(2)), V,
             "got covariance_matrix, prec"),
        (lambda: D.MultivariateNormal(tenon.zeros(2), -tenon.eye(2)), V,
             "^MultivariateNormal: covariance_matrix must"),
        (lambda: D.MultivariateNormal(tenon.zeros(3), tenon.eye(2)), V, "3 rows and columns, as loc"),
        (lambda: D.MultivariateNormal(0.0, tenon.eye(2)), V,
             "^MultivariateNormal: loc must have 1 dimensions"),
        (lambda: D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(0.0, 1.0)), V,
             "must be a Categorical; got Normal"),
        (lambda: D.MixtureSameFamily(D.Categorical(tenon.ones(3)), D.Normal(tenon.zeros(2), 1.0)), V,
             "the 3 of"),
        (lambda: tenon.poisson(t([1.0, -2.0])), V, r"^poisson: rates must .*; got -2 at element 1"),
        (lambda: tenon.poisson(t([math.nan])), V, "^poisson: rates must"),
        (lambda: tenon.poisson(t([1])), TypeError, "^poisson: not defined for int64"),
        (lambda: tenon.binomial(t([1.5]), t([0.5])), V, "^binomial: counts must be whole"),
        (lambda: tenon.binomial(t([1.0]), t([1.5])), V, "^binomial: probabilities must"),
        (lambda: tenon.binomial(tenon.ones(2), tenon.ones(3) / 2), V, "^binomial: shapes"),
        (lambda: tenon._C._standard_gamma(t([0.0])), V, "^standard_gamma: shapes must"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            f()


def test_there_is_no_second_gradient_of_samples():
    alpha = tenon.ones(2, requires_grad=True)
    (g,) = tenon.autograd.grad(D.Gamma(alpha, 1.0).rsample().sum(), alpha, create_graph=True)
    with pytest.raises(RuntimeError, match="standard_gamma"):
        g.sum().backward()
