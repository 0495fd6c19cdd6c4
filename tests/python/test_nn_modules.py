"""Every module and loss against torch.nn: results, gradients, names, text; by PyTorch's list of cases."""

import sys
import types
import unittest
import warnings

import numpy as np
import pytest
import tenon
import tenon.nn
import tenon.nn.functional as F

torch = pytest.importorskip("torch")
import nn_parity  # noqa: E402

# PyTorch's list of cases imports a package of its test runner, of which the list needs nothing.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase))  # type: ignore[arg-type]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    common = pytest.importorskip("torch.testing._internal.common_modules")

pytestmark = pytest.mark.filterwarnings("ignore")

DATABASE = {
    info.module_cls.__name__: info for info in common.module_db if hasattr(tenon.nn, info.module_cls.__name__)
}


def cases(name, training):
    info = DATABASE[name]
    torch.manual_seed(0)
    for dtype in (torch.float64, torch.float32):
        if dtype in info.dtypes:
            for case in info.module_inputs_func(
                info, device="cpu", dtype=dtype, requires_grad=True, training=training
            ):
                if case.forward_input is not None:
                    yield case, dtype


@pytest.mark.parametrize("name", sorted(DATABASE.keys() - {"CTCLoss"}))
def test_database(name):
    count = 0
    for training in (True, False) if DATABASE[name].train_and_eval_differ else (True,):
        for case, dtype in cases(name, training):
            constructor = case.constructor_input.args, case.constructor_input.kwargs
            forward = case.forward_input.args, case.forward_input.kwargs
            # Long sums of float32, in another order, which the norms of rows of four elements magnify.
            long = name == "MultiheadAttention" or name.startswith("Transformer")
            far = dtype == torch.float32 and long
            nn_parity.modules_agree(
                name, constructor, forward, training, tolerance=1e-4 if far else None, dtype=dtype
            )
            count += 1
    assert count


def test_ctc_of_the_database():
    """PyTorch's gradient is right only behind log_softmax, so that stands between."""
    count = 0
    for case, _ in cases("CTCLoss", True):
        args, kwargs = case.constructor_input.args, case.constructor_input.kwargs
        ours, theirs = nn_parity.pair("CTCLoss", *args, **kwargs)
        nn_parity.same(
            lambda x, *rest, loss=ours: loss(x.log_softmax(2), *rest),
            lambda x, *rest, loss=theirs: loss(x.log_softmax(2), *rest),
            case.forward_input.args,
            {},
            tolerance=1e-9 if case.forward_input.args[0].dtype == torch.float64 else 2e-4,
        )
        count += 1
    assert count > 10


def r(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def n(high, *shape):
    return torch.randint(high, shape)


# What the database leaves out, or has too little of: name, what the module is made and called with.
CASES = [
    ("AdaptiveLogSoftmaxWithLoss", (8, 20, [5, 10, 15]), {"div_value": 2.0},
     lambda: (r(30, 8, dtype=torch.float32), n(20, 30))),
    ("AdaptiveLogSoftmaxWithLoss", (8, 20, [5]), {"head_bias": True},
     lambda: (r(9, 8, dtype=torch.float32), n(5, 9))),
    ("AdaptiveLogSoftmaxWithLoss", (8, 20, (4, 9)), {}, lambda: (r(8, dtype=torch.float32), n(20))),
    ("Hardsigmoid", (), {}, lambda: (r(3, 4),)),
    ("RReLU", (0.2, 0.4), {}, lambda: (r(3, 4),)),
    ("RReLU", (), {"inplace": True}, lambda: (r(3, 4).detach(),)),
    ("CosineSimilarity", (), {}, lambda: (r(3, 4), r(3, 4))),
    ("CosineSimilarity", (-1, 0.5), {}, lambda: (r(3, 4), r(4) * 0.1)),
    ("PairwiseDistance", (), {}, lambda: (r(3, 4), r(3, 4))),
    ("PairwiseDistance", (1.0, 1e-3, True), {}, lambda: (r(3, 4), r(4))),
    ("PairwiseDistance", (float("inf"),), {}, lambda: (r(4), r(4))),
    ("Identity", (3,), {"any": 4}, lambda: (r(3, 4),)),
    ("TripletMarginLoss", (), {}, lambda: (r(5, 4), r(5, 4), r(5, 4))),
    ("TripletMarginLoss", (2.0, 1.0, 1e-4, True), {}, lambda: (r(5, 4), r(5, 4), r(5, 4))),
    ("TripletMarginLoss", (), {"reduction": "none"}, lambda: (r(4), r(4), r(4))),
    ("TripletMarginWithDistanceLoss", (), {"swap": True}, lambda: (r(5, 4), r(5, 4), r(5, 4))),
    ("TripletMarginWithDistanceLoss", (), {"margin": 3.0, "reduction": "sum"},
     lambda: (r(5, 4), r(5, 4), r(5, 4))),
    ("NLLLoss2d", (), {}, lambda: (r(2, 3, 4, 5), n(3, 2, 4, 5))),
    ("ChannelShuffle", (2,), {}, lambda: (r(2, 6, 3),)),
    ("ChannelShuffle", (3,), {}, lambda: (r(2, 6, 3, 2),)),
    ("Flatten", (), {}, lambda: (r(2, 3, 4),)),
    ("Flatten", (0, 1), {}, lambda: (r(2, 3, 4),)),
    ("Unflatten", (1, (2, 3)), {}, lambda: (r(2, 6, 4),)),
    ("Unflatten", (-1, (2, -1)), {}, lambda: (r(2, 6),)),
    ("PixelShuffle", (2,), {}, lambda: (r(2, 8, 3, 2),)),
    ("PixelShuffle", (3,), {}, lambda: (r(9, 3, 2),)),
    ("PixelUnshuffle", (2,), {}, lambda: (r(1, 2, 2, 4, 6),)),
    ("Unfold", (2,), {}, lambda: (r(2, 3, 4, 5),)),
    ("Unfold", ((2, 3), 2, (1, 2), (2, 1)), {}, lambda: (r(2, 3, 6, 7),)),
    ("Unfold", ((3, 1),), {"padding": 1, "stride": 2}, lambda: (r(3, 4, 5),)),
    ("Fold", ((4, 5), 2), {}, lambda: (r(2, 12, 12),)),
    ("Fold", ((6, 7), (2, 3), 2, (1, 2), (2, 1)), {}, lambda: (r(2, 18, 21),)),
    ("Fold", (4, 2), {"stride": 2}, lambda: (r(8, 4),)),
    ("Upsample", (), {"scale_factor": 2}, lambda: (r(2, 3, 4),)),
    ("Upsample", (), {"scale_factor": (2, 1.5), "mode": "bilinear"}, lambda: (r(2, 3, 4, 5),)),
    ("Upsample", ((3, 7),), {"mode": "bicubic", "align_corners": True}, lambda: (r(2, 3, 4, 5),)),
    ("UpsamplingNearest2d", (), {"scale_factor": 3}, lambda: (r(2, 3, 4, 5),)),
    ("UpsamplingBilinear2d", (7,), {}, lambda: (r(2, 3, 4, 5),)),
    ("EmbeddingBag", (7, 3), {}, lambda: (n(7, 4, 5),)),
    ("EmbeddingBag", (7, 3), {"mode": "sum"}, lambda: (n(7, 10), torch.tensor([0, 4, 4, 9]))),
    ("EmbeddingBag", (7, 3), {"mode": "max"}, lambda: (n(7, 10), torch.tensor([0, 4, 4, 9]))),
    ("EmbeddingBag", (7, 3), {"mode": "max", "padding_idx": 2}, lambda: (n(7, 4, 5),)),
    ("EmbeddingBag", (7, 3), {"mode": "mean", "padding_idx": 2}, lambda: (n(7, 4, 5),)),
    ("EmbeddingBag", (7, 3), {"mode": "sum", "padding_idx": -1, "include_last_offset": True},
     lambda: (n(7, 10), torch.tensor([0, 4, 4, 10]))),
    ("EmbeddingBag", (7, 3), {"max_norm": 0.7, "norm_type": 1.0}, lambda: (n(7, 4, 5),)),
    ("Embedding", (7, 3), {"max_norm": 0.7, "padding_idx": -2}, lambda: (n(7, 4, 5),)),
    ("Embedding", (7, 3), {"scale_grad_by_freq": True, "padding_idx": 1}, lambda: (n(3, 4, 5),)),
    ("Bilinear", (3, 4, 2), {"bias": False, "dtype": torch.float64}, lambda: (r(5, 6, 3), r(5, 6, 4))),
    ("Linear", (3, 4), {"bias": False}, lambda: (r(2, 5, 3, dtype=torch.float32),)),
    ("MultiLabelMarginLoss", (), {}, lambda: (r(2, 4), torch.tensor([[3, 0, -1, 1], [2, 2, 0, -1]]))),
    ("MultiMarginLoss", (2, 0.5), {"weight": torch.rand(4).double()}, lambda: (r(3, 4), n(4, 3))),
    ("CrossEntropyLoss", (torch.rand(4).double(),), {"ignore_index": 1, "label_smoothing": 0.1},
     lambda: (r(6, 4, 2), n(4, 6, 2))),
    ("CrossEntropyLoss", (), {"label_smoothing": 0.2, "reduction": "none"}, lambda: (r(4), n(4))),
    ("CrossEntropyLoss", (torch.rand(4).double(),), {"label_smoothing": 0.2},
     lambda: (r(5, 4), torch.rand(5, 4).double().requires_grad_())),
    ("KLDivLoss", (), {"reduction": "batchmean"}, lambda: (r(3, 4), torch.rand(3, 4).double())),
    ("KLDivLoss", (), {"reduction": "sum", "log_target": True}, lambda: (r(3, 4), r(3, 4))),
    ("GaussianNLLLoss", (), {"full": True},
     lambda: (r(3, 4), r(3, 4), torch.rand(3).double().requires_grad_())),
    ("PoissonNLLLoss", (), {"full": True, "log_input": False},
     lambda: (torch.rand(3, 4).requires_grad_(), n(5, 3, 4).float())),
    ("BCEWithLogitsLoss", (), {"pos_weight": torch.rand(4)},
     lambda: (r(3, 4, dtype=torch.float32), n(2, 3, 4).float())),
    ("HuberLoss", ("sum", 0.3), {}, lambda: (r(3, 4), r(3, 4))),
    ("SmoothL1Loss", (), {"beta": 0.0}, lambda: (r(3, 4), r(3, 4))),
    ("Softmax", (), {}, lambda: (r(3, 4),)),
    ("LogSoftmax", (), {}, lambda: (r(3, 4, 2),)),
    ("CircularPad2d", ((1, 2, 0, 1),), {}, lambda: (r(2, 3, 4),)),
    ("ReflectionPad3d", ((1, 2, 0, 1, 1, 0),), {}, lambda: (r(2, 3, 4, 3, 3),)),
    ("ConstantPad1d", ((-1, 2), 3.5), {}, lambda: (r(2, 3),)),
    ("ReplicationPad2d", ((-1, 2, 1, -2),), {}, lambda: (r(2, 3, 4, 5),)),
]  # fmt: skip


@pytest.mark.parametrize("i", range(len(CASES)), ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_further_cases(i):
    name, args, kwargs, forward = CASES[i]
    torch.manual_seed(i)
    inputs = forward()
    # PyTorch's slope of hardsigmoid is float32's sixth for float64, too.
    tolerance = 1e-7 if name == "Hardsigmoid" else None
    nn_parity.modules_agree(name, (args, kwargs), (inputs, {}), name != "RReLU", tolerance)


def test_gradients_of_bags_by_frequency():
    """Each row's gradient is divided by how often it is used; PyTorch divides by another row's number."""
    layer = tenon.nn.EmbeddingBag(4, 2, scale_grad_by_freq=True, mode="sum")
    layer(tenon.tensor([[0, 1, 1], [1, 2, 1]])).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [1, 1], [1, 1], [0, 0]]


LOSSES = [n for n in tenon.nn.__all__ if "Loss" in n]


@nn_parity.on_cpu
def test_fifty_steps_of_training():
    """The same losses as PyTorch's, from the same weights and data."""
    layers = [("Linear", (5, 16)), ("GELU", ()), ("Linear", (16, 16)), ("PReLU", ()), ("Linear", (16, 3))]
    torch.manual_seed(0)
    reference = torch.nn.Sequential(*[getattr(torch.nn, name)(*args) for name, args in layers])
    model = tenon.nn.Sequential(*[getattr(tenon.nn, name)(*args) for name, args in layers])
    model.load_state_dict(reference.state_dict())
    x = torch.randn(64, 5)
    y = x[:, :3].argmax(1)
    losses = []
    for lib, net, inputs, target in (
        (torch, reference, x, y),
        (tenon, model, nn_parity.ours(x), nn_parity.ours(y)),
    ):
        criterion = lib.nn.CrossEntropyLoss(label_smoothing=0.05)
        for _ in range(50):
            value = criterion(net(inputs), target)
            value.backward()
            lib.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            with lib.no_grad():
                for p in net.parameters():
                    p -= 0.3 * p.grad
            net.zero_grad()
            losses.append(value.item())
    assert losses[49] < losses[0] / 2
    np.testing.assert_allclose(losses[50:], losses[:50], rtol=1e-4)


def test_older_flags_of_reduction():
    for flags in (
        {"size_average": False},
        {"reduce": False},
        {"reduce": True},
        {"size_average": True, "reduce": False},
    ):
        ours, theirs = tenon.nn.L1Loss(**flags), torch.nn.L1Loss(**flags)
        assert ours.reduction == theirs.reduction
        x, y = r(3), r(3)
        nn_parity.same(ours, theirs, (x, y), {})


@nn_parity.on_cpu
def test_predictions_of_the_adaptive_softmax_are_those_of_torch():
    torch.manual_seed(0)
    for bias in (True, False):
        ours, theirs = nn_parity.pair("AdaptiveLogSoftmaxWithLoss", 8, 20, [5, 10], 2.0, bias)
        for scale in (0.1, 3.0, 100.0):
            x = torch.randn(50, 8) * scale
            ours_x = tenon.from_numpy(x.numpy())
            nn_parity.close(ours.log_prob(ours_x), theirs.log_prob(x), 1e-4)
            assert ours.predict(ours_x).tolist() == theirs.predict(x).tolist()
    before = ours.head.weight.tolist()
    ours.reset_parameters()
    assert ours.head.weight.tolist() != before


@pytest.mark.parametrize("dims", [2, 3])
def test_fractional_pools_stand_where_samples_say(dims):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *(9, 11, 12)[:dims], dtype=torch.float64, requires_grad=True)
    samples = torch.rand(2, 3, dims, dtype=torch.float64)
    name = f"fractional_max_pool{dims}d"
    for size in (4, (5, 6, 7)[:dims], 1):
        nn_parity.same(
            getattr(tenon.nn.functional, name),
            getattr(torch.nn.functional, name),
            (x, (2, 3, 2)[:dims], size),
            {"return_indices": True, "_random_samples": samples},
        )
    pool = getattr(tenon.nn, f"FractionalMaxPool{dims}d")(2, output_ratio=0.5, return_indices=True)
    image = tenon.rand(2, 3, *(8,) * dims)
    y, places = pool(image)
    assert y.shape == places.shape == (2, 3, *(4,) * dims)
    assert tenon.equal(image.flatten(2).gather(2, places.flatten(2)), y.flatten(2))
    x = tenon.rand(1, 1, *(5,) * dims, dtype=tenon.float64).requires_grad_()
    at = tenon.full((1, 1, dims), 0.3, dtype=tenon.float64)
    assert tenon.autograd.gradgradcheck(lambda t: getattr(F, name)(t, 2, 3, _random_samples=at) ** 2, (x,))


def test_every_module_was_compared():
    """Containers and what is drawn by chance have tests of their own."""
    compared = {*DATABASE, *(name for name, *_ in CASES)}
    others = {
        "AlphaDropout", "Buffer", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout",
        "CrossMapLRN2d", "LinearCrossEntropyOptions", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "Module",
        "ModuleDict", "ModuleList",
        "Parameter", "ParameterDict", "ParameterList", "RNNBase", "RNNCellBase", "Sequential",
        "SyncBatchNorm", "TransformerDecoder", "UninitializedBuffer", "UninitializedParameter",
        *(name for name in tenon.nn.__all__ if name.startswith("Lazy")),
    }  # fmt: skip
    built_here = {n for n in tenon.nn.__all__ if isinstance(getattr(tenon.nn, n), type)}
    assert built_here - compared - others == set()
