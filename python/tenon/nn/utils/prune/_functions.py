"""Pruning of modules by name."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.nn.module import Module
from tenon.nn.utils._convert import parameters_to_vector
from tenon.nn.utils.prune import _methods
from tenon.nn.utils.prune._base import BasePruningMethod, PruningContainer, _hook_of

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = [
    "custom_from_mask", "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip

_PRUNED = """
module: The module; it is changed.
name: The name of its parameter.
amount: How many: a fraction as a float, or their number as an int.
dim: The dimension of the channels.
importance_scores: A tensor of the parameter's shape that the mask is computed of in its place.
Returns: The module.
ValueError: For an amount out of range and for shapes that do not fit.
TypeError: For an amount that is no number, and for what is no module.
AttributeError: For a parameter that is not there.
"""


@_documented(_PRUNED)
def identity(module: Module, name: str) -> Module:
    """Gives a parameter a mask that prunes nothing.

    ValueError: For a lazy parameter without a shape.

    >>> layer = tenon.nn.utils.prune.identity(tenon.nn.Linear(1, 2), "bias")
    >>> layer.bias_mask
    tensor([1., 1.])
    """
    _methods.Identity.apply(module, name)
    return module


@_documented(_PRUNED)
def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prunes elements of a parameter at random.

    >>> layer = tenon.nn.utils.prune.random_unstructured(tenon.nn.Linear(3, 2), "weight", amount=1)
    >>> int((layer.weight == 0).sum())
    1
    """
    _methods.RandomUnstructured.apply(module, name, amount)
    return module


@_documented(_PRUNED)
def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Tensor | None = None
) -> Module:
    """Prunes the elements of a parameter that have the least absolute value.

    >>> layer = tenon.nn.utils.prune.l1_unstructured(tenon.nn.Linear(4, 1), "weight", amount=0.5)
    >>> sorted(layer.state_dict())
    ['bias', 'weight_mask', 'weight_orig']
    """
    _methods.L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


@_documented(_PRUNED)
def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prunes channels of a parameter at random.

    ValueError: For an amount out of range and for a parameter of one dimension.
    IndexError: For a dimension that is not there.

    >>> layer = tenon.nn.utils.prune.random_structured(tenon.nn.Linear(5, 3), "weight", amount=2, dim=1)
    >>> int((layer.weight == 0).sum())
    6
    """
    _methods.RandomStructured.apply(module, name, amount, dim)
    return module


@_documented(_PRUNED)
def ln_structured(
    module: Module,
    name: str,
    amount: float,
    n: float | str,
    dim: int,
    importance_scores: Tensor | None = None,
) -> Module:
    """Prunes the channels of a parameter that have the least norm.

    n: Which norm, as norm()'s p.
    IndexError: For a dimension that is not there.

    >>> layer = tenon.nn.utils.prune.ln_structured(tenon.nn.Linear(5, 3), "weight", amount=1, n=2, dim=0)
    >>> int((layer.weight == 0).sum())
    5
    """
    _methods.LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


@_documented(_PRUNED)
def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prunes a parameter by a mask.

    mask: A tensor of 0 and 1 of the parameter's shape.
    ValueError: For another shape.

    >>> layer = tenon.nn.utils.prune.custom_from_mask(tenon.nn.Linear(1, 3), "bias", tenon.tensor([0, 1, 0]))
    >>> layer.bias_mask
    tensor([0., 1., 0.])
    """
    _methods.CustomFromMask.apply(module, name, mask)
    return module


@_documented()
def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prunes elements of several parameters by one mask over all of them.

    parameters: Pairs of a module and a name.
    pruning_method: A class such as L1Unstructured, whose PRUNING_TYPE is 'unstructured'.
    importance_scores: Tensors by pair that the mask is computed of in place of the parameters.
    kwargs: For the class.
    Returns: None.
    TypeError: For a class of another type, and for scores that are no dict.
    ValueError: For an amount out of range, for scores of another shape and for no parameters.

    >>> a, b = tenon.nn.Linear(4, 4), tenon.nn.Linear(4, 1)
    >>> prune = tenon.nn.utils.prune
    >>> prune.global_unstructured(((m, "weight") for m in (a, b)), prune.L1Unstructured, amount=10)
    >>> int((a.weight == 0).sum() + (b.weight == 0).sum())
    10
    """
    pairs = list(parameters)
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError(f"global_unstructured: importance_scores must be a dict; got {type(scores).__name__}")
    if not pairs:
        raise ValueError("global_unstructured: there are no parameters")
    method: Any = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            "global_unstructured: pruning_method must have the PRUNING_TYPE 'unstructured'; got "
            f"{pruning_method.__name__} with {method.PRUNING_TYPE!r}"
        )
    values = [getattr(module, name) for module, name in pairs]
    weights = [scores.get((m, n), v) for (m, n), v in zip(pairs, values, strict=True)]
    for value, weight, (_, name) in zip(values, weights, pairs, strict=True):
        if tuple(weight.shape) != tuple(value.shape):
            raise ValueError(
                f"global_unstructured: importance_scores must have the shape {value.shape} of {name!r}; got "
                f"{tuple(weight.shape)}"
            )
    masks = [getattr(m, f"{n}_mask", None) if _hook_of(m, n) else None for m, n in pairs]
    container = PruningContainer()
    container._tensor_name = method._tensor_name = "all"
    container.add_pruning_method(method)
    ones = [_C.ones_like(v.detach()) if k is None else k for k, v in zip(masks, values, strict=True)]
    mask = container.compute_mask(
        parameters_to_vector([w.detach() for w in weights]), parameters_to_vector(ones)
    )
    sizes = [v.numel() for v in values]
    for (module, name), value, part in zip(pairs, values, _C.split(mask, sizes), strict=True):
        custom_from_mask(module, name, part.reshape(value.shape).clone())


@_documented()
def remove(module: Module, name: str) -> Module:
    """Makes pruned values the parameter, without a mask and hook. Nothing comes back that was pruned.

    module: The module; it is changed.
    name: The name of the parameter.
    Returns: The module.
    ValueError: For a parameter that is not pruned.
    TypeError: For what is no module.

    >>> prune = tenon.nn.utils.prune
    >>> layer = prune.remove(prune.l1_unstructured(tenon.nn.Linear(4, 1), "weight", 2), "weight")
    >>> sorted(layer.state_dict())
    ['bias', 'weight']
    """
    found = _hook_of(module, name)
    if found is None:
        raise ValueError(f"remove: the parameter {name!r} of {type(module).__name__} is not pruned")
    found[1].remove(module)
    del module._forward_pre_hooks[found[0]]
    return module


@_documented()
def is_pruned(module: Module) -> bool:
    """Whether a parameter of a module, or of one within it, is pruned.

    module: The module.
    Returns: Whether there is a hook of a pruning method.
    TypeError: For what is no module.

    >>> tenon.nn.utils.prune.is_pruned(tenon.nn.Linear(2, 2))
    False
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for m in module.modules()
        for hook in m._forward_pre_hooks.values()
    )
