"""One pass over a DataLoader."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from tenon import _C
from tenon._C import Tensor
from tenon.utils.data import _batches


def epoch_seed(generator: Any) -> int:
    """The number that all random numbers of workers come from in one epoch."""
    return int(_C.randint(0, 2**63 - 1, (), dtype=_C.int64, generator=generator).item())


def indices_of(loader: Any) -> Iterator[Any]:
    """What is read, batch by batch."""
    if loader._recipe.iterable:
        return itertools.repeat(None)
    if loader.batch_sampler is None:
        return iter(loader.sampler)
    if loader._recipe.reads_batches():
        return _batches.index_batches(loader.batch_sampler)
    return iter(loader.batch_sampler)


def pinned(data: Any) -> Any:
    """The data with page-locked copies of its tensors."""
    if isinstance(data, Tensor):
        return data.pin_memory()
    if isinstance(data, str | bytes):
        return data
    if isinstance(data, Mapping):
        return type(data)({k: pinned(v) for k, v in data.items()})  # type: ignore[call-arg]
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(pinned, data))
    if isinstance(data, list | tuple):
        return type(data)(map(pinned, data))
    own = getattr(data, "pin_memory", None)
    return own() if callable(own) else data


class SingleIterator:
    """Reads in the process itself."""

    def __init__(self, loader: Any) -> None:
        epoch_seed(loader.generator)  # the order of the indices is the same with workers
        self._indices = indices_of(loader)
        self._fetch = loader._recipe.fetcher()
        self._pins = loader._pins()

    def __iter__(self) -> SingleIterator:
        return self

    def __next__(self) -> Any:
        data = self._fetch(next(self._indices))
        return pinned(data) if self._pins else data
