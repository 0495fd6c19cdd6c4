"""What the documentation says of errors is true: each error that a call raises stands in the section Raises.

The walk calls every operation with the wrong arguments of test_error_walk.py, and repeats the call in its
example with one argument wrong at a time. What tenon.asarray says of an array-like stands there.
"""

import ast
import builtins
import doctest
import inspect

import numpy as np
import pytest
import tenon
import tenon.numpy
from test_documentation import PUBLIC
from test_documentation_memory import Calls, varied
from test_error_walk import NAMES, PYTHONS, SKIPPED, combinations, objects

# They change the process, or call a function of the user's, whose errors pass through.
NOT_CALLED = {
    *(f"tenon.{name}" for name in SKIPPED),
    *("tenon.autograd.checkpoint", "tenon.autograd.gradcheck", "tenon.autograd.gradgradcheck"),
    *("tenon.autograd.set_border_guard", "tenon.Tensor.tofile", "tenon.Tensor.dump", "tenon.Tensor.setflags"),
}
FUNCTIONS = {
    name: f
    for name, f in PUBLIC.items()
    if callable(f)
    and not isinstance(f, type)
    and name not in NOT_CALLED
    and not name.startswith(("tenon.cuda.", "tenon.memory.", "tenon.random."))
}


def raises(f):
    """The errors in the section Raises."""
    text = inspect.getdoc(f) or ""
    section = text.partition("Raises\n------\n")[2].partition("\n\n")[0]
    return {line for line in section.split("\n") if line and not line.startswith(" ")}


def of_the_input(error, values):
    """Whether a value is no array for tenon.asarray, with an error of that kind."""
    for v in values:
        for item in [v, *v] if isinstance(v, (list, tuple)) else [v]:
            try:
                tenon.asarray(item)
            except type(error):
                return True
            except Exception:  # another error is another reason
                continue
    return False


class Watch:
    """Calls with wrong arguments, and the errors that the documentation does not name."""

    def __init__(self, f):
        self.named = raises(f)
        self.unnamed = {}

    def note(self, how, error, values):
        kinds = {k.__name__ for k in type(error).__mro__}
        text = str(error)
        if kinds & self.named or any(p in text for p in PYTHONS) or of_the_input(error, values):
            return
        self.unnamed.setdefault(type(error).__name__, f"{how}: {text[:120]}")

    def call(self, owner, name, args, kwargs):
        f = getattr(owner, name)
        result = f(*args, **kwargs)
        if isinstance(owner, (np.ndarray, np.dtype)):
            return result
        names = [p.name for p in inspect.signature(f).parameters.values() if p.kind != p.POSITIONAL_ONLY]
        for place in [*range(len(args)), *names]:
            for wrong in NAMES:
                # Anew for each call: those in place write.
                own = varied(owner, lambda t: t) if isinstance(owner, tenon.Tensor) else owner
                given = [varied(a, lambda t: t) for a in args]
                named = {k: varied(v, lambda t: t) for k, v in kwargs.items()}
                (given if isinstance(place, builtins.int) else named)[place] = value = objects()[wrong]
                try:
                    getattr(own, name)(*given, **named)
                except Exception as error:
                    self.note(f"{place} = {wrong}", error, [value])
        return result


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    f = FUNCTIONS[name]
    watch = Watch(f)
    parameters = inspect.signature(f).parameters.values()
    count = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
    for combination in combinations(name, min(count, 4), True):
        pool = objects()
        args = [pool[n] for n in combination]
        if name.startswith("tenon.Tensor.") and not (args and isinstance(args[0], tenon.Tensor)):
            continue
        try:
            f(*args)
        except Exception as error:
            watch.note(combination, error, args)
    space = {"tenon": tenon, "np": np, "_watch": watch}
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(f) or ""):
        if doctest.SKIP not in example.options:
            tree = Calls({name.rpartition(".")[2], f.__name__}).visit(ast.parse(example.source))
            try:
                exec(compile(ast.fix_missing_locations(tree), name, "exec"), space)
            except Exception:
                assert example.exc_msg, f"the example of {name} fails"
    assert not watch.unnamed, f"{name} raises what its documentation does not name: {watch.unnamed}"
