"""PyTorch's older classes of CPU tensors: constructors of tensors of a dtype, and tests with isinstance."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any


def _is_size(x: object) -> bool:
    return hasattr(x, "__index__") and not hasattr(x, "__len__")


def _made(op: str, args: tuple[Any, ...], dtype: _C.dtype, device: _C.device) -> Tensor:
    """A tensor of sizes or of data, as PyTorch's older constructors make it: Tensor(2, 3), Tensor([1, 2])."""
    if len(args) != 1 or _is_size(args[0]):
        if not all(map(_is_size, args)):
            raise TypeError(f"{op}: sizes are ints; got {args!r}")
        return _C.empty(args or (0,), dtype=dtype, device=device)
    data = args[0]
    if isinstance(data, Tensor):
        if data.dtype != dtype or data.device != device:
            raise TypeError(
                f"{op}: a tensor must be of {dtype.name} on {device}; got {data.dtype.name} on "
                f"{data.device}; use .to()"
            )
        return data.detach()
    if isinstance(data, tuple) and data and all(map(_is_size, data)):
        raise TypeError(
            f"{op}: a tuple of ints may be a size or elements; got {data}; "
            f"use {op}(*size) or {op}(list(data))"
        )
    if not hasattr(data, "__len__") or isinstance(data, str | bytes):
        raise TypeError(f"{op}: sizes, a sequence or an array are needed; got {data!r}")
    return _C.tensor(data, dtype=dtype, device=device)


def tensor(*args: Any, device: Any = None) -> Tensor:
    """Tensor(*args): what the class itself makes."""
    return _made("Tensor", args, _C.get_default_dtype(), _C.device("cpu" if device is None else device))


tensor.__qualname__ = "Tensor"  # which a keyword that it does not take is told of


def new(like: Tensor, *args: Any, device: Any = None) -> Tensor:
    """like.new(*args)."""
    return _made("new", args, like.dtype, like.device if device is None else _C.device(device))


class TensorType(type):
    """The type of these classes: calling one makes a tensor, and a tensor of the dtype is an instance."""

    dtype: _C.dtype
    is_cuda = False

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor) and x.dtype == cls.dtype and x.device.type == "cpu"

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        where = _C.device("cpu" if device is None else device)
        if where.type != "cpu":
            raise TypeError(
                f"{cls.__name__}: it makes tensors on the CPU; got {device}; use tenon.tensor(..., device=)"
            )
        return _made(cls.__name__, args, cls.dtype, where)


class _SizeType(type(tuple)):  # type: ignore[misc]
    """Shapes are plain tuples, as NumPy's; each tuple of ints is a Size."""

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, tuple) and all(isinstance(n, int) and not isinstance(n, bool) for n in x)


class Size(tuple[int, ...], metaclass=_SizeType):
    """A shape, for scripts that make one or ask for its class: tenon's own shapes are plain tuples of ints.

    Size(sizes) takes a sequence of ints; TypeError for another.

    >>> isinstance(tenon.ones(2, 3).shape, tenon.Size), tenon.Size([2, 3]).numel()
    (True, 6)
    """

    __module__ = "tenon"

    def __new__(cls, sizes: Any = ()) -> Size:
        import operator

        return tuple.__new__(cls, map(operator.index, sizes))

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        import math

        return math.prod(self)


def name_of(t: Tensor) -> str:
    """The name of a tensor's class, as PyTorch's Tensor.type() has it."""
    for kind in KINDS:
        if t.dtype == kind.dtype:
            return f"tenon{'.cuda' if t.is_cuda else ''}.{kind.__name__}"
    return f"tenon.{t.dtype.name}"


_TEXT = """A tensor of {0} on the CPU, as PyTorch's older constructors make it.

Its arguments are the sizes of a new tensor, whose elements are anything; or a list or array, which is copied;
or a tensor of {0}, whose memory is shared.

Returns
-------
Tensor
    A new tensor, or a view of the one given.

Raises
------
TypeError
    For a tensor of another dtype, a tuple of ints, which may be a size or elements, and a device that is not
    the CPU.

Examples
--------
>>> tenon.{1}([1, 0]).dtype
tenon.{0}
>>> isinstance(tenon.zeros(1, dtype=tenon.{0}), tenon.{1})
True
"""


def _kind(name: str, dtype: _C.dtype) -> TensorType:
    return TensorType(
        name, (), {"dtype": dtype, "__module__": "tenon", "__doc__": _TEXT.format(dtype.name, name)}
    )


FloatTensor = _kind("FloatTensor", _C.float32)
DoubleTensor = _kind("DoubleTensor", _C.float64)
HalfTensor = _kind("HalfTensor", _C.float16)
BFloat16Tensor = _kind("BFloat16Tensor", _C.bfloat16)
ByteTensor = _kind("ByteTensor", _C.uint8)
CharTensor = _kind("CharTensor", _C.int8)
ShortTensor = _kind("ShortTensor", _C.int16)
IntTensor = _kind("IntTensor", _C.int32)
LongTensor = _kind("LongTensor", _C.int64)
BoolTensor = _kind("BoolTensor", _C.bool)

KINDS = (
    *(FloatTensor, DoubleTensor, HalfTensor, BFloat16Tensor),
    *(ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, BoolTensor),
)
