"""PyTorch's own samples of linear algebra: values, gradients and second gradients are PyTorch's."""

import warnings

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")
from opinfo import OPERATORS, array, ours, tensors, weighted  # noqa: E402

TOP_LEVEL = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "inverse", "logdet", "lu_solve", "matrix_exp",
    "pinverse", "qr", "slogdet", "svd",
]  # fmt: skip
#: Samples of another function than the operation.
WRAPPED = {("linalg.lstsq", "grad_oriented"), ("linalg.pinv", "singular")}
#: Their vectors have a free phase.
PHASES = {"svd", "linalg.svd", "linalg.eig", "linalg.eigh"}
SAMPLES = {
    f"{o.name} {o.variant_test_name}".strip(): o
    for o in OPERATORS
    if (o.name.startswith("linalg.") or o.name in TOP_LEVEL) and (o.name, o.variant_test_name) not in WRAPPED
}
MOST = 40  # samples of one operation and dtype


def function(name):
    f = tenon
    for part in name.split("."):
        f = getattr(f, part)
    return f


def results(f, name, args, kwargs):
    if kwargs.get("hermitian") or name in ("cholesky", "linalg.cholesky", "linalg.cholesky_ex"):
        # Of one triangle; what the other one's gradient is depends on how it comes about.
        args = ((args[0] + args[0].mT.conj()) / 2, *args[1:])
    out = f(*args, **kwargs)
    out = list(out) if isinstance(out, tuple) else [out]
    if name in PHASES:  # those of full_matrices are free altogether
        k = min(args[0].shape[-2:])
        at = 1 if name.endswith("svd") else 0
        out = [t if i == at else t.abs() for i, t in enumerate(out)]
        if name.endswith("svd"):
            out[0] = out[0][..., :k]
            out[2] = out[2][..., :k] if name == "svd" else out[2][..., :k, :]
    return out


def samples(o, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(o.sample_inputs("cpu", dtype, requires_grad=o.supports_autograd))
    step = -(-len(found) // MOST)
    return [((s.input, *s.args), s.kwargs) for s in found[::step]]


def described(args, kwargs):
    return f"{[tuple(a.shape) if isinstance(a, torch.Tensor) else a for a in args]} {kwargs}"


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", SAMPLES)
def test_values(name, dtype):
    o = SAMPLES[name]
    if not o.supports_dtype(getattr(torch, dtype), "cpu"):
        pytest.skip(f"PyTorch has no {dtype} for it")
    for args, kwargs in samples(o, getattr(torch, dtype)):
        wanted = [array(t) for t in results(o.op, o.name, args, kwargs)]
        got = [array(t) for t in results(function(o.name), o.name, ours(args), ours(kwargs))]
        assert [g.shape for g in got] == [w.shape for w in wanted], described(args, kwargs)
        for g, w in zip(got, wanted, strict=True):
            assert g.dtype == w.dtype
            assert np.allclose(g, w, rtol=1e-7, atol=1e-8, equal_nan=True), described(args, kwargs)


def gradients(xp, f, name, args, kwargs):
    """The gradients of a weighted sum of the results and of their squares; None where there are none."""
    leaves = [t for t in tensors([args, kwargs]) if t.requires_grad]
    total = weighted(xp, results(f, name, args, kwargs))
    if total is None:
        return None
    first = xp.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
    squares = [(g * g).sum() for g in first if g is not None and g.requires_grad]
    second = [None] * len(leaves)
    if squares:
        square = sum(s.real if s.is_complex() else s for s in squares)
        second = xp.autograd.grad(square, leaves, allow_unused=True)
    return [[None if g is None else array(g) for g in gs] for gs in (first, second)]


# Of triangular matrices PyTorch's gradient has values where nothing is read.
LOWER = {"cholesky_inverse": 0, "cholesky_solve": 1}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", [n for n in SAMPLES if SAMPLES[n].supports_autograd])
def test_gradients(name, dtype):
    o = SAMPLES[name]
    if not o.supports_dtype(getattr(torch, dtype), "cpu"):
        pytest.skip(f"PyTorch has no {dtype} for it")
    for args, kwargs in samples(o, getattr(torch, dtype)):
        full = kwargs.get("full_matrices", not kwargs.get("some", True))
        if name.endswith("svd") and full and args[0].shape[-1] != args[0].shape[-2]:
            continue  # test_linalg.py has the error
        wanted = gradients(torch, o.op, o.name, args, kwargs)
        got = gradients(tenon, function(o.name), o.name, ours(args), ours(kwargs))
        assert (wanted is None) == (got is None), described(args, kwargs)
        orders = list(zip(wanted, got, strict=True)) if wanted else []
        if name in LOWER:
            triangle = np.triu if kwargs.get("upper") else np.tril
            wanted[0][LOWER[name]] = triangle(wanted[0][LOWER[name]])
            orders = orders[:1]
        for order, (ws, gs) in enumerate(orders, 1):
            for w, g in zip(ws, gs, strict=True):
                size = np.abs(w if w is not None else 0).max(initial=1)
                # A gradient that PyTorch does not have is 0, and the other way round.
                w, g = (np.zeros(()) if x is None else x for x in (w, g))
                if name == "linalg.norm subgradients_at_zero":
                    g = np.where(np.isnan(w), w, g)  # there are none of second order
                    size = np.nanmax(np.abs(w), initial=1)
                assert np.allclose(g, w, rtol=1e-6, atol=1e-6 * size, equal_nan=True), (
                    order, described(args, kwargs), np.abs(g - w).max(), size,
                )  # fmt: skip
