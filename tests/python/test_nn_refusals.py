"""Bad input to layers and losses: the right exception, which names the function, the argument and values."""

import pytest
import tenon
import tenon.nn.functional as F
from tenon import nn

X = tenon.ones(2, 3)
CLASSES = tenon.tensor([0, 2])

REFUSED = [
    # ---- classes ----
    (
        lambda: F.cross_entropy(X, tenon.tensor([0, 3])),
        IndexError,
        r"cross_entropy: target 3 is no class; input has the 3 classes from 0 to 2",
    ),
    (
        lambda: F.nll_loss(X, tenon.tensor([0, -1])),
        IndexError,
        r"nll_loss: target -1 is no class; .* from 0 to 2, and ignore_index is -100",
    ),
    (
        lambda: F.cross_entropy(X, tenon.tensor([0, 1, 2])),
        ValueError,
        r"cross_entropy: target must have shape \(2,\), input's \(2, 3\) without its classes; got \(3,\)",
    ),
    (
        lambda: F.cross_entropy(X, tenon.ones(2)),
        ValueError,
        r"classes of an integer dtype, or probabilities in input's shape \(2, 3\); got float32",
    ),
    (
        lambda: F.cross_entropy(X, tenon.ones(2, 3, dtype=tenon.int64)),
        ValueError,
        r"cross_entropy: target must have shape \(2,\), .*; got \(2, 3\)",
    ),
    (
        lambda: F.cross_entropy(X, CLASSES, tenon.ones(2)),
        ValueError,
        r"weight must have one number for each of the 3 classes; got shape \(2,\)",
    ),
    (
        lambda: F.cross_entropy(X, X, tenon.ones(2)),
        ValueError,
        r"weight must have one number for each of the 3 classes; got shape \(2,\)",
    ),
    (
        lambda: F.cross_entropy(X, CLASSES, label_smoothing=1.5),
        ValueError,
        r"label_smoothing must be from 0 to 1; got 1.5",
    ),
    (
        lambda: F.cross_entropy(X, CLASSES, reduction="max"),
        ValueError,
        r"cross_entropy: reduction is 'none', 'mean' or 'sum'; got 'max'",
    ),
    (
        lambda: F.nll_loss(tenon.tensor(1.0), tenon.tensor(0)),
        ValueError,
        r"nll_loss: expected an input \(classes\) or \(batch, classes, ...\); got 0 dimensions",
    ),
    (
        lambda: nn.CrossEntropyLoss(reduction="avg"),
        ValueError,
        r"CrossEntropyLoss: reduction is .*; got 'avg'",
    ),
    (lambda: F.multi_margin_loss(X, CLASSES, p=3), ValueError, r"multi_margin_loss: p is 1 or 2; got 3"),
    (
        lambda: F.multi_margin_loss(X, tenon.tensor([0])),
        ValueError,
        r"multi_margin_loss: input of shape \(2, 3\) does not go with a target of shape \(1,\)",
    ),
    (
        lambda: F.multi_margin_loss(X, tenon.tensor([0, 3])),
        IndexError,
        r"multi_margin_loss: classes are from 0 to 2; target holds from 0 to 3",
    ),
    (lambda: F.multi_margin_loss(X, tenon.tensor([0, -2])), IndexError, r"target holds from -2 to 0"),
    (
        lambda: F.multilabel_margin_loss(X, tenon.ones(2, 3, dtype=tenon.int64) * 3),
        ValueError,
        r"classes are from 0 to 2, and -1 ends them",
    ),
    (lambda: F.multilabel_margin_loss(X, X), TypeError, r"classes, which are integers; got float32"),
    # ---- probabilities, values ----
    (
        lambda: F.binary_cross_entropy(X * 2, X),
        ValueError,
        r"input must be probabilities in \[0, 1\]; got 2 \(for logits use binary_cross_entropy_with_logits\)",
    ),
    (
        lambda: F.binary_cross_entropy(X, tenon.ones(2)),
        ValueError,
        r"binary_cross_entropy: target must have input's shape \(2, 3\); got \(2,\)",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(X, tenon.ones(2, 1)),
        ValueError,
        r"target must have input's shape \(2, 3\); got \(2, 1\)",
    ),
    (lambda: F.huber_loss(X, X, delta=0), ValueError, r"huber_loss: delta must be positive; got 0"),
    (
        lambda: F.smooth_l1_loss(X, X, beta=-1),
        ValueError,
        r"smooth_l1_loss: beta must not be negative; got -1",
    ),
    (lambda: F.gaussian_nll_loss(X, X, -X), ValueError, r"var must not be negative; the smallest is -1"),
    (
        lambda: F.gaussian_nll_loss(X, X, tenon.ones(5)),
        ValueError,
        r"gaussian_nll_loss: var has input's shape, \(2, 3\).*; got \(5,\)",
    ),
    (
        lambda: F.cosine_embedding_loss(X, X, tenon.ones(2, 3)),
        ValueError,
        r"go with a target of shape \(n,\)",
    ),
    (
        lambda: F.margin_ranking_loss(X, X, tenon.ones(2)),
        ValueError,
        r"the same number of dimensions; got \(2, 3\), \(2, 3\) and \(2,\)",
    ),
    (
        lambda: F.triplet_margin_loss(X, X, X[0]),
        ValueError,
        r"triplet_margin_loss: .*got \(2, 3\), \(2, 3\) and \(3,\)",
    ),
    (lambda: F.triplet_margin_loss(X, X, X, margin=0), ValueError, r"margin must be positive; got 0"),
    (
        lambda: nn.TripletMarginLoss(margin=-1),
        ValueError,
        r"TripletMarginLoss: margin must be positive; got -1",
    ),
    (lambda: F.kl_div(X, X, reduction="batch"), ValueError, r"kl_div: reduction"),
    # ---- layers ----
    (
        lambda: nn.Linear(4, 1)(X),
        ValueError,
        r"linear: the last dimension of input must have the 4 .*got input \(2, 3\) and weight \(1, 4\)",
    ),
    (
        lambda: nn.Bilinear(3, 4, 1)(X, X),
        ValueError,
        r"bilinear: the weight \(1, 3, 4\) takes 3 and 4 features; got inputs \(2, 3\) and \(2, 3\)",
    ),
    (lambda: nn.Bilinear(0, 4, 1), ValueError, r"in1_features must be positive; got 0"),
    (
        lambda: nn.Embedding(3, 2)(tenon.tensor([0, 3])),
        IndexError,
        r"embedding: indices are from 0 to 2; input holds from 0 to 3",
    ),
    (lambda: nn.Embedding(3, 2)(tenon.tensor([0, -1])), IndexError, r"input holds from -1 to 0"),
    (lambda: nn.Embedding(3, 2, padding_idx=0)(tenon.tensor([-1])), IndexError, r"input holds from -1 to -1"),
    (
        lambda: nn.Embedding(3, 2)(X),
        TypeError,
        r"embedding: input holds indices, which are integers; got float32",
    ),
    (
        lambda: nn.Embedding(3, 2, sparse=True),
        ValueError,
        r"Embedding: tenon has no sparse tensors; leave sparse=True out",
    ),
    (
        lambda: nn.Embedding(3, 2, padding_idx=3),
        ValueError,
        r"padding_idx must be within num_embeddings=3; got 3",
    ),
    (
        lambda: nn.Embedding.from_pretrained(tenon.ones(3)),
        ValueError,
        r"embeddings have two dimensions; got shape \(3,\)",
    ),
    (lambda: nn.EmbeddingBag(3, 2, mode="min"), ValueError, r"mode is 'sum', 'mean' or 'max'; got 'min'"),
    (
        lambda: nn.EmbeddingBag(3, 2)(CLASSES),
        ValueError,
        r"embedding_bag: input has shape \(bags, length\), or",
    ),
    (
        lambda: nn.EmbeddingBag(3, 2)(CLASSES, tenon.tensor([1])),
        ValueError,
        r"the first offset must be 0; got 1",
    ),
    (
        lambda: nn.EmbeddingBag(3, 2)(CLASSES, tenon.tensor([0, 5])),
        ValueError,
        r"offsets must not fall, nor be above the 2 indices",
    ),
    (
        lambda: nn.EmbeddingBag(3, 2)(CLASSES.reshape(1, 2), per_sample_weights=X),
        ValueError,
        r"per_sample_weights go with mode='sum'",
    ),
    (
        lambda: nn.Dropout(1.5),
        ValueError,
        r"Dropout: the dropout probability p must be between 0 and 1; got 1.5",
    ),
    (lambda: nn.PReLU(2)(X), ValueError, r"prelu: .*3 channels; got shape \(2,\)"),
    (lambda: nn.GLU()(X), ValueError, r"glu: dimension -1 is halved, so its size must be even; got 3"),
    (lambda: nn.GELU("fast"), ValueError, r"GELU: approximate is 'none' or 'tanh'; got 'fast'"),
    (lambda: nn.Hardtanh(1, 1), ValueError, r"min_val must be below max_val; got 1 and 1"),
    (lambda: nn.Softmax2d()(X), ValueError, r"Softmax2d: .*got \(2, 3\)"),
    (lambda: nn.Softmax(3)(X), IndexError, r"3"),
    (
        lambda: nn.ReflectionPad1d(3)(X),
        ValueError,
        r"pad: mode 'reflect' takes at most 2 of 3 elements; got \(3, 3\)",
    ),
    (lambda: nn.CircularPad1d(4)(X), ValueError, r"pad: mode 'circular' takes at most 3 of 3 elements"),
    (
        lambda: nn.ReplicationPad2d(1)(X),
        ValueError,
        r"ReplicationPad2d: input has 4 dimensions, or 3 without a batch; got shape \(2, 3\)",
    ),
    (lambda: nn.ZeroPad2d((1, 2)), ValueError, r"ZeroPad2d: padding is an int or 4 ints; got \(1, 2\)"),
    (lambda: nn.ZeroPad2d("x"), TypeError, r"ZeroPad2d: padding is an int or 4 ints; got 'x'"),
    (lambda: F.pad(X, (1,)), ValueError, r"pad has two widths for each dimension, at most 4, .*; got \(1,\)"),
    (lambda: F.pad(X, (-2, -2)), ValueError, r"cuts more than the 3 elements of dimension 1"),
    (lambda: F.pad(X, (1, 1), "mirror"), ValueError, r"mode is 'constant', .*; got 'mirror'"),
    (lambda: F.pad(X, (1, 1), "reflect", 2.0), ValueError, r"mode 'reflect' takes no value; got 2.0"),
    (
        lambda: nn.PixelShuffle(2)(X.reshape(1, 2, 3)),
        ValueError,
        r"pixel_shuffle: .*upscale_factor=2; got \(1, 2, 3\)",
    ),
    (lambda: nn.PixelUnshuffle(2)(X.reshape(1, 2, 3)), ValueError, r"pixel_unshuffle: .*got \(1, 2, 3\)"),
    (lambda: nn.PixelShuffle(0)(X), ValueError, r"upscale_factor must be positive; got 0"),
    (
        lambda: nn.ChannelShuffle(2)(X.reshape(2, 3, 1)),
        ValueError,
        r"channels that 2 groups divide; got \(2, 3, 1\)",
    ),
    (
        lambda: nn.Unfold(4)(tenon.ones(1, 3, 3)),
        ValueError,
        r"a kernel of \(4, 4\) with dilation \(1, 1\) does not fit into an image of \(3, 3\)",
    ),
    (
        lambda: nn.Unfold(2, stride=0)(tenon.ones(1, 3, 3)),
        ValueError,
        r"unfold: stride must be positive; got \(0, 0\)",
    ),
    (lambda: nn.Unfold(2)(X), ValueError, r"unfold: input has shape \(N, C, H, W\)"),
    (
        lambda: nn.Fold((3, 3), 2)(tenon.ones(1, 4, 5)),
        ValueError,
        r"fold: .*\(N, C \* 4, 4\); got \(1, 4, 5\)",
    ),
    (lambda: nn.Unflatten(1.5, (2,)), TypeError, r"Unflatten: dim is an int"),
    (lambda: nn.Unflatten(1, 2), TypeError, r"unflattened_size is a tuple of ints; got 2"),
    (
        lambda: nn.Upsample(2, mode="bilinear")(X),
        ValueError,
        r"mode 'bilinear' takes input of 4 dimensions, \(N, C, ...\); got shape \(2, 3\)",
    ),
    (lambda: nn.Upsample()(tenon.ones(1, 1, 2)), ValueError, r"one of size and scale_factor must be given"),
    (
        lambda: F.interpolate(tenon.ones(1, 1, 2), 3, mode="cubic"),
        ValueError,
        r"mode is one of nearest, .*; got 'cubic'",
    ),
    (
        lambda: F.interpolate(tenon.ones(1, 1, 2), 3, align_corners=True),
        ValueError,
        r"align_corners goes with linear, .*got mode 'nearest'",
    ),
    (
        lambda: F.interpolate(tenon.ones(1, 1, 2), (3, 4)),
        ValueError,
        r"1 spatial dimensions, for which 2 numbers are given",
    ),
    (
        lambda: F.interpolate(tenon.ones(1, 1, 2), 0),
        ValueError,
        r"all sizes must be positive; got \(2,\) to \(0,\)",
    ),
    (
        lambda: F.interpolate(tenon.ones(1, 1, 2), 3, antialias=True),
        ValueError,
        r"antialias goes with 'bilinear' and 'bicubic'",
    ),
    (
        lambda: F.interpolate(tenon.ones(1, 1, 2, dtype=tenon.int64), 3, mode="linear"),
        TypeError,
        r"takes floats; got int64",
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("i", range(len(REFUSED)))
def test_refused(i):
    call, error, words = REFUSED[i]
    with pytest.raises(error, match=words):
        call()


def test_weights_are_not_renormalized_where_an_index_is_wrong():
    layer = nn.Embedding(3, 2, max_norm=0.1)
    before = layer.weight.detach().clone()
    with pytest.raises(IndexError):
        layer(tenon.tensor([0, 3]))
    assert tenon.equal(layer.weight, before)


def test_empty_batches():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 2))
    y = model(tenon.ones(0, 3))
    assert y.shape == (0, 2)
    assert F.cross_entropy(y, tenon.empty(0, dtype=tenon.int64), reduction="sum").item() == 0
    assert F.cross_entropy(y, tenon.empty(0, dtype=tenon.int64)).isnan()
    F.mse_loss(y, tenon.ones(0, 2), reduction="sum").backward()
    assert all(p.grad.abs().sum().item() == 0 for p in model.parameters())
    assert nn.Embedding(3, 2)(tenon.empty(0, dtype=tenon.int64)).shape == (0, 2)
