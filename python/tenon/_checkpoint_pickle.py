"""The pickles inside PyTorch's .pt files, read by an interpreter of a few opcodes that runs no code.

Python's own unpickler calls what a file names; even with a narrow find_class it builds objects, sets their
attributes and allocates what numbers in the file say. Here a global is a name, looked up in a table; a call
is one of the functions in it, which check their arguments; an opcode that state dicts do not need is
refused.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict

from tenon import _C

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST = 50_000_000  # opcodes
_SIMPLE_KEYS = (str, int, float, bool, bytes, type(None))
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}
# What a defaultdict may be made with.
_FACTORIES: dict[str, Any] = {
    "builtins.dict": dict, "builtins.list": list, "builtins.int": int, "builtins.float": float,
}  # fmt: skip

STORAGES = {
    "DoubleStorage": _C.float64, "FloatStorage": _C.float32, "HalfStorage": _C.float16,
    "BFloat16Storage": _C.bfloat16, "LongStorage": _C.int64, "IntStorage": _C.int32, "ShortStorage": _C.int16,
    "CharStorage": _C.int8, "ByteStorage": _C.uint8, "BoolStorage": _C.bool,
    "ComplexDoubleStorage": _C.complex128, "ComplexFloatStorage": _C.complex64, "UntypedStorage": None,
}  # fmt: skip


class Global:
    """A name that the pickle looks up: of a function, a class or a constant."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def dtype(self) -> Any:
        """What ``torch.float32`` names."""
        found = getattr(_C, self.name.removeprefix("torch."), None)
        return found if self.name.startswith("torch.") and isinstance(found, _C.dtype) else None


def _mismatch(name: str) -> ValueError:
    return ValueError(f"it calls {name!r} with arguments that PyTorch does not write")


# ---- what may be called ----


def _ordered_dict(*args: Any) -> Any:
    return OrderedDict((key(k), v) for k, v in (args[0] if args else ()))


def _default_dict(factory: Any = None) -> Any:
    if factory is not None and (not isinstance(factory, Global) or factory.name not in _FACTORIES):
        raise _mismatch("collections.defaultdict")
    return defaultdict(None if factory is None else _FACTORIES[factory.name])


def _bytearray(*args: Any) -> bytearray:
    if args and isinstance(args[0], bytes):
        return bytearray(args[0])
    return bytearray(_encode(*args) if args else b"")


def _encode(text: Any, encoding: Any) -> bytes:
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise _mismatch("_codecs.encode")
    return text.encode("latin-1")


def _complex(real: Any, imag: Any) -> complex:
    if not isinstance(real, int | float) or not isinstance(imag, int | float):
        raise _mismatch("builtins.complex")
    return complex(real, imag)


def _set(items: Any = ()) -> set[Any]:
    return {key(x) for x in items}


def _size(items: Any = ()) -> tuple[int, ...]:
    return tuple(int(n) for n in items)


def _device(*args: Any) -> Any:
    return _C.device(":".join(map(str, args)))


_CALLS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": lambda counts: Counter({key(k): v for k, v in counts.items()}),
    "collections.defaultdict": _default_dict,
    "builtins.set": _set,
    "builtins.frozenset": lambda items: frozenset(_set(items)),
    "builtins.bytearray": _bytearray,
    "builtins.complex": _complex,
    "_codecs.encode": _encode,
    "torch.Size": _size,
    "torch.device": _device,
}


def key(x: Any) -> Any:
    """x, where it may be a key: deep tuples would exhaust the stack while they are hashed."""
    deep: list[Any] = [x]
    for _ in range(1000):
        if not deep:
            return x
        part = deep.pop()
        if type(part) is tuple:
            deep.extend(part)
        elif type(part) not in _SIMPLE_KEYS:
            break
    raise ValueError(f"it has a key of type {type(x).__name__}")


# ---- the interpreter ----


class Machine:
    """Runs one pickle. calls: more functions by their names; persistent: what makes a storage."""

    def __init__(self, calls: dict[str, Callable[..., Any]], persistent: Callable[[Any], Any]) -> None:
        self._calls = _CALLS | calls
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        """The object; ValueError for whatever state dicts do not need, by its name."""
        from pickletools import genops

        for count, (op, arg, _) in enumerate(genops(data)):
            if op.name == "STOP":
                return self._pop()
            step = _STEPS.get(op.name)
            if step is None or count > _MOST:
                raise ValueError(f"its pickle has the opcode {op.name}, which no state dict needs")
            step(self, arg)
        raise ValueError("its pickle ends too early")

    def _push(self, x: Any) -> None:
        self._stack.append(x)

    def _pop(self) -> Any:
        if not self._stack:
            raise ValueError("its pickle takes more from its stack than there is")
        return self._stack.pop()

    def _top(self, kind: Any, what: str) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise ValueError(f"its pickle {what} what is none")
        return self._stack[-1]

    def _mark(self, arg: Any) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        if not self._marks:
            raise ValueError("its pickle goes back to a mark that is not there")
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError(f"its pickle uses entry {index} of its memo, which is not there")
        self._push(self._memo[index])

    def _put(self, index: int) -> None:
        self._memo[index] = self._top(object, "keeps")

    def _global(self, module: str, name: str) -> None:
        full = f"{_OLD_MODULES.get(module, module)}.{name}"
        made = Global(full)
        known = full in self._calls or full in _FACTORIES or made.dtype is not None
        if not known and not (module in ("torch", "torch.storage") and name in STORAGES):
            raise ValueError(
                f"it asks for the global {full!r}, and only tensors and plain containers are read. Where you "
                "trust the file, load it with PyTorch and save the model's state_dict()"
            )
        self._push(made if made.dtype is None else made.dtype)

    def _stack_global(self, arg: Any) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise ValueError("its pickle asks for a global whose name is no text")
        self._global(module, name)

    def _call(self, arg: Any) -> None:
        args, f = self._pop(), self._pop()
        if not isinstance(f, Global) or f.name not in self._calls or type(args) is not tuple:
            raise ValueError(f"it calls {f.name if isinstance(f, Global) else type(f).__name__!r}")
        try:
            self._push(self._calls[f.name](*args))
        except (TypeError, AttributeError, OverflowError):
            raise _mismatch(f.name) from None

    def _build(self, arg: Any) -> None:
        state = self._pop()
        target = self._top(OrderedDict, "sets attributes of")
        if type(state) is not dict or set(state) - {"_metadata"}:
            raise ValueError("its pickle sets attributes of what is no state dict")
        target.__dict__.update(state)

    def _append(self, items: list[Any]) -> None:
        target = self._top((list, set), "appends to")
        if isinstance(target, list):
            target.extend(items)
        else:
            target.update(map(key, items))

    def _set_items(self, items: list[Any]) -> None:
        target = self._top(dict, "sets items of")
        if len(items) % 2:
            raise ValueError("its pickle sets a key without a value")
        for k, v in zip(items[::2], items[1::2], strict=True):
            target[key(k)] = v

    def _two(self) -> list[Any]:
        second = self._pop()
        return [self._pop(), second]

    def _tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(items)))


_STEPS: dict[str, Any] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, arg: None),
    "NONE": lambda m, arg: m._push(None),
    "NEWTRUE": lambda m, arg: m._push(True),
    "NEWFALSE": lambda m, arg: m._push(False),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
         "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
        lambda m, arg: m._push(arg),
    ),
    "BYTEARRAY8": lambda m, arg: m._push(bytearray(arg)),
    "EMPTY_LIST": lambda m, arg: m._push([]),
    "EMPTY_DICT": lambda m, arg: m._push({}),
    "EMPTY_SET": lambda m, arg: m._push(set()),
    "EMPTY_TUPLE": lambda m, arg: m._push(()),
    "TUPLE1": lambda m, arg: m._tuple(1),
    "TUPLE2": lambda m, arg: m._tuple(2),
    "TUPLE3": lambda m, arg: m._tuple(3),
    "TUPLE": lambda m, arg: m._push(tuple(m._since_mark())),
    "FROZENSET": lambda m, arg: m._push(frozenset(map(key, m._since_mark()))),
    "MARK": Machine._mark,
    "APPEND": lambda m, arg: m._append([m._pop()]),
    "APPENDS": lambda m, arg: m._append(m._since_mark()),
    "ADDITEMS": lambda m, arg: m._append(m._since_mark()),
    "SETITEM": lambda m, arg: m._set_items(m._two()),
    "SETITEMS": lambda m, arg: m._set_items(m._since_mark()),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), Machine._get),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), Machine._put),
    "MEMOIZE": lambda m, arg: m._put(len(m._memo)),
    "GLOBAL": lambda m, arg: m._global(*arg.split(" ", 1)),
    "STACK_GLOBAL": Machine._stack_global,
    "REDUCE": Machine._call,
    "BUILD": Machine._build,
    "BINPERSID": lambda m, arg: m._push(m._persistent(m._pop())),
}  # fmt: skip
