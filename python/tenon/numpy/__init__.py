"""NumPy's names for tensors; compliant with the Python Array API standard where the two agree.

It is what ``__array_namespace__`` returns and where NumPy's own functions end when they are given tensors:
``np.percentile(t, 90)`` is ``tenon.numpy.percentile(t, 90)``. Results are tensors on the device of their
arguments and carry their gradients; arguments may be anything that ``tenon.asarray`` takes.
"""

import builtins as _builtins
from typing import Any as _Any

from tenon import _C

__array_api_version__ = "2025.12"


# What rows of operations declare: each name with an object that has NumPy's signature.
globals().update(_C._numpy_names["tenon.numpy"])

from tenon.numpy import fft, linalg  # noqa: E402
from tenon.numpy._info import __array_namespace_info__ as __array_namespace_info__  # noqa: E402
from tenon.numpy._inquiry import *  # noqa: E402, F403
from tenon.numpy._support import name_errors as _name_errors  # noqa: E402

_name_errors(globals(), "tenon.numpy")
_name_errors(vars(linalg), "tenon.numpy.linalg")
_name_errors(vars(fft), "tenon.numpy.fft")

ndarray = _C.Tensor
from_dlpack = _C.from_dlpack
ufunc = _C._ufunc
e = 2.718281828459045
pi = 3.141592653589793
euler_gamma = 0.5772156649015329
inf = float("inf")
nan = float("nan")
newaxis = None
bool = bool_ = _C.bool
int8, int16, int32, int64 = _C.int8, _C.int16, _C.int32, _C.int64
uint8, uint16, uint32, uint64 = _C.uint8, _C.uint16, _C.uint32, _C.uint64
float16, float32, float64 = _C.float16, _C.float32, _C.float64
complex64, complex128 = _C.complex64, _C.complex128
# C's names for them, as NumPy has them on 64-bit systems.
byte, short, intc, long, longlong = int8, int16, int32, int64, int64
ubyte, ushort, uintc, ulong, ulonglong = uint8, uint16, uint32, uint64, uint64
int_, intp, uint, uintp = int64, int64, uint64, uint64
half, single, double = float16, float32, float64
csingle, cdouble = complex64, complex128
True_, False_ = True, False
dtype = _C.dtype


_PUBLIC = sorted(name for name in globals() if not name.startswith("_"))
# `from tenon.numpy import *` hides no name of Python's built-ins.
__all__ = [name for name in _PUBLIC if not hasattr(_builtins, name)]


def __getattr__(name: str) -> _Any:
    if name == "lib":
        from importlib import import_module

        return import_module("tenon.numpy.lib")
    from tenon._names import missing

    raise missing("tenon.numpy", name)


def __dir__() -> list[str]:
    return _PUBLIC
