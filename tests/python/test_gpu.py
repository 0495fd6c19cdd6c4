"""What is true on a GPU: script/gpu-check runs this there, and rehearses it with the kernels on the host."""

import os

import numpy as np
import pytest
import tenon
from tenon import cuda, nn

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not os.environ.get("TENON_TEST_GPU"), reason="only script/gpu-check runs this"),
]

REAL = os.environ.get("TENON_TEST_GPU") == "real"


def big(n: int = 1 << 20) -> tenon.Tensor:
    return tenon.arange(n, dtype=tenon.float32).to("cuda")


def test_there_is_a_device() -> None:
    assert cuda.is_available() and cuda.device_count() >= 1
    properties = cuda.get_device_properties(0)
    assert properties.total_memory > 1 << 28 and (properties.major >= 7 or not REAL)


def test_the_chapters_lines() -> None:
    """There and back; a tensor on the device, or with a history, says what NumPy needs."""
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    t = tenon.from_numpy(a).to("cuda")
    assert t.is_cuda and t.device == tenon.device("cuda:0")
    np.testing.assert_array_equal((t * 2).cpu().numpy(), a * 2)
    with pytest.raises(TypeError, match=r"\.cpu\(\)"):
        t.numpy()
    w = tenon.ones(4, device="cuda", requires_grad=True)
    loss = (t @ w).sum()
    loss.backward()
    assert w.grad is not None and w.grad.is_cuda
    np.testing.assert_allclose(w.grad.cpu().numpy(), a.sum(0))
    np.testing.assert_array_equal(w.detach().cpu().numpy(), np.ones(4))
    mean = np.mean(t)
    assert isinstance(mean, tenon.Tensor) and mean.is_cuda and mean.item() == 5.5


@pytest.mark.parametrize("n", [1, 255, 65_535, 65_537, 1 << 20])
def test_sizes(n: int) -> None:
    x = np.random.default_rng(n).standard_normal(n).astype(np.float32)
    t = tenon.from_numpy(x).cuda()
    np.testing.assert_allclose(t.sum().item(), x.sum(dtype=np.float64), rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(t.sort().values.cpu().numpy(), np.sort(x))
    np.testing.assert_array_equal((t + t).cpu().numpy(), x + x)
    np.testing.assert_array_equal(t.argmax().item(), x.argmax())
    np.testing.assert_allclose(t.cumsum(0).cpu().numpy(), x.astype(np.float64).cumsum(), rtol=1e-4, atol=1e-3)


def test_streams_and_events() -> None:
    x = big()
    side = cuda.Stream()
    begun, done = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    x.record_stream(side)  # which uses it after its name is gone
    with cuda.stream(side):
        side.wait_stream(cuda.default_stream())
        begun.record()
        for _ in range(20):
            x = x * 1.5 / 1.5
        done.record()
    cuda.current_stream().wait_event(done)
    total = x.sum().item()
    assert done.query() and begun.elapsed_time(done) >= 0
    assert total == pytest.approx(float(np.arange(1 << 20).sum()), rel=1e-4)


def test_transfers_of_page_locked_memory() -> None:
    host = tenon.arange(1 << 18, dtype=tenon.float32).pin_memory()
    there = host.to("cuda", non_blocking=True)
    back = (there + 1).to("cpu", non_blocking=True)
    cuda.synchronize()
    assert back.is_pinned() and tenon.equal(back, host + 1)


def test_indices_out_of_range_are_an_error_later_and_the_device_goes_on() -> None:
    table, rows = big(1000), tenon.tensor([0, 5000]).cuda()
    with pytest.raises(IndexError, match="5000"):
        table.index_select(0, rows)
        cuda.synchronize()
    assert table.index_select(0, rows.clamp(max=999)).tolist() == [0.0, 999.0]


def test_too_much_memory_is_an_error_that_counts() -> None:
    with pytest.raises(tenon.OutOfMemoryError, match="GiB"):
        tenon.empty(1 << 45, dtype=tenon.uint8, device="cuda")
    assert tenon.ones(3, device="cuda").sum().item() == 3
    before = cuda.memory_allocated()
    block = tenon.empty(1 << 20, dtype=tenon.uint8, device="cuda")
    assert cuda.memory_allocated() == before + (1 << 20)
    del block
    cuda.empty_cache()
    assert cuda.memory_allocated() == before


def test_random_numbers_are_the_cpus() -> None:
    for draw in (tenon.rand, tenon.randn):
        tenon.manual_seed(3)
        there = draw(1000, device="cuda")
        tenon.manual_seed(3)
        np.testing.assert_allclose(there.cpu().numpy(), draw(1000).numpy(), rtol=1e-6, atol=1e-6)


def test_one_memory() -> None:
    ways = cuda.unified_memory()
    if not ways:
        pytest.skip(str(ways))
    t = tenon.zeros(1000, device="unified")
    a = t.numpy()
    for k in range(50):
        t += 1
        assert (a == 2 * k + 1).all()
        a += 1
    if ways.reads_host:
        own = np.ones(1000, np.float32)
        lent = tenon.asarray(own, device="unified", copy=False)
        lent *= 3
        assert (own == 3).all()


@pytest.mark.parametrize("library", ["torch", "cupy"])
def test_neighbours_share_the_devices_memory(library: str) -> None:
    if not REAL:
        pytest.skip("a rehearsal: the neighbours see no GPU")
    other = pytest.importorskip(library)
    t = big(1000)
    theirs = other.from_dlpack(t)
    theirs += 1
    other.cuda.synchronize() if library == "torch" else other.cuda.Device().synchronize()
    assert t[3].item() == 4
    back = tenon.from_dlpack(theirs)
    assert back.data_ptr() == t.data_ptr()
    if library == "cupy":
        shared = other.asarray(t)
        assert shared.data.ptr == t.data_ptr()
        assert tenon.asarray(shared).data_ptr() == t.data_ptr()


def test_training_on_the_device_follows_the_cpu() -> None:
    def train(device: str) -> np.ndarray:
        tenon.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 5)
        )
        model = model.double().to(device)
        optimizer = tenon.optim.AdamW(model.parameters(), lr=0.01)
        x = tenon.randn(8, 1, 8, 8, dtype=tenon.float64).to(device)
        y = tenon.arange(8).remainder(5).to(device)
        for _ in range(10):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        return np.concatenate([p.detach().cpu().numpy().ravel() for p in model.parameters()])

    np.testing.assert_allclose(train("cuda"), train("cpu"), rtol=1e-6, atol=1e-8)
