"""What prepares parameters and sequences: gradients clipped, weights normalized, parameters as one vector."""

from __future__ import annotations

from tenon._docstrings import documented as _documented
from tenon._names import guide as _guide
from tenon.nn._checked import check_types as _check_types
from tenon.nn.utils import (
    _clip,
    _convert,
    _fusion,
    _norms,
    parametrizations,
    parametrize,
    prune,
    rnn,
    stateless,
)
from tenon.nn.utils._clip import *  # noqa: F403
from tenon.nn.utils._convert import *  # noqa: F403
from tenon.nn.utils._fusion import *  # noqa: F403
from tenon.nn.utils._norms import *  # noqa: F403

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tenon.nn.module import Module

__all__ = [
    "consume_prefix_in_state_dict_if_present", "parametrizations", "parametrize", "prune", "rnn", "skip_init",
    "stateless",
]  # fmt: skip
__all__ += _clip.__all__
__all__ += _convert.__all__
__all__ += _fusion.__all__
__all__ += _norms.__all__


@_documented()
def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Takes a prefix such as "module." away from the names of a state dict, in place.

    state_dict: A state dict.
    prefix: What is taken away where a name begins with it.
    Returns: None.

    >>> state = {"module.weight": tenon.ones(1)}
    >>> tenon.nn.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    >>> list(state)
    ['weight']
    """
    for key in list(state_dict):
        state_dict[key.removeprefix(prefix)] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", {})
    for key in list(metadata):
        name = "" if key == prefix.removesuffix(".") else key.removeprefix(prefix)
        metadata[name] = metadata.pop(key)


@_documented()
def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """A module whose parameters will be set otherwise: from a file, or by ``nn.init``.

    tenon calls the constructor, which is PyTorch's contract: the values are unspecified. The default
    generator is left as it was.

    module_cls: The module's class.
    args, kwargs: What its constructor takes.
    Returns: The new module.
    RuntimeError: For what is no class of modules, and for one without an argument ``device``.
    ValueError: As the constructor raises it.

    >>> tenon.nn.utils.skip_init(tenon.nn.Linear, 3, 2).weight.shape
    (2, 3)
    """
    import inspect

    from tenon.nn.module import Module
    from tenon.random import fork_rng

    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"skip_init: a class of modules is needed; got {module_cls!r}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(f"skip_init: {module_cls.__name__} must take an argument device")
    with fork_rng():
        return module_cls(*args, **kwargs)


_check_types(globals())
_guide(__name__)
