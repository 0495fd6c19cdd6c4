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
        return _C._from_buffer(obj, op)
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

_CODES = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}


def _dtype_of(typestr: str, op: str) -> str:
    order, code, size = typestr[0], typestr[1], int(typestr[2:])
    swapped = ">" if sys.byteorder == "little" else "<"
    if code not in _CODES or (order == swapped and size > 1):
        raise TypeError(
            f"{op}: an array interface of type {typestr!r} has no tensor dtype; copy it into a native "
            f"one first"
        )
    return "bool" if code == "b" else f"{_CODES[code]}{8 * size}"


def _from_interface(obj: Any, interface: dict[str, Any], op: str, device: str) -> Result:
    dtype = _dtype_of(interface["typestr"], op)
    shape = tuple(interface["shape"])
    if interface.get("mask") is not None:
        raise TypeError(f"{op}: a masked array would lose its mask; fill it first")
    data = interface.get("data")
    if isinstance(data, tuple):
        return _C._from_address(
            data[0] or 0, shape, interface.get("strides"), dtype, bool(data[1]), device, obj, op
        )
    if data is None:
        data = obj  # the buffer protocol lends the bytes
    if 0 in shape:
        return _C._from_address(0, shape, None, dtype, False, "cpu", obj, op)
    flat = _C.frombuffer(data, dtype=dtype, offset=int(interface.get("offset", 0)))
    strides = interface.get("strides")
    if strides is not None:
        return _C._from_address(flat.data_ptr(), shape, strides, dtype, flat.readonly, "cpu", flat, op)
    return flat.reshape(shape)


def _through_array(obj: Any, op: str) -> Result:
    import numpy as np

    array = np.asarray(obj)
    if not isinstance(array, np.ndarray) or (array.ndim == 0 and array.dtype == object):
        raise TypeError(f"{op}: __array__ of a {type(obj).__qualname__} gives no array")
    return array


def _arrow(obj: Any, op: str) -> Result:
    try:
        return _C._from_arrow(obj, False)
    except BufferError as e:
        return _C._from_arrow(obj, True), str(e)


# ---- libraries whose objects need more than a protocol ----

_FIXES = {
    "O": "it holds Python objects",
    "M": "it holds times: share them with .astype('int64')",
    "m": "it holds time spans: share them with .astype('int64')",
}


def _pandas_problem(dtype: Any) -> str | None:
    """Why a pandas column has no tensor dtype; None if it has one."""
    import numpy as np

    if isinstance(dtype, np.dtype):
        return None if dtype.kind in "biufc" else _FIXES.get(dtype.kind, "it is not numeric")
    text = str(dtype)
    if text == "category":
        return "it is categorical: use its .cat.codes"
    if text.startswith(("string", "str")):
        return "it holds strings"
    if getattr(dtype, "numpy_dtype", None) is not None and getattr(dtype, "kind", "O") in "biuf":
        kind = "float64" if dtype.kind == "f" else f"{dtype.numpy_dtype}"
        return f"it is nullable: use .astype({kind!r}), or .fillna(value) first where values are missing"
    if text.startswith("datetime64"):
        return "it holds times with a zone: share them with .astype('int64')"
    return "it is an extension type: convert it with .astype('float64')"


def _pandas(obj: Any, op: str) -> Result:
    if hasattr(obj, "columns") and hasattr(obj, "dtypes"):
        for name, dtype in zip(obj.columns, obj.dtypes, strict=True):
            problem = _pandas_problem(dtype)
            if problem is not None:
                raise TypeError(
                    f"{op}: column {name!r} of the frame has dtype {dtype}, which has no tensor dtype: "
                    f"{problem}; "
                    f'df.select_dtypes("number") keeps the numeric columns'
                )
        if len(set(obj.dtypes)) <= 1:
            return obj.to_numpy(copy=False)
        import numpy as np

        common = np.result_type(*obj.dtypes)
        return obj.to_numpy(dtype=common), f"the columns have several dtypes, joined as {common}"
    dtype = getattr(obj, "dtype", None)
    if dtype is None or not hasattr(obj, "to_numpy"):
        return None
    problem = _pandas_problem(dtype)
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
                raise TypeError(
                    f"{op}: column {name!r} of the frame has dtype {dtype}, which has no tensor dtype; "
                    f"df.select(polars.selectors.numeric()) keeps the numeric columns"
                )
        import numpy as np

        array = obj.to_numpy()
        return (
            array
            if isinstance(array, np.ndarray) and not array.flags.owndata
            else (array, "the frame's columns lie apart")
        )
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
        import numpy as np

        columns = [
            column.to_numpy() if hasattr(column, "chunks") else column.to_numpy(zero_copy_only=False)
            for column in obj.columns
        ]
        return np.stack(columns, axis=1), "the table's columns lie apart"
    if hasattr(obj, "to_numpy") and hasattr(obj, "strides") and not hasattr(obj, "__arrow_c_array__"):
        return obj.to_numpy()  # pyarrow.Tensor
    if hasattr(obj, "__arrow_c_array__") or hasattr(obj, "__arrow_c_stream__"):
        return _arrow(obj, op)
    return None


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
    return _from_interface(obj, interface, op, "cpu"), "an image's pixels are packed into fresh memory"


_LIBRARIES = {
    "pandas": _pandas,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "h5py": _h5py,
    "PIL": _pillow,
}
