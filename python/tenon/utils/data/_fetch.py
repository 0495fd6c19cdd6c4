"""Reading one batch: in the main process, in a thread and in workers alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenon.utils.data import _batches
from tenon.utils.data._collate import default_collate


@dataclass(frozen=True)
class Recipe:
    """What a loader says of its batches; workers get it as it is."""

    dataset: Any
    iterable: bool
    batched: bool  # batches are made of samples; else each sample comes alone
    batch_size: int | None
    drop_last: bool
    collate_fn: Callable[[Any], Any]

    def reads_batches(self) -> bool:
        """Whether the data set gives whole batches, by slices and vectors of indices."""
        plain = self.batched and not self.iterable and self.collate_fn is default_collate
        return plain and _batches.getter(self.dataset) is not None

    def fetcher(self) -> Callable[[Any], Any]:
        """A new one, which begins an IterableDataset anew. It raises StopIteration at its end."""
        return _Stream(self) if self.iterable else _Reader(self)


class _Reader:
    """Reads a data set by indices."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.whole = _batches.getter(recipe.dataset) if recipe.reads_batches() else None
        self.many = _batches.prefers(type(recipe.dataset), "__getitems__", "__getitem__")
        self.at: Any = None  # what is being read, for messages

    def __call__(self, indices: Any) -> Any:
        try:
            return self._read(indices)
        except StopIteration as e:  # it would end the loop over the batches
            raise RuntimeError(f"DataLoader: reading {_batches.told(self.at)} raised StopIteration") from e
        except Exception as e:
            e.add_note(f"DataLoader: this happened while {_batches.told(self.at)} was read")
            raise

    def _read(self, indices: Any) -> Any:
        self.at = indices
        if self.whole is not None:
            return self.whole(indices)
        dataset, collate = self.recipe.dataset, self.recipe.collate_fn
        if not self.recipe.batched:
            return collate(dataset[indices])
        if self.many:
            return collate(_batches.samples(dataset, indices))
        samples = []
        for self.at in indices:
            samples.append(dataset[self.at])
        self.at = indices
        return collate(samples)


class _Stream:
    """Reads an IterableDataset."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.samples = iter(recipe.dataset)
        self.ended = False

    def __call__(self, indices: Any) -> Any:
        if self.ended:
            raise StopIteration
        recipe = self.recipe
        if not recipe.batched:
            return recipe.collate_fn(next(self.samples))
        batch = list(itertools.islice(self.samples, recipe.batch_size))
        self.ended = len(batch) < (recipe.batch_size or 0)
        if not batch or (self.ended and recipe.drop_last):
            raise StopIteration
        return recipe.collate_fn(batch)
