"""Convolutions and pools: functions and modules beside PyTorch's, and beside closed values without it."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import tenon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

nn = pytest.importorskip("tenon.nn")
F = nn.functional


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def beside(torch, f, theirs, arrays):
    """Compares results and gradients; both may refuse. Returns whether PyTorch has taken the arguments."""
    x = [tenon.tensor(a, requires_grad=True) for a in arrays]
    t = [torch.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = theirs(*t)
        except (RuntimeError, ValueError):
            return False
        got = f(*x)
        assert tuple(got.shape) == tuple(wanted.shape)
        np.testing.assert_allclose(got.detach(), wanted.detach(), 1e-9, 1e-11)
        if got.numel() == 0:
            return True
        g = draw(9, *got.shape)
        got.backward(tenon.tensor(g))
        wanted.backward(torch.tensor(g))
    for a, b in zip(x, t, strict=True):
        np.testing.assert_allclose(a.grad, b.grad, 1e-9, 1e-11)
    return True


SIZES = st.integers(1, 3)
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@st.composite
def convolutions(draw_from):
    dims = draw_from(st.integers(1, 3))

    def each(low, high):
        return tuple(draw_from(st.integers(low, high)) for _ in range(dims))

    groups, inputs, outputs = draw_from(SIZES), draw_from(SIZES), draw_from(SIZES)
    options = {
        "stride": each(1, 4),
        "padding": draw_from(st.sampled_from(["valid", "same"])) if draw_from(st.booleans()) else each(0, 3),
        "dilation": each(1, 3),
        "groups": groups,
    }
    if options["padding"] == "same":
        options["stride"] = 1
    batch = draw_from(st.sampled_from([(), (1,), (2,), (0,)]))
    x = (*batch, groups * inputs, *each(3, 9))
    return dims, x, (groups * outputs, inputs, *each(1, 4)), draw_from(st.booleans()), options


@SETTINGS
@given(convolutions())
def test_convolutions_are_pytorchs(torch, case):
    dims, x, w, bias, options = case
    arrays = [draw(1, *x), draw(2, *w), *([draw(3, w[0])] if bias else [])]
    name = f"conv{dims}d"
    taken = beside(
        torch,
        lambda *a: getattr(F, name)(*a, **options),
        lambda *a: getattr(torch.nn.functional, name)(*a, **options),
        arrays,
    )
    if not taken:
        with pytest.raises(ValueError, match=name):
            getattr(F, name)(*map(tenon.tensor, arrays), **options)


@SETTINGS
@given(convolutions(), st.integers(0, 2))
def test_transposed_convolutions_are_pytorchs(torch, case, more):
    dims, x, (o, _, *kernel), bias, options = case
    if isinstance(options["padding"], str) or x[0] == 0:
        return
    groups = options["groups"]
    w = (x[-dims - 1], o // groups, *kernel)
    arrays = [draw(1, *x), draw(2, *w), *([draw(3, w[1] * groups)] if bias else [])]
    name = f"conv_transpose{dims}d"
    options = {**options, "output_padding": more}
    taken = beside(
        torch,
        lambda *a: getattr(F, name)(*a, **options),
        lambda *a: getattr(torch.nn.functional, name)(*a, **options),
        arrays,
    )
    if not taken:
        with pytest.raises(ValueError, match=name):
            getattr(F, name)(*map(tenon.tensor, arrays), **options)


@SETTINGS
@given(convolutions(), st.sampled_from(["max", "avg", "lp"]), st.booleans(), st.booleans(), st.booleans())
def test_pools_are_pytorchs(torch, case, kind, ceil, stepped, count):
    dims, x, (_, _, *kernel), _, o = case
    if isinstance(o["padding"], str):
        return
    options = {"kernel_size": tuple(kernel), "stride": o["stride"] if stepped else None, "ceil_mode": ceil}
    if kind == "lp":
        options["norm_type"] = 2.0
        if dims == 1:  # PyTorch's takes ints alone
            options |= {"kernel_size": kernel[0], "stride": o["stride"][0] if stepped else None}
    else:
        options["padding"] = o["padding"]
    if kind == "max":
        options["dilation"] = o["dilation"]
    if kind == "avg":
        options["count_include_pad"] = count
    name = f"{kind}_pool{dims}d"
    beside(
        torch,
        lambda a: getattr(F, name)(a, **options),
        lambda a: getattr(torch.nn.functional, name)(a, **options),
        [draw(1, *x)],
    )


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5, None, (None, 4, 2), (7, 1, 3)])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_adaptive_pools_are_pytorchs(torch, kind, dims, size):
    name = f"adaptive_{kind}_pool{dims}d"
    size = size[:dims] if isinstance(size, tuple) else size
    if size is None or (dims == 1 and isinstance(size, tuple) and None in size):
        assert getattr(F, name)(tenon.ones(2, 3, *[6] * dims), None).shape == (2, 3, *[6] * dims)
        return
    x = draw(1, 2, 3, *(7, 6, 5)[:dims])
    assert beside(
        torch, lambda a: getattr(F, name)(a, size), lambda a: getattr(torch.nn.functional, name)(a, size), [x]
    )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_places_and_unpooling_are_pytorchs(torch, dims):
    x = draw(1, 2, 3, *[9] * dims)
    name, unpool = f"max_pool{dims}d", f"max_unpool{dims}d"
    values, places = getattr(F, name)(tenon.tensor(x), 2, return_indices=True)
    wanted, theirs = getattr(torch.nn.functional, name)(torch.tensor(x), 2, return_indices=True)
    np.testing.assert_array_equal(places, theirs)
    again = getattr(F, f"{name}_with_indices")(tenon.tensor(x), 2)
    assert len(again) == 2 and again[1].dtype == tenon.int64
    for size in ((9,) * dims, (2, 3, *[9] * dims)):
        back = getattr(F, unpool)(values, places, 2, output_size=size)
        np.testing.assert_array_equal(
            back, getattr(torch.nn.functional, unpool)(wanted, theirs, 2, output_size=size)
        )
    whole = tenon.ones(1, *[8] * dims)
    pool, layer = getattr(nn, f"MaxPool{dims}d")(2, return_indices=True), getattr(nn, f"MaxUnpool{dims}d")(2)
    assert repr(layer) == repr(getattr(torch.nn, f"MaxUnpool{dims}d")(2))
    assert layer(*pool(whole)).sum().item() == 4**dims
    with pytest.raises(IndexError, match=unpool):
        getattr(F, unpool)(values, places + 9**dims, 2, output_size=(9,) * dims)


def test_names_stand_where_pytorch_has_them(torch):
    for name in (*F.__all__,):
        if not name.startswith(("conv", "max_pool", "avg_pool", "adaptive", "lp_pool", "max_unpool")):
            continue
        assert hasattr(torch.nn.functional, name), name
        assert hasattr(tenon, name) == hasattr(torch, name), name
    both = tenon.adaptive_max_pool1d(tenon.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    assert [t.tolist() for t in both] == [[[3.0, 2.0]], [[1, 2]]]
    assert pickle.loads(pickle.dumps(F.conv2d)) is tenon.conv2d
    assert pickle.loads(pickle.dumps(F.avg_pool2d)) is F.avg_pool2d


LAYERS = [
    ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1}, (2, 4, 9)),
    ("Conv2d", (4, 6, (3, 2)), {"padding": "same", "dilation": (1, 2), "groups": 2}, (2, 4, 7, 6)),
    ("Conv2d", (4, 6, 3), {"padding": 1, "padding_mode": "circular", "bias": False}, (2, 4, 7, 6)),
    ("Conv2d", (4, 6, 4), {"padding": "same", "padding_mode": "reflect"}, (2, 4, 7, 6)),
    ("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "replicate", "stride": 2}, (4, 7, 6)),
    ("Conv3d", (2, 3, 2), {"stride": (1, 2, 1)}, (1, 2, 4, 5, 6)),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "output_padding": 1}, (2, 4, 9)),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 2, "padding": 1, "groups": 2}, (2, 4, 5, 6)),
    ("ConvTranspose3d", (2, 3, 2), {"dilation": 2, "bias": False}, (1, 2, 3, 3, 3)),
    ("MaxPool1d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 4, 10)),
    ("MaxPool2d", (2,), {}, (2, 4, 6, 6)),
    ("MaxPool3d", (2,), {"dilation": 2, "stride": 1}, (2, 4, 6, 6, 6)),
    ("AvgPool1d", (3,), {"stride": 2, "padding": 1}, (2, 4, 10)),
    ("AvgPool2d", ((3, 2),), {"padding": 1, "count_include_pad": False}, (2, 4, 6, 6)),
    ("AvgPool3d", (2,), {"divisor_override": 3}, (2, 4, 6, 6, 6)),
    ("LPPool1d", (2, 3), {"stride": 2}, (2, 4, 10)),
    ("LPPool2d", (2, 3), {"ceil_mode": True}, (2, 4, 7, 7)),
    ("LPPool3d", (4, 2), {}, (2, 4, 4, 4, 4)),
    ("AdaptiveMaxPool1d", (3,), {}, (2, 4, 10)),
    ("AdaptiveMaxPool2d", ((3, None),), {}, (2, 4, 7, 5)),
    ("AdaptiveMaxPool3d", (2,), {}, (2, 4, 5, 5, 5)),
    ("AdaptiveAvgPool1d", (3,), {}, (2, 4, 10)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 4, 7, 5)),
    ("AdaptiveAvgPool3d", ((2, 3, 1),), {}, (2, 4, 5, 5, 5)),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "shape"), LAYERS)
def test_modules_are_pytorchs(torch, name, args, kwargs, shape):
    layer, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    assert repr(layer) == repr(theirs)
    assert list(layer.state_dict()) == list(theirs.state_dict())
    assert [tuple(p.shape) for p in layer.parameters()] == [tuple(p.shape) for p in theirs.parameters()]
    layer, theirs = layer.double(), theirs.double()
    layer.load_state_dict({k: tenon.from_dlpack(v.detach()) for k, v in theirs.state_dict().items()})
    x = draw(1, *shape)
    assert beside(torch, layer, theirs, [np.abs(x) if name.startswith("LP") else x])
    for a, b in zip(layer.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.grad, b.grad, 1e-9, 1e-11)
    assert repr(copy.deepcopy(layer)) == repr(pickle.loads(pickle.dumps(layer))) == repr(layer)


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_lazy_modules_become_what_they_name(kind, dims):
    name = f"{kind}{dims}d"
    layer = getattr(nn, f"Lazy{name}")(6, 3, padding=1)
    parameters = list(layer.parameters())
    y = layer(tenon.ones(2, 4, *[5] * dims))
    assert type(layer) is getattr(nn, name) and layer.in_channels == 4
    assert y.shape == (2, 6, *[5] * dims)
    assert all(a is b for a, b in zip(parameters, layer.parameters(), strict=True))
    assert layer.weight.shape == ((6, 4) if kind == "Conv" else (4, 6)) + (3,) * dims
    with pytest.raises(ValueError, match=r"LazyConv2d: in_channels=3, .* multiple of groups=2"):
        nn.LazyConv2d(4, 3, groups=2)(tenon.ones(1, 3, 5, 5))


def test_transposed_modules_take_an_output_size(torch):
    layer, theirs = nn.ConvTranspose2d(2, 3, 3, stride=2), torch.nn.ConvTranspose2d(2, 3, 3, stride=2)
    for size in ([10, 9], [1, 3, 9, 10]):
        x = tenon.ones(1, 2, 4, 4)
        assert tuple(layer(x, size).shape) == tuple(theirs(torch.ones(1, 2, 4, 4), size).shape)
    with pytest.raises(ValueError, match=r"sizes from \[9, 9\] to \[10, 10\]; got output_size=\(11, 9\)"):
        layer(tenon.ones(1, 2, 4, 4), [11, 9])
    with pytest.raises(ValueError, match="output_size takes 2 sizes"):
        layer(tenon.ones(1, 2, 4, 4), [9])


def test_values_known_without_pytorch():
    x = tenon.arange(16.0).reshape(1, 4, 4)
    assert F.conv2d(x, tenon.ones(1, 1, 3, 3)).tolist() == [[[45.0, 54.0], [81.0, 90.0]]]
    assert F.conv2d(x, tenon.ones(1, 1, 2, 2), padding="same").shape == (1, 4, 4)
    ones = tenon.ones(1, 1, 3)
    assert F.conv_transpose1d(tenon.tensor([[1.0, 2.0]]), ones).tolist() == [[1.0, 3.0, 3.0, 2.0]]
    assert F.max_pool2d(x, 2).tolist() == [[[5.0, 7.0], [13.0, 15.0]]]
    assert F.avg_pool2d(x, 2, padding=1, count_include_pad=False).tolist()[0][0] == [0.0, 1.5, 3.0]
    assert F.adaptive_avg_pool2d(x, 1).tolist() == [[[7.5]]]
    assert F.lp_pool1d(tenon.tensor([[3.0, 4.0]]), 2, 2).tolist() == [[5.0]]
    # An image of bytes meets float weights without a cast by hand.
    image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)
    assert tenon.conv2d(image, tenon.ones(1, 1, 2, 2)).tolist() == [[[8.0, 12.0], [20.0, 24.0]]]
    assert F.avg_pool2d(image, 3).item() == 4.0


def test_gradients_of_the_second_order():
    x = tenon.tensor(draw(1, 1, 2, 4, 5), requires_grad=True)
    w = tenon.tensor(draw(2, 3, 2, 2, 3), requires_grad=True)
    assert tenon.autograd.gradgradcheck(lambda a, b: F.conv2d(a, b, padding=1, stride=(1, 2)), (x, w))
    w = tenon.tensor(draw(2, 2, 3, 2, 3), requires_grad=True)
    assert tenon.autograd.gradgradcheck(lambda a, b: F.conv_transpose2d(a, b, stride=2), (x, w))
    assert tenon.autograd.gradgradcheck(lambda a: F.max_pool2d(a, 2).square(), (x,))
    assert tenon.autograd.gradgradcheck(lambda a: F.avg_pool2d(a, 3, 2, 1).square(), (x,))


def test_dtypes():
    x, w = tenon.tensor(draw(1, 2, 3, 8, 8)), tenon.tensor(draw(2, 4, 3, 3, 3))
    for dtype, tolerance in ((tenon.float32, 1e-5), (tenon.float16, 2e-2), (tenon.bfloat16, 1e-1)):
        y = F.conv2d(x.to(dtype), w.to(dtype))
        assert y.dtype == dtype
        np.testing.assert_allclose(y.double(), F.conv2d(x, w), tolerance, tolerance * 4)
    assert F.conv2d(x, w.float()).dtype == tenon.float64
    assert F.max_pool2d(tenon.arange(16).reshape(1, 4, 4), 2).dtype == tenon.int64
    # float16 holds no such sum, but the mean.
    assert F.avg_pool1d(tenon.full((1, 64), 2000.0, dtype=tenon.float16), 64).item() == 2000.0


BAD = [
    (
        "conv2d",
        ((3, 8, 8), (4, 2, 3, 3)),
        {},
        ValueError,
        r"weight of shape \(4, 2, 3, 3\) with groups=1 takes 2",
    ),
    (
        "conv2d",
        ((1, 3, 8, 8), (4, 3, 3, 3)),
        {"padding": "full"},
        ValueError,
        "'valid' or 'same'; got 'full'",
    ),
    ("conv2d", ((1, 3, 8, 8), (4, 3, 3, 3)), {"stride": 0}, ValueError, "stride must be positive"),
    ("conv2d", ((1, 3, 8, 8), (4, 3, 3, 3)), {"stride": "2"}, TypeError, "stride"),
    ("conv2d", ((1, 3, 8, 8), (4, 3, 3, 3)), {"groups": 0}, ValueError, "groups must be positive"),
    ("conv1d", ((3, 2), (4, 3, 3)), {}, ValueError, r"kernel of size \(3,\) .* input of size \(2,\)"),
    ("conv3d", ((3, 8, 8), (4, 3, 3, 3, 3)), {}, ValueError, r"must be \(N, C, D, H, W\) or"),
    ("conv_transpose2d", ((1, 3, 8, 8), (4, 3, 3, 3)), {}, ValueError, "takes 4 channels"),
    ("max_pool2d", ((1, 3, 8, 8),), {"kernel_size": 9}, ValueError, r"windows of size \(9, 9\) do not fit"),
    ("max_pool2d", ((1, 3, 8, 8),), {"kernel_size": (2, 2, 2)}, ValueError, "one int, or 2 of them"),
    ("avg_pool2d", ((1, 3, 8, 8),), {"kernel_size": 2, "padding": 2}, ValueError, "at most half"),
    ("adaptive_avg_pool2d", ((1, 3, 8, 8),), {"output_size": (1, 2, 3)}, ValueError, "one int, or 2 of them"),
    ("adaptive_max_pool1d", ((3, 8),), {"output_size": -1}, ValueError, "must not be negative"),
    ("lp_pool2d", ((1, 3, 8, 8),), {"norm_type": 0, "kernel_size": 2}, ValueError, "norm_type must not be 0"),
]


@pytest.mark.parametrize(("name", "shapes", "options", "error", "text"), BAD)
def test_bad_input_says_what_fits(name, shapes, options, error, text):
    with pytest.raises(error, match=text) as caught:
        getattr(F, name)(*(tenon.ones(*s) for s in shapes), **options)
    assert str(caught.value).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Conv2d(4, 6, 3, groups=4), "Conv2d: out_channels=6 must be a multiple of groups=4"),
        (lambda: nn.Conv2d(3, 6, 3, groups=2), "Conv2d: in_channels=3 must be a multiple of groups=2"),
        (lambda: nn.Conv1d(4, 6, 3, groups=0), "Conv1d: groups must be positive; got 0"),
        (lambda: nn.Conv2d(4, 6, (3, 3, 3)), "Conv2d: kernel_size is an int, or 2 of them; got"),
        (
            lambda: nn.Conv2d(4, 6, 3, padding="full"),
            "Conv2d: padding must be ints, 'same' or 'valid'; got 'full'",
        ),
        (lambda: nn.Conv2d(4, 6, 3, 2, padding="same"), "padding='same' keeps the size only with stride=1"),
        (lambda: nn.Conv2d(4, 6, 3, padding_mode="zero"), "padding_mode must be one of 'zeros', 'reflect'"),
        (lambda: nn.ConvTranspose2d(4, 6, 3, padding_mode="reflect"), "padding_mode must be 'zeros'"),
        (
            lambda: nn.ConvTranspose2d(4, 6, 3, padding="same"),
            "ConvTranspose2d: padding must be ints; got 'same'",
        ),
    ],
)
def test_modules_refuse_what_does_not_fit_together(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_no_images_and_no_channels():
    assert F.conv2d(tenon.ones(0, 3, 8, 8), tenon.ones(4, 3, 3, 3)).shape == (0, 4, 6, 6)
    w = tenon.ones(4, 3, 3, 3, requires_grad=True)
    F.conv2d(tenon.ones(0, 3, 8, 8), w).sum().backward()
    assert w.grad.abs().sum().item() == 0
    assert F.conv2d(tenon.ones(2, 0, 8, 8), tenon.ones(4, 0, 3, 3), tenon.arange(4.0))[0, 3, 0, 0].item() == 3
    assert F.max_pool2d(tenon.ones(0, 3, 8, 8), 2).shape == (0, 3, 4, 4)
