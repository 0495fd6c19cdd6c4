"""scatter, gather, index_add, index_copy and index_fill at their edges, beside PyTorch where it is there."""

import itertools

import numpy as np
import pytest
import tenon

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")


@needs_torch
@pytest.mark.parametrize("name", ["gather", "scatter", "scatter_add", "multiply"])
def test_no_dimensions_count_as_one(name):
    """0-d tensors and 1-D indices of them, and 0-d indices of vectors."""
    for x, i in itertools.product((3.0, [1.0, 2.0, 4.0]), (0, [0], [0, 0], -0)):
        for dim in (0, -1):
            got, wanted = [], []
            for lib, out in ((tenon, got), (torch, wanted)):
                t, at = lib.tensor(x), lib.tensor(i)
                source = lib.tensor(5.0).expand(at.shape) if at.ndim else lib.tensor(5.0)
                if name == "gather":
                    r = t.gather(dim, at)
                elif name == "multiply":
                    r = t.scatter(dim, at, source, reduce="multiply")
                else:
                    r = getattr(t, name)(dim, at, source)
                out.append((tuple(r.shape), r.tolist()))
            assert got == wanted, (x, i, dim)


@needs_torch
@pytest.mark.parametrize("dim", [0, -1])
def test_entries_of_a_tensor_without_dimensions(dim):
    for lib in (tenon, torch):
        t, at, two = lib.tensor(3.0), lib.tensor([0]), lib.tensor(2.0)
        assert t.index_add(dim, at, two).item() == 5
        assert t.index_copy(dim, at, two).item() == 2
        assert t.index_fill(dim, at, 7.0).item() == 7
        assert t.clone().index_add_(dim, at, two, alpha=2).item() == 7
        assert t.index_select(dim, at).item() == 3
    with pytest.raises(IndexError, match="index_add: dimension 1 is out of range"):
        tenon.tensor(3.0).index_add(1, tenon.tensor([0]), tenon.tensor([2.0]))
    with pytest.raises(IndexError, match="index 1 is out of range"):
        tenon.tensor(3.0).index_copy(0, tenon.tensor([1]), tenon.tensor([2.0]))


@pytest.mark.parametrize("name", ["index_add", "index_copy"])
@pytest.mark.parametrize("shape", [(1, 2), (2,), (3, 2), (2, 1), (1, 1), (2, 2, 1)])
def test_a_source_has_an_entry_for_each_index(name, shape):
    t, at = tenon.zeros(3, 2), tenon.tensor([0, 2])
    for call in (getattr(t, name), getattr(t, name + "_")):
        with pytest.raises(
            ValueError, match=rf"{name}_?: source must have an entry for each index, shape \(2, 2\); got"
        ):
            call(0, at, tenon.ones(*shape))
    assert t.sum() == 0
    assert getattr(t, name)(0, at, tenon.ones(2, 2)).sum() == 4
    assert getattr(t, name)(0, at, 1).sum() == 4
    assert getattr(t, name)(0, at, [[1, 1], [1, 1]]).sum() == 4


@needs_torch
@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "float32", "complex64", "bool"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_index_copy_and_index_fill(dtype, dim):
    a = np.arange(12).reshape(3, 4)
    results = []
    for lib in (tenon, torch):
        t = lib.tensor(a.tolist()).to(getattr(lib, dtype))
        at = lib.tensor([2, 0])
        source = (t + 20).to(t.dtype).index_select(dim, at) if dtype != "bool" else ~t.index_select(dim, at)
        copied, filled = t.index_copy(dim, at, source), t.index_fill(dim, at, 1)
        assert t.tolist() == lib.tensor(a.tolist()).to(t.dtype).tolist()
        results.append((copied.tolist(), filled.tolist()))
        assert t.index_copy_(dim, at, source) is t
        assert t.tolist() == copied.tolist()
    assert results[0] == results[1]


def test_what_is_added_has_the_tensors_kind():
    t = tenon.zeros(3, dtype=tenon.int32)
    with pytest.raises(TypeError, match=r"index_add: the number 1\.5 does not fit"):
        t.index_add(0, tenon.tensor([0]), 1.5)
    with pytest.raises(TypeError):
        t.index_add(0, tenon.tensor([0]), [1.5])
    with pytest.raises(TypeError):
        t.scatter_add(0, tenon.tensor([0]), [1.5])
    with pytest.raises(OverflowError):
        t.to(tenon.uint8).index_add(0, tenon.tensor([0]), [300])


def test_multiply_checks_its_index():
    with pytest.raises(IndexError):
        tenon.tensor(3.0).scatter(0, tenon.tensor(1), tenon.tensor(2.0), reduce="multiply")
    t = tenon.tensor(3, dtype=tenon.int8).scatter(0, tenon.tensor(0), tenon.tensor(2), reduce="multiply")
    assert t.item() == 6 and t.dtype is tenon.int8


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 1, 3)])
def test_no_indices_have_any_shape(shape):
    """As in PyTorch: gather gives their shape, and nothing is scattered."""
    t = tenon.tensor([1.0, 2.0], requires_grad=True)
    none = tenon.zeros(shape, dtype=tenon.int64)
    got = tenon.gather(t, 0, none)
    assert got.shape == shape and got.requires_grad
    got.sum().backward()
    assert t.grad.tolist() == [0, 0]
    assert tenon.scatter(t, 0, none, 5.0).tolist() == [1, 2]
    assert t.detach().clone().scatter_add_(0, none, tenon.zeros(shape)).tolist() == [1, 2]
    with pytest.raises(IndexError, match="gather"):
        tenon.gather(t, 1, none)
