"""Recurrent modules beside PyTorch's: layers, directions, packed sequences, cells, and what they refuse."""

import numpy as np
import pytest
import tenon
import tenon.nn

OPTIONS = [
    {},
    {"num_layers": 2, "bidirectional": True},
    {"bias": False, "batch_first": True},
    {"num_layers": 2, "batch_first": True, "bidirectional": True},
]


def beside():
    pytest.importorskip("torch")
    import nn_parity

    return nn_parity


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "projected", "relu"])
def test_layers(name, options):
    torch = pytest.importorskip("torch")
    extra = {"proj_size": 2} if name == "projected" else {"nonlinearity": "relu"} if name == "relu" else {}
    kind = {"projected": "LSTM", "relu": "RNN"}.get(name, name)
    for shape in ((5, 3, 4), (5, 4)):
        x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        beside().modules_agree(kind, ((4, 3), {**options, **extra}), ((x,), {}), dtype=torch.float64)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_packed_sequences(name, given):
    torch = pytest.importorskip("torch")
    ours, theirs = beside().pair(name, 4, 3, num_layers=2, bidirectional=True)
    lengths = [2, 5, 3]
    x = torch.randn(5, 3, 4)
    hx = tuple(torch.randn(4, 3, 3) for _ in range(2 if name == "LSTM" else 1))
    hx_ours = tuple(tenon.from_numpy(h.numpy()) for h in hx)
    pack = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    packed = tenon.nn.utils.rnn.pack_padded_sequence(
        tenon.from_numpy(x.numpy()), lengths, enforce_sorted=False
    )
    states = (
        ((hx_ours if name == "LSTM" else hx_ours[0]), (hx if name == "LSTM" else hx[0]))
        if given
        else (None, None)
    )
    y, s = ours(packed, states[0])
    z, t = theirs(pack, states[1])
    assert isinstance(y, tenon.nn.utils.rnn.PackedSequence)
    np.testing.assert_allclose(y.data.detach().numpy(), z.data.detach().numpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(beside().tensors(s), beside().tensors(t), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
    y.data.sum().backward()
    z.data.sum().backward()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "RNNCell"])
def test_cells(name):
    torch = pytest.importorskip("torch")
    for shape in ((3, 4), (4,)):
        state = torch.randn(*shape[:-1], 5, dtype=torch.float64, requires_grad=True)
        x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
        hx = (state, state * 2) if name == "LSTMCell" else state
        if name == "LSTMCell":
            hx = (state, state.detach().clone().requires_grad_())
        for args in ((x,), (x, hx)):
            beside().modules_agree(name, ((4, 5), {}), (args, {}), dtype=torch.float64)


def test_a_float32_lstm_learns_as_pytorchs():
    torch = pytest.importorskip("torch")
    ours, theirs = beside().pair("LSTM", 8, 16)
    x, target = torch.randn(12, 4, 8), torch.randn(12, 4, 16)
    a, b = tenon.from_numpy(x.numpy()), tenon.from_numpy(target.numpy())
    for _ in range(20):
        loss = ((ours(a)[0] - b) ** 2).mean()
        other = ((theirs(x)[0] - target) ** 2).mean()
        loss.backward()
        other.backward()
        with tenon.no_grad(), torch.no_grad():
            for p in ours.parameters():
                p -= 0.5 * p.grad
                p.grad = None
            for p in theirs.parameters():
                p -= 0.5 * p.grad
                p.grad = None
        assert abs(loss.item() - other.item()) < 1e-4 * other.item()


def test_dropout_is_between_layers_in_training_alone():
    layer = tenon.nn.GRU(3, 4, num_layers=2, dropout=0.5)
    x = tenon.ones(2, 1, 3)
    assert not bool((layer(x)[0] == layer(x)[0]).all())
    layer.eval()
    assert bool((layer(x)[0] == layer(x)[0]).all())
    with pytest.warns(UserWarning, match="no effect"):
        tenon.nn.GRU(3, 4, dropout=0.5)
    gone = tenon.nn.RNN(3, 4, num_layers=2, dropout=1.0)
    assert bool(gone(x)[0].isfinite().all())


def test_weights_and_names():
    layer = tenon.nn.LSTM(2, 3, num_layers=2, bidirectional=True, proj_size=2)
    assert [len(w) for w in layer.all_weights] == [5] * 4
    assert layer.all_weights[3][4] is layer.weight_hr_l1_reverse
    assert layer.weight_ih_l1.shape == (12, 4)
    layer.flatten_parameters()
    assert repr(layer) == "LSTM(2, 3, proj_size=2, num_layers=2, bidirectional=True)"
    assert repr(tenon.nn.RNNCell(2, 3, bias=False, nonlinearity="relu")) == (
        "RNNCell(2, 3, bias=False, nonlinearity=relu)"
    )


def test_what_is_refused():
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"LSTM: hidden_size must be positive; got {wrong}"):
            tenon.nn.LSTM(2, wrong)
    with pytest.raises(TypeError, match="input_size must be an int"):
        tenon.nn.GRU(2.0, 3)
    with pytest.raises(ValueError, match="nonlinearity is 'tanh' or 'relu'"):
        tenon.nn.RNN(2, 3, nonlinearity="selu")
    with pytest.raises(ValueError, match="proj_size"):
        tenon.nn.LSTM(2, 3, proj_size=3)
    with pytest.raises(ValueError, match="dropout must be a number from 0 to 1"):
        tenon.nn.LSTM(2, 3, dropout=2)
    layer = tenon.nn.LSTM(2, 3)
    with pytest.raises(ValueError, match=r"w_ih must have shape \(12, 5\)"):
        layer(tenon.ones(4, 2, 5))
    with pytest.raises(ValueError, match="expected a 2-D or 3-D input"):
        layer(tenon.ones(2))
    with pytest.raises(ValueError, match="hx must be a tuple of the states h and c"):
        layer(tenon.ones(4, 2, 2), tenon.zeros(1, 2, 3))
    with pytest.raises(ValueError, match="needs states of 3 dimensions"):
        layer(tenon.ones(4, 2, 2), (tenon.zeros(2, 3), tenon.zeros(2, 3)))
    with pytest.raises(ValueError, match="the state h must have shape"):
        layer(tenon.ones(4, 2, 2), (tenon.zeros(1, 5, 3), tenon.zeros(1, 5, 3)))
    with pytest.raises(ValueError, match="hx must have as many dimensions"):
        tenon.nn.GRUCell(2, 3)(tenon.ones(4, 2), tenon.zeros(3))
