"""Whole batches: who can read one at once, and the indices of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tenon import _C
from tenon._C import Tensor
from tenon.utils.data import _arena

Reader = Callable[[Any], Any]
_ARRAYS = {("numpy", "ndarray"), ("numpy", "memmap"), ("numpy.memmap", "memmap")}


def prefers(cls: type, method: str, *others: str) -> bool:
    """Whether a class has method, and no class below its owner has others, which would be passed over."""
    for base in cls.__mro__:
        if method in vars(base):
            return True
        if any(name in vars(base) for name in others):
            return False
    return False


def getter(dataset: Any) -> Reader | None:
    """What reads a batch by a slice or a vector of indices; None where the data set has only samples."""
    cls = type(dataset)
    if isinstance(dataset, Tensor) or (cls.__module__, cls.__name__) in _ARRAYS:
        try:
            t = _C.asarray(dataset)
        except TypeError:  # an array of objects
            return None
        return (lambda indices: rows(t, indices)) if t.ndim else None
    if not prefers(cls, "__getbatch__", "__getitem__", "__getitems__"):
        return None
    able = getattr(dataset, "_reads_batches", None)
    if able is not None and not able():
        return None
    read: Reader = dataset.__getbatch__
    return read


def rows(t: Tensor, indices: slice | Tensor) -> Tensor:
    """A read-only view of consecutive rows, or a gather; in a worker the gather's result is what is sent."""
    if isinstance(indices, slice):
        view: Tensor = t[indices]
        view._make_read_only()
        return view
    out = None if t.requires_grad else _arena.empty((len(indices), *t.shape[1:]), t.dtype)
    if out is None:
        return _C.index_select(t, 0, indices)
    return _C.index_select(t, 0, indices, out=out)


def holds_tensors(dataset: Any) -> bool:
    """Whether whole batches of it consist of tensors, so that parts of them can be joined."""
    told = getattr(dataset, "_holds_tensors", None)
    return told() if told is not None else isinstance(dataset, Tensor) or hasattr(dataset, "__array__")


def joined(readers: list[Reader], ends: list[int], indices: slice | Tensor) -> Any:
    """A batch of data sets one after the other, the i-th of which has the indices below ends[i]."""
    size = ends[-1]
    if isinstance(indices, slice):
        for i, end in enumerate(ends):
            start = ends[i - 1] if i else 0
            if start <= indices.start and indices.stop <= end:
                return readers[i](slice(indices.start - start, indices.stop - start))
        vector = index_vector(range(indices.start, indices.stop))
    else:
        vector = indices
    wrong = vector[(vector < -size) | (vector >= size)]
    if len(wrong):
        raise IndexError(f"ConcatDataset: index {wrong[0].item()} is out of range for {size} samples")
    vector = _C.where(vector < 0, vector + size, vector)
    which = _C.searchsorted(_C.tensor(ends), vector, right=True)
    places, parts = [], []
    for i, read in enumerate(readers):
        mine = (which == i).nonzero().reshape(-1)
        if len(mine):
            places.append(mine)
            parts.append(read(vector[mine] - (ends[i - 1] if i else 0)))
    return parts[0] if len(parts) == 1 else _interleaved(parts, _C.argsort(_C.cat(places)))


def _interleaved(parts: list[Any], order: Tensor) -> Any:
    """The rows of all parts in another order, in a structure as that of one part."""
    first = parts[0]
    if isinstance(first, dict):
        return {k: _interleaved([p[k] for p in parts], order) for k in first}
    if isinstance(first, list):
        return [_interleaved(list(fields), order) for fields in zip(*parts, strict=True)]
    return rows(_C.cat(parts), order)


def samples(dataset: Any, indices: list[int]) -> list[Any]:
    """The samples, by ``__getitems__`` where the data set has it."""
    if not prefers(type(dataset), "__getitems__", "__getitem__"):
        return [dataset[i] for i in indices]
    got: list[Any] = dataset.__getitems__(indices)
    if len(got) != len(indices):
        raise ValueError(
            f"{type(dataset).__name__}: __getitems__ returned {len(got)} samples for {len(indices)} indices"
        )
    return got


def index_vector(indices: Any) -> Tensor:
    """Indices as a vector of int64."""
    if isinstance(indices, range):
        return _C.arange(indices.start, indices.stop, indices.step, dtype=_C.int64)
    if not isinstance(indices, Tensor) and not hasattr(indices, "__array__"):
        indices = list(indices)
        if not indices:
            return _C.zeros(0, dtype=_C.int64)
    return _C.asarray(indices, dtype=_C.int64)


def index_batches(batch_sampler: Any) -> Iterator[slice | Tensor]:
    """What ``__getbatch__`` gets: slices of a vector where the sampler has one, and no lists of numbers."""
    from tenon.utils.data.sampler import BatchSampler, SequentialSampler

    sampler: Any = getattr(batch_sampler, "sampler", None)
    if type(batch_sampler) is not BatchSampler or not prefers(type(sampler), "_vector", "__iter__"):
        yield from map(index_vector, batch_sampler)
        return
    consecutive = isinstance(sampler, SequentialSampler)
    order = None if consecutive else sampler._vector()
    count = len(sampler) if order is None else len(order)
    size = batch_sampler.batch_size
    for start in range(0, count - size + 1 if batch_sampler.drop_last else count, size):
        part = slice(start, min(start + size, count))
        yield part if order is None else order[part]


def first(indices: Any) -> Any:
    """The first of a batch's indices, for messages and seeds; the index itself where it is one."""
    if isinstance(indices, slice):
        return indices.start
    if isinstance(indices, Tensor):
        return int(indices[0].item()) if indices.ndim and len(indices) else indices
    return indices[0] if isinstance(indices, list | tuple) and indices else indices


def told(indices: Any) -> str:
    """A batch's indices in words, a few of many."""
    if isinstance(indices, slice):
        return f"samples {indices.start} to {indices.stop - 1}"
    if isinstance(indices, Tensor):
        indices = indices.tolist()
    if not isinstance(indices, list):
        return f"sample {indices!r}"
    shown = ", ".join(map(repr, indices[:8]))
    return f"samples {shown}" + (f", ... ({len(indices)} of them)" if len(indices) > 8 else "")
