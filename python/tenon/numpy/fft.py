"""numpy.fft for tensors: NumPy computes it on their own memory, with gradients of any order.

The precision is NumPy's: float32 becomes complex64, float64 and integers complex128; float16 and bfloat16 are
computed as float32.
"""

from __future__ import annotations

from typing import Any

from tenon import _C
from tenon._docstrings import documented
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
)
from tenon._names import guide as _guide
from tenon.numpy._support import cast, tensor

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


_TRANSFORM = """
n: The length of the transform: the input is cut or padded with zeros; None for its own.
IndexError: For an axis that is not there.
ValueError: For a size below 1, another norm, and an out of another shape or that is read-only.
RuntimeError: For out where a gradient is recorded.
"""
_SEVERAL = """
s: The lengths along the axes: the input is cut or padded with zeros; None, or -1 in a place, for its own.
axes: The axes, an int or ints; None for all, or for as many of the last as s has.
ValueError: For a size below 1, another norm, other numbers of sizes and axes, and an out that does not fit.
"""
_FREQUENCIES = """
n: The length of the transform.
d: The distance of samples.
Returns: A new tensor of the default float unless dtype is given.
ValueError: For n below 1.
TypeError: For an n that is no int and for what is no dtype.
"""
_SHIFT = """
axes: An int or ints; None for all.
Returns: A new tensor.
IndexError: For an axis that is not there.
ValueError: For a tensor without dimensions, unless axes is empty.
"""


_transform = declares(_TRANSFORM, _SEVERAL, "float8")


def _ready(op: str, kind: str, a: Any) -> Any:
    """The elements in the dtype that NumPy computes in."""
    t = tensor(a, op)
    d = t.dtype
    if d.is_complex:
        if kind in FROM_REAL:
            raise TypeError(f"{op}: takes real elements; got {d.name}")
        return t
    if d.is_floating_point and d.itemsize == 1:
        raise TypeError(f"{op}: {d.name} is for storage; convert with .to(dtype)")
    wanted = d if d in (_C.float32, _C.float64) else _C.float32 if d.is_floating_point else _C.float64
    return cast(t, wanted if kind in FROM_REAL else _C.promote_types(wanted, _C.complex64))


def _one(op: str, a: Any, n: Any, axis: Any, norm: Any, out: Any) -> Any:
    t = _ready(op, op, a)
    place = axis_from_start(op, integer(op, "axis", axis), t.ndim)
    return transform(op, op, t, [None if n is None else integer(op, "n", n)], [place], norm, out)


def _many(op: str, a: Any, s: Any, axes: Any, norm: Any, out: Any) -> Any:
    kind = kind_of(op)
    t = _ready(op, kind, a)
    sizes, places = sizes_and_axes(op, kind, t, s, axes, "axes")
    own = [t.shape[axis] if n == -1 else n for n, axis in zip(sizes, places, strict=True)]
    return transform(op, kind, t, own, places, norm, out)


@_transform
def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform along an axis, of n elements.

    >>> tenon.numpy.fft.fft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _one("fft", a, n, axis, norm, out)


@_transform
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``fft``.

    >>> tenon.numpy.fft.ifft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _one("ifft", a, n, axis, norm, out)


@_transform
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform of real elements: its first half.

    >>> tenon.numpy.fft.rfft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _one("rfft", a, n, axis, norm, out)


@_transform
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``rfft``; n is the number of real elements.

    >>> tenon.numpy.fft.irfft(tenon.tensor([4.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    return _one("irfft", a, n, axis, norm, out)


@_transform
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform, real, of elements with Hermitian symmetry.

    >>> tenon.numpy.fft.hfft(tenon.tensor([1.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    return _one("hfft", a, n, axis, norm, out)


@_transform
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``hfft``.

    >>> tenon.numpy.fft.ihfft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.-0.j, 1.-0.j, 1.-0.j])
    """
    return _one("ihfft", a, n, axis, norm, out)


@_transform
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform along two axes, of sizes s.

    >>> tenon.numpy.fft.fft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("fft2", a, s, axes, norm, out)


@_transform
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``fft2``.

    >>> tenon.numpy.fft.ifft2(tenon.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("ifft2", a, s, axes, norm, out)


@_transform
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform of real elements along two axes: half of the last.

    >>> tenon.numpy.fft.rfft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return _many("rfft2", a, s, axes, norm, out)


@_transform
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``rfft2``.

    >>> tenon.numpy.fft.irfft2(tenon.ones(2, 2))
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _many("irfft2", a, s, axes, norm, out)


@_transform
def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform along several axes (all by default), of sizes s.

    >>> tenon.numpy.fft.fftn(tenon.ones(2, 2, 2)).flatten()[:2]
    tensor([8.+0.j, 0.+0.j])
    """
    return _many("fftn", a, s, axes, norm, out)


@_transform
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``fftn``.

    >>> tenon.numpy.fft.ifftn(tenon.ones(2, 2, 2)).flatten()[:2]
    tensor([1.+0.j, 0.+0.j])
    """
    return _many("ifftn", a, s, axes, norm, out)


@_transform
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """The discrete Fourier transform of real elements along several axes: half of the last.

    >>> tenon.numpy.fft.rfftn(tenon.ones(2, 2, 2)).shape
    (2, 2, 2)
    """
    return _many("rfftn", a, s, axes, norm, out)


@_transform
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None, out: Any = None) -> Any:
    """The inverse of ``rfftn``.

    >>> tenon.numpy.fft.irfftn(tenon.ones(2, 2, 2)).shape
    (2, 2, 2)
    """
    return _many("irfftn", a, s, axes, norm, out)


def _shift(op: str, x: Any, axes: Any, inverse: bool) -> Any:
    t = tensor(x, op)
    if axes is None and t.ndim == 0:
        raise ValueError(f"{op}: a tensor without dimensions has nothing to shift")
    places = range(t.ndim) if axes is None else integers(op, "axes", axes)
    return shifted(op, t, [axis_from_start(op, axis, t.ndim) for axis in places], inverse)


@documented(_SHIFT)
def fftshift(x: Any, axes: Any = None) -> Any:
    """The elements with the zero frequency moved to the middle.

    >>> tenon.numpy.fft.fftshift(tenon.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """
    return _shift("fftshift", x, axes, False)


@documented(_SHIFT)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of ``fftshift``.

    >>> tenon.numpy.fft.ifftshift(tenon.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    return _shift("ifftshift", x, axes, True)


def _count(n: Any, op: str) -> int:
    n = integer(op, "n", n)
    if n < 1:
        raise ValueError(f"{op}: the number of samples must be positive; got {n}")
    return n


def _default(dtype: Any) -> Any:
    return _C.get_default_dtype() if dtype is None else _C.dtype(dtype)


@documented(_FREQUENCIES)
def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``fft``'s elements for samples at distance d: 0, 1, ..., -1, each / (n d).

    >>> tenon.numpy.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return frequencies(_count(n, "fftfreq"), d, False, device).to(_default(dtype))


@documented(_FREQUENCIES)
def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``rfft``'s elements for samples at distance d: 0, 1, ..., n // 2, each / (n d).

    >>> tenon.numpy.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return frequencies(_count(n, "rfftfreq"), d, True, device).to(_default(dtype))


_guide(__name__)
