"""Limits of dtypes: thin counterparts of ``np.finfo`` and ``np.iinfo`` that need no NumPy."""

from __future__ import annotations

from tenon import _C


def _dtype(dtype: object) -> _C.dtype:
    return _C.dtype(dtype.dtype if isinstance(dtype, _C.Tensor) else dtype)


class finfo:
    """The limits of a floating dtype; of a complex one, those of its parts.

    Attributes: bits, eps (the step from 1 to the next number), max, min, tiny and smallest_normal, resolution
    (the decimal digits that survive, as a power of ten), dtype (the name). TypeError for other dtypes.

    >>> tenon.finfo(tenon.float32).eps
    1.1920928955078125e-07
    """

    __module__ = "tenon"

    def __init__(self, dtype: object = None) -> None:
        d = _dtype(_C.get_default_dtype() if dtype is None else dtype)
        if not (d.is_floating_point or d.is_complex):
            raise TypeError(f"finfo: a floating dtype is needed; got {d.name}, use iinfo")
        real, self.bits, self.min, self.max, self.eps, self.tiny, digits = _C._limits(d)
        self.dtype = real.name
        self.smallest_normal = self.tiny
        self.resolution = 10.0 ** -max(digits, 1)

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
        d = _dtype(dtype)
        if d.is_floating_point or d.is_complex or d == _C.bool:
            raise TypeError(f"iinfo: an integer dtype is needed; got {d.name}, use finfo")
        self.dtype = d.name
        _, self.bits, self.min, self.max = _C._limits(d)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
