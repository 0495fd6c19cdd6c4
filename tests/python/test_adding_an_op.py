"""docs/adding-an-op.md is true: its diffs apply to this tree, and what they add is whole and right."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support import ROOT

PAGE = ROOT / "docs" / "adding-an-op.md"
DIFFS = re.findall(r"```diff\n(.*?)```", PAGE.read_text(), re.DOTALL)
ELEMENTWISE, COMPOSITION, SCAN, PRIMITIVE = DIFFS


def files_of(diff: str) -> list[str]:
    return re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)


FILES = files_of(ELEMENTWISE)
NAME = re.search(r"^\+[A-Z]+\((\w+),", ELEMENTWISE, re.MULTILINE).group(1)
COMPILER = shutil.which(os.environ.get("CXX", "c++"))
CACHE = [c] if (c := shutil.which("ccache")) else []

pytestmark = pytest.mark.skipif(not (COMPILER and shutil.which("git")), reason="needs a C++ compiler and git")


def copy_files(target: Path, files: list[str]) -> None:
    for file in files:
        destination = target / file
        destination.parent.mkdir(parents=True, exist_ok=True)
        # An unchanged file keeps its time, so that a second build has little to do.
        if not (ROOT / file).exists():  # the diff makes it
            destination.unlink(missing_ok=True)
        elif not destination.exists() or destination.read_bytes() != (ROOT / file).read_bytes():
            shutil.copyfile(ROOT / file, destination)


def apply(target: Path, diff: str) -> None:
    """Applies a documented diff in a copy of the tree, whatever repository that copy lies in."""
    (target / "page.diff").write_text(diff)
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(target.parent)}
    done = subprocess.run(
        ["git", "apply", "page.diff"], cwd=target, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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


@pytest.mark.parametrize(
    ("diff", "folders"),
    [
        (COMPOSITION, "include/tenon/ops python/src src/ops"),
        (SCAN, "include/tenon include/tenon/ops python/src src/backends/cpu src/ops tests/cpp"),
        (
            PRIMITIVE,
            "include/tenon include/tenon/ops python/src src/autograd src/autograd src/backends/cpu src/ops tests/cpp",
        ),
    ],
    ids=["composition", "scan", "primitive"],
)
def test_the_others_are_so_many_files(diff: str, folders: str) -> None:
    """3, 6 and 8, the C++ test among the 6 and the 8."""
    assert sorted(f.rpartition("/")[0] for f in files_of(diff)) == folders.split()


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


def run(command: list[object], **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout


def patch(tree: Path, folders: tuple[str, ...]) -> None:
    """Makes the tree a copy of this one with all diffs. What is as it was keeps its time."""
    listed = run(["git", "ls-files"], cwd=ROOT).split()
    files = [f for f in listed if f.startswith(folders) and (ROOT / f).exists()]
    patched = [f for diff in DIFFS for f in files_of(diff)]
    before = {f: ((tree / f).read_bytes(), (tree / f).stat()) for f in patched if (tree / f).exists()}
    for path in tree.rglob("*"):
        if path.is_file() and str(path.relative_to(tree)) not in files:
            path.unlink()
    copy_files(tree, files)
    for diff in DIFFS:
        apply(tree, diff)
    for file, (text, stat) in before.items():
        if (tree / file).read_bytes() == text:
            os.utime(tree / file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.fixture(scope="module")
def patched() -> Iterator[Path]:
    """A build of a copy of the tree with all diffs, not optimised, for one SIMD target, with the simulated device.

    The copy lies in build/, so that a second run compiles only what has changed.
    """
    folder = ROOT / "build" / "adding-an-op" / sys.implementation.cache_tag
    tree, build = folder / "tree", folder / "build"
    folder.mkdir(parents=True, exist_ok=True)
    settings = [
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_FLAGS=-O0 -g0 -DHWY_COMPILE_ONLY_STATIC",
        "-DTENON_BUILD_TESTS=ON",
        "-DTENON_BUILD_PYTHON=ON",
    ]
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes may run tests
        patch(tree, ("CMakeLists.txt", "LICENSE", "include/", "src/", "python/", "tests/cpp/", "benchmarks/cpp/"))
        run(["cmake", "-S", tree, "-B", build, *settings])
        jobs = str(os.cpu_count() or 1)
        run(["cmake", "--build", build, "--target", "_C", "tenon_cudasim", "-j", jobs])
        yield build


def run_with(build: Path, *arguments: str) -> str:
    """Runs Python with that build's package and simulated device."""
    environment = os.environ | {
        "PYTHONPATH": str(build / "python"),
        "TENON_CUDA_LIB": str(build / "libtenon_cudasim.so"),
    }
    return run([sys.executable, *arguments], cwd=ROOT, env=environment)


def run_tests(build: Path, file: str, *options: str) -> int:
    """How many tests of a file pass with that build; none may fail."""
    path = ROOT / "tests" / "python" / file
    said = run_with(build, "-m", "pytest", str(path), "-q", "-W", "ignore", "-p", "no:cacheprovider", *options)
    return int(re.search(r"(\d+) passed", said).group(1))


@pytest.mark.slow
def test_the_walk_of_the_table_finds_the_operation(patched: Path) -> None:
    # Every dtype, layouts of out=, special values, broadcasting, derivatives.
    assert run_tests(patched, "test_table.py", "-k", NAME) > 20


@pytest.mark.slow
def test_nothing_more_is_asked_of_their_rows(patched: Path) -> None:
    """Documentation, examples, signatures, and errors for all kinds of wrong arguments."""
    assert run_tests(patched, "test_documentation.py") > 5
    assert run_tests(patched, "test_namespace.py") > 100
    assert run_tests(patched, "test_error_walk.py", "-k", "polyval or ffill or nearest") >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["polyval", "ffill", "nearest"])
def test_it_is_what_numpy_computes(patched: Path, name: str) -> None:
    run_with(patched, str(ROOT / "tests" / "python" / "added" / f"{name}.py"))


@pytest.mark.slow
@pytest.mark.parametrize("diff", [SCAN, PRIMITIVE], ids=["scan", "primitive"])
def test_its_own_test_passes(patched: Path, tmp_path: Path, diff: str) -> None:
    tree = patched.parent / "tree"
    (file,) = (f for f in files_of(diff) if f.startswith("tests/cpp/"))
    names = [".".join(n) for n in re.findall(r"^\+TEST(?:_F)?\((\w+), (\w+)\)", diff, re.MULTILINE)]
    includes = [f"-I{folder}" for folder in (tree / "include", patched / "include", tree / "src")]
    library = f'-DTENON_SIM_LIBRARY="{patched / "libtenon_cudasim.so"}"'
    run([*CACHE, COMPILER, "-std=c++20", "-O0", *includes, library, "-c", tree / file, "-o", tmp_path / "test.o"])
    linked = [f"-L{patched}", f"-Wl,-rpath,{patched}", "-ltenon", "-lgtest", "-lgtest_main", "-ldl", "-lpthread"]
    run([COMPILER, tmp_path / "test.o", *linked, "-o", tmp_path / "test"])
    environment = {k: v for k, v in os.environ.items() if k != "TENON_CUDA_LIB"}
    said = run([tmp_path / "test", f"--gtest_filter={':'.join(names)}"], env=environment)
    assert f"[  PASSED  ] {len(names)} test" in said
