"""Products over chosen dimensions, Einstein's sums and PyTorch's products of matrices, beside NumPy."""

import numpy as np
import pytest
import tenon

RNG = np.random.default_rng(7)


def some(*shape, dtype="float64"):
    values = RNG.uniform(-2, 2, shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * RNG.uniform(-2, 2, shape)
    return values.astype(dtype)


def same(actual, expected, rtol=1e-12):
    expected = np.asarray(expected)
    assert actual.shape == expected.shape
    assert str(actual.dtype).removeprefix("tenon.") == str(expected.dtype)
    np.testing.assert_allclose(actual.numpy(), expected, rtol=rtol, atol=rtol)


EQUATIONS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,jk": [(2, 3), (3, 4)],
    "ji": [(2, 3)],
    "bA": [(2, 3)],
    "ii": [(3, 3)],
    "ii->i": [(3, 3)],
    "iij->j": [(3, 3, 2)],
    "i,i": [(4,), (4,)],
    "i,j->ij": [(3,), (4,)],
    "ij->": [(3, 4)],
    "...ij,...jk->...ik": [(5, 2, 3), (3, 4)],
    "...ii->...": [(4, 3, 3)],
    "i...->...": [(4, 3)],
    "...,...": [(2, 3), (3,)],
    "bhqd,bhkd->bhqk": [(2, 3, 4, 5), (2, 3, 6, 5)],
    "ij,ij,ij->i": [(3, 4), (3, 4), (1, 4)],
    "ab,bc,cd,da->": [(2, 3), (3, 4), (4, 5), (5, 2)],
    "ij,j->i": [(3, 1), (4,)],
    "ij,jk->ki": [(0, 3), (3, 2)],
    "ij,jk->ij": [(3, 0), (0, 2)],
    " i j , j -> i ": [(2, 3), (3,)],
}


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64", "int8"])
def test_einsum(equation, dtype):
    arrays = [some(*shape, dtype=dtype) for shape in EQUATIONS[equation]]
    same(tenon.einsum(equation, *map(tenon.tensor, arrays)), np.einsum(equation, *arrays))
    same(tenon.einsum(equation, list(map(tenon.tensor, arrays))), np.einsum(equation, *arrays))


def test_einsum_of_lists_of_numbers():
    a, b = some(2, 3), some(3, 4)
    t, u = tenon.tensor(a), tenon.tensor(b)
    same(tenon.einsum(t, [0, 1], u, [1, 2]), np.einsum(a, [0, 1], b, [1, 2]))
    same(tenon.einsum(t, [0, 1], u, [1, 2], [2, 0]), np.einsum(a, [0, 1], b, [1, 2], [2, 0]))
    same(tenon.einsum(t, [..., 0], [0, ...]), np.einsum(a, [..., 0], [0, ...]))
    same(tenon.einsum(t, [1, 0]), np.einsum(a, [1, 0]))
    same(tenon.einsum(t, (1, 0)), np.einsum(a, (1, 0)))
    same(tenon.einsum(t, [30, 3]), np.einsum(a, [30, 3]))


def test_einsum_takes_numpys_keywords():
    a, b = some(3, 4, dtype="float32"), some(4, 2, dtype="float32")
    t, u = tenon.tensor(a), tenon.tensor(b)
    same(tenon.einsum("ij,jk", t, u, dtype="float64"), np.einsum("ij,jk", a, b, dtype="float64"), 1e-6)
    out = tenon.zeros(3, 2)
    assert tenon.einsum("ij,jk", t, u, out=out) is out
    same(out, a @ b, 1e-6)
    for optimize in (True, False, "greedy", "optimal", ["einsum_path", (0, 1)], [(0, 1)], ("greedy", 10**6)):
        same(tenon.einsum("ij,jk", t, u, optimize=optimize), a @ b, 1e-6)
    with pytest.raises(TypeError, match="casting"):
        tenon.einsum("ij,jk", t, u, dtype="int64")
    same(tenon.einsum("ij->", tenon.ones(2, 2), dtype="int64", casting="unsafe"), np.int64(4))
    with pytest.raises(TypeError, match="einsum: there is no argument 'nonsense'"):
        tenon.einsum("ij,jk", t, u, nonsense=1)
    with pytest.raises(ValueError, match="optimize"):
        tenon.einsum("ij,jk", t, u, optimize="best")


def test_einsum_of_a_list_is_one_operand():
    same(tenon.einsum("ij->ji", [[1, 2], [3, 4]]), np.array([[1, 3], [2, 4]]))
    same(tenon.einsum("ii", np.eye(3)), np.float64(3))


@pytest.mark.parametrize(
    "equation, shapes",
    [
        ("ii", [(2, 3)]),
        ("ii", [(1, 3)]),
        ("ij,jk", [(2, 3), (4, 2)]),
        ("ij", [(2,)]),
        ("i", [(2, 3)]),
        ("ij->ii", [(2, 3)]),
        ("ij->k", [(2, 3)]),
        ("i,j", [(2,)]),
        ("i->.", [(2,)]),
        ("..i", [(2,)]),
        ("i$", [(2, 3)]),
    ],
)
def test_einsum_refuses_what_numpy_refuses(equation, shapes):
    arrays = [some(*s) for s in shapes]
    with pytest.raises(ValueError):
        np.einsum(equation, *arrays)
    with pytest.raises(ValueError, match=r"^einsum: "):
        tenon.einsum(equation, *map(tenon.tensor, arrays))


def test_gradients_of_einsum():
    x = tenon.tensor(some(2, 3, 3), requires_grad=True)
    y = tenon.tensor(some(3, 2), requires_grad=True)
    assert tenon.autograd.gradcheck(lambda a, b: tenon.einsum("bii,ij->bj", a, b), (x, y))
    assert tenon.autograd.gradcheck(lambda a, b: tenon.einsum("bij,jk,lk->il", a, b, b), (x, y))


PRODUCTS = {
    "inner": [(2, 3), (4, 3)],
    "kron": [(2, 3), (2, 2)],
    "vdot": [(2, 3), (2, 3)],
    "trace": [(3, 4)],
}


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int64", "float32"])
def test_products(name, dtype):
    arrays = [some(*shape, dtype=dtype) for shape in PRODUCTS[name]]
    same(getattr(tenon, name)(*map(tenon.tensor, arrays)), getattr(np, name)(*arrays), 1e-5)


def test_tensordot():
    a, b = some(2, 3, 4), some(4, 3, 5)
    t, u = tenon.tensor(a), tenon.tensor(b)
    for axes in (1, 0, ((1, 2), (1, 0)), ([2], [0]), (2, 0), ((-1,), (0,))):
        same(tenon.tensordot(t, u, axes), np.tensordot(a, b, axes))
        same(tenon.tensordot(t, u, dims=axes), np.tensordot(a, b, axes))
        same(tenon.tensordot(t, u, axes=axes), np.tensordot(a, b, axes))
    with pytest.raises(ValueError):
        tenon.tensordot(t, u, 2)
    with pytest.raises(IndexError):
        tenon.tensordot(t, u, ((5,), (0,)))


def test_vector_products():
    a, b, m = (
        some(4, 3, dtype="complex128"),
        some(4, 3, dtype="complex128"),
        some(4, 2, 3, dtype="complex128"),
    )
    t, u, w = map(tenon.tensor, (a, b, m))
    same(tenon.vecdot(t, u), (a.conj() * b).sum(-1))
    same(tenon.vecdot(t, u, dim=0), (a.conj() * b).sum(0))
    same(tenon.matvec(w, t), np.einsum("bij,bj->bi", m, a))
    same(tenon.vecmat(tenon.tensor(a[:, :2]), w), np.einsum("bi,bij->bj", a[:, :2].conj(), m))
    same(tenon.cross(t, u), np.cross(a, b))
    same(tenon.cross(t.T, u.T, dim=0), np.cross(a, b).T)
    c = some(3, 3)
    same(tenon.cross(tenon.tensor(c), tenon.tensor(c.T)), np.cross(c, c.T, axis=0))
    with pytest.raises(ValueError, match="3 elements"):
        tenon.cross(tenon.ones(2), tenon.ones(2))


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex64", "int64"])
def test_sums_with_products(dtype):
    a, b, c = some(2, 3, dtype=dtype), some(3, 4, dtype=dtype), some(2, 4, dtype=dtype)
    sa, sb = some(5, 2, 3, dtype=dtype), some(5, 3, 4, dtype=dtype)
    t, u, w, s, r = map(tenon.tensor, (a, b, c, sa, sb))
    two = np.array(2, dtype)
    same(tenon.addmm(w, t, u, beta=2, alpha=3), two * c + (two + 1) * (a @ b), 1e-5)
    same(w.addmm(t, u), c + a @ b, 1e-5)
    same(tenon.addmv(w[0], u.T, u[:, 0]), c[0] + b.T @ b[:, 0], 1e-5)
    same(tenon.addr(w, t[:, 0], u[0]), c + np.outer(a[:, 0], b[0]), 1e-5)
    same(tenon.addbmm(w, s, r), c + (sa @ sb).sum(0), 1e-5)
    same(tenon.baddbmm(w, s, r, alpha=2), c + two * (sa @ sb), 1e-5)
    assert w.addmm_(t, u, beta=0) is w
    same(w, a @ b, 1e-5)
    with pytest.raises(ValueError, match=r"^addmm_: "):
        w[0].addmm_(t, u)
    with pytest.raises(ValueError, match=r"^addmm: "):
        tenon.addmm(w, u, t)


def test_beta_zero_ignores_what_is_there():
    bad = tenon.full((2, 2), float("nan"))
    assert tenon.addmm(bad, tenon.eye(2), tenon.eye(2), beta=0).tolist() == [[1, 0], [0, 1]]


def test_half_precision_is_rounded_once():
    a = tenon.full((1, 1), 1 + 2**-10, dtype=tenon.float16)
    exact = np.float64(1 + 2**-10) ** 2 * 3 + 1
    assert tenon.addmm(tenon.ones(1, 1, dtype=tenon.float16), a, a, alpha=3).item() == float(
        np.float16(exact)
    )


def test_chain_matmul():
    arrays = [some(2, 9), some(9, 3), some(3, 8), some(8, 2)]
    ts = [tenon.tensor(a) for a in arrays]
    same(tenon.chain_matmul(*ts), np.linalg.multi_dot(arrays))
    same(tenon.chain_matmul(ts), np.linalg.multi_dot(arrays))
    same(tenon.chain_matmul(ts[0][0], *ts[1:]), np.linalg.multi_dot([arrays[0][0], *arrays[1:]]))


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: tenon.addmm(a[0], a, b, beta=2, alpha=3),
        lambda a, b: tenon.kron(a, b),
        lambda a, b: tenon.inner(a, b.T),
        lambda a, b: tenon.vecdot(a, b.T),
        lambda a, b: tenon.cross(a, b),
        lambda a, b: tenon.trace(a @ b),
        lambda a, b: tenon.chain_matmul(a, b, a, b),
        lambda a, b: tenon.tensordot(a, b, ([0], [1])),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_gradients(f, dtype):
    x = tenon.tensor(some(3, 3, dtype=dtype), requires_grad=True)
    y = tenon.tensor(some(3, 3, dtype=dtype), requires_grad=True)
    assert tenon.autograd.gradcheck(f, (x, y))
