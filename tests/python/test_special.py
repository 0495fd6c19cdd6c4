"""tenon.special beside torch.special and SciPy: values, gradients, special values, errors."""

import math

import numpy as np
import pytest
import tenon
from tenon import special

torch = pytest.importorskip("torch")
scipy = pytest.importorskip("scipy.special")

UNIT = np.array([0.0, 1e-300, 1e-5, 0.2, 0.5, 0.75, 1 - 1e-9, 1.0])
REAL = np.array([-30.0, -4.0, -1.0, -0.3, 0.0, 0.2, 1.0, 3.0, 9.9, 10.1, 40.0, 1e4])
ONE = {
    "entr": UNIT, "erfcx": REAL[1:], "erfinv": 2 * UNIT - 1, "log_ndtr": REAL, "ndtr": REAL, "ndtri": UNIT,
    "spherical_bessel_j0": REAL, "gammaln": REAL[5:], "psi": REAL[5:], "expit": REAL,
}  # fmt: skip
WANTED = {"entr": scipy.entr, "spherical_bessel_j0": lambda x: scipy.spherical_jn(0, x)}


@pytest.mark.parametrize("name", ONE)
def test_values_and_gradients(name):
    x = ONE[name]
    f = getattr(special, name)
    wanted = WANTED.get(name, getattr(scipy, name, None))(x)
    np.testing.assert_allclose(f(tenon.from_numpy(x)).numpy(), wanted, rtol=3e-14, atol=1e-300)
    single = f(tenon.from_numpy(x.astype("f4")))
    exact = WANTED.get(name, getattr(scipy, name, None))(x.astype("f4").astype("f8"))
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(single.numpy(), exact.astype("f4"), rtol=2e-6, atol=1e-37)
    inside = x[(np.abs(x) < 20) & (np.abs(x) > 1e-6)]
    inside = inside[(inside != 1) & (inside != -1) & (np.abs(inside) < 1 - 1e-6)] if "inv" in name else inside
    t = tenon.from_numpy(inside).requires_grad_()
    u = torch.from_numpy(inside).requires_grad_()
    if name == "spherical_bessel_j0":  # PyTorch has no gradient
        away = tenon.from_numpy(inside).requires_grad_()
        assert tenon.autograd.gradcheck(f, (away,))
        return
    f(t).sum().backward()
    getattr(torch.special, name)(u).sum().backward()
    np.testing.assert_allclose(t.grad.numpy(), u.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_two_operands():
    rng = np.random.default_rng(0)
    a = 10 ** rng.uniform(-4, 5, 3000)
    x = np.where(rng.random(3000) < 0.5, a * rng.uniform(0.5, 1.5, 3000), 10 ** rng.uniform(-3, 2, 3000))
    for ours, theirs in ((special.gammainc, scipy.gammainc), (special.gammaincc, scipy.gammaincc)):
        wanted = theirs(a, x)
        got = ours(tenon.from_numpy(a), tenon.from_numpy(x)).numpy()
        big = wanted > 1e-100  # SciPy loses digits far below
        np.testing.assert_allclose(got[big], wanted[big], rtol=1e-11)
    inf, nan = math.inf, math.nan
    t = tenon.tensor
    a, x = [0.0, 1.0, 0.0, -1.0, 1.0, inf, 1.0, nan], [1.0, 0.0, 0.0, 1.0, -1.0, 1.0, inf, 1.0]
    lower, upper = (f(t(a), t(x)).tolist() for f in (special.gammainc, special.gammaincc))
    np.testing.assert_array_equal(lower, [1, 0, nan, nan, nan, 0, 1, nan])
    np.testing.assert_array_equal(upper, [0, 1, nan, nan, nan, 1, 0, nan])
    v = tenon.tensor([0.5, 2.0], requires_grad=True)
    special.gammainc(t([1.5, 3.0]), v).sum().backward()
    w = torch.tensor([0.5, 2.0], requires_grad=True)
    torch.special.gammainc(torch.tensor([1.5, 3.0]), w).sum().backward()
    np.testing.assert_allclose(v.grad.numpy(), w.grad.numpy(), rtol=1e-5)
    with pytest.raises(RuntimeError, match="igamma: has no derivative"):
        special.gammainc(v, 1.0).sum().backward()
    pairs = np.array([0.0, 0.0, 2.0, -1.5]), np.array([-1.0, nan, 0.3, 5.0])
    got = special.xlog1py(*map(tenon.from_numpy, pairs)).numpy()
    np.testing.assert_allclose(got, scipy.xlog1py(*pairs), rtol=1e-14)
    assert special.xlog1py(2, t([1.0])).item() == pytest.approx(2 * math.log(2))
    for p in (1, 2, 5):
        x = np.array([2.5, 7.0, 30.0])
        got = special.multigammaln(tenon.from_numpy(x), p).numpy()
        np.testing.assert_allclose(got, [scipy.multigammaln(v, p) for v in x], rtol=1e-13)


def test_erfinv_is_exact_everywhere():
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [rng.uniform(-1, 1, 5000), 1 - 10 ** rng.uniform(-15.9, 0, 5000), 10 ** rng.uniform(-300, 0, 500)]
    )
    got = tenon.erfinv(tenon.from_numpy(x)).numpy()
    np.testing.assert_allclose(got, scipy.erfinv(x), rtol=1e-14)
    f = x.astype("f4")
    f = f[np.abs(f) < 1]
    wanted = scipy.erfinv(f.astype("f8"))
    np.testing.assert_allclose(tenon.erfinv(tenon.from_numpy(f)).numpy(), wanted, rtol=1.5e-7, atol=1e-45)
    ends = tenon.erfinv(tenon.tensor([-1.0, 1.0, 1.5, -2.0, math.nan, -0.0])).tolist()
    np.testing.assert_array_equal(ends, [-math.inf, math.inf, math.nan, math.nan, math.nan, -0.0])
    assert tenon.autograd.gradgradcheck(
        tenon.erfinv, (tenon.from_numpy(np.array([-0.9, 0.1, 0.99])).requires_grad_(),)
    )


def test_names_dtypes_and_errors():
    for name in special.__all__:
        assert callable(getattr(special, name)), name
    assert special.gammaln is tenon.lgamma and special.expit is tenon.sigmoid
    assert special.entr(tenon.tensor([1, 2])).dtype == tenon.float32
    assert special.ndtr([0.0, 1.0]).shape == (2,)
    out = tenon.empty(2)
    assert special.ndtr(tenon.zeros(2), out=out) is out and out.tolist() == [0.5, 0.5]
    np.testing.assert_array_equal(
        special.entr(tenon.tensor([-1.0, math.nan, math.inf])).numpy(), [-math.inf, math.nan, -math.inf]
    )
    for name in ("entr", "erfcx", "ndtr", "ndtri", "log_ndtr", "spherical_bessel_j0"):
        with pytest.raises(TypeError, match=f"^{name}: not defined for complex64"):
            getattr(special, name)(tenon.ones(2, dtype=tenon.complex64))
        with pytest.raises(ValueError, match=f"^{name}: the shape must be"):
            getattr(special, name)(tenon.ones(2) / 2, out=tenon.empty(3))
        with pytest.raises(AttributeError, match="no attribute 'airy_bi'"):
            _ = special.airy_bi
    with pytest.raises(ValueError, match=r"^multigammaln: p must be 1 or more; got 0"):
        special.multigammaln(tenon.ones(2), 0)
    for dtype in (tenon.float16, tenon.bfloat16):
        assert special.log_ndtr(tenon.zeros(2, dtype=dtype)).dtype == dtype
