"""vmap beside torch.vmap: dimensions, structures, gradients, randomness, errors."""

from collections import namedtuple

import numpy as np
import pytest
import tenon
from support import run_python

torch = pytest.importorskip("torch")

A = np.arange(24.0).reshape(2, 3, 4) / 7
Pair = namedtuple("Pair", "first second")


def same(got, wanted):
    if isinstance(wanted, torch.Tensor):
        assert got.dtype.name == str(wanted.dtype).removeprefix("torch.")
        np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), atol=1e-12)
    elif isinstance(wanted, dict):
        assert type(got) is dict and got.keys() == wanted.keys()
        for k, w in wanted.items():
            same(got[k], w)
    else:
        assert type(got) is type(wanted) and len(got) == len(wanted)
        for g, w in zip(got, wanted, strict=True):
            same(g, w)


@pytest.mark.parametrize(
    ("call", "args"),
    [
        (lambda s: s.vmap(s.sin), (A,)),
        (lambda s: s.vmap(s.dot), (A[0], A[1])),
        (lambda s: s.vmap(s.mv, in_dims=(None, 0)), (A[0], A[:, 0])),
        (lambda s: s.vmap(s.mv, in_dims=(0, None)), (A, A[0, 0])),
        (lambda s: s.vmap(lambda a: a.sum(0), in_dims=1), (A,)),
        (lambda s: s.vmap(lambda a: a * 2, in_dims=-1, out_dims=-1), (A,)),
        (lambda s: s.vmap(lambda a: a * 2, in_dims=2, out_dims=1), (A,)),
        (lambda s: s.vmap(lambda a, b: (a @ b, a.sum()), in_dims=(0, 1), out_dims=(1, 0)), (A, A[:, 0].T)),
        (lambda s: s.vmap(lambda a: [a, (a.sum(),)], out_dims=0), (A,)),
        (lambda s: s.vmap(lambda a: {"x": a.sum(), "y": [a, a + 1]}, out_dims={"x": 0, "y": [1, 0]}), (A,)),
        (lambda s: s.vmap(lambda a: Pair(a.sum(), a)), (A,)),
        (lambda s: s.vmap(s.vmap(s.dot)), (A, A + 1)),
        (lambda s: s.vmap(s.vmap(s.outer, in_dims=(0, None)), in_dims=(0, None)), (A, A[0, 0])),
        (lambda s: s.vmap(lambda d: d["a"] * d["b"], in_dims=({"a": 0, "b": None},)), ({"a": A, "b": A[0]},)),
        (lambda s: s.vmap(lambda p, x: p[0] * x + p[1], in_dims=((None, 0), 0)), ((A[0], A), A)),
        (lambda s: s.vmap(lambda p: p.first + p.second), (Pair(A, A),)),
        (lambda s: s.vmap(lambda a, k: a * k, in_dims=(0, None)), (A, 3)),
        (lambda s: s.vmap(lambda a: a.argmax()), (A,)),
        (lambda s: s.vmap(lambda a: a, chunk_size=1), (A,)),
    ],
)
def test_as_pytorchs(call, args):
    def of(space, value):
        if isinstance(value, np.ndarray):
            return space.from_numpy(value)
        if isinstance(value, dict):
            return {k: of(space, v) for k, v in value.items()}
        if isinstance(value, Pair):
            return Pair(*[of(space, v) for v in value])
        return tuple(of(space, v) for v in value) if isinstance(value, tuple) else value

    got, wanted = (call(s)(*[of(s, a) for a in args]) for s in (tenon, torch))
    same(got, wanted)


def test_keyword_arguments():
    def f(space, x):
        return space.vmap(lambda a, b, c: a * b + c)(x, b=x, c=2)

    same(f(tenon, tenon.from_numpy(A)), f(torch, torch.from_numpy(A)))


def test_what_only_a_loop_can_do():
    x = tenon.tensor([1.0, -2.0, 3.0])
    assert tenon.vmap(lambda a: a.sqrt() if a > 0 else a * 0)(x).tolist() == [1, 0, pytest.approx(3**0.5)]
    assert tenon.vmap(lambda a: tenon.from_numpy(np.array(a.item() * 2)))(x).tolist() == [2, -4, 6]


def test_gradients():
    w = tenon.from_numpy(A[0]).requires_grad_()
    x = tenon.from_numpy(A[:, 0]).requires_grad_()
    f = tenon.vmap(lambda w, x: (w @ x).tanh().sum(), in_dims=(None, 0))
    assert tenon.autograd.gradcheck(f, (w, x)) and tenon.autograd.gradgradcheck(f, (w, x))
    f = tenon.vmap(lambda x: x**3, in_dims=1, out_dims=-1)
    assert tenon.autograd.gradcheck(f, (x,)) and tenon.autograd.gradgradcheck(f, (x,))
    with tenon.no_grad():
        assert not f(x).requires_grad


def test_gradients_of_samples():
    """The gradient of each sample's loss, by vmap over a function that differentiates."""
    w = tenon.tensor([1.0, 2.0])

    def gradient(x):
        leaf = w.clone().requires_grad_()
        return tenon.autograd.grad((leaf * x).sum() ** 2, leaf)[0]

    x = tenon.tensor([[1.0, 1.0], [2.0, 0.0]])
    assert tenon.vmap(gradient)(x).tolist() == [[6, 6], [8, 0]]


def test_the_slices_are_views():
    x = tenon.zeros(3, 2)
    y = tenon.vmap(lambda a: a.add_(1))(x)
    assert x.tolist() == [[1, 1]] * 3 and not np.shares_memory(x.numpy(), y.numpy())
    c = tenon.zeros(2)
    assert tenon.vmap(lambda a, c: (a, c), in_dims=(0, None), out_dims=(0, None))(x, c)[1] is c


def test_randomness():
    x = tenon.zeros(4, 3)

    def noisy(a):
        return a + tenon.rand(3)

    tenon.manual_seed(3)
    state = tenon.get_rng_state()
    with pytest.raises(RuntimeError, match=r"^vmap: func draws random numbers; use randomness='different'"):
        tenon.vmap(noisy)(x)
    assert tenon.get_rng_state() == state
    different = tenon.vmap(noisy, randomness="different")(x)
    assert len(different.unique(dim=0)) == 4
    tenon.set_rng_state(state)
    equal = tenon.vmap(noisy, randomness="same")(x)
    assert len(equal.unique(dim=0)) == 1
    assert tenon.get_rng_state() != state  # moved by one slice's numbers
    tenon.set_rng_state(state)
    assert tenon.equal(equal[0], tenon.rand(3))


def test_errors():
    x = tenon.ones(3, 2)
    v = tenon.vmap
    for f, error, text in (
        (lambda: v(3), TypeError, "^vmap: func must be a function; got int"),
        (lambda: v(abs, randomness="none"), ValueError, "^vmap: randomness is .*got 'none'"),
        (lambda: v(abs, chunk_size=0), ValueError, "^vmap: chunk_size must be positive; got 0"),
        (lambda: v(abs)(1.0), ValueError, "^vmap: in_dims is 0 for an argument that is no tensor but float"),
        (lambda: v(abs)(), ValueError, "^vmap: there must be a tensor"),
        (lambda: v(abs, in_dims=None)(x), ValueError, "^vmap: there must be a tensor"),
        (lambda: v(abs, in_dims="a")(x), TypeError, "^vmap: in_dims are ints, None, .*got 'a'"),
        (lambda: v(abs, in_dims=(0, 0))(x), ValueError, r"in_dims has 2 entries for 1 .*got \(0, 0\)"),
        (lambda: v(abs, in_dims=2)(x), ValueError, "^vmap: in_dims is 2 for an argument of 2 dimensions"),
        (lambda: v(abs)(tenon.tensor(1.0)), ValueError, "of 0 dimensions"),
        (lambda: v(tenon.add)(x, x.T), ValueError, r"^vmap: the mapped .* one size; got \[3, 2\]"),
        (lambda: v(abs)(x[:0]), ValueError, "^vmap: the mapped dimension has size 0"),
        (lambda: v(lambda a: 1.0)(x), ValueError, "^vmap: func must return tensors; got float"),
        (lambda: v(lambda a: None)(x), ValueError, "^vmap: func must return tensors; got NoneType"),
        (lambda: v(abs, out_dims=(0, 0))(x), ValueError, "^vmap: out_dims has a structure"),
        (lambda: v(lambda a: (a, a), out_dims=(0,))(x), ValueError, "^vmap: out_dims has 1 entries for 2"),
        (lambda: v(abs, out_dims=None)(x), ValueError, "^vmap: out_dims is None for a result"),
        (lambda: v(abs, out_dims=5)(x), IndexError, "dimension 5"),
        (lambda: v(abs, in_dims=({"b": 0},))({"a": x}), ValueError, r"keys \['b'\]; the argument \['a'\]"),
        (lambda: v(lambda a: (a,) * int(a.sum()))(tenon.tensor([1, 2])), ValueError, "same structure"),
        (lambda: v(lambda a: {int(a): a})(tenon.tensor([1, 2])), ValueError, "same structure"),
        (lambda: v(lambda a: a.expand(int(a)))(tenon.tensor([1, 2])), ValueError, "stack"),
        (lambda: v(lambda a, c: c.add_(a), (0, None))(x, x[0]), RuntimeError, "^vmap: func writes in place"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            f()


def test_the_import_is_lazy():
    run_python(
        """
        import sys, tenon
        assert "tenon.func" not in sys.modules
        assert tenon.vmap is tenon.func.vmap and tenon.vmap(abs)(tenon.tensor([-1, 2])).tolist() == [1, 2]
        """
    )
