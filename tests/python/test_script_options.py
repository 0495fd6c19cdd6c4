"""Options and older names of PyTorch's scripts: each means what it means there, by name and by place."""

import inspect
import io

import numpy as np
import pytest
import tenon

torch = pytest.importorskip("torch")


def gradients(T, **options):
    x = T.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    w = T.tensor([2.0, 3.0], requires_grad=True)
    y = (x * w).sum(1)
    found = T.autograd.grad(
        y, (x, w), **{k: T.tensor(v) if k == "grad_outputs" else v for k, v in options.items()}
    )
    return [g.tolist() for g in found]


@pytest.mark.parametrize(
    "options",
    [
        {"grad_outputs": [1.0, 2.0], "only_inputs": True},
        {"grad_outputs": [[1.0, 0.0], [0.0, 1.0], [2.0, 5.0]], "is_grads_batched": True},
        {"grad_outputs": [[1.0, 0.0]], "is_grads_batched": True, "retain_graph": True},
    ],
)
def test_grad(options):
    assert gradients(tenon, **options) == gradients(torch, **options)


def test_places_are_pytorchs():
    for ours, theirs in (
        (tenon.autograd.grad, torch.autograd.grad),
        (tenon.autograd.backward, torch.autograd.backward),
        (tenon.cuda.graph.__init__, torch.cuda.graph.__init__),
        (tenon.cuda.Event.__init__, None),
    ):
        names = list(inspect.signature(ours).parameters)
        wanted = (
            list(inspect.signature(theirs).parameters)
            if theirs
            else ["self", "enable_timing", "blocking", "interprocess"]
        )
        assert names == wanted[: len(names)]


def test_batched_gradients_of_what_is_not_used():
    x, z = (tenon.ones(2, requires_grad=True) for _ in range(2))
    v = tenon.eye(2)
    assert tenon.autograd.grad(x * 2, (x, z), v, allow_unused=True, is_grads_batched=True)[1] is None
    zeros = tenon.autograd.grad(x * 2, (x, z), v, is_grads_batched=True, materialize_grads=True)[1]
    assert zeros.tolist() == [[0, 0], [0, 0]]
    for wrong in (None, tenon.tensor(1.0), [tenon.ones(2, 2), tenon.ones(3, 2)]):
        with pytest.raises(ValueError, match=r"^grad: is_grads_batched=True"):
            tenon.autograd.grad([x * 2, x * 3], x, wrong, is_grads_batched=True)
    first = tenon.autograd.grad((x**3).sum(), x, create_graph=True)[0]
    hessian = tenon.autograd.grad(first, x, v, is_grads_batched=True)[0]
    assert hessian.tolist() == [[6, 0], [0, 6]]


def test_older_name_of_grad_tensors():
    x = tenon.ones(2, requires_grad=True)
    tenon.autograd.backward(x * 2, grad_variables=tenon.tensor([1.0, 3.0]))
    assert x.grad.tolist() == [2, 6]
    with pytest.raises(ValueError, match=r"^backward: grad_variables"):
        tenon.autograd.backward(x * 2, tenon.ones(2), grad_variables=tenon.ones(2))


def test_inference_mode_takes_a_mode():
    x = tenon.ones(2, requires_grad=True)
    for made in (lambda: tenon.inference_mode(False), lambda: tenon.inference_mode(mode=False)):
        with tenon.no_grad(), made():
            assert (x * 2).requires_grad
    with tenon.inference_mode(True):
        assert not (x * 2).requires_grad
    assert not tenon.inference_mode()(lambda: x * 2)().requires_grad
    assert not tenon.inference_mode(lambda: x * 2)().requires_grad
    with tenon.no_grad():
        assert tenon.inference_mode(False)(lambda: x * 2)().requires_grad


def test_fork_rng():
    state = tenon.get_rng_state()
    with tenon.fork_rng([0], enabled=False):
        tenon.rand(1)
    assert tenon.get_rng_state() != state
    state = tenon.get_rng_state()
    with tenon.fork_rng(devices=[], device_type="cuda"):
        tenon.rand(1)
    assert tenon.get_rng_state() == state


def test_gradcheck_options():
    x = tenon.ones(2, dtype=tenon.float64, requires_grad=True)
    assert tenon.autograd.gradcheck(tenon.exp, (x,), fast_mode=True, nondet_tol=1e-3, check_batched_grad=True)
    assert tenon.autograd.gradgradcheck(tenon.exp, (x,), gen_non_contig_grad_outputs=True)
    for check in (tenon.autograd.gradcheck, tenon.autograd.gradgradcheck):
        with pytest.raises(TypeError, match=rf"^{check.__name__}: unknown options speed"):
            check(tenon.exp, (x,), speed=2)


def test_variable():
    def made(T):
        x = T.ones(2, requires_grad=True)
        y = T.autograd.Variable(x * 2)
        z = T.autograd.Variable(x * 2, requires_grad=True)
        yield y.requires_grad, z.requires_grad, z.is_leaf, isinstance(x, T.autograd.Variable)
        yield tuple(T.autograd.Variable().shape), isinstance(3, T.autograd.Variable)

    assert list(made(tenon)) == list(made(torch))
    x = tenon.ones(2)
    assert tenon.autograd.Variable(x).data_ptr() == x.data_ptr()
    with pytest.raises(TypeError, match=r"^Variable: data must be a tensor; got list"):
        tenon.autograd.Variable([1.0])


def test_size():
    size = tenon.Size([2, 3])
    assert size == (2, 3) == tenon.ones(size).shape and size.numel() == 6 and isinstance(size, tuple)
    assert isinstance(tenon.ones(2).shape, tenon.Size) and isinstance(size, tenon.Size)
    assert not isinstance([2, 3], tenon.Size) and not isinstance((2.0,), tenon.Size)
    assert tenon.Size() == () and tenon.Size(np.array([1, 2])) == (1, 2)
    with pytest.raises(TypeError):
        tenon.Size([2.5])


@pytest.mark.parametrize("segments", [1, 2, 4])
def test_checkpoint_sequential(segments):
    from tenon.utils.checkpoint import checkpoint_sequential

    layers = [tenon.nn.Linear(3, 3), tenon.nn.Tanh(), tenon.nn.Dropout(0.5), tenon.nn.Linear(3, 2)]
    model = tenon.nn.Sequential(*layers)
    results = []
    for f in (model, lambda x: checkpoint_sequential(model, segments, x, use_reentrant=True)):
        tenon.manual_seed(1)
        x = tenon.arange(6.0).reshape(2, 3).requires_grad_()
        model.zero_grad()
        f(x).sum().backward()
        results.append([x.grad.tolist(), *(p.grad.tolist() for p in model.parameters())])
    assert results[0] == results[1]


def test_checkpoint_sequential_errors():
    from tenon.utils.checkpoint import checkpoint_sequential

    for segments in (0, 3):
        with pytest.raises(ValueError, match=rf"between 1 and the 2 functions; got {segments}"):
            checkpoint_sequential([abs, abs], segments, tenon.ones(1))
    with pytest.raises(TypeError, match=r"unknown options speed"):
        checkpoint_sequential([abs], 1, tenon.ones(1), speed=1)


def test_save_takes_the_options_of_pickles():
    file = io.BytesIO()
    tenon.save({"a": tenon.ones(2)}, file, pickle_protocol=4, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert tenon.load(file)["a"].tolist() == [1, 1]


def test_streams_and_events_take_pytorchs_options(device):
    event = tenon.cuda.Event(enable_timing=True, blocking=True)
    assert event.query()
    with pytest.raises(ValueError, match=r"^Event: events do not leave the process"):
        tenon.cuda.Event(interprocess=True)
    if device == "cuda":
        stream = tenon.cuda.Stream(0, priority=-1)
        with tenon.cuda.graph(tenon.cuda.CUDAGraph(), None, stream, capture_error_mode="relaxed"):
            pass
    assert tenon.nn.Transformer.generate_square_subsequent_mask(sz=2).shape == (2, 2)
