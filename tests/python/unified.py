"""Programs on a device whose memory NumPy views."""

import textwrap

from support import run_python, sim_environment

PROLOGUE = """
import ctypes, gc, os, pickle, copy, threading, time
import numpy as np
import pytest
import tenon
from tenon.cuda import Event, Stream, current_stream, default_stream, stream

_sim = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
for _name in ('copies', 'live_bytes', 'prefetched'):
    if hasattr(_sim, 'tenon_sim_' + _name):  # the kernels on the host lack them
        getattr(_sim, 'tenon_sim_' + _name).restype = ctypes.c_int64
N = 30_000  # so many elements let the GIL go

def hold(s, on):
    _sim.tenon_sim_hold(s._device, s._index, on)
def copies():
    return sum(_sim.tenon_sim_copies(kind) for kind in range(3))
def returns_at_once(f):
    'Whether f returns while the default stream is held. It has returned in the end.'
    hold(default_stream(), True)
    thread = threading.Thread(target=f)
    thread.start()
    thread.join(1.0)
    early = not thread.is_alive()
    hold(default_stream(), False)
    thread.join()
    return early
def addresses(t, a):
    assert t.data_ptr() == a.__array_interface__['data'][0], 'a copy'
"""


def on_device(program: str, delay: int = 3000, **environment: str) -> str:
    environment = {"TENON_SIM_DELAY": str(delay), **sim_environment(), **environment}
    return run_python(PROLOGUE + textwrap.dedent(program), **environment)
