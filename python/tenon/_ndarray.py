"""What a tensor has of an ndarray besides its operations: ``flags``, ``flat``, and ways into files.

Imported by python/src/ndarray.cc on first need; what elements do is always an operation of the core.
"""

from __future__ import annotations

import operator

from tenon import _C

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Each of NumPy's keys with its short form and its attribute.
_NAMES = {
    "C_CONTIGUOUS": ("C", "CONTIGUOUS"),
    "F_CONTIGUOUS": ("F", "FORTRAN"),
    "OWNDATA": ("O",),
    "WRITEABLE": ("W",),
    "ALIGNED": ("A",),
    "WRITEBACKIFCOPY": ("X",),
    "FNC": (),
    "FORC": (),
    "BEHAVED": ("B",),
    "CARRAY": ("CA",),
    "FARRAY": ("FA",),
}
_KEYS = {name: key for key, others in _NAMES.items() for name in (key, *others)}


class Flags:
    """How a tensor's elements lie and who may write them: NumPy's flags, by key or attribute."""

    __slots__ = ("_tensor",)
    __module__ = "tenon"
    _tensor: Any

    def __init__(self, tensor: Any) -> None:
        object.__setattr__(self, "_tensor", tensor)

    def _value(self, key: str) -> bool:
        t = self._tensor
        c, f = t.is_contiguous(), t.T.is_contiguous()
        values = {
            "C_CONTIGUOUS": c,
            "F_CONTIGUOUS": f,
            "OWNDATA": t.base is None,
            "WRITEABLE": not t.readonly,
            "ALIGNED": True,
            "WRITEBACKIFCOPY": False,
            "FNC": f and not c,
            "FORC": f or c,
            "BEHAVED": not t.readonly,
            "CARRAY": c and not t.readonly,
            "FARRAY": f and not c and not t.readonly,
        }
        return values[key]

    def __getitem__(self, key: str) -> bool:
        if key not in _KEYS:
            raise KeyError(f"flags: there is no flag {key!r}; they are {', '.join(_NAMES)}")
        return self._value(_KEYS[key])

    def __getattr__(self, name: str) -> bool:
        if name.upper() not in _KEYS or not name.islower():
            raise AttributeError(f"flags: there is no flag {name!r}; they are {', '.join(_NAMES).lower()}")
        return self._value(_KEYS[name.upper()])

    def __setitem__(self, key: str, value: bool) -> None:
        if _KEYS.get(key) != "WRITEABLE":
            raise ValueError(f"flags: {key!r} cannot be set; 'WRITEABLE' can")
        if not value:
            self._tensor._make_read_only()
        elif self._tensor.readonly:
            raise ValueError("flags: a read-only tensor stays so; use .clone() for a writeable copy")

    def __setattr__(self, name: str, value: bool) -> None:
        self[name.upper()] = value

    @property
    def num(self) -> int:
        """NumPy's flags as bits."""
        bits = {"C_CONTIGUOUS": 1, "F_CONTIGUOUS": 2, "OWNDATA": 4, "ALIGNED": 0x100, "WRITEABLE": 0x400}
        return sum(bit for key, bit in bits.items() if self[key])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Flags) and all(self[key] == other[key] for key in _NAMES)

    __hash__ = None  # type: ignore[assignment]

    def __dir__(self) -> list[str]:
        return [*(key.lower() for key in _NAMES), "num"]

    def __repr__(self) -> str:
        shown = ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA", "WRITEABLE", "ALIGNED", "WRITEBACKIFCOPY")
        return "\n".join(f"  {key} : {self[key]}" for key in shown)


def _comparison(how: Any) -> Any:
    def compare(self: FlatIterator, other: Any) -> Any:
        return how(self.base.reshape(-1), other.copy() if isinstance(other, FlatIterator) else other)

    return compare


class FlatIterator:
    """The elements in row-major order: iterable once, and indexable as one dimension."""

    __slots__ = ("_at", "base")
    __module__ = "tenon"

    def __init__(self, base: Any) -> None:
        self.base = base
        self._at = 0

    @property
    def index(self) -> int:
        """The place of the element that comes next."""
        return self._at

    @property
    def coords(self) -> tuple[int, ...]:
        """Its indices."""
        at, found = self._at, []
        for n in reversed(self.base.shape):
            found.append(at % n if n else 0)
            at //= n or 1
        return tuple(reversed(found))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._at >= len(self):
            raise StopIteration
        self._at += 1
        return self[self._at - 1]

    def __len__(self) -> int:
        return int(self.base.numel())

    def _places(self, key: Any) -> Any:
        places = _C.arange(len(self), device=self.base.device)
        return places[key]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            raise IndexError("flat: one index is taken; got a tuple")
        if hasattr(key, "__index__") and not hasattr(key, "shape"):
            n, i = len(self), operator.index(key)
            if not -n <= i < n:
                raise IndexError(f"flat: index {i} is out of range for {n} elements")
            return self.base[_indices(i % n, self.base.shape)]
        return _C.take(self.base, self._places(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, tuple):
            raise IndexError("flat: one index is taken; got a tuple")
        self.base.put(self._places(key), value)

    def copy(self) -> Any:
        """The elements in a new tensor of one dimension."""
        return self.base.reshape(-1).clone()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.copy().__array__(dtype)

    # By the elements, as NumPy's; identity would make `a[a.flat == 3]` an index of False.
    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    __hash__ = None  # type: ignore[assignment]


def _indices(at: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    found = []
    for n in reversed(shape):
        at, i = divmod(at, n)
        found.append(i)
    return tuple(reversed(found))


def setflags(t: Any, write: Any = None, align: Any = None, uic: Any = None) -> None:
    """``Tensor.setflags``."""
    if align is not None or uic:
        raise ValueError("setflags: align and uic cannot be set; a tensor is aligned and never written back")
    if write is not None:
        t.flags.writeable = write


def tofile(t: Any, fid: Any, sep: str = "", format: str = "%s") -> None:
    """``Tensor.tofile``."""
    if not hasattr(fid, "write"):
        with open(fid, "wb") as file:
            tofile(t, file, sep, format)
        return
    if sep:
        text = sep.join(format % item for item in t.reshape(-1).tolist())
        try:
            fid.write(text.encode())
        except TypeError:  # a file of text
            fid.write(text)
    else:
        fid.write(t.tobytes())


def dump(t: Any, file: Any) -> None:
    """``Tensor.dump``."""
    if hasattr(file, "write"):
        file.write(dumps(t))
        return
    with open(file, "wb") as opened:
        opened.write(dumps(t))


def dumps(t: Any) -> bytes:
    """``Tensor.dumps``."""
    import pickle

    return pickle.dumps(t, protocol=2)


def byteswap(t: Any, inplace: bool = False) -> None:
    """Refused, with the way out."""
    raise TypeError(
        "byteswap: a tensor's bytes are in the machine's own order; use t.numpy().byteswap() on the ndarray"
    )


def newbyteorder(t: Any, new_order: str = "S") -> None:
    """Refused, with the way out."""
    raise TypeError(
        "newbyteorder: a tensor's bytes are in the machine's own order; use "
        "t.numpy().view(t.numpy().dtype.newbyteorder()) on the ndarray"
    )
