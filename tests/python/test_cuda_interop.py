"""Other libraries' device memory, by stand-ins that speak the protocols as CuPy, Numba, PyTorch and JAX do.

Their memory is the simulated device's, their streams are held up where a test must show who waits for whom.
"""

import textwrap

import pytest
from support import run_python, sim_environment

pytestmark = pytest.mark.border

PROLOGUE = """
import ctypes, gc, os, threading
import numpy as np
import pytest
import tenon
from tenon.cuda import ExternalStream, Stream, current_stream, default_stream, stream

assert tenon.cuda.is_available()
_sim = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
_sim.tenon_sim_foreign_stream.restype = ctypes.c_size_t

def hold(s, on):
    _sim.tenon_sim_hold(s._device, s._index, on)
def later(f):
    t = threading.Timer(0.1, f)
    t.start()
    return t

class Interface:
    '''As CuPy's and Numba's arrays: an address, and the stream that works with it.'''
    def __init__(self, tensor, **changes):
        self.tensor = tensor
        self.__cuda_array_interface__ = dict(tensor.__cuda_array_interface__, **changes)
"""


def on_device(program: str, **environment: str) -> str:
    return run_python(PROLOGUE + textwrap.dedent(program), **sim_environment(), **environment)


def test_an_array_interface_lends_its_memory() -> None:
    on_device(
        """
        x = tenon.arange(12.0).reshape(3, 4).cuda()
        for lender in (Interface(x), Interface(x, stream=None), Interface(x, stream=2), Interface(x.T)):
            t = tenon.asarray(lender)
            assert t.is_cuda and t.data_ptr() == x.data_ptr() and t.device == x.device
            assert t.tolist() == lender.tensor.tolist() and t.stride() == lender.tensor.stride()
        t = tenon.asarray(Interface(x))
        t[0, 0] = 50.0
        assert x[0, 0].item() == 50.0
        old = Interface(x, version=2)
        del old.__cuda_array_interface__['stream']
        assert tenon.asarray(old).data_ptr() == x.data_ptr()
        # the address says which device it is
        y = tenon.arange(3.0, device='cuda:1')
        assert tenon.asarray(Interface(y)).device == y.device
        assert tenon.asarray(Interface(tenon.empty((0, 3), device='cuda'))).shape == (0, 3)
        locked = tenon.asarray(Interface(x, data=(x.data_ptr(), True)))
        assert locked.readonly
        for dtype in ('bool', 'int8', 'uint16', 'float16', 'complex64'):
            z = tenon.ones(5, dtype=dtype, device='cuda')
            assert tenon.asarray(Interface(z)).dtype == z.dtype
        """
    )


def test_the_current_stream_waits_for_the_lenders() -> None:
    on_device(
        """
        theirs = ExternalStream(_sim.tenon_sim_foreign_stream(0))
        x = tenon.zeros(100, device='cuda')
        tenon.cuda.synchronize()
        hold(theirs, True)
        with stream(theirs):
            x += 1
        t = tenon.asarray(Interface(x, stream=theirs.cuda_stream))
        y = t * 2
        assert not default_stream().query()
        hold(theirs, False)
        assert y.tolist() == [2.0] * 100
        # None: the lender says that nothing has to be waited for
        hold(theirs, True)
        with stream(theirs):
            x += 1
        y = tenon.asarray(Interface(x, stream=None)) * 2
        assert y.tolist() == [2.0] * 100
        hold(theirs, False)
        """
    )


def test_the_lenders_stream_waits_at_the_end() -> None:
    """What the lender does with its memory afterwards must not reach work that is still under way here."""
    on_device(
        """
        theirs, mine = ExternalStream(_sim.tenon_sim_foreign_stream(0)), Stream()
        with stream(theirs):
            x = tenon.full((1000,), 7.0, device='cuda')
        theirs.synchronize()
        hold(mine, True)
        with stream(mine):
            t = tenon.asarray(Interface(x, stream=theirs.cuda_stream))
            y = t + 1
            del t
        tenon.from_numpy(np.ones(1))  # drops what deleters have left
        with stream(theirs):
            x.fill_(-1)  # the lender's memory serves anew
        hold(mine, False)
        mine.synchronize()
        assert y.tolist() == [8.0] * 1000
        """
    )


def test_wrong_array_interfaces_are_refused() -> None:
    on_device(
        """
        x = tenon.ones(3, device='cuda')
        host = np.ones(3)
        for changes, error, text in (
            (dict(stream=0), ValueError, 'stream 0 .* ambiguous'),
            (dict(stream=-1), TypeError, 'stream'),
            (dict(stream='1'), TypeError, 'stream'),
            (dict(stream=12345), RuntimeError, 'no stream has this handle'),
            (dict(data=(host.ctypes.data, False)), ValueError, 'not memory of a device'),
            (dict(typestr='>f4'), TypeError, 'no tensor dtype'),
            (dict(mask=object()), TypeError, 'mask'),
            (dict(shape=(-1,)), ValueError, 'negative'),
        ):
            with pytest.raises(error, match=text):
                tenon.asarray(Interface(x, **changes))
        gc.collect()
        assert (x + 1).tolist() == [2, 2, 2]
        """
    )


TABLE = """
class DLDevice(ctypes.Structure):
    _fields_ = [('type', ctypes.c_int32), ('id', ctypes.c_int32)]
class DLTensor(ctypes.Structure):
    _fields_ = [('data', ctypes.c_void_p), ('device', DLDevice), ('ndim', ctypes.c_int32),
                ('dtype', ctypes.c_uint32), ('shape', ctypes.c_void_p), ('strides', ctypes.c_void_p),
                ('byte_offset', ctypes.c_uint64)]
class Managed(ctypes.Structure):
    _fields_ = [('major', ctypes.c_uint32), ('minor', ctypes.c_uint32), ('context', ctypes.c_void_p),
                ('deleter', ctypes.c_void_p), ('flags', ctypes.c_uint64), ('tensor', DLTensor)]
FROM_OBJECT = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(ctypes.c_void_p))
STREAM = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(ctypes.c_void_p))
class Table(ctypes.Structure):
    _fields_ = [('major', ctypes.c_uint32), ('minor', ctypes.c_uint32), ('previous', ctypes.c_void_p),
                ('allocate', ctypes.c_void_p), ('from_object', FROM_OBJECT), ('to_object', ctypes.c_void_p),
                ('view', ctypes.c_void_p), ('stream', STREAM)]
pointer = ctypes.pythonapi.PyCapsule_GetPointer
pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
rename = ctypes.pythonapi.PyCapsule_SetName
rename.argtypes = [ctypes.py_object, ctypes.c_char_p]
new = ctypes.pythonapi.PyCapsule_New
new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
USED = b'used_dltensor_versioned'

# A library with a C exchange table, as PyTorch is one. Its tensors are tenon's under another type.
asked, its_stream = [], [None]
class Foreign:
    device_type = 2
    def __init__(self, tensor):
        self.tensor = tensor
    def managed(self):
        nobody_waits = dict(stream=-1) if self.tensor.is_cuda else {}
        capsule = self.tensor.__dlpack__(max_version=(1, 0), **nobody_waits)
        m = pointer(capsule, b'dltensor_versioned')
        rename(capsule, USED)
        Managed.from_address(m).tensor.device.type = self.device_type
        return m
    def __dlpack_device__(self):
        return self.device_type, 0
    def __dlpack__(self, **keywords):
        asked.append(('protocol', keywords.get('stream')))
        return new(self.managed(), b'dltensor_versioned', None)
@FROM_OBJECT
def from_object(o, out):
    asked.append('object')
    out[0] = o.managed()
    return 0
@STREAM
def work_stream(type, id, out):
    asked.append((type, id))
    out[0] = its_stream[0]
    return 0
table = Table(1, 3, None, None, from_object, None, None, work_stream)
Foreign.__dlpack_c_exchange_api__ = new(ctypes.addressof(table), b'dlpack_exchange_api', None)
class WithoutTable(Foreign):
    __dlpack_c_exchange_api__ = None
"""


def with_table(program: str, **environment: str) -> str:
    return run_python(PROLOGUE + TABLE + textwrap.dedent(program), **sim_environment(), **environment)


def test_a_table_names_the_producers_stream() -> None:
    with_table(
        """
        theirs, mine = ExternalStream(_sim.tenon_sim_foreign_stream(0)), Stream()
        with stream(theirs):
            x = tenon.full((1000,), 7.0, device='cuda')
        theirs.synchronize()
        its_stream[0] = theirs.cuda_stream
        hold(theirs, True)
        with stream(theirs):
            x += 1
        with stream(mine):
            t = tenon.from_dlpack(Foreign(x))
            y = t * 2
        assert asked == ['object', (2, 0)] and t.data_ptr() == x.data_ptr() and not mine.query()
        hold(theirs, False)
        with stream(mine):
            assert y.tolist() == [16.0] * 1000
        # at the end the producer's stream waits for what used its memory
        hold(mine, True)
        with stream(mine):
            y = t + 1
        del t
        with stream(theirs):
            x.fill_(-1)
        hold(mine, False)
        mine.synchronize()
        assert y.tolist() == [9.0] * 1000
        its_stream[0] = None  # the default stream
        assert tenon.asarray(Foreign(tenon.ones(3, device='cuda'))).tolist() == [1, 1, 1]
        assert x._exports == 0
        """
    )


def test_a_table_without_streams_is_passed_over() -> None:
    with_table(
        """
        table.stream = STREAM()
        x = tenon.ones(3, device='cuda')
        assert tenon.from_dlpack(Foreign(x)).tolist() == [1, 1, 1]
        assert asked == ['object', ('protocol', 1)]
        del asked[:]
        assert tenon.from_dlpack(Foreign(tenon.ones(3))).tolist() == [1, 1, 1] if not setattr(
            Foreign, 'device_type', 1) else None
        assert asked == ['object']  # the CPU has no streams
        """
    )


@pytest.mark.parametrize("kind", [3, 13])
@pytest.mark.parametrize("lender", ["Foreign", "WithoutTable"])
def test_host_memory_of_a_device_has_been_written(kind: int, lender: str) -> None:
    """Page-locked (3) and managed memory (13) is the CPU's here, once the device has written it."""
    with_table(
        f"""
        class Lender({lender}):
            device_type = {kind}
        source = tenon.full((1000,), 3.0, device='cuda')
        out = tenon.zeros(1000).pin_()
        default_stream().synchronize()
        hold(default_stream(), True)
        out.copy_(source, non_blocking=True)
        timer = later(lambda: hold(default_stream(), False))
        t = tenon.from_dlpack(Lender(out))  # waits, since the host reads it at once
        assert t.device == 'cpu' and t.tolist() == [3.0] * 1000 and t.data_ptr() == out.data_ptr()
        timer.join()
        assert np.from_dlpack(t)[0] == 3.0
        """
    )


def test_own_table_hands_device_tensors_out() -> None:
    with_table(
        """
        own = Table.from_address(pointer(tenon.Tensor.__dlpack_c_exchange_api__, b'dlpack_exchange_api'))
        x = tenon.arange(5.0).cuda()
        m, s = ctypes.c_void_p(), ctypes.c_void_p()
        assert own.from_object(x, ctypes.byref(m)) == 0
        d = Managed.from_address(m.value).tensor
        assert (d.device.type, d.device.id, d.data) == (2, 0, x.data_ptr())
        assert own.stream(2, 0, ctypes.byref(s)) == 0 and not s.value  # the default stream
        mine = Stream()
        with stream(mine):
            assert own.stream(2, 0, ctypes.byref(s)) == 0 and s.value == mine.cuda_stream
        capsule = new(m.value, b'dltensor_versioned', None)
        assert tenon.from_dlpack(capsule).tolist() == [0, 1, 2, 3, 4]
        """
    )


def test_immutable_arrays_stay_so() -> None:
    """JAX's arrays on a device: capsules without a version cannot say that they are read-only."""
    on_device(
        """
        class Array:
            def __init__(self, tensor):
                self.tensor = tensor
            def __dlpack_device__(self):
                return self.tensor.__dlpack_device__()
            def __dlpack__(self, stream=None):
                return self.tensor.__dlpack__(stream=stream)
        Array.__module__ = 'jaxlib._jax'
        t = tenon.from_dlpack(Array(tenon.ones(3, device='cuda')))
        assert t.readonly and t.is_cuda
        with pytest.raises(ValueError, match='read-only'):
            t += 1
        assert (t + 1).tolist() == [2, 2, 2]
        """
    )


def test_after_a_fork_the_device_is_an_error() -> None:
    on_device(
        """
        import warnings
        warnings.simplefilter('ignore')
        x = tenon.ones(3, device='cuda')
        t = tenon.asarray(Interface(x))
        pid = os.fork()
        if pid == 0:
            try:
                for use in (lambda: x + 1, lambda: x.cpu(), lambda: tenon.ones(1, device='cuda'),
                            lambda: tenon.cuda.synchronize(), lambda: tenon.cuda.empty_cache(),
                            lambda: tenon.cuda.memory_allocated(), lambda: tenon.from_dlpack(x) + 1):
                    with pytest.raises(RuntimeError, match="process was forked; use multiproc.*'spawn'"):
                        use()
                del t, x
                gc.collect()
                assert (tenon.ones(3) + 1).tolist() == [2, 2, 2]
                os._exit(0)
            except BaseException:
                import traceback
                traceback.print_exc()
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
        assert (t + x).tolist() == [2, 2, 2]
        """
    )
