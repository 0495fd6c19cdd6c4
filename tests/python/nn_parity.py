"""One module of tenon's beside PyTorch's with the same weights: results, gradients, names, text."""

import copy
import os

import numpy as np
import pytest
import tenon
import torch

torch.set_num_threads(1)  # its pool waits milliseconds for each small call where cores are busy

# Where tenon's side is computed: script/test compares a device's layers with PyTorch, too.
DEVICE = os.environ.get("TENON_TEST_DEVICE", "cpu")
on_cpu = pytest.mark.skipif(DEVICE != "cpu", reason="makes tensors of its own, on the CPU")


def ours(x):
    """Arguments for tenon from those for PyTorch: tensors are copied, integers and structures stay."""
    if isinstance(x, torch.Tensor):
        t = tenon.from_numpy(x.detach().clone().numpy())
        return t.to(DEVICE).requires_grad_(x.requires_grad)
    if isinstance(x, list | tuple):
        return type(x)(map(ours, x))
    if isinstance(x, dict):
        return {k: ours(v) for k, v in x.items()}
    if isinstance(x, torch.dtype):
        return getattr(tenon, str(x).removeprefix("torch."))
    if isinstance(x, torch.nn.LinearCrossEntropyOptions):
        fields = {name: ours(getattr(x, name)) for name in type(x).__slots__}
        return tenon.nn.LinearCrossEntropyOptions(**fields)
    if isinstance(x, torch.nn.Module):
        return pair(type(x).__name__, **constructor_of(x))[0]
    if callable(x) and hasattr(tenon.nn.functional, getattr(x, "__name__", "")):
        return getattr(tenon.nn.functional, x.__name__)
    return x


def constructor_of(module):
    """The arguments that made a module of PyTorch's that other modules take."""
    if not isinstance(module, torch.nn.TransformerEncoderLayer | torch.nn.TransformerDecoderLayer):
        return {}
    return {
        "d_model": module.linear1.in_features,
        "nhead": module.self_attn.num_heads,
        "dim_feedforward": module.linear1.out_features,
        "dropout": module.dropout.p,
        "activation": module.activation,
        "layer_norm_eps": module.norm1.eps,
        "batch_first": module.self_attn.batch_first,
        "norm_first": module.norm_first,
        "bias": module.linear1.bias is not None,
    }


def theirs(x):
    """A copy that gradients of another run do not reach."""
    if isinstance(x, torch.Tensor):
        return x.detach().clone().requires_grad_(x.requires_grad)
    if isinstance(x, list | tuple):
        return type(x)(map(theirs, x))
    if isinstance(x, dict):
        return {k: theirs(v) for k, v in x.items()}
    return x


def pair(name, *args, **kwargs):
    """tenon.nn's module and torch.nn's, with PyTorch's weights."""
    reference = getattr(torch.nn, name)(*copy.deepcopy(args), **copy.deepcopy(kwargs))
    module = getattr(tenon.nn, name)(*ours(args), **ours(kwargs))
    some = next(reference.parameters(), None)
    if some is not None and some.dtype == torch.float64:  # as an argument of a module of its kind
        module.double()
    assert list(module.state_dict()) == list(reference.state_dict())
    assert [n for n, _ in module.named_parameters()] == [n for n, _ in reference.named_parameters()]
    module.load_state_dict(reference.state_dict())
    return module.to(DEVICE), reference


def lazy_pair(name, constructor, forward):
    """The same of modules that know their sizes after a first call; in float32, as they are made."""
    reference = getattr(torch.nn, name)(*copy.deepcopy(constructor[0]), **copy.deepcopy(constructor[1]))
    module = getattr(tenon.nn, name)(*ours(constructor[0]), **ours(constructor[1])).to(DEVICE)
    assert repr(module) == repr(reference)
    first = [t.detach().float() for t in forward[0]]
    assert module(*ours(first)).shape == tuple(reference(*first).shape)
    assert list(module.state_dict()) == list(reference.state_dict())
    module.load_state_dict(reference.state_dict())
    return module, reference


def tensors(x):
    if isinstance(x, tenon.Tensor | torch.Tensor):
        return [x]
    if isinstance(x, list | tuple):
        return [t for item in x for t in tensors(item)]
    return []


def close(a, b, tolerance=None):
    a, b = a.detach(), b.detach()
    assert a.shape == tuple(b.shape), (a.shape, b.shape)
    assert str(a.dtype).removeprefix("tenon.") == str(b.dtype).removeprefix("torch.")
    if tolerance is None:
        tolerance = 1e-9 if b.dtype == torch.float64 else 2e-5
    np.testing.assert_allclose(a.cpu().numpy(), b.numpy(), rtol=tolerance, atol=tolerance, equal_nan=True)


def same(f, g, args, kwargs, tolerance=None, parameters=((), ())):
    """The same results and gradients of f on tenon's tensors as of g on PyTorch's."""
    mine, other = (ours(args), ours(kwargs)), (theirs(args), theirs(kwargs))
    y, z = tensors(f(*mine[0], **mine[1])), tensors(g(*other[0], **other[1]))
    assert len(y) == len(z)
    for a, b in zip(y, z, strict=True):
        close(a, b, tolerance)
        assert a.requires_grad == b.requires_grad
    pairs = [(a, b) for a, b in zip(y, z, strict=True) if b.requires_grad]
    if not pairs:
        return
    generator = torch.Generator().manual_seed(1)
    seeds = [torch.randn(b.shape, generator=generator, dtype=b.dtype) for _, b in pairs]
    tenon.autograd.backward([a for a, _ in pairs], [ours(s) for s in seeds])
    torch.autograd.backward([b for _, b in pairs], seeds)
    leaves = zip(
        [*tensors(mine[0]), *tensors(list(mine[1].values())), *parameters[0]],
        [*tensors(other[0]), *tensors(list(other[1].values())), *parameters[1]],
        strict=True,
    )
    for a, b in leaves:
        assert (a.grad is None) == (b.grad is None)
        if b.grad is not None:
            close(a.grad, b.grad, tolerance)


def modules_agree(name, constructor, forward, training=True, tolerance=None, dtype=None):
    """constructor and forward: (args, kwargs), for PyTorch."""
    if name.startswith("Lazy"):
        module, reference = lazy_pair(name, constructor, forward)
    else:
        module, reference = pair(name, *constructor[0], **constructor[1])
    if dtype is not None:
        module.to(ours(dtype))
        reference.to(dtype)
    module.train(training)
    reference.train(training)
    assert repr(module) == repr(reference)
    parameters = [list(module.parameters()), list(reference.parameters())]
    same(module, reference, forward[0], forward[1], tolerance, parameters)
