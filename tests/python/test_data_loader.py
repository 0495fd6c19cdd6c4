"""DataLoader without workers: order, batches, what memory they share, arguments."""

import sys
import types

import numpy as np
import pytest
import tenon
from tenon.utils import data
from test_data_sets import Letters, peer, same, seeded  # noqa: F401

X = np.arange(46, dtype=np.float32).reshape(23, 2)
Y = np.arange(23)


class Rows(data.Dataset):
    """Samples one by one."""

    def __len__(self):
        return 23

    def __getitem__(self, index):
        return X[index], int(Y[index])


class Many(Rows):
    """Samples several at once."""

    asked = ()

    def __getitems__(self, indices):
        self.asked = (*self.asked, indices)
        return [(X[i], int(Y[i])) for i in indices]


ARGUMENTS = [
    {},
    {"batch_size": 4},
    {"batch_size": 4, "drop_last": True},
    {"batch_size": 23},
    {"batch_size": 24, "drop_last": True},
    {"batch_size": None},
    {"batch_size": 3, "sampler": [5, 1, 22, 0]},
    {"batch_sampler": [[1, 2], [22], [0, 0]]},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
@pytest.mark.parametrize("kind", ["rows", "many", "tensors", "array", "list", "subset", "stack", "concat"])
def test_batches_are_pytorchs(kind, arguments, peer):  # noqa: F811
    import torch

    made = {
        "rows": lambda d, t: Rows(),
        "many": lambda d, t: Many(),
        "tensors": lambda d, t: d.TensorDataset(t(X), t(Y)),
        "array": lambda d, t: X,
        "list": lambda d, t: [(x, int(y)) for x, y in zip(X, Y, strict=True)],
        "subset": lambda d, t: d.Subset(d.TensorDataset(t(X), t(Y)), list(reversed(range(23)))),
        "concat": lambda d, t: d.ConcatDataset(
            [d.TensorDataset(t(X[a:b]), t(Y[a:b])) for a, b in ((0, 6), (6, 7), (7, 23))]
        ),
        "stack": lambda d, t: d.StackDataset(x=d.TensorDataset(t(X)), y=d.TensorDataset(t(Y))),
    }[kind]
    ours = data.DataLoader(made(data, lambda a: a), **arguments)
    theirs = peer.DataLoader(made(peer, torch.from_numpy), **arguments)
    assert len(ours) == len(theirs)
    got, expected = list(ours), list(theirs)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        same(a, b)


@pytest.mark.parametrize(
    "arguments", [{}, {"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None}]
)
def test_iterables_are_pytorchs(arguments, peer):  # noqa: F811
    class Theirs(peer.IterableDataset):
        def __iter__(self):
            return iter("abcde")

        def __len__(self):
            return 5

    ours, theirs = data.DataLoader(Letters("abcde"), **arguments), peer.DataLoader(Theirs(), **arguments)
    assert list(ours) == list(theirs) and len(ours) == len(theirs)


def labels(loader):
    return [batch[1].tolist() for batch in loader]


def test_all_ways_to_read_have_one_order():
    """Gathers by slices of a permutation, and lists of its numbers, are the same batches."""
    arrays = data.TensorDataset(X, Y)
    for arguments in (
        lambda: {"shuffle": True, "generator": seeded()},
        lambda: {"sampler": data.SubsetRandomSampler([3, 9, 1, 4, 5], seeded())},
        lambda: {"sampler": data.WeightedRandomSampler(np.ones(23), 9, generator=seeded())},
        lambda: {"sampler": data.RandomSampler(Y, True, 50, seeded())},
        lambda: {"sampler": data.DistributedSampler(Y, 2, 1, seed=4)},
        lambda: {"sampler": data.DistributedSampler(Y, 2, 1, shuffle=False)},
    ):
        for drop in (False, True):
            order = {"batch_size": 4, "drop_last": drop}
            assert labels(data.DataLoader(arrays, **order, **arguments())) == labels(
                data.DataLoader(Rows(), **order, **arguments())
            )
    loader = data.DataLoader(arrays, 4, shuffle=True)
    assert sorted(i for batch in labels(loader) for i in batch) == Y.tolist()
    assert labels(loader) != labels(loader)
    tenon.manual_seed(1)
    first = labels(loader)
    tenon.manual_seed(1)
    assert labels(loader) == first


def test_samplers_of_subclasses_are_iterated():
    class Backwards(data.SequentialSampler):
        def __iter__(self):
            return iter(range(22, -1, -1))

    got = labels(data.DataLoader(data.TensorDataset(X, Y), 23, sampler=Backwards(Y)))
    assert got == [Y[::-1].tolist()]


# ---- memory ----


def test_consecutive_rows_are_read_only_views_and_others_new_memory():
    x = X.copy()
    dataset = data.TensorDataset(x, Y)
    with tenon.no_copies():
        batches = list(data.DataLoader(dataset, 4))
        shuffled = next(iter(data.DataLoader(dataset, 4, shuffle=True)))
    for batch, _ in batches:
        assert np.shares_memory(batch.numpy(), x) and batch.readonly
    with pytest.raises(ValueError, match=r"read-only.*\.clone\(\)"):
        batches[0][0].mul_(0)
    shuffled[0].mul_(0)
    assert not np.shares_memory(shuffled[0].numpy(), x) and (x == X).all()
    assert not dataset.tensors[0].readonly


def test_a_subset_of_consecutive_rows_is_a_view_too():
    x = X.copy()
    half = data.Subset(data.TensorDataset(x), range(10, 20))
    (batch,) = next(iter(data.DataLoader(half, 5)))
    assert np.shares_memory(batch.numpy(), x) and batch.tolist() == X[10:15].tolist()
    backwards = data.Subset(data.TensorDataset(x), range(20, 10, -2))
    assert next(iter(data.DataLoader(backwards, 2)))[0].tolist() == X[[20, 18]].tolist()


def test_concatenations_read_batches():
    class Seen(data.TensorDataset):
        asked = ()

        def __getbatch__(self, indices):
            self.asked = (*self.asked, indices)
            return super().__getbatch__(indices)

        def __getitem__(self, index):
            return super().__getitem__(index)

    one, two = Seen(X[:5].copy(), Y[:5]), Seen(X[5:], Y[5:])
    both = data.ConcatDataset([one, two])
    got = [x for x, _ in data.DataLoader(both, 5)]
    assert np.shares_memory(got[0].numpy(), one.tensors[0].numpy()) and got[0].readonly
    assert tenon.cat(got).tolist() == X.tolist() and one.asked == (slice(0, 5),) and len(two.asked) == 4
    assert labels(data.DataLoader(both, 4, sampler=[20, 0, -1, 3, 22, -23])) == [[20, 0, 22, 3], [22, 0]]
    assert len(one.asked) == 3  # of each batch one part
    for index in (23, -24):
        with pytest.raises(IndexError, match=f"ConcatDataset: index {index} is out of range for 23"):
            list(data.DataLoader(both, 2, sampler=[0, index]))


def test_gradients_of_the_data_are_kept():
    w = tenon.ones(4, requires_grad=True)
    for arguments in ({}, {"sampler": [3, 0]}):
        dataset = data.TensorDataset(w * 2)
        w.grad = None
        sum(batch.sum() for (batch,) in data.DataLoader(dataset, 2, **arguments)).backward()
        assert w.grad.tolist() == ([2, 2, 2, 2] if not arguments else [2, 0, 0, 2])


# ---- who is asked for what ----


def test_getitems_is_asked_once_per_batch():
    dataset = Many()
    list(data.DataLoader(dataset, 10))
    assert [len(a) for a in dataset.asked] == [10, 10, 3]


def test_getbatch_is_asked_where_batches_are_plain():
    class Whole(Rows):
        asked = ()

        def __getbatch__(self, indices):
            self.asked = (*self.asked, indices)
            return X[indices]

    dataset = Whole()
    got = list(data.DataLoader(dataset, 10))
    assert dataset.asked == (slice(0, 10), slice(10, 20), slice(20, 23)) and got[0] is not X
    list(data.DataLoader(dataset, 23, sampler=[3, 1]))
    assert dataset.asked[-1].dtype is tenon.int64 and dataset.asked[-1].tolist() == [3, 1]
    list(data.DataLoader(dataset, 10, collate_fn=list))
    assert len(dataset.asked) == 4  # a collate_fn of ones own wants samples


def test_samples_of_subclasses_are_asked_for():
    """Whoever overrides __getitem__ changes what a sample is: no faster way may pass it over."""

    class Noisy(data.TensorDataset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return x + 1, y

    class Part(data.Subset):
        def __getitem__(self, index):
            return super().__getitem__(index)[1]

    class Joined(data.ConcatDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[1]

    noisy = Noisy(X, Y)
    assert next(iter(data.DataLoader(noisy, 2)))[0].tolist() == (X[:2] + 1).tolist()
    subset = data.Subset(noisy, [1, 0])
    assert next(iter(data.DataLoader(subset, 2)))[0].tolist() == (X[[1, 0]] + 1).tolist()
    for other in (Part(noisy, range(23)), Joined([noisy])):
        assert next(iter(data.DataLoader(other, 3))).tolist() == [0, 1, 2]


def test_wrong_numbers_of_samples_are_errors():
    class Short(Rows):
        def __getitems__(self, indices):
            return [0]

    with pytest.raises(ValueError, match="Short: __getitems__ returned 1 samples for 4 indices"):
        list(data.DataLoader(Short(), 4))


def test_errors_name_the_sample():
    class Broken(Rows):
        def __getitem__(self, index):
            if index == 6:
                raise KeyError("six")
            if index == 9:
                next(iter([]))
            return index

    batches = iter(data.DataLoader(Broken(), 4))
    next(batches)
    with pytest.raises(KeyError, match="six") as e:
        next(batches)
    assert e.value.__notes__ == ["DataLoader: this happened while sample 6 was read"]
    with pytest.raises(RuntimeError, match="sample 9 raised StopIteration"):
        next(batches)  # and does not end the loop

    def refuses(samples):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as e:
        next(iter(data.DataLoader(Rows(), 4, collate_fn=refuses)))
    assert "samples 0, 1, 2, 3 was read" in e.value.__notes__[0]


# ---- arguments ----


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"shuffle": True, "sampler": [0]}, "sampler and shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler excludes"),
        ({"batch_sampler": [[0]], "drop_last": True}, "batch_sampler excludes"),
        ({"batch_size": None, "drop_last": True}, "drop_last needs batches"),
        ({"batch_size": 0}, "batch_size .*; got 0"),
        ({"batch_size": 2.5}, "batch_size .*; got 2.5"),
        ({"num_workers": -1}, "num_workers .*; got -1"),
        ({"timeout": -1}, "timeout .*; got -1"),
        ({"prefetch_factor": 2}, "prefetch_factor .*num_workers > 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, "prefetch_factor must be at least 1"),
        ({"persistent_workers": True}, "persistent_workers needs num_workers"),
        ({"multiprocessing_context": "fork"}, "multiprocessing_context needs num_workers"),
        ({"multiprocessing_context": "thread", "num_workers": 1}, "must be one of .*; got 'thread'"),
    ],
)
def test_arguments_are_checked(arguments, match):
    with pytest.raises(ValueError, match=f"DataLoader: .*{match}"):
        data.DataLoader(Rows(), **arguments)


def test_more_arguments_are_checked():
    for name, value in {"shuffle": True, "sampler": [0], "batch_sampler": [[0]]}.items():
        with pytest.raises(ValueError, match=f"IterableDataset has an order of its own; got {name}"):
            data.DataLoader(Letters("a"), **{name: value})
    with pytest.raises(TypeError, match="multiprocessing_context must be a context"):
        data.DataLoader(Rows(), num_workers=1, multiprocessing_context=3)
    loader = data.DataLoader(Rows(), 2)
    with pytest.raises(ValueError, match="batch_size cannot be changed"):
        loader.batch_size = 3
    loader.prefetch_factor = None  # others can
    assert isinstance(loader.sampler, data.SequentialSampler) and loader.batch_sampler.batch_size == 2


def test_an_empty_data_set_has_no_batches():
    for arguments in ({}, {"shuffle": True}):
        for dataset in ([], data.TensorDataset(np.zeros((0, 3)))):
            loader = data.DataLoader(dataset, 4, **arguments)
            assert list(loader) == [] and len(loader) == 0


def test_pinning_without_a_device_warns(monkeypatch):
    from tenon.utils.data import dataloader

    monkeypatch.setattr(dataloader.cuda, "is_available", lambda: False)
    with pytest.warns(UserWarning, match="pin_memory=True, but there is no device"):
        assert labels(data.DataLoader(data.TensorDataset(X, Y), 23, pin_memory=True)) == [Y.tolist()]


def test_batches_are_pinned_where_asked(monkeypatch):
    if not tenon.cuda.is_available():
        pytest.skip("neither a device nor the simulated one is there")

    class Custom:
        def __init__(self, samples):
            self.pinned = False

        def pin_memory(self):
            self.pinned = True
            return self

    x, y = next(iter(data.DataLoader(data.TensorDataset(X, Y), 4, pin_memory=True)))
    assert x.is_pinned() and y.is_pinned() and x.tolist() == X[:4].tolist()
    assert next(iter(data.DataLoader(Rows(), 4, pin_memory=True, collate_fn=Custom))).pinned


def test_progress(monkeypatch, capsys):
    tqdm = pytest.importorskip("tqdm")
    del tqdm
    loader = data.DataLoader(data.TensorDataset(X, Y), 5, progress="epoch 1")
    assert labels(loader) == labels(data.DataLoader(data.TensorDataset(X, Y), 5))
    shown = capsys.readouterr().err
    assert "epoch 1" in shown and "5/5" in shown
    assert list(data.DataLoader(Letters("abc"), progress=True)) == [["a"], ["b"], ["c"]]


def test_progress_without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert labels(data.DataLoader(data.TensorDataset(X, Y), 23, progress=True)) == [Y.tolist()]


def test_the_names_are_those_of_pytorchs_modules():
    import tenon as torch

    assert torch.utils.data.DataLoader is data.DataLoader
    from tenon.utils.data.dataloader import default_collate
    from tenon.utils.data.dataset import TensorDataset
    from tenon.utils.data.distributed import DistributedSampler

    assert (default_collate, TensorDataset, DistributedSampler) == (
        data.default_collate,
        data.TensorDataset,
        data.DistributedSampler,
    )
    assert isinstance(data, types.ModuleType) and "index_vector" not in dir(data)
    assert data.get_worker_info() is None
