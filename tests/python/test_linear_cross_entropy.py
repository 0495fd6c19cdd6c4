"""The loss of a linear layer by pieces: PyTorch's values and gradients, options, memory, refusals."""

import copy
import pickle

import numpy as np
import pytest
import tenon
from tenon import nn
from tenon.nn import functional as F

REDUCTIONS = ["none", "mean", "sum"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities", "outputs", "one"])
@pytest.mark.parametrize("rows", [None, 1, 3])
def test_values_and_gradients_are_pytorchs(kind, weighted, smoothing, reduction, rows):
    torch = pytest.importorskip("torch", minversion="2.13")
    import nn_parity

    g = torch.Generator().manual_seed(0)
    double = {"generator": g, "dtype": torch.float64}
    outputs = (2, 3) if kind == "outputs" else ()
    samples = () if kind == "one" else (7,)
    x = torch.randn(*samples, 4, **double, requires_grad=True)
    w = torch.randn(5, *outputs, 4, **double, requires_grad=True)
    bias = torch.randn(5, *outputs, **double, requires_grad=True) if weighted else None
    if kind == "probabilities":
        target = torch.rand(7, 5, **double).softmax(1)
    else:
        target = torch.randint(0, 5, (*samples, *outputs), generator=g)
    options = {
        "linear_bias": bias,
        "weight": torch.rand(5, **double) if weighted else None,
        "reduction": reduction,
        "ignore_index": int(target[0]) if kind == "ignored" else None,
        "label_smoothing": smoothing,
    }
    chosen = None if rows is None else nn.LinearCrossEntropyOptions(batch_chunk_size=rows)

    def mine(*args, **kwargs):
        return F.linear_cross_entropy(*args, options=chosen, **kwargs)

    nn_parity.same(mine, torch.nn.functional.linear_cross_entropy, (x, w, target), options)


@pytest.mark.parametrize(("out", "bias"), [((), False), ((), True), ((2,), True)])
def test_the_module_is_pytorchs(out, bias):
    torch = pytest.importorskip("torch", minversion="2.13")
    import nn_parity

    constructor = {"out_features": out, "bias": bias, "label_smoothing": 0.1, "ignore_index": 2}
    x, target = torch.randn(6, 4), torch.randint(0, 5, (6, *out))
    nn_parity.modules_agree("LinearCrossEntropyLoss", ((4, 5), constructor), ((x, target), {}))
    loss = nn.LinearCrossEntropyLoss(4, 5, weight=np.ones(5, "f4"), options=nn.LinearCrossEntropyOptions())
    again = pickle.loads(pickle.dumps(copy.deepcopy(loss)))
    assert again.options == loss.options and repr(again) == repr(loss)
    assert list(again.state_dict()) == ["weight", "linear.weight"]


def test_pieces_take_little_memory():
    rows, features, classes = 2048, 16, 20000
    x = tenon.randn(rows, features, requires_grad=True)
    w = (tenon.randn(classes, features) / 4).requires_grad_()
    target = tenon.arange(rows) * 7 % classes

    def peak(f):
        """Of the bytes that tensors have while f runs and its gradients flow, above those before."""
        for t in (x, w):
            t.grad = None
        tenon.memory.reset_peak()
        before = tenon.memory.stats()["in_use"]
        loss = f()
        loss.backward()
        return tenon.memory.stats()["peak"] - before, loss.item(), w.grad.clone()

    whole, a, wa = peak(lambda: F.cross_entropy(F.linear(x, w), target))
    pieces, b, wb = peak(lambda: F.linear_cross_entropy(x, w, target))
    assert abs(a - b) < 1e-5 * abs(a) and np.allclose(wa, wb, rtol=1e-4, atol=1e-7)
    assert whole >= 2 * rows * classes * 4
    assert pieces < whole / 4


def test_options():
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=4, acc_dtype=tenon.float32)
    same = nn.LinearCrossEntropyOptions(batch_chunk_size=4, acc_dtype=tenon.float32)
    assert options == same and hash(options) == hash(same) and options != nn.LinearCrossEntropyOptions()
    assert eval(repr(nn.LinearCrossEntropyOptions()), vars(nn)) == nn.LinearCrossEntropyOptions()
    with pytest.raises(AttributeError, match="cannot assign to 'acc_dtype'"):
        options.acc_dtype = None
    assert nn.LinearCrossEntropyOptions().rows(100, 4, 1000) == 0
    assert nn.LinearCrossEntropyOptions(chunking_method=None).rows(100, 4, 1000) == 100
    torch = pytest.importorskip("torch", minversion="2.13")
    for method in ("aspect_ratio", "aspect_ratio:2", "aspect_ratio:5"):
        for sizes in ((100, 8, 1000), (4096, 512, 32000), (7, 9, 2), (1, 1, 1), (3, 5, 100000)):
            theirs = torch.nn.LinearCrossEntropyOptions(chunking_method=method)._adjust(*sizes, torch.float32)
            assert (
                nn.LinearCrossEntropyOptions(chunking_method=method).rows(*sizes) == theirs.batch_chunk_size
            )
    for wrong, words in [
        ({"batch_chunk_size": 0}, "batch_chunk_size must be a positive int or None; got 0"),
        ({"chunking_method": "aspect_ratio:0"}, "chunking_method must be 'auto', .* got 'aspect_ratio:0'"),
        ({"chunking_method": "ratio"}, "chunking_method must be 'auto'"),
        ({"acc_policy": "fast"}, "acc_policy must be one of auto, .*; got 'fast'"),
        ({"acc_dtype": tenon.int64}, "acc_dtype must be None or one of float16"),
    ]:
        with pytest.raises(ValueError, match=f"^LinearCrossEntropyOptions: {words}"):
            nn.LinearCrossEntropyOptions(**wrong)
    both = nn.LinearCrossEntropyOptions(batch_chunk_size=3, chunking_method="aspect_ratio")
    with pytest.raises(
        ValueError, match="batch_chunk_size is 3, and chunking_method 'aspect_ratio' gives 16"
    ):
        F.linear_cross_entropy(
            tenon.ones(100, 2), tenon.ones(20, 2), tenon.zeros(100, dtype=tenon.int64), options=both
        )


def test_autocast_computes_the_layer_low_and_the_loss_in_float32():
    x, w = tenon.randn(300, 8, requires_grad=True), tenon.randn(50, 8, requires_grad=True)
    target = tenon.arange(300) % 50
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=64)
    with tenon.autocast("cpu"):
        got = F.linear_cross_entropy(x, w, target, options=options)
        wanted = F.cross_entropy(F.linear(x, w), target)
    assert got.dtype == wanted.dtype == tenon.float32
    assert np.allclose(got.item(), wanted.item(), rtol=1e-5)
    (g,) = tenon.autograd.grad(got, [w])
    assert g.dtype == tenon.float32
    assert np.allclose(g, tenon.autograd.grad(wanted, [w])[0], atol=1e-3)


def test_refusals():
    x, w, target = tenon.ones(2, 3), tenon.ones(4, 3), tenon.tensor([0, 3])
    for args, kwargs, error, words in [
        ((x, w, tenon.tensor([0, 4])), {}, IndexError, "target 4 is no class"),
        ((x, tenon.ones(4, 2), target), {}, ValueError, "must have the 2 features"),
        ((x, w, tenon.tensor([0])), {}, ValueError, r"target must hold integers, classes, in shape \(2,\)"),
        ((x, w, target), {"linear_bias": tenon.ones(3)}, ValueError, r"linear_bias must have shape \(4,\)"),
        ((x, w, target), {"reduction": "max"}, ValueError, "reduction is 'none', 'mean' or 'sum'; got 'max'"),
        ((x, w, target), {"label_smoothing": 2.0}, ValueError, "label_smoothing must be from 0 to 1"),
        ((x, w, tenon.ones(2, 4)), {"ignore_index": 1}, ValueError, "ignore_index is a class"),
        ((x, w, target), {"options": 5}, TypeError, "'options' must be a nn.LinearCrossEntropyOptions"),
        ((x.to(tenon.complex64), w, target), {}, TypeError, "not defined for complex64"),
    ]:
        with pytest.raises(error, match=f"^linear_cross_entropy: .*{words}"):
            F.linear_cross_entropy(*args, **kwargs)
    with pytest.raises(
        ValueError, match="LinearCrossEntropyLoss: weight has one number for each of the 4 classes"
    ):
        nn.LinearCrossEntropyLoss(3, 4, weight=tenon.ones(3))
    with pytest.raises(
        ValueError, match="LinearCrossEntropyLoss: label_smoothing must be from 0 to 1; got -1"
    ):
        nn.LinearCrossEntropyLoss(3, 4, label_smoothing=-1)
