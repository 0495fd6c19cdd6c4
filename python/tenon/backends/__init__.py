"""Flags of PyTorch's backends. Scripts may set them; they change nothing, since tenon has its own kernels."""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.backends import cuda as cuda
from tenon.backends import cudnn as cudnn
from tenon.backends import mkl as mkl
from tenon.backends import mkldnn as mkldnn
from tenon.backends import mps as mps
from tenon.backends import openmp as openmp
from tenon.backends import opt_einsum as opt_einsum

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]

_guide(__name__)
