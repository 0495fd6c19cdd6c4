"""What tenon.linalg's functions share."""

from __future__ import annotations

from tenon import _C

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


def call(name: str, *args: object, out: object = None) -> Any:
    """The row _name; its errors about out= bear the public name."""
    try:
        return getattr(_C, f"_{name}")(*args, out=out)
    except (TypeError, ValueError) as e:
        e.args = (str(e).replace(f"_{name}: ", f"linalg.{name}: ", 1),)
        raise
