"""SciPy, scikit-image, scikit-learn, files, images, boosted trees, MPI."""

import numpy as np
import pytest
import tenon

# ---- SciPy ----

OWN = [
    "erf",
    "erfc",
    "expit",
    "log_expit",
    "logit",
    "gammaln",
    "psi",
    "expm1",
    "log1p",
    "exp2",
    "cbrt",
    "ndtr",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "j0",
    "j1",
    "y0",
    "y1",
    "k0",
    "k0e",
    "k1",
    "k1e",
]


@pytest.mark.parametrize("name", OWN)
def test_special_functions_have_gradients(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    f = getattr(special, name)
    a = np.array([0.1, 0.5, 0.9])
    t = tenon.tensor(a, requires_grad=True)
    y = f(t)
    assert isinstance(y, tenon.Tensor) and np.allclose(y.detach().numpy(), f(a), rtol=1e-14, atol=1e-15)
    assert tenon.autograd.gradcheck(f, (t,)) and tenon.autograd.gradgradcheck(f, (t,))
    assert f(t.detach().float()).dtype == f(a.astype("f4")).dtype
    assert f(tenon.tensor([1, 2])).dtype == f(np.array([1, 2])).dtype  # SciPy's own


def test_special_functions_of_two() -> None:
    special = pytest.importorskip("scipy.special")
    x = tenon.tensor([0.0, 0.5, 2.0], dtype=tenon.float64, requires_grad=True)
    y = special.xlogy(x, 3.0)
    y.sum().backward()
    assert np.allclose(y.detach().numpy(), special.xlogy([0, 0.5, 2], 3)) and np.allclose(
        x.grad.numpy(), np.log(3)
    )
    with pytest.raises(TypeError, match=r"detach\(\)"):
        special.erfcx(x)
    assert isinstance(special.erfcx(x.detach()), tenon.Tensor)


def test_special_functions_of_integers_beside_a_gradient() -> None:
    special = pytest.importorskip("scipy.special")
    p = tenon.tensor([0.2, 0.3, 0.5], requires_grad=True)
    for counts in (tenon.tensor([1, 0, 3]), tenon.tensor([1, 0, 1], dtype=tenon.int8)):
        p.grad = None
        y = special.xlogy(counts, p)
        wanted = special.xlogy(counts.numpy(), p.detach().numpy())
        assert y.dtype == wanted.dtype and np.allclose(y.detach().numpy(), wanted, rtol=1e-6)
        y.sum().backward()
        assert np.allclose(p.grad.numpy(), counts.numpy() / p.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", ["erf", "erfc", "psi", "ndtr", "expm1", "log1p", "expit"])
def test_special_functions_of_complex_numbers(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    f = getattr(special, name)
    z = tenon.tensor([0.1 + 0.2j, 1 - 3j])
    wanted = f(z.numpy()) if "D->D" in f.types else 1 / (1 + np.exp(-z.numpy()))
    assert np.allclose(f(z).numpy(), wanted, rtol=1e-5)
    if name in ("erf", "erfc", "psi", "ndtr"):
        with pytest.raises(TypeError, match=r"detach\(\)"):
            f(z.requires_grad_())


def test_special_functions_of_two_mixed_with_complex() -> None:
    special = pytest.importorskip("scipy.special")
    x = tenon.tensor([0.5, 2.0])
    assert np.allclose(special.xlogy(x, 1j).numpy(), special.xlogy(x.numpy(), 1j))


@pytest.mark.parametrize(
    "name", ["ndtri", "log_ndtr", "erfcx", "entr", "zeta", "gammainc", "iv", "polygamma"]
)
def test_special_functions_without_a_gradient_say_so(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    x = tenon.tensor([0.5, 0.7], requires_grad=True)
    f = getattr(special, name)
    orders = (1,) if name in ("gammainc", "iv", "polygamma") else ()
    with pytest.raises((TypeError, RuntimeError), match=r"detach\(\)"):
        f(*orders, x)
    assert np.shape(f(*orders, x.detach())) == (2,)


def test_scipy_takes_tensors() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    linalg = pytest.importorskip("scipy.linalg")
    signal = pytest.importorskip("scipy.signal")
    sparse = pytest.importorskip("scipy.sparse")
    target = tenon.tensor([1.0, 2.0], dtype=tenon.float64)
    assert np.allclose(optimize.least_squares(lambda p: target - p, np.zeros(2)).x, [1, 2])
    assert linalg.bandwidth(tenon.eye(3)) == (0, 0) and signal.argrelmax(tenon.tensor([0.0, 1.0, 0.0]))[
        0
    ] == [1]
    s = sparse.csr_matrix(tenon.eye(2))
    assert (s @ tenon.ones(2)).tolist() == [1, 1]
    with pytest.raises(TypeError, match=r"toarray\(\)"):
        tenon.asarray(s)


# ---- images ----


def test_scikit_image_chooses_the_same_algorithm() -> None:
    transform = pytest.importorskip("skimage.transform")
    filters = pytest.importorskip("skimage.filters")
    mask = tenon.arange(100.0).reshape(10, 10) % 7 > 3
    assert (np.asarray(transform.rotate(mask, 30)) == transform.rotate(mask.numpy(), 30)).all()
    image = tenon.rand(8, 8)
    assert np.allclose(np.asarray(filters.sobel(image)), filters.sobel(image.numpy()))
    color = pytest.importorskip("skimage.color")
    labels = tenon.arange(16).reshape(4, 4) // 4
    assert np.allclose(np.asarray(color.label2rgb(labels)), color.label2rgb(labels.numpy()))


def test_scikit_image_wants_an_ndarray_where_it_gives_its_like_to_scipy() -> None:
    morphology = pytest.importorskip("skimage.morphology")
    mask = tenon.ones(4, 4, dtype=tenon.bool)
    with pytest.raises(ValueError, match="Could not convert"):
        morphology.remove_small_objects(mask, 2)
    assert morphology.remove_small_objects(mask.numpy(), 2).all()


def test_opencv_and_pillow() -> None:
    cv2 = pytest.importorskip("cv2")
    image = pytest.importorskip("PIL.Image")
    t = tenon.zeros(8, 8, dtype=tenon.uint8)
    with pytest.raises(cv2.error):
        cv2.blur(t, (3, 3))
    assert cv2.blur(t.numpy(), (3, 3)).shape == (8, 8)
    assert tenon.asarray(image.fromarray(t + 5)).tolist() == [[5] * 8] * 8


# ---- files ----


def test_h5py(tmp_path) -> None:
    h5py = pytest.importorskip("h5py")
    t = tenon.zeros(3, dtype=tenon.float64)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = tenon.arange(3.0, dtype=tenon.float64)
        file["a"][1] = tenon.tensor(5.0)
        assert tenon.asarray(file["a"]).tolist() == [0, 5, 2]
        file["a"].read_direct(t.numpy())
    assert t.tolist() == [0, 5, 2]


# ---- learning ----


def test_scikit_learn() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = tenon.rand(20, 3), tenon.rand(20)
    own = linear.LinearRegression().fit(x, y).predict(x)
    assert np.allclose(own, linear.LinearRegression().fit(x.numpy(), y.numpy()).predict(x.numpy()))


def test_boosted_trees() -> None:
    x, y = tenon.rand(50, 3), tenon.rand(50)
    xgboost = pytest.importorskip("xgboost")
    assert xgboost.DMatrix(x, label=y).get_label().tolist() == y.tolist()
    lightgbm = pytest.importorskip("lightgbm")
    assert lightgbm.Dataset(x.numpy(), label=y.numpy()).construct().get_label().tolist() == y.tolist()


# ---- messages ----


def test_mpi() -> None:
    mpi4py = pytest.importorskip("mpi4py")
    mpi4py.rc.initialize = False
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as e:
        pytest.skip(f"no MPI library: {e}")
    program = """
        import numpy as np, tenon
        from mpi4py import MPI
        world = MPI.COMM_WORLD
        for dtype in (tenon.float32, tenon.float64, tenon.int64):
            out = tenon.zeros(3, dtype=dtype)
            world.Allreduce(tenon.ones(3, dtype=dtype), out)
            assert out.tolist() == [1, 1, 1]
        for refused in (tenon.ones(3, dtype=tenon.bfloat16), tenon.ones(3).to(tenon.float8_e5m2)):
            try:
                world.Allreduce(refused, refused.clone())
            except BufferError as e:
                assert "tensor.float()" in str(e), e
            else:
                raise AssertionError("summed as bytes")
            assert np.from_dlpack(refused.view(tenon.uint8)).size == refused.nbytes
    """
    from support import run_python

    del MPI
    run_python(program, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               OMPI_MCA_btl="self", OMPI_MCA_plm="isolated")  # fmt: skip
