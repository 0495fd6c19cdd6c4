"""Special functions under PyTorch's names. Those that tenon itself has stand here, too, by both names."""

from __future__ import annotations

import math

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon._names import called
from tenon._names import guide as _guide
from tenon._polynomials import *  # noqa: F403
from tenon._polynomials import __all__ as _polynomials

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma", "entr", "erf", "erfc", "erfcx",
    "erfinv", "exp2", "expit", "expm1", "gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "log1p",
    "log_ndtr", "log_softmax", "logit", "logsumexp", "modified_bessel_i0", "modified_bessel_i1",
    "modified_bessel_k0", "modified_bessel_k1", "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round",
    "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "sinc", "softmax", "spherical_bessel_j0",
    "xlog1py", "xlogy", "zeta",
]  # fmt: skip

__all__ += _polynomials

digamma = psi = _C.digamma
erf, erfc, erfinv = _C.erf, _C.erfc, _C.erfinv
exp2, expm1, log1p = _C.exp2, _C.expm1, _C.log1p
expit, logit = _C.sigmoid, _C.logit
gammainc, gammaincc, gammaln = _C.igamma, _C.igammac, _C.lgamma
i0, i0e, i1, i1e = _C.i0, _C.i0e, _C.i1, _C.i1e
modified_bessel_i0, modified_bessel_i1 = _C.i0, _C.i1
bessel_j0, bessel_j1, bessel_y0, bessel_y1 = _C.bessel_j0, _C.bessel_j1, _C.bessel_y0, _C.bessel_y1
modified_bessel_k0, modified_bessel_k1 = _C.modified_bessel_k0, _C.modified_bessel_k1
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = (
    _C.scaled_modified_bessel_k0,
    _C.scaled_modified_bessel_k1,
)
airy_ai, zeta = _C.airy_ai, _C.zeta
log_softmax, logsumexp, softmax = _C.log_softmax, _C.logsumexp, _C.softmax
polygamma, round, sinc, xlogy = _C.polygamma, _C.round, _C.sinc, _C.xlogy

_ELEMENTWISE = """
input: A tensor of floats; integers and bools count in the default float.
out: A tensor that the result is written to.
Returns: A new tensor of input's shape.
TypeError: For complex numbers and float8.
ValueError: For an out of another shape.
RuntimeError: For an out where a gradient is recorded.
"""


def _real(x: Tensor, op: str) -> Tensor:
    t: Tensor = _C._ingest(x, op, None, None, None)
    if t.dtype.is_complex or (t.dtype.itemsize == 1 and t.dtype.is_floating_point):
        raise TypeError(f"{op}: not defined for {t.dtype.name}; it takes real numbers")
    return t if t.dtype.is_floating_point else t.to(_C.get_default_dtype())


def _written(op: str, value: Tensor, out: Tensor | None) -> Tensor:
    if out is None:
        return value
    try:
        return _C.add(value, 0, out=out)
    except (TypeError, ValueError, RuntimeError) as e:
        e.args = (called(op, str(e)),)
        raise


@documented(_ELEMENTWISE)
def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The part of an entropy that a probability has: -x log x; 0 for 0 and -inf below.

    >>> tenon.special.entr(tenon.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.3466, 0.0000])
    """
    x = _real(input, "entr")
    return _written("entr", _C.where(x < 0, -math.inf, -_C.xlogy(x, x) + 0.0), out)


def _scaled_erfc(x: Tensor) -> Tensor:
    """e^(x²) erfc(x): in float64, where the square is taken in two parts, so that the exponential
    magnifies nothing.

    From 10 on by twelve terms of the asymptotic series (DLMF 7.12.1), whose rest is below 1e-16.
    """
    far = x > 10
    near = _C.where(far, 0.0, x)
    scaled = near * 134217729.0  # 2^27 + 1: Veltkamp's splitting
    head = _C.where(near.abs() < 1e100, scaled - (scaled - near), near)
    rest = _C.where(near.abs() < 1e100, (near - head) * (near + head), 0.0)
    product = head.square().exp() * rest.exp() * _C.erfc(near)
    big = _C.where(far, x, 10.0)
    w, series = 0.5 / big.square(), _C.ones_like(x)
    for k in range(12, 0, -1):
        series = 1 - (2 * k - 1) * w * series
    return _C.where(far, series / (big * math.sqrt(math.pi)), product)


@documented(_ELEMENTWISE)
def erfcx(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """e^(x^2) erfc(x), which neither underflows nor loses digits for large x.

    Computed in float64, with a relative error below 2e-15.

    >>> tenon.special.erfcx(tenon.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    x = _real(input, "erfcx")
    return _written("erfcx", _scaled_erfc(x.to(_C.float64)).to(x.dtype), out)


@documented(_ELEMENTWISE)
def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The probability of at most x under the standard normal distribution.

    >>> tenon.special.ndtr(tenon.tensor([-1.0, 0.0]))
    tensor([0.1587, 0.5000])
    """
    x = _real(input, "ndtr")
    return _written("ndtr", 0.5 * _C.erfc(x * -math.sqrt(0.5)), out)


@documented(_ELEMENTWISE)
def log_ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of ndtr(), also where that underflows. Computed in float64.

    >>> tenon.special.log_ndtr(tenon.tensor([-40.0, 0.0]))
    tensor([-8.0461e+02, -6.9315e-01])
    """
    x = _real(input, "log_ndtr")
    wide = x.to(_C.float64)
    low = wide < -1
    left, right = _C.where(low, wide, -1.0), _C.where(low, 0.0, wide)
    root = math.sqrt(0.5)
    below = (0.5 * _scaled_erfc(left * -root)).log() - 0.5 * left.square()
    above = (-0.5 * _C.erfc(right * root)).log1p()
    return _written("log_ndtr", _C.where(low, below, above).to(x.dtype), out)


@documented(_ELEMENTWISE)
def ndtri(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The quantile of the standard normal distribution, the inverse of ndtr(); NaN outside [0, 1].

    >>> tenon.special.ndtri(tenon.tensor([0.025, 0.975]))
    tensor([-1.9600,  1.9600])
    """
    from tenon.distributions._common import normal_quantile

    return _written("ndtri", normal_quantile(_real(input, "ndtri")), out)


@documented(_ELEMENTWISE)
def multigammaln(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension p.

    p: The dimension, from 1 on.
    ValueError: For a p below 1 and for an out of another shape.

    >>> tenon.special.multigammaln(tenon.tensor([2.0]), 2)
    tensor([0.4516])
    """
    x = _real(input, "multigammaln")
    if p < 1:
        raise ValueError(f"multigammaln: p must be 1 or more; got {p}")
    return _written("multigammaln", _C.mvlgamma(x, p), out)


@documented(_ELEMENTWISE)
def spherical_bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The spherical Bessel function of the first kind of order 0: sin(x) / x.

    >>> tenon.special.spherical_bessel_j0(tenon.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    x = _real(input, "spherical_bessel_j0")
    near, z = x.abs() < 0.5, x.square()
    series = _C.ones_like(x)
    for k in range(8, 0, -1):
        series = 1 - z / (2 * k * (2 * k + 1)) * series
    away = _C.where(near, 1.0, x)
    quotient = _C.where(away.isinf(), 0.0, away.sin() / away)
    return _written("spherical_bessel_j0", _C.where(near, series, quotient), out)


@documented()
def xlog1py(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """input * log(1 + other), and 0 where input is 0 and other is not NaN.

    input, other: Tensors of floats, or one of them a number; they broadcast.
    out: A tensor that the result is written to.
    Returns: A new tensor of the common shape.
    TypeError: For complex numbers and float8.
    ValueError: For shapes that do not broadcast, and for an out of another one.
    RuntimeError: For an out where a gradient is recorded.

    >>> tenon.special.xlog1py(tenon.tensor([0.0, 2.0]), tenon.tensor([-1.0, 1.0]))
    tensor([0.0000, 1.3863])
    """
    a, b = _real(input, "xlog1py"), _real(other, "xlog1py")
    nothing = (a == 0) & (b == b)
    return _written("xlog1py", _C.where(nothing, 0.0, a * _C.where(nothing, 0.0, b).log1p()), out)


_guide(__name__)
