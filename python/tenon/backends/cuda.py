"""PyTorch's flags for CUDA. Setting them changes nothing: products of float32 are computed in float32."""

from __future__ import annotations

from types import SimpleNamespace as _SimpleNamespace

from tenon import cuda as _cuda
from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

__all__ = ["is_built", "matmul"]

matmul = _SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    fp32_precision="none",
)


@_documented()
def is_built() -> bool:
    """Whether tenon's CUDA library is there and finds a device.

    Returns: As ``tenon.cuda.is_available``.

    >>> tenon.backends.cuda.is_built() == tenon.cuda.is_available()
    True
    """
    return _cuda.is_available()


_guide(__name__)
