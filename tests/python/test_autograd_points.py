"""Gradients at points where a formula divides by 0, and what PyTorch takes there."""

import math

import numpy as np
import pytest
import tenon

inf, nan = math.inf, math.nan


def slope(function, *values, dtype=tenon.float64, wrt=0):
    xs = [tenon.tensor(v, dtype=dtype, requires_grad=True) for v in values]
    function(*xs).sum().backward()
    return xs[wrt].grad.tolist()


def test_clamp_at_its_bounds():
    assert slope(lambda x: x.clamp(min=0), [-1.0, 0.0, 1.0]) == [0, 1, 1]
    assert slope(lambda x: x.clamp(max=0), [-1.0, 0.0, 1.0]) == [1, 1, 0]
    assert slope(lambda x: x.clamp(0, 1), [0.0, 1.0, 2.0]) == [1, 1, 0]
    assert slope(lambda x: (x * 1).clamp_(min=0), [-1.0, 0.0, 1.0]) == [0, 1, 1]
    assert slope(lambda x, low: x.clamp(min=low), [0.0, 1.0], [0.0, 2.0], wrt=1) == [0, 1]
    assert slope(lambda x: np.clip(x, 0, None), [-1.0, 0.0, 1.0]) == [0, 1, 1]
    assert slope(lambda x: x.clamp(min=0).sqrt(), [-1.0, 4.0]) == [0, 0.25]
    with pytest.raises(TypeError):
        slope(lambda x: x.clamp(min=0), [1j], dtype=tenon.complex128)


def test_std_of_equal_values():
    for x in ([2.0, 2.0, 2.0], [0.1] * 3):
        assert slope(lambda x: x.std(), x) == [0, 0, 0]
    assert slope(lambda x: x.std(correction=0), [3.0]) == [0]
    assert slope(lambda x: x.std(), [1j, 1j], dtype=tenon.complex128) == [0, 0]
    assert slope(lambda x: np.std(x, where=np.array([True, True, False])), [1.0, 1.0, 2.0]) == [0, 0, 0]
    x = tenon.tensor([2.0, 2.0], requires_grad=True)
    (g,) = tenon.autograd.grad(x.std(), [x], create_graph=True)
    assert tenon.autograd.grad(g.sum(), [x])[0].tolist() == [0, 0]


@pytest.mark.parametrize("norm", [tenon.norm, np.linalg.norm])
@pytest.mark.parametrize("p", [4, 3, 2, 1.5, 1, 0.5, -1, -2])
def test_norm_of_zeros(p, norm):
    assert slope(lambda x: norm(x, p), [0.0, 0.0]) == [0, 0]
    one_zero = slope(lambda x: norm(x, p), [0.0, 3.0])
    assert np.allclose(one_zero, [0, 0 if p < 0 else 1], rtol=1e-12)
    assert norm(tenon.tensor([0.0, 3.0], requires_grad=True), p).item() == pytest.approx(0 if p < 0 else 3)
    if norm is tenon.norm:
        assert slope(lambda x: norm(x, p), [0j, 0j], dtype=tenon.complex128) == [0, 0]


@pytest.mark.parametrize("correction", [2, 3])
def test_var_without_degrees_of_freedom(correction):
    def var(x):
        return x.var(correction=correction)

    assert var(tenon.tensor([3.0, 4.0])).item() == inf
    assert slope(var, [3.0, 4.0]) == [inf, inf]
    assert np.isnan(slope(var, [5.0, 5.0])).all()


def test_other_points():
    assert slope(tenon.angle, [0j, 1j], dtype=tenon.complex128) == [0, -1]
    assert slope(lambda x: tenon.sign(x).real, [0j, 2.0], dtype=tenon.complex128) == [0, 0]
    assert slope(tenon.logaddexp, [1e6], [1e6], dtype=tenon.float32) == [0.5]
    assert slope(tenon.maximum, [nan, 1.0], [0.0, nan]) == [1, 1]
    assert slope(tenon.relu, [nan, 0.0]) == [1, 0]
    assert slope(tenon.amax, [nan, 1.0, nan]) == [0.5, 0, 0.5]


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (lambda x: x**0, [0.0, 2.0], [0, 0]),
        (lambda x: x**1, [0.0, 2.0], [0, 0]),
        (lambda x: tenon.elu(x, 1.0), [1000.0, -1000.0], [0, 0]),
        (lambda x: tenon.logaddexp(x, 0.0), [1000.0, -1000.0], [0, 0]),
    ],
)
def test_second_derivatives(function, at, expected):
    x = tenon.tensor(at, requires_grad=True, dtype=tenon.float64)
    (g,) = tenon.autograd.grad(function(x).sum(), [x], create_graph=True)
    assert tenon.autograd.grad(g.sum(), [x])[0].tolist() == expected
