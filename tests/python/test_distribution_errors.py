"""tenon.distributions: errors, modes, subclasses, constraints, devices."""

import math

import numpy as np
import pytest
import tenon
from distribution_cases import REAL, A, torch
from support import run_python, sim_environment
from tenon import distributions as D


def test_errors_name_the_distribution_the_parameter_and_the_values():
    t, nan = tenon.tensor, math.nan
    zeros, ones, V, T, N = tenon.zeros, tenon.ones, ValueError, TypeError, NotImplementedError
    for f, error, text in (
        (lambda: D.Normal(0.0, t([1.0, -1.0, nan])), V, r"^Normal: scale must .*got \[-1.0, nan\]"),
        (lambda: D.Normal(nan, 1.0), V, r"^Normal: loc must satisfy Real\(\); got \[nan\]"),
        (lambda: D.Normal(0.0, -ones(9)), V, r"\[-1.0(, -1.0){5}\] and 3 more"),
        (lambda: D.Normal(zeros(3), ones(2)), V, r"^Normal: .*got loc \(3,\), scale \(2,\)"),
        (lambda: D.Normal(1j, 1.0), T, "^Normal: loc"),
        (lambda: D.Normal("x", 1.0), T, "^Normal: loc"),
        (lambda: D.Laplace(0.0, 0.0), V, r"^Laplace: scale .*got \[0.0\]"),
        (lambda: D.Exponential(-2.0), V, r"^Exponential: rate .*got \[-2.0\]"),
        (lambda: D.Uniform(t([0.0, 2.0]), 1.0), V, r"^Uniform: high must .*shape \(2,\)\); got \[1.0\]"),
        (lambda: D.Uniform(zeros(2, 1), t([1.0, 2.0])).log_prob(t([1.5, 1.5])), V, r"got \[1.5, 1.5\]"),
        (lambda: D.Uniform(zeros(2, 1), t([1.0, 2.0])).log_prob(t(-1.0)), V, r"got \[-1.0(, -1.0){3}\]"),
        (lambda: D.Independent(D.Uniform(zeros(2), 1.0), 1).log_prob(t([2.0, 0.0])), V, r"got \[2.0\]"),
        (lambda: D.Bernoulli(1.5), V, r"^Bernoulli: probs must satisfy interval\(.*got \[1.5\]"),
        (lambda: D.Bernoulli(), V, "^Bernoulli: give probs or logits, one of them; got neither"),
        (lambda: D.Categorical(t([1.0]), t([1.0])), V, "^Categorical: give .*got both"),
        (lambda: D.Categorical(t([-1.0, 3.0])), V, r"^Categorical: probs must .*\[\[-0.5, 1.5\]\]"),
        (lambda: D.Categorical(zeros(3)), V, r"^Categorical: probs must .*nan"),
        (lambda: D.Categorical(t(1.0)), V, r"^Categorical: probs has its classes .*got shape \(\)"),
        (lambda: D.Categorical(logits=t([nan, 0.0])), V, "^Categorical: logits must"),
        (lambda: D.Categorical(ones(3)).log_prob(t([0, 3])), V, r"^Categorical: value .*got \[3\]"),
        (lambda: D.OneHotCategorical(ones(3)).log_prob(t([1.0, 1.0, 0.0])), V, r"value must satisfy OneHot"),
        (lambda: D.Multinomial(3, ones(2)).log_prob(t([1.0, 1.0])), V, r"^Multinomial: value .*\[1.0, 1.0\]"),
        (lambda: D.Multinomial(2.5, ones(2)), T, "^Multinomial: total_count must be an int; got 2.5"),
        (lambda: D.Multinomial(-1, ones(2)), V, "^Multinomial: total_count must not be negative; got -1"),
        (lambda: D.Bernoulli(0.5).log_prob(0.5), V, r"^Bernoulli: value .*Boolean\(\); got \[0.5\]"),
        (lambda: D.Uniform(0.0, 1.0).log_prob(2.0), V, r"^Uniform: value must .*got \[2.0\]"),
        (lambda: D.Exponential(1.0).cdf(-1.0), V, r"^Exponential: value must .*got \[-1.0\]"),
        (lambda: D.Normal(0.0, 1.0).icdf(1.5), V, r"^Normal: value must .*got \[1.5\]"),
        (lambda: D.Normal(zeros(3), 1.0).log_prob(zeros(2)), V, r"^Normal: value must .*got \(2,\)"),
        (lambda: D.OneHotCategorical(ones(3)).log_prob(t(1.0)), V, r"must broadcast .*\(3,\); got \(\)"),
        (lambda: D.Normal(0.0, 1.0).sample(3), T, "^Normal.sample: a shape is a tuple of ints; got 3"),
        (lambda: D.Normal(0.0, ones(3)).expand((2,)), V, r"\(3,\).*\(2,\)"),
        (lambda: D.Normal(0.0, 1.0).enumerate_support(), N, "^Normal: its values"),
        (lambda: D.Categorical(ones(2)).cdf(1), N, r"^Categorical: cdf\(\)"),
        (lambda: D.kl_divergence(1, D.Normal(0.0, 1.0)), T, "^kl_divergence: p must be .*; got int"),
        (lambda: D.kl_divergence(D.Categorical(ones(2)), D.Categorical(ones(3))), V,
             "^kl_divergence: the events"),
        (lambda: D.register_kl(int, D.Normal), T, "^register_kl: type_p"),
        (lambda: D.Distribution.set_default_validate_args(1), V, "^set_default_validate_args"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            f()


def test_validation_can_be_left_out():
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    p = D.Uniform(0.0, 1.0, validate_args=False)
    assert p.log_prob(tenon.tensor([-1.0, 0.5, 2.0])).tolist() == [-math.inf, 0, -math.inf]
    assert p.cdf(tenon.tensor([-1.0, 2.0])).tolist() == [0, 1]
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
        with pytest.raises(ValueError, match="scale"):
            D.Normal(0.0, -1.0, validate_args=True)
    finally:
        D.Distribution.set_default_validate_args(True)
    assert not D.Normal(0.0, 1.0, validate_args=False).expand((2,))._validate_args


def test_what_is_computed_in_no_grad_keeps_its_history():
    logits = tenon.zeros(3, requires_grad=True)
    p = D.Categorical(logits=logits)
    p.sample()  # forms probs
    with tenon.no_grad():
        assert p.probs.requires_grad
    p.probs[0].backward()
    assert logits.grad is not None
    probs = tenon.full((2,), 0.5, requires_grad=True)
    q = D.Bernoulli(probs)
    with tenon.no_grad():
        _ = q.logits
    q.log_prob(tenon.ones(2)).sum().backward()
    assert tenon.allclose(probs.grad, tenon.full((2,), 2.0))


def test_subclasses():
    class Shifted(D.Normal):
        def __init__(self, loc):
            super().__init__(loc, 1.0)

    with pytest.raises(NotImplementedError, match=r"^Shifted: .*needs an expand\(\)"):
        Shifted(0.0).expand((2,))
    assert D.kl_divergence(Shifted(1.0), D.Normal(0.0, 1.0)).item() == 0.5  # as its base

    class Plain(D.Normal):
        pass

    assert type(Plain(0.0, 1.0).expand((2,))) is Plain

    @D.register_kl(Plain, D.Normal)
    def own(p, q):
        return tenon.tensor(7.0)

    assert D.kl_divergence(Plain(0.0, 1.0), D.Normal(0.0, 1.0)).item() == 7
    assert D.kl_divergence(D.Normal(0.0, 1.0), Plain(0.0, 1.0)).item() == 0

    class Own(D.Distribution):
        pass

    for f in (lambda d: d.mean, lambda d: d.variance, lambda d: d.mode, lambda d: d.support,
              lambda d: d.entropy(), lambda d: d.log_prob(1), lambda d: d.icdf(1), lambda d: d.sample(),
              lambda d: d.expand((1,))):  # fmt: skip
        with pytest.raises(NotImplementedError, match=r"^Own: "):
            f(Own())


CONSTRAINTS = {
    "real": REAL, "positive": REAL, "nonnegative": REAL, "unit_interval": REAL, "boolean": A([0.0, 1.0, 0.5]),
    "nonnegative_integer": A([0.0, -1.0, 2.5, 3.0]), "positive_integer": A([0.0, 1.0, 1.5]),
    "simplex": A([[0.5, 0.5], [0.5, 0.6], [-0.5, 1.5]]), "one_hot": A([[0.0, 1.0], [1.0, 1.0], [0.5, 0.5]]),
    "real_vector": A([[1.0, np.nan], [1.0, 2.0]]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints(name):
    ours, theirs = getattr(D.constraints, name), getattr(torch.distributions.constraints, name)
    value = CONSTRAINTS[name]
    assert ours.check(tenon.from_numpy(value)).tolist() == theirs.check(torch.from_numpy(value)).tolist()
    assert (ours.event_dim, ours.is_discrete) == (theirs.event_dim, theirs.is_discrete)


def test_constraints_with_bounds():
    c, t = D.constraints, tenon.tensor([0.0, 0.5, 1.0, 2.0])
    assert c.interval(0, 1).check(t).tolist() == [True, True, True, False]
    assert c.half_open_interval(0, 1).check(t).tolist() == [True, True, False, False]
    assert c.integer_interval(0, 1).check(t).tolist() == [True, False, True, False]
    assert c.greater_than(0.5).check(t).tolist() == [False, False, True, True]
    assert c.greater_than_eq(0.5).check(t).tolist() == [False, True, True, True]
    assert c.less_than(1).check(t).tolist() == [True, True, False, False]
    assert set(D.Uniform.arg_constraints) == {"low", "high"}
    assert all(map(c.is_dependent, D.Uniform.arg_constraints.values()))
    assert c.is_dependent(c.dependent) and c.is_dependent(D.Uniform.support) and not c.is_dependent(c.real)
    with pytest.raises(ValueError, match=r"^dependent"):
        c.dependent().check(t)
    with pytest.raises(ValueError, match=r"^independent: an event has 1 dimensions; got shape \(\)"):
        c.real_vector.check(tenon.tensor(1.0))
    assert repr(c.interval(0, tenon.ones(2))) == "interval(lower_bound=0, upper_bound=a tensor of shape (2,))"


# ---- devices, imports, use ----


def test_on_a_device():
    run_python(
        """
        import tenon
        from tenon import distributions as D
        t = tenon.tensor([1.0, 2.0, 3.0], device="cuda", requires_grad=True)
        made = [D.Normal(0.0, t), D.Laplace(t, 1.0), D.Exponential(t), D.Uniform(0.0, t), D.LogNormal(0.0, t)]
        for p in made:
            x = p.rsample((2,))
            assert x.device.type == "cuda" and x.shape == (2, 3) and x.requires_grad
            y = p.log_prob(x.detach()).sum() + p.entropy().sum()
            y.backward()
            assert p.mean.device.type == "cuda" and y.isfinite().item()
        for p in (D.Bernoulli(logits=t), D.Categorical(logits=t), D.OneHotCategorical(logits=t)):
            x = p.sample((4,))
            assert x.device.type == "cuda" and p.log_prob(x).isfinite().all().item()
        host = D.Categorical(logits=t.detach().cpu()).log_prob([0, 1])
        there = D.Categorical(logits=t).log_prob(tenon.tensor([0, 1], device="cuda"))
        assert tenon.allclose(there.cpu(), host)
        assert tenon.allclose(D.Normal(0.0, t).icdf(0.25).cpu(), D.Normal(0.0, t.cpu()).icdf(0.25))
        """,
        **sim_environment(),
    )


def test_the_import_is_lazy_and_needs_no_numpy():
    run_python(
        """
        import sys, tenon
        assert "tenon.distributions" not in sys.modules
        p = tenon.distributions.Normal(0.0, 1.0)
        p.log_prob(p.sample((3,))).sum()
        from tenon.distributions.kl import kl_divergence
        assert kl_divergence(p, p).item() == 0
        assert "numpy" not in sys.modules and "tenon.nn" not in sys.modules
        """
    )


def test_a_policy_learns():
    """REINFORCE on a bandit: the better arm is found."""
    tenon.manual_seed(0)
    logits = tenon.zeros(3, requires_grad=True)
    reward = tenon.tensor([0.0, 1.0, 0.2])
    optimizer = tenon.optim.Adam([logits], lr=0.1)
    for _ in range(100):
        policy = D.Categorical(logits=logits)
        action = policy.sample((32,))
        loss = -(policy.log_prob(action) * (reward[action] - 0.4)).mean() - 0.001 * policy.entropy()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert D.Categorical(logits=logits).probs[1].item() > 0.9
