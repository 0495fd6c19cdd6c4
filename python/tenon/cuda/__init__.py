"""CUDA devices, their streams and events. Nothing here fails on a machine without one but what needs one.

Operations on a device run later, in the order of their stream. Each thread has a current stream for each
device, at first the default one; different streams do not wait for each other unless an event says so.
"""

from __future__ import annotations

from tenon import _C
from tenon._C import OutOfMemoryError
from tenon._cuda_device import number as _number
from tenon._cuda_graphs import CUDAGraph, graph, is_current_stream_capturing
from tenon._cuda_memory import (
    empty_cache,
    get_per_process_memory_fraction,
    max_memory_allocated,
    max_memory_reserved,
    memory_allocated,
    memory_reserved,
    memory_stats,
    memory_summary,
    reset_peak_memory_stats,
    set_per_process_memory_fraction,
)
from tenon._cuda_unified import UnifiedMemory, unified_memory
from tenon._names import guide as _guide
from tenon._names import missing as _missing
from tenon.cuda._current import (
    current_device,
    device,
    get_device_capability,
    init,
    is_bf16_supported,
    is_initialized,
    manual_seed,
    manual_seed_all,
    set_device,
)

__all__ = [
    "CUDAGraph",
    "DeviceProperties",
    "Event",
    "ExternalStream",
    "OutOfMemoryError",
    "Stream",
    "UnifiedMemory",
    "amp",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_per_process_memory_fraction",
    "graph",
    "init",
    "is_available",
    "is_bf16_supported",
    "is_current_stream_capturing",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "reset_peak_memory_stats",
    "set_device",
    "set_per_process_memory_fraction",
    "set_stream",
    "stream",
    "synchronize",
    "unified_memory",
]


TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from tenon._cuda_device import DeviceLike
    from tenon.cuda import amp as amp


def is_available() -> bool:
    """Whether a CUDA device can be used: the backend is installed, and a driver and a device are there.

    Returns
    -------
    bool

    Examples
    --------
    >>> tenon.cuda.is_available() in (True, False)
    True
    """
    return bool(_C._cuda_is_available())


def device_count() -> int:
    """The number of CUDA devices; 0 without the backend or a driver.

    Returns
    -------
    int

    Examples
    --------
    >>> tenon.cuda.device_count() >= 0
    True
    """
    return int(_C._cuda_device_count())


def synchronize(device: DeviceLike = 0) -> None:
    """Waits until the device has done all its work, on all streams.

    Parameters
    ----------
    device : device, str or int, default 0
        Its number, its name or a device; None means the first.

    Returns
    -------
    None

    Raises
    ------
    RuntimeError
        Where there is no such device, and where something failed that ran since the last wait.
    IndexError
        Where that was an index out of range.
    ValueError
        For what names no CUDA device.
    TypeError
        For what is none of these.

    Examples
    --------
    >>> tenon.cuda.synchronize()  # doctest: +SKIP
    """
    _C._cuda_synchronize(_number("synchronize", device))


class DeviceProperties:
    """What a device is: its name, its memory in bytes, and its architecture.

    >>> tenon.cuda.DeviceProperties("a device", 1 << 30, 4, 9, 0)
    DeviceProperties(name='a device', total_memory=1073741824, major=9, minor=0)
    """

    __slots__ = ("major", "minor", "multi_processor_count", "name", "total_memory")

    def __init__(self, name: str, total_memory: int, multi_processor_count: int, major: int, minor: int):
        self.name = name
        self.total_memory = total_memory
        self.multi_processor_count = multi_processor_count
        self.major = major
        self.minor = minor

    def __repr__(self) -> str:
        fields = ", ".join(f"{n}={getattr(self, n)!r}" for n in ("name", "total_memory", "major", "minor"))
        return f"DeviceProperties({fields})"


def get_device_properties(device: DeviceLike = 0) -> DeviceProperties:
    """Name, memory and architecture of a device.

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    DeviceProperties
        Name, memory and architecture of a device.

    Raises
    ------
    RuntimeError
        Where there is no such device.

    Examples
    --------
    >>> tenon.cuda.get_device_properties(0).name  # doctest: +SKIP
    """
    return DeviceProperties(*_C._cuda_properties(_number("get_device_properties", device)))


def get_device_name(device: DeviceLike = 0) -> str:
    """The name of a device. RuntimeError where there is no such device.

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    str

    Examples
    --------
    >>> tenon.cuda.get_device_name(0)  # doctest: +SKIP
    """
    return get_device_properties(device).name


def mem_get_info(device: DeviceLike = 0) -> tuple[int, int]:
    """(free, total) bytes of a device's memory. RuntimeError where there is no such device.

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    tuple[int, int]
        (free, total) bytes of a device's memory. RuntimeError where there is no such device.

    Examples
    --------
    >>> free, total = tenon.cuda.mem_get_info(0)  # doctest: +SKIP
    """
    free, total = _C._cuda_memory_info(_number("mem_get_info", device))
    return int(free), int(total)


class Stream:
    """A queue of a device's work, done in order.

    Stream(device) takes another one than the default from the device's pool, in turns: it is made once and
    never freed, and two Streams may be the same. Equal ones are the same queue. RuntimeError where there is
    no such device. priority is taken as PyTorch's: all streams have the same.

    >>> s = tenon.cuda.Stream()  # doctest: +SKIP
    >>> with tenon.cuda.stream(s):  # doctest: +SKIP
    ...     y = tenon.ones(3, device="cuda") + 1
    >>> tenon.cuda.current_stream().wait_stream(s)  # doctest: +SKIP
    """

    __slots__ = ("_device", "_index")
    _device: int
    _index: int

    def __init__(self, device: DeviceLike = 0, priority: int = 0) -> None:
        del priority
        self._device = _number("Stream", device)
        self._index = int(_C._stream_next(self._device))

    @classmethod
    def _at(cls, device: int, index: int) -> Stream:
        self = object.__new__(cls)
        self._device, self._index = device, index
        return self

    @property
    def device(self) -> _C.device:
        """The stream's device."""
        return _C.device("cuda", self._device)

    @property
    def cuda_stream(self) -> int:
        """The driver's number of the stream (a cudaStream_t), which other libraries take; 1: the default."""
        return int(_C._stream_handle(self._device, self._index))

    def __cuda_stream__(self) -> tuple[int, int]:
        """(version, handle): the protocol by which cuda.core and others take a stream."""
        return 0, self.cuda_stream

    def query(self) -> bool:
        """Whether everything that the stream was given is done. Errors as synchronize()."""
        return bool(_C._stream_query(self._device, self._index))

    def synchronize(self) -> None:
        """Waits until everything that the stream was given is done. Errors as tenon.cuda.synchronize()."""
        _C._stream_synchronize(self._device, self._index)

    def wait_event(self, event: Event) -> None:
        """What the stream is given from now on waits for the event. The caller does not wait."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """What the stream is given from now on waits for what the other was given. The caller goes on."""
        _C._stream_wait((self._device, self._index), (stream._device, stream._index))

    def record_event(self, event: Event | None = None) -> Event:
        """Marks what the stream was given so far; returns the event, a new one unless given."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stream):
            return NotImplemented
        return (self._device, self._index) == (other._device, other._index)

    def __hash__(self) -> int:
        return hash((Stream, self._device, self._index))

    def __repr__(self) -> str:
        return f"<tenon.cuda.Stream device={str(self.device)!r} index={self._index}>"


class ExternalStream(Stream):
    """Another library's stream, by the driver's number of it (``other.cuda_stream``).

    The stream belongs to that library and must outlive its use here. RuntimeError for a number that is no
    stream's.

    >>> s = tenon.cuda.ExternalStream(other.cuda_stream)  # doctest: +SKIP
    """

    __slots__ = ()

    def __init__(self, stream_ptr: int, device: DeviceLike = 0) -> None:
        self._device = _number("ExternalStream", device)
        self._index = int(_C._stream_of(self._device, stream_ptr))


class Event:
    """A mark in a stream: other streams, or the caller, can wait until the stream has reached it.

    enable_timing: elapsed_time() may be asked. blocking is taken as PyTorch's, interprocess=True is an error:
    events stay in the process. The event belongs to the device of the stream that it is first recorded
    in; its methods raise RuntimeError where that is not there.

    >>> start, end = (tenon.cuda.Event(enable_timing=True) for _ in range(2))
    >>> start.query()  # there is nothing to wait for yet
    True
    """

    __slots__ = ("_event",)

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        del blocking
        if interprocess:
            raise ValueError("Event: events do not leave the process; interprocess must be False")
        self._event = _C._Event(bool(enable_timing))

    def record(self, stream: Stream | None = None) -> None:
        """Marks what the stream (the current one) was given so far; the last mark counts.

        RuntimeError for a stream of another device than the first.
        """
        s = current_stream(max(self._event.device, 0)) if stream is None else stream
        self._event.record(s._device, s._index)

    def wait(self, stream: Stream | None = None) -> None:
        """What the stream (the current one) is given from now on waits for the mark. The caller goes on."""
        s = current_stream(max(self._event.device, 0)) if stream is None else stream
        self._event.wait(s._device, s._index)

    def query(self) -> bool:
        """Whether the stream has reached the mark; True where there is none."""
        return bool(self._event.query())

    def synchronize(self) -> None:
        """Waits until the stream has reached the mark. Errors as tenon.cuda.synchronize()."""
        self._event.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this mark to the other one.

        RuntimeError unless both are made with enable_timing, recorded and reached.
        """
        return float(self._event.elapsed(end_event._event))

    @property
    def device(self) -> _C.device | None:
        """The device of the stream that was marked; None before."""
        index = self._event.device
        return None if index < 0 else _C.device("cuda", index)


class stream:
    """``with stream(s):`` makes ``s`` its device's current stream on this thread; None changes nothing.

    It does not wait: what the block uses of other streams' results needs ``s.wait_stream(other)`` first, and
    so do those that use its results. A tensor that is used on another stream than the one that it was made on
    needs ``record_stream`` if it is freed before that stream has passed. RuntimeError where the device is not
    there.

    >>> with tenon.cuda.stream(tenon.cuda.Stream()):  # doctest: +SKIP
    ...     y = tenon.ones(3, device="cuda") + 1
    """

    __slots__ = ("_before", "_stream")

    def __init__(self, stream: Stream | None) -> None:
        self._stream = stream
        self._before: list[Stream] = []

    def __enter__(self) -> stream:
        if self._stream is not None:
            self._before.append(current_stream(self._stream._device))
            set_stream(self._stream)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            set_stream(self._before.pop())


def current_stream(device: DeviceLike = 0) -> Stream:
    """This thread's current stream of a device.

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    Stream

    Raises
    ------
    ValueError
        For what names no CUDA device.

    Examples
    --------
    >>> s = tenon.cuda.current_stream()  # doctest: +SKIP
    """
    number = _number("current_stream", device)
    return Stream._at(number, int(_C._stream_current(number)))


def default_stream(device: DeviceLike = 0) -> Stream:
    """The stream of a device that is current at first: CUDA's legacy default stream.

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    Stream

    Raises
    ------
    ValueError
        For what names no CUDA device.

    Examples
    --------
    >>> tenon.cuda.default_stream() == tenon.cuda.current_stream()  # doctest: +SKIP
    """
    return Stream._at(_number("default_stream", device), 0)


def set_stream(stream: Stream) -> None:
    """Makes a stream its device's current one on this thread. RuntimeError where the device is not there.

    Parameters
    ----------
    stream : Stream
        A tenon.cuda.Stream.

    Returns
    -------
    None

    Examples
    --------
    >>> tenon.cuda.set_stream(tenon.cuda.Stream())  # doctest: +SKIP
    """
    _C._stream_set(stream._device, stream._index)


def __getattr__(name: str) -> ModuleType:
    if name != "amp":
        raise _missing(__name__, name)
    import importlib

    return importlib.import_module("tenon.cuda.amp")  # on first use, since few need it


_guide(__name__)
