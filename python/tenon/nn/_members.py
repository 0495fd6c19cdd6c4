"""What a module has: its parameters, buffers and modules, by iteration and by name."""

from __future__ import annotations

from tenon._C import Tensor
from tenon.nn.parameter import Parameter

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from tenon.nn.module import Module


def near(name: str, known: Iterable[str]) -> str:
    """The end of an error's text: the name that may have been meant."""
    import difflib

    found = difflib.get_close_matches(name, [n for n in known if not n.startswith("_")], n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


class Members:
    """The part of Module that finds things in it."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    def _named_members(
        self,
        members: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        this: Any = self
        modules = this.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules if recurse else [(prefix, this)]:
            for name, value in members(module):
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once; recurse=False leaves out those of inner modules."""
        for _, p in self.named_parameters(recurse=recurse):
            yield p

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) of each; prefix goes before the names, with a dot.

        remove_duplicate=False yields a parameter that has several names with each of them.
        """
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once; recurse=False leaves out those of inner modules."""
        for _, b in self.named_buffers(recurse=recurse):
            yield b

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(name, buffer) of each, as named_parameters()."""
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of each module that is an attribute of this one."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all inner ones, each once."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(path, module) of this module, whose path is prefix, and all inner ones.

        memo: modules to leave out, to which those that are yielded are added.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        this: Any = self
        yield prefix, this
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as "encoder.layers.0"; "" is this one. AttributeError where none is."""
        module: Any = self
        for i, name in enumerate(target.split(".") if target else []):
            inner = module._modules.get(name)
            if inner is None:
                at = ".".join(target.split(".")[:i]) or type(self).__name__
                raise AttributeError(
                    f"get_submodule: {target!r}: {at} ({type(module).__name__}) has no module "
                    f"{name!r}{near(name, module._modules)}"
                )
            module = inner
        found: Module = module
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Puts a module at a path in the place of the one that is there.

        strict: AttributeError where none is there. ValueError for an empty path.
        """
        path, _, name = target.rpartition(".")
        if not name:
            raise ValueError(f"set_submodule: a path such as 'encoder.0' is needed; got {target!r}")
        owner = self.get_submodule(path)
        if strict and name not in owner._modules:
            raise AttributeError(
                f"set_submodule: {type(owner).__name__} has no module {name!r}{near(name, owner._modules)}"
            )
        if not isinstance(module, Members):
            raise TypeError(f"set_submodule: a Module is needed; got {type(module).__name__}")
        owner._modules[name] = module

    def _get_member(self, op: str, where: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        members: dict[str, Any] = getattr(owner, where)
        if members.get(name) is None:
            kind = where.strip("_").removesuffix("s")
            raise AttributeError(
                f"{op}: {target!r}: {type(owner).__name__} has no {kind} {name!r}{near(name, members)}"
            )
        return members[name]

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as "encoder.0.weight". AttributeError where none is."""
        found: Parameter = self._get_member("get_parameter", "_parameters", target)
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as "norm.running_mean". AttributeError where none is."""
        found: Tensor = self._get_member("get_buffer", "_buffers", target)
        return found
