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
