"""Attention of several heads: the steps that the module and the function have in common."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.functional import _rows
from tenon.nn.functional._dropout import dropout

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = ["multi_head_attention_forward"]


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


class Attention:
    """The steps. What they read are the attributes of nn.MultiheadAttention, which is one."""

    _name = "MultiheadAttention"
    embed_dim: int
    kdim: int
    vdim: int
    num_heads: int
    head_dim: int
    dropout: float
    training: bool
    batch_first: bool
    add_zero_attn: bool
    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    bias_k: Tensor | None
    bias_v: Tensor | None
    out_proj: Any
    static_k: Tensor | None = None
    static_v: Tensor | None = None

    def _projected_back(self, t: Tensor) -> Tensor:
        return self.out_proj(t)

    def _static(self, name: str, given: Tensor, instead: Tensor) -> Tensor:
        """Heads that are given: (batch * heads, length, head_dim)."""
        batch, heads, _, width = instead.shape
        if given.ndim != 3 or given.shape[0] != batch * heads or given.shape[2] != width:
            raise ValueError(
                f"{self._name}: {name} must have shape ({batch * heads}, length, {width}); got {given.shape}"
            )
        return given.unflatten(0, (batch, heads))

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        what = f"query {query.shape}, key {key.shape} and value {value.shape}"
        if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
            raise ValueError(f"{self._name}: inputs must all have 2 or all have 3 dimensions; got {what}")
        sizes = (self.embed_dim, self.kdim, self.vdim)
        if tuple(t.shape[-1] for t in (query, key, value)) != sizes:
            raise ValueError(f"{self._name}: the last dimensions must be {sizes}; got {what}")
        batch = 0 if self.batch_first else 1
        if key.shape[:-1] != value.shape[:-1] or (query.ndim == 3 and key.shape[batch] != query.shape[batch]):
            raise ValueError(
                f"{self._name}: key and value need one length, and all inputs one batch; got {what}"
            )

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """The three projections. Inputs that are the same tensor have one product in common."""
        weight, bias, n = self.in_proj_weight, self.in_proj_bias, self.embed_dim
        if weight is not None and query is key and key is value:
            return tuple(_rows.linear(query, weight, bias).unflatten(-1, (3, n)).unbind(-2))
        if weight is not None and key is value:
            w, b = weight[n:], None if bias is None else bias[n:]
            q = _rows.linear(query, weight[:n], None if bias is None else bias[:n])
            return (q, *_rows.linear(key, w, b).unflatten(-1, (2, n)).unbind(-2))
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        weights: Any = [getattr(self, name) for name in names] if weight is None else weight.chunk(3)
        biases = [None] * 3 if bias is None else bias.chunk(3)
        inputs = (query, key, value)
        return tuple(_rows.linear(t, w, b) for t, w, b in zip(inputs, weights, biases, strict=True))

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
                    f"{self._name}: key_padding_mask must have shape {(batch, keys)}; got {padding.shape}"
                )
            padding = padding.reshape(batch, 1, 1, keys)
        if attn_mask is not None:
            wanted = (queries, keys) if attn_mask.ndim == 2 else (batch * heads, queries, keys)
            if attn_mask.shape != wanted:
                raise ValueError(f"{self._name}: attn_mask must have shape {wanted}; got {attn_mask.shape}")
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
        weights = dropout(scores.softmax(-1), self.dropout, self.training)
        return weights @ v, weights.mean(1) if average else weights

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None,
        need_weights: bool,
        attn_mask: Tensor | None,
        average_attn_weights: bool,
        is_causal: bool,
    ) -> tuple[Tensor, Tensor | None]:
        self._check(query, key, value)
        alone = query.ndim == 2
        batch_dim = 0 if self.batch_first else 1
        projected = self._projected(query, key, value)
        q, k, v = (self._heads(t.unsqueeze(batch_dim) if alone else t) for t in projected)
        if key_padding_mask is not None and alone:
            key_padding_mask = key_padding_mask.unsqueeze(0)
        k = k if self.static_k is None else self._static("static_k", self.static_k, k)
        v = v if self.static_v is None else self._static("static_v", self.static_v, v)
        queries, keys = q.shape[-2], k.shape[-2]
        if is_causal and attn_mask is None and (need_weights or key_padding_mask is not None):
            attn_mask = _C.ones(queries, keys, dtype=_C.bool, device=q.device).triu(1)
        k, v, added = self._more_keys(k, v)
        weights: Tensor | None = None
        if is_causal and key_padding_mask is None and not need_weights and not added:
            dropout = self.dropout if self.training else 0.0
            out = _rows.scaled_dot_product_attention(q, k, v, None, dropout, True)
        else:
            mask = _longer(self._mask(attn_mask, key_padding_mask, q, keys), added)
            if need_weights:
                out, weights = self._weighted(q, k, v, mask, average_attn_weights)
            else:
                seen = ~mask if mask is not None and mask.dtype == _C.bool else mask
                dropout_p = self.dropout if self.training else 0.0
                out = _rows.scaled_dot_product_attention(q, k, v, seen, dropout_p)
        out = out.permute(0, 2, 1, 3) if self.batch_first else out.permute(2, 0, 1, 3)
        out = self._projected_back(out.flatten(-2))
        if alone:
            out = out.squeeze(batch_dim)
            weights = None if weights is None else weights.squeeze(0)
        return out, weights


class _Given(Attention):
    """The attributes, from the arguments of the function."""

    _name = "multi_head_attention_forward"

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def _projected_back(self, t: Tensor) -> Tensor:
        weight, bias = self.out_proj
        return _rows.linear(t, weight, bias)


@_documented()
def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What nn.MultiheadAttention computes, with its parameters as arguments.

    query: The queries, of shape (length, batch, features), or without the batch.
    key: The keys, so too.
    value: The values, so too, as many as keys.
    embed_dim_to_check: The size of the last dimension of query and output.
    num_heads: The number of heads, which divides it.
    in_proj_weight: The projections of query, key and value below each other, (3 * features, features); None
    with use_separate_proj_weight.
    in_proj_bias: Their biases, (3 * features), or None.
    bias_k, bias_v: A key and a value that are added to each sequence, (1, 1, features), or None.
    add_zero_attn: Whether a key and a value of zeros are added to each sequence.
    dropout_p: The probability that a weight becomes 0 in training.
    out_proj_weight: The projection of the output, (features, features).
    out_proj_bias: Its bias, or None.
    training: Whether dropout_p counts.
    key_padding_mask: True where a key is not seen, or floats that are added; of shape (batch, keys).
    need_weights: Whether the weights are returned, too; False is faster.
    attn_mask: As key_padding_mask, of shape (queries, keys) or (batch * heads, queries, keys).
    use_separate_proj_weight: Whether the projections are the next three.
    q_proj_weight, k_proj_weight, v_proj_weight: Projections of their own.
    static_k, static_v: Keys and values of heads in place of projected ones, (batch * heads, keys, width).
    average_attn_weights: Whether the weights are the means over all heads.
    is_causal: Whether attn_mask is the triangle that hides later keys.
    Returns: A tuple of the output and the weights, which are None with need_weights=False. New tensors.
    ValueError: For sizes and shapes that do not fit.

    >>> x, w = tenon.ones(3, 1, 4), tenon.ones(12, 4)
    >>> y, weights = tenon.nn.functional.multi_head_attention_forward(
    ...     x, x, x, 4, 2, w, None, None, None, False, 0.0, tenon.eye(4), None)
    >>> y.shape, weights.shape
    ((3, 1, 4), (1, 3, 3))
    """
    embed = embed_dim_to_check
    if num_heads <= 0 or embed % num_heads != 0:
        raise ValueError(
            f"multi_head_attention_forward: num_heads must divide {embed}, the embed_dim; got {num_heads}"
        )
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
    separate: tuple[Any, ...] = (
        (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else ()
    )
    weights = separate or (in_proj_weight,)
    wanted = dict(zip(names if separate else ("in_proj_weight",), weights, strict=True))
    for name, weight in wanted.items():
        rows = embed if separate else 3 * embed
        if weight is None or weight.ndim != 2 or weight.shape[0] != rows:
            got = None if weight is None else weight.shape
            raise ValueError(f"multi_head_attention_forward: {name} must have {rows} rows; got {got}")
    given = _Given(
        embed_dim=embed,
        num_heads=num_heads,
        head_dim=embed // num_heads,
        kdim=weights[-2].shape[1] if separate else embed,
        vdim=weights[-1].shape[1] if separate else embed,
        dropout=dropout_p,
        training=training,
        batch_first=False,
        add_zero_attn=add_zero_attn,
        in_proj_weight=None if separate else in_proj_weight,
        in_proj_bias=in_proj_bias,
        bias_k=bias_k,
        bias_v=bias_v,
        out_proj=(out_proj_weight, out_proj_bias),
        static_k=static_k,
        static_v=static_v,
        **dict(zip(names, separate or (None,) * 3, strict=True)),
    )
    return given._attend(
        query, key, value, key_padding_mask, need_weights, attn_mask, average_attn_weights, is_causal
    )
