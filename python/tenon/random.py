"""The default generator's state. A seed gives the same numbers on every device, for any number of threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tenon._C import Generator, default_generator, initial_seed, manual_seed, seed
from tenon._signature import Signature

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
    """The default generator's state: its seed and its position in the stream."""
    state: tuple[int, int] = default_generator.get_state()
    return state


def set_rng_state(state: tuple[int, int]) -> None:
    """Continues the default generator from a state of get_rng_state(); TypeError for anything else."""
    default_generator.set_state(state)


@contextlib.contextmanager
def fork_rng() -> Iterator[None]:
    """A block after which the default generator stands where it stood before."""
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
