"""Batches on their way from a worker: a pickle, whose tensors and arrays lie in shared memory."""

from __future__ import annotations

import io
import pickle
import sys
import traceback
from typing import Any

from tenon import _C, _pickle
from tenon._C import Tensor
from tenon.utils.data._arena import Arena, Window
from tenon.utils.data._channel import dumps


class WorkerTraceback(Exception):
    """Where a worker's exception was raised: the cause of the one that is raised here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


class _Packer(pickle.Pickler):
    def __init__(self, file: Any, arena: Arena) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.arena = arena
        self.chunks: dict[int, Any] = {}
        self.sent: dict[int, tuple[Any, Any]] = {}

    def persistent_id(self, x: Any) -> Any:
        kind = type(x)
        if kind is not Tensor:
            numpy = sys.modules.get("numpy")
            if numpy is None or kind is not numpy.ndarray or x.dtype.kind not in "biufc":
                return None
            if not x.dtype.isnative or x.size == 0:
                return None
        elif not x.is_cpu or (x.requires_grad and not x.is_leaf) or x.numel() == 0:
            return None
        if id(x) not in self.sent:
            self.sent[id(x)] = (x, self._place(x, kind is not Tensor))
        return self.sent[id(x)][1]

    def _place(self, x: Any, array: bool) -> Any:
        t = _C.asarray(x)
        found = self.arena.place(*_pickle._extent(t))
        if found is None:
            source, t = t.detach(), self.arena.empty(t.shape, t.dtype)
            t.copy_(source)
            found = self.arena.place(*_pickle._extent(t))
            assert found is not None
        chunk = found[0]
        if chunk.number not in self.chunks:
            self.chunks[chunk.number] = chunk
            chunk.users += 1
        grad = not array and x.requires_grad
        offset = t.data_ptr() - chunk.address
        return chunk.number, offset, tuple(t.shape), tuple(t.strides), str(t.dtype.name), grad, array


def pack(data: Any, arena: Arena) -> tuple[list[int], bytes]:
    """The chunks that a batch lies in, which it keeps until the parent reports its end, and its pickle."""
    buffer = io.BytesIO()
    packer = _Packer(buffer, arena)
    try:
        packer.dump(data)
    except BaseException:
        for chunk in packer.chunks.values():
            chunk.release()
        raise
    return list(packer.chunks), buffer.getvalue()


class _Unpacker(pickle.Unpickler):
    def __init__(self, data: bytes, window: Window, chunks: list[int]) -> None:
        super().__init__(io.BytesIO(data))
        self.leases = {number: window.lease(number) for number in chunks}
        self.made: dict[Any, Any] = {}

    def persistent_load(self, place: Any) -> Any:
        made = self.made.get(place)
        if made is None:
            number, offset, shape, strides, dtype, grad, array = place
            lease = self.leases[number]
            made = lease.block.tensor(offset, shape, strides, dtype, lease)
            made = made.numpy() if array else made.requires_grad_() if grad else made
            self.made[place] = made
        return made


def unpack(data: bytes, window: Window, chunks: list[int]) -> Any:
    """The batch, whose tensors stand over the chunks."""
    return _Unpacker(data, window, chunks).load()


def pack_error(error: Exception, worker: int) -> bytes:
    """An exception with its traceback as text; one that cannot be pickled becomes a RuntimeError."""
    error.add_note(f"DataLoader: in worker {worker}")
    text = "".join(traceback.format_exception(error))
    try:
        data = dumps(error.with_traceback(None))
        pickle.loads(data)
    except Exception:
        stand_in = RuntimeError(f"{type(error).__qualname__}: {error}")
        for note in error.__notes__:
            stand_in.add_note(note)
        data = dumps(stand_in)
    return dumps((data, text))


def unpack_error(data: bytes) -> Exception:
    """The exception, whose cause is the worker's traceback."""
    pickled, text = pickle.loads(data)
    error: Exception
    try:
        error = pickle.loads(pickled)
        assert isinstance(error, Exception)
    except Exception:  # its class is not there in this process
        error = RuntimeError("DataLoader: a worker raised an exception that cannot be unpickled here")
    error.__cause__ = WorkerTraceback(text)
    return error
