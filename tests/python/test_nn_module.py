"""Module: attributes, iteration, modes, conversions, copies, text, by torch.nn.Module's rules."""

import copy
import pickle

import numpy as np
import pytest
import tenon
from tenon import nn


class Block(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.scale = nn.Parameter(tenon.ones(width))
        self.register_buffer("count", tenon.zeros(1))
        self.register_buffer("scratch", tenon.zeros(2), persistent=False)

    def forward(self, x):
        return self.inner(x) * self.scale


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block()
        self.again = self.first
        self.rows = nn.ModuleList([nn.Linear(3, 3), nn.ReLU()])
        self.nothing = None
        self.register_parameter("absent", None)
        self.flag = 3

    def forward(self, x):
        return self.rows[0](self.first(x))


def twins(torch):
    """The same module of PyTorch's."""

    class Block(torch.nn.Module):
        def __init__(self, width=3):
            super().__init__()
            self.inner = torch.nn.Linear(width, width)
            self.scale = torch.nn.Parameter(torch.ones(width))
            self.register_buffer("count", torch.zeros(1))
            self.register_buffer("scratch", torch.zeros(2), persistent=False)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Block()
            self.again = self.first
            self.rows = torch.nn.ModuleList([torch.nn.Linear(3, 3), torch.nn.ReLU()])
            self.nothing = None
            self.register_parameter("absent", None)
            self.flag = 3

    return Net()


def names(pairs):
    return [name for name, _ in pairs]


def test_iteration_is_torchs():
    torch = pytest.importorskip("torch")
    ours, theirs = Net(), twins(torch)
    for keywords in (
        {},
        {"prefix": "net"},
        {"recurse": False},
        {"remove_duplicate": False},
        {"prefix": "a", "remove_duplicate": False},
    ):
        assert names(ours.named_parameters(**keywords)) == names(theirs.named_parameters(**keywords))
        assert names(ours.named_buffers(**keywords)) == names(theirs.named_buffers(**keywords))
        if "recurse" not in keywords:
            assert names(ours.named_modules(**keywords)) == names(theirs.named_modules(**keywords))
    assert names(ours.named_children()) == names(theirs.named_children())
    for method in ("parameters", "buffers", "modules", "children"):
        assert len(list(getattr(ours, method)())) == len(list(getattr(theirs, method)()))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.state_dict(prefix="net.")) == list(theirs.state_dict(prefix="net."))
    assert repr(ours) == repr(theirs)


def test_attributes():
    net = Block()
    weight, plain = nn.Parameter(tenon.ones(3)), tenon.ones(3)
    net.scale = weight
    assert net.scale is weight and net._parameters["scale"] is weight
    with pytest.raises(TypeError, match="cannot assign a Tensor as 'scale', which is a parameter of Block"):
        net.scale = plain
    with pytest.raises(TypeError, match="cannot assign a int as 'inner', which is a module of Block"):
        net.inner = 3
    with pytest.raises(TypeError, match="cannot assign a str as 'count', which is a buffer of Block"):
        net.count = "x"
    net.count = tenon.ones(1)
    assert "count" in net._buffers and net.state_dict()["count"].item() == 1
    net.scale = None
    assert net.scale is None and "scale" not in net.state_dict() and "scale" in net._parameters
    net.inner = nn.Parameter(tenon.ones(1))  # another kind takes the place
    assert "inner" in net._parameters and "inner" not in net._modules
    with pytest.raises(TypeError, match="cannot assign a ReLU as 'inner', which is a parameter"):
        net.inner = nn.ReLU()
    del net.inner
    net.inner = nn.ReLU()
    assert "inner" in net._modules and "inner" not in net._parameters
    net.extra = 1
    net.extra = nn.Linear(1, 1)
    assert "extra" not in vars(net) and names(net.named_children()) == ["inner", "extra"]
    net.steps = nn.Buffer(tenon.zeros(1), persistent=False)
    assert "steps" in net._buffers and "steps" not in net.state_dict()
    del net.scratch
    del net.inner
    del net.scale
    assert (
        not hasattr(net, "scratch")
        and not hasattr(net, "inner")
        and "scratch" not in net._non_persistent_buffers_set
    )
    with pytest.raises(AttributeError):
        del net.scale
    assert {"count", "extra", "training", "forward"} <= set(dir(net)) and "0" not in dir(
        nn.Sequential(nn.ReLU())
    )


def test_a_missing_attribute_is_named_with_the_one_that_was_meant():
    net = Net()
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'frist'; did you mean 'first'"):
        net.frist  # noqa: B018
    assert not hasattr(net, "_missing") and not hasattr(net, "something_else_entirely")

    with pytest.raises(AttributeError) as raised:
        net.frist  # noqa: B018
    error = pickle.loads(pickle.dumps(raised.value))
    assert type(error) is AttributeError and str(error).endswith("did you mean 'first'?")

    class Broken(nn.Module):
        @property
        def size(self):
            return self.widht

        def width(self):
            return 1

    with pytest.raises(
        AttributeError, match="'Broken' object has no attribute 'widht'; did you mean 'width'"
    ):
        Broken().size  # noqa: B018


def test_before_init():
    class Late(nn.Module):
        def __init__(self, what):
            self.what = what
            super().__init__()

    for what in (nn.Parameter(tenon.ones(1)), nn.ReLU(), nn.Buffer(tenon.ones(1))):
        with pytest.raises(
            AttributeError, match="cannot assign 'what': Late has not been initialized; call super"
        ):
            Late(what)
    assert Late(3).what == 3

    class Never(nn.Module):
        def __init__(self):
            pass

    with pytest.raises(AttributeError, match="Never has not been initialized"):
        Never().anything  # noqa: B018


def test_register():
    net = Block()
    for register, good in (
        (net.register_parameter, nn.Parameter(tenon.ones(1))),
        (net.register_buffer, tenon.ones(1)),
        (net.add_module, nn.ReLU()),
        (net.register_module, nn.ReLU()),
    ):
        for name in ("a.b", "", "forward", "training"):
            with pytest.raises(KeyError):
                register(name, good)
        with pytest.raises(TypeError, match="a name is a str"):
            register(3, good)
        with pytest.raises(TypeError):
            register("wrong", [1.0])
        assert not hasattr(net, "wrong")
    with pytest.raises(KeyError, match="Block has an attribute 'count' already"):
        net.register_parameter("count", nn.Parameter(tenon.ones(1)))
    with pytest.raises(ValueError, match="'made' is the result of an operation"):
        net.register_parameter(
            "made", (lambda p: p.as_subclass(nn.Parameter))(nn.Parameter(tenon.ones(1)) * 2)
        )
    with pytest.raises(TypeError, match=r"'array' must be a tensor or None; got ndarray, tenon.from_numpy"):
        net.register_buffer("array", np.ones(1))
    net.register_buffer("count", None)
    assert net.count is None and "count" not in net.state_dict()


def test_paths():
    net = Net()
    assert net.get_submodule("") is net and net.get_submodule("rows.0") is net.rows[0]
    assert net.get_parameter("first.inner.weight") is net.first.inner.weight
    assert net.get_buffer("first.count") is net.first.count
    for call, path, words in (
        (net.get_submodule, "frist.inner", "Net .Net. has no module 'frist'; did you mean 'first'"),
        (net.get_submodule, "first.iner", "first .Block. has no module 'iner'; did you mean 'inner'"),
        (net.get_parameter, "first.inner.wieght", "Linear has no parameter 'wieght'; did you mean 'weight'"),
        (net.get_parameter, "absent", "Net has no parameter 'absent'"),
        (net.get_buffer, "first.scale", "Block has no buffer 'scale'"),
    ):
        with pytest.raises(AttributeError, match=words):
            call(path)
    net.set_submodule("rows.1", nn.Tanh())
    assert type(net.rows[1]) is nn.Tanh
    net.set_submodule("rows.2", nn.Tanh())
    with pytest.raises(AttributeError, match="has no module '3'"):
        net.set_submodule("rows.3", nn.Tanh(), strict=True)
    with pytest.raises(ValueError, match="a path"):
        net.set_submodule("", nn.Tanh())
    with pytest.raises(TypeError, match="a Module is needed; got int"):
        net.set_submodule("rows.0", 3)


def test_modes():
    net = Net()
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    with pytest.raises(ValueError, match="mode is a bool"):
        net.train(3)
    assert net.requires_grad_(False) is net and not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    net(tenon.ones(2, 3)).sum().backward()
    grads = [p.grad for p in net.parameters()]
    assert all(g is not None and g.abs().sum() > 0 for g in grads)
    net.zero_grad(set_to_none=False)
    assert all(p.grad is g and g.abs().sum() == 0 for p, g in zip(net.parameters(), grads, strict=True))
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "Block", "Linear", "ReLU", "ModuleList", "Net"]
    with pytest.raises(NotImplementedError, match="Module: forward is not defined"):
        nn.Module()(1)


def test_conversions_keep_the_parameters():
    net = Block()
    net.register_buffer("places", tenon.arange(3))
    net.steps = nn.Buffer(tenon.zeros(1), persistent=False)
    before = dict(net.named_parameters())
    net(tenon.ones(2, 3)).sum().backward()
    for convert, dtype in (
        (lambda: net.double(), tenon.float64),
        (lambda: net.half(), tenon.float16),
        (lambda: net.to(tenon.float64), tenon.float64),
        (lambda: net.to("cpu", tenon.float32), tenon.float32),
        (lambda: net.to(dtype="float64"), tenon.float64),
        (lambda: net.to(np.float32), tenon.float32),
        (lambda: net.to(tenon.ones(1, dtype=tenon.float64)), tenon.float64),
        (lambda: net.to(device="cpu", dtype=tenon.bfloat16, non_blocking=True), tenon.bfloat16),
        (lambda: net.to(tenon.float32, True), tenon.float32),
        (lambda: net.bfloat16().float(), tenon.float32),
        (lambda: net.to("cpu"), tenon.float32),
        (lambda: net.cpu(), tenon.float32),
    ):
        assert convert() is net
        for name, p in net.named_parameters():
            assert (
                p is before[name]
                and p.dtype is dtype
                and p.grad.dtype is dtype
                and p.requires_grad
                and p.is_leaf
            )
        assert net.count.dtype is dtype and net.places.dtype is tenon.int64
        assert type(net.steps) is nn.Buffer and net.steps.dtype is dtype and not net.steps.persistent
    net.type(tenon.float64)
    assert net.places.dtype is tenon.float64
    for wrong in (tenon.int64, "int32", int):
        with pytest.raises(TypeError, match="only floating or complex dtypes"):
            net.to(wrong)
    shape = net.scale.shape
    assert net.to_empty(device="cpu").scale.shape == shape


def test_share_memory():
    net = nn.Linear(2, 2)
    weight = net.weight
    assert net.share_memory() is net
    assert net.weight is weight and weight.is_shared()
    borrowed = nn.Linear(2, 2)
    borrowed.weight = nn.Parameter(tenon.from_numpy(np.ones((2, 2), np.float32)))
    with pytest.raises(RuntimeError):
        borrowed.share_memory()


def test_to_a_memory_format():
    m = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    x = tenon.randn(2, 3, 4, 4)
    m.eval()
    before, names = m(x), list(m.state_dict())
    assert m.to(memory_format=tenon.channels_last) is m
    assert m[0].weight.is_contiguous(memory_format=tenon.channels_last) and not m[0].weight.is_contiguous()
    assert m[3].weight.is_contiguous() and list(m.state_dict()) == names
    after = m(x.to(memory_format=tenon.channels_last))
    assert tenon.allclose(after, before, atol=1e-6)
    after.sum().backward()
    assert m[0].weight.grad.shape == m[0].weight.shape
    with pytest.raises(ValueError, match="to: memory_format must be"):
        m.to(memory_format="channels_first")


def test_to_a_device():
    if not tenon.cuda.is_available():
        pytest.skip("neither a device nor the simulated one is there")
    net = Net()
    weight = net.rows[0].weight
    net(tenon.ones(1, 3)).sum().backward()
    assert net.to("cuda") is net and net.rows[0].weight is weight and weight.is_cuda and weight.grad.is_cuda
    assert net(tenon.ones(1, 3, device="cuda")).is_cuda
    assert net.cpu().first.count.is_cpu and net.cuda().first.count.is_cuda


def test_copies_and_pickles():
    net = Net()
    net.eval()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(other) == repr(net) and not other.training
        assert other.again is other.first and other.flag == 3
        for (name, p), (again, q) in zip(net.named_parameters(), other.named_parameters(), strict=True):
            assert name == again and q is not p and q.data_ptr() != p.data_ptr()
            assert tenon.equal(p, q) and type(q) is nn.Parameter
        x = tenon.ones(2, 3)
        assert tenon.equal(net(x), other(x))
        with tenon.no_grad():
            other.first.scale.add_(1)
        assert not tenon.equal(net(x), other(x))


def test_text():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Sequential(nn.ReLU())

        def extra_repr(self):
            return "one\ntwo"

    assert repr(Two()) == "Two(\n  one\n  two\n  (a): Sequential(\n    (0): ReLU()\n  )\n)"
    assert (
        repr(nn.Module()) == "Module()"
        and repr(nn.Linear(1, 2)) == "Linear(in_features=1, out_features=2, bias=True)"
    )


def test_lazy_linear():
    torch = pytest.importorskip("torch")
    layer, reference = nn.LazyLinear(3), torch.nn.LazyLinear(3)
    weight = layer.weight
    assert repr(layer) == repr(reference) and list(layer.state_dict()) == list(reference.state_dict())
    assert layer.has_uninitialized_params()
    clone = copy.deepcopy(layer)
    layer.double()
    with pytest.raises(RuntimeError, match="needs a shape"):
        next(layer.parameters()).sum()
    x = tenon.ones(5, 4, dtype=tenon.float64)
    layer(x).sum().backward()
    reference(torch.ones(5, 4))
    assert type(layer) is nn.Linear and layer.weight is weight and repr(layer) == repr(reference)
    assert weight.shape == (3, 4) and weight.dtype is tenon.float64 and weight.grad.shape == (3, 4)
    assert not layer._forward_pre_hooks
    # one that has no shape takes that of what it loads
    assert clone.load_state_dict(layer.state_dict()) and clone.weight.shape == (3, 4)
    assert tenon.allclose(clone(tenon.ones(5, 4)).double(), layer(x)) and repr(clone) == repr(layer)
    fresh = nn.LazyLinear(3)
    with pytest.raises(RuntimeError, match="weight: it has no shape in the checkpoint yet"):
        layer.load_state_dict(fresh.state_dict())
    state = pickle.loads(pickle.dumps(fresh)).state_dict()
    assert fresh.load_state_dict(state) and fresh.has_uninitialized_params()


def test_what_will_not_come_names_the_way_out():
    with pytest.raises(AttributeError, match=r"'DataParallel'; .*train_mpi.py"):
        _ = tenon.nn.DataParallel
    assert not hasattr(tenon.nn, "DataParallel")
