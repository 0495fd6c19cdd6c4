"""Relaxed distributions, GeneralizedPareto, LKJCholesky, joined transforms, registries, beside PyTorch's."""

import contextlib

import numpy as np
import pytest
import tenon
from distribution_cases import SPREAD, A, stats, torch

D, E = tenon.distributions, torch.distributions
BOTH = ((tenon, D), (torch, E))
SHARES = A([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]])
REAL = A([[0.1, -2.0, 4.0], [1.5, -0.7, 0.25]])
CORRELATION = np.linalg.cholesky(A([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]]))
CASES = {
    "RelaxedBernoulli": ({"temperature": A([0.5]), "probs": SHARES}, A([[0.1, 0.7, 0.9], [0.2, 0.5, 0.3]])),
    "RelaxedBernoulli logits": ({"temperature": A(2.0), "logits": REAL}, SHARES),
    "RelaxedOneHotCategorical": ({"temperature": A([0.5]), "probs": 3 * SHARES}, SHARES[::-1].copy()),
    "RelaxedOneHotCategorical logits": ({"temperature": A([2.0]), "logits": REAL}, SHARES),
    "GeneralizedPareto": (
        {"loc": A([[0.5], [-1.0]]), "scale": A([0.5, 1.0, 3.0]), "concentration": A([0.3, -0.2, 0.7])},
        A([[0.6, 0.9, 4.0], [-0.5, 1.0, 3.0]]),
    ),
    "GeneralizedPareto flat": (
        {"loc": A(0.0), "scale": A([2.0, 3.0]), "concentration": A([-1.0, 0.0])}, A([1.5, 2.5]),
    ),
    "Wishart": ({"df": A([3.5, 5.0, 9.0]), "covariance_matrix": SPREAD}, np.stack([SPREAD * 2] * 3)),
    "Wishart precision": ({"df": A(4.5), "precision_matrix": SPREAD}, SPREAD),
    "Wishart factor": ({"df": A([[3.2], [7.0]]), "scale_tril": np.linalg.cholesky(SPREAD)}, SPREAD),
    "LKJCholesky": ({"concentration": A([0.4, 1.0, 3.0])}, np.stack([CORRELATION] * 3)),
}  # fmt: skip


def made(space, d, case):
    dtype = np.float32 if "Pareto" in case else np.float64  # PyTorch's takes no other
    leaves = {k: space.from_numpy(v.astype(dtype)).requires_grad_() for k, v in CASES[case][0].items()}
    fixed = (3,) if case == "LKJCholesky" else ()
    return getattr(d, case.split()[0])(*fixed, **leaves), list(leaves.values())


def numbers(t):
    return t.detach().numpy()


def test_the_uniform_pareto():
    c = tenon.tensor([-1.0, -1.0], requires_grad=True)
    y = D.GeneralizedPareto(0.0, 2.0, c).log_prob(tenon.tensor([1.5, 2.0]))
    y.sum().backward()
    np.testing.assert_allclose(numbers(y), -np.log(2.0))
    # log(1 + c z) / c^2; PyTorch has 1.
    np.testing.assert_allclose(numbers(c.grad), [np.log(0.25), 0.0], rtol=1e-6)


@pytest.mark.parametrize("case", [c for c in CASES if "flat" not in c])
def test_densities_and_their_gradients(case):
    found = []
    for space, d in BOTH:
        p, leaves = made(space, d, case)
        value = space.from_numpy(CASES[case][1].copy()).to(leaves[0].dtype).detach().requires_grad_()
        y = p.log_prob(value)
        y.sum().backward()
        found.append([numbers(y), *(numbers(t.grad) for t in (*leaves, value))])
        assert p.has_rsample == (case != "LKJCholesky")
    tolerance = 1e-5 if "Pareto" in case else 1e-9
    for ours, theirs in zip(*found, strict=True):
        if case == "Wishart factor":  # what is above its diagonal is not read, and has no gradient
            ours, theirs = (np.tril(x) if x.shape == (3, 3) else x for x in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", ["GeneralizedPareto", "GeneralizedPareto flat"])
def test_what_generalized_pareto_knows(case):
    (p, _), (q, _) = (made(space, d, case) for space, d in BOTH)
    value, share = CASES[case][1].astype("f4"), A([[0.2], [0.9]]).astype("f4")
    for name in ("mean", "variance", "stddev", "mode"):
        np.testing.assert_allclose(numbers(getattr(p, name)), numbers(getattr(q, name)), rtol=2e-5)
    np.testing.assert_allclose(numbers(p.entropy()), numbers(q.entropy()), rtol=2e-5)
    for name in ("cdf", "log_cdf", "log_survival_function"):
        ours, theirs = getattr(p, name)(value), getattr(q, name)(torch.from_numpy(value))
        np.testing.assert_allclose(numbers(ours), numbers(theirs), rtol=2e-5)
    np.testing.assert_allclose(numbers(p.icdf(share)), numbers(q.icdf(torch.from_numpy(share))), rtol=2e-5)
    np.testing.assert_allclose(
        numbers(p.cdf(p.icdf(share))), np.broadcast_to(share, (2, p.loc.shape[-1])), rtol=2e-5
    )
    reference = stats.genpareto(numbers(p.concentration), numbers(p.loc), numbers(p.scale))
    np.testing.assert_allclose(numbers(p.log_prob(value)), reference.logpdf(value), rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(numbers(p.cdf(value)), reference.cdf(value), rtol=2e-5)


def test_samples_have_the_distribution():
    tenon.manual_seed(0)
    p = D.GeneralizedPareto(0.5, 2.0, tenon.tensor([0.3, -0.4, 0.0], dtype=tenon.float64))
    x = numbers(p.sample((4000,)))
    for i, c in enumerate((0.3, -0.4, 0.0)):
        assert stats.kstest(x[:, i], stats.genpareto(c, 0.5, 2.0).cdf).pvalue > 1e-3
    # The relaxed variable is above 1/2 as often as the discrete one is 1.
    x = D.RelaxedBernoulli(0.7, tenon.tensor([0.2, 0.9])).sample((20000,))
    np.testing.assert_allclose(numbers((x > 0.5).float().mean(0)), [0.2, 0.9], atol=0.02)
    x = D.RelaxedOneHotCategorical(0.7, tenon.tensor([0.2, 0.5, 0.3])).sample((20000,))
    np.testing.assert_allclose(np.bincount(numbers(x).argmax(-1)) / 20000, [0.2, 0.5, 0.3], atol=0.02)
    np.testing.assert_allclose(numbers(x.sum(-1)), 1, atol=1e-5)
    # Each correlation of an LKJ matrix is a Beta variable on (-1, 1). (PyTorch's are not: its third row is
    # drawn from Beta(1.5, ...) where the paper has Beta(1, ...).)
    for eta in (0.5, 1.0, 4.0):
        factor = D.LKJCholesky(3, eta).sample((4000,))
        r = numbers(factor @ factor.mT)
        np.testing.assert_allclose(np.diagonal(r, axis1=1, axis2=2), 1, atol=1e-5)
        a = eta + 0.5
        for i, j in ((1, 0), (2, 0), (2, 1)):
            assert stats.kstest((r[:, i, j] + 1) / 2, stats.beta(a, a).cdf).pvalue > 1e-3


@pytest.mark.parametrize("case", ["Wishart", "Wishart precision", "Wishart factor"])
def test_what_wishart_knows(case):
    (p, _), (q, _) = (made(space, d, case) for space, d in BOTH)
    for name in ("mean", "variance", "mode", "covariance_matrix", "precision_matrix", "scale_tril"):
        np.testing.assert_allclose(
            numbers(getattr(p, name)), numbers(getattr(q, name)), rtol=1e-9, atol=1e-12
        )
    np.testing.assert_allclose(numbers(p.entropy()), numbers(q.entropy()), rtol=1e-10)


def test_samples_of_wishart():
    tenon.manual_seed(0)
    for df in (2.5, 6.0):
        p = D.Wishart(df, tenon.from_numpy(SPREAD[:2, :2].copy()))
        x = numbers(p.sample((20000,)))
        np.testing.assert_allclose(x.mean(0), numbers(p.mean), atol=0.15 * df)
        np.testing.assert_allclose(x.var(0), numbers(p.variance), rtol=0.1)
        for i in range(2):
            assert stats.kstest(x[:, i, i] / SPREAD[i, i], stats.chi2(df).cdf).pvalue > 1e-3
        reference = stats.wishart(df, SPREAD[:2, :2])
        np.testing.assert_allclose(
            numbers(p.log_prob(x[:20])), [reference.logpdf(m) for m in x[:20]], rtol=1e-8
        )


def test_samples_have_gradients():
    for case in CASES:
        if case != "LKJCholesky":
            p, leaves = made(tenon, D, case)
            p.rsample((50,)).sum().backward()
            # Shares sum to 1, whatever the parameters are.
            assert all(t.grad is not None and t.grad.isfinite().all() for t in leaves), case
    g = [tenon.Generator().manual_seed(5) for _ in range(2)]
    p = D.RelaxedBernoulli(0.5, 0.3)
    assert p.sample((4,), generator=g[0]).tolist() == p.sample((4,), generator=g[1]).tolist()


@pytest.mark.parametrize("case", CASES)
def test_shapes_and_expand(case):
    shapes = []
    for space, d in BOTH:
        p, _ = made(space, d, case)
        q = p.expand((4, *p.batch_shape))
        shapes.append(
            [
                *(tuple(s) for s in (p.batch_shape, p.event_shape, q.batch_shape, q.event_shape)),
                tuple(q.sample((5,)).shape),
                tuple(q.log_prob(space.from_numpy(CASES[case][1].copy()).to(q.sample().dtype)).shape),
                type(q).__name__,
            ]
        )
    assert shapes[0] == shapes[1]


def transforms(space, d):
    t, x = d.transforms, space.from_numpy(REAL.copy())
    yield t.CorrCholeskyTransform(), x
    yield t.CorrCholeskyTransform(), space.from_numpy(A([0.7]))
    yield t.CatTransform([t.ExpTransform(), t.identity_transform], 1, [1, 2]), x
    yield t.CatTransform([t.ExpTransform(), t.AffineTransform(0.5, -3.0)], 0), x
    yield t.CatTransform([t.IndependentTransform(t.ExpTransform(), 1), t.TanhTransform()], 0, [1, 1]), x
    yield t.CatTransform([t.IndependentTransform(t.ExpTransform(), 1), t.TanhTransform()], -1, [1, 2]), x
    yield t.StackTransform([t.ExpTransform(), t.TanhTransform()], 0), x
    yield t.StackTransform([t.ExpTransform(), t.TanhTransform(), t.SigmoidTransform()], -1), x
    for registry in (d.biject_to, d.transform_to):
        c = d.constraints
        half, mixed = c.half_open_interval(0.5, 2.0), c.cat([c.positive, c.real], 1, [2, 1])
        for one in (
            *(c.real, c.positive, c.nonnegative, c.greater_than(2.0), c.less_than(-1.0), c.unit_interval),
            *(c.interval(-1.0, 3.0), half, c.simplex, c.corr_cholesky, c.real_vector, mixed),
            *(c.independent(c.positive, 1), c.stack([c.positive, c.less_than(0.0)], 0)),
        ):
            yield registry(one), x
    square = space.from_numpy(A([[0.3, 9.0], [-0.7, 0.2]]))
    for one in (d.constraints.lower_cholesky, d.constraints.positive_definite):
        yield d.transform_to(one), square


@pytest.mark.parametrize("i", range(len(list(transforms(tenon, D)))))
def test_transforms(i):
    found = []
    for space, d in BOTH:
        t, x = list(transforms(space, d))[i]
        x.requires_grad_()
        y = t(x)
        back = t.inv(y)
        (y**2).sum().backward()
        results = [y, back, x.grad]
        with contextlib.suppress(ValueError, RuntimeError):  # parts whose events have other dimensions
            results.append(t.codomain.check(y))
        with contextlib.suppress(NotImplementedError):
            results.append(t.log_abs_det_jacobian(x, y))
        found.append([*map(numbers, results)])
        found[-1] += [t.bijective, t.domain.event_dim, t.codomain.event_dim]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_jacobians_of_the_correlation_transform():
    t, x = D.transforms.CorrCholeskyTransform(), tenon.tensor([0.3, -0.6, 1.1, 0.2, 0.0, -2.0]).double()
    rows, columns = np.tril_indices(4, -1)
    jacobian = tenon.func.jacrev(lambda x: t(x)[rows.tolist(), columns.tolist()])(x)
    wanted = tenon.linalg.slogdet(jacobian)[1]
    np.testing.assert_allclose(numbers(t.log_abs_det_jacobian(x, t(x))), numbers(wanted), rtol=1e-9)
    assert t.forward_shape((2, 6)) == (2, 4, 4) and t.inverse_shape((2, 4, 4)) == (2, 6)


def test_registries_take_more():
    class Odd(D.constraints.Constraint):
        pass

    with pytest.raises(NotImplementedError, match="there is no transform to the constraint Odd"):
        D.biject_to(Odd())
    registry = D.constraint_registry.ConstraintRegistry()

    @registry.register(Odd)
    def make(constraint):
        return D.transforms.ExpTransform()

    assert registry(Odd()) == D.transforms.ExpTransform()
    assert registry.register(Odd(), make) is make
    with pytest.raises(TypeError, match=r"^register: a constraint"):
        registry.register(3, make)


def test_exponential_families():
    for space, d in BOTH:

        class Counts(d.ExponentialFamily):
            _mean_carrier_measure = 0.0

            def __init__(self, rate):
                self.rate = rate
                super().__init__(rate.shape, validate_args=False)

            @property
            def _natural_params(self):
                return (-self.rate,)

            def _log_normalizer(self, x):
                return -(-x).log()

        rate = space.tensor([0.5, 2.0])
        np.testing.assert_allclose(
            numbers(Counts(rate).entropy()), numbers(d.Exponential(rate).entropy()), rtol=1e-6
        )


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: D.RelaxedBernoulli(0.0, 0.5),
            ValueError,
            "^RelaxedBernoulli: the temperature must be positive",
        ),
        (lambda: D.RelaxedBernoulli(1.0), ValueError, "give probs or logits"),
        (lambda: D.RelaxedBernoulli(1.0, 1.5), ValueError, "probs must satisfy"),
        (lambda: D.RelaxedBernoulli(1.0, 0.5).log_prob(2.0), ValueError, "value must satisfy"),
        (lambda: D.RelaxedOneHotCategorical(-1.0, tenon.ones(2)), ValueError, "temperature must be positive"),
        (lambda: D.GeneralizedPareto(0.0, -1.0, 0.5), ValueError, "scale must satisfy"),
        (lambda: D.GeneralizedPareto(0.0, 1.0, -0.5).log_prob(3.0), ValueError, "value must satisfy"),
        (lambda: D.Wishart(3.0), ValueError, "^Wishart: give one of .*; got none"),
        (lambda: D.Wishart(3.0, tenon.ones(2, 3)), ValueError, "must be square matrices"),
        (lambda: D.Wishart(0.5, tenon.eye(2)), ValueError, "df must satisfy"),
        (lambda: D.Wishart(3.0, -tenon.eye(2)), ValueError, "covariance_matrix must satisfy"),
        (lambda: D.Wishart(3.0, tenon.eye(2)).log_prob(-tenon.eye(2)), ValueError, "value must satisfy"),
        (lambda: D.LKJCholesky(1), ValueError, "^LKJCholesky: dim must be 2 at least; got 1"),
        (lambda: D.LKJCholesky(2, -1.0), ValueError, "concentration must satisfy"),
        (lambda: D.LKJCholesky(2).log_prob(tenon.ones(2, 2)), ValueError, "value must satisfy"),
        (lambda: D.LKJCholesky(2).rsample(), NotImplementedError, "use sample"),
        (lambda: D.CatTransform([]), TypeError, "^CatTransform: a sequence of transforms"),
        (lambda: D.CatTransform([3]), TypeError, "^CatTransform: a sequence of transforms"),
        (lambda: D.CatTransform([D.ExpTransform()], lengths=[1, 2]), ValueError, "a length for each of 1"),
        (
            lambda: D.CatTransform([D.ExpTransform()])(tenon.ones(2)),
            ValueError,
            "dimension 0 must have size 1",
        ),
        (
            lambda: D.StackTransform([D.ExpTransform()])(tenon.ones(2)),
            ValueError,
            "^StackTransform: dimension 0",
        ),
        (lambda: D.CorrCholeskyTransform()(tenon.ones(2)), ValueError, r"must have n \(n - 1\) / 2 elements"),
        (lambda: D.CorrCholeskyTransform().inv(tenon.ones(2, 3)), ValueError, "square matrices"),
        (
            lambda: D.constraints.cat([D.constraints.real], lengths=[]),
            ValueError,
            "^cat: there must be a length",
        ),
        (lambda: D.constraints.stack([3]), TypeError, "^stack: a sequence of constraints"),
        (
            lambda: D.constraints.stack([D.constraints.real]).check(tenon.ones(2)),
            ValueError,
            "are 1 constraints",
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
