"""Tensors in NumPy's memory: zero-copy both ways, with gradients and devices.

``import tenon as torch`` runs code written against PyTorch's tensor; ``tenon.numpy`` has NumPy's names.
"""
# What is imported here is the namespace; __all__ is computed.

import builtins as _builtins

from tenon import _C
from tenon import autograd as autograd
from tenon import cuda as cuda
from tenon import memory as memory
from tenon import random as random
from tenon._autocast import autocast as autocast
from tenon._autocast import get_autocast_dtype as get_autocast_dtype
from tenon._autocast import is_autocast_enabled as is_autocast_enabled
from tenon._C import *  # noqa: F403
from tenon._doors import *  # noqa: F403
from tenon._dtypes import finfo as finfo
from tenon._dtypes import iinfo as iinfo
from tenon._size import Size as _Size
from tenon.autograd import enable_grad as enable_grad
from tenon.autograd import inference_mode as inference_mode
from tenon.autograd import no_grad as no_grad
from tenon.autograd import set_grad_enabled as set_grad_enabled
from tenon.random import fork_rng as fork_rng
from tenon.random import get_rng_state as get_rng_state
from tenon.random import set_rng_state as set_rng_state

del Operation  # noqa: F821  (the functions' type is no name for users)

__version__ = _C.__version__
# PyTorch's names of operations on many tensors begin with an underscore, which `import *` leaves out.
globals().update({name: f for name, f in vars(_C).items() if name.startswith("_foreach_")})
_C._set_size_type(_Size)

pi: _builtins.float = 3.141592653589793
e: _builtins.float = 2.718281828459045
inf: _builtins.float = _builtins.float("inf")
nan: _builtins.float = _builtins.float("nan")
newaxis: None = None
# What to(), clone(), contiguous() and empty() take as memory_format: how the elements lie in memory.
contiguous_format: _builtins.str = "contiguous_format"
preserve_format: _builtins.str = "preserve_format"
channels_last: _builtins.str = "channels_last"
channels_last_3d: _builtins.str = "channels_last_3d"
# How elements are stored: all tensors' layout.
strided: _builtins.str = "strided"

# PyTorch's names for dtypes, and bool, which shadows the built-in type in this module only.
float = _C.float32
double = _C.float64
half = _C.float16
short = _C.int16
int = _C.int32
long = _C.int64
cfloat = _C.complex64
cdouble = _C.complex128
bool = _C.bool

# Names of Python's built-ins (sum, max, float, ...) and the submodules (random) stay out, so that
# `from tenon import *` breaks no code.
__all__ = [
    name
    for name, value in sorted(globals().items())
    if not name.startswith("_") and not hasattr(_builtins, name) and type(value) is not type(_builtins)
]


# Parts that import more than the package needs at start come with their first use; type checkers see modules.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from tenon import amp as amp
    from tenon import backends as backends
    from tenon import distributions as distributions
    from tenon import fft as fft
    from tenon import func as func
    from tenon import linalg as linalg
    from tenon import multiprocessing as multiprocessing
    from tenon import nn as nn
    from tenon import numpy as numpy
    from tenon import optim as optim
    from tenon import signal as signal
    from tenon import special as special
    from tenon import testing as testing
    from tenon import utils as utils
    from tenon import version as version
    from tenon._lowrank import lu as lu
    from tenon._lowrank import lu_unpack as lu_unpack
    from tenon._lowrank import pca_lowrank as pca_lowrank
    from tenon._lowrank import svd_lowrank as svd_lowrank
    from tenon._settings import are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled
    from tenon._settings import compile as compile
    from tenon._settings import get_default_device as get_default_device
    from tenon._settings import get_deterministic_debug_mode as get_deterministic_debug_mode
    from tenon._settings import get_float32_matmul_precision as get_float32_matmul_precision
    from tenon._settings import get_num_interop_threads as get_num_interop_threads
    from tenon._settings import (
        is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled,
    )
    from tenon._settings import is_storage as is_storage
    from tenon._settings import is_warn_always_enabled as is_warn_always_enabled
    from tenon._settings import set_default_device as set_default_device
    from tenon._settings import set_default_tensor_type as set_default_tensor_type
    from tenon._settings import set_deterministic_debug_mode as set_deterministic_debug_mode
    from tenon._settings import set_float32_matmul_precision as set_float32_matmul_precision
    from tenon._settings import set_flush_denormal as set_flush_denormal
    from tenon._settings import set_num_interop_threads as set_num_interop_threads
    from tenon._settings import set_warn_always as set_warn_always
    from tenon._settings import typename as typename
    from tenon._settings import use_deterministic_algorithms as use_deterministic_algorithms
    from tenon._stft import istft as istft
    from tenon._stft import stft as stft
    from tenon._tensor_types import BFloat16Tensor as BFloat16Tensor
    from tenon._tensor_types import BoolTensor as BoolTensor
    from tenon._tensor_types import ByteTensor as ByteTensor
    from tenon._tensor_types import CharTensor as CharTensor
    from tenon._tensor_types import DoubleTensor as DoubleTensor
    from tenon._tensor_types import FloatTensor as FloatTensor
    from tenon._tensor_types import HalfTensor as HalfTensor
    from tenon._tensor_types import IntTensor as IntTensor
    from tenon._tensor_types import LongTensor as LongTensor
    from tenon._tensor_types import ShortTensor as ShortTensor
    from tenon._tensor_types import Size as Size
    from tenon._windows import bartlett_window as bartlett_window
    from tenon._windows import blackman_window as blackman_window
    from tenon._windows import hamming_window as hamming_window
    from tenon._windows import hann_window as hann_window
    from tenon._windows import kaiser_window as kaiser_window
    from tenon.func import vmap as vmap
    from tenon.nn.functional import bilinear as bilinear
    from tenon.nn.functional import celu_ as celu_
    from tenon.nn.functional import channel_shuffle as channel_shuffle
    from tenon.nn.functional import cosine_similarity as cosine_similarity
    from tenon.nn.functional import pairwise_distance as pairwise_distance
    from tenon.nn.functional import pdist as pdist
    from tenon.nn.functional import pixel_shuffle as pixel_shuffle
    from tenon.nn.functional import pixel_unshuffle as pixel_unshuffle
    from tenon.nn.functional import prelu as prelu
    from tenon.nn.functional import relu_ as relu_
    from tenon.nn.functional import rrelu_ as rrelu_
    from tenon.nn.functional import selu_ as selu_
    from tenon.nn.functional import threshold_ as threshold_
else:

    def __getattr__(name):
        place = _LAZY.get(name)
        if place is not None:
            import importlib

            module = importlib.import_module(f"tenon.{place}")
            return module if place == name else getattr(module, name)
        # PyTorch has some functions of nn, and methods in place as functions, here, too: tenon.exp_(t).
        if name in _OF_NN:
            from tenon.nn import functional

            return getattr(functional, name)
        if name.endswith("_") and not name.startswith("_") and hasattr(_C.Tensor, name):
            return getattr(_C.Tensor, name)
        from tenon._names import missing

        raise missing("tenon", name)


del TYPE_CHECKING

_OF_NN = frozenset(
    (
        "bilinear", "celu_", "channel_shuffle", "cosine_similarity", "pairwise_distance", "pdist",
        "pixel_shuffle", "pixel_unshuffle", "prelu", "relu_", "rrelu_", "selu_", "threshold_",
    )
)  # fmt: skip

# Names by the module that they come from.
_LAZY = {
    name: place
    for place, names in {
        "_stft": "istft stft",
        "_windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window",
        "_settings": (
            "are_deterministic_algorithms_enabled compile get_default_device get_deterministic_debug_mode "
            "get_float32_matmul_precision get_num_interop_threads "
            "is_deterministic_algorithms_warn_only_enabled is_storage is_warn_always_enabled "
            "set_default_device set_default_tensor_type set_deterministic_debug_mode "
            "set_float32_matmul_precision set_flush_denormal set_num_interop_threads set_warn_always "
            "typename use_deterministic_algorithms"
        ),
        "_tensor_types": (
            "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor "
            "LongTensor ShortTensor Size"
        ),
        "_lowrank": "lu lu_unpack pca_lowrank svd_lowrank",
        "func": "vmap",
    }.items()
    for name in names.split()
}
__all__ += sorted(name for name in _LAZY if not hasattr(_builtins, name))
_MODULES = (
    "amp backends distributions fft func linalg multiprocessing nn numpy optim signal special testing utils "
    "version"
)
_LAZY.update({name: name for name in _MODULES.split()})


def __dir__():
    return sorted({*globals(), *_LAZY})


from tenon import _companions  # noqa: E402

_companions.watch()
del _companions
