"""Summaries of models, and weights to and from torch.nn: by what modules are alike in."""

import numpy as np
import pytest
import tenon
from tenon import utils


class Module:
    """What summary() asks of a module, in a few lines."""

    def __init__(self, children=(), parameters=(), buffers=(), forward=lambda x: x):
        self.parts, self.own, self.state, self.run = dict(children), list(parameters), list(buffers), forward
        self.training, self.hooks = True, []

    def named_modules(self, prefix=""):
        yield prefix, self
        for name, m in self.parts.items():
            yield from m.named_modules(f"{prefix}.{name}" if prefix else name)

    def children(self):
        return iter(self.parts.values())

    def parameters(self, recurse=True):
        return iter(self.own)

    def buffers(self, recurse=True):
        return iter(self.state)

    def register_forward_hook(self, hook):
        class Handle:
            def remove(_):
                self.hooks.remove(hook)

        self.hooks.append(hook)
        return Handle()

    def eval(self):
        for _, m in self.named_modules():
            m.training = False

    def __call__(self, *args, **kwargs):
        y = self.run(*args, **kwargs)
        for hook in self.hooks:
            hook(self, args, y)
        return y


def two_layers():
    w, b = tenon.ones(4, 3, requires_grad=True), tenon.zeros(4)
    first = Module(parameters=[w, b], forward=lambda x: x @ w.T + b)
    second = Module(buffers=[tenon.zeros(10)], forward=lambda x: {"y": x, "parts": (x[0], [x])})
    third = Module()
    model = Module(
        {"first": first, "second": second, "third": third}, forward=lambda x: second(first(first(x))[:, :3])
    )
    return model, first


def test_a_summary_counts():
    model, first = two_layers()
    first.run = lambda x: x[:, :3] @ first.own[0].T[:, :3]
    found = utils.summary(model, (2, 3))
    assert [layer.name for layer in found.layers] == ["", "first", "second", "third"]
    assert (found.parameters, found.trainable, found.bytes) == (16, 12, 16 * 4 + 40)
    one, two, none = found.layers[1:]
    assert one.calls == 2 and one.output_shapes == [(2, 3)] and none.calls == 0 and none.output_shapes == []
    assert two.output_shapes == [(2, 3), (3,), (2, 3)] and two.parameters == 0 and two.bytes == 40
    assert found.output_bytes == 4 * (6 + 6 + 6 + 3 + 6)
    text = repr(found)
    assert "first: Module" in text and "(2, 3), 2 calls" in text and "(not called)" in text
    assert "16 (12 trainable), 104 B" in text and len({len(line) for line in text.split("\n")[:-2]}) == 1
    assert not first.hooks and model.training and first.training


def test_inputs_of_all_kinds():
    seen = []
    model = Module(forward=lambda *args, **kwargs: seen.append((args, kwargs)) or args[0])
    utils.summary(model, np.ones((2, 2)))
    utils.summary(model, tenon.ones(3))
    utils.summary(model, (tenon.ones(1), tenon.ones(2)))
    assert [[tuple(a.shape) for a in args] for args, _ in seen] == [[(2, 2)], [(3,)], [(1,), (2,)]]
    model.run = lambda x, y: x + y
    assert utils.summary(model, {"x": tenon.ones(2), "y": 1}).layers[0].output_shapes == [(2,)]


def test_after_an_error_the_model_is_as_before():
    model, first = two_layers()
    first.training = False
    with pytest.raises(ValueError):
        utils.summary(model, (2, 50))
    assert not first.hooks and model.training and not first.training
    with pytest.raises(TypeError, match="summary: model must be a module; got list"):
        utils.summary([], (1,))


def test_shared_parameters_count_once():
    w = tenon.ones(5)
    model = Module({"a": Module(parameters=[w]), "b": Module(parameters=[w])})
    assert utils.summary(model, (1,)).parameters == 5


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_modules_of_pytorch_too(torch):
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.BatchNorm2d(4), torch.nn.Dropout()
    )
    found = utils.summary(net, torch.zeros(5, 1, 8, 8))
    assert found.parameters == sum(p.numel() for p in net.parameters())
    assert found.layers[1].output_shapes == [(5, 4, 6, 6)] and net.training
    assert net[2].num_batches_tracked == 0  # evaluation mode: nothing was learnt


def test_modules_of_tenon():
    nn = pytest.importorskip("tenon.nn")
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    found = utils.summary(net, (7, 4))
    assert found.parameters == 4 * 3 + 3 + 3 * 2 + 2 and found.layers[-1].output_shapes == [(7, 2)]


# ---- weights ----


def test_torchs_weights_are_shared(torch):
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    with tenon.no_copies():
        state = utils.from_torch_state_dict(net.state_dict())
    assert type(state) is type(net.state_dict()) and state._metadata == net.state_dict()._metadata
    assert list(state) == list(net.state_dict()) and all(type(t) is tenon.Tensor for t in state.values())
    state["0.weight"].fill_(5)
    assert (net[0].weight == 5).all()
    with torch.no_grad():
        net[0].bias.fill_(7)
    assert state["0.bias"].tolist() == [7, 7] and state["1.num_batches_tracked"].item() == 0
    direct = utils.from_torch_state_dict(dict(net.named_parameters()))  # parameters, not only their data
    assert direct["0.weight"].data_ptr() == net[0].weight.data_ptr()


def test_an_optimizers_state_too(torch):
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = utils.from_torch_state_dict(optimizer.state_dict())
    assert state["param_groups"] == optimizer.state_dict()["param_groups"]
    assert state["state"][0]["exp_avg"].tolist() == optimizer.state_dict()["state"][0]["exp_avg"].tolist()
    back = utils.to_torch_state_dict(state)
    assert back["state"][0]["exp_avg"].data_ptr() == state["state"][0]["exp_avg"].data_ptr()
    optimizer.load_state_dict(back)


def test_tenons_weights_become_torchs(torch):
    weights = {"weight": tenon.ones(2, 3, requires_grad=True), "bias": tenon.zeros(2)}
    net = torch.nn.Linear(3, 2)
    net.load_state_dict(utils.to_torch_state_dict(weights), assign=True)
    assert net(torch.ones(1, 3)).tolist() == [[3, 3]]
    weights["bias"].fill_(1)
    assert net(torch.ones(1, 3)).tolist() == [[4, 4]]  # one memory
    copied = torch.nn.Linear(3, 2)
    copied.load_state_dict(utils.to_torch_state_dict(weights))
    weights["bias"].fill_(2)
    assert copied.bias.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16", "bfloat16", "float64", "complex64"])
def test_dtypes_there_and_back(dtype, torch):
    t = torch.tensor([[0, 1, 1], [1, 0, 0]]).to(getattr(torch, dtype))[:, ::2]
    got = utils.from_torch_state_dict([t])[0]
    assert got.data_ptr() == t.data_ptr() and got.tolist() == t.tolist() and got.stride() == t.stride()
    back = utils.to_torch_state_dict((got,))[0]
    assert back.data_ptr() == t.data_ptr() and torch.equal(back, t)


def test_what_cannot_be_lent_is_an_error(torch):
    with pytest.raises(TypeError, match=r"from_torch_state_dict: a tensor of layout torch\.sparse_coo"):
        utils.from_torch_state_dict({"a": torch.eye(2).to_sparse()})
    t = tenon.ones(2)
    t.setflags(write=False)
    with pytest.raises(BufferError, match=r"to_torch_state_dict: .*without mmap=True, or use \.clone\(\)"):
        utils.to_torch_state_dict([t])
