"""The training examples learn on their real data, and the code of the pages in docs/ runs."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tenon
from support import PACKAGE, ROOT

EXAMPLES = ROOT / "examples"


def run(command: list[object], folder: Path, timeout: float = 300) -> str:
    """What a program prints, run in a folder of its own with the package under test."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": str(PACKAGE.parent),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shows_something(path: Path) -> None:
    from matplotlib.image import imread

    picture = imread(path)[..., :3]
    assert min(picture.shape[:2]) > 300
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


@pytest.mark.slow
def test_digits(tmp_path: Path) -> None:
    for package in ("pandas", "matplotlib", "sklearn", "tqdm"):
        pytest.importorskip(package)
    printed = run([sys.executable, EXAMPLES / "train_digits.py", "--output", tmp_path], tmp_path)
    right = {m[1]: float(m[2]) for m in re.finditer(r"(MLP|CNN): ([\d.]+)% of 450", printed)}
    assert right["MLP"] >= 97 and right["CNN"] >= 98.5
    assert "from the frame to the predictions: 0 bytes" in printed
    shows_something(tmp_path / "train-digits.png")


@pytest.mark.slow
def test_text(tmp_path: Path) -> None:
    for package in ("matplotlib", "tqdm"):
        pytest.importorskip(package)
    printed = run(
        [sys.executable, EXAMPLES / "train_text.py", "--output", tmp_path, "--steps", "60"], tmp_path
    )
    before, after = map(float, re.search(r"seen: ([\d.]+) before, ([\d.]+) after", printed).groups())
    assert before > 4 and after < 3.4
    shows_something(tmp_path / "train-text.png")


@pytest.mark.slow
def test_mpi_gives_the_losses_of_one_process(tmp_path: Path) -> None:
    pytest.importorskip("mpi4py")
    pytest.importorskip("sklearn")
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if mpiexec is None:
        pytest.skip("mpiexec is not installed")
    script = EXAMPLES / "train_mpi.py"
    alone = run([sys.executable, script], tmp_path)
    two = run([mpiexec, "--oversubscribe", "-n", 2, sys.executable, script], tmp_path)
    losses = [[float(x) for x in re.findall(r"loss ([\d.]+)", text)] for text in (alone, two)]
    assert len(losses[0]) == 4 and losses[0][-1] < 0.5 * losses[0][0]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


@pytest.mark.parametrize("page", ["training", "gotchas", "from-pytorch"])
def test_the_pages_code_runs(page: str) -> None:
    for package in ("pandas", "ml_dtypes", *(["torch"] if page == "gotchas" else [])):
        pytest.importorskip(package)
    text = (ROOT / "docs" / f"{page}.md").read_text().replace("```", "")
    names = {"tenon": tenon, "np": np}
    example = doctest.DocTestParser().get_doctest(text, names, page, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(example)
    assert example.examples and runner.summarize(verbose=False).failed == 0
