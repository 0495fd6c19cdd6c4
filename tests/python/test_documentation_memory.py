"""What the documentation says of memory is true: a view shares memory with an operand, a new tensor does not.

The walk runs each example, finds the call of the operation that it shows, and repeats that call with the
same operands in other dtypes, layouts and sizes.
"""

import ast
import doctest
import inspect
import re

import numpy as np
import pytest
import tenon
import tenon.numpy
from test_documentation import PUBLIC, ROW

SHARED = re.compile(
    r"\b(views?|shares?|itself|themselves|in place|overwr\w+|as (?:it is|they are)|same memory|"
    r"over (?:the|an) [\w' ]*memory)\b",
    re.I,
)
OWN = re.compile(r"\b(new(?! (?:last )?dimension)|cop(?:y|ies)(?! of an element)|own)\b", re.I)
# What the result shares is what the user's own function decides.
THE_USERS = {"tenon.autograd.checkpoint"}
# Calls beside the example, where the example's own with other operands are not enough.
MORE = {
    "tenon.nn.functional.pixel_shuffle": lambda t: tenon.nn.functional.pixel_shuffle(t.tile(8, 1, 1), 2),
    "tenon.nn.functional.pixel_unshuffle": lambda t: tenon.nn.functional.pixel_unshuffle(t.tile(2, 2, 2), 2),
    "tenon.from_dlpack": lambda t: tenon.from_dlpack(t, copy=True),
    "tenon.as_tensor": lambda t: tenon.as_tensor(t, dtype=tenon.int8),
    "tenon.asarray": lambda t: tenon.asarray(t, copy=True),
    "tenon.chain_matmul": lambda t: tenon.chain_matmul(t),
    "tenon.diff": lambda t: tenon.diff(t, n=0),
    "tenon.einsum": lambda t: tenon.einsum("ij->ji", t),
    "tenon.reshape": lambda t: tenon.reshape(t.mT, (4,)),
    "tenon.numpy.histogram_bin_edges": lambda t: tenon.numpy.histogram_bin_edges([1.0], t[0]),
    "tenon.numpy.astype": lambda t: tenon.numpy.astype(t, t.dtype, copy=False),
    "tenon.numpy.nan_to_num": lambda t: tenon.numpy.nan_to_num(t, copy=False),
    "tenon.numpy.reshape": lambda t: tenon.numpy.reshape(t.mT, (4,)),
    "tenon.numpy.diff": lambda t: tenon.numpy.diff(t, n=0),
    "tenon.Tensor.reshape_as": lambda t: t.mT.reshape_as(tenon.zeros(4)),
}
# Only a copy from or to a device is one: the tests of devices make it.
ON_A_DEVICE = {"tenon.Tensor.cpu", "tenon.Tensor.numpy", "tenon.Tensor.to_device"}


def returned(f):
    """The section Returns, without the type in its first line."""
    text = inspect.getdoc(f) or ""
    section = text.partition("Returns\n-------\n")[2].partition("\n\n")[0]
    return " ".join(section.split("\n")[1:])


def tensors(value):
    """The tensors and arrays in a value, also in tuples, lists and dicts."""
    if isinstance(value, (tenon.Tensor, np.ndarray)):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from tensors(v)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def extent(t):
    """The first byte of a tensor's memory and the one after its last."""
    address, strides = (t.ctypes.data, t.strides) if isinstance(t, np.ndarray) else (t.data_ptr(), t.strides)
    reach = [(n - 1) * s for n, s in zip(t.shape, strides, strict=True)]
    return address + sum(r for r in reach if r < 0), address + sum(r for r in reach if r > 0) + t.itemsize


def share(a, b):
    """Whether the memory of two tensors overlaps, for the tensors of these examples."""
    if 0 in a.shape or 0 in b.shape:
        return False
    (low, high), (first, end) = extent(a), extent(b)
    return low < end and first < high


def varied(value, change):
    if isinstance(value, tenon.Tensor):
        return change(value.detach().clone())
    if isinstance(value, (tuple, list)) and any(isinstance(v, tenon.Tensor) for v in value):
        return [varied(v, change) for v in value]
    if isinstance(value, list) and change is not numbers:
        return change(tenon.tensor(value))
    return change(value) if type(value) is int else value


def of_dtype(dtype):
    return lambda t: t.to(dtype) if isinstance(t, tenon.Tensor) else t


def of_shape(change):
    return lambda t: change(t) if isinstance(t, tenon.Tensor) else t


def numbers(value):
    """Every number as 1: a power, an order or a count that changes nothing."""
    return 1 if type(value) is int else value


def zeros(value):
    return 0 if type(value) is int else value


VARIANTS = {
    **{str(d): of_dtype(d) for d in vars(tenon).values() if isinstance(d, tenon.dtype)},
    "numbers of 1": numbers,
    "numbers of 0": zeros,
    "transposed": of_shape(lambda t: t.permute(*range(t.ndim)[::-1])),
    "every other": of_shape(lambda t: t[..., ::2] if t.ndim else t),
    "first": of_shape(lambda t: t[:1]),
    "column": of_shape(lambda t: t.reshape(-1, 1)),
    "row": of_shape(lambda t: t.reshape(1, -1)),
    "flat": of_shape(lambda t: t.reshape(-1)),
    "0-d": of_shape(lambda t: t.reshape(-1)[0]),
}
ERRORS = TypeError, ValueError, IndexError, RuntimeError, BufferError, OverflowError, AttributeError


class Watch:
    """An operation's calls in its example, with what their results share."""

    def __init__(self):
        self.seen = {}  # "shares", "own" or, without an operand, "alone": the call that showed it

    def note(self, how, result, operands):
        operands = list(tensors(operands))
        results = [r for r in tensors(result) if 0 not in r.shape]
        for r in results:
            kind = "shares" if any(share(r, x) for x in operands) else "own" if operands else "alone"
            self.seen.setdefault(kind, how)

    def call(self, owner, name, args, kwargs):
        f = getattr(owner, name)
        result = f(*args, **kwargs)
        if "out" in kwargs or isinstance(owner, np.ndarray):
            return result
        method = isinstance(owner, tenon.Tensor)
        self.note("the example", result, [owner if method else (), args, kwargs])
        for how, change in VARIANTS.items():
            try:
                other = varied(owner, change) if method else owner
                given = varied(args, change), {k: varied(v, change) for k, v in kwargs.items()}
                again = getattr(other, name)(*given[0], **given[1])
            except ERRORS:
                continue
            self.note(how, again, [other if method else (), given])
        return result


class Calls(ast.NodeTransformer):
    """Hands the calls of the operation to a Watch."""

    def __init__(self, names):
        self.names = names

    def visit_Call(self, node):
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Attribute) and node.func.attr in self.names):
            return node
        return ast.Call(
            ast.Attribute(ast.Name("_watch", ast.Load()), "call", ast.Load()),
            [
                node.func.value,
                ast.Constant(node.func.attr),
                ast.Tuple(node.args, ast.Load()),
                ast.Dict([ast.Constant(k.arg) for k in node.keywords], [k.value for k in node.keywords]),
            ],
            [],
        )


def run_examples(name, f, watch, expected):
    """Runs an operation's example; its calls go through watch.call. expected: the errors that it may show."""
    space = {"tenon": tenon, "np": np, "_watch": watch}
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(f) or ""):
        if doctest.SKIP in example.options:
            continue
        tree = Calls({name.rpartition(".")[2], f.__name__}).visit(ast.parse(example.source))
        try:
            exec(compile(ast.fix_missing_locations(tree), name, "exec"), space)
        except expected:
            if example.exc_msg is None:
                raise


# Dimensions before the two of an operand, and further arguments, of functions that write in place.
DIMENSIONS = {f"tenon.nn.functional.dropout{n}d": n - 1 for n in (2, 3)}
ARGUMENTS = {"tenon.nn.functional.threshold": (1.5, 0.0)}


def watched(name, f):
    """What the operation's calls shared, over all lines of its example."""
    watch = Watch()
    tenon.manual_seed(0)
    run_examples(name, f, watch, ERRORS)
    if name.startswith("tenon.nn.") and "inplace" in inspect.signature(f).parameters:
        t = tenon.tensor([[1.0, 2.0], [3.0, 4.0]])
        if name in DIMENSIONS:
            t = t.reshape((1,) * DIMENSIONS[name] + (2, 2))
        watch.note("inplace=True", f(t, *ARGUMENTS.get(name, ()), inplace=True), t)
    if name in MORE:
        t = tenon.tensor([[1.0, 2.0], [3.0, 4.0]])
        watch.note("another call", MORE[name](t), t)
    return watch.seen


FUNCTIONS = {name: f for name, f in PUBLIC.items() if callable(f) and not isinstance(f, type)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_word_about_memory_is_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    f = FUNCTIONS[name]
    text, seen = returned(f), watched(name, f)
    if name in THE_USERS:
        return
    shared, own = SHARED.search(text), OWN.search(text)
    tensors = isinstance(f, ROW) and ("Tensor" in f._returns or f._returns == "ValuesIndices")
    if seen or tensors:
        assert shared or own, f"{name} does not say whether what it returns is new or shares memory; {text!r}"
    if "shares" in seen:
        assert shared, f"{name} returns an operand's memory ({seen['shares']}); {text!r}"
    if "own" in seen:
        assert own, f"{name} returns memory of its own ({seen['own']}); {text!r}"
    if {"shares", "own"} & set(seen) and name not in ON_A_DEVICE:
        assert "shares" in seen or not shared, f"{name} never shared memory; {text!r}"
        assert "own" in seen or not own, f"{name} always shared memory; {text!r}"


PROPERTIES = {n: p for n, p in vars(tenon.Tensor).items() if not n.startswith("_") and not callable(p)}


@pytest.mark.parametrize("name", PROPERTIES)
def test_the_word_about_memory_is_true_of_properties(name):
    text = inspect.getdoc(PROPERTIES[name]) or ""
    for t in (tenon.ones(2, 2), tenon.ones(2, 2, dtype=tenon.complex64)):
        try:
            value = getattr(t, name)
        except ERRORS:
            continue
        if isinstance(value, tenon.Tensor):
            word = SHARED if share(t, value) else OWN
            assert word.search(text), f"{name}: {text!r}"
