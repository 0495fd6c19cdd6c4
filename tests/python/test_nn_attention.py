"""Attention and transformers beside PyTorch's: masks, heads, layouts, stacks, and what they refuse."""

import math

import numpy as np
import pytest
import tenon
import tenon.nn
from tenon.nn import functional as F


def beside():
    pytest.importorskip("torch")
    import nn_parity

    return nn_parity


def draw(*shape, seed=0, grad=True):
    torch = pytest.importorskip("torch")
    g = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=g, dtype=torch.float64).requires_grad_(grad)


@pytest.mark.parametrize("kind", ["none", "causal", "bool", "float", "blind"])
@pytest.mark.parametrize("size", [(5, 7), (150, 300)])
def test_scaled_dot_product(kind, size):
    torch = pytest.importorskip("torch")
    q, k, v = draw(2, 3, size[0], 8), draw(2, 3, size[1], 8, seed=1), draw(2, 3, size[1], 4, seed=2)
    kwargs = {}
    if kind == "causal":
        kwargs["is_causal"] = True
    if kind in ("bool", "blind"):
        kwargs["attn_mask"] = draw(2, 1, *size, seed=3, grad=False) > 0
    if kind == "blind":
        kwargs["attn_mask"][:, :, 1] = False  # what sees nothing is 0, as in PyTorch
    if kind == "float":
        kwargs["attn_mask"] = draw(*size, seed=3, grad=False)
    beside().same(
        F.scaled_dot_product_attention,
        torch.nn.functional.scaled_dot_product_attention,
        (q, k, v),
        kwargs,
    )


def test_grouped_queries():
    torch = pytest.importorskip("torch")
    args = draw(2, 6, 5, 4), draw(2, 2, 7, 4, seed=1), draw(2, 2, 7, 4, seed=2)
    f = torch.nn.functional.scaled_dot_product_attention
    beside().same(F.scaled_dot_product_attention, f, args, {"enable_gqa": True, "scale": 0.7})


MASKS = [
    {},
    {"key_padding_mask": "bool"},
    {"attn_mask": "bool"},
    {"attn_mask": "heads", "key_padding_mask": "float"},
    {"attn_mask": "float", "key_padding_mask": "float"},
    {"attn_mask": "causal", "is_causal": True},
]


def masks_of(spec, batch, heads, queries, keys):
    torch = pytest.importorskip("torch")
    given = dict(spec)
    kind = given.get("attn_mask")
    if kind == "causal":
        given["attn_mask"] = torch.ones(queries, keys).triu(1).bool()
    elif kind:
        shape = (batch * heads, queries, keys) if kind == "heads" else (queries, keys)
        mask = draw(*shape, seed=5, grad=False)
        given["attn_mask"] = mask if kind == "float" else mask if kind == "heads" else mask > 0.7
    kind = given.get("key_padding_mask")
    if kind:
        mask = draw(batch, keys, seed=6, grad=False)
        given["key_padding_mask"] = mask if kind == "float" else mask > 0.9
    return given


@pytest.mark.parametrize("spec", MASKS, ids=str)
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_multihead_attention(spec, need_weights, batch_first):
    torch = pytest.importorskip("torch")
    x = draw(3, 4, 6)
    batch, length = (3, 4) if batch_first else (4, 3)
    kwargs = masks_of(spec, batch, 2, length, length) | {"need_weights": need_weights}
    beside().modules_agree(
        "MultiheadAttention",
        ((6, 2), {"batch_first": batch_first}),
        ((x, x, x), kwargs),
        dtype=torch.float64,
    )


@pytest.mark.parametrize(
    "options",
    [{"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 3, "vdim": 5}, {"bias": False}],
    ids=str,
)
@pytest.mark.parametrize("need_weights", [True, False])
def test_multihead_attention_to_another_sequence(options, need_weights):
    torch = pytest.importorskip("torch")
    k, v = options.get("kdim", 6), options.get("vdim", 6)
    args = draw(4, 3, 6), draw(5, 3, k, seed=1), draw(5, 3, v, seed=2)
    kwargs = masks_of({"attn_mask": "bool", "key_padding_mask": "bool"}, 3, 2, 4, 5)
    kwargs |= {"need_weights": need_weights, "average_attn_weights": False}
    beside().modules_agree("MultiheadAttention", ((6, 2), options), (args, kwargs), dtype=torch.float64)


def test_multihead_attention_without_a_batch_and_of_one_memory():
    torch = pytest.importorskip("torch")
    q, k = draw(4, 6), draw(5, 6, seed=1)
    beside().modules_agree("MultiheadAttention", ((6, 3), {}), ((q, k, k), {}), dtype=torch.float64)


@pytest.mark.parametrize(
    "options", [{}, {"norm_first": True, "activation": "gelu"}, {"batch_first": True, "bias": False}]
)
@pytest.mark.parametrize("name", ["TransformerEncoderLayer", "TransformerDecoderLayer"])
def test_transformer_layers(name, options):
    torch = pytest.importorskip("torch")
    args = (draw(4, 3, 6),) if "Encoder" in name else (draw(4, 3, 6), draw(4, 3, 6, seed=1))
    constructor = ((6, 2, 8, 0.0), options)
    for training in (True, False):
        beside().modules_agree(name, constructor, (args, {}), training, dtype=torch.float64)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("causal", [True, None])
def test_a_whole_transformer(causal):
    torch = pytest.importorskip("torch")
    ours, theirs = beside().pair("Transformer", 8, 2, 2, 2, 16, 0.0)
    ours.to(tenon.float64)
    theirs.double()
    src, tgt = draw(5, 3, 8), draw(4, 3, 8, seed=1)
    kwargs = {
        "tgt_mask": torch.nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64),
        "src_key_padding_mask": draw(3, 5, seed=2, grad=False) > 1,
        "tgt_is_causal": causal,
    }
    parameters = list(ours.parameters()), list(theirs.parameters())
    beside().same(ours, theirs, (src, tgt), kwargs, parameters=parameters)
    assert repr(ours) == repr(theirs)


def test_the_triangle_is_found_out():
    from tenon.nn.transformer import _is_causal

    mask = tenon.nn.Transformer.generate_square_subsequent_mask(3)
    assert mask.tolist() == [[0, -math.inf, -math.inf], [0, 0, -math.inf], [0, 0, 0]]
    assert _is_causal(mask, None)
    assert _is_causal(mask == -math.inf, None)
    assert not _is_causal(mask.T, None)
    assert not _is_causal(tenon.where(mask == 0, 1.0, mask), None)
    assert not _is_causal(mask[:2], None)
    assert not _is_causal(None, None)
    assert _is_causal(None, True)


def test_layers_of_a_stack_are_copies():
    layer = tenon.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0)
    stack = tenon.nn.TransformerEncoder(layer, 2, tenon.nn.LayerNorm(4))
    first, second = stack.layers
    assert first.linear1.weight is not second.linear1.weight
    x = tenon.rand(3, 2, 4)
    expected = stack.norm(second(first(x)))
    np.testing.assert_allclose(stack(x).detach().numpy(), expected.detach().numpy(), rtol=1e-6)


def test_memory_grows_with_the_length_alone():
    """The scores of 4096 queries and keys would be 64 MB for each head."""
    q = tenon.rand(1, 2, 4096, 8, requires_grad=True)
    tenon.memory.reset_peak()
    before = tenon.memory.stats()["in_use"]
    F.scaled_dot_product_attention(q, q, q, is_causal=True).sum().backward()
    assert tenon.memory.stats()["peak"] - before < 12 * q.nbytes


def test_dropout_works_in_training_alone():
    layer = tenon.nn.MultiheadAttention(4, 2, dropout=0.5)
    x = tenon.rand(20, 1, 4)
    for need_weights in (True, False):
        layer.train()
        a, b = (layer(x, x, x, need_weights=need_weights)[0] for _ in range(2))
        assert not bool((a == b).all())
        layer.eval()
        a, b = (layer(x, x, x, need_weights=need_weights)[0] for _ in range(2))
        assert bool((a == b).all())


def test_what_is_refused():
    with pytest.raises(ValueError, match="num_heads must divide embed_dim"):
        tenon.nn.MultiheadAttention(5, 2)
    layer = tenon.nn.MultiheadAttention(4, 2)
    x = tenon.ones(3, 2, 4)
    with pytest.raises(ValueError, match="the last dimensions must be"):
        layer(x, tenon.ones(3, 2, 5), x)
    with pytest.raises(ValueError, match="one batch"):
        layer(x, tenon.ones(3, 4, 4), tenon.ones(3, 4, 4))
    with pytest.raises(ValueError, match="key_padding_mask must have shape"):
        layer(x, x, x, key_padding_mask=tenon.ones(3, 3) > 0)
    with pytest.raises(ValueError, match="attn_mask must have shape"):
        layer(x, x, x, attn_mask=tenon.ones(3, 4) > 0)
    with pytest.raises(ValueError, match="activation is 'relu', 'gelu'"):
        tenon.nn.TransformerEncoderLayer(4, 2, activation="swish")
    with pytest.raises(ValueError, match="d_model=4 features"):
        tenon.nn.Transformer(4, 2, 1, 1, 8)(tenon.ones(3, 2, 5), x)
    with pytest.raises(ValueError, match="one batch"):
        tenon.nn.Transformer(4, 2, 1, 1, 8)(tenon.ones(3, 1, 4), x)


@pytest.mark.parametrize("kind", ["plain", "masks", "separate", "extras", "static", "alone", "fast"])
def test_multi_head_attention_forward(kind):
    torch = pytest.importorskip("torch")
    alone = kind == "alone"
    q, k, v = draw(5, 2, 8), draw(7, 2, 8, seed=1), draw(7, 2, 8, seed=2)
    kwargs = {}
    w, b = draw(24, 8, seed=3), draw(24, seed=4)
    extras = (None, None, False)
    if kind == "masks":
        kwargs = {
            "key_padding_mask": draw(2, 7, seed=5, grad=False) > 1,
            "attn_mask": draw(5, 7, seed=6, grad=False) > 0.5,
            "average_attn_weights": False,
        }
        kwargs["attn_mask"][:, 0] = kwargs["key_padding_mask"][:, 0] = False
    if kind == "separate":
        k, v = draw(7, 2, 6, seed=1), draw(7, 2, 4, seed=2)
        kwargs = {
            "use_separate_proj_weight": True,
            "q_proj_weight": draw(8, 8, seed=7),
            "k_proj_weight": draw(8, 6, seed=8),
            "v_proj_weight": draw(8, 4, seed=9),
        }
        w = None
    if kind == "extras":
        extras = (draw(1, 1, 8, seed=5), draw(1, 1, 8, seed=6), True)
    if kind == "static":
        kwargs = {"static_k": draw(4, 9, 4, seed=5), "static_v": draw(4, 9, 4, seed=6)}
    if alone:
        q, k, v = (t[:, 0].detach().requires_grad_() for t in (q, k, v))
    if kind == "fast":
        kwargs = {"need_weights": False}
    args = (q, k, v, 8, 2, w, b, *extras, 0.0, draw(8, 8, seed=10), draw(8, seed=11))
    f = torch.nn.functional.multi_head_attention_forward
    beside().same(F.multi_head_attention_forward, f, args, {"training": True, **kwargs})


def test_multi_head_attention_forward_refuses_what_does_not_fit():
    x, w, out = tenon.ones(3, 1, 4), tenon.ones(12, 4), tenon.eye(4)

    def call(heads=2, weight=w, **kwargs):
        return F.multi_head_attention_forward(
            x, x, x, 4, heads, weight, None, None, None, False, 0.0, out, None, **kwargs
        )

    for arguments, words in [
        ({"heads": 3}, "num_heads must divide 4, the embed_dim; got 3"),
        ({"weight": tenon.ones(8, 4)}, r"in_proj_weight must have 12 rows; got \(8, 4\)"),
        ({"weight": None}, "in_proj_weight must have 12 rows; got None"),
        ({"use_separate_proj_weight": True}, "q_proj_weight must have 4 rows; got None"),
        ({"static_k": tenon.ones(3, 2, 2)}, r"static_k must have shape \(2, length, 2\); got \(3, 2, 2\)"),
        ({"key_padding_mask": tenon.zeros(2, 3).bool()}, r"key_padding_mask must have shape \(1, 3\)"),
    ]:
        with pytest.raises(ValueError, match=f"^multi_head_attention_forward: {words}"):
            call(**arguments)
