"""The border itself: whatever array goes in, the same memory comes out."""

import itertools

import numpy as np
import pytest
import tenon
from hypothesis import given
from hypothesis import strategies as st
from layouts import arrays, basic_indices, different, fast, same_view
from support import COMPLEX, DTYPES, FLOATS, INTEGERS, address, sample

pytestmark = pytest.mark.border


@fast
@given(arrays())
def test_a_round_trip_is_the_same_window_on_the_same_bytes(array: np.ndarray) -> None:
    t = tenon.from_numpy(array)
    assert t.shape == array.shape
    assert t.dtype == array.dtype
    assert t.readonly is not array.flags.writeable
    assert t.nbytes == array.nbytes
    if array.size:
        assert t.data_ptr() == address(array)
    same_view(t.numpy(), array)
    same_view(np.asarray(t), array)


@fast
@given(arrays(), st.data())
def test_writes_show_on_both_sides(array: np.ndarray, data: st.DataObject) -> None:
    t = tenon.from_numpy(array)
    back = t.numpy()
    if not array.size or not array.flags.writeable:
        return
    index = tuple(data.draw(st.integers(0, n - 1)) for n in array.shape)
    array[index] = different(array[index])
    assert t[index].item() == array[index] == back[index]
    t[index] = different(array[index])
    assert t[index].item() == array[index] == back[index]
    back[index] = different(back[index])
    assert t[index].item() == array[index] == back[index]


@fast
@given(arrays(), st.data())
def test_views_of_the_tensor_are_numpys_views(array: np.ndarray, data: st.DataObject) -> None:
    t = tenon.from_numpy(array)
    key = data.draw(basic_indices(array.shape))
    same_view(t[key].numpy(), array[(*key, ...)])
    order = data.draw(st.permutations(range(array.ndim)))
    same_view(t.permute(order).numpy(), array.transpose(order))
    same_view(t.T.numpy(), array.T)


@fast
@given(arrays(), arrays())
def test_operations_read_any_layout(a: np.ndarray, b: np.ndarray) -> None:
    """Elementwise operations and sums of what NumPy lends equal NumPy's own, whatever the strides."""
    t = tenon.from_numpy(a)
    np.testing.assert_array_equal((t == t).numpy(), a == a)
    np.testing.assert_array_equal((t + t).numpy(), a + a)
    np.testing.assert_array_equal(t.clone().numpy(), a)
    assert t.clone().readonly is False
    try:
        expected = a == b
    except ValueError:  # they do not broadcast; nor do the tensors
        with pytest.raises(ValueError, match="broadcast"):
            _ = t == tenon.from_numpy(b)
        return
    if isinstance(expected, np.ndarray | np.bool_) and np.shape(expected) == np.broadcast_shapes(
        a.shape, b.shape
    ):
        np.testing.assert_array_equal((t == tenon.from_numpy(b)).numpy(), expected)


# ---- PyTorch's own border tests, behaviour by behaviour ----

NUMERIC = [d for d in DTYPES if d != "bool"]


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_to_numpy_of_slices_and_transposes(dtype: str) -> None:
    vector, matrix = sample(dtype, (20,)), sample(dtype, (10, 6))
    t, m = tenon.from_numpy(vector), tenon.from_numpy(matrix)
    np.testing.assert_array_equal(t[9:19].numpy(), vector[9:19])
    assert t[:0].numpy().size == 0
    assert m.numpy().flags.c_contiguous
    assert m[2:4].numpy().flags.c_contiguous
    assert not m.T.numpy().flags.c_contiguous
    np.testing.assert_array_equal(m[1:5, 1:3].T.numpy(), matrix[1:5, 1:3].T)
    for view, window in ((m, matrix), (m.T, matrix.T)):
        out = view.numpy()
        assert out.flags.writeable
        out[0][1] = 3
        assert view[0][1].item() == 3 == window[0][1]


@pytest.mark.parametrize("shape", [(2,), (1,), (), (0,)])
def test_bool_arrays(shape: tuple[int, ...]) -> None:
    out = tenon.from_numpy(np.ones(shape, bool)).numpy()
    assert out.dtype == np.bool_
    assert out.shape == shape


@pytest.mark.parametrize("dtype", [*NUMERIC, "longlong", "ulonglong", "intp", "bool"])
def test_from_numpy_of_every_dtype(dtype: str) -> None:
    array = np.array([1, 2, 3, 4]).astype(dtype)
    t = tenon.from_numpy(array)
    assert t.tolist() == array.tolist()
    assert t.numpy().dtype == array.dtype
    if array.dtype.kind in "iuf":
        assert (t % 2).tolist() == (array % 2).tolist()


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0,), (3, 0, 2)])
def test_empty_shapes_survive(shape: tuple[int, ...]) -> None:
    t = tenon.from_numpy(np.zeros(shape))
    assert t.shape == shape
    assert t.numpy().shape == shape


def test_a_list_of_arrays_that_do_not_fit() -> None:
    a = np.zeros
    for bad in ([a((3, 3)), a((3, 0))], [[a((3, 3)), a((3, 2))]], [[1, 2, 3], a(2)], [[a(3), 1.0]]):
        with pytest.raises((ValueError, TypeError)):
            tenon.tensor(bad)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_scalars_make_tensors(dtype: str) -> None:
    scalar = np.dtype(dtype).type(42)
    t = tenon.tensor(scalar)
    assert t.item() == scalar
    assert t.dtype == scalar.dtype


def test_numpy_integers_index() -> None:
    array = np.arange(25.0).reshape(5, 5)
    t = tenon.from_numpy(array)
    for i in np.arange(3, dtype=np.int32):
        assert t[i].tolist() == array[i].tolist()
        assert t[i, -i].item() == array[i, -i]


@pytest.mark.parametrize("n", [2, 8, 16, 32])
def test_numpy_masks_index(n: int) -> None:
    array = np.arange(float(n**3)).reshape(n, n, n)
    mask = np.random.default_rng(n).permutation(n**3).reshape(array.shape) < n**3 // 2
    selected = tenon.from_numpy(array)[mask]
    assert selected.shape == (n**3 // 2,)
    np.testing.assert_array_equal(selected.numpy(), array[mask])


@pytest.mark.parametrize("dtype", [d for d in INTEGERS + FLOATS if d != "float16"])
def test_numpy_functions_on_tensors(dtype: str) -> None:
    array = sample(dtype, (3, 3))
    t = tenon.from_numpy(array)
    assert np.asarray(t).dtype == array.dtype
    absolute = np.abs(t)
    assert isinstance(absolute, tenon.Tensor)
    np.testing.assert_array_equal(absolute.numpy(), np.abs(array))
    greater = np.greater_equal(t, 2)
    assert isinstance(greater, tenon.Tensor)
    assert greater.dtype == tenon.bool  # PyTorch gives uint8
    if array.dtype.kind == "f":
        for f in (np.sin, np.ceil):
            assert f(t).dtype == array.dtype
            np.testing.assert_allclose(f(t).numpy(), f(array), rtol=1e-6)
    wide = sample("int32", (3, 3))
    np.testing.assert_array_equal(np.asarray(tenon.from_numpy(wide), dtype=dtype), wide.astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "int16", "uint8"])
@pytest.mark.parametrize("tensor_dtype", ["float32", "float64"])
def test_numpy_scalars_keep_the_tensors_dtype_and_gradient(dtype: str, tensor_dtype: str) -> None:
    t = tenon.from_numpy(np.ones(2, tensor_dtype)).requires_grad_()
    scalar = np.dtype(dtype).type(2)
    for product in (t * scalar, scalar * t):
        assert isinstance(product, tenon.Tensor)
        assert product.dtype == np.dtype(tensor_dtype)
        assert product.requires_grad
        assert product.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("dtype", ["int16", "int8", "uint8", "int32", "int64"])
def test_numpy_integers_are_integers(dtype: str) -> None:
    three, one = np.dtype(dtype).type(3), np.dtype(dtype).type(1)
    t = tenon.from_numpy(np.arange(6, dtype=np.int64).reshape(2, 3))
    assert t.sum(dim=one).tolist() == [3, 12]
    assert (t + three).dtype == (three + t).dtype == tenon.int64
    t[0, 0] = three
    assert t[0, 0].item() == 3
    assert t.reshape((three, 2)).shape == (3, 2)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(DTYPES, ["python", "numpy", "tensor"])))
def test_scalars_compare_equal_in_both_orders(a: str, b: str) -> None:
    value = np.dtype(a).type(1) if a not in COMPLEX else np.dtype(a).type(1 + 1j)
    t = tenon.from_numpy(np.array(value))
    other = {"python": value.item(), "numpy": value, "tensor": tenon.from_numpy(np.array([value]))}[b]
    assert bool(t == other)
    assert bool(other == t)  # for complex64, too: pytorch#43579


def test_equality_with_an_array_shares_and_reflects() -> None:
    a = tenon.from_numpy(np.random.default_rng(0).normal(size=(5, 7)))
    b = a.clone()
    shown = b.numpy()
    for key in ((2, 3), np.random.default_rng(1).random((5, 7)) < 0.5, ...):
        shown[...] = a.numpy()
        assert bool((a == shown).all())
        assert bool((shown == a).all())
        changed = np.zeros((5, 7), bool)
        changed[key] = True
        shown[key] += 1
        np.testing.assert_array_equal(np.asarray(a == shown), ~changed)
        np.testing.assert_array_equal(np.asarray(shown == a), ~changed)


@pytest.mark.parametrize("op", ["__truediv__", "__mul__", "__floordiv__"])
def test_empty_tensors_with_zero_dimensional_ones(op: str) -> None:
    zero, empty = (tenon.from_numpy(np.ones(s, np.float16)) for s in ((), (0,)))
    assert getattr(zero, op)(empty).shape == (0,)
    assert getattr(empty, op)(zero).shape == (0,)


def test_bfloat16_crosses_through_ml_dtypes() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        array = np.array([1.0, -2.0, 0.5]).astype(getattr(ml_dtypes, name))
        t = tenon.from_numpy(array)
        assert str(t.dtype).endswith(name)
        same_view(t.numpy(), array)
        assert t.tolist() == [1.0, -2.0, 0.5]


def test_swapped_bytes_are_swapped_while_copying() -> None:
    array = np.arange(6, dtype=">i4").reshape(2, 3)
    for make in (tenon.asarray, tenon.tensor):
        t = make(array)
        assert t.tolist() == array.tolist()
        assert t.dtype == tenon.int32
    with pytest.raises(ValueError, match="swap"):
        tenon.asarray(array, copy=False)
