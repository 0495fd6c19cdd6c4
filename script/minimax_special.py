#!/usr/bin/env python3
"""Prints the polynomials and quotients of src/backends/scalar/math/bessel_jy.h, bessel_k.h and airy.h:
`minimax_special.py [name ...]`.

As minimax.py's, each is the interpolant at the Chebyshev nodes of an interval, computed with 60 digits. A
quotient of two polynomials serves where a function has a branch cut that ends at the interval's end: the
asymptotic series for large arguments, which converge nowhere. The printed error is the largest one, relative
where the function has no zero.
"""

import sys

from minimax import interpolant
from mpmath import (
    airyai,
    airybi,
    besseli,
    besselj,
    besseljzero,
    besselk,
    bessely,
    cos,
    exp,
    log,
    lu_solve,
    matrix,
    mp,
    mpf,
    pi,
    polyval,
    sin,
    sqrt,
)

mp.dps = 60
TINY = mpf("1e-9")  # in place of 0, where the formulas divide by it
FIRST = mpf("0.65625")  # the centre of Airy's polynomial right of 0
WIDTH = mpf("0.9609375")  # half the width of those left of 0
CENTRES = {"near": -WIDTH, "middle": -3 * WIDTH}


def half_log(s):
    return log(s) / 2


def j_near(n):
    """(J_n(x) / x^n - 1 / 2^n) / x^2 by s = x^2."""
    return lambda s: (besselj(n, sqrt(s)) / sqrt(s) ** n - mpf(1) / 2**n) / s


def j_middle(n):
    """J_n(x) / x^n without its first two zeros, by t = x^2 - 14.5."""
    one, two = besseljzero(n, 1) ** 2, besseljzero(n, 2) ** 2

    def quotient(t):
        s = t + 14.5
        return besselj(n, sqrt(s)) / sqrt(s) ** n / ((s - one) * (s - two))

    return quotient


def y_rest(n):
    """What Y_n(x) has beside J_n(x) log(x) 2 / pi and the pole, over x^n, by t = x^2 - 12.5."""

    def rest(t):
        s = t + 12.5
        x = sqrt(s)
        return (bessely(n, x) - 2 / pi * (half_log(s) * besselj(n, x) - (1 / x if n else 0))) / x**n

    return rest


def hankel(n, imaginary):
    """P and x Q of DLMF 10.17.3, by w = (5 / x)^2."""

    def part(w):
        x = 5 / sqrt(w)
        j, y, angle = besselj(n, x), bessely(n, x), x - n * pi / 2 - pi / 4
        scale = sqrt(pi * x / 2)
        if imaginary:
            return x * scale * (y * cos(angle) - j * sin(angle))
        return scale * (j * cos(angle) + y * sin(angle))

    return part


def k0_near(s):
    x = sqrt(s)
    return besselk(0, x) + log(x / 2) * besseli(0, x)


def k1_near(s):
    """(K_1(x) - log(x / 2) I_1(x) - 1 / x) / x."""
    x = sqrt(s)
    return (besselk(1, x) - log(x / 2) * besseli(1, x) - 1 / x) / x


def k_far(n):
    """K_n(x) e^x sqrt(x) by w = 1 / x."""
    return lambda w: besselk(n, 1 / w) * exp(1 / w) / sqrt(w)


def airy(derivative, centre):
    return lambda t: airyai(t + centre, derivative=derivative)


def airy_decay(derivative):
    """2 sqrt(pi) x^(1/4) e^z Ai(x), or -2 sqrt(pi) x^(-1/4) e^z Ai'(x), by 1 / z, z = 2/3 x^1.5."""

    def scaled(w):
        x = (1.5 / w) ** (mpf(2) / 3)
        y = airyai(x, derivative=derivative) * exp(1 / w) * 2 * sqrt(pi)
        return -y * x**-0.25 if derivative else y * x**0.25

    return scaled


def airy_wave(derivative, imaginary):
    """The sums of DLMF 9.7.9 and 9.7.10, the second ones times z, by w = (5 / z)^2, z = 2/3 |x|^1.5."""

    def part(w):
        z = 5 / sqrt(w)
        x = (1.5 * z) ** (mpf(2) / 3)
        c, s = cos(z - pi / 4), sin(z - pi / 4)
        a, b = airyai(-x, derivative=derivative), airybi(-x, derivative=derivative)
        scale = sqrt(pi) * (x**-0.25 if derivative else x**0.25)
        if derivative:
            return scale * ((b * s - a * c) * z if imaginary else a * s + b * c)
        return scale * ((a * s + b * c) * z if imaginary else a * c - b * s)

    return part


def rows():
    """Name: (function, interval, degree of the numerator, of the denominator, weight of the error)."""
    table = {}
    for n in (0, 1):
        middle = j_middle(n)
        table[f"j{n}_near"] = (j_near(n), TINY, 4, 8, 0, lambda s, n=n: s * 2**n)
        table[f"j{n}_middle"] = (middle, -10.5, 10.5, 11, 0, lambda t, f=middle: 1 / f(t))
        table[f"y{n}_near"] = (y_rest(n), TINY - 12.5, 12.5, 13, 0, lambda t: 1)
        table[f"p{n}"] = (hankel(n, False), TINY, 1, 7, 7, lambda w: 1)
        table[f"q{n}"] = (hankel(n, True), TINY, 1, 7, 7, lambda w: sqrt(w) / 5)
        table[f"k{n}_far"] = (k_far(n), TINY, 1, 10, 10, lambda w: 1)
    table["k0_near"] = (k0_near, TINY, 1, 7, 0, lambda s: 1)
    table["k1_near"] = (k1_near, TINY, 1, 7, 0, lambda s: 1)
    for d, name in ((0, "airy"), (1, "airy_slope")):
        first = airy(d, FIRST)
        table[f"{name}_first"] = (first, -FIRST, FIRST, 16, 0, lambda t, f=first: 1 / f(t))
        for part, centre in CENTRES.items():
            table[f"{name}_{part}"] = (airy(d, centre), -WIDTH, WIDTH, 19, 0, lambda t: 1)
        table[f"{name}_decay"] = (airy_decay(d), TINY, 1, 10, 10, lambda w: 1)
        table[f"{name}_p"] = (airy_wave(d, False), TINY, 1, 7, 7, lambda w: 1)
        table[f"{name}_q"] = (airy_wave(d, True), TINY, 1, 7, 7, lambda w: sqrt(w) / 5)
    return table


def quotient(f, low, high, above, below):
    """The coefficients of numerator and denominator, whose first one is 1."""
    n = above + below + 1
    low, high = mpf(low), mpf(high)
    system, values = matrix(n, n), matrix(n, 1)
    for i in range(n):
        x = (low + high) / 2 + (high - low) / 2 * cos((2 * i + 1) * pi / (2 * n))
        values[i] = f(x)
        for j in range(above + 1):
            system[i, j] = x**j
        for j in range(1, below + 1):
            system[i, above + j] = -values[i] * x**j
    c = list(lu_solve(system, values))
    return c[: above + 1], [mpf(1), *c[above + 1 :]]


def main():
    table = rows()
    for name in sys.argv[1:] or table:
        f, low, high, above, below, weight = table[name]
        p, q = (interpolant(f, low, high, above)[: above + 1], [mpf(1)])
        if below:
            p, q = quotient(f, low, high, above, below)
        xs = [mpf(low) + (mpf(high) - low) * (mpf(i) + 0.37) / 200 for i in range(200)]
        error = max(abs((polyval(p[::-1], x) / polyval(q[::-1], x) - f(x)) * weight(x)) for x in xs)
        print(f"// {name}: 2^{float(log(error, 2)):.1f}")
        for c in (p, q)[: 2 if below else 1]:
            print(", ".join(repr(float(x)) for x in c))


if __name__ == "__main__":
    main()
