"""What the tests of CUDA graphs share: programs on the simulated device and on CUDA's backend on the host."""

import textwrap

import pytest
from support import gpu_environment, host_environment, run_python, sim_environment

ENVIRONMENTS = {"sim": sim_environment, "host": host_environment, "gpu": gpu_environment}
BACKENDS = ["sim", "host", pytest.param("gpu", marks=pytest.mark.cuda)]

PROLOGUE = """
import ctypes, gc, os, threading
import numpy as np
import pytest
import tenon
from tenon import cuda
from tenon.cuda import CUDAGraph, Event, Stream, current_stream, graph, stream
library = ctypes.CDLL(os.environ['TENON_CUDA_LIB'])
sim = hasattr(library, 'tenon_sim_hold')
if not sim and not hasattr(library, 'tenon_cudahost_hold'):  # a GPU, on which nothing is held up
    library = type('Gpu', (), {'tenon_cudahost_hold': staticmethod(lambda on: None)})
def fails(f, *parts, error=RuntimeError):
    with pytest.raises(error) as e:
        f()
    text = str(e.value)
    assert all(part in text for part in parts), text
def on(values, device='cuda', **options):
    return tenon.tensor(values, **options).to(device)
"""


def run(program: str, backend: str, **environment: str) -> str:
    return run_python(
        PROLOGUE + textwrap.dedent(program), **ENVIRONMENTS[backend](), timeout=120, **environment
    )
