"""Activation functions, addcmul and addcdiv: arguments, dtypes, and PyTorch's where that is installed.

Values and gradients stand in tests/cpp/test_activations.cc.
"""

import math

import numpy as np
import pytest
import tenon

X = np.linspace(-8, 8, 101).astype(np.float32)

FUNCTIONS = {
    "hardtanh": (-2.0, 1.5),
    "relu6": (),
    "hardsigmoid": (),
    "hardswish": (),
    "mish": (),
    "selu": (),
    "celu": (0.7,),
    "softsign": (),
    "tanhshrink": (),
    "softshrink": (0.3,),
    "hardshrink": (0.3,),
    "threshold": (0.1, 20.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtypes_and_out(name):
    f, arguments = getattr(tenon, name), FUNCTIONS[name]
    x = tenon.from_numpy(X)
    y = f(x, *arguments)
    assert y.dtype == tenon.float32
    assert y.shape == x.shape
    out = tenon.empty(len(X), dtype=tenon.float64)
    assert f(x, *arguments, out=out) is out
    assert (out == y).all()
    assert f(x.to(tenon.bfloat16), *arguments).dtype == tenon.bfloat16
    assert f(tenon.tensor([1, 2]), *arguments).dtype == (tenon.int64 if name == "relu6" else tenon.float32)
    assert f(X[:3], *arguments).tolist() == y[:3].tolist()  # an array, as everywhere
    for wrong in (tenon.tensor([1j]), tenon.ones(2).to(tenon.float8_e5m2)):
        with pytest.raises(TypeError, match=name):
            f(wrong, *arguments)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_beside_torch(name):
    torch = pytest.importorskip("torch")
    x, theirs = tenon.from_numpy(X.copy()).requires_grad_(), torch.from_numpy(X.copy()).requires_grad_()
    y = getattr(tenon, name)(x, *FUNCTIONS[name])
    z = getattr(torch.nn.functional, name)(theirs, *FUNCTIONS[name])
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-6, atol=1e-6)
    y.sum().backward()
    z.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), theirs.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_integers_stay_where_nothing_has_fractions():
    assert tenon.relu6(tenon.tensor([-1, 3, 9])).tolist() == [0, 3, 6]
    assert tenon.hardtanh(tenon.tensor([-7, 3]), -2, 2).dtype == tenon.int64
    assert tenon.threshold(tenon.tensor([1, 5]), 2, 9).tolist() == [9, 5]


def test_gelu():
    x = tenon.from_numpy(X)
    y = tenon.gelu(x, approximate="tanh")
    want = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in X.tolist()]
    np.testing.assert_allclose(y.numpy(), want, rtol=1e-5, atol=1e-6)
    assert x.gelu(approximate="tanh").tolist() == y.tolist()
    assert tenon.gelu(x, approximate="none").tolist() == tenon.gelu(x).tolist()
    out = tenon.empty(len(X))
    assert tenon.gelu(x, approximate="tanh", out=out) is out
    assert out.tolist() == y.tolist()
    with pytest.raises(ValueError, match="approximate must be 'none' or 'tanh'; got 'erf'"):
        tenon.gelu(x, approximate="erf")
    z = tenon.tensor([-math.inf, -50.0, 0.0, 50.0, math.inf], requires_grad=True)
    y = tenon.gelu(z, approximate="tanh")
    assert y.tolist() == [0, 0, 0, 50, math.inf]
    y[1:4].sum().backward()
    assert z.grad[1:4].tolist() == [0, 0.5, 1]


def test_gelu_beside_torch():
    torch = pytest.importorskip("torch")
    for approximate in ("none", "tanh"):
        x, theirs = tenon.from_numpy(X.copy()).requires_grad_(), torch.from_numpy(X.copy()).requires_grad_()
        y = tenon.gelu(x, approximate=approximate)
        z = torch.nn.functional.gelu(theirs, approximate=approximate)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-5, atol=1e-6)
        y.sum().backward()
        z.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), theirs.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_addcmul_and_addcdiv():
    a, b, c = (np.random.default_rng(i).uniform(1, 2, (3, 4)) for i in range(3))
    t, x, y = (tenon.tensor(v) for v in (a, b, c))
    np.testing.assert_allclose(tenon.addcmul(t, x, y, value=0.5).numpy(), a + 0.5 * b * c)
    np.testing.assert_allclose(t.addcdiv(x, y, value=-2).numpy(), a - 2 * b / c)
    np.testing.assert_allclose(tenon.addcmul(t, x[0], 3.0).numpy(), a + 3 * b[0])
    assert t.addcmul_(x, y) is t
    np.testing.assert_allclose(t.numpy(), a + b * c)
    np.testing.assert_allclose(t.addcdiv_(x, y, value=3).numpy(), a + b * c + 3 * b / c)
    assert tenon.addcmul(tenon.ones(2, dtype=tenon.int32), 2, 3).tolist() == [7, 7]
    assert tenon.addcdiv(tenon.ones(2, dtype=tenon.int32), 1, 2).tolist() == [1.5, 1.5]
    assert tenon.addcmul(tenon.ones(2), tenon.ones(2), 1j).dtype == tenon.complex64
    with pytest.raises(ValueError, match="addcmul"):
        tenon.addcmul(t, tenon.ones(5), y)
    with pytest.raises(TypeError):
        tenon.ones(2, dtype=tenon.int64).addcmul_(0.5, 1)


def test_gradients_are_one_pass():
    """The gradient of gelu and its like allocates what it returns, and no more."""
    x = tenon.randn(1 << 20, requires_grad=True)
    for f in (tenon.gelu, tenon.silu, tenon.tanh, tenon.sigmoid, tenon.mish, tenon.hardswish):
        y = f(x)
        g = tenon.ones_like(y)
        tenon.memory.reset_peak()
        before = tenon.memory.stats()["in_use"]
        (dx,) = tenon.autograd.grad(y, x, g)
        assert tenon.memory.stats()["peak"] - before <= dx.nbytes * 1.01, f
