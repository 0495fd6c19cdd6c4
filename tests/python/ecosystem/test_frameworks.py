"""PyTorch, JAX, einops and ONNX Runtime."""

import numpy as np
import pytest
import tenon

# ---- PyTorch ----


def test_negative_strides_do_not_end_the_process() -> None:
    """PyTorch aborts when it meets them: it gets an error, and no other consumer loses anything."""
    torch = pytest.importorskip("torch")
    for t in (tenon.arange(5.0)[::-1], tenon.ones(3, 4)[:, ::-1]):
        for call in (torch.as_tensor, torch.from_dlpack, torch.tensor,
        lambda t: torch.from_dlpack(t, copy=False),
                     lambda t: torch.from_dlpack(t, device="cpu")):  # fmt: skip
            with pytest.raises(BufferError, match="contiguous"):
                call(t)
        with pytest.raises(BufferError, match="contiguous"):
            t.__dlpack__()
        assert torch.from_dlpack(t, copy=True).tolist() == t.tolist()
        assert torch.from_dlpack(t.contiguous()).tolist() == t.tolist()
        assert np.shares_memory(np.from_dlpack(t), np.asarray(t))
        assert tenon.from_dlpack(t).tolist() == t.tolist()


def test_pytorch_reads_the_values() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (tenon.float64, tenon.float32, tenon.int64, tenon.bool, tenon.float16, tenon.bfloat16):
        t = tenon.ones(3, dtype=dtype)
        for call in (torch.as_tensor, torch.from_dlpack, torch.tensor):
            assert call(t).tolist() == [1, 1, 1]
        assert torch.from_dlpack(t).data_ptr() == torch.as_tensor(t).data_ptr() == t.data_ptr()
    # torch.asarray reads buffers as its default dtype, whatever their format: docs/gotchas.md.


# ---- JAX ----


def test_jax_arrays_come_in_read_only() -> None:
    jnp = pytest.importorskip("jax.numpy")
    j = jnp.arange(3.0)
    for call in (tenon.asarray, tenon.as_tensor, tenon.from_dlpack):
        t = call(j)
        assert t.readonly and t.tolist() == [0, 1, 2]
        with pytest.raises(ValueError, match="read-only"):
            t.mul_(10)
    t = tenon.tensor(j)
    t.mul_(10)
    assert j.tolist() == [0, 1, 2]
    assert not tenon.from_dlpack(j, copy=True).readonly


@pytest.mark.parametrize("package", ["jaxlib", "tensorflow", "another"])
def test_producers_of_immutable_arrays_are_known_by_name(package: str) -> None:
    """TensorFlow is too large to be installed for this: a producer of its name stands for it."""

    class Producer:
        array = np.zeros(3)

        def __dlpack__(self, stream: object = None) -> object:
            return self.array.__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.array.__dlpack_device__()

    Producer.__module__ = f"{package}.python.framework"
    for call in (tenon.asarray, tenon.from_dlpack):
        assert call(Producer()).readonly is (package != "another")
    assert not tenon.from_dlpack(Producer(), copy=True).readonly
    assert not tenon.from_dlpack(Producer.array.__dlpack__()).readonly  # by hand


def test_jax_takes_tensors() -> None:
    jax = pytest.importorskip("jax")
    t = tenon.arange(3.0)
    assert jax.numpy.asarray(t).tolist() == jax.numpy.from_dlpack(t).tolist() == [0, 1, 2]
    assert jax.numpy.array(t[::-1]).tolist() == [2, 1, 0]
    assert jax.jit(lambda x: x + jax.numpy.asarray(t))(jax.numpy.ones(3)).tolist() == [1, 2, 3]
    with pytest.raises(TypeError, match=r"jnp\.asarray\(tensor\)"):
        jax.jit(lambda x: t + x)(jax.numpy.ones(3))
    assert jax.jit(lambda x: x * 2)(jax.numpy.asarray(t)).tolist() == [0, 2, 4]


# ---- einops ----


def test_einops() -> None:
    einops = pytest.importorskip("einops")
    a = np.arange(24.0, dtype="f4").reshape(2, 3, 4)
    t = tenon.from_numpy(a)
    for call in (
        lambda x: einops.rearrange(x, "a b c -> c (a b)"),
        lambda x: einops.rearrange([x, x], "n a b c -> a n (b c)"),
        lambda x: einops.repeat(x, "a b c -> a b c d", d=2),
        lambda x: einops.repeat(x, "a b c -> (a 2) b c"),
        lambda x: einops.einsum(x, x, "a b c, a d c -> b d"),
        lambda x: einops.pack([x, x], "* c")[0],
        *(
            (lambda x, how=how: einops.reduce(x, "a b c -> b", how))
            for how in ("sum", "mean", "min", "max", "prod")
        ),
    ):
        own = call(t)
        assert isinstance(own, tenon.Tensor) and np.allclose(own.numpy(), call(a))
    w = tenon.ones(2, 3, requires_grad=True)
    einops.reduce(einops.rearrange(w, "a b -> b a"), "b a -> b", "sum").sum().backward()
    assert w.grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert einops.asnumpy(t).tolist() == a.tolist()
    mask = tenon.tensor([[True, False], [True, True]])
    assert einops.reduce(mask, "a b -> a", "all").tolist() == [False, True]


# ---- ONNX Runtime ----


def test_onnxruntime() -> None:
    ort = pytest.importorskip("onnxruntime")
    t = tenon.arange(3.0)
    value = ort.OrtValue.ortvalue_from_numpy(t.numpy())
    assert tenon.asarray(value.numpy()).tolist() == [0, 1, 2]
    with pytest.raises(RuntimeError):
        ort.OrtValue.ortvalue_from_numpy(t)  # the page says .numpy()
