"""tenon.distributions beside PyTorch's and SciPy's: values and gradients of every order."""

import math

import numpy as np
import pytest
import tenon
from distribution_cases import (
    CASES,
    CONTINUOUS,
    DTYPES,
    SHARES,
    A,
    another,
    build,
    made,
    same_gradients,
    stats,
    torch,
    value_of,
)  # fmt: skip
from tenon import distributions as D


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
