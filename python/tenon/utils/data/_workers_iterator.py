"""One pass over a DataLoader whose batches workers read."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from tenon.utils.data import _batches, _message
from tenon.utils.data._iterators import epoch_seed, indices_of, pinned
from tenon.utils.data._pool import Pool, Worker


@dataclass
class _Task:
    """A batch that a worker was asked for."""

    worker: Worker
    indices: Any
    reply: tuple[str, Any] | None = None  # "data" or "error", and what came


class WorkersIterator:
    """Asks workers for prefetch_factor batches each, and for another one with each batch that it gives."""

    def __init__(self, loader: Any) -> None:
        seed = epoch_seed(loader.generator)
        self._loader = loader
        self._indices = indices_of(loader)
        self._tasks: dict[int, _Task] = {}  # in the order of their batches
        self._load: Counter[int] = Counter()  # unanswered tasks by worker
        self._sent = 0
        self._pool: Pool | None = loader._take_pool()
        try:
            self._pool.begin(seed)
            self._reading = deque(self._pool.workers)  # those that have more
            self._ask()
        except BaseException:
            self._end(now=True)
            raise

    def __iter__(self) -> WorkersIterator:
        return self

    def _ask(self) -> None:
        """Gives each worker as many tasks as it may have, in turn."""
        assert self._pool is not None
        most = self._loader.prefetch_factor
        while self._reading:
            w = min(self._reading, key=lambda w: self._load[w.id])
            if self._load[w.id] >= most:
                return
            try:
                indices = next(self._indices)
            except StopIteration:
                self._reading.clear()
                return
            self._reading.rotate(-1 - self._reading.index(w))
            self._tasks[self._sent] = _Task(w, indices)
            self._load[w.id] += 1
            self._pool.read(w, self._sent, indices)
            self._sent += 1

    def __next__(self) -> Any:
        if self._pool is None:
            raise StopIteration
        try:
            return self._next()
        except StopIteration:
            self._end()
            raise
        except BaseException as e:
            dead = self._pool is not None and not self._pool.workers
            if dead or not isinstance(e, Exception):  # Ctrl-C
                self._end(now=True)
            raise

    def _next(self) -> Any:
        timeout = self._loader.timeout
        until = time.monotonic() + timeout if timeout else None
        while (task := self._answered()) is None:
            if not self._tasks:
                raise StopIteration
            self._collect(until)
        assert task.reply is not None
        kind, data = task.reply
        self._load[task.worker.id] -= 1
        self._ask()
        if kind == "error":
            try:
                raise data
            finally:  # its traceback leads here: it would keep itself, and the workers, alive
                del task, data
        return pinned(data) if self._pool is not None and self._pool.pins else data

    def _answered(self) -> _Task | None:
        """The next batch if it is there; any one that is there if they need not come in order."""
        for number, task in self._tasks.items():
            if task.reply is not None:
                return self._tasks.pop(number)
            if self._loader.in_order:
                return None
        return None

    def _collect(self, until: float | None) -> None:
        """Waits until something has come, and takes it."""
        assert self._pool is not None
        got = False
        for w, kind, number, chunks, data in self._pool.receive(until):
            got = True
            if kind == "end":
                self._tasks.pop(number, None)
                self._load[w.id] -= 1
                if w in self._reading:
                    self._reading.remove(w)
            elif kind == "error":
                self._tasks[number].reply = kind, _message.unpack_error(data)
            else:
                self._tasks[number].reply = kind, _message.unpack(data, w.window, chunks)
        if not got:
            self._too_late()

    def _too_late(self) -> None:
        told = ", ".join(
            f"worker {t.worker.id} reads {_batches.told(t.indices)}"
            for t in list(self._tasks.values())[:4]
            if t.reply is None
        )
        self._end(now=True)
        raise RuntimeError(
            f"DataLoader: no batch has come within timeout={self._loader.timeout} seconds; {told}"
        )

    def _end(self, now: bool = False) -> None:
        pool, self._pool = self._pool, None
        self._tasks.clear()
        if pool is None:
            return
        if now:
            pool.stop_now()
        elif pool.workers:
            self._loader._give_pool(pool)

    def __del__(self) -> None:
        if getattr(self, "_pool", None) is not None:
            self._end()
