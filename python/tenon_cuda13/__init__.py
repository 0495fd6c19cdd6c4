"""tenon's kernels for CUDA 13. There is nothing to import: tenon finds the library by itself.

The entry point "cuda" of the group "tenon.backends" names this package, and ``libtenon_cuda.so`` lies in it.
"""

from pathlib import Path

__all__ = ["library"]


def library() -> str:
    """The path of libtenon_cuda.so."""
    return str(Path(__file__).with_name("libtenon_cuda.so"))
