"""The Kullback-Leibler divergence of pairs of distributions."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented as _documented
from tenon.distributions._common import sum_rightmost
from tenon.distributions.bernoulli import Bernoulli
from tenon.distributions.categorical import Categorical, OneHotCategorical, _Classes
from tenon.distributions.distribution import Distribution
from tenon.distributions.exponential import Exponential
from tenon.distributions.independent import Independent
from tenon.distributions.laplace import Laplace
from tenon.distributions.normal import LogNormal, Normal
from tenon.distributions.uniform import Uniform

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["kl_divergence", "register_kl"]

_REGISTRY: dict[tuple[type, type], Any] = {}


@_documented()
def register_kl(type_p: type, type_q: type) -> Callable[..., Any]:
    """A decorator that registers the divergence of two classes, and of their subclasses.

    type_p: The class of the first distribution.
    type_q: The class of the second distribution.
    Returns: The decorator, which returns the function as it is.
    TypeError: For what is no subclass of Distribution.

    >>> class Own(tenon.distributions.Normal):
    ...     pass
    >>> @tenon.distributions.register_kl(Own, Own)
    ... def own_kl(p, q):
    ...     return p.loc - q.loc
    >>> tenon.distributions.kl_divergence(Own(3.0, 1.0), Own(1.0, 1.0))
    tensor(2.)
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type) or not issubclass(kind, Distribution):
            raise TypeError(f"register_kl: {name} must be a subclass of Distribution; got {kind!r}")

    def decorator(f: Callable[..., Any]) -> Callable[..., Any]:
        _REGISTRY[type_p, type_q] = f
        return f

    return decorator


def _registered(p: type, q: type) -> Any:
    """The function of the nearest classes: p's ancestor first, then q's; None where there is none."""
    for a in p.__mro__:
        for b in q.__mro__:
            if (a, b) in _REGISTRY:
                return _REGISTRY[a, b]
    return None


@_documented()
def kl_divergence(p: Any, q: Any) -> Tensor:
    """The divergence of p from q: the mean of log p(x) - log q(x) under p.

    Where several registered pairs fit, that of p's nearest class counts, then that of q's.

    p: The distribution that the mean is taken under.
    q: The other one; their batches broadcast.
    Returns: A new tensor of shape batch_shape.
    TypeError: For what is no distribution.
    ValueError: For events of two shapes, and batches that do not broadcast.
    NotImplementedError: For a pair without a registered function.

    >>> tenon.distributions.kl_divergence(
    ...     tenon.distributions.Normal(0.0, 1.0), tenon.distributions.Normal(1.0, 1.0)
    ... )
    tensor(0.5000)
    """
    for name, d in (("p", p), ("q", q)):
        if not isinstance(d, Distribution):
            raise TypeError(f"kl_divergence: {name} must be a Distribution; got {type(d).__name__}")
    f = _registered(type(p), type(q))
    if f is None:
        names = f"{type(p).__name__} and {type(q).__name__}"
        raise NotImplementedError(f"kl_divergence: none is known for {names}; use register_kl()")
    return f(p, q)


def _where_infinite(infinite: Tensor, kl: Tensor) -> Tensor:
    return _C.where(infinite, math.inf, kl)


def _same_events(p: Distribution, q: Distribution, one: Any, other: Any) -> None:
    if one != other:
        raise ValueError(f"kl_divergence: the events must match; got {p!r} and {q!r}")


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    def part(share: Tensor, other: Tensor, p_logits: Tensor, q_logits: Tensor) -> Tensor:
        kl = share * (_C.softplus(-q_logits) - _C.softplus(-p_logits))
        return _C.where(share == 0, 0.0, _where_infinite(other == 0, kl))

    ones = part(p.probs, q.probs, p.logits, q.logits)
    return ones + part(1 - p.probs, 1 - q.probs, -p.logits, -q.logits)


def _classes(p: _Classes, q: _Classes) -> Tensor:
    _same_events(p, q, p._num_events, q._num_events)
    kl = p.probs * (p.logits - q.logits)
    return _C.where(p.probs == 0, 0.0, _where_infinite(q.probs == 0, kl)).sum(-1)


register_kl(Categorical, Categorical)(_classes)
register_kl(OneHotCategorical, OneHotCategorical)(_classes)


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    n = p.reinterpreted_batch_ndims
    _same_events(p, q, n, q.reinterpreted_batch_ndims)
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), n)


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, far = p.scale / q.scale, (p.loc - q.loc).abs()
    return far / q.scale + ratio * (-far / p.scale).exp() - ratio.log() - 1


def _normal(p: Any, q: Any) -> Tensor:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).square() - 1 - ratio.log())


register_kl(Normal, Normal)(_normal)
register_kl(LogNormal, LogNormal)(_normal)


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    kl = ((q.high - q.low) / (p.high - p.low)).log()
    return _where_infinite((q.low > p.low) | (q.high < p.high), kl)


def _against_normal(p: Any, q: Normal) -> Tensor:
    """By the first two moments of p."""
    spread = p.variance + (p.mean - q.loc).square()
    return q.scale.log() + 0.5 * math.log(2 * math.pi) + 0.5 * spread / q.scale.square() - p.entropy()


for _kind in (Exponential, Laplace, Uniform):
    register_kl(_kind, Normal)(_against_normal)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    off = p.loc - q.loc
    z = off / p.scale
    far = p.scale * math.sqrt(2 / math.pi) * (-0.5 * z.square()).exp() + off * _C.erf(z * math.sqrt(0.5))
    return far / q.scale + (2 * q.scale).log() - p.entropy()


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Uniform, q: Exponential) -> Tensor:
    return _where_infinite(p.low < 0, q.rate * p.mean - q.rate.log() - p.entropy())


def _nowhere(p: Distribution, q: Distribution) -> Tensor:
    """p has probability where q has none."""
    like = p.mean
    shape = _C.broadcast_shapes(p.batch_shape, q.batch_shape)
    return _C.full(shape, math.inf, dtype=like.dtype, device=like.device)


for _p, _q in (
    (Exponential, Uniform), (Laplace, Exponential), (Laplace, Uniform), (Normal, Exponential),
    (Normal, Uniform),
):  # fmt: skip
    register_kl(_p, _q)(_nowhere)
