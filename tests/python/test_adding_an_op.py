"""docs/adding-an-op.md is true: its diff is three lines in three files, and an operation needs no more."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import ROOT

PAGE = ROOT / "docs" / "adding-an-op.md"
DIFF, COMPOSITION = re.findall(r"```diff\n(.*?)```", PAGE.read_text(), re.DOTALL)
FILES = re.findall(r"^\+\+\+ b/(.*)$", DIFF, re.MULTILINE)
COMPOSITION_FILES = re.findall(r"^\+\+\+ b/(.*)$", COMPOSITION, re.MULTILINE)
NAME = re.search(r"^\+[A-Z]+\((\w+),", DIFF, re.MULTILINE).group(1)
COMPILER = shutil.which(os.environ.get("CXX", "c++"))

pytestmark = pytest.mark.skipif(not (COMPILER and shutil.which("git")), reason="needs a C++ compiler and git")


def copy_files(target: Path, files: list[str]) -> None:
    for file in files:
        destination = target / file
        destination.parent.mkdir(parents=True, exist_ok=True)
        # An unchanged file keeps its time, so that a second build has little to do.
        if not destination.exists() or destination.read_bytes() != (ROOT / file).read_bytes():
            shutil.copyfile(ROOT / file, destination)


def apply(target: Path, diff: str) -> None:
    """Applies the documented diff in a copy of the tree, whatever repository that copy lies in."""
    (target / "page.diff").write_text(diff)
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(target.parent)}
    subprocess.run(
        ["git", "apply", "--unidiff-zero", "page.diff"],
        cwd=target,
        check=True,
        env=environment,
        capture_output=True,
    )


def without(file: str) -> str:
    """The diff without its part for one file."""
    parts = re.split(r"^(?=--- a/)", DIFF, flags=re.MULTILINE)
    return "".join(p for p in parts if not p.startswith(f"--- a/{file}\n"))


def compiles(overlay: Path, file: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Compiles a file of the tree, with the files of the overlay in place of the tree's."""
    for tree in (ROOT, overlay):  # the names, as the build makes them
        folders = [f"-Drows_from={tree}/include", f"-Dnames_to={overlay}/include"]
        subprocess.run(["cmake", *folders, "-P", str(ROOT / "src" / "elementwise_names.cmake")], check=True)
    source = overlay / file if (overlay / file).exists() else ROOT / file
    includes = [f"-I{folder}/{part}" for folder in (overlay, ROOT) for part in ("include", "src")]
    command = [COMPILER, "-std=c++20", "-Werror=switch", *includes, *options, str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_is_three_lines_in_three_files() -> None:
    assert len(FILES) == 3
    changed = [line for line in DIFF.splitlines() if re.match(r"[+-](?![+-]{2} [ab]/)", line)]
    assert len(changed) == 3
    assert all(line.startswith("+") and NAME in line for line in changed)
    assert all(len(line) <= 121 for line in changed)  # the + and 120 columns


def test_a_composition_is_three_files() -> None:
    assert sorted(f.rpartition("/")[0] for f in COMPOSITION_FILES) == [
        "include/tenon/ops",
        "python/src",
        "src/ops",
    ]


def test_a_scan_is_six_files() -> None:
    section = PAGE.read_text().partition("## A scan: `cummax`")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert len(listed) == 6
    spells = re.compile(r"\bcummax\b|\bScan::argmax\b|^#define TENON_SCANS.*\bargmax\b", re.MULTILINE)
    folders = ("include", "src", "python/src", "tests/cpp")
    found = {
        str(p.relative_to(ROOT))
        for f in folders
        for p in (ROOT / f).rglob("*.*")
        if spells.search(p.read_text())
    }
    # Where scans of every kind begin.
    assert found - set(listed) <= {"src/backends/cpu/scan.cc"}
    assert set(listed) <= found


def test_the_definition_computes(tmp_path: Path) -> None:
    """The scalar line, compiled by itself, against NumPy's functions."""
    copy_files(tmp_path, FILES)
    apply(tmp_path, DIFF)
    (tmp_path / "main.cc").write_text(
        f"""
        #include <cstdio>
        #include "backends/scalar/elementwise.h"
        #include "tenon/elementwise.h"
        tenon::Tensor declared(const tenon::Tensor& a) {{ return tenon::{NAME}(a, 1); }}
        int main() {{
          const double values[] = {{-0.5, 0, 0.25, 1, 700}};
          for (double a : values)
            for (double b : values) std::printf("%.17g\\n", tenon::scalar::ops::{NAME}{{}}(a, b));
        }}
        """
    )
    # The declaration is only compiled; nothing of the library is linked.
    options = ["-O1", "-ffunction-sections", "-Wl,--gc-sections", "-Wl,--unresolved-symbols=ignore-all"]
    done = compiles(tmp_path, "main.cc", *options, "-o", str(tmp_path / "main"))
    assert done.returncode == 0, done.stderr
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    values = np.array([-0.5, 0, 0.25, 1, 700])
    expected = np.multiply.outer(values, np.log1p(values)).ravel()
    np.testing.assert_allclose([float(line) for line in printed.split()], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("forgotten", "file", "complaint"),
    [
        ("", "src/autograd/derivatives.cc", ""),
        ("src/autograd/derivatives.cc", "src/autograd/derivatives.cc", NAME),
        ("src/backends/scalar/elementwise.h", "use.cc", NAME),
        ("include/tenon/elementwise/math.def", "src/autograd/derivatives.cc", NAME),
    ],
    ids=["nothing", "derivative", "definition", "row"],
)
def test_a_forgotten_line_is_an_error_of_the_compiler(
    tmp_path: Path, forgotten: str, file: str, complaint: str
) -> None:
    copy_files(tmp_path, FILES)
    apply(tmp_path, without(forgotten) if forgotten else DIFF)
    # As the kernels do: every row's definition is named.
    (tmp_path / "use.cc").write_text(
        """
        #include "backends/scalar/elementwise.h"
        #define UNARY(name, ...) using use_##name = tenon::scalar::ops::name;
        #define BINARY(name, ...) using use_##name = tenon::scalar::ops::name;
        #define TERNARY(name, ...) using use_##name = tenon::scalar::ops::name;
        #include "tenon/elementwise.def"
        """
    )
    done = compiles(tmp_path, file, "-fsyntax-only")
    if complaint:
        assert done.returncode != 0
        assert complaint in done.stderr
    else:
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_walk_of_the_table_finds_the_operation() -> None:
    """Builds a copy of the tree with the diff, not optimised, for one SIMD target, and runs the walk there.

    The copy lies in build/, so that a second run compiles only what has changed.
    """
    folder = ROOT / "build" / "adding-an-op" / sys.implementation.cache_tag
    tree, build = folder / "tree", folder / "build"
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = [
        f for f in listed if f.split("/")[0] in ("CMakeLists.txt", "include", "src", "python", "LICENSE")
    ]
    patched = {f: (tree / f).read_bytes() for f in FILES + COMPOSITION_FILES if (tree / f).exists()}
    times = {f: (tree / f).stat() for f in patched}
    copy_files(tree, wanted)
    apply(tree, DIFF)
    apply(tree, COMPOSITION)
    for file, before in patched.items():
        if (tree / file).read_bytes() == before:
            os.utime(tree / file, ns=(times[file].st_atime_ns, times[file].st_mtime_ns))
    settings = [
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_FLAGS=-O0 -g0 -DHWY_COMPILE_ONLY_STATIC",
        "-DTENON_BUILD_TESTS=OFF",
        "-DTENON_BUILD_PYTHON=ON",
    ]
    for command in (
        ["cmake", "-S", tree, "-B", build, *settings],
        ["cmake", "--build", build, "--target", "_C", "-j", str(os.cpu_count() or 1)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    tests = [str(ROOT / "tests" / "python" / "test_table.py"), "-k", NAME, "-q", "-W", "ignore"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *tests],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(build / "python")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = int(re.search(r"(\d+) passed", done.stdout).group(1))
    assert passed > 20  # every dtype, layouts of out=, special values, broadcasting, derivatives
    compared = subprocess.run(
        [sys.executable, "-c", COMPARISON],
        env=os.environ | {"PYTHONPATH": str(build / "python")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert compared.returncode == 0, compared.stderr[-3000:]


# The composition beside NumPy's function, through every door, with its gradient, documentation and stub.
COMPARISON = """
import pathlib

import numpy as np
import tenon as tn
import tenon.numpy as tnp

for dtype in "int32", "float32", "float64", "complex128":
    p, x = np.array([2, 0, -1, 3]).astype(dtype), np.array([[0, 1], [-2, 3]]).astype(dtype)
    expected = np.polyval(p, x)
    t = tn.from_numpy(x)
    for f in tn.polyval, tnp.polyval, np.polyval:
        result = f(tn.from_numpy(p), t)
        assert type(result) is tn.Tensor
        np.testing.assert_array_equal(result.numpy(), expected)
        assert result.numpy().dtype == expected.dtype
    out = tn.zeros_like(t)
    assert tnp.polyval(tn.from_numpy(p), x=t, out=out) is out
    np.testing.assert_array_equal(out.numpy(), expected)
p = tn.tensor([2.0, 0, -1], dtype=tn.float64, requires_grad=True)
x = tn.tensor([0.5, -2], dtype=tn.float64, requires_grad=True)
assert tn.autograd.gradcheck(tn.polyval, (p, x)) and tn.autograd.gradgradcheck(tn.polyval, (p, x))
try:
    tn.polyval(tn.ones(2, 2), x)
except ValueError as e:
    assert "got shape (2, 2)" in str(e)
assert "Parameters" in tnp.polyval.__doc__
stub = pathlib.Path(tn._C.__file__).with_name("_C.pyi").read_text()
assert "def polyval(p: ArrayLike, x: ArrayLike" in stub
"""
