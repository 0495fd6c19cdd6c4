"""Reading batches: one epoch of a DataLoader, and checkpoints."""

import atexit
import os
import shutil
import tempfile

import numpy as np
from harness import libraries, row

ROWS, WIDTH, BATCH = 20_000, 64, 64
FEW = 2_000  # of samples that are read one by one
FOLDER = tempfile.mkdtemp()
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


class Samples:
    """A data set of one's own: a row and a number for each index."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], index


def arrays(rows=ROWS):
    return np.random.default_rng(0).random((rows, WIDTH), np.float32), np.arange(rows)


def mapped():
    path = os.path.join(FOLDER, "rows.npy")
    np.save(path, arrays()[0])
    return np.load(path, mmap_mode="r+"), np.arange(ROWS)


def epochs(make, **arguments):
    """An epoch by each library that has a DataLoader. make(data, from_numpy) gives the data set."""
    from importlib import import_module

    work = {}
    for name, xp in libraries().items():
        if name != "numpy":
            data = import_module(f"{name}.utils.data")
            loader = data.DataLoader(make(data, xp.from_numpy), BATCH, **arguments)
            work[name] = lambda loader=loader: sum(1 for _ in loader)
    return work


def tensors(arrays):
    return lambda data, from_numpy: data.TensorDataset(*map(from_numpy, arrays))


@row("epoch in order, 20,000 rows", target="torch 2x")
def in_order():
    return epochs(tensors(arrays()))


@row("epoch shuffled, 20,000 rows", target="torch 2x")
def shuffled():
    return epochs(tensors(arrays()), shuffle=True)


@row("epoch shuffled, memory map", target="torch 2x")
def memory_map():
    return epochs(tensors(mapped()), shuffle=True)


@row("epoch shuffled, 2,000 samples")
def samples():
    x = arrays(FEW)[0]
    return epochs(lambda data, from_numpy: Samples(x), shuffle=True)


@row("20,000 rows, 2 workers", target="torch 2x")
def workers():
    return epochs(tensors(arrays()), shuffle=True, num_workers=2, persistent_workers=True)


@row("2,000 samples, 2 workers", target="torch 2x")
def samples_by_workers():
    x = arrays(FEW)[0]
    return epochs(lambda data, from_numpy: Samples(x), shuffle=True, num_workers=2, persistent_workers=True)


@row("40 batches of 4 MB, 2 workers", target="torch 2x", bytes=40 * 2 * (4 << 20))
def large_batches():
    x = np.zeros((40 * BATCH, 1 << 14), np.float32)
    return epochs(tensors([x]), shuffle=True, num_workers=2, persistent_workers=True)


def checkpoints():
    """A state dict of 100 tensors, 40 MB, by library, and where it is saved."""
    for name, xp in libraries().items():
        if name != "numpy":
            state = {f"layer.{i}": xp.zeros(100_000) for i in range(100)}
            yield name, xp, state, os.path.join(FOLDER, f"{name}.checkpoint")


@row("save a checkpoint of 40 MB")
def save():
    return {n: lambda xp=xp, s=s, p=p: xp.save(s, p) for n, xp, s, p in checkpoints()}


@row("load it")
def load():
    work = {}
    for name, xp, state, path in checkpoints():
        xp.save(state, path)
        work[name] = lambda xp=xp, path=path: xp.load(path)
    return work


@row("load it, mapped")
def load_mapped():
    work = {}
    for name, xp, state, path in checkpoints():
        xp.save(state, path)
        work[name] = lambda xp=xp, path=path: xp.load(path, mmap=True)
    return work
