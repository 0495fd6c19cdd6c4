"""A model trained on a NumPy array without one copy, and predictions back as one."""

import numpy as np
import pytest
import tenon
import tenon.nn.functional as F
from support import run_python
from tenon import nn


def spirals(n=120):
    """Two classes, as an array of float32 and one of int32."""
    rng = np.random.default_rng(0)
    t = rng.uniform(0.5, 3, n).astype(np.float32)
    y = np.arange(n, dtype=np.int32) % 2
    angle = t * 2 + np.pi * y
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], 1).astype(np.float32)
    return x, y


def step(model, lr):
    with tenon.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
    model.zero_grad()


def test_training_makes_no_copy():
    x, y = spirals()
    tenon.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    loss = nn.CrossEntropyLoss()
    losses = []
    with tenon.record_copies() as copies, tenon.no_copies():
        for _ in range(300):
            value = loss(model(tenon.from_numpy(x)), tenon.from_numpy(y))  # int32 classes, as NumPy has them
            value.backward()
            step(model, 0.2)
            losses.append(value.item())
        scores = model(tenon.from_numpy(x)).detach().cpu().numpy()
    assert not list(copies)
    assert losses[-1] < 0.1 < losses[0] and (scores.argmax(1) == y).mean() > 0.97
    assert type(scores) is np.ndarray and scores.dtype == np.float32


def test_arrays_go_through_layers():
    x, _ = spirals(10)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with tenon.no_copies():
        assert tenon.equal(model(x), model(tenon.from_numpy(x)))
        assert model(x[None]).shape == (1, 10, 1)


def test_without_numpy():
    """tenon.nn trains where there is no NumPy, and imports neither it nor typing or inspect."""
    run_python(
        """
        import sys
        sys.modules["numpy"] = None
        import tenon
        from tenon import nn
        assert not {"typing", "inspect"} & sys.modules.keys()
        net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
        nn.init.orthogonal_(net[0].weight)
        value = nn.CrossEntropyLoss()(net(tenon.randn(5, 2)), tenon.tensor([0, 1, 0, 1, 1]))
        value.backward()
        assert nn.utils.clip_grad_norm_(net.parameters(), 1.0).item() > 0
        net.load_state_dict(net.state_dict())
        repr(net)
        """
    )


def test_weights_live_in_arrays():
    x = np.linspace(-1, 1, 20, dtype=np.float64).reshape(-1, 1)
    y = 3 * x + 0.5
    weight, bias = np.zeros((1, 1)), np.zeros(1)
    model = nn.Linear(1, 1, dtype=tenon.float64)
    with tenon.no_copies():
        model.weight = nn.Parameter(tenon.from_numpy(weight))
        model.bias = nn.Parameter(tenon.from_numpy(bias))
        for _ in range(200):
            F.mse_loss(model(tenon.from_numpy(x)), tenon.from_numpy(y)).backward()
            step(model, 0.5)
    np.testing.assert_allclose([weight[0, 0], bias[0]], [3, 0.5], atol=1e-6)  # NumPy sees what was trained
    weight[0, 0] = -1
    assert model(tenon.ones(1, 1, dtype=tenon.float64)).item() == pytest.approx(-0.5)


def test_arrays_as_arguments():
    x = np.ones((2, 3), np.float32)
    embedding = nn.Embedding(4, 2)
    assert embedding(np.array([[0, 3]], np.uint8)).shape == (1, 2, 2)
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    with tenon.no_copies():
        fixed = nn.Embedding.from_pretrained(table)
        weighted = nn.CrossEntropyLoss(np.ones(3, np.float32))
    table[0] = 9
    assert fixed.weight[0].tolist() == [9, 9] and not fixed.weight.requires_grad
    assert weighted(tenon.zeros(2, 3), np.array([0, 2])).item() == pytest.approx(np.log(3))
    assert F.mse_loss(tenon.zeros(2, 3), x).item() == 1


@pytest.mark.filterwarnings("ignore:kl_div")
def test_shapes_that_would_be_repeated_by_mistake():
    """A column beside a row: 5 * 5 differences, of which PyTorch warns and goes on."""
    for f in (
        F.mse_loss,
        F.l1_loss,
        F.smooth_l1_loss,
        F.huber_loss,
        F.kl_div,
        F.poisson_nll_loss,
        F.soft_margin_loss,
    ):
        with pytest.raises(
            ValueError,
            match=rf"{f.__name__}: input has the shape \(5, 1\) and target \(5,\); they must be the same",
        ):
            f(tenon.zeros(5, 1), np.zeros(5, np.float32))
        with pytest.raises(ValueError, match=f.__name__):
            f(tenon.zeros(5), np.zeros(4, np.float32))
    with pytest.warns(UserWarning, match=r"input has the shape \(5,\) and target \(\); one is repeated"):
        assert F.mse_loss(tenon.ones(5), tenon.tensor(3.0)).item() == 4
    assert F.mse_loss(tenon.ones(5, 1), np.zeros((5, 1))).dtype is tenon.float64


def test_a_write_through_numpy_between_forward_and_backward_is_noticed():
    x, _ = spirals()
    model = nn.Linear(2, 1)
    y = model(tenon.from_numpy(x)).sum()
    x[0] = 100
    with pytest.raises(RuntimeError):
        y.backward()
