"""In which order a DataLoader reads, and what goes into a batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from tenon import _C
from tenon._C import Tensor
from tenon.utils.data._batches import index_vector

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """An order of indices: subclass it, define ``__iter__`` and, for ``len(loader)``, ``__len__``.

    Examples
    --------
    >>> class Backwards(tenon.utils.data.Sampler):
    ...     def __iter__(self):
    ...         return iter([2, 1, 0])
    >>> list(tenon.utils.data.DataLoader(["a", "b", "c"], sampler=Backwards()))
    [['c'], ['b'], ['a']]
    """

    def __init__(self, data_source: Any = None) -> None:
        """data_source is what scripts for earlier PyTorch pass; nothing is done with it."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: a Sampler must define __iter__()")


def _checked_bool(name: str, parameter: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name}: {parameter} must be True or False; got {value!r}")
    return value


def _checked_count(name: str, parameter: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name}: {parameter} must be a positive integer; got {value!r}")
    return value


class SequentialSampler(Sampler[int]):
    """The indices in their order.

    Parameters
    ----------
    data_source : sized
        What is read.

    Examples
    --------
    >>> list(tenon.utils.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def _vector(self) -> Tensor:
        return _C.arange(len(self.data_source), dtype=_C.int64)

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices in random order, another one each time it is iterated.

    Parameters
    ----------
    data_source : sized
        What is read.
    replacement : bool, default False
        True draws each index anew; False gives permutations.
    num_samples : int, optional
        How many indices; None for as many as there are samples.
    generator : Generator, optional
        Where they come from; None for the default generator.

    Raises
    ------
    TypeError
        For a replacement that is no bool.
    ValueError
        For a num_samples that is no positive integer.

    Examples
    --------
    >>> g = tenon.Generator().manual_seed(0)
    >>> sorted(tenon.utils.data.RandomSampler("abc", generator=g))
    [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = _checked_bool("RandomSampler", "replacement", replacement)
        if num_samples is not None:
            _checked_count("RandomSampler", "num_samples", num_samples)
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """How many indices it gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _vector(self) -> Tensor:
        n, count = len(self.data_source), self.num_samples
        if count and not n:
            raise ValueError(f"RandomSampler: num_samples is {count}, but the data set has no samples")
        if self.replacement:
            return _C.randint(0, max(n, 1), (count,), dtype=_C.int64, generator=self.generator)
        parts = [_C.randperm(n, generator=self.generator) for _ in range(-(-count // n) if n else 0)]
        if not parts:
            return _C.zeros(0, dtype=_C.int64)
        return parts[0][:count] if len(parts) == 1 else _C.cat(parts)[:count]

    def __iter__(self) -> Iterator[int]:
        yield from self._vector().tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    Parameters
    ----------
    indices : sequence of int
        Which samples.
    generator : Generator, optional
        Where the order comes from; None for the default generator.

    Examples
    --------
    >>> sorted(tenon.utils.data.SubsetRandomSampler([7, 3, 5]))
    [3, 5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def _vector(self) -> Tensor:
        order = _C.randperm(len(self.indices), generator=self.generator)
        return _C.index_select(index_vector(self.indices), 0, order)

    def __iter__(self) -> Iterator[int]:
        for i in _C.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices that are drawn with probabilities in proportion to weights.

    Parameters
    ----------
    weights : sequence of float
        One for each sample; a list, an array or a tensor.
    num_samples : int
        How many indices.
    replacement : bool, default True
        False draws no index twice.
    generator : Generator, optional
        Where they come from; None for the default generator.

    Raises
    ------
    TypeError
        For a replacement that is no bool.
    ValueError
        For a num_samples that is no positive integer, and for weights that are no vector.

    Examples
    --------
    >>> list(tenon.utils.data.WeightedRandomSampler([0.0, 1.0], 3))
    [1, 1, 1]
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        self.num_samples = _checked_count("WeightedRandomSampler", "num_samples", num_samples)
        self.replacement = _checked_bool("WeightedRandomSampler", "replacement", replacement)
        self.weights = _C.asarray(weights, dtype=_C.float64).detach()
        if self.weights.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights must be a vector; got shape {tuple(self.weights.shape)}"
            )
        self.generator = generator

    def _vector(self) -> Tensor:
        return _C.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)

    def __iter__(self) -> Iterator[int]:
        yield from self._vector().tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists.

    Parameters
    ----------
    sampler : Sampler or iterable
        Where the indices come from.
    batch_size : int
        How many go into a list.
    drop_last : bool
        True leaves out a last list that is shorter.

    Raises
    ------
    ValueError
        For a batch_size that is no positive integer.
    TypeError
        For a drop_last that is no bool.

    Examples
    --------
    >>> list(tenon.utils.data.BatchSampler(range(5), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        self.sampler = sampler
        self.batch_size = _checked_count("BatchSampler", "batch_size", batch_size)
        self.drop_last = _checked_bool("BatchSampler", "drop_last", drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
