"""CUDA devices. Nothing here fails on a machine without one but what needs one."""

from tenon import _C


def is_available() -> bool:
    """Whether a CUDA device can be used: the backend is installed, and a driver and a device are there."""
    return bool(_C._cuda_is_available())


def device_count() -> int:
    """The number of CUDA devices; 0 without the backend or a driver."""
    return int(_C._cuda_device_count())


def synchronize(device: int | str | _C.device = 0) -> None:
    """Waits until the device has done all its work.

    device: its number, its name or a device. RuntimeError where there is no such device, ValueError for what
    names no CUDA device, TypeError for what is none of these.
    """
    index = device if isinstance(device, int) else _index(device)
    if index is None or index < 0:
        raise ValueError(f"synchronize: a CUDA device is needed, as 0, 'cuda' or 'cuda:0'; got {device!r}")
    _C._cuda_synchronize(min(index, 2**31 - 1))


def _index(device: str | _C.device) -> int | None:
    try:
        found: int | None = _C.device(device).index
        return found
    except ValueError:
        return None
    except TypeError:
        raise TypeError(
            f"synchronize: 'device' must be an int, a device or its name; got {device!r}"
        ) from None
