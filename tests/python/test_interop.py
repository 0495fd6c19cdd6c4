"""Other libraries and tensors: what shares memory (proven by a write), what computes on tensors as they are.

A library that is not installed skips its tests.
"""

import gc

import numpy as np
import pytest
import tenon
from support import run_python

pytestmark = pytest.mark.border


def samples() -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(0).normal(size=(60, 3))
    return values, (values @ [1, 2, 3] > 0).astype(np.int64)


# ---- PyTorch ----

TO_TORCH = {
    "from_dlpack": lambda torch, t: torch.from_dlpack(t),
    "from_numpy": lambda torch, t: torch.from_numpy(t.numpy()),
    "as_tensor": lambda torch, t: torch.as_tensor(t),
}
FROM_TORCH = {
    "from_dlpack": tenon.from_dlpack,
    "from_numpy": lambda x: tenon.from_numpy(x.numpy()),
    "as_tensor": tenon.as_tensor,
    "asarray": tenon.asarray,
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex64", "float16"])
@pytest.mark.parametrize("through", TO_TORCH)
def test_tensors_to_torch(through: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    t = tenon.zeros(3, 4, dtype=dtype)
    for lent in (t, t.T, t[1:, ::2], t[:, 1]):
        x = TO_TORCH[through](torch, lent)
        assert x.data_ptr() == lent.data_ptr() and tuple(x.shape) == lent.shape
        assert x.stride() == lent.stride() and str(x.dtype) == f"torch.{dtype}"
        x[1] = 1
        assert (lent[1] == 1).all() and tenon.count_nonzero(t).item() == x.count_nonzero().item()
        t.zero_()
    assert torch.tensor(t).data_ptr() != t.data_ptr()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex64", "float16"])
@pytest.mark.parametrize("through", FROM_TORCH)
def test_tensors_from_torch(through: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    x = torch.zeros(3, 4, dtype=getattr(torch, dtype))
    for lent in (x, x.T, x[1:, ::2], x[:, 1]):
        t = FROM_TORCH[through](lent)
        assert t.data_ptr() == lent.data_ptr() and t.shape == tuple(lent.shape)
        assert t.stride() == lent.stride() and t.dtype.name == dtype and not t.readonly
        t[1] = 1
        assert bool((lent[1] == 1).all())
        x.zero_()
    del x, lent
    gc.collect()
    t.fill_(1)  # its memory is still there
    assert tenon.count_nonzero(t).item() == len(t)
    assert tenon.tensor(torch.ones(2)).tolist() == [1, 1]


def test_bfloat16_and_gradients_between_torch_and_tenon() -> None:
    torch = pytest.importorskip("torch")
    x = torch.ones(3, dtype=torch.bfloat16)
    t = tenon.asarray(x)
    assert t.dtype == tenon.bfloat16 and t.data_ptr() == x.data_ptr() == torch.from_dlpack(t).data_ptr()
    with pytest.raises((RuntimeError, BufferError), match="grad"):
        tenon.asarray(torch.ones(2, requires_grad=True))
    with pytest.raises((RuntimeError, BufferError, TypeError), match="grad"):
        torch.from_dlpack(tenon.ones(2, requires_grad=True))
    assert tenon.from_dlpack(torch.from_numpy(np.zeros(2))).tolist() == [0, 0]


# ---- ml_dtypes ----


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_ml_dtypes(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = getattr(ml_dtypes, name)
    array = np.array([[1, -2, 0.5], [4, 0, -1]], dtype)
    t = tenon.from_numpy(array[::-1, ::2])
    assert t.dtype == np.dtype(dtype) and t.dtype.numpy == dtype and t.tolist() == [[4, -1], [1, 0.5]]
    t[0, 0] = 2
    assert array[1, 0] == 2 and t.numpy().dtype == dtype and np.shares_memory(t.numpy(), array)
    assert np.asarray(t).dtype == dtype and t.float().tolist() == [[2, -1], [1, 0.5]]
    with pytest.raises(BufferError, match=r"buffer|format"):
        memoryview(t)  # no letter stands for it; NumPy goes on to __array__


def test_without_ml_dtypes() -> None:
    run_python("""
    import sys
    sys.modules["ml_dtypes"] = None
    import numpy as np, tenon
    t = tenon.ones(2, dtype=tenon.bfloat16)
    for f in (t.numpy, lambda: np.asarray(t)):
        try:
            f()
        except TypeError as error:
            assert "ml_dtypes" in str(error) and ".float()" in str(error), error
        else:
            raise AssertionError("no error")
    assert t.float().numpy().tolist() == [1, 1] and tenon.bfloat16 != np.dtype("f4")
    """)


# ---- scikit-learn, SciPy ----


def test_scikit_learn() -> None:
    pytest.importorskip("sklearn")
    from sklearn import cluster, decomposition, ensemble, linear_model, metrics, model_selection, svm
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values, labels = samples()
    frozen = values.copy()
    frozen.flags.writeable = False
    y = tenon.from_numpy(labels)
    for array in (values, frozen, values[::-1]):
        x = tenon.from_numpy(array)
        for make in (
            lambda: linear_model.LogisticRegression(),
            lambda: ensemble.RandomForestClassifier(5, random_state=0),
            lambda: svm.SVC(),
            lambda: make_pipeline(StandardScaler(), linear_model.RidgeClassifier()),
        ):
            ours, theirs = make().fit(x, y).predict(x), make().fit(array, labels).predict(array)
            assert np.array_equal(ours, theirs)
        assert np.array_equal(StandardScaler().fit_transform(x), StandardScaler().fit_transform(array))
    x = tenon.from_numpy(values)
    assert decomposition.PCA(2).fit_transform(x).shape == (60, 2)
    assert cluster.KMeans(2, n_init=1).fit(x).labels_.shape == (60,)
    train, test, *_ = model_selection.train_test_split(x, y, random_state=0)
    assert isinstance(train, tenon.Tensor) and len(train) + len(test) == 60
    assert model_selection.cross_val_score(linear_model.LogisticRegression(), x, y, cv=3).shape == (3,)
    assert metrics.accuracy_score(y, y) == 1 and metrics.mean_squared_error(x, x) == 0
    with pytest.raises(RuntimeError, match="detach"):
        StandardScaler().fit(tenon.ones(3, 2, requires_grad=True))


def test_scipy() -> None:
    pytest.importorskip("scipy")
    from scipy import interpolate, linalg, ndimage, optimize, signal, sparse, spatial, special, stats

    values, _ = samples()
    x = tenon.from_numpy(values)
    for f in (
        lambda a: linalg.svdvals(a),
        lambda a: linalg.solve(a[:3], a[:3, 0]),
        lambda a: ndimage.gaussian_filter(a, 1),
        lambda a: signal.convolve(a[:, 0], a[:3, 0]),
        lambda a: stats.zscore(a),
        lambda a: spatial.distance.cdist(a, a),
        lambda a: spatial.KDTree(a).query(a[:2])[1],
        lambda a: interpolate.interp1d(a[:, 0], a[:, 1])(a[:4, 0]),
        lambda a: sparse.csr_matrix(a).T @ a[:, 0],
    ):
        np.testing.assert_allclose(f(x), f(values))
    logistic = special.expit(x)  # a ufunc: a tensor again
    assert isinstance(logistic, tenon.Tensor)
    np.testing.assert_allclose(logistic.numpy(), special.expit(values))

    def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
        w = tenon.from_numpy(v).requires_grad_()
        y = ((w - 1) ** 2).sum()
        y.backward()
        return y.item(), w.grad.numpy()

    assert np.allclose(optimize.minimize(loss, tenon.zeros(2, dtype=tenon.float64), jac=True).x, 1)


# ---- frames and tables ----


def test_pandas_on_tensors() -> None:
    pd = pytest.importorskip("pandas")
    values = np.arange(6.0).reshape(3, 2)
    t = tenon.from_numpy(values)
    shared = pd.DataFrame(t, columns=["a", "b"], copy=False)
    values[0, 0] = 7
    assert shared.iloc[0, 0] == 7
    frame = pd.DataFrame({"a": t[:, 0], "n": tenon.arange(3)})
    frame["b"] = t[:, 1]
    frame.loc[:, "a"] = t[:, 1].numpy()  # .loc takes only dtypes of NumPy and pandas
    assert frame["a"].tolist() == frame["b"].tolist() == [1, 3, 5] and frame["n"].dtype == "int64"
    assert frame[(t[:, 1] > 2).numpy()].shape == (2, 3)
    assert (pd.Series(t[:, 1]) + t[:, 1]).tolist() == [2, 6, 10]
    assert not pd.isna(t).any() and len(pd.cut(t[:, 1], 3)) == 3


def test_pandas_3_values_are_read_only_tensors() -> None:
    """Copy-on-write hands out protected memory; PyTorch writes into it."""
    pd = pytest.importorskip("pandas", minversion="3")
    values = np.arange(6.0).reshape(3, 2)
    frame = pd.DataFrame(values, copy=False)
    t = tenon.from_numpy(frame.values)
    assert t.readonly and t.data_ptr() == values.ctypes.data
    with pytest.raises(ValueError, match=r"clone\(\).*float\(\)"):
        t[0, 0] = 1
    assert not t.clone().readonly and not t.float().readonly and frame.iloc[0, 0] == 0
    assert tenon.from_numpy(frame[0].values).readonly


def test_polars_and_arrow_take_tensors() -> None:
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    t = tenon.arange(3, dtype=tenon.float64)
    assert pl.Series("x", t).to_list() == [0, 1, 2]
    assert pl.DataFrame({"a": t, "n": tenon.arange(3)}).dtypes == [pl.Float64, pl.Int64]
    table = pa.table({"a": t, "n": tenon.arange(3)})
    assert table["a"].chunk(0).buffers()[1].address == t.data_ptr() and table["n"].to_pylist() == [0, 1, 2]
    assert tenon.from_numpy(pl.Series([1.0]).to_numpy()).readonly
    assert tenon.from_numpy(pa.array([1.0]).to_numpy()).readonly
    assert tenon.from_dlpack(pa.array([1.0])).readonly


def test_xarray_holds_and_gives_tensors() -> None:
    xr = pytest.importorskip("xarray")
    values = np.arange(6.0).reshape(2, 3)
    t = tenon.from_numpy(values)
    plain = xr.DataArray(t.numpy(), dims=("x", "y"))
    values[0, 0] = 9
    assert plain[0, 0] == 9 and tenon.asarray(plain).data_ptr() == t.data_ptr()
    held = xr.DataArray(t, dims=("x", "y"))  # a duck array: it stays a tensor
    assert isinstance(held.data, tenon.Tensor) and isinstance((held + 1).data, tenon.Tensor)
    assert held.sum("y").data.tolist() == values.sum(1).tolist() and held.isel(y=0).shape == (2,)
    assert held.mean().item() == values.mean()


# ---- files and images ----


def test_h5py_writes_and_reads_tensors(tmp_path) -> None:
    h5py = pytest.importorskip("h5py")
    t = tenon.arange(12, dtype=tenon.float64).reshape(3, 4)
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = t[:, ::-1]
        f.create_dataset("y", data=t)
        f["y"][0] = t[1]
        f.attrs["a"] = t[0]
        assert tenon.asarray(f["x"]).tolist() == t[:, ::-1].tolist() and f.attrs["a"].tolist() == [0, 1, 2, 3]
        into = tenon.zeros(3, 4, dtype=tenon.float64)
        f["y"].read_direct(into.numpy())  # straight into the tensor's memory
    assert into.tolist() == [[4, 5, 6, 7], *t.tolist()[1:]]


def test_opencv_writes_into_tensors() -> None:
    cv2 = pytest.importorskip("cv2")
    image = tenon.from_numpy(np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8))
    gray = tenon.zeros(6, 8, dtype=tenon.uint8)
    cv2.cvtColor(image.numpy(), cv2.COLOR_RGB2GRAY, dst=gray.numpy())
    assert np.array_equal(gray.numpy(), cv2.cvtColor(image.numpy(), cv2.COLOR_RGB2GRAY))
    cv2.rectangle(image.numpy(), (0, 0), (1, 1), (1, 2, 3), -1)
    assert image[0, 0].tolist() == [1, 2, 3]
    small = tenon.from_numpy(cv2.resize(image.numpy(), (4, 3)))
    assert small.shape == (3, 4, 3) and not small.readonly


def test_pillow_takes_any_layout() -> None:
    Image = pytest.importorskip("PIL.Image")
    t = tenon.arange(48, dtype=tenon.uint8).reshape(4, 4, 3)
    for lent in (t, t[::-1], t[..., ::-1], t[:, :, 0]):
        assert np.array_equal(np.asarray(Image.fromarray(lent)), lent.numpy())
    assert Image.fromarray(tenon.zeros(2, 2)).mode == "F"
