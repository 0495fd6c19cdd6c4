"""tenon.testing against torch.testing: what is close, which error is raised, what its text tells."""

import math
import re

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")

NAN, INF = math.nan, math.inf


def cases(T):
    """(actual, expected, keywords)."""
    t = T.tensor
    for dtype in (T.float16, T.bfloat16, T.float32, T.float64, T.complex64, T.complex128):
        for step in (1e-8, 1e-6, 1e-4, 1e-2, 1.0):
            yield t([1.0, 2.0], dtype=dtype), t([1.0, 2.0 + step], dtype=dtype), {}
            yield t([0.0], dtype=dtype), t([step], dtype=dtype), {"rtol": 0.0, "atol": step * 1.1}
    for step in (1e-9, 1e-6):
        yield 1.0, 1.0 + step, {}
        yield t([1.0]), t([1.0 + step], dtype=T.float64), {"check_dtype": False}
        yield t([1.0]), t([1.0 + step], dtype=T.bfloat16), {"check_dtype": False}
    yield True, np.bool_(True), {}
    yield True, False, {}
    yield 1, 1.0, {}
    yield 1, 1.0, {"check_dtype": False}
    yield np.float32(1), 1.0, {}
    yield 1j, 2j, {}
    yield 2**70, 2**70 + 1, {}
    yield NAN, NAN, {}
    yield NAN, NAN, {"equal_nan": True}
    yield INF, INF, {}
    yield INF, -INF, {}
    yield None, None, {}
    yield None, 3, {}
    yield "a", "a", {}
    yield b"a", b"a", {}
    yield object(), object(), {}
    yield {1, 2}, {1, 2}, {}
    yield np.ones(2), np.ones(2), {}
    yield np.ones(2), np.zeros(2), {}
    yield t([1.0]), np.ones(1, np.float32), {}
    yield t(1.0), 1.0, {}
    yield t(1.0), [1.0], {}
    yield t(1.0), t(2.0), {}
    yield t([1.0]), t([INF]), {}
    yield t([INF, 1.0]), t([INF, 1.0]), {}
    yield t([NAN]), t([1.0]), {}
    yield t([NAN, 1.0]), t([NAN, 1.0]), {}
    yield t([NAN, 1.0]), t([NAN, 1.0]), {"equal_nan": True}
    yield t([1, 2]), t([1, 3]), {}
    yield t([1, 2]), t([1, 3]), {"rtol": 0.0, "atol": 1.0}
    yield t([True]), t([False]), {}
    yield t(True), t(False), {}
    yield t([200], dtype=T.uint8), t([100], dtype=T.uint8), {}
    yield t([[1.0, 2.0], [3.0, 4.0]]), t([[1.0, 2.0], [3.0, 5.0]]), {}
    yield t([1.0]), t([1.0, 1.0]), {}
    yield t([1.0]), t([[1.0]]), {}
    yield t([1.0]), t([1.0], dtype=T.float64), {}
    yield t([1.0]), t([1]), {"check_dtype": False}
    yield t([]), t([]), {}
    yield t([1.0, 0.0]).requires_grad_(), t([1.0, 0.5]), {}
    yield T.ones(2, 3), T.ones(3, 2).T, {}
    yield T.ones(2, 3), T.ones(3, 2).T, {"check_stride": True}
    yield T.nn.Parameter(t([1.0])), t([1.0]), {}
    yield T.nn.Parameter(t([1.0])), t([1.0]), {"allow_subclasses": False}
    yield t([1.0]).to(T.float8_e5m2), t([1.0]).to(T.float8_e5m2), {}
    yield t([1.0]).to(T.float8_e5m2), t([2.0]).to(T.float8_e5m2), {}
    yield t([1.0]).to(T.float8_e5m2), t([1.0]).to(T.float8_e5m2), {"rtol": 0.1, "atol": 0.1}
    yield t([1.0]), t([1.0]), {"rtol": 0.1}
    yield t([1.0]), t([1.0]), {"atol": 0.1}
    yield [1, 2], [1], {}
    yield [t(1.0)], (t(1.0),), {}
    yield range(3), range(3), {}
    yield {"a": t(1.0)}, {"a": t(1.0)}, {}
    yield {"a": t(1.0)}, {"a": t(2.0)}, {}
    yield {"a": 1, "b": 2}, {"a": 1, "c": 3}, {}
    yield {"a": [1, {"k": t([1.0])}]}, {"a": [1, {"k": t([3.0])}]}, {}
    yield {"a": [1, 2]}, {"a": [1]}, {}
    yield [1, "a"], [2, "a"], {}  # what cannot be compared is found first
    yield t([1.0]), t([2.0]), {"msg": "own"}


@pytest.mark.parametrize("i", range(len(list(cases(tenon)))))
def test_the_answer_is_pytorchs(i):
    raised = []
    for T in (tenon, torch):
        actual, expected, keywords = list(cases(T))[i]
        try:
            raised.append(T.testing.assert_close(actual, expected, **keywords))
        except (AssertionError, TypeError, ValueError) as error:
            raised.append(error)
    assert type(raised[0]) is type(raised[1]), raised
    if raised[0] is not None and str(raised[1]) != "own":
        ours, theirs = map(str, raised)
        assert ours.startswith("assert_close: ")
        if "first mismatched" in theirs:  # float8, of which PyTorch tells less
            return
        for a, b in zip(told(ours), told(theirs), strict=True):
            assert a == b or a == pytest.approx(float(b), rel=0.01, nan_ok=True), (ours, theirs)


def told(text):
    """The numbers, places and paths of an error's text."""
    found = re.findall(r"Mismatched elements: .*|at index .*?\)|item .*|up to \S+", text)
    return found + [float(x) for x in re.findall(r"Greatest \w+ difference: (\S+)", text)]


def test_the_message():
    def say(text):
        return f"before\n{text}"

    with pytest.raises(AssertionError, match=r"^before\nassert_close: Tensor-likes are not close!"):
        tenon.testing.assert_close(tenon.ones(2), tenon.zeros(2), msg=say)
    with pytest.raises(AssertionError, match=r"^own$"):
        tenon.testing.assert_close([1.0], [2.0], msg="own")
    with pytest.raises(AssertionError, match=r"item \['a'\]\[0\]$"):
        tenon.testing.assert_close({"a": [1.0]}, {"a": [2.0]})


DTYPES = [
    *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "float8_e5m2", "float8_e4m3fn"),
]


@pytest.mark.parametrize("name", DTYPES)
def test_make_tensor(name):
    make, dtype = tenon.testing.make_tensor, getattr(tenon, name)
    t = make(40, 50, dtype=dtype, device="cpu")
    assert t.shape == (40, 50) and t.dtype is dtype and t.is_contiguous() and not t.requires_grad
    wide = t.to(tenon.complex128 if dtype.is_complex else tenon.float64)
    for part in (wide.real, wide.imag) if dtype.is_complex else (wide,):
        low = 0 if name == "bool" or name.startswith("uint") else -9
        high = 1 if name == "bool" else 9
        assert part.min().item() >= low and part.max().item() <= high
        assert part.min().item() < low + 1 + (high > 1) * 0.1 and part.max().item() > high - 1.1
    gaps = make((3, 4), dtype=dtype, device="cpu", noncontiguous=True)
    assert gaps.shape == (3, 4) and not gaps.is_contiguous()
    assert make((), dtype=dtype, device="cpu", noncontiguous=True).shape == ()
    if name != "bool":
        some = make(1000, dtype=dtype, device="cpu", low=0, high=2, exclude_zero=True)
        assert (some.to(tenon.float32 if "complex" not in name else tenon.complex64) != 0).all()


def test_make_tensor_keeps_to_the_dtype():
    make = tenon.testing.make_tensor
    t = make(1000, dtype=tenon.uint8, device="cpu", low=-50, high=1000)
    assert t.max().item() > 200 and t.min().item() < 50
    t = make(1000, dtype=tenon.float32, device="cpu", low=-INF, high=INF)
    assert t.isfinite().all() and t.max().item() > 1e38 and t.min().item() < -1e38
    t = make(1000, dtype=tenon.float64, device="cpu", low=3.0, high=3.5, requires_grad=True)
    assert t.is_leaf and t.requires_grad and t.min().item() >= 3 and t.max().item() < 3.5
    assert set(make(100, dtype=tenon.int64, device="cpu", low=1.5, high=3.5).tolist()) == {2, 3}
    assert (
        make(2, 3, 4, 5, dtype=tenon.float32, device="cpu", memory_format=tenon.channels_last).stride()[1]
        == 1
    )


@pytest.mark.parametrize(
    ("keywords", "kind", "text"),
    [
        ({"low": 3.0, "high": 2.0}, ValueError, "low must be less than high"),
        ({"low": NAN}, ValueError, "must not be NaN"),
        ({"low": 300, "high": 400, "dtype": "int8"}, ValueError, "int8 has no numbers"),
        ({"dtype": "int8", "requires_grad": True}, ValueError, "requires_grad=True is for floats"),
        ({"noncontiguous": True, "memory_format": "channels_last"}, ValueError, "cannot both"),
        ({"dtype": "nothing"}, TypeError, "nothing"),
    ],
)
def test_errors_of_make_tensor(keywords, kind, text):
    options = {"dtype": "float32", "device": "cpu", **keywords}
    with pytest.raises(kind, match=text):
        tenon.testing.make_tensor(3, **options)
