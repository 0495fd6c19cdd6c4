"""i0, i0e, i1, i1e beside SciPy, PyTorch and series with 50 digits: values, gradients, doors."""

from collections.abc import Callable

import numpy as np
import pytest
import tenon
from support import FLOATS

NAMES = ["i0", "i0e", "i1", "i1e"]
inf, nan = np.inf, np.nan


def grid(dtype: str) -> np.ndarray:
    """Dense where the polynomials change and where float32 overflows, and numbers of every size.

    From 709.8 to 714 SciPy's and PyTorch's float64 are infinite, which i0 and i1 are not; beyond, all are.
    """
    sizes = np.logspace(-40 if dtype == "float32" else -300, 38, 3000)
    sizes = sizes[(sizes < 709) | (sizes > 714)]
    parts = [np.linspace(0, 20, 20001), np.linspace(85, 93, 999), np.linspace(700, 709, 999), sizes]
    positive = np.concatenate(parts)
    return np.concatenate([positive, -positive]).astype(dtype)


# Of float64, whose own error is below 5: SciPy's and PyTorch's i1 are 9 units off near 7.6.
UNITS = {"float32": 1, "float64": 12}


def close(got: np.ndarray, wanted: np.ndarray) -> None:
    """Equal, but for some units in the last place."""
    limit = np.finfo(got.dtype)
    rtol, atol = UNITS[str(got.dtype)] * limit.eps, limit.smallest_subnormal
    np.testing.assert_allclose(got, wanted.astype(got.dtype), rtol, atol)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_are_scipys(name: str, dtype: str) -> None:
    special = pytest.importorskip("scipy.special")
    a = grid(dtype)
    got = getattr(tenon, name)(tenon.from_numpy(a)).numpy()
    assert got.dtype == dtype
    close(got, getattr(special, name)(a.astype("f8")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_pytorchs(name: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    a = grid(dtype)
    got = getattr(tenon, name)(tenon.from_numpy(a)).numpy()
    with np.errstate(over="ignore"):
        close(got, getattr(torch.special, name)(torch.from_numpy(a.astype("f8"))).numpy())


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_and_integers(name: str, device: str) -> None:
    f = getattr(tenon, name)
    for dtype in (tenon.float16, tenon.bfloat16):
        x = (tenon.arange(-100, 100) / 8).to(dtype).to(device)
        assert f(x).dtype == dtype and f(x).tolist() == f(x.float()).to(dtype).tolist()
    for x in (tenon.arange(-3, 4), tenon.arange(4).to(tenon.uint8), tenon.tensor([True, False])):
        y = f(x.to(device))
        assert y.dtype == tenon.float32 and y.tolist() == f(x.float()).tolist()
    assert f(tenon.tensor(2.0, device=device)).shape == () and f(tenon.zeros(0, 3, device=device)).shape == (
        0,
        3,
    )
    with pytest.raises(TypeError, match=f"^{name}: "):
        f(tenon.tensor([1j], device=device))


def test_special_values() -> None:
    for dtype in (tenon.float16, tenon.bfloat16, tenon.float32, tenon.float64):
        x = tenon.tensor([0.0, -0.0, inf, -inf, nan], dtype=dtype)
        np.testing.assert_array_equal(tenon.i0(x).double().numpy(), [1, 1, inf, inf, nan])
        np.testing.assert_array_equal(tenon.i0e(x).double().numpy(), [1, 1, 0, 0, nan])
        np.testing.assert_array_equal(tenon.i1(x).double().numpy(), [0, 0, inf, -inf, nan])
        np.testing.assert_array_equal(tenon.i1e(x).double().numpy(), [0, 0, 0, 0, nan])
        assert (
            tenon.signbit(tenon.i1(x)).tolist()[:4]
            == tenon.signbit(tenon.i1e(x)).tolist()[:4]
            == [0, 1, 0, 1]
        )
    # Where the results overflow: the numbers before and after.
    for dtype, n0, n1 in (("float32", 91.90076, 91.90626), ("float64", 713.9869085, 713.9876098)):
        for f, x in ((tenon.i0, n0), (tenon.i1, n1)):
            below, above = f(tenon.from_numpy(np.array([x * (1 - 1e-6), x * (1 + 1e-6)], dtype))).tolist()
            assert below < inf == above
    small = tenon.from_numpy(np.array([5e-324, 1e-310, 2.5e-308]))
    assert tenon.i1(small).tolist() == tenon.i1e(small).tolist() == (small / 2).tolist()


def test_doors() -> None:
    a = np.array([0.5, -3.0, 20.0])
    t = tenon.from_numpy(a)
    for name in NAMES:
        f, inplace = getattr(tenon, name), t.clone()
        assert f(t).tolist() == getattr(t, name)().tolist() == f(input=t).tolist()
        assert getattr(inplace, name + "_")() is inplace and inplace.tolist() == f(t).tolist()
        out = tenon.empty_like(t)
        assert f(t, out=out) is out and out.tolist() == f(t).tolist()
    small = a / 4  # below 8, where NumPy warns of nothing
    assert np.allclose(np.i0(tenon.from_numpy(small)).numpy(), np.i0(small), rtol=1e-14, atol=0)
    y = np.i0(t)
    assert isinstance(y, tenon.Tensor) and y.tolist() == tenon.i0(t).tolist()
    assert tenon.numpy.i0(x=t).tolist() == y.tolist()
    for dtype in FLOATS:
        assert np.i0(tenon.from_numpy(a.astype(dtype))).dtype == np.i0(small.astype(dtype)).dtype
    with pytest.raises(TypeError, match=r"^i0: "):
        np.i0(tenon.tensor([1j]))


# ---- gradients ----


@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, device: str) -> None:
    f = getattr(tenon, name)
    # On both sides of where a formula changes (0.25, 8, 128), and at 0 where there is no kink.
    at = [-130.0, -8.01, -7.99, -0.26, -0.24, -0.01, 0.02, 0.23, 0.3, 3.0, 7.999, 8.001, 127.0, 129.0, 1000.0]
    at += [0.0] if name[1:] in ("0", "1") else []
    x = tenon.tensor([v for v in at if name[-1] == "e" or abs(v) < 9], dtype=tenon.float64, device=device)
    x.requires_grad_()
    # atol: where the values are a thousand, a difference of 1e-6 sees no better.
    assert tenon.autograd.gradcheck(f, (x,), eps=1e-5, atol=1e-6)
    assert tenon.autograd.gradgradcheck(f, (x,), eps=1e-5, atol=1e-6)


def derivatives(f: Callable[[tenon.Tensor], tenon.Tensor], x: tenon.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second one."""
    x = x.detach().requires_grad_()
    (first,) = tenon.autograd.grad(f(x).sum(), [x], create_graph=True)
    (second,) = tenon.autograd.grad(first.sum(), [x])
    return first.detach().cpu().numpy(), second.cpu().numpy()


# The derivatives of 1st and 2nd order at these points, by mpmath 1.3 with 50 digits.
POINTS = [
    1e-300,
    1e-20,
    1e-9,
    1e-5,
    1e-3,
    0.1,
    0.2499,
    0.2501,
    1.0,
    7.9,
    8.1,
    100.0,
    127.9,
    128.1,
    500.0,
    1e4,
    1e8,
    1e15,
]
# I_1' is I_0'', too.
I1_SLOPE = [
    0.5,
    0.5,
    0.5,
    0.50000000001875,
    0.5000001875000131,
    0.5018763024631687,
    0.5117602507627436,
    0.511779163968831,
    0.7009067737595233,
    343.34882200563794,
    415.2432846224229,
    1.0630680132276922e42,
    1.2324509162009822e54,
    1.5041594238774607e54,
    2.4998048697457257e215,
]
DERIVATIVES = {
    "i0": (
        [
            5e-301,
            5e-21,
            5e-10,
            5.0000000000625004e-06,
            0.0005000000625000026,
            0.050062526047092694,
            0.12592793244768977,
            0.12603028638890637,
            0.565159103992485,
            363.8539440845084,
            439.48430891035844,
            1.0683693903381625e42,
            1.2372591515495873e54,
            1.5100185494018417e54,
            2.5023034121761e215,
        ],
        I1_SLOPE,
    ),
    "i0e": (
        [
            -1.0,
            -1.0,
            -0.9999999985,
            -0.9999850001249992,
            -0.9985012492711614,
            -0.8618024789734917,
            -0.6930038773916821,
            -0.6928052056803313,
            -0.257849192243932,
            -0.009473364701148153,
            -0.00911112116245865,
            -0.00020022627396642996,
            -0.0001383104983692706,
            -0.00013798607347777726,
            -1.7854647255110774e-05,
            -1.9947862106984187e-07,
            -1.9947114094873313e-13,
            -6.307831305050403e-24,
        ],
        [
            1.5,
            1.5,
            1.4999999975,
            1.4999750002187486,
            1.4975021861881013,
            1.2706204898588902,
            0.993520439183348,
            0.9931966929577569,
            0.30778796913815554,
            0.0018712231440819065,
            0.0017530215439498158,
            3.011017681557421e-06,
            1.6253018574152695e-06,
            1.618952855897018e-06,
            5.359080442543738e-08,
            2.992254131753587e-11,
            2.9920671217111648e-21,
            9.461746957575606e-39,
        ],
    ),
    "i1": (
        I1_SLOPE,
        [
            3.75e-301,
            3.7499999999999996e-21,
            3.7500000000000005e-10,
            3.7500000000520837e-06,
            0.00037500005208333564,
            0.037552106124675105,
            0.09452754967881842,
            0.09460451172159212,
            0.42941143422544675,
            326.222126270696,
            394.91814069619494,
            1.0578455471449193e42,
            1.227698735040247e54,
            1.4983684977766477e54,
            2.4973138116502574e215,
        ],
    ),
    "i1e": (
        [
            0.5,
            0.5,
            0.49999999900000003,
            0.49999000009374944,
            0.49900093691694,
            0.40881801088539854,
            0.30051656179166586,
            0.30039148727742554,
            0.04993877689422354,
            -0.007602141557066247,
            -0.007358099618508835,
            -0.00019721525628487254,
            -0.00013668519651185534,
            -0.00013636712062188025,
            -1.7801056450685338e-05,
            -1.9944869852852436e-07,
            -1.99471137956666e-13,
            -6.307831305050393e-24,
        ],
        [
            -1.0,
            -1.0,
            -0.999999998125,
            -0.999981250174999,
            -0.9981267489067654,
            -0.828955917831943,
            -0.6254902118590168,
            -0.625254945154957,
            -0.1498163306826706,
            0.0012525297439283018,
            0.0011886229498126932,
            2.9355501838043295e-06,
            1.593469771927821e-06,
            1.587294721944807e-06,
            5.3322715887525515e-08,
            2.991506049515319e-11,
            2.9920670469094864e-21,
            9.461746957575582e-39,
        ],
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_accurate_everywhere(name: str, device: str) -> None:
    wanted = DERIVATIVES[name]
    x = tenon.tensor(POINTS[: len(wanted[0])], dtype=tenon.float64)
    signs = {"i0": (-1, 1), "i0e": (-1, 1), "i1": (1, -1), "i1e": (1, -1)}[name]
    for sign in (1, -1):
        first, second = derivatives(getattr(tenon, name), (sign * x).to(device))
        odd = [s if sign < 0 else 1 for s in signs]
        np.testing.assert_allclose(first * odd[0], wanted[0], rtol=2e-12)
        np.testing.assert_allclose(second * odd[1], wanted[1], rtol=5e-10)
    single, double = (x[x < 1e30].to(device).to(d) for d in (tenon.float32, tenon.float64))
    keep = [i for i, v in enumerate(wanted[0]) if abs(v) < 1e38]
    got, exact = (derivatives(getattr(tenon, name), v)[0][keep] for v in (single, single.double()))
    assert double.dtype == tenon.float64
    np.testing.assert_allclose(got, exact, rtol=5e-5)


def test_derivatives_at_zero_and_infinity() -> None:
    zero = tenon.tensor([0.0, -0.0], dtype=tenon.float64)
    wanted = {"i0": (0, 0.5), "i0e": (0, 0.5), "i1": (0.5, 0), "i1e": (0.5, 0)}  # i0e has a kink there
    for name, (first, second) in wanted.items():
        got = derivatives(getattr(tenon, name), zero)
        assert got[0].tolist() == [first] * 2 and got[1].tolist() == [second] * 2, name
    far = tenon.tensor([800.0, -800.0, inf, -inf], dtype=tenon.float64)
    assert derivatives(tenon.i0, far)[0].tolist() == [inf, -inf, inf, -inf]
    assert derivatives(tenon.i1, far)[0].tolist() == [inf] * 4
    for f in (tenon.i0e, tenon.i1e):
        for order in derivatives(f, far[2:]):
            assert order.tolist() == [0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    a = np.concatenate([np.linspace(-20, 20, 401), [0.0, 1e-3, 90.0]])
    x, y = tenon.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    getattr(tenon, name)(x).square().sum().backward()
    getattr(torch.special, name)(y).square().sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12, atol=0)
