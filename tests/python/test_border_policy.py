"""Policies and reports: numpy_policy, explain, no_copies, record_copies, from_struct."""

import threading

import numpy as np
import pytest
import tenon
from support import run_python, sim_environment

pytestmark = pytest.mark.border

# ---- numpy_policy ----


def takes(t):
    return [
        np.asarray(t).ctypes.data,
        t.numpy().ctypes.data,
        np.array(t, copy=False).ctypes.data,
        np.asarray(memoryview(t)).ctypes.data,
    ]


def test_policy_lets_grad_through_in_its_block_only():
    t = tenon.ones(3).requires_grad_()
    with tenon.numpy_policy(detach=True):
        assert set(takes(t)) == {t.data_ptr()}
        assert np.from_dlpack(t).ctypes.data == t.data_ptr()
        with tenon.numpy_policy(to_cpu=True):
            assert np.asarray(t).tolist() == [1, 1, 1]  # an inner block adds to the outer one
    for f in (np.asarray, lambda x: x.numpy()):
        with pytest.raises(RuntimeError, match="numpy_policy"):
            f(t)
    with pytest.raises(BufferError, match="grad"):
        memoryview(t)


def test_policy_ends_with_an_exception():
    t = tenon.ones(3).requires_grad_()
    with pytest.raises(KeyError), tenon.numpy_policy(detach=True):
        raise KeyError
    with pytest.raises(RuntimeError):
        t.numpy()


def test_policy_belongs_to_its_thread():
    t = tenon.ones(3).requires_grad_()
    seen = []

    def other():
        try:
            t.numpy()
        except RuntimeError as e:
            seen.append(e)

    with tenon.numpy_policy(detach=True):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(seen) == 1


def test_policy_keeps_read_only():
    a = np.ones(2)
    a.flags.writeable = False
    with tenon.numpy_policy(detach=True):
        assert not np.asarray(tenon.from_numpy(a)).flags.writeable


def test_policy_copies_from_a_device_are_noted():
    run_python(
        """
        import numpy as np, pytest, tenon
        t = tenon.ones(3).cuda()
        assert "cpu()" in tenon.explain(t).fix
        with tenon.numpy_policy(to_cpu=True):
            e = tenon.explain(t)
            assert not e.shared and "copy on the CPU" in e.reason
            with tenon.record_copies() as log:
                t.numpy(), np.asarray(t)
            assert sorted(c.op for c in log) == ["__array__", "numpy"] and log.bytes == 24
            with tenon.no_copies():
                for f in (t.numpy, t.__arrow_c_array__, lambda: np.asarray(t)):
                    with pytest.raises(BufferError, match="no_copies"):
                        f()
                assert t.numpy(force=True).tolist() == t.cpu().tolist() == [1, 1, 1]
                if np.lib.NumpyVersion(np.__version__) >= "2.0.0":  # older ones do not say that they copy
                    assert np.array(t).tolist() == [1, 1, 1]
        with tenon.no_copies():  # asked for by name
            assert tenon.tensor(np.ones(2), device="cuda").is_cuda
        """,
        **sim_environment(),
    )


# ---- explain ----


@pytest.mark.parametrize("make,shared,reason", [
    (lambda: np.ones(3), True, "as it lies"),
    (lambda: np.ones(6)[::-2], True, "as it lies"),
    (lambda: np.ones(3, ">f8"), False, "swapped"),
    (lambda: np.array(["a"]), False, "dtype"),
    (lambda: np.zeros(1, "f4,f8"), False, "dtype"),
    (lambda: np.float32(1), False, "scalar"),
    (lambda: 3, False, "number"),
    (lambda: [1, 2], False, "sequence"),
    (lambda: b"123", True, "read-only"),
    (lambda: bytearray(b"123"), True, "bytearray"),
    (lambda: tenon.ones(3), True, "own memory"),
    (lambda: tenon.ones(3).requires_grad_(), False, "requires grad"),
    (lambda: {"a": 1}, False, "no array"),
    (lambda: np.ma.array([1.0]), False, "mask"),
])  # fmt: skip
def test_explain(make, shared, reason):
    e = tenon.explain(make())
    assert e.shared is shared and bool(e) is shared
    assert reason in str(e), str(e)


def test_explain_tells_the_truth():
    """What it calls shared is shared, what it does not is not."""
    pd = pytest.importorskip("pandas")
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    apart = pd.DataFrame({"a": [1.0, 2.0]})
    apart["b"] = [3.0, 4.0]  # a block of its own
    columns = (
        {"a": [1.0], "b": [2.0]},
        {"a": [1], "b": [0.5]},
        {"a": [1.0, None]},
        {"a": [True]},
        {"a": [1.0]},
    )
    polars = [pl.DataFrame(c) for c in columns]
    polars.append(pl.concat([polars[-1], polars[-1]], rechunk=False))
    objects = [
        apart, apart.copy(), apart["a"], apart["a"].array, *polars, pd.DataFrame(np.ones((3, 2)), copy=False),
        np.arange(3.0), np.arange(6.0)[::-2], np.zeros(3, ">f4"), pd.DataFrame({"a": [1, 2]}), bytearray(4),
        pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}), pa.array([1, 2]), pa.array([True]),
        pa.chunked_array([[1], [2]]), [1, 2],
    ]  # fmt: skip
    for obj in objects:
        if tenon.explain(obj).shared:
            first, second = tenon.asarray(obj, copy=False), tenon.asarray(obj, copy=False)
            assert first.data_ptr() == second.data_ptr()
        else:
            with pytest.raises(ValueError, match="copy"):
                tenon.asarray(obj, copy=False)
            if not isinstance(obj, list):
                with tenon.no_copies(), pytest.raises(BufferError, match="no_copies"):
                    tenon.asarray(obj)


def test_frames_that_are_shared_are_seen_from_the_frame():
    pd = pytest.importorskip("pandas")
    apart = pd.DataFrame({"a": [1.0, 2.0]})
    apart["b"] = [3.0, 4.0]
    assert "apart" in tenon.explain(apart).reason
    for frame in (apart.copy(), apart[["a"]]):
        t = tenon.asarray(frame, copy=False)
        assert np.shares_memory(t.numpy(), frame["a"].to_numpy(copy=False)) and tenon.explain(frame).shared


def test_explain_gives_the_fix():
    assert "detach" in tenon.explain(tenon.ones(1).requires_grad_()).fix
    assert "asarray" in tenon.explain(np.ones(3, ">f8")).fix


# ---- no_copies, record_copies ----


def test_no_copies():
    t = tenon.ones(3)
    with tenon.no_copies():
        tenon.asarray(np.ones(3))
        np.asarray(t)
        t.clone()
        tenon.tensor(np.ones(3))  # a copy that the name asks for
        with pytest.raises(BufferError, match="swapped"):
            tenon.asarray(np.ones(3, ">f8"))
        with pytest.raises(BufferError, match="dtype"):
            tenon.asarray(np.ones(3), dtype=tenon.float32)
        with pytest.raises(BufferError, match="dtype"):
            t.__array__(np.float64)
        # Asked for by name, too.
        assert tenon.tensor(np.ones(3), dtype="f4").dtype == tenon.float32
        assert tenon.asarray(np.ones(3), dtype="f4", copy=True).dtype == tenon.float32
        assert tenon.tensor([np.ones(3, ">f8")]).tolist() == [[1, 1, 1]]
    assert tenon.asarray(np.ones(3, ">f8")).tolist() == [1, 1, 1]


def test_record_copies_by_place():
    with tenon.record_copies() as log:
        for _ in range(3):
            tenon.asarray(np.ones(4, ">f8"))
        tenon.asarray(np.ones(3))
    assert log.count == 3 and log.bytes == 96 and len(log) == 1
    (copy,) = log
    assert __file__ in copy.place and copy.op == "asarray" and "swapped" in copy.reason
    assert str(log.count) in str(log)
    tenon.asarray(np.ones(4, ">f8"))
    assert log.count == 3


def test_arrow_copies_are_noted():
    pa = pytest.importorskip("pyarrow")
    with tenon.record_copies() as log:
        pa.array(tenon.arange(8))
        assert log.count == 0
        pa.array(tenon.arange(8)[::2])
        pa.array(tenon.ones(3, dtype=tenon.bool))
    assert log.count == 2 and {"contiguous" in c.reason or "bits" in c.reason for c in log} == {True}
    with tenon.no_copies(), pytest.raises(BufferError, match="contiguous"):
        pa.array(tenon.arange(8)[::2])


def test_watching_is_per_thread():
    with tenon.record_copies() as log, tenon.no_copies():
        results = []
        thread = threading.Thread(target=lambda: results.append(tenon.asarray(np.ones(2, ">f8")).tolist()))
        thread.start()
        thread.join()
    assert results == [[1, 1]] and log.count == 0


# ---- from_struct ----


def test_from_struct_shares():
    dtype = np.dtype([("x", "f8"), ("n", "i8"), ("v", "f4", (2,)), ("in", [("a", "f8")])])
    a = np.zeros(5, dtype)
    a["x"], a["n"] = np.arange(5.0), 7
    fields = tenon.from_struct(a)
    assert list(fields) == ["x", "n", "v", "in"]
    assert fields["x"].tolist() == [0, 1, 2, 3, 4] and fields["v"].shape == (5, 2)
    fields["x"][1] = 50
    fields["in"]["a"][0] = 3
    assert a["x"][1] == 50 and a["in"]["a"][0] == 3
    assert fields["x"].data_ptr() == a.ctypes.data


def test_from_struct_names_what_is_in_the_way():
    with pytest.raises(ValueError, match=r"'y'.*align=True"):
        tenon.from_struct(np.zeros(3, np.dtype([("x", "u1"), ("y", "f8")])))
    with pytest.raises(TypeError, match="'s'"):
        tenon.from_struct(np.zeros(3, np.dtype([("s", "U3")])))
    with pytest.raises(TypeError, match="structured"):
        tenon.from_struct(np.zeros(3))
    with pytest.raises(TypeError, match=r"array\[i:i\+1\]"):
        tenon.from_struct(np.zeros(3, "f4,f8")[0])
    # Where another layout would not help, none is advised.
    for array in (np.zeros(3, [("s", "U3")]), np.zeros(3, [("x", ">f8")]), np.ma.zeros(3, "f4,f8")):
        with pytest.raises((TypeError, ValueError)) as e:
            tenon.from_struct(array)
        assert "align=True" not in str(e.value)


def test_show_config(capsys):
    tenon.show_config()
    out = capsys.readouterr().out
    for word in ("tenon", "threads", "blas", "numpy"):
        assert word in out


@pytest.mark.parametrize("named", [False, True], ids=["default", "named"])
def test_products_have_the_same_meaning_over_a_blas(named):
    blas = pytest.importorskip("scipy_openblas32")
    library = f"{blas.get_lib_dir()}/libscipy_openblas.so" if named else ""
    run_python(
        f"""
        import numpy as np, tenon
        rng = np.random.default_rng(0)
        for dtype in ("f4", "f8", "c8", "c16"):
            for shapes in [((90, 100), (100, 90)), ((3, 80, 90), (90, 80)), ((256, 260), (260, 270))]:
                a, b = (rng.standard_normal(s).astype(dtype) for s in shapes)
                if dtype[0] == "c":
                    a, b = a + 1j * a[..., ::-1], b - 1j * b[::-1]
                near = 1e-3 if dtype in ("f4", "c8") else 1e-11
                turned = lambda x: x.swapaxes(-1, -2).copy().swapaxes(-1, -2)
                for p in (a, turned(a), np.repeat(a, 2, -1)[..., ::2]):
                    for q in (b, turned(b), np.repeat(b, 2, -1)[..., ::2]):
                        got = (tenon.from_numpy(p) @ tenon.from_numpy(q)).numpy()
                        np.testing.assert_allclose(got, p @ q, rtol=near, atol=near)
        info = tenon._C._blas_info()
        assert not {named} or info["library"] == {library!r}, info
        """,
        timeout=300,  # under a sanitizer
        **({"TENON_BLAS_LIB": library} if named else {}),
    )


def test_blas_is_found_without_numpy():
    pytest.importorskip("scipy_openblas32")
    run_python("""
        import sys, tenon
        info = tenon._C._blas_info()
        assert "scipy_openblas32" in info["library"], info
        assert "numpy" not in sys.modules
    """)
