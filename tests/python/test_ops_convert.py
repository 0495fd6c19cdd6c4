"""Conversions, in-place methods, products, elementwise forms with their own arguments, and out=."""

import numpy as np
import pytest
import tenon

METHODS = {
    "bool": "bool",
    "byte": "uint8",
    "char": "int8",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "float": "float32",
    "double": "float64",
    "cfloat": "complex64",
    "cdouble": "complex128",
}


@pytest.mark.parametrize("method", METHODS)
def test_named_conversions(method):
    t = tenon.tensor([0, 1, 2])
    r = getattr(t, method)()
    assert r.dtype is getattr(tenon, METHODS[method])
    assert r.long().tolist() == ([0, 1, 1] if method == "bool" else [0, 1, 2])
    assert getattr(r, method)() is r


def test_to():
    t = tenon.tensor([1.5, 2.5])
    assert t.to(tenon.float32) is t
    assert t.to("cpu") is t
    assert t.to(tenon.float32, copy=True) is not t
    for arguments, keywords in (
        ((tenon.int64,), {}),
        (("int64",), {}),
        ((np.int64,), {}),
        ((np.dtype("int64"),), {}),
        ((int,), {}),
        ((), {"dtype": tenon.int64}),
        (("cpu", tenon.int64), {}),
        ((tenon.device("cpu"), tenon.int64), {}),
        ((), {"device": "cpu", "dtype": "int64"}),
        ((tenon.int64, True), {}),
        ((tenon.zeros(1, dtype=tenon.int64),), {}),
        ((tenon.int64,), {"non_blocking": True}),
    ):
        r = t.to(*arguments, **keywords)
        assert r.dtype is tenon.int64
        assert r.tolist() == [1, 2]
    assert t.astype(tenon.float32) is not t
    assert t.astype(tenon.float32, copy=False) is t
    assert t.type(tenon.int8).dtype is tenon.int8
    assert t.type() == "tenon.float32"
    assert t.type_as(tenon.zeros(1, dtype=tenon.float64)).dtype is tenon.float64
    assert t.cpu() is t
    assert t.to_device("cpu") is t
    w = tenon.ones(2, requires_grad=True)
    w.double().sum().backward()
    assert w.grad.dtype is tenon.float32
    with pytest.raises(RuntimeError, match="cuda"):
        t.to("cuda:77")
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        t.to("nonsense")


def test_questions():
    t = tenon.zeros(2, 3)
    assert t.is_floating_point() is True
    assert tenon.is_floating_point(t) is True
    assert t.is_complex() is False
    assert tenon.is_complex(t.cfloat()) is True
    assert t.byte().is_signed() is False
    assert t.get_device() == -1
    assert (t.ndimension(), t.nelement(), t.numel(), tenon.numel(t), t.element_size(), t.dim()) == (
        2,
        6,
        6,
        6,
        4,
        2,
    )
    assert (t.itemsize, t.nbytes, t.is_cpu, t.is_cuda) == (4, 24, True, False)
    assert tenon.is_tensor(t) is True
    assert tenon.is_tensor(np.zeros(1)) is False


# ---- in place ----


def test_in_place():
    t = tenon.zeros(2, 2)
    assert t.fill_(3) is t
    assert t.tolist() == [[3, 3], [3, 3]]
    assert t.fill_(tenon.tensor(4)).tolist() == [[4, 4], [4, 4]]
    assert t.zero_().tolist() == [[0, 0], [0, 0]]
    assert t.copy_(np.array([1, 2])).tolist() == [[1, 2], [1, 2]]
    assert t.copy_(5).tolist() == [[5, 5], [5, 5]]
    assert t.add_(1).mul_(2).sub_(tenon.ones(2), alpha=2).tolist() == [[10, 10], [10, 10]]
    assert t.clamp_(0, 3).tolist() == [[3, 3], [3, 3]]
    assert t.clip_(max=1).clip_(min=2).tolist() == [[2, 2], [2, 2]]
    assert t.neg_().abs_().sqrt_().round_().tolist() == [[1, 1], [1, 1]]
    assert t.resize_(3).shape == (3,)
    assert t.resize_((2, 2)).tolist()[0] == [1, 1]
    exported = t.numpy()
    with pytest.raises(BufferError):
        t.resize_(100)
    assert t.shape == (2, 2)
    del exported
    with pytest.raises(ValueError):
        t.fill_(tenon.zeros(2))
    with pytest.raises(TypeError):
        tenon.zeros(2, dtype=tenon.int64).add_(0.5)
    with pytest.raises(ValueError):
        t.copy_(tenon.zeros(3))


def test_in_place_changes_the_array_it_shares():
    a = np.ones(3)
    tenon.from_numpy(a).mul_(3)
    assert a.tolist() == [3, 3, 3]


# ---- elementwise with arguments of their own ----


@pytest.mark.parametrize(
    "mode, reference",
    [(None, np.divide), ("floor", np.floor_divide), ("trunc", lambda a, b: np.trunc(a / b))],
)
@pytest.mark.parametrize("dtype", ["int32", "int64", "float64"])
def test_div(mode, reference, dtype):
    a, b = np.array([7, -7, 7, -7, 6], dtype), np.array([2, 2, -2, -2, 3], dtype)
    r = tenon.div(tenon.tensor(a), tenon.tensor(b), rounding_mode=mode)
    assert np.allclose(r.tolist(), reference(a, b))
    assert r.dtype is (tenon.float32 if mode is None and dtype != "float64" else getattr(tenon, dtype))
    assert np.allclose(tenon.tensor(a).divide(2, rounding_mode=mode).tolist(), reference(a, 2))
    out = tenon.zeros(5, dtype=tenon.float64)
    assert tenon.div(tenon.tensor(a), tenon.tensor(b), rounding_mode=mode, out=out) is out
    assert np.allclose(out.tolist(), reference(a, b))


def test_div_errors():
    with pytest.raises(ValueError, match="rounding_mode"):
        tenon.div(tenon.ones(1), 2, rounding_mode="up")


@pytest.mark.parametrize("decimals", [0, 2, -1])
@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_round(decimals, dtype):
    a = np.array([15.125, -25.5, 0.5, 1.5, 105]).astype(dtype)
    assert tenon.tensor(a).round(decimals).tolist() == np.round(a, decimals).tolist()
    assert tenon.round(tenon.tensor(a), decimals=decimals).dtype is getattr(tenon, dtype)
    assert tenon.around(tenon.tensor(a), decimals).tolist() == np.round(a, decimals).tolist()


def test_clip_by_bounds_that_are_lists():
    """A bound that is no tensor yet lives as long as the call."""
    for _ in range(20):
        assert tenon.clip(-1, np.full((70, 65), -3), [2] * 65).tolist() == [[-1] * 65] * 70
        with pytest.raises(ValueError, match="do not broadcast"):
            tenon.clip(-1, np.zeros((70, 65)), (-2, 1))


def test_clip():
    a = np.arange(5.0)
    t = tenon.tensor(a)
    assert t.clip(1, 3).tolist() == t.clamp(min=1, max=3).tolist() == np.clip(a, 1, 3).tolist()
    assert t.clip(max=2).tolist() == np.clip(a, None, 2).tolist()
    assert t.clip(tenon.tensor([2.0, 0, 0, 0, 9])).tolist() == np.clip(a, [2, 0, 0, 0, 9], None).tolist()
    assert tenon.clip(t, a_min=1, a_max=2).tolist() == np.clip(a, 1, 2).tolist()
    out = tenon.zeros(5, dtype=tenon.float64)
    assert tenon.clamp(t, 1, 2, out=out) is out
    assert out.tolist() == np.clip(a, 1, 2).tolist()
    assert t.clip().tolist() == a.tolist() and t.clip().data_ptr() != t.data_ptr()


def test_alpha_and_lerp():
    t = tenon.ones(2)
    assert t.add(tenon.ones(2), alpha=3).tolist() == [4, 4]
    assert tenon.sub(t, 1, alpha=0.5).tolist() == [0.5, 0.5]
    assert tenon.lerp(t, tenon.zeros(2), 0.25).tolist() == [0.75, 0.75]
    assert t.lerp(end=tenon.zeros(2), weight=1.0).tolist() == [0, 0]


def test_out():
    out = tenon.zeros(3)
    assert tenon.add(tenon.ones(3), 1, out=out) is out
    array = np.zeros(3, np.float32)
    assert tenon.exp(tenon.zeros(3), out=array) is array
    assert array.tolist() == [1, 1, 1]
    assert tenon.exp(tenon.zeros(3), out=(out,)) is out
    assert tenon.cat([tenon.ones(1), tenon.zeros(2)], out=out).tolist() == [1, 0, 0]
    with pytest.raises(TypeError):
        tenon.add(tenon.ones(3), 1, out=tenon.zeros(3, dtype=tenon.int32))
    with pytest.raises(ValueError):
        tenon.add(tenon.ones(3), 1, out=tenon.zeros(4))
    with pytest.raises(RuntimeError):
        tenon.add(tenon.ones(3, requires_grad=True), 1, out=out)


# ---- products ----


def test_products_against_numpy():
    rng = np.random.default_rng(2)
    a, b, v, s = (
        rng.standard_normal((3, 4)),
        rng.standard_normal((4, 5)),
        rng.standard_normal(4),
        rng.standard_normal((2, 3, 4)),
    )
    ta, tb, tv, ts = (tenon.tensor(x) for x in (a, b, v, s))
    for ours, theirs in (
        (ta @ tb, a @ b),
        (tenon.matmul(ta, tb), a @ b),
        (ta.mm(tb), a @ b),
        (ta.mv(tv), a @ v),
        (tv.dot(tv), v @ v),
        (ta @ tv, a @ v),
        (tv @ tb, v @ b),
        (ts @ tb, s @ b),
        (ts.bmm(ts.mT), s @ s.swapaxes(1, 2)),
        (tenon.outer(tv, tv), np.outer(v, v)),
        (tenon.ger(tv, tv), np.outer(v, v)),
        (ta @ b, a @ b),
        (tenon.tensor([[1, 2], [3, 4]]) @ tenon.tensor([1, 1]), np.array([3, 7])),
    ):
        assert ours.shape == theirs.shape
        assert np.allclose(np.asarray(ours.tolist()), theirs)
    out = tenon.zeros(3, 5, dtype=tenon.float64)
    assert tenon.matmul(ta, tb, out=out) is out
    assert np.allclose(out.tolist(), a @ b)
    for call in (
        lambda: ta @ ta,
        lambda: ta.mm(tv),
        lambda: ts.bmm(ta),
        lambda: ts.bmm(ts.mT[:1]),
        lambda: ta.dot(ta),
        lambda: ta @ 2,
    ):
        with pytest.raises(ValueError):
            call()


# ---- to Python ----


def test_item_and_numbers():
    assert tenon.tensor(3).item() == 3
    assert tenon.tensor([[2.5]]).item() == 2.5
    assert tenon.tensor([[1, 2], [3, 4]]).item(1, 0) == 3
    assert isinstance(tenon.tensor(True).item(), bool)
    assert isinstance(tenon.tensor(1).item(), int)
    assert tenon.tensor(2**63, dtype=tenon.uint64).item() == 2**63
    assert complex(tenon.tensor(1j)) == 1j
    assert int(tenon.tensor([7.9])) == 7
    assert float(tenon.tensor(1)) == 1.0
    assert [10, 20][tenon.tensor(1)] == 20
    assert bool(tenon.tensor([0.0])) is False
    with pytest.raises((ValueError, RuntimeError)):
        tenon.zeros(2).item()
    with pytest.raises(TypeError):
        [1][tenon.tensor(0.0)]
    assert tenon.zeros(2, 0).tolist() == [[], []]
    assert tenon.tensor(5).tolist() == 5
    assert tenon.ones(2, dtype=tenon.bfloat16).tolist() == [1.0, 1.0]


# Python's types, and their names, mean what they mean to NumPy and PyTorch, whatever a number alone becomes.
@pytest.mark.parametrize(
    "kind, dtype",
    [(float, tenon.float64), (complex, tenon.complex128), (int, tenon.int64), (bool, tenon.bool)],
)
def test_python_types_as_dtypes(kind, dtype):
    t = tenon.tensor([0, 1])
    for given in (kind, kind.__name__):
        assert np.dtype(given) == dtype and tenon.dtype(given) is dtype
        assert tenon.zeros(2, dtype=given).dtype is t.to(given).dtype is t.astype(given).dtype is dtype
        assert t.type(given).dtype is tenon.asarray([1], dtype=given).dtype is dtype
        assert tenon.numpy.astype(t, given).dtype is tenon.sum(t, dtype=given).dtype is dtype
    assert tenon.tensor(kind(1)).dtype in (tenon.float32, tenon.complex64, tenon.int64, tenon.bool)


def test_names_of_pytorch_dtypes():
    assert tenon.dtype("torch.float") is tenon.dtype("tenon.float") is tenon.float is tenon.float32
    assert tenon.dtype("torch.int") is tenon.int is tenon.int32
    assert tenon.finfo(float).bits == 64


def test_memory_formats_and_types_by_name():
    t = tenon.arange(6.0).reshape(2, 3).T
    assert t.clone(memory_format=tenon.preserve_format).tolist() == t.tolist()
    assert t.contiguous(memory_format=tenon.contiguous_format).is_contiguous(
        memory_format=tenon.contiguous_format
    )
    with pytest.raises(ValueError, match="clone: memory_format must be"):
        t.clone(memory_format="channels_first")
    assert (
        t.type("torch.IntTensor").dtype is tenon.int32
        and t.type("torch.BFloat16Tensor").dtype is tenon.bfloat16
    )
    assert t.item(3) == 4 and t.item(-1) == 5 and t.item(2, 1) == 5 and tenon.tensor(7).item(0) == 7
    with pytest.raises(IndexError, match="item: index 6 is out of range for 6 elements"):
        t.item(6)
    with pytest.raises(TypeError, match="to: one dtype and one device at most"):
        t.to(tenon.float64, tenon.float32)


def images():
    """Of rank 4 and 5, with what memory_format puts their channels last."""
    return [
        (tenon.arange(2.0 * 3 * 4 * 5).reshape(2, 3, 4, 5), tenon.channels_last, (60, 1, 15, 3)),
        (
            tenon.arange(2.0 * 3 * 2 * 4 * 5).reshape(2, 3, 2, 4, 5),
            tenon.channels_last_3d,
            (120, 1, 60, 15, 3),
        ),
    ]


@pytest.mark.parametrize(("t", "last", "strides"), images())
def test_channels_last(t, last, strides):
    ways = {
        "contiguous": lambda: t.contiguous(memory_format=last),
        "clone": lambda: t.clone(memory_format=last),
        "to": lambda: t.to(memory_format=last),
        "to, dtype": lambda: t.to(tenon.float64, memory_format=last),
        "double": lambda: t.double(memory_format=last),
        "cpu": lambda: t.cpu(memory_format=last),
    }
    for name, way in ways.items():
        r = way()
        assert r.stride() == strides, name
        assert r.is_contiguous(memory_format=last) and not r.is_contiguous(), name
        assert tenon.equal(r, t.to(r.dtype)), name
        assert r.contiguous(memory_format=last) is r and r.to(memory_format=last) is r, name
        assert (
            r.contiguous().stride() == t.stride()
            and r.to(memory_format=tenon.contiguous_format).is_contiguous()
        )
    # NumPy sees the same bytes: images that lie as height, width, channels.
    a = t.contiguous(memory_format=last).numpy()
    assert np.moveaxis(a, 1, -1).flags.c_contiguous
    hwc = np.zeros((2, 4, 5, 3), np.float32)
    assert tenon.from_numpy(hwc).permute(0, 3, 1, 2).is_contiguous(memory_format=tenon.channels_last)
    x = t.double().requires_grad_()
    (x.contiguous(memory_format=last) * t).sum().backward()
    assert tenon.equal(x.grad, t.double())


@pytest.mark.parametrize(("t", "last", "strides"), images())
def test_new_tensors_with_channels_last(t, last, strides):
    assert tenon.empty(t.shape, memory_format=last).stride() == strides
    made = {
        "zeros_like": lambda f: tenon.zeros_like(t, memory_format=f),
        "ones_like": lambda f: tenon.ones_like(t, memory_format=f),
        "full_like": lambda f: tenon.full_like(t, 2, memory_format=f),
        "empty_like": lambda f: tenon.empty_like(t, memory_format=f),
        "rand_like": lambda f: tenon.rand_like(t, memory_format=f),
        "randn_like": lambda f: tenon.randn_like(t, memory_format=f),
        "randint_like": lambda f: tenon.randint_like(t, 5, memory_format=f),
    }
    for name, make in made.items():
        tenon.manual_seed(0)
        r = make(last)
        assert r.stride() == strides, name
        if name != "empty_like":
            tenon.manual_seed(0)
            assert tenon.equal(r, make(None)), name
        with pytest.raises(ValueError, match=f"{name}: memory_format channels_last.* is for"):
            make(tenon.channels_last if t.dim() == 5 else tenon.channels_last_3d)
    w = tenon.tensor(3.0, requires_grad=True)
    filled = tenon.full_like(t, w, memory_format=last)
    filled.sum().backward()
    assert filled.stride() == strides and w.grad == t.numel()


def test_channels_last_is_for_four_dimensions():
    t = tenon.zeros(2, 3, 4)
    for f in (t.contiguous, t.clone, t.to, t.float, t.cpu):
        with pytest.raises(ValueError, match=r"memory_format channels_last is for 4 dimensions; got 3"):
            f(memory_format=tenon.channels_last)
    assert not t.is_contiguous(memory_format=tenon.channels_last)
    with pytest.raises(ValueError, match="resize_: memory_format must be"):
        t.resize_(2, memory_format=tenon.channels_last)
    assert t.shape == (2, 3, 4)
