"""Modules whose parameters get their shapes from the first batch."""

from __future__ import annotations

from tenon.nn.parameter import is_lazy

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    from tenon.nn.module import Module as _Base
else:
    _Base = object


class LazyModuleMixin(_Base):
    """The part of a lazy module that waits for the first call, before the class that it becomes.

    A subclass has ``initialize_parameters(*args)``, which materializes what is uninitialized, and
    ``cls_to_become``. Before the first call the module can be moved, loaded and saved; parameters that an
    optimizer has stay the same objects.
    """

    cls_to_become: type[Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._initialize_hook = self.register_forward_pre_hook(_initialize, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Gives the parameters their shapes, from what forward() is called with. Subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}: initialize_parameters is not defined")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of this module alone has no shape yet."""
        return any(is_lazy(t) for t in (*self._parameters.values(), *self._buffers.values()))


def _initialize(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """The hook of the first call."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(
            f"{type(module).__name__}: initialize_parameters has left parameters without a shape"
        )
    module._initialize_hook.remove()
    del module._initialize_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become
