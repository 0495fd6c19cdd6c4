"""The memory of workers' batches: shared without a copy, filled again, and never while somebody looks."""

import gc
import os

import numpy as np
import pytest
import tenon
from tenon import _pickle
from tenon.utils import data
from test_data_workers import METHODS, X, Y, loader

pytestmark = pytest.mark.threads_after_fork


def test_batches_lie_in_shared_memory_that_serves_again():
    dataset = data.TensorDataset(np.zeros((2000, 1000), np.float32), np.arange(2000))
    source = loader(dataset, 10, shuffle=True, num_workers=1)
    addresses = set()
    with tenon.no_copies():
        for x, _ in source:
            assert x.is_shared() and not x.readonly
            addresses.add(x.data_ptr())
            del x
    assert len(addresses) < 100  # of 200 batches


def big_batches(count=12):
    """Of 2 MB, each in a chunk of its own."""
    return data.TensorDataset(np.repeat(np.arange(count, dtype=np.float32), 500_000).reshape(count, -1))


def test_kept_batches_are_not_overwritten():
    batches = iter(loader(big_batches(), 1, num_workers=1))
    kept, views, arrays, addresses = [], [], [], set()
    for i, (x,) in enumerate(batches):
        addresses.add(x.data_ptr())
        if i % 3 == 0:
            kept.append(x)
        elif i == 4:
            views.append(x[0, 10:20])
        elif i == 5:
            arrays.append(x.numpy())
        del x
    assert len(addresses) < 12  # others were
    assert [int(k[0, 0].item()) for k in kept] == [0, 3, 6, 9] and all((k == k[0, 0]).all() for k in kept)
    assert (views[0] == 4).all() and (arrays[0] == 5).all()


def test_batches_outlive_the_loader():
    batches = list(loader(big_batches(4), 1))
    gc.collect()
    assert [b[0][0, 7].item() for b in batches] == [0, 1, 2, 3]
    batches[0][0].fill_(9)
    assert batches[1][0][0, 0].item() == 1


def test_batches_of_a_forked_process_are_not_overwritten():
    batches = iter(loader(big_batches(), 1, num_workers=1, prefetch_factor=1))
    (x,) = next(batches)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(reader, 1)
        os._exit(0 if (x == 0).all() else 1)
    del x
    for batch in batches:
        del batch
    os.write(writer, b"x")
    assert os.waitpid(pid, 0)[1] == 0
    for end in (reader, writer):
        os.close(end)


def test_forks_while_batches_are_under_way():
    """Each new iterator forks; batches of the others share chunks with some that were given out before."""
    small = data.TensorDataset(np.arange(200), np.arange(200))
    source = loader(small, 2, prefetch_factor=9)
    iterators, seen = [], []
    for _ in range(4):
        iterators.append(iter(source))
        for batches in iterators:
            seen += next(batches)[0].tolist() + next(batches)[1].tolist()
    for batches in iterators:
        for x, y in batches:
            assert tenon.equal(x, y)
    assert sorted(set(seen)) == list(range(16))


def test_epochs_that_are_broken_off_give_their_memory_back():
    source = loader(big_batches(), 1, persistent_workers=True, prefetch_factor=3)
    addresses = set()
    for _ in range(30):
        for (x,) in source:
            addresses.add(x.data_ptr())
            del x
            break
    assert len(addresses) <= 12 and len(list(source)) == 12


class Cached(data.Dataset):
    """Keeps a batch that default_collate made, and gives its sum later."""

    def __init__(self):
        self.first = None

    def __len__(self):
        return 30

    def __getitem__(self, index):
        made = data.default_collate([np.full(60_000, index, np.float32)] * 2)
        if self.first is None:
            self.first = made
        return made, self.first[:, ::30_000]


def test_what_a_worker_keeps_is_not_overwritten():
    for i, (made, first) in enumerate(loader(Cached(), batch_size=None, num_workers=1)):
        assert (made == i).all() and (first == 0).all()


class Where(data.Dataset):
    """How the worker has the arrays, and how much memory of its own."""

    def __init__(self, x, mapped, tensor, forked):
        self.x, self.mapped, self.tensor, self.forked = x, mapped, tensor, forked

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        total = float(self.x[index].sum())
        # A forked process has the parent's pages: what it wrote is its own. Others had none at the start.
        path, name = ("smaps_rollup", "Private_Dirty") if self.forked else ("status", "RssAnon")
        with open(f"/proc/self/{path}") as f:
            private = next(int(line.split()[1]) for line in f if line.startswith(name))
        shared = tenon.asarray(self.x).is_shared()
        mapped = "rows.npy" in _pickle._mapping(tenon.asarray(self.mapped))[0]
        return total, private, shared, mapped, self.tensor.is_shared()


@pytest.mark.parametrize("method", METHODS)
def test_arrays_do_not_grow_in_workers(method, tmp_path):
    if method == "fork" and "asan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("a forked process writes the sanitizer's own pages")
    x = np.ones((64, 250_000))  # 128 MB
    np.save(tmp_path / "rows.npy", x[:16])
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    dataset = Where(x, mapped, tenon.ones(100_000), method == "fork")
    got = list(loader(dataset, batch_size=None, multiprocessing_context=method))
    assert {g[0] for g in got} == {250_000.0}
    assert max(g[1] for g in got) < 60_000  # kB
    if method != "fork":
        assert all(g[2] and g[3] and g[4] for g in got)


def test_pinned_batches_are_made_once():
    if not tenon.cuda.is_available():
        pytest.skip("neither a device nor the simulated one is there")
    for x, y in loader(data.TensorDataset(X, Y), 4, pin_memory=True, shuffle=True):
        assert x.is_pinned() and y.is_pinned() and x.is_shared()
        assert tenon.equal(x[:, 0], 2 * y.to(tenon.float32))
