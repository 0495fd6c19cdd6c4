"""Ufuncs that tenon.numpy has no object for, NumPy's and others: they compute on zero-copy views.

All others end at tenon.numpy's objects (python/src/ufunc.cc).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tenon import _C
from tenon.numpy._support import wrapped

Tensor = _C.Tensor


def array_ufunc(ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """What ``Tensor.__array_ufunc__`` returns: a tensor, or the object given as ``out=``."""
    own = _own().get(ufunc) if method == "__call__" else None
    operands: Iterable[Any] = inputs
    if own is not None and not all(map(_is_real_floating, inputs)):
        operands = map(_floating, inputs)
        if not _is_computed_here(own, inputs):
            own = None
    if own is not None and not any(map(_matters, kwargs.items())):
        return own(*operands)
    return _foreign(ufunc, method, inputs, kwargs, own is not None)


# ---- SciPy's special functions that are operations here: on every device, and with their gradients ----


def _is_real_floating(x: Any) -> bool:
    return x.is_floating_point() if isinstance(x, Tensor) else type(x) in (int, float)


def _is_integer(x: Any) -> bool:
    return isinstance(x, Tensor) and not (x.is_floating_point() or x.is_complex())


def _is_complex(x: Any) -> bool:
    return x.is_complex() if isinstance(x, Tensor) else np.iscomplexobj(x)


def _is_computed_here(own: Any, inputs: tuple[Any, ...]) -> bool:
    """What is left to SciPy: complex numbers, where the operation takes real ones; integers, which it
    computes in float64, unless a tensor beside them requires grad."""
    if own not in _OF_COMPLEX and any(map(_is_complex, inputs)):
        return False
    return not any(map(_is_integer, inputs)) or any(_records(x) for x in inputs)


def _records(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad and _C.is_grad_enabled()


def _floating(x: Any) -> Any:
    """What SciPy computes integers in."""
    return x.double() if _is_integer(x) else x


def _matters(argument: tuple[str, Any]) -> bool:
    """Whether a keyword asks for more than its default does. Without out= and dtype= nothing is cast."""
    name, value = argument
    if name == "where":
        return value is not True
    return name == "out" or (name in ("dtype", "signature", "sig") and value is not None)


def _ndtr(x: Any) -> Any:
    return 0.5 * _C.erfc(x * -(0.5**0.5))


_SPECIAL: dict[str, Any] = {
    "erf": _C.erf, "erfc": _C.erfc, "expit": _C.sigmoid, "log_expit": _C.log_sigmoid, "logit": _C.logit,
    "gammaln": _C.lgamma, "psi": _C.digamma,
    "digamma": _C.digamma, "xlogy": _C.xlogy, "expm1": _C.expm1, "log1p": _C.log1p, "exp2": _C.exp2,
    "cbrt": _C.cbrt,
    "ndtr": _ndtr, "i0": _C.i0, "i0e": _C.i0e, "i1": _C.i1, "i1e": _C.i1e,
    "j0": _C.bessel_j0, "j1": _C.bessel_j1, "y0": _C.bessel_y0, "y1": _C.bessel_y1,
    "k0": _C.modified_bessel_k0, "k0e": _C.scaled_modified_bessel_k0,
    "k1": _C.modified_bessel_k1, "k1e": _C.scaled_modified_bessel_k1,
}  # fmt: skip
_OF_COMPLEX = {_C.sigmoid, _C.expm1, _C.log1p, _C.exp2}
_found: dict[Any, Any] | None = None


def _own() -> dict[Any, Any]:
    """By SciPy's ufunc; empty as long as scipy.special is not there."""
    global _found
    if _found is None:
        import sys

        special = sys.modules.get("scipy.special")
        if special is None:
            return {}
        _found = {getattr(special, n): f for n, f in _SPECIAL.items() if hasattr(special, n)}
    return _found


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


def _is_scipys(ufunc: Any) -> bool:
    import sys

    special = sys.modules.get("scipy.special")
    return special is not None and getattr(special, _name(ufunc), None) is ufunc


def _call_where(ufunc: Any, inputs: list[Any], kwargs: dict[str, Any]) -> Any:
    """A call of SciPy's with where=: its loops write beyond the arrays where they get a mask (SciPy 1.17)."""
    where, out = np.asarray(kwargs.pop("where"), bool), kwargs.pop("out", None)
    casting = kwargs.get("casting", "same_kind")
    with np.errstate(all="ignore"):  # what is left out may be no argument
        result = ufunc(*inputs, **kwargs)
    several = result if isinstance(result, tuple) else (result,)
    targets = list(out) if out else [None] * len(several)
    for i, value in enumerate(several):
        shape = np.broadcast_shapes(np.shape(value), where.shape)
        target = targets[i]
        if target is None or target is ...:
            target = targets[i] = np.zeros(shape, value.dtype)
        elif target.shape != shape:
            raise ValueError(f"{_name(ufunc)}: out= must be of shape {shape}; got {target.shape}")
        np.copyto(target, value, casting, where)
    return tuple(targets) if isinstance(result, tuple) else targets[0]


def _foreign(
    ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any], has_gradient: bool = False
) -> Any:
    what = _name(ufunc) if method == "__call__" else f"{_name(ufunc)}.{method}"
    out = kwargs.get("out", ())
    outs = out if isinstance(out, tuple) else (out,)
    for x in (*inputs, *outs):
        if not isinstance(x, Tensor):
            continue
        if _records(x):
            if has_gradient:
                given = ", ".join(f"{name}=" for name in kwargs)
                raise TypeError(
                    f"{what}: there is no gradient with {given}; leave that out, or use tensor.detach()"
                )
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
    if method == "__call__" and kwargs.get("where", True) is not True and _is_scipys(ufunc):
        result = _call_where(ufunc, lent, kwargs)
    else:
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
