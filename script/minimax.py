#!/usr/bin/env python3
"""Prints the polynomials of src/backends/scalar/math: `minimax.py [name ...]`.

Each is the interpolant of a function at the Chebyshev nodes of an interval, computed with 60 digits and
rounded to double: within a factor of two of the best polynomial of its degree, and needing no iteration. The
printed error is the largest relative one of the whole function that the polynomial serves, before rounding.
"""

import sys

from mpmath import (
    asin,
    atan,
    besseli,
    chebyt,
    cos,
    erf,
    erfc,
    erfinv,
    exp,
    log,
    loggamma,
    mp,
    mpf,
    pi,
    polyval,
    sin,
    sqrt,
    tanh,
)

mp.dps = 60
ln2 = log(2)


def density(a):
    """The density of the normal distribution."""
    return exp(-a * a / 2) / sqrt(2 * pi)


def above(a):
    """The share of the normal distribution above a."""
    return erfc(a / sqrt(mpf(2))) / 2


def above_tanh(a):
    """The logistic function that gelu(approximate='tanh') has in its place."""
    return 1 / (1 + exp(a * steepness(a)))


def steepness(a, of_cube=1):
    return 2 * sqrt(2 / pi) * (1 + of_cube * mpf("0.044715") * a * a)


def fourth_root(share, degree):
    """A row of POLYNOMIALS: the fourth root of share(x) as a function of t = x / 2 - 1."""

    def root(t):
        return share(2 * (1 + t)) ** 0.25

    return root, -1, 1, degree, lambda t: 4 / root(t)


def slope(share, change):
    """What a slope of gelu has above 1/2, over x, as a function of t = x² / 8 - 1."""

    def over_x(t):
        x = 4 * sqrt((1 + t) / 2)
        return (mpf(1) / 2 - share(x) + x * change(x)) / x

    return over_x


def change_tanh(a):
    return above_tanh(a) * (1 - above_tanh(a)) * steepness(a, 3)


def tail(a):
    """The tail of the normal distribution above a, without what falls fast."""
    return exp(a * a / 2) * erfc(a / sqrt(mpf(2))) / 2 * (a + 3.5)


def erfinv_over_x(w):
    """erfinv(x) / x as a function of w = -log(1 - x²)."""
    x = sqrt(1 - exp(-w))
    return erfinv(x) / x


def bessel(n):
    """(I_n(x) / x**n - 1 / (n + 1)) / x**2 as a function of x**2, and the weight to I_n's relative error."""

    def near(z):
        x = sqrt(z)
        return (besseli(n, x) / x**n - 1 / mpf(n + 1)) / z

    return near, lambda z: z * sqrt(z) ** n / besseli(n, sqrt(z))


def bessel_far(n):
    """I_n(x) * sqrt(x) / exp(x) as a function of t = 16 / x - 1, and the weight to I_n's relative error."""

    def far(t):
        x = 16 / (1 + t)
        return besseli(n, x) * exp(-x) * sqrt(x)

    return far, lambda t: 1 / far(t)


def bessel_rows():
    """Rows of POLYNOMIALS: I_0 and I_1 for |x| <= 8 and beyond. No node and no point of the check is 0."""
    rows = {}
    for n in (0, 1):
        (near, to_near), (far, to_far) = bessel(n), bessel_far(n)
        for kind, degrees in (("_float", (10, 9 + n)), ("", (14, 24))):
            rows[f"i{n}{kind}"] = (near, 0, 64, degrees[0], to_near)
            rows[f"i{n}_far{kind}"] = (far, -1, 1, degrees[1], to_far)
    return rows


# name, with _float for what serves the float overloads alone, _single for what these evaluate in float:
# (the polynomial's function, interval, degree, weight from the polynomial's error to the function's)
POLYNOMIALS = {
    "exp2_float": (lambda r: (2**r - 1) / r, -0.501, 0.5, 6, lambda r: 1),
    "log_single": (
        lambda f: (log(1 + f) - f + f * f / 2) / f**3,
        sqrt(mpf(1) / 2) - 1,
        sqrt(mpf(2)) - 1,
        8,
        lambda f: f**3 / log(1 + f),
    ),
    "log_float": (
        lambda f: log(1 + f) / f,
        sqrt(mpf(1) / 2) - 1,
        sqrt(mpf(2)) - 1,
        11,
        lambda f: f / log(1 + f),
    ),
    "sin_float": (lambda z: sin(sqrt(z)) / sqrt(z), 0, (pi / 2) ** 2, 5, lambda z: sqrt(z) / sin(sqrt(z))),
    "sin_quarter_float": (lambda z: sin(sqrt(z)) / sqrt(z), 0, (pi / 4) ** 2, 4, lambda z: 1),
    "cos_quarter_float": (lambda z: cos(sqrt(z)), 0, (pi / 4) ** 2, 5, lambda z: 1.4),
    "asin_float": (lambda z: asin(sqrt(z)) / sqrt(z), 0, 0.25, 7, lambda z: 1),
    "atan_float": (lambda z: atan(sqrt(z)) / sqrt(z), 0, 1, 11, lambda z: 1.3),
    "lgamma_float": (lambda t: loggamma(2 + t) / (t * (t + 1)), -1, 1, 15, lambda t: 3),
    "exp_single": (lambda r: (exp(r) - 1 - r) / r**2, -ln2 / 2 * 1.001, ln2 / 2, 4, lambda r: r * r),
    "exp2_single": (lambda r: (2**r - 1) / r, -0.501, 0.5, 5, lambda r: r),
    "tanh_single": (lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, 0, mpf(0.625) ** 2, 4, lambda z: z),
    "erf_single": (lambda z: erf(sqrt(z)) / sqrt(z) - 1, 0, mpf("0.9") ** 2, 5, lambda z: 1),
    "erf_tail_single": (lambda x: -log(erfc(x)), mpf("0.9"), 4, 8, erfc),
    "erfcx_single": (
        lambda t: (lambda x: exp(x * x) * erfc(x) * (x + 2.5))(2.5 * (1 + t) / (1 - t)),
        -mpf("1.8") / mpf("3.2"),
        mpf("7.7") / mpf("12.7"),
        8,
        lambda t: 1,
    ),
    "normal_single": (lambda z: erf(sqrt(z / 2)) / sqrt(z) / 2, 0, 1, 5, lambda z: 3 * sqrt(z)),
    "normal_tail_single": (
        lambda t: tail(3.5 * (1 + t) / (1 - t)),
        -mpf(2.5) / 4.5,
        mpf(11) / 18,
        8,
        lambda t: 1,
    ),
    "gelu_single": fourth_root(above, 12),
    "gelu_slope_single": (slope(above, density), -1, 1, 14, lambda t: 4 * sqrt((1 + t) / 2)),
    "gelu_tanh_single": fourth_root(above_tanh, 15),
    "gelu_tanh_slope_single": (slope(above_tanh, change_tanh), -1, 1, 17, lambda t: 4 * sqrt((1 + t) / 2)),
    # _wide: for AVX-512's own forms in float (src/backends/cpu/math-inl.h).
    "exp_wide": (lambda r: (exp(r) - 1) / r, -ln2 / 2 * 1.001, ln2 / 2, 5, lambda r: r),
    "log_wide": (
        lambda f: (log(1 + f) - f + f * f / 2) / f**3,
        mpf("-0.25"),
        mpf("0.5"),
        9,
        lambda f: f**3 / log(1 + f),
    ),
    "sin_wide": (
        lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z,
        0,
        (pi / 2 * 1.005) ** 2,
        4,
        lambda z: z * sqrt(z) / sin(sqrt(z)),
    ),
    "exp": (lambda r: (exp(r) - 1 - r) / r**2, -ln2 / 2 * 1.001, ln2 / 2, 10, lambda r: r),
    "exp2": (lambda r: (2**r - 1) / r, -0.5, 0.5, 11, lambda r: r),
    "log": (
        lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z,
        0,
        (3 - 2 * sqrt(mpf(2))) ** 2,
        6,
        lambda z: z / 2,
    ),
    "sin": (lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, 0, (pi / 4) ** 2 * 1.001, 5, lambda z: z),
    "cos": (lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, 0, (pi / 4) ** 2 * 1.001, 5, lambda z: z**2 * 1.4),
    "asin": (lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, 0, 0.25, 13, lambda z: z),
    "atan": (lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, 0, 1, 21, lambda z: z * 1.3),
    "cbrt": (lambda m: m ** (-mpf(1) / 3), 1, 2, 5, lambda m: 1),
    "erf": (lambda z: erf(sqrt(z)) / sqrt(z) - 1, 0, 1, 12, lambda z: 1),
    "erf_tail": (lambda t: -log(erfc(1 + t)), 0, 5, 24, lambda t: erfc(1 + t)),
    # From where w is small, but not 0, to the largest w of a double below 1, 36.1, and a little more.
    "erfinv": (
        lambda t: erfinv_over_x(t + 2.5),
        mpf("1e-5") - 2.5,
        mpf("2.5"),
        9,
        lambda t: 1 / erfinv_over_x(t + 2.5),
    ),
    "erfinv_far": (
        lambda s: erfinv_over_x((s + 4) ** 2),
        sqrt(mpf(5)) - 4,
        mpf("2.1"),
        12,
        lambda s: 1 / erfinv_over_x((s + 4) ** 2),
    ),
    **bessel_rows(),
}


def interpolant(f, low, high, degree):
    low, high = mpf(low), mpf(high)
    nodes = [cos((2 * i + 1) * pi / (2 * degree + 2)) for i in range(degree + 1)]
    values = [f((low + high) / 2 + x * (high - low) / 2) for x in nodes]
    series = [
        sum(v * chebyt(j, x) for v, x in zip(values, nodes, strict=True)) * 2 / (degree + 1)
        for j in range(degree + 1)
    ]
    series[0] /= 2
    # Clenshaw's recurrence on coefficient lists turns the Chebyshev series into powers of x.
    a, b = 2 / (high - low), -(high + low) / (high - low)

    def add(p, q):
        return [(p[i] if i < len(p) else 0) + (q[i] if i < len(q) else 0) for i in range(max(len(p), len(q)))]

    def times(p, s):
        return add([b * s * c for c in p], [mpf(0)] + [a * s * c for c in p])

    u, v = [mpf(0)], [mpf(0)]
    for c in reversed(series[1:]):
        u, v = add(add(times(u, 2), [-c for c in v]), [c]), u
    return add(add(times(u, 1), [-c for c in v]), [series[0]])


def main():
    for name in sys.argv[1:] or POLYNOMIALS:
        f, low, high, degree, weight = POLYNOMIALS[name]
        c = interpolant(f, low, high, degree)[: degree + 1]
        xs = [mpf(low) + (mpf(high) - low) * (mpf(i) + 0.37) / 300 for i in range(300)]
        error = max(abs((polyval(c[::-1], x) - f(x)) * weight(x)) for x in xs)
        print(f"// {name}: 2^{float(log(error, 2)):.1f}")
        print(", ".join(repr(float(x)) for x in c))


if __name__ == "__main__":
    main()
