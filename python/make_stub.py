#!/usr/bin/env python3
"""Writes the stubs of the compiled extension, of tenon.numpy and of tenon.nn.functional's rows.

The build runs this; no stub is committed.

The operations know their arguments' names, defaults and types (they come from the C++ signatures); what is
written by hand in C (attributes, a few methods, the special methods) has its types in stub_tables.py.
A name without a type here is an error, so that the stub stays complete.
"""

from __future__ import annotations

import inspect
import pathlib
import sys
import types

import tenon  # noqa: F401  (sets up what the extension needs)
from tenon import _C

sys.path.append(str(pathlib.Path(__file__).parent))  # at the end: the sources of tenon lie there, too
from stub_tables import (
    ATTRIBUTES,
    CLASSES,
    HEADER,
    METHODS,
    OVERLOADS,
    OVERRIDES,
    RAW,
    RETURNS,
    SPECIAL,
)

STUB = pathlib.Path(_C.__file__).with_name("_C.pyi")
NUMPY_STUB = STUB.parent / "numpy" / "__init__.pyi"
NN_STUB = STUB.parent / "nn" / "functional" / "_rows.pyi"


def parameter(p: inspect.Parameter, type_: str, variadic: bool) -> str:
    annotation = type_ or RAW.get(p.name, "Any")
    if variadic:
        plain = annotation.removesuffix(" | None") + (" | None" if p.default is None else "")
        return f"*{p.name}: {plain if type_ else 'Any'}"
    if p.default is p.empty:
        return f"{p.name}: {annotation}"
    if p.default is None and "None" not in annotation and annotation not in ("Any", "ArrayLike"):
        annotation += " | None"
    default = "..." if p.default is Ellipsis else repr(p.default)
    return f"{p.name}: {annotation} = {default}"


def operation(name: str, op: _C.Operation, method: bool) -> str:
    """A row's line. Argument types come from the row, the names and defaults from its signature."""
    known = {n: (t, v) for n, t, v in op._types}
    parts, starred = [], False
    for i, p in enumerate(inspect.signature(op).parameters.values()):
        if method and i == 0:
            parts.append("self")
            continue
        type_, variadic = known.get(p.name, ("Any", False))
        type_ = OVERRIDES.get((name, p.name), type_)
        if p.kind is p.KEYWORD_ONLY and not starred:
            starred = True
            parts.append("*")
        starred = starred or variadic
        parts.append(parameter(p, type_, variadic))
    return f"def {name}({', '.join(parts)}) -> {op._returns}: ..."


def builtin_function(name: str, f: types.BuiltinFunctionType) -> str:
    # Where no signature is written there is none; Python 3.13 makes up the other two.
    if f.__text_signature__ in (None, "($self, /)", "($self, object, /)"):
        return f"def {name}(*args: Any, **kwargs: Any) -> Any: ..."
    parts = []
    for part in str(inspect.signature(f)).strip("()").split(", "):
        if not part or part in ("/", "*"):
            parts.append(part)
        elif "=" in part:
            n, default = part.split("=", 1)
            parts.append(f"{n}: Any = {default}")
        else:
            parts.append(f"{part}: Any")
    return f"def {name}({', '.join(p for p in parts if p)}) -> {RETURNS.get(name, 'Any')}: ..."


def tensor_class() -> list[str]:
    lines = ["class Tensor:"]
    later = []
    for name, value in sorted(vars(_C.Tensor).items()):
        if inspect.isgetsetdescriptor(value) or name in ATTRIBUTES:
            if name.startswith("__"):
                continue
            type_ = ATTRIBUTES.get(name, "Any" if name.startswith("__") else "")
            if not type_:
                sys.exit(f"make_stub: the attribute Tensor.{name} has no type in ATTRIBUTES")
            lines += ["    @property", f"    def {name}(self) -> {type_}: ..."]
            if name in ("grad", "requires_grad", "real", "imag", "flat", "data"):
                lines += [f"    @{name}.setter", f"    def {name}(self, value: Any) -> None: ..."]
        elif isinstance(value, _C.Operation):
            later += ["    " + line for line in definition(name, value, True)]
        elif isinstance(value, staticmethod):  # _make_subclass, which stands in SPECIAL
            continue
        elif inspect.ismethoddescriptor(value) and not name.startswith("__"):
            if name not in METHODS:
                sys.exit(f"make_stub: the method Tensor.{name} has no signature in METHODS")
            later.append(f"    def {name}{METHODS[name]}: ...")
        elif inspect.ismethoddescriptor(value) and name.startswith(
            ("__array", "__dlpack", "__arrow", "__cuda")
        ):
            later.append(f"    def {name}(self, *args: Any, **kwargs: Any) -> Any: ...")
    return lines + later + ["    " + s for s in SPECIAL]


def overloads(name: str, method: bool) -> list[str]:
    """The lines of an operation whose result's type depends on its arguments."""
    first = "self" if method else "input: ArrayLike"
    return [line for s in OVERLOADS[name] for line in ("@overload", f"def {name}{s.format(first)}: ...")]


def definition(name: str, op: _C.Operation, method: bool = False) -> list[str]:
    return overloads(name, method) if name in OVERLOADS else [operation(name, op, method)]


NUMPY_HEADER = """# Written by the build (python/make_stub.py) from the module.
# ruff: noqa
from builtins import bool as _bool, float as _float, int as _int, str as _str
from collections.abc import Sequence
from typing import Any

from tenon._C import (
    ArrayLike, DeviceLike, DTypeLike, Generator, HistogramResult, Ints, MinMax, Number, Tensor,
    UniqueAllResult, UniqueCountsResult, UniqueInverseResult, ValuesIndices, _dtype, _ufunc,
)
from tenon.numpy import fft as fft, linalg as linalg

ndarray = Tensor
dtype = _dtype
ufunc = _ufunc
__array_api_version__: _str
"""


def numpy_stub() -> str:
    """tenon.numpy: its rows as those of _C, the functions written in Python where they are defined."""
    import tenon.numpy as module

    lines = [NUMPY_HEADER]
    for name in dir(module):
        value = getattr(module, name)
        if isinstance(value, _C.dtype):
            lines.append(f"{name}: _dtype")
        elif isinstance(value, _C._ufunc):
            lines.append(f"{name}: _ufunc")
        elif isinstance(value, _C.Operation):
            lines.append(operation(name, value, False))
        elif isinstance(value, types.FunctionType):
            where = inspect.unwrap(value).__module__
            lines.append(f"from {where} import {name} as {name}")
        elif isinstance(value, float):
            lines.append(f"{name}: _float")
        elif value is None:
            lines.append(f"{name}: None")
        elif f"{name} = " not in NUMPY_HEADER and f"as {name}" not in NUMPY_HEADER:
            lines.append(f"{name}: Any")
    return "\n".join(lines) + "\n"


NN_HEADER = """# Written by the build (python/make_stub.py) from the compiled extension.
# ruff: noqa
from builtins import bool as _bool, float as _float, int as _int, str as _str
from collections.abc import Sequence
from typing import Any

from tenon._C import ArrayLike, DTypeLike, Generator, Ints, Number, Tensor, ValuesIndices
"""


def nn_stub() -> str:
    """The rows that tenon.nn.functional shows."""
    names = sorted(_C._nn_names)
    rows = (operation(name, _C._nn_names[name], False) for name in names)
    return "\n".join([NN_HEADER, *rows, f"__all__ = {names}"]) + "\n"


def named_tuples() -> list[str]:
    """The classes of results with several parts: the extension knows their fields, which are all tensors."""
    lines = []
    for name, value in vars(_C).items():
        if hasattr(value, "_fields"):
            lines += [f"class {name}(NamedTuple):", *(f"    {f}: Tensor" for f in value._fields), ""]
    return lines


def stub() -> str:
    lines = [HEADER, "__version__: _str", CLASSES.strip("\n"), "", *named_tuples(), *tensor_class(), ""]
    known = "\n".join(lines)
    for name, value in sorted(vars(_C).items()):
        if isinstance(value, _C.dtype):
            lines.append(f"{name}: _dtype")
        elif isinstance(value, _C.Operation):
            lines += definition(name, value)
        elif isinstance(value, types.BuiltinFunctionType):
            lines.append(builtin_function(name, value))
        elif callable(value) and not isinstance(value, type):
            lines.append(f"def {name}(*args: Any, **kwargs: Any) -> Any: ...")
        elif name[:2] != "__" and name != "default_generator" and f"class {name}" not in known:
            lines.append(f"{name}: Any")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    STUB.unlink(missing_ok=True)  # an older build left a link to a file of the sources
    for path, make in ((STUB, stub), (NUMPY_STUB, numpy_stub), (NN_STUB, nn_stub)):
        path.write_text(make())
