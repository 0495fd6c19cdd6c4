"""numpy.fft over several axes: by NumPy on views, without a gradient."""

from __future__ import annotations

from typing import Any

from tenon.numpy._support import by_numpy

__all__ = ["fft2", "fftn", "ifft2", "ifftn", "irfft2", "irfftn", "rfft2", "rfftn"]

Norm = str | None
Sizes = Any


@by_numpy("fft")
def fft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The discrete Fourier transform along two axes, of sizes s.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, default (-2, -1)
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.fft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """


@by_numpy("fft")
def ifft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The inverse of ``fft2``.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, default (-2, -1)
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.ifft2(tenon.ones(2, 2))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """


@by_numpy("fft")
def rfft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The discrete Fourier transform of real elements along two axes: half of the last.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, default (-2, -1)
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.rfft2(tenon.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """


@by_numpy("fft")
def irfft2(a: Any, s: Sizes = None, axes: Any = (-2, -1), norm: Norm = None) -> Any:
    """The inverse of ``rfft2``.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, default (-2, -1)
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.irfft2(tenon.ones(2, 2))
    tensor([[1., 0.],
            [0., 0.]])
    """


@by_numpy("fft")
def fftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The discrete Fourier transform along several axes (all by default), of sizes s.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, optional
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.fftn(tenon.ones(2, 2, 2)).flatten()[:2]
    tensor([8.+0.j, 0.+0.j])
    """


@by_numpy("fft")
def ifftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of ``fftn``.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, optional
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.ifftn(tenon.ones(2, 2, 2)).flatten()[:2]
    tensor([1.+0.j, 0.+0.j])
    """


@by_numpy("fft")
def rfftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The discrete Fourier transform of real elements along several axes: half of the last.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, optional
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.rfftn(tenon.ones(2, 2, 2)).shape
    (2, 2, 2)
    """


@by_numpy("fft")
def irfftn(a: Any, s: Sizes = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of ``rfftn``.

    Parameters
    ----------
    a : array_like
        A tensor of any shape, or anything that tenon.asarray takes.
    s : Sizes, optional
        The lengths along the axes: the input is cut or padded with zeros; None for its own.
    axes : ints, optional
        The dimensions, each counted from the end where it is negative.
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
    >>> tenon.numpy.fft.irfftn(tenon.ones(2, 2, 2)).shape
    (2, 2, 2)
    """
