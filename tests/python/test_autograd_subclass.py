"""Subclasses of Tensor: construction, attributes, copies, pickles, and the garbage collector."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
import tenon


class Parameter(tenon.Tensor):
    def __new__(cls, data, requires_grad=True):
        return tenon.Tensor._make_subclass(cls, data, requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


class Plain(tenon.Tensor):
    pass


class Labelled(tenon.Tensor):
    def __init__(self, data, label=None):
        self.label = label


def test_construction():
    a = np.ones(3)
    p = Parameter(tenon.from_numpy(a))
    assert type(p) is Parameter and isinstance(p, tenon.Tensor) and p.requires_grad and p.is_leaf
    a[0] = 7
    assert p.tolist() == [7, 1, 1]
    assert repr(p) == "Parameter containing:\ntensor([7., 1., 1.], dtype=tenon.float64, requires_grad=True)"
    q = Plain([1.0, 2.0], requires_grad=True)
    assert type(q) is Plain and q.requires_grad and type(Plain(data=[1])) is Plain
    r = Labelled([1, 2], label="x")
    assert r.label == "x" and r.tolist() == [1, 2]
    assert type(tenon.ones(2).as_subclass(Plain)) is Plain
    x = tenon.ones(2, requires_grad=True)
    (x * 3).as_subclass(Plain).sum().backward()
    assert x.grad.tolist() == [3, 3]
    for wrong in (
        lambda: Plain(),
        lambda: Plain([1], 2),
        lambda: Plain([1], colour=3),
    ):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError, match="expected a subclass of Tensor"):
        tenon.ones(2).as_subclass(int)
    with pytest.raises(RuntimeError):
        Parameter([1, 2])


def test_operations_give_plain_tensors_and_in_place_ones_the_object():
    p = Parameter(tenon.ones(3))
    for made in (p + 1, 1 + p, p[0], p.sum(), p.detach(), tenon.stack([p, p]), p.view(3, 1), np.add(p, 1)):
        assert type(made) is tenon.Tensor
    with tenon.no_grad():
        assert p.add_(1) is p
    (p * p).sum().backward()
    assert p.grad.tolist() == [4, 4, 4] and type(p.grad) is tenon.Tensor
    assert (p * 2).grad_fn.next_functions[0][0].variable is p
    assert np.asarray(p.detach()).tolist() == [2, 2, 2]
    (g,) = tenon.autograd.grad((p * 3).sum(), [p])
    assert g.tolist() == [3, 3, 3]


def test_attributes_and_weak_references():
    p = Parameter(tenon.ones(2))
    p.tag = [1]
    assert p.tag == [1] and vars(p) == {"tag": [1]}
    died = []
    reference = weakref.ref(p, died.append)
    assert reference() is p
    del p
    assert reference() is None and len(died) == 1
    with pytest.raises(AttributeError):
        tenon.ones(2).tag = 1


def test_copies_and_pickles():
    p = Parameter(tenon.tensor([1.0, 2.0]))
    p.tag = {"me": p}
    p.grad = tenon.ones(2)
    q = copy.deepcopy(p)
    assert type(q) is Parameter and q.requires_grad and q.tag["me"] is q and q.grad.tolist() == [1, 1]
    assert q.data_ptr() != p.data_ptr()
    r = copy.copy(p)
    assert type(r) is Parameter and r.data_ptr() == p.data_ptr() and r.tag is p.tag
    del p.tag
    p.label = "x"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        s = pickle.loads(pickle.dumps(p, protocol))
        assert type(s) is Parameter and s.requires_grad and s.label == "x" and s.tolist() == [1, 2]
    made = pickle.loads(pickle.dumps(Labelled([1, 2], label="y")))
    assert type(made) is Labelled and made.label == "y"
    with pytest.raises(TypeError, match="expected a subclass of Tensor"):
        tenon._pickle.as_subclass(dict, tenon.ones, (2,), False)


def test_copies_keep_gradients_apart():
    """The object that .grad gives dies at once; its identity must not stand for another's in the memo."""
    leaves = [Parameter(tenon.full((n % 3 + 1,), float(n))) for n in range(60)]
    for n, p in enumerate(leaves):
        p.grad = tenon.full(p.shape, float(n))
    assert [p.grad.tolist() for p in copy.deepcopy(leaves)] == [p.grad.tolist() for p in leaves]


def test_cycles_through_attributes_die():
    gc.collect()
    p = Parameter(tenon.ones(2))
    p.me = p
    p.result = p * 2
    p.result.register_hook(lambda g, p=p: p)
    p.closure = lambda p=p: p
    reference = weakref.ref(p)
    del p
    assert reference() is not None
    gc.collect()
    assert reference() is None


def test_a_dying_object_is_not_found_again():
    found = []

    class Last:
        def __init__(self, node):
            self.node = node

        def __del__(self):
            found.append(type(self.node.variable))

    p = Parameter(tenon.ones(2))
    y = p * 2
    p.last = Last(y.grad_fn.next_functions[0][0])
    del p
    gc.collect()
    assert found and issubclass(found[0], tenon.Tensor)
    y.sum().backward()


def test_plain_tensors_are_no_work_for_the_collector():
    x = tenon.ones(3)
    assert not gc.is_tracked(x) and not gc.is_tracked(x + 1)
    assert gc.is_tracked(Parameter(x)) and gc.is_tracked(tenon.ones(3, requires_grad=True) * 2)
    many = [tenon.ones(3, requires_grad=True) * 2 for _ in range(1000)]
    gc.collect()
    assert len(many) == 1000
    del many
    gc.collect()


def test_finalizers_and_resurrection():
    saved = []

    class Undead(tenon.Tensor):
        def __del__(self):
            saved.append(self)

    u = Undead([1.0, 2.0])
    del u
    assert saved[0].tolist() == [1, 2] and (saved[0] + 1).tolist() == [2, 3]
    saved.clear()
    gc.collect()
