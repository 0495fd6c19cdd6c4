"""GradScaler beside PyTorch's: factors, skipped steps and the order of calls."""

import numpy as np
import pytest
import tenon


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def course(xp, gradients, interval=3, clip=False):
    """The factor and the parameter after each step with these gradients of the scaled loss."""
    w = xp.ones(2, requires_grad=True)
    optimizer = xp.optim.SGD([w], lr=0.5)
    scaler = xp.amp.GradScaler("cpu", init_scale=8.0, growth_factor=4.0, growth_interval=interval)
    seen = []
    for i, g in enumerate(gradients):
        optimizer.zero_grad()
        scaler.scale((w * xp.tensor(g)).sum()).backward()
        if clip:
            scaler.unscale_(optimizer)
            w.grad.clamp_(-0.25, 0.25)
        scaler.step(optimizer)
        scaler.update()
        if i == 4:
            state = scaler.state_dict()
            scaler = xp.amp.GradScaler("cpu")
            scaler.load_state_dict(state)
        seen.append([scaler.get_scale(), *w.tolist()])
    return seen, scaler.state_dict()


@pytest.mark.parametrize("clip", [False, True])
def test_the_course_is_that_of_torch(torch, clip):
    inf, nan = float("inf"), float("nan")
    gradients = [[1.0, 0.5], [inf, 1.0], [1.0, 1.0], [1.0, nan], *[[0.5, 0.25]] * 8, [-inf, 0.0], [1.0, 1.0]]
    ours, state = course(tenon, gradients, clip=clip)
    theirs, wanted = course(torch, gradients, clip=clip)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert state == wanted


def test_small_gradients_survive_in_half_precision():
    """1e-6 * 1e-3 is 0 in float16; scaled it is not."""
    updates = []
    for enabled in (False, True):
        w = tenon.ones(1, requires_grad=True)
        scaler = tenon.amp.GradScaler("cpu", init_scale=2.0**14, enabled=enabled)
        optimizer = tenon.optim.SGD([w], lr=1.0)
        loss = (w.to(tenon.float16) * 1e-5 * 1e-4).to(tenon.float32).sum()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        updates.append(w.grad.item())
    assert updates[0] == 0
    assert updates[1] == pytest.approx(1e-9, rel=0.01)


def test_a_scaler_that_is_not_enabled_does_nothing():
    w = tenon.ones(1, requires_grad=True)
    optimizer = tenon.optim.SGD([w], lr=0.5)
    scaler = tenon.amp.GradScaler(enabled=False)
    loss = w.sum()
    assert scaler.scale(loss) is loss
    assert scaler.get_scale() == 1.0
    assert scaler.state_dict() == {}
    loss.backward()
    assert scaler.step(optimizer, lambda: 3.0) == 3.0
    scaler.update()
    assert w.item() == 0.5


def test_lists_are_scaled_and_others_refused():
    scaler = tenon.amp.GradScaler(init_scale=2.0)
    a, (b,) = scaler.scale((tenon.ones(1), [tenon.ones(1)]))
    assert (a.item(), b.item()) == (2, 2)
    with pytest.raises(ValueError, match=r"GradScaler.scale: expected a tensor, .*; got float"):
        scaler.scale(1.0)


def test_the_order_of_calls():
    w = tenon.ones(1, requires_grad=True)
    w.grad = tenon.ones(1)
    optimizer = tenon.optim.SGD([w])
    scaler = tenon.amp.GradScaler()
    with pytest.raises(RuntimeError, match="no gradients were looked at"):
        scaler.update()
    with pytest.raises(RuntimeError, match="closures are not supported"):
        scaler.step(optimizer, closure=lambda: 1)
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="the gradients are unscaled already"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="has stepped already"):
        scaler.step(optimizer)
    scaler.update(4.0)
    assert scaler.get_scale() == 4.0
    half = tenon.ones(1, dtype=tenon.float16, requires_grad=True)
    half.grad = tenon.ones(1, dtype=tenon.float16)
    with pytest.raises(ValueError, match="the gradients are float16"):
        scaler.unscale_(tenon.optim.SGD([half]))


def test_wrong_options():
    for options, message in [
        ({"growth_factor": 1.0}, "growth_factor must be more than 1; got 1.0"),
        ({"backoff_factor": 1.0}, r"backoff_factor must be in \(0, 1\); got 1.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            tenon.amp.GradScaler(**options)
    with pytest.raises(RuntimeError, match="the state dict is empty"):
        tenon.amp.GradScaler().load_state_dict({})
