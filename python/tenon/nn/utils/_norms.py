"""weight_norm and spectral_norm: a parameter that is computed from others before each forward()."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon._grad_mode import no_grad
from tenon.nn.functional import normalize
from tenon.nn.parameter import Parameter, is_lazy

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

    from tenon.nn.module import Module

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


def norm_except_dim(v: Tensor, dim: int | None) -> Tensor:
    """The norms over all dimensions but dim, which stay with size 1; over all of them for None."""
    if dim is None or dim == -1:
        return v.norm()
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return v.norm(2, others, True) if others else v.abs()


class _Recomputed:
    """A forward pre-hook that computes an attribute of a module from parameters of other names."""

    name: str
    kind: str

    def compute(self, module: Module, training: bool) -> Tensor:
        raise NotImplementedError

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.compute(module, module.training))


def _install(hook: _Recomputed, module: Module, op: str) -> Any:
    """Takes the parameter away from the module and returns it."""
    if any(isinstance(h, type(hook)) and h.name == hook.name for h in module._forward_pre_hooks.values()):
        raise RuntimeError(f"{op}: the parameter {hook.name!r} has a {hook.kind} already")
    p = module.get_parameter(hook.name)
    if is_lazy(p):
        raise ValueError(
            f"{op}: the parameter {hook.name!r} has no shape yet; call the lazy module with a batch before"
        )
    del module._parameters[hook.name]
    return p


def _uninstall(module: Module, name: str, cls: type[_Recomputed], op: str) -> Any:
    for i, hook in module._forward_pre_hooks.items():
        if isinstance(hook, cls) and hook.name == name:
            del module._forward_pre_hooks[i]
            return hook
    raise ValueError(f"{op}: {type(module).__name__} has no {cls.kind} of {name!r}")


class _WeightNorm(_Recomputed):
    kind = "weight norm"

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def compute(self, module: Module, training: bool = True) -> Tensor:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        made: Tensor = v * (g / norm_except_dim(v, self.dim))
        return made


@_documented()
def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A parameter as its norms times its directions, which are trained instead (Salimans and Kingma, 2016).

    ``name`` becomes two parameters, ``name_g`` and ``name_v``, of which a hook computes it before each
    forward().

    module: The module that has the parameter.
    name: Its name.
    dim: The dimension whose entries have a norm each; None for one norm.
    Returns: The module itself.
    AttributeError: For a name that is no parameter.
    RuntimeError: Where the parameter has a weight norm already.
    ValueError: For a lazy parameter without a shape.

    >>> layer = tenon.nn.utils.weight_norm(tenon.nn.Linear(3, 2))
    >>> layer.weight_g.shape, layer.weight_v.shape
    ((2, 1), (2, 3))
    """
    hook = _WeightNorm(name, dim)
    p = _install(hook, module, "weight_norm")
    module.register_parameter(f"{name}_g", Parameter(norm_except_dim(p.detach(), dim)))
    module.register_parameter(f"{name}_v", Parameter(p.detach()))
    setattr(module, name, hook.compute(module))
    module.register_forward_pre_hook(hook)
    return module


def _restore(module: Module, name: str, value: Tensor) -> None:
    """An ordinary parameter again."""
    delattr(module, name)
    module.register_parameter(name, Parameter(value.detach()))


@_documented()
def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Undoes weight_norm(): the parameter has its own values again.

    module: The module that has the weight norm.
    name: The name of the parameter.
    Returns: The module itself.
    ValueError: Where there is no weight norm.

    >>> layer = tenon.nn.utils.weight_norm(tenon.nn.Linear(3, 2))
    >>> [n for n, _ in tenon.nn.utils.remove_weight_norm(layer).named_parameters()]
    ['bias', 'weight']
    """
    hook = _uninstall(module, name, _WeightNorm, "remove_weight_norm")
    value = hook.compute(module)
    del module._parameters[f"{name}_g"], module._parameters[f"{name}_v"]
    _restore(module, name, value)
    return module


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """weight with dim as rows and all others as columns."""
    return weight.movedim(dim, 0).reshape(weight.shape[dim], -1)


MOST_ITERATIONS = 10_000  # of the power method; it converges long before


def iterate_power(matrix: Tensor, u: Tensor, v: Tensor, steps: int, eps: float) -> None:
    """Moves u, then v, in place, towards the first singular vectors of matrix."""
    with no_grad():
        for _ in range(steps):
            u.copy_(normalize(_C.mv(matrix, v), dim=0, eps=eps))
            v.copy_(normalize(_C.mv(matrix.T, u), dim=0, eps=eps))


class _SpectralNorm(_Recomputed):
    kind = "spectral norm"

    def __init__(self, name: str, steps: int, dim: int, eps: float) -> None:
        self.name, self.steps, self.dim, self.eps = name, steps, dim, eps

    def compute(self, module: Module, training: bool) -> Tensor:
        weight: Tensor = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = as_matrix(weight, self.dim)
        if training:
            iterate_power(matrix.T, v, u, self.steps, self.eps)
            u, v = u.clone(), v.clone()  # the next step writes to them before backward
        return weight / _C.dot(u, _C.mv(matrix, v))


@_documented()
def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """A parameter divided by its largest singular value (Miyato et al., 2018).

    ``name`` becomes ``name_orig``, of which a hook computes it before each forward(). In training the
    singular vectors,
    buffers ``name_u`` and ``name_v``, come nearer to the right ones with each step.

    module: The module that has the parameter.
    name: Its name.
    n_power_iterations: Steps of the power method before each forward().
    eps: Norms below it count as it.
    dim: The dimension that is that of rows; None for 1 in transposed convolutions, else 0.
    Returns: The module itself.
    AttributeError: For a name that is no parameter.
    RuntimeError: Where the parameter has a spectral norm already.
    ValueError: For n_power_iterations that are not from 1 to 10000, and for a lazy parameter without a shape.

    >>> layer = tenon.nn.utils.spectral_norm(tenon.nn.Linear(3, 2))
    >>> sorted(layer.state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if not 0 < n_power_iterations <= MOST_ITERATIONS:
        raise ValueError(
            f"spectral_norm: n_power_iterations must be from 1 to {MOST_ITERATIONS}; got {n_power_iterations}"
        )
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    hook = _SpectralNorm(name, n_power_iterations, dim, eps)
    p = _install(hook, module, "spectral_norm")
    matrix = as_matrix(p.detach(), dim)
    u, v = (
        normalize(_C.empty(n, dtype=p.dtype, device=p.device).normal_(0, 1), dim=0, eps=eps)
        for n in matrix.shape
    )
    module.register_parameter(f"{name}_orig", p)
    # The value until the first forward(); with its name it is no parameter any more.
    setattr(module, name, p.detach())
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(hook)
    return module


@_documented()
def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Undoes spectral_norm(): the parameter has its divided values as its own.

    module: The module that has the spectral norm.
    name: The name of the parameter.
    Returns: The module itself.
    ValueError: Where there is no spectral norm.

    >>> layer = tenon.nn.utils.spectral_norm(tenon.nn.Linear(3, 2))
    >>> sorted(tenon.nn.utils.remove_spectral_norm(layer).state_dict())
    ['bias', 'weight']
    """
    hook = _uninstall(module, name, _SpectralNorm, "remove_spectral_norm")
    with no_grad():
        value = hook.compute(module, False)
    for part in ("orig", "u", "v"):
        delattr(module, f"{name}_{part}")
    _restore(module, name, value)
    return module
