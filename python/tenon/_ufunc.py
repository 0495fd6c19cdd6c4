"""Ufuncs that tenon.numpy has no object for, NumPy's and others: they compute on zero-copy views.

All others end at tenon.numpy's objects (python/src/ufunc.cc).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tenon import _C
from tenon.numpy._support import wrapped

Tensor = _C.Tensor


def array_ufunc(ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """What ``Tensor.__array_ufunc__`` returns: a tensor, or the object given as ``out=``."""
    return _foreign(ufunc, method, inputs, kwargs)


def _name(ufunc: Any) -> str:
    return getattr(ufunc, "__name__", str(ufunc))


# ---- what has no kernel: on zero-copy views ----


def _check_writeable(target: Any, what: str) -> None:
    if isinstance(target, Tensor) and target.readonly:
        raise ValueError(
            f"{what}: the tensor is read-only, since it shares memory that was lent read-only; use .clone() "
            f"for a writeable copy"
        )
    if isinstance(target, np.ndarray) and not target.flags.writeable:
        raise ValueError(f"{what}: the array is read-only; use .copy() for a writeable one")


def _foreign(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    what = _name(ufunc) if method == "__call__" else f"{_name(ufunc)}.{method}"
    out = kwargs.get("out", ())
    outs = out if isinstance(out, tuple) else (out,)
    for x in (*inputs, *outs):
        if not isinstance(x, Tensor):
            continue
        if x.requires_grad and _C.is_grad_enabled():
            raise TypeError(
                f"{what}: tenon has no gradient for this ufunc; use tensor.detach(), or write a "
                f"tenon.autograd.Function around it"
            )
        if str(x.device) != "cpu":
            raise TypeError(f"{what}: tenon has no kernel for this ufunc on {x.device}; use tensor.cpu()")
    if method == "at":  # which writes wherever it is told to, whatever the array's flags say
        _check_writeable(inputs[0], what)
    lent = [x.detach().numpy() if isinstance(x, Tensor) else x for x in inputs]
    if outs:
        kwargs["out"] = tuple(o.numpy() if isinstance(o, Tensor) else o for o in outs)
    if isinstance(kwargs.get("where"), Tensor):
        kwargs["where"] = kwargs["where"].numpy()
    result = getattr(ufunc, method)(*lent, **kwargs)
    for written in (*outs, *((inputs[0],) if method == "at" else ())):
        if isinstance(written, Tensor):
            _C._note_write(written, what)

    def wrap(value: Any, given: Any) -> Any:
        if given is not None and given is not ...:
            return given
        return wrapped(value)

    if isinstance(result, tuple):
        return tuple(wrap(v, g) for v, g in zip(result, outs or (None,) * len(result), strict=True))
    return wrap(result, outs[0] if outs else None)
