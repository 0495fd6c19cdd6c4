"""LBFGS beside PyTorch's, on functions whose minima are known, and when its closure fails."""

import numpy as np
import pytest
import tenon


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def rosenbrock(xp, w):
    return ((1 - w[:-1]) ** 2 + 100 * (w[1:] - w[:-1] ** 2) ** 2).sum()


def logistic(xp, w):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, w.numel())), rng.integers(0, 2, 50) * 2.0 - 1
    margin = xp.asarray(x) @ w * xp.asarray(y)
    return xp.log(1 + xp.exp(-margin)).mean() + 0.01 * (w * w).sum()


def path(xp, f, options, steps=6, n=4):
    """The losses, the parameters after each step, and the optimizer."""
    w = xp.asarray(np.linspace(-1, 0.5, n)).requires_grad_()
    optimizer = xp.optim.LBFGS([w], **options)
    losses, places = [], []
    for _ in range(steps):

        def closure():
            optimizer.zero_grad()
            loss = f(xp, w)
            loss.backward()
            return loss

        losses.append(float(optimizer.step(closure)))
        places.append(w.detach().numpy().copy())
    return losses, places, optimizer


@pytest.mark.parametrize("f", [rosenbrock, logistic])
@pytest.mark.parametrize(
    "options",
    [
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "lr": 0.1, "max_iter": 5, "history_size": 2},
        {"line_search_fn": "strong_wolfe", "max_eval": 7},
        {"lr": 0.01, "max_iter": 7},
        {"lr": 0.01, "tolerance_grad": 1e-3, "tolerance_change": 1e-5, "history_size": 3},
    ],
)
def test_the_path_is_that_of_torch(torch, f, options):
    losses, places, optimizer = path(tenon, f, options)
    wanted, theirs, reference = path(torch, f, options)
    np.testing.assert_allclose(losses, wanted, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(places, theirs, rtol=1e-5, atol=1e-7)
    ours, kept = optimizer.state_dict()["state"][0], reference.state_dict()["state"][0]
    for key in ("n_iter", "func_evals"):
        assert ours[key] == kept[key], key
    assert len(ours["old_dirs"]) == len(kept["old_dirs"])


def test_minima_are_found():
    for f, n in ((rosenbrock, 2), (rosenbrock, 10)):
        _, places, _ = path(tenon, f, {"line_search_fn": "strong_wolfe"}, steps=10, n=n)
        np.testing.assert_allclose(places[-1], 1, atol=1e-3)


def test_several_parameters_of_several_shapes_and_complex_ones(torch):
    results = []
    for xp in (tenon, torch):
        a = xp.asarray(np.ones((2, 3))).requires_grad_()
        b = xp.asarray(np.array([1 + 2j, -1j])).requires_grad_()
        unused = xp.asarray(np.ones(2)).requires_grad_()
        optimizer = xp.optim.LBFGS([a, b, unused], lr=0.5, max_iter=4)

        def closure(a=a, b=b, optimizer=optimizer):
            optimizer.zero_grad()
            loss = ((a - 2) ** 2).sum() + ((b.real - 3) ** 2 + b.imag**2).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        assert unused.tolist() == [1, 1]
        results.append([a.detach().numpy(), b.detach().numpy()])
    for x, y in zip(*results, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9)


def test_the_state_dict_continues_the_path(torch):
    options = {"line_search_fn": "strong_wolfe", "max_iter": 3}
    _, wanted, _ = path(torch, rosenbrock, options, steps=8)
    _, places, half = path(torch, rosenbrock, options, steps=4)
    w = tenon.asarray(places[-1].copy()).requires_grad_()
    optimizer = tenon.optim.LBFGS([w])
    optimizer.load_state_dict(half.state_dict())

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(tenon, w)
        loss.backward()
        return loss

    for _ in range(4):
        optimizer.step(closure)
    np.testing.assert_allclose(w.detach().numpy(), wanted[-1], rtol=1e-5)


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
def test_a_closure_that_fails_leaves_everything_as_it_was(line_search):
    w = tenon.tensor([-1.0, 1.0], requires_grad=True)
    optimizer = tenon.optim.LBFGS([w], lr=1e-3, line_search_fn=line_search)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        optimizer.zero_grad()
        loss = rosenbrock(tenon, w)
        loss.backward()
        return loss

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(closure)
    assert w.tolist() == [-1, 1]
    assert not optimizer.state[w]
    assert tenon.is_grad_enabled()


def test_wrong_arguments():
    w = tenon.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="one group"):
        tenon.optim.LBFGS([{"params": [w]}, {"params": [tenon.ones(1)]}])
    with pytest.raises(ValueError, match="line_search_fn must be None or 'strong_wolfe'; got 'armijo'"):
        tenon.optim.LBFGS([w], line_search_fn="armijo")
    with pytest.raises(ValueError, match="lr must not be negative; got -1"):
        tenon.optim.LBFGS([w], lr=-1)
    with pytest.raises(TypeError, match="closure must be callable; got NoneType"):
        tenon.optim.LBFGS([w]).step(None)
