"""Probability distributions under PyTorch's names: samples, log-probabilities, entropies, divergences.

``sample()`` and ``rsample()`` take ``generator=``. Parameters and values may be numbers, tensors and arrays.
"""

from __future__ import annotations

from tenon._names import guide as _guide
from tenon.distributions import constraints as constraints
from tenon.distributions.bernoulli import Bernoulli
from tenon.distributions.categorical import (
    Categorical,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from tenon.distributions.distribution import Distribution
from tenon.distributions.exponential import Exponential
from tenon.distributions.independent import Independent
from tenon.distributions.kl import kl_divergence, register_kl
from tenon.distributions.laplace import Laplace
from tenon.distributions.multinomial import Multinomial
from tenon.distributions.normal import LogNormal, Normal
from tenon.distributions.uniform import Uniform

__all__ = [
    "Bernoulli", "Categorical", "Distribution", "Exponential", "Independent", "Laplace", "LogNormal",
    "Multinomial", "Normal", "OneHotCategorical", "OneHotCategoricalStraightThrough", "Uniform",
    "constraints", "kl_divergence", "register_kl",
]  # fmt: skip

_guide(__name__)
