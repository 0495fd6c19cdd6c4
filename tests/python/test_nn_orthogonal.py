"""parametrizations.orthogonal beside PyTorch's: every map and shape, gradients, assignment, refusals."""

import numpy as np
import pytest
import tenon
import tenon.nn

torch = pytest.importorskip("torch")

MAPS = [None, "matrix_exp", "cayley", "householder"]
orthogonal = tenon.nn.utils.parametrizations.orthogonal


def pair(shape, how, trivialized):
    """Linear layers of both libraries with the same trained matrix."""
    torch.manual_seed(0)
    theirs = torch.nn.Linear(shape[1], shape[0]).double()
    ours = tenon.nn.Linear(shape[1], shape[0]).double()
    options = {"orthogonal_map": how, "use_trivialization": trivialized}
    torch.nn.utils.parametrizations.orthogonal(theirs, **options)
    assert orthogonal(ours, **options) is ours
    assert list(ours.state_dict()) == list(theirs.state_dict())
    with torch.no_grad():
        p = theirs.parametrizations.weight.original
        moved = torch.randn_like(p) * 0.3
        # The diagonal of reflectors is that of signs.
        p += moved.tril(-1) if shape[0] >= shape[1] else moved.triu(1)
    ours.load_state_dict({k: tenon.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (4, 1), (1, 1)])
@pytest.mark.parametrize("trivialized", [True, False])
@pytest.mark.parametrize("how", MAPS)
def test_matrices_gradients_and_assignment_are_those_of_torch(how, trivialized, shape):
    ours, theirs = pair(shape, how, trivialized)
    x = torch.randn(7, shape[1], dtype=torch.float64)
    y, want = ours(tenon.from_numpy(x.numpy())), theirs(x)
    np.testing.assert_allclose(y.detach().numpy(), want.detach().numpy(), atol=1e-12)
    (y**3).sum().backward()
    (want**3).sum().backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), atol=1e-10)
    w = ours.weight if shape[0] >= shape[1] else ours.weight.T
    assert tenon.allclose(w.T @ w, tenon.eye(min(shape), dtype=tenon.float64), atol=1e-12)
    n = max(shape)
    value = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64))[0][: shape[0], : shape[1]].contiguous()
    value = tenon.from_numpy(value.numpy())
    if trivialized or how == "householder" or (how is None and shape[0] != shape[1]):
        ours.weight = value
        assert tenon.allclose(ours.weight, value, atol=1e-12)
    else:
        with pytest.raises(NotImplementedError, match="orthogonal: a matrix cannot be assigned"):
            ours.weight = value


def test_what_is_not_orthogonal_becomes_so():
    layer = tenon.nn.Linear(3, 3)
    before = layer.weight.detach().clone()
    want = torch.nn.Linear(3, 3)
    with torch.no_grad():
        want.weight.copy_(torch.from_numpy(before.numpy()))
    torch.nn.utils.parametrizations.orthogonal(want)
    orthogonal(layer)
    np.testing.assert_allclose(layer.weight.detach().numpy(), want.weight.detach().numpy(), atol=1e-5)


def test_unitary_matrices():
    for how in ("matrix_exp", "cayley"):
        layer = tenon.nn.Module()
        layer.weight = tenon.nn.Parameter(tenon.randn(4, 3, dtype=tenon.complex128))
        orthogonal(layer, orthogonal_map=how)
        w = layer.weight
        assert tenon.allclose(w.mT.conj() @ w, tenon.eye(3, dtype=tenon.complex128), atol=1e-12)
        w.abs().sum().backward()
        assert layer.parametrizations.weight.original.grad.shape == (4, 3)


def test_it_stays_orthogonal_in_training_and_learns():
    tenon.manual_seed(0)
    layer = orthogonal(tenon.nn.Linear(4, 4, bias=False))
    target = tenon.linalg.svd(tenon.rand(4, 4))[0]
    if tenon.linalg.det(target) * tenon.linalg.det(layer.weight) < 0:  # out of reach of the start
        target = target * tenon.tensor([-1.0, 1.0, 1.0, 1.0])
    optimizer = tenon.optim.Adam(layer.parameters(), lr=0.05)
    first = None
    for _ in range(150):
        optimizer.zero_grad()
        loss = (layer.weight - target).square().sum()
        first = loss.item() if first is None else first
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1 * first
    assert tenon.allclose(layer.weight.T @ layer.weight, tenon.eye(4), atol=1e-5)


def test_refusals():
    layer = tenon.nn.Linear(3, 2)
    for call, words in [
        (lambda: orthogonal(layer, "nothing"), "Linear has no parameter or buffer 'nothing'"),
        (lambda: orthogonal(layer, "bias"), r"'bias' must be a matrix, or a stack of them; got \(2,\)"),
        (lambda: orthogonal(layer, orthogonal_map="euler"), "orthogonal_map is one of .* got 'euler'"),
    ]:
        with pytest.raises(ValueError, match=f"^orthogonal: {words}"):
            call()
    assert not tenon.nn.utils.parametrize.is_parametrized(layer)
    orthogonal(layer)
    with pytest.raises(ValueError, match="shape"):
        layer.weight = tenon.ones(3, 2)
    with pytest.raises(ValueError, match=r"^orthogonal: 'weight' has a parametrization already"):
        orthogonal(layer)
    orthogonal(layer, orthogonal_map="cayley", use_trivialization=False)
    assert tenon.allclose(layer.weight @ layer.weight.T, tenon.eye(2), atol=1e-6)
    unitary = tenon.nn.Module()
    unitary.weight = tenon.nn.Parameter(tenon.randn(2, 2, dtype=tenon.complex64))
    with pytest.raises(ValueError, match="takes no complex matrices"):
        orthogonal(unitary, orthogonal_map="householder")
