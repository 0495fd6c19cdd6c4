"""The committed stub describes the compiled extension, and the package type-checks against it."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_stub_is_current():
    r = run("script/make-stub", "--check")
    assert r.returncode == 0, r.stderr


def test_a_changed_stub_is_noticed(tmp_path):
    text = (ROOT / "script" / "make-stub").read_text().replace("parent.parent", f'parent / "{tmp_path}"')
    script = tmp_path / "make-stub"
    script.write_text(text)
    assert run(str(script), "--check").returncode == 1


@pytest.mark.slow
def test_package_type_checks():
    pytest.importorskip("mypy")
    r = run("-m", "mypy")
    assert r.returncode == 0, r.stdout
