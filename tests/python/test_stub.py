"""The stub that the build makes describes the compiled extension, and the package type-checks against it."""

import ast
import inspect
import json
import os
import pathlib
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
    # Of overloads the last one takes everything.
    functions = {getattr(n, "name", ""): n for n in ast.parse(STUB.read_text()).body}
    for node in functions.values():
        op = getattr(_C, getattr(node, "name", ""), None)
        if not isinstance(node, ast.FunctionDef) or not isinstance(op, _C.Operation):
            continue
        arguments = [*node.args.args, *filter(None, [node.args.vararg]), *node.args.kwonlyargs]
        assert {a.arg for a in arguments} == set(inspect.signature(op).parameters), node.name
        checked += 1
    assert checked > 200


def test_every_name_of_tenon_numpy_stands_in_its_stub() -> None:
    import tenon.numpy

    tree = ast.parse((PACKAGE / "numpy" / "__init__.pyi").read_text())
    imported = {a.asname for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assigned = {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets}
    stand = names(tree.body) | imported | assigned
    assert set(dir(tenon.numpy)) == {n for n in stand if n and not n.startswith("_")}


# A program of a user's, who has mypy be strict: every name is exported, and results have their types.
CONSUMER = """
from typing_extensions import assert_type

import tenon as tn
import tenon.numpy as tnp
from tenon.numpy import linalg

t = tn.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
with tn.no_grad():
    assert_type(t + 1, tn.Tensor)
assert_type(tn.max(t), tn.Tensor)
assert_type(t.max(), tn.Tensor)
assert_type(tn.max(t, dim=0).indices, tn.Tensor)
values, indices = t.min(1)
assert_type(values, tn.Tensor)
assert_type(tnp.sum(t, axis=0, keepdims=True), tn.Tensor)
assert_type(tnp.add.reduce(t), tn.Tensor)
assert_type(tnp.float32, tn.dtype)
assert_type(tnp.pi, float)
linalg.norm(t)
tn.linalg.eigh(t)
tn.autograd.grad(t.sum(), t)
tn.cuda.is_available()
tn.random.initial_seed()
tn.memory.stats()
loader = tn.utils.data.DataLoader(tn.utils.data.TensorDataset(t), batch_size=2, shuffle=True)
for batch in loader:
    assert_type(len(batch[0]), int)
tn.save({"t": t}, "file")
tn.load("file", map_location="cpu")
assert_type(tn.utils.summary(loader, (1, 2)).parameters, int)

net = tn.nn.Sequential(tn.nn.Linear(2, 3), tn.nn.ReLU(), tn.nn.Dropout(0.1))
assert_type(tn.nn.functional.cross_entropy(net(t), tn.tensor([0, 1])), tn.Tensor)
for p in net.parameters():
    assert_type(p, tn.nn.Parameter)
tn.nn.init.zeros_(tn.nn.Linear(1, 1).weight)
tn.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
padded, lengths = tn.nn.utils.rnn.pad_packed_sequence(tn.nn.utils.rnn.pack_sequence([t]))
assert_type(padded, tn.Tensor)
net.load_state_dict(net.state_dict())


class Model(tn.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = tn.nn.Linear(2, 1)

    def forward(self, x: tn.Tensor) -> tn.Tensor:
        y: tn.Tensor = self.layer(x)
        return y.relu()
"""


MISSPELT = "tnp.concatenat([t])\n"
ANOTHER_TYPE = "assert_type(tn.max(t), int)\n"


def output(command: list[str], directory: pathlib.Path, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=directory,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout


@pytest.mark.slow
def test_a_strict_consumer_type_checks(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("mypy")

    def complaints(text: str) -> str:
        (tmp_path / "consumer.py").write_text(text)
        command = ["mypy", "--strict", "--follow-imports=silent", "consumer.py"]
        return output(command, tmp_path, MYPYPATH=str(PACKAGE.parent))

    assert complaints(CONSUMER) == "Success: no issues found in 1 source file\n"
    assert "attr-defined" in complaints(CONSUMER + MISSPELT)
    assert "attr-defined" in complaints(CONSUMER + "tn.concatenat([t])\n")
    assert "assert-type" in complaints(CONSUMER + ANOTHER_TYPE)


@pytest.mark.slow
def test_a_strict_consumer_type_checks_with_pyright(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("basedpyright")
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(PACKAGE.parent)], "pythonVersion": "3.11"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))

    def complaints(text: str) -> str:
        (tmp_path / "consumer.py").write_text(text)
        return output(["basedpyright", "consumer.py"], tmp_path)

    assert complaints(CONSUMER) == "0 errors, 0 warnings, 0 notes\n"
    assert "reportAttributeAccessIssue" in complaints(CONSUMER + MISSPELT)
    assert "reportAttributeAccessIssue" in complaints(CONSUMER + "tn.concatenat([t])\n")
    assert "reportAssertTypeFailure" in complaints(CONSUMER + ANOTHER_TYPE)


@pytest.mark.slow
def test_package_type_checks() -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", str(PACKAGE)]
    r = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stdout
