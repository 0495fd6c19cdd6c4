"""What functions in Python say of an argument of another type, and do to arguments within autocast."""

from __future__ import annotations

import functools

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any])


def autocast_full(f: _F) -> _F:
    """Marks a function of an __all__ that check_types() sees: within autocast it computes in float32."""
    f._autocast_full = True  # type: ignore[attr-defined]
    return f


def check_types(space: dict[str, Any], but: list[str] | tuple[()] = ()) -> None:
    """Lets the functions of a module, those in its __all__, name an argument of another type. For its end.

    but: Names of functions that do so themselves, since they are too short for a call around them (165 ns).
    """
    for name in set(space["__all__"]) - {*but}:
        if hasattr(space[name], "__code__"):
            space[name] = _checked(space[name])


def _checked(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, with a TypeError in place of the AttributeError that such an argument raises."""

    full = hasattr(f, "_autocast_full")

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        if full and _C._autocasting():
            args = tuple(_widened(a) for a in args)
            kwargs = {name: _widened(a) for name, a in kwargs.items()}
        try:
            return f(*args, **kwargs)
        except AttributeError:
            for name, value in (*zip(f.__code__.co_varnames, args, strict=False), *kwargs.items()):
                wanted = _wrong(f.__annotations__[name], value)
                if wanted:
                    raise TypeError(
                        f"{f.__name__}: '{name}' must be {wanted}; got {type(value).__name__}"
                    ) from None
            raise

    return call


def _widened(a: Any) -> Any:
    return _C._autocast_to(a, True) if isinstance(a, Tensor) else a


def _wrong(annotation: str, value: Any) -> str:
    """What an argument must be, in words; "" where it is that, or may be more than one type."""
    from tenon.nn.module import Module

    kind, _, optional = annotation.partition(" | ")
    types: dict[str, tuple[type, str]] = {
        "Tensor": (Tensor, "a tensor (tenon.asarray() makes one)"),
        "Module": (Module, "a module"),
        "str": (str, "a string"),
        "dict[str, Any]": (dict, "a dict"),
    }
    if kind not in types or optional not in ("", "None") or (optional and value is None):
        return ""
    type_, words = types[kind]
    return "" if isinstance(value, type_) else words
