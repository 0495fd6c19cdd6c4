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

    device: its number, its name or a device. RuntimeError where there is no such device, ValueError for a
    name that is no device's.
    """
    if not isinstance(device, int):
        device = _C.device(device).index or 0
    _C._cuda_synchronize(device)
