"""Weighted means, covariances and correlations, beside NumPy."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp

RNG = np.random.default_rng(2)
A = RNG.standard_normal((3, 9))
B = RNG.standard_normal((2, 9))
F = RNG.integers(1, 4, 9)
W = RNG.random(9)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def close(ours, theirs):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    "a",
    [A, A[0], A[:1], A + 1j * A[::-1], (A * 10).astype("int64")],
    ids=["2d", "1d", "one", "complex", "int"],
)
@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"bias": True},
        {"ddof": 0},
        {"fweights": F},
        {"aweights": W},
        {"fweights": F, "aweights": W, "ddof": 2},
    ],
    ids=str,
)
def test_cov(a, keywords):
    t = tenon.from_numpy(a.copy())
    own = {k: tenon.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in keywords.items()}
    if a.dtype.kind == "i":
        np.testing.assert_allclose(np.cov(t, **own).numpy(), np.cov(a, **keywords), rtol=1e-6)
        assert np.cov(t, **own).dtype is tenon.float32
        return
    close(np.cov(t, **own), np.cov(a, **keywords))
    if a.ndim == 2:
        close(np.cov(t.T, rowvar=False, **own), np.cov(a.T, rowvar=False, **keywords))


def test_cov_of_two_and_by_the_names_of_pytorch():
    t, u = tenon.from_numpy(A), tenon.from_numpy(B)
    close(np.cov(t, u), np.cov(A, B))
    close(np.cov(t[0], u[0]), np.cov(A[0], B[0]))
    close(tenon.cov(t, correction=0), np.cov(A, ddof=0))
    close(t.cov(fweights=tenon.from_numpy(F)), np.cov(A, fweights=F))
    close(np.corrcoef(t), np.corrcoef(A))
    close(np.corrcoef(t, u), np.corrcoef(A, B))
    close(tenon.corrcoef(t + 1j * t.flip(0)), np.corrcoef(A + 1j * A[::-1]))
    close(np.corrcoef(t.T, rowvar=False), np.corrcoef(A.T, rowvar=False))
    close(np.corrcoef(t[0]), np.corrcoef(A[0]))
    perfect = tenon.corrcoef(tenon.from_numpy(np.stack([A[0], A[0] * 3])))
    assert perfect.max().item() <= 1
    for f, error in [
        (lambda: np.cov(tenon.zeros(2, 2, 2)), ValueError),
        (lambda: np.cov(t, u[:, :3]), ValueError),
        (lambda: np.cov(t, fweights=tenon.ones(9)), TypeError),
        (lambda: np.cov(t, aweights=tenon.ones(3)), ValueError),
    ]:
        with pytest.raises(error, match="cov"):
            f()


def test_average():
    t = tenon.from_numpy(A)
    close(np.average(t), np.average(A))
    close(np.average(t, axis=1), np.average(A, axis=1))
    w = RNG.random(A.shape)
    close(np.average(t, weights=tenon.from_numpy(w)), np.average(A, weights=w))
    for axis, weights in ((1, W), (0, W[:3]), ((0, 1), w), ((1, 0), w.T)):
        close(np.average(t, axis, tenon.from_numpy(weights)), np.average(A, axis, weights))
        for mine, his in zip(
            np.average(t, axis, tenon.from_numpy(weights), True, keepdims=True),
            np.average(A, axis, weights, True, keepdims=True),
            strict=True,
        ):
            close(mine, his)
    total = np.average(t, axis=0, returned=True)[1]
    close(total, np.average(A, axis=0, returned=True)[1])
    assert np.average(tenon.tensor([1, 2]), weights=tenon.tensor([1, 3])).item() == 1.75
    with pytest.raises(ValueError, match="average"):
        np.average(t, weights=tenon.from_numpy(W))
    with pytest.raises(ValueError, match="average"):
        np.average(t, 0, tenon.from_numpy(W))


def test_gradients():
    x = tenon.from_numpy(A.copy()).requires_grad_()
    y = tenon.from_numpy(B.copy()).requires_grad_()
    w = tenon.from_numpy(W.copy()).requires_grad_()
    for f, inputs in [
        (lambda p, q: np.cov(p, q), (x, y)),
        (lambda p, q: tenon.cov(p, aweights=q), (x, w)),
        (tenon.corrcoef, (x,)),
        (lambda p, q: np.average(p, 1, q), (x, w)),
        (lambda p: tenon.cov(p), (tenon.from_numpy(A + 1j * A[::-1]).requires_grad_(),)),
    ]:
        tenon.autograd.gradcheck(f, inputs)
        tenon.autograd.gradgradcheck(f, inputs)


@pytest.mark.parametrize("weights", [{"fweights": [1, -1, 2]}, {"aweights": [0.5, -0.5, 1.0]}])
def test_weights_are_not_negative(weights, device):
    t = tenon.arange(6.0).reshape(2, 3).to(device)
    given = {k: tenon.tensor(v).to(device) for k, v in weights.items()}
    with pytest.raises(ValueError, match="cov: weights must not be negative"):
        tenon.cov(t, **given)
    with pytest.raises(ValueError, match="cov: weights must not be negative"):
        tnp.cov(t, **given)
