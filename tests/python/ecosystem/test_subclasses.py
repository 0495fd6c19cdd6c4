"""Subclasses of ndarray and quantities: what would lose its meaning is refused by every way in."""

import numpy as np
import pytest
import tenon
from ecosystem.rows import WAYS, shares


class Plain(np.ndarray):
    """No rules of its own."""


class WithFinalize(np.ndarray):
    def __array_finalize__(self, obj: object) -> None:
        self.label = getattr(obj, "label", None)


class WithUfunc(np.ndarray):
    def __array_ufunc__(self, *args: object, **kwargs: object) -> object:
        return NotImplemented


class Child(WithFinalize):
    """Rules that it has inherited."""


VALUES = np.arange(3.0)


@pytest.mark.parametrize("way", WAYS)
def test_plain_subclasses_are_arrays(way: str) -> None:
    WAYS[way](VALUES.view(Plain))


def test_plain_subclasses_and_files_are_shared(tmp_path) -> None:
    array = VALUES.copy().view(Plain)
    assert shares(tenon.from_numpy(array), array) and shares(tenon.asarray(array), array)
    file = np.memmap(tmp_path / "x", dtype="f4", mode="w+", shape=(3,))
    assert shares(tenon.from_numpy(file), file) and shares(tenon.asarray(file[1:]), file)


def test_images_of_imageio() -> None:
    """Their subclass carries the file's tags, and the numbers mean what they say."""
    image = pytest.importorskip("imageio.core.util").Array(np.zeros((2, 2), "u1"))
    assert type(image) is not np.ndarray and shares(tenon.from_numpy(image), image)


@pytest.mark.parametrize("way", [*WAYS, "from_numpy"])
@pytest.mark.parametrize("kind", [WithFinalize, WithUfunc, Child])
def test_subclasses_with_rules_are_refused(way: str, kind: type) -> None:
    with pytest.raises(TypeError, match=r"np\.asarray\(array\)"):
        {**WAYS, "from_numpy": tenon.from_numpy}[way](VALUES.view(kind))
    array = VALUES.copy().view(kind)
    assert shares(tenon.asarray(np.asarray(array)), array)  # the way out


def test_a_subclass_is_refused_in_other_byte_orders_and_as_a_number() -> None:
    for array in (np.arange(3, dtype=">f8").view(WithFinalize), np.array(5.0).view(WithFinalize)):
        with pytest.raises(TypeError, match="WithFinalize"):
            tenon.asarray(array)
    t = tenon.zeros(3)
    with pytest.raises(TypeError, match="WithFinalize"):
        t[0] = np.array(5.0).view(WithFinalize)


@pytest.mark.parametrize("way", [*WAYS, "from_numpy"])
def test_masked_arrays_by_any_base(way: str) -> None:
    class Second(Plain, np.ma.MaskedArray):
        pass

    call = {**WAYS, "from_numpy": tenon.from_numpy}[way]
    for array in (np.ma.masked_equal(VALUES, 1), np.ma.masked_equal(VALUES, 1).view(Second)):
        with pytest.raises(TypeError, match="mask"):
            call(array)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices() -> None:
    m, t = np.matrix([[1.0, 2.0], [3.0, 4.0]]), tenon.ones(2, 2)
    for call in (
        lambda: m * t,
        lambda: t * m,
        lambda: m @ t,
        lambda: t @ m,
        lambda: t**m,
        lambda: tenon.asarray(m),
    ):
        with pytest.raises(TypeError, match=r"matrix.*np\.asarray"):
            call()


# ---- astropy ----


@pytest.mark.parametrize("way", [*WAYS, "from_numpy"])
def test_astropy(way: str) -> None:
    units = pytest.importorskip("astropy.units")
    table = pytest.importorskip("astropy.table")
    call = {**WAYS, "from_numpy": tenon.from_numpy}[way]
    with pytest.raises(TypeError, match="unit"):
        call(VALUES * units.km)
    with pytest.raises(TypeError, match="mask"):
        call(table.MaskedColumn(VALUES, mask=[0, 1, 0]))
    with pytest.raises(TypeError, match="Column"):
        call(table.Column(VALUES, unit="km"))


def test_astropy_numbers_and_ways_out() -> None:
    units = pytest.importorskip("astropy.units")
    table = pytest.importorskip("astropy.table")
    masked = pytest.importorskip("astropy.utils.masked")
    t = tenon.zeros(3)
    for call in (lambda: t.__setitem__(0, 5 * units.km), lambda: t.fill_(5 * units.km),
    lambda: t + VALUES * units.km,
                 lambda: tenon.full((2,), 5 * units.km), lambda: tenon.tensor([5 * units.km])):  # fmt: skip
        with pytest.raises((TypeError, units.UnitsError)):
            call()
    with pytest.raises(TypeError, match="mask"):
        tenon.asarray(masked.Masked(VALUES, mask=[True, False, False]))
    q, column = VALUES * units.km, table.Column(VALUES)
    assert shares(tenon.asarray(q.value), q) and tenon.asarray(q.to_value("m")).tolist() == [0, 1000, 2000]
    assert shares(tenon.asarray(np.asarray(column)), column)


# ---- pint ----


@pytest.mark.parametrize("way", [*WAYS, "from_numpy"])
def test_pint(way: str) -> None:
    registry = pytest.importorskip("pint").UnitRegistry()
    with pytest.raises(TypeError):
        {**WAYS, "from_numpy": tenon.from_numpy}[way](VALUES * registry.km)


def test_pint_numbers_and_ways_out() -> None:
    registry = pytest.importorskip("pint").UnitRegistry()
    t = tenon.zeros(3)
    for call in (lambda: t.__setitem__(0, 5.0 * registry.km), lambda: t.fill_(5.0 * registry.km),
                 lambda: tenon.full((2,), 5.0 * registry.km),
                 lambda: tenon.tensor([5.0 * registry.km])):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    assert tenon.asarray((VALUES * registry.km).m_as("m")).tolist() == [0, 1000, 2000]
