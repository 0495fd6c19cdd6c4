"""Files of tensors, against NumPy's and safetensors' own readers and writers."""

import errno
import io
import os

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_npy_both_ways(tmp_path, dtype, shape):
    path = tmp_path / "x.npy"
    a = (np.arange(int(np.prod(shape))) % 5).reshape(shape).astype(dtype)
    np.save(path, a)
    t = tenon.load_npy(path)
    assert t.numpy().dtype == a.dtype and t.numpy().tolist() == a.tolist() and not t.readonly
    tenon.save_npy(path, tenon.from_numpy(a))
    b = np.load(path)
    assert b.dtype == a.dtype and b.shape == a.shape and b.tolist() == a.tolist()


def test_npy_of_other_orders(tmp_path):
    path = tmp_path / "x.npy"
    a = np.arange(6.0).reshape(2, 3)
    np.save(path, np.asfortranarray(a))
    assert tenon.load_npy(str(path)).tolist() == a.tolist()
    np.save(path, a.astype(">f8"))
    assert tenon.load_npy(path).tolist() == a.tolist()
    tenon.save_npy(path, tenon.from_numpy(a)[::-1, ::2])
    assert np.load(path).tolist() == a[::-1, ::2].tolist()


def test_mapped(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(10.0))
    t = tenon.load_npy(path, mmap=True)
    assert t.readonly and t.tolist() == list(range(10))
    with pytest.raises(ValueError, match="read-only"):
        t += 1
    w = tenon.load_npy(path, mmap=True, writeable=True)
    w += 1
    assert w[0].item() == 1 and np.load(path)[0] == 0  # writes stay in memory


def test_numpys_memmap_comes_in_without_a_copy(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(10.0))
    m = np.load(path, mmap_mode="r")
    t = tenon.asarray(m)
    assert t.readonly and t.data_ptr() == m.ctypes.data
    w = np.load(path, mmap_mode="r+")
    u = tenon.from_numpy(w)
    u[0] = 5
    w.flush()
    assert np.load(path)[0] == 5


def test_gradient_is_no_obstacle(tmp_path):
    tenon.save_npy(tmp_path / "x.npy", tenon.ones(2).requires_grad_())
    assert not tenon.load_npy(tmp_path / "x.npy").requires_grad


def test_npz(tmp_path):
    path = tmp_path / "x.npz"
    tenon.save_npz(path, {"a": tenon.arange(3), "b": np.ones((2, 2))})
    with np.load(path) as z:
        assert z["a"].tolist() == [0, 1, 2] and z["b"].shape == (2, 2)
    assert tenon.npz_names(path) == ["a", "b"]
    assert list(tenon.load_npz(path)) == ["a", "b"]
    assert list(tenon.load_npz(path, ["b"])) == ["b"]
    mapped = tenon.load_npz(path, mmap=True)
    assert mapped["a"].readonly and mapped["a"].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="nothing"):
        tenon.load_npz(path, ["nothing"])
    np.savez_compressed(path, c=np.arange(1000.0))
    assert tenon.load_npz(path)["c"].sum().item() == 499500
    tenon.save_npz(path, {"c": tenon.zeros(10000)}, compressed=True)
    assert path.stat().st_size < 5000 and np.load(path)["c"].shape == (10000,)


def test_safetensors(tmp_path):
    path = tmp_path / "x.safetensors"
    items = {"w": tenon.arange(6, dtype=tenon.float32).reshape(2, 3), "h": tenon.ones(2).to("bfloat16")}
    tenon.save_safetensors(path, items, {"by": "tenon"})
    for mmap in (True, False):
        tensors, metadata = tenon.load_safetensors(path, mmap=mmap)
        assert metadata == {"by": "tenon"} and set(tensors) == {"w", "h"}
        assert tensors["w"].tolist() == [[0, 1, 2], [3, 4, 5]] and tensors["h"].dtype == tenon.bfloat16
        assert not mmap or tensors["w"].readonly
    theirs = pytest.importorskip("safetensors.numpy")
    theirs.save_file({"x": np.arange(4.0)}, str(path))
    assert tenon.load_safetensors(path)[0]["x"].tolist() == [0, 1, 2, 3]
    tenon.save_safetensors(path, {"y": tenon.arange(3)})
    assert theirs.load_file(str(path))["y"].tolist() == [0, 1, 2]


def test_errors(tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"not a file of numbers at all")
    with pytest.raises(ValueError, match=r"bad\.npy"):
        tenon.load_npy(tmp_path / "bad.npy")
    np.save(tmp_path / "object.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises((ValueError, TypeError)):
        tenon.load_npy(tmp_path / "object.npy")
    with pytest.raises(TypeError, match="dict"):
        tenon._C._save_npz(tmp_path / "x.npz", [1], False)
    with pytest.raises(TypeError, match="path"):
        tenon.load_npy(3)


DOORS = [
    tenon.load_npy,
    tenon.load_npz,
    tenon.npz_names,
    tenon.load_safetensors,
    lambda p: tenon.load_npy(p, mmap=True),
    lambda p: tenon.save_npy(p, tenon.ones(2)),
    lambda p: tenon.save_npz(p, {"a": tenon.ones(2)}),
    lambda p: tenon.save_safetensors(p, {"a": tenon.ones(2)}),
]


@pytest.mark.parametrize("door", DOORS)
def test_files_that_are_not_there(tmp_path, door):
    """What open() raises, with its errno and filename."""
    missing = os.fspath(tmp_path / "none" / "x")
    with pytest.raises(FileNotFoundError, match=r"(load|save|npz)_\w+: No such file") as error:
        door(missing)
    assert error.value.errno == errno.ENOENT and error.value.filename == missing
    with pytest.raises(IsADirectoryError, match=r"(load|save|npz)_\w+: Is a directory") as error:
        door(tmp_path)
    assert error.value.errno == errno.EISDIR and error.value.filename == os.fspath(tmp_path)
    with pytest.raises(OSError, match=r"(load|save|npz)_\w+: not a regular file; file '/dev/zero'"):
        door("/dev/zero")
    with pytest.raises(FileNotFoundError) as error:
        door(os.fsencode(missing) + b"\xff")  # a path, though no text
    assert error.value.filename == missing + "\udcff"
    with pytest.raises(ValueError, match="NUL"):
        door("a\0b")
    with pytest.raises(TypeError, match=r"\w+: 'path' must be a path .*; got float"):
        door(1.5)


@pytest.mark.parametrize("door", DOORS)
def test_files_without_permission(tmp_path, door):
    path = tmp_path / "x"
    path.touch(mode=0o000)
    me = os.geteuid()
    os.seteuid(65534 if me == 0 else me)  # root may read everything
    try:
        with pytest.raises(PermissionError) as error:
            door(path)
    finally:
        os.seteuid(me)
    assert error.value.errno == errno.EACCES and error.value.filename == os.fspath(path)


def test_a_failed_save_keeps_the_old_file(tmp_path):
    path = tmp_path / "x.safetensors"
    tenon.save_safetensors(path, {"a": tenon.ones(2)})
    before = path.read_bytes()
    with pytest.raises(TypeError, match="complex128"):
        tenon.save_safetensors(path, {"a": tenon.ones(2).to("complex128")})
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["x.safetensors"]


def test_read_csv(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "data.csv"
    path.write_text("n,x,city\n1,0.5,Bonn\n2,1.5,Ulm\n")
    columns = tenon.read_csv(path, columns=["x", "n"])
    assert (
        list(columns) == ["x", "n"]
        and columns["x"].tolist() == [0.5, 1.5]
        and columns["n"].dtype == tenon.int64
    )
    t = tenon.read_csv(path, columns=["n", "x"], as_tensor=True)
    assert t.tolist() == [[1, 0.5], [2, 1.5]] and t.dtype == tenon.float64
    with pytest.raises(TypeError, match="city"):
        tenon.read_csv(path)
    with pytest.raises(TypeError, match=r"'city'.*select_dtypes"):
        tenon.read_csv(path, as_tensor=True)
    assert tenon.read_csv(path, columns=["n"], nrows=1)["n"].tolist() == [1]


def test_read_csv_of_rows_that_are_longer_than_the_header(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2,\n3,4,\n")  # each ends in a delimiter
    assert {k: v.tolist() for k, v in tenon.read_csv(path).items()} == {"a": [1, 3], "b": [2, 4]}
    assert tenon.read_csv(path, columns=["b"])["b"].tolist() == [2, 4]
    path.write_text("a,b\n7,1,2\n8,3,4\n")
    for how in ({}, {"columns": ["b"]}, {"as_tensor": True}, {"engine": "python"}):
        with pytest.raises(ValueError, match="index_col=0"):
            tenon.read_csv(path, **how)
    assert tenon.read_csv(path, index_col=0, as_tensor=True).tolist() == [[1, 2], [3, 4]]
    named = tenon.read_csv(path, names=["i", "a", "b"], header=0)
    assert {k: v.tolist() for k, v in named.items()} == {"i": [7, 8], "a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize("size", [262_144, 262_145, 262_400, 524_288, 524_289, 524_700])
def test_compressed_members_whose_end_fills_a_block(tmp_path, size):
    """zlib may hold output when its input is used up."""
    for extra in range(0, 24, 3):
        a = np.zeros(size + extra, np.uint8)
        np.savez_compressed(tmp_path / "theirs.npz", a=a)
        tenon.save_npz(tmp_path / "ours.npz", {"a": a}, compressed=True)
        for name in ("theirs", "ours"):
            assert not tenon.load_npz(tmp_path / f"{name}.npz")["a"].any()


def test_maps_the_file_that_was_parsed(tmp_path):
    """A file that is replaced by another of the same size between the two."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(4.0))
    t = tenon.load_npy(path, mmap=True)
    np.save(tmp_path / "b.npy", np.arange(4, dtype=np.int64))
    (tmp_path / "b.npy").rename(path)
    assert t.tolist() == [0, 1, 2, 3] and tenon.load_npy(path, mmap=True).dtype == tenon.int64


def test_safetensors_headers_end_where_their_length_says(tmp_path):
    """A reader of JSON stops at a NUL byte: what stands behind it must not go unseen."""
    header = b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'
    path = tmp_path / "x.safetensors"
    for rest, message in ((b"\0", "NUL"), (b"\0garbage", "NUL"), (b"garbage", "JSON"), (b"{}", "JSON")):
        text = header + rest
        text += b" " * (-len(text) % 8)
        path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
        with pytest.raises(ValueError, match=message):
            tenon.load_safetensors(path)


def test_read_csv_takes_columns_of_an_open_file():
    pytest.importorskip("pandas")
    columns = tenon.read_csv(io.StringIO("a,b\n1,2\n3,4\n5,6\n"), columns=["b"])
    assert {name: t.tolist() for name, t in columns.items()} == {"b": [2, 4, 6]}


@pytest.mark.parametrize("columns", [None, ["a"], ["b", "a"]])
@pytest.mark.parametrize("extra", ["7", ""])
def test_read_csv_sees_a_long_row_wherever_it_is(tmp_path, columns, extra):
    pytest.importorskip("pandas")
    path = tmp_path / "data.csv"
    path.write_text("a,b\n" + "1,2\n" * 50 + f"3,4,{extra}\n" + "5,6\n")
    for how in ({}, {"as_tensor": True}, {"engine": "python"}):
        with pytest.raises(ValueError, match="52"):
            tenon.read_csv(path, columns=columns, **how)


def test_read_csv_fills_short_rows(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "data.csv"
    path.write_text("a,b,c\n1,2,3\n4\n5,6,7\n")
    columns = tenon.read_csv(path, columns=["c", "a"])
    assert columns["a"].tolist() == [1, 4, 5] and columns["a"].dtype == tenon.int64
    assert np.array_equal(columns["c"], [3, np.nan, 7], equal_nan=True)
    with pytest.raises(ValueError, match=r"there are no columns \['d'\]; the file has \['a', 'b', 'c'\]"):
        tenon.read_csv(path, columns=["d", "a"])
