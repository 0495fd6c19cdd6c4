"""What the tests of tenon.distributions share: a case of each, beside PyTorch's."""

import numpy as np
import pytest
import tenon
from tenon import distributions as D

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

A = np.array
# Parameters that broadcast to (2, 3), and values within the support.
LOC, SCALE = A([[0.5], [-1.25]]), A([0.5, 1.0, 3.0])
REAL = A([[0.1, -2.0, 4.0], [1.5, -0.7, 0.25]])
POSITIVE = np.abs(REAL)
SHARES = A([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]])
UNIT = A([[0.2, 0.5, 0.9], [0.05, 0.6, 0.33]])
RATES = A([[0.5, 1.0, 3.0], [2.0, 0.1, 0.7]])
COUNTS = A([[0.0, 1.0, 2.0], [5.0, 0.0, 6.0]])
SPREAD = A([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.5]])
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
#: More of them, which fewer tests walk: what PyTorch lacks of one is left out of its comparison.
MORE = {
    "Gamma": ({"concentration": RATES, "rate": A([0.5, 1.0, 2.0])}, POSITIVE),
    "Chi2": ({"df": 3 * RATES}, POSITIVE),
    "InverseGamma": ({"concentration": RATES + 2.5, "rate": A([0.5, 1.0, 2.0])}, POSITIVE),
    "Beta": ({"concentration1": RATES, "concentration0": A([0.5, 1.5, 2.0])}, UNIT),
    "Dirichlet": ({"concentration": RATES}, SHARES),
    "StudentT": ({"df": 3 * RATES + 2, "loc": LOC, "scale": SCALE}, REAL),
    "FisherSnedecor": ({"df1": 3 * RATES, "df2": A([4.5, 5.0, 9.0])}, POSITIVE),
    "Cauchy": ({"loc": LOC, "scale": SCALE}, REAL),
    "HalfCauchy": ({"scale": RATES}, POSITIVE),
    "HalfNormal": ({"scale": RATES}, POSITIVE),
    "Gumbel": ({"loc": LOC, "scale": SCALE}, REAL),
    "Weibull": ({"scale": RATES, "concentration": A([0.8, 1.5, 3.0])}, POSITIVE),
    "Pareto": ({"scale": RATES / 10, "alpha": A([0.5, 2.5, 5.0])}, POSITIVE + 0.3),
    "Kumaraswamy": ({"concentration1": RATES, "concentration0": A([0.5, 1.5, 2.0])}, UNIT),
    "ContinuousBernoulli": ({"probs": A([[0.2, 0.5, 0.9], [0.4995, 0.6, 0.33]])}, UNIT),
    "ContinuousBernoulli logits": ({"logits": REAL}, UNIT),
    "VonMises": ({"loc": LOC, "concentration": A([0.5, 1.0, 30.0])}, REAL),
    "MultivariateNormal": ({"loc": REAL, "covariance_matrix": SPREAD}, POSITIVE),
    "MultivariateNormal precision": ({"loc": REAL, "precision_matrix": SPREAD}, POSITIVE),
    "MultivariateNormal factor": ({"loc": REAL, "scale_tril": np.linalg.cholesky(SPREAD)}, POSITIVE),
    "LowRankMultivariateNormal": (
        {"loc": REAL, "cov_factor": A([[1.0, 0.2], [0.0, 0.5], [0.3, -1.0]]), "cov_diag": SCALE}, POSITIVE,
    ),
    "LogisticNormal": ({"loc": REAL[:, :2], "scale": SCALE[:2]}, SHARES),
    "Poisson": ({"rate": RATES}, COUNTS),
    "Geometric": ({"probs": UNIT}, COUNTS),
    "Geometric logits": ({"logits": REAL}, COUNTS),
    "Binomial": ({"total_count": A(6.0), "probs": UNIT}, COUNTS),
    "Binomial logits": ({"total_count": A(6.0), "logits": REAL}, COUNTS),
    "NegativeBinomial": ({"total_count": RATES, "probs": UNIT}, COUNTS),
    "NegativeBinomial logits": ({"total_count": RATES, "logits": REAL}, COUNTS),
}  # fmt: skip
DTYPES = {"float32": 2e-5, "float64": 1e-12}


def build(module, case, parameters, **more):
    fixed = {"total_count": 4} if case.startswith("Multinomial") else {}
    return getattr(module, case.split()[0])(**fixed, **parameters, **more)


def made(space, case, dtype="float64", **more):
    """A distribution, with its parameters as leaves."""
    given, _ = {**CASES, **MORE}[case]
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
    v = {**CASES, **MORE}[case][1]
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
