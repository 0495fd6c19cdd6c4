"""Makes the wheel tenon-cuda13: libtenon_cuda.so alone, for exactly the tenon that it was built with.

python make_cuda_wheel.py LIBRARY FOLDER [PLATFORM]

The version is asked of the library. Prints the wheel's path. The platform is that of the oldest glibc which
has all symbols that the library needs, unless it is given.
"""

from __future__ import annotations

import argparse
import base64
import ctypes
import hashlib
import platform
import re
import subprocess
import zipfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
NAME = "tenon_cuda13"

METADATA = """\
Metadata-Version: 2.1
Name: tenon-cuda13
Version: {version}
Summary: tenon's kernels for NVIDIA GPUs, by CUDA 13
License: BSD-3-Clause
Requires-Python: >=3.11
Requires-Dist: tenon=={version}

The library that `tenon` loads for `device="cuda"`. It needs a driver of at least version 580, and nothing
else of CUDA: its runtime is inside. Without a driver `tenon.cuda.is_available()` is False.
"""
ENTRY_POINTS = f"[tenon.backends]\ncuda = {NAME}:library\n"


class Table(ctypes.Structure):
    """The beginning of tenon::Backend, which is the same in all versions."""

    _fields_ = [("abi", ctypes.c_uint64), ("version", ctypes.c_char_p)]


def version_of(library: Path) -> str:
    """The version of tenon that the library was built with."""
    backend = ctypes.CDLL(str(library)).tenon_backend
    backend.restype = ctypes.POINTER(Table)
    version = backend().contents.version
    if not version:
        raise SystemExit(f"make_cuda_wheel: {library} names no version")
    return version.decode()


def platform_of(library: Path) -> str:
    """manylinux_2_17_x86_64: the glibc that is needed at least, and the machine."""
    symbols = subprocess.run(
        ["readelf", "--version-info", str(library)], check=True, capture_output=True, text=True
    ).stdout
    needed = max((int(minor) for minor in re.findall(r"GLIBC_2\.(\d+)", symbols)), default=17)
    return f"manylinux_2_{max(needed, 17)}_{platform.machine()}"


def make(library: Path, folder: Path, tag: str | None = None) -> Path:
    """Writes the wheel into the folder and returns its path."""
    version = version_of(library)
    tag = f"py3-none-{tag or platform_of(library)}"
    info = f"{NAME}-{version}.dist-info"
    wheel = "\n".join(("Wheel-Version: 1.0", "Generator: tenon", "Root-Is-Purelib: false", f"Tag: {tag}", ""))
    files = {
        f"{NAME}/__init__.py": (SOURCES / NAME / "__init__.py").read_bytes(),
        f"{NAME}/libtenon_cuda.so": library.read_bytes(),
        f"{info}/METADATA": METADATA.format(version=version).encode(),
        f"{info}/WHEEL": wheel.encode(),
        f"{info}/entry_points.txt": ENTRY_POINTS.encode(),
        f"{info}/licenses/LICENSE": (SOURCES.parent / "LICENSE").read_bytes(),
    }
    record = ""
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    path = folder / f"{NAME}-{version}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # A fixed date: the same library makes the same wheel.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("platform", nargs="?")
    given = parser.parse_args()
    print(make(given.library, given.folder, given.platform))
