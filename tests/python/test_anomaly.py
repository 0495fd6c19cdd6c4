"""Anomaly mode: errors and NaNs in backward() name the line that recorded the operation."""

import contextlib
import traceback

import numpy as np
import pytest
import tenon
from tenon.autograd import detect_anomaly, set_detect_anomaly


def root_of_zero(x):
    return tenon.sqrt(x * 0)  # the line that the notes name


def noted(error):
    assert len(error.__notes__) == 1
    return error.__notes__[0]


def test_a_nan_gradient_names_the_forward_line():
    x = tenon.ones(2, requires_grad=True)
    with detect_anomaly():
        loss = (root_of_zero(x) * 0).sum()
        with pytest.raises(RuntimeError, match="sqrt returned nan values in its 0th output") as caught:
            loss.backward()
    note = noted(caught.value)
    assert note.startswith("Error detected in sqrt. Traceback of forward call that caused the error:\n")
    assert note.endswith("in root_of_zero\n    return tenon.sqrt(x * 0)  # the line that the notes name")
    assert __file__ in note
    assert note in "".join(traceback.format_exception(caught.value))
    assert x.grad is None


@pytest.mark.parametrize("how", ["Tensor.backward", "autograd.backward", "autograd.grad"])
def test_every_way_into_the_engine_says_it(how):
    x = tenon.ones(2, requires_grad=True)
    with detect_anomaly():
        loss = (root_of_zero(x) * 0).sum()
        with pytest.raises(RuntimeError, match="nan values") as caught:
            if how == "Tensor.backward":
                loss.backward()
            elif how == "autograd.backward":
                tenon.autograd.backward(loss)
            else:
                tenon.autograd.grad(loss, x)
    assert "root_of_zero" in noted(caught.value)


def test_a_nan_loss_names_where_it_became_so():
    x = tenon.tensor([-1.0, 1.0], requires_grad=True)
    with detect_anomaly():
        loss = tenon.nn.functional.mse_loss(x.log() * 2, tenon.zeros(2))
        with pytest.raises(
            RuntimeError, match="the loss is NaN; the first operation whose result was NaN is log"
        ) as caught:
            loss.backward()
    assert "loss = tenon.nn.functional.mse_loss(x.log() * 2" in noted(caught.value)
    assert x.grad is None


def test_a_module_that_trains_to_nan_is_named_in_its_own_line():
    class Model(tenon.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = tenon.nn.Linear(2, 2)

        def forward(self, x):
            return self.layer(x) / 0.0 * 0.0

    with detect_anomaly(), pytest.raises(RuntimeError, match="the loss is NaN") as caught:
        Model()(tenon.ones(1, 2)).sum().backward()
    assert "return self.layer(x) / 0.0 * 0.0" in noted(caught.value)


def test_an_error_in_a_function_of_the_users_keeps_its_type():
    class Wrong(tenon.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise KeyError("boom")

    x = tenon.ones(2, requires_grad=True)
    with detect_anomaly(check_nan=False):
        y = Wrong.apply(x)
        with pytest.raises(KeyError, match="boom") as caught:
            y.sum().backward()
    assert "y = Wrong.apply(x)" in noted(caught.value)


def test_a_hook_and_a_write_name_their_operation():
    x = tenon.ones(2, requires_grad=True)
    with detect_anomaly():
        y = x * 3
        y.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError) as caught:
            y.sum().backward()
        assert "Error detected in mul" in noted(caught.value)
        shared = np.ones(2)
        z = tenon.from_numpy(shared) * x.double()
        shared[0] = 5
        with pytest.raises(RuntimeError) as caught:
            z.sum().backward()
        assert "z = tenon.from_numpy(shared) * x.double()" in noted(caught.value)


def test_the_gradient_of_a_gradient_names_both():
    x = tenon.zeros(1, requires_grad=True)
    with detect_anomaly():
        y = x**1.5
        (g,) = tenon.autograd.grad(y.sum(), x, create_graph=True)
        with pytest.raises(RuntimeError, match="nan values") as caught:
            (g * 0).sum().backward()
    first, second = noted(caught.value).split("\n\n")
    assert "create_graph=True" in first
    assert second.startswith("It was recorded by the gradient of pow.")
    assert "y = x**1.5" in second


def test_what_was_recorded_before_says_so():
    x = tenon.ones(2, requires_grad=True)
    loss = (root_of_zero(x) * 0).sum()
    with detect_anomaly(), pytest.raises(RuntimeError, match="nan values") as caught:
        loss.backward()
    assert "Error detected in sqrt. It was recorded before anomaly mode was on" in noted(caught.value)


def test_in_place_operations_on_views_are_traced():
    x = tenon.zeros(2, requires_grad=True)
    with detect_anomaly():
        y = x * 1
        y[:1].sqrt_()
        with pytest.raises(RuntimeError, match="nan values") as caught:
            (y * 0).sum().backward()
    assert "y[:1].sqrt_()" in noted(caught.value)


def test_large_operations_that_give_up_the_gil_are_traced():
    x = tenon.zeros(100_000, requires_grad=True)
    with detect_anomaly():
        y = tenon.sqrt(x)
        with pytest.raises(RuntimeError, match="nan values") as caught:
            (y * 0).sum().backward()
    assert "y = tenon.sqrt(x)" in noted(caught.value)


def test_modes_nest_and_end():
    assert not tenon.is_anomaly_enabled()
    with detect_anomaly(check_nan=False):
        assert tenon.is_anomaly_enabled()
        assert not tenon.is_anomaly_check_nan_enabled()
        with detect_anomaly():
            assert tenon.is_anomaly_check_nan_enabled()
        assert not tenon.is_anomaly_check_nan_enabled()
        with set_detect_anomaly(False):
            assert not tenon.is_anomaly_enabled()
        assert tenon.is_anomaly_enabled()
    with contextlib.suppress(KeyError), detect_anomaly():
        raise KeyError
    assert not tenon.is_anomaly_enabled()
    set_detect_anomaly(True)
    assert tenon.is_anomaly_enabled()
    set_detect_anomaly(False)
    assert not tenon.is_anomaly_enabled()


def test_off_nothing_is_noted_and_nan_passes():
    x = tenon.ones(2, requires_grad=True)
    (root_of_zero(x) * 0).sum().backward()
    assert np.isnan(x.grad.numpy()).all()
    y = x * x
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError) as caught:
        z.sum().backward()
    assert not hasattr(caught.value, "__notes__")


def test_without_check_nan_nan_passes():
    x = tenon.ones(2, requires_grad=True)
    with detect_anomaly(check_nan=False):
        (root_of_zero(x) * 0).sum().backward()
    assert np.isnan(x.grad.numpy()).all()


def test_gradients_are_the_same():
    x = np.linspace(0.5, 2, 6).astype(np.float32).reshape(2, 3)
    grads = []
    for on in (False, True):
        with set_detect_anomaly(on):
            layer = tenon.nn.Linear(3, 2)
            tenon.nn.init.constant_(layer.weight, 0.3)
            tenon.nn.init.constant_(layer.bias, 0.1)
            layer(tenon.from_numpy(x)).tanh().square().mean().backward()
            grads.append([p.grad.tolist() for p in layer.parameters()])
    assert grads[0] == grads[1]
