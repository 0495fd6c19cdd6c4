"""Foreign objects as tensors: which protocol an object is asked by, and in which order.

``tenon.tensor``, ``as_tensor``, ``asarray`` and every operand come here with what is neither a tensor, an
ndarray, a number nor a sequence. Nothing here imports a library that the object's own module has not
imported.
"""

from __future__ import annotations

import sys
from typing import Any

from tenon import _C

#: What ``foreign`` returns: the object's memory, or (fresh memory, why it had to be copied).
Result = Any


def _module(obj: object) -> str:
    return type(obj).__module__.partition(".")[0]


def foreign(obj: Any, op: str) -> Result:
    """The memory of a foreign object.

    Returns a tensor or ndarray over the object's memory, or a pair of one in fresh memory and the reason for
    the copy. Raises TypeError for objects that are no arrays, naming what is in the way.

    The order: DLPack (its C table first), the CUDA array interface, what is known of pandas, Polars, PyArrow,
    h5py and Pillow, the array interface, the buffer protocol, ``__array__``, Arrow, sequences.
    """
    own = _LIBRARIES.get(_module(obj))
    if own is not None:
        found = own(obj, op)
        if found is not None:
            return found
    kind = type(obj)
    refused: Exception | None = None
    if kind.__name__ == "PyCapsule":
        return _C.from_dlpack(obj)
    if hasattr(kind, "__dlpack_c_exchange_api__") or hasattr(kind, "__dlpack__"):
        try:
            return _C.from_dlpack(obj)
        except (BufferError, TypeError, ValueError, RuntimeError) as e:
            refused = e  # another protocol may do; otherwise this is what the user sees
            if "requires grad" in str(e) or "require gradient" in str(e):
                raise
    interface = getattr(obj, "__cuda_array_interface__", None)
    if isinstance(interface, dict):
        return _from_interface(obj, interface, op, "cuda")
    interface = getattr(obj, "__array_interface__", None)
    if isinstance(interface, dict):
        return _from_interface(obj, interface, op, "cpu")
    try:
        memoryview(obj)
    except (TypeError, BufferError):
        pass
    else:
        t, swapped = _C._from_buffer(obj, op)
        return _unswapped(t, swapped)
    if hasattr(kind, "__array__"):
        return _through_array(obj, op)
    if hasattr(kind, "__arrow_c_array__") or hasattr(kind, "__arrow_c_stream__"):
        return _arrow(obj, op)
    if refused is not None:
        raise refused
    if hasattr(kind, "__len__") and hasattr(kind, "__getitem__") and not hasattr(kind, "keys"):
        return list(obj), "the elements are separate Python objects"
    way_out = ""
    if hasattr(kind, "keys"):
        way_out = "; pass one of its values, or list(obj.values())"
    elif hasattr(kind, "__iter__"):
        way_out = "; pass list(obj)"
    raise TypeError(
        f"{op}: a {kind.__module__}.{kind.__qualname__} is no array: it has neither __dlpack__, "
        f"__array_interface__, "
        f"a buffer, __array__ nor Arrow's interface{way_out}"
    )


# ---- interfaces ----

#: The type codes of array interfaces, without their byte order.
_TYPES = {
    "b1": "bool",
    **{f"i{n}": f"int{8 * n}" for n in (1, 2, 4, 8)},
    **{f"u{n}": f"uint{8 * n}" for n in (1, 2, 4, 8)},
    **{f"f{n}": f"float{8 * n}" for n in (2, 4, 8)},
    **{f"c{n}": f"complex{8 * n}" for n in (8, 16)},
}
_FOREIGN_ORDER = ">" if sys.byteorder == "little" else "<"


def _unswapped(t: Any, swapped: bool) -> Result:
    return (_C._swap_bytes(t), "the bytes of its elements are swapped") if swapped else t


def _entry(interface: dict[str, Any], name: str, kinds: tuple[type, ...], op: str) -> Any:
    value = interface.get(name)
    if not isinstance(value, kinds):
        raise TypeError(
            f"{op}: the object's array interface must have {name!r}, a {kinds[0].__name__}; got {value!r}"
        )
    return value


def _from_interface(obj: Any, interface: dict[str, Any], op: str, device: str) -> Result:
    typestr = _entry(interface, "typestr", (str,), op)
    dtype = _TYPES.get(typestr[1:]) if typestr[:1] in "<>|=" else None
    swapped = typestr[:1] == _FOREIGN_ORDER and typestr[2:] != "1"
    if dtype is None or (swapped and device != "cpu"):
        raise TypeError(
            f"{op}: an array interface of type {typestr!r} has no tensor dtype; convert the object to "
            f"numbers of this machine's byte order first, with .astype('float64') where it has that"
        )
    shape = _entry(interface, "shape", (tuple, list), op)
    strides = interface.get("strides")
    if interface.get("mask") is not None:
        raise TypeError(f"{op}: a masked array would lose its mask; fill it first")
    data = interface.get("data")
    if isinstance(data, tuple):
        if len(data) != 2 or not isinstance(data[0], (int, type(None))):
            raise TypeError(
                f"{op}: 'data' of the object's array interface must be (address, read-only); got {data!r}"
            )
        owner = obj
        if device == "cuda":
            device, owner = _on_device(obj, interface, data[0] or 0, op)
        t = _C._from_address(data[0] or 0, shape, strides, dtype, bool(data[1]), device, owner, op)
    elif 0 in shape:
        t = _C._from_address(0, shape, None, dtype, False, "cpu", obj, op)
    else:
        try:  # the buffer protocol lends the bytes
            lender = memoryview(obj if data is None else data)
        except (TypeError, BufferError):
            raise TypeError(
                f"{op}: the object's array interface must have 'data', (address, read-only) or a buffer; got "
                f"{data!r}"
            ) from None
        flat = _C.frombuffer(lender, dtype=_C.uint8)
        offset = int(interface.get("offset", 0))
        t = _C._from_address(
            flat.data_ptr() + offset, shape, strides, dtype, flat.readonly, "cpu", flat, op,
            offset, flat.nbytes - offset,
        )  # fmt: skip
    return _unswapped(t, swapped)


class _Lent:
    """Keeps the owner of a device's memory; the owner's stream waits at the end for those that used it."""

    __slots__ = ("borrower", "device", "lender", "owner")

    def __init__(self, owner: Any, device: int, lender: int):
        self.owner, self.device, self.lender = owner, device, lender
        self.borrower = _C._stream_current(device)
        _C._stream_wait((device, self.borrower), (device, lender))

    def __del__(self) -> None:
        try:
            for stream in {self.borrower, _C._stream_current(self.device)}:
                _C._stream_wait((self.device, self.lender), (self.device, stream))
        except (AttributeError, RuntimeError):
            pass  # the constructor failed, or nothing runs on the device any more


def _on_device(obj: Any, interface: dict[str, Any], address: int, op: str) -> tuple[str, Any]:
    """The device of a CUDA array interface, and what keeps its memory. The current stream waits for its."""
    index = _C._cuda_device_at(address) if address else 0
    if index < 0:
        raise ValueError(
            f"{op}: the address {address:#x} of the object's CUDA array interface is not memory of a device"
        )
    stream = interface.get("stream")
    if stream is None:  # nothing has to be waited for
        return f"cuda:{index}", obj
    if not isinstance(stream, int) or isinstance(stream, bool) or stream < 0:
        raise TypeError(f"{op}: 'stream' of a CUDA array interface must be a positive int; got {stream!r}")
    if stream == 0:
        raise ValueError(
            f"{op}: stream 0 of a CUDA array interface is ambiguous; the producer must give 1 for the "
            f"default stream or 2 for the thread's"
        )
    return f"cuda:{index}", _Lent(obj, index, _C._stream_of(index, stream))


def _through_array(obj: Any, op: str) -> Result:
    import numpy as np

    try:
        array, reason = obj.__array__(copy=False), None
    except TypeError:  # written before NumPy 2: whether it copies is not known
        array, reason = np.asanyarray(obj), None
    except ValueError:
        array, reason = np.asanyarray(obj), "the object's __array__ makes a copy"
    if not isinstance(array, np.ndarray) or (array.ndim == 0 and array.dtype == object):
        raise TypeError(f"{op}: __array__ of a {type(obj).__qualname__} gives no array")
    return (array, reason) if reason else array


def _arrow(obj: Any, op: str) -> Result:
    try:
        return _C._from_arrow(obj, False)
    except BufferError as e:
        return _C._from_arrow(obj, True), str(e)


# ---- libraries whose objects need more than a protocol ----

_FIXES = {
    "M": "it holds times: share them with .astype('int64')",
    "m": "it holds time spans: share them with .astype('int64')",
}


def _rows(values: Any) -> list[Any] | None:
    """The rows of a column that holds nothing but lists or arrays (embeddings)."""
    rows = list(values)
    return (
        rows
        if rows and all(hasattr(r, "__len__") and not isinstance(r, (str, bytes, dict)) for r in rows)
        else None
    )


def _first_offender(values: Any) -> str:
    """What is in the way among Python objects."""
    from numbers import Number

    for i, value in enumerate(values):
        if not isinstance(value, Number):
            text = repr(value)
            text = text if len(text) <= 60 else text[:57] + "..."
            return (
                f"element {i} is {text} ({type(value).__name__}): drop or encode what is no number, then use "
                f".astype('float64')"
            )
    return "it holds Python objects, which are all numbers: use .astype('float64')"


def _pandas_problem(column: Any, dtype: Any) -> str | None:
    """Why a pandas column (or array or index) has no tensor dtype; None if it has one."""
    import numpy as np

    if isinstance(dtype, np.dtype):
        if dtype.kind == "O":
            return _first_offender(column)
        return None if dtype.kind in "biufc" else _FIXES.get(dtype.kind, "it is not numeric")
    text = str(dtype)
    if type(dtype).__name__ == "NumpyEADtype":  # an array of pandas' around a plain one of NumPy's
        return _pandas_problem(column, dtype.numpy_dtype)
    if text == "category":
        return "it is categorical: use its .cat.codes"
    if text.startswith(("string", "str")):
        return "it holds strings"
    if getattr(dtype, "numpy_dtype", None) is not None and getattr(dtype, "kind", "O") in "biuf":
        kind = "float64" if dtype.kind == "f" else f"{dtype.numpy_dtype}"
        return f"it is nullable: use .astype({kind!r}), or .fillna(value) first where values are missing"
    if text.startswith("datetime64"):
        return "it holds times with a zone: share them with .astype('int64')"
    if text.startswith("period"):
        return "it holds periods: share their numbers with .astype('int64')"
    if text.startswith("interval"):
        return "it holds intervals: share their ends, .array.left and .array.right (an index: .left, .right)"
    return "it is an extension type: convert it with .astype('float64')"


def _pandas(obj: Any, op: str) -> Result:
    if hasattr(obj, "columns") and hasattr(obj, "dtypes"):
        for i, (name, dtype) in enumerate(zip(obj.columns, obj.dtypes, strict=True)):
            problem = _pandas_problem(obj.iloc[:, i] if dtype.kind == "O" else None, dtype)
            if problem is not None:
                raise TypeError(
                    f"{op}: column {name!r} of the frame has dtype {dtype}, which has no tensor dtype: "
                    f"{problem}; "
                    f'df.select_dtypes("number") keeps the numeric columns'
                )
        import numpy as np

        if len(set(obj.dtypes)) <= 1:
            array = obj.to_numpy(copy=False)
            # A frame of one block lends it; columns that were added lie in blocks of their own.
            if array.size == 0 or np.may_share_memory(array, obj.iloc[:, 0].to_numpy(copy=False)):
                return array
            return array, "the frame's columns lie apart; frame.copy() has them side by side"
        common = np.result_type(*obj.dtypes)
        return obj.to_numpy(dtype=common), f"the columns have several dtypes, joined as {common}"
    dtype = getattr(obj, "dtype", None)
    if dtype is None or not hasattr(obj, "to_numpy"):
        return None
    if str(dtype).startswith(("list<", "large_list<", "fixed_size_list<")):
        return _arrow(getattr(obj, "array", obj).__arrow_array__(), op)
    if str(dtype) == "object" and (rows := _rows(obj)) is not None:
        return rows, "its rows are separate Python objects"
    problem = _pandas_problem(obj, dtype)
    if problem is not None:
        name = getattr(obj, "name", None)
        what = f"the series {name!r}" if name is not None else "the series"
        raise TypeError(f"{op}: {what} has dtype {dtype}, which has no tensor dtype: {problem}")
    return obj.to_numpy(copy=False)


def _polars(obj: Any, op: str) -> Result:
    import polars as pl

    if isinstance(obj, pl.LazyFrame):
        raise TypeError(f"{op}: a LazyFrame has no memory yet; call .collect() first")
    if isinstance(obj, pl.DataFrame):
        for name, dtype in obj.schema.items():
            if not (dtype.is_numeric() or dtype == pl.Boolean) or dtype.is_decimal():
                lists = isinstance(dtype, (pl.List, pl.Array))
                raise TypeError(
                    f"{op}: column {name!r} of the frame has dtype {dtype}, which has no tensor dtype; "
                    + (
                        f"lists are a matrix of their own: pass df[{name!r}]"
                        if lists
                        else "df.select(polars.selectors.numeric()) keeps the numeric columns"
                    )
                )
        try:
            return obj.to_numpy(allow_copy=False)
        except RuntimeError:
            return obj.to_numpy(), "the frame's columns lie apart, are in chunks, or hold bools or nulls"
    if isinstance(obj, pl.Series):
        return _arrow(obj, op)
    return None


def _pyarrow(obj: Any, op: str) -> Result:
    if hasattr(obj, "column_names") and hasattr(obj, "columns"):  # Table, RecordBatch
        import pyarrow as pa

        for name, field in zip(obj.column_names, obj.schema, strict=True):
            if not (
                pa.types.is_integer(field.type)
                or pa.types.is_floating(field.type)
                or pa.types.is_boolean(field.type)
            ):
                raise TypeError(
                    f"{op}: column {name!r} of the table has type {field.type}, which has no tensor dtype; "
                    f"table.select([...]) keeps the numeric columns"
                )
        if not obj.columns:
            raise ValueError(f"{op}: the {type(obj).__name__} has no columns, so no numbers to share")
        import numpy as np

        columns = [
            column.to_numpy() if hasattr(column, "chunks") else column.to_numpy(zero_copy_only=False)
            for column in obj.columns
        ]
        return np.stack(columns, axis=1), "the table's columns lie apart"
    if hasattr(obj, "to_numpy") and hasattr(obj, "strides") and not hasattr(obj, "__arrow_c_array__"):
        return obj.to_numpy()  # pyarrow.Tensor
    if type(getattr(obj, "type", None)).__name__ == "FixedShapeTensorType":
        return _fixed_shape(obj, op)
    if hasattr(obj, "__arrow_c_array__") or hasattr(obj, "__arrow_c_stream__"):
        return _arrow(obj, op)
    return None


def _fixed_shape(obj: Any, op: str) -> Result:
    """Tensors of one shape: Arrow's interface has them as lists of all their elements."""
    found = _arrow(obj, op)
    rows, reason = found if isinstance(found, tuple) else (found, None)
    sizes, order = obj.type.shape, obj.type.permutation or range(len(obj.type.shape))
    t = rows.reshape((len(obj), *sizes)).permute((0, *(1 + d for d in order)))
    return (t, reason) if reason else t


def _h5py(obj: Any, op: str) -> Result:
    if hasattr(obj, "keys"):
        raise TypeError(f"{op}: an h5py {type(obj).__name__} holds data sets; pass one of them: file['name']")
    if hasattr(obj, "shape") and hasattr(obj, "dtype") and hasattr(obj, "read_direct"):
        import numpy as np

        return np.asarray(obj[()]), "h5py reads a data set into fresh memory"  # one read of the whole
    return None


def _pillow(obj: Any, op: str) -> Result:
    if not hasattr(obj, "__array_interface__"):
        return None
    interface = obj.__array_interface__  # its bytes are packed for this call
    found = _from_interface(obj, interface, op, "cpu")
    return found[0] if isinstance(found, tuple) else found, "an image's pixels are packed into fresh memory"


def _torch(obj: Any, op: str) -> Result:
    if hasattr(obj, "is_neg") and (obj.is_conj() or obj.is_neg()) and not obj.requires_grad:
        return _C.from_dlpack(obj.resolve_conj().resolve_neg()), "PyTorch has not computed its conjugate yet"
    return None


def _scipy(obj: Any, op: str) -> Result:
    if hasattr(obj, "toarray"):
        raise TypeError(
            f"{op}: a {type(obj).__name__} is sparse, and tensors are dense; pass its .toarray(), or its "
            f".data"
        )
    return None


def _dask(obj: Any, op: str) -> Result:
    if not hasattr(obj, "compute"):
        return None
    computed = obj.compute()
    fresh = foreign(computed, op) if not hasattr(computed, "__array__") else computed
    return fresh[0] if isinstance(fresh, tuple) else fresh, "Dask computes it into fresh memory"


def _jax(obj: Any, op: str) -> Result:
    if any(base.__name__ == "Tracer" for base in type(obj).__mro__):
        raise TypeError(
            f"{op}: a JAX tracer stands for values that are not there yet; inside jit, grad and vmap convert "
            f"the tensor: jnp.asarray(tensor)"
        )
    return None


def _pint(obj: Any, op: str) -> Result:
    if hasattr(obj, "magnitude"):
        raise TypeError(
            f"{op}: a {type(obj).__name__} would lose its unit; pass its magnitude in the unit that you "
            f"mean: quantity.m_as('{getattr(obj, 'units', '')}')"
        )
    return None


_LIBRARIES = {
    "dask": _dask,
    "jax": _jax,
    "jaxlib": _jax,
    "pint": _pint,
    "pandas": _pandas,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "h5py": _h5py,
    "PIL": _pillow,
    "scipy": _scipy,
    "torch": _torch,
}
