"""The walk of the reductions: every dtype, layout and axis against NumPy, on the CPU and on the device."""

import inspect
import warnings

import numpy as np
import pytest
import tenon
from support import DTYPES, sample
from walk import LAYOUTS, NAMED, arity, get, peer, put, refuses

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")


def takes_axis(op: object) -> bool:
    """Reductions: one tensor, then dim=None and keepdim."""
    parameters = list(inspect.signature(op).parameters)
    return arity(op) == 1 and "dim" in parameters and "keepdim" in parameters


REDUCTIONS = {
    name: op
    for name, op in NAMED.items()
    if takes_axis(op) and not isinstance(peer(op), np.ufunc) and op._returns == "Tensor"
}
# tenon.numpy's own objects: (a, axis=None, ..., keepdims=False).
UNDER_NUMPY = {
    f"numpy.{name}": op
    for name, op in tenon._C._numpy_names["tenon.numpy"].items()
    if type(op) is tenon._C.Operation
    and arity(op) == 1
    and {"axis", "keepdims"} <= inspect.signature(op).parameters.keys()
    and hasattr(np, name)
}
AXES = [None, 0, 1, 2, -1, (0, 1), (0, 2), (2, 1), (0, 1, 2), ()]
FLOATS_ONLY = {"mean", "var", "std", "norm", "logsumexp"}


def test_reductions_are_there() -> None:
    assert len(REDUCTIONS) > 15 and {"numpy.median", "numpy.nanvar", "numpy.ptp"} <= UNDER_NUMPY.keys()


@pytest.mark.parametrize("name", [*REDUCTIONS, *UNDER_NUMPY])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions(name: str, dtype: str, device: str) -> None:
    """Every axis and pair of axes, with and without keepdim, for every layout."""
    op, under_numpy = (REDUCTIONS | UNDER_NUMPY)[name], name in UNDER_NUMPY
    name = name.removeprefix("numpy.")
    theirs = getattr(np, name) if under_numpy else peer(op)
    array = sample(dtype, (3, 4, 5))
    if "prod" in name:
        array = (array % 2 + 1).astype(dtype) if np.dtype(dtype).kind in "iu" else array
    try:
        op(put(array, device))
    except TypeError as error:
        assert dtype in str(error) or name in str(error)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.dtype(dtype).kind in "bc" or refuses(theirs, array) or name in FLOATS_ONLY, error
        return
    wide = {"f": np.float64, "c": np.complex128}.get(array.dtype.kind)
    for axis in AXES:
        for keepdim in (False, True):
            for layout in ("contiguous", "transposed", "negative strides", "sliced"):
                lent = LAYOUTS[layout](array)
                case = f"{name}({dtype}, {layout}, axis={axis}, keepdims={keepdim})"
                try:
                    actual = op(put(lent, device), axis=axis, keepdims=keepdim)
                except (TypeError, ValueError):
                    # One axis only, or not the empty tuple: NumPy's function must refuse the same.
                    assert isinstance(axis, tuple), case
                    continue
                spread = not under_numpy and "correction" in inspect.signature(op).parameters
                kwargs = {"ddof": 1} if spread else {}
                exact = lent.astype(wide) if wide else lent
                expected = theirs(exact, axis=axis, keepdims=keepdim, **kwargs)
                assert actual.device.type == device, case
                assert actual.shape == np.shape(expected), case
                actual = get(actual)
                if np.asarray(expected).dtype.kind in "fc":
                    eps = np.finfo(actual.dtype).eps
                    scale = np.abs(array.astype(np.complex128)).sum() if "prod" not in name else 1
                    np.testing.assert_allclose(
                        actual, expected, rtol=60 * eps, atol=4 * eps * scale, err_msg=case
                    )
                else:
                    np.testing.assert_array_equal(actual, expected, err_msg=case)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_speak_both_vocabularies(name: str, device: str) -> None:
    t = put(sample("float64", (3, 4)), device)
    op = REDUCTIONS[name]
    np.testing.assert_array_equal(get(op(t, axis=1, keepdims=True)), get(op(t, dim=1, keepdim=True)))
    if hasattr(tenon.Tensor, name):  # PyTorch has no methods for all
        np.testing.assert_array_equal(get(getattr(t, name)(1)), get(op(t, 1)))
    with pytest.raises(IndexError, match=r"dim|axis"):
        op(t, dim=2)
