"""What tenon.cuda's functions take as a device."""

from __future__ import annotations

from tenon import _C

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import TypeAlias

    DeviceLike: TypeAlias = int | str | _C.device | None


def number(op: str, device: DeviceLike) -> int:
    """The number of a CUDA device that is given as 0, "cuda", "cuda:0", a device, or None for the first.

    ValueError for what names no CUDA device, TypeError for what is none of these.
    """
    if device is None:
        return 0
    if isinstance(device, int) and not isinstance(device, bool):
        index: int | None = device
    else:
        try:
            found = _C.device(device)  # type: ignore[arg-type]  # a bool is refused by it
            index = found.index  # None for the CPU
        except ValueError:
            index = None
        except TypeError:
            raise TypeError(f"{op}: 'device' must be an int, a device or its name; got {device!r}") from None
    if index is None or index < 0:
        raise ValueError(f"{op}: a CUDA device is needed, as 0, 'cuda' or 'cuda:0'; got {device!r}")
    return min(index, 2**31 - 1)
