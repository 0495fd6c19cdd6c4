"""Reductions and scans against NumPy: dimensions, dtypes, both vocabularies, named tuples, out=."""

import numpy as np
import pytest
import tenon

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
        t.cumsum()
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
