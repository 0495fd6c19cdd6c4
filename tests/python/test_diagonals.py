"""Matrices and their diagonals, beside NumPy."""

import numpy as np
import pytest
import tenon


def same(actual, expected):
    assert actual.shape == np.shape(expected)
    assert actual.tolist() == np.asarray(expected).tolist()


@pytest.mark.parametrize("k", [-3, -1, 0, 2])
@pytest.mark.parametrize("dtype", ["int8", "float32", "complex64", "bool"])
def test_diag(k, dtype):
    v, m = np.arange(3).astype(dtype), np.arange(12).reshape(3, 4).astype(dtype)
    same(tenon.diag(tenon.tensor(v), k), np.diag(v, k))
    same(tenon.diag(tenon.tensor(m), k), np.diag(m, k))
    same(tenon.diagflat(tenon.tensor(m), k), np.diagflat(m, k))
    assert str(tenon.tensor(v).diag().dtype).endswith(dtype)


def test_diag_of_a_matrix_is_a_copy():
    m = tenon.eye(2)
    m.diag().fill_(7)
    assert m.tolist() == [[1, 0], [0, 1]]


def test_diag_embed():
    t = tenon.arange(6.0).reshape(2, 3)
    r = tenon.diag_embed(t, 1)
    assert r.shape == (2, 4, 4)
    same(r.diagonal(1, -2, -1), t.numpy())
    assert tenon.diag_embed(t, dim1=0, dim2=1).shape == (3, 3, 2)
    with pytest.raises(ValueError, match=r"^diag_embed: "):
        tenon.diag_embed(t, 0, 1, 1)


@pytest.mark.parametrize("k", [-2, 0, 1])
def test_triangles(k):
    same(tenon.tril_indices(3, 4, k), np.tril_indices(3, k, 4))
    same(tenon.triu_indices(3, 4, k), np.triu_indices(3, k, 4))
    v = np.arange(1.0, 4)
    same(tenon.tril(tenon.tensor(v), k), np.tril(v, k))
    same(tenon.triu(tenon.tensor(v), k), np.triu(v, k))


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (7, 2), (3, 3, 3), (0, 3)])
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("value", [7, [1, 2], np.arange(30.0)])
def test_fill_diagonal(shape, wrap, value):
    a = np.zeros(shape)
    t = tenon.zeros(shape, dtype=tenon.float64)
    np.fill_diagonal(a, value, wrap)
    assert t.fill_diagonal_(value, wrap) is t
    same(t, a)
    turned = tenon.zeros(shape[::-1], dtype=tenon.float64).T
    turned.fill_diagonal_(value, wrap)
    same(turned, a)


def test_fill_diagonal_refuses():
    with pytest.raises(ValueError, match=r"^fill_diagonal_: "):
        tenon.zeros(3).fill_diagonal_(1)
    with pytest.raises(ValueError, match=r"^fill_diagonal_: "):
        tenon.zeros(2, 2, 3).fill_diagonal_(1)
    with pytest.raises(OverflowError):
        tenon.zeros(2, 2, dtype=tenon.int8).fill_diagonal_(1000)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float64", "complex128", "bool"])
@pytest.mark.parametrize("n", [None, 0, 1, 5])
@pytest.mark.parametrize("increasing", [False, True])
def test_vander(dtype, n, increasing):
    x = np.array([0, 1, 3, 2]).astype(dtype)
    same(tenon.vander(tenon.tensor(x), n, increasing), np.vander(x, n, increasing))
