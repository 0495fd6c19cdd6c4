"""Ufuncs that tenon.numpy has no ufunc object for: gufuncs, those of several results, foreign ones.

All others end at tenon.numpy's objects (python/src/ufunc.cc).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tenon.numpy
from tenon import _C
from tenon.numpy._out import castable, deliver
from tenon.numpy._support import wrapped

Tensor = _C.Tensor

_IGNORED = ("order", "subok")  # layouts and subclasses of the result: a tensor has its own


def array_ufunc(ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """What ``Tensor.__array_ufunc__`` returns: a tensor, or the object given as ``out=``."""
    for name in _IGNORED:
        kwargs.pop(name, None)
    result = _call(ufunc, inputs, dict(kwargs)) if method == "__call__" else NotImplemented
    return _foreign(ufunc, method, inputs, kwargs) if result is NotImplemented else result


def _name(ufunc: Any) -> str:
    return getattr(ufunc, "__name__", str(ufunc))


def _function(ufunc: Any) -> Callable[..., Any] | None:
    """The function of tenon.numpy that a ufunc stands for."""
    name = _name(ufunc)
    return getattr(tenon.numpy, name, None) if getattr(np, name, None) is ufunc else None


def _operands(inputs: tuple[Any, ...]) -> list[Any]:
    return [
        x if isinstance(x, (Tensor, bool, int, float, complex)) else _C._ingest(x, "ufunc", None, None, None)
        for x in inputs
    ]


def _split(kwargs: dict[str, Any]) -> tuple[Any, Any, Any, str]:
    """out, where, dtype and casting, taken out of the keywords."""
    out = kwargs.pop("out", None)
    if isinstance(out, tuple):
        if len(out) > 1:
            return (
                out,
                kwargs.pop("where", True),
                kwargs.pop("dtype", None),
                kwargs.pop("casting", "same_kind"),
            )
        out = out[0]
    return out, kwargs.pop("where", True), kwargs.pop("dtype", None), kwargs.pop("casting", "same_kind")


def _call(ufunc: Any, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    f = _function(ufunc)
    if f is None:
        return NotImplemented
    if kwargs.keys() & {"signature", "sig"}:
        return NotImplemented
    name = _name(ufunc)
    axes: dict[str, Any] = {k: kwargs.pop(k) for k in ("axis", "axes", "keepdims") if k in kwargs}
    if axes:
        f = _along_axes(name, f, axes)
    out, where, dtype, casting = _split(kwargs)
    operands = _operands(inputs)
    if dtype is not None:
        operands = [_cast(name, x, _C.dtype(dtype), casting) for x in operands]
    result = f(*operands)
    if isinstance(result, tuple):
        outs = out if isinstance(out, tuple) else (out,) * len(result)
        return tuple(deliver(name, r, o, where, casting) for r, o in zip(result, outs, strict=True))
    return deliver(name, result, out[0] if isinstance(out, tuple) else out, where, casting)


def _cast(name: str, x: Any, dtype: Any, casting: str) -> Any:
    if not isinstance(x, Tensor):
        return x
    if not castable(x.dtype, dtype, casting):
        raise TypeError(f"{name}: an operand of {x.dtype} cannot become {dtype} by casting={casting!r}")
    return x if x.dtype == dtype else tenon.numpy.astype(x, dtype)


def _along_axes(name: str, f: Callable[..., Any], axes: dict[str, Any]) -> Callable[..., Any]:
    if name == "vecdot" and set(axes) <= {"axis"}:
        return lambda a, b: f(a, b, axis=axes["axis"])
    if name == "matmul" and list(axes.get("axes", ())) == [(-2, -1)] * 3 and len(axes) == 1:
        return f  # where they are anyway: array @= tensor
    raise TypeError(
        f"{name}: {', '.join(axes)} cannot be given for tensors; move the axes with np.moveaxis first"
    )


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
