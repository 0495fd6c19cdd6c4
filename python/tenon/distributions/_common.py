"""What distributions share: parameters as tensors of one shape, properties that are computed once."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._dtypes import finfo
from tenon._grad_mode import enable_grad
from tenon.autograd.function import Function

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NUMBERS = (bool, int, float)

cross_entropy_with_logits = _C._nn_names["binary_cross_entropy_with_logits"]


def _parameter(owner: str, name: str, value: Any, like: Tensor | None) -> Tensor:
    if isinstance(value, _NUMBERS):
        dtype = _C.get_default_dtype() if like is None else like.dtype
        return _C.tensor(value, dtype=dtype, device=None if like is None else like.device)
    t = _C._ingest(value, f"{owner}: {name}", None, None, None)
    if t.dtype.is_complex:
        raise TypeError(f"{owner}: {name} must be real; got {t.dtype.name}")
    return t if t.dtype.is_floating_point else t.to(_C.get_default_dtype())


def parameters(owner: str, **given: Any) -> list[Tensor]:
    """Parameters as floating tensors of their common shape; numbers get the dtype of the first tensor."""
    tensors: dict[str, Tensor] = {}
    for name, value in given.items():
        if not isinstance(value, _NUMBERS):
            tensors[name] = _parameter(owner, name, value, None)
    first = next(iter(tensors.values()), None)
    all_ = [tensors[n] if n in tensors else _parameter(owner, n, v, first) for n, v in given.items()]
    try:
        return list(_C.broadcast_tensors(*all_))
    except ValueError:
        shapes = ", ".join(f"{n} {tuple(t.shape)}" for n, t in zip(given, all_, strict=True))
        raise ValueError(f"{owner}: the parameters do not broadcast; got {shapes}") from None


def one_matrix(owner: str, **matrices: Any) -> tuple[str, Any]:
    """The one matrix that was given, and its name: ValueError unless there is one."""
    given = {name: m for name, m in matrices.items() if m is not None}
    if len(given) != 1:
        raise ValueError(f"{owner}: give one of {', '.join(matrices)}; got {', '.join(given) or 'none'}")
    return next(iter(given.items()))


def event_parameters(
    owner: str, dims: dict[str, int], **given: Any
) -> tuple[tuple[int, ...], dict[str, Tensor]]:
    """The common batch shape, and floating parameters of it, of which the last dims are one event's."""
    made: dict[str, Tensor] = {n: _parameter(owner, n, v, None) for n, v in given.items()}
    for name, t in made.items():
        if t.ndim < dims[name]:
            raise ValueError(
                f"{owner}: {name} must have {dims[name]} dimensions or more; got shape {t.shape}"
            )
    batches = [t.shape[: t.ndim - dims[n]] for n, t in made.items()]
    try:
        batch = tuple(_C.broadcast_shapes(*batches))
    except ValueError:
        shapes = ", ".join(f"{n} {tuple(t.shape)}" for n, t in made.items())
        raise ValueError(f"{owner}: the batches do not broadcast; got {shapes}") from None
    return batch, {n: t.expand((*batch, *t.shape[t.ndim - dims[n] :])) for n, t in made.items()}


def one_of(owner: str, probs: Any, logits: Any) -> str:
    """'probs' or 'logits': the one that is given."""
    if (probs is None) == (logits is None):
        got = "neither" if probs is None else "both"
        raise ValueError(f"{owner}: give probs or logits, one of them; got {got}")
    return "logits" if probs is None else "probs"


class lazy_property:
    """A property that is computed at its first use, with its history whatever the mode, and kept."""

    def __init__(self, compute: Callable[[Any], Tensor]) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.compute(instance)
        instance.__dict__[self.compute.__name__] = value
        return value


def within_unit(probs: Tensor) -> Tensor:
    """Probabilities whose logarithms are finite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(eps, 1 - eps)


def sum_rightmost(t: Tensor, count: int) -> Tensor:
    """The sum over the last count dimensions."""
    return t.sum(list(range(t.ndim - count, t.ndim))) if count else t


def scaled_uniform(shape: Any, like: Tensor, generator: Any) -> Tensor:
    """Numbers of [0, 1) in a tensor's dtype, on its device."""
    return _C.rand(shape, dtype=like.dtype, device=like.device, generator=generator)


def _halley(q: Tensor) -> Tensor:
    """The z <= 0 below which a standard normal variable lies with probability q <= 1/2.

    Winitzki's approximation of the inverse error function, and Halley's steps on it: each triples its digits.
    """
    w = -(4 * q * (1 - q)).log()
    a = 0.147
    c = 2 / (math.pi * a) - w / 2
    z = -(2 * ((c * c + w / a).sqrt() - c).clamp(0)).sqrt()
    for _ in range(4):
        off = (0.5 * _C.erfc(z * -math.sqrt(0.5)) - q) / ((z * z * -0.5).exp() / math.sqrt(2 * math.pi))
        z = z - off / (1 + 0.5 * z * off)
    return z


class _NormalQuantile(Function):
    @staticmethod
    def forward(ctx: Any, p: Tensor) -> Tensor:
        wide = p if p.dtype in (_C.float32, _C.float64) else p.float()
        lower = wide <= 0.5
        q = _C.where(lower, wide, 1 - wide)
        z = _C.where(q > 0, _halley(q.clamp(finfo(q.dtype).tiny)), _C.where(q == 0, -math.inf, math.nan))
        z = _C.where(lower, z, -z).to(p.dtype)
        ctx.save_for_backward(z)
        return z

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (z,) = ctx.saved_tensors
        return grads[0] * (z * z * 0.5).exp() * math.sqrt(2 * math.pi)


def normal_quantile(p: Tensor) -> Tensor:
    """The z below which a standard normal variable lies with probability p; NaN outside [0, 1].

    Subnormal p count as the smallest normal number.
    """
    return _NormalQuantile.apply(p)
