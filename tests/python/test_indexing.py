"""Getting and setting by ints, slices, None, Ellipsis, integer arrays, bool masks and their mixtures."""

import numpy as np
import pytest
import tenon
from hypothesis import assume, given, settings
from hypothesis import strategies as st

shapes = st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple)

pytestmark = pytest.mark.border


@st.composite
def slices(draw, n):
    bound = st.none() | st.integers(-n - 2, n + 2)
    return slice(draw(bound), draw(bound), draw(st.none() | st.sampled_from([-3, -2, -1, 1, 2, 3])))


@st.composite
def shape_and_index(draw):
    """A shape and a list of indices for it, with arrays (as NumPy's) that broadcast."""
    shape = draw(shapes)
    common = draw(st.sampled_from([(), (1,), (2,), (3,), (2, 1), (1, 3)]))
    wide = draw(st.sampled_from([common, common[-1:], (1,)]))
    index, dim, ellipsis = [], 0, False
    while dim < len(shape) and draw(st.integers(0, 9)) > 0:
        n = shape[dim]
        kind = draw(
            st.sampled_from(["int", "slice", "slice", "none", "ellipsis", "array", "array", "list", "mask"])
        )
        if kind == "int" and n > 0:
            index.append(draw(st.integers(-n, n - 1)))
            dim += 1
        elif kind == "slice":
            index.append(draw(slices(n)))
            dim += 1
        elif kind == "none":
            index.append(None)
        elif kind == "ellipsis" and not ellipsis:
            index.append(Ellipsis)
            ellipsis = True
            dim += draw(st.integers(0, len(shape) - dim))
        elif kind in ("array", "list") and n > 0:
            s = draw(st.sampled_from([common, wide]))
            values = draw(
                st.lists(st.integers(-n, n - 1), min_size=int(np.prod(s)), max_size=int(np.prod(s)))
            )
            array = np.array(values, draw(st.sampled_from([np.int64, np.int32, np.int8]))).reshape(s)
            index.append(array.tolist() if kind == "list" and array.ndim > 0 else array)
            dim += 1
        elif kind == "mask":
            k = draw(st.integers(1, len(shape) - dim))
            size = int(np.prod(shape[dim : dim + k]))
            mask = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool)
            index.append(mask.reshape(shape[dim : dim + k]))
            dim += k
    if ellipsis:  # it takes as many dimensions as were skipped for it
        index += [slice(None)] * (len(shape) - dim)
    return shape, tuple(index)


def as_tensors(index, tensors):
    if not tensors:
        return index
    return tuple(tenon.tensor(i) if isinstance(i, np.ndarray) else i for i in index)


def numpy_result(array, index):
    try:
        return array[index]
    except IndexError:
        return None


@settings(max_examples=300, deadline=None)
@given(shape_and_index(), st.booleans())
def test_get(case, tensors):
    shape, index = case
    array = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    expected = numpy_result(array, index)
    t = tenon.tensor(array)
    if expected is None:
        with pytest.raises(IndexError):
            t[as_tensors(index, tensors)]
        return
    r = t[as_tensors(index, tensors)]
    assert r.shape == expected.shape
    assert r.tolist() == expected.tolist()
    # Views where NumPy makes views, copies where it copies.
    if r.numel() and isinstance(expected, np.ndarray):
        assert (
            r.storage_offset() >= 0 and r.data_ptr() in range(t.data_ptr(), t.data_ptr() + t.nbytes)
        ) == np.shares_memory(expected, array)


@settings(max_examples=200, deadline=None)
@given(shape_and_index(), st.booleans(), st.sampled_from(["number", "full", "row", "tensor"]))
def test_set(case, tensors, what):
    shape, index = case
    array = np.zeros(shape, np.float32)
    selected = numpy_result(array, index)
    assume(selected is not None)
    # With equal indices the order of writes would show: all values are one there.
    repeated = any(isinstance(i, (np.ndarray, list)) and np.asarray(i).dtype != bool for i in index)
    full = (
        np.full(np.shape(selected), 7, np.float32)
        if repeated
        else 1 + np.arange(np.size(selected), dtype=np.float32).reshape(np.shape(selected))
    )
    value = {
        "number": 5,
        "full": full,
        "row": full[-1:] if full.ndim and full.shape[0] else full,
        "tensor": tenon.tensor(full),
    }[what]
    t = tenon.zeros(shape)
    t[as_tensors(index, tensors)] = value
    array[index] = np.asarray(value.tolist(), np.float32).reshape(value.shape) if what == "tensor" else value
    assert t.tolist() == array.tolist()


@settings(max_examples=100, deadline=None)
@given(shape_and_index())
def test_gradient_of_get_counts_each_use(case):
    shape, index = case
    w = np.zeros(shape)
    expected = numpy_result(w, index)
    assume(expected is not None)
    t = tenon.zeros(shape, dtype=tenon.float64, requires_grad=True)
    r = t[index]
    assume(r.numel() > 0)
    r.sum().backward()
    np.add.at(w, index, 1.0)
    assert t.grad.tolist() == w.tolist()


def test_numpy_integers_and_masks():
    t = tenon.arange(25).reshape(5, 5)
    for i in np.arange(3, dtype=np.int32):
        assert t[i].tolist() == t[int(i)].tolist()
    for n in (2, 8, 16):
        mask = np.arange(n**3).reshape(n, n, n) % 2 == 0
        assert tenon.zeros(n, n, n)[mask].shape == (n**3 // 2,)
    assert t[tenon.tensor(2)].tolist() == t[2].tolist()
    assert t[[True, False, True, False, False]].shape == (2, 5)
    assert t[True].shape == (1, 5, 5)
    assert t[False].shape == (0, 5, 5)
    assert t[...] is not t
    assert t[()].shape == (5, 5)
    assert t[[]].shape == (0, 5)


def test_views_share_memory():
    t = tenon.zeros(4, 4)
    t[::-1][0] = 1
    t[:, 2][:] = 2
    t[None, 1:3, ..., 0].fill_(3)
    assert t.tolist() == [[0, 0, 2, 0], [3, 0, 2, 0], [3, 0, 2, 0], [1, 1, 2, 1]]


def test_errors():
    t = tenon.zeros(2, 3)
    for index in (
        2,
        -3,
        (0, 3),
        (0, 0, 0),
        1.0,
        "a",
        [5],
        (slice(None), [0, 9]),
        (..., ...),
        tenon.tensor([0.5]),
    ):
        with pytest.raises((IndexError, TypeError)):
            t[index]
    with pytest.raises(IndexError):
        t[tenon.tensor([True, False, True])]
    with pytest.raises(ValueError):
        t[0] = tenon.zeros(4)
    with pytest.raises(IndexError):
        t[0, 7] = 1
    with pytest.raises(ValueError):
        t[:: 0]  # fmt: skip
    with pytest.raises(TypeError):
        del t[0]
    with pytest.raises(OverflowError):
        tenon.zeros(2, dtype=tenon.int8)[0] = 300
    with pytest.raises(TypeError):
        t[0, 0] = 1j
    assert t.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_length_iteration_membership():
    t = tenon.arange(6).reshape(3, 2)
    assert len(t) == 3
    assert [r.tolist() for r in t] == [[0, 1], [2, 3], [4, 5]]
    assert [r.tolist() for r in reversed(t)] == [[4, 5], [2, 3], [0, 1]]
    *_, c = t
    assert c.tolist() == [4, 5]
    assert 3 in t
    assert 7 not in t
    assert tenon.tensor(5) in t
    for f in (len, iter):
        with pytest.raises(TypeError):
            f(tenon.tensor(1))
    assert {t: 1}[t] == 1  # hashed by identity
    assert hash(t) != hash(t.clone())
    with pytest.raises((ValueError, RuntimeError)):
        bool(t)


def test_augmented_assignment_through_an_index():
    t = tenon.zeros(3, 2)
    t[1:] += 1
    t[tenon.tensor([0, 0])] += 5  # once, as NumPy
    t[t == 1] *= 3
    assert t.tolist() == [[5, 5], [3, 3], [3, 3]]


# ---- the functions ----


def test_take_gather_scatter_against_numpy():
    rng = np.random.default_rng(1)
    a = rng.standard_normal((4, 5))
    t = tenon.tensor(a)
    i = rng.integers(-4, 4, (2, 3))
    assert t.take(tenon.tensor(i), dim=0).tolist() == np.take(a, i, axis=0).tolist()
    assert t.take(i).tolist() == np.take(a, i).tolist()
    j = rng.integers(0, 4, (3, 5))
    assert t.gather(0, tenon.tensor(j)).tolist() == np.take_along_axis(a, j, 0).tolist()
    assert tenon.take_along_dim(t, tenon.tensor(j), dim=0).tolist() == np.take_along_axis(a, j, 0).tolist()
    assert t.index_select(1, tenon.tensor([4, 0])).tolist() == a[:, [4, 0]].tolist()
    order = np.argsort(rng.standard_normal((4, 5)), axis=0)
    source = rng.standard_normal((4, 5))
    b = a.copy()
    np.put_along_axis(b, order, source, 0)
    assert t.scatter(0, tenon.tensor(order), tenon.tensor(source)).tolist() == b.tolist()
    assert t.tolist() == a.tolist()
    assert t.clone().scatter_(0, tenon.tensor(order), tenon.tensor(source)).tolist() == b.tolist()
    assert tenon.zeros(3, 2).scatter(0, tenon.tensor([[1, 2]]), value=9).tolist() == [[0, 0], [9, 0], [0, 9]]
    summed = tenon.zeros(3, dtype=tenon.float64).scatter_add(
        0, tenon.tensor([1, 1, 2]), tenon.tensor([1.0, 2.0, 3.0], dtype=tenon.float64)
    )
    assert summed.tolist() == [0, 3, 3]
    with pytest.raises(TypeError, match="'src'"):
        t.scatter(0, tenon.tensor(order))
    with pytest.raises(IndexError):
        t.take(tenon.tensor([20]))


def test_index_add_put_copy_fill():
    t = tenon.zeros(3, 2)
    r = t.index_add(0, tenon.tensor([0, 2, 0]), tenon.ones(3, 2), alpha=2)
    assert r.tolist() == [[4, 4], [0, 0], [2, 2]]
    assert t.sum().item() == 0
    assert t.index_add_(1, tenon.tensor([1]), tenon.ones(3, 1)) is t
    assert t.tolist() == [[0, 1]] * 3
    assert tenon.zeros(2, 2).index_copy_(1, tenon.tensor([1]), tenon.ones(2, 1)).tolist() == [[0, 1], [0, 1]]
    assert tenon.zeros(3).index_fill_(0, tenon.tensor([0, 2]), 4).tolist() == [4, 0, 4]
    index = (tenon.tensor([0, 0]), tenon.tensor([1, 1]))
    assert tenon.zeros(2, 2).index_put(index, 1.0, accumulate=True).tolist() == [[0, 2], [0, 0]]
    assert tenon.zeros(2, 2).index_put_(index, tenon.tensor(3.0)).tolist() == [[0, 3], [0, 0]]
    with pytest.raises(IndexError):
        t.index_add_(2, tenon.tensor([0]), tenon.ones(1))


def test_masks_and_where():
    a = np.arange(6.0).reshape(2, 3)
    t = tenon.tensor(a)
    mask = t > 2
    assert mask.dtype is tenon.bool
    assert t.masked_select(mask).tolist() == a[a > 2].tolist()
    assert t.masked_fill(mask, -1).tolist() == np.where(a > 2, -1, a).tolist()
    assert t.clone().masked_fill_(mask, tenon.tensor(0.5)).tolist() == np.where(a > 2, 0.5, a).tolist()
    assert tenon.where(mask, t, 0).tolist() == np.where(a > 2, a, 0).tolist()
    assert tenon.where(mask, 1, 0).dtype is tenon.int64
    assert t.where(mask, 0.0).tolist() == np.where(a > 2, a, 0).tolist()
    assert [x.tolist() for x in tenon.where(mask)] == [x.tolist() for x in np.where(a > 2)]
    assert t.nonzero().tolist() == np.argwhere(a).tolist()
    assert [x.tolist() for x in tenon.nonzero(t, as_tuple=True)] == [x.tolist() for x in np.nonzero(a)]
    assert tenon.argwhere(t).tolist() == np.argwhere(a).tolist()


@pytest.mark.parametrize("index", [np.array([1.5]), [1.5], tenon.tensor([1.5]), np.array([1j]), 1.5])
def test_what_is_no_index(index):
    t = tenon.arange(3.0)
    with pytest.raises(IndexError, match="no index"):
        t[index]
    with pytest.raises(IndexError, match="no index"):
        t[index] = 1


@pytest.mark.parametrize("reduce", ["add", "multiply"])
def test_scatter_that_joins(reduce):
    torch = pytest.importorskip("torch")
    a, src = np.arange(1.0, 13).reshape(3, 4), np.arange(2.0, 10).reshape(2, 4)
    index = np.array([[0, 1, 2, 0], [0, 2, 2, 1]])
    wanted = torch.tensor(a).scatter_(0, torch.tensor(index), torch.tensor(src), reduce=reduce).numpy()
    t = tenon.tensor(a)
    assert t.scatter(0, tenon.tensor(index), tenon.tensor(src), reduce=reduce).tolist() == wanted.tolist()
    assert t.scatter_(0, tenon.tensor(index), tenon.tensor(src), reduce=reduce).tolist() == wanted.tolist()
    with pytest.raises(ValueError, match="scatter_: reduce must be None, 'add' or 'multiply'; got 'x'"):
        t.scatter_(0, tenon.tensor(index), 1.0, reduce="x")


@pytest.mark.parametrize("number", [2.5, 1j])
def test_a_number_of_a_higher_kind_is_not_cut(number):
    t, i, m = tenon.zeros(3, dtype=tenon.int64), tenon.tensor([0, 1]), tenon.tensor([True, False, True])
    for call in (
        lambda: t.scatter(0, i, number),
        lambda: t.scatter_(0, i, value=number),
        lambda: t.scatter_add(0, i, number),
        lambda: t.index_fill_(0, i, number),
        lambda: t.index_put((i,), number),
        lambda: t.index_put_((i,), number, accumulate=True),
        lambda: t.masked_fill(m, number),
    ):
        with pytest.raises(TypeError, match=r"^(scatter|index|masked)_?\w*: the number .*int64.*convert"):
            call()
    assert t.tolist() == [0, 0, 0]
    assert tenon.zeros(3).index_fill_(0, i, 2).tolist() == [2, 2, 0]
    assert tenon.zeros(3, dtype=tenon.bool).index_fill_(0, i, 1).tolist() == [True, True, False]


def test_tensors_are_assigned_with_a_cast_and_added_as_by_iadd():
    t, i, v = tenon.zeros(3, dtype=tenon.int64), tenon.tensor([0, 1]), tenon.tensor([1.5, 2.5])
    for r in (t.scatter(0, i, v), t.index_put((i,), v), t.clone().index_copy_(0, i, v)):
        assert r.tolist() == [1, 2, 0]  # as NumPy's a[i] = v
    for call in (
        lambda: t.scatter_add(0, i, v),
        lambda: t.scatter_add_(0, i, v),
        lambda: t.index_add(0, i, v),
        lambda: t.index_add_(0, i, tenon.tensor([1, 2]), alpha=0.5),
        lambda: t.index_put_((i,), v, accumulate=True),
        lambda: t.__iadd__(tenon.tensor(1.5)),
    ):
        with pytest.raises(TypeError, match="float32 cannot be written to int64"):
            call()
    assert t.tolist() == [0, 0, 0]


def test_index_arguments_say_what_they_take():
    t, mask = tenon.zeros(2), tenon.tensor([True, False])
    for call in (lambda: t.take(mask), lambda: t.gather(0, mask), lambda: t.index_select(0, mask)):
        with pytest.raises(TypeError, match=r"indices are integers; .*bool, index with t.mask."):
            call()
    with pytest.raises(ValueError, match=r"^index_select: .*one index; got 2"):
        tenon.tensor(1.0).index_select(0, tenon.tensor([0, 0]))
    assert tenon.tensor(1.0).index_select(0, tenon.tensor([0])).tolist() == 1
