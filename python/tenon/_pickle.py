"""Pickling and copying of tensors.

The elements travel as one buffer, out of band where the pickler has a buffer_callback (protocol 5). Between
processes of multiprocessing, a tensor over a shared-memory block (multiprocessing.shared_memory, or anything
mapped from /dev/shm) travels by the block's name: both sides see each other's writes.
"""

from __future__ import annotations

import mmap
import os
import pickle
import sys
import weakref
from types import FrameType
from typing import Any

from tenon import _C
from tenon._C import Tensor

_SHM = "/dev/shm/"


def reduce(t: Tensor, protocol: int) -> tuple[Any, ...]:
    """What ``Tensor.__reduce_ex__`` returns."""
    if t._owner() is not None and _between_processes():
        shared = _by_name(t)
        if shared is not None:
            return shared
    flat = t.detach().cpu().contiguous().reshape(-1).view(_C.uint8)
    data: Any = pickle.PickleBuffer(flat) if protocol >= 5 else bytearray(memoryview(flat))
    return rebuild, (data, str(t.dtype.name), t.shape, str(t.device), t.requires_grad)


def rebuild(data: Any, dtype: str, shape: tuple[int, ...], device: str, requires_grad: bool) -> Tensor:
    """A tensor over the buffer's memory where that is aligned; read-only if the buffer is."""
    if 0 in shape:
        t = _C.empty(shape, dtype=dtype)
    else:
        try:
            t = _C.frombuffer(data, dtype=dtype).reshape(shape)
        except ValueError:  # a buffer from outside, at an odd address
            t = _C.frombuffer(bytearray(data), dtype=dtype).reshape(shape)
    if device != "cpu":
        t = t.to(device)
    return t.requires_grad_() if requires_grad else t


# ---- shared memory ----


def _between_processes() -> bool:
    """Whether the pickler that is running is multiprocessing's; a file must hold the data itself."""
    reduction: Any = sys.modules.get("multiprocessing.reduction")
    if reduction is None:
        return False
    codes = {reduction.ForkingPickler.dumps.__func__.__code__, reduction.dump.__code__}
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code in codes:
            return True
        frame = frame.f_back
    return False


def _extent(t: Tensor) -> tuple[int, int]:
    """Addresses of the first byte that t reaches and the one after the last."""
    reach = [(n - 1) * s * t.itemsize for n, s in zip(t.shape, t.stride(), strict=True)]
    start = t.data_ptr()
    return start + sum(r for r in reach if r < 0), start + sum(r for r in reach if r > 0) + t.itemsize


def _by_name(t: Tensor) -> tuple[Any, ...] | None:
    if t.numel() == 0 or not sys.platform.startswith("linux"):
        return None
    low, high = _extent(t)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            first, last = (int(x, 16) for x in fields[0].split("-"))
            if not (first <= low and high <= last):
                continue
            path = fields[5].rstrip("\n") if len(fields) == 6 else ""
            # A block that was unlinked has no name any more, and a private mapping shares no writes.
            if not path.startswith(_SHM) or path.endswith(" (deleted)") or fields[1][3] != "s":
                return None
            offset = int(fields[2], 16) + low - first
            first_element = (t.data_ptr() - low) // t.itemsize
            geometry = (t.shape, t.stride(), first_element, (high - low) // t.itemsize)
            return attach, (
                path[len(_SHM) :],
                offset,
                str(t.dtype.name),
                geometry,
                t.readonly,
                t.requires_grad,
            )
    return None


_blocks: weakref.WeakValueDictionary[tuple[int, int, bool], mmap.mmap] = weakref.WeakValueDictionary()


def _block(name: str, read_only: bool) -> mmap.mmap:
    """The block's mapping: one for all tensors over it that this process has received."""
    try:
        fd = os.open(_SHM + name, os.O_RDONLY if read_only else os.O_RDWR)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"unpickle: the shared-memory block {name!r} is gone; keep it (no unlink()) until every process "
            "has its tensors"
        ) from None
    try:
        status = os.fstat(fd)
        key = (status.st_dev, status.st_ino, read_only)
        block = _blocks.get(key)
        if block is None:
            access = mmap.ACCESS_READ if read_only else mmap.ACCESS_WRITE
            block = _blocks[key] = mmap.mmap(fd, status.st_size, access=access)
        return block
    finally:
        os.close(fd)


def attach(name: str, offset: int, dtype: str, geometry: Any, read_only: bool, requires_grad: bool) -> Tensor:
    """A tensor over a part of a shared-memory block."""
    shape, strides, first, count = geometry
    flat = _C.frombuffer(_block(name, read_only), dtype=dtype, count=count, offset=offset)
    t = flat.as_strided(shape, strides, first)
    return t.requires_grad_() if requires_grad else t


# ---- copy ----


def shallow_copy(t: Tensor) -> Tensor:
    """copy.copy: another tensor over the same memory, with the history that t has."""
    if t.requires_grad and not t.is_leaf:
        return t.view(t.shape)
    r = t.detach()
    return r.requires_grad_() if t.requires_grad else r


def deep_copy(t: Tensor, memo: dict[int, Any]) -> Tensor:
    """copy.deepcopy: a copy in fresh memory, and of ``.grad``; of leaves only."""
    if id(t) in memo:
        found: Tensor = memo[id(t)]
        return found
    if t.requires_grad and not t.is_leaf:
        raise RuntimeError("deepcopy: only leaves can be copied with their history; use .detach().clone()")
    r = t.detach().clone()
    if t.requires_grad:
        r.requires_grad_()
    if t.grad is not None:
        r.grad = deep_copy(t.grad, memo)
    memo[id(t)] = r
    return r
