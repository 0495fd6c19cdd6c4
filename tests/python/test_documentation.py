"""Every public callable says what its arguments are and what it returns, and has an example that runs."""

import doctest
import importlib
import importlib.util
import inspect
import pathlib
import types

import numpy as np
import pytest
import tenon
import tenon.numpy
from tenon._names import MODULES

ROW = type(tenon.sum)


def of_the_standard_library(f):
    """Whether f is one of those that tenon.multiprocessing hands on."""
    return str(getattr(f, "__module__", "")).startswith("multiprocessing")


def public():
    """(name, object) of everything that a user can call, once each."""
    seen = set()
    for module in MODULES:
        m = importlib.import_module(module)
        for name in dir(m):
            f = getattr(m, name)
            if name.startswith("_") or not callable(f) or isinstance(f, (tenon.dtype, types.ModuleType)):
                continue
            if id(f) not in seen and not of_the_standard_library(f):
                seen.add(id(f))
                yield f"{module}.{name}", f
    for name, f in sorted(vars(tenon.Tensor).items()):
        if not name.startswith("_") and id(f) not in seen:
            seen.add(id(f))
            yield f"tenon.Tensor.{name}", f
    for name in ("reduce", "accumulate", "reduceat", "outer", "at"):
        yield f"tenon.numpy.add.{name}", getattr(tenon.numpy.add, name)


PUBLIC = dict(public())


def gaps(name, f):
    """What the documentation of f lacks, by kind."""
    text = inspect.getdoc(f) or ""
    if not isinstance(f, type) and callable(f):
        try:
            parameters = [p for p in inspect.signature(f).parameters if p != "self"]
        except ValueError:
            parameters = []
        if isinstance(f, ROW):
            from tenon._documentation import Documentation

            d = Documentation(f)
            for p in parameters:
                if not d.parameters[p]:
                    yield f"the argument {p}"
            tensors = "Tensor" in f._returns or f._returns == "ValuesIndices"
            if tensors and not d.returns:
                yield "what is returned"
        elif parameters and "Parameters\n---" not in text:
            yield "Parameters"
        elif parameters:
            section = text.split("Parameters\n", 1)[1].split("\n\n", 1)[0]
            for p in parameters:
                if not any(
                    line.lstrip("*").split(" :")[0].split(",")[0] == p for line in section.splitlines()
                ):
                    yield f"the argument {p}"
        if not isinstance(f, ROW) and "Returns\n---" not in text:
            yield "Returns"
    if ">>> " not in text:
        yield "an example"


def test_nothing_is_missing():
    assert [f"{name}: {gap}" for name, f in PUBLIC.items() for gap in gaps(name, f)] == []


@pytest.mark.parametrize("module", [*MODULES, "tenon.Tensor"])
def test_examples_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    for name, f in PUBLIC.items():
        text = inspect.getdoc(f) or ""
        if name.rpartition(".")[0] == module and ">>> " in text:
            tenon.manual_seed(0)
            test = doctest.DocTestParser().get_doctest(text, {"tenon": tenon, "np": np}, name, None, 0)
            runner.run(test, out=report.append)
    assert not report, "".join(report)


def test_the_reference_has_every_name(tmp_path):
    path = pathlib.Path(__file__).parents[2] / "python" / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", path)
    make_reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_reference)
    assert {*MODULES, "tenon.Tensor"} == set(make_reference.write(tmp_path))
    text = "".join(page.read_text(encoding="utf-8") for page in tmp_path.glob("tenon*.md"))
    for name in PUBLIC:
        if not name.startswith("tenon.numpy.add."):  # methods of a ufunc stand with it
            assert f"## {name}\n" in text, name
