"""The cache of freed CPU blocks: what it holds, and its limits."""

import operator

from tenon import _C
from tenon._names import guide as _guide

__all__ = ["release", "reset_peak", "set_limit", "stats"]


def stats() -> dict[str, int]:
    """Bytes in_use, their peak, bytes cached, their limit; how often the cache served: hits, misses.

    Returns
    -------
    dict[str, int]

    Examples
    --------
    >>> sorted(tenon.memory.stats())
    ['cached', 'hits', 'in_use', 'limit', 'misses', 'peak']
    """
    return dict(_C._memory_stats())


def release() -> int:
    """Returns all cached blocks to the system; the number of bytes returned.

    Returns
    -------
    int

    Examples
    --------
    >>> tenon.memory.release() >= 0
    True
    """
    return int(_C._memory_release())


def set_limit(nbytes: int) -> None:
    """Caps the bytes that are cached; 0 turns the cache off.

    Parameters
    ----------
    nbytes : int
        The number of bytes.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        For a negative number.
    TypeError
        For what is no int.

    Examples
    --------
    >>> limit = tenon.memory.stats()["limit"]
    >>> tenon.memory.set_limit(0)
    >>> tenon.memory.set_limit(limit)
    """
    try:
        n = operator.index(nbytes)
    except TypeError:
        raise TypeError(f"set_limit: the limit must be an int; got {type(nbytes).__name__}") from None
    if n < 0:
        raise ValueError(f"set_limit: the limit must not be negative; got {n}")
    _C._memory_set_limit(min(n, 2**63 - 1))


def reset_peak() -> None:
    """Sets the peak to the bytes in use.

    Returns
    -------
    None

    Examples
    --------
    >>> tenon.memory.reset_peak()
    >>> stats = tenon.memory.stats()
    >>> stats["peak"] == stats["in_use"]
    True
    """
    _C._memory_reset_peak()


_guide(__name__)
