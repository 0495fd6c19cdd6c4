"""Memory that the host and a CUDA device both use: what a machine offers, and what stands for a tensor."""

from __future__ import annotations

from tenon import _C
from tenon._cuda_device import number

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from tenon._cuda_device import DeviceLike

_WAYS = {
    "none": "there is no memory that both use",
    "pinned": "page-locked memory of the host, which the device reads over the bus",
    "managed": "managed memory, whose pages move to where they are used",
    "system": "the process' own memory, which the device reads and writes as the host does",
}


class UnifiedMemory:
    """What memory the host and a device both use.

    ``way`` is ``"managed"``, ``"system"``, ``"pinned"`` or ``"none"``; ``reads_host`` says whether the device
    reads all memory of the process, NumPy's too (HMM or ATS), so that
    ``tenon.asarray(array, device="unified", copy=False)`` works; ``why`` gives the reason. ``allocated`` and
    ``reserved`` are bytes: what tensors have, and what the cache has with it.

    >>> tenon.cuda.UnifiedMemory("managed", False, "the driver moves managed pages", 0, 0).way
    'managed'
    """

    __slots__ = ("allocated", "reads_host", "reserved", "way", "why")

    def __init__(self, way: str, reads_host: bool, why: str, allocated: int, reserved: int) -> None:
        self.way, self.reads_host, self.why = way, reads_host, why
        self.allocated, self.reserved = allocated, reserved

    def __bool__(self) -> bool:
        return self.way != "none"

    def __str__(self) -> str:
        adopted = "can" if self.reads_host else "cannot"
        return f"{_WAYS[self.way]} ({self.why}); NumPy's own memory {adopted} be lent to the device"

    def __repr__(self) -> str:
        return f"UnifiedMemory(way={self.way!r}, reads_host={self.reads_host}, why={self.why!r})"


def unified_memory(device: DeviceLike = None) -> UnifiedMemory:
    """Which memory the host and a device both use: what ``device="unified"`` makes tensors of.

    Parameters
    ----------
    device : device, str or int, optional
        As in synchronize(); the first device unless given.

    Returns
    -------
    UnifiedMemory
        False where there is none; where there is no device, too.

    Raises
    ------
    RuntimeError
        For a device that is not there, where there are others.
    ValueError
        For what names no CUDA device.

    Examples
    --------
    >>> bool(tenon.cuda.unified_memory()) in (True, False)
    True
    """
    index = number("unified_memory", device)
    if not _C._cuda_is_available():
        return UnifiedMemory("none", False, "there is no CUDA device", 0, 0)
    return UnifiedMemory(*_C._cuda_unified_memory(index))


def of_tensor(t: _C.Tensor) -> str:
    """Clauses on a tensor in unified memory: what it is made of, and when the device's work is waited for."""
    memory = unified_memory(t.device)
    if t._borrowed:
        made = f"its owner's memory, which the device reads where it is ({memory.why})"
    else:
        made = f"{_WAYS[memory.way]} ({memory.why})"
    waits = (
        "as long as the host has a view of it, a call returns when the device has done its work with it"
        if t._host_view
        else "without a view of the host's the device works with it later"
    )
    return f"{made}; {waits}"
