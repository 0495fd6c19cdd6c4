"""What the tests of tenon.optim share: runs in tenon and in PyTorch, and PyTorch's list of cases."""

import numpy as np
import tenon
from support import torch_testing

SHAPES = [(3, 4), (5,), (), (2, 1, 3), (0, 3)]
# Whose step is one program; Adafactor's is not, and has real parameters alone.
FUSED = [
    "SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "ASGD", "Rprop",
]  # fmt: skip
IN_CPP = [*FUSED, "Adafactor"]

# Beside PyTorch's own cases: all options at once, and what those leave out.
MORE_CASES = {
    "SGD": [
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True},
        {"lr": 0.1, "momentum": 0.9, "dampening": 1.0},
    ],
    "Adam": [
        {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"betas": (0.0, 0.5), "eps": 0.1},
    ],
    "AdamW": [{"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.0}, {"betas": (0.5, 0.9)}],
    "Adamax": [{"betas": (0.5, 0.9), "eps": 1e-3}],
    "NAdam": [{"lr": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1, "maximize": True}],
    "RAdam": [
        {
            "lr": 0.1,
            "betas": (0.9, 0.99),
            "decoupled_weight_decay": True,
            "weight_decay": 0.1,
            "maximize": True,
        },
        {"betas": (0.5, 0.6)},  # which never knows the variance
    ],
    "RMSprop": [{"momentum": 0.9}, {"centered": True, "alpha": 0.5}],
    "Adagrad": [{"eps": 0.1, "maximize": True, "lr_decay": 0.1}],
    "ASGD": [
        {"lr": 0.1, "t0": 5, "alpha": 0.5, "lambd": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "t0": 0, "maximize": True},
    ],
    "Rprop": [{"lr": 0.3, "etas": (0.3, 1.5), "step_sizes": (0.1, 0.5), "maximize": True}],
    "Adafactor": [
        {"lr": 0.1, "beta2_decay": -0.3, "eps": (1e-4, 0.1), "d": 1.5, "weight_decay": 0.1, "maximize": True},
        {"lr": 10.0},
    ],
    "Adadelta": [{"rho": 0.5, "eps": 0.1, "maximize": True, "weight_decay": 0.5}],
}


def database(torch):
    """PyTorch's optim_db."""
    assert torch
    module = torch_testing("common_optimizers")
    return {info.optim_cls.__name__: info for info in module.optim_db}


def shapes_of(name):
    """PyTorch's Adafactor divides by the number of elements."""
    return [s for s in SHAPES if 0 not in s or name != "Adafactor"]


def values(seed, dtype, shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(s), dtype) for s in shapes]


def leaves(xp, arrays):
    return [xp.asarray(a.copy()).requires_grad_() for a in arrays]


def set_gradients(xp, params, arrays):
    for p, a in zip(params, arrays, strict=True):
        p.grad = xp.asarray(a.copy())


def train(xp, name, options, dtype, steps=20, optimizer=None, params=None):
    """The parameters and their optimizer after so many steps with random gradients."""
    params = leaves(xp, values(0, dtype, shapes_of(name))) if params is None else params
    optimizer = getattr(xp.optim, name)(params, **options) if optimizer is None else optimizer
    for step in range(steps):
        set_gradients(xp, params, values(step + 1, dtype, shapes_of(name)))
        optimizer.step()
    return params, optimizer


def numbers(t):
    return t.detach().numpy() if hasattr(t, "detach") else np.asarray(t)


def assert_same(ours, theirs, dtype, what=""):
    single = dtype == np.float32
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            numbers(x), numbers(y), rtol=2e-5 if single else 2e-7, atol=2e-6 if single else 1e-9, err_msg=what
        )


def assert_same_state(ours, theirs, dtype, what=""):
    """Whether two state dicts have the same keys, in the same order, and values."""
    assert list(ours) == list(theirs) == ["state", "param_groups"]
    assert len(ours["param_groups"]) == len(theirs["param_groups"])
    for a, b in zip(ours["param_groups"], theirs["param_groups"], strict=True):
        assert a.keys() == b.keys(), what
        for key, value in a.items():
            if isinstance(value, tuple):  # None stands for NaN
                np.testing.assert_allclose(np.array(value, float), np.array(b[key], float))
                continue
            np.testing.assert_allclose(value if key != "lr" else float(value), b[key]) if isinstance(
                value, int | float | list | tuple | tenon.Tensor
            ) else None
    assert sorted(ours["state"]) == sorted(theirs["state"])
    for k, kept in ours["state"].items():
        assert list(kept) == list(theirs["state"][k]), what
        assert_same(kept.values(), theirs["state"][k].values(), dtype, f"{what}, parameter {k}")
