"""Averages of models beside PyTorch's."""

import numpy as np
import pytest
import tenon

nn = pytest.importorskip("tenon.nn")


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def set_to(model, xp, seed):
    rng = np.random.default_rng(seed)
    with xp.no_grad():
        for t in [*model.parameters(), *model.buffers()]:
            t.copy_(xp.asarray((rng.standard_normal(tuple(t.shape)) * 8).astype(np.float32)))


def model_of(xp, integers):
    model = xp.nn.Sequential(xp.nn.Linear(3, 4), xp.nn.Linear(4, 2, bias=False))
    model.register_buffer("seen", xp.zeros(3))
    if integers:
        model.register_buffer("count", xp.zeros(2, dtype=xp.int64))
    return model


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        lambda u: {},
        lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.75)},
        lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
        lambda u: {"avg_fn": u.get_ema_avg_fn(0.75)},
        lambda u: {"avg_fn": u.get_swa_avg_fn()},
        lambda u: {"avg_fn": lambda average, value, n: 0.5 * average + 0.5 * value},
    ],
)
def test_averages_are_those_of_torch(torch, options, use_buffers):
    results = []
    for xp in (tenon, torch):
        chosen = options(xp.optim.swa_utils)
        # PyTorch's mean of integers fails.
        model = model_of(xp, not use_buffers or "ema" in str(chosen) or "avg_fn" in chosen or not chosen)
        averaged = xp.optim.swa_utils.AveragedModel(model, use_buffers=use_buffers, **chosen)
        for seed in range(5):
            set_to(model, xp, seed)
            averaged.update_parameters(model)
        assert averaged.n_averaged.item() == 5
        results.append({k: v.detach().numpy() for k, v in averaged.state_dict().items()})
    assert list(results[0]) == list(results[1])
    for key, value in results[0].items():
        np.testing.assert_allclose(value, results[1][key], rtol=1e-5, atol=1e-6, err_msg=key)


def test_the_averaged_model_is_a_module_of_its_own():
    model = nn.Linear(2, 2)
    averaged = tenon.optim.swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    x = tenon.ones(3, 2)
    np.testing.assert_allclose(averaged(x).tolist(), model(x).tolist())
    with tenon.no_grad():
        model.weight.zero_()
    assert averaged.module.weight.abs().sum().item() > 0
    with pytest.raises(ValueError, match="avg_fn or multi_avg_fn; got both"):
        utils = tenon.optim.swa_utils
        utils.AveragedModel(model, avg_fn=utils.get_swa_avg_fn(), multi_avg_fn=utils.get_swa_multi_avg_fn())
    with pytest.raises(ValueError, match="the model has 1 tensors, the averaged one 2"):
        averaged.update_parameters(nn.Linear(2, 2, bias=False))


def test_wrong_decays():
    for f in (tenon.optim.swa_utils.get_ema_avg_fn, tenon.optim.swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"decay must be in \[0, 1\]; got 1.5"):
            f(1.5)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 10])
def test_swalr_is_that_of_torch(torch, strategy, epochs):
    results = []
    for xp in (tenon, torch):
        optimizer = xp.optim.SGD([{"params": [xp.ones(1)]}, {"params": [xp.ones(1)], "lr": 0.5}], lr=0.1)
        scheduler = xp.optim.swa_utils.SWALR(optimizer, [0.01, 0.02], epochs, strategy)
        rates = [scheduler.get_last_lr()]
        for epoch in range(20):
            optimizer.step()
            scheduler.step()
            rates.append(scheduler.get_last_lr())
            if epoch == 5:
                state = scheduler.state_dict()
                scheduler = xp.optim.swa_utils.SWALR(optimizer, [0.01, 0.02])
                scheduler.load_state_dict(state)
        results.append(rates)
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_swalr_refuses():
    optimizer = tenon.optim.SGD([tenon.ones(1)])
    for options, message in [
        ({"anneal_strategy": "fast"}, "must be 'cos' or 'linear'; got 'fast'"),
        ({"anneal_epochs": -1}, "must be an int and not negative; got -1"),
        ({"swa_lr": [1.0, 2.0]}, "swa_lr needs a value for each of the 1 groups; got 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            tenon.optim.swa_utils.SWALR(optimizer, **{"swa_lr": 0.1, **options})
    assert "swa_lr" not in optimizer.param_groups[0]


class Norm(nn.Module):
    """Stands for a BatchNorm layer: the mean of what it saw."""

    def __init__(self):
        super().__init__()
        self.momentum = 0.1
        self.register_buffer("running_mean", tenon.full((2,), 7.0))
        self.seen = 0

    def reset_running_stats(self):
        self.running_mean.zero_()
        self.seen = 0

    def forward(self, x):
        assert self.training
        self.seen += 1
        weight = 1 / self.seen if self.momentum is None else self.momentum
        self.running_mean.lerp_(x.mean(0), weight)
        return x


def test_update_bn(monkeypatch):
    monkeypatch.setattr(nn, "BatchNorm1d", Norm, raising=False)
    model = nn.Sequential(nn.Linear(2, 2), Norm()).eval()
    with tenon.no_grad():
        model[0].weight.copy_(tenon.eye(2))
        model[0].bias.zero_()
    batches = [(tenon.full((4, 2), float(i)), i) for i in range(4)]
    tenon.optim.swa_utils.update_bn(batches, model)
    assert model[1].running_mean.tolist() == [1.5, 1.5]
    assert model[1].momentum == 0.1
    assert not model.training

    def broken():
        yield tenon.ones(4, 2)
        raise OSError

    with pytest.raises(OSError):
        tenon.optim.swa_utils.update_bn(broken(), model)
    assert model[1].momentum == 0.1
    assert not model.training
