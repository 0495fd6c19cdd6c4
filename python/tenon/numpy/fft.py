"""numpy.fft on zero-copy views of tensors on the CPU; not differentiable."""

from __future__ import annotations

from tenon.numpy._support import through_numpy

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

_PATH = ("fft",)
fft = through_numpy("fft", _PATH)
fft2 = through_numpy("fft2", _PATH)
fftfreq = through_numpy("fftfreq", _PATH)
fftn = through_numpy("fftn", _PATH)
fftshift = through_numpy("fftshift", _PATH)
hfft = through_numpy("hfft", _PATH)
ifft = through_numpy("ifft", _PATH)
ifft2 = through_numpy("ifft2", _PATH)
ifftn = through_numpy("ifftn", _PATH)
ifftshift = through_numpy("ifftshift", _PATH)
ihfft = through_numpy("ihfft", _PATH)
irfft = through_numpy("irfft", _PATH)
irfft2 = through_numpy("irfft2", _PATH)
irfftn = through_numpy("irfftn", _PATH)
rfft = through_numpy("rfft", _PATH)
rfft2 = through_numpy("rfft2", _PATH)
rfftfreq = through_numpy("rfftfreq", _PATH)
rfftn = through_numpy("rfftn", _PATH)
