"""Which function of NumPy's is which of tenon's: the table behind ``__array_function__``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenon import _C
from tenon.numpy._support import through_numpy

#: Text, files and questions about memory: NumPy answers them on views, whatever the history.
_ANY_HISTORY = (
    "array2string", "array_repr", "array_str", "common_type", "may_share_memory", "min_scalar_type", "save",
    "savetxt", "savez", "savez_compressed", "shares_memory",
)  # fmt: skip
#: NumPy's own code on views of tensors on the CPU without grad.
_ON_VIEWS = (
    "apply_along_axis", "apply_over_axes", "bartlett", "block", "convolve", "correlate", "delete",
    "diag_indices_from", "insert", "ix_", "packbits", "piecewise", "poly", "polyadd", "polyder",
    "polydiv", "polyfit", "polyint", "polymul", "polysub", "polyval", "ravel_multi_index",
    "real_if_close", "resize", "roots", "sort_complex", "tril_indices_from", "trim_zeros",
    "triu_indices_from", "unpackbits",
)  # fmt: skip
#: What NumPy's functions of these names do with tensors, they do themselves.
BY_NUMPY = frozenset(_ANY_HISTORY + _ON_VIEWS)


def _creating() -> list[str]:
    """The names of functions that NumPy calls for a tensor given as like=."""
    rows = _C._numpy_names["tenon.numpy"]
    return [name for name, row in rows.items() if "like=None" in row.__text_signature__]


def creation() -> frozenset[Callable[..., Any]]:
    """NumPy's functions that reach tenon by like= alone."""
    import numpy as np

    return frozenset(getattr(np, name) for name in _creating())


def functions() -> dict[Callable[..., Any], Callable[..., Any]]:
    """NumPy's function objects and tenon's for them."""
    import numpy as np

    import tenon.numpy as own

    table: dict[Any, Callable[..., Any]] = {}
    for theirs, ours, path in (
        (np, own, ()),
        (np.linalg, own.linalg, ("linalg",)),
        (np.fft, own.fft, ("fft",)),
    ):
        for name in dir(theirs):
            f, g = getattr(theirs, name, None), vars(ours).get(name)
            if (
                callable(f)
                and callable(g)
                and not isinstance(f, type)
                and hasattr(f, "__wrapped__" if not hasattr(f, "_implementation") else "_implementation")
            ):
                table[f] = g
        if not path:
            for name in _ANY_HISTORY:
                table.setdefault(
                    getattr(np, name, None), through_numpy(name, differentiable=False, wrap=False)
                )
            for name in _ON_VIEWS:
                table.setdefault(getattr(np, name, None), through_numpy(name))
    for name in _creating():  # reached by like=
        table[getattr(np, name)] = getattr(own, name)
    table[np.lib.stride_tricks.sliding_window_view] = own.sliding_window_view
    table.pop(None, None)  # names that this NumPy does not have
    return table
