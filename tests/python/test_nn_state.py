"""state_dict and load_state_dict: names, what fits, and that nothing is loaded where something is wrong."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest
import tenon
from tenon import nn


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def values(module):
    return {k: v.clone() for k, v in module.state_dict().items()}


def unchanged(module, before):
    return all(tenon.equal(v, before[k]) for k, v in module.state_dict().items())


def test_the_dict_is_the_modules_memory():
    model = net()
    state = model.state_dict()
    assert isinstance(state, OrderedDict) and list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert not any(t.requires_grad for t in state.values()) and all(
        type(t) is tenon.Tensor for t in state.values()
    )
    assert state["0.weight"].data_ptr() == model[0].weight.data_ptr()
    assert model.state_dict(keep_vars=True)["0.weight"] is model[0].weight
    assert state._metadata == {
        "": {"version": 1},
        "0": {"version": 1},
        "1": {"version": 1},
        "2": {"version": 1},
    }
    into = {"other": 1}
    assert (
        model.state_dict(destination=into, prefix="net.") is into and "net.2.bias" in into and "other" in into
    )
    again = pickle.loads(pickle.dumps(state))
    assert again._metadata == state._metadata and model.load_state_dict(again)


def test_loading_copies_into_the_parameters():
    model, other = net(), net()
    weight = model[0].weight
    report = model.load_state_dict(other.state_dict())
    assert (
        repr(report) == "<All keys matched successfully>"
        and report.missing_keys == report.unexpected_keys == []
    )
    assert model[0].weight is weight and tenon.equal(weight, other[0].weight)
    assert weight.data_ptr() != other[0].weight.data_ptr()
    model.load_state_dict({k: v.double() for k, v in other.state_dict().items()})
    assert weight.dtype is tenon.float32


def test_arrays_are_read_where_they_are():
    model = nn.Linear(2, 2)
    arrays = {
        "weight": np.asfortranarray(np.arange(4.0).reshape(2, 2)),
        "bias": np.broadcast_to(np.float32(3), 2),
    }
    with tenon.no_copies():
        model.load_state_dict(arrays)
    assert model.weight.tolist() == [[0, 1], [2, 3]] and model.bias.tolist() == [3, 3]
    numbers = nn.Module()
    numbers.register_buffer("n", tenon.tensor(0))
    numbers.load_state_dict({"n": np.int64(5)})
    assert numbers.n.item() == 5
    numbers.load_state_dict({"n": np.array([6])})  # as PyTorch 0.3 saved numbers
    assert numbers.n.item() == 6


def test_assign_takes_the_memory():
    model = nn.Linear(2, 2)
    model.weight.requires_grad_(False)
    model.register_buffer("count", tenon.zeros(1))
    a = np.ones((2, 2))
    bias, count = nn.Parameter(tenon.ones(2)), tenon.ones(1)
    with tenon.no_copies():
        model.load_state_dict({"weight": a, "bias": bias, "count": count}, assign=True)
    a[0, 0] = 5
    assert model.weight.tolist() == [[5, 1], [1, 1]] and model.weight.dtype is tenon.float64
    assert type(model.weight) is nn.Parameter and not model.weight.requires_grad
    assert model.bias is bias and model.count is count
    before = model.weight
    for wrong, words in (
        (np.broadcast_to(1.0, (2, 2)), "weight: the checkpoint's memory is read-only"),
        (np.ones((2, 3)), "size mismatch for weight"),
    ):
        with pytest.raises(RuntimeError, match=words):
            model.load_state_dict({"bias": bias, "count": count, "weight": wrong}, assign=True)
        assert model.weight is before
    model.bias.requires_grad_()
    frozen = nn.Parameter(tenon.ones(2), requires_grad=False)
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        model.load_state_dict({"bias": frozen, "count": count, "weight": np.ones(1)}, assign=True)
    assert not frozen.requires_grad and model.bias is bias
    with pytest.raises(RuntimeError, match=r"bias: a parameter that requires grad cannot be int64"):
        model.load_state_dict({"weight": a, "bias": np.array([1, 2]), "count": count}, assign=True)
    assert model.bias is bias


def test_torchs_weights_come_by_dlpack():
    torch = pytest.importorskip("torch")
    reference = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    model = net()
    with tenon.no_copies():
        model.load_state_dict(reference.state_dict())
        x = np.ones((4, 2), np.float32)
        y = model(tenon.from_numpy(x))
    np.testing.assert_allclose(y.detach().numpy(), reference(torch.from_numpy(x)).detach().numpy(), rtol=1e-6)
    reference.load_state_dict({k: torch.from_dlpack(v) for k, v in net().state_dict().items()})
    model.load_state_dict(reference.state_dict(), assign=True)
    with torch.no_grad():
        reference[0].weight.fill_(3)
    assert model[0].weight.eq(3).all()  # one memory


def test_everything_that_is_wrong_is_listed_and_nothing_is_loaded():
    torch = pytest.importorskip("torch")
    model, reference = (
        net(),
        torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)),
    )
    before = values(model)
    state = {
        "0.weight": np.zeros((3, 2)),
        "0.bias": np.zeros(4),
        "2.weight": "text",
        "3.extra": np.zeros(1),
        "other": np.zeros(1),
    }
    with pytest.raises(RuntimeError) as error:
        model.load_state_dict(state)
    with pytest.raises(RuntimeError) as theirs:
        reference.load_state_dict({k: torch.tensor(v) if k != "2.weight" else v for k, v in state.items()})
    text, expected = (
        str(error.value).split("\n"),
        str(theirs.value).replace("torch.Size([4])", "(4,)").split("\n"),
    )
    assert text[:3] == expected[:3]  # the head, the names that are missing and that are too many
    assert text[3] == expected[3].replace("torch.Size([3])", "(3,)")
    assert 'named "2.weight", expected a tensor or an array from checkpoint but received' in text[4]
    assert unchanged(model, before)


def test_not_strict():
    model = net()
    before = values(model)
    report = model.load_state_dict({"0.bias": np.ones(3), "other": np.ones(1)}, strict=False)
    assert report.missing_keys == ["0.weight", "2.weight", "2.bias"] and report.unexpected_keys == ["other"]
    assert repr(report).startswith("IncompatibleKeys(missing_keys=")
    assert model[0].bias.tolist() == [1, 1, 1] and tenon.equal(model[0].weight, before["0.weight"])
    before = values(model)
    with pytest.raises(RuntimeError, match=r"size mismatch for 2.bias"):  # shapes count all the same
        model.load_state_dict({"0.bias": np.zeros(3), "2.bias": np.zeros(2)}, strict=False)
    assert unchanged(model, before)
    with pytest.raises(TypeError, match="expected a dict from names to tensors; got list"):
        model.load_state_dict([1])


def test_a_prefix_is_pointed_out():
    model = net()
    state = {f"module.{k}": v for k, v in net().state_dict().items()}
    with pytest.raises(RuntimeError, match=r"The names fit without 'module.' in front of them"):
        model.load_state_dict(state)
    nn.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    model.load_state_dict(state)


def test_values_that_cannot_be_written():
    model = nn.Linear(1, 1)
    frozen = np.zeros((1, 1), np.float32)
    frozen.flags.writeable = False
    model.weight = nn.Parameter(tenon.from_numpy(frozen))
    good = {"weight": np.ones((1, 1)), "bias": np.ones(1)}
    before = values(model)
    with pytest.raises(
        RuntimeError, match="weight: the memory in current model is read-only; use assign=True"
    ):
        model.load_state_dict(good)
    assert unchanged(model, before)
    model = nn.Linear(1, 1)
    before = values(model)
    with pytest.raises(RuntimeError, match=r"bias: copying complex128 into float32 would drop"):
        model.load_state_dict(good | {"bias": np.ones(1) * 1j})
    with pytest.raises(RuntimeError, match='named "bias", an exception occurred'):
        model.load_state_dict(good | {"bias": np.array(["x"])})
    assert unchanged(model, before)


class Extra(nn.Module):
    def __init__(self, fails=False):
        super().__init__()
        self.p = nn.Parameter(tenon.zeros(1))
        self.state, self.fails = {"n": 1}, fails

    def get_extra_state(self):
        return self.state

    def set_extra_state(self, state):
        if self.fails:
            raise OSError("no room")
        self.state = state


def test_extra_state():
    model = nn.Sequential(Extra(), Extra())
    state = model.state_dict()
    assert list(state) == ["0.p", "0._extra_state", "1.p", "1._extra_state"]
    state["1._extra_state"] = {"n": 5}
    assert not any(model.load_state_dict(state)) and model[1].state == {"n": 5}
    del state["1._extra_state"]
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "1._extra_state"'):
        model.load_state_dict(state)
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "_extra_state"'):
        nn.Linear(1, 1).load_state_dict({"weight": np.ones((1, 1)), "bias": np.ones(1), "_extra_state": 1})
    with pytest.raises(RuntimeError, match="no extra state"):
        nn.Module().get_extra_state()
    bad = nn.Sequential(Extra(), Extra(fails=True))
    ones = {"0.p": np.ones(1), "0._extra_state": 1, "1.p": np.ones(1), "1._extra_state": 2}
    with pytest.raises(OSError, match="no room"):
        bad.load_state_dict(ones)
    assert bad[0].p.item() == bad[1].p.item() == 0  # put back


def test_hooks():
    model = net()
    calls = []
    model.register_state_dict_pre_hook(lambda m, prefix, keep: calls.append(("pre", prefix, keep)))
    handle = model.register_state_dict_post_hook(
        lambda m, state, prefix, metadata: state.update(more=metadata)
    )
    assert model.state_dict()["more"] == {"version": 1} and calls == [("pre", "", False)]
    handle.remove()

    def older(module, state, prefix, metadata, strict, missing, unexpected, errors):
        assert strict and metadata in ({"version": 1}, {})
        if prefix + "w" in state:
            state[prefix + "weight"] = state.pop(prefix + "w")

    model[0].register_load_state_dict_pre_hook(older)
    state = model.state_dict()
    state["0.w"] = tenon.ones(3, 2)
    del state["0.weight"]
    model.load_state_dict(state)
    assert "0.w" in state and model[0].weight.eq(1).all()

    def forgive(module, keys):
        calls.append(float(module[0].bias.sum()))  # it has been loaded
        keys.missing_keys.clear()

    post = model.register_load_state_dict_post_hook(forgive)
    model.load_state_dict({k: v * 0 + 2 for k, v in state.items() if k != "2.bias"})
    assert calls[-1] == 6
    post.remove()
    before = values(model)
    model.register_load_state_dict_post_hook(lambda module, keys: keys.unexpected_keys.append("made up"))
    with pytest.raises(RuntimeError, match="made up"):
        model.load_state_dict({k: v * 0 + 3 for k, v in values(model).items()})
    assert unchanged(model, before)
    with pytest.raises(
        TypeError, match="register_load_state_dict_post_hook: the hook must be callable; got int"
    ):
        model.register_load_state_dict_post_hook(3)


def test_a_module_with_names_of_its_own():
    class Renamed(nn.Linear):
        _version = 2

        def _load_from_state_dict(self, state, prefix, metadata, *rest):
            if metadata.get("version", 1) < 2:
                state[prefix + "weight"] = state.pop(prefix + "kernel")
            super()._load_from_state_dict(state, prefix, metadata, *rest)

    model = nn.Sequential(Renamed(1, 1))
    model.load_state_dict({"0.kernel": np.ones((1, 1)), "0.bias": np.zeros(1)})
    assert model[0].weight.item() == 1
    assert model.state_dict()._metadata["0"] == {"version": 2} and model.load_state_dict(model.state_dict())
    alone, missing = Renamed(1, 1), []
    alone._load_from_state_dict({"weight": np.ones((1, 1))}, "", {"version": 2}, True, missing, [], [])
    assert missing == ["bias"] and alone.weight.item() == 1
