"""Windows of signals under PyTorch's names: symmetric ones unless sym=False makes them periodic."""

from __future__ import annotations

import math

from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide
from tenon._windows import bessel as _bessel
from tenon._windows import constant as _constant
from tenon._windows import cosines as _cosines
from tenon._windows import made as _made
from tenon._windows import triangle as _triangle

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = [
    "bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming",
    "hamming", "hann", "kaiser", "nuttall",
]  # fmt: skip

_WINDOW = """
M: The number of elements.
sym: True makes a symmetric window, for filters; False one period of a periodic window, for spectra.
layout: Taken for PyTorch's sake; it changes nothing.
Returns: A new tensor with one dimension, of the default float unless dtype is given.
ValueError: For a negative M.
TypeError: For an M that is no int, and for a dtype that is not floating.
RuntimeError: Where there is no such device.
"""


def _window(
    name: str, M: Any, sym: bool, form: Callable[[Tensor, float], Tensor], dtype: Any, device: Any, grad: bool
) -> Tensor:
    return _made(f"signal.windows.{name}", M, not sym, form, dtype, device, grad)


@_documented(_WINDOW)
def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Bartlett's window, a triangle.

    >>> tenon.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("bartlett", M, sym, _triangle, dtype, device, requires_grad)


@_documented(_WINDOW)
def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Blackman's window: ``0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1))``.

    >>> tenon.signal.windows.blackman(5)
    tensor([-1.3878e-17,  3.4000e-01,  1.0000e+00,  3.4000e-01, -1.3878e-17])
    """
    return _window("blackman", M, sym, _cosines((0.42, 0.5, 0.08)), dtype, device, requires_grad)


@_documented(_WINDOW)
def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Half a period of a sine: ``sin(pi (n + 0.5) / M)``.

    >>> tenon.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """

    def form(n: Tensor, period: float) -> Tensor:
        return ((n + 0.5) * (math.pi / (period + 1))).sin()

    return _window("cosine", M, sym, form, dtype, device, requires_grad)


@_documented(_WINDOW)
def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Poisson's window: ``exp(-|n - center| / tau)``.

    center: Where it is 1; None for the middle. Only with sym=False.
    tau: The distance over which it falls by e.
    ValueError: For a negative M, a tau that is not positive, and a center with sym=True.

    >>> tenon.signal.windows.exponential(3, tau=2.0)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if tau <= 0:
        raise ValueError(f"signal.windows.exponential: tau must be positive; got {tau}")
    if sym and center is not None:
        raise ValueError("signal.windows.exponential: a center can be given only with sym=False")

    def form(n: Tensor, period: float) -> Tensor:
        return (-(n - (period / 2 if center is None else center)).abs() / tau).exp()

    return _made("signal.windows.exponential", M, not sym, form, dtype, device, requires_grad, alone=False)


@_documented(_WINDOW)
def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A normal density's form: ``exp(-(n - (M - 1) / 2)^2 / (2 std^2))``.

    std: The standard deviation, in elements.
    ValueError: For a negative M and a std that is not positive.

    >>> tenon.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise ValueError(f"signal.windows.gaussian: std must be positive; got {std}")

    def form(n: Tensor, period: float) -> Tensor:
        return (-((n - period / 2) / std).square() / 2).exp()

    return _window("gaussian", M, sym, form, dtype, device, requires_grad)


@_documented(_WINDOW)
def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A sum of cosines: ``a[0] - a[1] cos(2 pi n / (M - 1)) + a[2] cos(4 pi n / (M - 1)) - ...``.

    a: The coefficients.
    ValueError: For a negative M and for no coefficients.
    TypeError: For an M that is no int, a dtype that is not floating, and an a that is no iterable.

    >>> tenon.signal.windows.general_cosine(4, a=[0.5, 0.5])
    tensor([0.0000, 0.7500, 0.7500, 0.0000])
    """
    if not hasattr(a, "__iter__"):
        raise TypeError(f"signal.windows.general_cosine: a must be an iterable of numbers; got {a!r}")
    weights = tuple(a)
    if not weights:
        raise ValueError("signal.windows.general_cosine: a must have a coefficient; got none")
    return _window("general_cosine", M, sym, _cosines(weights), dtype, device, requires_grad)


@_documented(_WINDOW)
def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Hamming's window with another weight: ``alpha - (1 - alpha) cos(2 pi n / (M - 1))``.

    alpha: The weight.

    >>> tenon.signal.windows.general_hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return _window("general_hamming", M, sym, _cosines((alpha, 1 - alpha)), dtype, device, requires_grad)


@_documented(_WINDOW)
def hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Hamming's window: ``0.54 - 0.46 cos(2 pi n / (M - 1))``.

    >>> tenon.signal.windows.hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return _window("hamming", M, sym, _cosines((0.54, 0.46)), dtype, device, requires_grad)


@_documented(_WINDOW)
def hann(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Hann's window: ``0.5 - 0.5 cos(2 pi n / (M - 1))``.

    >>> tenon.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("hann", M, sym, _cosines((0.5, 0.5)), dtype, device, requires_grad)


@_documented(_WINDOW)
def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Kaiser's window: ``I0(beta sqrt(1 - (2 n / (M - 1) - 1)^2)) / I0(beta)``.

    beta: How narrow it is; 0 is a rectangle.
    ValueError: For a negative M and a negative beta.
    RuntimeError: For a beta that requires grad, and where there is no such device.

    >>> tenon.signal.windows.kaiser(5, beta=3.0)
    tensor([0.2049, 0.7269, 1.0000, 0.7269, 0.2049])
    """
    if beta < 0:
        raise ValueError(f"signal.windows.kaiser: beta must not be negative; got {beta}")
    return _window(
        "kaiser",
        M,
        sym,
        _bessel(_constant("signal.windows.kaiser", "beta", beta)),
        dtype,
        device,
        requires_grad,
    )


@_documented(_WINDOW)
def nuttall(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The minimal four-term Blackman-Harris window, after Nuttall.

    >>> tenon.signal.windows.nuttall(5)
    tensor([3.6280e-04, 2.2698e-01, 1.0000e+00, 2.2698e-01, 3.6280e-04])
    """
    return _window(
        "nuttall",
        M,
        sym,
        _cosines((0.3635819, 0.4891775, 0.1365995, 0.0106411)),
        dtype,
        device,
        requires_grad,
    )


_guide(__name__)
