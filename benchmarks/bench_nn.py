"""Layers forwards and backwards, beside PyTorch's: norms, losses, embeddings, recurrent layers, attention."""

import numpy as np
from harness import libraries, row

random = np.random.default_rng(0)


def leaf(xp, *shape):
    return xp.asarray(random.standard_normal(shape, np.float32)).requires_grad_()


def layer(name, shapes, call, *, target="torch 1.2x"):
    """call(xp, *leaves) of each library, and its gradients."""

    @row(f"{name}, forward and backward", target=target)
    def setup():
        made = {}
        for key, xp in libraries().items():
            if key == "numpy":
                continue
            leaves = [leaf(xp, *shape) for shape in shapes]

            def step(xp=xp, leaves=leaves):
                y = call(xp, *leaves)
                y.backward(None if y.ndim == 0 else xp.ones_like(y))
                for t in leaves:
                    t.grad = None

            made[key] = step
        return made


for shape in ((8, 128, 256), (64, 1024), (64, 1024, 768)):
    n = shape[-1]
    layer(
        f"layer_norm {shape}",
        (shape, (n,), (n,)),
        lambda xp, x, w, b: xp.nn.functional.layer_norm(x, x.shape[-1:], w, b),
    )
layer(
    "batch_norm (32, 64, 28, 28)",
    ((32, 64, 28, 28), (64,), (64,)),
    lambda xp, x, w, b: xp.nn.functional.batch_norm(x, None, None, w, b, True),
)
for n, classes in ((512, 10), (1024, 32000)):
    target = random.integers(0, classes, n)
    layer(
        f"cross_entropy {n} x {classes}",
        ((n, classes),),
        lambda xp, x, target=target: xp.nn.functional.cross_entropy(x, xp.asarray(target)),
        target="torch 2x",
    )
layer(
    "mse_loss 512 x 10",
    ((512, 10), (512, 10)),
    lambda xp, x, t: xp.nn.functional.mse_loss(x, t),
    target="torch 2x",
)
labels = random.integers(1, 40, (16, 20))
layer(
    "ctc_loss, 100 steps, batch 16, 40 classes, 20 labels",
    ((100, 16, 40),),
    lambda xp, x: xp.nn.functional.ctc_loss(xp.log_softmax(x, 2), xp.asarray(labels), [100] * 16, [20] * 16),
)
index = random.integers(0, 10000, 4096)
layer(
    "embedding 4096 of 10000 x 64",
    ((10000, 64),),
    lambda xp, w: xp.nn.functional.embedding(xp.asarray(index), w),
)
layer(
    "embedding_bag 256 x 16 of 10000 x 64",
    ((10000, 64),),
    lambda xp, w: xp.nn.functional.embedding_bag(xp.asarray(index.reshape(256, 16)), w, mode="mean"),
)
for batch, channels, size in ((8, 64, 56), (8, 128, 28), (8, 256, 14), (8, 512, 7)):
    layer(
        f"conv2d 3x3 ({batch}, {channels}, {size}, {size}) to {channels}",
        ((batch, channels, size, size), (channels, channels, 3, 3)),
        lambda xp, x, w: xp.nn.functional.conv2d(x, w, padding=1),
        target="torch 1x",
    )
layer("linear 64 x 784 x 256", ((64, 784), (256, 784), (256,)), lambda xp, *a: xp.nn.functional.linear(*a))


def recurrent(name):
    @row(f"{name} 50 x 32 x 64 to 128, forward and backward", target="torch 1.2x")
    def setup():
        made = {}
        for key, xp in libraries().items():
            if key == "numpy":
                continue
            module, x = getattr(xp.nn, name)(64, 128), leaf(xp, 50, 32, 64)
            seed = xp.ones(50, 32, 128)

            def step(module=module, x=x, seed=seed):
                module(x)[0].backward(seed)
                for t in (x, *module.parameters()):
                    t.grad = None

            made[key] = step
        return made


recurrent("LSTM")
recurrent("GRU")
layer(
    "attention (8, 8, 128, 32), dropout",
    ((8, 8, 128, 32),) * 3,
    lambda xp, *qkv: xp.nn.functional.scaled_dot_product_attention(*qkv, dropout_p=0.1),
)
for shape in ((8, 8, 128, 32), (1, 8, 1024, 64)):
    for causal in (False, True):
        layer(
            f"attention {shape}{', causal' if causal else ''}",
            (shape, shape, shape),
            lambda xp, q, k, v, causal=causal: xp.nn.functional.scaled_dot_product_attention(
                q, k, v, is_causal=causal
            ),
        )
