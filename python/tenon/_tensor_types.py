"""PyTorch's older classes of CPU tensors: constructors of tensors of a dtype, and tests with isinstance."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any


def _is_size(x: object) -> bool:
    return hasattr(x, "__index__") and not hasattr(x, "__len__")


class TensorType(type):
    """The type of these classes: calling one makes a tensor, and a tensor of the dtype is an instance."""

    dtype: _C.dtype
    is_cuda = False

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor) and x.dtype == cls.dtype and x.device.type == "cpu"

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        op = cls.__name__
        if device is not None and _C.device(device).type != "cpu":
            raise TypeError(
                f"{op}: it makes tensors on the CPU; got {device}; use tenon.tensor(..., device=)"
            )
        if len(args) == 1 and not _is_size(args[0]):
            return cls._of(op, args[0])
        if not all(map(_is_size, args)):
            raise TypeError(f"{op}: sizes are ints; got {args!r}")
        return _C.empty(args or (0,), dtype=cls.dtype)

    def _of(cls, op: str, data: Any) -> Tensor:
        if isinstance(data, Tensor):
            if data.dtype != cls.dtype:
                raise TypeError(
                    f"{op}: a tensor must be of {cls.dtype.name}; got {data.dtype.name}; use .to()"
                )
            return data.detach()
        if isinstance(data, tuple) and data and all(map(_is_size, data)):
            raise TypeError(
                f"{op}: a tuple of ints may be a size or elements; got {data}; "
                f"use {op}(*size) or {op}(list(data))"
            )
        if not hasattr(data, "__len__") or isinstance(data, str | bytes):
            raise TypeError(f"{op}: sizes, a sequence or an array are needed; got {data!r}")
        return _C.tensor(data, dtype=cls.dtype)


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
