"""Files of tensors: .npy, .npz, safetensors, and a door to pandas for CSV."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from tenon import _C

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def load_npy(path: Path, *, mmap: bool = False, writeable: bool = False, raw_dtype: Any = None) -> Any:
    """The tensor in a .npy file: in fresh memory, or mapped.

    mmap: the file is mapped instead of read: pages come in as they are used, and the tensor is read-only
    unless writeable, whose writes stay in memory and never reach the file. raw_dtype: what items of a type
    that NumPy does not name are (float8 files; bfloat16 is recognised). Other byte orders are converted while
    reading.
    Raises what open() raises for files that cannot be read (FileNotFoundError, IsADirectoryError,
    PermissionError: OSError with errno and filename), ValueError for those that are not what they claim to
    be, and TypeError for what is no path or no dtype.
    """
    return _C._load_npy(path, mmap, writeable, raw_dtype)


def save_npy(path: Path, tensor: Any) -> None:
    """Writes one tensor (or any array-like) as a .npy file that NumPy reads; gradients are not saved.

    The file is written beside the target and renamed: a failed save leaves the old file as it was. OSError as
    open() raises it for a place that cannot be written, TypeError for what is no array-like or no path.
    """
    _C._save_npy(path, tensor)


def load_npz(
    path: Path,
    names: Iterable[str] | None = None,
    *,
    mmap: bool = False,
    writeable: bool = False,
    raw_dtype: Any = None,
) -> dict[str, Any]:
    """The tensors of a .npz archive by name; with names, only these. In fresh memory, or mapped.

    mmap: uncompressed, aligned members are mapped and read-only unless writeable; all others are read.
    raw_dtype: as load_npy.
    OSError as open() raises it for files that cannot be read; ValueError for a name that is not there and for
    a file that is no archive; TypeError for names that are no strings and for what is no path or no dtype.
    """
    return _C._load_npz(path, None if names is None else list(names), mmap, writeable, raw_dtype)


def npz_names(path: Path) -> list[str]:
    """The names in a .npz archive, in its order.

    OSError as open() raises it for files that cannot be read, ValueError for one that is no archive,
    TypeError for what is no path.
    """
    return _C._npz_names(path)


def save_npz(path: Path, tensors: Mapping[str, Any], *, compressed: bool = False) -> None:
    """Writes tensors by name as a .npz archive that NumPy reads; uncompressed members can be mapped again.

    The file is written beside the target and renamed. OSError as open() raises it for a place that cannot be
    written; TypeError for names that are no strings and for what is no array-like or no path.
    """
    _C._save_npz(path, dict(tensors), compressed)


def load_safetensors(
    path: Path, *, mmap: bool = True, device: Any = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """(tensors by name, metadata) of a .safetensors file.

    mmap: tensors on the CPU are read-only views of one mapping where they are aligned. Otherwise each owns
    its memory.
    OSError as open() raises it for files that cannot be read; ValueError for one that is not what it claims
    to be and for a name that is no device's; TypeError for what is no path; RuntimeError for a device that is
    not there.
    """
    return _C._load_safetensors(path, mmap, device)


def save_safetensors(
    path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors by name as a .safetensors file.

    metadata: a dict of strings. TypeError for complex128, which the format lacks, for names and metadata that
    are no strings, and for what is no array-like or no path; ValueError for the name ``__metadata__``;
    OSError as open() raises it for a place that cannot be written.
    """
    _C._save_safetensors(path, dict(tensors), None if metadata is None else dict(metadata))


def read_csv(
    path: Any, *, columns: Iterable[str] | None = None, as_tensor: bool = False, **kwargs: Any
) -> Any:
    """The columns of a CSV file as tensors, read by pandas.

    columns: the names to read (default: all). as_tensor: one tensor of shape (rows, columns) in the columns'
    common dtype, instead of a dict of vectors by name. kwargs go to ``pandas.read_csv``. Each vector shares
    its column's memory and is read-only, as pandas 3 lends it.
    TypeError, naming it, for a column that is not numeric; ImportError without pandas; pandas' own errors
    (ValueError for columns that are not there, FileNotFoundError).
    """
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("read_csv: pandas reads the file; pip install pandas") from None
    names = None if columns is None else list(columns)
    frame = pd.read_csv(path, usecols=names, **kwargs)
    if names is not None:
        frame = frame[names]
    if as_tensor:
        return _C._ingest(frame, "read_csv", None, None, None)
    result = {}
    for name in frame.columns:
        try:
            result[name] = _C._ingest(frame[name], "read_csv", None, None, None)
        except TypeError as e:
            raise TypeError(f"{e}; leave the column out with columns=[...]") from None
    return result
