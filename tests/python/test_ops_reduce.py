"""Reductions and scans against NumPy: dimensions, dtypes, both vocabularies, named tuples, out=."""

import numpy as np
import pytest
import tenon
from support import NUMPY

A = np.random.default_rng(0).standard_normal((3, 4, 5))
DIMS = [None, 0, 1, -1, (0, 2), (0, 1, 2)]


def close(ours, theirs, dtype=None):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.allclose(np.asarray(ours.tolist()), theirs, rtol=1e-6, equal_nan=True)
    if dtype:
        assert ours.dtype is dtype


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize(
    "name, reference",
    [
        ("sum", np.sum),
        ("prod", np.prod),
        ("mean", np.mean),
        ("amin", np.min),
        ("amax", np.max),
        ("all", np.all),
        ("any", np.any),
        ("count_nonzero", np.count_nonzero),
        ("logsumexp", lambda a, axis, keepdims: np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims))),
    ],
)
def test_reductions(name, reference, dim, keepdim):
    t = tenon.tensor(A)
    theirs = reference(A, axis=dim, keepdims=keepdim)
    close(getattr(t, name)(dim, keepdim), theirs)
    close(getattr(tenon, name)(t, axis=dim, keepdims=keepdim), theirs)
    close(getattr(tenon, name)(input=t, dim=dim, keepdim=keepdim), theirs)


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("dim", [None, 1, (0, 2)])
def test_spread(name, dim):
    t, f = tenon.tensor(A), getattr(np, name)
    g = getattr(tenon, name)
    close(g(t, dim), f(A, axis=dim, ddof=1))
    close(g(t, dim, False), f(A, axis=dim))
    close(g(t, dim, unbiased=False), f(A, axis=dim))
    close(g(t, dim, correction=0, keepdim=True), f(A, axis=dim, keepdims=True))
    close(g(t, axis=dim, ddof=0.5), f(A, axis=dim, ddof=0.5))
    close(g(t, False), f(A))
    close(g(t, dtype=tenon.float32), f(A, ddof=1), tenon.float32)


@pytest.mark.parametrize("name, reference", [("max", np.max), ("min", np.min)])
def test_extremes(name, reference):
    t, g = tenon.tensor(A), getattr(tenon, name)
    close(g(t), reference(A))
    r = g(t, 1)
    assert type(r).__name__ == "ValuesIndices"
    close(r.values, reference(A, axis=1))
    close(r.indices, getattr(np, "arg" + name)(A, axis=1), tenon.int64)
    values, indices = getattr(t, name)(dim=-1, keepdim=True)
    assert values.shape == indices.shape == (3, 4, 1)
    close(g(t, (0, 1)), reference(A, axis=(0, 1)))
    other = tenon.zeros(5, dtype=tenon.float64)
    close(g(t, other), getattr(np, name + "imum")(A, 0))
    close(g(t, other=other), getattr(np, name + "imum")(A, 0))
    close(getattr(t, name)(np.zeros(5)), getattr(np, name + "imum")(A, 0))
    with pytest.raises(ValueError, match=r"^(max|min): "):
        g(tenon.zeros(0))


def test_gradient_of_max_along_a_dimension_goes_to_one_element():
    t = tenon.tensor([[1.0, 3.0, 3.0]], requires_grad=True)
    t.max(1).values.sum().backward()
    assert t.grad.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(name):
    t = tenon.tensor(A)
    for dim in (None, 0, 2):
        close(getattr(t, name)(dim), getattr(np, name)(A, axis=dim), tenon.int64)
        close(getattr(tenon, name)(t, axis=dim, keepdims=True), getattr(np, name)(A, axis=dim, keepdims=True))


@pytest.mark.parametrize("p", [0, 1, 2, 3, 0.5, float("inf"), -float("inf")])
@pytest.mark.parametrize("dim", [0, -1])
def test_norm(p, dim):
    close(tenon.tensor(A).norm(p, dim), np.linalg.norm(A, p, axis=dim))


def test_norm_arguments():
    t = tenon.tensor(A)
    close(t.norm(), np.linalg.norm(A))
    close(t.norm("fro", (0, 1)), np.linalg.norm(A, axis=(0, 1)))
    close(t.norm(p=1, dim=(0, 1), keepdim=True), np.abs(A).sum((0, 1), keepdims=True))
    assert t.norm(dtype=tenon.float32).dtype is tenon.float32
    with pytest.raises(ValueError, match="norm"):
        t.norm("nuc")


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_scans(name, dim):
    close(getattr(tenon.tensor(A), name)(dim), getattr(np, name)(A, axis=dim))
    i = np.arange(1, 7, dtype=np.int8).reshape(2, 3)
    close(getattr(tenon.tensor(i), name)(axis=0), getattr(np, name)(i, axis=0), tenon.int64)
    close(getattr(tenon.tensor(i), name)(0, dtype=tenon.float32), getattr(np, name)(i, axis=0), tenon.float32)


def test_softmax():
    e = np.exp(A - A.max(1, keepdims=True))
    close(tenon.tensor(A).softmax(1), e / e.sum(1, keepdims=True))
    close(tenon.tensor(A).log_softmax(dim=1), np.log(e / e.sum(1, keepdims=True)))
    big = tenon.tensor([1000.0, 1000.0])
    assert big.softmax(0).tolist() == [0.5, 0.5]
    assert tenon.tensor([1, 1]).softmax(0, dtype=tenon.float64).dtype is tenon.float64


def test_dtypes_of_results():
    for dtype, result in (
        ("bool", "int64"),
        ("int8", "int64"),
        ("uint8", "uint64"),
        ("float16", "float16"),
        ("complex64", "complex64"),
    ):
        t = tenon.ones(3, dtype=getattr(tenon, dtype))
        assert t.sum().dtype is getattr(tenon, result)
        assert t.sum().item() == 3
    assert tenon.ones(3, dtype=tenon.int8).sum(dtype=tenon.float64).dtype is tenon.float64
    assert tenon.ones(3, dtype=tenon.int8).mean().dtype is tenon.float32
    assert tenon.tensor([True, False]).all().dtype is tenon.bool


def test_out():
    t, out = tenon.tensor(A), tenon.zeros(5, dtype=tenon.float64)
    assert t.sum((0, 1), out=out) is out
    close(out, A.sum((0, 1)))
    array = np.zeros(5)
    assert tenon.mean(t, axis=(0, 1), out=array) is array
    assert np.allclose(array, A.mean((0, 1)))
    assert t.sum((0, 1), out=None).shape == (5,)
    with pytest.raises(ValueError, match="sum"):
        t.sum(0, out=out)
    with pytest.raises(TypeError, match="sum"):
        t.sum((0, 1), out=tenon.zeros(5, dtype=tenon.int64))
    with pytest.raises(TypeError, match="max"):
        t.max(1, out=tenon.zeros(3, 5, dtype=tenon.float64))


def test_errors():
    t = tenon.tensor(A)
    with pytest.raises(IndexError, match="sum"):
        t.sum(3)
    with pytest.raises(ValueError, match="sum"):
        t.sum((0, 0))
    with pytest.raises(TypeError, match="there is no argument 'bogus'"):
        t.sum(bogus=1)
    with pytest.raises(TypeError, match="given twice"):
        t.sum(0, axis=1)
    with pytest.raises(TypeError, match="at most"):
        tenon.sum(t, 0, False, 1)
    with pytest.raises(TypeError, match="missing"):
        t.softmax()
    with pytest.raises(TypeError, match="'keepdim' must be a bool"):
        t.sum(0, "yes")


def test_comparisons():
    a, b = tenon.tensor([1.0, 2.0, float("nan")]), tenon.tensor([1.0, 2.0 + 1e-5, float("nan")])
    assert a.isclose(b).tolist() == [True, True, False]
    assert a.isclose(b, equal_nan=True).tolist() == [True, True, True]
    assert a.allclose(b, equal_nan=True) is True
    assert tenon.allclose(a, b) is False
    assert tenon.allclose(a[:2], b[:2], rtol=0, atol=0) is False
    assert a.equal(a) is False
    assert a[:2].equal(tenon.tensor([1, 2])) is True
    assert tenon.equal(a, a[:2]) is False
    assert tenon.allclose(np.array([1.0, 2.0]), [1.0, 2.0])


# Half precision: what takes several steps is formed in float32 and rounded once.
HALVES = {
    "mean": (lambda m, x: m.mean(x), np.full(20000, 5.0)),
    "mean of an axis": (lambda m, x: m.mean(x, axis=0), np.full((20000, 2), 5.0)),
    "mean where": (lambda m, x: m.mean(x, where=x > 0), np.full(20000, 5.0)),
    "nanmean": (lambda m, x: m.nanmean(x), np.full(20000, 5.0)),
    "std": (lambda m, x: m.std(x), np.array([0.0, 1000.0])),
    "std of small numbers": (lambda m, x: m.std(x), np.array([1e-4, 3e-4])),
    "nanstd": (lambda m, x: m.nanstd(x), np.array([0.0, 1000.0])),
    "var where": (lambda m, x: m.var(x, where=x > 0), np.full(20000, 5.0)),
    "norm 3": (lambda m, x: m.linalg.norm(x, 3), np.array([30.0, 40.0])),
    "norm 0.5": (lambda m, x: m.linalg.norm(x, 0.5), np.array([30.0, 40.0])),
    "average": (lambda m, x: m.average(x, weights=x), np.full(20000, 5.0)),
    "cov": (lambda m, x: m.cov(x), np.full(20000, 5.0)),
    "quantile": (lambda m, x: m.quantile(x, 0.3), np.array([-60000.0, 60000.0])),
    "nanquantile": (
        lambda m, x: m.nanquantile(x, 0.3, axis=1),
        np.array([[-6e4, 6e4, 0], [np.nan, 6e4, 0.0]]),
    ),
    "round": (lambda m, x: m.round(x, 2), np.array([1e4, 0.126, 600.0])),
    "round to tens": (lambda m, x: m.round(x, -1), np.array([1e4, 65496.0])),
    "logaddexp2": (lambda m, x: m.logaddexp2(x, x), np.array([1000.0, 3.3])),
    "ldexp": (lambda m, x: m.ldexp(x, -30), np.array([60000.0])),
    "gradient": (lambda m, x: m.gradient(x), np.array([-60000.0, 0.0, 60000.0])),
    "trapezoid": (lambda m, x: m.trapezoid(x), np.array([40000.0, 40000.0])),
    "cross": (lambda m, x: m.cross(x, x[::-1]), np.array([300.0, 400.0, 300.0])),
    "einsum": (lambda m, x: m.einsum("i,i,i->", x, x, 1 / x), np.array([300.0, 400.0])),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_precision_is_rounded_once(name):
    f, a = HALVES[name]
    a = a.astype(np.float16)
    if name == "trapezoid" and NUMPY < (2, 0):
        pytest.skip("this NumPy calls it trapz")
    wanted = np.asarray(f(np, a.astype(np.float64)))
    ours = f(tenon.numpy, tenon.from_numpy(a))
    assert ours.dtype is tenon.float16 and ours.shape == wanted.shape
    assert np.isfinite(wanted).all() and np.allclose(ours.numpy(), wanted, rtol=6e-4, atol=6e-8)


@pytest.mark.parametrize("dtype", [tenon.float16, tenon.bfloat16])
def test_half_precision_of_methods(dtype):
    five, pair = tenon.full((20000,), 5.0, dtype=dtype), tenon.tensor([0.0, 1000.0], dtype=dtype)
    assert five.mean().item() == five.mean(0).item() == np.mean(five).item() == 5
    assert five.mean().dtype is dtype and tenon.ones(3).mean(dtype=dtype).dtype is dtype
    assert pair.std().item() == pytest.approx(707.1, rel=4e-3)
    assert tenon.tensor([30.0, 40.0], dtype=dtype).norm(3).item() == pytest.approx(44.97, rel=4e-3)
    assert tenon.logsumexp(tenon.zeros(70000, dtype=dtype), 0).item() == pytest.approx(11.16, rel=4e-3)
    assert tenon.round(tenon.tensor([1e4], dtype=dtype), decimals=2).item() == pytest.approx(1e4, rel=4e-3)
    low = tenon.tensor([-6e4], dtype=dtype)
    total = tenon.tensor(low.item() + 1e5, dtype=dtype)
    assert low.add(pair[1:], alpha=100) == total and low.add_(pair[1:], alpha=100) == total
    assert pair.add(2.0, alpha=2).dtype is dtype  # a number times alpha is a number


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.mean(),
        lambda x: x.std(),
        lambda x: x.var(),
        lambda x: x.norm(),
        lambda x: x.norm(3),
        lambda x: x.logsumexp(0),
        lambda x: (x / 500).prod(),
        lambda x: (x / 500).cumprod(0).sum(),
        lambda x: x.softmax(0)[0],
        lambda x: x.log_softmax(0).sum(),
        lambda x: x.amax(),
    ],
)
def test_gradients_in_half_precision(f):
    a = np.array([100.0, 1000.0, 700.0, 1000.0]).astype(np.float16)
    half, exact = tenon.tensor(a).requires_grad_(), tenon.tensor(a.astype(np.float64)).requires_grad_()
    f(half).backward()
    f(exact).backward()
    assert half.grad.dtype is tenon.float16
    assert np.allclose(half.grad.numpy(), exact.grad.numpy(), rtol=2e-3, atol=1e-6)


def test_forms_of_scans_and_norms():
    t = tenon.tensor([[1, 2], [3, 4]], dtype=tenon.int32)
    assert t.cumsum().tolist() == [1, 3, 6, 10] and tenon.cumprod(t).tolist() == [1, 2, 6, 24]
    a, b = t.clone(), t.clone()
    assert a.cumsum_(0) is a and a.tolist() == [[1, 2], [4, 6]] and a.dtype is tenon.int32
    assert b.cumprod_(1).tolist() == [[1, 2], [3, 12]]
    for f in (tenon.softmax, tenon.log_softmax):
        assert f(t, 1, tenon.float64).dtype is tenon.float64
    m = tenon.tensor(A[0])
    assert m.norm("nuc").item() == pytest.approx(np.linalg.norm(A[0], "nuc"))
    with pytest.raises(ValueError, match="'nuc' is for matrices"):
        m[0].norm("nuc")


def test_out_of_named_tuples():
    t = tenon.tensor([[1.0, 3.0], [4.0, 2.0]])
    for f, wanted in ((tenon.max, [3, 4]), (tenon.min, [1, 2])):
        values, indices = tenon.zeros(2), tenon.zeros(2, dtype=tenon.int64)
        r = f(t, 1, out=(values, indices))
        assert r.values is values and r.indices is indices
        assert values.tolist() == wanted and indices.tolist() == f(t, 1).indices.tolist()
    values, indices = tenon.zeros(2, 2), tenon.zeros(2, 2, dtype=tenon.int64)
    tenon.sort(t, descending=True, out=(values, indices))
    assert values.tolist() == [[3, 1], [4, 2]] and indices.tolist() == [[1, 0], [0, 1]]
    values.zero_()
    with pytest.raises(ValueError, match=r"sort: the shape must be \(2, 2\)"):  # and nothing is written
        tenon.sort(t, out=(values, tenon.zeros(2, dtype=tenon.int64)))
    assert not values.any()
    with pytest.raises(TypeError, match="a tuple of 2 tensors"):
        tenon.sort(t, out=values)


def test_complex_forms():
    torch = pytest.importorskip("torch")
    a = np.array([1 + 2j, 0, -3.5 + 0.1j])
    for name in ("sigmoid", "sinc", "silu"):
        theirs = torch.nn.functional.silu if name == "silu" else getattr(torch, name)
        wanted = theirs(torch.from_numpy(a)).numpy()
        x = tenon.tensor(a)
        out = tenon.zeros(3, dtype=tenon.complex128)
        for ours in (
            getattr(tenon, name)(x),
            getattr(x.clone(), name + "_")(),
            getattr(tenon, name)(x, out=out),
        ):
            assert np.allclose(ours.numpy(), wanted)
        assert tenon.autograd.gradcheck(getattr(tenon, name), (tenon.tensor(a).requires_grad_(),))
    assert tenon.logsumexp(tenon.tensor(a), 0).item() == pytest.approx(
        torch.logsumexp(torch.from_numpy(a), 0).item()
    )


def test_means_are_in_dtypes_that_have_fractions():
    t = tenon.tensor([1.5, 2.0])
    for name in ("mean", "var", "std", "norm"):
        with pytest.raises(TypeError, match=f"^{name}: .*int32"):
            getattr(t, name)(dtype=tenon.int32)
    small = t.to(tenon.float8_e5m2)
    for name in ("mean", "norm", "var", "std"):
        with pytest.raises(TypeError, match=f"^{name}: .*float8"):
            getattr(small, name)()
        assert getattr(small, name)(dtype=tenon.float32).dtype is tenon.float32


def test_several_elements_are_no_number():
    for f in (float, int, complex):
        with pytest.raises(TypeError, match=f"^{f.__name__}: only a tensor of one element"):
            f(tenon.ones(2))
    with pytest.raises(ValueError, match=r"^item: "):  # as NumPy
        tenon.ones(2).item()
