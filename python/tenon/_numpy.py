"""NumPy, for functions that it computes."""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any


def numpy_for(op: str) -> Any:
    """NumPy, for what it computes; ImportError that says what to install where it is not."""
    try:
        import numpy
    except ModuleNotFoundError as e:
        if e.name != "numpy":
            raise
        raise ImportError(f"{op}: NumPy computes it, and is not installed; pip install numpy") from e
    return numpy
