#!/usr/bin/env python3
"""Writes the stubs of the compiled extension, of tenon.numpy and of tenon.nn.functional's rows.

The build runs this; no stub is committed.

The operations know their arguments' names, defaults and types (they come from the C++ signatures); what is
written by hand in C (attributes, a few methods, the special methods) has its types in the tables below.
A name without a type here is an error, so that the stub stays complete.
"""

from __future__ import annotations

import inspect
import pathlib
import sys
import types

import tenon  # noqa: F401  (sets up what the extension needs)
from tenon import _C

STUB = pathlib.Path(_C.__file__).with_name("_C.pyi")
NUMPY_STUB = STUB.parent / "numpy" / "__init__.pyi"
NN_STUB = STUB.parent / "nn" / "functional" / "_rows.pyi"

HEADER = """# Written by the build (python/make_stub.py) from the compiled extension.
# ruff: noqa
from builtins import bool as _bool, complex as _complex, dict as _dict, float as _float
from builtins import int as _int, str as _str, type as _type
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self, SupportsIndex, TypeAlias, TypeVar, overload

_T = TypeVar("_T", bound="Tensor")
Number: TypeAlias = _complex | _float | _int | _bool
ArrayLike: TypeAlias = Any
Ints: TypeAlias = SupportsIndex | Sequence[_int]
DTypeLike: TypeAlias = Any
DeviceLike: TypeAlias = "device | _str"
"""

# Types of arguments of rows that convert by themselves, by name.
RAW = {
    "input": "ArrayLike",
    "other": "ArrayLike",
    "condition": "ArrayLike",
    "src": "ArrayLike | None",
    "index": "ArrayLike",
    "dim": "Ints | None",
    "dims": "Ints | None",
    "dtype": "DTypeLike | None",
    "device": "DeviceLike | None",
    "generator": "Generator | None",
    "requires_grad": "_bool",
    "keepdim": "_bool",
    "keepdims": "_bool",
    "axis": "Ints | None",
    "a": "ArrayLike",
    "x": "ArrayLike",
    "x1": "ArrayLike",
    "x2": "ArrayLike",
    "where": "ArrayLike",
    "size": "Ints | None",
    "as_tuple": "_bool",
    "accumulate": "_bool",
    "copy": "_bool",
    "non_blocking": "_bool",
    "unbiased": "_float | None",
    "correction": "_float",
    "seed": "_int",
    "min": "ArrayLike | None",
    "max": "ArrayLike | None",
    **dict.fromkeys(("rounding_mode", "profile", "memory_format"), "_str | None"),
    "alpha": "Number",
}

# Where an argument's name says too little.
OVERRIDES = {
    ("to", "device"): "Any",
    ("to", "dtype"): "Any",
    ("transpose", "dim0"): "Any",
    ("select", "index"): "_int",
    ("tensordot", "dims"): "Any",
}

# What the result's type depends on: the signatures after the name, the first that fits holds.
OVERLOADS = {
    name: [
        "({0}) -> Tensor",
        "({0}, dim: _int, keepdim: _bool = False) -> ValuesIndices",
        "({0}, dim: Sequence[_int], keepdim: _bool = False) -> Tensor",
        "({0}, other: ArrayLike) -> Tensor",
        "({0}, dim: Any = None, keepdim: _bool = False, *, other: Any = None, out: Any = None) -> Any",
    ]
    for name in ("max", "min")
}

RETURNS = {"from_numpy": "Tensor", "from_dlpack": "Tensor"}

ATTRIBUTES = {
    "shape": "tuple[_int, ...]",
    "dtype": "_dtype",
    "device": "_device",
    "ndim": "_int",
    "size": "Any",
    "itemsize": "_int",
    "nbytes": "_int",
    "strides": "tuple[_int, ...]",
    "T": "Tensor",
    "mT": "Tensor",
    "mH": "Tensor",
    "H": "Tensor",
    "layout": "_str",
    "real": "Tensor",
    "imag": "Tensor",
    "grad": "Any",
    "grad_fn": "_Node | None",
    "requires_grad": "_bool",
    "is_leaf": "_bool",
    "retains_grad": "_bool",
    "is_cuda": "_bool",
    "is_cpu": "_bool",
    "is_sparse": "_bool",
    "is_sparse_csr": "_bool",
    "is_quantized": "_bool",
    "is_meta": "_bool",
    "is_nested": "_bool",
    "is_mkldnn": "_bool",
    "is_mps": "_bool",
    "is_xpu": "_bool",
    "readonly": "_bool",
    "data": "Tensor",
    "_version": "_int",
    "_exports": "_int",
    **dict.fromkeys(("_host_view", "_borrowed"), "_bool"),
    "flags": "Any",
    "flat": "Any",
    "base": "Any",
}

METHODS = {
    "detach": "(self) -> Tensor",
    "numpy": "(self, *, force: _bool = False) -> Any",
    "as_subclass": "(self, cls: _type[_T], /) -> _T",
    "new": "(self, *args: Any, device: DeviceLike | None = None) -> Tensor",
    "data_ptr": "(self) -> _int",
    "item": "(self, *index: Any) -> Any",
    "tolist": "(self) -> Any",
    "dim": "(self) -> _int",
    "numel": "(self) -> _int",
    "storage_offset": "(self) -> _int",
    "element_size": "(self) -> _int",
    "is_shared": "(self) -> _bool",
    "share_memory_": "(self) -> Tensor",
    "backward": "(self, gradient: ArrayLike | None = None, retain_graph: _bool | None = None, "
    "create_graph: _bool = False) -> None",
    "to_numpy": "(self, *args: Any, **kwargs: Any) -> Any",
    "tobytes": "(self, order: _str = 'C') -> bytes",
    "_repr_html_": "(self) -> _str",
    "_owner": "(self) -> Any",
    "_make_read_only": "(self) -> None",
    "setflags": "(self, write: _bool | None = None, align: _bool | None = None, "
    "uic: _bool | None = None) -> None",
    "stft": "(self, n_fft: _int, hop_length: _int | None = None, win_length: _int | None = None, "
    "window: ArrayLike | None = None, center: _bool = True, pad_mode: _str = 'reflect', "
    "normalized: _bool = False, onesided: _bool | None = None, return_complex: _bool | None = None, "
    "align_to_window: _bool | None = None) -> Tensor",
    "istft": "(self, n_fft: _int, hop_length: _int | None = None, win_length: _int | None = None, "
    "window: ArrayLike | None = None, center: _bool = True, normalized: _bool = False, "
    "onesided: _bool | None = None, length: _int | None = None, return_complex: _bool = False) -> Tensor",
    "tofile": "(self, fid: Any, sep: _str = '', format: _str = '%s') -> None",
    "dump": "(self, file: Any) -> None",
    "dumps": "(self) -> bytes",
    "byteswap": "(self, inplace: _bool = False) -> None",
    "newbyteorder": "(self, new_order: _str = 'S') -> None",
}

BINARY = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
SPECIAL = (
    [f"def __{p}{n}__(self, other: ArrayLike, /) -> Tensor: ..." for n in BINARY for p in ("", "r", "i")]
    + [f"def __{n}__(self) -> Tensor: ..." for n in ("neg", "pos", "abs", "invert", "copy")]
    + [f"def __{n}__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]" for n in ("eq", "ne")]
    + [f"def __{n}__(self, other: ArrayLike, /) -> Tensor: ..." for n in ("lt", "le", "gt", "ge")]
    + [f"def __{n}__(self) -> _{n}: ..." for n in ("bool", "int", "float", "complex")]
    + [
        "def __divmod__(self, other: ArrayLike, /) -> tuple[Tensor, Tensor]: ...",
        "def __rdivmod__(self, other: ArrayLike, /) -> tuple[Tensor, Tensor]: ...",
        "def __index__(self) -> _int: ...",
        "def __hash__(self) -> _int: ...",
        "def __len__(self) -> _int: ...",
        "def __iter__(self) -> Iterator[Tensor]: ...",
        "def __contains__(self, value: Any, /) -> _bool: ...",
        "def __getitem__(self, index: Any, /) -> Tensor: ...",
        "def __setitem__(self, index: Any, value: ArrayLike, /) -> None: ...",
        "def __buffer__(self, flags: _int, /) -> memoryview: ...",
        "def __format__(self, spec: _str, /) -> _str: ...",
        "def __deepcopy__(self, memo: _dict[_int, Any], /) -> Tensor: ...",
        "def __reduce_ex__(self, protocol: SupportsIndex, /) -> Any: ...",
        "def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...",
        "@staticmethod",
        "def _make_subclass(cls: _type[_T], data: ArrayLike, require_grad: _bool = False) -> _T: ...",
    ]
)

CLASSES = """
class dtype:
    def __init__(self, dtype: DTypeLike, /) -> None: ...
    @property
    def name(self) -> _str: ...
    @property
    def kind(self) -> _str: ...  # NumPy's, as char, type and its other attributes
    @property
    def char(self) -> _str: ...
    @property
    def type(self) -> Any: ...
    @property
    def itemsize(self) -> _int: ...
    @property
    def is_floating_point(self) -> _bool: ...
    @property
    def is_complex(self) -> _bool: ...
    @property
    def is_signed(self) -> _bool: ...
    @property
    def numpy(self) -> Any: ...

class device:
    def __init__(self, type: DeviceLike, index: _int = -1) -> None: ...
    @property
    def type(self) -> _str: ...
    @property
    def index(self) -> _int | None: ...

class Generator:
    def __init__(self, seed: _int | DeviceLike = ..., device: DeviceLike = 'cpu') -> None: ...
    @property
    def device(self) -> _device: ...
    def manual_seed(self, seed: _int) -> Generator: ...
    def initial_seed(self) -> _int: ...
    def get_state(self) -> tuple[_int, _int]: ...
    def set_state(self, state: tuple[_int, _int]) -> None: ...

class _Node:
    def name(self) -> _str: ...
    @property
    def next_functions(self) -> tuple[tuple[_Node | None, _int], ...]: ...
    @property
    def metadata(self) -> _dict[Any, Any]: ...
    @property
    def variable(self) -> Tensor: ...
    def register_hook(self, hook: Any, /) -> _RemovableHandle: ...
    def register_prehook(self, hook: Any, /) -> _RemovableHandle: ...
    def __getattr__(self, name: _str) -> Any: ...

class _RemovableHandle:
    def remove(self) -> None: ...
    def __enter__(self) -> _RemovableHandle: ...
    def __exit__(self, *exc: object) -> None: ...

class OutOfMemoryError(RuntimeError, MemoryError): ...

class _ufunc:
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    @property
    def __name__(self) -> _str: ...
    @property
    def nin(self) -> _int: ...
    @property
    def nout(self) -> _int: ...
    @property
    def nargs(self) -> _int: ...
    @property
    def ntypes(self) -> _int: ...
    @property
    def types(self) -> list[_str]: ...
    @property
    def identity(self) -> Any: ...
    @property
    def signature(self) -> _str | None: ...
    def reduce(self, array: ArrayLike, axis: Any = 0, dtype: DTypeLike | None = None, out: Any = None,
               keepdims: _bool = False, initial: Any = ..., where: ArrayLike = True) -> Tensor: ...
    def accumulate(self, array: ArrayLike, axis: _int = 0, dtype: DTypeLike | None = None,
                   out: Any = None) -> Tensor: ...
    def reduceat(self, array: ArrayLike, indices: ArrayLike, axis: _int = 0, dtype: DTypeLike | None = None,
                 out: Any = None) -> Tensor: ...
    def outer(self, A: ArrayLike, B: ArrayLike, /, **kwargs: Any) -> Tensor: ...
    def at(self, a: ArrayLike, indices: Any, b: ArrayLike = ..., /) -> None: ...

class Operation:
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    @property
    def __name__(self) -> _str: ...
    @property
    def _numpy_name(self) -> _str: ...
    @property
    def _array_api_name(self) -> _str: ...

class _Event:
    def __init__(self, timing: _bool) -> None: ...
    def record(self, device: _int, index: _int) -> None: ...
    def wait(self, device: _int, index: _int) -> None: ...
    def query(self) -> _bool: ...
    def synchronize(self) -> None: ...
    def elapsed(self, end: _Event) -> _float: ...
    @property
    def device(self) -> _int: ...

_dtype: TypeAlias = dtype
_device: TypeAlias = device
default_generator: Generator
"""


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
