"""Transformers (Vaswani et al., 2017): layers of attention, and stacks of them."""

from __future__ import annotations

import copy
import math

from tenon import _C
from tenon._C import Tensor
from tenon.nn import functional as F
from tenon.nn import init
from tenon.nn.attention import MultiheadAttention
from tenon.nn.containers import ModuleList
from tenon.nn.dropout import Dropout
from tenon.nn.linear import Linear
from tenon.nn.module import Module
from tenon.nn.normalization import LayerNorm

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Activation = Callable[[Tensor], Tensor]

__all__ = [
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer",
]  # fmt: skip


def _activation(op: str, activation: str | Activation) -> Activation:
    if not isinstance(activation, str):
        return activation
    known: dict[str, Activation] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in known:
        raise ValueError(f"{op}: activation is 'relu', 'gelu' or a function; got {activation!r}")
    return known[activation]


def _triangle(size: int, device: Any = None, dtype: Any = None) -> Tensor:
    """-inf above the diagonal, 0 elsewhere."""
    return _C.full((size, size), -math.inf, device=device, dtype=dtype).triu(1)


def _is_causal(mask: Tensor | None, told: bool | None) -> bool:
    """Whether the mask is the triangle that hides what is later; told, where somebody says so."""
    if told is not None:
        return told
    if mask is None or mask.ndim != 2 or mask.shape[0] != mask.shape[1]:
        return False
    hidden = mask if mask.dtype == _C.bool else mask == -math.inf
    triangle = _C.ones(mask.shape, dtype=_C.bool, device=mask.device).triu(1)
    return bool((hidden == triangle).all()) and (mask.dtype == _C.bool or bool((mask[~triangle] == 0).all()))


def _copies(module: Module, n: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(n)])


class _Layer(Module):
    """What both kinds of layers have: attention, two linear layers, and norms before or after each part."""

    activation: Activation

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        op = type(self).__name__
        self._build(
            d_model, nhead, dim_feedforward, dropout, layer_norm_eps, batch_first, bias, device, dtype
        )
        self.norm_first = norm_first
        self.activation = _activation(op, activation)

    def _build(
        self,
        d_model: int,
        nhead: int,
        wide: int,
        p: float,
        eps: float,
        batch_first: bool,
        bias: bool,
        *where: Any,
    ) -> None:
        """Makes the modules, in PyTorch's order."""
        raise NotImplementedError

    def _attention(
        self, d_model: int, nhead: int, p: float, batch_first: bool, bias: bool, where: Any
    ) -> Module:
        device, dtype = where
        return MultiheadAttention(
            d_model, nhead, p, bias=bias, batch_first=batch_first, device=device, dtype=dtype
        )

    def _feed(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _part(self, x: Tensor, norm: Module, part: Callable[[Tensor], Tensor], dropout: Module) -> Tensor:
        """x with what a part of the layer makes of it."""
        if self.norm_first:
            return x + dropout(part(norm(x)))
        return norm(x + dropout(part(x)))


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then two linear layers; each is added to its input and normalized.

    Parameters:
        d_model: the number of features.
        nhead: the number of heads, which divides d_model.
        dim_feedforward: the number of features between the linear layers.
        dropout: the probability of dropout behind each part.
        activation: "relu", "gelu" or a function.
        layer_norm_eps: is added to the variance in the norms.
        batch_first: True for (batch, length, features), False for (length, batch, features).
        norm_first: whether the norms are before the parts, rather than behind the sums.
        bias: whether linear layers and norms have biases.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(src, src_mask=None, src_key_padding_mask=None, is_causal=False)``; the masks are
    MultiheadAttention's. ValueError for an unknown activation and sizes that do not fit.

    >>> layer = tenon.nn.TransformerEncoderLayer(d_model=4, nhead=2, batch_first=True)
    >>> layer(tenon.rand(3, 5, 4)).shape
    (3, 5, 4)
    """

    def _build(
        self,
        d_model: int,
        nhead: int,
        wide: int,
        p: float,
        eps: float,
        batch_first: bool,
        bias: bool,
        *where: Any,
    ) -> None:
        device, dtype = where
        self.self_attn = self._attention(d_model, nhead, p, batch_first, bias, where)
        self.linear1 = Linear(d_model, wide, bias, device, dtype)
        self.dropout = Dropout(p)
        self.linear2 = Linear(wide, d_model, bias, device, dtype)
        self.norm1 = LayerNorm(d_model, eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, eps, bias=bias, device=device, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(p), Dropout(p)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Tensor) -> Tensor:
            return self.self_attn(
                x, x, x, src_key_padding_mask, need_weights=False, attn_mask=src_mask, is_causal=is_causal
            )[0]

        x = self._part(src, self.norm1, attend, self.dropout1)
        return self._part(x, self.norm2, self._feed, self.dropout2)


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to another one, then two linear layers.

    Each is added to its input and normalized.

    Parameters:
        d_model: the number of features.
        nhead: the number of heads, which divides d_model.
        dim_feedforward: the number of features between the linear layers.
        dropout: the probability of dropout behind each part.
        activation: "relu", "gelu" or a function.
        layer_norm_eps: is added to the variance in the norms.
        batch_first: True for (batch, length, features), False for (length, batch, features).
        norm_first: whether the norms are before the parts, rather than behind the sums.
        bias: whether linear layers and norms have biases.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    Called with ``(tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None,
    memory_key_padding_mask=None, tgt_is_causal=False, memory_is_causal=False)``; the masks are
    MultiheadAttention's. ValueError for an unknown activation and sizes that do not fit.

    >>> layer = tenon.nn.TransformerDecoderLayer(d_model=4, nhead=2, batch_first=True)
    >>> layer(tenon.rand(3, 5, 4), tenon.rand(3, 7, 4)).shape
    (3, 5, 4)
    """

    def _build(
        self,
        d_model: int,
        nhead: int,
        wide: int,
        p: float,
        eps: float,
        batch_first: bool,
        bias: bool,
        *where: Any,
    ) -> None:
        device, dtype = where
        self.self_attn = self._attention(d_model, nhead, p, batch_first, bias, where)
        self.multihead_attn = self._attention(d_model, nhead, p, batch_first, bias, where)
        self.linear1 = Linear(d_model, wide, bias, device, dtype)
        self.dropout = Dropout(p)
        self.linear2 = Linear(wide, d_model, bias, device, dtype)
        for name in ("norm1", "norm2", "norm3"):
            setattr(self, name, LayerNorm(d_model, eps, bias=bias, device=device, dtype=dtype))
        self.dropout1, self.dropout2, self.dropout3 = Dropout(p), Dropout(p), Dropout(p)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Tensor) -> Tensor:
            return self.self_attn(
                x, x, x, tgt_key_padding_mask, need_weights=False, attn_mask=tgt_mask, is_causal=tgt_is_causal
            )[0]

        def attend_memory(x: Tensor) -> Tensor:
            return self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, need_weights=False, attn_mask=memory_mask,
                is_causal=memory_is_causal,
            )[0]  # fmt: skip

        x = self._part(tgt, self.norm1, attend, self.dropout1)
        x = self._part(x, self.norm2, attend_memory, self.dropout2)
        return self._part(x, self.norm3, self._feed, self.dropout3)


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Parameters:
        encoder_layer: a layer, of which the stack has copies.
        num_layers: how many.
        norm: a module that normalizes the output; None for none.
        enable_nested_tensor: taken as PyTorch's, which skips padding so; not used.
        mask_check: taken as PyTorch's; not used.

    Called with ``(src, mask=None, src_key_padding_mask=None, is_causal=None)``, which is found out where it
    is None.

    >>> layer = tenon.nn.TransformerEncoderLayer(4, 2)
    >>> tenon.nn.TransformerEncoder(layer, 3)(tenon.rand(5, 2, 4)).shape
    (5, 2, 4)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        causal = _is_causal(mask, is_causal)
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """A stack of decoder layers.

    Parameters:
        decoder_layer: a layer, of which the stack has copies.
        num_layers: how many.
        norm: a module that normalizes the output; None for none.

    Called as the layers are, with tgt_is_causal=None, which is found out.

    >>> layer = tenon.nn.TransformerDecoderLayer(4, 2)
    >>> tenon.nn.TransformerDecoder(layer, 3)(tenon.rand(5, 2, 4), tenon.rand(7, 2, 4)).shape
    (5, 2, 4)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        causal = _is_causal(tgt_mask, tgt_is_causal)
        x = tgt
        for layer in self.layers:
            x = layer(
                x, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, causal,
                memory_is_causal,
            )  # fmt: skip
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """An encoder and a decoder that reads what the encoder makes.

    Parameters:
        d_model: the number of features.
        nhead: the number of heads, which divides d_model.
        num_encoder_layers: the layers of the encoder.
        num_decoder_layers: the layers of the decoder.
        dim_feedforward: the number of features between the linear layers.
        dropout: the probability of dropout behind each part.
        activation: "relu", "gelu" or a function.
        custom_encoder: a module in the encoder's place; None for a TransformerEncoder.
        custom_decoder: a module in the decoder's place; None for a TransformerDecoder.
        layer_norm_eps: is added to the variance in the norms.
        batch_first: True for (batch, length, features), False for (length, batch, features).
        norm_first: whether the norms are before the parts, rather than behind the sums.
        bias: whether linear layers and norms have biases.
        device: where the parameters lie; None for the CPU.
        dtype: their dtype; None for the default float.

    ValueError, from forward, for another number of features and another batch.

    >>> model = tenon.nn.Transformer(4, 2, 1, 1, 8)
    >>> model(tenon.rand(5, 3, 4), tenon.rand(6, 3, 4)).shape
    (6, 3, 4)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        rest = (
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
            device,
            dtype,
        )

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(d_model, nhead, *rest)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(d_model, nhead, *rest)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm())
        self.encoder, self.decoder = custom_encoder, custom_decoder
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise ValueError(f"Transformer: src and tgt must have one batch; got {src.shape} and {tgt.shape}")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ValueError(
                f"Transformer: src and tgt must have d_model={self.d_model} features; got {src.shape} and "
                f"{tgt.shape}"
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(
            tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal,
            memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The mask that hides what is later: -inf above the diagonal, 0 elsewhere, (sz, sz)."""
        return _triangle(sz, device, dtype)
