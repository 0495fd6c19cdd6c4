"""A chapter on NumPy integration, written for PyTorch: every block runs with ``import tenon as torch``,
and every sentence of its tables of gotchas and tips holds, or is better here (said where it is)."""

import numpy as np
import pytest
import tenon as torch
from support import address, run_python, sim_environment

# ---- 18.2 and 18.3: both ways ----


def test_from_numpy_shares(capsys: pytest.CaptureFixture[str]) -> None:
    arr = np.array([1.0, 2.0, 3.0])
    t = torch.from_numpy(arr)

    arr[0] = 99
    print(t)  # tensor([99., 2., 3.])

    printed = capsys.readouterr().out
    assert "".join(printed.split()) == "tensor([99.,2.,3.],dtype=tenon.float64)"
    assert t.data_ptr() == address(arr)


def test_numpy_shares() -> None:
    t = torch.tensor([1.0, 2.0, 3.0])
    arr = t.numpy()

    assert arr.dtype == np.float32
    arr[1] = -5
    assert t.tolist() == [1.0, -5.0, 3.0]
    t[2] = 7
    assert arr.tolist() == [1.0, -5.0, 7.0]


def test_a_cuda_tensor_moves_first() -> None:
    run_python(
        """
        import tenon as torch
        t = torch.tensor([1.0, 2.0]).to('cuda')
        arr = t.cpu().numpy()  # Must move to CPU first!

        assert t.is_cuda and t.device.type == 'cuda'
        assert arr.tolist() == [1.0, 2.0]
        """,
        **sim_environment(),
    )


# ---- 18.4: use cases ----


@pytest.fixture
def csv(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    (tmp_path / "data.csv").write_text("a,b,c\n1.5,2,3\n4,5,6\n-1,0.25,9\n")
    monkeypatch.chdir(tmp_path)


def test_matplotlib() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    image = torch.randn(28, 28)
    plt.imshow(image.numpy(), cmap="gray")

    drawn = plt.gca().get_images()[0].get_array()
    np.testing.assert_array_equal(np.asarray(drawn), image.numpy())
    plt.close("all")
    plt.imshow(image, cmap="gray")  # and as it is
    plt.hist(image.flatten(), bins=10)
    plt.plot(image[0], image[1])
    plt.close("all")


def test_pandas_and_csv(csv: None) -> None:
    import pandas as pd

    df = pd.read_csv("data.csv")
    tensor = torch.from_numpy(df.values).float()

    assert tensor.dtype == torch.float32
    assert tensor.tolist() == [[1.5, 2.0, 3.0], [4.0, 5.0, 6.0], [-1.0, 0.25, 9.0]]
    assert not tensor.readonly


def test_feature_extraction(csv: None) -> None:
    import pandas as pd

    tensor = torch.from_numpy(pd.read_csv("data.csv").values).float()
    np.mean(tensor.numpy(), axis=0)

    np.testing.assert_allclose(np.mean(tensor.numpy(), axis=0), [1.5, 7.25 / 3, 6.0])
    assert np.percentile(tensor.numpy(), 50) == 3.0
    # tenon has it for the tensor itself, too.
    means = np.mean(tensor, axis=0)
    assert isinstance(means, torch.Tensor)
    np.testing.assert_allclose(means.numpy(), [1.5, 7.25 / 3, 6.0], rtol=1e-6)
    assert np.percentile(tensor, 50).item() == 3.0


# ---- 18.5: the table of gotchas ----


def test_gotcha_cuda_tensors_cannot_numpy() -> None:
    """CUDA tensors can't .numpy(); move to CPU first: t.cpu().numpy()."""
    run_python(
        """
        import numpy as np
        import tenon as torch
        t = torch.arange(3.0).cuda()
        for export in (lambda: t.numpy(), lambda: np.asarray(t), lambda: memoryview(t)):
            try:
                export()
            except (TypeError, BufferError) as error:
                assert 'cpu()' in str(error), error
            else:
                raise AssertionError('exported')
        assert t.cpu().numpy().tolist() == [0.0, 1.0, 2.0]
        assert t.numpy(force=True).tolist() == [0.0, 1.0, 2.0]
        """,
        **sim_environment(),
    )


def test_gotcha_detached_views() -> None:
    """Detached views may be unsafe; use .clone() if unsure. They share memory, which is all the danger."""
    t = torch.ones(3, requires_grad=True)
    view = t.detach()
    assert view.data_ptr() == t.data_ptr()
    view[0] = 5
    assert t.tolist() == [5.0, 1.0, 1.0]
    safe = t.detach().clone()
    safe[1] = 7
    assert t.tolist() == [5.0, 1.0, 1.0]


def test_gotcha_writes_to_detached_views_are_found() -> None:
    """A write to what backward still needs is an error here, not a wrong gradient."""
    t = torch.ones(3, requires_grad=True)
    y = (t * t).sum()
    t.detach()[0] = 5
    with pytest.raises(RuntimeError, match=r"modif|written|changed"):
        y.backward()


def test_gotcha_numpy_writes_before_backward_are_found() -> None:
    """The border guard: PyTorch's w.grad[0] would silently be 99."""
    w, a = torch.ones(3, requires_grad=True), np.array([1.0, 2.0, 3.0], np.float32)
    y = (w * torch.from_numpy(a)).sum()
    a[0] = 99
    with pytest.raises(RuntimeError, match=r"modif|written|changed"):
        y.backward()
    assert w.grad is None


def test_gotcha_mixed_float_types() -> None:
    """Mixed float types (e.g. float64): use .float() before model usage."""
    wide = torch.from_numpy(np.ones((2, 3)))
    weights = torch.randn(3, 1)
    assert wide.dtype == torch.float64
    assert wide.float().dtype == torch.float32
    assert (wide.float() @ weights).dtype == torch.float32
    assert (wide @ weights.double()).dtype == torch.float64


def test_gotcha_in_place_operations_affect_both() -> None:
    """In-place ops affect both; clone before modifying either."""
    arr = np.zeros(3)
    t = torch.from_numpy(arr)
    t.add_(1)
    assert arr.tolist() == [1.0] * 3
    t *= 2
    assert arr.tolist() == [2.0] * 3
    arr += 3
    assert t.tolist() == [5.0] * 3
    np.add(arr, 1, out=arr)
    assert t.tolist() == [6.0] * 3
    arr.sort()
    t[0] = -1
    assert arr.tolist() == [-1.0, 6.0, 6.0]

    for separate in (torch.from_numpy(arr).clone(), torch.from_numpy(arr.copy()), torch.tensor(arr)):
        separate.fill_(100)
        assert arr.tolist() == [-1.0, 6.0, 6.0]


# ---- 18.6: where .numpy() does not belong ----


def test_tensors_that_require_grad_refuse() -> None:
    """.numpy() would drop the computation graph: it says so and names .detach()."""
    t = torch.ones(2, requires_grad=True)
    for tensor in (t, t * 2):
        with pytest.raises(RuntimeError, match=r"detach\(\)"):
            tensor.numpy()
    assert (t * 2).detach().numpy().tolist() == [2.0, 2.0]
    assert (t * 2).numpy(force=True).tolist() == [2.0, 2.0]
    with torch.no_grad():
        assert t.numpy().tolist() == [1.0, 1.0]


def test_numpy_functions_keep_the_graph() -> None:
    """Inside a training loop, NumPy's own functions work on the tensor and keep its gradient."""
    t = torch.tensor([0.0, 1.0], requires_grad=True)
    np.sum(np.exp(t)).backward()
    np.testing.assert_allclose(t.grad.numpy(), np.exp([0.0, 1.0]), rtol=1e-6)


# ---- 18.7: tips ----


def test_tip_predictions() -> None:
    w = torch.randn(3, 2, requires_grad=True)

    def model(x: torch.Tensor) -> torch.Tensor:
        return x @ w

    x = torch.randn(4, 3)
    preds = model(x)
    np_preds = preds.detach().cpu().numpy()

    assert preds.requires_grad
    assert np_preds.shape == (4, 2)
    np.testing.assert_allclose(np_preds, x.numpy() @ w.detach().numpy(), rtol=1e-5)
    assert address(np_preds) == preds.data_ptr()  # .cpu() of a CPU tensor copies nothing


def test_tip_back_to_float32() -> None:
    arr = np.linspace(0, 1, 5)
    t = torch.from_numpy(arr.astype(np.float32))

    assert t.dtype == torch.float32
    np.testing.assert_array_equal(t.numpy(), arr.astype(np.float32))


def test_tip_contiguous() -> None:
    tensor = torch.from_numpy(np.arange(6.0).reshape(2, 3))
    before = tensor
    tensor = tensor.permute(1, 0).contiguous()

    assert tensor.shape == (3, 2)
    assert tensor.is_contiguous()
    assert not before.permute(1, 0).is_contiguous()
    assert tensor.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


# ---- 18.8: summary ----


@pytest.mark.parametrize("requires_grad", [False, True])
def test_summary(requires_grad: bool) -> None:
    arr = np.arange(4.0)
    t = torch.from_numpy(arr)
    t.requires_grad_(requires_grad)
    assert address(t.detach().cpu().numpy()) == address(arr)
    if not requires_grad:
        assert address(t.numpy()) == address(arr)
        assert address(t.cpu().numpy()) == address(arr)
