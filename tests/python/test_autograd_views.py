"""Views and in-place writes under gradients: random programs against PyTorch."""

import random

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch", reason="PyTorch is what the programs are compared with")


class Program:
    """The same steps on tenon's tensors and on PyTorch's: a pool of pairs, of which most are views."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        values = np.random.default_rng(seed)
        self.trace = []
        self.pool = []
        for shape in ((3, 4), (4,)):
            a = values.uniform(-1, 1, shape)
            self.pool.append((tenon.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)))
        self.leaves = list(self.pool)
        for shape, dtype in (((3, 4), float), ((2, 3, 2), float), ((3, 2), complex)):
            a = np.zeros(shape, dtype)
            self.pool.append((tenon.tensor(a), torch.tensor(a)))
        self.pool.append(tuple(t * 1 for t in self.leaves[0]))
        self.retained = []

    def step(self):
        kind = self.random.choices(["view", "write", "compute", "mode"], [5, 5, 2, 1])[0]
        getattr(self, kind)()

    def apply(self, text, function, *operands, keep=True):
        """function of the k-th tensors of the operands' pairs; both raise or neither does."""
        self.trace.append(text)
        results, errors = [], []
        for k in (0, 1):
            try:
                results.append(function(*(o[k] for o in operands)))
            except RuntimeError as e:
                errors.append(str(e))
        assert len(errors) in (0, 2), f"one of the two raised: {errors}"
        if results and keep:
            self.pool.append(tuple(results))
        for ours, theirs in self.pool:
            _ = theirs.grad_fn  # PyTorch takes a view that has not noticed its base's history for a leaf
            assert ours.requires_grad == theirs.requires_grad, f"{theirs.requires_grad=} after {text}"

    def pick(self):
        i = self.random.randrange(len(self.pool))
        return f"t{i}", self.pool[i]

    def view(self):
        name, t = self.pick()
        shape = tuple(t[1].shape)
        new = f"t{len(self.pool)}"
        choices = [(".unsqueeze(0)", lambda a: a.unsqueeze(0))]
        if shape:
            d, i = self.random.randrange(len(shape)), self.random.randrange(max(shape[0], 1))
            start, step = self.random.randrange(2), self.random.choice((1, 2))
            choices += [
                (f"[{i}]", lambda a: a[i]),
                (f"[{start}::{step}]", lambda a: a[start::step]),
                (f".narrow({d}, 0, {shape[d]})", lambda a: a.narrow(d, 0, shape[d])),
                ("[:]", lambda a: a[:]),
                (f".transpose(0, {d})", lambda a: a.transpose(0, d)),
            ]
        if t[1].is_contiguous() and t[0].is_contiguous():
            choices.append((".view(-1)", lambda a: a.view(-1)))
        if t[1].is_complex():
            choices += [(".real", lambda a: a.real), (".imag", lambda a: a.imag)] * 2
        if len(shape) == 2:
            choices += [(".diagonal()", lambda a: a.diagonal()), (".expand", lambda a: a.expand(2, *shape))]
        text, function = self.random.choice(choices)
        if t[1].numel() == 0 or len(shape) > 3:
            return
        self.apply(f"{new} = {name}{text}", function, t)

    def compute(self):
        name, t = self.pick()
        other, o = self.pick()
        new = f"t{len(self.pool)}"
        if self.random.random() < 0.5:
            self.apply(f"{new} = {name}.sin() + {name} * 0.5", lambda a: a.sin() + a * 0.5, t)
        elif o[1].shape == t[1].shape:
            self.apply(f"{new} = {name} * {other}", lambda a, b: a * b, t, o)

    def write(self):
        name, t = self.pick()
        other, o = self.pick()
        scale = self.random.choice((0.5, 2, -1))
        choices = [
            (f"{name}.mul_({scale})", lambda a, b: a.mul_(scale)),
            (f"{name}.sin_()", lambda a, b: a.sin_()),
        ]
        if not t[1].is_complex():
            choices.append((f"{name}.relu_()", lambda a, b: a.relu_()))
        if 0 not in t[1].stride():  # PyTorch fills repeated elements
            choices.append((f"{name}.fill_({scale})", lambda a, b: a.fill_(scale)))
        try:
            fits = torch.broadcast_shapes(t[1].shape, o[1].shape) == t[1].shape
        except RuntimeError:
            fits = False
        if fits and (t[1].is_complex() or not o[1].is_complex()):
            # A copy of a part of itself is another program in PyTorch: it reads while it writes.
            choices += [
                (f"{name}.add_({other}.clone())", lambda a, b: a.add_(b.clone())),
                (f"{name}.mul_({other}.clone())", lambda a, b: a.mul_(b.clone())),
                (f"{name}.copy_({other}.clone())", lambda a, b: a.copy_(b.clone())),
                (f"{name}[...] = {other} * {scale}", lambda a, b: a.__setitem__(..., b * scale)),
            ] * 2
        text, function = self.random.choice(choices)
        self.apply(text, function, t, o, keep=False)

    def mode(self):
        name, t = self.pick()
        new = f"t{len(self.pool)}"

        def under_no_grad(function):
            def run(a):
                with (tenon if isinstance(a, tenon.Tensor) else torch).no_grad():
                    return function(a)

            return run

        choice = self.random.randrange(3)
        if choice == 0:
            self.apply(f"no_grad: {name}.mul_(2)", under_no_grad(lambda a: a.mul_(2)), t, keep=False)
        elif choice == 1:
            self.apply(f"{new} = {name}.detach()", lambda a: a.detach(), t)
        elif t[1].requires_grad and not t[1].is_leaf and not t[1]._is_view():
            self.apply(f"{name}.retain_grad()", lambda a: a.retain_grad(), t, keep=False)
            self.retained.append(t)

    def second(self):
        """Both's first and second derivatives by the leaves, or None as in backward()."""
        done = []
        for k, module in enumerate((tenon, torch)):
            parts = [(t[k] * t[k]).abs().sum() + t[k].sin().abs().sum() for t in self.pool]
            leaves = [t[k] for t in self.leaves]
            try:
                first = module.autograd.grad(
                    sum(parts[1:], parts[0]), leaves, create_graph=True, allow_unused=True
                )
                squares = sum((g * g).sum() for g in first if g is not None)
                done.append([*first, *module.autograd.grad(squares, leaves, allow_unused=True)])
            except RuntimeError as e:
                assert "version" in str(e) or "modified" in str(e), str(e)
        return done if len(done) == 2 else None

    def backward(self):
        """Both's gradients, unless one of the two needs what was written over: they keep different things."""
        done = []
        for k, module in enumerate((tenon, torch)):
            # Every tensor twice, so that each of its nodes has several consumers.
            parts = [t[k].sin().sum().real + (t[k] * (i + 1)).abs().sum() for i, t in enumerate(self.pool)]
            loss = sum(parts[1:], parts[0])
            # PyTorch's views forget the views that they came from at any write, also one without a gradient.
            wanted = [t[k] for t in self.pool if t[1].requires_grad and not t[1]._is_view()]
            try:
                loss.backward(retain_graph=True)
                found = [t[k].grad for t in self.leaves + self.retained]
                # PyTorch's grad() adds to what is retained.
                found = [g if g is None else g.clone() for g in found]
                found += module.autograd.grad(loss, wanted, allow_unused=True)
            except RuntimeError as e:
                assert "version" in str(e) or "modified" in str(e), str(e)
                continue
            done.append(found)
        return done if len(done) == 2 else None


def same(ours, theirs):
    zeros = np.zeros(1)
    a = zeros if ours is None else ours.detach().numpy()
    b = zeros if theirs is None else theirs.detach().numpy()
    return np.allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("order", "programs"), [("backward", 400), ("second", 200)])
def test_random_programs(order, programs):
    compared = 0
    for seed in range(programs):
        p = Program(seed)
        try:
            for _ in range(12):
                p.step()
            done = getattr(p, order)()
            assert all(same(*t) for t in p.pool), "a value"
            assert done is None or all(map(same, *done)), f"the gradients {done}"
            compared += done is not None
        except AssertionError as e:
            pytest.fail(f"seed {seed}: {e}\n" + "\n".join(p.trace))
    assert compared > programs / 2
