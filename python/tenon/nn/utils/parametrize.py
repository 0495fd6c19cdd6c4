"""Parametrizations: a parameter that is computed, by modules, from others each time that it is read."""

from __future__ import annotations

import contextlib
import functools

from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import no_grad
from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.containers import ModuleDict, ModuleList
from tenon.nn.module import Module
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "type_before_parametrizations",
]  # fmt: skip

_depth = 0  # of cached() blocks
_cache: dict[tuple[int, str], Tensor] = {}


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """A block within which each parametrized tensor is computed once.

    Returns
    -------
    A context manager.

    Examples
    --------
    >>> layer = tenon.nn.utils.parametrizations.weight_norm(tenon.nn.Linear(3, 2))
    >>> with tenon.nn.utils.parametrize.cached():
    ...     same = layer.weight is layer.weight
    >>> same
    True
    """
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


def _register(module: Module, name: str, t: Any) -> None:
    if isinstance(t, Parameter):
        module.register_parameter(name, t)
    else:
        module.register_buffer(name, t)


def _inverse(module: Any, value: Any) -> Any:
    """What the module's right_inverse makes of a value; the value itself where it has none."""
    try:
        return module.right_inverse(value) if hasattr(module, "right_inverse") else value
    except NotImplementedError:
        return value


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in the order in which they are applied, and what they start from.

    register_parametrization() makes it. ``original`` is what the first one is applied to; several tensors are
    ``original0``, ``original1``, ...

    Parameters:
        modules: the parametrizations.
        original: the parameter or buffer whose place they take.
        unsafe: True lets them change its shape and dtype.

    ValueError for no modules, for a result that is no tensor, and without unsafe for another shape or dtype.

    >>> layer = tenon.nn.utils.parametrizations.weight_norm(tenon.nn.Linear(3, 2))
    >>> layer.parametrizations.weight
    ParametrizationList(
      (0): _WeightNorm()
    )
    """

    def __init__(self, modules: list[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList: at least one module is needed")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            start: Any = original
            for module in reversed(list(self)):
                start = _inverse(module, start)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        if self.is_tensor:
            if start.dtype != original.dtype:
                raise ValueError(
                    f"right_inverse: the dtype must stay {original.dtype.name}; got {start.dtype.name}"
                )
            if start is not original:
                original.data = start
            _register(self, "original", original)
        else:
            for i, t in enumerate(start):
                made = Parameter(t, original.requires_grad) if isinstance(original, Parameter) else t
                _register(self, f"original{i}", made)
        if not unsafe:
            _check("register_parametrization", self(), original)

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Any) -> None:
        """Sets what the parametrizations start from, so that they give value."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"{type(module).__name__} has no right_inverse, so its result cannot be set"
                    )
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else list(value)
            if len(values) != self.ntensors:
                raise ValueError(f"right_inverse: {self.ntensors} tensors are needed; got {len(values)}")
            for old, new in zip(self._originals(), values, strict=True):
                if new.dtype != old.dtype:
                    raise ValueError(
                        f"right_inverse: the dtype must stay {old.dtype.name}; got {new.dtype.name}"
                    )
                old.data = new

    def forward(self) -> Any:
        first, *others = self
        made = first(*self._originals())
        for module in others:
            made = module(made)
        return made


def _check(op: str, made: Any, old: Tensor) -> None:
    if not isinstance(made, Tensor):
        raise ValueError(f"{op}: a parametrization returns a tensor; got {type(made).__name__}")
    if made.dtype != old.dtype or made.shape != old.shape:
        raise ValueError(
            f"{op}: the tensor has shape {old.shape} and {old.dtype.name}, the parametrization returns "
            f"{made.shape} and "
            f"{made.dtype.name}; pass unsafe=True if that is meant"
        )


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        if not _depth:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def put(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


@functools.cache
def _parametrized(base: Any, names: tuple[str, ...]) -> type[Module]:
    """The class of a module whose tensors of these names are computed."""

    def reduce(self: Any, protocol: Any) -> Any:
        return _rebuild, (base, names), self.__dict__

    space: dict[str, Any] = {name: _property(name) for name in names}
    space |= {"__reduce_ex__": reduce, "_base_and_names": (base, names), "__module__": base.__module__}
    return type(f"Parametrized{base.__name__}", (base,), space)


def _rebuild(base: Any, names: tuple[str, ...]) -> Module:
    """A module without its state, from a pickle."""
    cls: Any = _parametrized(base, names)
    made: Module = cls.__new__(cls)
    return made


def _base_and_names(module: Any) -> tuple[Any, tuple[str, ...]]:
    found: tuple[Any, tuple[str, ...]] = getattr(type(module), "_base_and_names", (type(module), ()))
    return found


@_documented()
def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of a tensor.

    module: The module.
    tensor_name: The name of the tensor; None for any.
    Returns: A bool.

    >>> layer = tenon.nn.utils.parametrizations.weight_norm(tenon.nn.Linear(3, 2))
    >>> tenon.nn.utils.parametrize.is_parametrized(layer, "bias")
    False
    """
    names = _base_and_names(module)[1]
    return bool(names) if tensor_name is None else tensor_name in frozenset(names)


@_documented()
def type_before_parametrizations(module: Module) -> type[Module]:
    """The class of a module without its parametrizations.

    module: The module.
    Returns: A class.

    >>> layer = tenon.nn.utils.parametrizations.weight_norm(tenon.nn.Linear(3, 2))
    >>> tenon.nn.utils.parametrize.type_before_parametrizations(layer).__name__
    'Linear'
    """
    base: type[Module] = _base_and_names(module)[0]
    return base


@_documented()
def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """A parameter or buffer becomes ``parametrization(original)``, computed when it is read.

    Several are applied one after the other. A parametrization with ``right_inverse(value)`` lets the
    tensor be
    assigned; where it returns several tensors, it is called with all of them.

    module: The module that has the tensor.
    tensor_name: Its name.
    parametrization: A module that is called with the original.
    unsafe: True lets it change shape and dtype.
    Returns: The module itself.
    ValueError: For a name that is no parameter or buffer, and without unsafe for another shape or dtype.

    >>> class Symmetric(tenon.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = tenon.nn.Linear(3, 3)
    >>> layer = tenon.nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    >>> tenon.equal(layer.weight, layer.weight.T)
    True
    """
    parametrization.train(module.training)
    base, names = _base_and_names(module)
    if tensor_name in names:
        row = module.parametrizations[tensor_name]
        if not unsafe:
            _check(
                "register_parametrization",
                parametrization(getattr(module, tensor_name)),
                getattr(module, tensor_name),
            )
        row.append(parametrization)
        row.unsafe = row.unsafe or unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer {tensor_name!r}"
        )
    row = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not names:
        module.parametrizations = ModuleDict()
    module.__class__ = _parametrized(base, (*names, tensor_name))
    module.parametrizations[tensor_name] = row
    return module


@_documented()
def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """The tensor has its own values again.

    module: The module that has the tensor.
    tensor_name: Its name.
    leave_parametrized: True leaves what the parametrizations give, False what they start from.
    Returns: The module itself.
    ValueError: Where there are none, and for leave_parametrized=False where they start from several tensors.

    >>> layer = tenon.nn.utils.parametrizations.weight_norm(tenon.nn.Linear(3, 2))
    >>> layer = tenon.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    >>> type(layer).__name__
    'Linear'
    """
    base, names = _base_and_names(module)
    if tensor_name not in names:
        raise ValueError(
            f"remove_parametrizations: {type(module).__name__} has no parametrization of {tensor_name!r}"
        )
    row = module.parametrizations[tensor_name]
    if not row.is_tensor and not leave_parametrized:
        raise ValueError(
            f"remove_parametrizations: {tensor_name!r} is made of {row.ntensors} tensors; it can only be "
            "left as they "
            "give it, leave_parametrized=True"
        )
    with no_grad():
        value = row() if leave_parametrized else None
    if row.is_tensor:
        original: Any = row.original
        if value is not None:
            original.data = value
    else:
        wanted = any(t.requires_grad for t in row._originals())
        original = Parameter(value) if wanted else value
    del module.parametrizations[tensor_name]
    left = tuple(n for n in names if n != tensor_name)
    module.__class__ = _parametrized(base, left) if left else base
    if not left:
        del module.parametrizations
    _register(module, tensor_name, original)
    return module


_check_types(globals())
_guide(__name__)
