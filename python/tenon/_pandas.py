"""What pandas' own code needs of tensors: it keeps what it gets as columns, and a column is an ndarray."""

from __future__ import annotations

from tenon import _C, _border


def register() -> None:
    """From now on a Series of pandas 3 copies a tensor, as it copies an ndarray; earlier ones share both."""
    import pandas as pd

    _border.pandas_calls = True
    _C._pandas_loaded(int(pd.__version__.partition(".")[0]))
