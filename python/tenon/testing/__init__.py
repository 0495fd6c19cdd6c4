"""For tests, under PyTorch's names: comparisons within tolerances, random tensors."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.testing._close import assert_close
from tenon.testing._make import make_tensor

__all__ = ["assert_close", "make_tensor"]

_guide(__name__)
