"""What tenon.linalg's functions share."""

from __future__ import annotations

from tenon import _C
from tenon._names import called

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

# What the functions on matrices have in common.
MATRICES = """
out: A tensor, or a tuple of tensors, that the results are written to.
TypeError: For half precision and float8.
RuntimeError: On a device.
"""
# What the functions that LAPACK computes have in common.
LAPACK = """
out: A tensor, or a tuple of tensors, that the results are written to.
LinAlgError: A ValueError, where LAPACK does not converge.
TypeError: For half precision and float8.
RuntimeError: On a device and without a LAPACK.
"""
SQUARE = """
A: Square matrices of shape (..., n, n): float32, float64, complex64 or complex128; integers and bools in the
default float.
ValueError: For matrices that are not square.
"""


def call(name: str, *args: object, row: Any = None, **options: object) -> Any:
    """What the row _name, or another one, returns; errors bear the public name, whatever step has failed."""
    try:
        return (row or getattr(_C, f"_{name}"))(*args, **options)
    except (TypeError, ValueError, IndexError, RuntimeError, OverflowError) as e:
        e.args = (called(f"linalg.{name}", str(e)),)
        raise
