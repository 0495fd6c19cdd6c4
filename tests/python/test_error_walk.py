"""Public functions and methods with wrong arguments: errors name what was called, and nothing has changed.

The walk knows no operation by name: it calls each with combinations of arguments that are mostly wrong and
looks at whatever is raised. Wordings stand in tests/golden/errors_python.txt.
"""

import builtins
import inspect
import itertools
import random

import numpy as np
import pytest
import tenon
import tenon.numpy

pytestmark = pytest.mark.slow

EXPECTED = (
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    BufferError,
    RuntimeError,  # devices and gradients; NotImplementedError
    OSError,
    ImportError,
)
# Python's own complaints about a call, before the function runs.
PRODUCERS = ("DLPack only supports",)  # what an array says to from_dlpack
PYTHONS = ("takes ", "missing ", "got an unexpected keyword", "got some positional", "got multiple values")


def objects():
    """Arguments, made anew for each call."""
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    return {
        "float": tenon.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "int": tenon.tensor([1, 2, 3]),
        "bool": tenon.tensor([True, False]),
        "complex": tenon.tensor([1j, 2.0]),
        "float8": tenon.tensor([1.0, 2.0]).to(tenon.float8_e5m2),
        "number": tenon.tensor(2.0),
        "empty": tenon.zeros(0, 3),
        "deep": tenon.zeros(2, 1, 2, 1),
        "leaf": tenon.tensor([1.0, 2.0], requires_grad=True),
        "read-only": tenon.from_numpy(frozen),
        "ndarray": np.arange(4.0).reshape(2, 2),
        "strings": np.array(["a"]),
        "none": None,
        "str": "nonsense",
        "surrogate": "\udcff",
        "object": object(),
        "half": 0.5,
        "nan": float("nan"),
        "negative": -7,
        "huge": 2**70,
        "complex number": 1j,
        "list": [],
        "ragged": [[1, 2], [3]],
        "tuple": (5, -9),
        "dtype": tenon.int8,
        "device": "cuda",
        "slice": slice(0, 1),
    }


NAMES = list(objects())


def state(values):
    """What an argument looks like to its owner."""
    out = []
    for v in values:
        if isinstance(v, tenon.Tensor):
            out.append(
                (
                    v.shape,
                    v.stride(),
                    v.dtype,
                    v.requires_grad,
                    v.readonly,
                    v.numpy(force=True).tobytes(),
                )
            )
        elif isinstance(v, np.ndarray):
            out.append((v.shape, v.strides, v.dtype, v.tobytes()))
        else:
            out.append(repr(v))
    return out


def combinations(name, count, tensor_first):
    """Argument names: each in each place once beside sound ones, and random mixtures."""
    random.seed(name)
    sound = ["float" if tensor_first else "int"]
    yield ()
    for n in range(1, count + 1):
        for place, wrong in itertools.product(range(n), NAMES):
            yield tuple(
                wrong if i == place else random.choice([*sound, "negative", "tuple"]) for i in range(n)
            )
    for _ in range(40):
        yield tuple(random.choice(NAMES) for _ in range(random.randint(1, count + 1)))


def walk(f, name, names, tensor_first=True):
    try:
        parameters = inspect.signature(f).parameters.values()
        count = builtins.sum(
            p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in parameters
        )
    except ValueError:
        count = 2
    wrong = set()
    for combination in combinations(name, min(count, 4), tensor_first):
        pool = objects()
        args = [pool[n] for n in combination]
        before = state(args)
        try:
            f(*args)
        except EXPECTED as error:
            text = str(error)
            if any(p in text for p in PYTHONS) and text.startswith(tuple(f"{n}(" for n in names)):
                continue
            if not text.startswith((*(f"{n}: " for n in names), *PRODUCERS)):
                wrong.add(f"{name}{combination}: {type(error).__name__}: {text[:150]}")
            if state(args) != before:
                wrong.add(f"{name}{combination} failed and changed its arguments: {text[:100]}")
        except Exception as error:
            wrong.add(f"{name}{combination}: {type(error).__name__}: {str(error)[:150]}")
    assert not wrong, f"{len(wrong)} bad errors\n" + "\n".join(sorted(wrong)[:12])


# Not called: they change the process, or wait for something.
SKIPPED = {"set_num_threads", "set_default_dtype", "manual_seed", "seed", "set_printoptions"}

OPERATIONS = {
    n: f
    for n, f in vars(tenon._C).items()
    if isinstance(f, tenon._C.Operation) and not n.startswith("_") and n not in SKIPPED
}
METHODS = {
    n: f
    for n, f in vars(tenon.Tensor).items()
    if isinstance(f, tenon._C.Operation) and n not in OPERATIONS and not n.startswith("_")
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_functions(name):
    walk(OPERATIONS[name], name, {name})


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    f = METHODS[name]

    def method(*args):
        if not args or not isinstance(args[0], tenon.Tensor):
            raise TypeError(f"{name}: a method of tensors")
        return f(*args)

    method.__signature__ = inspect.signature(f)
    walk(method, name, {name})


NUMPYS = {
    n: f
    for n, f in vars(tenon.numpy).items()
    if callable(f)
    and not n.startswith("_")
    and not inspect.isclass(f)
    and not isinstance(f, tenon._C.Operation)
}


@pytest.mark.parametrize("name", NUMPYS)
def test_numpys_names(name):
    f = NUMPYS[name]
    walk(f, name, {name, f.__name__})


SPECIAL = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floor_divide": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
    "matmul": lambda a, b: a @ b,
    "bitwise_and": lambda a, b: a & b,
    "left_shift": lambda a, b: a << b,
    "lt": lambda a, b: a < b,
    "eq": lambda a, b: a == b,
    "index": lambda a, b: a[b],
    "setitem": lambda a, b: a.__setitem__(b, 1),
    "setitem ": lambda a, b: a.__setitem__(0, b),
    "in": lambda a, b: b in a,
    "neg": lambda a: -a,
    "bitwise_not": lambda a: ~a,
    "abs": lambda a: abs(a),
    "bool": lambda a: bool(a),
    "int": lambda a: int(a),
    "float": lambda a: float(a),
    "len": lambda a: len(a),
    "iter": lambda a: iter(a),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_operators(name):
    f = SPECIAL[name]

    def on_tensors(*args):
        if len(args) != f.__code__.co_argcount or not isinstance(args[0], tenon.Tensor):
            raise TypeError(f"{name.strip()}: a method of tensors")
        try:
            return f(*args)
        except TypeError as error:  # Python's own, where both sides return NotImplemented
            if "unsupported operand" in str(error) or "not supported between" in str(error):
                raise TypeError(f"{name.strip()}: {error}") from None
            raise

    on_tensors.__signature__ = inspect.signature(f)
    # A list times a tensor is Python's repetition, which asks for an index.
    walk(on_tensors, name, {name.strip(), "index"} if name == "mul" else {name.strip()})
