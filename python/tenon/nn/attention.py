"""Attention of several heads as a module."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn import init
from tenon.nn.linear import Linear
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name that PyTorch prints in MultiheadAttention."""


def _joined(a: Tensor | None, b: Tensor | None, dtype: Any) -> Tensor | None:
    """Two masks, each of bools (True: is not seen) or of floats that are added, as one that broadcasts."""
    if a is None or b is None:
        return b if a is None else a
    if a.dtype == b.dtype == _C.bool:
        return a | b
    zeros = _C.zeros((), dtype=dtype, device=a.device)
    first, second = (
        _C.where(m, -math.inf, zeros) if m.dtype == _C.bool else m.to(dtype) for m in (a, b)
    )  # fmt: skip
    return first + second


def _longer(mask: Tensor | None, n: int) -> Tensor | None:
    """A mask with n more keys, which all see."""
    if mask is None or n == 0:
        return mask
    return _C.cat([mask, _C.zeros(*mask.shape[:-1], n, dtype=mask.dtype, device=mask.device)], -1)


class MultiheadAttention(Module):
    """Attention of several heads (Vaswani et al., 2017): each reads projections of query, key and value.

    Parameters:
        embed_dim: the size of the last dimension of query and output; num_heads divides it.
        num_heads: the number of heads.
        dropout: the probability that a weight becomes 0 in training.
        bias: whether the projections have biases.
        add_bias_kv: whether a learned key and value are added to each sequence.
        add_zero_attn: whether a key and a value of zeros are added to each sequence.
        kdim: the size of the last dimension of key; None for embed_dim.
        vdim: that of value; None for embed_dim.
        batch_first: True for (batch, length, features), False for (length, batch, features).
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
    average_attn_weights=True, is_causal=False)`` it returns the output and the weights, (batch, queries,
    keys), of each head with average_attn_weights=False; None with need_weights=False, which is faster.
    Inputs may lack the batch. key_padding_mask, (batch, keys), and attn_mask, (queries, keys) or (batch *
    heads, queries, keys), are True where a key is not seen, or floats that are added. is_causal=True:
    attn_mask is, or without one should be, the triangle that hides later keys. ValueError for sizes and
    shapes that do not fit.

    >>> attention = tenon.nn.MultiheadAttention(4, 2, batch_first=True)
    >>> x = tenon.rand(1, 3, 4)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    ((1, 3, 4), (1, 3, 3))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads != 0:
            raise ValueError(
                "MultiheadAttention: embed_dim and num_heads must be positive, and num_heads must divide "
                f"embed_dim; got embed_dim={embed_dim} and num_heads={num_heads}"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn

        def made(*shape: int) -> Parameter:
            return Parameter(_C.empty(shape, device=device, dtype=dtype))

        packed = self._qkv_same_embed_dim
        sizes = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
        for name, n in sizes.items():
            self.register_parameter(f"{name}_proj_weight", None if packed else made(embed_dim, n))
        self.register_parameter("in_proj_weight", made(3 * embed_dim, embed_dim) if packed else None)
        self.register_parameter("in_proj_bias", made(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, made(1, 1, embed_dim) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = self._parameters[name]
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    # ---- from inputs to heads ----

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        what = f"query {query.shape}, key {key.shape} and value {value.shape}"
        if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
            raise ValueError(
                f"MultiheadAttention: inputs must all have 2 or all have 3 dimensions; got {what}"
            )
        sizes = (self.embed_dim, self.kdim, self.vdim)
        if tuple(t.shape[-1] for t in (query, key, value)) != sizes:
            raise ValueError(f"MultiheadAttention: the last dimensions must be {sizes}; got {what}")
        batch = 0 if self.batch_first else 1
        if key.shape[:-1] != value.shape[:-1] or (query.ndim == 3 and key.shape[batch] != query.shape[batch]):
            raise ValueError(
                f"MultiheadAttention: key and value need one length, and all inputs one batch; got {what}"
            )

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """The three projections. Inputs that are the same tensor have one product in common."""
        weight, bias, n = self.in_proj_weight, self.in_proj_bias, self.embed_dim
        if weight is not None and query is key and key is value:
            return tuple(F.linear(query, weight, bias).unflatten(-1, (3, n)).unbind(-2))
        if weight is not None and key is value:
            w, b = weight[n:], None if bias is None else bias[n:]
            q = F.linear(query, weight[:n], None if bias is None else bias[:n])
            return (q, *F.linear(key, w, b).unflatten(-1, (2, n)).unbind(-2))
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        weights: Any = [self._parameters[name] for name in names] if weight is None else weight.chunk(3)
        biases = [None] * 3 if bias is None else bias.chunk(3)
        return tuple(F.linear(t, w, b) for t, w, b in zip((query, key, value), weights, biases, strict=True))

    def _heads(self, t: Tensor) -> Tensor:
        """(batch, heads, length, head_dim)."""
        split = t.unflatten(-1, (self.num_heads, self.head_dim))
        return split.permute(0, 2, 1, 3) if self.batch_first else split.permute(1, 2, 0, 3)

    def _more_keys(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, int]:
        """k and v with the learned key and the one of zeros, and how many these are."""
        batch = k.shape[0]
        added = 0
        if self.bias_k is not None and self.bias_v is not None:
            shape = (1, self.num_heads, 1, self.head_dim)
            k, v = (
                _C.cat([t, extra.reshape(shape).expand(batch, -1, -1, -1)], 2)
                for t, extra in ((k, self.bias_k), (v, self.bias_v))
            )
            added += 1
        if self.add_zero_attn:
            zeros = _C.zeros(batch, self.num_heads, 1, self.head_dim, dtype=k.dtype, device=k.device)
            k, v = _C.cat([k, zeros], 2), _C.cat([v, zeros], 2)
            added += 1
        return k, v, added

    def _mask(self, attn_mask: Tensor | None, padding: Tensor | None, q: Tensor, keys: int) -> Tensor | None:
        """Both masks as one that broadcasts to (batch, heads, queries, keys); True is not seen."""
        batch, heads, queries, _ = q.shape
        if padding is not None:
            if padding.shape != (batch, keys):
                raise ValueError(
                    f"MultiheadAttention: key_padding_mask must have shape {(batch, keys)}; got "
                    f"{padding.shape}"
                )
            padding = padding.reshape(batch, 1, 1, keys)
        if attn_mask is not None:
            wanted = (queries, keys) if attn_mask.ndim == 2 else (batch * heads, queries, keys)
            if attn_mask.shape != wanted:
                raise ValueError(
                    f"MultiheadAttention: attn_mask must have shape {wanted}; got {attn_mask.shape}"
                )
            if attn_mask.ndim == 3:
                attn_mask = attn_mask.unflatten(0, (batch, heads))
        return _joined(attn_mask, padding, q.dtype)

    def _weighted(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, average: bool
    ) -> tuple[Tensor, Tensor]:
        """The output and the weights, which are in memory here."""
        scores = (q * (1 / math.sqrt(self.head_dim))) @ k.mT
        if mask is not None:
            scores = scores.masked_fill(mask, -math.inf) if mask.dtype == _C.bool else scores + mask
        weights = F.dropout(scores.softmax(-1), self.dropout, self.training)
        return weights @ v, weights.mean(1) if average else weights

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        self._check(query, key, value)
        alone = query.ndim == 2
        batch_dim = 0 if self.batch_first else 1
        projected = self._projected(query, key, value)
        q, k, v = (self._heads(t.unsqueeze(batch_dim) if alone else t) for t in projected)
        if key_padding_mask is not None and alone:
            key_padding_mask = key_padding_mask.unsqueeze(0)
        queries, keys = q.shape[-2], k.shape[-2]
        if is_causal and attn_mask is None and (need_weights or key_padding_mask is not None):
            attn_mask = _C.ones(queries, keys, dtype=_C.bool, device=q.device).triu(1)
        k, v, added = self._more_keys(k, v)
        weights: Tensor | None = None
        if is_causal and key_padding_mask is None and not need_weights and not added:
            dropout = self.dropout if self.training else 0.0
            out = F.scaled_dot_product_attention(q, k, v, None, dropout, True)
        else:
            mask = _longer(self._mask(attn_mask, key_padding_mask, q, keys), added)
            if need_weights:
                out, weights = self._weighted(q, k, v, mask, average_attn_weights)
            else:
                seen = ~mask if mask is not None and mask.dtype == _C.bool else mask
                out = F.scaled_dot_product_attention(q, k, v, seen, self.dropout if self.training else 0.0)
        out = out.permute(0, 2, 1, 3) if self.batch_first else out.permute(2, 0, 1, 3)
        out = self.out_proj(out.flatten(-2))
        if alone:
            out = out.squeeze(batch_dim)
            weights = None if weights is None else weights.squeeze(0)
        return out, weights
