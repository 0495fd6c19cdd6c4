"""docs/adding-an-op.md is true: its diffs are as small as it says, and apply; a forgotten line is noticed."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from adding import (
    COMPILER,
    COMPOSITION,
    DIFFS,
    ELEMENTWISE,
    NAME,
    PRIMITIVE,
    SCAN,
    apply,
    copy_files,
    files_of,
)
from support import ROOT

FILES = files_of(ELEMENTWISE)

pytestmark = pytest.mark.skipif(not (COMPILER and shutil.which("git")), reason="needs a C++ compiler and git")


def without(file: str) -> str:
    """The first diff without its part for one file."""
    parts = re.split(r"^(?=--- a/)", ELEMENTWISE, flags=re.MULTILINE)
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


def test_an_elementwise_operation_is_three_lines_in_three_files() -> None:
    assert len(FILES) == 3
    changed = [line for line in ELEMENTWISE.splitlines() if re.match(r"[+-](?![+-]{2} [ab]/)", line)]
    assert len(changed) == 3
    assert all(line.startswith("+") and NAME in line for line in changed)


ONE_EACH = ["include/tenon/ops", "python/src", "src/ops"]
KERNEL_AND_TEST = ["include/tenon", "src/backends/cpu", "tests/cpp"]


@pytest.mark.parametrize(
    ("diff", "folders"),
    [
        (COMPOSITION, ONE_EACH),
        (SCAN, ONE_EACH + KERNEL_AND_TEST),
        (PRIMITIVE, ONE_EACH + KERNEL_AND_TEST + 2 * ["src/autograd"]),
    ],
    ids=["composition", "scan", "primitive"],
)
def test_the_others_are_three_six_and_eight_files(diff: str, folders: list[str]) -> None:
    assert sorted(f.rpartition("/")[0] for f in files_of(diff)) == sorted(folders)


@pytest.mark.parametrize("diff", DIFFS, ids=["elementwise", "composition", "scan", "primitive"])
def test_it_applies(tmp_path: Path, diff: str) -> None:
    assert all(len(line) <= 121 for line in diff.splitlines())  # the + and 120 columns
    copy_files(tmp_path, files_of(diff))
    apply(tmp_path, diff)


def test_the_definition_computes(tmp_path: Path) -> None:
    """The scalar line, compiled by itself, against NumPy's functions."""
    copy_files(tmp_path, FILES)
    apply(tmp_path, ELEMENTWISE)
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
    apply(tmp_path, without(forgotten) if forgotten else ELEMENTWISE)
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
