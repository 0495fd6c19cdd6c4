"""The short form of tests/fuzz/fuzz_border.py; script/fuzz runs the long one, and script/test --asan this."""

import pytest
from support import ROOT, run_python

pytestmark = pytest.mark.border


@pytest.mark.parametrize("seed", range(3))
def test_fuzz_border(seed: int) -> None:
    program = (ROOT / "tests" / "fuzz" / "fuzz_border.py").read_text()
    output = run_python(program, "--runs", "10000", "--seed", str(seed), timeout=300)
    assert "10000 executions" in output
