"""tenon.func against torch.func: values, structures, histories, compositions and errors."""

import copy

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")

X, Y = np.array([0.3, -1.2, 2.0]), np.array([1.5, 0.7, -0.4])
BOTH = (tenon, torch)


def plain(value):
    """A structure with lists of numbers in the places of tensors."""
    if isinstance(value, (tenon.Tensor, torch.Tensor)):
        return value.detach().cpu().numpy()
    if isinstance(value, (tuple, list)):
        return type(value)(plain(v) for v in value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for k in a:
            assert_same(a[k], b[k])
    elif isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    else:
        assert a == b


def products(T):
    """Calls under either library: T is its module."""
    F, x, y = T.func, T.from_numpy(X.copy()), T.from_numpy(Y.copy())
    s, d = T.tensor(0.7, dtype=T.float64), {"a": x, "b": (y, x * y)}
    z = T.complex(x, y) if hasattr(T, "complex") else x + y * 1j

    def f(x):
        return T.sin(x) * x.exp()

    def of_dict(d):
        return {"o": d["a"] * d["b"][0], "p": [d["b"][1].sum()]}

    def number(a, b=None):
        return (a**3).sum() if b is None else (a**2 * b).sum()

    yield lambda: F.grad(number)(x)
    yield lambda: F.grad(number, argnums=1)(x, y)
    yield lambda: F.grad(number, argnums=-1)(x, y)
    yield lambda: F.grad(number, argnums=(1, 0))(x, y)
    yield lambda: F.grad(number)(x, b=y)
    yield lambda: F.grad(lambda d: of_dict(d)["o"].sum() * of_dict(d)["p"][0])(d)
    yield lambda: F.grad(lambda a: (number(a), (a, a * 3)), has_aux=True)(x)
    yield lambda: F.grad(lambda a: T.tensor(1.0, dtype=T.float64))(x)
    yield lambda: F.grad(lambda z: (z * z.conj()).real.sum())(z)
    yield lambda: F.grad_and_value(number)(x)
    yield lambda: F.grad_and_value(lambda a: (number(a), {"k": a}), has_aux=True)(x)
    yield lambda: F.grad(F.grad(F.grad(lambda a: a**5)))(s)
    yield lambda: F.grad(lambda a: (F.grad(number)(a) ** 2).sum())(x)
    yield lambda: F.vmap(F.grad(lambda a: T.sin(a) * a))(x)
    yield lambda: F.vmap(F.grad(number, argnums=(0, 1)), in_dims=(0, None))(T.stack([x, y]), y)
    yield lambda: F.grad(lambda a: F.vmap(F.grad(lambda b: b**3))(a).sum())(x)
    yield lambda: F.vmap(F.vmap(F.grad(lambda a: a**3)))(T.stack([x, y]))
    yield lambda: F.vjp(f, x)[0]
    yield lambda: F.vjp(f, x)[1](y)
    yield lambda: F.vjp(of_dict, d)[1]({"o": y, "p": [s]})
    yield lambda: F.vjp(lambda a, b: (a @ b, a * b), x, y)[1]((s, x))
    yield lambda: F.vjp(lambda a: (f(a), {"n": a * 2}), x, has_aux=True)[2]
    yield lambda: F.vjp(lambda a: a, x)[1](y)
    yield lambda: F.vmap(F.vjp(f, x)[1])(T.stack([x, y]))
    yield lambda: F.vjp(F.vjp(f, x)[1], y)[1]((x,))
    yield lambda: F.jvp(f, (x,), (y,))
    yield lambda: F.jvp(of_dict, (d,), ({"a": y, "b": (x, y)},))
    yield lambda: F.jvp(lambda a, b: (a @ b, a + 1), (x, y), (y, x))
    yield lambda: F.jvp(lambda a: (f(a), a + 5), (x,), (y,), has_aux=True)
    yield lambda: F.jvp(lambda a: (a.argmax(), a), (x,), (y,))
    yield lambda: F.jvp(lambda a: T.ones(2, dtype=T.float64), (x,), (y,))
    yield lambda: F.jvp(lambda z: z * z.conj() + z, (z,), (z * 1j,))
    yield lambda: F.jvp(F.grad(number), (x,), (y,))
    yield lambda: F.jvp(lambda a: F.jvp(f, (a,), (y,))[1], (x,), (y,))
    yield lambda: F.grad(lambda a: F.jvp(f, (a,), (y,))[1].sum())(x)
    yield lambda: F.vmap(lambda t: F.jvp(f, (x,), (t,))[1])(T.stack([x, y]))
    yield lambda: F.linearize(f, x)[0]
    yield lambda: F.linearize(lambda a, b: {"k": a * b}, x, y)[1](y, x)
    for jac in (F.jacrev, F.jacfwd):
        yield lambda jac=jac: jac(f)(x)
        yield lambda jac=jac: jac(of_dict)(d)
        yield lambda jac=jac: jac(lambda a, b: (T.outer(a, b), a.sum()), argnums=(1, 0))(x, y)
        yield lambda jac=jac: jac(lambda a, b: a @ b, argnums=1)(x, y)
        yield lambda jac=jac: jac(lambda a: (f(a), a), has_aux=True)(x)
        yield lambda jac=jac: jac(lambda a: T.ones(2, dtype=T.float64))(x)
        yield lambda jac=jac: jac(jac(f))(x)
        yield lambda jac=jac: F.vmap(jac(T.sin))(T.stack([x, y]))
    yield lambda: F.jacrev(lambda a: a.sum(0), chunk_size=1)(T.stack([x, y]))
    yield lambda: F.hessian(number)(x)
    yield lambda: F.hessian(f)(x)
    yield lambda: F.hessian(number, argnums=(0, 1))(x, y)
    yield lambda: F.hessian(lambda d: d["a"] @ d["b"][0])(d)
    yield lambda: F.jacrev(F.jacfwd(f))(x)
    yield lambda: F.jacfwd(F.jacrev(f))(x)


@pytest.mark.parametrize("i", range(len(list(products(tenon)))))
def test_values_and_structures(i):
    ours, theirs = (list(products(T))[i]() for T in BOTH)
    assert_same(plain(ours), plain(theirs))


def histories(T):
    """Results, and whether they require grad."""
    F = T.func
    x, w = T.from_numpy(X.copy()), T.from_numpy(Y.copy()).requires_grad_()
    grad = F.grad(lambda a: (a * a).sum())
    yield grad(x)
    yield grad(w)
    yield F.grad(lambda a: (a * w).sum())(x)
    yield F.grad(lambda a: (a * a * w.detach()).sum())(x)
    yield F.grad_and_value(lambda a: (a * w).sum())(x)[1]
    yield F.grad_and_value(lambda a: (a * a).sum())(x)[1]
    yield F.grad(lambda a: ((a * a).sum(), a * 2), has_aux=True)(x)[1]
    yield F.vjp(T.sin, x)[0]
    yield F.vjp(T.sin, x)[1](x)[0]
    yield F.vjp(T.sin, x)[1](w)[0]
    yield F.vjp(T.sin, w)[1](x)[0]
    yield F.vjp(T.sin, w)[0]
    yield F.jvp(T.sin, (x,), (x,))[1]
    yield F.jvp(T.sin, (x,), (w,))[1]
    yield F.jvp(T.sin, (w,), (x,))[1]
    yield F.jacrev(T.sin)(x)
    yield F.jacrev(T.sin)(w)
    yield F.jacfwd(T.sin)(w)
    yield F.hessian(lambda a: (a**3).sum())(w)
    yield F.hessian(lambda a: (a**3).sum())(x)
    with T.no_grad():
        yield grad(w)
        yield F.vjp(T.sin, w)[0]
        yield F.jacrev(T.sin)(w)
        yield F.jvp(T.sin, (w,), (x,))[1]


def test_only_what_the_caller_knows_is_recorded():
    for i, (ours, theirs) in enumerate(zip(histories(tenon), histories(torch), strict=True)):
        assert ours.requires_grad == theirs.requires_grad, i
        np.testing.assert_allclose(plain(ours), plain(theirs), rtol=1e-12)


def test_backward_goes_on_through_results():
    found = []
    for T in BOTH:
        w = T.from_numpy(Y.copy()).requires_grad_()
        x = T.from_numpy(X.copy())
        y = T.func.grad(lambda a, w=w: (a**3 * w).sum())(x).sum() + T.func.jacrev(lambda a: a**2)(w).sum()
        (y + T.func.jvp(lambda a: a**3, (w,), (x,))[1].sum()).backward()
        found.append(plain(w.grad))
        assert x.grad is None and not x.requires_grad
    assert_same(*found)


def test_a_graph_with_many_paths_is_walked_once():
    def doubled(x):
        for _ in range(60):
            x = x + x
        return x

    assert tenon.func.grad(doubled)(tenon.tensor(1.0)).item() == 2.0**60


def errors(T):
    F, x = T.func, T.from_numpy(X.copy())
    yield lambda: F.grad(lambda a: a * a)(x)
    yield lambda: F.grad(lambda a: 3.0)(x)
    yield lambda: F.grad(lambda a: (a.sum(),))(x)
    yield lambda: F.grad(T.sum, argnums=1)(x)
    yield lambda: F.grad(T.sum, argnums=())(x)
    yield lambda: F.grad(T.sum, argnums=(0, 0))(x)
    yield lambda: F.grad(T.sum, argnums=[0])(x)
    yield lambda: F.grad(lambda a: a)(3.0)
    yield lambda: F.grad(lambda a: a.double().sum())(T.arange(3))
    yield lambda: F.grad(lambda a: (a * 1j).sum())(x)
    yield lambda: F.grad(T.sum, has_aux=True)(x)
    yield lambda: F.vjp(T.sin, x)[1](T.ones(2))
    yield lambda: F.vjp(T.sin, x)[1]((x,))
    yield lambda: F.vjp(T.argmax, x)
    yield lambda: F.vjp(lambda a: 3, x)
    yield lambda: F.vjp(T.sin, x, has_aux=True)
    yield lambda: F.jvp(T.sin, x, x)
    yield lambda: F.jvp(T.sin, (x,), (T.ones(2),))
    yield lambda: F.jvp(T.sin, (x,), (x, x))
    yield lambda: F.jvp(lambda a: T.ones(2), (x,), (x,), strict=True)
    yield lambda: F.jvp(lambda a: 3, (x,), (x,))
    yield lambda: F.linearize(T.sin, x)[1](T.ones(2))
    yield lambda: F.jacrev(lambda a: a * 1j)(x)
    yield lambda: F.jacfwd(T.sin)(x * 1j)
    yield lambda: F.jacrev(T.sin, chunk_size=0)(x)
    yield lambda: F.stack_module_state([])
    yield lambda: F.stack_module_state([T.nn.Linear(1, 1), T.nn.Linear(1, 1).eval()])
    yield lambda: F.stack_module_state([T.nn.Linear(1, 1), T.nn.ReLU()])
    yield lambda: F.stack_module_state([T.nn.Linear(1, 1), T.nn.Linear(1, 1).requires_grad_(False)])
    yield lambda: F.functional_call(T.nn.Linear(3, 1), [x], x)
    yield lambda: F.functional_call(T.nn.Linear(3, 1), x, x)
    yield lambda: F.functional_call(T.nn.Linear(3, 1), [{"bias": x}, {"bias": x}], x)
    yield lambda: F.functional_call(T.nn.Linear(3, 1), {"bias": x}, x, strict=True)
    yield lambda: F.functional_call(T.nn.Linear(3, 1), {"layer.bias": x}, x)
    yield lambda: F.functional_call(T.nn.Linear(3, 1), {"bias": 1.0}, x)


@pytest.mark.parametrize("i", range(len(list(errors(tenon)))))
def test_errors_are_of_pytorchs_type_and_name_the_function(i):
    with pytest.raises(Exception) as theirs:
        list(errors(torch))[i]()
    with pytest.raises(theirs.type, match=r"^(grad|vjp|jvp|jac\w+|linearize|stack_module_state|\w+): ."):
        list(errors(tenon))[i]()


def test_aux_may_be_anything():
    x = tenon.ones(2)
    assert tenon.func.grad(lambda a: (a.sum(), {"n": 3}), has_aux=True)(x)[1] == {"n": 3}
    assert tenon.func.vjp(lambda a: (a, "text"), x, has_aux=True)[2] == "text"
    assert tenon.func.jvp(lambda a: (a, None), (x,), (x,), has_aux=True)[2] is None


def test_func_must_be_callable():
    for name in ("grad", "grad_and_value", "jacrev", "jacfwd", "hessian", "vjp", "linearize"):
        with pytest.raises(TypeError, match=f"^{name}: func must be a function; got int"):
            getattr(tenon.func, name)(3)
    with pytest.raises(ValueError, match="randomness"):
        tenon.func.jacfwd(tenon.sin, randomness="some")


# ---- modules ----


def models(T):
    m = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.BatchNorm1d(4), T.nn.Tanh(), T.nn.Linear(4, 2)).double()
    rng = np.random.default_rng(0)
    with T.no_grad():
        for p in m.parameters():
            p.copy_(T.from_numpy(rng.standard_normal(p.shape)))
    return m


def calls(T):
    F, m, rng = T.func, models(T), np.random.default_rng(1)
    batch = T.from_numpy(rng.standard_normal((5, 3)))
    params = {k: p.detach() * 2 for k, p in m.named_parameters()}
    buffers = {k: b.clone() for k, b in m.named_buffers()}
    yield F.functional_call(m, params, (batch,))
    yield F.functional_call(m, (params, buffers), batch, strict=True)
    yield buffers  # the module wrote to them, and not to its own
    yield dict(m.named_buffers())
    loss = lambda p, x: F.functional_call(m.eval(), p, (x,)).pow(2).sum()  # noqa: E731
    yield F.grad(loss)(params, batch)
    yield F.vmap(F.grad(loss), in_dims=(None, 0))(params, batch[:, None])
    many = [T.nn.Linear(3, 2).double() for _ in range(3)]
    with T.no_grad():
        for one in many:
            for p in one.parameters():
                p.copy_(T.from_numpy(rng.standard_normal(p.shape)))
    stacked, none = F.stack_module_state(many)
    yield stacked, none, {k: (p.requires_grad, p.is_leaf) for k, p in stacked.items()}
    yield F.vmap(lambda p, x: F.functional_call(many[0], p, (x,)), in_dims=(0, None))(stacked, batch)
    rnn = T.nn.LSTM(3, 2).double()
    zeros = {k: T.full_like(p, 0.5) for k, p in rnn.named_parameters()}
    yield F.functional_call(rnn, zeros, batch)
    yield F.replace_all_batch_norm_modules_(m)(batch), list(dict(m.named_buffers()))


def test_calls_of_modules():
    for ours, theirs in zip(calls(tenon), calls(torch), strict=True):
        assert_same(plain(ours), plain(theirs))


def test_the_module_is_as_before():
    class Breaks(tenon.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = tenon.nn.Parameter(tenon.ones(2))
            self.register_buffer("calls", tenon.zeros(()))
            self.plain = tenon.ones(1)

        def forward(self, fail=False):
            self.calls = self.calls + 1
            if fail:
                raise ZeroDivisionError
            return self.weight * self.plain * getattr(self, "extra", 1)

    m = Breaks()
    own = m.weight
    before = copy.deepcopy(m.state_dict())
    with pytest.raises(ZeroDivisionError):
        tenon.func.functional_call(m, {"weight": tenon.zeros(2)}, True)
    assert m.weight is own and isinstance(m._parameters["weight"], tenon.nn.Parameter)
    given = {"calls": tenon.tensor(5.0), "plain": tenon.tensor([3.0]), "extra": tenon.tensor(2.0)}
    assert tenon.func.functional_call(m, given).tolist() == [6.0, 6.0]
    assert given["calls"].item() == 6.0 and m.plain.item() == 1.0 and not hasattr(m, "extra")
    before["calls"] += 1  # of the first call, which had no other
    assert {k: v.tolist() for k, v in m.state_dict().items()} == {k: v.tolist() for k, v in before.items()}


def tied(T):
    class Tied(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = self.b = T.nn.Parameter(T.ones(()))

        def forward(self):
            return self.a * 10 + self.b

    return Tied()


def test_tied_weights():
    for T in BOTH:
        m, two, three = tied(T), T.tensor(2.0), T.tensor(3.0)
        call = T.func.functional_call
        assert call(m, {"a": two}).item() == 22 and call(m, {"b": two}).item() == 22
        assert call(m, {"a": two}, tie_weights=False).item() == 21
        assert call(m, {"a": two, "b": three}, tie_weights=False).item() == 23
        assert call(m, {"a": two, "b": two}, strict=True).item() == 22
        with pytest.raises(ValueError, match="tie_weights=False"):
            call(m, {"a": two, "b": three})


def test_parametrized_names_are_refused():
    m = tenon.nn.utils.parametrizations.orthogonal(tenon.nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"'parametrizations\.weight\.original'"):
        tenon.func.functional_call(m, {"weight": tenon.eye(2)}, tenon.ones(2))
