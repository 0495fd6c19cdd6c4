"""The operations of docs/adding-an-op.md: a build with its diffs has them, whole and right."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from adding import COMPILER, DIFFS, NAME, PRIMITIVE, SCAN, apply, copy_files, files_of, run
from support import ROOT, SIM_DEVICE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (COMPILER and shutil.which("git")), reason="needs a C++ compiler and git"),
]
FOLDERS = (
    "CMakeLists.txt",
    "LICENSE",
    "include/",
    "src/",
    "python/",
    "tests/cpp/",
    "tests/cuda/",
    "tests/fuzz/",
    "benchmarks/cpp/",
)
CACHE = [c] if (c := shutil.which("ccache")) else []
# Not optimised, for one SIMD target. ccache keeps nothing that is compiled with precompiled headers.
SETTINGS = [
    f"-DPython_EXECUTABLE={sys.executable}",
    "-DCMAKE_BUILD_TYPE=Debug",
    "-DCMAKE_CXX_FLAGS=-O0 -g0 -DHWY_COMPILE_ONLY_STATIC",
    "-DTENON_BUILD_TESTS=ON",
    "-DTENON_BUILD_PYTHON=ON",
    f"-DCMAKE_DISABLE_PRECOMPILE_HEADERS={'ON' if CACHE else 'OFF'}",
]


def patch(tree: Path) -> None:
    """Makes the tree a copy of this one with all diffs. What is as it was keeps its time."""
    listed = run(["git", "ls-files"], cwd=ROOT).split()
    files = [f for f in listed if f.startswith(FOLDERS) and (ROOT / f).exists()]
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
def build() -> Iterator[Path]:
    """A build of a copy of the tree with all diffs, with the simulated device.

    The copy lies in build/, so that a second run compiles only what has changed.
    """
    folder = ROOT / "build" / "adding-an-op" / sys.implementation.cache_tag
    tree, build = folder / "tree", folder / "build"
    tree.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes may run tests
        patch(tree)
        run(["cmake", "-S", tree, "-B", build, *SETTINGS])
        jobs = str(os.cpu_count() or 1)
        run(["cmake", "--build", build, "--target", "_C", "tenon_cudasim", "-j", jobs])
        yield build


def run_with(build: Path, *arguments: str) -> str:
    """Runs Python with that build's package and simulated device."""
    package = {"PYTHONPATH": str(build / "python"), "TENON_CUDA_LIB": str(build / "libtenon_cudasim.so")}
    return run([sys.executable, *arguments], cwd=ROOT, env=os.environ | package)


def run_tests(build: Path, file: str, *options: str) -> int:
    """How many tests of a file pass with that build; none may fail."""
    path = ROOT / "tests" / "python" / file
    said = run_with(
        build, "-m", "pytest", str(path), "-q", "-W", "ignore", "-p", "no:cacheprovider", *options
    )
    return int(re.search(r"(\d+) passed", said).group(1))


def test_the_walk_of_the_table_finds_the_elementwise_one(build: Path) -> None:
    # Every dtype, layouts of out=, special values, broadcasting, derivatives.
    assert run_tests(build, "test_table.py", "-k", NAME) > 20


def test_nothing_more_is_asked_of_their_rows(build: Path) -> None:
    """Documentation, examples, signatures, and errors for all kinds of wrong arguments."""
    assert run_tests(build, "test_documentation.py") > 5
    assert run_tests(build, "test_namespace.py") > 100
    assert run_tests(build, "test_error_walk.py", "-k", "polyval or ffill or nearest") >= 3


@pytest.mark.parametrize("name", ["polyval", "ffill", "nearest"])
def test_it_is_what_numpy_computes(build: Path, name: str) -> None:
    run_with(build, str(ROOT / "tests" / "python" / "added" / f"{name}.py"))


@pytest.mark.parametrize("diff", [SCAN, PRIMITIVE], ids=["scan", "primitive"])
def test_the_tests_of_the_diff_pass(build: Path, tmp_path: Path, diff: str) -> None:
    tree = build.parent / "tree"
    (file,) = (f for f in files_of(diff) if f.startswith("tests/cpp/"))
    names = [".".join(n) for n in re.findall(r"^\+TEST(?:_F)?\((\w+), (\w+)\)", diff, re.MULTILINE)]
    compiled, program, device = tmp_path / "test.o", tmp_path / "test", build / "libtenon_cudasim.so"
    options = [f"-I{folder}" for folder in (tree / "include", build / "include", tree / "src")]
    options += ["-std=c++20", "-O0", f'-DTENON_SIM_LIBRARY="{device}"']
    run([*CACHE, COMPILER, *options, "-c", tree / file, "-o", compiled])
    libraries = [
        f"-L{build}",
        f"-Wl,-rpath,{build}",
        "-ltenon",
        "-lgtest",
        "-lgtest_main",
        "-ldl",
        "-lpthread",
    ]
    run([COMPILER, compiled, *libraries, "-o", program])
    environment = os.environ | {"TENON_CUDA_LIB": str(device)}
    said = run([program, f"--gtest_filter={':'.join(names)}"], env=environment)
    assert f"[  PASSED  ] {len(names)} test" in said


@pytest.mark.skipif(SIM_DEVICE is None, reason="libtenon_cudasim.so is not built")
def test_a_plugin_without_the_new_entry_is_refused(build: Path) -> None:
    program = """
        import tenon
        assert not tenon.cuda.is_available()
        try:
            tenon.ones(1, device="cuda")
        except RuntimeError as e:
            print(e)
    """
    environment = {"PYTHONPATH": str(build / "python"), "TENON_CUDA_LIB": str(SIM_DEVICE)}
    said = run([sys.executable, "-c", textwrap.dedent(program)], env=os.environ | environment)
    assert "libtenon_cudasim.so was built for tenon " in said and ", this is tenon " in said


def test_a_forgotten_kernel_is_an_error_of_the_linker(build: Path) -> None:
    (kernel,) = (f for f in files_of(PRIMITIVE) if f.startswith("src/backends/cpu/"))
    link = ["cmake", "--build", str(build), "--target", "tenon"]
    file, away = build.parent / "tree" / kernel, build.parent / "away.cc"
    file.rename(away)
    try:
        done = subprocess.run(link, capture_output=True, text=True, check=False)
    finally:
        away.rename(file)
    assert done.returncode != 0
    assert re.search(r"undefined .*tenon::cpu::nearest\(", done.stdout + done.stderr)
    run(link)
