"""Sizes and layouts at the edges of what layers take: on a device, simulated or real, all is as on CPUs."""

import numpy as np
import pytest
import tenon
from tenon.nn import functional as F

pytestmark = pytest.mark.skipif(
    not tenon.cuda.is_available(), reason="neither a device nor the simulated one is there"
)

ATTENTION = F.scaled_dot_product_attention
# The function, and the shapes of its inputs.
CASES = {
    "conv: no images": (F.conv2d, (0, 3, 5, 5), (4, 3, 3, 3)),
    "conv: no channels": (F.conv2d, (2, 0, 5, 5), (4, 0, 3, 3), (4,)),
    "conv: no channels, many outputs": (F.conv2d, (2, 0, 5, 5), (14, 0, 3, 3), (14,)),
    "conv: no outputs": (F.conv2d, (2, 3, 5, 5), (0, 3, 3, 3)),
    "conv: transposed, no outputs": (F.conv_transpose2d, (2, 3, 5, 5), (3, 0, 3, 3)),
    "conv: mostly padding": (lambda x, w: F.conv1d(x, w, padding=50, stride=7), (2, 3, 5), (4, 3, 3)),
    "conv: same": (lambda x, w: F.conv1d(x, w, padding="same"), (2, 3, 6), (4, 3, 4)),
    "conv: one image": (F.conv3d, (3, 6, 5, 5), (9, 3, 2, 2, 2)),
    "conv: steps beyond the kernel": (lambda x, w: F.conv2d(x, w, stride=4), (2, 9, 9, 9), (9, 9, 2, 2)),
    "conv: transposed input": (lambda x, w: F.conv2d(x.mT, w), (2, 9, 9, 6), (9, 9, 2, 2)),
    "layer_norm: no rows": (lambda x, w: F.layer_norm(x, (4,), w), (0, 4), (4,)),
    "layer_norm: no columns": (lambda x: F.layer_norm(x, (0,)), (3, 0)),
    "group_norm: no images": (lambda x: F.group_norm(x, 2), (0, 4, 5)),
    "batch_norm: few places": (lambda x: F.batch_norm(x, None, None, training=True), (4, 3, 5)),
    "attention: no keys": (ATTENTION, (1, 2, 3, 4), (1, 2, 0, 4), (1, 2, 0, 4)),
    "attention: more keys than queries": (
        lambda q, k, v: ATTENTION(q, k, v, is_causal=True),
        (2, 3, 4),
        (2, 5, 4),
        (2, 5, 6),
    ),
    "attention: broadcast": (ATTENTION, (2, 3, 4, 8), (1, 1, 5, 8), (1, 3, 5, 8)),
    "attention: NaN": (lambda q, k, v: ATTENTION(q * float("nan"), k, v), *[(1, 1, 5, 8)] * 3),
    "attention: large scores": (
        lambda q, k, v: ATTENTION(q.detach() * 1e30, k.detach(), v),
        (1, 1, 4, 8),
        (1, 1, 5, 8),
        (1, 1, 5, 8),
    ),
    "pool: no images": (lambda x: F.max_pool2d(x, 2), (0, 3, 4, 4)),
    "pool: adaptive, one side kept": (lambda x: F.adaptive_max_pool2d(x, (None, 3)), (2, 3, 4, 7)),
    "pool: adaptive, windows overlap": (lambda x: F.adaptive_avg_pool3d(x, (2, 5, 3)), (2, 3, 4, 7, 6)),
    "pool: powers": (lambda x: F.lp_pool2d(x, 2, 3), (2, 3, 7, 7)),
    "pool: undone": (
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
        (2, 3, 8, 8),
    ),
    "ctc: a sample without a way": (
        lambda x: F.ctc_loss(
            x.log_softmax(-1),
            tenon.tensor([[1, 2], [1, 1]]),
            tenon.tensor([4, 2]),
            tenon.tensor([2, 2]),
            reduction="none",
        ),
        (4, 2, 3),
    ),
    "mask: no elements": (lambda x: x[x > 0], (3, 0)),
    "mask: some": (lambda x: x[x > 0], (5, 7)),
    "ranks": (lambda x: (x.median(), x.quantile(0.3)), (101,)),
}


def run(f, inputs, device):
    """Results and gradients, on the CPU; or the error."""
    leaves = [x.detach().to(device).requires_grad_() for x in inputs]
    try:
        made = f(*leaves)
        results = list(made) if isinstance(made, tuple | list) else [made]
        if roots := [y for y in results if y.requires_grad]:
            tenon.autograd.backward([y.sum() for y in roots])
    except (RuntimeError, ValueError) as error:
        return type(error), str(error)
    return [y.detach().cpu() for y in results] + [None if x.grad is None else x.grad.cpu() for x in leaves]


@pytest.mark.parametrize("name", CASES)
def test_as_on_the_cpu(name):
    f, *shapes = CASES[name]
    tenon.manual_seed(4)
    inputs = [tenon.randn(*shape) for shape in shapes]
    expected, got = run(f, inputs, "cpu"), run(f, inputs, "cuda")
    if isinstance(expected, tuple):
        assert got == expected
        return
    for a, b in zip(got, expected, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5, equal_nan=True)
