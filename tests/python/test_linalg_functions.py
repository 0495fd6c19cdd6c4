"""Equations, factors and functions of matrices: NumPy's values, shapes, errors; gradients by differences."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tn

DTYPES = ["float32", "float64", "complex64", "complex128"]
LOW = ("float32", "complex64")


def matrices(dtype, *shape, seed=0):
    random = np.random.default_rng(seed)
    a = random.standard_normal(shape)
    return (a + 1j * random.standard_normal(shape) if dtype.startswith("complex") else a).astype(dtype)


def positive(a):
    return a @ a.conj().swapaxes(-1, -2) + np.eye(a.shape[-1], dtype=a.dtype)


def check(got, wanted, dtype, what=""):
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    got = got if isinstance(got, tuple) else (got,)
    assert len(got) == len(wanted)
    tolerance = 1e-3 if dtype in LOW else 1e-9
    for g, w in zip(got, wanted, strict=True):
        w = np.asarray(w)
        assert g.shape == w.shape, what
        assert w.dtype.kind == "i" or str(g.numpy().dtype) == str(w.dtype), what
        assert np.allclose(g.numpy(), w, rtol=tolerance, atol=tolerance), what


# Each of one matrix, or of a stack.
SQUARE = {
    "inv": lambda la, a: la.inv(a),
    "det": lambda la, a: la.det(a),
    "slogdet": lambda la, a: tuple(la.slogdet(a)),
    "solve": lambda la, a: la.solve(a, a[..., :2]),
    "cond": lambda la, a: la.cond(a),
    "cond 1": lambda la, a: la.cond(a, 1),
    "cond -inf": lambda la, a: la.cond(a, -np.inf),
    "cond nuc": lambda la, a: la.cond(a, "nuc"),
    "eigvals": lambda la, a: (tn if la is tn.linalg else np).sort(abs(la.eigvals(a + 0j))),
    "matrix_power": lambda la, a: la.matrix_power(a, -3),
    "matrix_rank": lambda la, a: la.matrix_rank(a),
    "matrix_rank hermitian": lambda la, a: la.matrix_rank(a, hermitian=True),
    "pinv hermitian": lambda la, a: la.pinv(a + a.conj().mT, hermitian=True),
    "svd hermitian": lambda la, a: la.svd(a + a.conj().mT, hermitian=True)[1],
}
ANY = {
    "pinv": lambda la, a: la.pinv(a),
    "pinv rcond": lambda la, a: la.pinv(a, 0.5),
    "pinv rtol": lambda la, a: la.pinv(a, rtol=0.5),
    "matrix_rank": lambda la, a: la.matrix_rank(a, 1.0),
    "matrix_rank rtol": lambda la, a: la.matrix_rank(a, rtol=0.5),
    "qr": lambda la, a: tuple(la.qr(a)),
    "qr complete": lambda la, a: tuple(la.qr(a, "complete")),
    "qr r": lambda la, a: la.qr(a, mode="r"),
    "qr raw": lambda la, a: tuple(la.qr(a, "raw")),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SQUARE)
def test_square_matrices(name, dtype):
    f = SQUARE[name]
    for shape in [(3, 3), (1, 1), (2, 4, 4), (17, 17)]:
        a = matrices(dtype, *shape)
        check(f(tn.linalg, tenon.from_numpy(a)), f(np.linalg, a), dtype, f"{name} {shape}")
        strided = tenon.from_numpy(np.asfortranarray(a)[..., ::-1, :])
        check(f(tn.linalg, strided), f(np.linalg, a[..., ::-1, :]), dtype, f"{name} of {shape}, strided")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ANY)
def test_matrices_of_any_shape(name, dtype):
    f = ANY[name]
    for shape in [(3, 3), (5, 3), (3, 5), (2, 4, 3)]:
        a = matrices(dtype, *shape)
        check(f(tn.linalg, tenon.from_numpy(a)), f(np.linalg, a), dtype, f"{name} {shape}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_equations(dtype):
    for m, n in [(4, 4), (6, 3), (3, 6)]:
        a = matrices(dtype, m, n)
        for b in (matrices(dtype, m, seed=1), matrices(dtype, m, 2, seed=1)):
            check(tn.linalg.lstsq(tenon.from_numpy(a), tenon.from_numpy(b)), np.linalg.lstsq(a, b), dtype)
    low = np.outer(np.arange(1, 5), np.arange(1, 4)).astype(dtype)  # of rank 1
    b = matrices(dtype, 4, seed=2)
    check(tn.linalg.lstsq(tenon.from_numpy(low), tenon.from_numpy(b)), np.linalg.lstsq(low, b), dtype)
    # -1 is the dtype's precision, where NumPy's is that of float64: ten times that counts, a tenth does not.
    eps = np.finfo(dtype).eps
    nearly = np.diag(np.array([1, 10 * eps, 0.1 * eps], dtype))
    assert tn.linalg.lstsq(tenon.from_numpy(nearly), tenon.ones(3, dtype=dtype), rcond=-1)[2] == 2
    # NumPy 2: a vector is what has one dimension.
    a, v, stack = matrices(dtype, 2, 2, 2), matrices(dtype, 2), matrices(dtype, 2, 2, seed=3)
    for right in (v, stack, a):
        wanted = np.linalg.solve(a, right)
        check(np.linalg.solve(tenon.from_numpy(a), tenon.from_numpy(right)), wanted, dtype)
    # PyTorch: also what has the shape of the other vectors.
    got = tenon.linalg.solve(tenon.from_numpy(a), tenon.from_numpy(stack))
    check(got, np.linalg.solve(a, stack[..., None])[..., 0], dtype)
    h = positive(matrices(dtype, 2, 4, 4))
    for upper in (False, True):
        check(tn.linalg.cholesky(tenon.from_numpy(h), upper=upper), np.linalg.cholesky(h, upper=upper), dtype)
    t = matrices(dtype, 6, 2, 3)
    check(tn.linalg.tensorsolve(tenon.from_numpy(t), tenon.from_numpy(t[:, 0, 0])),
          np.linalg.tensorsolve(t, t[:, 0, 0]), dtype)  # fmt: skip
    check(tn.linalg.tensorinv(tenon.from_numpy(t), 1), np.linalg.tensorinv(t, 1), dtype)


def test_nothing_in_them():
    la = tenon.linalg
    for shape in [(0, 0), (0, 3, 3), (2, 0, 0)]:
        z = tenon.zeros(shape, dtype=tenon.float64, requires_grad=True)
        a = np.zeros(shape)
        for name in ("inv", "det", "cholesky", "eigvals", "matrix_exp", "pinv", "qr"):
            r = getattr(la, name)(z)
            r = r[1] if name == "qr" else r
            wanted = a if name == "matrix_exp" else getattr(np.linalg, name)(a)
            assert r.shape == (wanted[1] if name == "qr" else wanted).shape, name
            r.abs().sum().backward()
        assert la.solve(z, z).shape == shape
        assert la.lstsq(z, z).solution.shape == shape
        assert z.grad.shape == shape
    for shape in [(0, 3), (3, 0), (2, 0, 3)]:
        a = np.zeros(shape)
        assert tn.linalg.pinv(tenon.from_numpy(a)).shape == np.linalg.pinv(a).shape
        check(tuple(tn.linalg.qr(tenon.from_numpy(a))), tuple(np.linalg.qr(a)), "float64")


def test_integers_and_bools():
    a = np.array([[2, 1], [1, 3]])
    for b in (a, a.astype(np.int8), a > 1):
        t = tenon.from_numpy(b)
        b = b.astype(float) if b.dtype == bool else b
        for name in ("inv", "det", "pinv", "cond"):
            assert getattr(tn.linalg, name)(t).dtype == tenon.float64
            assert np.allclose(getattr(tn.linalg, name)(t).numpy(), getattr(np.linalg, name)(b))
            assert getattr(tenon.linalg, name)(t).dtype == tenon.float32
        assert tenon.linalg.solve(t, [1, 2]).dtype == tenon.float32
    assert tenon.linalg.solve(tenon.eye(2), tenon.ones(2, dtype=tenon.float64)).dtype == tenon.float64


ERRORS = [
    (lambda la, t: la.inv(t), r"^linalg\.inv: Singular matrix 1 .*pinv takes singular ones"),
    (lambda la, t: la.solve(t, t), r"^linalg\.solve: Singular matrix 1 .*no unique solution exists; lstsq"),
    (
        lambda la, t: la.cholesky(-t),
        r"linalg\.cholesky: no factor exists for matrix 0 .*not positive definite",
    ),
    (lambda la, t: la.eig(t / 0), r"linalg\.eig: no result was found for matrix 0 .*NaN or infinities"),
    (lambda la, t: la.tensorinv(t[1], 1), r"inv: Singular matrix 0 "),
    (lambda la, t: la.matrix_power(t, -1), r"matrix_power: Singular matrix 1 "),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_no_result(number):
    f, message = ERRORS[number]
    t = tenon.tensor([[[2.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]])
    with pytest.raises(np.linalg.LinAlgError, match=message):
        f(tenon.linalg, t)
    with pytest.raises(np.linalg.LinAlgError):
        f(tn.linalg, t)


def test_wrong_arguments():
    la, eye, wide = tenon.linalg, tenon.eye(2), tenon.ones(2, 3)
    for name in ("inv", "det", "slogdet", "cholesky", "eig", "eigvals", "matrix_exp"):
        with pytest.raises(
            ValueError, match=rf"^linalg.{name}: the matrices must be square; got shape \(2, 3\)"
        ):
            getattr(la, name)(wide)
        with pytest.raises(ValueError, match=rf"^linalg.{name}: expected at least 2 dimensions"):
            getattr(la, name)(tenon.ones(3))
        with pytest.raises(TypeError, match=rf"^linalg.{name}: .*float16"):
            getattr(la, name)(eye.half())
    for f, message in [
        (lambda: la.solve(eye, tenon.ones(3)), "must have 2 rows; got shapes"),
        (lambda: la.solve(eye, tenon.ones(2), left=False), "left=False takes matrices"),
        (lambda: la.solve_triangular(eye, tenon.ones(3, 1), upper=True), "must have 2 rows"),
        (lambda: la.qr(wide, "full"), "mode is 'reduced', 'complete', 'r' or 'raw'; got 'full'"),
        (lambda: la.qr(wide, "raw"), "tenon.numpy.linalg.qr takes"),
        (lambda: la.lu(wide, pivot=False), "leave it out"),
        (lambda: la.lstsq(wide, wide, driver="x"), "driver is 'gels'.*got 'x'"),
        (lambda: la.lstsq(wide, tenon.ones(3, 1)), "must have 2 rows"),
        (lambda: la.pinv(wide, 0.1, rtol=0.1), "give one of them"),
        (lambda: la.matrix_rank(wide, 0.1, atol=0.1), "give one of them"),
        (lambda: la.cond(wide, 1), "square"),
        (lambda: la.cond(eye, 3), "ord is 'fro'"),
        (lambda: la.lu_solve(eye, tenon.tensor([9, 9]), eye), "the pivots must be from 1 to 2"),
        (lambda: la.tensorsolve(tenon.ones(2, 3), tenon.ones(2)), "must have as many elements"),
        (lambda: la.tensorinv(tenon.ones(2, 3), 0), "ind must be positive"),
        (lambda: la.multi_dot([eye]), "two matrices or more"),
        (lambda: la.vander(tenon.ones(2), -1), "must not be negative"),
        (lambda: tn.linalg.cond(tenon.ones(0, 0)), "empty"),
        (lambda: tn.linalg.lstsq(wide, tenon.ones(3)), "as many rows"),
        (lambda: tn.linalg.pinv(wide, 0.1, rtol=0.1), "exclude one another"),
    ]:
        with pytest.raises(ValueError, match=message):
            f()


@pytest.mark.skipif(not tenon.cuda.is_available(), reason="there is no device")
def test_on_a_device():
    t = tenon.eye(2, device="cuda")
    for name in ("inv", "det", "cholesky", "qr", "pinv", "eig", "matrix_exp"):
        with pytest.raises(RuntimeError, match=rf"^linalg\.{name}: .*cuda.*cpu\(\)"):
            getattr(tenon.linalg, name)(t)
    pivots = tenon.tensor([1, 2], device="cuda")
    with pytest.raises(RuntimeError, match=r"^linalg\.lu_solve: "):
        tenon.linalg.lu_solve(tenon.eye(2), pivots, tenon.eye(2))


def test_nan_and_infinities_pass():
    t = tenon.full((2, 2), tenon.nan)
    for name in ("inv", "det", "matrix_exp"):
        assert tenon.isnan(getattr(tenon.linalg, name)(t)).all()
    assert tenon.isnan(tenon.linalg.solve(t, tenon.ones(2))).all()
    assert tenon.isnan(tenon.logdet(tenon.tensor([[-1.0]]))).item()


GRADIENTS = {
    "det of a singular matrix": lambda x: tenon.linalg.det(x - x[..., :1]),
    "inv": tenon.linalg.inv,
    "cholesky": lambda x: tenon.linalg.cholesky(x @ x.mT.conj() + tenon.eye(3)),
    "qr": lambda x: tuple(tenon.linalg.qr(x)),
    "lstsq": lambda x: tenon.linalg.lstsq(x[:, :2], x[:, 2:]).solution,
    "pinv": lambda x: tn.linalg.pinv(x[:2]),
    "matrix_exp": tenon.matrix_exp,
    "power": lambda x: tn.linalg.matrix_power(x, -2),
    "eig": lambda x: tn.linalg.eig(x).eigenvectors.abs(),
    "svd hermitian": lambda x: tn.linalg.svd(x + x.mT.conj(), hermitian=True).U.abs(),
    "tensorsolve": lambda x: tn.linalg.tensorsolve(x.reshape(3, 1, 3), x[0]),
    "cond": lambda x: tn.linalg.cond(x, 1),
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name, dtype):
    x = tenon.from_numpy(matrices(dtype, 3, 3, seed=4)).requires_grad_()
    assert tenon.autograd.gradcheck(GRADIENTS[name], (x,))
    assert tenon.autograd.gradgradcheck(GRADIENTS[name], (x,))


def test_what_has_no_gradient_says_so():
    x = tenon.ones(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="mode='raw' has no gradient"):
        tn.linalg.qr(x, "raw")
    with pytest.raises(RuntimeError, match="mode='complete' adds have no gradient; use mode='reduced'"):
        tenon.linalg.qr(x, "complete").Q.sum().backward()
    singular = tenon.ones(2, 2, requires_grad=True)
    with pytest.raises(np.linalg.LinAlgError, match=r"linalg\.slogdet: Singular matrix 0"):
        tenon.linalg.slogdet(singular).logabsdet.backward()
    assert not tenon.linalg.matrix_rank(x).requires_grad
