"""A worker process: gets indices, reads batches, sends them."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tenon import _C
from tenon.utils.data import _arena, _channel, _message
from tenon.utils.data._parcel import Parcel
from tenon.utils.data._seeding import Seeder
from tenon.utils.data._worker_info import WorkerInfo, set_worker_info

WATCH_S = 1.0  # between looks at whether the parent is alive


@dataclass(frozen=True)
class Place:
    """Which worker a process is, and of whom."""

    id: int
    num_workers: int
    parent: int
    watches_parent: bool  # whether the parent's end shows in getppid()


class _Worker:
    def __init__(self, parcel: Parcel, connection: Connection[Any, Any], place: Place) -> None:
        self.parcel, self.place = parcel, place
        self.channel = _channel.Channel(connection)
        self.arena = _arena.Arena(self._announce)
        self.tasks: deque[Any] = deque()
        self.recipe: Any = None
        self.init_fn: Any = None
        self.seeder: Any = None
        self.fetch: Any = None
        self.failed: Exception | None = None  # what the start or the beginning of an epoch raised
        self.seed = self.epoch = 0

    def _announce(self, number: int, size: int, descriptor: int) -> None:
        self.channel.send(_channel.dumps(("chunk", number, size)), descriptor)

    def run(self) -> None:
        """Until the parent ends the connection or is gone."""
        try:
            _arena.use(self.arena)
            while True:
                while not self.tasks or self.channel.connection.poll():
                    self._receive()
                self._answer(*self.tasks.popleft())
        except (EOFError, OSError):
            return

    def _receive(self) -> None:
        while not self.channel.connection.poll(WATCH_S):
            if not self._parent_lives():
                raise EOFError
        kind, *message = pickle.loads(self.channel.receive())
        if kind == "read":
            *task, released = message
            self.arena.release(released)
            self.tasks.append(task)
        else:
            self.tasks.clear()  # of an epoch that was broken off
            self._begin(*message)

    def _parent_lives(self) -> bool:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            return False
        return not self.place.watches_parent or os.getppid() == self.place.parent

    def _begin(self, epoch: int, seed: int) -> None:
        self.epoch, self.seed, self.failed = epoch, seed, None
        try:
            first = self.recipe is None
            if first:
                self.recipe, self.init_fn = self.parcel.open()
                self.seeder = Seeder(self.recipe.dataset, self.recipe.collate_fn)
            id_ = self.place.id
            own = (seed + id_) % 2**63
            set_worker_info(WorkerInfo(id_, self.place.num_workers, own, self.recipe.dataset))
            self.seeder(seed, -1, id_)
            _C.manual_seed(own)
            if first and self.init_fn is not None:
                self.init_fn(id_)
            self.fetch = self.recipe.fetcher()
        except Exception as e:
            self.failed = e

    def _answer(self, number: int, indices: Any) -> None:
        self.arena.begin()
        kind, data = "data", b""
        chunks: list[int] = []
        try:
            if self.failed is not None:
                raise self.failed
            if not self.recipe.iterable:
                self.seeder(self.seed, number)
            chunks, data = _message.pack(self.fetch(_channel.unpacked(indices)), self.arena)
        except StopIteration:
            kind = "end"
        except Exception as e:
            kind, data = "error", _message.pack_error(e, self.place.id)
        reply = kind, self.epoch, number, chunks, data, self.arena.take_gone()
        self.channel.send(_channel.dumps(reply))


def main(
    parcel: Parcel, connection: Connection[Any, Any], inherited: list[Connection[Any, Any]], place: Place
) -> None:
    """What a worker process runs. inherited: the parent's ends of connections, which a fork has copied."""
    for end in inherited:
        end.close()
    if inherited:
        gc.freeze()  # a collection would touch, and so copy, the pages of the parent's objects
    # Ctrl-C is the parent's. A handler, since programs that a worker starts would inherit SIG_IGN.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    _C.set_num_threads(1)
    _Worker(parcel, connection, place).run()
