"""Dask, xarray and zarr: tensors as their chunks and data, and theirs as tensors."""

import sys
import warnings

import numpy as np
import pytest
import tenon

# ---- Dask ----


@pytest.fixture
def da():
    return pytest.importorskip("dask.array")


def test_dask_arrays_come_in_without_a_warning(da) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tenon.asarray(da.ones(4, chunks=2)).tolist() == [1, 1, 1, 1]
        assert tenon.tensor(da.arange(4, chunks=2)).dtype == tenon.int64
    with tenon.record_copies() as copies:
        tenon.asarray(da.ones(4, chunks=2))
    assert "Dask" in str(copies)


def test_dask_answers_for_both_orders(da) -> None:
    d, t = da.ones(4, chunks=2), tenon.arange(4.0, dtype=tenon.float64)
    for lazy in (d + t, t + d, d * t, np.add(d, t)):
        assert isinstance(lazy, da.Array)
    assert (d + t).compute().tolist() == (t + d).compute().tolist() == [1, 2, 3, 4]


def test_tensors_as_chunks(da) -> None:
    t = tenon.arange(6.0, dtype=tenon.float64)
    d = da.from_array(t, chunks=3, asarray=False)
    assert isinstance(d._meta, tenon.Tensor) and isinstance((d + 1).compute(), tenon.Tensor)
    a = t.numpy()
    e = da.from_array(a, chunks=3)
    for call in (
        lambda x: x[x > 3], lambda x: x.sum(), lambda x: x.mean(), lambda x: x.std(), lambda x: x.max(),
        lambda x: x.argmax(), lambda x: da.concatenate([x, x]), lambda x: da.stack([x, x]),
        lambda x: da.sqrt(x),
        lambda x: x.reshape(2, 3), lambda x: da.dot(x, x), lambda x: da.percentile(x, [50]),
        lambda x: x[::-1],
        lambda x: da.where(x > 2, x, 0), lambda x: x.cumsum(axis=0), lambda x: da.nanmean(x),
        lambda x: x.rechunk(2),
        lambda x: da.einsum("i,i", x, x), lambda x: da.tensordot(x, x, 1),
    ):  # fmt: skip
        assert np.allclose(np.asarray(call(d).compute()), call(e).compute())
    d[d > 3] = 0
    assert d.compute().tolist() == [0, 1, 2, 3, 0, 0]


def test_sizes_and_tokens(da) -> None:
    from dask.base import tokenize
    from dask.sizeof import sizeof

    t = tenon.zeros(1000)
    assert sys.getsizeof(t) >= 4000 and sizeof(t) >= 4000 and sys.getsizeof(t[:10]) < 1000
    assert tokenize(t) == tokenize(t.clone()) and tokenize(t) != tokenize(t + 1)


def test_dask_may_come_before_tenon() -> None:
    pytest.importorskip("dask")
    from support import run_python

    program = "import {}; import {}; import dask.array as da; print(da.ones(2, chunks=1) + tenon.ones(2))"
    for order in (("dask.array", "tenon"), ("tenon", "dask.array")):
        assert "dask.array" in run_python(program.format(*order))


# ---- xarray ----

METHODS = {
    "where": lambda d: d.where(d > 2),
    "shift": lambda d: d.shift(a=1),
    "pad": lambda d: d.pad(a=1),
    "rolling": lambda d: d.rolling(b=2).mean(),
    "mean": lambda d: d.mean("a"),
    "std": lambda d: d.std(),
    "quantile": lambda d: d.quantile(0.5),
    "median": lambda d: d.median("a"),
    "fillna": lambda d: d.fillna(0),
    "isnull": lambda d: d.isnull(),
    "clip": lambda d: d.clip(1, 2),
    "diff": lambda d: d.diff("b"),
    "roll": lambda d: d.roll(a=1),
    "coarsen": lambda d: d.coarsen(b=3).mean(),
    "sortby": lambda d: d.sortby("b"),
    "cumsum": lambda d: d.cumsum("a"),
    "argmax": lambda d: d.argmax("a"),
    "dot": lambda d: d.dot(d),
    "transpose": lambda d: d.transpose(),
    "concat": lambda d: sys.modules["xarray"].concat([d, d], "a"),
    "add": lambda d: d + d,
}


@pytest.mark.parametrize("name", METHODS)
def test_xarray(name: str) -> None:
    xr = pytest.importorskip("xarray")
    t = tenon.arange(6.0, dtype=tenon.float64).reshape(2, 3)
    coords = {"b": [0.0, 1.0, 2.0]}
    own = METHODS[name](xr.DataArray(t, dims=("a", "b"), coords=coords))
    numpys = METHODS[name](xr.DataArray(t.numpy(), dims=("a", "b"), coords=coords))
    assert isinstance(own.data, tenon.Tensor) and own.dims == numpys.dims
    assert np.allclose(own.data.numpy(), numpys.data, equal_nan=True)


def test_xarray_lends_its_data() -> None:
    xr = pytest.importorskip("xarray")
    a = np.arange(6.0)
    assert np.shares_memory(tenon.asarray(xr.DataArray(a)).numpy(), a)
    assert isinstance(tenon.ones(6) + xr.DataArray(a), xr.DataArray)


# ---- zarr ----


def test_zarr() -> None:
    zarr = pytest.importorskip("zarr")
    z = zarr.zeros((4,), chunks=(2,), dtype="f4")
    z[:] = tenon.arange(4.0)
    z[1:3] = tenon.tensor([7.0, 8.0])
    assert tenon.asarray(z).tolist() == [0, 7, 8, 3] and tenon.asarray(z[1:3]).tolist() == [7, 8]


def test_a_companion_of_another_version_loads_with_a_warning(tmp_path) -> None:
    from support import run_python

    (tmp_path / "einops").mkdir()
    (tmp_path / "einops" / "__init__.py").write_text("")
    (tmp_path / "einops" / "_backends.py").write_text("")
    program = """
        import sys, warnings
        sys.path.insert(0, sys.argv[1])
        import tenon
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            import einops._backends
        assert "einops._backends could not be told" in str(seen[0].message)
    """
    run_python(program, str(tmp_path))
