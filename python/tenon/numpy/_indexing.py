"""Windows by NumPy's names."""

from __future__ import annotations

from typing import Any

from tenon.numpy._support import axes_of, tensor

__all__ = ["sliding_window_view"]


def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """A view of all windows along the axes, with the windows' dimensions last.

    IndexError for an axis that is not there, ValueError for another number of sizes than of axes and for a
    window that is too large.
    """
    t = tensor(x, "sliding_window_view")
    sizes = tuple(window_shape) if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = axes_of(axis, t.ndim, "sliding_window_view")
    if len(sizes) != len(axes):
        raise ValueError(f"sliding_window_view: {len(sizes)} window sizes for {len(axes)} axes")
    for d, n in zip(axes, sizes, strict=True):
        t = t.unfold(d, n, 1)
    return t
