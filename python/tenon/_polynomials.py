"""Orthogonal polynomials by their recurrences, under PyTorch's names."""

from __future__ import annotations

from tenon import _C
from tenon._C import Tensor
from tenon._docstrings import documented
from tenon._names import called

TYPE_CHECKING = False  # typing takes longer to import than all of tenon
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Step = Callable[[int, Tensor, Tensor, Tensor], Tensor]

__all__ = [
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]  # fmt: skip

_POLYNOMIAL = """
input: Where it is evaluated: a tensor of floats, or a number; integers count in the default float.
n: The degree: a tensor or a number; what follows its point is cut off. Negative ones give 0. It broadcasts
with input.
out: A tensor that the result is written to.
Returns: A new tensor of the common shape. The gradient reaches input.
TypeError: For complex numbers and float8.
ValueError: For shapes that do not broadcast, and for an out of another one.
RuntimeError: For an out where a gradient is recorded.
"""


def _chebyshev(k: int, x: Tensor, before: Tensor, last: Tensor) -> Tensor:
    return 2 * x * last - before


def _hermite(k: int, x: Tensor, before: Tensor, last: Tensor) -> Tensor:
    return 2 * x * last - 2 * k * before


def _hermite_e(k: int, x: Tensor, before: Tensor, last: Tensor) -> Tensor:
    return x * last - k * before


def _laguerre(k: int, x: Tensor, before: Tensor, last: Tensor) -> Tensor:
    return ((2 * k + 1 - x) * last - k * before) / (k + 1)


def _legendre(k: int, x: Tensor, before: Tensor, last: Tensor) -> Tensor:
    return ((2 * k + 1) * x * last - k * before) / (k + 1)


def _value(
    op: str, input: Any, n: Any, first: tuple[int, int], step: Step, shifted: bool, out: Any
) -> Tensor:
    """P_n(x) for P_0 = 1, P_1 = first[0] x + first[1]. Computed in float64 and rounded once.

    shifted: of 2 x - 1 instead of x.
    """
    from tenon.special import _real

    x, degree = _real(input, op), _real(n, op).detach().to(_C.int64)
    wide, degree = _C.broadcast_tensors(x.to(_C.float64), degree)
    if shifted:
        wide = 2 * wide - 1
    before, last = _C.ones_like(wide), first[0] * wide + first[1]
    for k in range(1, int(degree.max().item()) if degree.numel() else 0):
        # What has its degree stays, so that nothing overflows behind it.
        on = degree > k
        before, last = _C.where(on, last, before), _C.where(on, step(k, wide, before, last), last)
    value = _C.where(degree > 0, last, (degree == 0).to(_C.float64)).to(x.dtype)
    if out is None:
        return value
    try:
        return _C.add(value, 0, out=out)
    except (TypeError, ValueError, RuntimeError) as e:
        e.args = (called(op, str(e)),)
        raise


@documented(_POLYNOMIAL)
def chebyshev_polynomial_t(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the first kind: T_n(cos a) = cos(n a).

    >>> tenon.special.chebyshev_polynomial_t(tenon.tensor([0.5, 2.0]), 3)
    tensor([-1., 26.])
    """
    return _value("chebyshev_polynomial_t", input, n, (1, 0), _chebyshev, False, out)


@documented(_POLYNOMIAL)
def chebyshev_polynomial_u(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the second kind: U_n(cos a) = sin((n + 1) a) / sin(a).

    >>> tenon.special.chebyshev_polynomial_u(tenon.tensor([0.5, 2.0]), 3)
    tensor([-1., 56.])
    """
    return _value("chebyshev_polynomial_u", input, n, (2, 0), _chebyshev, False, out)


@documented(_POLYNOMIAL)
def chebyshev_polynomial_v(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the third kind: V_n(cos a) = cos((n + 1/2) a) / cos(a / 2).

    >>> tenon.special.chebyshev_polynomial_v(tenon.tensor([0.5, 2.0]), 3)
    tensor([-1., 41.])
    """
    return _value("chebyshev_polynomial_v", input, n, (2, -1), _chebyshev, False, out)


@documented(_POLYNOMIAL)
def chebyshev_polynomial_w(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the fourth kind: W_n(cos a) = sin((n + 1/2) a) / sin(a / 2).

    >>> tenon.special.chebyshev_polynomial_w(tenon.tensor([0.5, 2.0]), 3)
    tensor([-1., 71.])
    """
    return _value("chebyshev_polynomial_w", input, n, (2, 1), _chebyshev, False, out)


@documented(_POLYNOMIAL)
def hermite_polynomial_h(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """The physicists' Hermite polynomial: H_{n+1} = 2 x H_n - 2 n H_{n-1}.

    >>> tenon.special.hermite_polynomial_h(tenon.tensor([0.5, 2.0]), 3)
    tensor([-5., 40.])
    """
    return _value("hermite_polynomial_h", input, n, (2, 0), _hermite, False, out)


@documented(_POLYNOMIAL)
def hermite_polynomial_he(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """The probabilists' Hermite polynomial: He_{n+1} = x He_n - n He_{n-1}.

    >>> tenon.special.hermite_polynomial_he(tenon.tensor([0.5, 2.0]), 3)
    tensor([-1.3750,  2.0000])
    """
    return _value("hermite_polynomial_he", input, n, (1, 0), _hermite_e, False, out)


@documented(_POLYNOMIAL)
def laguerre_polynomial_l(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """Laguerre's polynomial: (n + 1) L_{n+1} = (2 n + 1 - x) L_n - n L_{n-1}.

    >>> tenon.special.laguerre_polynomial_l(tenon.tensor([0.5, 2.0]), 3)
    tensor([-0.1458, -0.3333])
    """
    return _value("laguerre_polynomial_l", input, n, (-1, 1), _laguerre, False, out)


@documented(_POLYNOMIAL)
def legendre_polynomial_p(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """Legendre's polynomial: (n + 1) P_{n+1} = (2 n + 1) x P_n - n P_{n-1}.

    >>> tenon.special.legendre_polynomial_p(tenon.tensor([0.5, 2.0]), 3)
    tensor([-0.4375, 17.0000])
    """
    return _value("legendre_polynomial_p", input, n, (1, 0), _legendre, False, out)


@documented(_POLYNOMIAL)
def shifted_chebyshev_polynomial_t(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_t`` of 2 x - 1, for x between 0 and 1.

    >>> tenon.special.shifted_chebyshev_polynomial_t(tenon.tensor([0.5, 2.0]), 3)
    tensor([-0., 99.])
    """
    return _value("shifted_chebyshev_polynomial_t", input, n, (1, 0), _chebyshev, True, out)


@documented(_POLYNOMIAL)
def shifted_chebyshev_polynomial_u(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_u`` of 2 x - 1, for x between 0 and 1.

    >>> tenon.special.shifted_chebyshev_polynomial_u(tenon.tensor([0.5, 2.0]), 3)
    tensor([ -0., 204.])
    """
    return _value("shifted_chebyshev_polynomial_u", input, n, (2, 0), _chebyshev, True, out)


@documented(_POLYNOMIAL)
def shifted_chebyshev_polynomial_v(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_v`` of 2 x - 1, for x between 0 and 1.

    >>> tenon.special.shifted_chebyshev_polynomial_v(tenon.tensor([0.5, 2.0]), 3)
    tensor([  1., 169.])
    """
    return _value("shifted_chebyshev_polynomial_v", input, n, (2, -1), _chebyshev, True, out)


@documented(_POLYNOMIAL)
def shifted_chebyshev_polynomial_w(input: Tensor, n: Any, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_w`` of 2 x - 1, for x between 0 and 1.

    >>> tenon.special.shifted_chebyshev_polynomial_w(tenon.tensor([0.5, 2.0]), 3)
    tensor([ -1., 239.])
    """
    return _value("shifted_chebyshev_polynomial_w", input, n, (2, 1), _chebyshev, True, out)
