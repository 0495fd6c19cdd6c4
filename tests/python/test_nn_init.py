"""nn.init: distributions, bounds, shapes; values that are not drawn beside torch.nn.init's."""

import math

import numpy as np
import pytest
import tenon
from tenon.nn import init


def generator(seed=0):
    return tenon.Generator(seed)


def test_constants_are_torchs():
    torch = pytest.importorskip("torch")
    for name, shape, args in (
        ("constant_", (2, 3), (0.5,)),
        ("ones_", (2, 3), ()),
        ("zeros_", (2, 3), ()),
        ("eye_", (2, 3), ()),
        ("eye_", (4, 2), ()),
        ("dirac_", (4, 3, 5), ()),
        ("dirac_", (3, 4, 3, 4), ()),
        ("dirac_", (6, 2, 3, 3, 3), (3,)),
    ):
        p = tenon.nn.Parameter(tenon.full(shape, 9.0))
        assert getattr(init, name)(p, *args) is p and p.is_leaf and p.requires_grad
        expected = getattr(torch.nn.init, name)(torch.full(shape, 9.0), *args)
        assert p.tolist() == expected.tolist()
    for name in ("linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert init.calculate_gain("leaky_relu", 0.2) == torch.nn.init.calculate_gain("leaky_relu", 0.2)


DRAWN = {
    "uniform_": ((40, 50), {"a": -1.0, "b": 3.0}, 1.0, 4 / math.sqrt(12)),
    "normal_": ((40, 50), {"mean": 2.0, "std": 0.5}, 2.0, 0.5),
    "xavier_uniform_": ((40, 50), {"gain": 2.0}, 0.0, 2 * math.sqrt(2 / 90)),
    "xavier_normal_": ((40, 10, 5), {}, 0.0, math.sqrt(2 / (5 * 50))),
    "kaiming_uniform_": ((40, 10, 5), {"nonlinearity": "relu"}, 0.0, math.sqrt(2 / 50)),
    "kaiming_normal_": ((40, 50), {"mode": "fan_out", "a": 0.5}, 0.0, math.sqrt(2 / 1.25 / 40)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_distributions(name):
    shape, keywords, mean, std = DRAWN[name]
    f = getattr(init, name)
    p = tenon.nn.Parameter(tenon.empty(shape))
    assert f(p, **keywords, generator=generator()) is p and p.grad_fn is None
    assert abs(float(p.mean()) - mean) < 4 * std / math.sqrt(p.numel())
    assert float(p.std()) == pytest.approx(std, rel=0.06)
    if "uniform" in name:
        half = std * math.sqrt(3)
        assert mean - half <= float(p.min()) < float(p.max()) <= mean + half
    q = f(tenon.empty(shape), **keywords, generator=generator())
    assert tenon.equal(p, q) and not tenon.equal(q, f(tenon.empty(shape), **keywords, generator=generator(1)))
    tenon.manual_seed(3)
    first = f(tenon.empty(shape), **keywords)
    tenon.manual_seed(3)
    assert tenon.equal(first, f(tenon.empty(shape), **keywords))


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [(0, 1, -2, 2), (1, 0.5, 1.2, 1.5), (0, 1, 3, 4), (0, 1, 4, 1e9), (5, 2, -1e9, 0)],
)
def test_truncated_normal(mean, std, a, b):
    scipy = pytest.importorskip("scipy.stats")
    t = init.trunc_normal_(tenon.empty(20000), mean, std, a, b, generator=generator())
    assert a <= float(t.min()) and float(t.max()) <= b
    law = scipy.truncnorm((a - mean) / std, (b - mean) / std, mean, std)
    assert scipy.kstest(t.numpy(), law.cdf).pvalue > 1e-3
    narrow = init.trunc_normal_(tenon.empty(100, dtype=tenon.float16), 0.0, 1.0, -0.1, 0.1)
    assert float(narrow.abs().max()) <= float(tenon.tensor(0.1, dtype=tenon.float16))


def test_orthogonal():
    for shape in ((3, 5), (5, 3), (4, 4), (3, 2, 4)):
        w = init.orthogonal_(tenon.nn.Parameter(tenon.empty(shape)), gain=2.0, generator=generator())
        flat = w.detach().reshape(shape[0], -1)
        small = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
        assert tenon.allclose(small, tenon.eye(small.shape[0]) * 4, atol=1e-5)
    half = init.orthogonal_(tenon.empty(2, 2, dtype=tenon.bfloat16))
    assert half.dtype is tenon.bfloat16 and init.orthogonal_(tenon.empty(0, 3)).shape == (0, 3)
    signs = [float(init.orthogonal_(tenon.empty(1, 1), generator=generator(i))) for i in range(40)]
    assert {round(s) for s in signs} == {-1, 1}


def test_sparse():
    w = init.sparse_(tenon.empty(10, 4), 0.25, std=2.0, generator=generator())
    assert (w == 0).sum(0).tolist() == [3, 3, 3, 3]
    zeros = [tuple(np.flatnonzero(w[:, i].numpy() == 0)) for i in range(4)]
    assert len(set(zeros)) > 1
    assert tenon.equal(w, init.sparse_(tenon.empty(10, 4), 0.25, std=2.0, generator=generator()))


def test_arrays_are_filled_where_they_are():
    a = np.zeros((2, 3), np.float32)
    with tenon.no_copies():
        init.ones_(tenon.from_numpy(a))
    assert a.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: init.calculate_gain("rely"), ValueError, "nonlinearity is one of linear, .*; got 'rely'"),
        (
            lambda: init.calculate_gain("leaky_relu", True),
            ValueError,
            "the slope of leaky_relu is a number; got True",
        ),
        (
            lambda: init.eye_(tenon.empty(2)),
            ValueError,
            r"eye_: the tensor has two dimensions; got shape \(2,\)",
        ),
        (lambda: init.dirac_(tenon.empty(2, 2)), ValueError, r"three to five dimensions; got shape \(2, 2\)"),
        (
            lambda: init.dirac_(tenon.empty(2, 2, 2), 3),
            ValueError,
            "must divide the 2 output channels; got 3",
        ),
        (lambda: init.xavier_normal_(tenon.empty(2)), ValueError, "two dimensions or more"),
        (
            lambda: init.kaiming_normal_(tenon.empty(2, 2), mode="x"),
            ValueError,
            "'fan_in' or 'fan_out'; got 'x'",
        ),
        (
            lambda: init.orthogonal_(tenon.empty(2)),
            ValueError,
            "orthogonal_: the tensor has two dimensions or more",
        ),
        (lambda: init.sparse_(tenon.empty(2), 0.5), ValueError, "sparse_: the tensor has two dimensions"),
        (lambda: init.sparse_(tenon.empty(2, 2), 1.5), ValueError, "between 0 and 1; got 1.5"),
        (lambda: init.trunc_normal_(tenon.empty(2), a=1, b=1), ValueError, "a must be below b; got 1 and 1"),
        (lambda: init.trunc_normal_(tenon.empty(2), std=0), ValueError, "std must be positive; got 0"),
        (lambda: init.uniform_(tenon.empty(2), 2.0, 1.0), ValueError, "uniform_"),
        (lambda: init.normal_(tenon.empty(2), 0.0, -1.0), ValueError, "normal_"),
        (lambda: init.normal_(tenon.empty(2, dtype=tenon.int64)), TypeError, "normal_"),
        (lambda: init.ones_(tenon.from_numpy(np.broadcast_to(0.0, 2))), ValueError, "read-only"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
