"""Probability distributions under PyTorch's names: samples, log-probabilities, entropies, divergences.

``sample()`` and ``rsample()`` take ``generator=``. Parameters and values may be numbers, tensors and arrays.
"""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.distributions import _kl_pairs as _kl_pairs
from tenon.distributions import constraints as constraints
from tenon.distributions import transforms as transforms
from tenon.distributions.bernoulli import Bernoulli
from tenon.distributions.categorical import (
    Categorical,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from tenon.distributions.cauchy import Cauchy, HalfCauchy, HalfNormal
from tenon.distributions.constraint_registry import biject_to as biject_to
from tenon.distributions.constraint_registry import transform_to as transform_to
from tenon.distributions.continuous_bernoulli import ContinuousBernoulli
from tenon.distributions.counts import Binomial, Geometric, NegativeBinomial, Poisson
from tenon.distributions.dirichlet import Beta, Dirichlet
from tenon.distributions.distribution import Distribution
from tenon.distributions.exponential import Exponential
from tenon.distributions.exponential_family import ExponentialFamily
from tenon.distributions.extremes import Gumbel, Kumaraswamy, Pareto, Weibull
from tenon.distributions.gamma import Chi2, Gamma, InverseGamma
from tenon.distributions.generalized_pareto import GeneralizedPareto
from tenon.distributions.independent import Independent
from tenon.distributions.kl import kl_divergence, register_kl
from tenon.distributions.laplace import Laplace
from tenon.distributions.lkj_cholesky import LKJCholesky
from tenon.distributions.mixture import MixtureSameFamily
from tenon.distributions.multinomial import Multinomial
from tenon.distributions.multivariate_normal import LowRankMultivariateNormal, MultivariateNormal
from tenon.distributions.normal import LogNormal, Normal
from tenon.distributions.relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from tenon.distributions.student_t import FisherSnedecor, StudentT
from tenon.distributions.transformed_distribution import LogisticNormal, TransformedDistribution
from tenon.distributions.transforms import *  # noqa: F403
from tenon.distributions.transforms import identity_transform as identity_transform
from tenon.distributions.uniform import Uniform
from tenon.distributions.von_mises import VonMises
from tenon.distributions.wishart import Wishart

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ContinuousBernoulli",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "ExponentialFamily",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "InverseGamma",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "StudentT",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull", "Wishart",
    "biject_to",
    "constraints",
    "kl_divergence",
    "register_kl",
    "transform_to",
    "transforms",
]  # fmt: skip
__all__ += transforms.__all__

_guide(__name__)
