"""What a DataLoader reads: data sets by index, data sets that are iterated, and what is made of them."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from tenon import _C
from tenon._C import Tensor
from tenon.utils.data import _batches

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T_co = TypeVar("T_co", covariant=True)
Indices = slice | Tensor


class Dataset(Generic[T_co]):
    """A data set whose samples have numbers: subclass it, define ``__getitem__`` and ``__len__``.

    Two more methods read several samples at once, where that is faster. ``__getitems__(indices)`` gets a list
    of ints and returns a list of samples, as in PyTorch. ``__getbatch__(indices)`` returns the whole batch as
    the model gets it; indices is a slice or a vector of int64. It is used where ``collate_fn`` is not given.

    Examples
    --------
    >>> class Squares(tenon.utils.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return index * index
    >>> list(tenon.utils.data.DataLoader(Squares(), batch_size=2))
    [tensor([0, 1]), tensor([4, 9])]
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__}: a Dataset must define __getitem__(index)")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """A data set that is read from its beginning to its end: subclass it and define ``__iter__``.

    Each worker of a DataLoader iterates over a copy of its own; ``get_worker_info()`` tells ``__iter__``
    which part is the worker's.

    Examples
    --------
    >>> class Countdown(tenon.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter([3, 2, 1])
    >>> list(tenon.utils.data.DataLoader(Countdown(), batch_size=2))
    [tensor([3, 2]), tensor([1])]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: an IterableDataset must define __iter__()")

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors and arrays side by side: sample i is the tuple of their rows i.

    Nothing is copied: arrays, memory maps, series and buffers are taken as ``tenon.asarray`` takes them. A
    sample is made of views. A DataLoader reads whole batches: consecutive rows (no shuffling, no workers) are
    read-only views of the tensors' memory, so that an in-place operation on a batch cannot change the data;
    other rows are one gather into new memory.

    Parameters
    ----------
    tensors : Tensor or array
        At least one, all of the same length in their first dimension.

    Raises
    ------
    ValueError
        For tensors of different lengths, for 0-d ones and for none.
    TypeError
        For what is no array.

    Examples
    --------
    >>> x, y = np.arange(6).reshape(3, 2), np.array([0, 1, 0])
    >>> dataset = tenon.utils.data.TensorDataset(x, y)
    >>> dataset[1]
    (tensor([2, 3]), tensor(1))
    >>> np.shares_memory(dataset.tensors[0].numpy(), x)
    True
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ValueError("TensorDataset: expected at least one tensor or array; got none")
        self.tensors = tuple(_C._ingest(t, "TensorDataset", None, None, None) for t in tensors)
        shapes = [tuple(t.shape) for t in self.tensors]
        if not all(shapes) or len({s[0] for s in shapes}) > 1:
            raise ValueError(
                f"TensorDataset: the first dimension counts the samples and must be the same for all; got "
                f"shapes {', '.join(map(str, shapes))}"
            )

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __getbatch__(self, indices: Indices) -> list[Tensor]:
        """The rows of all tensors: views of consecutive ones, else a gather."""
        return [_batches.rows(t, indices) for t in self.tensors]

    def _holds_tensors(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.tensors[0])


class StackDataset(Dataset[Any]):
    """Data sets side by side: sample i is the tuple, or the dict, of their samples i.

    Parameters
    ----------
    args : Dataset
        The parts of a tuple; or else
    kwargs : Dataset
        the parts of a dict, by name. All have the same length.

    Raises
    ------
    ValueError
        For parts of different lengths, for none, and for both kinds.

    Examples
    --------
    >>> images, texts = ["i0", "i1"], ["t0", "t1"]
    >>> tenon.utils.data.StackDataset(image=images, text=texts)[1]
    {'image': 'i1', 'text': 't1'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError(
                f"StackDataset: expected data sets by position or by name; got {len(args)} and {len(kwargs)}"
            )
        self.datasets = kwargs or args
        lengths = [len(d) for d in self._parts()]
        if len(set(lengths)) > 1:
            raise ValueError(f"StackDataset: the data sets must have one length; got {lengths}")

    def _parts(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _each(self, read: Callable[[Any], Any]) -> Any:
        if isinstance(self.datasets, dict):
            return {k: read(d) for k, d in self.datasets.items()}
        return tuple(map(read, self.datasets))

    def __getitem__(self, index: Any) -> Any:
        return self._each(lambda d: d[index])

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """The samples, read by each part at once where it can."""
        columns = self._each(lambda d: _batches.samples(d, indices))
        if isinstance(columns, dict):
            return [{k: c[i] for k, c in columns.items()} for i in range(len(indices))]
        return list(zip(*columns, strict=True))

    def __getbatch__(self, indices: Indices) -> Any:
        """The parts' batches: as PyTorch collates a tuple of them, a list."""
        got = self._each(lambda d: _batches.getter(d)(indices))  # type: ignore[misc]
        return got if isinstance(got, dict) else list(got)

    def _reads_batches(self) -> bool:
        return all(_batches.getter(d) is not None for d in self._parts())

    def _holds_tensors(self) -> bool:
        return all(map(_batches.holds_tensors, self._parts()))

    def __len__(self) -> int:
        return len(self._parts()[0])


class ConcatDataset(Dataset[T_co]):
    """Data sets one after the other.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one; none of them an IterableDataset.

    Raises
    ------
    ValueError
        For no data sets.
    TypeError
        For an IterableDataset: ChainDataset joins those.

    Examples
    --------
    >>> both = tenon.utils.data.ConcatDataset([["a", "b"], ["c"]])
    >>> len(both), both[2], both[-3]
    (3, 'c', 'a')
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected at least one data set; got none")
        for d in self.datasets:
            if isinstance(d, IterableDataset):
                raise TypeError(
                    f"ConcatDataset: {type(d).__name__} is an IterableDataset, which has no indices; use "
                    "ChainDataset"
                )
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def _place(self, index: int) -> tuple[int, int]:
        """The number of a data set, and the index in it."""
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"ConcatDataset: index {index} is out of range for {size} samples")
        index = index % size
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return which, index - (self.cumulative_sizes[which - 1] if which else 0)

    def __getitem__(self, index: int) -> T_co:
        which, at = self._place(index)
        sample: T_co = self.datasets[which][at]
        return sample

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        """The samples, read from each data set at once where it can."""
        places: dict[int, list[tuple[int, int]]] = {}
        for position, index in enumerate(indices):
            which, at = self._place(index)
            places.setdefault(which, []).append((position, at))
        result: list[Any] = [None] * len(indices)
        for which, found in places.items():
            got = _batches.samples(self.datasets[which], [at for _, at in found])
            for (position, _), sample in zip(found, got, strict=True):
                result[position] = sample
        return result

    def __getbatch__(self, indices: Indices) -> Any:
        """A batch of one data set, or one that is put together from the batches of several."""
        readers = [_batches.getter(d) for d in self.datasets]
        return _batches.joined(readers, self.cumulative_sizes, indices)  # type: ignore[arg-type]

    def _reads_batches(self) -> bool:
        return self._holds_tensors() and all(_batches.getter(d) is not None for d in self.datasets)

    def _holds_tensors(self) -> bool:
        return all(map(_batches.holds_tensors, self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[Any]):
    """IterableDatasets one after the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset
        They are iterated in turn.

    Raises
    ------
    TypeError
        While it is iterated: for what is no IterableDataset.

    Examples
    --------
    >>> class Letters(tenon.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter("ab")
    >>> list(tenon.utils.data.ChainDataset([Letters(), Letters()]))
    ['a', 'b', 'a', 'b']
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _checked(self) -> Iterator[Any]:
        for d in self.datasets:
            if not isinstance(d, IterableDataset):
                raise TypeError(f"ChainDataset: expected IterableDatasets; got {type(d).__name__}")
            yield d

    def __iter__(self) -> Iterator[Any]:
        for d in self._checked():
            yield from d

    def __len__(self) -> int:
        return sum(len(d) for d in self._checked())


class Subset(Dataset[T_co]):
    """The samples of a data set that have the given indices, in that order.

    Parameters
    ----------
    dataset : Dataset
        What is read.
    indices : sequence of int
        Which samples; a list, a range or an array.

    Examples
    --------
    >>> tenon.utils.data.Subset(["a", "b", "c"], [2, 0])[0]
    'c'
    """

    dataset: Dataset[T_co]
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        """The samples, read at once where the data set can."""
        if type(self).__getitem__ is not Subset.__getitem__:  # a subclass with samples of its own
            return [self[i] for i in indices]
        return _batches.samples(self.dataset, [self.indices[i] for i in indices])

    def __getbatch__(self, indices: Indices) -> Any:
        """The data set's batch of these samples."""
        read = _batches.getter(self.dataset)
        assert read is not None
        if isinstance(self.indices, range):
            chosen = self.indices[indices] if isinstance(indices, slice) else None
            if chosen is not None and chosen.step == 1:
                return read(slice(chosen.start, chosen.stop))
        kept = self.__dict__.get("_vector")
        if kept is None or kept[0] is not self.indices or len(kept[1]) != len(self.indices):
            kept = self._vector = (self.indices, _batches.index_vector(self.indices))
        return read(kept[1][indices])

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_vector"}

    def _reads_batches(self) -> bool:
        return _batches.getter(self.dataset) is not None

    def _holds_tensors(self) -> bool:
        return _batches.holds_tensors(self.dataset)

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset[Any]]:
    """Splits a data set at random into parts that have no sample in common.

    Parameters
    ----------
    dataset : Dataset
        What is split.
    lengths : sequence of int or float
        How many samples each part has; or fractions that sum up to 1. What fractions leave over goes to the
        first parts, one sample each.
    generator : Generator, optional
        Where the permutation comes from; None for the default generator.

    Returns
    -------
    list[Subset]
        The parts, which read the data set itself.

    Raises
    ------
    ValueError
        For lengths that do not sum up to the data set's, and for fractions that are negative.
    TypeError
        For lengths that are no numbers, and for a data set without a length.

    Examples
    --------
    >>> train, test = tenon.utils.data.random_split(range(10), [0.8, 0.2])
    >>> len(train), len(test)
    (8, 2)
    """
    size = len(dataset)
    counts = list(lengths)
    if math.isclose(sum(counts), 1):
        if min(counts) < 0:
            raise ValueError(f"random_split: fractions must lie between 0 and 1; got {list(lengths)}")
        counts = [math.floor(size * f) for f in counts]
        for i in range(size - int(sum(counts))):
            counts[i % len(counts)] += 1
        for i in (i for i, n in enumerate(counts) if n == 0):
            warnings.warn(f"random_split: part {i} of {list(lengths)} has no samples", stacklevel=2)
    if sum(counts) != size or any(n != int(n) or n < 0 for n in counts):
        raise ValueError(
            f"random_split: lengths must be counts that sum up to the data set's {size}, or fractions "
            f"that sum up to 1; got {list(lengths)}"
        )
    order = _C.randperm(size, generator=generator).tolist()
    ends = itertools.accumulate(map(int, counts))
    return [Subset(dataset, order[end - int(n) : end]) for end, n in zip(ends, counts, strict=True)]
