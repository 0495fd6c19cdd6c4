"""Borders, beside NumPy."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tn

MODES = [
    "constant",
    "edge",
    "reflect",
    "symmetric",
    "wrap",
    "linear_ramp",
    "maximum",
    "minimum",
    "mean",
    "median",
]
WIDTHS = [
    0,
    2,
    (1, 3),
    ((1, 2), (0, 3)),
    ((2,), (1,)),
    ((7, 5),),
    np.array([[1, 2], [3, 4]]),
    {0: 1, -1: (2, 0)},
]


def same(actual, expected):
    assert actual.shape == expected.shape
    assert str(actual.dtype).removeprefix("tenon.") == str(expected.dtype)
    eps = np.finfo(expected.dtype).eps if expected.dtype.kind in "fc" else 0
    np.testing.assert_allclose(actual.numpy(), expected, rtol=4 * eps, atol=4 * eps)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "float64", "bool"])
@pytest.mark.parametrize("width", WIDTHS, ids=str)
def test_modes(mode, dtype, width):
    a = (np.arange(12).reshape(3, 4) * 7 % 5).astype(dtype)
    if isinstance(width, dict) and tuple(map(int, np.__version__.split(".")[:2])) < (2, 2):
        pytest.skip("NumPy takes no dict")
    try:
        expected = np.pad(a, width, mode)
    except TypeError:
        return  # NumPy computes no ramp of bools
    same(tenon.pad(tenon.tensor(a), width, mode), expected)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("width", [1, (2, 9), (13, 0), ((1, 2), (8, 9))])
@pytest.mark.parametrize("shape", [(3, 4), (1, 5), (2, 1)])
def test_odd_reflections(mode, width, shape):
    a = np.arange(shape[0] * shape[1], dtype=float).reshape(shape) ** 2
    same(
        tenon.pad(tenon.tensor(a), width, mode, reflect_type="odd"),
        np.pad(a, width, mode, reflect_type="odd"),
    )


def test_values_and_lengths():
    a = np.arange(6.0).reshape(2, 3)
    t = tenon.tensor(a)
    for values in (7, (1, 2), ((1, 2), (3, 4))):
        same(tn.pad(t, 2, constant_values=values), np.pad(a, 2, constant_values=values))
        same(tn.pad(t, 2, "linear_ramp", end_values=values), np.pad(a, 2, "linear_ramp", end_values=values))
    for length in (None, 1, (1, 2), ((1, 9), (2, 1))):
        for mode in ("maximum", "minimum", "mean", "median"):
            same(tn.pad(t, (1, 2), mode, stat_length=length), np.pad(a, (1, 2), mode, stat_length=length))
    assert tn.pad(t, 1, "empty").shape == (4, 5)
    assert isinstance(np.pad(t, 1, "reflect"), tenon.Tensor)
    same(np.pad(t, 1, "reflect"), np.pad(a, 1, "reflect"))


def test_gradients_flow_to_values_and_elements():
    x = tenon.tensor([[1.0, 2.0]], dtype=tenon.float64, requires_grad=True)
    w = tenon.tensor(3.0, dtype=tenon.float64, requires_grad=True)
    tn.pad(x, 1, constant_values=w).sum().backward()
    assert x.grad.tolist() == [[1, 1]] and w.grad.item() == 10
    for mode in MODES:
        assert tenon.autograd.gradcheck(lambda t, mode=mode: tn.pad(t, (2, 1), mode), (x,)), mode


def test_refusals():
    t = tenon.ones(2, 3)
    for call in (
        lambda: tenon.pad(t, 1, "mirror"),
        lambda: tenon.pad(t, -1),
        lambda: tenon.pad(t, ((1, 1),) * 3),
        lambda: tenon.pad(t, (1, 2, 3)),
        lambda: tenon.pad(tenon.ones(0), 1, "edge"),
        lambda: tenon.pad(t, 1, "mean", stat_length=0),
        lambda: tenon.pad(t, 1, "reflect", reflect_type="both"),
    ):
        with pytest.raises(ValueError, match=r"^pad: "):
            call()
    with pytest.raises(TypeError, match=r"^pad: "):
        tenon.pad(t, 1.5)
    with pytest.raises(TypeError, match=r"^pad: .*np\.pad on"):
        tenon.pad(t, 1, lambda *_: None)
    with pytest.raises(OverflowError, match=r"^pad: "):
        tenon.pad(tenon.ones(2, dtype=tenon.uint8), 1, constant_values=300)
