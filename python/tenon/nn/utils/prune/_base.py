"""What pruning methods share: a hook that multiplies a parameter by its mask, and lists of such methods."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._grad_mode import no_grad
from tenon.nn.parameter import is_lazy

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tenon.nn.module import Module


def _hook_of(module: Any, name: str) -> tuple[int, Any] | None:
    """The number and the method of the hook that prunes a parameter."""
    for i, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return i, hook
    return None


def _parameter(module: Any, name: str, op: str, pruned: bool) -> Tensor:
    """The parameter that is pruned, or its pruned value; errors where there is none."""
    if pruned:
        value: Tensor = getattr(module, name)
        return value
    p = module._parameters.get(name)
    if p is None:
        names = [n for n, v in module._parameters.items() if v is not None]
        raise AttributeError(f"{op}: {type(module).__name__} has no parameter {name!r}; it has {names}")
    if is_lazy(p):
        raise ValueError(
            f"{op}: the parameter {name!r} has no shape yet; call the lazy module with a batch before"
        )
    return p


class BasePruningMethod:
    """The base of pruning methods: a subclass has compute_mask(), and PRUNING_TYPE where it is used
    repeatedly.

    apply() keeps the parameter as ``name_orig`` and the mask as the buffer ``name_mask``; a hook makes
    their product
    the attribute ``name`` before each forward(). PRUNING_TYPE says of what a further method computes its
    mask:
    'unstructured' of the elements that are left, 'structured' of the channels that are, 'global' of all.

    >>> class Every2nd(tenon.nn.utils.prune.BasePruningMethod):
    ...     PRUNING_TYPE = "unstructured"
    ...     def compute_mask(self, t, default_mask):
    ...         mask = default_mask.clone()
    ...         mask.view(-1)[::2] = 0
    ...         return mask
    >>> layer = tenon.nn.Linear(4, 1)
    >>> method = Every2nd.apply(layer, "weight")
    >>> layer.weight_mask
    tensor([[0., 1., 0., 1.]])
    """

    PRUNING_TYPE: str = "unstructured"
    _tensor_name: Any = None

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for scores t: 0 and 1, and 0 where default_mask is."""
        raise NotImplementedError(f"{type(self).__name__}: compute_mask() is not defined")

    def apply_mask(self, module: Module) -> Tensor:
        """The parameter times its mask: a new tensor, through which gradients reach the parameter."""
        if self._tensor_name is None:
            raise ValueError(f"{type(self).__name__}: it has no parameter yet; use apply()")
        original: Tensor = getattr(module, f"{self._tensor_name}_orig")
        mask: Tensor = getattr(module, f"{self._tensor_name}_mask")
        return mask.to(original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prunes a parameter, on top of what has pruned it, and installs the hook; the method, or the
        container.

        module, name: Which parameter. args, kwargs: For the class. importance_scores: A tensor of the
        parameter's
        shape that the mask is computed of in its place. ValueError for another shape.
        """
        op = cls.__name__
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        found = _hook_of(module, name)
        value = _parameter(module, name, op, pruned=found is not None)
        scores = value if importance_scores is None else importance_scores
        if tuple(scores.shape) != tuple(value.shape):
            raise ValueError(
                f"{op}: importance_scores must have the shape {value.shape} of {name!r}; got "
                f"{tuple(scores.shape)}"
            )
        if found is None:
            default = _C.ones_like(value)
        else:
            container = PruningContainer(*found[1]) if isinstance(found[1], PruningContainer) else None
            container = PruningContainer(found[1]) if container is None else container
            container._tensor_name = name
            container.add_pruning_method(method)
            method, default = container, getattr(module, f"{name}_mask").clone()
        with no_grad():
            mask = method.compute_mask(scores.detach(), default_mask=default.detach())
        if tuple(mask.shape) != tuple(value.shape):
            raise ValueError(
                f"{op}: the mask must have the shape {value.shape} of {name!r}; got {tuple(mask.shape)}"
            )
        # All is known: nothing fails from here on.
        if found is None:
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", value)  # type: ignore[arg-type]
        else:
            del module._forward_pre_hooks[found[0]]
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Any = None, importance_scores: Any = None) -> Tensor:
        """t times the mask for it, or for importance_scores of its shape: a new tensor."""
        scores = t if importance_scores is None else importance_scores
        if tuple(scores.shape) != tuple(t.shape):
            raise ValueError(
                f"{type(self).__name__}: importance_scores must have the shape {t.shape}; got "
                f"{tuple(scores.shape)}"
            )
        default = _C.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=default)

    def remove(self, module: Module) -> None:
        """Makes the pruned values the parameter; the hook stays, which remove() of the module takes away."""
        name = self._tensor_name
        value = self.apply_mask(module)  # before anything is changed
        original: Any = module._parameters[f"{name}_orig"]
        original.data = value.detach()
        if name in module.__dict__:
            delattr(module, name)
        del module._parameters[f"{name}_orig"], module._buffers[f"{name}_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """A list of pruning methods of one parameter, each applied to what those before have left.

    >>> prune = tenon.nn.utils.prune
    >>> layer = tenon.nn.Linear(3, 2)
    >>> _ = prune.random_unstructured(layer, "weight", 1)
    >>> _ = prune.random_unstructured(layer, "weight", 2)
    >>> int(layer.weight_mask.sum())
    3
    """

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        methods = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
        for method in methods:
            if self._tensor_name is None:
                self._tensor_name = getattr(method, "_tensor_name", None)
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Adds a method; TypeError for what is none, ValueError for one of another parameter."""
        if method is None:
            return
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"PruningContainer: a BasePruningMethod is needed; got {type(method).__name__}")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                f"PruningContainer: its methods prune {self._tensor_name!r}; got one of "
                f"{method._tensor_name!r}"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of the last method, of what default_mask leaves."""
        method: Any = self._pruning_methods[-1]
        mask = default_mask.to(t.dtype)
        if method.PRUNING_TYPE == "unstructured":
            left: Any = mask == 1
        elif method.PRUNING_TYPE == "structured":
            others = [d for d in range(t.ndim) if d != method.dim % t.ndim]
            left = (slice(None),) * (method.dim % t.ndim) + (mask.sum(others) != 0,)
        elif method.PRUNING_TYPE == "global":
            left = (slice(None),) * t.ndim
        else:
            raise ValueError(
                f"{type(method).__name__}: PRUNING_TYPE is 'unstructured', 'structured' or 'global'; got "
                f"{method.PRUNING_TYPE!r}"
            )
        combined = mask.clone()
        combined[left] = method.compute_mask(t[left], default_mask=mask[left]).to(mask.dtype)
        return combined
