"""The optimizers beside PyTorch's, and what is said of their parameters, states and errors."""

import numpy as np
import pytest
import tenon
from optimizers import (
    FUSED,
    IN_CPP,
    MORE_CASES,
    assert_same,
    assert_same_state,
    database,
    leaves,
    set_gradients,
    shapes_of,
    train,
    values,
)
from support import run_python, sim_environment


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def cases(torch, name):
    info = database(torch)[name]
    listed = [i.kwargs for i in info.optim_inputs_func(device="cpu")]
    assert len(listed) >= 5
    return listed + MORE_CASES.get(name, [])


def ours(options):
    return {k: float(v) if hasattr(v, "item") else v for k, v in options.items()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", IN_CPP)
def test_twenty_steps_are_those_of_torch(torch, name, dtype):
    for options in cases(torch, name):
        what = f"{name}({options})"
        got, optimizer = train(tenon, name, ours(options), dtype)
        want, reference = train(torch, name, options, dtype)
        assert_same(got, want, dtype, what)
        assert_same_state(optimizer.state_dict(), reference.state_dict(), dtype, what)
        assert all(x.dtype == np.dtype(dtype) and x.is_leaf and x.requires_grad for x in got)


@pytest.mark.parametrize("name", IN_CPP)
def test_half_precision_is_rounded_once(name):
    """A step in bfloat16 is that of float32 parameters with the same values, rounded."""
    for dtype in (tenon.bfloat16, tenon.float16):
        rounded = [tenon.asarray(a).to(dtype) for a in values(0, np.float32)]
        params = [t.clone().requires_grad_() for t in rounded]
        wide = [t.to(tenon.float32).requires_grad_() for t in rounded]
        for p, w, g in zip(params, wide, values(1, np.float32), strict=True):
            p.grad = tenon.asarray(g).to(dtype)
            w.grad = p.grad.to(tenon.float32)
        for tensors in (params, wide):
            getattr(tenon.optim, name)(tensors, lr=0.1).step()
        for p, w in zip(params, wide, strict=True):
            assert p.dtype == dtype
            assert p.tolist() == w.to(dtype).tolist()


@pytest.mark.parametrize("name", FUSED)
def test_complex_parameters_are_pairs_of_real_ones(torch, name):
    rng = np.random.default_rng(3)
    draw = lambda: rng.standard_normal(6) + 1j * rng.standard_normal(6)  # noqa: E731
    start, gradients = draw(), [draw() for _ in range(5)]
    results = []
    for xp in (tenon, torch):
        p = xp.asarray(start.copy()).requires_grad_()
        optimizer = getattr(xp.optim, name)([p], lr=0.1)
        for g in gradients:
            p.grad = xp.asarray(g.copy())
            optimizer.step()
        results.append(p)
    assert_same(results[:1], results[1:], np.float64)


@pytest.mark.parametrize("name", IN_CPP)
def test_state_dicts_go_both_ways(torch, name):
    """Ten steps, another optimizer that loads the state, ten more: the same as twenty, across libraries."""
    for options in MORE_CASES[name]:
        want, _ = train(torch, name, options, np.float64, 20)
        for first, second in ((torch, tenon), (tenon, torch)):
            params, optimizer = train(first, name, options, np.float64, 0)
            fresh, loaded = train(second, name, {"lr": 7.0}, np.float64, 0)
            for step in range(20):
                if step == 10:
                    saved = optimizer.state_dict()
                    if second is torch:
                        convert = lambda t: torch.from_dlpack(t) if isinstance(t, tenon.Tensor) else t  # noqa: E731
                        saved["state"] = {
                            k: {n: convert(t) for n, t in v.items()} for k, v in saved["state"].items()
                        }
                    loaded.load_state_dict(saved)
                    for p, q in zip(params, fresh, strict=True):
                        with second.no_grad():
                            q.copy_(second.asarray(p.detach().numpy()))
                    params, optimizer = fresh, loaded
                now = second if step >= 10 else first
                set_gradients(now, params, values(step + 1, np.float64, shapes_of(name)))
                optimizer.step()
            # Loading makes a float64 of ASGD's float32 eta, in both.
            dtype = np.float32 if name == "ASGD" else np.float64
            assert_same(params, want, dtype, f"{name}({options}), {first.__name__} first")


def test_errors_are_those_of_torch_in_kind(torch):
    """PyTorch's list of wrong arguments: errors of the same type. Three things that it refuses are taken."""
    taken = ("lr as a Tensor is not supported", "betas must be either", "as a Tensor is not supported")
    checked = 0
    for name in [*IN_CPP, "LBFGS"]:
        info = database(torch)[name]
        for case in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
            wrong = case.optimizer_error_input
            if any(t in case.error_regex for t in taken):
                continue
            params = (
                [tenon.ones(2, requires_grad=True)]
                if wrong.params is None
                else converted(torch, wrong.params)
            )
            if case.error_type is UserWarning:
                with pytest.warns(UserWarning, match="duplicate parameters"):
                    getattr(tenon.optim, name)(params, **converted(torch, wrong.kwargs))
            else:
                with pytest.raises(case.error_type, match=f"^{name}: "):
                    getattr(tenon.optim, name)(params, **converted(torch, wrong.kwargs))
            checked += 1
    assert checked >= 60


def converted(torch, value, seen=None):
    """PyTorch's tensors as tenon's, one for each."""
    seen = {} if seen is None else seen
    if isinstance(value, torch.Tensor):
        made = tenon.asarray(value.detach().numpy().copy()).requires_grad_(value.requires_grad)
        return seen.setdefault(id(value), made)
    if isinstance(value, dict):
        return {k: converted(torch, v, seen) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(converted(torch, v, seen) for v in value)
    return value


def test_adafactor_leaves_parameters_without_elements_and_checks_its_rows_and_columns():
    empty, w = tenon.ones(0, 3, requires_grad=True), tenon.ones(2, 3, requires_grad=True)
    optimizer = tenon.optim.Adafactor([empty, w], lr=0.1)
    for p in (empty, w):
        p.grad = tenon.ones_like(p)
    optimizer.step()
    assert optimizer.state[empty]["row_var"].shape == (0, 1)
    optimizer.state[w]["row_var"] = tenon.ones(3, 1)
    before = w.tolist()
    with pytest.raises(ValueError, match=r"row_var of parameter 1 must have shape \(2, 1\); got \(3, 1\)"):
        optimizer.step()
    assert w.tolist() == before
    with pytest.raises(RuntimeError, match=r"^Adafactor: parameters must be real; got complex64"):
        tenon.optim.Adafactor([tenon.ones(2, dtype=tenon.complex64, requires_grad=True)])


def test_wrong_options_are_named_with_their_values():
    p = [tenon.ones(2, requires_grad=True)]
    for name, options, message in [
        ("SGD", {"lr": -1}, "lr must not be negative; got -1"),
        ("SGD", {"lr": float("nan")}, "lr must not be negative; got nan"),
        ("SGD", {"nesterov": True}, "nesterov needs a momentum"),
        ("Adam", {"betas": (0.9, 1.5)}, r"beta2 must be in \[0, 1\); got 1.5"),
        ("Adam", {"betas": (0.9,)}, "betas must be two numbers; got 1"),
        ("AdamW", {"eps": -1e-3}, "eps must not be negative; got -0.001"),
        ("NAdam", {"momentum_decay": -2}, "momentum_decay must not be negative; got -2"),
        ("RMSprop", {"alpha": -0.5}, "alpha must not be negative; got -0.5"),
        ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value must not be negative"),
        ("Adadelta", {"rho": 1.5}, r"rho must be in \[0, 1\]; got 1.5"),
        (
            "Adam",
            {"lr": tenon.ones(2)},
            r"lr must be a number or a tensor of one element; got one of shape \(2,\)",
        ),
    ]:
        with pytest.raises(ValueError, match=f"^{name}: {message}"):
            getattr(tenon.optim, name)(p, **options)
    with pytest.raises(TypeError, match="lr"):
        tenon.optim.Adam(p, lr="fast")
    with pytest.raises(NotImplementedError, match=r"^Adam: differentiable=True"):
        tenon.optim.Adam(p, differentiable=True)
    with pytest.raises(RuntimeError, match=r"^Adam: fused and foreach"):
        tenon.optim.Adam(p, fused=True, foreach=True)
    optimizer = tenon.optim.Adam(p)
    optimizer.param_groups[0]["lr"] = -3.0
    set_gradients(tenon, p, [np.ones(2, np.float32)])
    with pytest.raises(ValueError, match=r"^Adam: lr must not be negative; got -3"):
        optimizer.step()
    assert p[0].tolist() == [1, 1]
    del optimizer.param_groups[0]["lr"]
    with pytest.raises(KeyError, match="lr"):
        optimizer.step()


def test_wrong_parameters():
    x = tenon.ones(2, requires_grad=True)
    for params, error, message in [
        ([], ValueError, "there are no parameters"),
        (x, TypeError, "got one tensor"),
        ([x * 2], ValueError, r"leaf tensors; parameter 0, of shape \(2,\)"),
        ([x, np.ones(2)], TypeError, "parameter 1 is ndarray"),
        ([{"params": {x}}], TypeError, "got a set"),
        ([{"parameters": [x]}], KeyError, "must have 'params'"),
        ([{"params": [x]}, {"params": [x]}], ValueError, "more than one parameter group"),
        ([("a", x), tenon.ones(1)], ValueError, "names for 2"),
        ([{"params": [x]}, [x]], TypeError, "must be a dict; got list"),
    ]:
        with pytest.raises(error, match=message):
            tenon.optim.SGD(params)
    whole = tenon.ones(3, dtype=tenon.int64)
    optimizer = tenon.optim.SGD([whole])
    whole.grad = tenon.ones(3, dtype=tenon.int64)
    with pytest.raises(
        TypeError, match=r"^SGD: parameters must be floats or complex numbers; parameter 0 is int64"
    ):
        optimizer.step()


# ---- memory ----


def test_parameters_may_be_views_of_one_flat_array():
    """The border: the steps train the user's array, and no state is allocated in its place."""
    flat = np.arange(12, dtype=np.float32)
    lent = tenon.from_numpy(flat)
    weight, bias = lent[:8].view(4, 2).requires_grad_(), lent[8:].view(4).requires_grad_()
    optimizer = tenon.optim.SGD([weight, bias], lr=0.5, momentum=0.9)
    (weight.sum() + 2 * bias.sum()).backward()
    optimizer.step()
    np.testing.assert_array_equal(flat[:8], np.arange(8) - 0.5)
    np.testing.assert_array_equal(flat[8:], np.arange(8, 12) - 1.0)
    assert np.shares_memory(weight.detach().numpy(), flat)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_strided_parameters(name):
    """Every other row, a transposed one and a negative stride, beside contiguous copies of them."""
    base = [np.arange(24, dtype=np.float64).reshape(6, 4) for _ in range(3)]
    views = [base[0][::2], base[1].T, base[2][::-1, 1:3]]
    params = [tenon.from_numpy(v).requires_grad_() for v in views]
    copies = [tenon.asarray(v.copy()).requires_grad_() for v in views]
    for step in range(4):
        for tensors in (params, copies):
            set_gradients(tenon, tensors, values(step, np.float64, [v.shape for v in views]))
    for tensors in (params, copies):
        optimizer = getattr(tenon.optim, name)(tensors, lr=0.1)
        for step in range(4):
            set_gradients(tenon, tensors, values(step, np.float64, [v.shape for v in views]))
            optimizer.step()
    assert_same(params, copies, np.float64)
    np.testing.assert_array_equal(base[0][1::2], np.arange(24).reshape(6, 4)[1::2])
    np.testing.assert_array_equal(base[2][:, 0], np.arange(24).reshape(6, 4)[:, 0])


def test_columns_of_one_array_are_parameters():
    """Their addresses are mixed, their elements are not."""
    base = np.arange(20, dtype=np.float32).reshape(5, 4)
    params = [tenon.from_numpy(base)[:, i].requires_grad_() for i in range(4)]
    for i, p in enumerate(params):
        p.grad = tenon.full((5,), float(i))
    tenon.optim.SGD(params, lr=0.5, momentum=0.9).step()
    np.testing.assert_array_equal(base, np.arange(20).reshape(5, 4) - 0.5 * np.arange(4))


def test_gradients_may_alias():
    a, b = tenon.ones(4, requires_grad=True), tenon.ones(4, requires_grad=True)
    a.grad = b.grad = tenon.full((4,), 2.0)
    tenon.optim.SGD([a, b], lr=0.25).step()
    assert a.tolist() == b.tolist() == [0.5] * 4
    a.grad = a.detach()  # a decay, written over what is read
    tenon.optim.SGD([a], lr=0.5).step()
    assert a.tolist() == [0.25] * 4
    wide = tenon.zeros(3, requires_grad=True)
    wide.grad = tenon.tensor(2.0).expand(3)
    tenon.optim.Adam([wide], lr=0.5).step()
    np.testing.assert_allclose(wide.tolist(), [-0.5] * 3, rtol=1e-6)


def test_parameters_without_a_gradient_are_left_alone():
    a, b = tenon.ones(2, requires_grad=True), tenon.ones(2, requires_grad=True)
    optimizer = tenon.optim.Adam([a, b], lr=0.5)
    optimizer.step()
    assert not optimizer.state
    a.grad = tenon.ones(2)
    optimizer.step()
    assert list(optimizer.state) == [a]
    assert b.tolist() == [1, 1]
    b.grad = tenon.ones(2)
    optimizer.step()  # a has made one step more than b
    assert [optimizer.state[p]["step"].item() for p in (a, b)] == [2, 1]
    np.testing.assert_allclose(b.tolist(), [0.5] * 2, rtol=1e-6)


@pytest.mark.parametrize("name", IN_CPP)
def test_nothing_is_written_where_one_is_refused(name):
    frozen = np.ones(3, np.float32)
    frozen.flags.writeable = False
    for bad, error in [
        (tenon.from_numpy(frozen), ValueError),
        (tenon.ones(1).expand(3), RuntimeError),
    ]:
        for together in (True, False):  # in one group or in two
            good = tenon.ones(3, requires_grad=True)
            params = [good, bad] if together else [{"params": [good]}, {"params": [bad]}]
            optimizer = getattr(tenon.optim, name)(params, lr=0.5)
            good.grad = bad.grad = tenon.ones(3)
            with pytest.raises(error, match=f"^{name}: "):
                optimizer.step()
            assert good.tolist() == [1, 1, 1]
            assert not optimizer.state


def test_a_wrong_state_is_refused_before_a_write():
    p = tenon.ones(3, requires_grad=True)
    p.grad = tenon.ones(3)
    for key, wrong, error in [
        ("exp_avg", tenon.ones(4), ValueError),
        ("exp_avg", [1.0], TypeError),
        ("exp_avg", p.detach(), RuntimeError),
        ("step", tenon.tensor(3), TypeError),
        ("step", "three", TypeError),
    ]:
        optimizer = tenon.optim.Adam([p], lr=0.5)
        optimizer.state[p] = {
            "step": tenon.tensor(1.0),
            "exp_avg": tenon.zeros(3),
            "exp_avg_sq": tenon.zeros(3),
        }
        optimizer.state[p][key] = wrong
        with pytest.raises(error, match=r"^Adam: "):
            optimizer.step()
        assert p.tolist() == [1, 1, 1]
        assert optimizer.state[p]["exp_avg_sq"].tolist() == [0, 0, 0]


def test_versions_count():
    p = tenon.ones(3, requires_grad=True)
    optimizer = tenon.optim.Adam([p])
    for step in range(1, 4):
        p.grad = tenon.ones(3)
        optimizer.step()
        assert p._version == step
        assert optimizer.state[p]["exp_avg"]._version == step
    loss = (p * p).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="Adam"):  # p was saved, then written
        loss.backward()


def test_the_states_objects_stay():
    p = tenon.ones(3, requires_grad=True)
    optimizer = tenon.optim.NAdam([p])
    p.grad = tenon.ones(3)
    optimizer.step()
    before = dict(optimizer.state[p])
    optimizer.step()
    assert all(optimizer.state[p][key] is t for key, t in before.items())
    assert before["step"].item() == 2


def test_a_step_is_not_recorded_and_keeps_the_mode():
    p = tenon.ones(3, requires_grad=True)
    p.grad = (p * 2).detach().requires_grad_() * 1
    tenon.optim.SGD([p], lr=0.5).step()
    assert p.is_leaf
    assert p.grad_fn is None
    assert tenon.is_grad_enabled()


def test_numbers_may_be_tensors_and_change():
    lr = tenon.tensor(0.5)
    p = tenon.ones(2, requires_grad=True)
    optimizer = tenon.optim.SGD([p], lr=lr, weight_decay=tenon.tensor(0.0))
    p.grad = tenon.ones(2)
    optimizer.step()
    lr.fill_(0.25)
    optimizer.step()
    assert p.tolist() == [0.25, 0.25]
    optimizer.param_groups[0]["lr"] = 1
    optimizer.step()
    assert p.tolist() == [-0.75, -0.75]


@pytest.mark.parametrize("name", IN_CPP)
def test_on_the_simulated_device(name):
    options = "lr=0.1" if name == "Rprop" else "lr=0.1, weight_decay=0.1"
    run_python(
        f"""
        import numpy as np
        import tenon
        random = np.random.default_rng(0)
        arrays = [random.standard_normal(s).astype(np.float32) for s in [(3, 5), (7,), ()] * 20]
        results = []
        for device in ("cpu", "cuda"):
            params = [tenon.tensor(a).to(device).requires_grad_() for a in arrays]
            optimizer = tenon.optim.{name}(params, {options})
            for step in range(3):
                for p in params:
                    p.grad = p.detach() * (step + 1) - 1
                optimizer.step()
            assert all(p.device.type == device for p in params)
            results.append([p.detach().cpu().numpy() for p in params])
        for a, b in zip(*results):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
        """,
        **sim_environment(),
    )


def test_two_hundred_small_tensors():
    """One call of the backend, which tests/cpp/test_optim.cc counts; here each element is looked at."""
    params = leaves(tenon, [np.full((i % 5, 3), i, np.float32) for i in range(200)])
    set_gradients(tenon, params, [np.ones(p.shape, np.float32) for p in params])
    tenon.optim.Adam(params, lr=0.5).step()
    for i, p in enumerate(params):
        np.testing.assert_allclose(p.detach().numpy(), np.full((i % 5, 3), i - 0.5), rtol=1e-6)
