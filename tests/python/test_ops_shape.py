"""Views, their sharing of memory, and joining, splitting and repeating, against NumPy."""

import numpy as np
import pytest
import tenon

A = np.arange(24.0).reshape(2, 3, 4)


def same(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.tolist() == theirs.tolist()


# (operation on a tensor, the same in NumPy)
VIEWS = {
    "permute": (lambda t: t.permute(2, 0, 1), lambda a: a.transpose(2, 0, 1)),
    "permute tuple": (lambda t: t.permute((2, 0, 1)), lambda a: a.transpose(2, 0, 1)),
    "permute negative": (lambda t: tenon.permute(t, (-1, 0, 1)), lambda a: a.transpose(2, 0, 1)),
    "permute_dims": (lambda t: tenon.permute_dims(t, axes=(1, 0, 2)), lambda a: a.transpose(1, 0, 2)),
    "transpose two": (lambda t: t.transpose(0, 2), lambda a: a.swapaxes(0, 2)),
    "transpose names": (lambda t: t.transpose(dim0=0, dim1=-1), lambda a: a.swapaxes(0, 2)),
    "transpose all": (lambda t: t.transpose(), lambda a: a.transpose()),
    "transpose axes": (lambda t: t.transpose(2, 0, 1), lambda a: a.transpose(2, 0, 1)),
    "transpose tuple": (lambda t: t.transpose((2, 0, 1)), lambda a: a.transpose(2, 0, 1)),
    "swapaxes": (lambda t: t.swapaxes(0, 1), lambda a: a.swapaxes(0, 1)),
    "swapdims": (lambda t: tenon.swapdims(t, 0, 1), lambda a: a.swapaxes(0, 1)),
    "movedim": (lambda t: t.movedim(0, 2), lambda a: np.moveaxis(a, 0, 2)),
    "moveaxis": (lambda t: tenon.moveaxis(t, (0, 1), (1, 2)), lambda a: np.moveaxis(a, (0, 1), (1, 2))),
    "T": (lambda t: t.T, lambda a: a.T),
    "mT": (lambda t: t.mT, lambda a: a.swapaxes(1, 2)),
    "mH": (lambda t: t.mH, lambda a: a.swapaxes(1, 2)),
    "t": (lambda t: t[0].t(), lambda a: a[0].T),
    "reshape": (lambda t: t.reshape(4, -1), lambda a: a.reshape(4, -1)),
    "reshape tuple": (lambda t: tenon.reshape(t, (6, 4)), lambda a: a.reshape(6, 4)),
    "reshape list": (lambda t: t.reshape([24]), lambda a: a.reshape(24)),
    "reshape_as": (lambda t: t.reshape_as(tenon.zeros(4, 6)), lambda a: a.reshape(4, 6)),
    "view": (lambda t: t.view(3, 8), lambda a: a.reshape(3, 8)),
    "view shape": (lambda t: t.view((-1,)), lambda a: a.reshape(-1)),
    "view_as": (lambda t: t.view_as(tenon.zeros(4, 6)), lambda a: a.reshape(4, 6)),
    "flatten": (lambda t: t.flatten(), lambda a: a.reshape(-1)),
    "flatten some": (lambda t: t.flatten(1), lambda a: a.reshape(2, 12)),
    "flatten names": (lambda t: t.flatten(start_dim=0, end_dim=1), lambda a: a.reshape(6, 4)),
    "ravel": (lambda t: t.ravel(), lambda a: a.ravel()),
    "unflatten": (lambda t: t.unflatten(2, (2, -1)), lambda a: a.reshape(2, 3, 2, 2)),
    "squeeze": (lambda t: t[:1, :, :1].squeeze(), lambda a: a[:1, :, :1].squeeze()),
    "squeeze dim": (lambda t: t[:1, :, :1].squeeze(0), lambda a: a[:1, :, :1].squeeze(0)),
    "squeeze axis": (lambda t: t[:1, :, :1].squeeze(axis=(0, 2)), lambda a: a[:1, :, :1].squeeze((0, 2))),
    "squeeze kept": (lambda t: t.squeeze(1), lambda a: a),
    "unsqueeze": (lambda t: t.unsqueeze(1), lambda a: a[:, None]),
    "unsqueeze last": (lambda t: t.unsqueeze(dim=-1), lambda a: a[..., None]),
    "expand_dims": (lambda t: tenon.expand_dims(t, axis=(0, 2)), lambda a: np.expand_dims(a, (0, 2))),
    "expand": (lambda t: t[:, :1].expand(-1, 5, 4), lambda a: np.broadcast_to(a[:, :1], (2, 5, 4))),
    "expand_as": (lambda t: t[0].expand_as(tenon.zeros(5, 3, 4)), lambda a: np.broadcast_to(a[0], (5, 3, 4))),
    "broadcast_to": (
        lambda t: tenon.broadcast_to(t, (2, 2, 3, 4)),
        lambda a: np.broadcast_to(a, (2, 2, 3, 4)),
    ),
    "narrow": (lambda t: t.narrow(2, 1, 2), lambda a: a[:, :, 1:3]),
    "select": (lambda t: t.select(1, -1), lambda a: a[:, -1]),
    "diagonal": (lambda t: t.diagonal(1, 1, 2), lambda a: a.diagonal(1, 1, 2)),
    "unfold": (lambda t: t.unfold(2, 2, 1), lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, 2)),
    "as_strided": (
        lambda t: t.as_strided((2, 2), (1, 4), 3),
        lambda a: a.ravel()[[3, 7, 4, 8]].reshape(2, 2),
    ),
    "flip": (lambda t: t.flip(0, 2), lambda a: np.flip(a, (0, 2))),
    "flip all": (lambda t: t.flip(), lambda a: np.flip(a)),
    "flip axis": (lambda t: tenon.flip(t, axis=1), lambda a: np.flip(a, 1)),
    "flipud": (lambda t: t.flipud(), lambda a: np.flipud(a)),
    "fliplr": (lambda t: tenon.fliplr(t), lambda a: np.fliplr(a)),
    "real": (lambda t: t.real, lambda a: a.real),
    "atleast": (lambda t: tenon.atleast_2d(t[0, 0]), lambda a: np.atleast_2d(a[0, 0])),
    "detach": (lambda t: t.detach(), lambda a: a),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name):
    f, g = VIEWS[name]
    t = tenon.tensor(A)
    v = f(t)
    same(v, g(A))
    # A view: its elements lie in the memory of the tensor, and it shows writes.
    t.zero_()
    assert not any(v.reshape(-1).tolist())


COPIES = {
    "roll": (lambda t: t.roll(1), lambda a: np.roll(a, 1)),
    "roll dims": (lambda t: t.roll((1, -2), (0, 2)), lambda a: np.roll(a, (1, -2), (0, 2))),
    "roll axis": (lambda t: tenon.roll(t, shift=2, axis=1), lambda a: np.roll(a, 2, 1)),
    "tile": (lambda t: t.tile(2, 1), lambda a: np.tile(a, (2, 1))),
    "tile reps": (lambda t: tenon.tile(t, (2, 2, 1, 1)), lambda a: np.tile(a, (2, 2, 1, 1))),
    "repeat": (lambda t: t.repeat(2, 1, 1, 3), lambda a: np.tile(a, (2, 1, 1, 3))),
    "repeat_interleave": (lambda t: t.repeat_interleave(2, 1), lambda a: np.repeat(a, 2, 1)),
    "repeat_interleave flat": (lambda t: t.repeat_interleave(2), lambda a: np.repeat(a, 2)),
    "repeat_interleave each": (
        lambda t: tenon.repeat_interleave(t, tenon.tensor([1, 0, 2]), dim=1),
        lambda a: np.repeat(a, [1, 0, 2], 1),
    ),
    "cat": (lambda t: tenon.cat([t, t], 1), lambda a: np.concatenate([a, a], 1)),
    "cat flat": (lambda t: tenon.concatenate((t, t), axis=None), lambda a: np.concatenate([a, a], None)),
    "stack": (lambda t: tenon.stack((t, t), dim=-1), lambda a: np.stack([a, a], -1)),
    "hstack": (lambda t: tenon.hstack([t, t]), lambda a: np.hstack([a, a])),
    "vstack": (lambda t: tenon.vstack([t[0, 0], t[0, 1]]), lambda a: np.vstack([a[0, 0], a[0, 1]])),
    "clone": (lambda t: t.clone(), lambda a: a),
    "rot90": (lambda t: t.rot90(), lambda a: np.rot90(a)),
    "rot90 twice": (lambda t: t.rot90(2, (1, 2)), lambda a: np.rot90(a, 2, (1, 2))),
    "tril": (lambda t: t.tril(), lambda a: np.tril(a)),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies(name):
    f, g = COPIES[name]
    same(f(tenon.tensor(A)), g(A))


def test_two_dimensional_transpose_swaps_as_pytorch_does():
    t = tenon.zeros(2, 3)
    assert t.transpose(0, 1).shape == (3, 2)
    assert t.transpose(1, 0).shape == (3, 2)


def test_splitting():
    t = tenon.tensor(A)
    for ours, theirs in (
        (t.split(2, 2), np.split(A, 2, 2)),
        (t.split([1, 3], dim=-1), np.split(A, [1], 2)),
        (tenon.chunk(t, 2, 2), np.array_split(A, 2, 2)),
        (t.unbind(1), [A[:, i] for i in range(3)]),
        (tenon.unstack(t), list(A)),
    ):
        assert isinstance(ours, tuple)
        assert len(ours) == len(theirs)
        for x, y in zip(ours, theirs, strict=True):
            same(x, y)
            assert x._owner() is None
    t.split(1)[0].zero_()
    assert t[0].sum().item() == 0


def test_reinterpretation():
    t = tenon.tensor([1.0, -1.0])
    assert t.view(tenon.int32).tolist() == np.array([1, -1], np.float32).view(np.int32).tolist()
    assert t.view(dtype="uint8").shape == (8,)
    assert t.view(np.float64).shape == (1,)
    z = tenon.tensor([1 + 2j, 3 - 4j])
    assert tenon.view_as_real(z).tolist() == [[1, 2], [3, -4]]
    assert tenon.view_as_complex(tenon.view_as_real(z)).tolist() == z.tolist()
    z.imag.fill_(0)
    assert z.tolist() == [1, 3]
    with pytest.raises(ValueError, match="view"):
        tenon.zeros(3, dtype=tenon.uint8).view(tenon.int32)


def test_errors():
    t = tenon.zeros(2, 3)
    for call, error in (
        (lambda: t.reshape(4, 2), ValueError),
        (lambda: t.T.view(6), ValueError),
        (lambda: t.permute(0, 0), ValueError),
        (lambda: t.permute(0), ValueError),
        (lambda: t.transpose(0, 2), IndexError),
        (lambda: t.expand(3, 3), ValueError),
        (lambda: t.unsqueeze(4), IndexError),
        (lambda: t.narrow(0, 1, 5), (ValueError, IndexError)),
        (lambda: t.select(0, 2), IndexError),
        (lambda: t.repeat(2), ValueError),
        (lambda: tenon.cat([t, tenon.zeros(3, 2)]), ValueError),
        (lambda: tenon.stack([t, tenon.zeros(3, 2)]), ValueError),
        (lambda: tenon.cat([]), ValueError),
        (lambda: t.split(0), ValueError),
        (lambda: t.as_strided((10,), (1,)), ValueError),
        (lambda: t.view(), TypeError),
        (lambda: t.reshape("a"), TypeError),
        (lambda: tenon.zeros(1, 1, 1).t(), ValueError),
        (lambda: tenon.imag(tenon.zeros(2, 3)), TypeError),
    ):
        with pytest.raises(error):
            call()


def test_writing_to_an_expanded_view_raises():
    with pytest.raises((RuntimeError, ValueError)):
        tenon.zeros(1).expand(3).fill_(1)


def test_contiguous():
    t = tenon.zeros(2, 3)
    assert t.contiguous() is t
    assert not t.T.is_contiguous()
    assert t.T.contiguous().is_contiguous()
    assert t.stride() == (3, 1)
    assert t.T.stride() == (1, 3)
    assert t.stride(-1) == 1
    assert t.stride(dim=0) == 3
    with pytest.raises(IndexError):
        t.stride(2)
    assert t[1].storage_offset() == 3
    assert t[::-1].stride() == (-3, 1)


def test_as_strided_counts_from_the_storage():
    t = tenon.arange(10)
    assert t[2:].as_strided((3,), (1,)).tolist() == [2, 3, 4]  # its own offset unless given
    assert t[5:].as_strided((5,), (1,)).tolist() == [5, 6, 7, 8, 9]
    assert t[5:].as_strided((3,), (2,), 1).tolist() == [1, 3, 5]
    assert t[2:].flip(0).as_strided((2,), (-1,)).tolist() == [9, 8]
    x = tenon.arange(6.0).requires_grad_()
    (x[2:].as_strided((2,), (2,)).sum() + 10 * x[3:].as_strided((2,), (1,), 3).sum()).backward()
    assert x.grad.tolist() == [0, 0, 1, 10, 11, 0]
    with pytest.raises(ValueError, match="as_strided"):
        t[5:].as_strided((6,), (1,))


def test_what_is_appended_to_begins_empty():
    start, a = tenon.tensor([]), tenon.ones(2, 3)
    assert tenon.cat([start, a]).shape == tenon.hstack([start, a]).shape == (2, 3)
    assert tenon.cat([a, start, a], 1).shape == (2, 6)
    assert tenon.cat([start, start]).shape == (0,)
    assert tenon.cat([start, a.long()]).dtype is tenon.float32  # whose dtype counts, as in PyTorch
    with pytest.raises(ValueError, match="cat: shapes agree"):
        tenon.cat([tenon.zeros(1, 0), a])
    x = a.clone().requires_grad_()
    tenon.cat([start, x, start], -1).sum().backward()
    assert x.grad.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_forms_of_both_vocabularies():
    t = tenon.tensor(A)
    same(t.diagonal(axis1=1, axis2=2), A.diagonal(axis1=1, axis2=2))
    same(t.swapaxes(axis1=0, axis2=2), A.swapaxes(0, 2))
    same(t.swapaxes(axis0=0, axis1=2), A.swapaxes(0, 2))
    assert t.size(axis=1) == 3
    x = tenon.arange(4.0)
    assert [len(p) for p in x.split(split_size=3)] == [3, 1]
    assert tenon.split(tensor=x, split_size_or_sections=2)[1].tolist() == [2, 3]
    assert x.dot(tensor=x) == tenon.dot(x, other=x) == 14
    assert tenon.repeat_interleave(tenon.tensor([1, 0, 2])).tolist() == [0, 2, 2]
    assert x.repeat_interleave(2, output_size=8).shape == (8,)
    with pytest.raises(ValueError, match="repeat_interleave: output_size must be 8; got 7"):
        x.repeat_interleave(2, output_size=7)
    m = tenon.arange(9).reshape(3, 3)
    assert m.clone().tril_().tolist() == np.tril(m.numpy()).tolist()
    assert m.clone().triu_(1).tolist() == np.triu(m.numpy(), 1).tolist()
    assert tenon.tensor(3.0).unfold(0, 1, 1).shape == (1,)
    for bad in (True, (2, True)):
        with pytest.raises(TypeError, match=r"zeros: 'size' must be .* got bool"):
            tenon.zeros(bad)
