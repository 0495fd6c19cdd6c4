"""Which worker this process is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["WorkerInfo", "get_worker_info"]


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker of a DataLoader knows of itself.

    Examples
    --------
    >>> tenon.utils.data.WorkerInfo(id=0, num_workers=2, seed=7, dataset="abc").num_workers
    2
    """

    id: int
    """From 0 to num_workers - 1."""
    num_workers: int
    """How many workers there are."""
    seed: int
    """The seed of this worker in this epoch, another one for each."""
    dataset: Any
    """The worker's own copy of the data set."""


_info: WorkerInfo | None = None


def set_worker_info(info: WorkerInfo) -> None:
    global _info
    _info = info


def get_worker_info() -> WorkerInfo | None:
    """What the worker that this process is knows of itself; None where it is no worker.

    Returns
    -------
    WorkerInfo or None
        Its ``id``, ``num_workers``, ``seed`` and ``dataset``.

    Examples
    --------
    >>> tenon.utils.data.get_worker_info() is None
    True
    """
    return _info
