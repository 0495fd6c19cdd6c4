"""Ranges between ends: integers have room and are rounded by door; a step may be no number of the dtype."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp

try:
    import torch
except ImportError:
    torch = None

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


ENDS = [(-3, 3), (-2.9, 2.9), (0.9, 3.9), (0, 7), (-7, 0), (5, 1), (2**24, 2**24 + 5), (-1.5, -1.5)]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8, 50])
@pytest.mark.parametrize(("start", "end"), ENDS)
def test_integers_are_cut_or_rounded_down_by_door(device, start, end, n):
    def ends_of(xp, **options):
        first, last = (xp.asarray(x, **options) for x in (start, end))
        return [(start, end), (first, end), (start, last), (first, last)]

    for dtype in ("int32", "int64"):
        for endpoint in (True, False):
            wanted = np.linspace(start, end, n, endpoint=endpoint, dtype=dtype)
            for first, last in ends_of(
                tnp, device=device, dtype=None if isinstance(start, int) else "float64"
            ):
                got = tnp.linspace(first, last, n, endpoint, dtype=dtype, device=device)
                assert got.dtype == getattr(tenon, dtype) and got.tolist() == wanted.tolist()
        if torch is None:
            continue
        wanted = torch.linspace(start, end, n, dtype=getattr(torch, dtype)).tolist()
        for first, last in ends_of(tenon, device=device, dtype="float64"):
            got = tenon.linspace(first, last, n, dtype=dtype, device=device)
            assert got.dtype == getattr(tenon, dtype) and got.tolist() == wanted, (first, last)


def test_integers_along_a_new_dimension():
    ends = tenon.tensor([-1.5, 2.9]), tenon.tensor([1.5, -2.9])
    assert tenon.linspace(*ends, 5, dtype=tenon.int64).tolist() == [[-1, 2], [0, 1], [0, 0], [0, -1], [1, -2]]
    assert tnp.linspace(*ends, 5, dtype=tenon.int64).tolist() == [[-2, 2], [-1, 1], [0, 0], [0, -2], [1, -3]]
    with pytest.raises(TypeError, match=r"^linspace: "):
        tenon.linspace(tenon.tensor(1j), 3, 2, dtype=tenon.int64)


# The distance of neighbours is no number of the dtype.
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("endpoint", [True, False])
def test_subnormal_steps(dtype, endpoint):
    tiny = np.finfo(dtype).smallest_subnormal
    for start, end in ((0, 3 * tiny), (-2 * tiny, 5 * tiny), (4 * tiny, tiny)):
        for n in (2, 3, 7, 20, 50):
            a, b = np.array(start, dtype), np.array(end, dtype)
            wanted = np.linspace(a, b, n, endpoint=endpoint)
            for first, last in (
                (tenon.asarray(a), tenon.asarray(b)),
                (tenon.asarray([a]), tenon.asarray([b])),
            ):
                for door in (tenon, tnp):
                    got = door.linspace(first, last, n, endpoint=endpoint)
                    assert got.dtype == getattr(tenon, dtype)
                    assert got.flatten().tolist() == wanted.tolist(), (start, end, n)
            if dtype == "float64":
                got = tenon.linspace(float(start), float(end), n, endpoint=endpoint, dtype=dtype)
                assert got.tolist() == wanted.tolist()


def test_no_integers_of_nan():
    for name in ("linspace", "logspace"):
        with pytest.raises(ValueError, match=f"^{name}: NaN is no integer"):
            getattr(tenon, name)(tenon.tensor(float("nan")), 1, 3, dtype=tenon.int64)
        with pytest.raises((ValueError, OverflowError), match=f"^{name}: "):
            getattr(tenon, name)(tenon.tensor(float("inf")), 1, 3, dtype=tenon.int64)
