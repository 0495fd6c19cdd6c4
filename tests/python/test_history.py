"""No operation drops the history of an argument in silence: the gradient flows, or an error says so.

The walk runs each public example, repeats the calls of the operation that it shows with one argument
after another that requires grad (the tensor, a 0-d tensor for a number, a list of tensors, each keyword
that was left out), and holds what the graph knows against differences: a result that moves with a number
must be connected to it.
"""

import copy
import inspect

import numpy as np
import pytest
import tenon
import tenon.nn
import tenon.numpy
from test_documentation import PUBLIC
from test_documentation_memory import run_examples, tensors

# What leaves the graph by its name.
LEAVES = {"tenon.detach", "tenon.Tensor.detach", "tenon.Tensor.detach_"}
LEAVES |= {"tenon.nn.utils.vector_to_parameters"}  # it sets the data of leaves
LEAVES |= {f"tenon.nn.utils.fuse_{kind}_bn_weights" for kind in ("conv", "linear")}  # they make parameters
# What keeps the graph only for create_graph=True, as backward().
BY_CREATE_GRAPH = {"hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"}
LEAVES |= {f"tenon.autograd.functional.{name}" for name in BY_CREATE_GRAPH}
STEP = 1e-2
CONNECTED = set()


def leaf(value):
    return tenon.tensor(value, dtype=tenon.float64).detach().requires_grad_()


def real(t):
    return t.dtype.is_floating_point or t.dtype is tenon.int64


def nested(a, leaves):
    """The numbers of an array as lists of leaves."""
    if a.ndim == 0:
        leaves.append(leaf(float(a)))
        return leaves[-1]
    return [nested(x, leaves) for x in a]


def forms(value):
    """What may stand in the place of an argument: functions that make it, with its leaves, from an offset."""
    if isinstance(value, (bool, str, tenon.dtype)) or tenon.nn.parameter.is_lazy(value):
        return
    if isinstance(value, (int, float)):
        yield "0-d", lambda d: (lambda x: (x, [x]))(leaf(value + d))
        return
    numbers = None
    if isinstance(value, tenon.Tensor) and value.device.type == "cpu" and real(value) and value.numel() < 65:
        numbers = value.detach().double().numpy()
    elif isinstance(value, np.ndarray) and value.dtype.kind in "if" and value.size < 65:
        numbers = value.astype(np.float64)
    elif isinstance(value, (list, tuple)) and value:
        try:
            numbers = np.array(value, dtype=np.float64)
        except (TypeError, ValueError, RuntimeError):
            numbers = None
        for i, item in enumerate(value):
            for how, make in forms(item):

                def within(d, i=i, make=make):
                    made, leaves = make(d)
                    return type(value)([*value[:i], made, *value[i + 1 :]]), leaves

                yield f"item {i}, {how}", within
    if numbers is None:
        return
    yield "tensor", lambda d: (lambda x: (x, [x]))(leaf(numbers + d))

    def listed(d):
        leaves = []
        return nested(numbers + d, leaves), leaves

    if numbers.ndim and numbers.size:
        yield "list of tensors", listed


def outcome(f, args, kwargs, also):
    """The floating tensors that a call returns or has written to."""
    tenon.manual_seed(0)
    result = f(*args, **kwargs)
    found = [*tensors(result), *tensors(list(also))]
    return [
        t for t in found if isinstance(t, tenon.Tensor) and (t.dtype.is_floating_point or t.dtype.is_complex)
    ]


def moved(a, b):
    """How far results lie apart; None where they cannot be compared."""
    if len(a) != len(b) or any(x.shape != y.shape for x, y in zip(a, b, strict=True)):
        return None
    far = 0.0
    for x, y in zip(a, b, strict=True):
        d = np.abs(x.to(tenon.complex128).numpy(force=True) - y.to(tenon.complex128).numpy(force=True))
        far = max(far, float(np.nanmax(d, initial=0.0)))
    return far


class Walk:
    def __init__(self, name):
        self.name, self.dropped = name, set()

    def one(self, how, call, make):
        """call(made) returns the results; make(offset) the argument and its leaves."""
        for offset in (0.0, 0.137):
            try:
                made, leaves = make(offset)
                results = call(made)
            except Exception:
                continue
            connected = set()
            total = [r.abs().sum() for r in results if r.requires_grad]
            for r in total:
                try:
                    grads = tenon.autograd.grad(r, leaves, allow_unused=True, retain_graph=True)
                except RuntimeError:  # an error says it
                    connected.update(range(len(leaves)))
                    break
                connected.update(i for i, g in enumerate(grads) if g is not None)
            if len(connected) == len(leaves):
                CONNECTED.add(f"{self.name}: {how}")
                continue
            if self.moves(call, make, offset):
                self.dropped.add(f"{self.name}: {how}")

    def moves(self, call, make, offset):
        """Whether the results move with the numbers, by about as much as these do."""
        try:
            with tenon.no_grad():
                at = [call(make(offset + d)[0]) for d in (0, STEP, STEP / 8)]
        except Exception:
            return False
        far, near = moved(at[0], at[1]), moved(at[0], at[2])
        return far is not None and near is not None and far > 1e-3 * STEP and 4 < far / max(near, 1e-12) < 16

    def call(self, owner, name, args, kwargs):
        method = isinstance(owner, tenon.Tensor)
        args = [list(v) if inspect.isgenerator(v) else v for v in args]
        given = [owner, *args] if method else list(args)
        # The walk comes first: the call itself may overwrite what it is given.
        f = (lambda self, *a, **k: getattr(self, name)(*a, **k)) if method else getattr(owner, name)

        def fresh(skip):
            return [
                v if i == skip else copy.deepcopy(v) if list(tensors(v)) or hasattr(v, "state_dict") else v
                for i, v in enumerate(given)
            ]

        for i, value in enumerate(given):
            for how, make in forms(value):

                def at(made, i=i):
                    others = fresh(i)
                    others[i] = made
                    return outcome(f, others, kwargs, [v for j, v in enumerate(others) if j != i])

                self.one(f"argument {i} ({how})", at, make)
        for key, value in {**self.left_out(owner, name, len(given), kwargs), **kwargs}.items():
            for how, make in forms(value):

                def with_keyword(made, key=key):
                    others = fresh(None)
                    return outcome(f, others, {**kwargs, key: made}, others)

                self.one(f"{key}= ({how})", with_keyword, make)
        return getattr(owner, name)(*args, **kwargs)

    def left_out(self, owner, name, n, kwargs):
        """The arguments that have a default, as a number and as numbers."""
        try:
            f = getattr(type(owner) if isinstance(owner, tenon.Tensor) else owner, name)
            parameters = list(inspect.signature(f).parameters.values())
        except (ValueError, AttributeError):
            return {}
        values = {}
        for p in parameters[n:]:
            if (
                p.name in kwargs
                or p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
                or p.name in ("out", "mask")
            ):
                continue
            if p.default is None:
                values[p.name] = 1
            elif isinstance(p.default, (int, float)) and not isinstance(p.default, bool):
                values[p.name] = p.default
        return values


FUNCTIONS = {
    name: f for name, f in PUBLIC.items() if callable(f) and not isinstance(f, type) and name not in LEAVES
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_history_is_lost(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    walk = Walk(name)
    run_examples(name, FUNCTIONS[name], walk, Exception)
    assert not walk.dropped, "\n".join(sorted(walk.dropped))


def test_the_walk_finds_what_is_dropped(monkeypatch):
    """A function that forgets, beside one that does not."""
    monkeypatch.setattr(tenon, "kept", lambda a, b=1.0: a * b, raising=False)
    monkeypatch.setattr(
        tenon, "forgotten", lambda a, b=1.0: tenon.tensor([float(x) for x in a]) * float(b), raising=False
    )
    t = tenon.tensor([1.0, 2.0])
    walk = Walk("kept")
    walk.call(tenon, "kept", (t,), {})
    assert not walk.dropped
    assert {c for c in CONNECTED if c.startswith("kept")} >= {"kept: argument 0 (tensor)", "kept: b= (0-d)"}
    walk = Walk("forgotten")
    walk.call(tenon, "forgotten", (t,), {})
    assert walk.dropped == {
        "forgotten: argument 0 (tensor)",
        "forgotten: argument 0 (list of tensors)",
        "forgotten: b= (0-d)",
    }


def test_a_constant_says_what_to_do():
    w = tenon.tensor(2.0, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"add: 'alpha' is a constant, but requires grad; use \.detach\(\)"
    ):
        tenon.add(tenon.ones(2), 1, alpha=w)
    with tenon.no_grad():
        assert tenon.add(tenon.ones(2), 1, alpha=w).tolist() == [3, 3]
    assert tenon.add(tenon.ones(2), 1, alpha=w.detach()).tolist() == [3, 3]


def test_lists_and_fill_values_keep_the_gradient_to_second_order():
    from tenon.autograd import gradcheck, gradgradcheck

    def made(a, b):
        t = tenon.zeros(3, dtype=tenon.float64)
        t[:2] = [a * b, b]
        return (
            tenon.cat(
                [
                    tenon.tensor([[a, 1.0], [b, a * b]]).reshape(-1),
                    tenon.numpy.array([a, [b][0]]),
                    tenon.full((2,), a * a),
                    tenon.numpy.full_like(t, b * b),
                    t.new_full((1,), a),
                    t.index_fill(0, [2], b),
                    tenon.numpy.add([a, 2.0], [b, b]),
                    tenon.numpy.pad(t, 1, constant_values=a),
                    t,
                ]
            )
            ** 2
        )

    at = [tenon.tensor(v, dtype=tenon.float64, requires_grad=True) for v in (0.7, -1.3)]
    assert gradcheck(made, at)
    assert gradgradcheck(made, at)


def test_a_new_leaf_is_asked_for():
    w = tenon.tensor(2.0, requires_grad=True)
    assert tenon.tensor(w).grad_fn is not None
    assert tenon.tensor([w, w]).grad_fn is not None
    with pytest.raises(RuntimeError, match=r"tensor: data requires grad already.*use \.detach\(\)"):
        tenon.tensor([w], requires_grad=True)
    assert tenon.tensor([w.detach()], requires_grad=True).is_leaf
