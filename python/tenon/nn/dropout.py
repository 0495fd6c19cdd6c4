"""Dropout as modules: they drop in training, and pass the input on after eval()."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn.functional._common import probability
from tenon.nn.module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        probability(type(self).__name__, p)
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Elements become 0 with probability p; the others are divided by 1 - p, so that the mean stays.

    Parameters:
        p: the probability, from 0 to 1; else ValueError.
        inplace: True overwrites the input.

    >>> layer = tenon.nn.Dropout(0.5)
    >>> bool(((layer(tenon.ones(100)) == 0) | (layer(tenon.ones(100)) == 2)).any())
    True
    >>> layer.eval()(tenon.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Whole channels become 0 with probability p: rows of (N, C, L) or (C, L).

    Parameters:
        p: the probability, from 0 to 1; else ValueError.
        inplace: True overwrites the input.

    >>> tenon.nn.Dropout1d()(tenon.ones(2, 3, 4)).shape
    (2, 3, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Whole channels become 0 with probability p: planes of (N, C, H, W).

    Parameters:
        p: the probability, from 0 to 1; else ValueError.
        inplace: True overwrites the input.

    >>> tenon.nn.Dropout2d()(tenon.ones(2, 3, 4, 4)).shape
    (2, 3, 4, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Whole channels become 0 with probability p: volumes of (N, C, D, H, W) or (C, D, H, W).

    Parameters:
        p: the probability, from 0 to 1; else ValueError.
        inplace: True overwrites the input.

    >>> tenon.nn.Dropout3d()(tenon.ones(2, 3, 4, 4, 4)).shape
    (2, 3, 4, 4, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout for SELU (Klambauer et al., 2017): it keeps mean 0 and variance 1.

    Parameters:
        p: the probability, from 0 to 1; else ValueError.
        inplace: True overwrites the input.

    >>> tenon.nn.AlphaDropout()(tenon.ones(4)).shape
    (4,)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels of (N, C, ...).

    Parameters:
        p: the probability, from 0 to 1; else ValueError.
        inplace: True overwrites the input.

    >>> tenon.nn.FeatureAlphaDropout()(tenon.ones(2, 3, 4)).shape
    (2, 3, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
