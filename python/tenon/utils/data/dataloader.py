"""DataLoader: batches of a data set, read here or by worker processes."""

from __future__ import annotations

import importlib
import multiprocessing
import multiprocessing.context
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from tenon import cuda
from tenon.utils.data._collate import default_collate, default_convert
from tenon.utils.data._fetch import Recipe
from tenon.utils.data._iterators import SingleIterator
from tenon.utils.data._pool import Pool
from tenon.utils.data._worker_info import get_worker_info
from tenon.utils.data._workers_iterator import WorkersIterator
from tenon.utils.data.dataset import IterableDataset
from tenon.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)
_FIXED = frozenset({"batch_size", "batch_sampler", "dataset", "drop_last", "persistent_workers", "sampler"})


def _refuse(text: str) -> ValueError:
    return ValueError(f"DataLoader: {text}")


class _Indexed(Protocol[T_co]):
    """What has samples: data sets, arrays, lists."""

    def __getitem__(self, index: Any, /) -> T_co: ...


class DataLoader(Generic[T_co]):
    """Batches of a data set, in order or shuffled, read here or by worker processes.

    Arrays, memory maps, tensors, TensorDatasets and what is made of them are read by one slice or gather per
    batch; no sample is touched alone. Other data sets are read sample by sample, and collate_fn makes a batch
    of the samples.

    Workers put batches into shared memory, which becomes the tensors' memory here without a copy and serves
    again when those are gone. Before each batch a worker seeds Python's, NumPy's and tenon's random
    numbers, and the generators that the data set holds, from the epoch's seed and the batch's place: no two
    batches have the same numbers, and the results do not depend on the number of workers. (With
    num_workers=0 they are this process's own.) A worker's exception is raised here, with its traceback and
    the sample; a worker that dies is a RuntimeError at once.

    Parameters
    ----------
    dataset : Dataset, array or sequence
        What is read.
    batch_size : int, default 1
        How many samples a batch has; None gives single samples.
    shuffle : bool, optional
        True gives another random order in each epoch.
    sampler : Sampler or iterable, optional
        The order of the indices, instead of shuffle.
    batch_sampler : Sampler or iterable, optional
        Lists of indices, instead of batch_size, shuffle, sampler and drop_last.
    num_workers : int, default 0
        How many processes read; 0 reads here.
    collate_fn : callable, optional
        Makes a batch of a list of samples; None for ``default_collate``.
    pin_memory : bool, default False
        True gives page-locked memory, which is copied to a device fastest.
    drop_last : bool, default False
        True leaves out a last batch that is smaller.
    timeout : float, default 0
        How many seconds a worker's batch is waited for; 0 for any time.
    worker_init_fn : callable, optional
        Called in each worker with its number, before it reads.
    multiprocessing_context : str or context, optional
        How workers start: "fork", "spawn" or "forkserver"; None for Python's default.
    generator : Generator, optional
        Where the order and the workers' seeds come from; None for the default generator.
    prefetch_factor : int, optional
        How many batches each worker reads ahead; None for 2.
    persistent_workers : bool, default False
        True keeps the workers for the next epoch.
    pin_memory_device : str, default ""
        For PyTorch's scripts; the memory is pinned for all devices.
    in_order : bool, default True
        False gives workers' batches as they are ready.
    progress : bool or str, default False
        True shows a progress bar where tqdm is installed; a string is its description.

    Raises
    ------
    ValueError
        For arguments that exclude each other or are out of range.
    TypeError
        For a multiprocessing_context that is none.

    Examples
    --------
    >>> data = tenon.utils.data.TensorDataset(np.arange(4), np.array([0, 1, 0, 1]))
    >>> for x, y in tenon.utils.data.DataLoader(data, batch_size=3):
    ...     print(x, y)
    tensor([0, 1, 2]) tensor([0, 1, 0])
    tensor([3]) tensor([1])
    """

    _ready = False

    def __init__(
        self,
        dataset: _Indexed[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        progress: bool | str = False,
    ) -> None:
        self._check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self._check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset: Any = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.progress = progress
        self.drop_last = drop_last
        self._pool: Pool | None = None  # persistent workers that nobody uses
        iterable = isinstance(dataset, IterableDataset)
        if batch_sampler is not None:
            batch_size = None
        if sampler is None and not iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None and not iterable:
            batch_sampler = BatchSampler(sampler or (), batch_size, drop_last)
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        batched = batch_size is not None or batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self._batched = batched
        self._ready = True

    @staticmethod
    def _check_order(
        dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
    ) -> None:
        if isinstance(dataset, IterableDataset):
            given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
            for name, value in given.items():
                if value is not None:
                    raise _refuse(f"an IterableDataset has an order of its own; got {name}={value!r}")
        if sampler is not None and shuffle:
            raise _refuse("sampler and shuffle exclude each other; got both")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise _refuse(
                "batch_sampler excludes batch_size, shuffle, sampler and drop_last; got one of them"
            )
        if batch_size is None and batch_sampler is None and drop_last:
            raise _refuse("drop_last needs batches; got batch_size=None")
        if batch_size is not None and (
            not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0
        ):
            raise _refuse(f"batch_size must be a positive integer or None; got {batch_size!r}")

    @staticmethod
    def _check_workers(num_workers: Any, timeout: Any, prefetch_factor: Any, persistent: Any) -> None:
        if not isinstance(num_workers, int) or num_workers < 0:
            raise _refuse(f"num_workers must be an integer of at least 0; got {num_workers!r}")
        if timeout < 0:
            raise _refuse(f"timeout must be a number of seconds, or 0 for none; got {timeout!r}")
        if prefetch_factor is not None and (prefetch_factor < 1 or not num_workers):
            raise _refuse(
                f"prefetch_factor must be at least 1, and needs num_workers > 0; got {prefetch_factor!r}"
            )
        if persistent and not num_workers:
            raise _refuse("persistent_workers needs num_workers > 0; got 0")

    @property
    def multiprocessing_context(self) -> Any:
        """How workers are started: a context of multiprocessing's, or None for Python's default."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None and not self.num_workers:
            raise _refuse(f"multiprocessing_context needs num_workers > 0; got {context!r}")
        if isinstance(context, str):
            known = multiprocessing.get_all_start_methods()
            if context not in known:
                raise _refuse(f"multiprocessing_context must be one of {known}; got {context!r}")
            context = multiprocessing.get_context(context)
        if context is not None and not isinstance(context, multiprocessing.context.BaseContext):
            raise TypeError(
                "DataLoader: multiprocessing_context must be a context of multiprocessing's or the name of a "
                f"start method; got {context!r}"
            )
        self._context = context

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pool": None}  # a copy has workers of its own

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in _FIXED:
            raise ValueError(f"DataLoader: {name} cannot be changed any more; make another DataLoader")
        super().__setattr__(name, value)

    @property
    def _recipe(self) -> Recipe:
        return Recipe(
            self.dataset,
            isinstance(self.dataset, IterableDataset),
            self._batched,
            self.batch_size,
            self.drop_last,
            self.collate_fn,
        )

    def _pins(self) -> bool:
        if self.pin_memory and not cuda.is_available():
            warnings.warn(
                "DataLoader: pin_memory=True, but there is no device; memory is not pinned", stacklevel=4
            )
            return False
        return self.pin_memory

    def __iter__(self) -> Iterator[Any]:
        batches: Iterator[Any] = WorkersIterator(self) if self.num_workers else SingleIterator(self)
        return self._shown(batches) if self.progress else batches

    def _take_pool(self) -> Pool:
        """Workers that are there and idle, or new ones."""
        pool, self._pool = self._pool, None
        return Pool(self) if pool is None else pool

    def _give_pool(self, pool: Pool) -> None:
        """Workers whose epoch has ended: they wait for the next one, or end."""
        if self.persistent_workers and self._pool is None:
            self._pool = pool
        else:
            pool.close()

    def _shown(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches with a progress bar around them, where tqdm is installed."""
        try:
            tqdm = importlib.import_module("tqdm.auto").tqdm
        except ImportError:
            return batches
        try:
            total: int | None = len(self)
        except (TypeError, NotImplementedError):
            total = None
        bar: Iterator[Any] = iter(
            tqdm(batches, total=total, desc=self.progress if isinstance(self.progress, str) else None)
        )
        return bar

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            order: Any = self.sampler if self.batch_sampler is None else self.batch_sampler
            return len(order)
        data: Any = self.dataset  # an IterableDataset may have a length
        count = len(data)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
