"""The tensor's side of gradients: retain_grad, and in-place changes of the geometry."""

import numpy as np
import pytest
import tenon

# ---- retain_grad ----


def test_retain_grad():
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and y.grad is None
    z = (y * y).sum()
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [6.0, 12.0] and x.grad.tolist() == [18.0, 36.0]
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [12.0, 24.0]  # added up, as a leaf's
    y.grad = None
    z.backward()
    assert y.grad.tolist() == [6.0, 12.0]
    assert not x.retains_grad
    x.retain_grad()  # leaves do anyway
    assert not x.retains_grad
    with pytest.raises(RuntimeError, match="retain_grad: the tensor requires no grad"):
        tenon.ones(2).retain_grad()


def test_retain_grad_is_of_the_value_that_the_tensor_has():
    """After an in-place operation of the new one, as in PyTorch; of the root, views and in second order."""
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y.retain_grad()
    y.mul_(5)
    (y * 2).sum().backward()
    assert y.grad.tolist() == [2.0, 2.0] and x.grad.tolist() == [10.0, 10.0]
    root = (x * x).sum()
    root.retain_grad()
    root.backward()
    assert root.grad.item() == 1.0
    base = x * 1
    view = base[0]
    view.retain_grad()
    base.mul_(3)  # the view is a slice of the new base
    (view * view).backward()
    assert view.grad.item() == 6.0
    h = x * 2
    h.retain_grad()
    (h**3).sum().backward(create_graph=True)
    assert h.grad.requires_grad
    tenon.autograd.grad((x * x).sum(), x)
    k = x * 2
    k.retain_grad()
    tenon.autograd.grad((k * k).sum(), x)
    assert k.grad is None  # autograd.grad touches no .grad


# ---- in-place changes of the geometry ----

GEOMETRY = {
    "transpose_": (lambda t: t.transpose_(0, 2), lambda t: t.transpose(0, 2)),
    "swapaxes_": (lambda t: t.swapaxes_(0, 1), lambda t: t.swapaxes(0, 1)),
    "squeeze_": (lambda t: t.squeeze_(), lambda t: t.squeeze()),
    "squeeze_(dim)": (lambda t: t.squeeze_(1), lambda t: t.squeeze(1)),
    "unsqueeze_": (lambda t: t.unsqueeze_(-1), lambda t: t.unsqueeze(-1)),
    "t_": (lambda t: t.squeeze_().t_(), lambda t: t.squeeze().t()),
}


@pytest.mark.parametrize("name", GEOMETRY)
def test_geometry_in_place(name):
    inplace, view = GEOMETRY[name]
    t = tenon.arange(6.0).reshape(2, 1, 3).clone()
    expected, address = view(t).tolist(), t.data_ptr()
    assert inplace(t) is t
    assert t.tolist() == expected and t.data_ptr() == address
    assert (t + 1).tolist() == (tenon.tensor(expected) + 1).tolist()
    array = np.arange(6.0).reshape(2, 1, 3)
    array.flags.writeable = False
    lent = tenon.from_numpy(array)  # no element is written
    assert inplace(lent).tolist() == expected and lent.readonly and array.shape == (2, 1, 3)


@pytest.mark.parametrize("name", GEOMETRY)
@pytest.mark.parametrize("recording", [True, False])
def test_gradients_through_geometry_in_place(name, recording):
    inplace, view = GEOMETRY[name]
    x = tenon.tensor(np.random.default_rng(0).normal(size=(2, 1, 3)), requires_grad=True)
    weights = tenon.tensor(np.random.default_rng(1).normal(size=view(x).shape))

    def through(f):
        y = x * 2
        with tenon.set_grad_enabled(recording):
            y = f(y)
        y.retain_grad()
        x.grad = None
        (y.sin() * weights).sum().backward()
        return x.grad.tolist(), y.grad.shape

    assert through(inplace) == through(lambda y: view_of(y, view))


def view_of(y, view):
    with tenon.enable_grad():
        return view(y)


def test_geometry_in_place_of_views_and_leaves():
    x = tenon.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="t_: a leaf tensor that requires grad"):
        x.t_()
    with pytest.raises(RuntimeError, match="unsqueeze_: a view of a leaf"):
        x[0].unsqueeze_(0)
    base = x * 1
    row = base[0]
    row.unsqueeze_(0)
    base.mul_(3)  # the row is regenerated with its new shape
    assert row.shape == (1, 3)
    row.sum().backward()
    assert x.grad.tolist() == [[3, 3, 3], [0, 0, 0]]
    saved = tenon.ones(2, 3)
    y = (x * saved).sum()
    saved.t_()
    with pytest.raises(RuntimeError, match="changed in place by t_"):
        y.backward()
    with pytest.raises(IndexError, match=r"transpose_: dimension 5"):
        saved.transpose_(0, 5)
    with pytest.raises(ValueError, match=r"t_: expected at most two dimensions"):
        tenon.ones(1, 1, 1).t_()
    assert saved.shape == (3, 2)


def test_no_gradient_flows_through_another_dtype():
    for dtype, other in ((tenon.float32, tenon.float64), (tenon.int32, tenon.float32)):
        base = tenon.zeros(4, dtype=dtype)
        view = base.view(other)
        w = tenon.ones(view.shape, dtype=other, requires_grad=True)
        with pytest.raises(RuntimeError, match="copy_: a gradient cannot flow through a view of"):
            view.copy_(w)
        assert not base.requires_grad and not base.any()
        with tenon.no_grad():
            view.copy_(w)
        assert base.any()


@pytest.mark.parametrize("n", [4, 1000])
@pytest.mark.parametrize("guard", ["on", "off"])
def test_resizing_what_backward_needs_is_an_error(n, guard):
    tenon.autograd.set_border_guard(guard)
    try:
        x = tenon.ones(n).mul_(2)
        w = tenon.ones(n, requires_grad=True)
        y = (w * x).sum()
        with pytest.raises((BufferError, RuntimeError), match=r"resize_"):  # at once, or when it is needed
            x.resize_(1)
            y.backward()
        assert w.grad is None
        del y
        assert x.resize_(1).tolist() == [2]
    finally:
        tenon.autograd.set_border_guard("on")


def test_detach():
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    d = tenon.detach(x)
    assert not d.requires_grad and d.data_ptr() == x.data_ptr()
    y = x * 2
    y.retain_grad()
    z = (y * y).sum()
    assert y.detach_() is y
    assert y.is_leaf and not y.requires_grad and y.grad_fn is None and not y.retains_grad
    assert not (y + 1).requires_grad
    z.backward()  # what was made before is as it was
    assert x.grad.tolist() == [8.0, 16.0] and y.grad is None
    assert not x.detach_().requires_grad
    with pytest.raises(RuntimeError, match="detach_: a view"):
        (tenon.ones(2, requires_grad=True) * 2)[0].detach_()


@pytest.mark.parametrize("backward", [tenon.Tensor.backward, tenon.autograd.backward])
def test_backward_of_some_inputs(backward):
    x, w = tenon.tensor([1.0, 2.0], requires_grad=True), tenon.tensor([3.0, 4.0], requires_grad=True)
    y = x * w
    backward(y.sum(), inputs=[w], retain_graph=True)
    assert x.grad is None and w.grad.tolist() == [1.0, 2.0]
    backward(y.sum(), inputs=w, retain_graph=True)
    assert w.grad.tolist() == [2.0, 4.0]
    backward((y * y).sum(), inputs=(y, x))  # of what was computed, too
    assert y.grad.tolist() == [6.0, 16.0] and x.grad.tolist() == [18.0, 64.0]
    unused = tenon.ones(1, requires_grad=True)
    backward((x * 2).sum(), inputs=unused)
    assert unused.grad is None


def test_grad_is_like_its_tensor():
    x = tenon.ones(2, requires_grad=True)
    for wrong, error in [
        (tenon.ones(2, dtype=tenon.float64), TypeError),
        (tenon.ones(2, dtype=tenon.int32), TypeError),
        (tenon.ones(3), ValueError),
        (x, RuntimeError),
    ]:
        with pytest.raises(error, match="grad: "):
            x.grad = wrong
    assert x.grad is None
    x.grad = tenon.ones(2)
    x.grad = None


def test_what_saved_nothing_may_run_again():
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    y = x + 1
    y.sum().backward()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    y = x.exp()
    y.sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        y.sum().backward()
    rows = tenon.cat([x, -x]).reshape(2, 2).T[0]
    rows.sum().backward()
    rows.sum().backward()


def test_integers_take_values_without_their_gradient():
    x = tenon.tensor([1.5, 2.5], requires_grad=True)
    i = tenon.zeros(2, dtype=tenon.int64)
    i[0] = x[1]
    i[tenon.tensor([1])] = x[0]
    assert i.tolist() == [2, 1] and not i.requires_grad
    assert i.copy_(x).tolist() == [1, 2] and not i.requires_grad
    assert i.lt_(x).tolist() == [1, 1] and not i.requires_grad


def test_a_comparison_in_place_ends_the_history():
    x = tenon.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y.lt_(1.5)
    (y.sum() + x.sum()).backward()
    assert y.tolist() == [1, 0] and x.grad.tolist() == [1.0, 1.0]


def test_a_complex_scalar_needs_its_gradient():
    z = tenon.tensor([1 + 2j], requires_grad=True)
    with pytest.raises(RuntimeError, match="real tensors only; got complex64"):
        (z * z).sum().backward()
    (z * z).sum().backward(tenon.tensor(1 + 0j))
    assert z.grad.tolist() == [2 - 4j]


def test_share_memory_keeps_the_history_of_a_view():
    w = tenon.tensor([1.0, 2.0], requires_grad=True)
    h = tenon.zeros(2)
    v = h.view(2)
    h.copy_(w)
    del h
    v.share_memory_()
    (v * 3).sum().backward()
    assert w.grad.tolist() == [3.0, 3.0]
