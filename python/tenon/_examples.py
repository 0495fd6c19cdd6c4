"""Examples that stand in no row: of elementwise operations, and of rows under NumPy's signatures."""

from __future__ import annotations

import re

import tenon
from tenon import _C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_NAN, _INF = float("nan"), float("inf")
# Operands to try, the first that a function takes and that show something.
_ONE: list[list[Any]] = [
    [-0.5, 0.0, 0.25],
    [0.25, 0.5, 0.75],
    [1.0, 2.0, 4.0],
    [-1.5, 0.5, 2.5],
    [1, 2, 4],
    [0.0, _NAN, _INF],
    [0.0, -_INF, _INF],
    [True, False],
    [1 + 2j, 3 - 1j],
]
_TWO: list[tuple[list[Any], ...]] = [
    ([-7.0, 2.0, 9.0], [2.0, 2.0, 4.0]),
    ([0.5, 2.0, 3.0], [2.0, 2.0, 4.0]),
    ([0.25, 0.5, 0.75], [1.0, 2.0, 3.0]),
    ([1.5, 2.0, 3.0], [2.0, 1.0, 0.5]),
    ([12, 10, 5], [10, 6, 1]),
    ([True, False, False], [True, True, False]),
]
_THREE: list[tuple[list[Any], ...]] = [([0.0, 10.0], [1.0, 20.0], [0.5, 0.25])]


def _number(v: complex) -> str:
    if isinstance(v, float) and v in (_INF, -_INF):
        return "float('inf')" if v > 0 else "-float('inf')"
    return "float('nan')" if v != v else repr(v)


def _tensor(values: list[Any]) -> str:
    return f"tenon.tensor([{', '.join(map(_number, values))}])"


def _telling(y: Any) -> bool:
    """Whether a result is finite and not the same everywhere."""
    values = y.tolist()
    if not isinstance(values, list):
        return True
    if y.dtype is not _C.bool and not all(abs(v) < _INF for v in values):
        return False
    return len(set(values)) > 1


def _operands(n: int) -> Iterator[tuple[list[Any], ...]]:
    if n == 1:
        for one in _ONE:
            yield (one,)
    else:
        yield from _TWO if n == 2 else _THREE


def _shown(lines: list[str], value: Any) -> str:
    return "\n".join([*(f">>> {line}" for line in lines), repr(value)])


def composed(op: Any) -> str:
    """An example of an elementwise operation, whose result the operation itself computes; "" for others."""
    owner, _, method = op.__qualname__.rpartition(".")
    if op.__module__ == "tenon.numpy" and owner:
        return _of_ufunc(owner, method)
    if not op._arity:
        return ""
    name = op.__name__
    for operands in _operands(op._arity):
        tensors = [tenon.tensor(v) for v in operands]
        try:
            y = op(*tensors)
        except (TypeError, ValueError, RuntimeError):
            continue
        if not _telling(y):
            continue
        texts = [_tensor(v) for v in operands]
        if name.endswith("_"):
            return _shown([f"t = {texts[0]}", f"t.{name}({', '.join(texts[1:])})"], y)
        return _shown([f"{op.__module__}.{name}({', '.join(texts)})"], y)
    return ""


def _of_ufunc(name: str, method: str) -> str:
    """An example of a ufunc's method: add.reduce."""
    arguments: dict[str, list[tuple[str, ...]]] = {
        "reduce": [("[2.0, 3.0, 4.0]",), ("[12, 10]",), ("[True, False]",)],
        "accumulate": [("[2.0, 3.0, 4.0]",), ("[12, 10]",), ("[True, False]",)],
        "reduceat": [
            ("[1.0, 2.0, 3.0, 4.0]", "[0, 2]"),
            ("[12, 10, 6, 5]", "[0, 2]"),
            ("[True, False]", "[0, 1]"),
        ],
        "outer": [("[1.0, 2.0]", "[3.0, 4.0]"), ("[12, 10]", "[6, 5]"), ("[True, False]", "[True, False]")],
        "at": [("[1.0, 2.0, 3.0]", "[0, 0]", "2.0"), ("[1.0, 2.0, 3.0]", "[0, 0]"), ("[12, 10]", "[0]", "6")],
    }
    function = getattr(tenon.numpy, name)
    for texts in arguments[method]:
        first, rest = f"tenon.tensor({texts[0]})", list(texts[1:])
        if method == "outer":
            rest = [f"tenon.tensor({rest[0]})"]
        t = eval(first)
        call = f"tenon.numpy.{name}.{method}(t{''.join(', ' + r for r in rest)})"
        try:
            y = getattr(function, method)(t, *map(eval, rest))
        except (TypeError, ValueError, RuntimeError):
            continue
        if method == "at":
            return _shown([f"t = {first}", call, "t"], t)
        return _shown([f"t = {first}", call], y)
    return ""


# tenon's names of arguments, and NumPy's.
_NUMPYS = {"dim": "axis", "dims": "axis", "keepdim": "keepdims", "correction": "ddof", "input": "a"}


def renamed(op: Any, name: str, example: str) -> str:
    """The example of the row called name, for an alias of it or the object that tenon.numpy has of it."""
    names = op.__text_signature__
    if op.__module__ == "tenon":
        return re.sub(rf"\.{name}\(", f".{op.__name__}(", example)
    example = re.sub(rf"\btenon\.{name}\(", f"{op.__module__}.{op.__name__}(", example)
    for ours, numpys in _NUMPYS.items():
        if re.search(rf"\b{numpys}\b", names):
            example = re.sub(rf"\b{ours}=", f"{numpys}=", example)
    return example
