"""Limits of dtypes: thin counterparts of ``np.finfo`` and ``np.iinfo`` that need no NumPy."""

from __future__ import annotations

from tenon import _C

# Bits, explicit mantissa bits, exponent bias of the largest power of two, and the largest number.
_FLOATS = {
    "float16": (16, 10, 15),
    "bfloat16": (16, 7, 127),
    "float32": (32, 23, 127),
    "float64": (64, 52, 1023),
    "float8_e5m2": (8, 2, 15),
    "float8_e4m3fn": (8, 3, 8),
}


def _name(dtype: object) -> str:
    if isinstance(dtype, _C.Tensor):
        dtype = dtype.dtype
    return str(_C.dtype(dtype).name)


class finfo:
    """The limits of a floating dtype; of a complex one, those of its parts.

    Attributes: bits, eps (the step from 1 to the next number), max, min, tiny and smallest_normal, resolution
    (the decimal digits that survive, as a power of ten), dtype (the name). TypeError for other dtypes.

    >>> tenon.finfo(tenon.float32).eps
    1.1920928955078125e-07
    """

    __module__ = "tenon"

    def __init__(self, dtype: object = None) -> None:
        name = _name(_C.get_default_dtype() if dtype is None else dtype)
        name = {"complex64": "float32", "complex128": "float64"}.get(name, name)
        if name not in _FLOATS:
            raise TypeError(f"finfo: a floating dtype is needed; got {name}, use iinfo")
        bits, mantissa, emax = _FLOATS[name]
        self.dtype = name
        self.bits = bits
        self.eps = 2.0**-mantissa
        # e4m3fn has no infinity: its largest exponent holds numbers, all but the last of which are used.
        last = 1.75 if name == "float8_e4m3fn" else 2.0 - self.eps
        self.max = last * 2.0**emax
        self.min = -self.max
        self.smallest_normal = self.tiny = 2.0 ** (-6 if name == "float8_e4m3fn" else 1 - emax)
        self.resolution = 10.0 ** -max(int(mantissa * 0.30102999566398), 1)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype; TypeError for others. Attributes: bits, min, max, dtype (the name).

    >>> tenon.iinfo(tenon.int8).max
    127
    """

    __module__ = "tenon"

    def __init__(self, dtype: object) -> None:
        name = _name(dtype)
        if not name.startswith(("int", "uint")):
            raise TypeError(f"iinfo: an integer dtype is needed; got {name}, use finfo")
        self.dtype = name
        self.bits = int(name.lstrip("uint"))
        signed = name.startswith("int")
        self.min = -(2 ** (self.bits - 1)) if signed else 0
        self.max = 2 ** (self.bits - signed) - 1

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
