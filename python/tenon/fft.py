"""Fourier transforms under PyTorch's names, with gradients of any order.

NumPy computes them, on the tensors' own memory. float32 gives complex64, float64 complex128, integers and
bools what the default dtype gives.
"""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._fft import (
    FROM_REAL,
    axis_from_start,
    declares,
    frequencies,
    integer,
    integers,
    kind_of,
    shifted,
    sizes_and_axes,
    transform,
    written,
)
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn",
    "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2",
    "rfftfreq", "rfftn",
]  # fmt: skip


_TRANSFORM = """
n: The length of the transform: the input is cut or padded with zeros; None for its own.
dim: The dimension, an int; negative ones count from the end.
IndexError: For a dimension that is not there.
ValueError: For a length below 1, another norm, and an out of another shape or that is read-only.
RuntimeError: For out where a gradient is recorded.
"""
_SEVERAL = """
s: The lengths along dim: the input is cut or padded with zeros; None, or -1 in a place, for its own.
dim: The dimensions, an int or ints; None for all, or for as many of the last as s has.
ValueError: For a length below 1, another norm, a dimension that stands twice, other numbers of sizes and
dimensions, none where there must be one, and an out that does not fit.
"""
_SHIFT = """
dim: An int or ints; None for all.
Returns: A new tensor.
IndexError: For a dimension that is not there.
ValueError: For a dimension that stands twice.
"""
_FREQUENCIES = """
n: The length of the transform.
d: The distance of samples.
layout: Only None.
Returns: A new tensor of the default float unless dtype is given, or out.
ValueError: For a negative n, and for an out of another shape or that is read-only.
TypeError: For an n that is no int and a dtype that is none.
RuntimeError: For out where a gradient is recorded, and where there is no such device.
"""


_transform = declares(_TRANSFORM, _SEVERAL, "half precision and float8")


def _ready(op: str, kind: str, input: Any) -> Tensor:
    """The elements in the dtype that NumPy computes in."""
    t = _C._ingest(input, op, None, None, None)
    d = t.dtype
    if d.is_complex:
        if kind in FROM_REAL:
            raise TypeError(f"{op}: takes real elements; got {d.name}")
        return t
    if not d.is_floating_point:
        d = _C.get_default_dtype()
    if d not in (_C.float32, _C.float64):
        raise TypeError(f"{op}: {d.name} has no complex numbers of its precision; use .float()")
    wanted = d if kind in FROM_REAL else _C.promote_types(d, _C.complex64)
    return t if t.dtype == wanted else t.to(wanted)


def _one(op: str, input: Any, n: Any, dim: Any, norm: Any, out: Any) -> Tensor:
    kind, op = op, f"fft.{op}"
    t = _ready(op, kind, input)
    place = axis_from_start(op, integer(op, "dim", dim), t.ndim)
    return transform(op, kind, t, [None if n is None else integer(op, "n", n)], [place], norm, out)


def _once(op: str, places: list[int], given: Any) -> list[int]:
    if len(set(places)) != len(places):
        raise ValueError(f"{op}: a dimension stands twice in dim; got {given}")
    return places


def _many(op: str, input: Any, s: Any, dim: Any, norm: Any, out: Any) -> Tensor:
    kind, op = kind_of(op), f"fft.{op}"
    t = _ready(op, kind, input)
    sizes, places = sizes_and_axes(op, kind, t, s, dim, "dim")
    own = [None if n == -1 else n for n in sizes]
    return transform(op, kind, t, own, _once(op, places, dim), norm, out)


@_transform
def fft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform along a dimension, of n elements.

    >>> tenon.fft.fft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _one("fft", input, n, dim, norm, out)


@_transform
def ifft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``fft``.

    >>> tenon.fft.ifft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _one("ifft", input, n, dim, norm, out)


@_transform
def rfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform of real elements: its first half.

    >>> tenon.fft.rfft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _one("rfft", input, n, dim, norm, out)


@_transform
def irfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``rfft``; n is the number of real elements, an even one by default.

    >>> tenon.fft.irfft(tenon.tensor([4.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    return _one("irfft", input, n, dim, norm, out)


@_transform
def hfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform, real, of elements with Hermitian symmetry.

    >>> tenon.fft.hfft(tenon.tensor([1.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    return _one("hfft", input, n, dim, norm, out)


@_transform
def ihfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``hfft``, of real elements: its first half.

    >>> tenon.fft.ihfft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.-0.j, 1.-0.j, 1.-0.j])
    """
    return _one("ihfft", input, n, dim, norm, out)


@_transform
def fft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform along two dimensions, of sizes s.

    >>> tenon.fft.fft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("fft2", input, s, dim, norm, out)


@_transform
def ifft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``fft2``.

    >>> tenon.fft.ifft2(tenon.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("ifft2", input, s, dim, norm, out)


@_transform
def rfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform of real elements along two dimensions: half of the last.

    >>> tenon.fft.rfft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("rfft2", input, s, dim, norm, out)


@_transform
def irfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``rfft2``.

    >>> tenon.fft.irfft2(tenon.ones(2, 2))
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _many("irfft2", input, s, dim, norm, out)


@_transform
def hfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The transform along two dimensions, real, of elements with Hermitian symmetry.

    >>> tenon.fft.hfft2(tenon.ones(2, 2))
    tensor([[4., 0.],
            [0., 0.]])
    """
    return _many("hfft2", input, s, dim, norm, out)


@_transform
def ihfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``hfft2``, of real elements: half of the last.

    >>> tenon.fft.ihfft2(tenon.ones(2, 4)).shape
    (2, 3)
    """
    return _many("ihfft2", input, s, dim, norm, out)


@_transform
def fftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform along several dimensions (all by default), of sizes s.

    >>> tenon.fft.fftn(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("fftn", input, s, dim, norm, out)


@_transform
def ifftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``fftn``.

    >>> tenon.fft.ifftn(tenon.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("ifftn", input, s, dim, norm, out)


@_transform
def rfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform of real elements along several dimensions: half of the last.

    >>> tenon.fft.rfftn(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("rfftn", input, s, dim, norm, out)


@_transform
def irfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``rfftn``.

    >>> tenon.fft.irfftn(tenon.ones(2, 2))
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _many("irfftn", input, s, dim, norm, out)


@_transform
def hfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The transform along several dimensions (all by default), real, of elements with Hermitian symmetry.

    >>> tenon.fft.hfftn(tenon.ones(2, 2))
    tensor([[4., 0.],
            [0., 0.]])
    """
    return _many("hfftn", input, s, dim, norm, out)


@_transform
def ihfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of ``hfftn``, of real elements: half of the last.

    >>> tenon.fft.ihfftn(tenon.ones(2, 4)).shape
    (2, 3)
    """
    return _many("ihfftn", input, s, dim, norm, out)


def _shift(op: str, input: Any, dim: Any, inverse: bool) -> Tensor:
    op = f"fft.{op}"
    t = _C._ingest(input, op, None, None, None)
    places = range(t.ndim) if dim is None else integers(op, "dim", dim)
    return shifted(op, t, _once(op, [axis_from_start(op, axis, t.ndim) for axis in places], dim), inverse)


@_documented(_SHIFT)
def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The elements with the zero frequency moved to the middle.

    >>> tenon.fft.fftshift(tenon.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """
    return _shift("fftshift", input, dim, False)


@_documented(_SHIFT)
def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of ``fftshift``.

    >>> tenon.fft.ifftshift(tenon.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    return _shift("ifftshift", input, dim, True)


def _frequencies(
    op: str, n: Any, d: Any, half: bool, out: Any, dtype: Any, layout: Any, device: Any, requires_grad: bool
) -> Tensor:
    op = f"fft.{op}"
    n = integer(op, "n", n)
    if n < 0:
        raise ValueError(f"{op}: n is a number of elements; got {n}")
    if layout is not None:
        raise TypeError(f"{op}: tenon has one layout, strided; leave layout out")
    wanted = _C.get_default_dtype() if dtype is None else _C.dtype(dtype)
    t = written(op, frequencies(n, d, half, device).to(wanted), out)
    return t.requires_grad_() if requires_grad else t


@_documented(_FREQUENCIES)
def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of ``fft``'s elements for samples at distance d: 0, 1, ..., -1, each / (n d).

    >>> tenon.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return _frequencies("fftfreq", n, d, False, out, dtype, layout, device, requires_grad)


@_documented(_FREQUENCIES)
def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of ``rfft``'s elements for samples at distance d: 0, 1, ..., n // 2, each / (n d).

    >>> tenon.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies("rfftfreq", n, d, True, out, dtype, layout, device, requires_grad)


_guide(__name__)
