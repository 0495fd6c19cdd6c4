"""The _ex functions, LDL factors, reflectors; one class for each result; errors name what was called."""

import numpy as np
import pytest
import tenon

la = tenon.linalg
torch = pytest.importorskip("torch")
DTYPES = ["float32", "float64", "complex64", "complex128"]


def stack(dtype, *shape, seed=0):
    random = np.random.default_rng(seed)
    a = random.standard_normal(shape)
    return (a + 1j * random.standard_normal(shape) if dtype.startswith("complex") else a).astype(dtype)


def close(got, wanted, dtype):
    tolerance = 1e-4 if dtype in ("float32", "complex64") else 1e-11
    np.testing.assert_allclose(got.detach().numpy(), np.asarray(wanted), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n", [1, 3, 20])
@pytest.mark.parametrize("dtype", DTYPES)
def test_info_says_which_matrices_fail(dtype, n):
    a = stack(dtype, 4, n, n)
    a[1] = 0
    a[3, :, 0] = 0
    good = [0, 2]
    t, b = tenon.from_numpy(a), tenon.from_numpy(stack(dtype, 4, n, 2, seed=1))
    infos = {
        "inv": (la.inv_ex(t), torch.linalg.inv_ex(torch.from_numpy(a)), lambda: la.inv_ex(t,
             check_errors=True)),
        "solve": (la.solve_ex(t, b), torch.linalg.solve_ex(torch.from_numpy(a), torch.from_numpy(b.numpy())),
                  lambda: la.solve_ex(t, b, check_errors=True)),
        "lu_factor": (la.lu_factor_ex(t), torch.linalg.lu_factor_ex(torch.from_numpy(a)),
                      lambda: la.lu_factor_ex(t, check_errors=True)),
    }  # fmt: skip
    for name, (got, wanted, raises) in infos.items():
        assert got._fields == tuple(f for f in type(got)._fields) and got[-1].dtype == tenon.int32
        assert got.info.tolist() == wanted.info.tolist() == [0, 1, 0, 1], name
        close(got[0][good], wanted[0][good], dtype)
        with pytest.raises(la.LinAlgError, match=rf"^linalg\.{name}_ex: .* matrix 1 \(row-major"):
            raises()
    for f in (la.inv_ex, la.lu_factor_ex):
        assert f(t[good], check_errors=True).info.tolist() == [0, 0]
    assert la.solve_ex(t[0], b[0, :, 0]).result.shape == (n,)
    right = la.solve_ex(t[good], b[good].mT, left=False).result
    close(right @ t[good], b[good].mT.numpy(), dtype)


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky_ex(dtype, n):
    a = stack(dtype, 3, n, n)
    a = a @ a.conj().swapaxes(-1, -2) + np.eye(n, dtype=dtype)
    a[1, n - 1, n - 1] = -1
    for upper in (False, True):
        L, info = la.cholesky_ex(tenon.from_numpy(a), upper=upper)
        wanted = torch.linalg.cholesky_ex(torch.from_numpy(a), upper=upper)
        assert info.dtype == tenon.int32 and info.tolist() == wanted.info.tolist() == [0, n, 0]
        close(L[[0, 2]], wanted.L[[0, 2]], dtype)
    with pytest.raises(la.LinAlgError, match=r"^linalg\.cholesky_ex: .* matrix 1 "):
        la.cholesky_ex(tenon.from_numpy(a), check_errors=True)
    assert la.cholesky_ex(tenon.eye(n), check_errors=True).info.item() == 0


@pytest.mark.parametrize("f", [lambda t: la.inv_ex(t).inverse, lambda t: la.solve_ex(t, t.mT @ t).result])
def test_a_singular_matrix_leaves_the_gradients_of_the_others(f):
    a = stack("float64", 3, 4, 4)
    a[1] = 0
    t = tenon.from_numpy(a).requires_grad_()
    f(t)[[0, 2]].sum().backward()
    alone = tenon.from_numpy(a[[0, 2]]).requires_grad_()
    f(alone).sum().backward()
    np.testing.assert_allclose(t.grad[[0, 2]].numpy(), alone.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_ldl(dtype, hermitian):
    for n in (1, 2, 7, 40):
        a = stack(dtype, 2, n, n)
        a = a + (a.conj() if hermitian else a).swapaxes(-1, -2)
        b = stack(dtype, 2, n, 3, seed=1)
        got = la.ldl_factor(tenon.from_numpy(a), hermitian=hermitian)
        wanted = torch.linalg.ldl_factor(torch.from_numpy(a), hermitian=hermitian)
        close(got.LD, wanted.LD, dtype)
        assert got.pivots.tolist() == wanted.pivots.tolist() and got.pivots.dtype == tenon.int32
        x = la.ldl_solve(*got, tenon.from_numpy(b), hermitian=hermitian)
        close(tenon.from_numpy(a) @ x, b, dtype)
        one = la.ldl_solve(
            got.LD[0], got.pivots[0], tenon.from_numpy(b), hermitian=hermitian
        )  # the batches broadcast
        close(tenon.from_numpy(a[0]) @ one, b, dtype)
        full = la.ldl_factor_ex(tenon.from_numpy(a), hermitian=hermitian)
        assert full.info.tolist() == [0, 0] and tenon.equal(full.LD, got.LD)
    assert la.ldl_factor_ex(tenon.zeros(2, 3, 3)).info.tolist() == [1, 1]
    for f in (la.ldl_factor, lambda a: la.ldl_factor_ex(a, check_errors=True)):
        with pytest.raises(la.LinAlgError, match=r"^linalg\.ldl_factor(_ex)?: the factor D is singular"):
            f(tenon.zeros(3, 3))


def test_the_gradient_of_ldl_solve_is_that_of_the_right_hand_side():
    for dtype, hermitian in (("float64", False), ("complex128", False), ("complex128", True)):
        a = stack(dtype, 4, 4)
        a = a + (a.conj() if hermitian else a).swapaxes(-1, -2)
        factors = la.ldl_factor(tenon.from_numpy(a), hermitian=hermitian)
        b = tenon.from_numpy(stack(dtype, 4, 2, seed=2)).requires_grad_()
        f = lambda b, factors=factors, h=hermitian: la.ldl_solve(*factors, b, hermitian=h)  # noqa: E731
        assert tenon.autograd.gradcheck(f, (b,)) and tenon.autograd.gradgradcheck(f, (b,))
    leaf = tenon.eye(2).requires_grad_()
    with pytest.raises(RuntimeError, match=r"^linalg\.ldl_factor: it has no gradient"):
        la.ldl_factor(leaf)
    with pytest.raises(RuntimeError, match=r"^linalg\.ldl_solve: the factors have no gradient"):
        la.ldl_solve(leaf, tenon.tensor([1, 2], dtype=tenon.int32), tenon.ones(2, 1))


@pytest.mark.parametrize("pivots", [[0, 1], [1, 3], [-1, 1], [-2, -1], [1, -2], [-(2**31), -(2**31)]])
def test_pivots_that_are_none_reach_no_memory(pivots):
    with pytest.raises(la.LinAlgError, match=r"^linalg\.ldl_solve: the pivots are not those of ldl_factor"):
        la.ldl_solve(tenon.eye(2), tenon.tensor(pivots, dtype=tenon.int32), tenon.ones(2, 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_reflectors_are_those_of_qr(dtype):
    for m, n in [(3, 3), (5, 2), (1, 1), (30, 20)]:
        a = stack(dtype, 2, m, n)
        q, _ = la.qr(tenon.from_numpy(a))
        h, tau = np.linalg.qr(a, "raw")
        reflectors = tenon.from_numpy(h.swapaxes(-1, -2).copy())
        close(la.householder_product(reflectors, tenon.from_numpy(tau)), q.numpy(), dtype)
        for k in (0, 1, n):
            got = la.householder_product(reflectors, tenon.from_numpy(tau[:, :k].copy()))
            wanted = torch.linalg.householder_product(
                torch.from_numpy(reflectors.numpy()), torch.from_numpy(tau[:, :k].copy())
            )
            close(got, wanted, dtype)
    with pytest.raises(ValueError, match=r"linalg\.householder_product: no more scales than columns"):
        la.householder_product(tenon.zeros(3, 2), tenon.ones(3))
    with pytest.raises(ValueError, match=r"linalg\.householder_product: .*the same dimensions"):
        la.householder_product(tenon.zeros(2, 3, 2), tenon.ones(2))


def test_results_have_one_class_each():
    eye = tenon.eye(2)
    pairs = [
        (tenon.slogdet(eye), la.slogdet(eye), tenon.numpy.linalg.slogdet(eye)),
        (tenon.qr(eye), la.qr(eye), tenon.numpy.linalg.qr(eye)),
    ]
    for results in pairs:
        assert len({type(r) for r in results}) == 1 and results[0]._fields == results[1]._fields
    assert isinstance(tenon.slogdet(eye), tenon.SlogdetResult) and tenon.svd(eye)._fields == ("U", "S", "V")
    for r in (
        tenon.max(eye, 0),
        tenon.aminmax(eye),
        tenon.histogram(eye),
        la.eigh(eye),
        la.inv_ex(eye),
        la.lstsq(eye, eye),
    ):
        assert r._fields and r._asdict() == dict(zip(r._fields, r, strict=True)) and type(r)(*r) == tuple(r)
    import copy
    import pickle

    r = pickle.loads(pickle.dumps(tenon.sort(tenon.tensor([2, 1]))))
    assert type(r) is tenon.ValuesIndices and copy.deepcopy(r).indices.tolist() == [1, 0]


def test_ranks_are_numpys():
    a, b = np.eye(3), np.ones(3)
    got = np.linalg.lstsq(tenon.from_numpy(a), tenon.from_numpy(b))[2]
    assert got.dtype == np.linalg.lstsq(a, b)[2].dtype == "int32" and got == 3


S, R, H = tenon.zeros(2, 2), tenon.ones(2, 3), tenon.ones(2, 2).half()
NAN = tenon.full((2, 2), float("nan"))
# Each fails in a step of another name.
FAILS = {
    "matrix_power": [(S, -1), (R, 2), (S, -(2**63))], "tensorinv": [(S, 1), (H, 1)], "inv": [(S,), (H,)],
    "tensorsolve": [(S, S[0]), (H, H[0])], "solve": [(S, S[0])], "cond": [(S, "x"), (NAN,), (R, 1)],
    "matrix_norm": [(H, "nuc"), (R, 3), (R, 2, (0, 5)), (NAN, 2)], "norm": [(H, "nuc"), (NAN, 2), (R,
         "x"), (R, 2, 7)],
    "pinv": [(NAN,), (H,)], "lstsq": [(NAN, S), (R, R[:1])], "matrix_rank": [(NAN,)], "matrix_exp": [(R,)],
    "vector_norm": [(R, 2, 5)], "vecdot": [(R, S)], "cross": [(R, S)], "multi_dot": [([R, R],), ([R],)],
    "diagonal": [(R[0],)], "matmul": [(R, R)], "vander": [(R, -1)], "lu_solve": [(S, R, S)], "eigh": [(R,)],
}  # fmt: skip


@pytest.mark.parametrize("name", FAILS)
def test_errors_name_the_function_that_was_called(name):
    for args in FAILS[name]:
        with pytest.raises((ValueError, TypeError, IndexError, RuntimeError)) as e:
            getattr(la, name)(*args)
        assert str(e.value).startswith(f"linalg.{name}: "), (args, e.value)
        assert e.value.__cause__ is None and e.value.__context__ is None
        other = getattr(tenon.numpy.linalg, name, None)
        if other and name not in ("vector_norm", "matrix_norm", "vecdot", "multi_dot"):  # of other arguments
            with pytest.raises((ValueError, TypeError, IndexError, RuntimeError)) as e:
                other(*args)
            assert str(e.value).startswith(f"{name}: "), (args, e.value)
    import numpy.linalg

    with pytest.raises(numpy.linalg.LinAlgError, match=r"^inv: Singular"):
        np.linalg.inv(S)
