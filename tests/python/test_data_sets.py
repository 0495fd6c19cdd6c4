"""Data sets, samplers and collation, beside PyTorch's where it is installed."""

import collections
import warnings

import numpy as np
import pytest
import tenon
from tenon.utils import data

Point = collections.namedtuple("Point", ["x", "label"])


@pytest.fixture
def peer():
    """torch.utils.data."""
    pytest.importorskip("torch")
    import torch.utils.data

    return torch.utils.data


def same(ours, theirs):
    """Whether a batch of ours is PyTorch's: structure, types, dtypes and values."""
    if isinstance(ours, tenon.Tensor):
        assert str(ours.dtype).partition(".")[2] == str(theirs.dtype).partition(".")[2]
        assert tuple(ours.shape) == tuple(theirs.shape) and ours.tolist() == theirs.tolist()
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys() and type(ours) is type(theirs)
        for k in ours:
            same(ours[k], theirs[k])
    elif isinstance(ours, list | tuple):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    else:
        assert ours == theirs and type(ours) is type(theirs)


# ---- data sets ----


def test_a_tensor_dataset_is_the_arrays_memory():
    x, y = np.arange(6.0).reshape(3, 2), np.array([1, 2, 3])
    dataset = data.TensorDataset(x, tenon.from_numpy(y))
    assert len(dataset) == 3
    row, label = dataset[1]
    assert row.tolist() == [2, 3] and label.item() == 2
    x[1, 0] = 9
    assert row.tolist() == [9, 3]
    assert dataset[-1][1].item() == 3 and dataset[1:][0].shape == (2, 2)
    with tenon.no_copies():
        data.TensorDataset(x, y)


def test_a_tensor_dataset_over_a_memory_map_and_a_frame(tmp_path):
    pandas = pytest.importorskip("pandas")
    np.save(tmp_path / "x.npy", np.arange(8.0).reshape(4, 2))
    frame = pandas.DataFrame({"a": [1.0, 2, 3, 4]})
    with tenon.no_copies():
        dataset = data.TensorDataset(np.load(tmp_path / "x.npy", mmap_mode="r"), frame["a"])
    assert dataset[3][0].tolist() == [6, 7] and dataset[3][1].item() == 4
    assert dataset.tensors[0].readonly


@pytest.mark.parametrize(
    "tensors", [(), (np.zeros(3), np.zeros(4)), (np.float64(3),), (np.zeros(2), np.array(1))]
)
def test_tensor_datasets_need_one_length(tensors):
    with pytest.raises(ValueError, match=r"TensorDataset: .*"):
        data.TensorDataset(*tensors)


def test_combinations_read_what_pytorchs_read(peer):
    lists = [list("abc"), list("de")]
    for ours, theirs in [
        (data.ConcatDataset(lists), peer.ConcatDataset(lists)),
        (data.Subset(lists[0], [2, 0]), peer.Subset(lists[0], [2, 0])),
        (data.StackDataset(lists[0], [1, 2, 3]), peer.StackDataset(lists[0], [1, 2, 3])),
        (data.StackDataset(a=lists[0]), peer.StackDataset(a=lists[0])),
    ]:
        assert [ours[i] for i in range(len(ours))] == [theirs[i] for i in range(len(theirs))]
        assert ours.__getitems__([1, 0]) == [ours[1], ours[0]]
    assert (data.Subset("ab", [0]) + data.Subset("cd", [1]))[1] == "d"
    assert data.ConcatDataset(lists)[-1] == "e"


class Letters(data.IterableDataset):
    def __init__(self, text):
        self.text = text

    def __iter__(self):
        return iter(self.text)

    def __len__(self):
        return len(self.text)


def test_chains():
    chain = Letters("ab") + Letters("c")
    assert list(chain) == ["a", "b", "c"] and len(chain) == 3
    with pytest.raises(TypeError, match=r"ChainDataset: expected IterableDatasets; got list"):
        list(data.ChainDataset([["a"]]))
    with pytest.raises(TypeError, match=r"ConcatDataset: Letters is an IterableDataset.*ChainDataset"):
        data.ConcatDataset([Letters("a")])


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: data.ConcatDataset([]), ValueError, "ConcatDataset: expected at least one"),
        (lambda: data.ConcatDataset(["ab"])[2], IndexError, "index 2 is out of range for 2 samples"),
        (lambda: data.ConcatDataset(["ab"])[-3], IndexError, "index -3"),
        (lambda: data.StackDataset("ab", "abc"), ValueError, r"StackDataset: .*\[2, 3\]"),
        (lambda: data.StackDataset(), ValueError, "StackDataset"),
        (lambda: data.StackDataset("ab", b="ab"), ValueError, "StackDataset"),
        (lambda: data.Dataset()[0], NotImplementedError, "Dataset must define __getitem__"),
        (lambda: iter(data.IterableDataset()), NotImplementedError, "must define __iter__"),
        (lambda: iter(data.Sampler()), NotImplementedError, "must define __iter__"),
        (lambda: data.random_split("abc", [1, 1]), ValueError, r"random_split: .*data set's 3.*\[1, 1\]"),
        (lambda: data.random_split("abc", [1.2, -0.2]), ValueError, "between 0 and 1"),
        (lambda: data.random_split("abc", [4, -1]), ValueError, "random_split"),
    ],
)
def test_refusals(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_random_split(peer):
    import torch

    for lengths in ([3, 7], [0.8, 0.2], [0.33, 0.33, 0.34], [0.7, 0.2, 0.1]):
        parts = data.random_split(range(10), lengths, generator=tenon.Generator().manual_seed(1))
        theirs = peer.random_split(range(10), lengths, generator=torch.Generator().manual_seed(1))
        assert [len(p) for p in parts] == [len(p) for p in theirs]
        assert sorted(i for p in parts for i in p) == list(range(10))
        again = data.random_split(range(10), lengths, generator=tenon.Generator().manual_seed(1))
        assert [p.indices for p in again] == [p.indices for p in parts]
    with pytest.warns(UserWarning, match="part 1 of .* has no samples"):
        data.random_split(range(1), [0.9, 0.1])


# ---- samplers ----


def test_samplers_that_draw_nothing_are_pytorchs(peer):
    for size in (0, 1, 5, 6):
        for batch in (1, 2, 7):
            for drop in (True, False):
                ours = data.BatchSampler(data.SequentialSampler(range(size)), batch, drop)
                theirs = peer.BatchSampler(peer.SequentialSampler(range(size)), batch, drop)
                assert list(ours) == list(theirs) and len(ours) == len(theirs)
        if size:
            for replicas in (1, 2, 3, 7):
                for rank in range(replicas):
                    for drop in (True, False):
                        args = (range(size), replicas, rank, False, 0, drop)
                        ours, theirs = data.DistributedSampler(*args), peer.DistributedSampler(*args)
                        assert list(ours) == list(theirs) and len(ours) == len(theirs)


def seeded(seed=3):
    return tenon.Generator().manual_seed(seed)


def test_random_samplers():
    assert sorted(data.RandomSampler(range(9))) == list(range(9))
    one, two = (list(data.RandomSampler(range(50), generator=seeded())) for _ in range(2))
    assert one == two != list(range(50))
    sampler = data.RandomSampler(range(50), generator=seeded())
    assert list(sampler) != list(sampler)  # another order in each epoch
    many = list(data.RandomSampler(range(4), num_samples=10))
    assert len(many) == 10 and sorted(many[:4]) == sorted(many[4:8]) == [0, 1, 2, 3]
    drawn = list(data.RandomSampler(range(4), replacement=True, num_samples=1000))
    assert (
        collections.Counter(drawn).keys() == {0, 1, 2, 3} and min(collections.Counter(drawn).values()) > 150
    )
    assert list(data.RandomSampler([])) == []
    assert sorted(data.SubsetRandomSampler([7, 3, 5])) == [3, 5, 7]


def test_weighted_sampler():
    drawn = collections.Counter(data.WeightedRandomSampler([1, 0, 3], 4000, generator=seeded()))
    assert set(drawn) == {0, 2} and 2.4 < drawn[2] / drawn[0] < 3.7
    assert sorted(data.WeightedRandomSampler(np.array([1.0, 2, 3]), 3, replacement=False)) == [0, 1, 2]


def test_distributed_sampler(monkeypatch):
    def parts(epoch):
        samplers = [data.DistributedSampler(range(10), 3, rank, seed=5) for rank in range(3)]
        for s in samplers:
            s.set_epoch(epoch)
        return [list(s) for s in samplers]

    first = parts(0)
    assert {i for part in first for i in part} == set(range(10)) and [len(p) for p in first] == [4, 4, 4]
    assert parts(0) == first != parts(1)
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    assert list(data.DistributedSampler(range(4), shuffle=False)) == [1, 3]


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: data.RandomSampler("ab", replacement=1), TypeError, "RandomSampler: replacement .*; got 1"),
        (lambda: data.RandomSampler("ab", num_samples=0), ValueError, "num_samples .*; got 0"),
        (lambda: list(data.RandomSampler([], num_samples=2)), ValueError, "has no samples"),
        (lambda: data.WeightedRandomSampler([[1.0]], 1), ValueError, r"weights must be a vector; .*\(1, 1\)"),
        (lambda: data.WeightedRandomSampler([1.0], True), ValueError, "num_samples"),
        (lambda: data.BatchSampler("ab", 0, False), ValueError, "BatchSampler: batch_size .*; got 0"),
        (lambda: data.BatchSampler("ab", 2, 1), TypeError, "BatchSampler: drop_last .*; got 1"),
        (lambda: data.DistributedSampler("ab", 2, 2), ValueError, "DistributedSampler: rank .*; got 2"),
    ],
)
def test_samplers_refuse(make, error, match):
    with pytest.raises(error, match=match):
        make()


# ---- collation ----

BATCHES = {
    "ints": [1, 2],
    "bools": [True, False],
    "floats": [0.1, 2.0],
    "strings": ["a", "b"],
    "bytes": [b"a", b"b"],
    "tuples": [(1, "a"), (2, "b")],
    "lists": [[1, 2.0], [3, 4.0]],
    "dicts": [{"x": 1, "y": [2]}, {"x": 3, "y": [4]}],
    "named": [Point(1, "a"), Point(2, "b")],
    "ordered": [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "arrays": [np.ones(2, np.float32), np.zeros(2, np.float32)],
    "bool arrays": [np.array([True]), np.array([False])],
    "0-d arrays": [np.array(1), np.array(2)],
    "scalars": [np.float32(1), np.float32(2)],
    "bool scalars": [np.True_, np.False_],
    "float64": [np.float64(1), np.float64(2)],
    "uint8": [np.uint8(1), np.uint8(255)],
    "nested": [(np.zeros(1), {"a": (1, [2])}), (np.ones(1), {"a": (3, [4])})],
    "one": [np.arange(3)],
}


@pytest.mark.parametrize("name", BATCHES)
def test_collation_is_pytorchs(name, peer):
    same(data.default_collate(BATCHES[name]), peer.default_collate(BATCHES[name]))
    for sample in BATCHES[name]:
        same(data.default_convert(sample), peer.default_convert(sample))


def test_collation_stacks_tensors():
    batch = [tenon.tensor([1, 2]), tenon.tensor([3, 4])]
    got = data.default_collate(batch)
    assert got.tolist() == [[1, 2], [3, 4]] and got.dtype is tenon.int64
    w = tenon.ones(2, requires_grad=True)
    data.default_collate([w, w * 2]).sum().backward()
    assert w.grad.tolist() == [3, 3]


@pytest.mark.parametrize(
    "batch, error, match",
    [
        ([], ValueError, "got none"),
        ([None], TypeError, "found NoneType.*collate_fn="),
        ([object()], TypeError, "found object"),
        ([np.array(["a"])], TypeError, "found an array of <U1"),
        ([(1, 2), (1,)], ValueError, r"lengths \[1, 2\].*collate_fn="),
        ([np.zeros(2), np.zeros(3)], ValueError, r"sample 0 of this batch has \(2,\), sample 1 has \(3,\)"),
        ([tenon.zeros(2), tenon.zeros(2, 1)], ValueError, r"sample 1 has \(2, 1\)"),
    ],
)
def test_collation_refuses(batch, error, match):
    with pytest.raises(error, match=f"default_collate: .*{match}"):
        data.default_collate(batch)


def test_functions_for_types_of_ones_own():
    from tenon.utils.data._collate import collate, default_collate_fn_map

    functions = {complex: lambda batch, *, collate_fn_map: sum(batch)}
    assert collate([(1j, 1), (2j, 2)], collate_fn_map={**default_collate_fn_map, **functions})[0] == 3j


def test_conversion_is_a_view():
    a = np.zeros(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.default_convert([a])[0][0] = 5
    assert a[0] == 5
