"""numpy.fft on zero-copy views of tensors on the CPU; not differentiable."""

from __future__ import annotations

from tenon.numpy._support import through_numpy

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

for _name in __all__:
    globals()[_name] = through_numpy(_name, ("fft",))
