"""Arguments that no program means: they raise and touch no byte that is not theirs. Best run under ASan."""

import random

import numpy as np
import pytest
import tenon
from support import operations

pytestmark = pytest.mark.border

HUGE = 2**62
MOST, LEAST = 2**63 - 1, -(2**63)
WIDE = np.lib.stride_tricks.as_strided(np.ones(3), (3,), (HUGE,))  # spans all memory
REPEATS = tenon.tensor([HUGE, HUGE, HUGE, HUGE, 3])
CALLS = {
    "strides of another length": (ValueError, lambda t: tenon.as_strided(t, (3,), ())),
    "an offset": (ValueError, lambda t: tenon.as_strided(t, (1,), (1,), 2**61)),
    "strides": (ValueError, lambda t: tenon.as_strided(t, (3,), (HUGE,))),
    "narrow": (IndexError, lambda t: t.narrow(0, 1, MOST)),
    "narrow from afar": (IndexError, lambda t: t.narrow(0, MOST, MOST)),
    "sizes that add up to 3": (ValueError, lambda t: t.split([HUGE, HUGE, HUGE, HUGE, 3])),
    "repeats that add up to 3": (
        ValueError,
        lambda t: t[[0] * 5].repeat_interleave(tenon.tensor([HUGE] * 4 + [3])),
    ),
    "65 dimensions by unflatten": (ValueError, lambda t: t[:1].unflatten(0, (1,) * 65)),
    "65 dimensions by unfold": (ValueError, lambda t: t.reshape((1,) * 63 + (3,)).unfold(63, 1, 1)),
    "65 dimensions by meshgrid": (ValueError, lambda t: tenon.meshgrid(*[t[:1]] * 65)),
    "a shape of 0 mod 2**64": (ValueError, lambda t: tenon.randn(HUGE, 4)),
    "a shape of 3 mod 2**64": (ValueError, lambda t: t.reshape(5, 0x6666666666666667)),
    "a dimension": (IndexError, lambda t: t.permute(MOST)),
    "a device": (ValueError, lambda t: tenon.device("cuda", 300)),
    "a device to wait for": (RuntimeError, lambda t: tenon.cuda.synchronize(300)),
    "an array": (ValueError, lambda t: tenon.from_numpy(WIDE)),
    "no method of a ufunc": (TypeError, lambda t: t.__array_ufunc__(np.add, 3, t, t)),
}


@pytest.mark.parametrize("name", CALLS)
def test_out_of_range(name):
    error, call = CALLS[name]
    with pytest.raises(error):
        call(tenon.ones(3))


def test_parts_larger_than_the_whole():
    t = tenon.arange(4)
    assert [p.tolist() for p in t.split(MOST)] == [[0, 1, 2, 3]]
    assert [p.tolist() for p in t.chunk(MOST)] == [[0], [1], [2], [3]]
    assert t.roll((HUGE + 1, HUGE), (0, 0)).tolist() == [3, 0, 1, 2]


METHODS = [n for n in dir(tenon.Tensor) if not n.startswith("_") and callable(getattr(tenon.Tensor, n))]


@pytest.mark.parametrize("name", [n for n in METHODS if not hasattr(tenon, n)])
def test_methods_take_tensors_only(name):
    """Called through the class, a method has whatever it is given in its tensor's place."""
    with pytest.raises(TypeError):
        getattr(tenon.Tensor, name)((1, 2), 1)


DTYPES = ["float32", "float64", "int64", "uint8", "bool", "complex64", "float16"]
SHAPES = [(), (0,), (1,), (3,), (3, 4), (4, 3), (2, 3, 4), (0, 3), (2, 1, 3), (4, 4), (65, 70)]
INTEGERS = [0, 1, -1, 2, 3, -2, 5, 64, MOST, LEAST, HUGE, 2**70]
NUMBERS = [0.5, -1.0, float("nan"), float("inf"), 1j, True, None, ..., np.int64(2), np.array(2)]
TYPES = [tenon.float32, tenon.int64, tenon.bool, tenon.bfloat16, np.float32, float, "int64", ">i4", object]
THINGS = ["", "mean", "cpu", "\udcff", b"x", object(), {}, {"a": 1}, range(3), tuple(range(70)), [[], [1]]]
NAMES = [
    "dim",
    "axis",
    "keepdim",
    "dtype",
    "out",
    "device",
    "size",
    "index",
    "correction",
    "generator",
    "step",
]


class Anything:
    """Arguments of all kinds, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def tensor(self) -> object:
        pick = self.random.choice
        dtype, shape = pick(DTYPES), pick(SHAPES)
        array = np.arange(int(np.prod(shape)), dtype="int64").reshape(shape).astype(dtype)
        turned = array[..., ::-1] if shape else array
        array = pick([array, array.T, turned, np.broadcast_to(array, (2, *shape))])
        array.flags.writeable = array.flags.writeable and pick([True, True, False])
        t = tenon.from_numpy(array)
        leaf = t.clone().requires_grad_() if dtype.startswith(("float", "complex")) else t
        return pick([array, t, t, t.clone(), leaf])

    def argument(self, depth: int = 0) -> object:
        pick, kind = self.random.choice, self.random.randrange(20)
        if kind < 9:
            return self.tensor()
        if kind < 13:
            return pick(INTEGERS) if kind < 11 else tuple(pick(INTEGERS) for _ in range(pick(range(4))))
        if kind < 15 and depth < 3:
            return [self.argument(depth + 1) for _ in range(pick(range(4)))]
        if kind == 15:
            return slice(*(pick([None, 1, -1, MOST, LEAST, 2**70]) for _ in range(3)))
        return pick(pick([NUMBERS, TYPES, THINGS]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(4))
def test_any_arguments_for_any_operation(seed):
    """A result or an exception, but no crash and no exception beside a result."""
    give = Anything(seed)
    for operation in [*operations(), *(getattr(tenon.Tensor, name) for name in METHODS)]:
        for count in range(5):
            arguments = [give.argument() for _ in range(count)]
            named = {
                give.random.choice(NAMES): give.argument() for _ in range(give.random.choice([0, 0, 1, 2]))
            }
            try:
                result = operation(*arguments, **named)
            except SystemError:
                raise
            except Exception:
                continue
            if isinstance(result, tenon.Tensor) and result.numel() < 10_000:
                assert len(result.flatten().tolist()) == result.numel()
