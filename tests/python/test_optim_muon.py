"""Muon and SyncBatchNorm beside PyTorch's."""

import copy

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")
BOTH = (tenon, torch)
OPTIONS = [
    {},
    {"lr": 0.02, "weight_decay": 0.0},
    {"nesterov": False, "momentum": 0.5},
    {"adjust_lr_fn": "match_rms_adamw", "lr": 0.01},
    {"adjust_lr_fn": "original", "ns_steps": 3, "ns_coefficients": (2.0, -1.5, 0.5)},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (1, 3)])
def test_steps(options, shape):
    rng = np.random.default_rng(0)
    start, target = rng.standard_normal((2, *shape)).astype(np.float32)
    found = []
    for T in BOTH:
        w = T.from_numpy(start.copy()).requires_grad_()
        optimizer = T.optim.Muon([w], **options)
        for _ in range(4):
            optimizer.zero_grad()
            (w - T.from_numpy(target)).square().sum().backward()
            optimizer.step()
        found.append(
            (w.detach().numpy(), optimizer.state[w]["momentum_buffer"].numpy(), optimizer.state_dict())
        )
    moved = np.abs(found[1][0] - start).max()
    # PyTorch's directions are in bfloat16, whose numbers have 8 bits.
    np.testing.assert_allclose(found[0][0], found[1][0], atol=0.03 * moved)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-3, atol=1e-2 * moved + 1e-5)
    ours, theirs = (s["param_groups"][0] for *_, s in found)
    assert ours == theirs


def test_the_direction_has_singular_values_near_1():
    w = tenon.from_numpy(np.random.default_rng(1).standard_normal((20, 8))).requires_grad_()
    before = w.detach().clone()
    optimizer = tenon.optim.Muon([w], lr=1.0, weight_decay=0.0, adjust_lr_fn="original", momentum=0.0)
    w.grad = before.clone()
    optimizer.step()
    s = tenon.linalg.svdvals((before - w.detach()) / np.sqrt(20 / 8))
    assert s.min() > 0.6 and s.max() < 1.3


def test_states_are_loaded():
    rng = np.random.default_rng(0)
    w = tenon.from_numpy(rng.standard_normal((3, 4))).requires_grad_()
    optimizer = tenon.optim.Muon([w], lr=0.1)
    w.grad = tenon.ones_like(w.detach())
    optimizer.step()
    v = w.detach().clone().requires_grad_()
    other = tenon.optim.Muon([v])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    v.grad = w.grad.clone()
    optimizer.step()
    other.step()
    assert w.tolist() == v.tolist()
    assert optimizer.step(lambda: 3) == 3


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"lr": -1.0}, ValueError, "^Muon: lr must not be negative; got -1.0"),
        ({"lr": tenon.ones(2)}, ValueError, "^Muon: lr must have one element"),
        ({"momentum": -1.0}, ValueError, "^Muon: momentum"),
        ({"weight_decay": -1.0}, ValueError, "^Muon: weight_decay"),
        ({"adjust_lr_fn": "x"}, ValueError, "^Muon: adjust_lr_fn is one of"),
        ({"ns_coefficients": (1.0,)}, ValueError, "^Muon: there are three"),
        ({"ns_steps": 100}, ValueError, "^Muon: ns_steps must be below 100"),
        ({"params": [tenon.ones(2)]}, ValueError, r"^Muon: parameters must be matrices; got shape \(2,\)"),
        ({"params": [tenon.ones(2, 2) * 1j]}, RuntimeError, "^Muon: parameters must be real"),
    ],
)
def test_errors_of_muon(options, kind, text):
    with pytest.raises(kind, match=text):
        tenon.optim.Muon(**{"params": [tenon.ones(2, 2)], **options})


def test_nothing_is_half_done():
    a, b = (tenon.ones(2, 2).requires_grad_() for _ in range(2))
    fixed = tenon.from_numpy(np.broadcast_to(np.float32(1), (2, 2))).requires_grad_()
    optimizer = tenon.optim.Muon([a, b, fixed])
    for p in (a, b, fixed):
        p.grad = tenon.ones(2, 2)
    with pytest.raises(ValueError, match=r"^Muon\.step: .* read-only"):
        optimizer.step()
    assert a.tolist() == [[1, 1], [1, 1]] and not optimizer.state[a]


# ---- SyncBatchNorm ----


def test_sync_batch_norm_is_batch_norm():
    rng = np.random.default_rng(0)
    for shape in ((5, 3), (4, 3, 6), (2, 3, 4, 5), (2, 3, 2, 2, 2)):
        x = rng.standard_normal(shape)
        for options in (
            {},
            {"momentum": None},
            {"affine": False},
            {"track_running_stats": False},
            {"bias": False},
        ):
            found = []
            for T in BOTH:
                m, t = T.nn.SyncBatchNorm(3, **options).double(), T.from_numpy(x.copy()).requires_grad_()
                outputs = [m(t), m(t * 2)]
                m.eval()
                outputs.append(m(t))
                sum((y * y * y).sum() for y in outputs).backward()
                found.append([*(y.detach().numpy() for y in outputs), t.grad.numpy()])
                found[-1] += [b.numpy() for b in m.buffers()]
            for ours, theirs in zip(*found, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_conversion():
    for T in BOTH:
        inner = T.nn.Sequential(T.nn.BatchNorm2d(3, eps=0.1), T.nn.ReLU())
        model = T.nn.Sequential(T.nn.Conv2d(1, 3, 2), inner, T.nn.BatchNorm2d(3, affine=False)).eval()
        weight = inner[0].weight
        state = sorted(model.state_dict())
        new = T.nn.SyncBatchNorm.convert_sync_batchnorm(model)
        assert new is model and type(inner[0]).__name__ == type(model[2]).__name__ == "SyncBatchNorm"
        assert inner[0].weight is weight and inner[0].eps == 0.1 and not inner[0].training
        assert sorted(new.state_dict()) == state and new(T.ones(1, 1, 4, 4)).shape == (1, 3, 3, 3)
        alone = T.nn.SyncBatchNorm.convert_sync_batchnorm(T.nn.BatchNorm1d(2))
        assert type(alone).__name__ == "SyncBatchNorm"


def test_errors_of_sync_batch_norm():
    with pytest.raises(ValueError, match=r"^SyncBatchNorm: there are no process groups"):
        tenon.nn.SyncBatchNorm(2, process_group=3)
    with pytest.raises(ValueError, match=r"^SyncBatchNorm: the input must be"):
        tenon.nn.SyncBatchNorm(2)(tenon.ones(2))
