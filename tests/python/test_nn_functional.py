"""Functions without state beside torch.nn.functional's: modes, in place, samples, second derivatives."""

import math

import numpy as np
import pytest
import tenon
import tenon.nn.functional as F

torch = pytest.importorskip("torch")
import nn_parity  # noqa: E402
import torch.nn.functional as T  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def r(*shape, dtype=torch.float64, seed=0):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def same(name, *args, tolerance=None, **kwargs):
    nn_parity.same(getattr(F, name), getattr(T, name), args, kwargs, tolerance)


# ---- sizes ----

SIZES = [
    (mode, shape, size)
    for modes, shape, sizes in (
        (("nearest", "nearest-exact", "linear", "area"), (2, 3, 7), (1, 3, 7, 12, 20)),
        (
            ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
            (2, 2, 5, 6),
            ((1, 1), (3, 9), (5, 6), (11, 4)),
        ),
        (("nearest", "nearest-exact", "trilinear", "area"), (1, 2, 3, 4, 5), ((2, 7, 3), (6, 4, 1))),
    )
    for mode in modes
    for size in sizes
]


@pytest.mark.parametrize(("mode", "shape", "size"), SIZES)
def test_interpolate_to_a_size(mode, shape, size):
    x = r(*shape)
    for corners in (None, False, True) if "linear" in mode or "cubic" in mode else (None,):
        same("interpolate", x, size=size, mode=mode, align_corners=corners)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("scale", [2, 0.5, (1.7, 0.6), (3, 2.3)])
def test_interpolate_by_a_factor(mode, scale):
    x = r(2, 2, 5, 6)
    for recompute in (None, False, True):
        same("interpolate", x, scale_factor=scale, mode=mode, recompute_scale_factor=recompute)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(3, 4), (9, 2), (12, 13)])
def test_interpolate_with_antialias(mode, size):
    for corners in (False, True):
        same("interpolate", r(2, 2, 8, 9), size=size, mode=mode, antialias=True, align_corners=corners)


def test_interpolate_by_older_names_and_in_float32():
    same("upsample", r(1, 2, 4), scale_factor=3, mode="linear", align_corners=False)
    same("upsample_nearest", r(1, 2, 4, 4), size=6)
    same("upsample_bilinear", r(1, 2, 4, 4), scale_factor=2)
    for size in range(1, 40):
        same("interpolate", torch.arange(29.0).reshape(1, 1, 29), size=size)
    assert F.interpolate(tenon.arange(4).reshape(1, 1, 4), size=2).dtype is tenon.int64


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample(mode, padding):
    places = r(2, 5, 6, 2, seed=3)
    for corners in (False, True):
        options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
        if mode == "nearest":  # its places have no gradient
            same("grid_sample", r(2, 3, 4, 5), places.detach(), **options)
        else:
            same("grid_sample", r(2, 3, 4, 5), places, **options)
        if mode != "bicubic":
            volume = r(2, 2, 3, 4, 5), r(2, 2, 3, 2, 3, seed=4)
            same("grid_sample", volume[0], volume[1].detach() if mode == "nearest" else volume[1], **options)


def test_affine_grid():
    for corners in (None, False, True):
        same("affine_grid", r(2, 2, 3), [2, 1, 3, 5], align_corners=corners)
        same("affine_grid", r(2, 3, 4), [2, 1, 2, 1, 4], align_corners=corners)
    for wrong, error, words in (
        (
            lambda: F.affine_grid(tenon.ones(2, 2, 3), (1, 1, 2, 2)),
            ValueError,
            r"got \(2, 2, 3\) for \(1, 1, 2, 2\)",
        ),
        (lambda: F.affine_grid(tenon.ones(1, 2, 3).long(), (1, 1, 2, 2)), TypeError, "floats; got int64"),
        (
            lambda: F.grid_sample(tenon.ones(1, 1, 2, 2), tenon.ones(1, 2, 2, 3)),
            ValueError,
            "goes with a grid",
        ),
        (
            lambda: F.grid_sample(tenon.ones(1, 1, 2, 2), tenon.ones(1, 2, 2, 2), "cubic"),
            ValueError,
            "got 'cubic'",
        ),
        (
            lambda: F.grid_sample(tenon.ones(1, 1, 2, 2), tenon.ones(1, 2, 2, 2), padding_mode="edge"),
            ValueError,
            "got 'edge'",
        ),
    ):
        with pytest.raises(error, match=words):
            wrong()


# ---- borders, blocks ----


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad(mode):
    for shape, widths in (
        ((2, 3, 5), (1, 2)),
        ((2, 3, 5), (-1, 2)),
        ((2, 3, 5), (-2, -1)),
        ((3, 4, 5), (0, 1)),
        ((2, 3, 4, 5), (1, 2, 3, 0)),
        ((2, 3, 4, 5), (-1, 2, 1, -1)),
        ((1, 2, 3, 4, 5), (1, 2, 0, 1, 2, 1)),
    ):
        same("pad", r(*shape), widths, mode)
    if mode == "constant":
        same("pad", r(3), (1, 1), value=2.5)
        same("pad", r(2, 3), (1, 1, 2, 0), "constant", -1.0)
        same("pad", torch.arange(3), (1, 0), value=7)
    assert F.pad(tenon.ones(2), ()).shape == (2,)


def test_unfold_and_fold_are_each_others_gradient():
    x = tenon.randn(2, 3, 5, 6, dtype=tenon.float64).requires_grad_()
    blocks = F.unfold(x, (2, 3), 1, 1, 2)
    g = tenon.randn(*blocks.shape, dtype=tenon.float64)
    blocks.backward(g)
    assert tenon.allclose(x.grad, F.fold(g, (5, 6), (2, 3), 1, 1, 2))


# ---- activations ----

IN_PLACE = (
    "relu",
    "relu6",
    "elu",
    "selu",
    "celu",
    "leaky_relu",
    "hardtanh",
    "hardsigmoid",
    "hardswish",
    "silu",
    "mish",
)


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    x = tenon.linspace(-4, 4, 17, dtype=tenon.float64)
    leaf = x.clone().requires_grad_()
    f = getattr(F, name)
    f(leaf * 1).sum().backward()
    expected, leaf.grad = leaf.grad, None
    inner = leaf * 1
    y = f(inner, inplace=True)
    assert y is inner
    y.sum().backward()
    assert tenon.equal(leaf.grad, expected)
    plain = x.clone()
    assert f(plain, inplace=True) is plain and tenon.equal(plain, f(x))
    with pytest.raises(RuntimeError, match="leaf"):
        f(leaf, inplace=True)


@pytest.mark.parametrize("name", ["relu_", "elu_", "celu_", "selu_", "leaky_relu_", "hardtanh_", "rrelu_"])
def test_functions_that_write(name):
    x = tenon.linspace(-2, 2, 5)
    expected = getattr(T, name)(torch.linspace(-2, 2, 5)).numpy()
    y = getattr(F, name)(x)
    assert y is x
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-6)
    t = tenon.tensor([0.0, 3.0])
    assert F.threshold_(t, 1.0, -1.0) is t and t.tolist() == [-1, 3]


def test_rrelu_draws_slopes():
    tenon.manual_seed(0)
    x = -tenon.ones(1000, dtype=tenon.float64).requires_grad_()
    y = F.rrelu(x, 0.25, 0.5, training=True)
    assert -0.5 <= float(y.min()) < -0.45 and -0.3 < float(y.max()) <= -0.25 and len(set(y.tolist())) > 900
    y.sum().backward()
    assert tenon.equal(F.rrelu(tenon.ones(3), training=True), tenon.ones(3))
    with pytest.raises(ValueError, match=r"lower must not be above upper; got 0\.5 and 0\.25"):
        F.rrelu(x, 0.5, 0.25)


def test_softmax_without_a_dimension_warns():
    for shape, dim in (((3,), 0), ((2, 3), 1), ((2, 3, 4), 0)):
        with pytest.warns(UserWarning, match=rf"softmax: dim is not given, so {dim} is taken"):
            y = F.softmax(tenon.ones(*shape))
        assert float(y.sum(dim).max()) == pytest.approx(1)
    same("softmax", r(2, 3), 0, dtype=torch.float32, tolerance=1e-6)
    same("log_softmax", r(2, 3), -1, dtype=torch.float32, tolerance=1e-6)
    same("softmin", r(2, 3), 1)


def test_gumbel_softmax():
    tenon.manual_seed(0)
    logits = tenon.tensor([[0.0, 1.0, 2.0]]).expand(20000, 3).clone().requires_grad_()
    hard = F.gumbel_softmax(logits, tau=0.5, hard=True)
    assert set(hard.detach().flatten().tolist()) <= {0.0, 1.0} and hard.sum(-1).eq(1).all()
    expected = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    np.testing.assert_allclose(hard.detach().mean(0).numpy(), expected, atol=0.015)
    (hard * tenon.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert logits.grad.isfinite().all() and logits.grad.abs().sum() > 0
    soft = F.gumbel_softmax(logits, dim=0)
    assert tenon.allclose(soft.sum(0), tenon.ones(3))


# ---- dropout ----


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_dropout(name):
    tenon.manual_seed(0)
    f = getattr(F, name)
    x = tenon.randn(200, 100).requires_grad_()
    y = f(x, 0.25, training=True)
    assert not tenon.equal(y, f(x, 0.25, training=True))
    tenon.manual_seed(5)
    again = f(x, 0.25, training=True)
    tenon.manual_seed(5)
    assert tenon.equal(again, f(x, 0.25, training=True))
    dropped = (y == 0) if name == "dropout" else (y == y.min())
    if name == "dropout":
        assert abs(float(dropped.double().mean()) - 0.25) < 0.01
        kept = ~dropped
        assert tenon.allclose(y[kept], x[kept] / 0.75)
    assert abs(float(y.mean())) < 0.03 and (name == "dropout" or abs(float(y.std()) - 1) < 0.03)
    y.sum().backward()
    assert abs(float((x.grad == 0).double().mean()) - 0.25) < 0.01
    assert f(x, 0.25, False) is x and f(x, 0.0, True) is x
    assert f(x, 1.0, True).eq(0).all()
    z = tenon.ones(5)
    assert f(z, 0.5, True, inplace=True) is z
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(
            ValueError, match=f"{name}: the dropout probability p must be between 0 and 1; got"
        ):
            f(x, p)


def test_dropout_takes_numbers_with_fractions():
    z = F.dropout(tenon.ones(1000, dtype=tenon.complex64), 0.5)
    assert z.dtype is tenon.complex64 and set(z.real.tolist()) == {0.0, 2.0}
    for f in (F.dropout, F.alpha_dropout, F.feature_alpha_dropout):
        with pytest.raises(TypeError, match=f"{f.__name__}: input holds floats; got int64, use .float"):
            f(tenon.ones(2, 3, dtype=tenon.int64), 0.5, True)


def test_dropout_of_channels():
    tenon.manual_seed(0)
    for name, shapes in (
        ("dropout1d", ((50, 40, 3), (40, 3))),
        ("dropout2d", ((50, 40, 3, 2), (50, 40, 3))),
        ("dropout3d", ((50, 40, 3, 2, 2), (40, 3, 2, 2))),
        ("feature_alpha_dropout", ((50, 40, 3), (50, 40, 3, 2))),
    ):
        for shape in shapes:
            y = getattr(F, name)(tenon.ones(*shape), 0.5, True)
            channels = y.reshape((*shape[: 2 if len(shape) > 2 and shape[0] == 50 else 1], -1))
            assert (channels == channels[..., :1]).all() and len(
                set(channels[..., 0].flatten().tolist())
            ) == 2
        with pytest.raises(ValueError, match=name):
            getattr(F, name)(tenon.ones(3), 0.5, True)
        assert getattr(F, name)(tenon.ones(*shapes[0]), 0.5, False).eq(1).all()


# ---- distances, one_hot ----


def test_distances():
    x = r(4, 3)
    for p in (1.0, 2.0, 3.0, float("inf")):
        same("pdist", x, p)
    same("normalize", r(3, 4))
    same("normalize", r(3, 4, 2), p=1.0, dim=2)
    same("normalize", torch.zeros(2, 3).double().requires_grad_(), eps=0.5)
    same("cosine_similarity", torch.zeros(2, 3).double().requires_grad_(), r(2, 3))
    same("cosine_similarity", r(2, 3, 4), r(1, 3, 1), dim=-2)
    out = tenon.empty(2, 2)
    assert F.normalize(tenon.ones(2, 2), out=out) is out and abs(float(out[0, 0]) - 0.5**0.5) < 1e-6


def test_one_hot():
    for t in (torch.tensor([0, 2, 1]), torch.tensor([[1], [0]]), torch.tensor(3)):
        same("one_hot", t)
        same("one_hot", t, 5)
    same("one_hot", torch.empty(0, 2).long(), 3)
    assert F.one_hot(tenon.tensor([1], dtype=tenon.uint8), 2).tolist() == [[0, 1]]
    for wrong, error, words in (
        (lambda: F.one_hot(tenon.tensor([3]), 3), ValueError, "must be from 0 to 2; they are from 3 to 3"),
        (lambda: F.one_hot(tenon.tensor([-1])), ValueError, "they are from -1 to -1"),
        (lambda: F.one_hot(tenon.ones(2)), TypeError, "must be integers; got float32"),
        (lambda: F.one_hot(tenon.empty(0, dtype=tenon.int64)), ValueError, "say num_classes"),
    ):
        with pytest.raises(error, match=words):
            wrong()


# ---- losses ----


def test_weights_of_elements():
    x, y, w = r(3, 4), r(3, 4, seed=1), torch.rand(3, 4).double()
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        for reduction in ("mean", "sum", "none"):
            same(name, x, y, reduction=reduction, weight=w)
        with pytest.raises(ValueError, match=f"{name}: weight has input's shape"):
            getattr(F, name)(tenon.ones(2), tenon.ones(2), weight=tenon.ones(3))


def test_binary_cross_entropy_at_its_ends():
    p = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.5], dtype=torch.float64, requires_grad=True)
    t = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.2], dtype=torch.float64)
    same("binary_cross_entropy", p, t, reduction="none", tolerance=1e-7)  # its bound 1e-12 is float32's there
    same(
        "binary_cross_entropy",
        torch.rand(4).double().requires_grad_(),
        torch.rand(4).double().requires_grad_(),
    )
    same(
        "binary_cross_entropy_with_logits",
        torch.tensor([-1e4, 1e4, 0.0]).requires_grad_(),
        torch.tensor([1.0, 0, 1]),
    )
    x = tenon.tensor([0.2, 0.7], dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradgradcheck(
        lambda q: F.binary_cross_entropy(q, tenon.tensor([0.3, 1.0]).double()), x
    )


def test_losses_of_large_distances_are_finite():
    for name in ("huber_loss", "smooth_l1_loss"):
        x = tenon.tensor([1e20, 0.0], requires_grad=True)
        getattr(F, name)(x, tenon.zeros(2), reduction="sum").backward()
        assert x.grad.tolist() == [1, 0]


SECOND = {
    "cross_entropy": lambda x: F.cross_entropy(x, tenon.tensor([0, 2]), label_smoothing=0.1),
    "bce": lambda x: F.binary_cross_entropy_with_logits(x, tenon.full((2, 3), 0.3).double()),
    "huber": lambda x: F.huber_loss(x, tenon.full((2, 3), 0.3).double(), reduction="sum"),
    "cosine": lambda x: F.cosine_similarity(x, x.flip(0)),
    "normalize": lambda x: F.normalize(x),
    "prelu": lambda x: F.prelu(x, tenon.tensor([0.3], dtype=tenon.float64)),
    "bicubic": lambda x: F.interpolate(x.reshape(1, 1, 2, 3), size=(3, 4), mode="bicubic").square(),
    "antialias": lambda x: F.interpolate(
        x.reshape(1, 1, 2, 3), size=(1, 2), mode="bilinear", antialias=True
    ).exp(),
    "unfold": lambda x: F.unfold(x.reshape(1, 2, 3), (2, 2), padding=1).square(),
    "fold": lambda x: F.fold(x.reshape(1, 1, 6).expand(1, 4, 6), (3, 4), 2).square(),
    "pad": lambda x: F.pad(x, (1, 1), "reflect").square(),
    "glu": lambda x: F.glu(x.T.reshape(3, 2)),
    "bilinear": lambda x: F.bilinear(x, x, tenon.ones(1, 3, 3, dtype=tenon.float64)),
    "bag": lambda x: F.embedding_bag(tenon.tensor([[0, 1], [1, 1]]), x, mode="mean", padding_idx=0).square(),
}


@nn_parity.on_cpu
@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives(name):
    x = nn_parity.ours(r(2, 3))
    assert tenon.autograd.gradcheck(SECOND[name], x) and tenon.autograd.gradgradcheck(SECOND[name], x)


def ctc(lib, functional, logits, *args, **kwargs):
    return functional.ctc_loss(logits.log_softmax(-1), *args, **kwargs)


def test_ctc():
    x = r(9, 3, 5)
    f, g = (lambda *a, **k: ctc(tenon, F, *a, **k)), (lambda *a, **k: ctc(torch, T, *a, **k))
    t = torch.tensor([[1, 1, 2], [3, 4, 0], [0, 0, 0]])
    lengths = torch.tensor([9, 7, 4]), torch.tensor([3, 2, 0])
    for reduction in ("none", "mean", "sum"):
        nn_parity.same(f, g, (x, t, *lengths), {"reduction": reduction})
    flat = torch.tensor([1, 1, 2, 3, 4])
    nn_parity.same(f, g, (x, flat, (9, 7, 4), (3, 2, 0)), {})
    nn_parity.same(
        f, g, (r(9, 5), torch.tensor([1, 2]), torch.tensor(9), torch.tensor(2)), {"reduction": "none"}
    )
    other = (x, t.clip(0, 3), torch.tensor([9, 7, 1]), torch.tensor([3, 2, 1]))
    nn_parity.same(f, g, other, {"blank": 4, "reduction": "none"})
    # two equal labels need three steps: with two there is no way
    short = (x, torch.tensor([[1, 1]] * 3), (2, 3, 9), (2, 2, 2))
    assert f(*map(nn_parity.ours, short), reduction="none").isinf().tolist() == [True, False, False]
    nn_parity.same(f, g, short, {"zero_infinity": True, "reduction": "none"})
    small = tenon.randn(4, 2, 3, dtype=tenon.float64).requires_grad_()
    labels = tenon.tensor([[1, 2], [2, 0]])
    assert tenon.autograd.gradcheck(lambda z: ctc(tenon, F, z, labels, (4, 3), (2, 1)), small)
    assert tenon.autograd.gradgradcheck(lambda z: ctc(tenon, F, z, labels, (4, 3), (2, 1)), small)


def test_ctc_refuses():
    p = tenon.zeros(4, 2, 3).log_softmax(2)
    good = tenon.tensor([[1, 2], [2, 1]])
    for args, error, words in (
        ((p, good, (4, 5), (2, 2)), ValueError, "input_lengths must be from 0 to 4; it is from 4 to 5"),
        ((p, good, (4, 4), (2, 3)), ValueError, "target_lengths must be from 0 to 2; it is from 2 to 3"),
        (
            (p, good, (4,), (2, 2)),
            ValueError,
            "input_lengths has one length for each of the 2 samples; got 1",
        ),
        ((p, good + 1, (4, 4), (2, 2)), ValueError, "labels are from 0 to 2 and not the blank, 0"),
        ((p, good * 0, (4, 4), (2, 2)), ValueError, "not the blank, 0"),
        ((p, good.float(), (4, 4), (2, 2)), TypeError, "labels, which are integers; got float32"),
        ((p, tenon.tensor([1, 2, 1]), (4, 4), (2, 2)), ValueError, "add up to 4, but targets holds 3"),
        ((p, good[:1], (4, 4), (2, 2)), ValueError, "one row for each of the 2 samples"),
        ((p[0, 0], good, (4, 4), (2, 2)), ValueError, r"log_probs has shape \(T, N, C\)"),
        ((p, good, (4, 4), (2, 2), 3), ValueError, "blank is a class from 0 to 2; got 3"),
    ):
        with pytest.raises(error, match=words):
            F.ctc_loss(*args)


# ---- embeddings ----


@nn_parity.on_cpu
def test_embeddings():
    w = r(6, 3)
    index = torch.tensor([[1, 5, 1], [0, 2, 5]])
    for kwargs in ({}, {"padding_idx": 5}, {"padding_idx": -5}, {"scale_grad_by_freq": True}):
        same("embedding", index, w, **kwargs)
    scaled, other = w.detach().clone(), nn_parity.ours(w.detach())
    T.embedding(index, scaled, max_norm=0.5, norm_type=1.0)
    F.embedding(nn_parity.ours(index), other, max_norm=0.5, norm_type=1.0)
    nn_parity.close(other, scaled)
    weights = torch.rand(2, 3).double().requires_grad_()
    same("embedding_bag", index, w, mode="sum", per_sample_weights=weights)
    same("embedding_bag", index, w, mode="sum", per_sample_weights=weights, padding_idx=1)
    double = nn_parity.ours(w)
    assert tenon.autograd.gradgradcheck(
        lambda t: F.embedding(nn_parity.ours(index), t, padding_idx=1).square(), double
    )
    assert F.embedding_bag(tenon.empty(0, dtype=tenon.int64), other, tenon.tensor([0, 0])).eq(0).all()
    assert (
        F.embedding_bag(tenon.tensor([], dtype=tenon.int64), other, tenon.tensor([0]), mode="max").eq(0).all()
    )
