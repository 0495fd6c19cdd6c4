"""Shapes, joining and splitting in ``tenon.numpy``, beside NumPy: values, dtypes, views, refusals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tenon
import tenon.numpy as xp
from support import DTYPES
from tenon.autograd import gradcheck, gradgradcheck

REFUSALS = (ValueError, IndexError, TypeError, OverflowError)

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": lambda a: a,
    "columns": lambda a: np.asfortranarray(a),
    "reversed": lambda a: np.flip(a.copy()) if a.ndim else a,
    "stepped": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
}
SHAPES = [(), (0,), (1,), (4,), (2, 3), (3, 1), (0, 3), (2, 1, 4), (2, 3, 4)]

# Calls of one array; where NumPy refuses an array's shape tenon does.
CALLS: dict[str, list[Callable[[Any, Any], Any]]] = {
    "reshape": [
        lambda np, a: np.reshape(a, -1),
        lambda np, a: np.reshape(a, (np.size(a),)),
        lambda np, a: np.reshape(a, (2, -1)),
        lambda np, a: np.reshape(a, (2, -1), order="F"),
        lambda np, a: np.reshape(a, (-1, 2), "A"),
        lambda np, a: np.reshape(a, shape=[-1], order="F", copy=True),
        lambda np, a: np.reshape(a, (-1,), copy=False),
        lambda np, a: np.reshape(a, a.shape[::-1], order="F", copy=False),
        lambda np, a: np.reshape(a, -1, order="K"),
    ],
    "ravel": [
        *(lambda np, a, order=order: np.ravel(a, order) for order in "CFAK"),
        lambda np, a: np.ravel(a, order="X"),
    ],
    "transpose": [
        lambda np, a: np.transpose(a),
        lambda np, a: np.transpose(a, None),
        lambda np, a: np.transpose(a, (1, 0)),
        lambda np, a: np.transpose(a, axes=[-1, 0]),
        lambda np, a: np.transpose(a, (0, 0)),
        lambda np, a: np.permute_dims(a, (2, 0, 1)),
        lambda np, a: np.permute_dims(a),
        lambda np, a: np.matrix_transpose(a),
        lambda np, a: np.linalg.matrix_transpose(a),
        lambda np, a: np.swapaxes(a, 0, -1),
        lambda np, a: np.swapaxes(a, axis1=1, axis2=0),
        lambda np, a: np.swapaxes(a, 0, axis2=1),
        lambda np, a: np.moveaxis(a, 0, -1),
        lambda np, a: np.moveaxis(a, source=(0, 1), destination=[-1, 0]),
        lambda np, a: np.moveaxis(a, (0, 1), 0),
        *(lambda np, a, i=i, k=k: np.rollaxis(a, i, k) for i in (-1, 0, 1, 2) for k in range(-4, 5)),
        lambda np, a: np.rollaxis(a, 1),
    ],
    "sizes of 1": [
        lambda np, a: np.expand_dims(a, 0),
        lambda np, a: np.expand_dims(a, axis=(0, -1)),
        lambda np, a: np.expand_dims(a, (0, 0)),
        lambda np, a: np.expand_dims(a, 5),
        lambda np, a: np.squeeze(a),
        lambda np, a: np.squeeze(a, 0),
        lambda np, a: np.squeeze(a, axis=-1),
        lambda np, a: np.squeeze(a, (0, 1)),
        lambda np, a: np.squeeze(a, ()),
        lambda np, a: np.atleast_1d(a),
        lambda np, a: np.atleast_2d(a),
        lambda np, a: np.atleast_3d(a),
        lambda np, a: np.atleast_2d(a, 3, [1, 2]),
        lambda np, a: np.atleast_3d(),
    ],
    "broadcasting": [
        lambda np, a: np.broadcast_to(a, (2, 3, 4)),
        lambda np, a: np.broadcast_to(array=a, shape=4, subok=True),
        lambda np, a: np.broadcast_to(a, ()),
        lambda np, a: np.broadcast_arrays(a, [[1], [2]]),
        lambda np, a: np.broadcast_arrays(),
        lambda np, a: np.broadcast_shapes(a.shape, (1,), 1),
        lambda np, a: np.broadcast_shapes(a.shape, 3),
        lambda np, a: np.broadcast_shapes(),
        lambda np, a: np.broadcast_shapes((2, -1)),
    ],
    "flips": [
        lambda np, a: np.flip(a),
        lambda np, a: np.flip(m=a, axis=0),
        lambda np, a: np.flip(a, (0, -1)),
        lambda np, a: np.flip(a, ()),
        lambda np, a: np.flipud(a),
        lambda np, a: np.fliplr(a),
        lambda np, a: np.rot90(a),
        lambda np, a: np.rot90(m=a, k=-1, axes=(1, 0)),
        lambda np, a: np.rot90(a, 2, (0, 2)),
        lambda np, a: np.rot90(a, 1, (0, 0)),
        lambda np, a: np.rot90(a, 1, (0, 1, 2)),
    ],
    "rolls": [
        lambda np, a: np.roll(a, 1),
        lambda np, a: np.roll(a, (1, 2)),
        lambda np, a: np.roll(a, shift=-5, axis=0),
        lambda np, a: np.roll(a, (1, 2), axis=0),
        lambda np, a: np.roll(a, 1, axis=(0, 1)),
        lambda np, a: np.roll(a, (1, -1), (0, 0)),
        lambda np, a: np.roll(a, (1, -1), (0, 1)),
        lambda np, a: np.roll(a, (1, 2, 3), (0, 1)),
        lambda np, a: np.roll(a, 10**12 + 1, 0),
    ],
    "diagonals": [
        lambda np, a: np.diagonal(a),
        lambda np, a: np.diagonal(a, offset=1, axis1=1, axis2=0),
        lambda np, a: np.diagonal(a, -1, 0, -1),
        lambda np, a: np.diagonal(a, 0, 0, 0),
        lambda np, a: np.diagonal(a, 50),
        lambda np, a: np.diag(a),
        lambda np, a: np.diag(v=a, k=-1),
        lambda np, a: np.diagflat(a, 1),
        lambda np, a: np.diagflat(v=a, k=-2),
    ],
    "questions": [
        lambda np, a: np.shape(a),
        lambda np, a: np.ndim(a),
        lambda np, a: np.size(a),
        lambda np, a: np.size(a, axis=0),
        lambda np, a: np.size(a, -1),
    ],
    "joining": [
        lambda np, a: np.concatenate([a, a]),
        lambda np, a: np.concatenate((a, a), -1),
        lambda np, a: np.concatenate([a, a], axis=None),
        lambda np, a: np.concatenate([a], dtype="float64"),
        lambda np, a: np.concatenate([a, a], dtype="complex64", casting="unsafe"),
        lambda np, a: np.concatenate([a], dtype="int8", casting="safe"),
        lambda np, a: np.concat([a, a], axis=1),
        lambda np, a: np.concatenate(a),
        lambda np, a: np.stack([a, a]),
        lambda np, a: np.stack((a, a), axis=-1),
        lambda np, a: np.stack([a, a], 5),
        lambda np, a: np.stack([a], dtype="float32", casting="same_kind"),
        lambda np, a: np.stack([a, a[..., :0] if a.ndim else [a]]),
        lambda np, a: np.hstack([a, a]),
        lambda np, a: np.hstack((a, 1), dtype="float64"),
        lambda np, a: np.vstack([a, a]),
        lambda np, a: np.vstack(tup=[a], dtype="int64", casting="unsafe"),
        lambda np, a: np.dstack([a, a]),
        lambda np, a: np.column_stack([a, a]),
        lambda np, a: np.append(a, a),
        lambda np, a: np.append(a, a, axis=0),
        lambda np, a: np.append(a, 0, axis=0),
    ],
    "repeating": [
        lambda np, a: np.tile(a, 2),
        lambda np, a: np.tile(A=a, reps=(2, 1, 3)),
        lambda np, a: np.tile(a, ()),
        lambda np, a: np.repeat(a, 2),
        lambda np, a: np.repeat(a, repeats=3, axis=0),
        lambda np, a: np.repeat(a, [2]),
        lambda np, a: np.repeat(a, [1, 0], axis=0),
        lambda np, a: np.repeat(a, [True, False], axis=0),
    ],
    "splitting": [
        lambda np, a: np.split(a, 2),
        lambda np, a: np.split(ary=a, indices_or_sections=[1, 2], axis=-1),
        lambda np, a: np.split(a, (3, 1, -1)),
        lambda np, a: np.array_split(a, 3),
        lambda np, a: np.array_split(a, 3, axis=1),
        lambda np, a: np.array_split(a, [1], -1),
        lambda np, a: np.hsplit(a, 2),
        lambda np, a: np.hsplit(a, [1]),
        lambda np, a: np.vsplit(a, [1]),
        lambda np, a: np.dsplit(a, 2),
        lambda np, a: np.unstack(a),
        lambda np, a: np.unstack(a, axis=-1),
    ],
}  # fmt: skip


def same(actual: Any, expected: Any, where: object) -> None:
    if isinstance(expected, (list, tuple)):
        assert type(actual) is type(expected) and len(actual) == len(expected), where
        for a, e in zip(actual, expected, strict=True):
            same(a, e, where)
    elif isinstance(expected, np.ndarray):
        assert isinstance(actual, tenon.Tensor), where
        assert str(actual.dtype) == f"tenon.{expected.dtype}", where
        np.testing.assert_array_equal(actual.numpy(), expected, str(where), strict=True)
    else:
        assert actual == expected, where


def beside(call: Callable[[Any, Any], Any], a: np.ndarray, t: Any, where: object) -> None:
    try:
        expected = call(np, a)
    except REFUSALS as refused:
        if a.ndim == 0:
            return  # a tensor without dimensions takes the axes 0 and -1, NumPy's array none
        # NumPy's AxisError is both an IndexError and a ValueError; tenon's the former.
        with pytest.raises(REFUSALS):
            pytest.fail(f"{where}: NumPy refuses it ({refused}), tenon gives {call(xp, t)}")
        return
    same(call(xp, t), expected, where)


@pytest.mark.parametrize("topic", CALLS)
def test_as_numpy_for_every_shape_and_layout(topic: str) -> None:
    for i, call in enumerate(CALLS[topic]):
        for shape in SHAPES:
            for name, layout in LAYOUTS.items():
                a = layout(np.arange(np.prod(shape), dtype="float64").reshape(shape))
                beside(call, a, tenon.from_numpy(a), (topic, i, shape, name))


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_numpy_for_every_dtype(dtype: str) -> None:
    for topic, calls in CALLS.items():
        for i, call in enumerate(calls):
            a = np.arange(6).reshape(2, 3).astype(dtype)
            beside(call, a, tenon.from_numpy(a), (topic, i, dtype))


def test_views_share_memory() -> None:
    t = tenon.zeros(2, 3)
    views = [
        xp.reshape(t, 6), xp.transpose(t), xp.squeeze(t[None]), xp.expand_dims(t, 0), xp.flip(t), xp.rot90(t),
        xp.diag(t), xp.diagonal(t), xp.split(t, 3, 1)[0], xp.array_split(t, 2)[1], xp.unstack(t)[0],
        xp.rollaxis(t, 1), xp.atleast_3d(t), xp.broadcast_to(t, (2, 2, 3)), *xp.broadcast_arrays(t, t),
        xp.matrix_transpose(t), xp.sliding_window_view(t, 2, 1),
    ]  # fmt: skip
    t[...] = 1
    assert all(bool((v == 1).all()) for v in views)
    copies = [xp.reshape(t, 6, copy=True), xp.roll(t, 1), xp.concatenate([t]), xp.tile(t, 1), xp.append(t, t)]
    t[...] = 2
    assert all(bool((c == 1).all()) for c in copies)


@pytest.mark.parametrize("shape,window,axis", [
    ((5,), 3, None), ((5,), (2,), 0), ((4, 5), (2, 3), None), ((4, 5), 2, -1), ((4, 5), (2, 2), (1, 1)),
    ((4, 5), (2, 2), (1, 0)), ((4, 0), 0, 1), ((4,), 5, 0), ((4,), -1, 0), ((4, 5), 2, None), ((4,), 2, 1),
])  # fmt: skip
def test_sliding_windows(shape: tuple[int, ...], window: Any, axis: Any) -> None:
    a = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    t = tenon.from_numpy(a)
    try:
        expected = np.lib.stride_tricks.sliding_window_view(a, window, axis)
    except REFUSALS:
        with pytest.raises(REFUSALS, match=r"^sliding_window_view: "):
            xp.sliding_window_view(t, window, axis)
        return
    np.testing.assert_array_equal(xp.sliding_window_view(t, window, axis).numpy(), expected, strict=True)


def test_out_and_casting_of_joins() -> None:
    a, b = tenon.arange(3), tenon.tensor([0.5])
    for out in (tenon.zeros(4), np.zeros(4, "float64"), np.zeros(4, ">f4")):
        assert xp.concatenate([a, b], 0, out) is out
        assert np.asarray(out).tolist() == [0, 1, 2, 0.5]
    out = tenon.zeros(2, 3, dtype=tenon.int8)
    assert xp.stack([a, a], out=out) is out and out.tolist() == [[0, 1, 2]] * 2
    whole = tenon.zeros(4, dtype=tenon.int64)
    with pytest.raises(TypeError, match=r"^concatenate: "):
        xp.concatenate([a, b], out=whole)
    assert xp.concatenate([a, b], out=whole, casting="unsafe").tolist() == [0, 1, 2, 0]
    with pytest.raises(TypeError, match=r"^concatenate: .*out= and dtype="):
        xp.concatenate([a], out=whole, dtype="int64")
    with pytest.raises(ValueError, match=r"^stack: "):
        xp.stack([a, a], out=whole)
    with pytest.raises(TypeError, match=r"^hstack: .*casting=.same_kind"):
        xp.hstack([a, b], dtype="int64")
    with pytest.raises(RuntimeError, match=r"^concatenate: "):
        xp.concatenate([tenon.ones(4, requires_grad=True)], out=tenon.zeros(4))


@pytest.mark.parametrize(
    "name,call",
    [
        ("reshape", lambda t: xp.reshape(t, -2)),
        ("tile", lambda t: xp.tile(t[:0], -1)),
        ("repeat", lambda t: xp.repeat(t[:0], -1)),
        ("repeat", lambda t: xp.repeat(t, 1.5)),
        ("split", lambda t: xp.split(t, 0)),
        ("array_split", lambda t: xp.array_split(t, 1.5)),
        ("stack", lambda t: xp.stack([t], axis=None)),
        ("reshape", lambda t: xp.reshape(t)),
        ("flip", lambda t: xp.flip(t, axis=0, out=t)),
        ("atleast_1d", lambda t: xp.atleast_1d(t, subok=True)),
        ("broadcast_arrays", lambda t: xp.broadcast_arrays(args=(t,))),
    ],
)
def test_stricter_than_numpy_or_as_strict(name: str, call: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^{name}: "):
        call(tenon.arange(4))


def test_what_is_no_number_is_broadcast_by_numpy() -> None:
    t, nothing, text = xp.broadcast_arrays(tenon.zeros(2), None, ["a", "b"])
    assert t.shape == (2,) and isinstance(t, tenon.Tensor)
    assert nothing.tolist() == [None, None] and text.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"^broadcast_arrays: "):
        xp.broadcast_arrays(tenon.zeros(2), ["a", "b", "c"])


GRADIENTS: dict[str, Callable[[Any], Any]] = {
    "reshape F": lambda x: xp.reshape(x, (3, 2), order="F"),
    "ravel K": lambda x: xp.ravel(x.T, "K"),
    "squeeze": lambda x: xp.squeeze(x[None], 0),
    "rollaxis": lambda x: xp.rollaxis(x, 1),
    "roll": lambda x: xp.roll(x, (1, 2), 1),
    "windows": lambda x: xp.sliding_window_view(x, 2, 1),
    "atleast_3d": xp.atleast_3d,
    "broadcast_arrays": lambda x: xp.broadcast_arrays(x, tenon.zeros(4, 1, 1))[0],
    "diag": lambda x: xp.diag(x, 1),
    "diagflat": lambda x: xp.diagflat(x, 1),
    "concatenate": lambda x: xp.concatenate([x, x * x], axis=None),
    "stack": lambda x: xp.stack([x, x * x], -1, dtype="complex128").real,
    "dstack": lambda x: xp.dstack([x, x * x]),
    "column_stack": lambda x: xp.column_stack([x[:, 0], x]),
    "append": lambda x: xp.append(x, x * x),
    "repeat": lambda x: xp.repeat(x, [1, 0, 2], axis=1),
    "split": lambda x: xp.concatenate(xp.split(x * x, [1, 2], 1)[::-1], 1),
    "array_split": lambda x: xp.array_split(x, 2, axis=1)[0],
    "unstack": lambda x: xp.unstack(x)[1],
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_to_second_order(name: str, device: str) -> None:
    def f(x: Any) -> Any:
        r = GRADIENTS[name](x)
        return r * r

    x = tenon.tensor([[0.5, -1.5, 2.0], [1.0, 0.3, -0.7]], dtype=tenon.float64, device=device)
    assert f(x).cpu().tolist() == f(x.cpu()).tolist()
    x.requires_grad_()
    assert gradcheck(f, [x])
    assert gradgradcheck(f, [x])


def test_torch_named_relatives() -> None:
    t = tenon.arange(7)
    assert [p.tolist() for p in tenon.tensor_split(t, 3)] == [[0, 1, 2], [3, 4], [5, 6]]
    assert [p.tolist() for p in t.tensor_split((1, 5))] == [[0], [1, 2, 3, 4], [5, 6]]
    assert tenon.dstack([t, t]).shape == (1, 7, 2) and tenon.column_stack([t, t]).shape == (7, 2)
    assert [b.shape for b in tenon.broadcast_tensors(t, tenon.zeros(2, 1))] == [(2, 7), (2, 7)]
    assert tenon.broadcast_shapes((7,), (2, 1)) == (2, 7)
    assert tenon.atleast_3d(t).shape == (1, 7, 1)
    assert [b.shape for b in tenon.atleast_1d(t, 1)] == [(7,), (1,)]
    assert tenon.roll(t, (1, 2)).tolist() == tenon.roll(t, 3).tolist()
    with pytest.raises(ValueError, match=r"^tensor_split: "):
        tenon.tensor_split(t, 0)
    with pytest.raises(ValueError, match=r"^dsplit: "):
        xp.dsplit(t, 1)
