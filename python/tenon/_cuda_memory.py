"""The memory of CUDA devices: counts, peaks, limits. Names, keys and meanings are PyTorch's.

Tensors have blocks of memory; a freed block is kept for the next tensor of its stream. "Allocated" is what
tensors have, "reserved" what the driver has given: tensors' blocks and the cache.
"""

from __future__ import annotations

from tenon import _C
from tenon._cuda_device import number

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._cuda_device import DeviceLike


def memory_stats(device: DeviceLike = None) -> dict[str, int]:
    """Counts of a device's memory, by PyTorch's keys; all are 0 where CUDA is not available.

    A key is ``"{what}.{pool}.{count}"``. What: ``allocation`` (blocks that tensors have), ``segment`` (pieces
    that the driver gave), ``active`` (blocks that tensors have or that a stream still works with),
    ``inactive_split`` (unused parts of segments that are in use otherwise); the bytes of these are
    ``allocated_bytes``, ``reserved_bytes``, ``active_bytes`` and ``inactive_split_bytes``, and
    ``requested_bytes`` is what was asked for, before rounding up. Pool: ``all``, ``small_pool`` (up to
    1 MiB), ``large_pool``. Count: ``current``, ``peak``, and in total ``allocated`` and ``freed``.

    Four more keys count events: ``num_alloc_retries`` (the driver had no memory, so that the device was
    waited for and the cache given back), ``num_ooms`` (errors), ``num_device_alloc`` and
    ``num_device_free`` (calls of the driver).

    Parameters
    ----------
    device : device, str or int, optional
        As in synchronize(); the first device unless given.

    Returns
    -------
    dict of int
        Bytes and numbers.

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.
    ValueError
        For what names no CUDA device.

    Examples
    --------
    >>> tenon.cuda.memory_stats()["allocated_bytes.all.current"] == tenon.cuda.memory_allocated()
    True
    """
    return _statistics("memory_stats", device)


def memory_allocated(device: DeviceLike = None) -> int:
    """Bytes of a device that tensors have, rounded up to blocks; 0 where CUDA is not available.

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    int

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.

    Examples
    --------
    >>> tenon.cuda.memory_allocated() >= 0
    True
    """
    return _statistics("memory_allocated", device)["allocated_bytes.all.current"]


def max_memory_allocated(device: DeviceLike = None) -> int:
    """The most bytes that tensors had since the start, or since reset_peak_memory_stats().

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    int

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.

    Examples
    --------
    >>> tenon.cuda.max_memory_allocated() >= tenon.cuda.memory_allocated()
    True
    """
    return _statistics("max_memory_allocated", device)["allocated_bytes.all.peak"]


def memory_reserved(device: DeviceLike = None) -> int:
    """Bytes that the driver has given: those of tensors, and the cache.

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    int

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.

    Examples
    --------
    >>> tenon.cuda.memory_reserved() >= tenon.cuda.memory_allocated()
    True
    """
    return _statistics("memory_reserved", device)["reserved_bytes.all.current"]


def max_memory_reserved(device: DeviceLike = None) -> int:
    """The most bytes that the driver had given since the start, or since reset_peak_memory_stats().

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    int

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.

    Examples
    --------
    >>> tenon.cuda.max_memory_reserved() >= tenon.cuda.memory_reserved()
    True
    """
    return _statistics("max_memory_reserved", device)["reserved_bytes.all.peak"]


def reset_peak_memory_stats(device: DeviceLike = None) -> None:
    """Sets all peaks of memory_stats() to what is there now; does nothing where CUDA is not available.

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    None

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.

    Examples
    --------
    >>> tenon.cuda.reset_peak_memory_stats()
    """
    index = number("reset_peak_memory_stats", device)
    if _C._cuda_is_available():
        _C._cuda_reset_memory_peaks(index)


def empty_cache(device: DeviceLike = None) -> None:
    """Gives the memory that no tensor has back to the driver, so that other programs can have it.

    It waits for the device, and the next tensors have to ask the driver again: it makes nothing faster. An
    allocation that finds no memory does the same by itself. Does nothing where CUDA is not available.

    Parameters
    ----------
    device : device, str or int, optional
        All devices unless given.

    Returns
    -------
    None

    Raises
    ------
    RuntimeError
        Where there is no such device, and where something failed that ran since the last wait.

    Examples
    --------
    >>> tenon.cuda.empty_cache()
    """
    if not _C._cuda_is_available():
        return
    which = range(_C._cuda_device_count()) if device is None else (number("empty_cache", device),)
    for index in which:
        _C._cuda_empty_cache(index)


def set_per_process_memory_fraction(fraction: float, device: DeviceLike = None) -> None:
    """Limits what this process takes of a device's memory; what it has already stays.

    An allocation beyond it gives the cache back first, and is out of memory if that is not enough.

    Parameters
    ----------
    fraction : float
        Of the device's whole memory, from 0 to 1. 1 lifts the limit.
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    None

    Raises
    ------
    ValueError
        For a fraction that is not within 0 and 1.
    TypeError
        For a fraction that is no number.
    RuntimeError
        Where there is no such device.

    Examples
    --------
    >>> tenon.cuda.set_per_process_memory_fraction(0.5)  # doctest: +SKIP
    """
    op = "set_per_process_memory_fraction"
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float)):
        raise TypeError(f"{op}: 'fraction' must be a float; got {fraction!r}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"{op}: 'fraction' must be from 0 to 1; got {fraction!r}")
    index = number(op, device)
    total = _C._cuda_memory_info(index)[1]
    # A limit of no bytes at all is one byte, since 0 means none.
    _C._cuda_limit_memory(index, 0 if fraction == 1 else max(int(total * fraction), 1))


def get_per_process_memory_fraction(device: DeviceLike = None) -> float:
    """The fraction of a device's memory that this process may take: that of the setter, 1.0 at first.

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().

    Returns
    -------
    float

    Raises
    ------
    RuntimeError
        Where there is no such device.

    Examples
    --------
    >>> tenon.cuda.get_per_process_memory_fraction()  # doctest: +SKIP
    1.0
    """
    index = number("get_per_process_memory_fraction", device)
    limit = _C._cuda_memory_statistics(index)["limit"]
    return limit / _C._cuda_memory_info(index)[1] if limit else 1.0


_ROWS = (
    ("Allocated memory", "allocated_bytes"),
    ("Active memory", "active_bytes"),
    ("Requested memory", "requested_bytes"),
    ("Reserved memory", "reserved_bytes"),
    ("Non-releasable memory", "inactive_split_bytes"),
    ("Allocations", "allocation"),
    ("Active allocations", "active"),
    ("Reserved segments", "segment"),
    ("Non-releasable pieces", "inactive_split"),
)


def memory_summary(device: DeviceLike = None, abbreviated: bool = False) -> str:
    """A table of memory_stats() for people.

    Parameters
    ----------
    device : device, str or int, optional
        As in memory_stats().
    abbreviated : bool, default False
        Leaves out the rows of the two pools.

    Returns
    -------
    str

    Raises
    ------
    RuntimeError
        Where there is no such device, though CUDA is available.

    Examples
    --------
    >>> print(tenon.cuda.memory_summary(abbreviated=True))  # doctest: +SKIP
    """
    stats = _statistics("memory_summary", device)
    head = f"Memory of cuda:{number('memory_summary', device)}"
    events = f"out of memory: {stats['num_ooms']}, retries: {stats['num_alloc_retries']}"
    lines = [f"{head} ({events})", ""]
    columns = ("current", "peak", "allocated", "freed")
    lines.append(f"{'':28}" + "".join(f"{name:>14}" for name in columns))
    pools = (("all", ""), ("small_pool", "  small blocks"), ("large_pool", "  large blocks"))
    for title, key in _ROWS:
        for pool, indented in pools[: 1 if abbreviated else 3]:
            values = (stats[f"{key}.{pool}.{name}"] for name in columns)
            cells = (_bytes(v) if key.endswith("_bytes") else str(v) for v in values)
            lines.append(f"{indented or title:28}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _bytes(n: int) -> str:
    if n < 1024:
        return f"{n} B"
    size, unit = n / 1024, 0
    while size >= 1024 and unit < 3:
        size, unit = size / 1024, unit + 1
    return f"{size:.2f} {('KiB', 'MiB', 'GiB', 'TiB')[unit]}"


def _statistics(op: str, device: DeviceLike) -> dict[str, int]:
    index = number(op, device)
    if not _C._cuda_is_available():
        return dict.fromkeys(_KEYS, 0)
    stats = _C._cuda_memory_statistics(index)
    del stats["limit"]
    return stats


_KEYS = (
    *(
        f"{key}.{pool}.{count}"
        for _, key in _ROWS
        for pool in ("all", "small_pool", "large_pool")
        for count in ("current", "peak", "allocated", "freed")
    ),
    "num_alloc_retries",
    "num_ooms",
    "num_device_alloc",
    "num_device_free",
)
