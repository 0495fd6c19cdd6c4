"""Dropout: elements, or whole channels, that are 0 by chance. The numbers are the default generator's."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.functional._common import probability

__all__ = [
    "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
]  # fmt: skip

_DROPOUT = """
input: A floating tensor of any shape.
p: The probability that an element becomes 0, from 0 to 1.
training: False returns input as it is.
inplace: True writes over input.
Returns: A new tensor of input's shape; input itself where nothing is dropped, and with inplace=True.
ValueError: For a p outside [0, 1].
TypeError: For integers.
RuntimeError: With inplace=True for a leaf that requires grad.
"""
_CHANNELS = """
p: The probability that a channel becomes 0, from 0 to 1.
ValueError: For a p outside [0, 1] and for another number of dimensions.
"""


def _noise(op: str, input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Memory of a real dtype for what is drawn."""
    if not (input.is_floating_point() or input.is_complex()):
        raise TypeError(f"{op}: input holds floats; got {input.dtype.name}, use .float()")
    dtype = input.real.dtype if input.is_complex() else input.dtype
    return _C.empty(shape, dtype=dtype, device=input.device)


def _scaled(input: Tensor, noise: Tensor, p: float, inplace: bool) -> Tensor:
    noise = noise.bernoulli_(1.0 - p)
    if p < 1.0:
        noise = noise.div_(1.0 - p)
    return input.mul_(noise) if inplace else input * noise


@_documented(_DROPOUT)
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Elements become 0 with probability p; the others are divided by 1 - p, so that the mean stays.

    >>> tenon.nn.functional.dropout(tenon.ones(4), 0.5).shape
    (4,)
    """
    p = probability("dropout", p)
    if not training or p == 0.0:
        return input
    return _scaled(input, _noise("dropout", input, input.shape), p, inplace)


def _by_channel(
    op: str, input: Tensor, p: float, training: bool, inplace: bool, dims: tuple[int, int]
) -> Tensor:
    """dims: the numbers of dimensions without and with a batch."""
    p = probability(op, p)
    if input.ndim not in dims:
        raise ValueError(
            f"{op}: input has {dims[1]} dimensions, or {dims[0]} without a batch; got shape {input.shape}"
        )
    if not training or p == 0.0:
        return input
    batched = input.ndim == dims[1]
    kept = input.shape[: 2 if batched else 1]
    return _scaled(input, _noise(op, input, kept + (1,) * (input.ndim - len(kept))), p, inplace)


@_documented(_CHANNELS, _DROPOUT)
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels become 0 with probability p: rows of (N, C, L) or (C, L).

    >>> tenon.nn.functional.dropout1d(tenon.ones(2, 3, 4)).shape
    (2, 3, 4)
    """
    return _by_channel("dropout1d", input, p, training, inplace, (2, 3))


@_documented(_CHANNELS, _DROPOUT)
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels become 0 with probability p: planes of (N, C, H, W).

    Of three dimensions the first is the batch, (N, C, L), as in PyTorch.

    >>> tenon.nn.functional.dropout2d(tenon.ones(2, 3, 4, 4)).shape
    (2, 3, 4, 4)
    """
    if input.ndim == 3:
        return _by_channel("dropout2d", input, p, training, inplace, (2, 3))
    return _by_channel("dropout2d", input, p, training, inplace, (3, 4))


@_documented(_CHANNELS, _DROPOUT)
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels become 0 with probability p: volumes of (N, C, D, H, W) or (C, D, H, W).

    >>> tenon.nn.functional.dropout3d(tenon.ones(2, 3, 4, 4, 4)).shape
    (2, 3, 4, 4, 4)
    """
    return _by_channel("dropout3d", input, p, training, inplace, (4, 5))


# What a dropped element becomes: the limit of selu far below 0.
_SELU_FLOOR = -1.7580993408473766


def _alpha(input: Tensor, noise: Tensor, p: float, inplace: bool) -> Tensor:
    if p == 1.0:
        return input.mul_(0.0) if inplace else input * 0.0
    scale = ((1.0 - p) * (1.0 + p * _SELU_FLOOR**2)) ** -0.5
    kept = noise.bernoulli_(1.0 - p)
    shift = (1.0 - kept) * (_SELU_FLOOR * scale) - scale * p * _SELU_FLOOR
    kept = kept * scale
    return input.mul_(kept).add_(shift) if inplace else input * kept + shift


@_documented(_DROPOUT)
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for selu (Klambauer et al., 2017): it keeps mean 0 and variance 1.

    >>> tenon.nn.functional.alpha_dropout(tenon.ones(4), training=True).shape
    (4,)
    """
    p = probability("alpha_dropout", p)
    if not training or p == 0.0:
        return input
    return _alpha(input, _noise("alpha_dropout", input, input.shape), p, inplace)


@_documented(_DROPOUT)
def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """alpha_dropout() of whole channels of (N, C, ...).

    ValueError: For a p outside [0, 1] and for fewer than two dimensions.

    >>> tenon.nn.functional.feature_alpha_dropout(tenon.ones(2, 3, 4), training=True).shape
    (2, 3, 4)
    """
    p = probability("feature_alpha_dropout", p)
    if not training or p == 0.0:
        return input
    if input.ndim < 2:
        raise ValueError(
            f"feature_alpha_dropout: at least two dimensions are needed; got shape {input.shape}"
        )
    shape = input.shape[:2] + (1,) * (input.ndim - 2)
    return _alpha(input, _noise("feature_alpha_dropout", input, shape), p, inplace)
