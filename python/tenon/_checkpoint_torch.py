"""PyTorch's .pt and .pth files: zip archives of a pickle and the storages of its tensors."""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
import zlib

from tenon import _C
from tenon._C import Tensor
from tenon._checkpoint_pickle import STORAGES, Global, Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader
    from typing import Any

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")


class _Storage:
    """Bytes, and the dtype that the file gives them."""

    def __init__(self, flat: Tensor, dtype: Any, count: int) -> None:
        self.flat, self.dtype, self.count = flat, dtype, count


class Archive:
    """An open .pt file. Nothing that it claims is taken for granted: ValueError without the file's name."""

    def __init__(self, file: BufferedReader, mapped: bool, place: Callable[[Tensor, str], Tensor]) -> None:
        self._file = file
        self._place = place
        self._size = os.fstat(file.fileno()).st_size
        self._zip = zipfile.ZipFile(file)
        names = [n for n in self._zip.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(names) != 1:
            if any(n.endswith(".npy") for n in self._zip.namelist()):
                raise ValueError("it is a .npz archive; use tenon.load_npz")
            raise ValueError("it is a zip archive, but none that torch.save writes")
        self._prefix = names[0].removesuffix("data.pkl")
        if f"{self._prefix}constants.pkl" in self._zip.namelist():
            raise ValueError("it is a TorchScript program; save the model's state_dict() instead")
        self._swapped = self._byte_order() == "big"
        self._memory: Tensor | None = None
        if mapped:
            self._memory = _C.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype=_C.uint8)
        self._taken = 0  # bytes of memory
        self._storages: dict[str, tuple[Tensor, str]] = {}

    def read(self) -> Any:
        """The object that was saved."""
        calls: dict[str, Callable[..., Any]] = {
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor,
            "torch._utils._rebuild_tensor_v3": self._tensor_v3,
            "torch._utils._rebuild_parameter": self._parameter,
        }
        return Machine(calls, self._storage).run(self._bytes("data.pkl"))

    # ---- members ----

    def _byte_order(self) -> str:
        name = f"{self._prefix}byteorder"
        order = (
            self._bytes("byteorder").decode("ascii", "replace") if name in self._zip.namelist() else "little"
        )
        if order not in ("little", "big"):
            raise ValueError(f"its byte order is {order[:20]!r}")
        return order

    def _where(self, name: str) -> tuple[int, zipfile.ZipInfo]:
        """Where a member's bytes begin. They are stored plainly: no archive can claim more than it has."""
        full = self._prefix + name
        try:
            info = self._zip.getinfo(full)
        except KeyError:
            raise ValueError(f"it lacks the member {full!r}") from None
        if (
            info.compress_type != zipfile.ZIP_STORED
            or info.file_size != info.compress_size
            or info.flag_bits & 1
        ):
            raise ValueError(f"its member {full!r} is compressed or encrypted, which torch.save does not do")
        header = b""
        if 0 <= info.header_offset < self._size:
            self._file.seek(info.header_offset)
            header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
            raise ValueError(f"its member {full!r} is not where the directory says")
        *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if start + info.file_size > self._size:
            raise ValueError(f"its member {full!r} ends after the file")
        return start, info

    def _bytes(self, name: str) -> bytes:
        start, info = self._where(name)
        self._file.seek(start)
        data = self._file.read(info.file_size)
        _check_sum(data, info)
        return data

    def _member(self, name: str) -> Tensor:
        """A member's bytes: a view of the mapped file, or read into memory and checked."""
        start, info = self._where(name)
        if self._memory is not None and start % 8 == 0:
            return self._memory[start : start + info.file_size]
        self._taken += info.file_size
        if self._taken > self._size:
            raise ValueError("its members overlap: together they are larger than the file")
        t = _C.empty(info.file_size, dtype=_C.uint8)
        if info.file_size:
            self._file.seek(start)
            view = memoryview(t)
            if self._file.readinto(view) != info.file_size:
                raise ValueError("it became shorter while it was read")
            _check_sum(view, info)
        return t

    # ---- what its pickle makes ----

    def _storage(self, reference: Any) -> _Storage:
        try:
            tag, kind, name, location, count = reference
        except (TypeError, ValueError):
            raise ValueError("its pickle names a storage in a way that PyTorch does not") from None
        known = isinstance(kind, Global) and kind.name.rpartition(".")[2] in STORAGES
        if tag != "storage" or not known or type(name) is not str or type(location) is not str:
            raise ValueError("its pickle names a storage in a way that PyTorch does not")
        dtype = STORAGES[kind.name.rpartition(".")[2]]
        if name not in self._storages:
            flat = self._member(f"data/{name}")
            if self._swapped:
                flat = _in_order(flat, dtype)
            self._storages[name] = self._place(flat, location), location
        flat = self._storages[name][0]
        size = 1 if dtype is None else dtype.itemsize
        if type(count) is not int or not 0 <= count * size <= flat.numel():
            raise ValueError(
                f"storage {name!r} claims {count!r} elements of {size} bytes, it has {flat.numel()} bytes"
            )
        return _Storage(flat, dtype, count)

    def _tensor(
        self, storage: Any, offset: Any, shape: Any, strides: Any, requires_grad: Any = False,
        hooks: Any = None, notes: Any = None,
    ) -> Tensor:  # fmt: skip
        if not isinstance(storage, _Storage) or storage.dtype is None:
            raise ValueError("a tensor's storage is none")
        return _view(storage, storage.dtype, storage.count, offset, shape, strides, requires_grad, notes)

    def _tensor_v3(
        self, storage: Any, offset: Any, shape: Any, strides: Any, requires_grad: Any, hooks: Any, dtype: Any,
        notes: Any = None,
    ) -> Tensor:  # fmt: skip
        if not isinstance(storage, _Storage) or not isinstance(dtype, _C.dtype):
            raise ValueError("a tensor's storage is none, or its dtype")
        count = storage.flat.numel() // dtype.itemsize
        return _view(storage, dtype, count, offset, shape, strides, requires_grad, notes)

    def _parameter(self, data: Any, requires_grad: Any, hooks: Any = None) -> Tensor:
        from tenon._checkpoint_tree import parameter

        if not isinstance(data, Tensor):
            raise ValueError("a parameter's data is no tensor")
        return parameter(data, bool(requires_grad))


def _check_sum(data: Any, info: zipfile.ZipInfo) -> None:
    if info.CRC and zlib.crc32(data) != info.CRC:  # PyTorch can be told to write none
        raise ValueError(f"the checksum of its member {info.filename!r} is wrong")


def _in_order(flat: Tensor, dtype: Any) -> Tensor:
    """The bytes of a file of the other byte order."""
    if dtype is None:
        raise ValueError("it has storages of the other byte order whose dtype is not told")
    whole = flat.numel() // dtype.itemsize * dtype.itemsize
    swapped: Tensor = _C._swap_bytes(flat[:whole].view(dtype))
    return swapped.view(_C.uint8)


def _view(
    storage: _Storage, dtype: Any, count: int, offset: Any, shape: Any, strides: Any, grad: Any, notes: Any
) -> Tensor:
    numbers = [offset, *shape, *strides]
    if len(shape) != len(strides) or any(type(n) is not int or not 0 <= n < 2**62 for n in numbers):
        raise ValueError(f"a tensor has offset {offset!r}, shape {shape!r} and strides {strides!r}")
    if 0 in shape:
        t: Tensor = _C.empty(tuple(shape), dtype=dtype, device=storage.flat.device)
    else:
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if last >= count:
            raise ValueError(
                f"a tensor with offset {offset}, shape {tuple(shape)} and strides {tuple(strides)} needs "
                f"{last + 1} elements, its storage has {count}"
            )
        t = _C._over(storage.flat, offset * dtype.itemsize, dtype, shape, strides, storage.flat.readonly)
        if dtype is _C.bool and t.numel() and int(storage.flat.max().item()) > 1:
            raise ValueError("a tensor has bools that are neither 0 nor 1")
    for name, undo in (("conj", _C.conj), ("neg", _C.neg)):
        if isinstance(notes, dict) and notes.get(name):
            t = undo(t)
    return t.requires_grad_() if grad else t
