"""casting= by NumPy's rules, over every pair of dtypes and every function that has it."""

import itertools

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "complex64", "complex128",
]  # fmt: skip
RULES = ["no", "equiv", "safe", "same_kind", "unsafe"]


def allowed(f, *args, **options) -> bool:
    try:
        f(*args, **options)
    except TypeError:
        return False
    return True


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("casting", RULES)
def test_the_rules_are_numpys(casting):
    for a, b in itertools.product(DTYPES, DTYPES):
        wanted = np.can_cast(a, b, casting)
        assert tnp.can_cast(a, b, casting) == wanted, (a, b)
        x, y = tenon.ones(2, dtype=a), tenon.zeros(2, dtype=b)
        assert allowed(tnp.copyto, y, x, casting=casting) == wanted, (a, b)
        assert allowed(tnp.concatenate, (x,), dtype=b, casting=casting) == wanted, (a, b)
        assert allowed(x.astype, b, casting=casting) == wanted, (a, b)
        if wanted:
            assert y.tolist() == np.ones(2, a).astype(b).tolist()


def test_the_default_of_copyto():
    unsigned = tenon.zeros(1, dtype=tenon.uint8)
    with pytest.raises(TypeError, match="copyto"):
        tnp.copyto(unsigned, tenon.tensor([-1], dtype=tenon.int8))
    assert unsigned.tolist() == [0]
    tnp.copyto(unsigned, tenon.tensor([-1], dtype=tenon.int8), casting="unsafe")
    assert unsigned.tolist() == [255]


def test_safe_keeps_the_digits():
    """An integer beside a float takes the float's dtype; asked for by name, that is not always safe."""
    whole = tenon.tensor([2**24 + 1], dtype=tenon.int32)
    with pytest.raises(TypeError, match="int32 cannot become float32 by casting='safe'"):
        tnp.add(whole, whole, dtype="float32", casting="safe")
    assert tnp.add(whole, whole, dtype="float64", casting="safe").tolist() == [2**25 + 2]
    assert tnp.add(whole, tenon.tensor([1.0]), casting="safe").dtype == tenon.float32
    with pytest.raises(TypeError, match="safe"):
        tnp.putmask(tenon.zeros(1), tenon.tensor([True]), whole)
    assert tnp.can_cast(tenon.uint8, tenon.bfloat16, "safe") and not tnp.can_cast(
        tenon.int16, tenon.bfloat16, "safe"
    )


def test_out_takes_the_kind():
    """As in PyTorch: signed integers go into unsigned ones."""
    out = tenon.zeros(1, dtype=tenon.uint8)
    assert tenon.add(tenon.tensor([3], dtype=tenon.int8), 4, out=out).tolist() == [7]
    with pytest.raises(TypeError):
        tenon.add(tenon.tensor([3.0]), 4, out=out)
