"""Messages between the parent and a worker: short ones through a socket, long ones by a descriptor.

What waits in the socket is short, so that neither side blocks while the other one is busy.
"""

from __future__ import annotations

import os
import pickle
import socket
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

from tenon import _C
from tenon._C import Tensor

_LONG = 16 << 10  # bytes
_SHORT, _BY_DESCRIPTOR = b"s", b"d"


class Channel:
    """One end of a connection of multiprocessing's."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self.connection = connection

    def send(self, data: bytes, descriptor: int | None = None) -> None:
        """Sends bytes, and a descriptor after them if there is one."""
        if len(data) < _LONG:
            self.connection.send_bytes(_SHORT + data)
        else:
            fd = os.memfd_create("tenon", os.MFD_CLOEXEC)
            try:
                with open(fd, "wb", closefd=False) as f:
                    f.write(data)
                self.connection.send_bytes(_BY_DESCRIPTOR)
                self.send_descriptor(fd)
            finally:
                os.close(fd)
        if descriptor is not None:
            self.send_descriptor(descriptor)

    def receive(self) -> bytes:
        """The next message; EOFError or OSError if the other side is gone."""
        data = self.connection.recv_bytes()
        if data[:1] == _SHORT:
            return data[1:]
        fd = self.receive_descriptor()
        with open(fd, "rb") as f:
            f.seek(0)
            return f.read()

    def send_descriptor(self, descriptor: int) -> None:
        """Sends a descriptor, which stays the caller's."""
        reduction.send_handle(self.connection, descriptor, None)

    def receive_descriptor(self) -> int:
        """A descriptor that the other side has sent; the caller closes it."""
        return reduction.recv_handle(self.connection)

    def shut(self) -> None:
        """Ends the connection for both sides, also where another process has inherited this end."""
        try:
            with socket.socket(fileno=os.dup(self.connection.fileno())) as s:
                s.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side is gone
            pass
        self.connection.close()


def packed(indices: Any) -> tuple[bool, Any]:
    """Indices as they are sent: a vector as its bytes."""
    if isinstance(indices, Tensor) and indices.ndim == 1 and len(indices) and indices.dtype is _C.int64:
        return True, memoryview(indices.contiguous()).tobytes()
    return False, indices


def unpacked(sent: tuple[bool, Any]) -> Any:
    """What packed() was given."""
    vector, indices = sent
    return _C.frombuffer(bytearray(indices), dtype=_C.int64) if vector else indices


def dumps(message: Any) -> bytes:
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
