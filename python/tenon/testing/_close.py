"""Whether two structures of tensors and numbers are close, and what differs where they are not."""

from __future__ import annotations

import cmath
from collections.abc import Mapping, Sequence

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

#: PyTorch's tolerances (relative, absolute) by dtype; all others must be equal.
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
_NUMBERS: dict[type, str] = {int: "int64", float: "float64", complex: "complex128"}


class _Options:
    """What assert_close() was asked."""

    def __init__(self, rtol: float | None, atol: float | None, checks: dict[str, bool]) -> None:
        if (rtol is None) != (atol is None):
            raise ValueError(f"assert_close: rtol and atol go together; got rtol={rtol}, atol={atol}")
        self.rtol, self.atol, self.checks = rtol, atol, checks

    def tolerances(self, *dtypes: str) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        known = [_TOLERANCES.get(d, (0.0, 0.0)) for d in dtypes]
        return max(r for r, _ in known), max(a for _, a in known)


class _Pair:
    """Two things that are compared, and where they stand."""

    def __init__(self, actual: Any, expected: Any, path: str, options: _Options) -> None:
        self.actual, self.expected, self.path, self.options = actual, expected, path, options

    def difference(self) -> str | None:
        """What differs; None where they are close."""
        a, b = self.actual, self.expected
        if a is None or b is None:
            return None if a is b else f"None is compared with a value: {a!r} and {b!r}"
        if isinstance(a, bool):
            return None if a is b else f"booleans are not equal: expected {b} but got {a}"
        if isinstance(a, Tensor):
            return self._of_tensors(a, b)
        return self._of_numbers(a, b)

    def _of_numbers(self, a: Any, b: Any) -> str | None:
        if self.options.checks["dtype"] and type(a) is not type(b):
            return f"the types of numbers do not match: {type(a).__name__} != {type(b).__name__}"
        rtol, atol = self.options.tolerances(_NUMBERS[type(a)], _NUMBERS[type(b)])
        if a == b or (self.options.checks["nan"] and cmath.isnan(a) and cmath.isnan(b)):
            return None
        distance = abs(a - b)
        if cmath.isfinite(distance) and distance <= atol + rtol * abs(b):
            return None
        return _scalars(a, b, rtol, atol)

    def _of_tensors(self, a: Tensor, b: Tensor) -> str | None:
        checks = self.options.checks
        for name, asked, x, y in (
            ("shape", True, tuple(a.shape), tuple(b.shape)),
            ("stride()", checks["stride"], a.stride(), b.stride()),
            ("device", checks["device"], str(a.device), str(b.device)),
            ("dtype", checks["dtype"], a.dtype.name, b.dtype.name),
        ):
            if asked and x != y:
                return f"the values for attribute '{name}' do not match: {x} != {y}"
        rtol, atol = self.options.tolerances(a.dtype.name, b.dtype.name)
        if a.device != b.device:
            a, b = a.cpu(), b.cpu()
        if a.dtype != b.dtype:
            common = _C.promote_types(a.dtype, b.dtype)
            a, b = a.to(common), b.to(common)
        if a.dtype.is_floating_point and a.dtype.itemsize == 1 and (rtol or atol):
            return f"{a.dtype.name} is compared for equality; use rtol=0, atol=0; got {rtol} and {atol}"
        close = _C.isclose(a, b, rtol=rtol, atol=atol, equal_nan=checks["nan"])
        return None if close.all().item() else _report(a, b, close, rtol, atol)


def _word(rtol: float, atol: float) -> str:
    return "equal" if rtol == 0 and atol == 0 else "close"


def _limits(
    names: str, greatest: tuple[float, float], places: tuple[str, str], limits: tuple[float, float]
) -> str:
    """A line for the absolute difference and one for the relative; {} in names is the kind."""
    lines = []
    for kind, value, at, limit in zip(("absolute", "relative"), greatest, places, limits, strict=True):
        line = f"{names.format(kind)}: {value}{at}"
        lines.append(f"{line} (up to {limit} allowed)" if any(limits) else line)
    return "\n".join(lines)


def _scalars(a: Any, b: Any, rtol: float, atol: float) -> str:
    distance = abs(a - b)
    ratio = distance / abs(b) if b else float("inf")
    return f"Scalars are not {_word(rtol, atol)}: expected {b} but got {a}\n" + _limits(
        "The {} difference", (distance, ratio), ("", ""), (atol, rtol)
    )


def _report(a: Tensor, b: Tensor, close: Tensor, rtol: float, atol: float) -> str:
    """The number of differences, and the greatest ones among them."""
    wide = _C.complex128 if a.dtype.is_complex else _C.float64
    x, y = a.to(wide), b.to(wide)
    if not a.ndim:
        whole = a.dtype == _C.bool
        got, wanted = (int(t.item()) if whole else t.item() for t in (a, b))
        return _scalars(got, wanted, rtol, atol)
    distance = _C.where(close, 0.0, (x - y).abs())
    ratio = _C.where(close, 0.0, distance / y.abs())
    n, wrong = a.numel(), a.numel() - int(close.sum().item())
    head = (
        f"Tensor-likes are not {_word(rtol, atol)}!\n\nMismatched elements: {wrong} / {n} ({wrong / n:.1%})\n"
    )
    (most, at), (worst, there) = _greatest(distance), _greatest(ratio)
    places = (f" at index {at}", f" at index {there}")
    return head + _limits("Greatest {} difference", (most, worst), places, (atol, rtol))


def _greatest(t: Tensor) -> tuple[float, tuple[int, ...]]:
    flat = int(t.argmax().item())
    index = []
    for n in reversed(t.shape):
        flat, i = divmod(flat, n)
        index.append(i)
    place = tuple(reversed(index))
    return t[place].item(), place


def _plain(x: Any) -> Any:
    """NumPy's scalars as Python's numbers."""
    scalar = type(x).__module__ == "numpy" and hasattr(x, "item") and not hasattr(x, "__len__")
    return x.item() if scalar else x


def _place(path: str) -> str:
    return f"\nThe failure occurred for item {path}" if path else ""


def _unrelated(actual: Any, expected: Any, path: str) -> TypeError:
    return TypeError(
        f"assert_close: values of the types {type(actual).__name__} and {type(expected).__name__} cannot be "
        f"compared; numbers, tensors, arrays, and sequences and mappings of them can{_place(path)}"
    )


def _leaf(actual: Any, expected: Any, path: str, subclasses: bool, options: _Options) -> _Pair:
    a, b = _plain(actual), _plain(expected)
    simple = (bool, int, float, complex)
    if a is None or b is None:
        return _Pair(a, b, path, options)
    if isinstance(a, simple) and isinstance(b, simple):
        if isinstance(a, bool) != isinstance(b, bool):
            raise _unrelated(actual, expected, path)
        return _Pair(a, b, path, options)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not related or (not subclasses and type(actual) is not type(expected)) or isinstance(actual, str):
        raise _unrelated(actual, expected, path)
    try:
        t, wanted = (x.detach() if isinstance(x, Tensor) else _C.asarray(x) for x in (actual, expected))
    except (TypeError, ValueError):
        raise _unrelated(actual, expected, path) from None
    return _Pair(t, wanted, path, options)


def _pairs(actual: Any, expected: Any, path: str, subclasses: bool, options: _Options) -> Iterator[_Pair]:
    """What is compared, in order; the structures are compared on the way."""
    if all(isinstance(x, Sequence) and not isinstance(x, str) for x in (actual, expected)):
        if len(actual) != len(expected):
            raise AssertionError(
                f"assert_close: the lengths of sequences do not match: {len(actual)} != {len(expected)}"
                + _place(path)
            )
        for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(a, b, f"{path}[{i}]", subclasses, options)
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            missing = sorted(map(repr, expected.keys() - actual.keys()))
            more = sorted(map(repr, actual.keys() - expected.keys()))
            raise AssertionError(
                f"assert_close: the keys of mappings do not match: missing {', '.join(missing) or 'none'}, "
                f"additional {', '.join(more) or 'none'}{_place(path)}"
            )
        for key in expected:
            yield from _pairs(actual[key], expected[key], f"{path}[{key!r}]", subclasses, options)
    else:
        yield _leaf(actual, expected, path, subclasses, options)


@documented()
def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raises an AssertionError unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Infinite values are close only to themselves. Without tolerances those of the dtype hold, the larger ones
    for two dtypes: (rtol, atol) is (1e-3, 1e-5) for float16, (1.6e-2, 1e-5) for bfloat16, (1.3e-6, 1e-5) for
    float32 and complex64, (1e-7, 1e-7) for float64, complex128 and Python's numbers, and (0, 0) for others.

    actual, expected: Tensors, arrays or numbers, and sequences and mappings of them. Both must be of one
    kind: a tensor is not compared with an array.
    allow_subclasses: False asks for the same type.
    rtol, atol: The tolerances, both or none.
    equal_nan: True takes a NaN as close to a NaN.
    check_device: False compares tensors of two devices, on the CPU.
    check_dtype: False compares dtypes in the promoted one, and numbers of several types.
    check_layout: Taken for PyTorch's sake: all tensors are strided.
    check_stride: True asks for the same strides.
    msg: The text of the error, or a function that makes it of the text that tells the differences.
    Returns: None.
    AssertionError: For values that are not close, and for other shapes, dtypes, devices, lengths and keys. It
    tells how many elements differ, where the greatest difference is, and for which item of a structure.
    TypeError: For values of unrelated types.
    ValueError: For one tolerance without the other.

    >>> tenon.testing.assert_close(tenon.tensor([1.0, 2.0]), tenon.tensor([1.0, 2.0 + 1e-8]))
    >>> try:
    ...     tenon.testing.assert_close({"a": [1, 2]}, {"a": [1, 3]})
    ... except AssertionError as error:
    ...     print(str(error).splitlines()[0])
    assert_close: Scalars are not equal: expected 3 but got 2
    """
    del check_layout
    checks = {"nan": equal_nan, "device": check_device, "dtype": check_dtype, "stride": check_stride}
    options = _Options(rtol, atol, checks)
    for pair in list(_pairs(actual, expected, "", allow_subclasses, options)):
        difference = pair.difference()
        if difference is not None:
            text = f"assert_close: {difference}{_place(pair.path)}"
            raise AssertionError(msg if isinstance(msg, str) else text if msg is None else msg(text))
