"""Modules of modules and of parameters: Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping

from tenon._C import Tensor
from tenon.nn.module import Module, _indented
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import KeysView
    from typing import Any, NoReturn, Self, SupportsIndex


def _place(self: Any, index: SupportsIndex) -> int:
    """An index from 0; negative ones count from the end."""
    i, n = operator.index(index), len(self)
    if not -n <= i < n:
        raise IndexError(f"{type(self).__name__}: index {i} is out of range for {n} entries")
    return i % n if n else 0


def _pairs(self: Any, values: Any) -> Iterable[tuple[str, Any]]:
    """The pairs of a mapping or an iterable of pairs."""
    op = f"{type(self).__name__}.update"
    if isinstance(values, Mapping | ModuleDict | ParameterDict):
        return list(values.items())
    if not isinstance(values, Iterable) or isinstance(values, Tensor):
        raise TypeError(f"{op}: expected a mapping or an iterable of pairs; got {type(values).__name__}")
    pairs = list(values)
    for i, pair in enumerate(pairs):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{op}: entry {i} must be a pair of a name and a value; got {type(pair).__name__}"
            )
        if len(tuple(pair)) != 2:
            raise ValueError(
                f"{op}: entry {i} must be a pair of a name and a value; got {len(tuple(pair))} values"
            )
    return [(name, value) for name, value in pairs]


class _ModuleRow(Module):
    """A module whose inner modules are in a row."""

    _modules: dict[str, Any]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def _name_at(self, index: SupportsIndex) -> str:
        return list(self._modules)[_place(self, index)]

    def __setitem__(self, index: SupportsIndex, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name_at(index)]
        for name in names:
            del self._modules[name]
        self._number(list(self._modules.items()))

    def _number(self, entries: list[tuple[str, Module]]) -> None:
        """Puts entries in the place of all; those that are called by numbers are counted anew."""
        self._modules.clear()
        for i, (name, module) in enumerate(entries):
            self._modules[str(i) if name.isdigit() else name] = module

    def append(self, module: Module) -> Self:
        """Adds a module at the end, and returns self. TypeError for what is no module."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Adds a module before the one at index, and returns self.

        TypeError for what is no module, IndexError for an index out of range.
        """
        n = len(self)
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}.insert: expected a Module; got {type(module).__name__}")
        if not -n <= index <= n:
            raise IndexError(f"{type(self).__name__}.insert: index {index} is out of range for {n} entries")
        entries = list(self._modules.items())
        entries.insert(index, ("0", module))
        self._number(entries)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Adds modules at the end, and returns self. TypeError for what is no iterable of modules."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend: expected an iterable of modules; got {type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: SupportsIndex | slice) -> Any:
        """Takes the module at an index away, and returns it. IndexError for an index out of range."""
        found = self[key]
        del self[key]
        return found

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError


class Sequential(_ModuleRow):
    """Modules in a row: each is called with what the one before returned.

    Parameters:
        args: modules, or one mapping from names to modules.

    It is a list, too: indices, slices, append, insert, extend, pop, ``+``, ``*`` and ``del``. TypeError for
    what is no module, IndexError for an index out of range.

    >>> net = tenon.nn.Sequential(tenon.nn.Linear(2, 3), tenon.nn.ReLU(), tenon.nn.Linear(3, 1))
    >>> net(tenon.ones(5, 2)).shape
    (5, 1)
    >>> net[:2]
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(dict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]

    def _other(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"Sequential: + takes another Sequential; got {type(other).__name__}")
        return other

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *self._other(other))

    def __iadd__(self, other: Sequential) -> Self:
        return self.extend(self._other(other))

    def _times(self, n: Any) -> int:
        if not isinstance(n, int):
            raise TypeError(f"Sequential: * takes an int; got {type(n).__name__}")
        if n <= 0:
            raise ValueError(f"Sequential: * takes a positive number; got {n}")
        return n

    def __mul__(self, n: int) -> Sequential:
        return Sequential(*list(self) * self._times(n))

    __rmul__ = __mul__

    def __imul__(self, n: int) -> Self:
        return self.extend(list(self) * (self._times(n) - 1))


class ModuleList(_ModuleRow):
    """A list of modules, whose parameters are found. It has no forward(): the owner calls them.

    Parameters:
        modules: an iterable of modules.

    TypeError for what is no module, IndexError for an index out of range.

    >>> layers = tenon.nn.ModuleList([tenon.nn.Linear(4, 4) for _ in range(3)])
    >>> len(layers)
    3
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._modules[self._name_at(index)]

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        runs: list[list[Any]] = []  # [first, last, text]
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        lines = [
            _indented(f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}")
            for a, b, text in runs
        ]
        name = self._get_name()
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}()"


class ModuleDict(Module):
    """A dictionary of modules by names, whose parameters are found. It has no forward().

    Parameters:
        modules: a mapping from names to modules, or an iterable of pairs.

    TypeError for what is no module or no such mapping, KeyError for a name that is not there, for one
    that is an
    attribute of the class, is empty or has a dot.

    >>> d = tenon.nn.ModuleDict({"up": tenon.nn.Linear(2, 4), "down": tenon.nn.Linear(4, 2)})
    >>> d["down"](d["up"](tenon.ones(2))).shape
    (2,)
    """

    _modules: dict[str, Any]

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Takes all modules away."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Takes a module away, and returns it. KeyError for a name that is not there."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> Any:
        """The pairs of names and modules."""
        return self._modules.items()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Adds the modules of a mapping, or of an iterable of pairs, over those of the same names."""
        for name, module in _pairs(self, modules):
            self[name] = module


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    where = "" if value.is_cpu else f" ({value.device})"
    return f"{kind} containing: [{value.dtype} of size {'x'.join(map(str, value.shape))}{where}]"


class _Parameters(Module):
    """What the two containers of parameters have in common: values are attributes, tensors parameters."""

    def _put(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(f"{type(self).__name__}: it holds parameters and cannot be called")


class ParameterList(_Parameters):
    """A list of parameters that a module finds. Tensors become parameters; other values are kept as they are.

    Parameters:
        values: an iterable of tensors or other values.

    TypeError for what is no iterable, IndexError for an index out of range, RuntimeError for integers.

    >>> p = tenon.nn.ParameterList([tenon.ones(2), tenon.zeros(3)])
    >>> p.append(tenon.ones(1))
    ParameterList(
        (0): Parameter containing: [tenon.float32 of size 2]
        (1): Parameter containing: [tenon.float32 of size 3]
        (2): Parameter containing: [tenon.float32 of size 1]
    )
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, str(_place(self, index)))

    def __setitem__(self, index: SupportsIndex, value: Any) -> None:
        self._put(str(_place(self, index)), value)

    def append(self, value: Any) -> Self:
        """Adds a value at the end, and returns self."""
        self._put(str(self._size), value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Adds values at the end, and returns self. TypeError for what is no iterable, and for a tensor."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                f"ParameterList.extend: expected an iterable of values; got {type(values).__name__}"
            )
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def extra_repr(self) -> str:
        return "\n".join(f"  ({i}): {_described(p)}" for i, p in enumerate(self))


class ParameterDict(_Parameters):
    """A dictionary of parameters by names. Tensors become parameters; other values are kept as they are.

    Parameters:
        parameters: a mapping from names to tensors or other values, or an iterable of pairs.

    TypeError for names that are no strings and for what is no mapping, KeyError for a name that is not there,
    RuntimeError for integers.

    >>> p = tenon.nn.ParameterDict({"scale": tenon.ones(2)})
    >>> p["shift"] = tenon.zeros(2)
    >>> [name for name, _ in p.named_parameters()]
    ['scale', 'shift']
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"ParameterDict: a name is a str; got {type(key).__name__}")
        if key not in self._keys and (key in self.__dict__ or hasattr(type(self), key)):
            raise KeyError(f"ParameterDict: {key!r} is an attribute of the class already")
        self._put(key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(self.items())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a name; default becomes it where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Takes all values away."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Takes a value away, and returns it. KeyError for a name that is not there."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Takes the last pair away, and returns it. KeyError where there is none."""
        if not self._keys:
            raise KeyError("popitem: the ParameterDict is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or default where there is none."""
        return self[key] if key in self else default  # noqa: SIM401

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another dictionary, of these names and one value."""
        return ParameterDict([(key, default) for key in keys])

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def items(self) -> list[tuple[str, Any]]:
        """The pairs of names and values."""
        return [(key, self[key]) for key in self._keys]

    def values(self) -> list[Any]:
        """The values."""
        return [self[key] for key in self._keys]

    def update(self, parameters: Any) -> None:
        """Adds the values of a mapping, or of an iterable of pairs, over those of the same names."""
        pairs = _pairs(self, parameters)
        # PyTorch sorts a plain dict; an optimizer's state goes by the order of parameters.
        for key, value in sorted(pairs) if type(parameters) is dict else pairs:
            self[key] = value

    def extra_repr(self) -> str:
        return "\n".join(f"  ({key}): {_described(p)}" for key, p in self.items())

    def __or__(self, other: ParameterDict) -> ParameterDict:
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: ParameterDict) -> ParameterDict:
        return other.copy() | self

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self
