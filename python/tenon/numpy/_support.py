"""What functions of tenon.numpy share: tensors of arguments, names in errors, views for NumPy itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tenon import _C
from tenon._names import called
from tenon._numpy import numpy_for

Tensor = _C.Tensor

SQUARE = """
a: Square matrices in the last two dimensions: of shape (..., n, n).
ValueError: For matrices that are not square.
"""

_NAMED = TypeError, IndexError, ValueError, OverflowError, RuntimeError, BufferError, AttributeError


def named(name: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose errors begin with the name that it was called by, whatever operation of its has failed."""

    def g(*args: Any, **kwargs: Any) -> Any:
        try:
            return f(*args, **kwargs)
        except _NAMED as e:
            message = called(name, str(e).removeprefix(f"{f.__name__}() "))
            # NumPy's own word themselves, but for its LinAlgError, which is ours.
            if (type(e).__module__ != "builtins" and type(e).__name__ != "LinAlgError") or isinstance(
                e, UnicodeError
            ):
                kind = next(k for k in _NAMED if isinstance(e, k))
                raise kind(message) from e
            if isinstance(e, AttributeError):  # of an argument, which is of the wrong type
                raise TypeError(message) from e
            e.args = (message,)
            raise

    g.__name__, g.__qualname__, g.__module__, g.__doc__ = name, name, f.__module__, f.__doc__
    g.__wrapped__ = f  # type: ignore[attr-defined]
    return g


def name_errors(module: dict[str, Any], package: str) -> None:
    """Gives every function of a module's namespace errors that name it."""
    for name, f in list(module.items()):
        if type(f) is type(named) and not name.startswith("_"):
            module[name] = g = named(name, f)
            g.__module__ = package


def tensor(x: Any, op: str = "asarray") -> Any:
    """x as a tensor, over its own memory where that can be."""
    return x if isinstance(x, Tensor) else _C._ingest(x, op, None, None, None)


def cast(t: Any, dtype: Any) -> Any:
    """t in another dtype (itself where nothing changes); the gradient passes."""
    dtype = _C.dtype(dtype)
    return t if t.dtype == dtype else t.to(dtype)


def real(x: Any, op: str) -> Any:
    """x as a tensor that LAPACK takes: integers and bools in float64, as NumPy has them."""
    t = tensor(x, op)
    return t if t.dtype.is_floating_point or t.dtype.is_complex else cast(t, _C.float64)


def on_host(t: Any, op: str) -> Any:
    """A zero-copy ndarray for a function whose results have no gradient (indices, counts)."""
    if not isinstance(t, Tensor):
        return t
    if str(t.device) != "cpu":
        raise TypeError(f"np.{op}: tenon has no kernel for it on {t.device}; use tensor.cpu()")
    return t.detach().numpy()


def wrapped(value: Any) -> Any:
    """ndarrays and NumPy scalars of numbers as tensors over their memory; tuples and lists elementwise."""
    import numpy as np

    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        return _C.from_numpy(array) if array.dtype.kind in "biufcV" else value
    if isinstance(value, (tuple, list)):
        items = [wrapped(v) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def _deep(value: Any, f: Callable[[Any], Any]) -> Any:
    if isinstance(value, Tensor):
        return f(value)
    if isinstance(value, (tuple, list)):
        items = [_deep(v, f) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def through_numpy(
    name: str, path: Sequence[str] = (), *, differentiable: bool = True, wrap: bool = True
) -> Callable[..., Any]:
    """A function of NumPy's on zero-copy views of tensors on the CPU.

    differentiable: it has a gradient that tenon does not know, so tensors that require grad are a TypeError;
    otherwise (indices, counts, text) the history does not matter. wrap: ndarrays come back as tensors.
    """
    full = ".".join((*path, name))

    def f(*args: Any, **kwargs: Any) -> Any:
        np = numpy_for(full)

        def lend(t: Any) -> Any:
            if differentiable and t.requires_grad and _C.is_grad_enabled():
                raise TypeError(f"np.{full}: tenon has no gradient for it; use tensor.detach()")
            return on_host(t, full)

        owner: Any = np
        for part in path:
            owner = getattr(owner, part)
        args = tuple(_deep(a, lend) for a in args)
        out = kwargs.get("out")
        kwargs = {k: _deep(v, lend) for k, v in kwargs.items()}
        result = getattr(owner, name)(*args, **kwargs)
        if isinstance(out, Tensor):
            _C._note_write(out, name)
            return out
        return wrapped(result) if wrap else result

    f.__name__ = f.__qualname__ = name
    f.__doc__ = (
        f"As numpy.{full}, on zero-copy views of tensors on the CPU: what it makes are new tensors.\n\n"
        f"TypeError for tensors that {'require grad or ' if differentiable else ''}are on a device; "
        "the other errors are NumPy's."
    )
    return f
