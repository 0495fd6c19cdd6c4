"""numpy.fft on zero-copy views of tensors on the CPU; not differentiable."""

from __future__ import annotations

import operator
from typing import Any

from tenon import _C
from tenon.numpy._support import by_numpy

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

Norm = str | None
Sizes = Any


@by_numpy("fft")
def fft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform along an axis, of n elements.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of ``fft``.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform of real elements: its first half.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for complex elements and for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of ``rfft``; n is the number of real elements.

    A new real tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1 and
    another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform, real, of elements with Hermitian symmetry.

    A new real tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1 and
    another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of ``hfft``.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for complex elements and for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def fft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The discrete Fourier transform along two axes, of sizes s.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def ifft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The inverse of ``fft2``.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def rfft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The discrete Fourier transform of real elements along two axes: half of the last.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for complex elements and for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def irfft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The inverse of ``rfft2``.

    A new real tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1 and
    another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def fftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The discrete Fourier transform along several axes (all by default), of sizes s.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def ifftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of ``fftn``.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def rfftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The discrete Fourier transform of real elements along several axes: half of the last.

    A new complex tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1
    and another norm, TypeError for complex elements and for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def irfftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of ``rfftn``.

    A new real tensor, by NumPy. IndexError for an axis that is not there, ValueError for a size below 1 and
    another norm, TypeError for tensors that require grad or are on a device.
    """


@by_numpy("fft")
def fftshift(x: Any, axes: Any = None) -> Any:
    """The elements with the zero frequency moved to the middle.

    A new tensor, by NumPy. IndexError for an axis that is not there, TypeError for tensors that require grad
    or are on a device.
    """


@by_numpy("fft")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of ``fftshift``.

    A new tensor, by NumPy. IndexError for an axis that is not there, TypeError for tensors that require grad
    or are on a device.
    """


def _count(n: Any, op: str) -> int:
    n = operator.index(n)
    if n < 1:
        raise ValueError(f"{op}: the number of samples must be positive; got {n}")
    return n


def _over(counts: Any, n: int, d: float, dtype: Any) -> Any:
    return (counts / (n * d)).to(_C.get_default_dtype() if dtype is None else _C.dtype(dtype))


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``fft``'s elements for samples at distance d: 0, 1, ..., -1, each / (n d).

    A new tensor of the default float unless dtype is given. ValueError for n below 1, TypeError for an n
    that is no int and for what is no dtype.
    """
    n = _count(n, "fftfreq")
    counts = _C.arange(n, dtype=_C.float64, device=device)
    return _over(_C.where(counts < (n + 1) // 2, counts, counts - n), n, d, dtype)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``rfft``'s elements for samples at distance d: 0, 1, ..., n // 2, each / (n d).

    A new tensor of the default float unless dtype is given. ValueError for n below 1, TypeError for an n
    that is no int and for what is no dtype.
    """
    n = _count(n, "rfftfreq")
    return _over(_C.arange(n // 2 + 1, dtype=_C.float64, device=device), n, d, dtype)
