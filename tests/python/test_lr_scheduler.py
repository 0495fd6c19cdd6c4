"""The schedules of learning rates beside PyTorch's for 60 epochs; their state, order and errors."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import tenon


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


class Halving:
    """A function that is an object: its attributes are part of the state."""

    def __init__(self, base=0.5):
        self.base = base

    def __call__(self, epoch):
        return self.base ** (epoch / 10)


# name: a function from (lr_scheduler, optimizer) to the scheduler.
SCHEDULERS = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda e: 0.9**e),
    "LambdaLR, by group": lambda s, o: s.LambdaLR(o, [Halving(), lambda e: 1 / (1 + e)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.9 if e % 3 else 1.1),
    "StepLR": lambda s, o: s.StepLR(o, 7, 0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 20, 20, 41], 0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR, long": lambda s, o: s.ConstantLR(o, 0.25, total_iters=100),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR, down": lambda s, o: s.LinearLR(o, 1.0, 0.1, total_iters=40),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.93),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o),
    "PolynomialLR, square": lambda s, o: s.PolynomialLR(o, 50, 2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 13),
    "CosineAnnealingLR, eta_min": lambda s, o: s.CosineAnnealingLR(o, T_max=70, eta_min=1e-3),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "CosineAnnealingWarmRestarts, longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 1e-3),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.4, total_steps=61),
    "OneCycleLR, linear": lambda s, o: s.OneCycleLR(
        o, [0.4, 0.3], epochs=10, steps_per_epoch=7, anneal_strategy="linear", three_phase=True, pct_start=0.4
    ),
    "OneCycleLR, no momentum": lambda s, o: s.OneCycleLR(o, 0.4, total_steps=70, cycle_momentum=False),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=8),
    "CyclicLR, triangular2": lambda s, o: s.CyclicLR(
        o, [0.01, 0.02], [0.2, 0.3], step_size_up=5, step_size_down=9, mode="triangular2"
    ),
    "CyclicLR, exp_range": lambda s, o: s.CyclicLR(
        o, 0.01, 0.2, step_size_up=8, mode="exp_range", gamma=0.95, cycle_momentum=False
    ),
    "CyclicLR, scale_fn": lambda s, o: s.CyclicLR(
        o, 0.01, 0.2, step_size_up=8, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=5), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 20)], [5, 30]
    ),
    "SequentialLR, restarts": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, total_iters=20), s.CosineAnnealingWarmRestarts(o, 6)], milestones=[10]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, total_iters=20), s.ExponentialLR(o, 0.9), s.StepLR(o, 9, 0.8)]
    ),
    "SequentialLR of chains": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.ConstantLR(o, 0.1, 7), s.ExponentialLR(o, 0.9)]), s.StepLR(o, 4)],
        milestones=[12],
    ),
}


def optimizer_of(xp, name="SGD"):
    one, two = (xp.ones(1, requires_grad=True) for _ in range(2))
    options = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(xp.optim, name)([{"params": [one]}, {"params": [two], "lr": 0.05}], lr=0.1, **options)


def options_of(optimizer):
    """What schedulers change: learning rates and momenta."""
    return [
        [float(g["lr"]), *([g["betas"][0]] if "betas" in g else [g.get("momentum", 0)])]
        for g in optimizer.param_groups
    ]


def course(xp, make, epochs=60, name="SGD", optimizer=None, scheduler=None):
    """The options at each epoch, and the optimizer and scheduler at the end."""
    if optimizer is None:
        optimizer = optimizer_of(xp, name)
        scheduler = make(xp.optim.lr_scheduler, optimizer)
    options, last = [options_of(optimizer)], [list(scheduler.get_last_lr())]
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        options.append(options_of(optimizer))
        last.append(list(scheduler.get_last_lr()))
    return options, last, optimizer, scheduler


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_sixty_epochs_are_those_of_torch(torch, name, optimizer):
    make = SCHEDULERS[name]
    options, last, _, scheduler = course(tenon, make, name=optimizer)
    wanted, theirs, _, reference = course(torch, make, name=optimizer)
    np.testing.assert_allclose(options, wanted, rtol=1e-12)
    np.testing.assert_allclose(last, theirs, rtol=1e-12)
    if name != "ChainedScheduler":
        assert scheduler.last_epoch == reference.last_epoch == 60
    assert name == "ConstantLR, long" or len({tuple(map(tuple, o)) for o in options}) > 1


@pytest.mark.parametrize("name", SCHEDULERS)
def test_state_dicts_continue_the_course(torch, name):
    """30 epochs, then a new optimizer and scheduler that load the states, ours and PyTorch's."""
    make = SCHEDULERS[name]
    wanted, *_ = course(tenon, make)
    for first in (tenon, torch):
        _, _, optimizer, scheduler = course(first, make, 30)
        saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
        fresh = optimizer_of(tenon)
        resumed = make(tenon.optim.lr_scheduler, fresh)
        fresh.load_state_dict(saved[0])
        before = copy.deepcopy(saved[1])
        resumed.load_state_dict(saved[1])
        assert saved[1] == before  # it is not used up
        options, *_ = course(tenon, make, 30, optimizer=fresh, scheduler=resumed)
        np.testing.assert_allclose(options, wanted[30:], rtol=1e-12)


@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "LambdaLR", "CosineAnnealingLR", "CyclicLR"])
def test_our_state_dicts_load_in_torch(torch, name):
    make = SCHEDULERS[name]
    _, _, _, scheduler = course(tenon, make, 20)
    reference = make(torch.optim.lr_scheduler, optimizer_of(torch))
    reference.load_state_dict(scheduler.state_dict())
    assert reference.last_epoch == 20
    np.testing.assert_allclose(reference.get_last_lr(), scheduler.get_last_lr())


def test_states_are_plain():
    """No object of the library: they go through files of numbers and strings."""
    for name, make in SCHEDULERS.items():
        _, _, _, scheduler = course(tenon, make, 3)
        assert pickle.loads(pickle.dumps(scheduler.state_dict())), name


@pytest.mark.parametrize(
    "name", ["StepLR", "MultiStepLR", "LinearLR", "ExponentialLR", "PolynomialLR", "ConstantLR"]
)
def test_going_to_an_epoch(torch, name):
    results = []
    for xp in (tenon, torch):
        optimizer = optimizer_of(xp)
        scheduler = SCHEDULERS[name](xp.optim.lr_scheduler, optimizer)
        optimizer.step()
        rates = []
        for epoch in (1, 10, 4, 41):
            with pytest.warns(UserWarning, match="epoch"):
                scheduler.step(epoch)
            rates.append(options_of(optimizer))
        results.append(rates)
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_restarts_take_fractions_of_epochs(torch):
    for options in ((7,), (5, 2)):
        results = []
        for xp in (tenon, torch):
            optimizer = optimizer_of(xp)
            scheduler = xp.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, *options)
            rates = []
            for batch in range(200):
                scheduler.step(batch / 10)
                rates.append(scheduler.get_last_lr())
            results.append(rates)
        np.testing.assert_allclose(*results, rtol=1e-12)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateaus(torch, mode, threshold_mode):
    metrics = np.concatenate([np.linspace(5, 1, 20), np.full(20, 1.0), np.linspace(1, 0.9, 20)])
    metrics = metrics if mode == "min" else 10 - metrics
    results = []
    for xp in (tenon, torch):
        optimizer = optimizer_of(xp)
        scheduler = xp.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode,
            factor=0.5,
            patience=3,
            threshold=0.01,
            threshold_mode=threshold_mode,
            cooldown=2,
            min_lr=[0.01, 0.001],
        )
        rates = []
        for i, m in enumerate(metrics):
            scheduler.step(m if i % 2 else xp.tensor(m))
            rates.append([*scheduler.get_last_lr(), scheduler.num_bad_epochs, scheduler.cooldown_counter])
            if i == 30:  # go on with another one
                state = scheduler.state_dict()
                scheduler = xp.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
                scheduler.load_state_dict(state)
        results.append(rates)
    np.testing.assert_allclose(*results, rtol=1e-12)
    assert results[0][-1][0] < 0.1


def test_going_on_from_an_epoch(torch):
    for name in ("ExponentialLR", "StepLR"):
        results = []
        for xp in (tenon, torch):
            optimizer = optimizer_of(xp)
            for group in optimizer.param_groups:
                group["initial_lr"] = 0.5
            kind = getattr(xp.optim.lr_scheduler, name)
            scheduler = kind(
                optimizer, **({"gamma": 0.5} if name[0] == "E" else {"step_size": 3}), last_epoch=4
            )
            assert scheduler.last_epoch == 5
            results.append(scheduler.get_last_lr())
        assert results[0] == results[1]
    with pytest.raises(KeyError, match="group 0 has no 'initial_lr'"):
        tenon.optim.lr_scheduler.StepLR(optimizer_of(tenon), 3, last_epoch=4)


def test_learning_rates_may_be_tensors():
    lr = tenon.tensor(1.0)
    optimizer = tenon.optim.SGD([tenon.ones(1)], lr=lr)
    scheduler = tenon.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert lr.item() == 0.5  # in place, for others that hold it
    assert optimizer.param_groups[0]["lr"] is lr
    assert scheduler.base_lrs[0].item() == 1.0
    assert scheduler.get_last_lr()[0].item() == 0.5


def test_the_order_of_steps():
    with pytest.warns(UserWarning, match="before the optimizer's step"):
        tenon.optim.lr_scheduler.StepLR(optimizer_of(tenon), 3).step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer = optimizer_of(tenon)
        scheduler = tenon.optim.lr_scheduler.StepLR(optimizer, 3)
        optimizer.step()
        scheduler.step()
        scheduler.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_wrong_arguments():
    s, o = tenon.optim.lr_scheduler, optimizer_of(tenon)
    plain = tenon.optim.Adagrad([tenon.ones(1)])
    other = s.StepLR(optimizer_of(tenon), 3)
    mine = s.StepLR(o, 3)
    for call, error, message in [
        (lambda: s.StepLR([1], 3), TypeError, "StepLR: optimizer must be an Optimizer; got list"),
        (
            lambda: s.LambdaLR(o, [Halving()]),
            ValueError,
            "LambdaLR: lr_lambda needs a value for each of the 2",
        ),
        (lambda: s.MultiplicativeLR(o, 3), TypeError, "must be a function or a list of functions; got int"),
        (lambda: s.StepLR(o, 0), ValueError, "step_size must be at least 1; got 0"),
        (lambda: s.ConstantLR(o, 1.5), ValueError, r"factor must be in \[0, 1\]; got 1.5"),
        (lambda: s.LinearLR(o, 0), ValueError, r"start_factor must be in \(0, 1\]; got 0"),
        (lambda: s.LinearLR(o, 1, -1), ValueError, r"end_factor must be in \[0, 1\]; got -1"),
        (lambda: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0 must be a positive int; got 0"),
        (
            lambda: s.CosineAnnealingWarmRestarts(o, 2, 1.5),
            ValueError,
            "T_mult must be a positive int; got 1.5",
        ),
        (lambda: s.CosineAnnealingWarmRestarts(o, 2).step(-1), ValueError, "must not be negative; got -1"),
        (lambda: s.OneCycleLR(o, 1.0), ValueError, "give total_steps, or both"),
        (
            lambda: s.OneCycleLR(o, 1.0, total_steps=-2),
            ValueError,
            "total_steps must be a positive int; got -2",
        ),
        (lambda: s.OneCycleLR(o, 1.0, 9, pct_start=2), ValueError, r"pct_start must be in \[0, 1\]; got 2"),
        (
            lambda: s.OneCycleLR(o, 1.0, 9, anneal_strategy="fast"),
            ValueError,
            "'cos' or 'linear'; got 'fast'",
        ),
        (
            lambda: s.OneCycleLR(o, [1.0], 9),
            ValueError,
            "max_lr needs a value for each of the 2 groups; got 1",
        ),
        (lambda: s.OneCycleLR(plain, 1.0, 9), ValueError, "Adagrad has neither momentum nor betas"),
        (lambda: s.CyclicLR(plain, 0.1, 1.0), ValueError, "Adagrad has neither momentum nor betas"),
        (lambda: s.CyclicLR(o, 0.1, 1.0, mode="round"), ValueError, "mode must be 'triangular'.*got 'round'"),
        (lambda: s.SequentialLR(o, [], []), ValueError, "there are no schedulers"),
        (
            lambda: s.SequentialLR(o, [other], []),
            ValueError,
            "scheduler 0, a StepLR, is one of another optimizer",
        ),
        (lambda: s.SequentialLR(o, [mine], [1]), ValueError, "1 schedulers need 0 milestones; got 1"),
        (
            lambda: s.ChainedScheduler([mine, s.ReduceLROnPlateau(o)]),
            ValueError,
            "scheduler 1 is a ReduceLROnPlateau",
        ),
        (lambda: s.ChainedScheduler([mine, 3]), TypeError, "scheduler 1 must be a scheduler; got int"),
        (lambda: s.ReduceLROnPlateau(o, "least"), ValueError, "mode must be 'min' or 'max'; got 'least'"),
        (lambda: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be less than 1; got 1.0"),
        (
            lambda: s.ReduceLROnPlateau(o, threshold_mode="x"),
            ValueError,
            "threshold_mode must be 'rel' or 'abs'",
        ),
        (
            lambda: s.ReduceLROnPlateau(o, min_lr=[0]),
            ValueError,
            "min_lr needs a value for each of the 2 groups",
        ),
    ]:
        with pytest.raises(error, match=message):
            call()
    cycle = s.OneCycleLR(optimizer_of(tenon), 1.0, total_steps=2)
    cycle.optimizer.step()
    for _ in range(2):
        cycle.step()
    with pytest.raises(ValueError, match="the cycle has 2 steps; got step 3"):
        cycle.step()
