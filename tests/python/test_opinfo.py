"""PyTorch's own samples of its operators: values and gradients are PyTorch's, where tenon has it."""

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch", minversion="2.13")
from opinfo import OPERATORS, NotOurs, array, flat, ours, weighted  # noqa: E402

pytestmark = pytest.mark.slow
MOST = 4  # samples of one operator and dtype
DTYPES = {
    d: getattr(torch, d) for d in ("float64", "int64", "uint8", "bool", "complex128", "float16", "bfloat16")
}
TOLERANCE = {"float16": (1e-2, 1e-2), "bfloat16": (6e-2, 6e-2)}

#: Operators that are not compared, by the reason.
LEFT_OUT = {
    "random numbers": (
        "bernoulli cauchy exponential geometric log_normal multinomial normal rand_like randint randint_like "
        "randn randn_like uniform nn.functional.alpha_dropout nn.functional.dropout nn.functional.dropout2d "
        "nn.functional.dropout3d nn.functional.feature_alpha_dropout nn.functional.rrelu "
        "nn.functional.scaled_dot_product_attention nn.functional.multi_head_attention_forward"
    ),
    "random bases": "svd_lowrank pca_lowrank",
    "samples that are changed in place": "fill zero_ resize_ resize_as_",
    "windows that are drawn": "nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d",
    "elements that are not set": "empty empty_like empty_permuted empty_strided new_empty new_empty_strided",
    "vectors with a free sign or phase; test_linalg_samples.py": (
        "svd linalg.svd linalg.eig linalg.eigh linalg.lstsq linalg.pinv qr linalg.qr"
    ),
    "the gradient of a triangle; test_linalg_samples.py": (
        "cholesky cholesky_inverse cholesky_solve linalg.cholesky linalg.cholesky_ex"
    ),
    "samples whose call is not the function's": (
        "einsum where nn.functional.embedding nn.functional.embedding_bag polygamma special.polygamma"
    ),
    "the storage that a view of a sample has and an array's copy has not": "as_strided",
    "NumPy's function": "put",
    "PyTorch's sorts are not stable, its modes any of the places": "sort argsort mode kthvalue topk",
    "PyTorch gives elements that another one overwrote a gradient": (
        "as_strided_scatter nn.functional.max_unpool1d nn.functional.max_unpool2d nn.functional.max_unpool3d"
    ),
    "a gradient by the logarithm of 0, which cancels": "nn.functional.ctc_loss",
    "a function of PyTorch's as an argument": "nn.functional.triplet_margin_with_distance_loss",
}
#: What differs on purpose: operator, dtypes ("*": all), and why.
DIFFERENT = [
    (
        "arange logspace",
        "int64 uint8",
        "steps and ends that are no integers are rounded once, at the end",
    ),
    (
        "add sub index_add",
        "uint8",
        "a negative alpha is out of bounds for an unsigned dtype",
    ),
    (
        "addmv addbmm baddbmm addr addmm",
        "int64 uint8",
        "factors with a fraction do not fit integers",
    ),
    (
        "cumsum cumprod sum prod nansum trace",
        "uint8",
        "unsigned integers add up in uint64, as in NumPy",
    ),
    (
        "any all",
        "uint8",
        "bool, as in NumPy",
    ),
    (
        "heaviside square",
        "int64 uint8 bool",
        "NumPy's dtypes",
    ),
    (
        "sign __rpow__ sgn",
        "bool int64 uint8",
        "refused, as by NumPy",
    ),
    (
        (
            "ldexp logaddexp nn.functional.softsign nn.functional.tanhshrink nn.functional.rms_norm "
            "nn.functional.l1_loss"
        ),
        "complex128",
        "real numbers only",
    ),
    ("rsub scalar_tensor trapezoid trapz cumulative_trapezoid", "uint8", "numbers below 0 are out of bounds"),
    ("istft", "complex128", "PyTorch loses the gradient of a window that is padded"),
    ("histc", "float16 bfloat16", "edges are not rounded to the dtype"),
    ("sum_to_size", "uint8 bool", "keeps the dtype"),
    ("nn.functional.conv_transpose3d addbmm", "float16 bfloat16", "rounded once, at the end"),
    ("logcumsumexp", "complex128", "real numbers only"),
    (
        "view_as_complex complex polar",
        "float16",
        "there are no complex numbers of 16 bits",
    ),
    (
        "cov",
        "*",
        "weights have float64's gradient; halves stay halves",
    ),
    (
        "quantile nanquantile",
        "float64",
        "the midpoint has no derivative by q",
    ),
    (
        "nextafter",
        "float64",
        "no derivative",
    ),
    (
        "special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1",
        "float64",
        "PyTorch's are off by up to 3e-6; tests/python/test_bessel_airy_zeta.py",
    ),
    (
        "matrix_exp linalg.matrix_exp",
        "float16 bfloat16",
        "float32 and float64 only",
    ),
    (
        (
            "nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.avg_pool3d "
            "nn.functional.hardtanh nn.functional.local_response_norm"
        ),
        "int64 uint8",
        "integers become the default float, or are refused",
    ),
    (
        (
            "nn.functional.conv1d nn.functional.conv2d nn.functional.conv3d "
            "nn.functional.conv_transpose1d nn.functional.conv_transpose2d "
            "nn.functional.conv_transpose3d"
        ),
        "int64 uint8 complex128",
        "floats only",
    ),
    (
        "nn.functional.interpolate nn.functional.upsample_bilinear",
        "uint8",
        "floats only",
    ),
    (
        "nn.functional.pad",
        "float64 int64 uint8 bool complex128 float16 bfloat16",
        "nothing is repeated of what was cut off",
    ),
    (
        "nn.functional.margin_ranking_loss",
        "uint8",
        "PyTorch's wraps below 0",
    ),
    (
        "nn.functional.soft_margin_loss",
        "float16",
        "PyTorch's overflows",
    ),
    (
        "nn.functional.hinge_embedding_loss nn.functional.instance_norm cross linalg.cross div",
        "bfloat16",
        "rounded once, at the end",
    ),
    (
        ("nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss nn.functional.batch_norm"),
        "*",
        "shapes that the documentation does not have",
    ),
    (
        "tensordot",
        "*",
        "sizes of 1 do not broadcast",
    ),
]


def find(name):
    f = tenon
    for part in name.split("."):
        f = getattr(f, part, None)
    if f is None and "." not in name:
        f = getattr(tenon.Tensor, name, None)
    return f if callable(f) else None  # no dtype, and no attribute


def difference(a, b, dtype):
    """What differs in two results, or ''."""
    if not isinstance(a, torch.Tensor):
        return "" if isinstance(a, tuple) or a == b else f"{a} {b}"
    if not isinstance(b, tenon.Tensor):
        return f"a {type(b).__name__}"
    if str(a.dtype)[6:] != str(b.dtype)[6:]:
        return f"{a.dtype} {b.dtype}"
    x, y = array(a), array(b)
    if x.shape != y.shape:
        return f"{x.shape} {y.shape}"
    if x.dtype.kind not in "fc":
        return "" if np.array_equal(x, y) else f"{x} {y}"
    single = x.dtype in (np.float32, np.complex64)  # of integers, too
    rtol, atol = TOLERANCE.get(dtype, (1e-4, 1e-5) if single else (1e-7, 1e-8))
    return "" if np.allclose(x, y, rtol=rtol, atol=atol, equal_nan=True) else f"{x} {y}"


def check(o, f, sample, dtype):
    try:
        args, kwargs = ours([sample.input, *sample.args]), ours(sample.kwargs)
    except NotOurs:
        return 0
    try:
        wanted = flat(o.op(sample.input, *sample.args, **sample.kwargs))
    except Exception:  # a sample that PyTorch refuses itself
        return 0
    given = [tuple(a.shape) if isinstance(a, torch.Tensor) else a for a in flat([sample.input, *sample.args])]
    shown = f"{given} {sample.kwargs}"
    got = flat(f(*args, **kwargs))
    assert len(got) == len(wanted), shown
    for a, b in zip(wanted, got, strict=True):
        assert not (found := difference(a, b, dtype)), f"{found} of {shown}"
    if dtype not in ("float64", "complex128"):
        return 1
    theirs, mine = weighted(torch, wanted), weighted(tenon, got)
    assert (theirs is None) == (mine is None), shown
    if theirs is None:
        return 1
    leaves = [
        [t for t in flat(x) if getattr(t, "requires_grad", False)]
        for x in ([sample.input, sample.args, sample.kwargs], [args, kwargs])
    ]
    try:
        slopes = torch.autograd.grad(theirs, leaves[0], allow_unused=True)
    except RuntimeError:
        return 1
    for a, b in zip(slopes, tenon.autograd.grad(mine, leaves[1], allow_unused=True), strict=True):
        if a is None or b is None:
            assert a is b or not array(b if a is None else a).any(), shown
        else:
            assert np.allclose(array(a), array(b), rtol=1e-6, atol=1e-7, equal_nan=True), (
                f"gradient of {shown}"
            )
    return 1


OUT = {n for names in LEFT_OUT.values() for n in names.split()}
CASES = [
    o
    for o in OPERATORS
    if not o.name.startswith(("_refs", "ops.", "sparse", "masked.", "torch."))
    and o.name not in OUT
    and find(o.name)
]


def excepted(name, dtype):
    return any(
        name in names.split() and (dtypes == "*" or dtype in dtypes.split()) for names, dtypes, _ in DIFFERENT
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("o", CASES, ids=lambda o: f"{o.name} {o.variant_test_name}".strip())
def test_samples(o):
    compared = 0
    for name, dtype in DTYPES.items():
        if excepted(o.name, name) or not o.supports_dtype(dtype, "cpu"):
            continue
        gradients = o.supports_autograd and name in ("float64", "complex128")
        try:
            samples = list(o.sample_inputs("cpu", dtype, requires_grad=gradients))
        except Exception:  # PyTorch's own samples need what is not installed
            continue
        for sample in samples[:: -(-len(samples) // MOST) or 1]:
            compared += check(o, find(o.name), sample, name)
    if not compared:
        pytest.skip("no sample can be compared")


def test_most_operators_are_compared():
    assert len(CASES) > 480
