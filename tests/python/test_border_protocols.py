"""NumPy's protocols on tensors: __array__, the array interface, the buffer, __array_function__."""

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border


NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


def make(*shape, dtype=np.float64):
    return tenon.from_numpy(np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape))


# ---- __array__ ----


def test_asarray_shares():
    t = make(3, 4)
    a = np.asarray(t)
    assert type(a) is np.ndarray and a.ctypes.data == t.data_ptr()
    a[1, 2] = 50
    assert t[1, 2].item() == 50


@pytest.mark.parametrize("copy,shares", [(None, True), (False, True), (True, False)])
def test_array_copy(copy, shares):
    t = make(5)
    made = [t.__array__(copy=copy)] + ([np.array(t, copy=copy)] if NUMPY_2 else [])
    for a in made:
        assert (a.ctypes.data == t.data_ptr()) is shares
        assert np.array_equal(a, np.arange(5.0))


def test_array_dtype():
    t = tenon.from_numpy(np.array([0.0, 1.5, 255.0, 300.0]))
    a = np.asarray(t, dtype=np.int32)
    assert a.dtype == np.int32 and a.tolist() == [0, 1, 255, 300]
    assert t.__array__(np.float64).ctypes.data == t.data_ptr()
    with pytest.raises(ValueError, match="copy=False"):
        t.__array__(np.float32, copy=False)
    if NUMPY_2:  # copy=False meant "if needed" before
        with pytest.raises(ValueError):
            np.array(t, dtype=np.float32, copy=False)


def test_array_refuses_grad_with_the_way_out():
    t = make(3).requires_grad_()
    for f in (np.asarray, np.array, lambda x: x.__array__()):
        with pytest.raises(RuntimeError, match=r"detach\(\)"):
            f(t)
    assert np.asarray(t.detach()).tolist() == [0, 1, 2]


def test_array_of_bfloat16_through_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    t = tenon.from_numpy(np.array([1, 2, 3], dtype=ml_dtypes.bfloat16))
    a = np.asarray(t)
    assert a.dtype == ml_dtypes.bfloat16 and a.ctypes.data == t.data_ptr()
    with pytest.raises(BufferError, match="ml_dtypes"):
        memoryview(t)
    assert not hasattr(t, "__array_interface__")


def test_read_only_travels():
    a = np.arange(4.0)
    a.flags.writeable = False
    t = tenon.from_numpy(a)
    assert not np.asarray(t).flags.writeable
    assert memoryview(t).readonly
    assert t.__array_interface__["data"] == (a.ctypes.data, True)


# ---- the array interface ----


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
)
def test_array_interface_matches_numpys(dtype):
    a = np.zeros((3, 4), dtype)
    t = tenon.from_numpy(a)
    own, theirs = t.__array_interface__, a.__array_interface__
    for key in ("shape", "typestr", "data", "strides", "version"):
        assert own[key] == theirs[key], key
    assert tenon.from_numpy(a[::-1, ::2]).__array_interface__["strides"] == a[::-1, ::2].strides


def test_array_interface_is_absent_where_it_cannot_be():
    assert not hasattr(make(3).requires_grad_(), "__array_interface__")
    assert not hasattr(make(3), "__cuda_array_interface__")


def test_priority_and_namespace():
    t = make(3)
    assert t.__array_priority__ == 1000
    import tenon.numpy as tnp

    assert t.__array_namespace__() is tnp
    assert t.__array_namespace__(api_version="2025.12") is tnp
    with pytest.raises(ValueError, match=r"2031\.12"):
        t.__array_namespace__(api_version="2031.12")


# ---- the buffer ----


def test_memoryview_counts_as_an_export():
    t = make(2, 3)
    m = memoryview(t)
    assert (m.shape, m.format, m.strides, m.readonly) == ((2, 3), "d", (24, 8), False)
    assert t._exports == 1
    m.release()
    assert t._exports == 0


def test_memoryview_outlives_the_tensor():
    m = memoryview(make(1000))
    make(1000)
    assert m[999] == 999.0


def test_tobytes():
    t = make(2, 3)
    assert t.tobytes() == t.numpy().tobytes()
    assert t.T.tobytes() == t.numpy().T.tobytes()
    assert t.tobytes("F") == t.numpy().tobytes("F")
    with pytest.raises(ValueError, match="order"):
        t.tobytes("Q")


def test_to_numpy_takes_any_history():
    t = make(3).requires_grad_()
    assert t.to_numpy().ctypes.data == t.data_ptr()


# ---- __array_function__ ----


def test_functions_keep_gradient():
    x = tenon.tensor([[1.0, 5.0], [4.0, 2.0]], dtype=tenon.float64).requires_grad_()
    np.mean(x, axis=0).sum().backward()
    assert np.allclose(x.grad.numpy(), 0.5)
    y = tenon.tensor([3.0, 4.0], dtype=tenon.float64).requires_grad_()
    n = np.linalg.norm(y)
    assert n.item() == 5
    n.backward()
    assert np.allclose(y.grad.numpy(), [0.6, 0.8])


@pytest.mark.parametrize("q", [0, 10, 50, 90, 100, [25, 75]])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_percentile(q, axis):
    a = np.random.default_rng(0).normal(size=(7, 6))
    r = np.percentile(tenon.from_numpy(a), q, axis=axis)
    assert isinstance(r, tenon.Tensor)
    assert np.allclose(r.numpy(), np.percentile(a, q, axis=axis), rtol=1e-12)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantile_methods(method):
    a = np.random.default_rng(1).normal(size=11)
    for q in (0.0, 0.13, 0.5, 0.77, 1.0):
        assert np.isclose(
            np.quantile(tenon.from_numpy(a), q, method=method).item(), np.quantile(a, q, method=method)
        )


def test_percentile_has_a_gradient():
    x = tenon.tensor([5.0, 1.0, 3.0, 2.0], dtype=tenon.float64).requires_grad_()
    np.percentile(x, 50).backward()  # (2 + 3) / 2
    assert x.grad.tolist() == [0, 0, 0.5, 0.5]
    x.grad = None
    np.percentile(x, 90).backward()  # 3 + 0.7 * (5 - 3)
    assert np.allclose(x.grad.numpy(), [0.7, 0, 0.3, 0])


def test_median_and_nan():
    a = np.array([[3.0, np.nan, 1.0], [4.0, 5.0, 6.0]])
    t = tenon.from_numpy(a)
    assert np.array_equal(np.median(t, axis=1).numpy(), np.median(a, axis=1), equal_nan=True)
    assert np.array_equal(np.nanmedian(t, axis=1).numpy(), np.nanmedian(a, axis=1))
    assert np.allclose(np.nanpercentile(t, 30, axis=1).numpy(), np.nanpercentile(a, 30, axis=1))


CASES = [
    ("sum", {}), ("sum", {"axis": 1}), ("sum", {"axis": (0, 2), "keepdims": True}), ("mean", {"axis": -1}),
    ("std", {}), ("std", {"ddof": 1, "axis": 0}), ("var", {"axis": 1}), ("max", {"axis": 0}), ("min", {}),
    ("argmax", {"axis": 1}), ("argmin", {}), ("prod", {"axis": 2}), ("cumsum", {"axis": 1}), ("cumsum", {}),
    ("cumprod", {"axis": 0}), ("median", {"axis": 1}), ("ptp", {"axis": 0}), ("any", {"axis": 0}),
    ("all", {}), ("transpose", {}), ("flip", {"axis": 1}), ("roll", {"shift": 2, "axis": 1}),
    ("squeeze", {}), ("ravel", {}), ("expand_dims", {"axis": 1}), ("diff", {"axis": 1}),
    ("sort", {"axis": 0}), ("argsort", {"axis": 2}), ("clip", {"a_min": -0.5, "a_max": 0.5}),
    ("round", {"decimals": 1}), ("swapaxes", {"axis1": 0, "axis2": 2}),
    ("moveaxis", {"source": 0, "destination": -1}), ("nan_to_num", {}), ("tile", {"reps": (2, 1, 1)}),
    ("repeat", {"repeats": 2, "axis": 1}), ("pad", {"pad_width": 1}), ("count_nonzero", {"axis": 1}),
    ("nansum", {"axis": 0}), ("nanmean", {}), ("nanstd", {"axis": 1}), ("nanmax", {"axis": 1}),
    ("average", {"axis": 1}), ("trapezoid", {"axis": 1}), ("rot90", {}), ("atleast_3d", {}), ("real", {}),
    ("trace", {"axis1": 0, "axis2": 2}), ("gradient", {"axis": 1}), ("histogram", {}), ("unique", {}),
    ("nonzero", {}), ("isfinite", {}), ("sinc", {}),
]  # fmt: skip


@pytest.mark.parametrize("name,kwargs", CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)])
def test_function_matches_numpy(name, kwargs):
    if not hasattr(np, name):
        pytest.skip("newer than this NumPy")
    a = np.random.default_rng(3).normal(size=(3, 4, 5))
    f = getattr(np, name)
    expected, got = f(a, **kwargs), f(tenon.from_numpy(a), **kwargs)
    for e, g in zip(expected, got, strict=True) if isinstance(expected, tuple) else [(expected, got)]:
        assert isinstance(g, tenon.Tensor)
        e = np.asarray(e)
        assert tuple(g.shape) == e.shape
        assert np.allclose(g.numpy(), e, rtol=1e-12, atol=1e-12)


def test_functions_of_several_tensors():
    rng = np.random.default_rng(4)
    a, b, c = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=(3, 4))
    ta, tb, tc = map(tenon.from_numpy, (a, b, c))
    for f in (
        lambda x, y, z: np.concatenate([x, z]),
        lambda x, y, z: np.stack([x, z], axis=1),
        lambda x, y, z: np.vstack([x, z]),
        lambda x, y, z: np.where(x > 0, x, z),
        lambda x, y, z: np.dot(x, y),
        lambda x, y, z: np.matmul(x, y),
        lambda x, y, z: np.einsum("ij,jk->ik", x, y),
        lambda x, y, z: np.einsum("ij,ij->i", x, z),
        lambda x, y, z: np.einsum("ij,jk,il->kl", x, y, z),
        lambda x, y, z: np.einsum("ij->ji", x),
        lambda x, y, z: np.tensordot(x, y, 1),
        lambda x, y, z: np.outer(x, z),
        lambda x, y, z: np.inner(x, z),
        lambda x, y, z: np.kron(x, y),
        lambda x, y, z: np.cov(x),
        lambda x, y, z: np.linalg.norm(x, axis=1),
        lambda x, y, z: np.linalg.norm(x, 1),
        lambda x, y, z: np.linalg.svd(x, compute_uv=False),
        lambda x, y, z: np.cross(x[:, :3], z[:, :3]),
        lambda x, y, z: np.take(x, [2, 0], axis=1),
        lambda x, y, z: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
        lambda x, y, z: np.fft.fft(x),
        lambda x, y, z: np.array_split(x, 3, axis=1)[1],
        lambda x, y, z: np.broadcast_to(x[0], (2, 4)),
        lambda x, y, z: np.select([x > 0, z > 0], [x, z], 0.0),
        lambda x, y, z: np.interp(x[0], np.linspace(-2, 2, 5), np.arange(5.0)),
        lambda x, y, z: np.reshape(x, (2, 6), order="F"),
        lambda x, y, z: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
        lambda x, y, z: np.isreal(x),
        lambda x, y, z: np.linalg.matrix_power(x[:3, :3], 3),
        lambda x, y, z: np.linalg.multi_dot([x, y]),
    ):
        expected, got = f(a, b, c), f(ta, tb, tc)
        assert isinstance(got, tenon.Tensor)
        assert np.allclose(got.numpy(), expected)
        assert tuple(got.shape) == np.asarray(expected).shape


def test_like():
    t = make(2)
    for made in (
        np.zeros(3, like=t),
        np.asarray([1.0], like=t),
        np.arange(3, like=t),
        np.full(2, 1.0, like=t),
    ):
        assert isinstance(made, tenon.Tensor)


def test_functions_that_write():
    a = np.arange(6.0).reshape(2, 3)
    b = a.copy()
    t = tenon.from_numpy(a.copy())
    for f in (
        lambda x: np.put(x, [0, 5], [7.0, 8.0]),
        lambda x: np.putmask(x, b > 3, b * 2),
        lambda x: np.place(x, b < 2, [9.0]),
        lambda x: np.copyto(x, 1.0, where=b > 4),
        lambda x: np.put_along_axis(x, np.array([[1], [2]]), 5.0, axis=1),
        lambda x: np.fill_diagonal(x, -1.0),
    ):
        f(a)
        f(t)
        assert t.tolist() == a.tolist()


def test_answers_that_are_no_arrays():
    t = make(2, 3)
    assert np.allclose(t, t.numpy()) is True
    assert np.array_equal(t, t.numpy())
    assert np.shape(t) == (2, 3) and np.ndim(t) == 2 and np.size(t) == 6
    assert np.shares_memory(t, t.numpy())
    assert "[0." in np.array2string(t)


def test_out_and_where_of_reductions():
    a = np.arange(6.0).reshape(2, 3)
    t = tenon.from_numpy(a)
    out = np.zeros(3)
    assert np.sum(t, axis=0, out=out) is out
    assert out.tolist() == [3, 5, 7]
    mask = a > 1
    assert np.sum(t, where=mask).item() == a.sum(where=mask)
    assert np.mean(t, where=mask).item() == a.mean(where=mask)
    assert np.max(t, initial=9.0, where=mask).item() == 9


def test_an_unknown_function_is_named():
    with pytest.raises(TypeError, match=r"np\.hamming|np\.nextafter|np\.fromfunction|np\.einsum_path"):
        np.einsum_path("ij,jk->ik", make(2, 2), make(2, 2))


def test_no_gradient_is_lost_silently():
    x = make(3).requires_grad_()
    with pytest.raises(TypeError, match="no gradient"):
        np.convolve(x, x)
    with pytest.raises(TypeError, match="detach"):
        np.sort_complex(x)
    assert np.argsort(x).tolist() == [0, 1, 2]  # indices have none


def test_defers_to_foreign_types():
    class Other:
        def __array_function__(self, func, types, args, kwargs):
            return "other"

    assert np.concatenate([make(2), Other()]) == "other"


# ---- a device that NumPy cannot read (simulated) ----


def test_device_tensors(tmp_path):
    from support import run_python, sim_environment

    run_python(
        """
        import numpy as np, tenon
        t = tenon.arange(4, dtype=tenon.float32).cuda()
        def refused(error, f, *words):
            try:
                f()
            except error as e:
                assert all(w in str(e) for w in words), e
            else:
                raise AssertionError(f"no {error.__name__}")
        refused(TypeError, lambda: np.asarray(t), "cuda:0", ".cpu()")
        refused(TypeError, lambda: t.numpy(), "cuda:0")
        refused(BufferError, lambda: memoryview(t), "cpu")
        refused(TypeError, lambda: np.add(t, np.ones(4)), "mix")
        refused(TypeError, lambda: np.add(t, 1, out=np.ones(4)), "out=")
        refused(TypeError, lambda: np.sort_complex(t), "cuda")
        refused(ValueError, lambda: tenon.from_dlpack(t, device="cpu", copy=False), "copy=False")
        assert not hasattr(t, "__array_interface__")
        i = t.__cuda_array_interface__
        assert (i["version"], i["typestr"], i["shape"], i["stream"]) == (3, "<f4", (4,), 1)
        assert t.__dlpack_device__() == (2, 0)
        assert not tenon.explain(t).shared and "cuda:0" in str(tenon.explain(t))
        # NumPy's functions run where the tensor is
        for y in (np.sin(t), np.mean(t), np.sum(t, axis=0), np.add(t, np.float32(2)), np.where(t > 1, t, 0),
                  np.concatenate([t, t]), np.percentile(t, 50), np.linalg.norm(t), np.add(t, np.array(2.0))):
            assert y.device == "cuda:0", y
        assert np.percentile(t, 50).item() == 1.5
        u = tenon.from_dlpack(t)
        assert u.device == "cuda:0" and u.data_ptr() == t.data_ptr()
        assert tenon.from_dlpack(t, device="cpu").tolist() == [0, 1, 2, 3]
        assert t.to_numpy().tolist() == [0, 1, 2, 3] and t.numpy(force=True).tolist() == [0, 1, 2, 3]
        assert len(t.tobytes()) == 16
        with tenon.numpy_policy(to_cpu=True):
            assert np.asarray(t).tolist() == t.numpy().tolist() == [0, 1, 2, 3]
            refused(BufferError, lambda: memoryview(t), "cpu")  # a view of a copy would lose what is written
            if np.lib.NumpyVersion(np.__version__) >= "2.0.0":  # copy=False meant "if needed" before
                refused(ValueError, lambda: np.array(t, copy=False), "copy")
            with tenon.record_copies() as log:
                t.__array__()
                np.asarray(t)
            assert log.bytes == 32
        refused(TypeError, lambda: np.asarray(t), "cuda:0")
        """,
        **sim_environment(),
    )
