"""The cross entropy of a linear layer, without all of its outputs at once."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["linear_cross_entropy"]


@_documented()
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """cross_entropy(linear(input, linear_weight, linear_bias), target), a piece of the rows at a time.

    With many classes, such as the words of a language, the scores of all rows would be the largest tensor
    of a model. Here those of some rows exist at a time, and their part of the gradients is formed at once.
    Second derivatives, and gradients of probabilities and weight, form all scores. Under autocast the layer
    is computed in the lower dtype, the loss in float32.

    input: Samples of shape (n, features), or (features,).
    linear_weight: The layer's weight, (classes, features); or (classes, d1, ..., features) for several
    scores of each class and sample.
    target: The classes, integers of shape (n,) or (n, d1, ...); or probabilities, (n, classes) or
    (n, classes, d1, ...).
    linear_bias: The layer's bias, of linear_weight's shape without the features; None for none.
    weight: A factor for each class; None for 1.
    reduction: 'none' for the loss of each element, 'mean' (divided by the sum of the targets' weights; for
    probabilities by the number of elements) or 'sum'.
    ignore_index: A class that has no loss; None for -100.
    label_smoothing: How much of the target is spread evenly over the classes.
    options: A LinearCrossEntropyOptions, which says how many rows a piece has; None for what is fast.
    Returns: A new tensor, without dimensions unless reduction='none'. float16 and bfloat16 are rounded once.
    TypeError: For complex numbers, float8 and options of another type.
    ValueError: For shapes that do not fit, a smoothing outside of [0, 1], an ignore_index beside
    probabilities and another reduction.
    IndexError: For a class that is not there.

    >>> x, head = tenon.tensor([[1.0, 0.0], [0.0, 1.0]]), tenon.tensor([[2.0, 0.0], [0.0, 2.0]])
    >>> tenon.nn.functional.linear_cross_entropy(x, head, tenon.tensor([0, 1]))
    tensor(0.1269)
    """
    rows = 0
    if options is not None:
        if not hasattr(options, "rows"):
            raise TypeError(
                "linear_cross_entropy: 'options' must be a nn.LinearCrossEntropyOptions or None; got "
                f"{type(options).__name__}"
            )
        samples = input.shape[0] if input.ndim > 1 else 1
        rows = options.rows(samples, linear_weight.shape[-1], math.prod(linear_weight.shape[:-1]))
    wide = _C._autocasting()
    if wide:
        input, linear_weight = _C._autocast_to(input, False), _C._autocast_to(linear_weight, False)
        linear_bias = None if linear_bias is None else _C._autocast_to(linear_bias, False)
    return _C._linear_cross_entropy(
        input,
        linear_weight,
        target,
        linear_bias,
        weight,
        reduction,
        ignore_index,
        label_smoothing,
        rows,
        wide,
    )
