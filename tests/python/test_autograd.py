"""Gradients: every differentiable operation to the first and second order, the engine's front."""

import math

import numpy as np
import pytest
import tenon
from tenon.autograd import GradcheckError, grad, gradcheck, gradgradcheck

# Arguments at which an operation is smooth; others get values in (0.2, 0.8).
ABOVE_ONE = {"acosh", "zeta"}
WIDE = {
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "exp",
    "erf",
    "erfc",
    "softplus",
    "log_sigmoid",
    "silu",
    "gelu",
    "sinh",
    "cosh",
    "asinh",
    "atan",
    "sinc",
    "i1",
    "i1e",
}
# Without a gradient, or with one that is zero or undefined where it matters.
NO_GRADIENT = {
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "logical_not",
    "logical_and",
    "logical_or",
    "logical_xor",
    "bitwise_not",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "left_shift",
    "right_shift",
    "isnan",
    "isinf",
    "isfinite",
    "isposinf",
    "isneginf",
    "signbit",
    "gcd",
    "lcm",
    "nextafter",
    "heaviside",
    "floor_divide",
}
COMPLEX = [
    "neg",
    "positive",
    "abs",
    "square",
    "reciprocal",
    "conj",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "asin",
    "acos",
    "atan",
    "asinh",
    "acosh",
    "atanh",
    "expm1",
    "log1p",
    "log2",
    "log10",
    "angle",
    "sign",
]
COMPLEX_BINARY = ["add", "sub", "mul", "div", "pow"]


def arity_of(name):
    import inspect

    return sum(p.default is p.empty for p in inspect.signature(getattr(tenon, name)).parameters.values())


def elementwise_names():
    """The functions that also have an in-place form with a trailing underscore: the elementwise table."""
    aliases = {
        "absolute",
        "negative",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "power",
        "conjugate",
        "invert",
        "fix",
        "around",
    }
    aliases |= {
        "clamp",
        "round",
        "index_add",
        "index_copy",
        "index_fill",
        "index_put",
        "masked_fill",
        "masked_scatter",
        "index_reduce",
        "mvlgamma",
        "polygamma",
        "renorm",
        "scatter_reduce",
        "scatter",
        "scatter_add",
        "bernoulli",
        "normal",
        "swapaxes",
        "swapdims",
        "unsqueeze",
        "detach",
        "addbmm",
        "addmm",
        "addmv",
        "addr",
        "baddbmm",
    }
    names = []
    for name in dir(tenon):
        if (
            name in aliases
            or not hasattr(tenon.Tensor, name + "_")
            or name.startswith(("arc", "bitwise_", "greater", "less", "not_", "requires"))
        ):
            continue
        if isinstance(getattr(tenon, name), type(tenon.add)):
            names.append(name)
    return names


DIFFERENTIABLE = [n for n in elementwise_names() if n not in NO_GRADIENT]


def sample(name, seed, shape=(2, 3)):
    x = tenon.tensor(np.random.default_rng(seed).uniform(0.2, 0.8, shape))
    if name in ABOVE_ONE:
        x = x + 1
    elif name in WIDE:
        x = x * 4 - 2
    return x.requires_grad_()


def test_the_table_was_found():
    assert len(DIFFERENTIABLE) > 60


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_elementwise(name):
    f = getattr(tenon, name)
    inputs = [sample(name, 0)]
    if (n := arity_of(name)) > 1 or name == "clip":
        inputs.append(sample(name, 1, (3,)))
    if n > 2 or name == "clip":
        inputs.append(sample(name, 2, (2, 1)))
    if name == "clip":
        inputs[1:] = [
            tenon.full((3,), 0.3, dtype=tenon.float64, requires_grad=True),
            tenon.full((2, 1), 0.6, dtype=tenon.float64, requires_grad=True),
        ]
    if name in ("igamma", "igammac", "zeta"):  # which have no derivative by their first operand
        inputs[0] = inputs[0].detach()
    assert gradcheck(f, inputs)
    assert gradgradcheck(f, inputs)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name):
    rng = np.random.default_rng(3)
    z = tenon.tensor(rng.uniform(0.2, 0.7, 3) + 1j * rng.uniform(0.2, 0.7, 3)).requires_grad_()
    assert gradcheck(getattr(tenon, name), [z])
    assert gradgradcheck(getattr(tenon, name), [z])


@pytest.mark.parametrize("name", COMPLEX_BINARY)
def test_complex_binary(name):
    rng = np.random.default_rng(4)
    z, w = (
        tenon.tensor(rng.uniform(0.3, 0.9, 3) + 1j * rng.uniform(0.3, 0.9, 3)).requires_grad_()
        for _ in range(2)
    )
    x = tenon.tensor(rng.uniform(0.3, 0.9, 3)).requires_grad_()
    for inputs in ([z, w], [z, x], [x, z]):
        assert gradcheck(getattr(tenon, name), inputs)


T = tenon
OTHERS = {
    "sum": lambda x: x.sum(1),
    "prod": lambda x: x.prod(1),
    "prod all": lambda x: x.prod(),
    "mean": lambda x: x.mean((0, 1)),
    "var": lambda x: x.var(1),
    "std": lambda x: x.std(0, correction=0),
    "amax": lambda x: x.amax(1),
    "amin": lambda x: x.amin(),
    "max": lambda x: x.max(1).values,
    "logsumexp": lambda x: x.logsumexp(1),
    "norm": lambda x: x.norm(),
    "norm 3": lambda x: x.norm(3, 1),
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(1),
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(0),
    "matmul": lambda x: x @ x.T,
    "mv": lambda x: x.mv(x[0]),
    "dot": lambda x: x[0].dot(x[1]),
    "outer": lambda x: T.outer(x[0], x[1]),
    "batched": lambda x: x[None] @ x.T[None].expand(2, 4, 3),
    "clone": lambda x: x.clone(),
    "to": lambda x: x.to(T.complex128).abs(),
    "permute": lambda x: x.permute(1, 0) * 2,
    "reshape": lambda x: x.T.reshape(-1),
    "view": lambda x: x.view(2, 6).square(),
    "flatten": lambda x: x.flatten(),
    "expand": lambda x: x[:, None].expand(3, 2, 4).square(),
    "flip": lambda x: x.flip(0) * x,
    "roll": lambda x: x.roll(1, 1) * x,
    "rot90": lambda x: x.rot90(),
    "diagonal": lambda x: x.diagonal().exp(),
    "unfold": lambda x: x.unfold(1, 2, 1).square(),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(0, 1),
    "slices": lambda x: x[::-1, ::2],
    "as_strided": lambda x: x.as_strided((3, 2), (1, 1), 0).square(),
    "index": lambda x: x[[0, 0, 2], [1, 1, 3]].square(),
    "mask": lambda x: x[x.detach() > 0.5],
    "take": lambda x: x.take(T.tensor([0, 0, 5])),
    "index_select": lambda x: x.index_select(1, T.tensor([1, 1])),
    "gather": lambda x: x.gather(0, T.tensor([[0, 1, 2, 0]])).square(),
    "scatter": lambda x: x.scatter(0, T.tensor([[0, 1, 2, 0]]), x[:1] * 2).square(),
    "scatter_add": lambda x: x.scatter_add(1, T.tensor([[0, 0, 1, 0]]), x[:1]).square(),
    "index_add": lambda x: x.index_add(0, T.tensor([0, 0]), x[1:]).square(),
    "index_copy": lambda x: x.index_copy(0, T.tensor([2, 0]), x[1:] * x[:2]),
    "index_fill": lambda x: x.index_fill(1, T.tensor([2, 0]), x[1, 1] ** 2),
    "index_put": lambda x: x.index_put((T.tensor([0, 2]),), x[1] * 2, accumulate=True),
    "masked_fill": lambda x: x.masked_fill(x.detach() > 0.5, 0.0),
    "masked_select": lambda x: x.masked_select(x.detach() > 0.5),
    "where": lambda x: T.where(x.detach() > 0.5, x, x * x),
    "cat": lambda x: T.cat([x, x * 2]),
    "stack": lambda x: T.stack([x, x * x], 1),
    "split": lambda x: x.split(2, 1)[1] * 2,
    "tile": lambda x: x.tile(2, 2),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1).square(),
    "tril": lambda x: x.tril(),
    "clip": lambda x: x.clip(0.3, 0.6),
    "clip below": lambda x: x.clamp(min=0.5),
    "in-place": lambda x: (x * 1).mul_(x).add_(1),
    "in-place view": lambda x: _inplace_view(x),
    "copy_": lambda x: T.zeros(3, 4, dtype=T.float64).copy_(x * x),
    "set": lambda x: _set(x),
    "complex parts": lambda x: T.view_as_complex(x.reshape(3, 2, 2)).imag * 3,
    "lerp": lambda x: T.lerp(x, x * x, 0.3),
}


def _inplace_view(x):
    y = x * 1
    y[1:].mul_(2)
    y.T[0] = 3.0
    return y * y


def _set(x):
    y = x * x
    y[0] = x[1]
    y[:, T.tensor([1, 2])] = x[:, :2]
    return y


@pytest.mark.parametrize("name", OTHERS)
def test_other_operations(name):
    x = tenon.tensor(np.random.default_rng(7).permutation(12).reshape(3, 4) / 15 + 0.11).requires_grad_()
    assert gradcheck(OTHERS[name], [x])
    assert gradgradcheck(OTHERS[name], [x])


def test_mean_and_std_of_normal():
    mean, std = (tenon.full((3,), v, dtype=tenon.float64, requires_grad=True) for v in (0.5, 1.5))

    def f(m, s):
        return tenon.normal(m, s, generator=tenon.Generator(1))

    assert gradcheck(f, [mean, std])


def test_gradcheck_finds_errors():
    x = tenon.tensor([0.5, 0.7], dtype=tenon.float64, requires_grad=True)

    def wrong(x):
        return x * x.detach()  # half of the gradient of x * x

    with pytest.raises(GradcheckError, match="differs from finite differences"):
        gradcheck(wrong, [x])
    assert gradcheck(wrong, [x], raise_exception=False) is False
    with pytest.raises(GradcheckError):
        gradgradcheck(lambda x: (x * x) * x.detach(), [x])
    z = tenon.tensor([0.5 + 0.2j], requires_grad=True).to(tenon.complex128).detach().requires_grad_()
    with pytest.raises(GradcheckError):
        gradcheck(lambda z: z * z.detach(), [z])
    with pytest.raises(ValueError, match="requires grad"):
        gradcheck(wrong, [x.detach()])
    with pytest.raises(ValueError, match="float64"):
        gradcheck(wrong, [tenon.ones(2, requires_grad=True)])


# ---- the front ----


def test_grad():
    x = tenon.tensor([2.0, 3.0], requires_grad=True)
    y = tenon.tensor([1.0, 1.0], requires_grad=True)
    (g,) = grad((x**3).sum(), x)
    assert g.tolist() == [12, 27]
    assert x.grad is None
    (g,) = grad(x * x, x, grad_outputs=tenon.tensor([1.0, 10.0]))
    assert g.tolist() == [4, 60]
    gx, gy = grad([x * y, x], [x, y], [tenon.ones(2), tenon.ones(2)])
    assert gx.tolist() == [2, 2]
    assert gy.tolist() == [2, 3]
    (first,) = grad((x**3).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x, create_graph=True)
    (third,) = grad(second.sum(), x)
    assert (second.tolist(), third.tolist()) == ([12, 18], [6, 6])
    with pytest.raises(RuntimeError, match="allow_unused"):
        grad(x.sum(), y)
    assert grad(x.sum(), [y], allow_unused=True) == (None,)
    assert grad(x.sum(), [y], materialize_grads=True)[0].tolist() == [0, 0]
    with pytest.raises(RuntimeError):
        grad(x.sum(), tenon.ones(1))
    with pytest.raises(ValueError, match="one entry"):
        grad([x.sum()], [x], [None, None])
    for arguments, error in (
        (("a", x), TypeError),
        ((x.sum(), "a"), TypeError),
        ((x * 2, x), RuntimeError),
        ((x * 2, x, tenon.ones(3)), ValueError),
        ((tenon.ones(1), x), RuntimeError),
    ):
        with pytest.raises(error, match=r"^grad: "):
            grad(*arguments)
    with pytest.raises(TypeError, match=r"^backward: "):
        tenon.autograd.backward("a")


def test_backward_adds_up():
    x = tenon.ones(2, requires_grad=True)
    tenon.autograd.backward([x.sum(), (x * 2).sum()])
    assert x.grad.tolist() == [3, 3]
    tenon.autograd.backward(x * 2, tenon.tensor([1.0, 0.0]))
    assert x.grad.tolist() == [5, 3]
    x.grad = None
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 4]
    with pytest.raises(RuntimeError):
        y.backward()
    with pytest.raises(RuntimeError, match="one element"):
        (x * 2).backward()


def test_leaves():
    x = tenon.ones(2, requires_grad=True)
    y = x * 2
    assert x.is_leaf
    assert not y.is_leaf
    assert y.grad_fn is not None
    assert x.grad_fn is None
    assert y.detach().is_leaf
    assert tenon.ones(2).requires_grad_().requires_grad
    assert not tenon.ones(2, requires_grad=True).requires_grad_(False).requires_grad
    assert tenon.ones(2).requires_grad_(requires_grad=True).requires_grad
    with pytest.raises(RuntimeError):
        y.requires_grad_(False)
    with pytest.raises(RuntimeError):
        tenon.ones(2, dtype=tenon.int64).requires_grad_()
    with pytest.raises(RuntimeError):
        x.add_(1)
    with tenon.no_grad():
        x.add_(1)
    assert x.tolist() == [2, 2]


# ---- against PyTorch ----


@pytest.mark.parametrize(
    "name",
    [
        "exp",
        "log",
        "sin",
        "tanh",
        "sigmoid",
        "sqrt",
        "square",
        "abs",
        "lgamma",
        "erf",
        "log1p",
        "acos",
        "digamma",
    ],
)
def test_against_pytorch(name):
    torch = pytest.importorskip("torch")
    a = np.random.default_rng(5).uniform(0.2, 0.8, (4, 5))
    x, y = tenon.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    getattr(tenon, name)(x).square().sum().backward()
    getattr(torch, name)(y).square().sum().backward()
    assert np.allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-10)


def test_complex_convention_is_pytorchs():
    z = tenon.tensor([1 + 2j], requires_grad=True)
    (z * z.conj()).real.sum().backward()
    assert z.grad.tolist() == [2 + 4j]  # 2 z: the direction of steepest ascent
    assert math.isclose(z.abs().item(), math.sqrt(5), rel_tol=1e-6)
