"""Training in half precision, under PyTorch's names: autocast and GradScaler.

On the CPU a product of float16 or bfloat16 takes longer than one of float32, since its operands are converted
on the way: autocast saves memory there, not time.
"""

from __future__ import annotations

from tenon._autocast import autocast as autocast
from tenon._autocast import custom_bwd as custom_bwd
from tenon._autocast import custom_fwd as custom_fwd
from tenon._autocast import is_autocast_available as is_autocast_available
from tenon._names import guide as _guide
from tenon.amp.grad_scaler import GradScaler as GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_guide(__name__)
