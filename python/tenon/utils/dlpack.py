"""Exchange of tensors by DLPack, under PyTorch's names."""

from __future__ import annotations

from tenon._C import Tensor, from_dlpack
from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["from_dlpack", "to_dlpack"]


@_documented()
def to_dlpack(tensor: Tensor) -> Any:
    """A capsule that lends a tensor's memory, for a library that knows no tenon. It can be read once.

    tensor: The tensor. It must not require grad.
    Returns: The capsule; it shares the tensor's memory.
    TypeError: For what is no tensor.
    BufferError: For a tensor that requires grad.

    >>> capsule = tenon.utils.dlpack.to_dlpack(tenon.tensor([1, 2]))
    >>> tenon.utils.dlpack.from_dlpack(capsule)
    tensor([1, 2])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"to_dlpack: a tensor is needed; got {type(tensor).__name__}")
    return tensor.__dlpack__()


_guide(__name__)
