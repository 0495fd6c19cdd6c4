"""Dependencies point one way: a folder of src/ includes only what docs/design.md lists for it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# folder -> the folders that it may include, beside itself and the public headers
ALLOWED = {
    "core": {
        "autograd/meta.h",
        "backends/cpu/backend.h",
    },  # a tensor frees its meta; the CPU's table is built in
    "plan": {"core/"},
    "ops": {"core/", "plan/", "autograd/", "backends/scalar/"},
    "optim": {"core/", "ops/", "plan/"},
    "linalg": {"core/", "plan/", "autograd/", "ops/"},
    "nn": {"core/", "plan/", "autograd/", "ops/"},
    "autograd": {"core/", "plan/"},
    "interop": {"core/", "ops/", "plan/"},
    "backends/scalar": set(),
    "backends/cpu": {"core/", "backends/scalar/", "plan/"},
    "backends/sim": {"core/", "backends/cpu/"},
    "backends/cuda": {"core/", "backends/scalar/", "backends/sim/stream.h"},
}
FOLDERS = ("core/", "plan/", "ops/", "linalg/", "optim/", "autograd/", "nn/", "interop/", "backends/")


def includes(path: Path) -> list[str]:
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_includes_point_downwards(folder: str) -> None:
    wrong = []
    files = [p for p in (ROOT / "src" / folder).rglob("*") if p.suffix in {".cc", ".h", ".cu", ".cuh"}]
    assert files
    for path in files:
        for name in includes(path):
            if name.startswith(FOLDERS) and not name.startswith((folder + "/", *ALLOWED[folder])):
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong


def test_public_headers_know_neither_python_nor_cuda() -> None:
    for path in (ROOT / "include").rglob("*.h"):
        text = path.read_text()
        assert "Python.h" not in text and "cuda_runtime" not in text, path
        assert all(n.startswith("tenon/") for n in includes(path)), path


def test_no_hand_written_dtype_switches() -> None:
    """dispatch() is the one place where a DType becomes a C++ type."""
    for path in (ROOT / "src").rglob("*.cc"):
        cases = len(re.findall(r"case DType::", path.read_text()))
        assert cases == 0 or "interop" in path.parts, path


def test_each_entry_of_the_backend_table_has_a_test_of_its_name() -> None:
    header = (ROOT / "include" / "tenon" / "calls.h").read_text()
    entries = re.findall(r"X\((\w+), \w+Call\)", header[header.index("#define TENON_ENTRIES") :])
    assert len(entries) >= 15
    missing = [e for e in entries if not (ROOT / "tests" / "cpp" / f"test_{e}.cc").exists()]
    assert not missing
