"""Modules on a device, the simulated one unless there is a real one: results and gradients as on the CPU."""

import warnings

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")
import nn_parity  # noqa: E402
from test_nn_modules import CASES, DATABASE, cases  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        not tenon.cuda.is_available(), reason="neither a device nor the simulated one is there"
    ),
]


def some_cases():
    """(name, arguments of the constructor, of forward): one of each module, all of this folder's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(n for n in DATABASE if not n.startswith("Lazy")):
            case, _ = next(iter(cases(name, True)))
            constructor = case.constructor_input.args, case.constructor_input.kwargs
            yield name, constructor, (case.forward_input.args, case.forward_input.kwargs)
    for name, args, kwargs, forward in CASES:
        torch.manual_seed(0)
        yield name, (args, kwargs), (forward(), {})


ALL = list(some_cases())


def moved(x):
    if isinstance(x, tenon.Tensor):
        return x.detach().to("cuda").requires_grad_(x.requires_grad)
    if isinstance(x, list | tuple):
        return type(x)(map(moved, x))
    return {k: moved(v) for k, v in x.items()} if isinstance(x, dict) else x


def run(module, args, kwargs):
    """The results and all gradients, on the CPU."""
    results = nn_parity.tensors(module(*args, **kwargs))
    sums = [y.sum() for y in results if y.requires_grad]
    if sums:
        tenon.autograd.backward(sums)  # at once: results of one node share what it saved
    leaves = [*nn_parity.tensors(args), *nn_parity.tensors(list(kwargs.values())), *module.parameters()]
    return [y.detach().cpu() for y in results] + [None if t.grad is None else t.grad.cpu() for t in leaves]


@pytest.mark.parametrize("i", range(len(ALL)), ids=[f"{name}-{i}" for i, (name, *_) in enumerate(ALL)])
def test_module(i):
    name, constructor, (args, kwargs) = ALL[i]
    module, _ = nn_parity.pair(name, *constructor[0], **constructor[1])
    module.eval()
    args, kwargs = nn_parity.ours(args), nn_parity.ours(kwargs)
    there = moved(args), moved(kwargs)
    expected = run(module, args, kwargs)
    module.zero_grad()
    weights = list(module.parameters())
    module.cuda()
    assert all(p is q and q.is_cuda for p, q in zip(weights, module.parameters(), strict=True))
    for a, b in zip(run(module, *there), expected, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5, equal_nan=True)


def test_state_dicts_cross():
    net = tenon.nn.Linear(2, 3)
    there = tenon.nn.Linear(2, 3).cuda()
    there.load_state_dict(net.state_dict())
    assert there.weight.is_cuda and tenon.equal(there.weight.cpu(), net.weight)
    assert there.load_state_dict({"weight": np.ones((3, 2)), "bias": np.zeros(3)})
    net.load_state_dict(there.state_dict())
    assert net.weight.is_cpu and net.weight.eq(1).all()
    lazy = tenon.nn.LazyLinear(3).cuda()
    assert lazy(tenon.ones(1, 2, device="cuda")).is_cuda and lazy.weight.is_cuda
    tenon.nn.init.orthogonal_(there.weight)
    tenon.nn.init.trunc_normal_(there.weight)
    assert there.weight.abs().max().item() <= 2
    there(tenon.ones(1, 2, device="cuda")).sum().backward()
    assert tenon.nn.utils.clip_grad_norm_(there.parameters(), 0.1).is_cuda
