"""Recording modes as context managers and decorators; each acts on the calling thread."""

from __future__ import annotations

import functools
from collections.abc import Callable

from tenon import _C

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any])


class _Mode:
    """A block, or a decorated function, within which recording is on or off."""

    _on = False

    def __init__(self) -> None:
        self._before: list[bool] = []  # a stack, so that one object may be entered again

    def __enter__(self) -> None:
        self._before.append(_C.is_grad_enabled())
        _C._set_grad_enabled(self._on)

    def __exit__(self, *_: object) -> None:
        _C._set_grad_enabled(self._before.pop())

    def _clone(self) -> _Mode:
        return enable_grad() if self._on else no_grad()

    def __call__(self, function: _F) -> _F:
        import inspect  # 10 ms that importing tenon does not pay

        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self._clone():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    def _wrap_generator(self, function: Any) -> Any:
        # The mode holds while the generator runs, not while its consumer does.
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            sent: Any = None
            while True:
                try:
                    with self._clone():
                        item = generator.send(sent)
                except StopIteration as stop:
                    return stop.value
                sent = yield item

        return wrapper


class no_grad(_Mode):
    """Records nothing: ``with no_grad():`` or ``@no_grad()`` (or ``@no_grad``).

    >>> x = tenon.ones(2, requires_grad=True)
    >>> with tenon.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    __module__ = "tenon"

    def __new__(cls, function: Any = None) -> Any:
        self = super().__new__(cls)
        if function is None:
            return self
        self.__init__()  # type: ignore[misc]
        return self(function)


class enable_grad(no_grad):
    """Records, within a block that does not: ``with enable_grad():`` or ``@enable_grad()``.

    >>> x = tenon.ones(2, requires_grad=True)
    >>> with tenon.no_grad(), tenon.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    __module__ = "tenon"
    _on = True


class inference_mode(no_grad):
    """As no_grad: tenon has no separate inference mode. inference_mode(False) records, as enable_grad.

    >>> x = tenon.ones(2, requires_grad=True)
    >>> with tenon.inference_mode():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    __module__ = "tenon"

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls, mode if callable(mode) else None)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._on = not (callable(mode) or mode)


class set_grad_enabled(_Mode):
    """Turns recording on or off at once; as a context manager, until the block ends.

    >>> with tenon.set_grad_enabled(False):
    ...     tenon.is_grad_enabled()
    False
    """

    __module__ = "tenon"

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._on = bool(mode)
        self._before.append(_C.is_grad_enabled())
        _C._set_grad_enabled(self._on)

    def __enter__(self) -> None:
        _C._set_grad_enabled(self._on)

    def __call__(self, function: _F) -> _F:
        if self._before:  # a decorator does not change the mode of the module that uses it
            _C._set_grad_enabled(self._before.pop())
        return super().__call__(function)
