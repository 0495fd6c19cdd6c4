"""Attention of several heads as a module."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.nn import init
from tenon.nn.functional._attention import Attention
from tenon.nn.linear import Linear
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name that PyTorch prints in MultiheadAttention."""


class MultiheadAttention(Module, Attention):
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
        return self._attend(
            query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal
        )
