"""The walk of the table: every elementwise operation, dtype and layout against the NumPy function of its row.

Nothing is listed by hand: operations come from the extension module, arity from their signatures, and whether
a dtype is taken from the operation itself; what it refuses, NumPy refuses, too, or the reason stands here.
An ordinary elementwise operation needs no test of its own. Each test runs on the CPU and on the device.
"""

import inspect

import numpy as np
import pytest
import tenon
from support import (
    COMPLEX,
    DTYPES,
    FLOATS,
    INTEGERS,
    NUMPY,
    address,
    operations,
    sample,
)
from walk import BY_SCIPY, LAYOUTS, NAMED, arity, get, peer, put, read_only, refuses

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")


def is_elementwise(op: object) -> bool:
    """Whether NumPy's side is a ufunc of as many operands, with one result and no core dimensions,
    of one dtype."""
    f = peer(op)
    if not isinstance(f, np.ufunc) or (f.nin, f.nout) != (arity(op), 1) or f.signature is not None:
        return False
    # ldexp's operands are a float and an integer: it has a test of its own.
    return any(len(set(loop.partition("->")[0])) == 1 for loop in f.types)


ROWS = {op.__name__ for op in operations()}


# Integers stay what they are; sign(z) is z / |z|.
NEW_IN_NUMPY_2 = {"ceil": "biu", "fix": "biu", "floor": "biu", "trunc": "biu", "sign": "c"}
ELEMENTWISE = {name: op for name, op in NAMED.items() if is_elementwise(op)}


def test_the_table_is_there() -> None:
    assert len(ELEMENTWISE) > 60
    for op in NAMED.values() if NUMPY >= (2, 1) else ():  # 1.26 has not all of the standard's names
        assert peer(op) is not None, f"NumPy has no {op._numpy_name}, which the row of {op.__name__} names"


# ---- what the results must be ----


# Rows whose dtype rule is not NumPy's, on purpose; everything else follows NumPy.
OWN_RULE = {
    "reciprocal": "1 / x of integers is a float, where NumPy's is 0 but for ±1",
}


def expected_dtype(op: object, dtype: str) -> np.dtype | None:
    """The dtype of the result; None where NumPy has no loop for this dtype.

    NumPy's own, but for two rules: what NumPy computes from integers in float16, float32 or float64, by their
    size, is computed in the default float; and OWN_RULE.
    """
    arrays = [np.ones(1, dtype)] * arity(op)
    if refuses(peer(op), *arrays):
        return None
    if dtype == "float16" and op.__name__ in BY_SCIPY:  # which has no loops for it
        return np.dtype(dtype)
    theirs = peer(op)(*arrays).dtype
    if np.dtype(dtype).kind not in "biu":
        return theirs
    if op.__name__ in OWN_RULE:
        return np.dtype(np.float32)
    return np.dtype(np.float32) if theirs.kind == "f" else theirs


def close(actual: np.ndarray, expected: np.ndarray, name: str) -> None:
    """Equal; for floats within a few units in the last place of the dtype that was computed in."""
    if expected.dtype.kind in "fc":
        eps = np.finfo(actual.dtype).eps
        np.testing.assert_allclose(
            actual, expected.astype(actual.dtype), rtol=8 * eps, atol=4 * eps, err_msg=name
        )
    else:
        np.testing.assert_array_equal(actual, expected, err_msg=name)


def reference(op: object, arrays: list[np.ndarray], dtype: str) -> np.ndarray:
    """NumPy's result, computed as tenon computes: integers that become floats in the default float, and
    float16 in float32, each rounded once."""
    wanted = expected_dtype(op, dtype)
    if np.dtype(dtype).kind in "biu" and wanted.kind == "f":
        arrays = [a.astype(np.float64) for a in arrays]
    elif dtype == "float16":
        arrays = [a.astype(np.float32) for a in arrays]
    elif dtype == "complex64":
        arrays = [a.astype(np.complex128) for a in arrays]
    result = peer(op)(*arrays)
    return result if result.dtype.kind == "b" or wanted.kind == "b" else np.asarray(result).astype(wanted)


def samples(op: object, dtype: str) -> list[np.ndarray]:
    """One array for each operand. Integer divisors, exponents and shifts are neither zero nor negative, where
    NumPy does not define the result."""
    arrays = [sample(dtype, (4, 5), seed=i) for i in range(arity(op))]
    if len(arrays) > 1 and np.dtype(dtype).kind in "iu":
        arrays[1] = np.abs(arrays[1]) % 5 + (1 if "power" not in op._numpy_name else 0)
        arrays[1] = arrays[1].astype(dtype)
    return arrays


def computes_bool_in_int8(op: object, dtype: str) -> bool:
    """Where NumPy has no loop for bool and takes that for int8; tenon keeps bool, or refuses it."""
    wanted = expected_dtype(op, dtype)
    return dtype == "bool" and wanted is not None and wanted.kind in "iu"


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_dtypes_for_every_layout(name: str, dtype: str, device: str) -> None:
    op = ELEMENTWISE[name]
    arrays = samples(op, dtype)
    wanted = expected_dtype(op, dtype)
    if NUMPY < (2, 1) and name in NEW_IN_NUMPY_2 and np.dtype(dtype).kind in NEW_IN_NUMPY_2[name]:
        pytest.skip("NumPy 2 has another rule, and tenon has that")
    try:
        op(*[put(a, device) for a in arrays])
    except TypeError as error:
        # A refusal says which op and dtype; NumPy refuses too, or computes bool as a number.
        assert str(error).startswith(tuple(f"{n}: " for n in ROWS))
        assert dtype in str(error)
        known = computes_bool_in_int8(op, dtype) or name in OWN_RULE or np.dtype(dtype).kind == "c"
        assert wanted is None or known, f"NumPy takes {dtype}: {error}"
        return
    if wanted is None or computes_bool_in_int8(op, dtype):
        return  # more than NumPy has: the C++ tests compare it with the scalar definition
    for layout, arrange in LAYOUTS.items():
        lent = [arrange(a) for a in arrays]
        result = op(*[put(a, device) for a in lent])
        case = f"{name} {dtype} {layout}"
        assert result.device.type == device, case
        assert result.shape == lent[0].shape, case
        assert result.dtype == wanted, f"{case}: {result.dtype}, NumPy {wanted}"
        close(get(result), reference(op, lent, dtype), case)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_operands_broadcast(name: str, any_memory: str) -> None:
    op = ELEMENTWISE[name]
    if arity(op) < 2:
        pytest.skip("one operand")
    dtype = "int32" if expected_dtype(op, "float32") is None else "float32"
    a, b = np.abs(sample(dtype, (4, 1, 3))) + 1, np.abs(sample(dtype, (5, 1))) + 1
    a, b = a.astype(dtype), b.astype(dtype)
    close(get(op(put(a, any_memory), put(b, any_memory))), reference(op, [a, b], dtype), name)
    close(get(op(put(a, any_memory), 2)), reference(op, [a, np.array(2, dtype)], dtype), name)
    with pytest.raises(ValueError, match=r"broadcast"):
        op(put(np.ones((3,), dtype), any_memory), put(np.ones((4,), dtype), any_memory))


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "sliced", "negative strides"])
def test_out_and_in_place(name: str, layout: str, device: str) -> None:
    """out= writes into a tensor or ndarray of any layout and returns it; op_ overwrites its first operand."""
    op = ELEMENTWISE[name]
    dtype = "int32" if expected_dtype(op, "float32") is None else "float32"
    arrays = [(np.abs(a) * 0.3 + 1).astype(dtype) for a in samples(op, dtype)]
    expected = reference(op, arrays, dtype)
    tensors = [put(a, device) for a in arrays]

    target = LAYOUTS[layout](np.zeros(expected.shape, expected.dtype))
    out = put(target, device)
    assert op(*tensors, out=out) is out
    close(get(out), expected, name)
    if device == "cpu":
        close(target, expected, name)
        target[...] = 0
        assert op(*tensors, out=target) is target
        close(target, expected, name)

    inplace = getattr(tenon.Tensor, name + "_", None)
    assert inplace is not None, f"{name} has no in-place form"
    own = LAYOUTS[layout](arrays[0])
    t = put(own, device)
    if expected.dtype == arrays[0].dtype:
        pointer = t.data_ptr()
        assert inplace(t, *tensors[1:]) is t
        close(get(t), expected, name)
        assert t.data_ptr() == pointer
        assert device == "cuda" or pointer == address(own)
    if device == "cpu":
        with pytest.raises((RuntimeError, ValueError), match="read-only"):
            op(*tensors, out=tenon.from_numpy(read_only(target)))
    with pytest.raises(ValueError, match="shape"):
        op(*tensors, out=put(np.zeros((7, 7), expected.dtype), device))


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 2.0**-30, 1e30, -1e30, 3.0])


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(name: str, dtype: str, device: str) -> None:
    """Infinities, NaN, signed zeros and large values, every pair of them, as in NumPy."""
    op = ELEMENTWISE[name]
    if expected_dtype(op, dtype) is None:
        pytest.skip("takes no floats")
    values = SPECIAL.astype(dtype)
    grids = np.meshgrid(*[values] * arity(op), indexing="ij")
    result = get(op(*[put(g, device) for g in grids]))
    expected = peer(op)(*grids)
    for position in np.ndindex(expected.shape):
        x, y = result[position], expected[position]
        operands = tuple(g[position] for g in grids)
        message = f"{name}{operands}: {x}, NumPy {y}"
        if expected.dtype.kind == "b":
            assert x == y, message
        elif np.isnan(y):
            assert np.isnan(x), message
        elif np.isinf(y) or y == 0:
            # An op may be more exact than NumPy near its limits, never the other way.
            assert x == y or abs(float(x) - float(y)) < 1e-30, message
            assert np.isnan(y) or np.signbit(x) == np.signbit(y) or name in SIGN_OF_ZERO_IS_FREE, message
        else:
            np.testing.assert_allclose(x, y, rtol=8 * np.finfo(dtype).eps, err_msg=message)


# The standard leaves open which of two zeros is the larger.
SIGN_OF_ZERO_IS_FREE = {"maximum", "minimum", "fmax", "fmin"}


def test_int_with_float_keeps_the_floats_dtype(device: str) -> None:
    """Where tenon differs from NumPy on purpose, as PyTorch and JAX do."""
    for name in ("add", "mul", "div", "maximum", "lt"):
        for integer in INTEGERS:
            for real in FLOATS + COMPLEX:
                if name in ("maximum", "lt") and real in COMPLEX:
                    continue
                a, b = put(np.ones(2, integer), device), put(np.ones(2, real), device)
                wanted = np.bool_ if name == "lt" else real
                assert ELEMENTWISE[name](a, b).dtype == np.dtype(wanted)
                assert ELEMENTWISE[name](b, a).dtype == np.dtype(wanted)


@pytest.mark.parametrize("a", DTYPES)
@pytest.mark.parametrize("b", DTYPES)
def test_promotion_is_numpys_within_a_kind(a: str, b: str, device: str) -> None:
    result = tenon.add(put(np.ones(2, a), device), put(np.ones(2, b), device)).dtype
    kinds = {np.dtype(d).kind for d in (a, b)}
    if kinds & set("fc") and kinds & set("iu"):
        assert result == np.dtype(next(d for d in (a, b) if np.dtype(d).kind in "fc"))
    elif {a, b} == {"int64", "uint64"} or ("uint64" in (a, b) and "i" in kinds):
        assert result.is_floating_point or result == np.dtype("int64")  # no integer holds both
    else:
        assert result == np.result_type(a, b)


# ---- derivatives ----

DIFFERENTIATED = {
    op.__name__: op
    for op in operations()
    if not op.__name__.endswith("_") and hasattr(tenon.Tensor, op.__name__ + "_") and 1 <= arity(op) <= 3
    if "dim" not in inspect.signature(op).parameters
}


def central_difference(f, xs: list[np.ndarray], which: int, direction: np.ndarray, step: float) -> np.ndarray:
    shifted = [[x + s * step * direction if i == which else x for i, x in enumerate(xs)] for s in (1, -1)]
    return (f(*shifted[0]) - f(*shifted[1])) / (2 * step)


def inside_the_domain(name: str, op: object) -> list[np.ndarray] | None:
    """Points where the operation is finite and smooth: away from zeros, ties, kinks and domain borders."""
    rng = np.random.default_rng(7)
    for low, high in ((0.3, 0.7), (1.3, 1.7), (-0.7, -0.3)):
        xs = [rng.uniform(low, high, 6) * (1 + 0.31 * i) for i in range(arity(op))]
        try:
            y = op(*[tenon.from_numpy(x) for x in xs])
        except (TypeError, ValueError, IndexError):  # no floats, or clip without bounds
            return None
        if not y.dtype.is_floating_point or y.shape != (6,):  # no number for each number
            return None
        if np.isfinite(y.numpy()).all():
            return xs
    raise AssertionError(f"{name} is finite nowhere")


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_first_and_second_derivatives(name: str, device: str) -> None:
    """Against central differences, in each operand; second derivatives differentiate the first."""
    op = DIFFERENTIATED[name]
    xs = inside_the_domain(name, op)
    if xs is None:
        pytest.skip("no floating-point operation")
    result = op(*[put(x, device).requires_grad_() for x in xs])
    if not result.requires_grad:
        pytest.skip("a random result")
    try:
        result.sum().backward()
    except RuntimeError as error:
        assert "has no derivative" in str(error)  # said out loud, with the way out
        assert "detach()" in str(error)
        return
    rng = np.random.default_rng(11)

    def run(*arrays: np.ndarray) -> np.ndarray:
        return get(op(*[put(a, device) for a in arrays]))

    def gradient_of(which: int, weights: np.ndarray, *arrays: np.ndarray, record: bool = False):
        leaves = [put(a.copy(), device).requires_grad_() for a in arrays]
        (op(*leaves) * put(weights, device)).sum().backward(create_graph=record)
        return leaves, leaves[which].grad

    for which in range(len(xs)):
        weights, direction = rng.normal(size=(2, 6))
        try:
            leaves, gradient = gradient_of(which, weights, *xs, record=True)
        except RuntimeError as error:  # the derivative is an operation without one
            assert "has no derivative" in str(error), error
            leaves, gradient = gradient_of(which, weights, *xs)
        numeric = central_difference(run, xs, which, direction, 1e-6) * weights
        actual = np.zeros(6) if gradient is None else get(gradient.detach()) * direction
        np.testing.assert_allclose(actual, numeric, rtol=1e-5, atol=1e-7, err_msg=f"{name}: operand {which}")

        if gradient is None or not gradient.requires_grad:
            continue  # constant or linear
        for leaf in leaves:
            leaf.grad = None
        outer = rng.normal(size=6)
        try:
            (gradient * put(outer, device)).sum().backward()
        except RuntimeError as error:
            assert "has no derivative" in str(error), error
            continue
        for other, leaf in enumerate(leaves):
            if leaf.grad is None:
                continue

            def first(
                *a: np.ndarray, w: int = which, v: np.ndarray = weights, o: np.ndarray = outer
            ) -> np.ndarray:
                return get(gradient_of(w, v, *a)[1]) * o

            numeric = central_difference(first, xs, other, direction, 1e-5)
            actual, case = get(leaf.grad) * direction, f"{name}: d²/d{which}d{other}"
            np.testing.assert_allclose(actual, numeric, rtol=2e-4, atol=1e-6, err_msg=case)


# ---- the rows themselves ----


@pytest.mark.parametrize("op", list(operations()), ids=lambda op: op.__name__)
def test_every_operation_introduces_itself(op: object) -> None:
    import pickle

    assert op.__doc__
    assert len(op.__doc__.split("\n\n", 1)[1]) > 3
    assert op.__module__ == "tenon"
    assert isinstance(inspect.signature(op), inspect.Signature)
    if hasattr(tenon, op.__name__):
        assert pickle.loads(pickle.dumps(op)) is op
