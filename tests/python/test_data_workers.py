"""DataLoader with workers: what arrives, in which memory, with which random numbers."""

import copy
import os
import pickle
import random
import threading
import time

import numpy as np
import pytest
import tenon
from support import run_python
from tenon.utils import data
from test_data_sets import Point, peer, same, seeded  # noqa: F401

X = np.arange(46, dtype=np.float32).reshape(23, 2)
Y = np.arange(23)
METHODS = [
    "fork",
    pytest.param("spawn", marks=pytest.mark.slow),
    pytest.param("forkserver", marks=pytest.mark.slow),
]

pytestmark = pytest.mark.threads_after_fork


class Rows(data.Dataset):
    def __len__(self):
        return 23

    def __getitem__(self, index):
        return X[index], int(Y[index])


def loader(dataset, *args, num_workers=2, multiprocessing_context="fork", **kwargs):
    return data.DataLoader(
        dataset, *args, num_workers=num_workers, multiprocessing_context=multiprocessing_context, **kwargs
    )


# ---- what arrives ----


ARGUMENTS = [
    {},
    {"batch_size": 4},
    {"batch_size": 5, "drop_last": True},
    {"batch_size": None},
    {"batch_sampler": [[1, 2], [22], [0, 0]]},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
@pytest.mark.parametrize("dataset", [Rows(), data.TensorDataset(X, Y)], ids=["rows", "tensors"])
def test_batches_are_those_without_workers(dataset, arguments):
    expected = list(data.DataLoader(dataset, **arguments))
    for workers in (1, 3):
        got = list(loader(dataset, num_workers=workers, **arguments))
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            assert type(a) is type(b)
            for x, y in zip(a, b, strict=True):
                assert tenon.equal(x, y) and x.dtype is y.dtype if isinstance(x, tenon.Tensor) else x == y


def test_batches_are_pytorchs(peer):  # noqa: F811
    for a, b in zip(loader(Rows(), 4), peer.DataLoader(Rows(), 4, num_workers=2), strict=True):
        same(a, b)


@pytest.mark.parametrize("method", METHODS)
def test_every_start_method(method):
    big = np.random.default_rng(0).random((600, 50))
    dataset = data.TensorDataset(big, np.arange(600))
    got = list(loader(dataset, 100, shuffle=True, multiprocessing_context=method, generator=seeded()))
    expected = list(data.DataLoader(dataset, 100, shuffle=True, generator=seeded()))
    assert all(
        tenon.equal(a[0], b[0]) and tenon.equal(a[1], b[1]) for a, b in zip(got, expected, strict=True)
    )


class Odd(data.Dataset):
    """Samples of many kinds, returned as they are."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        w = tenon.ones(2, requires_grad=True)
        t = tenon.arange(6).reshape(2, 3)
        return {
            "text": "x" * 50_000,
            "array": np.full((2, 3), index),
            "words": np.array(["a", "b"]),
            "point": Point(t, "p"),
            "turned": t.T,
            "empty": tenon.zeros(0, 3),
            "half": tenon.ones(2, dtype=tenon.bfloat16),
            "twice": [t, t],
            "leaf": w,
            "none": None,
        }


def test_samples_of_any_kind_arrive():
    got = list(loader(Odd(), batch_size=None, collate_fn=lambda sample: sample))
    assert [g["array"][0, 0] for g in got] == [0, 1, 2, 3]
    for g in got:
        assert (
            g["text"] == "x" * 50_000
            and isinstance(g["array"], np.ndarray)
            and g["words"].tolist() == ["a", "b"]
        )
        assert isinstance(g["point"], Point) and g["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
        assert g["empty"].shape == (0, 3) and g["half"].dtype is tenon.bfloat16 and g["none"] is None
        assert g["twice"][0] is g["twice"][1] and g["leaf"].requires_grad and g["leaf"].is_leaf
        g["array"][:] = 5  # its own


def test_long_messages_and_deep_prefetch_do_not_block():
    """Both directions carry more than a socket holds, while the parent is away."""
    many = list(range(40_000))
    got = loader(Text(), batch_sampler=[many] * 12, collate_fn=joined, prefetch_factor=5)
    iterator = iter(got)
    time.sleep(0.3)
    assert [len(text) for text in iterator] == [40_000 * 8] * 12
    small = loader(Text(), 1, prefetch_factor=600, collate_fn=joined, sampler=[0] * 1300)
    iterator = iter(small)
    time.sleep(0.3)
    assert sum(1 for _ in iterator) == 1300


class Text(data.Dataset):
    def __getitem__(self, index):
        return "12345678"

    def __len__(self):
        return 40_000


def joined(samples):
    return "".join(samples)


# ---- iterable data sets ----


class Shards(data.IterableDataset):
    """Each worker has its own part."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = data.get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.n, step))

    def __len__(self):
        return self.n


@pytest.mark.parametrize(
    "arguments", [{"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}]
)
@pytest.mark.parametrize("n", [0, 1, 7, 20])
def test_iterables_are_pytorchs(n, arguments, peer):  # noqa: F811
    class Theirs(peer.IterableDataset):
        def __iter__(self):
            info = peer.get_worker_info()
            return iter(range(info.id, n, info.num_workers))

    ours = list(loader(Shards(n), **arguments))
    theirs = list(peer.DataLoader(Theirs(), num_workers=2, **arguments))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        same(a, b)
    if arguments["batch_size"] is None:
        again = loader(Shards(n), persistent_workers=True, **arguments)
        assert sorted(again) == sorted(again) == list(range(n))


# ---- random numbers ----


class Draws(data.Dataset):
    """A number of each kind for each sample."""

    def __init__(self, seed=7):
        self.own = np.random.default_rng(seed)
        self.other = np.random.default_rng(seed + 1)
        self.kept = {"transforms": [Noise(seed)], "python": random.Random(seed)}
        self.tenon = tenon.Generator().manual_seed(seed)

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return tenon.tensor(
            [
                random.random(),
                np.random.rand(),
                tenon.rand(()).item(),
                self.own.random(),
                self.other.random(),
                self.kept["transforms"][0](),
                self.kept["python"].random(),
                tenon.rand((), generator=self.tenon).item(),
            ],
            dtype=tenon.float64,
        )


class Noise:
    def __init__(self, seed):
        self.state = np.random.RandomState(seed)

    def __call__(self):
        return self.state.rand()


def drawn(dataset=None, epochs=1, seed=3, **arguments):
    source = loader(dataset or Draws(), 4, generator=seeded(seed), **arguments)
    return [tenon.cat(list(source)) for _ in range(epochs)]


def test_no_number_is_drawn_twice():
    first, second = drawn(epochs=2)
    kept, again = drawn(epochs=2, persistent_workers=True)
    numbers = tenon.cat([first, second]).reshape(-1).tolist()
    assert len(set(numbers)) == len(numbers) == 2 * 24 * 8
    assert tenon.equal(first, kept) and tenon.equal(second, again)


def test_numbers_do_not_depend_on_the_number_of_workers():
    one = drawn(num_workers=1, epochs=2)
    for workers in (2, 3):
        assert all(map(tenon.equal, drawn(num_workers=workers, epochs=2), one))
    assert all(map(tenon.equal, drawn(num_workers=3, prefetch_factor=5, epochs=2), one))


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_start_method():
    assert all(map(tenon.equal, drawn(multiprocessing_context="spawn", epochs=2), drawn(epochs=2)))


def test_numbers_depend_on_seeds():
    base, other_loader, other_data = drawn()[0], drawn(seed=4)[0], drawn(Draws(8))[0]
    assert not (base == other_loader).any()
    changed = (base != other_data).all(dim=0).tolist()
    assert changed == [False] * 3 + [True] * 5  # only what the data set holds has the data set's seed


def test_the_parents_numbers_are_left_alone():
    dataset = Draws()
    states = random.getstate(), dataset.own.bit_generator.state
    drawn(dataset)
    assert (random.getstate(), dataset.own.bit_generator.state) == states


def test_workers_of_an_iterable_differ():
    got = [batch.tolist() for batch in loader(Noises(), 2, generator=seeded())]
    numbers = [x for batch in got for x in batch]
    assert len(set(numbers)) == len(numbers) == 12
    assert [batch.tolist() for batch in loader(Noises(), 2, generator=seeded())] == got


class Noises(data.IterableDataset):
    def __init__(self):
        self.own = np.random.default_rng(0)

    def __iter__(self):
        for _ in range(3):
            yield self.own.random()
            yield np.random.rand()


class Info(data.Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        info = data.get_worker_info()
        return info.id, info.num_workers, info.seed, info.dataset is self, self.started, os.getpid()

    started = ()


def note(worker):
    data.get_worker_info().dataset.started += ((worker, tenon.initial_seed(), tenon.get_num_threads()),)


def test_worker_info_and_init_fn():
    got = list(loader(Info(), batch_size=None, worker_init_fn=note, generator=seeded(), collate_fn=tuple))
    assert {g[0] for g in got} == {0, 1} and {g[1] for g in got} == {2} and all(g[3] for g in got)
    assert {g[2] - g[0] for g in got} == {got[0][2] - got[0][0]}
    assert all(g[4] == ((g[0], g[2], 1),) for g in got)
    assert os.getpid() not in {g[5] for g in got}


# ---- epochs, pools, iterators ----


def pids(source):
    return {int(p) for batch in source for p in batch[5]}


def test_persistent_workers_stay():
    source = loader(Info(), 2, persistent_workers=True)
    first = pids(source)
    assert pids(source) == first and len(first) == 2
    for _ in source:
        break  # an epoch that is broken off is forgotten
    assert pids(source) == first
    fresh = loader(Info(), 2)
    assert not pids(fresh) & pids(fresh)


def test_two_iterators_at_once():
    for persistent in (False, True):
        source = loader(Rows(), 4, persistent_workers=persistent)
        for a, b in zip(source, source, strict=True):
            assert tenon.equal(a[0], b[0])
        one = iter(source)
        next(one)
        assert len(list(source)) == 6 and len(list(one)) == 5
        assert list(one) == []


def test_in_order_or_not():
    slow = loader(Slow(), 1, in_order=False)
    assert sorted(batch.item() for batch in slow) == list(range(6))
    assert next(iter(loader(Slow(), 1, in_order=False))).item() != 0
    assert [batch.item() for batch in loader(Slow(), 1)] == list(range(6))


class Slow(data.Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 0:
            time.sleep(0.4)
        return index


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="the sanitizer's own allocator may be locked by a thread that the child has not",
)
def test_fork_after_threads_were_used():
    tenon.ones(1000, 1000) @ tenon.ones(1000, 1000)
    (tenon.ones(3_000_000) + 1).sum()
    thread = threading.Thread(target=lambda: tenon.ones(2_000_000).exp())
    thread.start()
    got = [batch.item() for batch in loader(Sums(), 1)]
    thread.join()
    assert got == [2_000_000.0] * 4


class Sums(data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return (tenon.ones(2_000_000) * 1).sum()


def test_without_numpy():
    run_python(
        """
        import sys
        sys.modules["numpy"] = None
        import tenon
        from tenon.utils import data
        x = tenon.arange(12.0).reshape(6, 2)
        for workers in (0, 2):
            source = data.DataLoader(data.TensorDataset(x, tenon.arange(6)), 2, num_workers=workers)
            assert [y.tolist() for _, y in source] == [[0, 1], [2, 3], [4, 5]]
            source = data.DataLoader([(1, 2.5), (3, 4.5)], 2, num_workers=workers)
            assert [b.tolist() for b in next(iter(source))] == [[1, 3], [2.5, 4.5]]
        """
    )


def test_the_package_is_not_needed_before_it_is_used():
    loaded = run_python(
        "import sys, tenon; print([m for m in sys.modules if 'multiproc' in m or 'tenon.utils' in m])"
    )
    assert loaded == "[]\n"


def test_copies_of_a_loader_have_workers_of_their_own():
    source = loader(Info(), 2, persistent_workers=True)
    first = pids(source)
    for other in (copy.copy(source), copy.deepcopy(source), pickle.loads(pickle.dumps(source))):
        assert not pids(other) & first
    assert pids(source) == first


class Keys(data.Dataset):
    """Its indices are bytes."""

    def __getitem__(self, index):
        return index.decode()


def test_indices_of_any_kind():
    assert list(loader(Keys(), batch_size=None, sampler=[b"12345678", b"b"])) == ["12345678", "b"]
    assert list(loader(Keys(), batch_sampler=[[b"a", b"b"]])) == [["a", "b"]]
