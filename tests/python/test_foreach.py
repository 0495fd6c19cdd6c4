"""_foreach_ operations beside the same operation for each tensor, and PyTorch's where it is installed."""

import numpy as np
import pytest
import tenon
from support import run_python, sim_environment

RNG = np.random.default_rng(5)
DTYPES = [tenon.float32, tenon.float64, tenon.float16, tenon.bfloat16]


def tensors(n=20, low=0.5, high=2.0, mixed=True):
    return [
        tenon.tensor(RNG.uniform(low, high, (i % 4, 3 + i))).to(
            DTYPES[i % len(DTYPES)] if mixed else tenon.float32
        )
        for i in range(n)
    ]


def copies(ts):
    return [t.clone() for t in ts]


def same(got, want):
    assert len(got) == len(want)
    for x, y in zip(got, want, strict=True):
        assert x.dtype == y.dtype
        exact = y.dtype in (tenon.float32, tenon.float64)
        np.testing.assert_allclose(
            x.to(tenon.float64).numpy(), y.to(tenon.float64).numpy(), rtol=1e-6 if exact else 2e-2, atol=1e-7
        )


UNARY = "neg abs sign reciprocal exp expm1 log log2 log10 log1p sqrt rsqrt sin cos tanh sigmoid floor ceil"


@pytest.mark.parametrize("name", UNARY.split())
def test_unary(name):
    ts = tensors()
    want = [getattr(tenon, name)(t) for t in ts]
    got = getattr(tenon, f"_foreach_{name}")(ts)
    assert isinstance(got, tuple)
    same(got, want)
    ts = [t for t in ts if t.numel()]
    want = [t for t in want if t.numel()]
    versions = [t._version for t in ts]
    assert getattr(tenon, f"_foreach_{name}_")(ts) is None
    same(ts, want)
    assert [t._version for t in ts] == [v + 1 for v in versions]


@pytest.mark.parametrize("name", ["mul", "div", "add", "sub", "maximum", "minimum", "pow"])
def test_binary(name):
    for others in (tensors(), 1.5, [0.25 * i for i in range(20)]):
        ts = tensors()
        listed = others if isinstance(others, list) else [others] * len(ts)
        want = [getattr(tenon, name)(t, o) for t, o in zip(ts, listed, strict=True)]
        same(getattr(tenon, f"_foreach_{name}")(ts, others), want)
        getattr(tenon, f"_foreach_{name}_")(ts, others)
        same(ts, want)


def test_alpha():
    ts, others = tensors(), tensors()
    same(
        tenon._foreach_add(ts, others, alpha=0.5),
        [tenon.add(t, o, alpha=0.5) for t, o in zip(ts, others, strict=True)],
    )
    want = [tenon.sub(t, o, alpha=2) for t, o in zip(ts, others, strict=True)]
    tenon._foreach_sub_(ts, others, alpha=2)
    same(ts, want)


@pytest.mark.parametrize("name", ["addcmul", "addcdiv"])
@pytest.mark.parametrize("value", [1, -0.5, [0.1 * i for i in range(20)]])
def test_three(name, value):
    ts, a, b = tensors(), tensors(), tensors()
    values = value if isinstance(value, list) else [value] * 20
    want = [getattr(tenon, name)(*o[:3], value=o[3]) for o in zip(ts, a, b, values, strict=True)]
    same(getattr(tenon, f"_foreach_{name}")(ts, a, b, value), want)
    getattr(tenon, f"_foreach_{name}_")(ts, a, b, value)
    same(ts, want)


def test_lerp():
    for weight in (0.25, tensors(high=1.0)):
        ts, ends = tensors(), tensors()
        weights = weight if isinstance(weight, list) else [weight] * 20
        want = [tenon.lerp(*o) for o in zip(ts, ends, weights, strict=True)]
        same(tenon._foreach_lerp(ts, ends, weight), want)
        tenon._foreach_lerp_(ts, ends, weight)
        same(ts, want)


def test_strided_and_empty():
    assert tenon._foreach_add([], 1) == ()
    assert tenon._foreach_add_([], []) is None
    ts = [tenon.arange(12.0).reshape(3, 4).T, tenon.arange(10.0)[::2], tenon.zeros(0), tenon.tensor(3.0)]
    want = [t * 2 for t in ts]
    tenon._foreach_mul_(ts, 2)
    same(ts, want)


def test_memory_of_numpy():
    arrays = [np.ones(5, np.float32) for _ in range(4)]
    tenon._foreach_add_([tenon.from_numpy(a) for a in arrays], [1, 2, 3, 4])
    assert [a[0] for a in arrays] == [2, 3, 4, 5]


def test_the_same_tensor_twice():
    t = tenon.ones(3)
    tenon._foreach_mul_([t, t], 2.0)
    assert t.tolist() == [4, 4, 4]
    whole = tenon.ones(6)
    tenon._foreach_add_([whole[:4], whole[2:]], [1.0, 2.0])
    assert whole.tolist() == [2, 2, 4, 4, 3, 3]


def test_nothing_is_written_where_one_is_refused():
    good = tenon.ones(3)
    frozen = np.ones(3)
    frozen.flags.writeable = False
    leaf = tenon.ones(3, requires_grad=True)
    refused = [
        (tenon.from_numpy(frozen), ValueError),
        (leaf, RuntimeError),
        (tenon.ones(1).expand(3), RuntimeError),
        (tenon.ones(3, dtype=tenon.int64), TypeError),
        (np.ones(3), TypeError),
    ]
    for bad, error in refused:
        with pytest.raises(error):
            tenon._foreach_mul_([good, bad], 2.5)
        assert good.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="differ in length"):
        tenon._foreach_add_([good], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"broadcast|shape"):
        tenon._foreach_add_([good, good.clone()], [tenon.ones(3), tenon.ones(4)])
    assert good.tolist() == [1, 1, 1]


def test_gradients_flow():
    xs = [tenon.tensor([1.0, 2.0], requires_grad=True) for _ in range(3)]
    ys = tenon._foreach_mul(xs, [2.0, 3.0, 4.0])
    sum(y.sum() for y in ys).backward()
    assert [x.grad.tolist() for x in xs] == [[2, 2], [3, 3], [4, 4]]
    xs = [tenon.tensor([1.0, 2.0], requires_grad=True) for _ in range(3)]
    ys = [x * 1 for x in xs]
    tenon._foreach_addcmul_(ys, xs, xs, 0.5)
    sum(y.sum() for y in ys).backward()
    assert xs[0].grad.tolist() == [2, 3]
    with tenon.no_grad():
        tenon._foreach_add_(xs, xs, alpha=-0.5)
    assert xs[0].tolist() == [0.5, 1]


def test_on_the_simulated_device():
    run_python(
        """
        import tenon
        ts = [tenon.full((i, 5), float(i)).to("cuda") for i in range(40)]
        others = [tenon.full((i, 5), 2.0).to("cuda") for i in range(40)]
        tenon._foreach_addcmul_(ts, others, others, 0.5)
        assert all(t.device.type == "cuda" for t in ts)
        assert [t.cpu().sum().item() for t in ts] == [5 * i * (i + 2.0) for i in range(40)]
        """,
        **sim_environment(),
    )


def test_beside_torch():
    torch = pytest.importorskip("torch")
    a, b, c = ([RNG.uniform(0.5, 2, (3, i + 1)).astype(np.float32) for i in range(10)] for _ in range(3))
    for name, arguments in {
        "add": (b,),
        "mul": (b,),
        "addcmul": (b, c, 0.5),
        "addcdiv": (b, c, 0.5),
        "lerp": (b, 0.3),
    }.items():

        def with_(xp, arguments=arguments):
            return [[xp.asarray(x.copy()) for x in o] if isinstance(o, list) else o for o in (a, *arguments)]

        ours, theirs = with_(tenon), with_(torch)
        getattr(tenon, f"_foreach_{name}_")(*ours)
        getattr(torch, f"_foreach_{name}_")(*theirs)
        for x, y in zip(ours[0], theirs[0], strict=True):
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)
