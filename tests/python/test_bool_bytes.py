"""Bools in memory that others filled: any byte but 0 is true, whatever reads it."""

import io

import numpy as np
import pytest
import tenon

pytestmark = pytest.mark.border

BYTES = bytes([2, 1, 0, 255, 0, 128, 3, 0] * 40)
TRUTH = np.frombuffer(BYTES, np.uint8) != 0
LAYOUTS = {
    "contiguous": lambda a: a,
    "strided": lambda a: a[::3],
    "backwards": lambda a: a[::-1],
    "matrix": lambda a: a.reshape(16, 20),
    "transposed": lambda a: a.reshape(16, 20).T,
    "short": lambda a: a[:5],
}
SOURCES = {
    "numpy": lambda raw: tenon.from_numpy(raw),
    "dlpack": lambda raw: tenon.from_dlpack(raw),
    "view": lambda raw: tenon.from_numpy(raw.view(np.uint8)).view(tenon.bool),
}


@pytest.fixture(params=LAYOUTS)
def pair(request):
    """(a tensor over odd bytes, the array that it means)"""
    arrange = LAYOUTS[request.param]
    raw = np.frombuffer(bytearray(BYTES), np.bool_)
    return tenon.from_numpy(arrange(raw)), arrange(TRUTH.copy())


def same(tensor, array):
    """Equal by value, and made of zeros and ones where an operation has computed it."""
    np.testing.assert_array_equal(tensor.numpy(), array)
    if tensor.dtype is tenon.bool:
        assert set(tensor.contiguous().view(tenon.uint8).reshape(-1).tolist()) <= {0, 1}


@pytest.mark.parametrize("source", SOURCES)
def test_sources(source):
    raw = np.frombuffer(bytearray(BYTES), np.bool_)
    t = SOURCES[source](raw)
    assert t.tolist() == TRUTH.tolist()
    assert t.sum().item() == TRUTH.sum()
    buffer = tenon.frombuffer(bytearray(BYTES), dtype=tenon.bool)
    assert buffer.tolist() == TRUTH.tolist()


def test_reading_values(pair):
    t, a = pair
    assert t.tolist() == a.tolist()
    first = t[tuple(np.argwhere(a)[0])]
    assert first.item() is True and bool(first) and int(first) == 1 and float(first) == 1.0
    assert repr(t) == repr(tenon.from_numpy(a))


def test_reductions(pair):
    t, a = pair
    for axis in (None, *range(a.ndim)):
        same(t.sum(axis), a.sum(axis))
        same(t.prod(axis), a.prod(axis))
        same(t.any(axis), a.any(axis))
        same(t.all(axis), a.all(axis))
        same(t.amax(axis), a.max(axis))
        same(t.amin(axis), a.min(axis))
        same(t.argmax(axis), a.argmax(axis))
        same(t.argmin(axis), a.argmin(axis))
        same(tenon.count_nonzero(t, axis), np.count_nonzero(a, axis))
        np.testing.assert_allclose(t.mean(axis).numpy(), a.mean(axis), rtol=1e-6)
        np.testing.assert_array_equal(t.sum(axis, dtype=tenon.float32).numpy(), a.sum(axis, dtype=np.float32))
        np.testing.assert_array_equal(t.sum(axis, dtype=tenon.int8).numpy(), a.sum(axis, dtype=np.int8))
    same(t.cumsum(0), a.cumsum(0))
    same(t.cumprod(-1), a.cumprod(-1))


def test_elementwise(pair):
    t, a = pair
    other = tenon.from_numpy(np.roll(a.astype(np.uint8), 1).astype(bool))
    b = other.numpy()
    for name in ("logical_not", "bitwise_not"):
        same(getattr(tenon, name)(t), ~a)
    for name, f in {
        "logical_and": np.logical_and,
        "logical_or": np.logical_or,
        "logical_xor": np.logical_xor,
        "bitwise_and": np.bitwise_and,
        "bitwise_or": np.bitwise_or,
        "bitwise_xor": np.bitwise_xor,
        "add": np.add,
        "mul": np.multiply,
        "maximum": np.maximum,
        "minimum": np.minimum,
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
    }.items():
        same(getattr(tenon, name)(t, other), f(a, b))
        same(getattr(tenon, name)(other, t), f(b, a))
        same(getattr(tenon, name)(t, True), f(a, True))
    same(tenon.clip(t, False, True), a)
    same(t + 1, a + 1)
    same(t * 2.5, (a * 2.5).astype(np.float32))
    same(t == 1, a)
    assert tenon.equal(t, tenon.from_numpy(a))
    x = t.clone()
    x &= other
    same(x, a & b)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", "float32", "complex64", "bfloat16"])
def test_casts(pair, dtype):
    t, a = pair
    d = getattr(tenon, dtype)
    np.testing.assert_array_equal(t.to(d).float().numpy(), a.astype(np.float32))
    np.testing.assert_array_equal(t[..., ::2].to(d).float().numpy(), a[..., ::2].astype(np.float32))
    out = tenon.zeros(*t.shape, dtype=d)
    out.copy_(t)
    np.testing.assert_array_equal(out.float().numpy(), a.astype(np.float32))


def test_masks(pair):
    t, a = pair
    values = np.arange(a.size).reshape(a.shape)
    x = tenon.from_numpy(values.copy())
    same(x[t], values[a])
    same(tenon.where(t, x, -x), np.where(a, values, -values))
    same(tenon.where(t, 1, 0), np.where(a, 1, 0))
    same(tenon.nonzero(t), np.argwhere(a))
    same(tenon.masked_select(x, t), values[a])
    same(x.masked_fill(t, -1), np.where(a, -1, values))
    z = x.clone()
    z[t] = -5
    same(z, np.where(a, -5, values))
    z = x.clone()
    z[t] = tenon.arange(int(a.sum()))
    expected = values.copy()
    expected[a] = np.arange(a.sum())
    same(z, expected)
    z = tenon.zeros(a.shape[0], dtype=tenon.bool)
    z[tenon.zeros(a.shape[0], dtype=tenon.int64)] = t.reshape(-1)[: a.shape[0]]
    z.index_put_((tenon.zeros(a.size, dtype=tenon.int64),), t.reshape(-1), accumulate=True)
    assert z[0].item() is True


def test_sorting_and_products(pair):
    t, a = pair
    same(t.sort(-1)[0], np.sort(a, -1))
    same(tenon.argsort(t, -1), np.argsort(a, -1, kind="stable"))
    if a.ndim == 2:
        same(t @ t.T, a @ a.T)
        same(t.T @ t, a.T @ a)
        same(t @ t[0], a @ a[0])


def test_moves_keep_the_values(pair):
    t, a = pair
    same(tenon.logical_or(t.clone(), False), a)
    assert tenon.cat([t, t]).tolist() == np.concatenate([a, a]).tolist()
    file = io.BytesIO()
    np.save(file, t.numpy())
    pa = pytest.importorskip("pyarrow")
    if a.ndim == 1:
        assert pa.array(t).to_pylist() == a.tolist()
