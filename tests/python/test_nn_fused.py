"""The fused linear layer and losses as functions: one node, older arguments, and what they refuse."""

import numpy as np
import pytest
import tenon
import tenon.nn
from tenon.nn import functional as F


def test_each_is_one_node():
    x, w = tenon.rand(4, 3, requires_grad=True), tenon.rand(2, 3, requires_grad=True)
    classes = tenon.tensor([0, 1, 2, 0])
    made = {
        "linear": F.linear(x, w, tenon.ones(2)),
        "mse_loss": F.mse_loss(x, tenon.zeros(4, 3)),
        "cross_entropy": F.cross_entropy(x, classes),
        "layer_norm": F.layer_norm(x, (3,)),
        "batch_norm": F.batch_norm(x, None, None, training=True),
    }
    for name, y in made.items():
        assert repr(y.grad_fn).find(name) >= 0
        assert all("AccumulateGrad" in repr(node) or node is None for node, _ in y.grad_fn.next_functions)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities", "image"])
def test_cross_entropy(kind, weighted, smoothing, reduction):
    torch = pytest.importorskip("torch")
    import nn_parity

    g = torch.Generator().manual_seed(0)
    shape = (4, 3, 2, 5) if kind == "image" else (4, 3)
    x = torch.randn(*shape, generator=g, dtype=torch.float64, requires_grad=True)
    if kind == "probabilities":
        target = torch.rand(*shape, generator=g, dtype=torch.float64).softmax(1).requires_grad_()
    else:
        target = torch.randint(0, 3, (4, *shape[2:]), generator=g)
        if kind != "classes":
            target[0] = 1
    weight = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64) if weighted else None
    ignore = 1 if kind in ("ignored", "image") else -100
    options = {"weight": weight, "ignore_index": ignore, "reduction": reduction, "label_smoothing": smoothing}
    nn_parity.same(F.cross_entropy, torch.nn.functional.cross_entropy, (x, target), options)
    if kind != "probabilities" and smoothing == 0:
        del options["label_smoothing"]
        nn_parity.same(F.nll_loss, torch.nn.functional.nll_loss, (x, target), options)


def test_a_class_that_is_not_there_is_named():
    x = tenon.zeros(2, 3)
    with pytest.raises(IndexError, match=r"target 3 is no class; input has the 3 classes from 0 to 2"):
        F.cross_entropy(x, tenon.tensor([0, 3]))
    with pytest.raises(IndexError, match="target -1 is no class"):
        F.nll_loss(x, tenon.tensor([-1, 0]))
    with pytest.raises(ValueError, match=r"target must have shape \(2,\)"):
        F.cross_entropy(x, tenon.tensor([0]))


@pytest.mark.parametrize(
    ("older", "reduction"),
    [
        ({"size_average": False}, "sum"),
        ({"reduce": False}, "none"),
        ({"size_average": True}, "mean"),
        ({"size_average": False, "reduce": False}, "none"),
    ],
)
def test_older_arguments(older, reduction):
    x, y = tenon.rand(3), tenon.rand(3)
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "binary_cross_entropy"):
        f = getattr(F, name)
        np.testing.assert_array_equal(f(x, y, **older).numpy(), f(x, y, reduction=reduction).numpy())


def test_a_target_of_another_shape_warns():
    with pytest.warns(UserWarning, match=r"mse_loss: input has the shape \(2, 3\) and target \(3,\)"):
        assert F.mse_loss(tenon.ones(2, 3), tenon.zeros(3), reduction="none").shape == (2, 3)
    with pytest.raises(ValueError, match="reduction is 'none', 'mean' or 'sum'; got 'max'"):
        F.huber_loss(tenon.ones(3), tenon.zeros(3), reduction="max")


def test_arrays_go_in_without_a_copy():
    x, w = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)
    with tenon.no_copies():
        assert F.linear(x, w).tolist() == [[3.0] * 4] * 2


@pytest.mark.parametrize("name", ["linear", "layer_norm", "cross_entropy", "scaled_dot_product_attention"])
def test_gradients_of_gradients(name):
    calls = {
        "linear": lambda x: F.linear(x, x),
        "layer_norm": lambda x: F.layer_norm(x, (3,)),
        "cross_entropy": lambda x: F.cross_entropy(x, tenon.tensor([0, 1])),
        "scaled_dot_product_attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    }
    x = tenon.rand(2, 3, dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradgradcheck(calls[name], (x,))


@pytest.mark.parametrize("shape", [(3, 8), (8,), (2, 3, 8), (0, 8)])
def test_a_linear_layer_without_outputs_has_gradients(shape):
    x, w, b = (tenon.ones(s, requires_grad=True) for s in (shape, (0, 8), (0,)))
    y = F.linear(x, w, b)
    assert y.shape == (*shape[:-1], 0)
    y.sum().backward()
    assert x.grad.shape == shape
    assert not x.grad.any()
    assert (w.grad.shape, b.grad.shape) == ((0, 8), (0,))
