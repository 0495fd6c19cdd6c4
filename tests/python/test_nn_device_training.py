"""Training steps on a device, the simulated one unless there is a real one: as on the CPU.

script/test runs them on CUDA's kernels, too, compiled for the host.
"""

import copy

import numpy as np
import pytest
import tenon
from tenon import nn
from tenon.nn import functional as F

pytestmark = pytest.mark.skipif(
    not tenon.cuda.is_available(), reason="neither a device nor the simulated one is there"
)

BATCH, CLASSES, WORDS = 6, 4, 11


class Convolutional(nn.Module):
    """Every kind of convolution and pool, and the norms of images."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.depthwise = nn.Conv2d(16, 16, 3, stride=2, groups=16, bias=False)
        self.wide = nn.Conv2d(16, 20, 3, dilation=2, padding=2)
        self.group = nn.GroupNorm(4, 20)
        self.up = nn.ConvTranspose2d(20, 8, 3, stride=2, output_padding=1)
        self.instance = nn.InstanceNorm2d(8, affine=True)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.first(x))), 2)
        x = F.gelu(self.group(self.wide(self.depthwise(x))))
        x = F.avg_pool2d(self.instance(self.up(x)), 3, stride=2, padding=1)
        return self.head(F.adaptive_avg_pool2d(x, (2, 3)).mean((2, 3)))


class Recurrent(nn.Module):
    """Layers in both directions over words."""

    def __init__(self, kind):
        super().__init__()
        self.words = nn.Embedding(WORDS, 8, padding_idx=0)
        self.layers = kind(8, 12, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.head = nn.Linear(24, CLASSES)

    def forward(self, x):
        y, _ = self.layers(self.words(x))
        return self.head(y[:, -1])


class Transformer(nn.Module):
    """Causal attention with dropout."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, 16)
        self.places = nn.Parameter(tenon.randn(9, 16) * 0.1)
        layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.1, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.RMSNorm(16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = self.words(x) + self.places[: x.shape[1]]
        x = self.layers(x, mask=nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device))
        return self.head(self.norm(x).mean(1))


def perceptron():
    return nn.Sequential(
        nn.Linear(10, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.LayerNorm(32),
        nn.Linear(32, CLASSES),
    )


def words(steps=9):
    return tenon.randint(0, WORDS, (BATCH, steps))


MODELS = {
    "MLP": (perceptron, lambda: tenon.randn(BATCH, 10), lambda p: tenon.optim.AdamW(p, 0.01)),
    "CNN": (
        Convolutional,
        lambda: tenon.randn(BATCH, 3, 12, 10),
        lambda p: tenon.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    ),
    "LSTM": (lambda: Recurrent(nn.LSTM), words, lambda p: tenon.optim.Adam(p, 0.01)),
    "GRU": (lambda: Recurrent(nn.GRU), words, lambda p: tenon.optim.RMSprop(p, 0.01)),
    "RNN": (lambda: Recurrent(nn.RNN), words, lambda p: tenon.optim.Adagrad(p, 0.01)),
    "transformer": (Transformer, words, lambda p: tenon.optim.AdamW(p, 0.01)),
}


def train(model, optimizer, x, target):
    """The losses of three steps, which draw the same random numbers on every device."""
    losses = []
    tenon.manual_seed(7)
    for _ in range(3):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), target, label_smoothing=0.1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("device", "dtype"), [("cuda", tenon.float32), ("cuda", tenon.float64), ("unified", tenon.float32)]
)
def test_a_step_is_that_of_the_cpu(name, device, dtype):
    make, inputs, optimizer = MODELS[name]
    tenon.manual_seed(3)
    host, x, target = make().to(dtype), inputs(), tenon.randint(0, CLASSES, (BATCH,))
    x = x.to(dtype) if x.dtype.is_floating_point else x
    there, start = copy.deepcopy(host).to(device), copy.deepcopy(host.state_dict())
    expected = train(host, optimizer(host.parameters()), x, target)
    got = train(there, optimizer(there.parameters()), x.to(device), target.to(device))
    wide = dtype is tenon.float64
    np.testing.assert_allclose(got, expected, rtol=1e-9 if wide else 1e-4)
    assert expected[0] != expected[2]
    assert any(not tenon.equal(start[k], v) for k, v in host.state_dict().items())
    for k, value in there.state_dict().items():
        assert value.device.type == device, k
        # Optimizers that divide by a gradient's size make much of what is 0 but for rounding, in float32.
        if wide:
            expected = host.state_dict()[k].numpy()
            np.testing.assert_allclose(value.cpu().numpy(), expected, rtol=1e-6, atol=1e-8, err_msg=k)


@pytest.mark.parametrize("dtype", [tenon.float16, tenon.bfloat16])
def test_layers_of_small_floats(dtype):
    """Computed in float32 and rounded once, as on the CPU."""
    tenon.manual_seed(3)
    net = nn.Sequential(
        nn.Conv2d(3, 9, 3), nn.MaxPool2d(2), nn.GroupNorm(3, 9), nn.Flatten(), nn.Linear(81, 4)
    ).to(dtype)
    x = tenon.randn(2, 3, 8, 8).to(dtype)
    there = copy.deepcopy(net).cuda()
    expected, got = net(x), there(x.cuda())
    assert got.dtype is dtype
    np.testing.assert_allclose(
        got.float().cpu().detach().numpy(), expected.float().detach().numpy(), rtol=0.05, atol=0.05
    )
    expected.sum().backward(), got.sum().backward()
    for a, b in zip(there.parameters(), net.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.float().cpu().numpy(), b.grad.float().numpy(), rtol=0.05, atol=0.1)


def test_sequences_that_are_packed():
    tenon.manual_seed(3)
    lstm = nn.LSTM(5, 7, proj_size=3)
    there = copy.deepcopy(lstm).cuda()
    x = tenon.randn(3, 6, 5)
    results = []
    for layer, device in ((lstm, "cpu"), (there, "cuda")):
        packed = nn.utils.rnn.pack_padded_sequence(x.to(device), tenon.tensor([6, 4, 1]), batch_first=True)
        y, _ = layer(packed)
        padded, lengths = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
        padded.square().sum().backward()
        assert lengths.tolist() == [6, 4, 1]
        results.append([padded.detach().cpu(), *(p.grad.cpu() for p in layer.parameters())])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-4, atol=1e-5)
