"""Tensors of random elements, for tests."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor, dtype
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any


def _bounds(
    d: dtype, low: float | None, high: float | None, least: float, most: float, usual: tuple[float, float]
) -> tuple[float, float]:
    """The interval that is asked for, as far as the dtype has it."""
    a, b = (u if v is None else v for v, u in zip((low, high), usual, strict=True))
    whole = not (d.is_floating_point or d.is_complex)
    if a != a or b != b:
        raise ValueError(f"make_tensor: low and high must not be NaN; got {low} and {high}")
    if a > b or (whole and a == b):
        raise ValueError(f"make_tensor: low must be less than high; got {a} and {b}")
    if b < least or a >= most + whole:
        raise ValueError(f"make_tensor: {d.name} has no numbers between low and high; got {a} and {b}")
    return min(max(a, least), most + whole), min(max(b, least), most + whole)


def _floats(shape: tuple[int, ...], d: dtype, device: Any, low: float, high: float) -> Tensor:
    if d.is_complex:
        parts = _floats((*shape, 2), _C.float32 if d == _C.complex64 else _C.float64, device, low, high)
        return _C.view_as_complex(parts)
    if d.itemsize == 1:
        return _floats(shape, _C.float32, device, low, high).to(d)
    t = _C.empty(shape, dtype=d, device=device)
    if high - low >= _C._limits(d)[3]:  # uniform_() takes intervals that fit
        return t.uniform_(low / 2, high / 2).mul_(2)
    return t.uniform_(low, high)


@documented()
def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of random elements, uniform from low up to high, high left out.

    shape: Its shape: ints, or one tuple or list.
    low, high: The interval, cut to what the dtype can hold. Without them it is 0 to 2 for bools, 0 to 10 for
    unsigned integers, -9 to 10 for other integers, and -9 to 9 for floats and for the parts of complex
    numbers.
    noncontiguous: True makes a tensor of more than one element that is a view with gaps.
    exclude_zero: True puts 1 in the place of zeros, and for floats the smallest normal number.
    memory_format: As ``clone`` takes it; not together with noncontiguous.
    Returns: A new tensor.
    ValueError: For low that is not below high, NaN, an interval that the dtype does not have,
    requires_grad=True for integers and bools, and noncontiguous together with memory_format.
    TypeError: For a dtype that is none.

    >>> tenon.testing.make_tensor(2, 3, dtype=tenon.int64, device="cpu", low=5, high=6)
    tensor([[5, 5, 5],
            [5, 5, 5]])
    """
    d, sizes = _C.dtype(dtype), shape
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        sizes = tuple(shape[0])
    whole = not (d.is_floating_point or d.is_complex)
    if requires_grad and whole:
        raise ValueError(f"make_tensor: requires_grad=True is for floats and complex numbers; got {d.name}")
    if noncontiguous and memory_format is not None:
        raise ValueError("make_tensor: noncontiguous and memory_format cannot both be given")
    gaps = noncontiguous and math.prod(sizes) > 1
    if gaps:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    if whole:
        _, _, least, most = (0, 0, 0, 1) if d == _C.bool else _C._limits(d)
        usual = (0, 2) if d == _C.bool else (max(-9, least), 10)
        a, b = _bounds(d, low, high, least, most, usual)
        t = _C.randint(math.ceil(a), math.ceil(b), sizes, dtype=d, device=device)
    else:
        limits = _C._limits(d)
        t = _floats(sizes, d, device, *_bounds(d, low, high, limits[2], limits[3], (-9, 9)))
    if gaps:
        t = t[..., 1::2]
    elif memory_format is not None:
        t = t.clone(memory_format=memory_format)
    if exclude_zero:
        number = 1 if whole else _C._limits(d)[5]
        small = not whole and d.itemsize == 1  # float8, which has no comparisons
        t = t.float().masked_fill(t.float() == 0, number).to(d) if small else t.masked_fill_(t == 0, number)
    return t.requires_grad_() if requires_grad else t
