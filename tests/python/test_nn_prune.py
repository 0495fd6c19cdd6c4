"""nn.utils.prune and the fusion of batch normalization beside PyTorch's: masks, values, gradients,
states, refusals."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import tenon
from tenon import nn

torch = pytest.importorskip("torch")
prune = nn.utils.prune
theirs = pytest.importorskip("torch.nn.utils.prune")


def pair(make=lambda nn: nn.Linear(5, 4)):
    """The same module of both, with the same values."""
    torch.manual_seed(3)
    other = make(torch.nn)
    own = make(nn)
    own.load_state_dict({k: tenon.from_numpy(v.numpy().copy()) for k, v in other.state_dict().items()})
    return own, other


def same(own, other):
    """Names, values, and the gradients of a step."""
    assert list(own.state_dict()) == list(other.state_dict())
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(own.state_dict()[name].numpy(), value.numpy(), err_msg=name)
    assert [n for n, _ in own.named_parameters()] == [n for n, _ in other.named_parameters()]
    x = np.random.default_rng(1).standard_normal((3, 5)).astype("float32")
    y, wanted = own(tenon.from_numpy(x)), other(torch.from_numpy(x))
    np.testing.assert_allclose(y.detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-6)
    own.zero_grad(), other.zero_grad()
    y.square().sum().backward()
    wanted.square().sum().backward()
    for (name, p), q in zip(own.named_parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)


STEPS = {
    "identity": lambda p, m: p.identity(m, "weight"),
    "l1": lambda p, m: p.l1_unstructured(m, "weight", 0.3),
    "l1 count": lambda p, m: p.l1_unstructured(m, "weight", amount=7),
    "l1 nothing": lambda p, m: p.l1_unstructured(m, "weight", 0),
    "ln": lambda p, m: p.ln_structured(m, "weight", 2, n=2, dim=0),
    "ln of columns": lambda p, m: p.ln_structured(m, "weight", 0.4, 1, 1),
    "ln inf": lambda p, m: p.ln_structured(m, "weight", 1, n=float("inf"), dim=-1),
    "ln -inf": lambda p, m: p.ln_structured(m, "weight", amount=1, n=float("-inf"), dim=-2),
}


@pytest.mark.parametrize(
    "names", [*((n,) for n in STEPS), *itertools.permutations(["l1", "ln", "ln of columns"], 2)]
)
def test_methods_alone_and_one_after_the_other(names):
    own, other = pair()
    for name in names:
        assert STEPS[name](prune, own) is own
        STEPS[name](theirs, other)
    same(own, other)
    assert prune.is_pruned(nn.Sequential(own)) and theirs.is_pruned(other)
    prune.remove(own, "weight"), theirs.remove(other, "weight")
    assert not prune.is_pruned(own)
    same(own, other)


def test_scores_and_masks():
    scores = np.random.default_rng(0).standard_normal((4, 5)).astype("float32")
    for step in ("l1_unstructured", "ln_structured"):
        own, other = pair()
        rest = {"amount": 2} if step == "l1_unstructured" else {"amount": 2, "n": 2, "dim": 1}
        getattr(prune, step)(own, "weight", importance_scores=tenon.from_numpy(scores), **rest)
        getattr(theirs, step)(other, "weight", importance_scores=torch.from_numpy(scores), **rest)
        same(own, other)
    mask = (scores > 0).astype("int64")
    own, other = pair()
    prune.custom_from_mask(own, "weight", tenon.from_numpy(mask))
    theirs.custom_from_mask(other, "weight", torch.from_numpy(mask))
    prune.l1_unstructured(own, "weight", 3), theirs.l1_unstructured(other, "weight", 3)
    prune.l1_unstructured(own, "bias", 1), theirs.l1_unstructured(other, "bias", 1)
    same(own, other)


def test_several_parameters_by_one_mask():
    def make(nn):
        return nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))

    own, other = pair(make)
    for amount in (0.2, 6):
        prune.global_unstructured([(m, "weight") for m in own[::2]], prune.L1Unstructured, amount=amount)
        theirs.global_unstructured([(m, "weight") for m in other[::2]], theirs.L1Unstructured, amount=amount)
        same(own, other)
    ones = {(own[0], "weight"): tenon.ones(4, 5) * 9}
    theirs_ones = {(other[0], "weight"): torch.ones(4, 5) * 9}
    prune.global_unstructured(((m, "weight") for m in own[::2]), prune.L1Unstructured, ones, amount=2)
    theirs.global_unstructured(
        [(m, "weight") for m in other[::2]], theirs.L1Unstructured, theirs_ones, amount=2
    )
    same(own, other)


def test_random_methods_prune_as_many_as_they_should():
    tenon.manual_seed(0)
    counts = np.zeros((6, 8))
    for _ in range(300):
        m = prune.random_unstructured(nn.Linear(8, 6), "weight", 0.25)
        assert int(m.weight_mask.sum()) == 36
        counts += m.weight_mask.numpy()
    assert abs(counts / 300 - 0.75).max() < 0.15  # each place alike
    m = prune.random_structured(nn.Linear(8, 6), "weight", 2, dim=0)
    assert sorted(m.weight_mask.sum(1).tolist()) == [0, 0, 8, 8, 8, 8]
    prune.random_structured(m, "weight", 3, dim=1)  # of the channels that are left
    assert int((m.weight_mask.sum(0) == 0).sum()) == 3 and int(m.weight_mask.sum()) == 4 * 5
    m = prune.random_unstructured(prune.random_unstructured(nn.Linear(8, 6), "weight", 8), "weight", 8)
    hook = next(iter(m._forward_pre_hooks.values()))
    assert isinstance(hook, prune.PruningContainer) and len(hook) == 2 and hook[1] in list(hook)
    assert int(m.weight_mask.sum()) == 32  # never the same one twice


def test_training_copies_and_pickles():
    own = prune.l1_unstructured(nn.Linear(5, 4), "weight", 0.5)
    optimizer = tenon.optim.SGD(own.parameters(), lr=0.5)
    before = own.weight_orig.detach().clone()
    own(tenon.ones(2, 5)).sum().backward()
    optimizer.step()
    moved = (own.weight_orig.detach() != before).numpy()
    assert (moved == own.weight_mask.numpy().astype(bool)).all()
    own.weight = own.weight.detach()  # a history cannot be copied, here as in PyTorch
    for other in (copy.deepcopy(own), pickle.loads(pickle.dumps(own))):
        other(tenon.ones(2, 5))
        assert prune.is_pruned(other) and tenon.equal(other.weight, other.weight_orig * other.weight_mask)
    t = tenon.tensor([[3.0, -1.0], [0.5, 2.0]])
    assert prune.L1Unstructured(0.5).prune(t).tolist() == [[3, 0], [0, 2]]
    assert prune.L1Unstructured(1).prune(t, importance_scores=-1 / t).tolist() == [[0, -1], [0.5, 2]]


REFUSED = {
    "amount": (ValueError, "amount must be a fraction from 0 to 1.*; got 1.5",
         lambda m: prune.L1Unstructured(1.5)),
    "negative": (ValueError, "got -1", lambda m: prune.random_structured(m, "weight", -1, 0)),
    "no number": (TypeError, "amount must be an int or a float", lambda m: prune.l1_unstructured(m,
         "weight", "x")),
    "too many": (ValueError, "the 20 that there are; got 21", lambda m: prune.l1_unstructured(m,
         "weight", 21)),
    "one dimension": (ValueError, "two dimensions", lambda m: prune.ln_structured(m, "bias", 1, 2, 0)),
    "dimension": (IndexError, "dimension 2 ", lambda m: prune.ln_structured(m, "weight", 1, 2, 2)),
    "mask": (ValueError, r"shape \(4, 5\); got \(4,\)", lambda m: prune.custom_from_mask(m, "weight",
         tenon.ones(4))),
    "scores": (ValueError, "importance_scores",
               lambda m: prune.l1_unstructured(m, "weight", 1, importance_scores=tenon.ones(2))),
    "name": (AttributeError, r"no parameter 'gain'; it has \['.*bias", lambda m: prune.identity(m, "gain")),
    "not pruned": (ValueError, "'weight' of Linear is not pruned", lambda m: prune.remove(m, "weight")),
    "module": (TypeError, "'module' must be a module", lambda m: prune.identity(3, "weight")),
    "lazy": (ValueError, "no shape yet", lambda m: prune.identity(nn.LazyLinear(3), "weight")),
    "structured": (TypeError, "'unstructured'",
                   lambda m: prune.global_unstructured([(m, "weight")], prune.LnStructured, amount=1, n=2)),
    "none": (ValueError, "no parameters", lambda m: prune.global_unstructured([], prune.Identity)),
    "global scores": (TypeError, "dict",
                      lambda m: prune.global_unstructured([(m, "weight")], prune.Identity, [1])),
    "container": (TypeError, "BasePruningMethod", lambda m: prune.PruningContainer(3)),
    "base": (NotImplementedError, "compute_mask", lambda m: prune.BasePruningMethod.apply(m, "weight")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(name):
    error, text, f = REFUSED[name]
    for pruned in (False, True):
        m = nn.Linear(5, 4)
        if pruned and name not in ("not pruned", "one dimension"):
            prune.identity(m, "weight")
        before = (list(m.state_dict()), dict(m._forward_pre_hooks))
        with pytest.raises(error, match=text):
            f(m)
        assert (list(m.state_dict()), dict(m._forward_pre_hooks)) == before
        m(tenon.ones(1, 5))


@pytest.mark.parametrize("bias", [False, True])
def test_batch_normalization_becomes_a_part_of_the_layer(bias):
    def check(make, shape, fuse, **options):
        own, other = pair(lambda nn: nn.Sequential(*make(nn)))
        x = np.random.default_rng(2).standard_normal(shape).astype("float32")
        own(tenon.from_numpy(x)), other(torch.from_numpy(x))  # the statistics
        own.eval(), other.eval()
        fused = getattr(nn.utils, fuse)(own[0], own[1], **options)
        wanted = getattr(torch.nn.utils.fusion, fuse)(other[0], other[1], **options)
        assert list(fused.state_dict()) == list(wanted.state_dict())
        for k, v in wanted.state_dict().items():
            np.testing.assert_allclose(fused.state_dict()[k].numpy(), v.numpy(), rtol=1e-4, atol=1e-5)
        y = fused(tenon.from_numpy(x)).detach().numpy()
        np.testing.assert_allclose(y, own(tenon.from_numpy(x)).detach().numpy(), rtol=1e-4, atol=1e-5)
        with pytest.raises(ValueError, match="eval"):
            getattr(nn.utils, fuse)(own[0].train(), own[1], **options)

    check(lambda nn: (nn.Conv2d(2, 3, 3, bias=bias), nn.BatchNorm2d(3)), (4, 2, 5, 5), "fuse_conv_bn_eval")
    check(lambda nn: (nn.ConvTranspose1d(2, 3, 3, bias=bias), nn.BatchNorm1d(3, affine=False)), (4, 2, 5),
          "fuse_conv_bn_eval", transpose=True)  # fmt: skip
    check(lambda nn: (nn.Linear(5, 3, bias=bias), nn.BatchNorm1d(3)), (4, 5), "fuse_linear_bn_eval")
    with pytest.raises(ValueError, match="4 features"):
        nn.utils.fuse_linear_bn_eval(nn.Linear(5, 3).eval(), nn.BatchNorm1d(4).eval())
    with pytest.raises(ValueError, match="track_running_stats"):
        nn.utils.fuse_linear_bn_eval(
            nn.Linear(5, 3).eval(), nn.BatchNorm1d(3, track_running_stats=False).eval()
        )
