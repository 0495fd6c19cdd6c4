"""numpy.fft on zero-copy views of tensors on the CPU; not differentiable."""

from __future__ import annotations

import operator
from typing import Any

from tenon import _C
from tenon._names import guide as _guide
from tenon.numpy._fft_grids import fft2, fftn, ifft2, ifftn, irfft2, irfftn, rfft2, rfftn
from tenon.numpy._support import by_numpy

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


Norm = str | None


@by_numpy("fft")
def fft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform along an axis, of n elements.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int | None, optional
        The length of the transform: the input is cut or padded with zeros; None for its own.
    axis : int, default -1
        An int, negative ones from the end; several, or None for all, where the function takes them.
    norm : Norm, optional
        What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward';
        None for 'backward'.

    Returns
    -------
    Tensor
        A new complex tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a size below 1 and another norm.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.fft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """


@by_numpy("fft")
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of ``fft``.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int | None, optional
        The length of the transform: the input is cut or padded with zeros; None for its own.
    axis : int, default -1
        An int, negative ones from the end; several, or None for all, where the function takes them.
    norm : Norm, optional
        What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward';
        None for 'backward'.

    Returns
    -------
    Tensor
        A new complex tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a size below 1 and another norm.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.ifft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """


@by_numpy("fft")
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform of real elements: its first half.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int | None, optional
        The length of the transform: the input is cut or padded with zeros; None for its own.
    axis : int, default -1
        An int, negative ones from the end; several, or None for all, where the function takes them.
    norm : Norm, optional
        What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward';
        None for 'backward'.

    Returns
    -------
    Tensor
        A new complex tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a size below 1 and another norm.
    TypeError
        For complex elements and for tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.rfft(tenon.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j])
    """


@by_numpy("fft")
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of ``rfft``; n is the number of real elements.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int | None, optional
        The length of the transform: the input is cut or padded with zeros; None for its own.
    axis : int, default -1
        An int, negative ones from the end; several, or None for all, where the function takes them.
    norm : Norm, optional
        What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward';
        None for 'backward'.

    Returns
    -------
    Tensor
        A new real tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a size below 1 and another norm.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.irfft(tenon.tensor([4.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """


@by_numpy("fft")
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The discrete Fourier transform, real, of elements with Hermitian symmetry.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int | None, optional
        The length of the transform: the input is cut or padded with zeros; None for its own.
    axis : int, default -1
        An int, negative ones from the end; several, or None for all, where the function takes them.
    norm : Norm, optional
        What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward';
        None for 'backward'.

    Returns
    -------
    Tensor
        A new real tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a size below 1 and another norm.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.hfft(tenon.tensor([1.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """


@by_numpy("fft")
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of ``hfft``.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    n : int | None, optional
        The length of the transform: the input is cut or padded with zeros; None for its own.
    axis : int, default -1
        An int, negative ones from the end; several, or None for all, where the function takes them.
    norm : Norm, optional
        What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward';
        None for 'backward'.

    Returns
    -------
    Tensor
        A new complex tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    ValueError
        For a size below 1 and another norm.
    TypeError
        For complex elements and for tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.ihfft(tenon.tensor([4.0, 0.0, 0.0, 0.0]))
    tensor([1.-0.j, 1.-0.j, 1.-0.j])
    """


@by_numpy("fft")
def fftshift(x: Any, axes: Any = None) -> Any:
    """The elements with the zero frequency moved to the middle.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    axes : ints, optional
        The dimensions, each counted from the end where it is negative.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
    >>> tenon.numpy.fft.fftshift(tenon.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """


@by_numpy("fft")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of ``fftshift``.

    Parameters
    ----------
    x : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    axes : ints, optional
        The dimensions, each counted from the end where it is negative.

    Returns
    -------
    Tensor
        A new tensor, by NumPy.

    Raises
    ------
    IndexError
        For an axis that is not there.
    TypeError
        For tensors that require grad or are on a device.

    Examples
    --------
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


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``fft``'s elements for samples at distance d: 0, 1, ..., -1, each / (n d).

    Parameters
    ----------
    n : int
        The length of the transform.
    d : float, default 1.0
        The distance of samples.
    dtype : dtype, optional
        The dtype of the result, by object or name; None for the one that follows from the operands.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor of the default float unless dtype is given.

    Raises
    ------
    ValueError
        For n below 1.
    TypeError
        For an n that is no int and for what is no dtype.

    Examples
    --------
    >>> tenon.numpy.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    n = _count(n, "fftfreq")
    counts = _C.arange(n, dtype=_C.float64, device=device)
    return _over(_C.where(counts < (n + 1) // 2, counts, counts - n), n, d, dtype)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of ``rfft``'s elements for samples at distance d: 0, 1, ..., n // 2, each / (n d).

    Parameters
    ----------
    n : int
        The length of the transform.
    d : float, default 1.0
        The distance of samples.
    dtype : dtype, optional
        The dtype of the result, by object or name; None for the one that follows from the operands.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    Tensor
        A new tensor of the default float unless dtype is given.

    Raises
    ------
    ValueError
        For n below 1.
    TypeError
        For an n that is no int and for what is no dtype.

    Examples
    --------
    >>> tenon.numpy.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    n = _count(n, "rfftfreq")
    return _over(_C.arange(n // 2 + 1, dtype=_C.float64, device=device), n, d, dtype)


_guide(__name__)
