"""Containers: lists and dictionaries of modules and parameters, beside torch.nn's."""

import copy
import pickle
from collections import OrderedDict

import pytest
import tenon
from tenon import nn


@pytest.fixture(params=["tenon", "torch"])
def lib(request):
    """tenon.nn, and torch.nn for what both do."""
    return nn if request.param == "tenon" else pytest.importorskip("torch").nn


def kinds(row):
    return [type(m).__name__ for m in row]


def test_sequential_is_a_list(lib):
    s = lib.Sequential(lib.ReLU(), lib.Tanh(), lib.Sigmoid())
    assert (
        len(s) == 3
        and kinds(s) == ["ReLU", "Tanh", "Sigmoid"]
        and kinds([s[-1], s[0]]) == ["Sigmoid", "ReLU"]
    )
    assert (
        kinds(s[1:]) == ["Tanh", "Sigmoid"] and list(s[1:]._modules) == ["1", "2"] and type(s[:1]) is type(s)
    )
    assert s.append(lib.GELU()) is s and s.insert(1, lib.Mish()) is s and s.extend([lib.ELU()]) is s
    assert kinds(s) == ["ReLU", "Mish", "Tanh", "Sigmoid", "GELU", "ELU"]
    assert list(s._modules) == ["0", "1", "2", "3", "4", "5"]
    s[0] = lib.SELU()
    del s[1]
    del s[-2:]
    assert kinds(s) == ["SELU", "Tanh", "Sigmoid"] and list(s._modules) == ["0", "1", "2"]
    assert type(s.pop(0)).__name__ == "SELU" and kinds(s) == ["Tanh", "Sigmoid"]
    assert kinds(s + s) == ["Tanh", "Sigmoid"] * 2 and kinds(s * 2) == kinds(2 * s) == ["Tanh", "Sigmoid"] * 2
    t = s
    t += lib.Sequential(lib.ReLU())
    t *= 2
    assert t is s and kinds(s) == ["Tanh", "Sigmoid", "ReLU"] * 2
    s.insert(-1, lib.GELU())
    assert kinds(s)[-2:] == ["GELU", "ReLU"]
    named = lib.Sequential(OrderedDict(a=lib.ReLU(), b=lib.Tanh()))
    assert named.a is named[0] and list(named[1:]._modules) == ["b"]
    for wrong in (lambda: s[9], lambda: s.insert(99, lib.ReLU()), lambda: s.pop(9)):
        with pytest.raises(IndexError):
            wrong()
    for wrong, error in (
        (lambda: s + 1, ValueError),
        (lambda: s * 0, ValueError),
        (lambda: s * 1.5, TypeError),
        (lambda: lib.Sequential(3), TypeError),
        (lambda: s.append(3), TypeError),
    ):
        with pytest.raises(error):
            wrong()


def test_sequential_runs_and_shows_itself(lib):
    s = lib.Sequential(lib.ReLU(), lib.Sequential(lib.Tanh()))
    assert repr(s) == "Sequential(\n  (0): ReLU()\n  (1): Sequential(\n    (0): Tanh()\n  )\n)"
    assert repr(lib.Sequential()) == "Sequential()"
    if lib is nn:
        assert s(tenon.tensor([-1.0])).item() == 0 and nn.Sequential()(3) == 3


def test_module_list(lib):
    row = lib.ModuleList([lib.ReLU(), lib.Tanh()])
    row += [lib.GELU()]
    row.insert(1, lib.Mish())
    assert row.append(lib.ELU()) is row and row.extend([lib.ELU()]) is row
    assert kinds(row) == ["ReLU", "Mish", "Tanh", "GELU", "ELU", "ELU"] and type(row[1:3]) is lib.ModuleList
    assert kinds(row + row)[-1] == "ELU" and len(row) == 6
    row[-1] = lib.SELU()
    assert type(row.pop(0)).__name__ == "ReLU"
    del row[1:3]
    assert kinds(row) == ["Mish", "ELU", "SELU"] and list(row._modules) == ["0", "1", "2"]
    assert repr(lib.ModuleList([lib.ReLU(), lib.ReLU(), lib.Sequential(lib.Tanh())])) == (
        "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Sequential(\n    (0): Tanh()\n  )\n)"
    )
    assert repr(lib.ModuleList()) == "ModuleList()"
    with pytest.raises(NotImplementedError):
        row(1)
    with pytest.raises(IndexError):
        row[3]
    for wrong in (3, [3]):
        with pytest.raises(TypeError):
            row.extend(wrong)


def test_module_dict(lib):
    d = lib.ModuleDict({"a": lib.ReLU(), "b": lib.Tanh()})
    d["c"] = lib.GELU()
    d.update([("d", lib.ELU()), ["a", lib.SELU()]])
    assert list(d) == list(d.keys()) == ["a", "b", "c", "d"] and len(d) == 4 and "c" in d and "x" not in d
    assert kinds(d.values()) == ["SELU", "Tanh", "GELU", "ELU"] and [k for k, _ in d.items()] == list(d)
    assert type(d.pop("b")).__name__ == "Tanh"
    del d["c"]
    assert list(d._modules) == ["a", "d"]
    for key in ("b", "x"):
        with pytest.raises(KeyError):
            d[key]
    for wrong in (3, [3], {"x": 3}):
        with pytest.raises(TypeError):
            d.update(wrong)
    with pytest.raises(ValueError):
        d.update([("x", lib.ReLU(), 3)])
    with pytest.raises(KeyError):
        d["a.b"] = lib.ReLU()
    d.clear()
    assert len(d) == 0 and repr(d) == "ModuleDict()"


def tensor(lib, *shape):
    return (tenon if lib is nn else pytest.importorskip("torch")).ones(*shape)


def test_parameter_list(lib):
    p = lib.ParameterList([tensor(lib, 2), lib.Parameter(tensor(lib, 1, 3))])
    assert p.append(5) is p and p.extend([tensor(lib, 4)]) is p
    p += [tensor(lib, 0)]
    assert (
        len(p) == 5
        and p[2] == 5
        and type(p[0]) is lib.Parameter
        and [type(x) for x in p][-1] is lib.Parameter
    )
    assert [n for n, _ in p.named_parameters()] == ["0", "1", "3", "4"]
    assert len(p[1:4]) == 3 and type(p[:2]) is lib.ParameterList and p[-1] is p[4]
    p[-1] = tensor(lib, 7)
    assert tuple(p[4].shape) == (7,)
    prefix = "tenon" if lib is nn else "torch"
    assert repr(p) == (
        "ParameterList(\n"
        f"    (0): Parameter containing: [{prefix}.float32 of size 2]\n"
        f"    (1): Parameter containing: [{prefix}.float32 of size 1x3]\n"
        "    (2): Object of type: int\n"
        f"    (3): Parameter containing: [{prefix}.float32 of size 4]\n"
        f"    (4): Parameter containing: [{prefix}.float32 of size 7]\n"
        ")"
    )
    for wrong in (3, tensor(lib, 2)):
        with pytest.raises(TypeError):
            p.extend(wrong)
    with pytest.raises(IndexError):
        p[9]
    with pytest.raises(RuntimeError):
        p()


def test_parameter_dict(lib):
    p = lib.ParameterDict({"b": tensor(lib, 2), "a": tensor(lib, 3)})
    assert list(p) == ["a", "b"]  # a plain dict is sorted
    p.update(OrderedDict(z=tensor(lib, 1), y=4))
    p["x"] = lib.Parameter(tensor(lib, 5))
    assert list(p.keys()) == ["a", "b", "z", "y", "x"] and list(reversed(p)) == ["x", "y", "z", "b", "a"]
    assert [n for n, _ in p.named_parameters()] == ["a", "b", "z", "x"] and p["y"] == 4 and len(p) == 5
    assert p.get("q") is None and p.get("q", 3) == 3 and p.get("y") == 4 and p.setdefault("y", 9) == 4
    assert p.setdefault("w", 9) == 9 and p.pop("w") == 9 and p.popitem()[0] == "x" and "x" not in p
    assert dict(p.items())["y"] == 4 and len(list(p.values())) == 4
    other = p.copy()
    assert other["a"] is p["a"] and other is not p
    joined = p | lib.ParameterDict({"new": tensor(lib, 1)})
    assert list(joined) == ["a", "b", "z", "y", "new"] and "new" not in p
    p |= lib.ParameterDict({"new": tensor(lib, 1)})
    assert "new" in p and list(p.fromkeys(["k"], 3).items()) == [("k", 3)]
    del p["new"]
    if lib is nn:  # PyTorch says "torch.cuda.FloatTensor" and the like
        assert "(a): Parameter containing: [tenon.float32 of size 3]" in repr(
            p
        ) and "(y): Object of type: int" in repr(p)
    for wrong in (3, [3]):
        with pytest.raises(TypeError):
            p.update(wrong)
    with pytest.raises(ValueError):
        p.update([("k", 1, 2)])
    with pytest.raises(RuntimeError):
        p(1)
    p.clear()
    assert len(p) == 0 and list(p.named_parameters()) == []


def test_what_is_refused():
    p = nn.ParameterDict()
    for error, wrong in ((TypeError, lambda: p.__setitem__(3, tenon.ones(1))), (KeyError, lambda: p["x"])):
        with pytest.raises(error):
            wrong()
    with pytest.raises(KeyError, match="'training' is an attribute of the class already"):
        p["training"] = tenon.ones(1)
    with pytest.raises(RuntimeError):
        nn.ParameterList([tenon.tensor([1])])
    with pytest.raises(KeyError, match="the ParameterDict is empty"):
        p.popitem()
    named = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh(), c=nn.ELU()))
    del named[1]
    assert list(named._modules) == ["a", "c"]  # names stay


def test_copies_and_pickles():
    for row in (
        nn.Sequential(nn.Linear(1, 2), nn.ReLU()),
        nn.ModuleList([nn.Linear(1, 2)]),
        nn.ModuleDict({"a": nn.Linear(1, 2)}),
        nn.ParameterList([tenon.ones(2), 3]),
        nn.ParameterDict({"a": tenon.ones(2), "b": 3}),
    ):
        for other in (copy.deepcopy(row), pickle.loads(pickle.dumps(row))):
            assert repr(other) == repr(row) and len(other) == len(row)
            pairs = zip(row.parameters(), other.parameters(), strict=True)
            assert all(tenon.equal(p, q) and p.data_ptr() != q.data_ptr() for p, q in pairs)
