"""Whether gradients are recorded: blocks, decorators, generators, threads."""

import threading

import pytest
import tenon


def test_modes_as_blocks():
    x = tenon.ones(1, requires_grad=True)
    assert tenon.is_grad_enabled()
    with tenon.no_grad():
        assert not tenon.is_grad_enabled()
        assert not (x * 2).requires_grad
        with tenon.enable_grad():
            assert (x * 2).requires_grad
        assert not tenon.is_grad_enabled()
    assert tenon.is_grad_enabled()
    with pytest.raises(KeyError), tenon.no_grad():
        raise KeyError
    assert tenon.is_grad_enabled()
    with tenon.set_grad_enabled(False):
        assert not tenon.is_grad_enabled()
    assert tenon.is_grad_enabled()
    tenon.set_grad_enabled(False)
    assert not tenon.is_grad_enabled()
    tenon.set_grad_enabled(True)
    mode = tenon.no_grad()
    with mode, mode:
        assert not tenon.is_grad_enabled()
    assert tenon.is_grad_enabled()


@pytest.mark.parametrize(
    "make",
    [
        lambda: tenon.no_grad(),
        lambda: tenon.no_grad,
        lambda: tenon.inference_mode(),
        lambda: tenon.set_grad_enabled(False),
    ],
)
def test_modes_as_decorators(make):
    @make()
    def f(x, *, scale=1):
        """Documentation."""
        return (x * scale).requires_grad, tenon.is_grad_enabled()

    x = tenon.ones(1, requires_grad=True)
    assert f(x, scale=2) == (False, False)
    assert f.__name__ == "f"
    assert f.__doc__ == "Documentation."
    assert tenon.is_grad_enabled()


def test_decorated_generator_leaves_its_consumer_alone():
    @tenon.no_grad()
    def f():
        assert not tenon.is_grad_enabled()
        got = yield 1
        assert not tenon.is_grad_enabled()
        yield got

    g = f()
    assert next(g) == 1
    assert tenon.is_grad_enabled()
    assert g.send(5) == 5


def test_modes_are_per_thread():
    seen = []
    with tenon.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tenon.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
