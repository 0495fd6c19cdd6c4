"""Training in half precision, under PyTorch's names: GradScaler.

There is no autocast: on the CPU a product of float16 or bfloat16 takes longer than one of float32, since its
operands are converted on the way. Convert what is to take less memory: ``model.bfloat16()``.
"""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.amp.grad_scaler import GradScaler as GradScaler

__all__ = ["GradScaler"]

_guide(__name__)
