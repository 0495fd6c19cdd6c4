"""Hooks of modules: what they see, what they replace, and in which order, beside torch.nn's."""

import copy
import gc
import pickle
import warnings
import weakref

import pytest
import tenon
from tenon import nn


def linear():
    layer = nn.Linear(2, 2)
    layer.load_state_dict({"weight": tenon.eye(2) * 2, "bias": tenon.zeros(2)})
    return layer


def test_forward_hooks():
    layer, seen = linear(), []
    first = layer.register_forward_hook(lambda m, args, y: seen.append(("first", len(args))))
    layer.register_forward_hook(lambda m, args, y: seen.append(("second", m is layer)) or y + 1, prepend=True)
    layer.register_forward_hook(
        lambda m, args, kwargs, y: seen.append(("third", list(kwargs))), with_kwargs=True
    )
    y = layer(input=tenon.ones(2))
    assert y.tolist() == [3, 3] and seen == [("second", True), ("first", 0), ("third", ["input"])]
    first.remove()
    first.remove()
    seen.clear()
    layer(tenon.ones(2))
    assert [s[0] for s in seen] == ["second", "third"]
    with layer.register_forward_hook(lambda m, args, y: y * 0):
        assert layer(tenon.ones(2)).tolist() == [0, 0]
    assert layer(tenon.ones(2)).tolist() == [3, 3]
    with pytest.raises(TypeError, match="register_forward_hook: the hook must be callable; got int"):
        layer.register_forward_hook(1)


def test_forward_pre_hooks():
    layer = linear()
    layer.register_forward_pre_hook(lambda m, args: args[0] + 1)
    layer.register_forward_pre_hook(lambda m, args: (args[0] * 10,))
    assert layer(tenon.ones(2)).tolist() == [40, 40]
    with layer.register_forward_pre_hook(
        lambda m, args, kwargs: ((), {"input": args[0] * 0}), with_kwargs=True
    ):
        assert layer(tenon.ones(2)).tolist() == [0, 0]
    with (
        layer.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True),
        pytest.raises(RuntimeError, match=r"returns None or a tuple \(args, kwargs\); got 3"),
    ):
        layer(tenon.ones(2))


def test_hooks_that_are_always_called():
    layer, seen = linear(), []
    layer.register_forward_hook(lambda m, args, y: seen.append("never"))
    layer.register_forward_hook(
        lambda m, args, kwargs, y: seen.append((kwargs, y)), always_call=True, with_kwargs=True
    )
    with pytest.raises(ValueError, match="linear: the last dimension"):
        layer(tenon.ones(3))
    assert seen == [({}, None)]

    def fails(m, args, y):
        raise OSError("too late")

    layer.register_forward_hook(fails, always_call=True)
    with warnings.catch_warnings(record=True) as told, pytest.raises(ValueError):
        warnings.simplefilter("always")
        layer(tenon.ones(3))
    assert "always_call=True failed after forward had failed: too late" in str(told[0].message)


@pytest.mark.parametrize("requires_grad", [True, False])
def test_backward_hooks_are_torchs(requires_grad):
    torch = pytest.importorskip("torch")
    results = []
    for lib, cls in ((tenon, nn), (torch, torch.nn)):

        class Two(cls.Module):
            def __init__(self, cls=cls):
                super().__init__()
                self.inner = cls.Linear(2, 2)

            def forward(self, a, factor, b):
                return self.inner(a) * factor, b * 3

        net = Two()
        net.inner.load_state_dict({"weight": lib.eye(2), "bias": lib.zeros(2)})
        seen = []

        def told(name, seen=seen):
            def hook(m, *grads):
                seen.append((name, [[None if g is None else g.tolist() for g in part] for part in grads]))

            return hook

        net.register_full_backward_hook(told("full"))
        net.register_full_backward_pre_hook(told("pre"))
        net.inner.register_full_backward_hook(told("inner"))
        a = lib.ones(2).requires_grad_(requires_grad)
        b = lib.ones(2).requires_grad_(requires_grad)
        y, z = net(a, 2.0, b)
        (y.sum() + (z * 2).sum() if requires_grad else y.sum()).backward()
        results.append((seen, net.inner.weight.grad.tolist(), a.grad is None or a.grad.tolist()))
    assert results[0] == results[1]


def test_backward_hooks_replace_gradients():
    layer, x = linear(), tenon.ones(2, requires_grad=True)
    layer.register_full_backward_pre_hook(lambda m, g: (g[0] * 10,))
    layer.register_full_backward_hook(lambda m, gi, go: gi[0] + 1)
    layer(x).sum().backward()
    assert x.grad.tolist() == [21, 21] and layer.bias.grad.tolist() == [10, 10]
    layer.register_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="full backward hook: the hook must return 1 gradients; got 2"):
        layer(x).sum().backward()
    frozen = linear()
    frozen.register_full_backward_hook(lambda m, gi, go: (tenon.ones(2),))
    with pytest.raises(RuntimeError, match="no input of the module requires grad"):
        frozen(tenon.ones(2)).sum().backward()
    frozen = linear()
    seen = []
    frozen.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    with tenon.no_grad():
        frozen(tenon.ones(2))
    frozen(tenon.ones(2)).sum().backward()
    assert seen == [((None,), [1, 1])]

    class Odd(nn.Module):
        def forward(self, x):
            return {"y": x}

    odd = Odd()
    odd.register_full_backward_hook(lambda *a: None)
    with pytest.warns(
        UserWarning, match="Odd: backward hooks see a tensor or a tuple of tensors; forward returned dict"
    ):
        odd(x)


def test_second_derivatives_pass_the_hooks():
    layer, x, seen = linear(), tenon.ones(2, requires_grad=True), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append(gi[0].requires_grad))
    (g,) = tenon.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)
    g.sum().backward()
    assert x.grad.tolist() == [48, 48] and seen == [True, False]  # 8 x^3 twice


def test_hooks_in_copies_and_pickles():
    layer = linear()
    layer.register_forward_hook(add_one)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other(tenon.ones(2)).tolist() == [3, 3]
        handle = other.register_forward_hook(add_one)
        assert other(tenon.ones(2)).tolist() == [4, 4] and layer(tenon.ones(2)).tolist() == [3, 3]
        handle.remove()
        assert other(tenon.ones(2)).tolist() == [3, 3]


def add_one(module, args, y):
    return y + 1


def test_a_handle_keeps_no_module_alive():
    layer = linear()
    handle, alive = layer.register_forward_hook(add_one), weakref.ref(layer)
    del layer
    gc.collect()
    assert alive() is None
    handle.remove()


# ---- hooks of all modules ----


def run_with_hooks_of_all_modules(xp):
    """What hooks of all modules saw, and the results, in one of the libraries."""
    module = xp.nn.module if xp is tenon else xp.nn.modules.module
    net = xp.nn.Sequential(xp.nn.Linear(2, 2), xp.nn.ReLU())
    with xp.no_grad():
        net[0].weight.fill_(0.5)
        net[0].bias.fill_(0.25)
    seen = []
    name = lambda m: type(m).__name__  # noqa: E731

    def note(what, value=None):
        def hook(m, *args):
            seen.append((what, name(m), len(args)))
            return value(m, *args) if value else None

        return hook

    double = lambda m, args, y: y * 2 if name(m) == "Linear" else None  # noqa: E731
    handles = [
        module.register_module_forward_pre_hook(note("pre")),
        module.register_module_forward_hook(note("forward", double)),
        module.register_module_forward_hook(note("kwargs"), with_kwargs=True),
        module.register_module_full_backward_pre_hook(note("backward pre", lambda m, g: (g[0] * 3,))),
        module.register_module_full_backward_hook(note("backward")),
    ]
    net[0].register_forward_hook(note("own"))
    net[0].register_forward_pre_hook(note("own pre"))
    net[0].register_full_backward_hook(note("own backward"))
    x = xp.ones(1, 2, requires_grad=True)
    y = net(x)
    y.sum().backward()
    for handle in handles:
        handle.remove()
    after = net(xp.ones(1, 2))
    return seen, y.tolist(), x.grad.tolist(), after.tolist()


def test_hooks_of_all_modules_are_those_of_torch():
    torch = pytest.importorskip("torch")
    assert run_with_hooks_of_all_modules(tenon) == run_with_hooks_of_all_modules(torch)


def test_a_hook_of_all_modules_is_called_where_forward_raises():
    called = []
    register = tenon.nn.module.register_module_forward_hook
    with register(lambda m, args, y: called.append(type(m).__name__), always_call=True):
        with pytest.raises(ValueError):
            linear()(tenon.ones(3))
        assert called == ["Linear"]
    with register(lambda m, args, y: called.append(type(m).__name__)), pytest.raises(ValueError):
        linear()(tenon.ones(3))
    assert called == ["Linear"]
    for name in tenon.nn.module.__all__:
        if name != "Module":
            with pytest.raises(TypeError, match=f"{name}: the hook must be callable; got int"):
                getattr(tenon.nn.module, name)(1)
