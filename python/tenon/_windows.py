"""The windows of spectral analysis under PyTorch's top-level names; tenon.signal.windows has its forms here.

They are computed in float64 and rounded once.
"""

from __future__ import annotations

import math
import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

WINDOW = """
window_length: The number of elements.
periodic: True makes one period of a periodic window, for spectra; False a symmetric one, for filters.
layout, pin_memory: Taken for PyTorch's sake; they change nothing.
Returns: A new tensor with one dimension, of the default float unless dtype is given.
ValueError: For a negative window_length.
TypeError: For a window_length that is no int, and for a dtype that is not floating.
RuntimeError: Where there is no such device.
"""


def made(
    op: str,
    length: Any,
    periodic: Any,
    form: Callable[[Tensor, float], Tensor],
    dtype: Any,
    device: Any,
    requires_grad: bool,
    alone: bool = True,
) -> Tensor:
    """A window. form: its values at n = 0, 1, ... of a period (or, a symmetric one, an extent) of N.

    alone: whether a single element is 1, whatever the form.
    """
    try:
        n = operator.index(length)
    except TypeError:
        raise TypeError(f"{op}: the length must be an int; got {length!r}") from None
    if n < 0:
        raise ValueError(f"{op}: the length must not be negative; got {n}")
    d = _C.get_default_dtype() if dtype is None else _C.dtype(dtype)
    if not d.is_floating_point:
        raise TypeError(f"{op}: a window has a floating dtype; got {d.name}")
    places = _C.arange(n, dtype=_C.float64, device=device)
    if n > 1 or (n == 1 and not alone):
        window = form(places, n if periodic and n > 1 else n - 1)
    else:
        window = _C.ones_like(places)
    return window.to(d).requires_grad_(requires_grad)


def cosines(a: Sequence[float]) -> Callable[[Tensor, float], Tensor]:
    """a[0] - a[1] cos(2 pi n / N) + a[2] cos(4 pi n / N) - ..."""

    def form(n: Tensor, period: float) -> Tensor:
        terms = [(-1) ** i * c * (n * (2 * math.pi * i / period)).cos() for i, c in enumerate(a)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    return form


def triangle(n: Tensor, period: float) -> Tensor:
    """From 0 to 1 and back."""
    return 1 - (2 * n / period - 1).abs()


def constant(op: str, name: str, value: Any) -> float:
    """A number whose history would be lost: an error for a tensor that requires grad."""
    if isinstance(value, Tensor) and value.requires_grad:
        raise RuntimeError(f"{op}: {name} is a constant, and no gradient reaches it; use .detach()")
    return float(value)


def bessel(beta: float) -> Callable[[Tensor, float], Tensor]:
    """Kaiser's window: I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta)."""

    def form(n: Tensor, period: float) -> Tensor:
        root = (1 - (2 * n / period - 1).square()).clip(min=0).sqrt()
        # Scaled, since I0 overflows for beta above 713.
        size = abs(beta)
        return _C.i0e(size * root) / _C.i0e(_C.full_like(n, size)) * (size * (root - 1)).exp()

    return form


@documented(WINDOW)
def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Bartlett's window, a triangle.

    >>> tenon.bartlett_window(5, periodic=False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return made("bartlett_window", window_length, periodic, triangle, dtype, device, requires_grad)


@documented(WINDOW)
def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Blackman's window: ``0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)``.

    >>> tenon.blackman_window(4)
    tensor([-1.3878e-17,  3.4000e-01,  1.0000e+00,  3.4000e-01])
    """
    form = cosines((0.42, 0.5, 0.08))
    return made("blackman_window", window_length, periodic, form, dtype, device, requires_grad)


@documented(WINDOW)
def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Hamming's window: ``alpha - beta cos(2 pi n / N)``.

    alpha, beta: The coefficients.

    >>> tenon.hamming_window(5, periodic=False)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    form = cosines((alpha, beta))
    return made("hamming_window", window_length, periodic, form, dtype, device, requires_grad)


@documented(WINDOW)
def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Hann's window: ``0.5 - 0.5 cos(2 pi n / N)``.

    >>> tenon.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return made("hann_window", window_length, periodic, cosines((0.5, 0.5)), dtype, device, requires_grad)


@documented(WINDOW)
def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Kaiser's window: ``I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta)``.

    beta: How narrow it is; 0 is a rectangle.
    RuntimeError: For a beta that requires grad, and where there is no such device.

    >>> tenon.kaiser_window(5, periodic=False, beta=3.0)
    tensor([0.2049, 0.7269, 1.0000, 0.7269, 0.2049])
    """
    form = bessel(constant("kaiser_window", "beta", beta))
    return made("kaiser_window", window_length, periodic, form, dtype, device, requires_grad)
