"""The default generator's state. A seed gives the same numbers on every device, for any number of threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tenon._C import Generator, default_generator, initial_seed, manual_seed, seed
from tenon._names import guide as _guide
from tenon._signature import Signature

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


Generator.__signature__ = Signature("(seed=..., device='cpu')")  # type: ignore[attr-defined]


def get_rng_state() -> tuple[int, int]:
    """The default generator's state: its seed and its position in the stream.

    Returns
    -------
    tuple[int, int]

    Examples
    --------
    >>> state = tenon.get_rng_state()
    >>> a = tenon.rand(2)
    >>> tenon.set_rng_state(state)
    >>> tenon.equal(tenon.rand(2), a)
    True
    """
    state: tuple[int, int] = default_generator.get_state()
    return state


def set_rng_state(state: tuple[int, int]) -> None:
    """Continues the default generator from a state of get_rng_state().

    Parameters
    ----------
    state : tuple[int, int]
        What get_rng_state returned: the seed and the position.

    Returns
    -------
    None

    Raises
    ------
    TypeError
        For what is no such state.

    Examples
    --------
    >>> state = tenon.get_rng_state()
    >>> a = tenon.rand(2)
    >>> tenon.set_rng_state(state)
    >>> tenon.equal(tenon.rand(2), a)
    True
    """
    default_generator.set_state(state)


@contextlib.contextmanager
def fork_rng(devices: Any = (), enabled: bool = True, *, device_type: str = "cuda") -> Iterator[None]:
    """A block after which the default generator stands where it stood before.

    Parameters
    ----------
    devices
        For PyTorch's scripts: all devices share the generator.
    enabled : bool, default True
        False lets the generator go on.
    device_type : str, default 'cuda'
        For PyTorch's scripts.

    Returns
    -------
    A context manager.

    Examples
    --------
    >>> state = tenon.get_rng_state()
    >>> with tenon.fork_rng():
    ...     a = tenon.rand(2)
    >>> tenon.get_rng_state() == state
    True
    """
    del devices, device_type
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)


_guide(__name__)
