"""Normalizations as modules: what they learn, what they keep, and what they refuse, beside PyTorch's."""

import numpy as np
import pytest
import tenon
import tenon.nn
from tenon.nn import functional as F


def pair(name, *args, **kwargs):
    pytest.importorskip("torch")
    import nn_parity

    return nn_parity.pair(name, *args, **kwargs)


@pytest.mark.parametrize("momentum", [0.3, None])
@pytest.mark.parametrize(("name", "shape"), [("BatchNorm1d", (6, 3)), ("BatchNorm2d", (4, 3, 5, 2))])
def test_batch_norm_learns(name, shape, momentum):
    torch = pytest.importorskip("torch")
    ours, theirs = pair(name, 3, momentum=momentum)
    for step in range(3):
        x = torch.randn(*shape, generator=torch.Generator().manual_seed(step)) * 2 + 1
        y, z = ours(tenon.from_numpy(x.numpy())), theirs(x)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-5, atol=1e-5)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-6)
    ours.eval()
    theirs.eval()
    y, z = ours(tenon.from_numpy(x.numpy())), theirs(x)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-5, atol=1e-5)
    assert int(ours.num_batches_tracked) == 3  # eval() learns nothing


def test_instance_norm_learns():
    torch = pytest.importorskip("torch")
    ours, theirs = pair("InstanceNorm1d", 3, affine=True, track_running_stats=True)
    x = torch.randn(4, 3, 5)
    ours(tenon.from_numpy(x.numpy()))
    theirs(x)
    for key, value in theirs.state_dict().items():
        if key != "num_batches_tracked":
            np.testing.assert_allclose(ours.state_dict()[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    x = (tenon.rand(64, 96) * 8).to(dtype)
    wide = F.layer_norm(x.float(), (96,)).to(dtype)
    assert F.layer_norm(x, (96,)).dtype == wide.dtype
    assert bool((F.layer_norm(x, (96,)) == wide).all())
    assert F.rms_norm(x, (96,), tenon.ones(96)).dtype == wide.dtype  # the input's, whatever the weight's


def test_running_statistics_are_the_users_memory():
    mean, var = np.zeros(2, np.float32), np.ones(2, np.float32)
    x = tenon.tensor([[0.0, 2.0], [4.0, 2.0]])
    F.batch_norm(x, tenon.from_numpy(mean), tenon.from_numpy(var), training=True, momentum=0.5)
    np.testing.assert_allclose(mean, [1, 1])
    np.testing.assert_allclose(var, [4.5, 0.5])


def test_numpy_in_and_out():
    x = np.arange(6, dtype=np.float64).reshape(2, 3)
    y = F.layer_norm(x, 3)
    np.testing.assert_allclose(
        y.numpy(), (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    )


def test_what_is_refused():
    layer = tenon.nn.BatchNorm2d(3)
    with pytest.raises(ValueError, match="BatchNorm2d: expected a 4-D input; got shape"):
        layer(tenon.ones(2, 3))
    with pytest.raises(ValueError, match="batch_norm: training needs more than one element for each channel"):
        layer(tenon.ones(1, 3, 1, 1))
    assert int(layer.num_batches_tracked) == 0  # nothing was learned
    assert layer.running_mean.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="must have shape"):
        layer(tenon.ones(2, 4, 2, 2))
    with pytest.raises(ValueError, match="GroupNorm: num_groups must divide num_channels"):
        tenon.nn.GroupNorm(2, 3)
    with pytest.raises(ValueError, match="num_features=3"):
        tenon.nn.InstanceNorm1d(3, affine=True)(tenon.ones(2, 4, 5))
    with pytest.raises(ValueError, match="normalized_shape"):
        tenon.nn.LayerNorm(4)(tenon.ones(2, 3))
    with pytest.raises(TypeError, match="layer_norm"):
        F.layer_norm(tenon.arange(4), (4,))


def test_lazy_ones_count_their_channels():
    layer = tenon.nn.LazyBatchNorm2d(momentum=None)
    assert layer(tenon.rand(4, 5, 2, 2)).shape == (4, 5, 2, 2)
    assert type(layer) is tenon.nn.BatchNorm2d
    assert layer.weight.shape == layer.running_var.shape == (5,)
    assert tenon.nn.LazyInstanceNorm1d(affine=False)(tenon.rand(4, 5, 2)).shape == (4, 5, 2)
    with pytest.raises(ValueError, match="expected a 4-D input"):
        tenon.nn.LazyBatchNorm2d()(tenon.rand(4, 5))
