"""The standard library's multiprocessing, and PyTorch's functions that run one function in processes.

`from tenon import multiprocessing as mp` has all that `import multiprocessing as mp` has: Process, Queue,
Pool, get_context and the others are the same objects. Tensors go through its queues and pipes as they are
pickled: one that `share_memory_()` moved stays shared, so that each process sees the others' writes; any
other arrives as a copy. (PyTorch moves what is sent into shared memory by itself; call `share_memory_()`
first for that.)

>>> weights = tenon.zeros(3).share_memory_()
>>> queue = tenon.multiprocessing.SimpleQueue()
>>> queue.put(weights)
>>> received = queue.get()
>>> _ = received.fill_(1)
>>> weights
tensor([1., 1., 1.])
"""

from __future__ import annotations

import multiprocessing as _standard
import multiprocessing.connection as _connection
import os as _os
import tempfile as _tempfile
import threading as _threading
import time as _time
import traceback as _traceback
from multiprocessing import *  # noqa: F403

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    *_standard.__all__,
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]


_MOST = 4096  # processes; a number mistaken for theirs shall not take the machine


class ProcessException(Exception):
    """A process that spawn() started has failed; error_index says which one, pid which it was.

    >>> tenon.multiprocessing.ProcessException("no memory", 2, 4711).error_index
    2
    """

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.pid = pid

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The function raised an exception, whose traceback is the message.

    >>> issubclass(
    ...     tenon.multiprocessing.ProcessRaisedException, tenon.multiprocessing.ProcessException
    ... )
    True
    """

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg, error_index, error_pid)


class ProcessExitedException(ProcessException):
    """The process ended by itself or by a signal: exit_code and signal_name (None without a signal) tell.

    >>> tenon.multiprocessing.ProcessExitedException("killed", 0, 4711, -9, "SIGKILL").exit_code
    -9
    """

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


def _end_with_parent() -> None:
    parent = _standard.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        _os._exit(1)

    _threading.Thread(target=wait, daemon=True).start()


def _run(fn: Callable[..., Any], index: int, args: tuple[Any, ...], told: str) -> None:
    """What each process does: fn(index, *args); the traceback of an exception goes into the file `told`."""
    _end_with_parent()
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        pass  # the parent has it, too, and ends the others
    except Exception:
        with open(told, "w", encoding="utf-8", errors="backslashreplace") as f:
            f.write(_traceback.format_exc())
        raise SystemExit(1) from None


class ProcessContext:
    """The processes of one spawn(join=False): `processes`, and what waits for them.

    >>> context = tenon.multiprocessing.start_processes(
    ...     divmod, (2,), join=False, start_method="fork"
    ... )
    >>> context.join()
    True
    """

    def __init__(
        self, processes: list[Any], told: list[str], folder: _tempfile.TemporaryDirectory[str]
    ) -> None:
        self.processes = processes
        self._told = told
        self._folder = folder  # of these files, as long as somebody may read them
        self._running = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """The processes' numbers, in the order of their indices."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Waits until a process ends, and returns whether all have ended well.

        timeout: at most so many seconds; False comes back if none has ended in them. grace_period: when one
        has failed, the others get a signal to terminate and, so many seconds later (30 without it), are
        killed.
        ProcessRaisedException or ProcessExitedException for the first that failed; no process is left then.
        """
        failed = None
        for sentinel in _connection.wait(list(self._running), timeout) if self._running else ():
            index = self._running.pop(sentinel)
            self.processes[index].join()
            if self.processes[index].exitcode != 0:
                failed = index
                break
        if failed is None:
            return not self._running
        self._end(30.0 if grace_period is None else grace_period)
        self._raise(failed)
        raise AssertionError("not reached")

    def _end(self, grace_period: float) -> None:
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        deadline = _time.monotonic() + grace_period
        for process in self.processes:
            process.join(max(0.0, deadline - _time.monotonic()))
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()
        self._running.clear()

    def _raise(self, index: int) -> None:
        process = self.processes[index]
        if _os.path.exists(self._told[index]):
            with open(self._told[index], encoding="utf-8") as f:
                text = f"\n\n-- Process {index} terminated with the following error:\n{f.read()}"
            raise ProcessRaisedException(text, index, process.pid)
        code = process.exitcode
        name = None
        if code < 0:
            from tenon.utils.data._pool import signal_name

            name = signal_name(code) or f"<Unknown signal {-code}>"
        how = f"signal {name}" if name else f"exit code {code}"
        raise ProcessExitedException(f"process {index} terminated with {how}", index, process.pid, code, name)


_STARTED = """
args: what fn gets behind i. Tensors stay shared where share_memory_() moved them; others are copied.
nprocs: how many processes.
join: whether to wait for all of them.
daemon: whether the processes end with this one.
Returns: None; with join=False what waits for the processes.
ProcessRaisedException: the first process that failed raised; its traceback is the message. The others are
ended first.
ProcessExitedException: it ended by another exit code than 0 or by a signal.
ValueError: nprocs is not from 1 to 4096, or there is no such start_method.
TypeError: for an argument of another type.
OverflowError:
RuntimeError:
"""


@_documented(_STARTED)
def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Runs fn(i, *args) in nprocs processes, i from 0.

    fn: what runs; for all start methods but 'fork' it must be found by its name in a module.
    start_method: 'spawn' (a new interpreter), 'fork' or 'forkserver'.

    >>> start_processes = tenon.multiprocessing.start_processes
    >>> start_processes(print, ("is here",), nprocs=2, start_method="fork")  # doctest: +SKIP
    0 is here
    1 is here
    """
    if not callable(fn):
        raise TypeError(f"start_processes: fn must be a function; got {type(fn).__name__}")
    if not 1 <= nprocs <= _MOST:
        raise ValueError(f"start_processes: nprocs must be from 1 to {_MOST}; got {nprocs}")
    context = _standard.get_context(start_method)
    folder = _tempfile.TemporaryDirectory(prefix="tenon-")
    told = [_os.path.join(folder.name, str(index)) for index in range(nprocs)]
    processes: list[Any] = []
    try:
        for index in range(nprocs):
            process = context.Process(target=_run, args=(fn, index, tuple(args), told[index]), daemon=daemon)  # type: ignore[attr-defined]
            process.start()
            processes.append(process)
    except BaseException:
        ProcessContext(processes, told, folder)._end(0)
        raise
    started = ProcessContext(processes, told, folder)
    if not join:
        return started
    try:
        while not started.join():
            pass
    except BaseException:
        started._end(5)
        raise
    return None


@_documented(_STARTED)
def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """start_processes() in new interpreters: fn(i, *args) in nprocs processes.

    The script that calls spawn() must guard its own work by `if __name__ == "__main__":`, since each process
    imports it.

    fn: what runs; it must be found by its name in a module.
    start_method: as start_processes() takes it.

    >>> tenon.multiprocessing.spawn(train, args=(model,), nprocs=2)  # doctest: +SKIP
    """
    return start_processes(fn, args, nprocs, join, daemon, start_method)


_STRATEGIES = ("file_descriptor", "file_system")
_strategy = "file_descriptor"


@_documented()
def get_all_sharing_strategies() -> set[str]:
    """PyTorch's names of the ways in which tensors may be shared.

    Returns: the names that set_sharing_strategy() takes.

    >>> sorted(tenon.multiprocessing.get_all_sharing_strategies())
    ['file_descriptor', 'file_system']
    """
    return set(_STRATEGIES)


@_documented()
def get_sharing_strategy() -> str:
    """What set_sharing_strategy() has set, at first 'file_descriptor'.

    Returns: one of get_all_sharing_strategies().

    >>> tenon.multiprocessing.get_sharing_strategy()
    'file_descriptor'
    """
    return _strategy


@_documented()
def set_sharing_strategy(new_strategy: str) -> None:
    """Takes PyTorch's setting, which changes nothing: shared tensors always travel by descriptors.

    Small ones lie side by side in few files, so that the limit of open files, for which scripts choose
    'file_system', is not met.

    new_strategy: 'file_descriptor' or 'file_system'.
    ValueError: for another name.

    >>> tenon.multiprocessing.set_sharing_strategy("file_descriptor")
    """
    global _strategy
    if new_strategy not in _STRATEGIES:
        raise ValueError(
            f"set_sharing_strategy: the strategy is 'file_descriptor' or 'file_system'; got {new_strategy!r}"
        )
    _strategy = new_strategy


_guide(__name__)
