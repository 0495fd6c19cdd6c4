"""Worker processes, as the parent sees them: messages to and from them, their deaths, their end."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import select
import signal
import time
import weakref
from collections.abc import Iterator
from typing import Any

from tenon.utils.data import _channel, _worker
from tenon.utils.data._arena import Window
from tenon.utils.data._parcel import Parcel

GRACE_S = 0.5  # for workers to end by themselves
LOOK_S = 0.5  # between looks at workers whose end was not announced


class Worker:
    """One process and what is known of it."""

    def __init__(self, number: int) -> None:
        self.id = number
        self.process: Any = None
        self.channel: Any = None
        self.window = Window()


def _stop(workers: list[Worker], creator: int, grace: float = GRACE_S) -> None:
    """Ends workers: they are asked, then told, then killed. None is left, nor a descriptor."""
    if os.getpid() != creator:  # a forked copy of the pool
        return
    for w in workers:
        if w.channel is not None:
            w.channel.shut()
    started = [w.process for w in workers if w.process is not None]
    workers.clear()
    for end, wait in ((None, grace), ("terminate", GRACE_S), ("kill", None)):
        until = None if wait is None else time.monotonic() + wait
        alive = [p for p in started if p.is_alive()]
        if end is not None:
            for p in alive:
                getattr(p, end)()
        for p in alive:
            p.join(None if until is None else max(until - time.monotonic(), 0))
    for p in started:
        p.close()


def signal_name(code: int) -> str | None:
    """Of the signal that ended a process with this exit code, a negative one; None if it has no name."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return None


def _how(code: int | None) -> str:
    if code is None:
        return "has closed its connection"
    if code < 0:
        return f"was killed by {signal_name(code) or f'signal {-code}'}" + (
            " (the system does that where memory runs out)" if code == -signal.SIGKILL else ""
        )
    return f"exited with status {code}"


class Pool:
    """num_workers processes that read what a loader's recipe says."""

    def __init__(self, loader: Any) -> None:
        self.workers: list[Worker] = []
        self.epoch = 0
        self.pins = loader._pins()
        self._poll = select.poll()
        self._by_descriptor: dict[int, tuple[Worker, bool]] = {}  # whether it is the connection's
        self.close = weakref.finalize(self, _stop, self.workers, os.getpid())
        context = loader.multiprocessing_context or multiprocessing.get_context()
        parcel = Parcel((loader._recipe, loader.worker_init_fn))
        try:
            for number in range(loader.num_workers):
                self._start(number, loader.num_workers, context, parcel)
        except BaseException as e:
            self.stop_now()
            if isinstance(e, pickle.PicklingError | AttributeError | TypeError):
                e.add_note(
                    f"DataLoader: workers that are started by {context.get_start_method()!r} get a pickle of "
                    "the data set, collate_fn and worker_init_fn; define what they need in a module"
                )
            raise

    def _start(self, number: int, count: int, context: Any, parcel: Parcel) -> None:
        method = context.get_start_method()
        w = Worker(number)
        mine, its = context.Pipe()
        w.channel = _channel.Channel(mine)
        self.workers.append(w)
        inherited = [w.channel.connection for w in self.workers] if method == "fork" else []
        place = _worker.Place(number, count, os.getpid(), method != "forkserver")
        process = context.Process(
            target=_worker.main,
            args=(parcel, its, inherited, place),
            name=f"DataLoader worker {number}",
            daemon=True,
        )
        try:
            process.start()
        finally:
            its.close()
        w.process = process
        for descriptor, connected in ((mine.fileno(), True), (process.sentinel, False)):
            self._by_descriptor[descriptor] = (w, connected)
            self._poll.register(descriptor, select.POLLIN)

    def begin(self, seed: int) -> None:
        """A new epoch. Workers drop what they were still to read."""
        self.epoch += 1
        for w in self.workers:
            self._send(w, ("begin", self.epoch, seed))

    def read(self, w: Worker, number: int, indices: Any) -> None:
        """Asks a worker for a batch."""
        released = w.window.take_released()
        self._send(w, ("read", number, _channel.packed(indices), released))

    def _send(self, w: Worker, message: Any) -> None:
        with contextlib.suppress(OSError):  # it has died: receive() tells, after what it had sent
            w.channel.send(_channel.dumps(message))

    def receive(self, until: float | None) -> Iterator[tuple[Worker, str, int, list[int], bytes]]:
        """(worker, kind, number, chunks, data) of what has come, at least one; nothing after `until`."""
        while True:
            wait = LOOK_S if until is None else min(LOOK_S, max(until - time.monotonic(), 0))
            ready = [self._by_descriptor[fd] for fd, _ in self._poll.poll(wait * 1000)]
            got = False
            heard = [w for w, connected in ready if connected]
            for w in heard:
                for message in self._messages(w):
                    got = True
                    yield w, *message
            if got or (not ready and until is not None and time.monotonic() >= until):
                return
            ended = [w for w, _ in ready] or self.workers
            for w in ended:  # what one has sent before it died is read first
                if w not in heard and not w.process.is_alive():
                    self._died(w)

    def _messages(self, w: Worker) -> Iterator[tuple[str, int, list[int], bytes]]:
        """What a worker has sent of this epoch. Older batches are given back."""
        try:
            kind, *message = pickle.loads(w.channel.receive())
            if kind == "chunk":
                descriptor = w.channel.receive_descriptor()
                try:
                    number, size = message
                    w.window.add(number, size, descriptor, self.pins)
                finally:
                    os.close(descriptor)
                return
        except (EOFError, ConnectionError):
            self._died(w)
        epoch, number, chunks, data, gone = message
        w.window.remove(gone)
        if epoch != self.epoch:
            w.window.released.extend(chunks)
            return
        yield kind, number, chunks, data

    def _died(self, w: Worker) -> None:
        """RuntimeError, with all workers ended."""
        w.process.join(GRACE_S)
        told = f"DataLoader: worker {w.id} (process {w.process.pid}) {_how(w.process.exitcode)}"
        self.stop_now()
        raise RuntimeError(f"{told} before it had sent its batch") from None

    def stop_now(self) -> None:
        """Ends the workers without waiting for what they are doing."""
        if self.close.detach() is not None:
            _stop(self.workers, os.getpid(), grace=0)
