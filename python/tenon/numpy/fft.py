"""numpy.fft on zero-copy views of tensors on the CPU; not differentiable."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tenon import _C
from tenon._docstrings import documented
from tenon._names import guide as _guide
from tenon.numpy._support import BY_NUMPY, by_numpy

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


_TRANSFORM = """
n: The length of the transform: the input is cut or padded with zeros; None for its own.
IndexError: For an axis that is not there.
ValueError: For a size below 1 and another norm.
"""


def _transform(result: str = "complex", refused: str = "") -> Callable[[Callable[..., Any]], Any]:
    """Declares a transform of NumPy's by its first line and its example."""
    compose = documented(
        _TRANSFORM,
        f"Returns: A new {result} tensor, by NumPy.\n"
        f"TypeError: For {refused}tensors that require grad or are on a device.",
    )
    return lambda f: by_numpy("fft")(compose(f))


_REAL_ONLY = "complex elements and for "


@_transform()
def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The discrete Fourier transform along an axis, of n elements.

    >>> tenon.numpy.fft.fft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """


@_transform()
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The inverse of ``fft``.

    >>> tenon.numpy.fft.ifft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """


@_transform(refused=_REAL_ONLY)
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The discrete Fourier transform of real elements: its first half.

    >>> tenon.numpy.fft.rfft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j])
    """


@_transform("real")
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The inverse of ``rfft``; n is the number of real elements.

    >>> tenon.numpy.fft.irfft(tenon.tensor([4.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """


@_transform("real")
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The discrete Fourier transform, real, of elements with Hermitian symmetry.

    >>> tenon.numpy.fft.hfft(tenon.tensor([1.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """


@_transform(refused=_REAL_ONLY)
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """The inverse of ``hfft``.

    >>> tenon.numpy.fft.ihfft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.-0.j, 1.-0.j, 1.-0.j])
    """


@_transform()
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """The discrete Fourier transform along two axes, of sizes s.

    >>> tenon.numpy.fft.fft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """


@_transform()
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of ``fft2``.

    >>> tenon.numpy.fft.ifft2(tenon.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """


@_transform(refused=_REAL_ONLY)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """The discrete Fourier transform of real elements along two axes: half of the last.

    >>> tenon.numpy.fft.rfft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """


@_transform("real")
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of ``rfft2``.

    >>> tenon.numpy.fft.irfft2(tenon.ones(2, 2))
    tensor([[1., 0.],
            [0., 0.]])
    """


@_transform()
def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """The discrete Fourier transform along several axes (all by default), of sizes s.

    Returns: A new complex tensor, by NumPy; the input as it is where there is no axis.

    >>> tenon.numpy.fft.fftn(tenon.ones(2, 2, 2)).flatten()[:2]
    tensor([8.+0.j, 0.+0.j])
    """


@_transform()
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """The inverse of ``fftn``.

    Returns: A new complex tensor, by NumPy; the input as it is where there is no axis.

    >>> tenon.numpy.fft.ifftn(tenon.ones(2, 2, 2)).flatten()[:2]
    tensor([1.+0.j, 0.+0.j])
    """


@_transform(refused=_REAL_ONLY)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """The discrete Fourier transform of real elements along several axes: half of the last.

    >>> tenon.numpy.fft.rfftn(tenon.ones(2, 2, 2)).shape
    (2, 2, 2)
    """


@_transform("real")
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """The inverse of ``rfftn``.

    >>> tenon.numpy.fft.irfftn(tenon.ones(2, 2, 2)).shape
    (2, 2, 2)
    """


@by_numpy("fft")
@documented(BY_NUMPY)
def fftshift(x: Any, axes: Any = None) -> Any:
    """The elements with the zero frequency moved to the middle.

    IndexError: For an axis that is not there.
    ValueError: For a tensor without dimensions.

    >>> tenon.numpy.fft.fftshift(tenon.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """


@by_numpy("fft")
@documented(BY_NUMPY)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of ``fftshift``.

    IndexError: For an axis that is not there.
    ValueError: For a tensor without dimensions.

    >>> tenon.numpy.fft.ifftshift(tenon.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """


def _count(n: Any, op: str) -> int:
    n = operator.index(n)
    if n < 1:
        raise ValueError(f"{op}: the number of samples must be positive; got {n}")
    return n


def _over(counts: Any, n: int, d: float, dtype: Any) -> Any:
    return (counts / (n * d)).to(_C.get_default_dtype() if dtype is None else _C.dtype(dtype))


@documented()
def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``fft``'s elements for samples at distance d: 0, 1, ..., -1, each / (n d).

    n: The length of the transform.
    d: The distance of samples.
    Returns: A new tensor of the default float unless dtype is given.
    ValueError: For n below 1.
    TypeError: For an n that is no int and for what is no dtype.

    >>> tenon.numpy.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    n = _count(n, "fftfreq")
    counts = _C.arange(n, dtype=_C.float64, device=device)
    return _over(_C.where(counts < (n + 1) // 2, counts, counts - n), n, d, dtype)


@documented()
def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``rfft``'s elements for samples at distance d: 0, 1, ..., n // 2, each / (n d).

    n: The length of the transform.
    d: The distance of samples.
    Returns: A new tensor of the default float unless dtype is given.
    ValueError: For n below 1.
    TypeError: For an n that is no int and for what is no dtype.

    >>> tenon.numpy.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    n = _count(n, "rfftfreq")
    return _over(_C.arange(n // 2 + 1, dtype=_C.float64, device=device), n, d, dtype)


_guide(__name__)
