"""Checkpoints as text and tensors: what save() puts into a safetensors file, and how load() reads it back.

The text is JSON. Numbers, strings, None and lists stand for themselves; everything else is an object with one
entry: its kind, and what it is made of. Tensors are named by the way that leads to them.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections import Counter, OrderedDict, defaultdict

from tenon import _C
from tenon._C import Tensor

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

VERSION = 1
_DEEPEST = 200
_DICTS = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
_FLOATS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def parameter(t: Tensor, requires_grad: bool) -> Tensor:
    """A module's parameter over a tensor's memory."""
    from importlib import import_module

    made: Tensor = import_module("tenon.nn").Parameter(t, requires_grad)
    return made


# ---- to text ----


def _key(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)) or "tensor"


class Encoder:
    """Turns an object into text, and collects its tensors by name."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._seen: list[tuple[str, Tensor, dict[str, Any]]] = []  # tensors, and what the text says of each
        self._names: set[str] = set()
        self._open: set[int] = set()  # containers around the one that is read

    def text(self, x: Any) -> str:
        """The text of x; its tensors stand in ``tensors`` then."""
        root = self._node(x, ())
        self._place()
        return json.dumps({"version": VERSION, "root": root}, separators=(",", ":"), allow_nan=False)

    def _node(self, x: Any, path: tuple[Any, ...]) -> Any:
        kind = type(x)
        if x is None or kind is bool or kind is str or kind is int:
            return x
        if kind is float:
            return x if math.isfinite(x) else {"float": str(x)}
        if isinstance(x, Tensor):
            return self._tensor(x, path)
        if kind is complex:
            return {"complex": [self._node(x.real, path), self._node(x.imag, path)]}
        if kind is bytes or kind is bytearray:
            return {kind.__name__: base64.b64encode(x).decode("ascii")}
        if isinstance(x, _C.dtype):
            return {"dtype": x.name}
        if isinstance(x, _C.device):
            return {"device": str(x)}
        numpy = sys.modules.get("numpy")
        if numpy is not None and (kind is numpy.ndarray or isinstance(x, numpy.generic)):
            return self._array(x, path)
        return self._container(x, path)

    def _container(self, x: Any, path: tuple[Any, ...]) -> Any:
        if id(x) in self._open:
            raise ValueError(f"save: {self._told(path)} contains itself")
        if len(path) > _DEEPEST:
            raise ValueError(f"save: {self._told(path[:5])} is nested deeper than {_DEEPEST} levels")
        self._open.add(id(x))
        try:
            kind = type(x)
            if kind in (list, tuple, set, frozenset):
                items = [self._node(v, (*path, i)) for i, v in enumerate(x)]
                return items if kind is list else {kind.__name__: items}
            if kind in (*_DICTS.values(), defaultdict):
                return self._dict(x, path)
        finally:
            self._open.discard(id(x))
        raise self._refusal(x, path)

    def _dict(self, x: Any, path: tuple[Any, ...]) -> Any:
        pairs = [[self._dict_key(k, path), self._node(v, (*path, k))] for k, v in x.items()]
        name = "dict" if type(x) is defaultdict else type(x).__name__
        notes = getattr(x, "_metadata", None)  # a module's versions, beside its state
        if isinstance(notes, dict):
            return {name: pairs, "_metadata": self._node(notes, (*path, "_metadata"))}
        return {name: pairs}

    def _dict_key(self, k: Any, path: tuple[Any, ...]) -> Any:
        if isinstance(k, Tensor) or not isinstance(k, str | int | float | bytes | tuple | None):
            raise TypeError(
                f"save: the keys of {self._told(path)} must be strings, numbers, None or tuples; got "
                f"{type(k).__name__}"
            )
        return self._node(k, (*path, "key"))

    @staticmethod
    def _told(path: tuple[Any, ...]) -> str:
        return f"obj[{']['.join(map(repr, path))}]" if path else "obj"

    def _refusal(self, x: Any, path: tuple[Any, ...]) -> TypeError:
        way_out = (
            "save its state_dict()"
            if hasattr(x, "state_dict")
            else "convert it with tenon.utils.from_torch_state_dict"
            if type(x).__module__.partition(".")[0] == "torch"
            else "turn it into dicts, lists, numbers, strings, arrays and tensors"
        )
        return TypeError(f"save: {self._told(path)} is a {type(x).__qualname__}; {way_out}")

    def _array(self, x: Any, path: tuple[Any, ...]) -> Any:
        numpy = sys.modules["numpy"]
        if x.dtype.kind not in "biufc" and x.dtype.name not in vars(_C):
            raise TypeError(f"save: {self._told(path)} is an array of {x.dtype}, which has no tensor dtype")
        node = self._tensor(_C.asarray(numpy.asarray(x)), path)["tensor"]
        return {"scalar" if isinstance(x, numpy.generic) else "array": node}

    def _tensor(self, t: Tensor, path: tuple[Any, ...]) -> dict[str, Any]:
        kind = type(t).__name__
        if type(t) is not Tensor and kind not in ("Parameter", "Buffer"):
            raise TypeError(f"save: {self._told(path)} is a {kind}, whose class would be lost; use .detach()")
        about: dict[str, Any] = {"name": ""}
        if t.requires_grad and t.is_leaf:
            about["grad"] = True
        if kind == "Parameter":
            about["parameter"] = True
        if not t.is_cpu:
            about["device"] = str(t.device)
        self._seen.append((_key(path), t, about))
        return {"tensor": about}

    # -- which tensors are stored, and which are views of those --

    def _place(self) -> None:
        groups: dict[int, list[tuple[str, Tensor, dict[str, Any]]]] = {}
        for entry in self._seen:
            t = entry[1]
            key = _C._storage(t)[0] if t.numel() else -1 - len(groups)
            groups.setdefault(key, []).append(entry)
        for group in groups.values():
            if len(group) == 1:
                name, t, about = group[0]
                about["name"] = self._store(name, t, about)
            else:
                self._store_shared(group)

    def _store(self, name: str, t: Tensor, about: dict[str, Any]) -> str:
        stored = t.detach()
        if stored.dtype is _C.complex128:  # which the format lacks
            about["view"] = ["complex128", list(stored.shape), list(_contiguous(stored.shape)), 0]
            stored = _C.view_as_real(stored.contiguous())
        while name in self._names or name == "__metadata__":
            name += "'"
        self._names.add(name)
        self.tensors[name] = stored
        return name

    def _store_shared(self, group: list[tuple[str, Tensor, dict[str, Any]]]) -> None:
        """One tensor that covers all others' bytes, or these bytes alone."""
        ranges = [_range(t) for _, t, _ in group]
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        for (name, t, about), r in zip(group, ranges, strict=True):
            if r == (low, high) and t.is_contiguous() and t.dtype is not _C.complex128:
                stored = self._store(name, t, about)
                break
        else:
            flat = _C._storage(group[0][1])[2]
            stored = self._store(group[0][0] + ".storage", flat[low:high], {})
        whole = self.tensors[stored]
        for (_, t, about), r in zip(group, ranges, strict=True):
            about["name"] = stored
            if t.dtype is not whole.dtype or t.shape != whole.shape or r != (low, high):
                first = _C._storage(t)[3] - low
                about["view"] = [t.dtype.name, list(t.shape), list(t.stride()), first]


def _contiguous(shape: Any) -> tuple[int, ...]:
    strides = [1]
    for n in reversed(shape):
        strides.insert(0, strides[0] * n)
    return tuple(strides[1:])


def _range(t: Tensor) -> tuple[int, int]:
    """The first byte of its storage that t reaches, and the one after the last."""
    reach = [(n - 1) * s * t.itemsize for n, s in zip(t.shape, t.stride(), strict=True)]
    first = _C._storage(t)[3]
    return first + sum(r for r in reach if r < 0), first + sum(r for r in reach if r > 0) + t.itemsize


# ---- from text ----


class Decoder:
    """Turns the text back into the object. place(tensor, location) brings a tensor where it is wanted."""

    def __init__(self, tensors: dict[str, Tensor], place: Callable[[Tensor, str], Tensor]) -> None:
        self._tensors = tensors
        self._place = place
        self._placed: dict[tuple[str, str], Tensor] = {}

    def object(self, text: str) -> Any:
        """The object; ValueError for text that save() has not written."""
        try:
            read = json.loads(text)
            if read["version"] != VERSION:
                raise ValueError(f"it has version {read['version']}, this tenon reads {VERSION}")
            return self._value(read["root"])
        except (KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as e:
            raise ValueError(f"the description of its objects is damaged: {type(e).__name__}: {e}") from None

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._value(v) for v in node]
        if not isinstance(node, dict):
            return node
        if not node:
            raise ValueError("it holds an object of no kind")
        kind, content = next(iter(node.items()))
        if kind in _DICTS:
            made = _DICTS[kind]()
            for k, v in content:
                made[self._value(k)] = self._value(v)
            if "_metadata" in node and kind == "OrderedDict":
                made._metadata = self._value(node["_metadata"])
            return made
        if kind not in _VALUES:
            raise ValueError(f"it holds a {kind!r}, which this tenon does not know")
        return _VALUES[kind](self, content)

    def _tensor(self, about: dict[str, Any]) -> Tensor:
        name, location = about["name"], about.get("device", "cpu")
        if name not in self._tensors:
            raise ValueError(f"it lacks the tensor {name!r}")
        if (name, location) not in self._placed:
            self._placed[name, location] = self._place(self._tensors[name], location)
        t = self._placed[name, location].detach()
        if "view" in about:
            dtype, shape, strides, first = about["view"]
            _, _, flat, start = _C._storage(t)
            within = flat[start : start + t.nbytes]
            _check_reach(dtype, shape, strides, first, t.nbytes)
            t = _C._over(within, first, dtype, shape, strides, t.readonly)
        if about.get("parameter"):
            return parameter(t, bool(about.get("grad")))
        return t.requires_grad_() if about.get("grad") else t

    def _scalar(self, about: dict[str, Any]) -> Any:
        return self._tensor(about).cpu().numpy()[()]

    def _array(self, about: dict[str, Any]) -> Any:
        return self._tensor(about).cpu().numpy()


def _check_reach(dtype: str, shape: list[int], strides: list[int], first: int, size: int) -> None:
    """ValueError for a view of more bytes than its tensor has."""
    item = getattr(_C, dtype).itemsize
    reach = [(n - 1) * s * item for n, s in zip(shape, strides, strict=True)]
    low, high = first + sum(r for r in reach if r < 0), first + sum(r for r in reach if r > 0) + item
    if any(n < 0 for n in shape) or (0 not in shape and not 0 <= low <= high <= size):
        raise ValueError(f"a view of shape {shape} and strides {strides} leaves its tensor of {size} bytes")


_VALUES: dict[str, Callable[[Decoder, Any], Any]] = {
    "tensor": Decoder._tensor,
    "array": Decoder._array,
    "scalar": Decoder._scalar,
    "float": lambda d, x: _FLOATS[x],
    "complex": lambda d, x: complex(d._value(x[0]), d._value(x[1])),
    "bytes": lambda d, x: base64.b64decode(x, validate=True),
    "bytearray": lambda d, x: bytearray(base64.b64decode(x, validate=True)),
    "dtype": lambda d, x: _dtype(x),
    "device": lambda d, x: _C.device(x),
    "tuple": lambda d, x: tuple(d._value(x)),
    "set": lambda d, x: set(d._value(x)),
    "frozenset": lambda d, x: frozenset(d._value(x)),
}


def _dtype(name: str) -> Any:
    found = getattr(_C, name, None)
    if not isinstance(found, _C.dtype):
        raise ValueError(f"it names the dtype {name!r}, which this tenon does not know")
    return found
