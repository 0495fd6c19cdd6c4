"""Arguments that PyTorch's and NumPy's users write out, and the corners where the two answer."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp

try:
    import torch
except ImportError:
    torch = None


@pytest.mark.parametrize(
    "call",
    [
        lambda t, f: tenon.empty_like(t, memory_format=f),
        lambda t, f: tenon.zeros_like(t, memory_format=f),
        lambda t, f: tenon.ones_like(t, memory_format=f),
        lambda t, f: tenon.full_like(t, 2, memory_format=f),
        lambda t, f: tenon.rand_like(t, memory_format=f),
        lambda t, f: tenon.randn_like(t, memory_format=f),
        lambda t, f: tenon.randint_like(t, 5, memory_format=f),
        lambda t, f: t.clone(memory_format=f),
        lambda t, f: t.contiguous(memory_format=f),
        lambda t, f: t.to(tenon.float64, memory_format=f),
        lambda t, f: t.double(memory_format=f),
    ],
)
def test_memory_format(call):
    t = tenon.ones(2, 3)
    for f in (None, tenon.contiguous_format, tenon.preserve_format):
        assert call(t, f).shape == (2, 3)
    with pytest.raises(ValueError, match="memory_format must be contiguous_format, preserve_format"):
        call(t, "channels_first")


@pytest.mark.parametrize("name", ["std", "var", "std_mean", "var_mean"])
def test_correction_none_is_one(name):
    t = tenon.tensor([1.0, 2.0, 4.0])
    a, b = getattr(tenon, name)(t, correction=None), getattr(tenon, name)(t, correction=1)
    assert a == b if isinstance(a, tenon.Tensor) else a[0] == b[0] and a[1] == b[1]


def test_scans_in_place_take_a_dtype():
    t = tenon.tensor([1.5, 2.5])
    assert t.cumsum_(0, dtype=tenon.int64).tolist() == [1, 3]
    assert tenon.tensor([2, 3], dtype=tenon.int8).cumprod_(0, dtype=tenon.int64).tolist() == [2, 6]
    for name in ("cumsum_", "cumprod_"):
        with pytest.raises(TypeError, match=f"{name}: a result of float32 cannot be written to int8"):
            getattr(tenon.ones(2, dtype=tenon.int8), name)(0, dtype=tenon.float32)


@pytest.mark.parametrize("key", [[[]], [[[]]], [[], []], ([[]],), []])
def test_an_empty_list_selects_nothing(key):
    a = np.arange(3.0)
    assert tenon.from_numpy(a)[key].shape == a[key].shape
    with pytest.raises(IndexError):
        tenon.from_numpy(a)[tenon.zeros(0)]


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("value", [0, 1])
def test_nonzero_of_no_dimensions(value):
    got, wanted = (
        tenon.nonzero(tenon.tensor(value), as_tuple=True),
        torch.nonzero(torch.tensor(value), as_tuple=True),
    )
    assert [t.tolist() for t in got] == [t.tolist() for t in wanted]
    assert tenon.nonzero(tenon.tensor(value)).shape == tuple(torch.nonzero(torch.tensor(value)).shape)
    with pytest.raises(ValueError, match="nonzero"):
        tnp.nonzero(tenon.tensor(value))


@pytest.mark.parametrize("scalar", [np.float16, np.float32, np.float64])
def test_finfo_of_classes(scalar):
    for what in (
        scalar,
        scalar(1),
        np.ones(2, scalar),
        np.dtype(scalar),
        tenon.ones(2, dtype=tenon.dtype(scalar)),
    ):
        assert tnp.finfo(what).eps == np.finfo(scalar).eps
        assert tnp.finfo(what).dtype == np.dtype(scalar)


@pytest.mark.parametrize("scalar", [np.int8, np.uint64])
def test_iinfo_of_classes(scalar):
    for what in (scalar, scalar(1), np.ones(2, scalar), np.dtype(scalar)):
        assert (tnp.iinfo(what).min, tnp.iinfo(what).max) == (np.iinfo(scalar).min, np.iinfo(scalar).max)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_atleast_of_a_sequence(n):
    tensors = [tenon.tensor(1.0), tenon.ones(2), tenon.ones(2, 3)]
    several = getattr(tenon, f"atleast_{n}d")
    for sequence in (tensors, tuple(tensors)):
        assert [t.shape for t in several(sequence)] == [t.shape for t in several(*tensors)]
    assert isinstance(several(tensors[:1]), tuple)
    assert several([1.0, 2.0]).shape == getattr(np, f"atleast_{n}d")([1.0, 2.0]).shape
    # NumPy's makes one array of a list.
    pair = [tenon.ones(2), tenon.ones(2)]
    assert (
        getattr(tnp, f"atleast_{n}d")(pair).shape
        == getattr(np, f"atleast_{n}d")([np.ones(2), np.ones(2)]).shape
    )
    with pytest.raises(ValueError):
        getattr(tnp, f"atleast_{n}d")(tensors)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
@pytest.mark.parametrize("ord", [np.inf, 1, 2, 0, "fro", None])
def test_norms_of_nothing(shape, ord):
    a = np.ones(shape)
    for axis in (None, 0, -1, (0, 1), (-1, -2)):
        for keepdims in (False, True):
            try:
                wanted = np.linalg.norm(a, ord, axis, keepdims)
            except (ValueError, np.linalg.LinAlgError):
                continue
            got = tnp.linalg.norm(tenon.from_numpy(a), ord, axis, keepdims)
            assert got.shape == np.shape(wanted)
            assert np.array_equal(got.numpy(), wanted)


def test_a_norm_of_nothing_has_a_gradient():
    t = tenon.zeros(0, 3, requires_grad=True)
    tnp.linalg.norm(t, np.inf, axis=0).sum().backward()
    assert t.grad.shape == (0, 3)


def test_other_names_of_arguments():
    t = tenon.zeros(2, 2)
    assert t.copy_(src=tenon.ones(2, 2)) is t
    assert t.fill_diagonal_(fill_value=3)[0, 0] == 3
