"""What the namespace says about itself: ``__array_namespace_info__`` of the Array API standard."""

from __future__ import annotations

from typing import Any

from tenon import _C

# The standard's; tenon has more.
_STANDARD = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
_isdtype = _C._numpy_names["tenon.numpy"]["isdtype"]


class __array_namespace_info__:
    """Capabilities, devices and dtypes of tenon.numpy."""

    def capabilities(self) -> dict[str, Any]:
        """What the namespace can do."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Any:
        """The device of new tensors."""
        return _C.device("cpu")

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """The dtypes of new tensors, by kind."""
        return {
            "real floating": _C.get_default_dtype(),
            "complex floating": _C.complex64 if _C.get_default_dtype() == _C.float32 else _C.complex128,
            "integral": _C.int64,
            "indexing": _C.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        """The standard's dtypes by name; those of one kind, or of a tuple of kinds."""
        found = {name: getattr(_C, name) for name in _STANDARD}
        return found if kind is None else {n: d for n, d in found.items() if _isdtype(d, kind)}

    def devices(self) -> tuple[Any, ...]:
        """All devices that can be used."""
        from tenon import cuda

        n = cuda.device_count() if cuda.is_available() else 0
        return (_C.device("cpu"), *(_C.device(f"cuda:{i}") for i in range(n)))
