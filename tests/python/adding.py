"""The diffs of docs/adding-an-op.md, and how they get into a copy of the tree."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from support import ROOT

PAGE = ROOT / "docs" / "adding-an-op.md"
DIFFS = re.findall(r"```diff\n(.*?)```", PAGE.read_text(), re.DOTALL)
ELEMENTWISE, COMPOSITION, SCAN, PRIMITIVE = DIFFS
NAME = re.search(r"^\+[A-Z]+\((\w+),", ELEMENTWISE, re.MULTILINE).group(1)  # of the elementwise operation
COMPILER = shutil.which(os.environ.get("CXX", "c++"))


def files_of(diff: str) -> list[str]:
    return re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE)


def run(command: list[object], **options: object) -> str:
    """What a command prints; it may not fail."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout


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
    run(["git", "apply", "page.diff"], cwd=target, env=environment)
