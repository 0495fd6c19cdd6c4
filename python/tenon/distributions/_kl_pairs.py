"""Divergences of the distributions beyond those that kl.py has: what PyTorch registers.

Where p and q are of two kinds it is the mean of -log q(x) under p, a few moments of p, less the entropy of p.
"""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon.distributions.bernoulli import Bernoulli
from tenon.distributions.cauchy import Cauchy, HalfNormal
from tenon.distributions.continuous_bernoulli import ContinuousBernoulli
from tenon.distributions.counts import Binomial, Geometric, Poisson
from tenon.distributions.dirichlet import Beta, Dirichlet
from tenon.distributions.exponential import Exponential
from tenon.distributions.extremes import Gumbel, Pareto
from tenon.distributions.gamma import Gamma
from tenon.distributions.kl import (
    _against_normal,
    _nowhere,
    _same_events,
    _where_infinite,
    kl_divergence,
    register_kl,
)
from tenon.distributions.laplace import Laplace
from tenon.distributions.multivariate_normal import LowRankMultivariateNormal, MultivariateNormal
from tenon.distributions.normal import Normal
from tenon.distributions.transformed_distribution import TransformedDistribution
from tenon.distributions.uniform import Uniform

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from typing import Any

_EULER = 0.57721566490153286060

# ---- of one kind ----


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    shape = (a - b) * _C.digamma(a) - _C.lgamma(a) + _C.lgamma(b)
    return shape + b * (p.rate / q.rate).log() + a * (q.rate / p.rate - 1)


def _dirichlet(a: Tensor, b: Tensor) -> Tensor:
    total = a.sum(-1)
    norms = _C.lgamma(total) - _C.lgamma(b.sum(-1)) - (_C.lgamma(a) - _C.lgamma(b)).sum(-1)
    return norms + ((a - b) * (_C.digamma(a) - _C.digamma(total).unsqueeze(-1))).sum(-1)


@register_kl(Dirichlet, Dirichlet)
def _dirichlets(p: Dirichlet, q: Dirichlet) -> Tensor:
    _same_events(p, q, p.event_shape, q.event_shape)
    return _dirichlet(p.concentration, q.concentration)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    both = [_C.stack([d.concentration1, d.concentration0], -1) for d in (p, q)]
    return _dirichlet(*both)


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("kl_divergence: none is known for Binomials where q has more trials than p")
    each = p.probs * (p.logits - q.logits) - _C.softplus(p.logits) + _C.softplus(q.logits)
    return _where_infinite(p.total_count > q.total_count, p.total_count * each)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    apart = (p.scale + q.scale).square() + (p.loc - q.loc).square()
    return apart.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    norms = p._log_norm() + (-p.probs).log1p() - q._log_norm() - (-q.probs).log1p()
    return p.mean * (p.logits - q.logits) + norms


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio = p.scale / q.scale
    off = (q.loc - p.loc) / q.scale
    return -ratio.log() - off + ratio * _EULER + (off + _C.lgamma(1 + ratio)).exp() - (1 + _EULER)


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    kl = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return _where_infinite(p.scale < q.scale, kl)


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms:
        raise NotImplementedError(
            "kl_divergence: none is known for TransformedDistributions of two transforms"
        )
    _same_events(p, q, p.event_shape, q.event_shape)
    return kl_divergence(p.base_dist, q.base_dist)


# ---- normal variables of several dimensions ----


def _trace_of_quotient(covariance: Tensor, factor: Tensor) -> Tensor:
    """The trace of inv(factor @ factor.mT) @ covariance."""
    return _C.cholesky_solve(covariance, factor).diagonal(0, -2, -1).sum(-1)


def _multivariate(p: Any, q: Any) -> Tensor:
    _same_events(p, q, p.event_shape, q.event_shape)
    factor, other = q.scale_tril, p.scale_tril
    logs = (factor.diagonal(0, -2, -1).log() - other.diagonal(0, -2, -1).log()).sum(-1)
    away = _C._solve_triangular(factor, (q.loc - p.loc).unsqueeze(-1), False).square().sum((-2, -1))
    trace = _trace_of_quotient(p.covariance_matrix, factor)
    return logs + 0.5 * (trace + away - p.event_shape[0])


_VECTORS: tuple[type, ...] = (MultivariateNormal, LowRankMultivariateNormal)
for _p in _VECTORS:
    for _q in _VECTORS:
        register_kl(_p, _q)(_multivariate)


# ---- of two kinds ----


def _mean_log(p: Any) -> Tensor:
    """The mean of log x."""
    if isinstance(p, Beta):
        return _C.digamma(p.concentration1) - _C.digamma(p.concentration1 + p.concentration0)
    if isinstance(p, Exponential):
        return -_EULER - p.rate.log()
    if isinstance(p, Gamma):
        return _C.digamma(p.concentration) - p.rate.log()
    if isinstance(p, Pareto):
        return p.scale.log() + 1 / p.alpha
    return (_C.xlogy(p.high, p.high) - _C.xlogy(p.low, p.low)) / (p.high - p.low) - 1  # Uniform


def _below(p: Any, bound: Any) -> Any:
    """Where p has values below a bound."""
    if isinstance(p, Uniform):
        return p.low < bound
    return _C.zeros_like(p.mean, dtype=_C.bool)


def _against_exponential(p: Any, q: Exponential) -> Tensor:
    kl = q.rate * p.mean - q.rate.log() - p.entropy()
    return _where_infinite(_below(p, 0) | p.mean.isinf(), kl)


def _against_gamma(p: Any, q: Gamma) -> Tensor:
    c = q.concentration
    cross = _C.lgamma(c) - c * q.rate.log() - (c - 1) * _mean_log(p) + q.rate * p.mean
    return _where_infinite(_below(p, 0) | p.mean.isinf(), cross - p.entropy())


def _against_gumbel(p: Any, q: Gumbel) -> Tensor:
    """By the mean of e^(-x / scale)."""
    s = q.scale
    if isinstance(p, Exponential):
        mean = p.rate / (p.rate + 1 / s)
    elif isinstance(p, Gamma):
        mean = (1 + 1 / (s * p.rate)) ** -p.concentration
    elif isinstance(p, Normal):
        mean = (-p.loc / s + 0.5 * (p.scale / s).square()).exp()
    else:
        mean = s * ((-p.low / s).exp() - (-p.high / s).exp()) / (p.high - p.low)
    return s.log() + (p.mean - q.loc) / s + (q.loc / s).exp() * mean - p.entropy()


def _against_uniform(p: Any, q: Uniform) -> Tensor:
    """Of a p on the unit interval."""
    return _where_infinite((q.low > 0) | (q.high < 1), (q.high - q.low).log() - p.entropy())


def _against_continuous_bernoulli(p: Any, q: ContinuousBernoulli) -> Tensor:
    kl = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._log_norm()
    return kl if not isinstance(p, Uniform) else _where_infinite((p.low < 0) | (p.high > 1), kl)


@register_kl(Uniform, Beta)
def _uniform_beta(p: Uniform, q: Beta) -> Tensor:
    a, b, width = q.concentration1, q.concentration0, p.high - p.low
    rest = (_C.xlogy(1 - p.low, 1 - p.low) - _C.xlogy(1 - p.high, 1 - p.high)) / width - 1
    cross = _C.lgamma(a) + _C.lgamma(b) - _C.lgamma(a + b) - (a - 1) * _mean_log(p) - (b - 1) * rest
    return _where_infinite((p.low < 0) | (p.high > 1), cross - width.log())


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    cross = (q.alpha + 1) * _mean_log(p) - q.alpha.log() - q.alpha * q.scale.log()
    return _where_infinite(p.low < q.scale, cross - p.entropy())


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return q.rate - p.probs * q.rate.log() - p.entropy()


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return _against_exponential(p, q)


_CROSSED: tuple[tuple[Any, tuple[type, ...], type], ...] = (
    (_against_exponential, (Beta, ContinuousBernoulli, Pareto, Uniform), Exponential),
    (_against_gamma, (Beta, Exponential, Pareto, Uniform), Gamma),
    (_against_gumbel, (Exponential, Gamma, Normal, Uniform), Gumbel),
    (_against_normal, (Beta, ContinuousBernoulli, Gamma, Gumbel), Normal),
    (_against_uniform, (Beta, ContinuousBernoulli), Uniform),
    (_against_continuous_bernoulli, (Beta, Uniform), ContinuousBernoulli),
)
for _f, _ps, _q in _CROSSED:
    for _p in _ps:
        register_kl(_p, _q)(_f)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Pareto, q: Normal) -> Tensor:
    return _where_infinite(p.variance.isinf(), _against_normal(p, q))


_APART: dict[type, tuple[type, ...]] = {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Gamma, Pareto),
    Normal: (Beta, ContinuousBernoulli, Gamma, Pareto),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}
for _p, _qs in _APART.items():
    for _q in _qs:
        register_kl(_p, _q)(_nowhere)
