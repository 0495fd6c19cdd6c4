"""What the namespace says about itself: ``__array_namespace_info__`` of the Array API standard."""

from __future__ import annotations

from typing import Any

from tenon import _C

_STANDARD = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
_STANDARD["integral"] = _STANDARD["signed integer"] + _STANDARD["unsigned integer"]
_STANDARD["numeric"] = _STANDARD["integral"] + _STANDARD["real floating"] + _STANDARD["complex floating"]


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
        if kind is None:
            names = _STANDARD["bool"] + _STANDARD["numeric"]
        elif isinstance(kind, tuple):
            names = tuple(n for k in kind for n in self.dtypes(kind=k))
        elif kind in _STANDARD:
            names = _STANDARD[kind]
        else:
            raise ValueError(f"dtypes: there is no kind {kind!r}; use one of {', '.join(_STANDARD)}")
        return {n: getattr(_C, n) for n in names}

    def devices(self) -> tuple[Any, ...]:
        """All devices that can be used."""
        from tenon import cuda

        n = cuda.device_count() if cuda.is_available() else 0
        return (_C.device("cpu"), *(_C.device(f"cuda:{i}") for i in range(n)))
