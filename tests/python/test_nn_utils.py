"""nn.utils beside torch.nn.utils: clipping, vectors, norms of weights, parametrizations, sequences."""

import copy
import math
import pickle

import numpy as np
import pytest
import tenon
from tenon import nn
from tenon.nn.utils import parametrizations, parametrize, rnn

torch = pytest.importorskip("torch")
import nn_parity  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def with_grads(lib):
    generator = torch.Generator().manual_seed(0)
    made = []
    for shape in ((2, 3), (4,), ()):
        g = torch.randn(shape, generator=generator) * 10
        p = lib.nn.Parameter(lib.zeros(shape))
        p.grad = g if lib is torch else nn_parity.ours(g)
        made.append(p)
    return [*made, lib.nn.Parameter(lib.zeros(2))]  # one has none


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1000.0])
def test_clip_grad_norm(norm_type, max_norm):
    ours, theirs = with_grads(tenon), with_grads(torch)
    total = nn.utils.clip_grad_norm_(ours, max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    nn_parity.close(total, expected)
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if q.grad is not None:
            nn_parity.close(p.grad, q.grad)
    grads = [p.grad for p in with_grads(tenon) if p.grad is not None]
    nn_parity.close(nn.utils.get_total_norm(grads, norm_type), expected)


def test_clip_the_rest():
    ours, theirs = with_grads(tenon), with_grads(torch)
    nn.utils.clip_grad_value_(iter(ours), 3.0)
    torch.nn.utils.clip_grad_value_(theirs, 3.0)
    for p, q in zip(ours, theirs, strict=True):
        assert q.grad is None or p.grad.tolist() == q.grad.tolist()
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0 and nn.utils.get_total_norm([]).item() == 0
    p = nn.Parameter(tenon.zeros(2))
    p.grad = tenon.tensor([math.nan, 1.0])
    with pytest.raises(
        RuntimeError, match="the norm of order 2 of all gradients is nan; no gradient was changed"
    ):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad[1].item() == 1
    for wrong, error, words in (
        (lambda: nn.utils.clip_grad_norm_([3], 1.0), TypeError, "tensors are needed; got int at 0"),
        (lambda: nn.utils.clip_grad_norm_(p, -1.0), ValueError, "max_norm must not be negative; got -1"),
        (
            lambda: nn.utils.clip_grad_value_(p, math.nan),
            ValueError,
            "clip_value must not be negative; got nan",
        ),
    ):
        with pytest.raises(error, match=words):
            wrong()
    a = np.array([3.0, 4.0])
    q = nn.Parameter(tenon.zeros(2, dtype=tenon.float64))
    q.grad = tenon.from_numpy(a)
    nn.utils.clip_grads_with_norm_(q, 1.0, tenon.tensor(5.0))
    np.testing.assert_allclose(a, [0.6, 0.8], rtol=1e-5)  # in place, in the array's memory


def test_parameters_as_a_vector():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    flat = nn.utils.parameters_to_vector(net.parameters())
    assert (
        flat.shape == (13,) and flat.requires_grad and flat[:6].tolist() == net[0].weight.flatten().tolist()
    )
    before = [p for p in net.parameters()]
    a = np.arange(13, dtype=np.float32)
    with tenon.no_copies():
        nn.utils.vector_to_parameters(tenon.from_numpy(a), net.parameters())
    a[-1] = 50
    assert net[1].bias.item() == 50 and all(p is q for p, q in zip(before, net.parameters(), strict=True))
    for wrong, error, words in (
        (tenon.zeros(12), ValueError, r"the parameters have 13 elements; vec has shape \(12,\)"),
        (tenon.zeros(13, 1), ValueError, r"vec has shape \(13, 1\)"),
        (a, TypeError, "vec is a tensor; got ndarray"),
    ):
        with pytest.raises(error, match=words):
            nn.utils.vector_to_parameters(wrong, net.parameters())
    assert net[1].bias.item() == 50


# ---- norms of weights ----


def both(lib):
    return lib.nn.Linear(3, 4) if lib is torch else nn.Linear(3, 4)


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim):
    theirs = torch.nn.utils.weight_norm(torch.nn.Linear(3, 4), dim=dim)
    ours = nn.utils.weight_norm(nn.Linear(3, 4), dim=dim)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    x = torch.randn(5, 3, requires_grad=True)
    nn_parity.same(ours, theirs, (x,), {}, parameters=(list(ours.parameters()), list(theirs.parameters())))
    with pytest.raises(RuntimeError, match="the parameter 'weight' has a weight norm already"):
        nn.utils.weight_norm(ours)
    y = ours(nn_parity.ours(x))
    plain = nn.utils.remove_weight_norm(ours)
    assert list(plain.state_dict()) == list(torch.nn.utils.remove_weight_norm(theirs).state_dict())
    assert isinstance(plain.weight, nn.Parameter) and tenon.allclose(plain(nn_parity.ours(x)), y)
    with pytest.raises(ValueError, match="Linear has no weight norm of 'weight'"):
        nn.utils.remove_weight_norm(plain)
    with pytest.raises(AttributeError, match="has no parameter 'wait'"):
        nn.utils.weight_norm(plain, "wait")
    with pytest.raises(ValueError, match="has no shape yet"):
        nn.utils.weight_norm(nn.LazyLinear(3))


def test_spectral_norm():
    theirs = torch.nn.utils.spectral_norm(torch.nn.Linear(3, 4), n_power_iterations=2)
    ours = nn.utils.spectral_norm(nn.Linear(3, 4), n_power_iterations=2)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 3, requires_grad=True)
    for training in (True, True, False):
        ours.train(training), theirs.train(training)
        for p in (*ours.parameters(), *theirs.parameters()):
            p.grad = None
        nn_parity.same(
            ours, theirs, (x,), {}, parameters=(list(ours.parameters()), list(theirs.parameters()))
        )
    nn_parity.close(ours.weight_u, theirs.weight_u)
    plain = nn.utils.remove_spectral_norm(ours)
    assert list(plain.state_dict()) == list(torch.nn.utils.remove_spectral_norm(theirs).state_dict())
    assert np.linalg.svd(plain.weight.detach().numpy())[1][0] == pytest.approx(1, abs=0.1)
    with pytest.raises(ValueError, match="n_power_iterations must be from 1 to 10000; got 0"):
        nn.utils.spectral_norm(plain, n_power_iterations=0)


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
def test_parametrizations(name):
    theirs = getattr(torch.nn.utils.parametrizations, name)(torch.nn.Linear(3, 4))
    ours = getattr(parametrizations, name)(nn.Linear(3, 4))
    assert list(ours.state_dict()) == list(theirs.state_dict()) and repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(5, 3, requires_grad=True)
    nn_parity.same(ours, theirs, (x,), {}, parameters=(list(ours.parameters()), list(theirs.parameters())))
    assert type(ours).__name__ == "ParametrizedLinear" and isinstance(ours, nn.Linear)
    ours.eval()
    y = ours(nn_parity.ours(x))
    for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert tenon.equal(other(nn_parity.ours(x)), y)
        parametrize.remove_parametrizations(other, "weight")
        assert type(other) is nn.Linear and tenon.allclose(other(nn_parity.ours(x)), y)
    assert (
        parametrize.is_parametrized(ours, "weight")
        and parametrize.type_before_parametrizations(ours) is nn.Linear
    )
    torch.nn.utils.parametrize.remove_parametrizations(theirs, "weight")
    assert list(other.state_dict()) == list(theirs.state_dict())


def test_older_names_of_a_weight_norm():
    old = nn.utils.weight_norm(nn.Linear(3, 4))
    new = parametrizations.weight_norm(nn.Linear(3, 4))
    new.load_state_dict(old.state_dict())
    x = tenon.randn(2, 3)
    assert tenon.allclose(old(x), new(x))


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T

    def right_inverse(self, a):
        return a.triu()


class Twice(nn.Module):
    def forward(self, x):
        return x * 2


def test_own_parametrizations():
    layer = nn.Linear(3, 3)
    weight = layer.weight
    assert parametrize.register_parametrization(layer, "weight", Symmetric()) is layer
    assert layer.parametrizations.weight.original is weight and tenon.equal(layer.weight, layer.weight.T)
    layer.weight = tenon.eye(3)
    assert tenon.equal(layer.weight, tenon.eye(3)) and layer.weight is not layer.weight
    parametrize.register_parametrization(layer, "weight", Twice())
    assert tenon.equal(layer.weight, tenon.eye(3) * 2)
    parametrize.register_parametrization(layer, "bias", Twice())
    with parametrize.cached():
        assert layer.weight is layer.weight and layer.bias is layer.bias
    layer(tenon.ones(1, 3)).sum().backward()
    assert weight.grad is not None
    with pytest.raises(RuntimeError, match="Twice has no right_inverse"):
        layer.weight = tenon.eye(3)
    parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight is weight and tenon.equal(weight, tenon.eye(3) * 2)

    class Flat(nn.Module):
        def forward(self, x):
            return x.flatten()

    for wrong, words in (
        (
            lambda: parametrize.register_parametrization(layer, "wait", Twice()),
            "no parameter or buffer 'wait'",
        ),
        (
            lambda: parametrize.register_parametrization(layer, "weight", Flat()),
            r"returns \(9,\) and float32",
        ),
        (lambda: parametrize.remove_parametrizations(layer, "weight"), "no parametrization of 'weight'"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert type(layer) is nn.Linear and layer.weight is weight
    parametrizations.weight_norm(layer)
    with pytest.raises(ValueError, match="made of 2 tensors"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)


# ---- sequences ----


def sequences(dtype=torch.float64):
    return [torch.randn(n, 2, dtype=dtype, requires_grad=True) for n in (4, 2, 5, 1)]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("side", ["left", "right"])
def test_pad_sequence(batch_first, side):
    nn_parity.same(
        lambda *s: rnn.pad_sequence(s, batch_first, 9.0, side),
        lambda *s: torch.nn.utils.rnn.pad_sequence(s, batch_first, 9.0, side),
        tuple(sequences()),
        {},
    )
    rows = [nn_parity.ours(s) for s in sequences()]
    padded = rnn.pad_sequence(rows, batch_first)
    back = rnn.unpad_sequence(padded, [4, 2, 5, 1], batch_first)
    assert all(tenon.equal(a, b) for a, b in zip(rows, back, strict=True))


@pytest.mark.parametrize("batch_first", [False, True])
def test_pack(batch_first):
    x = torch.randn(4, 5, 2, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([2, 4, 5, 1] if batch_first else [2, 4, 4, 1, 3])
    options = {"batch_first": batch_first, "enforce_sorted": False}

    def there_and_back(module, x):
        packed = module.pack_padded_sequence(x, lengths.tolist(), **options)
        padded, counts = module.pad_packed_sequence(packed, batch_first, -1.0, total_length=7)
        return packed.data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices, padded, counts

    ours = there_and_back(rnn, nn_parity.ours(x))
    theirs = there_and_back(torch.nn.utils.rnn, x)
    assert ours[1].tolist() == theirs[1].tolist() and ours[5].tolist() == theirs[5].tolist()
    # Equal lengths may stand in another order, which the way back undoes.
    assert sorted(ours[2].tolist()) == sorted(theirs[2].tolist())
    nn_parity.close(ours[4], theirs[4])
    nn_parity.same(
        lambda x: there_and_back(rnn, x)[4], lambda x: there_and_back(torch.nn.utils.rnn, x)[4], (x,), {}
    )


def test_pack_sequence():
    rows = sorted(sequences(), key=len, reverse=True)
    packed = rnn.pack_sequence([nn_parity.ours(s) for s in rows])
    reference = torch.nn.utils.rnn.pack_sequence(rows)
    nn_parity.close(packed.data, reference.data)
    assert packed.batch_sizes.tolist() == reference.batch_sizes.tolist() and packed.sorted_indices is None
    back = rnn.unpack_sequence(packed)
    assert all(tenon.equal(a, nn_parity.ours(b)) for a, b in zip(back, rows, strict=True))
    mixed = rnn.pack_sequence([nn_parity.ours(s) for s in sequences()], enforce_sorted=False)
    assert [len(s) for s in rnn.unpack_sequence(mixed)] == [4, 2, 5, 1]
    assert packed.float().data.dtype is tenon.float32 and packed.double() is packed and packed.cpu() is packed
    assert mixed.half().sorted_indices.tolist() == mixed.sorted_indices.tolist() and not packed.is_cuda
    again = pickle.loads(pickle.dumps(rnn.PackedSequence(mixed.data.detach().float(), *mixed[1:])))
    assert tenon.equal(again.data, mixed.data.float()) and type(again) is rnn.PackedSequence
    assert rnn.invert_permutation(tenon.tensor([2, 0, 1])).tolist() == [1, 2, 0]
    assert repr(packed).startswith("PackedSequence(data=tensor(")


def test_sequences_are_refused():
    x = tenon.zeros(4, 3, 2)
    for wrong, error, words in (
        (
            lambda: rnn.pack_padded_sequence(x, [1, 2, 3]),
            ValueError,
            "must not grow, or pass enforce_sorted=False",
        ),
        (lambda: rnn.pack_padded_sequence(x, [5, 2, 1]), ValueError, "from 1 to 4; they are from 1 to 5"),
        (lambda: rnn.pack_padded_sequence(x, [2, 1, 0]), ValueError, "they are from 0 to 2"),
        (
            lambda: rnn.pack_padded_sequence(x, [2, 1]),
            ValueError,
            "for each of 3 sequences, at least one; got 2",
        ),
        (
            lambda: rnn.pack_padded_sequence(x, tenon.ones(3)),
            TypeError,
            "one integer for each sequence; got float32",
        ),
        (lambda: rnn.pack_padded_sequence(tenon.zeros(3), [1]), ValueError, r"input has shape \(T, B, ...\)"),
        (lambda: rnn.pad_sequence([]), ValueError, "at least one sequence"),
        (lambda: rnn.pad_sequence([tenon.ones(1), tenon.ones(1, 2)]), ValueError, "differ in L alone"),
        (lambda: rnn.pad_sequence([[1.0]]), TypeError, "sequences are tensors; got list at 0"),
        (
            lambda: rnn.pad_sequence([tenon.ones(1)], padding_side="top"),
            ValueError,
            "'left' or 'right'; got 'top'",
        ),
        (lambda: rnn.unpad_sequence(x, [1]), ValueError, "for each of 3 sequences; got 1"),
        (lambda: rnn.pad_packed_sequence(x), TypeError, "a PackedSequence is needed; got Tensor"),
        (
            lambda: rnn.pad_packed_sequence(rnn.pack_sequence([tenon.ones(3)]), total_length=2),
            ValueError,
            "total_length must be at least 3; got 2",
        ),
        (lambda: rnn.PackedSequence(x), ValueError, "batch_sizes is needed"),
    ):
        with pytest.raises(error, match=words):
            wrong()
