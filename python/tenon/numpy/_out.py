"""``out=`` and ``where=``: results written into the objects that NumPy's functions are given for them."""

from __future__ import annotations

import sys
from typing import Any

from tenon import _C
from tenon._grad_mode import no_grad

Tensor = _C.Tensor
_can_cast = _C._numpy_names["tenon.numpy"]["can_cast"]


def _needs_grad(values: Any) -> bool:
    return _C.is_grad_enabled() and any(isinstance(v, Tensor) and v.requires_grad for v in values)


def deliver(name: str, result: Any, out: Any, where: Any = True, casting: str = "same_kind") -> Any:
    """Writes a result into ``out``, where a mask says so, and returns that very object."""
    if out is None or out is ...:
        if where is True:
            return result
        return _C.where(
            _mask(where), result, _C.zeros(tuple(result.shape), dtype=result.dtype, device=result.device)
        )
    np = sys.modules.get("numpy")
    if np is not None and isinstance(out, np.ndarray):
        if _needs_grad((result,)):
            raise RuntimeError(
                f"{name}: out= is an ndarray, in which the result's gradient would be lost; use "
                f"tensor.detach(), or "
                f"compute without out="
            )
        if isinstance(result, Tensor) and str(result.device) != "cpu":
            raise TypeError(
                f"{name}: out= is an ndarray, but the result is on {result.device}; use tensor.cpu()"
            )
        values = np.asarray(result)
        if where is True:
            np.copyto(out, values, casting=casting)
        else:
            np.copyto(out, values, casting=casting, where=np.asarray(where))
        return out
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}: out= must be a tensor or an ndarray; got {type(out).__name__}")
    if _needs_grad((result, out)):
        raise RuntimeError(f"{name}: out= cannot record a gradient; compute without out=")
    if not _can_cast(result.dtype, out.dtype, casting):
        raise TypeError(
            f"{name}: the result's dtype {result.dtype} does not fit into out= of {out.dtype} by "
            f"casting={casting!r}"
        )
    with no_grad():
        value = result if where is True else _C.where(_mask(where), result, out)
        if tuple(value.shape) != tuple(out.shape):
            raise ValueError(
                f"{name}: the result of shape {tuple(value.shape)} does not fit into out= of shape "
                f"{tuple(out.shape)}"
            )
        out[...] = value
    return out


def _mask(where: Any) -> Any:
    mask = _C._ingest(where, "where", None, None, None)
    if mask.dtype != _C.bool:
        raise TypeError(f"where: the mask must be bool; got {mask.dtype}")
    return mask
