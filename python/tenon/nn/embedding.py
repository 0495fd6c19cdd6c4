"""Embeddings: tables of vectors for indices."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn import init
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """What both embeddings have in common: the table and how it is drawn."""

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        sparse: bool,
        weight: Any,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if sparse:
            raise ValueError(
                f"{name}: tenon has no sparse tensors; leave sparse=True out, gradients are dense"
            )
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ValueError(
                    f"{name}: padding_idx must be within num_embeddings={num_embeddings}; got {padding_idx}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx, self.sparse = padding_idx, sparse
        if weight is None:
            self.weight = Parameter(_C.empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
            self.reset_parameters()
        elif tuple(weight.shape) != (num_embeddings, embedding_dim):
            raise ValueError(
                f"{name}: the weight has shape {(num_embeddings, embedding_dim)}; got {tuple(weight.shape)}"
            )
        else:
            self.weight = Parameter(weight)

    def reset_parameters(self) -> None:
        """Draws the table anew: normal numbers, zeros for padding_idx."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.detach()[self.padding_idx].fill_(0.0)

    @classmethod
    def _from(cls, embeddings: Any, freeze: bool, **kwargs: Any) -> Self:
        weight = embeddings if isinstance(embeddings, Tensor) else _C.asarray(embeddings)
        if weight.ndim != 2:
            raise ValueError(f"from_pretrained: embeddings have two dimensions; got shape {weight.shape}")
        make: Any = cls
        made: Self = make(weight.shape[0], weight.shape[1], _weight=weight.detach(), **kwargs)
        made.weight.requires_grad_(not freeze)
        return made


class Embedding(_Table):
    """A table whose rows the input names: ``weight``, of shape (num_embeddings, embedding_dim).

    Parameters:
        num_embeddings: the number of rows.
        embedding_dim: the size of a row.
        padding_idx: an index whose row is zeros at first and gets no gradient; None for none.
        max_norm: rows in use with a larger norm are scaled to it, in place; None for none.
        norm_type: the order of that norm.
        scale_grad_by_freq: True divides the gradient of a row by how often it is used.
        sparse: only False: tenon has no sparse tensors.
        device: where the table lies; None for the CPU.
        dtype: its dtype; None for the default float.

    ValueError for sparse=True and a padding_idx that is not there; from forward IndexError for an index
    that is
    not there, TypeError for what are no integers.

    >>> layer = tenon.nn.Embedding(10, 3)
    >>> layer(np.array([[1, 2, 4, 5], [4, 3, 2, 9]])).shape
    (2, 4, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, sparse, _weight, device, dtype)
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        if _freeze:
            self.weight.requires_grad_(False)

    def forward(self, input: Any) -> Tensor:
        return F.embedding(
            input if isinstance(input, Tensor) else _C.asarray(input),
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An Embedding over the memory of a tensor or array, which is not trained unless freeze=False."""
        return cls._from(
            embeddings,
            freeze,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        return text + (", scale_grad_by_freq=True" if self.scale_grad_by_freq else "")


class EmbeddingBag(_Table):
    """Sums, means or maxima of rows of a table, ``weight``, bag by bag.

    Parameters:
        num_embeddings: the number of rows.
        embedding_dim: the size of a row.
        max_norm: rows in use with a larger norm are scaled to it, in place; None for none.
        norm_type: the order of that norm.
        scale_grad_by_freq: True divides the gradient of a row by how often it is used.
        mode: 'sum', 'mean' or 'max'.
        sparse: only False: tenon has no sparse tensors.
        include_last_offset: whether offsets end with the number of indices.
        padding_idx: an index that does not count and whose row gets no gradient; None for none.
        device: where the table lies; None for the CPU.
        dtype: its dtype; None for the default float.

    ``forward(input, offsets=None, per_sample_weights=None)`` is F.embedding_bag's. ValueError for
    sparse=True,
    another mode and a padding_idx that is not there.

    >>> layer = tenon.nn.EmbeddingBag(10, 3, mode="sum")
    >>> layer(tenon.tensor([1, 2, 4, 5, 4, 3, 2, 9]), tenon.tensor([0, 4])).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if mode not in ("sum", "mean", "max"):
            raise ValueError(f"EmbeddingBag: mode is 'sum', 'mean' or 'max'; got {mode!r}")
        super().__init__(num_embeddings, embedding_dim, padding_idx, sparse, _weight, device, dtype)
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """An EmbeddingBag over the memory of a tensor or array, which is not trained unless freeze=False."""
        return cls._from(
            embeddings,
            freeze,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += ", scale_grad_by_freq=True"
        text += f", mode={self.mode!r}"
        return text + ("" if self.padding_idx is None else f", padding_idx={self.padding_idx}")
