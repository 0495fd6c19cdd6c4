"""repr, print options, format specs and the HTML of notebooks."""

import pytest
import tenon


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: tenon.tensor([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
        (lambda: tenon.tensor([99.0, 2.0]), "tensor([99.,  2.])"),
        (lambda: tenon.tensor(3), "tensor(3)"),
        (lambda: tenon.tensor([True, False]), "tensor([ True, False])"),
        (lambda: tenon.tensor([1, 2], dtype=tenon.int8), "tensor([1, 2], dtype=tenon.int8)"),
        (lambda: tenon.ones(1, dtype=tenon.float64), "tensor([1.], dtype=tenon.float64)"),
        (lambda: tenon.zeros(0), "tensor([])"),
        (lambda: tenon.ones(1, requires_grad=True), "tensor([1.], requires_grad=True)"),
        (lambda: tenon.tensor([[1, 2], [3, 4]]), "tensor([[1, 2],\n        [3, 4]])"),
        (lambda: tenon.tensor([float("nan"), float("inf")]), "tensor([nan, inf])"),
    ],
)
def test_repr(make, text):
    assert repr(make()) == str(make()) == text


def test_history_shows():
    assert "grad_fn=<mul>" in repr(tenon.ones(1, requires_grad=True) * 2)


def test_options():
    t = tenon.tensor([3.14159265])
    tenon.set_printoptions(precision=2)
    assert repr(t) == "tensor([3.14])"
    tenon.set_printoptions(sci_mode=True)
    assert "e+00" in repr(t)
    tenon.set_printoptions(sci_mode=None, precision=4)
    assert repr(t) == "tensor([3.1416])"
    tenon.set_printoptions(threshold=5, edgeitems=1)
    assert repr(tenon.arange(10)) == "tensor([0,  ..., 9])"
    tenon.set_printoptions(profile="full")
    assert "..." not in repr(tenon.arange(2000))
    tenon.set_printoptions(profile="default")
    assert "..." in repr(tenon.arange(2000))
    tenon.set_printoptions(threshold=float("inf"))
    assert "..." not in repr(tenon.arange(2000))
    tenon.set_printoptions(profile="short")
    assert tenon.get_printoptions()["precision"] == 2
    tenon.set_printoptions(profile="default", linewidth=20)
    assert max(map(len, repr(tenon.arange(50)).splitlines())) <= 24
    assert tenon.get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 20,
        "sci_mode": None,
    }
    with pytest.raises(ValueError):
        tenon.set_printoptions(precision=-1)
    with pytest.raises(ValueError):
        tenon.set_printoptions(profile="tiny")


def test_format():
    assert f"{tenon.tensor(3.14159):.2f}" == "3.14"
    assert f"{tenon.tensor([7]):>5d}" == "    7"
    assert f"{tenon.tensor(2)}" == "2"
    assert f"{tenon.tensor([2])}" == "tensor([2])"
    assert f"{tenon.tensor([1, 2])}" == "tensor([1, 2])"
    with pytest.raises(TypeError, match="one element"):
        format(tenon.zeros(2), ".2f")


def test_html():
    page = tenon.tensor([[1.5, 2.0], [3.0, 4.0]])._repr_html_()
    assert page.count("<tr>") == 2
    assert page.count("<td>") == 4
    assert "<td>1.5</td>" in page
    assert "shape (2, 2), float32, cpu" in page
    assert tenon.arange(3)._repr_html_().count("<td>") == 3
    assert "requires grad" in tenon.ones(1, requires_grad=True)._repr_html_()
    big = tenon.zeros(100, 100)._repr_html_()
    assert big.count("<tr>") == 7
    assert big.count("<td>") == 49
    assert "…" in big
    cube = tenon.zeros(2, 2, 2)._repr_html_()
    assert "<pre>" in cube
    assert "<script" not in tenon.tensor(1)._repr_html_()


def test_without_elements_the_size_is_told():
    torch = pytest.importorskip("torch")
    before = tenon.get_printoptions()
    for package in (tenon, torch):
        package.set_printoptions(threshold=0, edgeitems=0)
    try:
        for shape in ((2,), (2, 3, 4), (), (0,), (0, 2)):
            assert str(tenon.ones(*shape) if shape else tenon.tensor(1.0)) == str(torch.ones(shape))
    finally:
        tenon.set_printoptions(**before)
        torch.set_printoptions(profile="default")
