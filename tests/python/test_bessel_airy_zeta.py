"""The Bessel functions J, Y and K, Airy's and Hurwitz's zeta beside SciPy and PyTorch: values, gradients.

tests/cpp/test_bessel_airy_zeta.cc holds them against mpmath, with the bounds.
"""

import copy

import numpy as np
import pytest
import tenon
from tenon import special
from tenon.autograd import grad, gradcheck, gradgradcheck

CYLINDERS = {"bessel_j0": "j0", "bessel_j1": "j1", "bessel_y0": "y0", "bessel_y1": "y1"}
MODIFIED = {
    "modified_bessel_k0": "k0",
    "modified_bessel_k1": "k1",
    "scaled_modified_bessel_k0": "k0e",
    "scaled_modified_bessel_k1": "k1e",
}
UNARY = [*CYLINDERS, *MODIFIED, "airy_ai"]
inf, nan = np.inf, np.nan


def grid(name: str) -> np.ndarray:
    if name == "airy_ai":
        return np.concatenate([np.linspace(-60, 20, 16001), np.linspace(20, 100, 500)])
    positive = np.concatenate(
        [np.logspace(-300, -2, 500), np.linspace(0.01, 40, 8001), np.logspace(1.6, 2.8, 500)]
    )
    return np.concatenate([-positive, positive]) if "_j" in name else positive


def close(
    name: str, got: np.ndarray, wanted: np.ndarray, x: np.ndarray, units: float, phase: float = 0
) -> None:
    """Up to units of the dtype's precision, of the value; where it has zeros, of the waves' amplitude.

    phase: how many units more for each radian of a wave's argument, which others round.
    """
    scale = np.abs(wanted)
    a = np.abs(x.astype("f8"))
    eps = np.finfo(got.dtype).eps * (units + phase * (a**1.5 if name == "airy_ai" else a))
    with np.errstate(divide="ignore"):
        if name in CYLINDERS:
            scale = np.where(a > 0.5, np.maximum(scale, np.sqrt(2 / np.pi / np.maximum(a, 0.5))), scale)
        if name == "airy_ai":
            scale = np.where(x < -1, np.maximum(scale, 1 / np.sqrt(np.pi * np.sqrt(np.maximum(a, 1)))), scale)
    # What is below the smallest normal number has fewer digits.
    least = np.finfo(got.dtype).tiny if got.dtype == "f4" else 1e-305
    off = np.abs(got.astype("f8") - wanted) / np.maximum(scale * eps, least * eps + 1e-320)
    assert off.max() <= 1, (name, x[off.argmax()], got[off.argmax()], wanted[off.argmax()])


def scipys(name: str, x: np.ndarray) -> np.ndarray:
    scipy = pytest.importorskip("scipy.special")
    return scipy.airy(x)[0] if name == "airy_ai" else getattr(scipy, {**CYLINDERS, **MODIFIED}[name])(x)


@pytest.mark.parametrize("name", UNARY)
def test_values_are_scipys(name: str) -> None:
    x = grid(name)
    got = getattr(tenon, name)(tenon.from_numpy(x)).numpy()
    # SciPy sums Maclaurin's series of Ai up to 2.09, where its terms cancel.
    close(name, got, scipys(name, x), x, 100 if name == "airy_ai" else 16, phase=1)
    single = x[(np.abs(x) < 80) & (np.abs(x) > 1e-30)].astype("f4")
    got = getattr(tenon, name)(tenon.from_numpy(single)).numpy()
    assert got.dtype == np.float32
    close(name, got, scipys(name, single.astype("f8")), single, 0.51)


@pytest.mark.parametrize("name", UNARY)
def test_values_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    x = grid(name)
    wanted = getattr(torch.special, name)(torch.from_numpy(x)).numpy()
    got = getattr(special, name)(tenon.from_numpy(x)).numpy()
    # PyTorch 2.13's J, Y and Ai lose digits near 5 and left of -2.05, up to 3e-6; SciPy's do not.
    waves = (np.abs(x) > 0.5) & (name in CYLINDERS) | (x < -2.05) & (name == "airy_ai")
    np.testing.assert_allclose(got[waves], wanted[waves], rtol=0, atol=5e-6)
    close(name, got[~waves], wanted[~waves], x[~waves], 100 if name == "airy_ai" else 16, phase=1)


def test_zeta_is_scipys_and_pytorchs() -> None:
    scipy = pytest.importorskip("scipy.special")
    torch = pytest.importorskip("torch")
    s, q = np.meshgrid(
        np.concatenate([1 + np.logspace(-6, 1.5, 60), [2.0, 3, 4, 60]]), np.logspace(-3, 5, 70)
    )
    got = tenon.zeta(tenon.from_numpy(s), tenon.from_numpy(q)).numpy()
    np.testing.assert_allclose(got, scipy.zeta(s, q), rtol=1e-13, atol=1e-300)
    wanted = torch.special.zeta(torch.from_numpy(s), torch.from_numpy(q)).numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-300)
    left = -np.linspace(0.05, 8.97, 100)
    for whole in (2.0, 3.0, 6.0):
        got = tenon.zeta(whole, tenon.from_numpy(left)).numpy()
        largest = np.abs(left - np.rint(left)) ** -whole
        assert (np.abs(got - scipy.zeta(whole, left)) <= 1e-14 * largest).all()
    x = tenon.tensor([1.5, 2.5])
    assert special.zeta(x, 2).tolist() == special.zeta(x, tenon.tensor(2.0)).tolist()
    assert special.zeta(3, x).tolist() == special.zeta(tenon.tensor(3.0), x).tolist()


def test_special_values() -> None:
    x = [0.0, -0.0, inf, -inf, nan, -1.0]
    wanted = {
        "bessel_y0": [-inf, -inf, 0, nan, nan, nan],
        "bessel_y1": [-inf, -inf, 0, nan, nan, nan],
        **{name: [inf, inf, 0, nan, nan, nan] for name in MODIFIED},
    }
    for dtype in (tenon.float16, tenon.bfloat16, tenon.float32, tenon.float64):
        t = tenon.tensor(x, dtype=dtype)
        for name, values in wanted.items():
            np.testing.assert_array_equal(getattr(tenon, name)(t).double().numpy(), values, err_msg=name)
        np.testing.assert_array_equal(tenon.bessel_j0(t).double().numpy()[:5], [1, 1, 0, 0, nan])
        np.testing.assert_array_equal(tenon.bessel_j1(t).double().numpy()[:5], [0, 0, 0, 0, nan])
        np.testing.assert_array_equal(tenon.airy_ai(t).double().numpy()[2:5], [0, 0, nan])
        s, q = [1, 0.5, 2, 2, 2.5, 2.5, inf, inf, 2, nan], [2, 2, 0, -1, -1, -1.5, 1, 2, inf, 1]
        got = tenon.zeta(tenon.tensor(s, dtype=dtype), tenon.tensor(q, dtype=dtype)).double().numpy()
        np.testing.assert_array_equal(got, [inf, nan, inf, inf, inf, nan, 1, 0, 0, nan])


@pytest.mark.parametrize("name", [*UNARY, "airy_ai_slope"])
def test_dtypes_and_doors(name: str, device: str) -> None:
    f = getattr(tenon, name)
    for dtype in (tenon.float16, tenon.bfloat16):
        x = (tenon.arange(1, 200) / 8).to(dtype).to(device)
        assert f(x).dtype == dtype and f(x).tolist() == f(x.float()).to(dtype).tolist()
    for x in (tenon.arange(1, 7), tenon.arange(1, 4).to(tenon.uint8), tenon.tensor([True])):
        y = f(x.to(device))
        assert y.dtype == tenon.float32 and y.tolist() == f(x.float()).tolist()
    t = tenon.tensor([0.5, 3.0, 20.0], dtype=tenon.float64, device=device)
    inplace, out = copy.copy(t).clone(), tenon.empty_like(t)
    assert f(t).tolist() == getattr(t, name)().tolist() == f(input=t).tolist()
    assert getattr(inplace, name + "_")() is inplace and inplace.tolist() == f(t).tolist()
    assert f(t, out=out) is out and out.tolist() == f(t).tolist()
    strided = tenon.arange(1, 25, dtype=tenon.float64, device=device).reshape(4, 6).T[::2, ::-1]
    assert f(strided).tolist() == f(strided.contiguous()).tolist()
    assert f(tenon.zeros(0, 3, device=device)).shape == (0, 3)
    with pytest.raises(TypeError, match=f"^{name}: "):
        f(tenon.tensor([1j], device=device))


# ---- gradients ----

AT = {
    "bessel_j0": [-8.5, -5.01, -4.99, -2.0, -0.1, 0.0, 0.3, 1.99, 2.01, 5.01, 30.0],
    "bessel_j1": [-8.5, -5.01, -0.26, -0.24, -0.01, 0.0, 0.02, 0.249, 0.251, 4.99, 30.0],
    "airy_ai": [-30.0, -3.85, -3.84, -1.93, -1.92, -0.01, 0.0, 0.01, 1.31, 1.32, 6.0],
}
POSITIVE = [0.3, 0.9, 0.999, 1.001, 2.5, 4.99, 5.01, 30.0, 127.9, 128.1]


@pytest.mark.parametrize("name", [*UNARY, "airy_ai_slope"])
def test_gradients(name: str, device: str) -> None:
    at = AT.get(name.removesuffix("_slope"), POSITIVE)
    x = tenon.tensor(at, dtype=tenon.float64, device=device).requires_grad_()
    assert gradcheck(getattr(tenon, name), (x,), eps=1e-5, atol=1e-7)
    assert gradgradcheck(getattr(tenon, name), (x,), eps=1e-5, atol=1e-7)


def test_gradient_of_zeta(device: str) -> None:
    q = tenon.tensor([0.5, 1.5, 20.0, 1e4], dtype=tenon.float64, device=device).requires_grad_()
    s = tenon.tensor([1.5, 2.0, 3.25, 2.0], dtype=tenon.float64, device=device)
    assert gradcheck(lambda q: tenon.zeta(s, q), (q,)) and gradgradcheck(lambda q: tenon.zeta(s, q), (q,))
    tenon.zeta(s, q).sum().backward()
    assert q.grad.tolist() == (-s * tenon.zeta(s + 1, q.detach())).tolist()
    with pytest.raises(RuntimeError, match="zeta: has no derivative"):
        tenon.zeta(s.clone().requires_grad_(), 2.0).sum().backward()


# The derivatives of 1st and 2nd order by mpmath with 150 digits, where formulas would cancel: most just
# before 128, where e^x K begins its asymptotic series.
SLOPES = {
    "bessel_j1": (
        [1e-20, 1e-09, 1e-05, 0.001, 0.1, 0.2499, 0.2501, 1.0, 4.0],
        [
            0.5,
            0.5,
            0.49999999998125,
            0.499999812500013,
            0.49812630170362004,
            0.48834131202055603,
            0.48832272433654605,
            0.32514710081303305,
            -0.3806389778579601,
        ],
        [
            -3.7499999999999996e-21,
            -3.75e-10,
            -3.749999999947917e-06,
            -0.000374999947916669,
            -0.03744793944824281,
            -0.09290189191220824,
            -0.09297494767139496,
            -0.32514710081303305,
            0.15707536448656734,
        ],
    ),
    "bessel_y1": (
        [1e-20, 1e-05, 0.1, 1.0, 3.0],
        [
            6.366197723675814e39,
            6366197720.133388,
            63.055272295669894,
            0.8694697855159657,
            0.26862520174885707,
        ],
        [
            -1.2732395447351629e60,
            -1273239544703331.5,
            -1269.9888813321995,
            -0.8694697855159657,
            -0.3781412226201079,
        ],
    ),
    "modified_bessel_k1": (
        [1e-20, 1e-05, 0.1, 1.0, 40.0],
        [
            -1.0000000000000002e40,
            -10000000005.564426,
            -100.96551683340806,
            -1.0229316684379428,
            -8.605289398971093e-19,
        ],
        [
            2.0000000000000003e60,
            2000000000049999.5,
            2004.8934912020118,
            2.226746128832412,
            8.717574897307104e-19,
        ],
    ),
    "scaled_modified_bessel_k0": (
        [1e-20, 0.001, 1.0, 20.0, 127.9, 128.1, 10000.0, 100000000.0],
        [
            -1e20,
            -993.9660185566902,
            -0.49169040645636325,
            -0.006880620283544222,
            -0.0004319745586733279,
            -0.00043096525367945836,
            -6.266335712204455e-07,
            -6.266570663077861e-13,
        ],
        [
            1.0000000000000002e40,
            999008.802521955,
            0.6527726733505318,
            0.0005100342799478798,
            5.056371463482115e-06,
            5.036696373878709e-06,
            9.399268615958125e-11,
            9.399855971117152e-21,
        ],
    ),
    "scaled_modified_bessel_k1": (
        [1e-20, 0.001, 1.0, 20.0, 127.9, 128.1, 10000.0, 100000000.0],
        [
            -1.0000000000000002e40,
            -1000002.7685405117,
            -1.144463079806895,
            -0.007390654563492101,
            -0.00043703093013681,
            -0.00043600195005333704,
            -6.267275639066051e-07,
            -6.266570757076421e-13,
        ],
        [
            2.0000000000000003e60,
            2000000494.297058,
            2.1278438927196213,
            0.0005730621905785414,
            5.15501570576689e-06,
            5.134803655677361e-06,
            9.401618374378432e-11,
            9.39985620611355e-21,
        ],
    ),
}


@pytest.mark.parametrize("name", SLOPES)
def test_gradients_keep_their_digits(name: str) -> None:
    points, first, second = (np.array(v) for v in SLOPES[name])
    x = tenon.from_numpy(points).requires_grad_()
    (got,) = grad(getattr(tenon, name)(x).sum(), [x], create_graph=True)
    np.testing.assert_allclose(got.detach().numpy(), first, rtol=1e-13)
    np.testing.assert_allclose(grad(got.sum(), [x])[0].numpy(), second, rtol=2e-11)


def test_gradients_at_the_ends() -> None:
    for name, wanted in [
        ("bessel_j0", [0, 0]), ("bessel_j1", [0.5, 0]), ("bessel_y0", [inf, 0]), ("bessel_y1", [inf, 0]),
        ("modified_bessel_k0", [-inf, 0]), ("modified_bessel_k1", [-inf, 0]),
        ("scaled_modified_bessel_k0", [-inf, 0]), ("scaled_modified_bessel_k1", [-inf, 0]),
    ]:  # fmt: skip
        x = tenon.tensor([0.0, inf], dtype=tenon.float64, requires_grad=True)
        getattr(tenon, name)(x).sum().backward()
        np.testing.assert_array_equal(np.abs(x.grad.numpy()) * np.sign(wanted), wanted, err_msg=name)
