"""What PyTorch's scripts set and ask around their models: flags, older constructors, small helpers."""

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")
BOTH = (tenon, torch)


def test_flags_answer_as_pytorchs():
    def asked(T):
        yield T.are_deterministic_algorithms_enabled(), T.get_deterministic_debug_mode()
        T.use_deterministic_algorithms(True)
        yield T.are_deterministic_algorithms_enabled(), T.is_deterministic_algorithms_warn_only_enabled()
        T.use_deterministic_algorithms(True, warn_only=True)
        yield T.get_deterministic_debug_mode(), T.is_deterministic_algorithms_warn_only_enabled()
        for mode in ("error", 1, "default"):
            T.set_deterministic_debug_mode(mode)
            yield T.get_deterministic_debug_mode(), T.are_deterministic_algorithms_enabled()
        T.use_deterministic_algorithms(False, warn_only=True)
        yield T.is_deterministic_algorithms_warn_only_enabled()
        T.use_deterministic_algorithms(False)
        yield T.get_float32_matmul_precision()
        T.set_float32_matmul_precision("medium")
        yield T.get_float32_matmul_precision()
        T.set_float32_matmul_precision("highest")
        T.set_warn_always(True)
        yield T.is_warn_always_enabled()
        T.set_warn_always(False)
        yield T.is_warn_always_enabled(), T.set_flush_denormal(False)
        T.set_default_device("cpu")
        yield str(T.get_default_device())
        T.set_default_device(None)
        yield T.is_storage(T.ones(1)), T.typename(3), T.typename("a")
        yield T.typename(T.ones(1, dtype=T.int16)).partition(".")[2]
        T.set_default_tensor_type("torch.DoubleTensor")
        yield str(T.zeros(1).dtype).partition(".")[2]
        T.set_default_tensor_type(T.FloatTensor)
        yield str(T.zeros(1).dtype).partition(".")[2]

    for i, (ours, theirs) in enumerate(zip(asked(tenon), asked(torch), strict=True)):
        assert ours == theirs, i
    assert tenon.typename(tenon.nn.Linear(1, 1)) == "tenon.nn.linear.Linear"
    assert tenon.typename(tenon.ones(1, dtype=tenon.uint16)) == "tenon.uint16"
    tenon.set_num_interop_threads(3)
    assert tenon.get_num_interop_threads() == 3
    tenon.set_num_interop_threads(1)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: tenon.use_deterministic_algorithms(3), TypeError, "^use_deterministic_algorithms: a bool"),
        (lambda: tenon.set_deterministic_debug_mode("x"), ValueError, "^set_deterministic_debug_mode: .*'x'"),
        (lambda: tenon.set_deterministic_debug_mode(5), ValueError, "got 5"),
        (lambda: tenon.set_float32_matmul_precision("x"), ValueError, "^set_float32_matmul_precision: .*'x'"),
        (lambda: tenon.set_default_device("cuda:0"), RuntimeError, "give device='cuda:0'"),
        (
            lambda: tenon.set_default_tensor_type(tenon.LongTensor),
            TypeError,
            "^set_default_tensor_type: Float",
        ),
        (lambda: tenon.set_default_tensor_type("x"), TypeError, "^set_default_tensor_type: Float.*'x'"),
        (lambda: tenon.set_num_interop_threads(0), ValueError, "must be positive; got 0"),
        (lambda: tenon.set_flush_denormal(1), TypeError, "^set_flush_denormal: a bool"),
        (lambda: tenon.set_warn_always("yes"), TypeError, "^set_warn_always: a bool"),
        (lambda: tenon.FloatTensor(3.5), TypeError, "^FloatTensor: sizes, a sequence or an array"),
        (lambda: tenon.FloatTensor((2, 3)), TypeError, r"^FloatTensor: a tuple .* use FloatTensor\(\*size\)"),
        (lambda: tenon.FloatTensor(tenon.ones(2).long()), TypeError, "must be of float32 on cpu; got int64"),
        (lambda: tenon.FloatTensor(2, 3.5), TypeError, "^FloatTensor: sizes are ints"),
        (lambda: tenon.FloatTensor("text"), TypeError, "got 'text'"),
        (lambda: tenon.FloatTensor(2, device="cuda"), TypeError, "it makes tensors on the CPU"),
        (lambda: tenon.FloatTensor(-1), ValueError, "-1"),
        (lambda: tenon.Tensor(3.5), TypeError, "^Tensor: sizes, a sequence or an array"),
        (lambda: tenon.Tensor((2, 3)), TypeError, r"^Tensor: a tuple .* use Tensor\(\*size\)"),
        (lambda: tenon.Tensor(2, 3.5), TypeError, "^Tensor: sizes are ints"),
        (lambda: tenon.Tensor([1], dtype=tenon.int8), TypeError, r"^Tensor\(\) got .* 'dtype'"),
        (lambda: tenon.ones(2).new("text"), TypeError, "^new: sizes, .* got 'text'"),
        (lambda: tenon.ones(2).new(tenon.ones(2).long()), TypeError, "^new: .* float32 on cpu; got int64"),
        (lambda: tenon.Tensor(-1), ValueError, "-1"),
        (lambda: tenon.compile(3), TypeError, "^compile: a module or function is needed; got int"),
        (lambda: tenon.compile(tenon.nn.ReLU(), speed=3), TypeError, "^compile: unknown options speed"),
        (lambda: tenon.nn.utils.skip_init(3), RuntimeError, "^skip_init: a class of modules"),
        (lambda: tenon.nn.utils.skip_init(tenon.nn.ReLU), RuntimeError, "^skip_init: ReLU must take"),
        (lambda: tenon.utils.dlpack.to_dlpack(3), TypeError, "^to_dlpack: a tensor is needed"),
        (
            lambda: tenon.nn.grad.conv1d_input((1, 1, 5), tenon.ones(1, 1, 2), tenon.ones(1, 1, 2)),
            ValueError,
            r"^conv1d_input: grad_output must have the convolution's shape \(1, 1, 4\)",
        ),
    ],
)
def test_errors(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


KINDS = [
    *("FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor", "ByteTensor", "CharTensor"),
    *("ShortTensor", "IntTensor", "LongTensor", "BoolTensor"),
]


@pytest.mark.parametrize("name", KINDS)
def test_older_constructors(name):
    def made(T):
        kind = getattr(T, name)
        for args in ((), (2, 3), (0,), ([],), ([1, 0],), ([[1, 2], [3, 4]],), (range(3),), (np.ones(2),)):
            t = kind(*args)
            values = [] if len(args) == 2 else t.tolist()
            yield values, tuple(t.shape), str(t.dtype).partition(".")[2], isinstance(t, kind)
        t = T.tensor([1, 0])
        yield t.type(kind).tolist(), str(t.type(kind).dtype).partition(".")[2], kind.__name__, kind.is_cuda
        yield isinstance(t, kind), isinstance(T.nn.Parameter(T.ones(1)), kind), isinstance(3, kind)
        yield str(kind.dtype).partition(".")[2], issubclass(kind, T.Tensor)

    for ours, theirs in zip(made(tenon), made(torch), strict=True):
        assert ours == theirs


DATA = [(), (2, 3), (0,), ([],), ([1, 0],), ([[1, 2], [3, 4]],), (range(3),), (np.ones(2),), ((1.5, 2.5),)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensor_is_a_constructor(dtype):
    def made(T):
        T.set_default_dtype(getattr(T, dtype))
        try:
            for args in DATA:
                for t in (T.Tensor(*args), T.ones(1, dtype=T.int16).new(*args)):
                    values = [] if len(args) == 2 else t.tolist()
                    yield values, tuple(t.shape), str(t.dtype).partition(".")[2], type(t) is T.Tensor
            weight = T.nn.Parameter(T.Tensor(2, 3))
            yield weight.is_leaf, weight.requires_grad
        finally:
            T.set_default_dtype(T.float32)

    for ours, theirs in zip(made(tenon), made(torch), strict=True):
        assert ours == theirs
    t = tenon.ones(2, requires_grad=True)
    assert tenon.Tensor(t).data_ptr() == t.new(t).data_ptr() == t.data_ptr()
    assert not tenon.Tensor(t).requires_grad


def test_constructors_on_devices(device):
    t = tenon.ones(2, dtype=tenon.int32, device=device)
    assert t.new([1, 2]).device == t.new(3).device == tenon.Tensor([1], device=device).device == t.device
    assert t.new([1], device="cpu").device.type == "cpu"
    with pytest.raises(
        TypeError, match=f"^Tensor: a tensor must be of float32 on cpu; got int32 on {t.device}"
    ):
        tenon.Tensor(t)


def test_compile_returns_what_it_is_given():
    model = tenon.nn.Linear(1, 1)
    assert tenon.compile(model, mode="max-autotune", fullgraph=True) is model

    @tenon.compile(dynamic=True)
    def f(x):
        return x + 1

    assert f(tenon.ones(1)).item() == 2


def test_a_tensor_of_the_dtype_is_shared():
    t = tenon.ones(2, requires_grad=True)
    u = tenon.FloatTensor(t)
    assert u.data_ptr() == t.data_ptr() and not u.requires_grad
    assert tenon.LongTensor([1.5]).tolist() == torch.LongTensor([1.5]).tolist()


def test_backends_and_version():
    for name in ("benchmark", "deterministic", "enabled", "allow_tf32"):
        assert isinstance(getattr(tenon.backends.cudnn, name), bool)
        assert isinstance(getattr(torch.backends.cudnn, name), bool)
    tenon.backends.cudnn.benchmark = True
    assert tenon.backends.cudnn.benchmark is True
    tenon.backends.cudnn.benchmark = False
    tenon.backends.cuda.matmul.allow_tf32 = True
    assert tenon.backends.cuda.matmul.allow_tf32
    tenon.backends.cuda.matmul.allow_tf32 = False
    for name in ("cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"):
        assert getattr(tenon.backends, name).is_available() is False
    assert tenon.version.cuda is None and tenon.version.__version__ == tenon.__version__


def test_dlpack():
    x = np.arange(3)
    t = tenon.from_numpy(x)
    assert torch.utils.dlpack.from_dlpack(tenon.utils.dlpack.to_dlpack(t)).data_ptr() == t.data_ptr()
    assert tenon.utils.dlpack.from_dlpack(torch.arange(3)).tolist() == [0, 1, 2]
    with pytest.raises(BufferError):
        tenon.utils.dlpack.to_dlpack(tenon.ones(1, requires_grad=True))


def test_skip_init_and_stateless():
    tenon.manual_seed(3)
    before = tenon.get_rng_state()
    m = tenon.nn.utils.skip_init(tenon.nn.Linear, 3, 2, bias=False, dtype=tenon.float64)
    assert m.weight.shape == (2, 3) and m.weight.dtype is tenon.float64 and m.bias is None
    assert tenon.get_rng_state() == before
    y = tenon.nn.utils.stateless.functional_call(
        m, {"weight": tenon.ones(2, 3).double()}, tenon.ones(3).double()
    )
    assert y.tolist() == [3.0, 3.0]


CONVOLUTIONS = [
    ("conv1d", (2, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    ("conv2d", (2, 3, 8, 7), (4, 3, 3, 2), {}),
    ("conv2d", (2, 3, 8, 7), (4, 3, 3, 2), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}),
    ("conv3d", (1, 2, 5, 4, 6), (3, 2, 2, 2, 3), {"padding": 1}),
]


@pytest.mark.parametrize(("name", "size", "kernel", "options"), CONVOLUTIONS)
def test_gradients_of_convolutions(name, size, kernel, options):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(size), rng.standard_normal(kernel)
    shape = getattr(torch.nn.functional, name)(torch.from_numpy(x), torch.from_numpy(w), **options).shape
    g = rng.standard_normal(tuple(shape))
    found = []
    for T in BOTH:
        tx, tw, tg = (T.from_numpy(a.copy()).requires_grad_() for a in (x, w, g))
        by_input = getattr(T.nn.grad, f"{name}_input")(size, tw, tg, **options)
        by_weight = getattr(T.nn.grad, f"{name}_weight")(tx, kernel, tg, **options)
        (by_input.square().sum() + by_weight.square().sum()).backward()
        found.append([t.detach().numpy() for t in (by_input, by_weight, tx.grad, tw.grad, tg.grad)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
