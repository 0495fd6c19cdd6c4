"""Data sets, samplers, and the DataLoader: arrays by one gather per batch, objects by workers."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.utils.data._collate import default_collate, default_convert
from tenon.utils.data._worker_info import WorkerInfo, get_worker_info
from tenon.utils.data.dataloader import DataLoader
from tenon.utils.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from tenon.utils.data.distributed import DistributedSampler
from tenon.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "WorkerInfo",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]

_guide(__name__)
