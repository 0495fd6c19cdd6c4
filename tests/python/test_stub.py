"""The stub that the build makes describes the compiled extension, and the package type-checks against it."""

import ast
import inspect
import subprocess
import sys

import pytest
from support import PACKAGE, ROOT
from tenon import _C

STUB = PACKAGE / "_C.pyi"

pytestmark = pytest.mark.skipif(not STUB.exists(), reason="sanitized builds make no stub")


def names(body: list[ast.stmt]) -> set[str]:
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
    return found


def test_every_public_name_stands_in_the_stub() -> None:
    tree = ast.parse(STUB.read_text())
    assert {n for n in vars(_C) if not n.startswith("_")} <= names(tree.body)
    tensor = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Tensor")
    public = {n for n in vars(_C.Tensor) if not n.startswith("_")}
    assert public <= names(tensor.body)


def test_signatures_are_those_of_the_operations() -> None:
    checked = 0
    for node in ast.parse(STUB.read_text()).body:
        op = getattr(_C, getattr(node, "name", ""), None)
        if not isinstance(node, ast.FunctionDef) or not isinstance(op, _C.Operation):
            continue
        arguments = [*node.args.args, *filter(None, [node.args.vararg]), *node.args.kwonlyargs]
        assert {a.arg for a in arguments} == set(inspect.signature(op).parameters), node.name
        checked += 1
    assert checked > 200


@pytest.mark.slow
def test_package_type_checks() -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", str(PACKAGE)]
    r = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stdout
