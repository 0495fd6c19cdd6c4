"""Function: recording, contexts, in-place and several outputs, errors, second derivatives, lifetimes."""

import gc
import weakref

import numpy as np
import pytest
import tenon
from tenon.autograd import Function, gradcheck, gradgradcheck
from tenon.autograd.function import once_differentiable

try:
    import torch
except ImportError:
    torch = None


class Cube(Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * x * x * scale

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x * ctx.scale, None


def leaf(*values):
    return tenon.tensor(values, dtype=tenon.float64).requires_grad_()


def test_forward_and_backward_to_second_order():
    x = leaf(1.0, -2.0, 0.5)
    y = Cube.apply(x, 2.0)
    assert y.grad_fn.name() == "CubeBackward" and y.grad_fn.scale == 2.0
    assert gradcheck(lambda t: Cube.apply(t, 2.0), (x,)) and gradgradcheck(lambda t: Cube.apply(t, 2.0), (x,))
    y.sum().backward()
    with pytest.raises(RuntimeError, match=r"used and freed \(at CubeBackward\)"):
        y.sum().backward()
    with tenon.no_grad():
        assert not Cube.apply(x, 2.0).requires_grad
    assert not Cube.apply(x.detach(), 2.0).requires_grad


def test_needs_input_grad_and_setup_context():
    seen = []

    class Product(Function):
        @staticmethod
        def forward(a, b):
            return a * b

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs, output)

        @staticmethod
        def backward(ctx, g):
            a, b, y = ctx.saved_tensors
            seen.append((ctx.needs_input_grad, y.tolist()))
            return g * b if ctx.needs_input_grad[0] else None, g * a if ctx.needs_input_grad[1] else None

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    Product.apply(a, b.detach()).sum().backward()
    assert a.grad.tolist() == [3, 4] and seen == [((True, False), [3, 8])]
    assert gradgradcheck(Product.apply, (a, b))


def test_numpy_on_the_tensors_own_memory():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = tenon.from_numpy(np.exp(x.detach().numpy()))
            ctx.save_for_backward(y)
            return y

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g.numpy() * ctx.saved_tensors[0].numpy()

    x = leaf(0.0, 1.0)
    assert gradcheck(Exp.apply, (x,))
    (g,) = tenon.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    assert np.allclose(g.detach().numpy(), np.exp([0, 1]))
    with pytest.raises(RuntimeError, match="Exp: its backward is marked @once_differentiable"):
        g.sum().backward()


def test_several_outputs_and_gradients_that_do_not_come():
    for xp in [tenon] if torch is None else [tenon, torch]:
        got = []

        class Both(xp.autograd.Function):
            @staticmethod
            def forward(ctx, x, materialize):
                ctx.set_materialize_grads(materialize)
                positions = x.argmax()
                fixed = x.sign()
                ctx.mark_non_differentiable(fixed)
                return x * 2, x * 3, fixed, positions, "text"

            @staticmethod
            def backward(ctx, g2, g3, *rest, got=got):
                got.append([None if g is None else g.tolist() for g in (g2, g3)])
                return (0 if g2 is None else g2 * 2) + (0 if g3 is None else g3 * 3), None

        for materialize in (True, False):
            x = xp.tensor([1.0, 2.0], requires_grad=True)
            a, b, fixed, positions, text = Both.apply(x, materialize)
            assert (
                a.requires_grad
                and b.requires_grad
                and not fixed.requires_grad
                and not positions.requires_grad
            )
            assert text == "text" and a.grad_fn is b.grad_fn
            b.sum().backward()
            assert x.grad.tolist() == [3, 3]
        assert got == [[[0, 0], [1, 1]], [None, [1, 1]]]


def test_in_place():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0, 2.0)
    y = x * 1
    z = Double.apply(y)
    assert z is y and y.tolist() == [2, 4]
    (y * y).sum().backward()
    assert x.grad.tolist() == [8, 16]
    with pytest.raises(RuntimeError, match="leaf"):
        Double.apply(x)
    kept = (w := x * 1).sin()
    Double.apply(w)
    with pytest.raises(RuntimeError, match=r"modified|written|in place"):
        kept.sum().backward()

    class Forgets(Double):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x * 2

    with pytest.raises(RuntimeError, match="must be returned"):
        Forgets.apply(x * 1)


def test_an_input_that_is_returned_shares_memory_and_gets_a_history():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 7

    x = leaf(1.0, 2.0)
    y = Same.apply(x)
    assert y is not x and y.data_ptr() == x.data_ptr() and y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [7, 7]


def test_what_is_saved_is_guarded():
    a = np.ones(3)
    x = leaf(1.0, 2.0, 3.0)

    class Times(Function):
        @staticmethod
        def forward(ctx, x, b):
            ctx.save_for_backward(b)
            return x * b

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0], None

    y = Times.apply(x, tenon.from_numpy(a))
    a[0] = 5
    with pytest.raises(RuntimeError, match="TimesBackward"):
        y.sum().backward()


def test_errors():
    def function(backward, forward=lambda ctx, x: x * 2):
        return type("F", (Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})

    x = leaf(1.0, 2.0)
    cases = [
        (
            lambda ctx, g: (g, g),
            RuntimeError,
            "F: backward must return a gradient, or None, for each of the 1 arguments",
        ),
        (
            lambda ctx, g: tenon.ones(5),
            RuntimeError,
            r"FBackward: its backward returned a gradient of shape \(5,\)",
        ),
        (lambda ctx, g: "no", TypeError, "must return tensors or None; got str"),
        (lambda ctx, g: 1 / 0, ZeroDivisionError, "division"),
    ]
    for backward, error, message in cases:
        with pytest.raises(error, match=message):
            function(backward).apply(x).sum().backward()
    function(lambda ctx, g: (g, None, None)).apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="argument 1 is no tensor"):
        function(lambda ctx, g: (g, g), lambda ctx, x, n: x * n).apply(x, 2).sum().backward()
    with pytest.raises(TypeError, match="set it as an attribute of ctx"):
        function(None, lambda ctx, x: ctx.save_for_backward(3)).apply(x)
    with pytest.raises(NotImplementedError, match="must define backward"):
        type("F", (Function,), {"forward": staticmethod(lambda ctx, x: x * 2)}).apply(x).sum().backward()


def test_cycles_through_a_context_die():
    class Token:
        pass

    def make():
        token = Token()

        class F(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.token = token
                ctx.y = y = x * 2
                return y

            @staticmethod
            def backward(ctx, g):
                return g * 2

        y = F.apply(leaf(1.0))
        reference = weakref.ref(token)
        y.grad_fn.register_hook(lambda i, o: (token, y))
        return reference

    gc.collect()
    reference = make()
    gc.collect()
    assert reference() is None


def test_backward_within_backward_and_threads():
    import threading

    class Nested(Function):
        @staticmethod
        def forward(ctx, x):
            with tenon.enable_grad():
                ctx.x = x.detach().requires_grad_()
                ctx.y = ctx.x.sin()
            return ctx.y.detach()

        @staticmethod
        def backward(ctx, g):
            ctx.y.backward(g, retain_graph=True)
            r, ctx.x.grad = ctx.x.grad, None
            return r

    x = leaf(1.0, 2.0)
    results = []

    def work():
        (g,) = tenon.autograd.grad(Nested.apply(x).sum(), x)
        results.append(tenon.allclose(g, x.detach().cos()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [True] * 4
