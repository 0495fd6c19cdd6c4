"""Parameters, buffers, what has no shape yet, and memory that a parameter is given."""

import copy
import pickle

import numpy as np
import pytest
import tenon
from tenon import nn
from tenon.nn.parameter import UninitializedBuffer, is_lazy


def test_a_parameter_stands_over_an_arrays_memory():
    a = np.arange(3, dtype=np.float32)
    with tenon.no_copies():
        p, q = nn.Parameter(tenon.from_numpy(a)), nn.Parameter(a, requires_grad=False)
    a[0] = 7
    assert p.tolist() == q.tolist() == [7, 1, 2]
    assert p.requires_grad and not q.requires_grad and p.is_leaf
    assert isinstance(p, nn.Parameter) and isinstance(p, tenon.Tensor) and not isinstance(p + 1, nn.Parameter)
    assert nn.Parameter().shape == (0,)
    assert nn.Parameter([1.0, 2.0]).shape == (2,)
    with tenon.no_grad():
        assert nn.Parameter(tenon.ones(2)).requires_grad
        p.add_(1)
    assert a.tolist() == [8, 2, 3]


def test_refusals():
    with pytest.raises(RuntimeError, match="only floating and complex tensors can require grad; got int64"):
        nn.Parameter([1, 2])
    assert nn.Parameter([1, 2], requires_grad=False).dtype is tenon.int64
    with pytest.raises(TypeError):
        nn.Parameter("text")
    x = tenon.ones(2, requires_grad=True)
    p = nn.Parameter(x * 2)
    assert p.is_leaf
    (p * 3).sum().backward()
    assert x.grad is None and p.grad.tolist() == [3, 3]


def test_copies_pickles_and_text():
    p = nn.Parameter(tenon.tensor([1.0, 2.0]))
    assert repr(p) == "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
    for q in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(q) is nn.Parameter and q.requires_grad and q.tolist() == [1, 2]
        assert q.data_ptr() != p.data_ptr()
    b = nn.Buffer(tenon.ones(2), persistent=False)
    for c in (copy.deepcopy(b), pickle.loads(pickle.dumps(b))):
        assert type(c) is nn.Buffer and c.persistent is False and not c.requires_grad


# ---- .data = ----


def test_data_gives_a_leaf_other_memory():
    p = nn.Parameter(tenon.ones(2, 3))
    node = (p * 2).grad_fn.next_functions[0][0]
    seen = []
    p.register_hook(seen.append)
    a = np.arange(4.0)
    with tenon.no_copies():
        p.data = a
    a[0] = 5
    assert p.tolist() == [5, 1, 2, 3] and p.dtype is tenon.float64 and p.is_leaf and p.requires_grad
    p.data -= 1  # writes, and assigns the same memory
    assert a.tolist() == [4, 0, 1, 2]
    (p * p).sum().backward()
    assert p.grad.tolist() == [8, 0, 2, 4] and len(seen) == 1
    assert (p * 2).grad_fn.next_functions[0][0].variable is p and node.variable is p
    p.data = tenon.ones(4)
    assert p.grad is not None
    p.data = tenon.ones(2)
    assert p.grad is None  # it would fit no more
    p.data = p
    assert p.tolist() == [1, 1]


def test_data_and_what_backward_has_saved():
    p = nn.Parameter(tenon.ones(3))
    y = (p * p).sum()
    p.data = tenon.full((3,), 5.0)
    with pytest.raises(RuntimeError, match="changed in place by data"):
        y.backward()
    (p * p).sum().backward()
    assert p.grad.tolist() == [10, 10, 10]
    y = (p * p).sum()
    p.data = p.data.flip(0)
    with pytest.raises(RuntimeError, match="changed in place by data"):
        y.backward()
    large = nn.Parameter(tenon.ones(1000))
    y, old = (large * large).sum(), large.detach()
    large.data = tenon.zeros(3)
    lent = old.numpy()  # from now on it can be written from outside, which the guard takes note of
    with pytest.raises(RuntimeError, match="changed in place by data"):
        y.backward()
    assert lent.sum() == 1000
    other = tenon.ones(3, requires_grad=True)
    y = (other * other).sum()
    p.data = other  # what others have saved of the memory stays valid
    del p
    y.backward()
    assert other.grad.tolist() == [2, 2, 2]


def test_data_of_what_has_views():
    base = tenon.zeros(4)
    view = base[1:]
    base.data = tenon.ones(3)
    w = tenon.ones(3, requires_grad=True)
    view.mul_(w)
    assert view.requires_grad and not base.requires_grad
    base.mul_(w * 2)
    (view * 3).sum().backward()
    assert w.grad.tolist() == [0, 0, 0] and base.tolist() == [2, 2, 2] and view.tolist() == [0, 0, 0]
    lone = tenon.zeros(2)[0:1]
    lone.data = tenon.tensor([4])
    assert lone.tolist() == [4] and lone.dtype is tenon.int64


def test_data_refuses():
    p = nn.Parameter(tenon.ones(2))
    for wrong, error, words in (
        (
            tenon.tensor([1]),
            RuntimeError,
            "data: only floating and complex tensors can require grad; got int64",
        ),
        ("text", TypeError, "data"),
        (None, TypeError, "data"),
    ):
        with pytest.raises(error, match=words):
            p.data = wrong
        assert p.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match=r"data: the result of an operation .*; use .detach\(\)"):
        (p * 2).data = tenon.ones(2)
    with pytest.raises(TypeError, match="data: a tensor always has memory"):
        del p.data


def test_data_takes_read_only_memory():
    p = tenon.zeros(2)
    p.data = tenon.from_numpy(np.broadcast_to(np.ones(1), 3))
    assert p.readonly and p.shape == (3,) and p.stride() == (0,)
    with pytest.raises(ValueError):
        p.add_(1)
    p.data = tenon.ones(1)
    assert p.add_(1).tolist() == [2]


# ---- without a shape ----


def test_what_has_no_shape_yet():
    p = nn.UninitializedParameter(dtype=tenon.float64)
    assert (
        is_lazy(p)
        and isinstance(p, nn.Parameter)
        and p.requires_grad
        and repr(p) == "<UninitializedParameter>"
    )
    for use in (lambda: p.shape, lambda: p.sum(), lambda: p + 1, lambda: 1 * p, lambda: p[0], lambda: len(p)):
        with pytest.raises(
            RuntimeError, match=r"needs a shape, which the first forward.. of the lazy module finds"
        ):
            use()
    q = copy.deepcopy(p)
    assert is_lazy(q) and q.dtype is tenon.float64 and is_lazy(pickle.loads(pickle.dumps(p)))
    p.materialize((2, 3))
    assert type(p) is nn.Parameter and p.shape == (2, 3) and p.dtype is tenon.float64 and p.requires_grad
    b = UninitializedBuffer(persistent=False)
    assert is_lazy(b) and is_lazy(copy.deepcopy(b)) and copy.deepcopy(b).persistent is False
    b.materialize((2,), dtype=tenon.int64)
    assert type(b) is nn.Buffer and b.dtype is tenon.int64 and b.persistent is False
