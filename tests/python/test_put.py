"""Elements by places and masks, under NumPy's names: put, place, copyto, take, choose, sort, clip."""

import numpy as np
import pytest
import tenon
import tenon.numpy as tn

pytestmark = pytest.mark.border

RNG = np.random.default_rng(17)
A = RNG.integers(0, 5, (3, 4))
DTYPES = ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64"]
LAYOUTS = {
    "rows": lambda a: a,
    "turned": lambda a: np.ascontiguousarray(a.T).T,
    "backwards": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "0-d": lambda a: np.array(a[0, 1]),
    "empty": lambda a: a[:0].copy(),
}


def same(got, expected):
    if isinstance(expected, tuple):
        assert isinstance(got, tuple) and len(got) == len(expected)
        for g, e in zip(got, expected, strict=True):
            same(g, e)
        return
    assert isinstance(got, tenon.Tensor) and got.shape == np.shape(expected)
    assert got.numpy().dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(got.numpy(), expected)


WRITES = {
    "put": lambda f, a: f(a, [0, 2, -1], [1, 0]),
    "put: one": lambda f, a: f(a, 0, 3),
    "put: wrap": lambda f, a: f(a, [[30, -31]], 1, mode="wrap"),
    "put: clip": lambda f, a: f(a, [30, -31], [1, 2], "clip"),
    "put: nothing": lambda f, a: f(a, [0], []),
    "place": lambda f, a: f(a, a > 1, [1, 0, 1]),
    "place: flat": lambda f, a: f(a, np.arange(a.size) % 2, [1]),
    "putmask": lambda f, a: f(a, a > 1, [1, 0, 1]),
    "putmask: own": lambda f, a: f(a, a > 1, a * a),
    "putmask: nothing": lambda f, a: f(a, a > 1, []),
    "copyto": lambda f, a: f(a, 1),
    "copyto: row": lambda f, a: f(a, np.ones(a.shape[-1:], bool)),
    "copyto: where": lambda f, a: f(a, 1, where=a > 2),
    "copyto: unsafe": lambda f, a: f(a, 1.5, casting="unsafe"),
    "fill_diagonal": lambda f, a: f(a, 1),
    "fill_diagonal: many": lambda f, a: f(a, [1, 0], wrap=True),
    "put_along_axis": lambda f, a: f(a, np.array([[1, 0]]), 1, 1),
    "put_along_axis: 0": lambda f, a: f(
        a, np.array([[1, 0, 2, 2]]), np.array([[1, 0, 1, 1]], "int8"), axis=0
    ),
    "put_along_axis: flat": lambda f, a: f(a, np.array([3, 1]), [1, 0], None),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", WRITES)
def test_writing(case, dtype, layout):
    name, write = case.partition(":")[0], WRITES[case]
    expected = LAYOUTS[layout](A.astype(dtype)).copy(order="K")
    start = expected.copy(order="K")
    theirs, own = getattr(np, name), getattr(tn, name)
    if case == "put_along_axis: flat" and layout == "turned":
        return  # NumPy refuses to write there
    try:
        write(theirs, expected)
    except (TypeError, ValueError, IndexError) as error:
        kinds = (TypeError, ValueError, IndexError)
        with pytest.raises(kinds):
            write(own, start)
        assert isinstance(error, kinds)
        np.testing.assert_array_equal(start, LAYOUTS[layout](A.astype(dtype)))
        return
    array = start.copy(order="K")  # an ndarray that tenon writes into
    assert write(own, array) is None
    np.testing.assert_array_equal(array, expected)
    for f in (own, theirs):
        t = tenon.from_numpy(start.copy(order="K"))
        host = start

        def on(a, *arguments, f=f, t=t, host=host, **keywords):
            assert a is host
            return f(t, *arguments, **keywords)

        assert write(on, host) is None
        np.testing.assert_array_equal(t.numpy(), expected)


def test_writing_refuses():
    t = tenon.zeros(3, dtype=tenon.int8)
    for call, error in [
        (lambda: tn.put(t, [3], 1), IndexError),
        (lambda: tn.put(t, [0.5], 1), TypeError),
        (lambda: tn.put(t, [0], 300), OverflowError),
        (lambda: tn.put(t, [0], [300]), OverflowError),
        (lambda: tn.put(t, [0], 1j), TypeError),
        (lambda: tn.put(t, [0], 1, mode="loop"), ValueError),
        (lambda: tn.put([1, 2], [0], 1), TypeError),
        (lambda: tn.place(t, [True], 1), ValueError),
        (lambda: tn.place(t, [True, False, False], []), ValueError),
        (lambda: tn.place(t, [True, False, False], np.array([2.5])), TypeError),
        (lambda: tn.putmask(t, [True, False], 1), ValueError),
        (lambda: tn.putmask(t, [True, False, True], tenon.tensor([1])), TypeError),
        (lambda: tn.copyto(t, 2.5), TypeError),
        (lambda: tn.copyto(t, tenon.tensor([1]), casting="no"), TypeError),
        (lambda: tn.copyto(t, tenon.zeros(2, dtype=tenon.int8)), ValueError),
        (lambda: tn.copyto(t, 300), OverflowError),
        (lambda: tn.copyto(t, 1, where=[1, 0, 1]), TypeError),
        (lambda: tn.copyto(t, 1, casting="loose"), ValueError),
        (lambda: tn.fill_diagonal(t, 1), ValueError),
        (lambda: tn.put_along_axis(t, tenon.tensor([3]), 1, 0), IndexError),
        (lambda: tn.put_along_axis(t, tenon.tensor([0]), 1, 1), IndexError),
        (lambda: tn.put_along_axis(t, tenon.tensor([[0]]), 1, 0), ValueError),
        (lambda: tn.put_along_axis(t, tenon.tensor([0.5]), 1, 0), TypeError),
    ]:
        with pytest.raises(error, match=r"^(put|place|putmask|copyto|fill_diagonal|put_along_axis): "):
            call()
        assert t.tolist() == [0, 0, 0]
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    leaf = tenon.zeros(3, requires_grad=True)
    w = tenon.ones(3, requires_grad=True)
    for write in (
        lambda a: tn.put(a, [0], 1),
        lambda a: tn.place(a, [True] * 3, 1),
        lambda a: tn.putmask(a, [True] * 3, 1),
        lambda a: tn.copyto(a, 1),
        lambda a: tn.put_along_axis(a, tenon.tensor([0]), 1, 0),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write(frozen)
        with pytest.raises(RuntimeError, match="grad"):
            write(leaf)
    for write in (
        lambda a: tn.put(a, [0], w),
        lambda a: tn.place(a, [True] * 3, w),
        lambda a: tn.putmask(a, [True] * 3, w),
        lambda a: tn.copyto(a, w),
    ):
        with pytest.raises(RuntimeError, match="gradient would be lost"):
            write(np.zeros(3))


def test_copyto_of_an_array_that_cannot_be_shared():
    swapped = np.zeros(3, ">f4")
    tn.copyto(swapped, tenon.tensor([1.0, 2.0, 3.0]), where=tenon.tensor([True, False, True]))
    assert swapped.tolist() == [1, 0, 3] and swapped.dtype == ">f4"


def test_gradients_flow_to_what_is_written():
    x = tenon.from_numpy(RNG.normal(size=(3, 4))).requires_grad_()
    v = tenon.from_numpy(RNG.normal(size=5)).requires_grad_()
    mask = tenon.from_numpy(A > 1)
    at = tenon.tensor([[0, 2]])

    def written(write):
        def f(x, v):
            y = x * 2
            write(y, v)
            return y * y

        return f

    for write in (
        lambda y, v: tn.put(y, [0, 5, 7], v),
        lambda y, v: tn.place(y, mask, v),
        lambda y, v: tn.putmask(y, mask, v),
        lambda y, v: tn.copyto(y, v[:4], where=mask),
        lambda y, v: tn.put_along_axis(y, at, v[:2], 1),
        lambda y, v: tn.fill_diagonal(y, v),
    ):
        assert tenon.autograd.gradcheck(written(write), (x, v))
        assert tenon.autograd.gradgradcheck(written(write), (x, v))
    for read in (
        lambda x, v: tn.take(x, [[0, 5], [7, 7]]) * v[0],
        lambda x, v: tn.take_along_axis(x, at, 1) * v[:2],
        lambda x, v: tn.extract(mask, x) * v[0],
        lambda x, v: tn.compress([True, False, True], x, axis=0) * v[:4],
        lambda x, v: tn.choose([1, 0, 1, 1], [x, v[:4]]) ** 2,
        lambda x, v: tn.sort(x, axis=0) * v[:4],
        lambda x, v: tn.clip(x, v[:4] - 1, 2) ** 2,
    ):
        assert tenon.autograd.gradcheck(read, (x, v))
        assert tenon.autograd.gradgradcheck(read, (x, v))


READS = {
    "take": [lambda f, a: f(a, [0, -1]), lambda f, a: f(a, [[3], [1]], axis=1), lambda f, a: f(a, 2, 0),
             lambda f, a: f(a, [30, -7], mode="wrap"), lambda f, a: f(a, [30, -7], 1, mode="clip")],
    "take_along_axis": [lambda f, a: f(a, np.array([[0, 3]]), 1), lambda f, a: f(a, np.array([[2]] * 3)),
                        lambda f, a: f(a, np.array([2, 2, 5]), axis=None),
                        lambda f, a: f(a, np.array([[0, 1]]), 0)],
    "extract": [lambda f, a: f([[1, 0, 1]], a), lambda f, a: f(np.arange(12) % 2, a)],
    "compress": [lambda f, a: f([1, 0, 1], a), lambda f, a: f([True, False], a, axis=1),
                 lambda f, a: f([0, 1], a, 0)],
    "nonzero": [lambda f, a: f(a)],
    "argwhere": [lambda f, a: f(a)],
    "flatnonzero": [lambda f, a: f(a)],
    "sort": [lambda f, a: f(a), lambda f, a: f(a, None), lambda f, a: f(a, axis=0, kind="stable"),
             lambda f, a: f(a, stable=True)],
    "argsort": [lambda f, a: f(a, kind="stable"), lambda f, a: f(a, None, "mergesort"),
                lambda f, a: f(a, axis=0, stable=True)],
    "clip": [lambda f, a: f(a, 1, 2), lambda f, a: f(a, None, 2), lambda f, a: f(a, 1, None),
             lambda f, a: f(a, min=1), lambda f, a: f(a, max=np.array([1, 2, 1, 1], a.dtype)),
             lambda f, a: f(a, a_min=1, a_max=3), lambda f, a: f(a, 1, 2, dtype="float64", casting="unsafe")],
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", READS)
def test_reading(name, dtype, layout):
    a = LAYOUTS[layout](A.astype(dtype))
    if dtype == "complex64" and name == "clip":  # NumPy orders complex numbers
        with pytest.raises(TypeError, match="clip"):
            tn.clip(tenon.from_numpy(a), 1, 2)
        return
    for i, read in enumerate(READS[name]):
        try:
            expected = read(getattr(np, name), a)
        except (TypeError, ValueError, IndexError):
            with pytest.raises((TypeError, ValueError, IndexError)):
                read(getattr(tn, name), tenon.from_numpy(a.copy(order="K")))
            continue
        if name == "clip" and dtype == "bool":
            continue  # NumPy's result is an integer
        t = tenon.from_numpy(a.copy(order="K"))
        same(read(getattr(tn, name), t), expected)
        if not (name == "clip" and i == 6):
            same(read(getattr(np, name), t), expected)


def test_other_arguments():
    t = tenon.from_numpy(A.copy())
    out = tenon.zeros(2, dtype=tenon.int64)
    assert np.take(t, [0, 1], out=out) is out and out.tolist() == A.ravel()[:2].tolist()
    assert np.compress([1, 0, 1], t, out=out) is out
    assert tn.sort(t, axis=None, descending=True).tolist() == np.sort(A, None)[::-1].tolist()
    same(np.choose(t % 2, [t, -1]), np.choose(A % 2, [A, -1]))
    same(np.choose(t, [t, -t], mode="wrap"), np.choose(A, [A, -A], mode="wrap"))
    for order in "CF":
        same(
            np.unravel_index(tenon.tensor([5, 11]), (3, 4), order),
            np.unravel_index(np.array([5, 11]), (3, 4), order),
        )
    limited = tenon.zeros(3, 4, dtype=tenon.float32)
    assert np.clip(t, 1, 2, limited, where=tenon.from_numpy(A > 1)) is limited
    assert limited.tolist() == np.clip(A, 1, 2, np.zeros((3, 4), "f4"), where=A > 1).tolist()
    for call, error in [
        (lambda: tn.sort(t, kind="slow"), ValueError),
        (lambda: tn.sort(t, order="x"), ValueError),
        (lambda: tn.argsort(t, kind="stable", stable=True), ValueError),
        (lambda: tn.sort(t, 2), IndexError),
        (lambda: tn.clip(t, a_min=1, a_max=2, min=0), ValueError),
        (lambda: tn.clip(t, 1, 2, min=0), TypeError),
        (lambda: tn.clip(t, 1, 2, dtype=tenon.int8, casting="safe"), TypeError),
        (lambda: tn.clip(t, 1, 2, out=tenon.zeros(3, 4, dtype=tenon.bool)), TypeError),
        (lambda: tn.take(t, [0], mode="loop"), ValueError),
        (lambda: tn.take_along_axis(t, tenon.tensor([[0]]), None), ValueError),
        (lambda: tn.take_along_axis(t, tenon.zeros(2, 1, dtype=tenon.int64), 1), ValueError),
        (lambda: tn.nonzero(tenon.tensor(1)), ValueError),
        (lambda: tn.unravel_index(5, (2, 3), order="K"), ValueError),
        (lambda: tn.choose([2], [[1], [2]]), ValueError),
        (lambda: tn.extract([0] * 12 + [1], t), IndexError),
    ]:
        with pytest.raises(error, match=r"^\w+: "):
            call()


def test_on_a_device():
    if not tenon.cuda.is_available():
        pytest.skip("there is no device")
    t = tenon.arange(6).reshape(2, 3).cuda()
    tn.put(t, [0, -1], [7, 8])
    tn.place(t, t == 1, 9)
    tn.putmask(t, t == 2, t * 10)
    tn.copyto(t, 5, where=t == 3)
    tn.put_along_axis(t, tenon.tensor([[1], [1]]).cuda(), 4, 1)
    assert t.cpu().tolist() == [[7, 4, 20], [5, 4, 8]]
    assert tn.take(t, tenon.tensor([0, -1]).cuda()).cpu().tolist() == [7, 8]
    assert tn.sort(t, None).cpu().tolist() == [4, 4, 5, 7, 8, 20]
    assert tn.clip(t, 5, 7).cpu().tolist() == [[7, 5, 7], [5, 5, 7]]
