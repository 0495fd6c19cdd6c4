"""Optimizer itself: groups, names, hooks, copies, its saved form and how it is printed."""

import copy
import pickle

import numpy as np
import pytest
import tenon
from optimizers import IN_CPP, MORE_CASES, assert_same, leaves, set_gradients, shapes_of, train, values
from support import run_python


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def ones(n=2):
    t = tenon.ones(n, requires_grad=True)
    t.grad = tenon.ones(n)
    return t


@pytest.mark.parametrize("name", [*IN_CPP, "LBFGS"])
def test_defaults_groups_and_repr_are_those_of_torch(torch, name):
    for options in [{}, *MORE_CASES.get(name, [])[:1]]:
        made = [getattr(xp.optim, name)([xp.ones(2)], **options) for xp in (tenon, torch)]
        assert made[0].defaults == made[1].defaults
        assert repr(made[0]) == repr(made[1])
        made[0].add_param_group({"params": tenon.ones(1), "lr": 3.0}) if name != "LBFGS" else None
        made[1].add_param_group({"params": torch.ones(1), "lr": 3.0}) if name != "LBFGS" else None
        assert repr(made[0]) == repr(made[1])


def test_signatures_are_those_of_torch(torch):
    import inspect

    for name in [*IN_CPP, "LBFGS"]:
        ours, theirs = (
            inspect.signature(getattr(xp.optim, name)).parameters.values() for xp in (tenon, torch)
        )
        assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs], (
            name
        )


def test_groups_have_options_of_their_own():
    a, b, c = ones(), ones(), ones()
    optimizer = tenon.optim.SGD([{"params": [a]}, {"params": b, "lr": 0.25, "mine": "kept"}], lr=0.5)
    optimizer.step()
    assert (a.tolist(), b.tolist()) == ([0.5] * 2, [0.75] * 2)
    optimizer.add_param_group({"params": (t for t in [c]), "weight_decay": 1.0})
    assert optimizer.param_groups[1]["mine"] == "kept"
    optimizer.step()
    assert c.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"^SGD: lr must not be negative; got -1"):
        optimizer.add_param_group({"params": [ones()], "lr": -1.0})
    assert len(optimizer.param_groups) == 3


def test_the_import_brings_neither_numpy_nor_modules():
    run_python(
        """
        import sys
        import tenon
        assert "tenon.optim" not in sys.modules
        tenon.optim.Adam([tenon.ones(1)])
        loaded = {"numpy", "tenon.nn", "tenon.optim.swa_utils"} & set(sys.modules)
        assert not loaded, loaded
        """
    )


def test_a_users_group_is_not_changed():
    group = {"params": [ones()]}
    tenon.optim.SGD([group])
    assert list(group) == ["params"]


def test_named_parameters():
    a, b = ones(), ones()
    optimizer = tenon.optim.SGD([("weight", a), ("bias", b)], lr=0.5)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == [a, b]
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["weight", "bias"]
    del saved["param_groups"][0]["param_names"]
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="either all parameter groups have names or none"):
        optimizer.add_param_group({"params": [ones()]})


def test_zero_grad():
    a = ones()
    optimizer = tenon.optim.SGD([a])
    gradient = a.grad
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is gradient
    assert gradient.tolist() == [0, 0]
    optimizer.zero_grad()
    assert a.grad is None
    (a * a).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert a.grad.tolist() == [0, 0]
    assert not a.grad.requires_grad


@pytest.mark.parametrize("name", ["SGD", "Adam", "LBFGS"])
def test_closures(name):
    x = tenon.tensor([3.0], requires_grad=True)
    optimizer = getattr(tenon.optim, name)([x], lr=0.1)

    def closure():
        assert tenon.is_grad_enabled()
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    with tenon.no_grad():
        assert optimizer.step(closure).item() == 9
    assert x.item() < 3


# ---- the saved form ----


def test_a_state_dict_has_numbers_for_parameters():
    a, b, c = ones(), ones(3), ones()
    optimizer = tenon.optim.Adam([{"params": [a]}, {"params": [b, c], "lr": 0.1}])
    b.grad = None
    optimizer.step()
    saved = optimizer.state_dict()
    assert [g["params"] for g in saved["param_groups"]] == [[0], [1, 2]]
    assert list(saved["state"]) == [0, 2]
    assert saved["state"][2]["exp_avg"] is optimizer.state[c]["exp_avg"]


def test_loading_copies_and_converts():
    a = tenon.ones(2, dtype=tenon.float16, requires_grad=True)
    optimizer = tenon.optim.Adam([a])
    numbers = np.array([1.5, 2.5])
    saved = {
        "state": {
            0: {"step": 3.0, "exp_avg": tenon.from_numpy(numbers), "exp_avg_sq": tenon.ones(2), "mine": [1]}
        },
        "param_groups": [{**optimizer.state_dict()["param_groups"][0], "lr": 0.5}],
    }
    before = copy.deepcopy(saved)
    optimizer.load_state_dict(saved)
    kept = optimizer.state[a]
    assert kept["exp_avg"].dtype == tenon.float16
    assert (kept["step"].dtype, kept["step"].item(), kept["mine"]) == (tenon.float32, 3.0, [1])
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["params"] == [a]
    numbers[0] = 7
    assert kept["exp_avg"].tolist() == [1.5, 2.5]
    assert saved["param_groups"] == before["param_groups"]
    a.grad = tenon.ones(2, dtype=tenon.float16)
    optimizer.step()
    assert kept["step"].item() == 4


def test_what_is_no_state_dict_for_these_parameters_is_refused():
    def fresh():
        return tenon.optim.Adam([{"params": [ones()]}, {"params": [ones(3), ones()]}], lr=0.25)

    optimizer = fresh()
    good = fresh().state_dict()
    fewer = {**good, "param_groups": good["param_groups"][:1]}
    smaller = {**good, "param_groups": [good["param_groups"][0], {**good["param_groups"][1], "params": [1]}]}
    negative = {**good, "param_groups": [{**g, "lr": -1.0} for g in good["param_groups"]]}
    shape = {**good, "state": {1: {"step": tenon.tensor(1.0), "exp_avg": tenon.ones(2)}}}
    for wrong, error, message in [
        (fewer, ValueError, "the state dict has 1 parameter groups, the optimizer 2"),
        (smaller, ValueError, "group 1 of the state dict has 1 parameters, the optimizer's 2"),
        (negative, ValueError, "lr must not be negative; got -1"),
        (shape, ValueError, r"the state 'exp_avg' of a parameter of shape \(3,\) has shape \(2,\)"),
        ({}, KeyError, "param_groups"),
    ]:
        with pytest.raises(error, match=message):
            optimizer.load_state_dict(wrong)
        assert not optimizer.state
        assert optimizer.param_groups[0]["lr"] == 0.25


def test_options_that_are_newer_than_the_state_dict_are_filled_in():
    optimizer = tenon.optim.Adam([ones()])
    saved = optimizer.state_dict()
    del saved["param_groups"][0]["decoupled_weight_decay"]
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is False


@pytest.mark.parametrize("name", [*IN_CPP, "LBFGS"])
def test_deepcopy_and_pickle_go_on_alike(name):
    """The copy has parameters of its own, with the same values and states."""
    if name == "LBFGS":
        w = ones()
        optimizer = tenon.optim.LBFGS([w])
        optimizer.step(lambda: (w * w).sum())
        params = [w]
    else:
        params, optimizer = train(tenon, name, {}, np.float32, 3)
    for copied in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert repr(copied) == repr(optimizer)
        theirs = copied.param_groups[0]["params"]
        assert all(p is not q for p, q in zip(params, theirs, strict=True))
        assert_same(theirs, params, np.float32)
        if name != "LBFGS":
            before = [p.detach().clone() for p in params]
            set_gradients(tenon, theirs, values(9, np.float32, shapes_of(name)))
            copied.step()
            assert_same(params, before, np.float32)  # ours stay


def test_one_deepcopy_of_a_model_and_its_optimizer():
    params, optimizer = train(tenon, "Adam", {}, np.float32, 2)
    theirs, copied = copy.deepcopy((params, optimizer))
    assert copied.param_groups[0]["params"] == theirs
    assert list(copied.state) == theirs


# ---- hooks ----


def test_step_hooks():
    a = ones()
    optimizer = tenon.optim.SGD([a], lr=0.5)
    seen = []
    first = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("pre", o, args, kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("post", a.tolist())))
    optimizer.step()
    assert seen == [("pre", optimizer, (), {}), ("post", [0.5, 0.5])]
    first.remove()
    first.remove()
    optimizer.step()
    assert len(seen) == 3
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 7.0,), {})):
        assert optimizer.step() == 7.0
    assert optimizer.step() is None
    optimizer.register_step_pre_hook(lambda *_: 3)
    before = a.tolist()
    with pytest.raises(RuntimeError, match=r"a pre-hook must return None or .*; got 3"):
        optimizer.step()
    assert a.tolist() == before
    with pytest.raises(TypeError, match="register_step_post_hook: the hook must be callable; got int"):
        optimizer.register_step_post_hook(3)


def test_state_dict_hooks():
    optimizer = tenon.optim.SGD([ones()])
    order = []
    optimizer.register_state_dict_pre_hook(lambda o: order.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: order.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, d: {**d, "extra": 1})
    saved = optimizer.state_dict()
    assert order == ["first", "second"]
    assert saved["extra"] == 1

    def changed(o, d):
        d["param_groups"] = [{**g, "lr": 0.125} for g in d["param_groups"]]

    optimizer.register_load_state_dict_pre_hook(changed)
    optimizer.register_load_state_dict_post_hook(lambda o: order.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(saved)
    assert order[-1] == 0.125
    assert saved["param_groups"][0]["lr"] == 1e-3


def test_users_optimizers(torch):
    """A subclass written for PyTorch: its step has the hooks, groups and states."""

    def make(xp):
        class Sign(xp.optim.Optimizer):
            def __init__(self, params, lr=0.1):
                super().__init__(params, {"lr": lr})

            @xp.no_grad()
            def step(self, closure=None):
                for group in self.param_groups:
                    for p in group["params"]:
                        if p.grad is None:
                            continue
                        state = self.state[p]
                        state["count"] = state.get("count", 0) + 1
                        p.add_(xp.sign(p.grad), alpha=-group["lr"] / state["count"])

        return Sign

    results = []
    for xp in (tenon, torch):
        params = leaves(xp, values(0, np.float64))
        optimizer = make(xp)([{"params": params, "lr": 0.5}])
        calls = []
        optimizer.register_step_post_hook(lambda *_, calls=calls: calls.append(1))
        for step in range(3):
            set_gradients(xp, params, values(step, np.float64))
            optimizer.step()
        assert len(calls) == 3
        results.append(params)
    assert_same(*results, np.float64)
    with pytest.raises(NotImplementedError, match="Bare: a subclass of Optimizer must have a step"):
        type("Bare", (tenon.optim.Optimizer,), {})([ones()], {}).step()
    from tenon.optim.optimizer import required

    class Rated(tenon.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": required})

    with pytest.raises(ValueError, match="Rated: a parameter group must give the option 'lr'"):
        Rated([ones()])


# ---- the size of all gradients ----


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, float("inf")])
def test_total_norm_and_its_limit(torch, p):
    arrays = values(5, np.float32)[:4]
    ours, theirs = [tenon.asarray(a.copy()) for a in arrays], [torch.asarray(a.copy()) for a in arrays]
    norm, wanted = tenon._C._total_norm(ours, p), torch.nn.utils.get_total_norm(theirs, p)
    np.testing.assert_allclose(norm.item(), wanted.item(), rtol=1e-6)
    tenon._C._scale_to_norm(ours, 0.5, norm)
    for t in theirs:
        t.mul_((0.5 / (wanted + 1e-6)).clamp(max=1.0))
    assert_same(ours, theirs, np.float32)
