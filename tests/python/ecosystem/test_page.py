"""docs/ecosystem.md names a test in each row; docs/gotchas.md runs."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest
import tenon

DOCS = Path(__file__).parents[3] / "docs"
LINES = [line for line in (DOCS / "ecosystem.md").read_text().splitlines() if line.startswith("| ")]
ROWS = [[cell.strip() for cell in line.strip("| ").split("|")] for line in LINES]
ROWS = [row for row in ROWS if row[-1] != "test"]
TESTS = {
    name
    for path in Path(__file__).parent.glob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_has_its_test(row: list[str]) -> None:
    assert len(row) == 4 and row[-1] in TESTS


def test_gotchas() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("pandas")
    text = (DOCS / "gotchas.md").read_text().replace("```", "")
    example = doctest.DocTestParser().get_doctest(text, {"tenon": tenon, "np": np}, "gotchas", None, 0)
    runner = doctest.DocTestRunner()
    runner.run(example)
    assert example.examples and runner.summarize(verbose=False).failed == 0
