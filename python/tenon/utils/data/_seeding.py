"""Random numbers in workers: seeds from epoch and batch, for all generators that a data set may use."""

from __future__ import annotations

import contextlib
import random
import sys
import types
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from typing import Any

from tenon import _C

_LEAVES = (str, bytes, bytearray, int, float, complex, type, types.ModuleType, type(None), _C.Tensor)
_SOME = 256  # entries of a container that are looked at: transforms are few, samples are many
_MOST = 20_000  # objects


def mixed(*parts: Any) -> int:
    """A number of 128 bits that depends on all of the parts."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=16).digest(), "little")


def _inside(x: Any) -> Iterator[Any]:
    """What an object holds."""
    if isinstance(x, dict):
        yield from list(x.values())[:_SOME]
    elif isinstance(x, list | tuple | set | frozenset):
        yield from list(x)[:_SOME] if isinstance(x, set | frozenset) else x[:_SOME]
    elif isinstance(x, partial):
        yield from (x.func, x.args, x.keywords)
    elif isinstance(x, types.MethodType):
        yield from (x.__self__, x.__func__)
    elif isinstance(x, types.FunctionType):
        for cell in x.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:  # an empty cell
                continue
        yield x.__defaults__
    else:
        yield getattr(x, "__dict__", None)
        for name in getattr(type(x), "__slots__", ()):
            yield getattr(x, name, None)


def generators(*roots: Any) -> list[Any]:
    """The generators of random numbers that objects hold: Python's, NumPy's and tenon's."""
    numpy = sys.modules.get("numpy.random")
    kinds: tuple[Any, ...] = (random.Random, _C.Generator)
    if numpy is not None:
        kinds += (numpy.Generator, numpy.RandomState)
    found: list[Any] = []
    seen: set[int] = set()
    waiting = list(roots)
    while waiting and len(seen) < _MOST:
        x = waiting.pop()
        if id(x) in seen or isinstance(x, _LEAVES) or type(x).__module__ == "numpy":
            continue
        seen.add(id(x))
        if isinstance(x, kinds):
            found.append(x)
        else:
            with contextlib.suppress(Exception):  # what an object's own code raises
                waiting.extend(_inside(x))
    return found


def _state(generator: Any) -> str:
    if isinstance(generator, random.Random):
        return repr(generator.getstate())
    if isinstance(generator, _C.Generator):
        return repr(generator.get_state())
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    return repr({k: str(getattr(v, "tolist", lambda v=v: v)()) for k, v in _flat(bits.state)})


def _flat(state: Any) -> Iterator[tuple[str, Any]]:
    for key, value in state.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield key, value


def _seed(generator: Any, seed: int) -> None:
    if isinstance(generator, random.Random):
        generator.seed(seed)
    elif isinstance(generator, _C.Generator):
        generator.manual_seed(seed & (2**64 - 1))
    elif hasattr(generator, "bit_generator"):
        bits = generator.bit_generator
        bits.state = type(bits)(seed).state
    else:  # RandomState
        generator.seed(words(seed))


def words(seed: int) -> list[int]:
    """The seed as NumPy's older generators take it."""
    return [(seed >> 32 * i) & 0xFFFFFFFF for i in range(4)]


class Seeder:
    """Seeds a worker's generators. Those that the data set holds keep apart what they were."""

    def __init__(self, *roots: Any) -> None:
        self._held = [(g, _state(g)) for g in generators(*roots)]

    def __call__(self, *place: int) -> None:
        """The numbers that follow depend on the place alone: the epoch's seed, the batch."""
        # Python and NumPy have the same algorithm: one seed would give the same numbers.
        random.seed(mixed("random", *place))
        _C.manual_seed(mixed("tenon", *place) & (2**64 - 1))
        numpy = sys.modules.get("numpy.random")
        if numpy is not None:
            numpy.seed(words(mixed("numpy", *place)))
        for generator, state in self._held:
            _seed(generator, mixed(state, *place))
