"""Orthogonal polynomials beside PyTorch's and SciPy's, with their gradients."""

import numpy as np
import pytest
import tenon
from tenon import _polynomials

torch = pytest.importorskip("torch")
scipy = pytest.importorskip("scipy.special")

NAMES = _polynomials.__all__
X = np.array([-2.5, -1.0, -0.73, 0.0, 0.2, 0.5, 1.0, 1.7])
SCIPY = {
    "chebyshev_polynomial_t": scipy.eval_chebyt,
    "chebyshev_polynomial_u": scipy.eval_chebyu,
    "hermite_polynomial_h": scipy.eval_hermite,
    "hermite_polynomial_he": scipy.eval_hermitenorm,
    "laguerre_polynomial_l": scipy.eval_laguerre,
    "legendre_polynomial_p": scipy.eval_legendre,
    "shifted_chebyshev_polynomial_t": scipy.eval_sh_chebyt,
    "shifted_chebyshev_polynomial_u": scipy.eval_sh_chebyu,
}


@pytest.mark.parametrize("name", NAMES)
def test_values(name):
    ours, theirs = getattr(tenon.special, name), getattr(torch.special, name)
    degrees = np.arange(-2, 12)[:, None]
    got = ours(tenon.from_numpy(X), tenon.from_numpy(degrees)).numpy()
    wanted = theirs(torch.from_numpy(X), torch.from_numpy(degrees)).numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-9)
    if name in SCIPY:
        np.testing.assert_allclose(got[2:], SCIPY[name](degrees[2:], X), rtol=1e-11, atol=1e-11)
    single = ours(tenon.from_numpy(X.astype(np.float32)), 7)
    assert single.dtype is tenon.float32
    exact = ours(tenon.from_numpy(X.astype(np.float32)).double(), 7).numpy()
    np.testing.assert_allclose(single.numpy(), exact, rtol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_gradients(name):
    f = getattr(tenon.special, name)
    x = tenon.from_numpy(X[2:].copy()).requires_grad_()
    assert tenon.autograd.gradcheck(lambda x: f(x, tenon.tensor([[0], [1], [2], [5]])), (x,))
    assert tenon.autograd.gradgradcheck(lambda x: f(x, 4), (x,))
    # Low degrees beside high ones, which overflow.
    x = tenon.tensor([1e3, 1e3], dtype=tenon.float64, requires_grad=True)
    f(x, tenon.tensor([1, 400]))[0].backward()
    assert x.grad[0].isfinite()


@pytest.mark.parametrize("letter", "tuvw")
def test_closed_forms(letter):
    a, n = np.linspace(0.1, 3.0, 40), 60
    wanted = {
        "t": np.cos(n * a),
        "u": np.sin((n + 1) * a) / np.sin(a),
        "v": np.cos((n + 0.5) * a) / np.cos(a / 2),
        "w": np.sin((n + 0.5) * a) / np.sin(a / 2),
    }[letter]
    x = tenon.from_numpy(np.cos(a))
    got = getattr(tenon.special, f"chebyshev_polynomial_{letter}")(x, n)
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-9, atol=1e-11)
    shifted = getattr(tenon.special, f"shifted_chebyshev_polynomial_{letter}")((x + 1) / 2, n)
    np.testing.assert_allclose(shifted.numpy(), wanted, rtol=1e-9, atol=1e-10)


def test_arguments():
    f = tenon.special.legendre_polynomial_p
    assert f(0.5, tenon.tensor([2, 3])).dtype is tenon.float32
    assert f(tenon.tensor([1, 2]), 2).tolist() == [1.0, 5.5]
    assert f(tenon.tensor([2.0]), 2.9).tolist() == f(tenon.tensor([2.0]), 2).tolist()
    assert f(tenon.ones(2, 0), 3).shape == (2, 0) and f(tenon.ones(3, 1), tenon.ones(4)).shape == (3, 4)
    out = tenon.empty(2)
    assert f(tenon.ones(2), 3, out=out) is out and out.tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"^legendre_polynomial_p: "):
        f(tenon.ones(2), 3, out=tenon.empty(3))
    with pytest.raises(TypeError, match=r"^legendre_polynomial_p: not defined for complex64"):
        f(tenon.ones(2) * 1j, 3)
