"""What the stub of the compiled extension says by hand: the types of what is written by hand in C."""

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
    "_host_view": "_bool",
    "_borrowed": "_bool",
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
