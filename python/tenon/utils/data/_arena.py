"""Shared memory for batches: a worker fills it, the parent's tensors stand over it, and it serves again.

A worker makes chunks and sends their descriptors once. It puts batches into them side by side. A chunk
serves again when no tensor stands over it any more, neither in the worker nor in the parent, which reports
the ends of its own. Pages that were touched before are what makes this fast: new ones cost more than the
copy.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
from collections import deque
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from tenon import _C
from tenon._C import Tensor

_CHUNK = 1 << 20  # bytes at least: small batches share one, since a process may have few mappings
_ALIGNMENT = 64
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


# Python's own mappings keep a descriptor each, and a process may have few of those.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long
)  # fmt: skip
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_FAILED = ctypes.c_void_p(-1).value


class _Block:
    """A mapping of shared memory. It ends with the last tensor over it."""

    _unmap = staticmethod(_libc.munmap)

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = 0
        address = _libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor, 0)
        if address == _FAILED:
            error = ctypes.get_errno()
            raise OSError(error, f"DataLoader: {size} bytes of shared memory: {os.strerror(error)}")
        self.address, self.size = address, size
        self.pinned: Tensor | None = None

    def __del__(self) -> None:
        if self.size:
            self.pinned = None  # the lock ends before the memory
            self._unmap(self.address, self.size)

    def tensor(self, offset: int, shape: Sequence[int], strides: Any, dtype: Any, owner: Any) -> Tensor:
        t: Tensor = _C._from_address(
            self.address + offset, shape, strides, dtype, False, "cpu", owner, "DataLoader",
            offset, self.size - offset,
        )  # fmt: skip
        return t


# ---- in a worker ----


class _Use:
    """What a worker's own tensor over a chunk holds."""

    __slots__ = ("chunk",)

    def __init__(self, chunk: _Chunk) -> None:
        self.chunk = chunk
        chunk.users += 1

    def __del__(self) -> None:
        self.chunk.release()


class _Chunk(_Block):
    users = 0  # tensors of this process, and batches of the parent's
    filled = 0
    lost = False  # a process that the parent has forked may look at it for ever

    def __init__(self, descriptor: int, size: int, number: int, arena: Arena) -> None:
        super().__init__(descriptor, size)
        self.number, self._arena = number, arena

    def release(self) -> None:
        """One user less; without any the chunk can be filled again, or goes."""
        self.users -= 1
        if self.users == 0:
            self._arena.unused(self)


class Arena:
    """A worker's chunks. announce(number, size, descriptor) tells the parent of a new one."""

    def __init__(self, announce: Callable[[int, int, int], None]) -> None:
        self._announce = announce
        self._gone: list[int] = []
        self._chunks: dict[int, _Chunk] = {}
        self._free: dict[int, _Chunk] = {}
        self._current: _Chunk | None = None
        self._made = 0
        self._batch: list[tuple[int, int, _Chunk]] = []  # what this batch was given: begin, end, where

    def empty(self, shape: Sequence[int], dtype: Any) -> Tensor:
        """A tensor whose memory the parent sees."""
        size = max(prod(shape) * dtype.itemsize, 1)
        chunk = self._room(size)
        offset = chunk.filled
        chunk.filled = -(-(offset + size) // _ALIGNMENT) * _ALIGNMENT
        begin = chunk.address + offset
        self._batch.append((begin, begin + size, chunk))
        return chunk.tensor(offset, shape, None, dtype, _Use(chunk))

    def place(self, low: int, high: int) -> tuple[_Chunk, int] | None:
        """Where the bytes lie that this batch was given; None for any others."""
        for begin, end, chunk in self._batch:
            if begin <= low and high <= end:
                return chunk, low - chunk.address
        return None

    def begin(self) -> None:
        """A new batch: what the last one was given is its own."""
        self._batch.clear()

    def release(self, released: Sequence[int]) -> None:
        """Takes back the chunks of batches that are gone in the parent, ~number of those that are lost."""
        for number in released:
            chunk = self._chunks[number if number >= 0 else ~number]
            chunk.lost = chunk.lost or number < 0
            chunk.release()

    def unused(self, chunk: _Chunk) -> None:
        """A chunk without users serves again, unless it is lost."""
        if not chunk.lost:
            self._free[chunk.number] = chunk
            return
        del self._chunks[chunk.number]
        if self._current is chunk:
            self._current = None
        self._gone.append(chunk.number)

    def take_gone(self) -> list[int]:
        """The chunks that were given up since the last call."""
        gone, self._gone = self._gone, []
        return gone

    def _room(self, size: int) -> _Chunk:
        chunk = self._current
        if chunk is not None and chunk.users == 0 and not chunk.lost:
            chunk.filled = 0
        if chunk is None or chunk.size - chunk.filled < size:
            free = [c for c in self._free.values() if c.users == 0 and c.size >= size]
            chunk = min(free, key=lambda c: c.size) if free else self._create(size)
            self._free.pop(chunk.number, None)
            chunk.filled = 0
            self._current = chunk
        return chunk

    def _create(self, size: int) -> _Chunk:
        size = -(-size // _CHUNK) * _CHUNK
        descriptor = os.memfd_create("tenon", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
            number = self._made
            self._made += 1
            chunk = self._chunks[number] = _Chunk(descriptor, size, number, self)
            self._announce(number, size, descriptor)
        finally:
            os.close(descriptor)
        return chunk


_arena: Arena | None = None  # in workers


def use(arena: Arena) -> None:
    global _arena
    _arena = arena


def empty(shape: Sequence[int], dtype: Any) -> Tensor | None:
    """In a worker, a tensor in memory that is sent without a copy; None in other processes."""
    return None if _arena is None else _arena.empty(shape, dtype)


# ---- in the parent ----

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_parent=_count_fork)


class Lease:
    """What the parent's tensors of one batch hold of a chunk."""

    __slots__ = ("block", "forks", "number", "released")

    def __init__(self, block: _Block, number: int, released: deque[int]) -> None:
        self.block, self.number, self.released, self.forks = block, number, released, _forks

    def __del__(self) -> None:
        # A process that was forked meanwhile may look at the batch: its chunk is lost.
        self.released.append(self.number if self.forks == _forks else ~self.number)


class Window:
    """The chunks of one worker, in the parent."""

    def __init__(self) -> None:
        self.released: deque[int] = deque()
        self._blocks: dict[int, _Block] = {}

    def add(self, number: int, size: int, descriptor: int, pin: bool) -> None:
        """Maps a new chunk, and page-locks it if asked for; the descriptor stays the caller's."""
        block = self._blocks[number] = _Block(descriptor, size)
        if pin:
            block.pinned = block.tensor(0, (size,), None, "uint8", None).pin_()

    def remove(self, gone: Sequence[int]) -> None:
        """Chunks that the worker uses no more."""
        for number in gone:
            del self._blocks[number]

    def lease(self, number: int) -> Lease:
        """For the tensors of one batch."""
        return Lease(self._blocks[number], number, self.released)

    def take_released(self) -> list[int]:
        """The chunks whose batches have ended since the last call, ~number of those lost."""
        ended = []
        while self.released:
            ended.append(self.released.popleft())
        return ended
