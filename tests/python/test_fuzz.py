"""The short form of tests/fuzz/fuzz_border.py; script/fuzz runs the long one, and script/test --asan this."""

import os

import pytest
from support import ROOT, run_python

pytestmark = pytest.mark.border


@pytest.mark.parametrize("seed", range(3))
def test_fuzz_border(seed: int) -> None:
    program = (ROOT / "tests" / "fuzz" / "fuzz_border.py").read_text()
    # Pickles ask for more memory than there is, which is an error there and no report. What a sanitizer finds
    # ends the program, and its words are shown.
    sanitizers = {
        name: f"{os.environ[name]}:allocator_may_return_null=1:log_path=stderr"
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS")
        if name in os.environ
    }
    output = run_python(program, "--runs", "10000", "--seed", str(seed), timeout=300, **sanitizers)
    assert "10000 executions" in output
