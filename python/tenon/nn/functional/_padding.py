"""Borders, as PyTorch's pad() writes them: from the last dimension on."""

from __future__ import annotations

import operator

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["pad"]

# PyTorch's names of modes, and NumPy's.
_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _check_room(mode: str, n: int, before: int, after: int) -> None:
    """What a mode needs of the n elements along one dimension."""
    limit = {"reflect": n - 1, "circular": n}.get(mode)
    if limit is not None and max(before, after) > limit:
        raise ValueError(f"pad: mode {mode!r} takes at most {limit} of {n} elements; got {(before, after)}")
    if n == 0 and (before or after):
        raise ValueError(f"pad: mode {mode!r} needs an element to repeat; the dimension has none")


@_documented()
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """input in a border; a negative width cuts off.

    tenon.pad() is NumPy's, with a pair for each dimension from the first on.

    input: A tensor of any shape.
    pad: Widths before and after, of the last dimension first: (left, right, top, bottom, ...).
    mode: 'constant', 'reflect' (without the edge), 'replicate' (of the edge) or 'circular'.
    value: What mode 'constant' writes; None for 0.
    Returns: A new tensor.
    ValueError: For another mode, an odd number of widths, more than input has dimensions, and widths
    for which the
    mode has too few elements.
    TypeError: For widths that are no ints.

    >>> tenon.nn.functional.pad(tenon.tensor([[1, 2, 3]]), (2, 1), mode="reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    widths = [operator.index(w) for w in pad]
    if mode not in _MODES:
        raise ValueError(f"pad: mode is 'constant', 'reflect', 'replicate' or 'circular'; got {mode!r}")
    if mode != "constant" and value:
        raise ValueError(f"pad: mode {mode!r} takes no value; got {value}")
    if len(widths) % 2 or len(widths) > 2 * input.ndim:
        raise ValueError(
            f"pad: pad has two widths for each dimension, at most {2 * input.ndim}, the last dimension "
            "first; got "
            f"{tuple(widths)}"
        )
    pairs: Any = {}
    cut = input
    for i in range(len(widths) // 2):
        dim, before, after = input.ndim - 1 - i, widths[2 * i], widths[2 * i + 1]
        n = input.shape[dim]
        left = n + min(before, 0) + min(after, 0)
        if left < 0:
            raise ValueError(f"pad: {(before, after)} cuts more than the {n} elements of dimension {dim}")
        if left != n:
            cut = cut.narrow(dim, max(-before, 0), left)
        before, after = max(before, 0), max(after, 0)
        if before or after:
            if mode != "constant":
                _check_room(mode, left, before, after)
            pairs[dim] = (before, after)
    if not pairs:
        return cut.clone()
    fill = 0 if value is None else value
    return _C.pad(cut, pairs, _MODES[mode], **({"constant_values": fill} if mode == "constant" else {}))
