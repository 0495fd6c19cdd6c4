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
    """The tensor in a .npy file: a new tensor, or a view of the mapped file.

    Other byte orders are converted while reading.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.
    mmap : bool, default False
        The file is mapped instead of read: pages come in as they are used, and the tensor is read-only unless
        writeable, whose writes stay in memory and never reach the file.
    writeable : bool, default False
        True makes mapped tensors writeable; writes never reach the file.
    raw_dtype : optional
        What items of a type that NumPy does not name are (float8 files; bfloat16 is recognised).

    Returns
    -------
    Tensor
        The tensor in a .npy file: a new tensor, or a view of the mapped file.

    Raises
    ------
    OSError
        As open() raises it for files that cannot be read: FileNotFoundError and others.
    ValueError
        For those that are not what they claim to be.
    TypeError
        For what is no path or no dtype.

    Examples
    --------
    >>> tenon.save_npy("t.npy", tenon.tensor([1, 2]))
    >>> tenon.load_npy("t.npy")
    tensor([1, 2])
    """
    return _C._load_npy(path, mmap, writeable, raw_dtype)


def save_npy(path: Path, tensor: Any) -> None:
    """Writes one tensor (or any array-like) as a .npy file that NumPy reads; gradients are not saved.

    The file is written beside the target and renamed: a failed save leaves the old file as it was.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.
    tensor
        The tensor, or anything that tenon.asarray takes.

    Returns
    -------
    None

    Raises
    ------
    OSError
        As open() raises it for a place that cannot be written.
    TypeError
        For what is no array-like or no path.

    Examples
    --------
    >>> tenon.save_npy("t.npy", tenon.tensor([1, 2]))
    >>> np.load("t.npy")
    array([1, 2])
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
    """The tensors of a .npz archive by name: new tensors, or views of the mapped file.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.
    names : Iterable[str] | None, optional
        The names that are read; None for all.
    mmap : bool, default False
        Uncompressed, aligned members are mapped and read-only unless writeable; all others are read.
    writeable : bool, default False
        True makes mapped tensors writeable; writes never reach the file.
    raw_dtype : optional
        As load_npy.

    Returns
    -------
    dict[str, Any]
        The tensors of a .npz archive by name: new tensors, or views of the mapped file.

    Raises
    ------
    OSError
        As open() raises it for files that cannot be read.
    ValueError
        For a name that is not there and for a file that is no archive.
    TypeError
        For names that are no strings and for what is no path or no dtype.

    Examples
    --------
    >>> tenon.save_npz("t.npz", {"a": tenon.tensor([1, 2])})
    >>> tenon.load_npz("t.npz")
    {'a': tensor([1, 2])}
    """
    return _C._load_npz(path, None if names is None else list(names), mmap, writeable, raw_dtype)


def npz_names(path: Path) -> list[str]:
    """The names in a .npz archive, in its order.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.

    Returns
    -------
    list[str]
        The names.

    Raises
    ------
    OSError
        As open() raises it for files that cannot be read.
    ValueError
        For one that is no archive.
    TypeError
        For what is no path.

    Examples
    --------
    >>> tenon.save_npz("t.npz", {"a": tenon.tensor([1, 2])})
    >>> tenon.npz_names("t.npz")
    ['a']
    """
    return _C._npz_names(path)


def save_npz(path: Path, tensors: Mapping[str, Any], *, compressed: bool = False) -> None:
    """Writes tensors by name as a .npz archive that NumPy reads; uncompressed members can be mapped again.

    The file is written beside the target and renamed.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.
    tensors : Mapping[str, Any]
        The tensors by name.
    compressed : bool, default False
        True compresses the members; they cannot be mapped then.

    Returns
    -------
    None

    Raises
    ------
    OSError
        As open() raises it for a place that cannot be written.
    TypeError
        For names that are no strings and for what is no array-like or no path.
    ValueError
        For a compressed of several elements.

    Examples
    --------
    >>> tenon.save_npz("t.npz", {"a": tenon.tensor([1, 2])})
    >>> tenon.npz_names("t.npz")
    ['a']
    """
    try:
        named = dict(tensors)
    except (TypeError, ValueError):
        got = type(tensors).__name__
        raise TypeError(f"save_npz: tensors must be a mapping of names to tensors; got {got}") from None
    _C._save_npz(path, named, compressed)


def load_safetensors(
    path: Path, *, mmap: bool = True, device: Any = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """(tensors by name, metadata) of a .safetensors file.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.
    mmap : bool, default True
        Tensors on the CPU are read-only views of one mapping where they are aligned.
    device : device or str, optional
        Where the result lies; None for the operand's device, or the CPU where there is none.

    Returns
    -------
    tuple[dict[str, Any], dict[str, str]]
        Views of one mapping, or tensors that own their memory.

    Raises
    ------
    OSError
        As open() raises it for files that cannot be read.
    ValueError
        For one that is not what it claims to be and for a name that is no device's.
    TypeError
        For what is no path.
    RuntimeError
        For a device that is not there.

    Examples
    --------
    >>> tenon.save_safetensors("t.safetensors", {"a": tenon.tensor([1, 2])})
    >>> tenon.load_safetensors("t.safetensors")
    ({'a': tensor([1, 2])}, {})
    """
    return _C._load_safetensors(path, mmap, device)


def save_safetensors(
    path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors by name as a .safetensors file.

    Parameters
    ----------
    path : Path
        Where the file is: a string, bytes or a path object.
    tensors : Mapping[str, Any]
        The tensors by name.
    metadata : Mapping[str, str] | None, optional
        A dict of strings.

    Returns
    -------
    None

    Raises
    ------
    TypeError
        For complex128, which the format lacks, for names and metadata that are no strings, and for what is no
        array-like or no path.
    ValueError
        For the name ``__metadata__``.
    OSError
        As open() raises it for a place that cannot be written.

    Examples
    --------
    >>> tenon.save_safetensors("t.safetensors", {"a": tenon.tensor([1, 2])})
    >>> tenon.load_safetensors("t.safetensors")[0]
    {'a': tensor([1, 2])}
    """
    _C._save_safetensors(path, dict(tensors), None if metadata is None else dict(metadata))


def read_csv(
    path: Any, *, columns: Iterable[str] | None = None, as_tensor: bool = False, **kwargs: Any
) -> Any:
    """The columns of a CSV file as tensors, read by pandas.

    Parameters
    ----------
    path
        Where the file is: a string, bytes or a path object.
    columns : Iterable[str] | None, optional
        The names to return (default: all). The others are read, too: that is how rows of another length are
        found.
    as_tensor : bool, default False
        One tensor of shape (rows, columns) in the columns' common dtype, instead of a dict of vectors by
        name.
    kwargs
        What pandas.read_csv takes.

    Returns
    -------
    dict[str, Tensor] or Tensor
        A vector for each column, or the one matrix. A vector shares its column's memory and is read-only.

    Raises
    ------
    TypeError
        For a column that is not numeric; the message names it.
    ImportError
        Without pandas.
    ValueError
        For columns that are not there, and for rows that are longer than the header. (Shorter ones end in
        NaN.)
    OSError
        As open() raises it for files that cannot be read.

    Examples
    --------
    >>> tenon.read_csv("table.csv")  # doctest: +SKIP
    """
    import warnings

    try:
        import pandas as pd
    except ModuleNotFoundError as e:
        if e.name != "pandas":  # it is there, and what it needs is not: its own words tell
            raise
        raise ImportError("read_csv: pandas reads the file; pip install pandas") from None
    names = None if columns is None else list(columns)
    # Left to itself, pandas takes the first column for an index where rows are longer than the header.
    kwargs.setdefault("index_col", False)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Length of header or names", pd.errors.ParserWarning)
        try:
            # Without usecols: with it pandas says nothing of rows that are too long.
            frame = pd.read_csv(path, **kwargs)
        except pd.errors.ParserWarning:
            raise ValueError(
                "read_csv: the rows have more fields than the header has names; pass index_col=0 to leave "
                "the first one out, or names=[...] with header=0 to name them all"
            ) from None
    if names is not None:
        lost = [name for name in names if name not in frame.columns]
        if lost:
            raise ValueError(f"read_csv: there are no columns {lost}; the file has {list(frame.columns)}")
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
