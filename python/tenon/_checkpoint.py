"""save and load: checkpoints in safetensors files, and PyTorch's .pt files; loading executes nothing."""

from __future__ import annotations

import contextlib
import os

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["load", "save"]

_STRUCTURE = "tenon"  # the entry of the metadata that describes the objects around the tensors


def save(
    obj: Any,
    f: Any,
    *,
    pickle_protocol: int | None = None,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Writes a state dict or a checkpoint to a safetensors file, which any program can read.

    It may hold dicts, lists, tuples, sets, numbers, strings, bytes, None, dtypes, devices, arrays and
    tensors, one inside the other. Tensors that share memory share it again after loading. A tensor's name
    in the file is the way to it, as ``model.0.weight``. The file is written beside the target and renamed:
    a failed save leaves the old file as it was.

    Parameters
    ----------
    obj
        What is saved: a model's ``state_dict()``, or a dict of such and numbers.
    f : path or file
        Where the file is, or a file that is open for writing bytes.
    pickle_protocol : int, optional
        For PyTorch's scripts: nothing is pickled.
    _use_new_zipfile_serialization : bool, default True
        For PyTorch's scripts, too.

    Returns
    -------
    None

    Raises
    ------
    TypeError
        For an object that is none of these; the message says where it is. For what is no path and no file.
    ValueError
        For a container that contains itself.
    OSError
        As open() raises it for a place that cannot be written.

    Examples
    --------
    >>> tenon.save({"weights": tenon.ones(2), "epoch": 3}, "checkpoint.safetensors")
    >>> tenon.load("checkpoint.safetensors")
    {'weights': tensor([1., 1.]), 'epoch': 3}
    """
    del pickle_protocol, _use_new_zipfile_serialization
    from tenon._checkpoint_tree import Encoder

    encoder = Encoder()
    metadata = {"format": "pt", _STRUCTURE: encoder.text(obj)}
    if not hasattr(f, "write"):
        _named("save", f, lambda: _C._save_safetensors(f, encoder.tensors, metadata))
        return
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint")
        _named("save", path, lambda: _C._save_safetensors(path, encoder.tensors, metadata))
        with open(path, "rb") as source:
            shutil.copyfileobj(source, f, 1 << 20)


def load(
    f: Any, map_location: Any = None, *, weights_only: bool | None = True, mmap: bool | None = False
) -> Any:
    """Reads what save() wrote, any other safetensors file, or a state dict that torch.save wrote.

    Nothing is executed: a .pt file is read by an interpreter that knows tensors and plain containers, and
    refuses all else by its name.

    Parameters
    ----------
    f : path or file
        Where the file is, or a file that is open for reading bytes.
    map_location : device, str, dict or callable, optional
        Where the tensors go; None for where they were when they were saved. A dict gives new places for old
        ones, a callable gets a tensor and its old place, and returns a tensor or a place.
    weights_only : bool, optional
        For PyTorch's scripts. It changes nothing: there is no other way to load here.
    mmap : bool, optional
        True maps the file instead of reading it: tensors are read-only views of it, and pages come as they
        are used.

    Returns
    -------
    Any
        The object that was saved; of a safetensors file of another program, a dict of its tensors. They own
        their memory, or are views of the mapped file.

    Raises
    ------
    ValueError
        For a file that is not what it claims to be, and for one that asks for other objects; it names them.
    OSError
        As open() raises it for files that cannot be read.
    RuntimeError
        For a device that is not there.
    TypeError
        For what is no path and no file, and for a map_location that is none.

    Examples
    --------
    >>> tenon.save([tenon.ones(2), "text"], "list.safetensors")
    >>> tenon.load("list.safetensors", mmap=True)
    [tensor([1., 1.]), 'text']
    """
    place = _placing(map_location)
    if not hasattr(f, "read"):
        return _named("load", f, lambda: _load(os.fspath(f), place, bool(mmap)))
    with _in_memory(f) as path:
        return _named("load", path, lambda: _load(path, place, False), "the file object")


@contextlib.contextmanager
def _in_memory(f: Any) -> Iterator[str]:
    """A path to what is left of a file object."""
    data = f.read()
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"load: the file must be open for reading bytes; it gave {type(data).__name__}")
    descriptor = os.memfd_create("tenon", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as memory:
            memory.write(data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _named(op: str, path: Any, work: Any, shown: str = "") -> Any:
    """Errors speak for save or load, and show what the user gave."""

    def told(text: str) -> str:
        for inner in ("load_safetensors: ", "save_safetensors: "):
            text = text.replace(inner, f"{op}: ", 1)
        return text.replace(str(path), shown) if shown else text

    try:
        return work()
    except OSError as e:
        if isinstance(e.strerror, str):
            e.strerror = told(e.strerror)
        raise
    except (ValueError, TypeError) as e:
        if len(e.args) == 1 and isinstance(e.args[0], str):
            e.args = (told(e.args[0]),)
        raise


def _file(path: Any) -> str:
    return f"file {os.fsdecode(path)!r}"


def _load(path: Any, place: Any, mapped: bool) -> Any:
    with open(path, "rb") as file:
        head = file.read(16)
        if head[:4] == b"PK\x03\x04":
            return _load_archive(file, path, place, mapped)
    if head[8:9] != b"{" and head[:1] in (b"\x80", b"("):
        raise ValueError(
            "load: it is a pickle, as torch.save wrote before PyTorch 1.6; save it anew with PyTorch's "
            f"torch.save(state_dict, path); {_file(path)}"
        )
    tensors, metadata = _C._load_safetensors(path, mapped, None)
    if _STRUCTURE not in metadata:
        return {name: place(t, "cpu") for name, t in tensors.items()}
    from tenon._checkpoint_tree import Decoder

    try:
        return Decoder(tensors, place).object(metadata[_STRUCTURE])
    except ValueError as e:
        raise ValueError(f"load: {e}; {_file(path)}") from None


def _load_archive(file: Any, path: Any, place: Any, mapped: bool) -> Any:
    import struct
    import zipfile

    from tenon._checkpoint_torch import Archive

    try:
        return Archive(file, mapped, place).read()
    except ValueError as e:
        raise ValueError(f"load: {e}; {_file(path)}") from None
    except (zipfile.BadZipFile, struct.error, EOFError, KeyError, IndexError, OverflowError) as e:
        raise ValueError(f"load: the archive is damaged ({type(e).__name__}: {e}); {_file(path)}") from None
    except (NotImplementedError, RecursionError, MemoryError) as e:
        raise ValueError(
            f"load: it is none that torch.save writes ({type(e).__name__}); {_file(path)}"
        ) from None


def _placing(map_location: Any) -> Any:
    """place(tensor, location): the tensor where map_location wants it."""
    if map_location is not None and not isinstance(map_location, dict) and not callable(map_location):
        target = _C.device(map_location) if isinstance(map_location, str) else map_location
        if not isinstance(target, _C.device):
            raise TypeError(
                "load: map_location must be a device, its name, a dict or a callable; got "
                f"{type(map_location).__name__}"
            )
        return lambda t, location: t.to(target)

    def place(t: Tensor, location: str) -> Tensor:
        wanted: Any = None
        if isinstance(map_location, dict):
            wanted = map_location.get(location)
        elif map_location is not None:
            wanted = map_location(t, location)
        if isinstance(wanted, Tensor):
            return wanted
        try:
            return t.to(location if wanted is None else wanted)
        except (RuntimeError, ValueError) as e:
            e.args = (f"load: tensors were saved on {location!r}: {e}; pass map_location='cpu'",)
            raise

    return place
