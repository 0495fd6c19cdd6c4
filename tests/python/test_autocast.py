"""autocast beside torch.autocast('cpu'): the dtype of each operation's result, gradients, regions."""

import contextlib
import threading

import numpy as np
import pytest
import tenon
import tenon.nn
from tenon.nn import functional as F

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore")


def arguments(xp):
    """The same arguments in both libraries, float32 and the region's dtype."""
    rng = np.random.default_rng(0)
    a, v, b = (xp.asarray(rng.random(s, np.float32)) for s in ((4, 4), (4,), (2, 4, 4)))
    spread = xp.asarray(np.diag(np.arange(4, dtype=np.float32)) + 4 * np.eye(4, dtype=np.float32))
    return {"a": a, "v": v, "b": b, "spread": spread}


# By name: what is called with (xp, its nn.functional, float32 arguments, half arguments).
CASES = {
    # products
    "matmul": lambda xp, F, f, h: xp.matmul(f.a, f.b),
    "@": lambda xp, F, f, h: f.a @ f.v,
    "mixed @": lambda xp, F, f, h: h.a @ f.v,
    "method": lambda xp, F, f, h: f.a.mm(f.a),
    "mm": lambda xp, F, f, h: xp.mm(f.a, f.a),
    "bmm": lambda xp, F, f, h: xp.bmm(f.b, f.b),
    "addmm": lambda xp, F, f, h: xp.addmm(f.a, f.a, f.a),
    "addbmm": lambda xp, F, f, h: xp.addbmm(f.a, f.b, f.b),
    "baddbmm": lambda xp, F, f, h: xp.baddbmm(f.b, f.b, f.b),
    "einsum": lambda xp, F, f, h: xp.einsum("ij,jk->ik", f.a, f.a),
    "tensordot": lambda xp, F, f, h: xp.tensordot(f.a, f.a, 1),
    "inner": lambda xp, F, f, h: xp.inner(f.a, f.a),
    "chain_matmul": lambda xp, F, f, h: xp.chain_matmul(f.a, f.a, f.a),
    "mv": lambda xp, F, f, h: xp.mv(f.a, f.v),
    "dot": lambda xp, F, f, h: xp.dot(f.v, f.v),
    "outer": lambda xp, F, f, h: xp.outer(f.v, f.v),
    "kron": lambda xp, F, f, h: xp.kron(f.a, f.a),
    "addmv": lambda xp, F, f, h: xp.addmv(f.v, f.a, f.v),
    "addr": lambda xp, F, f, h: xp.addr(f.a, f.v, f.v),
    "float64": lambda xp, F, f, h: xp.mm(f.a.double(), f.a.double()),
    "integers": lambda xp, F, f, h: xp.mm(f.a.long(), f.a.long()),
    "linear": lambda xp, F, f, h: F.linear(f.a, f.a, f.v),
    "linear by name": lambda xp, F, f, h: F.linear(input=h.a, weight=f.a, bias=f.v),
    "bilinear": lambda xp, F, f, h: F.bilinear(f.a, f.a, f.b.new_ones(2, 4, 4)),
    "conv1d": lambda xp, F, f, h: F.conv1d(f.b, f.b[:, :, :2]),
    "conv2d": lambda xp, F, f, h: F.conv2d(f.b[None], f.b.reshape(4, 2, 2, 2)),
    "conv3d": lambda xp, F, f, h: F.conv3d(f.b[None, None], f.b[:1, None, None, :2, :2]),
    "conv_transpose1d": lambda xp, F, f, h: F.conv_transpose1d(f.b, f.b.reshape(4, 4, 2)),
    "conv_transpose2d": lambda xp, F, f, h: F.conv_transpose2d(f.b[None], f.b[:, :, None]),
    "attention": lambda xp, F, f, h: F.scaled_dot_product_attention(f.b, f.b, f.b),
    "prelu": lambda xp, F, f, h: F.prelu(f.a, f.v[:1]),
    # what is computed in float32
    "mse_loss": lambda xp, F, f, h: F.mse_loss(h.a, h.a),
    "l1_loss": lambda xp, F, f, h: F.l1_loss(h.a, h.a),
    "smooth_l1_loss": lambda xp, F, f, h: F.smooth_l1_loss(h.a, h.a),
    "huber_loss": lambda xp, F, f, h: F.huber_loss(h.a, h.a),
    "cross_entropy": lambda xp, F, f, h: F.cross_entropy(h.a, xp.arange(4)),
    "cross_entropy of soft targets": lambda xp, F, f, h: F.cross_entropy(h.a, h.a),
    "nll_loss": lambda xp, F, f, h: F.nll_loss(h.a, xp.arange(4)),
    "binary_cross_entropy": lambda xp, F, f, h: F.binary_cross_entropy(h.a, h.a),
    "bce with logits": lambda xp, F, f, h: F.binary_cross_entropy_with_logits(h.a, h.a),
    "kl_div": lambda xp, F, f, h: F.kl_div(h.a, h.a),
    "poisson_nll_loss": lambda xp, F, f, h: F.poisson_nll_loss(h.a, h.a),
    "gaussian_nll_loss": lambda xp, F, f, h: F.gaussian_nll_loss(h.a, h.a, h.a),
    "cosine_embedding_loss": lambda xp, F, f, h: F.cosine_embedding_loss(h.a, h.a, xp.ones(4)),
    "margin_ranking_loss": lambda xp, F, f, h: F.margin_ranking_loss(h.a, h.a, h.a),
    "triplet_margin_loss": lambda xp, F, f, h: F.triplet_margin_loss(h.a, h.a, h.a),
    "triplet with distance": lambda xp, F, f, h: F.triplet_margin_with_distance_loss(h.a, h.a, h.a),
    "hinge_embedding_loss": lambda xp, F, f, h: F.hinge_embedding_loss(h.a, xp.ones(4, 4)),
    "multilabel_margin_loss": lambda xp, F, f, h: F.multilabel_margin_loss(h.a, xp.zeros(4, 4).long()),
    "multilabel_soft_margin": lambda xp, F, f, h: F.multilabel_soft_margin_loss(h.a, h.a),
    "multi_margin_loss": lambda xp, F, f, h: F.multi_margin_loss(h.a, xp.arange(4)),
    "soft_margin_loss": lambda xp, F, f, h: F.soft_margin_loss(h.a, xp.ones(4, 4)),
    "ctc_loss": lambda xp, F, f, h: F.ctc_loss(
        h.b.log_softmax(-1), xp.tensor([[1, 2]] * 4), xp.tensor([2] * 4), xp.tensor([2] * 4)
    ),
    "prod": lambda xp, F, f, h: h.a.prod(),
    "quantile": lambda xp, F, f, h: xp.quantile(h.a, 0.5),
    "nanquantile": lambda xp, F, f, h: xp.nanquantile(h.a, 0.5),
    "trace": lambda xp, F, f, h: xp.trace(h.a),
    "eigh": lambda xp, F, f, h: xp.linalg.eigh(h.spread)[0],
    "svd": lambda xp, F, f, h: xp.linalg.svd(h.spread)[1],
    "svdvals": lambda xp, F, f, h: xp.linalg.svdvals(h.spread),
    "grid_sample": lambda xp, F, f, h: F.grid_sample(h.b[None], xp.zeros(1, 2, 2, 2).to(h.a.dtype)),
    "avg_pool3d": lambda xp, F, f, h: F.avg_pool3d(h.b[None], 1),
    "adaptive_avg_pool3d": lambda xp, F, f, h: F.adaptive_avg_pool3d(h.b[None], 2),
    # what takes the dtypes that it gets
    "avg_pool2d": lambda xp, F, f, h: F.avg_pool2d(h.b, 2),
    "max_pool2d": lambda xp, F, f, h: F.max_pool2d(h.b, 2),
    "adaptive_avg_pool2d": lambda xp, F, f, h: F.adaptive_avg_pool2d(h.b, 2),
    "softmax": lambda xp, F, f, h: h.a.softmax(-1),
    "log_softmax": lambda xp, F, f, h: h.a.log_softmax(-1),
    "logsumexp": lambda xp, F, f, h: h.a.logsumexp(0),
    "exp": lambda xp, F, f, h: h.a.exp(),
    "log": lambda xp, F, f, h: h.a.log(),
    "pow": lambda xp, F, f, h: h.a**2,
    "sum": lambda xp, F, f, h: h.a.sum(),
    "mean": lambda xp, F, f, h: h.a.mean(),
    "var": lambda xp, F, f, h: h.a.var(),
    "cumsum": lambda xp, F, f, h: h.a.cumsum(0),
    "norm": lambda xp, F, f, h: h.a.norm(),
    "gelu": lambda xp, F, f, h: F.gelu(h.a),
    "interpolate": lambda xp, F, f, h: F.interpolate(h.b, scale_factor=2),
    "embedding": lambda xp, F, f, h: F.embedding(xp.arange(2), f.a),
    "layer_norm": lambda xp, F, f, h: F.layer_norm(h.a, (4,), f.v, f.v),
    "layer_norm of float32": lambda xp, F, f, h: F.layer_norm(f.a, (4,), f.v, f.v),
    "group_norm": lambda xp, F, f, h: F.group_norm(h.b, 2, f.v, f.v),
    "batch_norm": lambda xp, F, f, h: F.batch_norm(h.a, f.v.clone(), f.v.clone(), f.v, f.v, True),
    "instance_norm": lambda xp, F, f, h: F.instance_norm(h.b),
    "local_response_norm": lambda xp, F, f, h: F.local_response_norm(h.b, 2),
    "cat": lambda xp, F, f, h: xp.cat([f.a, h.a]),
    "stack": lambda xp, F, f, h: xp.stack([f.a, h.a]),
    "mixed add": lambda xp, F, f, h: f.a + h.a,
    "where": lambda xp, F, f, h: xp.where(f.a > 0, f.a, h.a),
    "cosine_similarity": lambda xp, F, f, h: F.cosine_similarity(h.a, h.a),
    "normalize": lambda xp, F, f, h: F.normalize(h.a),
    # modules
    "nn.LSTM": lambda xp, F, f, h: xp.nn.LSTM(4, 4)(f.b)[0],
    "nn.RNN": lambda xp, F, f, h: xp.nn.RNN(4, 4)(f.b)[0],
    "nn.RNNCell": lambda xp, F, f, h: xp.nn.RNNCell(4, 4)(f.a),
    "nn.MultiheadAttention": lambda xp, F, f, h: xp.nn.MultiheadAttention(4, 2)(f.b, f.b, f.b)[0],
    "nn.TransformerEncoderLayer": lambda xp, F, f, h: xp.nn.TransformerEncoderLayer(4, 2, 8)(f.b),
    "nn.Conv2d": lambda xp, F, f, h: xp.nn.Conv2d(2, 3, 2)(f.b[None]),
    "nn.BatchNorm1d": lambda xp, F, f, h: xp.nn.Sequential(xp.nn.Linear(4, 4), xp.nn.BatchNorm1d(4))(f.a),
}


class Named:
    def __init__(self, values):
        self.__dict__.update(values)


def computed(xp, name, dtype):
    functional = xp.nn.functional
    given = arguments(xp)
    full, half = Named(given), Named({k: t.to(dtype) for k, t in given.items()})
    with xp.autocast("cpu", dtype=dtype):
        return CASES[name](xp, functional, full, half)


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", CASES)
def test_results_have_the_dtypes_of_torch(name, half):
    try:
        want = computed(torch, name, getattr(torch, half))
    except RuntimeError as e:  # PyTorch's own gaps in float16
        gaps = ("not implemented for 'Half'", "could not create a primitive descriptor")
        assert half == "float16", e
        assert any(gap in str(e) for gap in gaps), e
        want = computed(torch, name, torch.bfloat16)
        if want.dtype == torch.bfloat16:
            want = want.to(torch.float16)
    got = computed(tenon, name, getattr(tenon, half))
    assert str(got.dtype).removeprefix("tenon.") == str(want.dtype).removeprefix("torch.")
    assert got.shape == tuple(want.shape)
    if not name.startswith("nn."):
        np.testing.assert_allclose(got.float().numpy(), want.detach().float().numpy(), rtol=0.03, atol=0.03)


def test_recurrent_layers_run_in_the_lower_dtype_all_alike():
    """PyTorch's GRU, and its cells but RNNCell, stay in float32, since no kernel of its own takes them."""
    x, h = tenon.ones(3, 2, 4), tenon.zeros(2, 4)
    with tenon.autocast("cpu"):
        assert tenon.nn.GRU(4, 4)(x)[0].dtype == tenon.bfloat16
        assert tenon.nn.GRUCell(4, 4)(x[0], h).dtype == tenon.bfloat16
        assert [t.dtype for t in tenon.nn.LSTMCell(4, 4)(x[0], (h, h))] == [tenon.bfloat16] * 2


def test_products_of_vectors_by_einsum_are_lowered_too():
    """PyTorch's answer depends on which function its einsum ends in."""
    v = tenon.ones(4)
    with tenon.autocast("cpu"):
        assert tenon.einsum("i,j->ij", v, v).dtype == tenon.bfloat16
        assert tenon.inner(v, v).dtype == tenon.bfloat16


def test_gradients_arrive_in_the_parameters_dtype_and_are_those_of_torch():
    torch.manual_seed(0)
    reference = torch.nn.Sequential(
        torch.nn.Linear(8, 16), torch.nn.LayerNorm(16), torch.nn.Tanh(), torch.nn.Linear(16, 3)
    )
    model = tenon.nn.Sequential(
        tenon.nn.Linear(8, 16), tenon.nn.LayerNorm(16), tenon.nn.Tanh(), tenon.nn.Linear(16, 3)
    )
    model.load_state_dict(reference.state_dict())
    x, y = torch.randn(10, 8), torch.randint(3, (10,))
    with torch.autocast("cpu"):
        want = torch.nn.functional.cross_entropy(reference(x), y)
    want.backward()
    with tenon.autocast("cpu"):
        got = F.cross_entropy(model(tenon.from_numpy(x.numpy())), tenon.from_numpy(y.numpy()))
    got.backward()
    assert got.dtype == tenon.float32
    np.testing.assert_allclose(got.item(), want.item(), rtol=0.01)
    for p, q in zip(model.parameters(), reference.parameters(), strict=True):
        assert p.grad.dtype == p.dtype == tenon.float32
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=0.05, atol=0.01)


def test_second_derivatives_flow_through_the_casts():
    x = tenon.tensor([[1.0, 2.0]], requires_grad=True)
    with tenon.autocast("cpu"):
        y = (x @ x.T).float() ** 2
    (g,) = tenon.autograd.grad(y.sum(), x, create_graph=True)
    (gg,) = tenon.autograd.grad(g.sum(), x)
    assert g.tolist() == [[20.0, 40.0]]  # 4 x (x x^T)
    assert gg.tolist() == [[44.0, 68.0]]


def test_training_with_a_scaler_learns():
    tenon.manual_seed(0)
    x = tenon.rand(64, 2)
    y = x @ tenon.tensor([[2.0], [-1.0]])
    model = tenon.nn.Sequential(tenon.nn.Linear(2, 16), tenon.nn.Tanh(), tenon.nn.Linear(16, 1))
    optimizer = tenon.optim.Adam(model.parameters(), lr=0.02)
    scaler = tenon.amp.GradScaler("cpu", init_scale=1024.0)
    for _ in range(150):
        optimizer.zero_grad()
        with tenon.autocast("cpu", dtype=tenon.float16):
            loss = F.mse_loss(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    assert loss.item() < 0.01


def test_regions_nest_and_end():
    a = tenon.ones(2, 2)
    assert not tenon.is_autocast_enabled("cpu")
    with tenon.autocast("cpu"):
        assert tenon.is_autocast_enabled("cpu")
        assert not tenon.is_autocast_enabled("cuda")
        with tenon.autocast("cpu", dtype=tenon.float16):
            assert (a @ a).dtype == tenon.get_autocast_dtype("cpu") == tenon.float16
        with tenon.autocast("cpu", enabled=False):
            assert (a @ a).dtype == tenon.float32
            with tenon.autocast("cpu", cache_enabled=False):
                assert (a @ a).dtype == tenon.bfloat16
        with pytest.raises(KeyError), tenon.autocast("cpu", enabled=False):
            raise KeyError
        assert (a @ a).dtype == tenon.bfloat16
        with tenon.autocast("cuda"):
            assert (a @ a).dtype == tenon.bfloat16
    assert (a @ a).dtype == tenon.float32
    with tenon.autocast("cuda"):
        assert tenon.is_autocast_enabled()
        assert (a @ a).dtype == tenon.float32
    assert tenon.get_autocast_dtype("cuda") == tenon.float16


def test_as_a_decorator():
    @tenon.autocast("cpu")
    def product(a, depth=0):
        """Documentation."""
        return product(a, depth - 1) if depth else a @ a

    assert product(tenon.ones(2, 2), depth=2).dtype == tenon.bfloat16
    assert (product.__name__, product.__doc__) == ("product", "Documentation.")
    assert not tenon.is_autocast_enabled("cpu")


def test_a_region_is_its_threads_own():
    seen = []
    with tenon.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append((tenon.ones(2, 2) @ tenon.ones(2, 2)).dtype))
        thread.start()
        thread.join()
    assert seen == [tenon.float32]


def test_arrays_and_lists_are_cast_and_numpy_is_left_alone():
    a = np.ones((2, 2), np.float32)
    with tenon.autocast("cpu"):
        assert (tenon.ones(2, 2) @ a).dtype == tenon.bfloat16
        assert F.linear(a, tenon.ones(2, 2)).dtype == tenon.bfloat16
        assert tenon.chain_matmul(tenon.ones(2, 2), a).dtype == tenon.bfloat16
        assert np.matmul(tenon.ones(2, 2), a).dtype == tenon.float32
        assert tenon.mm(tenon.ones(2, 2), tenon.ones(2, 2), out=tenon.empty(2, 2)).dtype == tenon.float32


@pytest.mark.parametrize("f", [tenon.matmul, tenon.linalg.solve, tenon.nn.functional.mse_loss])
def test_lists_without_end_are_refused_as_outside(f):
    endless = []
    endless.append(endless)
    deep = tenon.ones(2, 2)
    for _ in range(100_000):
        deep = [deep]
    for nested in (endless, deep):
        for enabled in (False, True):
            with tenon.autocast("cpu", enabled=enabled), pytest.raises(ValueError, match="nested too deeply"):
                f(nested, tenon.ones(2, 2))


def test_a_list_may_be_written_to_by_another_thread():
    items = [tenon.ones(64, 64) for _ in range(8)]
    stop = threading.Event()

    def write():
        while not stop.is_set():
            items.clear()
            items.extend(tenon.ones(64, 64) for _ in range(8))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with tenon.autocast("cpu"):
            for _ in range(200):
                with contextlib.suppress(TypeError, ValueError):  # the list was empty, or grew meanwhile
                    assert tenon.matmul(items, tenon.ones(64, 2)).dtype == tenon.bfloat16
    finally:
        stop.set()
        writer.join()


def test_a_checkpoint_repeats_in_the_state_of_its_first_run():
    layer = tenon.nn.Linear(2, 2)
    x = tenon.ones(1, 2, requires_grad=True)
    with tenon.autocast("cpu"):
        y = tenon.autograd.checkpoint(lambda t: layer(t).tanh(), x)
    y.sum().backward()  # an error where a saved tensor had another dtype
    assert x.grad.dtype == tenon.float32


def test_a_function_runs_forward_and_backward_as_its_decorators_say():
    dtypes = []

    class Product(tenon.autograd.Function):
        @staticmethod
        @tenon.amp.custom_fwd(device_type="cpu")
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a @ b

        @staticmethod
        @tenon.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            dtypes.append((a.T @ b).dtype)
            return (g @ b.T).to(a.dtype), (a.T @ g).to(b.dtype)

    class Full(Product):
        @staticmethod
        @tenon.amp.custom_fwd(device_type="cpu", cast_inputs=tenon.float32)
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a @ b

    a, b = (tenon.ones(2, 2, requires_grad=True) for _ in range(2))
    for function in (Product, Full):
        with tenon.autocast("cpu"):
            y = function.apply(a, b)
        dtypes.append(y.dtype)
        y.sum().backward()
    assert dtypes == [tenon.bfloat16, tenon.bfloat16, tenon.float32, tenon.float32]
    half = tenon.ones(2, 2, dtype=tenon.bfloat16)
    with tenon.autocast("cpu"):
        assert Full.apply(half, half).dtype == tenon.float32
    assert Full.apply(half, half).dtype == tenon.bfloat16


def test_wrong_arguments():
    with pytest.raises(RuntimeError, match="autocast: device_type must be 'cpu' or 'cuda'; got 'tpu'"):
        tenon.autocast("tpu")
    with pytest.raises(ValueError, match="autocast: device_type must be a string; got int"):
        tenon.autocast(1)
    with pytest.warns(UserWarning, match="dtype must be float16 or bfloat16; got .*float32"):
        region = tenon.autocast("cpu", dtype=tenon.float32)
    with region:
        assert (tenon.ones(2, 2) @ tenon.ones(2, 2)).dtype == tenon.float32
    assert tenon.amp.is_autocast_available("cpu")
    assert not tenon.amp.is_autocast_available("tpu")
