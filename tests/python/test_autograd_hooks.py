"""Hooks on tensors and nodes, grad_fn as a node, and hooks that replace how tensors are saved."""

import gc
import weakref

import pytest
import tenon
from tenon.autograd import graph

try:
    import torch
except ImportError:
    torch = None


def libraries():
    return [tenon] if torch is None else [tenon, torch]


def test_order_of_hooks_is_pytorchs():
    seen = []
    for xp in libraries():
        order = []
        x = xp.tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        z = (y * y).sum()
        x.register_hook(lambda g, o=order: o.append(("x", g.tolist())))
        y.register_hook(lambda g, o=order: (o.append(("y1", g.tolist())), g * 10)[1])
        y.register_hook(lambda g, o=order: o.append(("y2", g.tolist())))
        y.retain_grad()
        y.grad_fn.register_prehook(lambda gs, o=order: o.append(("pre", [g.tolist() for g in gs])))
        y.grad_fn.register_hook(
            lambda i, out, o=order: o.append(("post", i[0].tolist(), [g.tolist() for g in out]))
        )
        x.register_post_accumulate_grad_hook(lambda t, o=order: o.append(("leaf", t.grad.tolist())))
        z.backward()
        order.append(("retained", y.grad.tolist(), x.grad.tolist()))
        seen.append(order)
    assert [e[0] for e in seen[0]] == ["y1", "y2", "pre", "post", "x", "leaf", "retained"]
    assert all(order == seen[0] for order in seen)


def test_a_tensor_hook_replaces_the_gradient_and_can_be_removed():
    x = tenon.ones(2, requires_grad=True)
    handle = x.register_hook(lambda g: g * 3)
    assert isinstance(handle, graph.RemovableHandle)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [6, 6]
    handle.remove()
    handle.remove()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [8, 8]
    with x.register_hook(lambda g: g * 0):
        (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [10, 10]


def test_hooks_see_grad_too_and_work_with_create_graph():
    x = tenon.tensor([3.0], requires_grad=True)
    y = x * x
    y.register_hook(lambda g: g * x)
    (g,) = tenon.autograd.grad(y, x, create_graph=True)
    (second,) = tenon.autograd.grad(g, x)
    assert (g.item(), second.item()) == (18, 12)


def test_a_node_hook_replaces_gradients():
    x = tenon.ones(2, requires_grad=True)
    y = x * 2
    y.grad_fn.register_prehook(lambda gs: (gs[0] * 5,))
    y.grad_fn.register_hook(lambda gi, go: (gi[0] + 1, None))
    y.sum().backward()
    assert x.grad.tolist() == [11, 11]


def test_errors_of_hooks():
    x = tenon.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^register_hook: the tensor requires no grad"):
        tenon.ones(2).register_hook(lambda g: g)
    with pytest.raises(TypeError, match="must be callable; got int"):
        x.register_hook(1)
    with pytest.raises(RuntimeError, match="must be a leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)
    for wrong, error in [
        (lambda g: g.sum(), ValueError),
        (lambda g: "no", TypeError),
        (lambda g: 1 / 0, ZeroDivisionError),
    ]:
        with x.register_hook(wrong), pytest.raises(error):
            (x * 2).sum().backward()
    y = x * 2
    with (
        y.grad_fn.register_hook(lambda i, o: (1, 2, 3)),
        pytest.raises(TypeError, match="a tuple of 2 gradients"),
    ):
        y.sum().backward(retain_graph=True)
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_grad_fn_is_a_node():
    x = tenon.ones(2, requires_grad=True)
    y = x * tenon.ones(2)
    node = y.grad_fn
    assert repr(node) == "<mul>" and node.name() == "mul"
    assert y.grad_fn is node
    (leaf, number), nothing = node.next_functions
    assert number == 0 and nothing == (None, 0)
    assert leaf.name() == "AccumulateGrad" and leaf.variable is x and leaf.next_functions == ()
    a, b = y.split(1)
    assert a.grad_fn is b.grad_fn
    (_, first), (_, second) = (a + b).grad_fn.next_functions
    assert (first, second) == (0, 1)
    node.metadata["seen"] = True
    del node
    assert y.grad_fn.metadata == {"seen": True}
    with pytest.raises(AttributeError):
        _ = y.grad_fn.variable
    assert x.grad_fn is None


def test_what_is_saved_goes_through_the_hooks():
    packed = []
    x = tenon.tensor([1.0, 2.0], requires_grad=True)

    def pack(t):
        assert not t.requires_grad and not tenon.is_grad_enabled()
        packed.append(t)
        return t.numpy().copy()

    with graph.saved_tensors_hooks(pack, tenon.from_numpy):
        y = (x * x).exp()
    assert len(packed) == 3
    (g,) = tenon.autograd.grad(y.sum(), x, create_graph=True)
    assert tenon.allclose(g, 2 * x * (x * x).exp())
    (second,) = tenon.autograd.grad(g.sum(), x)
    assert tenon.allclose(second, (2 + 4 * x * x) * (x * x).exp())
    with graph.save_on_cpu(), graph.save_on_cpu():
        y = x.sin()
    y.sum().backward()
    assert tenon.allclose(x.grad, x.cos())


def test_errors_of_saved_tensors_hooks():
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    with (
        graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t),
        pytest.raises(RuntimeError, match="in place"),
    ):
        _ = x.clone().sin()
    with graph.saved_tensors_hooks(lambda t: 1, lambda t: t):
        y = x.sin()
    with pytest.raises(TypeError, match="must return a tensor; got int"):
        y.sum().backward()
    with pytest.raises(TypeError, match="must be callable"):
        graph.saved_tensors_hooks(1, 2)
    with (
        graph.disable_saved_tensors_hooks("not now"),
        pytest.raises(RuntimeError, match="saved_tensors_hooks: not now"),
        graph.save_on_cpu(),
    ):
        pass
    with graph.save_on_cpu():
        pass


# ---- the garbage collector sees what hooks hold ----


def dies(make) -> bool:
    """Whether the object that make returns a weak reference to is collected."""
    gc.collect()
    reference = make()
    gc.collect()
    return reference() is None


class Token:
    pass


def test_cycles_through_hooks_die():
    def on_a_leaf():
        token = Token()
        x = tenon.ones(2, requires_grad=True)
        x.register_hook(lambda g: (token, x))
        return weakref.ref(token)

    def on_a_result():
        token = Token()
        y = tenon.ones(2, requires_grad=True) * 2
        y.register_hook(lambda g: (token, y))
        return weakref.ref(token)

    def on_a_node():
        token = Token()
        y = tenon.ones(2, requires_grad=True).exp()
        y.grad_fn.register_hook(lambda i, o: (token, y))
        return weakref.ref(token)

    def after_a_leaf():
        token = Token()
        x = tenon.ones(2, requires_grad=True)
        x.register_post_accumulate_grad_hook(lambda t: (token, x))
        (x * 2).sum().backward()
        return weakref.ref(token)

    def deep():
        token = Token()
        y = tenon.ones(2, requires_grad=True) * 2
        first = y
        for _ in range(50):
            y = y + y
        first.register_hook(lambda g, y=y: (token, y))
        return weakref.ref(token)

    def by_metadata():
        token = Token()
        y = tenon.ones(2, requires_grad=True).exp()
        y.grad_fn.metadata["me"] = (token, y)
        return weakref.ref(token)

    for make in (on_a_leaf, on_a_result, on_a_node, after_a_leaf, deep, by_metadata):
        assert dies(make), make.__name__


def test_what_is_used_elsewhere_lives():
    token = Token()
    x = tenon.ones(2, requires_grad=True)
    y = x * 2
    calls = []
    y.register_hook(lambda g, held=(token, y): calls.append(held))
    z = y + 1
    reference = weakref.ref(token)
    del token, y
    gc.collect()
    assert reference() is not None
    z.sum().backward()
    assert len(calls) == 1
    calls.clear()
    del z
    gc.collect()
    assert reference() is None
