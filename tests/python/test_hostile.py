"""Arguments that no program means: they raise and touch no byte that is not theirs. Best run under ASan."""

import itertools
import random
import weakref

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
    # An integer is a descriptor to these, as to NumPy's: they would close that of whoever has it.
    methods = [name for name in METHODS if name not in ("tofile", "dump")]
    called = [*operations(), *(getattr(tenon.Tensor, name) for name in methods)]
    with tenon.enable_grad():  # which undoes what _set_grad_enabled() does among them
        for operation, count in itertools.product(called, range(5)):
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


class Treacherous:
    """An item of a list that empties the list when it is converted."""

    def __init__(self, owner):
        self.owner = owner

    def __array__(self, dtype=None, copy=None):
        self.owner.clear()
        self.junk = [bytes(1000) for _ in range(1000)]
        return np.zeros(3)

    def __index__(self):
        self.owner.clear()
        self.junk = [object() for _ in range(1000)]
        return 1


LISTS = {
    "stack": (tenon.stack, lambda: np.zeros(3)),
    "cat": (tenon.cat, lambda: np.zeros(3)),
    "tensor": (tenon.tensor, lambda: [1.0, 2.0, 3.0]),
    "reshape": (lambda v: tenon.zeros(1).reshape(v), lambda: 10**6),
    "grad": (
        lambda v: tenon.autograd.backward([tenon.ones(3, requires_grad=True)] * 50, v),
        lambda: np.ones(3),
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_change_while_they_are_read(name):
    f, item = LISTS[name]
    items = []
    items.append(Treacherous(items))
    items.extend(item() for _ in range(49))
    with pytest.raises(ValueError, match="the sequence changed while it was read"):
        f(items)


def test_a_dict_that_changes_while_it_is_saved(tmp_path):
    arrays = {}
    arrays.update({"a": Treacherous(arrays), **{str(i): np.ones(3) for i in range(50)}})
    tenon.save_npz(tmp_path / "x.npz", arrays)
    assert len(tenon.load_npz(tmp_path / "x.npz")) == 51


def test_weak_references_do_not_find_the_dying():
    x = tenon.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    found = []
    gradient = x.grad
    reference = weakref.ref(gradient, lambda _: found.append(x.grad))
    del gradient
    others = [tenon.zeros(2) for _ in range(300)]
    assert found[-1].tolist() == [2, 2, 2]
    assert all(found[-1] is not other for other in others)
    del reference


@pytest.mark.parametrize("k", [MOST, LEAST, MOST - 1, LEAST + 1, 2, -2])
def test_diagonals_far_outside(k):
    ones = tenon.ones(2, 2)
    assert tenon.tril(ones, k).sum().item() == (4 if k > 0 else 0)
    assert tenon.triu(ones, k).sum().item() == (0 if k > 0 else 4)


def test_numbers_that_python_does_not_write():
    huge = 10**5000
    for f in (tenon.tensor, tenon.zeros, lambda v: tenon.tensor([v], dtype=tenon.int64)):
        with pytest.raises((OverflowError, ValueError), match=r"^(tensor|zeros): .*4300 digits"):
            f(huge)


def test_rows_behind_pointers_are_no_memory_of_one_tensor():
    buffers = pytest.importorskip("_testbuffer")
    pointers = buffers.ndarray(list(range(12)), shape=[3, 4], format="i", flags=buffers.ND_PIL)
    with pytest.raises(ValueError, match="suboffsets"):
        tenon.asarray(pointers)


def test_strided_buffers_are_not_read_as_flat_ones():
    for t in (tenon.arange(6.0)[::2], tenon.arange(3.0)[::-1], tenon.ones(1).expand(3)):
        with pytest.raises((BufferError, ValueError), match="contiguous"):
            np.ndarray((3,), "f4", buffer=t)
    columns = tenon.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(
        np.ndarray((6,), "f4", buffer=columns), range(6)
    )  # C or Fortran: any will do


def test_sizes_that_fail_are_not_counted():
    tenon.memory.reset_peak()
    before = tenon.memory.stats()
    for n in (MOST, MOST - 2**20, HUGE):
        with pytest.raises((MemoryError, ValueError)):
            tenon.empty(n, dtype=tenon.uint8)
    assert tenon.memory.stats()["peak"] == before["peak"]


def test_devices_beyond_their_numbers():
    for device in ((1 + 2**32, 0), (2, 256), (2, -1)):
        with pytest.raises(BufferError, match="__dlpack__"):
            tenon.ones(3).__dlpack__(dl_device=device)


def test_an_interface_without_an_address():
    for data, error in (((0, False), "null"),):
        bad = type(
            "Bad", (), {"__array_interface__": {"data": data, "shape": (3,), "typestr": "<f8", "version": 3}}
        )
        with pytest.raises(ValueError, match=error):
            tenon.asarray(bad())
