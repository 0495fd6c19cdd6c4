"""Columns of pandas, Polars and Arrow: numbers, rows of lists, and tensors as their data."""

import subprocess
import sys

import numpy as np
import pytest
import tenon
from ecosystem.rows import shares

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


# ---- rows of lists: embeddings ----


def lists(name: str, rows: object = ROWS) -> object:
    library = pytest.importorskip(name.partition(" ")[0])
    if name == "pyarrow fixed":
        return library.array(rows, library.list_(library.float32(), 2))
    if name == "pyarrow large":
        return library.array(rows, library.large_list(library.float64()))
    if name == "pyarrow":
        return library.array(rows)
    if name == "polars array":
        return library.Series(rows, dtype=library.Array(library.Float32, 2))
    if name == "pandas arrow":
        return library.Series(rows, dtype=library.ArrowDtype(pytest.importorskip("pyarrow").list_(
            pytest.importorskip("pyarrow").float64())))  # fmt: skip
    if name == "pandas arrays":
        return library.Series([np.array(r) for r in rows])
    return library.Series(rows)


SHARED = ["pyarrow", "pyarrow fixed", "pyarrow large", "polars", "polars array", "pandas arrow"]


@pytest.mark.parametrize("name", [*SHARED, "pandas", "pandas arrays"])
def test_lists_of_one_length(name: str) -> None:
    column = lists(name)
    t = tenon.asarray(column)
    assert t.tolist() == ROWS and bool(tenon.explain(column)) is (name in SHARED)
    if name in SHARED:
        assert t.readonly
        with tenon.no_copies():
            assert tenon.asarray(column).data_ptr() == t.data_ptr()
    else:
        t[0] = 0  # its own


@pytest.mark.parametrize(
    "name", ["pyarrow", "pyarrow large", "polars", "pandas", "pandas arrays", "pandas arrow"]
)
def test_ragged_lists(name: str) -> None:
    with pytest.raises(ValueError, match=r"different lengths|ragged"):
        tenon.asarray(lists(name, [[1.0], [2.0, 3.0]]))


@pytest.mark.parametrize("name", ["pyarrow", "pyarrow fixed", "polars"])
def test_parts_of_lists(name: str) -> None:
    """Offsets do not begin at 0, and chunks are joined."""
    column = lists(name)
    assert tenon.asarray(column[1:]).tolist() == ROWS[1:] and tenon.asarray(column[1:2]).tolist() == [ROWS[1]]
    assert tenon.asarray(column[:0]).numel() == 0


def test_lists_with_nulls_and_of_words() -> None:
    pa = pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="1 of its lists are null"):
        tenon.asarray(pa.array([*ROWS, None]))
    with pytest.raises(TypeError, match="string"):
        tenon.asarray(pa.array([["a"], ["b"]]))
    assert tenon.asarray(pa.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])).shape == (2, 2, 2)
    assert tenon.asarray(pa.chunked_array([pa.array(ROWS), pa.array(ROWS)])).shape == (6, 2)


def test_a_frame_names_the_column_of_lists() -> None:
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"pass df\['e'\]"):
        tenon.asarray(pl.DataFrame({"e": ROWS}))


# ---- tensors in pandas ----


def test_a_series_copies_as_it_copies_an_ndarray() -> None:
    pd = pytest.importorskip("pandas")
    for make in (pd.Series, lambda x: pd.DataFrame({"x": x})["x"], lambda x: pd.DataFrame(x)[0], pd.Index):
        array, t = np.zeros(3), tenon.zeros(3, dtype=tenon.float64)
        assert shares(t, make(t)) == np.shares_memory(array, make(array))
    assert isinstance(pd.Series(tenon.ones(2)).values, np.ndarray)


def test_pandas_takes_tensors_as_values() -> None:
    pd = pytest.importorskip("pandas")
    s, t = pd.Series([1.0, 5.0]), tenon.tensor([2.0, 3.0], dtype=tenon.float64)
    a = t.numpy()
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    frame.loc[0, "a"] = t[0]
    frame.loc[1, "a"] = tenon.tensor(7.0)
    frame["b"] = t
    frame.loc[:, "c"] = t
    assert frame.to_numpy().tolist() == [[2, 2, 2], [7, 3, 3]]
    for call in (
        lambda x: s.clip(x), lambda x: s.clip(x[0]), lambda x: s.mask(s > 2, x),
        lambda x: s.where(s > 2, x[0]),
        lambda x: s.fillna(x[0]), lambda x: s + x, lambda x: x + s, lambda x: s.searchsorted(x[0]),
        lambda x: s.replace(1.0, x[0]), lambda x: pd.cut(s, [0.0, *x, 9.0]), lambda x: s.add(x),
        lambda x: s > x,
    ):  # fmt: skip
        got, expected = call(t), call(a)
        assert type(got) is type(expected)
        assert repr(got) == repr(expected)


def test_pandas_wants_ndarrays_as_keys() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    mask, keys = tenon.tensor([True, False, True]), tenon.tensor([0, 1, 0])
    for call, key in (
        (lambda k: frame[k], mask), (lambda k: frame.loc[k], mask), (lambda k: frame.groupby(k).sum(), keys),
        (lambda k: frame.set_index(k), keys), (pd.unique, keys), (pd.factorize, keys), (pd.Categorical, keys),
    ):  # fmt: skip
        if pd.__version__ >= "3":  # earlier ones take some of them
            with pytest.raises((KeyError, TypeError, ValueError)):
                call(key)
        call(key.numpy())
    with pytest.raises(TypeError):
        frame["a"].iloc[keys[0]]
    assert frame["a"].iloc[keys[0].item()] == 1
    # Positions and values may be tensors.
    assert frame["a"].iloc[keys].tolist() == frame["a"].take(keys).tolist() == [1, 2, 1]


def test_pandas_gets_no_tensor_that_requires_grad() -> None:
    pd = pytest.importorskip("pandas")
    with pytest.raises(RuntimeError, match="requires grad"):
        pd.Series([1.0, 5.0]).clip(tenon.ones(2, requires_grad=True))


def test_a_broken_pandas_says_what_is_broken(tmp_path) -> None:
    (tmp_path / "pandas").mkdir()
    (tmp_path / "pandas" / "__init__.py").write_text("import no_such_module_of_pandas\n")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import tenon; tenon.read_csv('x.csv')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "no_such_module_of_pandas" in done.stderr and "pip install pandas" not in done.stderr


def test_polars_takes_tensors() -> None:
    pl = pytest.importorskip("polars")
    t = tenon.arange(4.0).reshape(2, 2)
    assert pl.Series(t[0]).to_list() == [0, 1] and pl.from_numpy(t).rows() == [(0, 1), (2, 3)]
    assert pl.DataFrame(t.numpy()).rows() == [(0, 1), (2, 3)] and pl.Series(t).to_list() == [[0, 1], [2, 3]]


def test_arrow_ignores_a_mask() -> None:
    """PyArrow's own: a mask is for ndarrays alone."""
    pa = pytest.importorskip("pyarrow")
    t, mask = tenon.ones(2), np.array([True, False])
    assert pa.array(t).to_pylist() == [1, 1]
    assert pa.array(t.numpy(), mask=mask).to_pylist() == [None, 1]


# ---- arrays of NumPy that hold other things than numbers ----


def test_texts_and_raw_bytes_name_the_way_out() -> None:
    if hasattr(np.dtypes, "StringDType"):
        with pytest.raises(TypeError, match=r"astype\(float\)"):
            tenon.asarray(np.array(["1", "2"], dtype=np.dtypes.StringDType()))
    with pytest.raises(TypeError, match=r"view\(ml_dtypes\.bfloat16\)"):
        tenon.asarray(np.zeros(3, "V2"))
    with pytest.raises(TypeError, match=r"view\(ml_dtypes\.float8"):
        tenon.asarray(np.zeros(3, "V1"))
