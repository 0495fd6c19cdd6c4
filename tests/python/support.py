"""What the tests of the Python package share: dtypes, programs of their own, and walks over the table."""

import gc
import os
import subprocess
import sys
import sysconfig
import textwrap
import types
import unittest
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tenon

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(tenon.__file__).parent
SIM_DEVICE = next((p for p in (PACKAGE.parents[1] / "libtenon_cudasim.so",) if p.exists()), None)
HOST_WAY = next((p for p in (PACKAGE.parents[1] / "libtenon_cudahost.so",) if p.exists()), None)

# Whether threads run Python code at the same time, unless PYTHON_GIL=1 says otherwise.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

NUMPY = tuple(int(part) for part in np.__version__.split(".")[:2])

# The dtypes that NumPy has itself.
BOOL = ["bool"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
DTYPES = BOOL + INTEGERS + FLOATS + COMPLEX


def run_python(program: str, *arguments: str, timeout: float = 60, **environment: str) -> str:
    """Runs a program in a fresh interpreter and returns its output; fails with its traceback.

    The package under test is the one that this process has imported.
    """
    env = os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | environment
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(program), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sim_environment() -> dict[str, str]:
    """The environment in which 'cuda' is the simulated device; skips the test where it is not built."""
    if SIM_DEVICE is None:
        import pytest

        pytest.skip("libtenon_cudasim.so is not built")
    return {"TENON_CUDA_LIB": str(SIM_DEVICE)}


def host_environment() -> dict[str, str]:
    """The environment in which 'cuda' is CUDA's backend on the host; skips the test where it is not built."""
    if HOST_WAY is None:
        import pytest

        pytest.skip("libtenon_cudahost.so is not built")
    return {"TENON_CUDA_LIB": str(HOST_WAY)}


def gpu_environment() -> dict[str, str]:
    """The environment of script/gpu-check, in which 'cuda' is the GPU; skips the test elsewhere."""
    if not os.environ.get("TENON_TEST_GPU"):
        import pytest

        pytest.skip("only script/gpu-check runs this")
    return {"TENON_CUDA_LIB": os.environ["TENON_CUDA_LIB"]}


def operations() -> Iterator[object]:
    """Every operation of the table, as the extension module exports it."""
    for name in dir(tenon._C):
        value = getattr(tenon._C, name)
        if type(value).__name__ == "Operation" or hasattr(type(value), "_numpy_name"):
            yield value


def torch_testing(name: str) -> types.ModuleType:
    """A list of cases inside PyTorch's wheel; skips the test where it is not there.

    Its tests need a package for golden files, which the lists do not.
    """
    import pytest

    if "expecttest" not in sys.modules:
        stand_in = types.ModuleType("expecttest")
        stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined]
        sys.modules["expecttest"] = stand_in
    return pytest.importorskip(f"torch.testing._internal.{name}")


def numpy_function(name: str):
    """The NumPy function that a row names: 'add', 'linalg.norm', …; None where this NumPy lacks it."""
    value: object = np
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def address(array: np.ndarray) -> int:
    """Where an array's first element is."""
    return array.__array_interface__["data"][0]


def sample(dtype: str, shape: tuple[int, ...] = (3, 4), seed: int = 0) -> np.ndarray:
    """Small values of a dtype, with both signs where there are any: no operation overflows on them."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind == "u":
        return rng.integers(0, 7, shape).astype(dtype)
    if kind == "i":
        return rng.integers(-5, 6, shape).astype(dtype)
    values = rng.uniform(-2, 2, shape)
    if kind == "c":
        values = values + 1j * rng.uniform(-2, 2, shape)
    return values.astype(dtype)


def collect() -> None:
    """Frees what only cycles hold and drops the references that deleters have queued."""
    gc.collect()
    tenon.from_numpy(np.zeros(1))


SOABI = sysconfig.get_config_var("SOABI")
