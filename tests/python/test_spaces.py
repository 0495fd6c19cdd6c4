"""Ranges between ends in integer dtypes: all values must have room."""

import pytest
import tenon
import tenon.numpy as tnp

SPACES = {
    "linspace": (("linspace", (0, 300.0, 3), {}), ("linspace", (-3, 5, 3), {})),
    "logspace": (("logspace", (0, 3, 4), {}), ("logspace", (0, 2, 3), {"base": -20.0})),
    "geomspace": (("geomspace", (1, 300, 3), {}), ("geomspace", (-1, -8, 4), {})),
}


@pytest.mark.parametrize("space", SPACES)
def test_values_beyond_the_integers(device, space):
    for name, (start, *rest), options in SPACES[space]:
        for door in (tenon, tnp):
            if not (f := getattr(door, name, None)):
                continue
            where = {} if door is tnp and name != "linspace" else {"device": device}
            for first in (start, tenon.tensor(float(start), device=device)):
                with pytest.raises(OverflowError, match=f"^{name}: .* out of bounds for uint8"):
                    f(first, *rest, dtype="uint8", **options, **where)
                wide = f(first, *rest, dtype="int64", **options, **where)
                assert wide.dtype == tenon.int64 and len(wide) == rest[-1]
            assert f(1, 2, 0, dtype="uint8", **options, **where).shape == (0,)


def test_no_integers_of_nan():
    for name in ("linspace", "logspace"):
        with pytest.raises(ValueError, match=f"^{name}: NaN is no integer"):
            getattr(tenon, name)(tenon.tensor(float("nan")), 1, 3, dtype=tenon.int64)
        with pytest.raises((ValueError, OverflowError), match=f"^{name}: "):
            getattr(tenon, name)(tenon.tensor(float("inf")), 1, 3, dtype=tenon.int64)
