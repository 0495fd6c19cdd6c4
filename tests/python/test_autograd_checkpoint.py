"""checkpoint and autograd.functional."""

import numpy as np
import pytest
import tenon
from tenon.autograd import checkpoint, functional, gradcheck, gradgradcheck

try:
    import torch
except ImportError:
    torch = None


def block(x, w):
    return (x @ w).tanh() * x.exp()


def data():
    generator = tenon.Generator(0)
    x = tenon.randn(3, 3, dtype=tenon.float64, generator=generator).requires_grad_()
    w = tenon.randn(3, 3, dtype=tenon.float64, generator=generator).requires_grad_()
    return x, w


def test_checkpoint_gives_the_same_gradients_with_less_kept():
    x, w = data()
    plain = tenon.autograd.grad(block(block(x, w), w).sum(), (x, w))
    y = checkpoint(block, checkpoint(block, x, w), w)
    again = tenon.autograd.grad(y.sum(), (x, w))
    for a, b in zip(plain, again, strict=True):
        assert tenon.equal(a, b)
    assert gradcheck(lambda x, w: checkpoint(block, x, w), (x, w))
    assert gradgradcheck(lambda x, w: checkpoint(block, x, w), (x, w))
    nested = checkpoint(lambda x, w: block(checkpoint(block, x, w), w), x, w)
    for a, b in zip(plain, tenon.autograd.grad(nested.sum(), (x, w)), strict=True):
        assert tenon.equal(a, b)
    y = checkpoint(block, x, w)
    first = tenon.autograd.grad(y.sum(), x, retain_graph=True)[0]
    assert tenon.equal(first, tenon.autograd.grad(y.sum(), x)[0])


def test_checkpoint_frees_what_lies_between():
    x = tenon.ones(1000, 1000, requires_grad=True)
    tenon.memory.release()

    def many(t):
        for _ in range(10):
            t = t.sin()
        return t

    before = tenon.memory.stats()["in_use"]
    y = many(x)
    full = tenon.memory.stats()["in_use"] - before
    del y
    y = checkpoint(many, x)
    assert tenon.memory.stats()["in_use"] - before < full / 4
    y.sum().backward()
    assert x.grad is not None


def test_checkpoint_repeats_the_random_numbers():
    x = tenon.ones(100, requires_grad=True)
    masks = []

    def dropout(t):
        mask = (tenon.rand(100) > 0.5).to(tenon.float32)
        masks.append(mask)
        return t * mask * t

    y = checkpoint(dropout, x)
    state = tenon.random.get_rng_state()
    y.sum().backward()
    assert tenon.random.get_rng_state() == state
    assert len(masks) == 2 and tenon.equal(*masks)
    assert tenon.equal(x.grad, 2 * masks[0])


def test_errors_of_checkpoint():
    x, w = data()
    assert tenon.equal(checkpoint(block, x, w, use_reentrant=True), block(x, w))
    calls = []

    def changes(t):
        calls.append(1)
        return t.sin() if len(calls) == 1 else t.sum().sin()

    with pytest.raises(RuntimeError, match="checkpoint: a saved tensor was"):
        checkpoint(changes, x).sum().backward()
    a = np.ones(3)
    t = tenon.ones(3, dtype=tenon.float64, requires_grad=True)
    y = checkpoint(lambda t, b: (t * b).sin(), t, tenon.from_numpy(a))
    a[0] = 9
    with pytest.raises(RuntimeError, match=r"written|changed"):
        y.sum().backward()
    with tenon.no_grad():
        assert not checkpoint(block, x, w).requires_grad


def pow_reducer(x, y):
    return (x**3).sum() + (x * y).sum() ** 2


def adder(x, y):
    return 2 * x + 3 * y, x * y


def test_functional():
    x, y = tenon.tensor([1.0, 2.0], dtype=tenon.float64), tenon.tensor([3.0, 4.0], dtype=tenon.float64)
    jacobian = functional.jacobian(adder, (x, y))
    assert np.allclose(jacobian[0][0].numpy(), 2 * np.eye(2)) and np.allclose(
        jacobian[0][1].numpy(), 3 * np.eye(2)
    )
    assert np.allclose(jacobian[1][0].numpy(), np.diag([3, 4])) and np.allclose(
        jacobian[1][1].numpy(), np.diag([1, 2])
    )
    hessian = functional.hessian(pow_reducer, (x, y))
    s = 11.0
    assert np.allclose(hessian[0][0].numpy(), np.diag([6, 12]) + 2 * np.outer(y, y))
    assert np.allclose(hessian[0][1].numpy(), 2 * np.outer(y, x) + 2 * s * np.eye(2))
    v = (tenon.tensor([1.0, -1.0], dtype=tenon.float64), tenon.tensor([0.5, 2.0], dtype=tenon.float64))
    _, product = functional.hvp(pow_reducer, (x, y), v)
    _, other = functional.vhp(pow_reducer, (x, y), v)
    full = np.block([[h.numpy() for h in row] for row in hessian]) @ np.concatenate([t.numpy() for t in v])
    assert np.allclose(np.concatenate([p.numpy() for p in product]), full)
    assert np.allclose(np.concatenate([p.numpy() for p in other]), full)
    outputs, forward = functional.jvp(adder, (x, y), v)
    assert np.allclose(outputs[1].numpy(), [3, 8])
    assert np.allclose(forward[0].numpy(), 2 * v[0].numpy() + 3 * v[1].numpy())
    _, back = functional.vjp(adder, (x, y), v)
    assert np.allclose(back[0].numpy(), 2 * v[0].numpy() + y.numpy() * v[1].numpy())


def test_functional_of_one_tensor_and_create_graph():
    x = tenon.tensor([1.0, 2.0], dtype=tenon.float64, requires_grad=True)
    j = functional.jacobian(lambda t: t.exp(), x, create_graph=True)
    assert j.shape == (2, 2) and j.requires_grad
    j.sum().backward()
    assert tenon.allclose(x.grad, x.exp())
    assert not functional.hessian(lambda t: (t**3).sum(), x).requires_grad
    value, g = functional.vjp(lambda t: t.sum() * 0 + 1, x)
    assert value.item() == 1 and g.tolist() == [0, 0]
    assert functional.jacobian(lambda t: tenon.ones(2), x).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(RuntimeError, match="does not depend on the inputs"):
        functional.jacobian(lambda t: tenon.ones(2), x, strict=True)
    with pytest.raises(RuntimeError, match="must return one tensor of one element"):
        functional.hessian(lambda t: t * 2, x)
    with pytest.raises(RuntimeError, match=r"v\[0\] must have shape \(2,\); got \(3,\)"):
        functional.vjp(lambda t: t * 2, x, tenon.ones(3))


@pytest.mark.skipif(torch is None, reason="PyTorch is what the results are compared with")
def test_functional_agrees_with_pytorch():
    a, b = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    for name, f in [("jacobian", adder), ("hessian", pow_reducer)]:
        ours = getattr(functional, name)(f, (tenon.from_numpy(a), tenon.from_numpy(b)))
        theirs = getattr(torch.autograd.functional, name)(f, (torch.from_numpy(a), torch.from_numpy(b)))
        for x, y in zip(ours, theirs, strict=True):
            for p, q in zip(x, y, strict=True):
                assert np.allclose(p.numpy(), q.numpy())
