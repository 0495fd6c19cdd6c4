"""Columns and frames as tensors, and back: pandas, Polars, Arrow."""

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border


# ---- pandas ----


def test_pandas_homogeneous_frames_are_shared():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    values = frame.to_numpy(copy=False)
    t = tenon.asarray(frame)
    assert t.data_ptr() == values.ctypes.data and t.tolist() == values.tolist()
    assert t.readonly == (not values.flags.writeable)
    column = tenon.asarray(frame["b"])
    assert column.data_ptr() == frame["b"].to_numpy(copy=False).ctypes.data and column.tolist() == [1, 3, 5]
    assert tenon.asarray(frame.index).tolist() == [0, 1, 2]
    assert tenon.tensor(frame).float().dtype == tenon.float32


def test_pandas_mixed_frames():
    pd = pytest.importorskip("pandas")
    mixed = pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5]})
    assert tenon.asarray(mixed).tolist() == [[1, 0.5], [2, 1.5]]
    with pytest.raises(ValueError, match="copy"):
        tenon.asarray(mixed, copy=False)
    named = pd.DataFrame({"n": [1, 2], "city": ["Bonn", "Ulm"], "x": [0.5, 1.5]})
    with pytest.raises(TypeError, match=r"'city'.*select_dtypes\(\"number\"\)"):
        tenon.asarray(named)
    assert tenon.asarray(named.select_dtypes("number")).shape == (2, 2)


@pytest.mark.parametrize("make,pattern", [
    (lambda pd: pd.Series([1, None], dtype="Int64"), "nullable"),
    (lambda pd: pd.Series(["a", "b"], dtype="category"), r"cat\.codes"),
    (lambda pd: pd.Series(["a", "b"]), "str|object"),
    (lambda pd: pd.to_datetime(pd.Series(["2020-01-01"])), "int64"),
    (lambda pd: pd.Series(pd.period_range("2020", "2022", freq="Y")), r"astype\('int64'\)"),
    (lambda pd: pd.Series(pd.interval_range(0, 3)), r"\.array\.left"),
    (lambda pd: pd.Series([1, "a", 2], dtype=object), "element 1 is 'a'"),
    (lambda pd: pd.Series([1, 2], dtype=object), r"all numbers: use \.astype\('float64'\)"),
    (lambda pd: pd.DataFrame({"x": [1.0], "y": [{}]}), r"column 'y'.*element 0 is \{\}"),
])  # fmt: skip
def test_pandas_columns_without_a_dtype(make, pattern):
    pd = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match=pattern):
        tenon.asarray(make(pd))


def test_pandas_extension_arrays():
    pd = pytest.importorskip("pandas")
    s = pd.Series([1.0, 2.0])
    t = tenon.asarray(s.array)
    assert t.data_ptr() == s.to_numpy(copy=False).ctypes.data and t.tolist() == [1, 2]
    periods = pd.Series(pd.period_range("2020", "2022", freq="Y"))
    assert tenon.asarray(periods.astype("int64")).tolist() == [50, 51, 52]


# ---- Polars and Arrow ----


def test_polars():
    pl = pytest.importorskip("polars")
    s = pl.Series("x", [1.0, 2.0, 3.0])
    t = tenon.asarray(s)
    assert t.tolist() == [1, 2, 3] and t.readonly and tenon.explain(s).shared
    assert t.data_ptr() == s.to_numpy().ctypes.data
    frame = pl.DataFrame({"a": [1, 2], "b": [3.0, 4.0]})
    assert tenon.asarray(frame).tolist() == [[1, 3], [2, 4]]
    with pytest.raises(TypeError, match=r"'c'.*numeric"):
        tenon.asarray(frame.with_columns(c=pl.lit("x")))
    with pytest.raises(TypeError, match="collect"):
        tenon.asarray(frame.lazy())
    with pytest.raises(ValueError, match="null"):
        tenon.asarray(pl.Series([1, None]))


def test_pyarrow():
    pa = pytest.importorskip("pyarrow")
    a = pa.array([1.0, 2.0, 3.0])
    t = tenon.asarray(a)
    assert t.data_ptr() == a.buffers()[1].address and t.tolist() == [1, 2, 3]
    assert tenon.asarray(a.slice(1)).tolist() == [2, 3]
    chunked = pa.chunked_array([[1, 2], [3]])
    assert tenon.asarray(chunked).tolist() == [1, 2, 3]
    with pytest.raises(ValueError):
        tenon.asarray(chunked, copy=False)
    assert tenon.asarray(pa.array([True, False])).tolist() == [True, False]
    table = pa.table({"a": [1, 2], "b": [3.0, 4.0]})
    assert tenon.asarray(table).tolist() == [[1, 3], [2, 4]]
    with pytest.raises(TypeError, match="'s'"):
        tenon.asarray(pa.table({"s": ["x"]}))
    with pytest.raises((ValueError, TypeError), match="null"):
        tenon.asarray(pa.array([1, None]))


def test_pyarrow_tensors_of_one_shape():
    pa = pytest.importorskip("pyarrow")
    a = np.arange(24.0).reshape(2, 3, 4)
    for order in ((0, 1, 2), (0, 2, 1)):
        arrow = pa.FixedShapeTensorArray.from_numpy_ndarray(a.transpose(order))
        t = tenon.asarray(arrow, copy=False)
        assert t.readonly and np.array_equal(t.numpy(), a.transpose(order))
        assert np.array_equal(tenon.asarray(arrow[1:]).numpy(), a.transpose(order)[1:])
        chunked = pa.chunked_array([arrow, arrow])
        assert tenon.asarray(chunked).shape == (4, *a.transpose(order).shape[1:])
    with pytest.raises(ValueError, match="no columns"):
        tenon.asarray(pa.table({}))


def test_tensors_to_arrow():
    pa = pytest.importorskip("pyarrow")
    t = tenon.arange(3, dtype=tenon.float64)
    a = pa.array(t)
    assert a.to_pylist() == [0, 1, 2] and a.buffers()[1].address == t.data_ptr() and t._exports >= 1
    m = pa.array(tenon.arange(6).reshape(2, 3))
    assert m.to_pylist() == [[0, 1, 2], [3, 4, 5]]
    assert tenon.asarray(m).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert pa.field("x", pa.DataType._import_from_c_capsule(t.__arrow_c_schema__())).type == pa.float64()
    with pytest.raises(RuntimeError, match="grad"):
        pa.array(t.requires_grad_())


def test_tensors_to_frames():
    pd = pytest.importorskip("pandas")
    t = tenon.arange(6, dtype=tenon.float64).reshape(3, 2)
    frame = pd.DataFrame(t, columns=["a", "b"])
    assert frame["b"].tolist() == [1, 3, 5]
    assert pd.Series(t[:, 0]).tolist() == [0, 2, 4]
    pl = pytest.importorskip("polars")
    assert pl.Series(t[:, 0].numpy()).to_list() == [0, 2, 4]
