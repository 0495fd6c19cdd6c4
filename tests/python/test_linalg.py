"""tenon.linalg, and its functions in tenon.numpy.linalg, beside NumPy's and PyTorch's."""

import subprocess
import sys

import numpy as np
import pytest
import tenon
import tenon.numpy as tn

try:
    import torch
except ImportError:
    torch = None

DTYPES = ["float32", "float64", "complex64", "complex128"]


def matrices(dtype, *shape):
    random = np.random.default_rng(0)
    a = random.standard_normal(shape)
    return (a + 1j * random.standard_normal(shape) if dtype.startswith("complex") else a).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_are_numpys(dtype):
    tolerance = 1e-4 if dtype in ("float32", "complex64") else 1e-11
    a = matrices(dtype, 2, 4, 4)
    h = a + a.conj().swapaxes(-1, -2)
    t = tenon.from_numpy(h)
    for uplo in "LU":
        wanted = np.linalg.eigh(h, UPLO=uplo)
        for got in (tenon.linalg.eigh(t, uplo), tn.linalg.eigh(t, UPLO=uplo), np.linalg.eigh(t, UPLO=uplo)):
            assert np.allclose(got.eigenvalues.numpy(), wanted.eigenvalues, atol=tolerance)
            rebuilt = (got.eigenvectors * got.eigenvalues[:, None, :]) @ got.eigenvectors.conj().mT
            assert np.allclose(rebuilt.numpy(), h, atol=tolerance)
        assert np.allclose(tn.linalg.eigvalsh(t, uplo).numpy(), wanted.eigenvalues, atol=tolerance)
    for shape in [(4, 3), (3, 4), (2, 5, 2)]:
        a = matrices(dtype, *shape)
        t = tenon.from_numpy(a)
        for full in (True, False):
            U, S, Vh = tenon.linalg.svd(t, full_matrices=full)
            wanted = np.linalg.svd(a, full_matrices=full)
            assert (U.shape, Vh.shape) == (wanted.U.shape, wanted.Vh.shape)
            assert str(S.dtype.name) == str(wanted.S.dtype)
            assert np.allclose(S.numpy(), wanted.S, atol=tolerance)
        assert np.allclose(tn.linalg.svd(t, compute_uv=False).numpy(), wanted.S, atol=tolerance)
        assert np.allclose(tn.linalg.svdvals(t).numpy(), wanted.S, atol=tolerance)
    strided = tenon.from_numpy(h)[::-1].mT
    assert np.allclose(tenon.linalg.eigvalsh(strided).numpy(), np.linalg.eigvalsh(h[::-1]), atol=tolerance)


@pytest.mark.parametrize("ord", [2, -2, "nuc"])
def test_matrix_norms_by_singular_values_have_gradients(ord):
    a = matrices("float64", 3, 4, 2)
    x = tenon.from_numpy(a).requires_grad_()
    for axis in [(1, 2), (0, 2), (2, 0)]:
        for keepdims in (False, True):
            got = tn.linalg.norm(x, ord, axis, keepdims)
            assert np.allclose(got.detach().numpy(), np.linalg.norm(a, ord, axis, keepdims))
        assert tenon.autograd.gradcheck(lambda t, axis=axis: tn.linalg.norm(t, ord, axis), (x,))


@pytest.mark.skipif(torch is None, reason="PyTorch is what the gradients are compared with")
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients_are_pytorchs(dtype):
    a = matrices(dtype, 2, 3, 3)

    def decomposed(xp, x):
        w, V = xp.linalg.eigh(x + (x.conj().mT if xp is tenon else x.mH))
        U, S, Vh = xp.linalg.svd(x[..., :2], full_matrices=False)
        weights = xp.arange(3, dtype=xp.float64)
        return (
            (w * weights).sum()
            + (V.abs() * weights).sum()
            + (U.abs() * S[:, None]).sum()
            + (Vh.abs() ** 2 * S[..., None]).sum()
        )

    ours, theirs = tenon.from_numpy(a).requires_grad_(), torch.from_numpy(a).requires_grad_()
    decomposed(tenon, ours).backward()
    decomposed(torch, theirs).backward()
    assert np.allclose(ours.grad.numpy(), theirs.grad.numpy())


@pytest.mark.skipif(torch is None, reason="PyTorch is what the gradients are compared with")
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_second_gradients_are_pytorchs(dtype):
    a = matrices(dtype, 2, 3, 3)
    a = a + a.conj().swapaxes(-1, -2)
    weights = np.arange(1.0, 4)

    def gradients(from_numpy, grad, decomposed):
        x = from_numpy(a).requires_grad_()
        w = from_numpy(weights)
        first = grad((decomposed(x) ** 3 * w).sum(), x, create_graph=True)[0]
        return first, grad((first.real * from_numpy(a.real)).sum(), x)[0]

    for name in ("eigvalsh", "svdvals"):
        ours = gradients(tenon.from_numpy, tenon.autograd.grad, getattr(tenon.linalg, name))
        theirs = gradients(torch.from_numpy, torch.autograd.grad, getattr(torch.linalg, name))
        for got, wanted in zip(ours, theirs, strict=True):
            assert np.allclose(got.detach().numpy(), wanted.detach().numpy()), name
    first, second = gradients(tenon.from_numpy, tenon.autograd.grad, tenon.linalg.eigvalsh)
    for g in (first.detach().numpy(), second.numpy()):  # of a function of Hermitian matrices
        assert np.allclose(g, g.conj().swapaxes(-1, -2))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradgradcheck(dtype):
    x = tenon.from_numpy(matrices(dtype, 3, 3)).requires_grad_()
    for f in (
        lambda t: tenon.linalg.eigvalsh(t + t.mT.conj()),
        lambda t: tenon.linalg.eigh(t + t.mT.conj()).eigenvectors.abs(),
        lambda t: tenon.linalg.svdvals(t),
    ):
        assert tenon.autograd.gradcheck(f, (x,)) and tenon.autograd.gradgradcheck(f, (x,))


def test_errors():
    with pytest.raises(ValueError, match=r"^linalg.eigh: the matrices must be square; got shape \(2, 3\)"):
        tenon.linalg.eigh(tenon.ones(2, 3))
    with pytest.raises(ValueError, match="UPLO is 'L' or 'U'; got 'X'"):
        tenon.linalg.eigvalsh(tenon.eye(2), "X")
    with pytest.raises(ValueError, match="UPLO"):
        tn.linalg.eigh(tenon.eye(2), "X")
    with pytest.raises(TypeError, match="float16"):
        tenon.linalg.svdvals(tenon.eye(2).to(tenon.float16))
    assert tenon.linalg.LinAlgError is np.linalg.LinAlgError
    with pytest.raises(np.linalg.LinAlgError, match=r"^linalg.svd: no result was found for matrix 0"):
        tenon.linalg.svd(tenon.full((2, 2), tenon.nan))
    with pytest.raises(AttributeError):
        _ = tenon.linalg.missing
    x = tenon.ones(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="use full_matrices=False"):
        tenon.linalg.svd(x).U.sum().backward()


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_singular_values_of_infinities_end(value, dtype):
    """LAPACK's iteration over them would not."""
    for at in range(0, 24, 5):
        a = np.random.default_rng(at).random((4, 6)).astype(dtype)
        a.flat[at] = value
        for f in (tenon.linalg.svd, tenon.linalg.svdvals, tenon.linalg.pinv):
            with pytest.raises(np.linalg.LinAlgError, match="does it hold NaN or infinities"):
                f(a)


def test_without_numpy_the_error_is_tenons():
    code = """
import sys
sys.modules["numpy"] = None
import tenon
try:
    tenon.linalg.svd(tenon.full((2, 2), tenon.nan))
except tenon.linalg.LinAlgError as e:
    print(type(e).__module__, type(e).__name__, isinstance(e, ValueError))
"""
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert r.stdout.split() == ["tenon.linalg", "LinAlgError", "True"]
