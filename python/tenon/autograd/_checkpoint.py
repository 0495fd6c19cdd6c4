"""checkpoint: less memory for backward, which computes a part of the graph again."""

from __future__ import annotations

import contextlib

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import enable_grad
from tenon.autograd.graph import saved_tensors_hooks

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class _Enough(Exception):
    """Everything that backward needs has been computed again."""


class _Frame:
    """One call of checkpoint: what it takes to repeat it, and what repeating it saved."""

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any], rng: Any) -> None:
        self.function = function
        self.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.rest = [None if isinstance(a, Tensor) else a for a in args]
        # Saved as operations save: a write to an argument is an error, not a wrong gradient.
        self.tensors = _C._save_tensors([args[i] for i in self.places], "checkpoint")
        self.kwargs = kwargs
        self.rng = rng
        self.autocast = {device: _C._autocast_dtype(device) for device in ("cpu", "cuda")}
        self.saved = 0  # how many tensors the first run wanted to save
        self.again: list[Tensor | None] = []

    def pack(self, t: Tensor) -> tuple[_Frame, int, Any]:
        self.saved += 1
        return self, self.saved - 1, (t.shape, t.dtype, t.device)

    def repeat(self) -> None:
        args = list(self.rest)
        with enable_grad():
            for i, t in zip(self.places, _C._saved_tensors(self.tensors), strict=True):
                args[i] = t.detach().requires_grad_() if t is not None and t.requires_grad else t

        def keep(t: Tensor) -> None:
            self.again.append(t.detach())
            if len(self.again) == self.saved:
                raise _Enough

        def refuse(_: None) -> Tensor:
            raise RuntimeError("checkpoint: backward() must not run within the checkpointed function")

        with (
            enable_grad(),
            _rng_from(self.rng),
            _autocast_as(self.autocast),
            saved_tensors_hooks(keep, refuse),
            contextlib.suppress(_Enough),
        ):
            self.function(*args, **self.kwargs)

    def unpack(self, at: int, expected: Any) -> Tensor:
        if not self.again:
            self.repeat()
        if at >= len(self.again):
            raise RuntimeError(
                f"checkpoint: the function saved {self.saved} tensors at first and {len(self.again)} when it "
                "was repeated; it must compute the same each time"
            )
        t = self.again[at]
        if t is None:  # backward() runs a second time
            self.again = []
            self.repeat()
            t = self.again[at]
        assert t is not None
        if (t.shape, t.dtype, t.device) != expected:
            raise RuntimeError(
                f"checkpoint: a saved tensor was {expected} at first and {(t.shape, t.dtype, t.device)} when "
                "the function was repeated; it must compute the same each time"
            )
        self.again[at] = None  # each is needed once
        return t


def _unpack(packed: tuple[_Frame, int, Any]) -> Tensor:
    frame, at, expected = packed
    return frame.unpack(at, expected)


@contextlib.contextmanager
def _rng_from(state: Any) -> Iterator[None]:
    if state is None:
        yield
        return
    now = _C.default_generator.get_state()
    _C.default_generator.set_state(state)
    try:
        yield
    finally:
        _C.default_generator.set_state(now)


@contextlib.contextmanager
def _autocast_as(state: dict[str, Any]) -> Iterator[None]:
    now = {device: _C._autocast_dtype(device) for device in state}
    for device, dtype in state.items():
        _C._set_autocast_dtype(device, dtype)
    try:
        yield
    finally:
        for device, dtype in now.items():
            _C._set_autocast_dtype(device, dtype)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)`` whose intermediate results are not kept: backward() computes them again.

    Gradients of any order, hooks and nested checkpoints work. An argument that is written before backward()
    is RuntimeError, as for any operation.

    Parameters
    ----------
    function : Callable[..., Any]
        What to call. It must compute the same when it is repeated.
    args
        What function is called with.
    use_reentrant : bool, optional
        For PyTorch's scripts: there is one way here, the one that PyTorch recommends.
    preserve_rng_state : bool, default True
        Repeat with the random numbers of the first run, from the default generator.
    kwargs
        What function is called with, by name.

    Returns
    -------
    Tensor
        What the function returns.

    Raises
    ------
    RuntimeError
        An argument that is written before backward() is RuntimeError, as for any operation.

    Examples
    --------
    >>> x = tenon.ones(3, requires_grad=True)
    >>> y = tenon.autograd.checkpoint(lambda t: (t * t).exp(), x)
    >>> y.sum().backward()
    """
    del use_reentrant
    if not _C.is_grad_enabled():
        return function(*args, **kwargs)
    rng = _C.default_generator.get_state() if preserve_rng_state else None
    frame = _Frame(function, args, kwargs, rng)
    with saved_tensors_hooks(frame.pack, _unpack):
        return function(*args, **kwargs)
