"""The short-time Fourier transform and its inverse: windows of a signal, transformed one by one."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

_ARGUMENTS = """
n_fft: The length of a transform.
hop_length: The distance from window to window; None for ``n_fft // 4``.
win_length: The length of the window, n_fft at most; None for n_fft. Zeros are put on both sides of it.
window: A tensor with win_length elements; None for ones.
normalized: Whether the transforms are divided by the root of n_fft.
"""


class _Frames:
    """The sizes of a transform, and its window filled up to n_fft elements."""

    def __init__(self, op: str, like: Tensor, n_fft: Any, hop: Any, win_length: Any, window: Any) -> None:
        self.op = op
        self.n_fft = self._whole("n_fft", n_fft, None)
        self.hop = self._whole("hop_length", hop, self.n_fft // 4)
        length = self._whole("win_length", win_length, self.n_fft)
        if length > self.n_fft:
            raise ValueError(f"{op}: win_length must be n_fft at most; got {length} and {self.n_fft}")
        self.length = length
        if window is None:
            real = _C.float64 if like.dtype in (_C.float64, _C.complex128) else _C.float32
            self.window = _C.ones(length, dtype=real, device=like.device)
        else:
            self.window = _C._ingest(window, op, None, None, None)
            if self.window.shape != (length,):
                raise ValueError(
                    f"{op}: the window must have {length} elements in one dimension; "
                    f"got shape {tuple(self.window.shape)}"
                )
        if length < self.n_fft:
            left = (self.n_fft - length) // 2
            self.window = _padded(self.window, left, self.n_fft - length - left)

    def _whole(self, name: str, value: Any, otherwise: int | None) -> int:
        if value is None and otherwise is not None:
            value = otherwise
        try:
            n = operator.index(value)
        except TypeError:
            raise TypeError(f"{self.op}: {name} must be an int; got {value!r}") from None
        if n < 1:
            raise ValueError(f"{self.op}: {name} must be positive; got {n}")
        return n


def _padded(t: Tensor, left: int, right: int, mode: str = "constant") -> Tensor:
    """The last dimension with elements put before and after."""
    from tenon.nn import functional as F

    if mode == "constant":
        return F.pad(t, [left, right])
    shape = t.shape[:-1]
    rows = F.pad(t.reshape(1, -1, t.shape[-1]), [left, right], mode)
    return rows.reshape(*shape, rows.shape[-1])


@documented(_ARGUMENTS)
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The short-time Fourier transform: the transforms of windows of a signal.

    NumPy computes it; its gradients are of any order.

    input: The signal, of shape (L) or (B, L): floats or complex numbers of single or double precision.
    center: Whether the signal is padded by ``n_fft // 2`` on both sides, so that window t has its middle at
    ``t * hop_length``.
    pad_mode: How, as ``nn.functional.pad`` takes it.
    onesided: Whether only the first half of the frequencies is returned; None for real signals and windows.
    return_complex: False returns the real and imaginary parts in a last dimension of size 2. It must be given
    for real signals and windows.
    align_to_window: Only with center=False. True lets the window, not the transform, begin with the signal.
    Returns: A new tensor of shape (N, T) or (B, N, T) for N frequencies and T windows.
    ValueError: For sizes that are not positive, a win_length above n_fft, a window of another length, a
    signal that is shorter than n_fft or its padding, and for return_complex=None where it must be given.
    TypeError: For integers, bools and half precision, and for sizes that are no ints.

    >>> tenon.stft(tenon.ones(8), 4, center=False, return_complex=True).abs()[:, 0]
    tensor([4., 0., 0.])
    """
    x: Tensor = _C._ingest(input, "stft", None, None, None)
    _check_signal("stft", x)
    frames = _Frames("stft", x, n_fft, hop_length, win_length, window)
    n = frames.n_fft
    is_complex = x.dtype.is_complex or frames.window.dtype.is_complex
    if return_complex is None and not is_complex:
        raise ValueError(
            "stft: return_complex must be given for real signals; True returns complex numbers, "
            "False their parts"
        )
    half = not is_complex if onesided is None else bool(onesided)
    if half and is_complex:
        raise ValueError("stft: onesided=True is for real signals and windows; got complex ones")
    if center:
        if align_to_window is not None:
            raise ValueError("stft: align_to_window can be given only with center=False")
        if pad_mode != "constant" and n // 2 >= x.shape[-1] + (pad_mode != "reflect"):
            raise ValueError(
                f"stft: {x.shape[-1]} elements are too few to be padded by {n // 2}; use a smaller n_fft"
            )
        x = _padded(x, n // 2, n // 2, pad_mode)
    elif align_to_window and frames.length < n:
        left = (n - frames.length) // 2
        x = _padded(x, left, n - frames.length - left)
    if x.shape[-1] < n:
        raise ValueError(f"stft: the signal must have n_fft = {n} elements at least; got {x.shape[-1]}")
    from tenon import fft

    windows = x.unfold(-1, n, frames.hop) * frames.window
    transform = fft.rfft if half else fft.fft
    result = transform(windows, norm="ortho" if normalized else None).mT
    if return_complex is False:
        return _C.view_as_real(result.contiguous())
    return result


def _check_signal(op: str, x: Tensor) -> None:
    if x.ndim not in (1, 2):
        raise ValueError(f"{op}: the signal must have 1 or 2 dimensions; got shape {tuple(x.shape)}")
    if x.dtype not in (_C.float32, _C.float64, _C.complex64, _C.complex128):
        raise TypeError(f"{op}: takes single and double precision; got {x.dtype.name}, use .float()")


def _added(frames: Tensor, hop: int) -> Tensor:
    """Windows of shape (..., T, n) added up where they lie, hop apart."""
    count, n = frames.shape[-2:]
    total = (count - 1) * hop + n
    places = _C.arange(count, device=frames.device)[:, None] * hop + _C.arange(n, device=frames.device)
    zeros = _C.zeros((*frames.shape[:-2], total), dtype=frames.dtype, device=frames.device)
    return _C.index_add(zeros, -1, places.reshape(-1), frames.reshape(*frames.shape[:-2], count * n))


@documented(_ARGUMENTS)
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The inverse of ``stft`` with the same arguments: the signal whose transforms are nearest to input.

    The windows' parts are added up and divided by the sum of the squared windows (D. W. Griffin, J. S. Lim,
    Signal estimation from modified short-time Fourier transform, 1984).

    input: Complex numbers of shape (N, T) or (B, N, T) for N frequencies and T windows.
    center: Whether the signal was padded; the padding is cut off.
    onesided: Whether input has only half of the frequencies; None asks N.
    length: The signal's length, to which it is cut or filled up with zeros. None loses what lies in the last
    padding.
    return_complex: True returns complex numbers; onesided must be False. False takes the first half of the
    frequencies for all, as those of a real signal.
    Returns: A new tensor of shape (L) or (B, L).
    ValueError: For sizes that are not positive, a win_length above n_fft, a hop_length above win_length, a
    window of another length, another number of frequencies, no windows, and for windows whose squares add up
    to 0 somewhere.
    TypeError: For elements that are not complex, and for sizes that are no ints.

    >>> x = tenon.arange(8.0)
    >>> tenon.istft(tenon.stft(x, 4, return_complex=True), 4)
    tensor([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    z: Tensor = _C._ingest(input, "istft", None, None, None)
    if not z.dtype.is_complex:
        raise TypeError(f"istft: takes complex numbers, as stft returns them; got {z.dtype.name}")
    if z.ndim not in (2, 3):
        raise ValueError(f"istft: the input must have 2 or 3 dimensions; got shape {tuple(z.shape)}")
    frames = _Frames("istft", z, n_fft, hop_length, win_length, window)
    n, w = frames.n_fft, frames.window
    half = z.shape[-2] != n if onesided is None else bool(onesided)
    wanted = n // 2 + 1 if half else n
    if z.shape[-2] != wanted or not z.shape[-1]:
        raise ValueError(
            f"istft: n_fft={n} has {wanted} frequencies, and there must be a window; "
            f"got shape {tuple(z.shape)}"
        )
    if frames.hop > frames.length:
        raise ValueError(
            f"istft: hop_length must be win_length at most; got {frames.hop} and {frames.length}"
        )
    if half and return_complex:
        raise ValueError(
            "istft: half of the frequencies give real elements; use onesided=False for complex ones"
        )
    if w.dtype.is_complex and not return_complex:
        raise ValueError("istft: a complex window gives complex elements; use return_complex=True")
    from tenon import fft

    norm = "ortho" if normalized else None
    # Of a real signal the first half says all.
    parts = fft.ifft(z.mT, norm=norm) if return_complex else fft.irfft(z.mT[..., : n // 2 + 1], n, norm=norm)
    signal = _added(parts * w, frames.hop)
    weight = _added((w * w).expand(z.shape[-1], n), frames.hop)
    start = n // 2 if center else 0
    end = signal.shape[-1] - start if length is None else start + frames._whole("length", length, None)
    signal, weight = signal[..., start:end], weight[start:end]
    if weight.numel() and weight.abs().min().item() < 1e-11:
        raise ValueError("istft: the squares of the windows add up to 0 somewhere; use a smaller hop_length")
    signal = signal / weight
    missing = end - start - signal.shape[-1]
    return _padded(signal, 0, missing) if missing > 0 else signal
