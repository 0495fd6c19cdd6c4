"""Signal processing under PyTorch's names: windows."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.signal import windows as windows

__all__ = ["windows"]

_guide(__name__)
