"""tenon.fft beside PyTorch's, tenon.numpy.fft and np.fft on tensors beside NumPy's."""

import itertools

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp
from support import FLOATS, INTEGERS, run_python, sample, sim_environment, torch_testing

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")

KINDS = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
FROM_REAL = ("rfft", "ihfft")
NORMS = [None, "backward", "ortho", "forward"]
SEVERAL = [f"{kind}{suffix}" for kind in KINDS for suffix in "2n"]
OF_NUMPY = [name for name in SEVERAL if "hfft" not in name]  # NumPy has no Hermitian ones of several axes
TOLERANCE = {"float32": 1e-4, "complex64": 1e-4}


def same(got, wanted, dtype):
    assert (got.dtype.name, got.shape) == (str(wanted.dtype), wanted.shape)
    np.testing.assert_allclose(got.detach().numpy(), wanted, atol=TOLERANCE.get(dtype, 1e-12))


def of_torch(t):
    return t.detach().resolve_conj().numpy()


def takes(kind, dtype):
    return kind.rstrip("2n") not in FROM_REAL or not dtype.startswith("complex")


# ---- values ----


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int16", "bool"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_axis(kind, dtype):
    if not takes(kind, dtype):
        return
    a = sample(dtype, (2, 5, 4))
    for n, axis, norm in itertools.product((None, 1, 2, 3, 5, 8, 9), (-1, 0, 1), NORMS):
        wanted = getattr(np.fft, kind)(a, n, axis, norm)
        same(getattr(tnp.fft, kind)(tenon.from_numpy(a), n, axis, norm), wanted, dtype)
        same(getattr(np.fft, kind)(tenon.from_numpy(a), n, axis, norm), wanted, dtype)
        if dtype.startswith(("float", "complex")):  # of integers it has another precision
            same(getattr(tenon.fft, kind)(tenon.from_numpy(a), n, axis, norm), wanted, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("name", OF_NUMPY)
def test_several_axes_as_numpy(name, dtype):
    if not takes(name, dtype):
        return
    a = sample(dtype, (2, 5, 4))
    t = tenon.from_numpy(a)
    for s, axes in (
        (None, None), (None, (0, 1)), ((3, 6), (2, 0)), ((7,), (1,)), ((-1, 3), (0, 2)), ((3, -1), (0, 2)),
        (None, (0, 0)), ((3, 5), (1, 1)),
    ):  # fmt: skip
        for norm in NORMS:
            wanted = getattr(np.fft, name)(a, s, axes, norm)
            same(getattr(tnp.fft, name)(t, s, axes, norm), wanted, dtype)
            same(getattr(np.fft, name)(t, s=s, axes=axes, norm=norm), wanted, dtype)
    same(getattr(np.fft, name)(t), getattr(np.fft, name)(a), dtype)
    if name in ("fftn", "ifft2"):  # none to transform
        copy = getattr(tnp.fft, name)(t, axes=())
        assert copy.tolist() == a.tolist() and copy.is_complex() and not np.shares_memory(copy.numpy(), a)


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "complex128", "int32"])
@pytest.mark.parametrize("name", SEVERAL)
def test_several_dimensions_as_pytorch(name, dtype):
    if not takes(name, dtype):
        return
    a = sample(dtype, (2, 5, 4))
    for s, dim in (
        (None, (-2, -1)), (None, (0,)), (None, (1, 0, 2)), ((3, 6), (2, 0)), ((-1, 3), (0, 2)),
        ((3, -1), (0, 2)), (3, 1), (None, 2), ((9, 1), (-1, 0)),
    ):  # fmt: skip
        for norm in NORMS:
            wanted = getattr(torch.fft, name)(torch.from_numpy(a), s, dim, norm)
            precision = "float32" if dtype == "int32" else dtype
            same(getattr(tenon.fft, name)(tenon.from_numpy(a), s, dim, norm), of_torch(wanted), precision)
    wanted = getattr(torch.fft, name)(torch.from_numpy(a))
    same(getattr(tenon.fft, name)(tenon.from_numpy(a)), of_torch(wanted), "float32")


@pytest.mark.slow
@needs_torch
def test_pytorchs_list_of_cases():
    def ours(x):
        if isinstance(x, torch.Tensor):
            return tenon.from_numpy(x.detach().resolve_conj().numpy())
        return x

    walked = 0
    for op in torch_testing("opinfo.definitions.fft").op_db:
        f = getattr(tenon.fft, op.name.removeprefix("fft."))
        for dtype in (torch.float64, torch.complex64, torch.int64, torch.bool):
            if dtype in op.dtypes:
                for s in op.sample_inputs("cpu", dtype):
                    wanted = of_torch(op.op(s.input, *s.args, **s.kwargs))
                    same(f(ours(s.input), *s.args, **s.kwargs), wanted, "float32")
                    walked += 1
        for e in op.error_inputs("cpu") if op.error_inputs_func else ():
            with pytest.raises((ValueError, TypeError, IndexError)):
                f(ours(e.sample_input.input), *e.sample_input.args, **e.sample_input.kwargs)
            walked += 1
    assert walked > 500


def test_the_precision_is_numpys_or_pytorchs():
    def dtypes(space, dtype):
        t = tenon.ones(4, dtype=dtype)
        return space.fft(t).dtype.name, space.rfft(t).dtype.name, space.irfft(t).dtype.name

    single, double = ("complex64", "complex64", "float32"), ("complex128", "complex128", "float64")
    for dtype in [*FLOATS, *INTEGERS, "bool", "bfloat16"]:
        half = dtype in ("float16", "bfloat16")
        assert dtypes(tnp.fft, dtype) == (single if half or dtype == "float32" else double), dtype
        if half:
            with pytest.raises(TypeError, match=rf"^fft\.fft: {dtype} has no .*use \.float\(\)"):
                dtypes(tenon.fft, dtype)
        else:
            assert dtypes(tenon.fft, dtype) == (double if dtype == "float64" else single), dtype
    tenon.set_default_dtype(tenon.float64)
    try:
        assert dtypes(tenon.fft, "int64") == double
    finally:
        tenon.set_default_dtype(tenon.float32)
    for space in (tnp.fft, tenon.fft):
        for dtype in ("complex64", "complex128"):
            assert space.ifft(tenon.ones(4, dtype=dtype)).dtype.name == dtype
        with pytest.raises(TypeError, match="float8_e5m2"):
            space.fft(tenon.ones(4).to(tenon.float8_e5m2))


def test_layouts_and_sizes():
    a = sample("float64", (6, 5, 4))
    t = tenon.from_numpy(a)
    for view in (lambda x: x[::-2, :, ::-1], lambda x: x.swapaxes(0, 2), lambda x: x[:, :1], lambda x: x[:0]):
        for axis in (1, 2):
            same(tenon.fft.fft(view(t), dim=axis), np.fft.fft(view(a), axis=axis), "float64")
            same(tenon.fft.irfft(view(t), 5, axis), np.fft.irfft(view(a), 5, axis), "float64")
    read_only = a.copy()
    read_only.flags.writeable = False
    same(tenon.fft.rfft(tenon.from_numpy(read_only)), np.fft.rfft(a), "float64")
    assert tenon.fft.fft([1.0, 2.0]).tolist() == [3, -1] and tnp.fft.fft(a[0]).dtype == tenon.complex128
    broadcast = np.broadcast_to(a[0, 0], (3, 4))
    same(tenon.fft.fft2(tenon.from_numpy(broadcast)), np.fft.fft2(broadcast), "float64")


def test_inverses():
    t = tenon.randn(3, 7, 6, dtype=tenon.float64)
    for norm in NORMS:
        assert tenon.allclose(tenon.fft.ifftn(tenon.fft.fftn(t, norm=norm), norm=norm).real, t)
        assert tenon.allclose(tenon.fft.irfftn(tenon.fft.rfftn(t, norm=norm), t.shape, norm=norm), t)
        assert tenon.allclose(tenon.fft.hfftn(tenon.fft.ihfftn(t, norm=norm), t.shape, norm=norm), t)


def test_an_older_numpy_computes_the_same(monkeypatch):
    a = sample("float32", (3, 5))
    wanted = [getattr(np.fft, kind)(a, 6) for kind in KINDS]
    monkeypatch.setattr(np, "__version__", "1.26.4")
    monkeypatch.setattr(
        np.fft, "fft", lambda x, axis, norm, f=np.fft.fft: f(x.astype("c16"), None, axis, norm)
    )
    for kind, expected in zip(KINDS, wanted, strict=True):
        same(getattr(tenon.fft, kind)(tenon.from_numpy(a), 6), expected, "float32")


# ---- gradients ----

LENGTHS = (None, 1, 2, 4, 5, 6, 7)  # of 5: cut and padded, even and odd


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_every_order(kind, dtype):
    if not takes(kind, dtype):
        return
    x = tenon.from_numpy(sample(dtype, (2, 5))).requires_grad_()
    for n, norm in [*((n, None) for n in LENGTHS), (4, "ortho"), (5, "forward"), (6, "backward")]:

        def f(x, n=n, norm=norm):
            return getattr(tenon.fft, kind)(x, n, norm=norm)

        assert tenon.autograd.gradcheck(f, (x,)), (n, norm)
        # A linear map has no second derivative of its own: that of the cube goes through it twice.
        assert tenon.autograd.gradgradcheck(lambda x, f=f: f(x) ** 3, (x,)), (n, norm)
        # The derivative of the backward pass by what comes into it.
        assert tenon.autograd.gradgradcheck(f, (x,)), (n, norm)


@pytest.mark.parametrize("name", SEVERAL)
def test_gradients_along_several_dimensions(name):
    kind = name.rstrip("2n")
    x = tenon.from_numpy(sample("float64" if kind in FROM_REAL else "complex128", (2, 3, 2)))
    x.requires_grad_()
    for s, dim in ((None, (-2, -1)), ((3, 2), (0, 1)), ((2, 5), (2, 1)), (None, (1,))):

        def f(x, s=s, dim=dim):
            return getattr(tenon.fft, name)(x, s, dim)

        assert tenon.autograd.gradcheck(f, (x,)), (s, dim)
        assert tenon.autograd.gradgradcheck(lambda x, f=f: f(x) ** 2, (x,)), (s, dim)


def both_orders(space, a, weights, f):
    """The gradient of a real function of f(x), and that of the gradient."""
    x, w = space.from_numpy(a).requires_grad_(), space.from_numpy(weights)
    y = f(space.fft, x)
    loss = ((y * w[: y.shape[-1]]).abs() ** 2).sum() + (y * w[: y.shape[-1]]).real.sum()
    (first,) = space.autograd.grad(loss, x, create_graph=True)
    (second,) = space.autograd.grad((first.abs() ** 2).sum(), x)
    return first, second


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("name", [*KINDS, *SEVERAL])
def test_gradients_are_pytorchs(name, dtype):
    if not takes(name, dtype):
        return
    a = sample(dtype, (3, 5, 4))
    weights = (
        np.random.default_rng(1).normal(size=20).astype("f8" if dtype in ("float64", "complex128") else "f4")
    )
    sizes = [(None,), (3,), (6,)] if name in KINDS else [(None,), ((4, 3),), ((5, 7),)]
    for size, norm in zip(sizes, ("forward", "ortho", None), strict=True):

        def f(space, x, size=size, norm=norm):
            dim = -1 if name in KINDS else (0, 2)
            return getattr(space, name)(x, *size, dim, norm)

        ours = both_orders(tenon, a, weights, f)
        theirs = both_orders(torch, a, weights, f)
        for got, wanted in zip(ours, theirs, strict=True):
            assert got.dtype.name == dtype
            scale = max(1.0, float(wanted.detach().abs().max()))
            np.testing.assert_allclose(
                got.detach().numpy() / scale, of_torch(wanted) / scale, atol=TOLERANCE.get(dtype, 1e-12)
            )


def test_numpys_names_have_gradients():
    a = sample("float64", (4, 6))
    for f in (
        lambda s, x: s.fft(x, 7), lambda s, x: s.irfft(x, 9, 0), lambda s, x: s.fftn(x, axes=(0, 0)),
        lambda s, x: s.rfft2(x), lambda s, x: s.fftshift(s.fft2(x), axes=1), lambda s, x: s.ifftshift(x),
    ):  # fmt: skip
        x = tenon.from_numpy(a).requires_grad_()
        assert tenon.autograd.gradcheck(lambda x, f=f: f(tnp.fft, x), (x,))
        y = f(np.fft, x)
        assert isinstance(y, tenon.Tensor) and y.requires_grad
        np.testing.assert_allclose(y.detach().numpy(), f(np.fft, a), atol=1e-12)


def test_a_single_precision_input_gets_its_own_gradient():
    x = tenon.ones(4, dtype=tenon.int64)
    assert not tenon.fft.fft(x).requires_grad
    for dtype in ("float32", "float16", "bfloat16"):
        x = tenon.ones(4, dtype=dtype, requires_grad=True)
        np.fft.rfft(x).abs().sum().backward()
        assert x.grad.dtype == x.dtype


# ---- modes, writes, out= ----


def test_modes():
    x = tenon.randn(8, requires_grad=True)
    assert tenon.fft.fft(x).grad_fn is not None
    with tenon.no_grad():
        assert not tenon.fft.fft(x).requires_grad
    with tenon.inference_mode():
        assert not tenon.fft.rfft(x).requires_grad
    assert not np.fft.fft(x.detach()).requires_grad
    view = x[2:6]
    tenon.fft.fft(view).real.sum().backward()
    assert x.grad.tolist() == [0, 0, 4, 0, 0, 0, 0, 0]


def test_the_result_is_new_and_keeps_nothing():
    x = tenon.randn(6, dtype=tenon.float64, requires_grad=True)
    y = x * 1
    z = tenon.fft.rfft(y)
    before = z.detach().clone()
    with tenon.no_grad():
        y.zero_()  # a linear map needs nothing of its input
    assert tenon.equal(z.detach(), before)
    z.abs().pow(2).sum().backward()
    assert x.grad is not None
    w = tenon.fft.fft(x.detach())
    v = w.requires_grad_() * w
    w.detach().zero_()
    with pytest.raises(RuntimeError, match="changed in place by fill_"):
        v.abs().sum().backward()


@pytest.mark.parametrize("space", ["tenon.fft", "tenon.numpy.fft", "numpy.fft"])
def test_out(space):
    f = {"tenon.fft": tenon.fft, "tenon.numpy.fft": tnp.fft, "numpy.fft": np.fft}[space]
    t = tenon.tensor([1.0, 2.0, 3.0, 4.0])
    out = tenon.zeros(4, dtype=tenon.complex64)
    version = out._version
    assert f.fft(t, out=out) is out and out._version > version
    np.testing.assert_allclose(out.numpy(), np.fft.fft(t.numpy()))
    strided = tenon.zeros(8, dtype=tenon.complex128)[::2]
    assert f.ifft(t, out=strided) is strided
    np.testing.assert_allclose(strided.numpy(), np.fft.ifft(t.numpy()), atol=1e-7)
    both = tenon.ones(4, dtype=tenon.complex64)
    f.fftn(both, out=both)
    assert both.tolist() == [4, 0, 0, 0]
    real = tenon.zeros(6)
    assert f.irfft(out, out=real) is real
    with pytest.raises(ValueError, match=r"fft: the shape must be \(4,\); got \(3,\)"):
        f.fft(t, out=tenon.zeros(3, dtype=tenon.complex64))
    kept = tenon.zeros(4)
    with pytest.raises(TypeError, match="fft: a result of complex64 cannot be written to float32"):
        f.fft(t, out=kept)
    with pytest.raises(RuntimeError, match="fft: out= cannot be used where a gradient is recorded"):
        f.fft(t.clone().requires_grad_(), out=both)
    assert kept.tolist() == [0] * 4 and both.tolist() == [4, 0, 0, 0]
    array = np.zeros(4, np.complex64)
    assert tnp.fft.fft(t, None, -1, None, array) is array and array[0] == 10


# ---- frequencies and shifts ----


@needs_torch
def test_frequencies():
    for name, n, d in itertools.product(("fftfreq", "rfftfreq"), (1, 4, 5), (1.0, 0.5, -2)):
        wanted = getattr(torch.fft, name)(n, d)
        assert getattr(tenon.fft, name)(n, d).tolist() == wanted.tolist(), (name, n, d)
    assert tenon.fft.fftfreq(0).shape == (0,)
    f = tenon.fft.fftfreq(4, dtype=tenon.float64, requires_grad=True)
    assert f.requires_grad and f.is_leaf and f.tolist() == [0, 0.25, -0.5, -0.25]
    out = tenon.zeros(3)
    assert tenon.fft.rfftfreq(4, out=out) is out and out.tolist() == [0, 0.25, 0.5]
    d = tenon.tensor(0.5, dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradcheck(lambda d: tenon.fft.fftfreq(5, d, dtype=tenon.float64), (d,))


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name):
    a = np.arange(60.0).reshape(5, 4, 3)
    t = tenon.from_numpy(a)
    for axes in (None, 0, (1,), (0, 2), (-1, 1), ()):
        wanted = getattr(np.fft, name)(a, axes)
        for got in (
            getattr(tenon.fft, name)(t, axes),
            getattr(tnp.fft, name)(t, axes),
            getattr(np.fft, name)(t, axes),
        ):
            assert got.tolist() == wanted.tolist(), axes
    twice = getattr(np.fft, name)(a, (0, 0))
    assert getattr(tnp.fft, name)(t, (0, 0)).tolist() == twice.tolist()
    x = t.clone().requires_grad_()
    assert tenon.autograd.gradcheck(lambda x: getattr(tenon.fft, name)(x[0], 1) ** 2, (x,))


# ---- errors ----


def test_errors_name_the_function_and_the_values():
    t = tenon.ones(3, 4)
    for f, error, text in (
        (lambda: tenon.fft.fft(t, 0), ValueError, "^fft.fft: a transform has one element at least; got 0"),
        (lambda: tenon.fft.irfft(t[:, :1]), ValueError, "^fft.irfft: .*dimension 1, whose size is 1"),
        (lambda: tenon.fft.fft(t[:, :0]), ValueError, "^fft.fft: .*got 0"),
        (lambda: tenon.fft.fft(t, 2**62), ValueError, "^fft.fft: 4611686018427387904 elements along"),
        (lambda: tnp.fft.irfft(t, 2**70), ValueError, "^irfft: .* do not fit into memory"),
        (lambda: tenon.fft.fft(t, 1.5), TypeError, "^fft.fft: n must be an int; got float"),
        (lambda: tenon.fft.fft(t, norm="both"), ValueError, "^fft.fft: norm is 'backward', .*got 'both'"),
        (lambda: tenon.fft.fft(t, norm=1), TypeError, "^fft.fft: norm must be a str; got int"),
        (lambda: tenon.fft.fft(t, dim=2), IndexError, "^fft.fft: dimension 2 is out of range"),
        (lambda: tenon.fft.fft(tenon.tensor(1.0)), IndexError, "^fft.fft: .*0 dimensions has none"),
        (lambda: tenon.fft.rfft(t + 1j), TypeError, "^fft.rfft: takes real elements; got complex64"),
        (lambda: tenon.fft.ihfft2(t + 1j), TypeError, "^fft.ihfft2: takes real elements"),
        (lambda: tenon.fft.fft2(t, (3,)), ValueError, "^fft.fft2: s has a size for each of dim; got 1 for 2"),
        (lambda: tenon.fft.fftn(t, (3, 3, 3)), IndexError, "^fft.fftn: dimension -3 is out of range"),
        (lambda: tenon.fft.fftn(t, dim=(0, -2)), ValueError, r"^fft.fftn: .*twice in dim; got \(0, -2\)"),
        (lambda: tenon.fft.rfftn(t, dim=()), ValueError, "^fft.rfftn: there must be an axis"),
        (lambda: tenon.fft.fftn(t, "ab"), TypeError, "^fft.fftn: s must be an int; got str"),
        (lambda: tenon.fft.fftn(t, 0.5), TypeError, "^fft.fftn: s must be ints; got float"),
        (lambda: tenon.fft.fftshift(t, 2), IndexError, "^fft.fftshift: dimension 2"),
        (lambda: tenon.fft.fftshift(t, (0, 0)), ValueError, "^fft.fftshift: .*twice"),
        (lambda: tenon.fft.fftfreq(-1), ValueError, "^fft.fftfreq: .*got -1"),
        (lambda: tenon.fft.fftfreq(2.5), TypeError, "^fft.fftfreq: n must be an int"),
        (lambda: tenon.fft.fftfreq(2, layout="strided"), TypeError, "leave layout out"),
        (lambda: tnp.fft.fft(t, 0), ValueError, "^fft: a transform has one element at least; got 0"),
        (lambda: np.fft.rfft(t + 1j), TypeError, "^rfft: takes real elements"),
        (lambda: np.fft.fft2(t, axes=(0, 5)), IndexError, "^fft2: dimension 5"),
        (lambda: np.fft.fftn(t, (2,), (0, 1)), ValueError, "^fftn: s has a size for each of axes"),
        (lambda: np.fft.fftshift(tenon.tensor(1)), ValueError, "^fftshift: a tensor without dimensions"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            f()


def test_on_a_device_the_error_says_where_it_runs():
    run_python(
        """
        import tenon, tenon.numpy, numpy as np
        t = tenon.ones(4, device="cuda")
        for f, name in ((tenon.fft.fft, "fft.fft"), (tenon.numpy.fft.rfft, "rfft"), (np.fft.fft2, "fft2")):
            try:
                f(t.reshape(2, 2))
            except TypeError as e:
                assert str(e).startswith(name + ": ") and "cuda" in str(e) and "tensor.cpu()" in str(e), e
            else:
                raise AssertionError(name)
        shifted = tenon.fft.fftshift(tenon.arange(5, device="cuda"))
        assert shifted.device.type == "cuda" and shifted.tolist() == [3, 4, 0, 1, 2]
        assert tenon.fft.fftfreq(2, device="cuda").tolist() == [0, -0.5]
        """,
        **sim_environment(),
    )


def test_the_import_is_lazy():
    run_python(
        """
        import sys, tenon
        assert "tenon.fft" not in sys.modules and "fft" in tenon._LAZY
        assert tenon.fft.fftfreq(2).tolist() == [0, -0.5] and "numpy" not in sys.modules
        """
    )
