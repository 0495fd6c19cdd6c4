"""The cache of freed CPU blocks: what it holds, and its limits."""

import operator

from tenon import _C


def stats() -> dict[str, int]:
    """Bytes in_use, their peak, bytes cached, their limit; how often the cache served: hits, misses."""
    return dict(_C._memory_stats())


def release() -> int:
    """Returns all cached blocks to the system; the number of bytes returned."""
    return int(_C._memory_release())


def set_limit(nbytes: int) -> None:
    """Caps the bytes that are cached; 0 turns the cache off.

    ValueError for a negative number, TypeError for what is no int.
    """
    try:
        n = operator.index(nbytes)
    except TypeError:
        raise TypeError(f"set_limit: the limit must be an int; got {type(nbytes).__name__}") from None
    if n < 0:
        raise ValueError(f"set_limit: the limit must not be negative; got {n}")
    _C._memory_set_limit(min(n, 2**63 - 1))


def reset_peak() -> None:
    """Sets the peak to the bytes in use."""
    _C._memory_reset_peak()
