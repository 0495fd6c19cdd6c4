"""A data set on its way to a worker that is not forked: arrays go by shared memory or as their file."""

from __future__ import annotations

import io
import os
import pickle
import sys
from math import prod
from multiprocessing.reduction import ForkingPickler
from typing import Any

from tenon import _C, _pickle
from tenon._C import Tensor

_LARGE = 64 << 10  # bytes: smaller ones are pickled
_FILES = 64  # a process may have few descriptors


def same(x: Any) -> Any:
    """What arrives is what was sent."""
    return x


def array_of(t: Tensor, writeable: bool) -> Any:
    """The ndarray over a tensor that arrived."""
    a = t.numpy()
    if not writeable:
        a.flags.writeable = False
    return a


def mapped(path: str, offset: int, dtype: str, shape: tuple[int, ...], writeable: bool) -> Tensor:
    """The file that an array was mapped from, mapped again."""
    import mmap

    start = offset // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    size = prod(shape) * getattr(_C, dtype).itemsize
    with open(path, "r+b" if writeable else "rb") as f:
        access = mmap.ACCESS_WRITE if writeable else mmap.ACCESS_READ
        memory = mmap.mmap(f.fileno(), offset - start + size, access=access, offset=start)
    return _C.frombuffer(memory, dtype=dtype, count=prod(shape), offset=offset - start).reshape(shape)


class _Packer(ForkingPickler):
    """Pickles all but large arrays, which are put into shared memory once for all workers."""

    def __init__(self, file: Any, shared: dict[int, tuple[Any, Tensor]]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._shared = shared

    def reducer_override(self, x: Any) -> Any:
        if type(x) is Tensor:
            if not x.is_cpu or x.requires_grad or x.nbytes < _LARGE or _C._shared_descriptor(x) >= 0:
                return NotImplemented
            return self._file(x) or self._copy(x, x) or NotImplemented
        numpy = sys.modules.get("numpy")
        if numpy is None or type(x) not in (numpy.ndarray, numpy.memmap):
            return NotImplemented
        if x.nbytes < _LARGE or x.dtype.kind not in "biufc" or not x.dtype.isnative:
            return NotImplemented
        t = _C.asarray(x)
        made = self._file(t) or self._copy(x, t)
        return (array_of, (_Made(made), bool(x.flags.writeable))) if made else NotImplemented

    def _file(self, t: Tensor) -> Any:
        """How to map the file again whose bytes t shows as they are."""
        found = _pickle._mapping(t) if t.is_contiguous() else None
        if found is None or not os.path.isfile(found[0]):
            return None
        path, offset, rights = found
        if "w" in rights and "s" not in rights:  # what was written is in memory alone
            return None
        return mapped, (path, offset, str(t.dtype.name), tuple(t.shape), "w" in rights)

    def _copy(self, x: Any, t: Tensor) -> Any:
        if id(x) not in self._shared:
            if len(self._shared) >= _FILES:
                return None
            kept = t.clone().contiguous().share_memory_()
            if t.readonly:
                kept._make_read_only()
            self._shared[id(x)] = (x, kept)  # x, so that its id stays its own
        return same, (self._shared[id(x)][1],)


class _Made:
    """What is pickled as a call."""

    def __init__(self, call: tuple[Any, ...]) -> None:
        self._call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


class Parcel:
    """An object for workers. Forked ones have it already; others open() a pickle of it."""

    def __init__(self, content: Any) -> None:
        self._content = content
        self._shared: dict[int, tuple[Any, Tensor]] = {}
        self._data: bytes | None = None

    def __getstate__(self) -> dict[str, Any]:
        buffer = io.BytesIO()
        _Packer(buffer, self._shared).dump(self._content)
        return {"_content": None, "_shared": {}, "_data": buffer.getvalue()}

    def open(self) -> Any:
        """The object; what its pickle raises comes here, where the worker reports it."""
        return self._content if self._data is None else pickle.loads(self._data)
