"""The type of ``Tensor.size``: NumPy's number of elements, and PyTorch's method."""

from __future__ import annotations

import operator

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, SupportsIndex


class Size(int):
    """The number of elements; called, the shape or a size: ``t.size``, ``t.size()``, ``t.size(0)``."""

    __module__ = "tenon"
    _shape: tuple[int, ...]  # set by Tensor.size (python/src/size.cc)

    def __call__(self, dim: SupportsIndex | None = None, *, axis: SupportsIndex | None = None) -> Any:
        dim = axis if dim is None else dim
        if dim is None:
            return self._shape
        try:
            return self._shape[operator.index(dim)]
        except IndexError:
            n = len(self._shape)
            raise IndexError(f"size: dimension {dim} is out of range for {n} dimensions") from None

    def __reduce__(self) -> tuple[type[int], tuple[int]]:
        return int, (int(self),)
