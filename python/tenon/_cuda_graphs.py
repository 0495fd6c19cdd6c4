"""CUDA graphs: work of a device that is recorded once and given to it again by one call."""

from __future__ import annotations

from tenon import _C
from tenon._cuda_device import number as _number

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from types import TracebackType

    from tenon._cuda_device import DeviceLike
    from tenon.cuda import Stream


class CUDAGraph:
    """Work that is recorded once and replayed.

    Between capture_begin() and capture_end() operations on the captured stream do not run: the graph records
    them with the memory that they read and write. replay() runs them all on this memory, so new inputs are
    written into the captured ones (``x.copy_(batch)``) before it, and results are read where they were
    captured.
    ``with tenon.cuda.graph(g):`` captures on a stream of its own.

    What waits for the device is a RuntimeError in a capture and leaves it as it was: item(), printing,
    synchronize(), copies from memory that is not page-locked, indexing with masks. Streams that wait for an
    event of the captured one are captured, too; it must wait for them before the end.

    The graph keeps its memory: what was allocated in the capture, and every tensor that its operations touch.
    It goes back when the graph is gone and its replays have passed. Page-locked memory that a captured copy
    with non_blocking=True moves is read again by each replay.

    Random numbers of the default generator go on with each replay; other generators need
    register_generator_state(). Optimizers count a step with each replay. The first step, which makes their
    states, is made before the capture; options (lr, ...) are those of the capture, and a replay after one has
    changed is a RuntimeError.

    >>> g = tenon.cuda.CUDAGraph()
    >>> with tenon.cuda.graph(g):  # doctest: +SKIP
    ...     y = model(x)
    >>> for batch in data:  # doctest: +SKIP
    ...     x.copy_(batch)
    ...     g.replay()
    """

    __slots__ = ("_generators", "_graph")

    def __init__(self) -> None:
        self._graph = _C._Graph()
        self._generators: list[_C.Generator] = []

    def capture_begin(self, device: DeviceLike = 0) -> None:
        """Captures the current stream of a device, which must not be the default one.

        RuntimeError for the default stream, a stream that is captured already, a graph that is not empty, and
        where there is no such device.
        """
        number = _number("capture_begin", device)
        self._capture(number, int(_C._stream_current(number)))

    def _capture(self, device: int, index: int) -> None:
        for generator in self._generators:
            self._graph.register_generator(generator)
        self._graph.capture_begin(device, index)

    def capture_end(self) -> None:
        """Ends the capture.

        RuntimeError where none was begun, and where it is of no use: the graph is empty then.
        """
        self._graph.capture_end()

    def replay(self) -> None:
        """Runs what was captured on the device's current stream, after earlier replays; the caller goes on.

        RuntimeError for an empty graph, and where the stream is being captured.
        """
        self._graph.replay()

    def reset(self) -> None:
        """Makes the graph empty, which ends a capture. Replays that run come to their end first."""
        self._graph.reset()

    def register_generator_state(self, generator: _C.Generator) -> None:
        """Lets captures draw from a generator; each replay continues its stream.

        It is called before the capture. TypeError for what is no generator.
        """
        if not isinstance(generator, _C.Generator):
            raise TypeError(
                f"register_generator_state: a tenon.Generator is needed; got {type(generator).__name__}"
            )
        self._generators.append(generator)


class graph:
    """``with graph(g):`` captures what the block gives to a device into ``g``, a CUDAGraph.

    The block runs on ``stream``, or another one than the default of the first device. An exception that
    leaves the block makes the graph empty and everything else as before. RuntimeError as capture_begin() and
    capture_end() of CUDAGraph, TypeError for what is none. pool and capture_error_mode are taken as
    PyTorch's: each graph has memory of its own, and what may not be captured is always an error.

    >>> x = tenon.zeros(3, device="cuda")  # doctest: +SKIP
    >>> g = tenon.cuda.CUDAGraph()
    >>> with tenon.cuda.graph(g):  # doctest: +SKIP
    ...     y = x * 2
    """

    __slots__ = ("_before", "_graph", "_stream")

    def __init__(
        self,
        cuda_graph: CUDAGraph,
        pool: object = None,
        stream: Stream | None = None,
        capture_error_mode: str = "global",
    ) -> None:
        del pool, capture_error_mode
        if not isinstance(cuda_graph, CUDAGraph):
            raise TypeError(f"graph: a tenon.cuda.CUDAGraph is needed; got {type(cuda_graph).__name__}")
        self._graph = cuda_graph
        self._stream = stream
        self._before: list[tuple[int, int]] = []

    def __enter__(self) -> graph:
        s = self._stream
        device, index = (0, int(_C._stream_next(0))) if s is None else (s._device, s._index)
        before = int(_C._stream_current(device))
        _C._stream_set(device, index)
        try:
            self._graph._capture(device, index)
        except BaseException:
            _C._stream_set(device, before)
            raise
        self._before.append((device, before))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _C._stream_set(*self._before.pop())
        if kind is None:
            self._graph.capture_end()
        else:
            self._graph.reset()


def is_current_stream_capturing(device: DeviceLike = 0) -> bool:
    """Whether this thread's current stream of a device is being captured into a graph.

    Parameters
    ----------
    device : device or str, default 0
        As in synchronize().

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        For what names no CUDA device.

    Examples
    --------
    >>> tenon.cuda.is_current_stream_capturing()
    False
    """
    number = _number("is_current_stream_capturing", device)
    return bool(_C._stream_capturing(number, int(_C._stream_current(number))))
