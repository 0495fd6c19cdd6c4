"""DistributedSampler: each of several processes reads its own part of a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tenon import _C
from tenon._C import Tensor
from tenon.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]

# What torchrun, Open MPI and MPICH tell the processes that they start.
_LAUNCHERS = (
    ("WORLD_SIZE", "RANK"),
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
)


def _launched() -> tuple[int, int]:
    for size, rank in _LAUNCHERS:
        if size in os.environ and rank in os.environ:
            return int(os.environ[size]), int(os.environ[rank])
    return 1, 0


class DistributedSampler(Sampler[int]):
    """Every num_replicas-th index, from rank on: processes that run one script share a data set.

    Call ``set_epoch()`` before each epoch: the order is made from seed and epoch alone, so that all processes
    have the same one.

    Parameters
    ----------
    dataset : sized
        What is read.
    num_replicas : int, optional
        How many processes there are; None for what torchrun or mpiexec says in the environment, 1 without
        them.
    rank : int, optional
        Which of them this is; None as for num_replicas.
    shuffle : bool, default True
        Whether the order is random.
    seed : int, default 0
        What the order is made from; the same in all processes.
    drop_last : bool, default False
        How all processes get the same number: True leaves samples out, False repeats some.

    Raises
    ------
    ValueError
        For a rank that is not one of 0 to num_replicas - 1.

    Examples
    --------
    >>> [list(tenon.utils.data.DistributedSampler(range(5), 2, rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        launched = _launched()
        self.num_replicas = launched[0] if num_replicas is None else num_replicas
        self.rank = launched[1] if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(
                f"DistributedSampler: rank must lie between 0 and {self.num_replicas - 1}; got {self.rank}"
            )
        self.dataset = dataset
        self.epoch = 0
        self.drop_last = drop_last
        size = len(dataset)
        self.num_samples = size // self.num_replicas if drop_last else -(-size // self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def _vector(self) -> Tensor:
        size = len(self.dataset)
        if self.shuffle:
            order = _C.randperm(size, generator=_C.Generator().manual_seed(self.seed + self.epoch))
        else:
            order = _C.arange(size, dtype=_C.int64)
        if size and self.total_size > size:
            order = _C.cat([order] * -(-self.total_size // size))
        return order[: self.total_size][self.rank :: self.num_replicas]

    def __iter__(self) -> Iterator[int]:
        return iter(self._vector().tolist())

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch, which the next order is made from."""
        self.epoch = epoch
