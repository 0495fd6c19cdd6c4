// AVX-512's hyperbolic functions and their inverses in float32.
#if defined(TENON_MATH_HYPERBOLIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_MATH_HYPERBOLIC_INL_H_
#undef TENON_MATH_HYPERBOLIC_INL_H_
#else
#define TENON_MATH_HYPERBOLIC_INL_H_
#endif

#include <hwy/highway.h>

#include "backends/cpu/math-tools-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

// u / (u + 1), u = (e^2|x| - 1) / 2
template <>
struct Wide<scalar::ops::tanh> {
  HWY_INLINE static V of(V x) {
    constexpr double shift = scalar::detail::float_shifter + 127;  // so that its low bits become 2^n's exponent
    const V a = _mm512_min_ps(set(10), magnitude(x));
    const V shifted = a * set(2 * scalar::detail::log2_e) + set(shift), n = shifted - set(shift);
    const V r = (a - n * set(0x1.62e4p-2)) - n * set(0x1.7f7d1cp-21);  // 2a = n ln 2 + 2r
    const V rest = r + r * r *
                           poly(r, 2 * 0.49999999984436966, 4 * 0.16666576854048384, 8 * 0.04166656997949779,
                                16 * 0.008363201616613946, 32 * 0.0013924489432453335);
    const V scale = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(shifted), 23));
    const V u = scale * rest + (scale * set(0.5) - set(0.5)), over = _mm512_rcp14_ps(u + set(1)), y = u * over;
    return signed_as(y + over * ((u - y) - u * y), x);
  }
};

// sinh and cosh of n ln 2 and of r, x = n ln 2 + r: the halves of both, which do not overflow.
struct Hyperbolic {
  V sinh_n, cosh_n, r, sinh_rest, cosh_rest;  // sinh(r) = r + sinh_rest, cosh(r) = 1 + cosh_rest
  HWY_INLINE explicit Hyperbolic(V any) {
    const V x = between(-89.5, 89.5, any), shift = set(scalar::detail::float_shifter);
    const V n = (x * set(scalar::detail::log2_e) + shift) - shift;
    r = (x - n * set(0x1.62e4p-1)) - n * set(0x1.7f7d1cp-20);
    const V up = times_power(set(0.25), n), down = times_power(set(0.25), -n), z = r * r;
    sinh_n = up - down;
    cosh_n = up + down;
    sinh_rest = r * z * poly(z, 0.1666654348373413, 0.008366542780417876);
    cosh_rest = z * poly(z, 0.5, 0.04166646049639274, 0.0013935316800574905);
  }
};
template <>
struct Wide<scalar::ops::sinh> {
  HWY_INLINE static V of(V x) {
    const Hyperbolic h(x);
    const V half = h.sinh_n + (h.cosh_n * h.r + (h.cosh_n * h.sinh_rest + h.sinh_n * h.cosh_rest));
    return signed_as(half + half, x);
  }
};
template <>
struct Wide<scalar::ops::cosh> {
  HWY_INLINE static V of(V x) {
    const Hyperbolic h(x);
    const V half = h.cosh_n + (h.sinh_n * h.r + (h.sinh_n * h.sinh_rest + h.cosh_n * h.cosh_rest));
    return half + half;
  }
};

// log(1 + t + q): half of the sum, which does not overflow, tells the power of two, and each part is divided by it.
HWY_INLINE V log_of_sum(V t, V q) {
  const V half = set(0.5), k = Parts(t * half + (q * half + half)).k + set(1), s = times_power(set(1), -k);
  return log_of(k, t * s + (q * s + (s - set(1))));
}
HWY_INLINE V near_root(V x) {
  const V estimate = _mm512_rsqrt14_ps(x), s = x * estimate;
  return s + s * (set(0.5) - s * (estimate * set(0.5)));
}

// log(1 + a + a^2 / (1 + sqrt(a^2 + 1)))
template <>
struct Wide<scalar::ops::asinh> {
  HWY_INLINE static V of(V x) {
    const V a = magnitude(x), c = _mm512_min_ps(set(0x1p40), a), below = set(1) + near_root(c * c + set(1));
    const V over = _mm512_rcp14_ps(below), q = a * (c * (over + over * (set(1) - below * over)));
    return special<infinite, itself>(signed_as(log_of_sum(a, q), x), x);
  }
};

// log(1 + t + sqrt(t (t + 2))), t = x - 1
template <>
struct Wide<scalar::ops::acosh> {
  HWY_INLINE static V of(V x) {
    const V t = x - set(1), root = near_root(t * t + (t + t));
    const V q = _mm512_mask_mov_ps(root, _mm512_cmp_ps_mask(t, set(0x1p40), _CMP_GT_OQ), t);
    return special<zero, positive_zero, negative, none, positive_infinite, itself>(log_of_sum(t, q), t);
  }
};

// (1 + a) / (1 - a) = 2^k · (1 + g) / (1 - g): k · ln 2 / 2 + atanh(g). The numerator is exact near 0 in one form and near 1 in
// the other.
template <>
struct Wide<scalar::ops::atanh> {
  HWY_INLINE static V of(V x) {
    const V a = magnitude(x), d = set(1) - a, e = set(1) + a;
    const V k = _mm512_getexp_ps((e * set(0x1.6a09e6p+0)) * _mm512_rcp14_ps(d)), c = times_power(set(1), k);
    const V from_zero = a * c + (a - (c - set(1))), from_one = set(2) - d * (c + set(1));
    const V part = _mm512_mask_mov_ps(from_one, _mm512_cmp_ps_mask(a, set(0.5), _CMP_LT_OQ), from_zero);
    const V whole = c * d + e, over = _mm512_rcp14_ps(whole), g = part * over, z = g * g;
    const V lost = over * (part - whole * g);
    const V rest = (lost + lost * z) + g * z * poly(z, 0.3333338797092438, 0.1998878315582634, 0.14935794118490703);
    const V y = k * set(0x1.62e4p-2) + (g + (k * set(0x1.7f7d1cp-21) + rest));
    return signed_as(special<zero, infinity, negative, none>(y, d), x);
  }
};

#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
