"""Names of torch.cuda that scripts call before they train: the device, seeds, and the older home of amp."""

import pytest
import tenon
from support import run_python
from tenon import cuda


def test_the_first_device_is_the_current_one(device: str) -> None:
    for name in (0, "cuda", "cuda:0", None, -1):
        cuda.set_device(name)
        with cuda.device(name) as entered:
            assert entered.idx == 0
    if device == "cuda":
        assert cuda.current_device() == 0 and cuda.is_initialized() and cuda.is_bf16_supported()
        major, minor = cuda.get_device_capability()
        assert (major, minor) == (cuda.get_device_properties().major, cuda.get_device_properties().minor)
    cuda.init()


@pytest.mark.parametrize("take", [cuda.set_device, cuda.device])
def test_another_device_is_named_where_tensors_are_made(take) -> None:
    with pytest.raises(RuntimeError, match=r"got 1; name the other one .* device='cuda:1'"):
        take(1)
    with pytest.raises(ValueError, match=rf"^{take.__name__}: a CUDA device is needed"):
        take("cpu")
    with pytest.raises(TypeError, match=rf"^{take.__name__}: 'device' must be"):
        take([])


@pytest.mark.parametrize("seed", [cuda.manual_seed, cuda.manual_seed_all])
def test_seeds(device: str, seed) -> None:
    if device == "cuda":  # one generator for all
        seed(7)
        first = tenon.rand(3, device="cuda").tolist()
        tenon.manual_seed(7)
        assert tenon.rand(3).tolist() == first
    for bad in ("seven", 1.5):
        with pytest.raises(TypeError):
            seed(bad)


def test_without_a_device_seeds_change_nothing() -> None:
    run_python(
        """
        import tenon
        assert not tenon.cuda.is_available() and not tenon.cuda.is_initialized()
        tenon.manual_seed(1)
        tenon.cuda.manual_seed_all(3)
        drawn = tenon.rand(3)
        tenon.manual_seed(1)
        assert tenon.equal(tenon.rand(3), drawn)
        try:
            tenon.cuda.current_device()
        except RuntimeError as e:
            assert "cuda" in str(e), e
        else:
            raise AssertionError("no error")
        """,
        TENON_CUDA_LIB="/nowhere/libtenon_cuda.so",
    )


def test_amp_is_where_it_was() -> None:
    from tenon.cuda.amp import GradScaler, autocast

    assert cuda.amp.autocast is autocast and issubclass(autocast, tenon.autocast)
    assert not GradScaler(enabled=False).is_enabled()
    scaler = GradScaler(init_scale=4.0)
    assert scaler.get_scale() == 4.0 and isinstance(scaler, tenon.amp.GradScaler)
    with autocast(dtype=tenon.bfloat16):
        assert tenon.is_autocast_enabled("cuda")
    with pytest.raises(AttributeError, match=r"'tenon.cuda' has no attribute 'ampp'"):
        cuda.ampp  # noqa: B018
