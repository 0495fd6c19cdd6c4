"""Keywords of PyTorch's and NumPy's functions: each works in tenon's, or the error names the way out."""

import ast
import inspect
import pathlib
import re

import numpy as np
import pytest
import tenon
import tenon.numpy as tnp

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
LOST = re.compile(r"there is no argument '\w+'; the signature is")


def keywords(f: object) -> set[str]:
    """The names of what a function in Python takes."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (ValueError, TypeError):
        return set()
    return {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def of_stub(body: list[ast.stmt]) -> dict[str, set[str]]:
    """The names of the arguments of all overloads in a stub."""
    found: dict[str, set[str]] = {}
    for f in body:
        if isinstance(f, ast.FunctionDef):
            names = {a.arg for a in (*f.args.args, *f.args.kwonlyargs)}
            found.setdefault(f.name, set()).update(names - {"self", "cls"})
    return found


def of_torch() -> list[tuple[str, object, set[str]]]:
    """PyTorch's functions and methods that tenon has: its name, tenon's, and the keywords of PyTorch's."""
    stubs = pathlib.Path(torch.__file__).parent / "_C"
    functions = of_stub(ast.parse((stubs / "_VariableFunctions.pyi").read_text()).body)
    classes = [c for c in ast.parse((stubs / "__init__.pyi").read_text()).body if isinstance(c, ast.ClassDef)]
    methods = of_stub(next(c for c in classes if c.name == "TensorBase").body)
    for space, found in ((torch, functions), (torch.nn.functional, functions), (torch.Tensor, methods)):
        for name, f in vars(space).items():
            if inspect.isfunction(f):
                found.setdefault(name, set()).update(keywords(f) - {"self"})
    return [
        (name, op, names)
        for space, found in ((tenon, functions), (tenon.Tensor, methods))
        for name, names in sorted(found.items())
        if isinstance(op := getattr(space, name, None), tenon._C.Operation)
    ]


def lost(op: object, names: set[str], *args: object) -> set[str]:
    """Those of the keywords about which the error says no more than that they are not there."""
    found = set()
    for name in names:
        try:
            op(*args, **{name: None})
        except Exception as e:  # what a call without its other arguments raises does not matter
            if LOST.search(str(e)):
                found.add(name)
    return found


@needs_torch
def test_every_keyword_of_pytorch():
    walked = of_torch()
    assert len(walked) > 600
    found = {}
    for name, op, names in walked:
        if missing := lost(op, names, *([] if getattr(tenon, name, None) is op else [tenon.ones(2)])):
            found[name] = missing
    assert not found


@needs_torch
def test_every_keyword_of_linalg():
    walked = 0
    for name in dir(tenon.linalg):
        op, theirs = getattr(tenon.linalg, name), getattr(torch.linalg, name)
        if not callable(op) or isinstance(op, type):
            continue
        walked += 1
        # Built-in functions have no signature but in the first line of their documentation.
        line = theirs.__doc__.strip().partition("\n")[0].partition(" ->")[0]
        text = re.search(rf"{name}\((.*)\)", line.replace(", bool ", ", "))[1]
        names = re.findall(r"(\w+)(?:=[^,]+)?(?:,|$)", text)
        assert names
        assert not {k for k in names if is_unknown(op, k)}, name
    assert walked == len(tenon.linalg.__all__) - 1


def test_every_keyword_of_numpy():
    found, walked = {}, 0
    for theirs, ours in ((np, tnp), (np.linalg, tnp.linalg), (np.fft, tnp.fft)):
        for name in dir(ours):
            f, op = getattr(theirs, name, None), getattr(ours, name)
            if name.startswith("_") or not callable(f) or isinstance(f, type):
                continue
            walked += 1
            missing = {k for k in keywords(f) if is_unknown(op, k)}
            if missing:
                found[name] = missing
    assert walked > 300
    assert not found


def is_unknown(op: object, keyword: str) -> bool:
    try:
        op(**{keyword: None})
    except TypeError as e:
        return bool(LOST.search(str(e))) or "unexpected keyword" in str(e)
    except Exception:
        pass
    return False


def test_the_way_out_stands_in_the_error():
    t = tenon.ones(2)
    for call, way in (
        (lambda: tenon.zeros(2, layout=None), "leave it out"),
        (lambda: tenon.zeros(2, pin_memory=True), r"call \.pin_memory\(\) on the result"),
        (lambda: tenon.relu(t, inplace=True), r"copy_\(\)"),
        (lambda: tenon.mm(t, t, out_dtype=tenon.float64), r"with \.to\(dtype\)"),
        (lambda: t.put(index=[0], source=[1.0]), r"index_put\(\)"),
        (lambda: tenon.pad(t, pad=(1, 1)), "pad_width="),
        (lambda: tnp.add(t, t, signature="dd->d"), "dtype="),
    ):
        with pytest.raises(TypeError, match=rf"there is no argument '\w+'; .*{way}"):
            call()


def test_the_driver_of_svd():
    for f in (tenon.linalg.svd, tenon.linalg.svdvals):
        f(tenon.eye(2), driver=None)
        with pytest.raises(ValueError, match=r"^linalg\.svd.*: driver= .* leave it out; got 'gesvd'"):
            f(tenon.eye(2), driver="gesvd")


def test_other_names():
    t = tenon.tensor([-1.0, 0.0, 1.0])
    assert tenon.heaviside(t, values=tenon.tensor([5.0])).tolist() == [0, 5, 1]
    assert tenon.tensor([-1.0, 0.0]).heaviside_(values=tenon.tensor([5.0])).tolist() == [0, 5]
    assert tenon.isin(elements=t, test_element=1.0).tolist() == [False, False, True]
    assert [len(p) for p in t.tensor_split(sections=2)] == [2, 1]
    assert [len(p) for p in t.tensor_split(indices=[1])] == [1, 2]
    assert tenon.zeros(3).copy_(other=t).tolist() == t.tolist()
    assert tenon.ones(2, dtype=tenon.int8).to(other=t).dtype == t.dtype
    assert tenon.zeros(2).requires_grad_(mode=True).requires_grad
    assert tenon.zeros(2, 3).swapaxes_(axis0=0, axis1=1).shape == (3, 2)
    assert tenon.zeros(100).uniform_(to=0.25).max() < 0.25
    assert tenon.zeros(100).random_(from_=2, to=4).min() >= 2
    assert tenon.zeros(100).random_(to=4).max() < 4
    assert [x.tolist() for x in tenon._foreach_add([t], scalars=[1])] == [[0, 1, 2]]
    assert [x.tolist() for x in tenon._foreach_lerp([t], tensors1=[t + 2], weights=0.5)] == [[0, 1, 2]]
    assert tnp.linalg.matrix_power(a=tenon.ones(2, 2), n=2).tolist() == [[2, 2], [2, 2]]
    assert tnp.isposinf(x=t).tolist() == [False] * 3 and tnp.unique_values(x=t).tolist() == t.tolist()


def test_parameters_in_place():
    x = tenon.tensor([0.0, 0.3, 1.0])
    assert x.clone().logit_(eps=0.1).tolist() == tenon.logit(x, 0.1).tolist()
    assert x.clone().logit_().tolist() == tenon.logit(x).tolist()
    assert x.clone().gelu_(approximate="tanh").tolist() == tenon.gelu(x, approximate="tanh").tolist()
    assert x.clone().softplus_(beta=2, threshold=1).tolist() == tenon.softplus(x, 2, 1).tolist()
    w = x.clone().requires_grad_()
    (w * 1).logit_(0.1).sum().backward()
    v = x.clone().requires_grad_()
    tenon.logit(v, 0.1).sum().backward()
    assert w.grad.tolist() == v.grad.tolist()
    with pytest.raises(TypeError, match="logit_: a result of float32 cannot be written to int64"):
        tenon.tensor([0, 1]).logit_(0.1)
    with pytest.raises(ValueError, match="approximate"):
        x.clone().gelu_(approximate="no")


def test_gather_takes_the_default_of_sparse_grad():
    t, i = tenon.tensor([1.0, 2.0]), tenon.tensor([1, 1])
    assert tenon.gather(t, 0, i, sparse_grad=False).tolist() == [2, 2]
    with pytest.raises(ValueError, match="gather: the gradient is dense"):
        t.gather(0, i, sparse_grad=True)


@pytest.mark.parametrize("f", [None, "contiguous_format", "preserve_format"])
def test_memory_format(f):
    f = f and getattr(tenon, f)
    t = tenon.ones(2)
    assert tenon.empty(2, memory_format=f).shape == (2,)
    assert t.cpu(memory_format=f) is t
    assert tenon.ones(3).resize_(2, memory_format=f).tolist() == [1, 1]


def test_requires_grad_of_drawn_numbers():
    assert tenon.normal(0.0, 1.0, (2,), requires_grad=True).requires_grad
    assert tenon.randint_like(tenon.ones(2), 5, requires_grad=True).requires_grad
    assert not tenon.randperm(3, requires_grad=False).requires_grad
    for call in (
        lambda: tenon.randperm(3, requires_grad=True),
        lambda: tenon.randint_like(tenon.tensor([1]), 5, requires_grad=True),
    ):
        with pytest.raises(RuntimeError, match=r"requires? grad"):
            call()


@pytest.mark.parametrize("name", ["tril_indices", "triu_indices"])
def test_dtype_of_indices(name):
    r = getattr(tenon, name)(3, 3, dtype=tenon.int32)
    assert r.dtype == tenon.int32 and r.tolist() == getattr(tenon, name)(3, 3).tolist()


OUT = {
    "topk": lambda t, **k: tenon.topk(t, 2, **k),
    "kthvalue": lambda t, **k: tenon.kthvalue(t, 2, **k),
    "mode": lambda t, **k: tenon.mode(t, **k),
    "aminmax": lambda t, **k: tenon.aminmax(t, **k),
    "cummax": lambda t, **k: tenon.cummax(t, 0, **k),
    "cummin": lambda t, **k: tenon.cummin(t, 0, **k),
    "frexp": lambda t, **k: tenon.frexp(t, **k),
    "histogram": lambda t, **k: tenon.histogram(t, 3, **k),
    "histc": lambda t, **k: tenon.histc(t, 3, **k),
    "argsort": lambda t, **k: tenon.argsort(t, **k),
    "nonzero": lambda t, **k: tenon.nonzero(t, **k),
    "linalg.eigh": lambda t, **k: tenon.linalg.eigh(t.reshape(2, 2), **k),
    "linalg.eigvalsh": lambda t, **k: tenon.linalg.eigvalsh(t.reshape(2, 2), **k),
    "linalg.svd": lambda t, **k: tenon.linalg.svd(t.reshape(2, 2), **k),
    "linalg.svdvals": lambda t, **k: tenon.linalg.svdvals(t.reshape(2, 2), **k),
    "linalg.solve": lambda t, **k: tenon.linalg.solve(t.reshape(2, 2), t[:2], **k),
    "linalg.slogdet": lambda t, **k: tenon.linalg.slogdet(t.reshape(2, 2), **k),
    "linalg.qr": lambda t, **k: tenon.linalg.qr(t.reshape(2, 2), **k),
    "linalg.eig": lambda t, **k: tenon.linalg.eig(t.reshape(2, 2), **k),
    "linalg.lu": lambda t, **k: tenon.linalg.lu(t.reshape(2, 2), **k),
    "linalg.pinv": lambda t, **k: tenon.linalg.pinv(t.reshape(2, 2), **k),
    "linalg.matrix_rank": lambda t, **k: tenon.linalg.matrix_rank(t.reshape(2, 2), **k),
    "linalg.cond": lambda t, **k: tenon.linalg.cond(t.reshape(2, 2), **k),
    "linalg.norm": lambda t, **k: tenon.linalg.norm(t, **k),
    "linalg.matrix_norm": lambda t, **k: tenon.linalg.matrix_norm(t.reshape(2, 2), **k),
    "slogdet": lambda t, **k: tenon.slogdet(t.reshape(2, 2), **k),
    "qr": lambda t, **k: tenon.qr(t.reshape(2, 2), **k),
    "svd": lambda t, **k: tenon.svd(t.reshape(2, 2), **k),
}


@pytest.mark.parametrize("name", OUT)
def test_out(name):
    t = tenon.tensor([3.0, 1.0, 0.0, 3.0])
    wanted = OUT[name](t)
    several = isinstance(wanted, tuple)
    out = tuple(tenon.zeros_like(w) for w in wanted) if several else tenon.zeros_like(wanted)
    got = OUT[name](t, out=out)
    assert type(got) is type(wanted)
    for g, w, o in zip(got, wanted, out, strict=True) if several else [(got, wanted, out)]:
        assert g is o and g.tolist() == w.tolist()
    wrong = tuple(tenon.zeros(7) for _ in wanted) if several else tenon.zeros(7)
    with pytest.raises((ValueError, TypeError), match=rf"{name}: "):
        OUT[name](t, out=wrong)
