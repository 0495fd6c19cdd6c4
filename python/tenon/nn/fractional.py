"""Fractional max pools as modules."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.functional._fractional import _each
from tenon.nn.module import Module

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Ints = int | Sequence[int]

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]

_DOC = """The largest elements of windows at random places over the last {dims} dimensions (Graham, 2014).

    Parameters:
        kernel_size: the size of a window.
        output_size: how many windows; or
        output_ratio: how many for each element, in (0, 1).
        return_indices: whether the call returns the elements' places in their plane, too.
        _random_samples: numbers from [0, 1) of shape (N, C, {n}) that decide where the windows stand; None
            draws them in each call.

    Sizes are an int, or one for each dimension. ValueError unless one of output_size and output_ratio is
    given, for ratios outside of (0, 1) and, from forward, for windows that do not fit into the input.

    >>> tenon.nn.FractionalMaxPool{n}d(2, output_ratio=0.5)(tenon.ones(1, {sizes})).shape
    (1, {half})
    """


class _FractionalMaxPool(Module):
    _dims: int

    def __init__(
        self,
        kernel_size: Ints,
        output_size: Ints | None = None,
        output_ratio: float | Sequence[float] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{name}: either output_size or output_ratio must be given; got {output_size!r} and "
                f"{output_ratio!r}"
            )
        self.kernel_size = _each(name, "kernel_size", kernel_size, self._dims)
        self.output_size = output_size and _each(name, "output_size", output_size, self._dims)
        self.output_ratio = output_ratio
        if output_ratio is not None:
            ratios: tuple[Any, ...] = (output_ratio,) * self._dims
            if isinstance(output_ratio, list | tuple):
                ratios = tuple(output_ratio)
            if len(ratios) != self._dims or not all(0 < r < 1 for r in ratios):
                raise ValueError(f"{name}: output_ratio must be in (0, 1); got {output_ratio!r}")
            self.output_ratio = ratios
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Tensor) -> Any:
        pool = getattr(F, f"fractional_max_pool{self._dims}d")
        return pool(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    __doc__ = _DOC.format(dims="two", n=2, sizes="4, 4", half="2, 2")
    _dims = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    __doc__ = _DOC.format(dims="three", n=3, sizes="4, 4, 4", half="2, 2, 2")
    _dims = 3
