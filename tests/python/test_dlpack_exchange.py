"""DLPack both ways, behaviour by behaviour of the protocol and of what PyTorch's users rely on."""

import ctypes
import weakref

import numpy as np
import pytest
import tenon
from support import (
    COMPLEX,
    DTYPES,
    FLOATS,
    INTEGERS,
    NUMPY,
    address,
    collect,
    run_python,
    sample,
    sim_environment,
)

pytestmark = pytest.mark.border

CPU, CUDA, HEXAGON = 1, 2, 16
capsule_name = ctypes.pythonapi.PyCapsule_GetName
capsule_name.restype, capsule_name.argtypes = ctypes.c_char_p, [ctypes.py_object]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("through", ["capsule", "versioned capsule", "protocol"])
def test_round_trips(dtype: str, through: str) -> None:
    t = tenon.from_numpy(sample(dtype, (5,)))
    source = {
        "capsule": lambda: t.__dlpack__(),
        "versioned capsule": lambda: t.__dlpack__(max_version=(1, 0)),
        "protocol": lambda: t,
    }[through]()
    back = tenon.from_dlpack(source)
    assert back.dtype == t.dtype
    assert back.data_ptr() == t.data_ptr()
    assert back.tolist() == t.tolist()


def test_writes_show() -> None:
    x = tenon.from_numpy(np.zeros(3))
    z = tenon.from_dlpack(x.__dlpack__())
    z[0] += 20
    assert x[0].item() == 20.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "key",
    [0, (slice(None), 0), (1, slice(None)), slice(None, None, -1), (..., slice(1, None, 2)), None],
    ids=str,
)
def test_layouts(dtype: str, key) -> None:
    array = sample(dtype, (5, 5))
    view = tenon.from_numpy(array)[key]
    back = tenon.from_dlpack(view)
    assert back.shape == view.shape
    assert back.stride() == view.stride()
    np.testing.assert_array_equal(back.numpy(), array[key])
    np.testing.assert_array_equal(tenon.from_dlpack(view.T).numpy(), array[key].T)


def test_strides_of_size_one_dimensions_are_kept() -> None:
    x = tenon.from_numpy(np.arange(10.0))[::3][:1]
    assert x.shape == (1,)
    assert tenon.from_dlpack(x).stride() == x.stride() == (3,)


@pytest.mark.parametrize("dtype", [d for d in INTEGERS + FLOATS + COMPLEX])
def test_numpy_takes_tensors_and_gives_arrays(dtype: str) -> None:
    t = tenon.from_numpy(sample(dtype, (3, 4)))
    array = np.from_dlpack(t)
    assert address(array) == t.data_ptr()
    assert array.dtype == t.numpy().dtype
    np.testing.assert_array_equal(array, t.numpy())
    back = tenon.from_dlpack(t.numpy())
    assert back.data_ptr() == t.data_ptr()
    assert back.tolist() == t.tolist()


def test_read_only_travels() -> None:
    array = np.arange(3.0)
    array.flags.writeable = False
    t = tenon.from_dlpack(array)
    assert t.readonly
    with pytest.raises((RuntimeError, ValueError), match="read-only"):
        t[0] = 1.0
    assert tenon.from_dlpack(t).readonly
    if NUMPY >= (2, 1):  # which knows versioned capsules
        assert not np.from_dlpack(t).flags.writeable
    with pytest.raises(BufferError, match=r"read-only|version"):
        t.__dlpack__()  # a capsule without a version cannot say that it is read-only


def test_versions() -> None:
    t = tenon.from_numpy(np.zeros(2))
    for version, name in ((None, b"dltensor"), ((0, 8), b"dltensor"), ((1, 0), b"dltensor_versioned"),
                          ((2, 0), b"dltensor_versioned")):  # fmt: skip
        capsule = t.__dlpack__(max_version=version)
        assert capsule_name(capsule) == name
        assert tenon.from_dlpack(capsule).tolist() == [0.0, 0.0]
        assert capsule_name(capsule) == b"used_" + name
        with pytest.raises((ValueError, RuntimeError, BufferError), match=r"(?i)capsule|used"):
            tenon.from_dlpack(capsule)  # only once


def test_device() -> None:
    assert tenon.from_numpy(np.zeros(1)).__dlpack_device__() == (CPU, 0)


def test_refusals() -> None:
    t = tenon.from_numpy(np.zeros(2))
    with pytest.raises(TypeError, match="stream"):
        t.__dlpack__(stream=object())
    with pytest.raises((BufferError, ValueError), match="stream"):
        t.__dlpack__(stream=0)  # PyTorch: AssertionError
    with pytest.raises(BufferError, match=r"(?i)device"):
        t.__dlpack__(max_version=(1, 0), dl_device=(HEXAGON, 0))
    with pytest.raises(BufferError, match="detach"):
        tenon.from_numpy(np.zeros(2)).requires_grad_().__dlpack__()
    with pytest.raises((TypeError, ValueError), match="from_dlpack"):
        tenon.from_dlpack([1, 2])
    assert t._exports == 0


def test_copy() -> None:
    t = tenon.from_numpy(np.arange(3.0))
    for copied in (
        tenon.from_dlpack(t, copy=True),
        tenon.from_dlpack(t.__dlpack__(copy=True)),
        *((np.from_dlpack(t, copy=True),) if NUMPY >= (2, 1) else ()),
    ):
        t[0] = 5.0
        assert copied[0].item() == 0.0
    assert tenon.from_dlpack(t, copy=False).data_ptr() == t.data_ptr()
    assert tenon.from_dlpack(t, device="cpu", copy=None).data_ptr() == t.data_ptr()


def test_objects_that_speak_only_dlpack() -> None:
    class Foreign:
        def __init__(self) -> None:
            self.array = np.arange(4.0)

        def __dlpack__(self, **keywords):
            return self.array.__dlpack__(**keywords)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    foreign = Foreign()
    assert tenon.tensor(foreign).tolist() == [0.0, 1.0, 2.0, 3.0]
    shared = tenon.asarray(foreign)
    foreign.array[0] = 9.0
    assert shared[0].item() == 9.0


def test_producers_of_the_old_protocol() -> None:
    """A producer that knows no max_version is asked again without it."""

    class Old:
        array = np.arange(3.0)

        def __dlpack__(self, stream=None):
            return self.array.__dlpack__(stream=stream)

        def __dlpack_device__(self):
            return (CPU, 0)

    assert tenon.from_dlpack(Old()).data_ptr() == address(Old.array)


def test_lifetimes() -> None:
    array = np.arange(1000.0)
    owner = weakref.ref(array)
    t = tenon.from_dlpack(array)
    del array
    again = np.from_dlpack(t)
    del t
    collect()
    assert owner() is not None
    assert again[-1] == 999.0
    del again
    collect()
    assert owner() is None


def test_capsules_that_nobody_takes_are_released() -> None:
    t = tenon.from_numpy(np.zeros(3))
    for version in (None, (1, 0)):
        capsule = t.__dlpack__(max_version=version)
        assert t._exports == 1
        del capsule
        assert t._exports == 0


def test_bfloat16() -> None:
    t = tenon.tensor([1.0, 2.5], dtype=tenon.bfloat16)
    back = tenon.from_dlpack(t)
    assert back.dtype == tenon.bfloat16
    assert back.tolist() == [1.0, 2.5]


def test_devices() -> None:
    run_python(
        f"""
        import tenon
        t = tenon.arange(4.0).cuda()
        assert t.__dlpack_device__() == ({CUDA}, 0)
        same = tenon.from_dlpack(t)
        assert same.is_cuda and same.data_ptr() == t.data_ptr()
        assert tenon.from_dlpack(t, device='cpu').tolist() == [0.0, 1.0, 2.0, 3.0]
        try:
            tenon.from_dlpack(t, device='cpu', copy=False)
        except ValueError as error:
            assert 'cpu' in str(error) and 'cuda' in str(error), error
        else:
            raise AssertionError('moved without a copy')
        """,
        **sim_environment(),
    )
