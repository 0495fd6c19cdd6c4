"""The current device, seeds and capabilities, under PyTorch's names. "cuda" is the first device, always."""

from __future__ import annotations

from tenon import _C
from tenon._cuda_device import number as _number

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from types import TracebackType

    from tenon._cuda_device import DeviceLike


def _check_first(op: str, device: DeviceLike) -> None:
    if device is None or (isinstance(device, int) and not isinstance(device, bool) and device < 0):
        return  # PyTorch's ways to say that nothing changes
    found = _number(op, device)
    if found != 0:
        raise RuntimeError(
            f"{op}: 'cuda' is always the first device, cuda:0; got {device!r}; name the other one where "
            f"tensors are made or moved, as in device='cuda:{found}'"
        )


def init() -> None:
    """Does nothing: the backend is loaded when it is first needed.

    Returns
    -------
    None

    Examples
    --------
    >>> tenon.cuda.init()
    """


def is_initialized() -> bool:
    """Whether a CUDA device can be used, since nothing else needs to be initialized.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.cuda.is_initialized() == tenon.cuda.is_available()
    True
    """
    return bool(_C._cuda_is_available())


def current_device() -> int:
    """The number of the device that "cuda" names: 0.

    Returns
    -------
    int

    Raises
    ------
    RuntimeError
        Where there is no CUDA device.

    Examples
    --------
    >>> tenon.cuda.current_device()  # doctest: +SKIP
    0
    """
    _C._cuda_properties(0)
    return 0


def set_device(device: DeviceLike) -> None:
    """Checks that a device is the first one, which "cuda" always names; it changes nothing.

    Parameters
    ----------
    device : device, str or int
        0, "cuda" or "cuda:0"; None and negative numbers are passed over.

    Returns
    -------
    None

    Raises
    ------
    RuntimeError
        For another device: name it where tensors are made or moved, as in device="cuda:1".
    ValueError
        For what names no CUDA device.
    TypeError
        For what is none of these.

    Examples
    --------
    >>> tenon.cuda.set_device("cuda:0")
    """
    _check_first("set_device", device)


class device:
    """``with device(0):`` as in PyTorch; "cuda" is the first device inside and outside of the block.

    RuntimeError for another device, ValueError and TypeError as set_device().

    >>> with tenon.cuda.device(0):
    ...     pass
    """

    __slots__ = ("idx",)

    def __init__(self, device: DeviceLike) -> None:
        _check_first("device", device)
        self.idx = 0

    def __enter__(self) -> device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def get_device_capability(device: DeviceLike = 0) -> tuple[int, int]:
    """The architecture of a device, as (9, 0).

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    tuple[int, int]
        The major and the minor number.

    Raises
    ------
    RuntimeError
        Where there is no such device.

    Examples
    --------
    >>> tenon.cuda.get_device_capability()  # doctest: +SKIP
    (9, 0)
    """
    _, _, _, major, minor = _C._cuda_properties(_number("get_device_capability", device))
    return int(major), int(minor)


def is_bf16_supported() -> bool:
    """Whether a CUDA device is there: all that tenon runs on compute with bfloat16.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.cuda.is_bf16_supported() == tenon.cuda.is_available()
    True
    """
    return bool(_C._cuda_is_available())


def manual_seed(seed: int) -> None:
    """Seeds the default generator, which all devices share; where there is no CUDA device it does nothing.

    Parameters
    ----------
    seed : int
        As tenon.manual_seed()'s.

    Returns
    -------
    None

    Raises
    ------
    TypeError
        For what is no int.
    OverflowError
        For an int of more than 64 bits.

    Examples
    --------
    >>> tenon.cuda.manual_seed(0)
    """
    generator = _C.Generator().manual_seed(seed)  # refuses what is no seed, with or without a device
    if _C._cuda_is_available():
        _C.manual_seed(generator.initial_seed())


def manual_seed_all(seed: int) -> None:
    """manual_seed(): all devices share one generator.

    Parameters
    ----------
    seed : int
        As tenon.manual_seed()'s.

    Returns
    -------
    None

    Raises
    ------
    TypeError
        For what is no int.
    OverflowError
        For an int of more than 64 bits.

    Examples
    --------
    >>> tenon.cuda.manual_seed_all(0)
    """
    manual_seed(seed)
