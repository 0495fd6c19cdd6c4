"""Each row of `script/bench --device cuda` runs, on the simulated device. What it measures needs a GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import PACKAGE, ROOT, sim_environment


@pytest.mark.slow
def test_each_row_runs(tmp_path: Path) -> None:
    found = tmp_path / "device.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/device.py"), "--smoke", "--json", str(found)],
        env=os.environ | sim_environment() | {"PYTHONPATH": str(PACKAGE.parent), "TENON_SIM_DELAY": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    rows = json.loads(found.read_text())["rows"]
    assert {r["group"] for r in rows} == {
        "elementwise", "transposes", "reductions", "softmax", "sort", "gather", "random", "matmul", "conv",
        "training", "transfers", "calls",
    }  # fmt: skip
    for r in rows:
        times = r["results"]["tenon"]
        assert times["device"] >= 0 and times["call"] > 0, r
