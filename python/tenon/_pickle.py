"""Pickling and copying of tensors.

The elements travel as one buffer, out of band where the pickler has a buffer_callback (protocol 5). Tensors
that view one storage do so again after they were pickled, or copied by copy.deepcopy, together. A tensor in
fresh memory can be written, whether or not the pickled one could; one over an out-of-band buffer if the
buffer can.

Between processes of multiprocessing, a tensor over shared memory stays shared, so that both sides see each
other's writes: one that share_memory_() moved travels by its descriptor, one over a block
(multiprocessing.shared_memory, or anything mapped from /dev/shm) by the block's name.
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


class _Block:
    """The bytes of a storage that several tensors view: one object each, so that picklers send it once."""

    __slots__ = ("__weakref__", "flat")

    def __init__(self, flat: Tensor) -> None:
        self.flat = flat

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return rebuild, (
            _data(self.flat, protocol),
            "uint8",
            self.flat.shape,
            str(self.flat.device),
            False,
            self.flat.readonly,
        )


# By the storage's identity and whether it is read-only. A pickler keeps what it has met, and so the storage.
_pickled: weakref.WeakValueDictionary[tuple[int, bool], _Block] = weakref.WeakValueDictionary()


def reduce(t: Tensor, protocol: int) -> tuple[Any, ...]:
    """What ``Tensor.__reduce_ex__`` returns; RuntimeError for a tensor whose history would be lost."""
    if type(t) is not Tensor:
        rebuilt = _reduce(t, protocol)
        return (
            as_subclass,
            (type(t), rebuilt[0], rebuilt[1], t.requires_grad),
            getattr(t, "__dict__", None) or None,
        )
    return _reduce(t, protocol)


def as_subclass(cls: type[Tensor], make: Any, args: tuple[Any, ...], requires_grad: bool) -> Tensor:
    """A tensor of a subclass, whose __init__ does not run."""
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"unpickle: expected a subclass of Tensor; got {cls!r}")
    if make not in (rebuild, view_of, attach):
        raise TypeError(f"unpickle: {make!r} makes no tensors")
    return Tensor._make_subclass(cls, make(*args), requires_grad)


def _reduce(t: Tensor, protocol: int) -> tuple[Any, ...]:
    if t.requires_grad and not t.is_leaf:
        raise RuntimeError("pickle: only leaves can be pickled with their history; use .detach()")
    between = _between_processes()
    if between:
        shared = _by_descriptor(t) or _by_name(t)
        if shared is not None:
            return shared
    # Between processes a view of a large tensor sends its own elements; share_memory_() is what shares there.
    identity, viewed, flat, offset = _C._storage(t)
    if between or not viewed or t.numel() == 0:
        data = _data(t, protocol)
        return rebuild, (data, str(t.dtype.name), t.shape, str(t.device), t.requires_grad, t.readonly)
    key = identity, t.readonly
    block = _pickled.get(key)
    if block is None:
        block = _pickled[key] = _Block(flat)
    return view_of, (block, offset, str(t.dtype.name), t.shape, t.stride(), False, t.requires_grad)


def _data(t: Tensor, protocol: int) -> Any:
    flat = t.detach().cpu().contiguous().reshape(-1).view(_C.uint8)
    return pickle.PickleBuffer(flat) if protocol >= 5 else bytearray(memoryview(flat))


def view_of(
    flat: Tensor,
    offset: int,
    dtype: str,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    readonly: bool,
    requires_grad: bool,
) -> Tensor:
    """A tensor over a part of a storage that was rebuilt."""
    try:
        t = _C._over(flat, offset, dtype, shape, strides, readonly)
    except ValueError:  # a buffer from outside, at an odd address
        t = _C._over(flat.clone(), offset, dtype, shape, strides, readonly)
    return t.requires_grad_() if requires_grad else t


def rebuild(
    data: Any,
    dtype: str,
    shape: tuple[int, ...],
    device: str,
    requires_grad: bool,
    readonly: bool = False,
) -> Tensor:
    """A tensor over the buffer's memory where that is aligned; read-only if an out-of-band buffer is."""
    if readonly and isinstance(data, bytes):  # what a pickle itself holds of a read-only tensor
        data = bytearray(data)
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


class _File:
    """The file that shared tensors lie in: one object each, so that picklers send its descriptor once."""

    __slots__ = ("__weakref__", "kept")

    def __init__(self, kept: Tensor) -> None:
        self.kept = kept  # whose memory keeps it open

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return attach_descriptor, (_sendable(self.kept),)


class _Part:
    """A storage in such a file."""

    __slots__ = ("__weakref__", "file", "flat")

    def __init__(self, file: _File, flat: Tensor) -> None:
        self.file, self.flat = file, flat

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return part_of, (self.file, _C._shared_offset(self.flat), self.flat.numel())


def _sendable(kept: Tensor) -> Any:
    """A descriptor of multiprocessing's. While it waits to be fetched it holds the memory alone."""
    from multiprocessing import context, reduction, resource_sharer

    if context.get_spawning_popen() is not None:
        return reduction.DupFd(_C._shared_descriptor(kept))
    sharer: Any = resource_sharer

    def send(connection: Any, pid: int) -> None:
        reduction.send_handle(connection, _C._shared_descriptor(kept), pid)

    descriptor = sharer.DupFd.__new__(sharer.DupFd)
    descriptor._id = sharer._resource_sharer.register(send, lambda: None)
    return descriptor


_files: weakref.WeakValueDictionary[int, _File] = weakref.WeakValueDictionary()  # by the descriptor
_parts: weakref.WeakValueDictionary[int, _Part] = weakref.WeakValueDictionary()  # by the storage's identity


def _by_descriptor(t: Tensor) -> tuple[Any, ...] | None:
    descriptor = _C._shared_descriptor(t)
    if descriptor < 0:
        return None
    identity, _, flat, offset = _C._storage(t)
    part = _parts.get(identity)
    if part is None:
        file = _files.get(descriptor)
        if file is None:
            file = _files[descriptor] = _File(flat)
        part = _parts[identity] = _Part(file, flat)
    return view_of, (part, offset, str(t.dtype.name), t.shape, t.stride(), t.readonly, t.requires_grad)


def attach_descriptor(descriptor: Any) -> Tensor:
    """A file of memory that another process has shared, as bytes."""
    if not type(descriptor).__module__.startswith("multiprocessing."):
        raise TypeError(f"unpickle: expected a descriptor of multiprocessing's; got {type(descriptor)}")
    fd = descriptor.detach()
    t = _C._attach_shared(fd)
    os.close(fd)  # only now: before, it could be anybody's
    return t


def part_of(file: Tensor, offset: int, size: int) -> Tensor:
    """The bytes of one storage in such a file: writes to one do not count as writes to another."""
    return _C._shared_part(file, offset, size)


def _mapping(t: Tensor) -> tuple[str, int, str] | None:
    """(path, the position of t's first byte in it, its rights as "rw-s") of the mapping under t."""
    if t.numel() == 0 or not sys.platform.startswith("linux"):
        return None
    low, high = _extent(t)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            first, last = (int(x, 16) for x in fields[0].split("-"))
            if first <= low and high <= last:
                path = fields[5].rstrip("\n") if len(fields) == 6 else ""
                return path, int(fields[2], 16) + low - first, fields[1]
    return None


def _by_name(t: Tensor) -> tuple[Any, ...] | None:
    found = _mapping(t) if t._owner() is not None else None
    if found is None:
        return None
    path, offset, rights = found
    # A block that was unlinked has no name any more, and a private mapping shares no writes.
    if not path.startswith(_SHM) or path.endswith(" (deleted)") or "s" not in rights:
        return None
    low, high = _extent(t)
    geometry = (t.shape, t.stride(), (t.data_ptr() - low) // t.itemsize, (high - low) // t.itemsize)
    return attach, (path[len(_SHM) :], offset, str(t.dtype.name), geometry, t.readonly, t.requires_grad)


def is_shared(t: Tensor) -> bool:
    """Whether other processes can see writes to the memory; True on a device, as in PyTorch."""
    if not t.is_cpu or _C._shared_descriptor(t) >= 0:
        return True
    found = _mapping(t) if t._owner() is not None else None
    return found is not None and "s" in found[2]


def share_memory_(t: Tensor) -> Tensor:
    """Moves the memory where other processes see it, once."""
    return t if is_shared(t) else _C._share_memory(t)


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
    """A tensor over a part of a shared-memory block, whose name is that of a file in /dev/shm."""
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name in (".", ".."):
        raise ValueError(f"unpickle: expected the name of a shared-memory block; got {name!r}")
    shape, strides, first, count = geometry
    flat = _C.frombuffer(_block(name, read_only), dtype=dtype, count=count, offset=offset)
    t = flat.as_strided(shape, strides, first)
    return t.requires_grad_() if requires_grad else t


# ---- copy ----


def shallow_copy(t: Tensor) -> Tensor:
    """copy.copy: another tensor over the same memory, with the history that t has."""
    if t.requires_grad and not t.is_leaf:
        return t.view(t.shape)
    if type(t) is not Tensor:
        r: Tensor = Tensor._make_subclass(type(t), t, t.requires_grad)
        r.__dict__.update(t.__dict__)
        return r
    r = t.detach()
    return r.requires_grad_() if t.requires_grad else r


def deep_copy(t: Tensor, memo: dict[int, Any]) -> Tensor:
    """copy.deepcopy: a copy in fresh memory, and of ``.grad``; of leaves only.

    The copies of tensors that share memory share theirs.
    """
    if id(t) in memo:
        found: Tensor = memo[id(t)]
        return found
    if t.requires_grad and not t.is_leaf:
        raise RuntimeError("deepcopy: only leaves can be copied with their history; use .detach().clone()")
    identity, viewed, flat, offset = _C._storage(t)
    if viewed and t.numel() > 0:
        key: Any = ("tenon", identity)
        if key not in memo:
            memo[key] = flat.clone(), flat  # the latter keeps the identity from being used again
        r = _C._over(memo[key][0], offset, t.dtype, t.shape, t.stride(), False)
    else:
        r = t.detach().clone()
    if type(t) is not Tensor:
        r = Tensor._make_subclass(type(t), r)
    if t.requires_grad:
        r.requires_grad_()
    memo[id(t)] = r
    if t.grad is not None:
        r.grad = deep_copy(t.grad, memo)
    if type(t) is not Tensor:  # after it is known: an attribute may lead back to it
        import copy

        r.__dict__.update(copy.deepcopy(t.__dict__, memo))
    return r
