"""The border's policies and reports: what may be converted, what was copied, and why."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tenon import _C

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

# ---- policies ----


@contextmanager
def numpy_policy(*, detach: bool = False, to_cpu: bool = False) -> Iterator[None]:
    """Lets NumPy take tensors that it is otherwise refused, within a ``with`` block of this thread.

    Both hold for ``.numpy()``, ``np.asarray`` and all code that uses them, such as plotting libraries; detach
    also for ``memoryview`` and ``__dlpack__``. Policies nest: a block adds to what the outer one allows.

    Parameters
    ----------
    detach : bool, default False
        Tensors that require grad are read without their history.
    to_cpu : bool, default False
        Tensors on a device are copied to the CPU.

    Returns
    -------
    A context manager.

    Examples
    --------
    >>> with tenon.numpy_policy(detach=True):
    ...     np.asarray(tenon.ones(2, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    was_detach, was_to_cpu = _C._get_numpy_policy()
    _C._set_numpy_policy(detach or was_detach, to_cpu or was_to_cpu)
    try:
        yield
    finally:
        _C._set_numpy_policy(was_detach, was_to_cpu)


class Copy:
    """One place where the border has copied: how often, how many bytes, why."""

    def __init__(self, place: str, op: str, reason: str) -> None:
        self.place, self.op, self.reason = place, op, reason
        self.count = self.bytes = 0

    def __repr__(self) -> str:
        return f"{self.place}: {self.op}: {self.count} x, {self.bytes} bytes ({self.reason})"


class CopyLog:
    """What ``record_copies`` has seen, by place (``file:line``)."""

    def __init__(self) -> None:
        self.copies: dict[tuple[str, str, str], Copy] = {}

    @property
    def count(self) -> int:
        """The number of copies."""
        return sum(c.count for c in self.copies.values())

    @property
    def bytes(self) -> int:
        """The bytes copied."""
        return sum(c.bytes for c in self.copies.values())

    def __iter__(self) -> Iterator[Copy]:
        return iter(sorted(self.copies.values(), key=lambda c: -c.bytes))

    def __len__(self) -> int:
        return len(self.copies)

    def __str__(self) -> str:
        return "\n".join(map(repr, self)) or "no copies"


class _Watch(threading.local):
    forbidden = 0

    def __init__(self) -> None:
        self.logs: list[CopyLog] = []


_watch = _Watch()
_watchers = 0
_lock = threading.Lock()


@contextmanager
def _watching() -> Iterator[None]:
    global _watchers
    with _lock:
        _watchers += 1
        _C._watch_copies(True)
    try:
        yield
    finally:
        with _lock:
            _watchers -= 1
            _C._watch_copies(_watchers > 0)


@contextmanager
def no_copies() -> Iterator[None]:
    """Within the block, on this thread, a copy that the border makes on its own account is a BufferError.

    Copies that a name or an argument asks for (``clone``, ``tensor``, ``copy=True``) are not affected.

    Returns
    -------
    A context manager.
        Within the block, on this thread, a copy that the border makes on its own account is a BufferError.

    Examples
    --------
    >>> with tenon.no_copies():
    ...     t = tenon.asarray(np.zeros(2))
    >>> t.shape
    (2,)
    """
    with _watching():
        _watch.forbidden += 1
        try:
            yield
        finally:
            _watch.forbidden -= 1


@contextmanager
def record_copies() -> Iterator[CopyLog]:
    """Counts the copies that the border makes on its own account within the block, on this thread.

    The block gets a CopyLog: by place, how often, how many bytes, why.

    Returns
    -------
    CopyLog
        What the block gets.

    Examples
    --------
    >>> with tenon.record_copies() as copies:
    ...     t = tenon.asarray(np.arange(2, dtype=">i4"))  # swapped bytes
    >>> copies.count
    1
    """
    log = CopyLog()
    with _watching():
        _watch.logs.append(log)
        try:
            yield log
        finally:
            _watch.logs.remove(log)


_HERE = __file__.rpartition("/")[0]


def _place() -> str:
    """The line of the caller: the nearest frame outside the package."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _note_copy(op: str, reason: str, size: int) -> None:
    """Called from C++ for each copy of the border while someone watches."""
    if _watch.forbidden:
        raise BufferError(f"{op}: no_copies() forbids the copy of {size} bytes that this needs: {reason}")
    for log in _watch.logs:
        key = (_place(), op, reason)
        entry = log.copies.setdefault(key, Copy(*key))
        entry.count += 1
        entry.bytes += size


# ---- explain ----


class Explanation:
    """Whether an object's memory is shared at the border, why (not), and what to do about it.

    >>> bool(tenon.explain(3))
    False
    """

    __slots__ = ("fix", "reason", "shared")

    def __init__(self, shared: bool, reason: str, fix: str = "") -> None:
        self.shared, self.reason, self.fix = shared, reason, fix

    def __bool__(self) -> bool:
        return self.shared

    def __repr__(self) -> str:
        return f"{'shared' if self.shared else 'not shared'}: {self.reason}" + (
            f"; {self.fix}" if self.fix else ""
        )


def explain(obj: Any) -> Explanation:
    """Says whether an object would be shared or copied on its way over the border, why, and what to do.

    For a tensor: what ``.numpy()`` and ``np.asarray`` do. For anything else: what ``tenon.asarray`` does.
    Nothing is copied to find out, apart from what the object's own protocols do when they are asked. It
    raises nothing: what is no array is an Explanation, too.

    Parameters
    ----------
    obj
        Any object.

    Returns
    -------
    Explanation
        Says whether an object would be shared or copied on its way over the border, why, and what to do.

    Examples
    --------
    >>> tenon.explain(np.zeros(2)).shared
    True
    """
    if isinstance(obj, _C.Tensor):
        return _explain_tensor(obj)
    if isinstance(obj, (bool, int, float, complex)):
        return Explanation(False, "a number has no memory of its own")
    if isinstance(obj, (list, tuple, range)):
        return Explanation(
            False,
            "a sequence's elements are separate objects, read one by one",
            "keep the numbers in an ndarray",
        )
    np = sys.modules.get("numpy")
    if np is not None and isinstance(obj, np.generic):
        return Explanation(False, "a NumPy scalar is a number without memory of its own")
    if np is not None and isinstance(obj, np.ndarray):
        return _explain_array(obj)
    if type(obj).__module__.partition(".")[0] == "h5py" and hasattr(obj, "read_direct"):
        return Explanation(
            False,
            "the data set is in a file and is read into fresh memory",
            "use a contiguous .npy file with mmap=True",
        )
    from tenon._ingest import foreign

    try:
        found = foreign(obj, "asarray")
    except (TypeError, ValueError, BufferError, RuntimeError) as e:
        return _refused(e)
    if isinstance(found, tuple):
        return _refused(found[1])
    if isinstance(found, _C.Tensor):
        return Explanation(True, f"a {type(obj).__name__} lends its memory" + _rights(found.readonly))
    return _explain_array(found)


def _rights(read_only: bool) -> str:
    return ", read-only: .clone() gives a writeable copy" if read_only else ""


def _refused(error: Exception | str) -> Explanation:
    reason, _, fix = str(error).partition("; ")
    return Explanation(False, reason, fix)


def _explain_tensor(t: Any) -> Explanation:
    detach, to_cpu = _C._get_numpy_policy()
    if t.requires_grad and not detach and _C.is_grad_enabled():
        return Explanation(
            False,
            "the tensor requires grad, and NumPy would not record what happens to it",
            "use .detach().numpy()",
        )
    if t.device.type == "unified":
        from tenon._cuda_unified import of_tensor

        return Explanation(True, "NumPy sees the tensor's own memory: " + of_tensor(t) + _rights(t.readonly))
    if str(t.device) != "cpu":
        if to_cpu:
            return Explanation(
                False, f"the tensor is on {t.device}: numpy_policy(to_cpu=True) gives NumPy a copy on the CPU"
            )
        return Explanation(
            False, f"the tensor is on {t.device}, which NumPy cannot read", "use .cpu().numpy(), a copy"
        )
    try:
        t.dtype.numpy  # noqa: B018
    except (TypeError, ImportError) as e:
        return _refused(e)
    return Explanation(True, "NumPy sees the tensor's own memory" + _rights(t.readonly))


def _explain_array(array: Any) -> Explanation:
    try:
        t = _C.from_numpy(array)
    except (TypeError, ValueError) as e:
        return _refused(e)
    return Explanation(True, "the array's memory is used as it lies" + _rights(t.readonly))


# ---- arrays of records ----


def from_struct(array: Any) -> dict[str, Any]:
    """The fields of a structured array as tensors over its memory, without a copy.

    Parameters
    ----------
    array : array_like
        An ndarray of a structured dtype, of any shape.

    Returns
    -------
    dict[str, Any]
        One tensor per field, by name, over the array's memory. Each has the array's shape and strides; a
        field that is an array adds its dimensions. Nested records give nested dicts.

    Raises
    ------
    ValueError
        Naming the field, where a field's bytes lie at no multiple of its item size.
    TypeError
        For fields without a tensor dtype and for what is no structured array.

    Examples
    --------
    >>> a = np.array([(1, 2.0)], dtype=[("i", "i8"), ("x", "f8")])
    >>> tenon.from_struct(a)["x"]
    tensor([2.], dtype=tenon.float64)
    """
    fields = getattr(getattr(array, "dtype", None), "fields", None)
    if not fields:
        raise TypeError(f"from_struct: expected an ndarray of a structured dtype; got {type(array).__name__}")
    if not isinstance(array, sys.modules["numpy"].ndarray):
        raise TypeError("from_struct: a record alone lends no memory; pass a part of its array, array[i:i+1]")
    result: dict[str, Any] = {}
    for name in array.dtype.names:
        part = array[name]
        if part.dtype.fields:
            result[name] = from_struct(part)
            continue
        try:
            result[name] = _C.from_numpy(part)
        except (TypeError, ValueError) as e:
            # Where the layout alone is in the way.
            mend = isinstance(e, ValueError) and part.dtype.isnative
            raise type(e)(
                f"from_struct: field {name!r} of dtype {part.dtype} cannot be shared: {e}"
                + ("; np.dtype(..., align=True) lays fields out so that they can be" if mend else "")
            ) from None
    return result


# ---- NumPy's namespace protocols ----

_API_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


def array_namespace(api_version: str | None) -> Any:
    """The namespace behind ``__array_namespace__``."""
    if api_version is not None and api_version not in _API_VERSIONS:
        raise ValueError(
            f"__array_namespace__: api_version {api_version!r} is not supported; use {_API_VERSIONS[-1]!r}"
        )
    import tenon.numpy

    return tenon.numpy


_functions: dict[Callable[..., Any], Callable[..., Any]] | None = None
_creation: frozenset[Callable[..., Any]] = frozenset()
#: Whether pandas may be what calls: it has been imported.
pandas_calls = False


def array_function(
    func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any], asked: Any
) -> Any:
    """What ``Tensor.__array_function__`` of the tensor asked returns: the result of tenon.numpy's function of
    that name.
    """
    import numpy as np

    for t in types:
        if t is np.ndarray or issubclass(t, _C.Tensor):
            continue
        if not issubclass(t, np.ndarray) or t.__array_function__ is not np.ndarray.__array_function__:
            return NotImplemented
    global _functions, _creation
    if _functions is None:
        from tenon.numpy._table import creation, functions

        _functions, _creation = functions(), creation()
    implementation = _functions.get(func)
    if implementation is None:
        name = f"{func.__module__}.{func.__name__}".replace("numpy.", "np.", 1)
        raise TypeError(
            f"{name}: tenon has no implementation of this NumPy function for tensors; "
            f"call it on tensor.numpy() (tensor.detach().cpu().numpy() where it requires grad or is on "
            f"a device)"
        )
    if kwargs:
        kwargs = {k: v for k, v in kwargs.items() if v is not np._NoValue}
    if func in _creation:  # NumPy asks the tensor given as like=, and takes the keyword away
        kwargs = {**kwargs, "like": asked}
    result = implementation(*args, **kwargs)
    if pandas_calls and isinstance(result, _C.Tensor):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.startswith("pandas."):  # what it computes becomes a column of its own
            return result.numpy()
    return result


# ---- configuration ----


def show_config() -> None:
    """Prints what this installation of tenon runs on: version, threads, BLAS, devices, NumPy.

    Returns
    -------
    None

    Examples
    --------
    >>> tenon.show_config()  # doctest: +SKIP
    """
    import platform

    from tenon import cuda

    blas = _C._blas_info()
    numpy = sys.modules.get("numpy")
    rows = {
        "tenon": _C.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": _C.get_num_threads(),
        "blas": f"{blas['name']} ({blas['threads']} threads)",
        "blas library": blas["library"] or "-",
        "blas config": blas["config"],
        "cuda devices": cuda.device_count() if cuda.is_available() else "none",
        "numpy": getattr(numpy, "__version__", None) or _numpy_version(),
    }
    width = max(map(len, rows))
    for key, value in rows.items():
        print(f"{key:<{width}}  {value}")


def _numpy_version() -> str:
    from importlib import metadata

    try:
        return f"{metadata.version('numpy')} (not loaded)"
    except metadata.PackageNotFoundError:
        return "not installed"
