"""What the runners' environment asks of the tests."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest


class NoPolars:
    """Polars crashes when it is loaded under ThreadSanitizer, since it brings an allocator of its own."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "polars":
            raise ModuleNotFoundError("polars is not loaded under ThreadSanitizer", name=name)


if "libtsan" in os.environ.get("LD_PRELOAD", ""):
    sys.meta_path.insert(0, NoPolars())

# 'cuda' is the simulated device here where it is built beside the package, unless another one is asked for.
_SIM = Path(find_spec("tenon").origin).parents[2] / "libtenon_cudasim.so"  # type: ignore[union-attr, arg-type]
if "TENON_CUDA_LIB" not in os.environ and _SIM.exists():
    os.environ["TENON_CUDA_LIB"] = str(_SIM)
    os.environ.setdefault("TENON_SIM_DELAY", "20")  # microseconds: thousands of calls are walked through


def _available(device: str) -> str:
    import tenon

    if device != "cpu" and not tenon.cuda.is_available():
        pytest.skip("neither a device nor the simulated one is there")
    return device


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    """Where a walk runs: the CPU, and what 'cuda' is in this process."""
    return _available(request.param)


@pytest.fixture(params=["cpu", "cuda", "unified"])
def any_memory(request: pytest.FixtureRequest) -> str:
    """Where a short walk runs: on the device in both kinds of memory."""
    return _available(request.param)


@pytest.fixture(autouse=True)
def settings():
    """What a walk over all functions may have set does not reach the next test."""
    yield
    import tenon

    tenon.set_printoptions(profile="default")
    tenon.set_default_dtype(tenon.float32)
