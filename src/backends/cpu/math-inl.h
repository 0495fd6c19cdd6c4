// AVX-512's own forms of the float functions that networks call most: where the scalar definitions need tests, selects and
// steps by halves, it has instructions (2^n times a number, exponent and mantissa of any number, estimates of quotients).
// Errors: scalar/math/bounds.h. Other targets, and loops that call a function among other work, have the scalar ones.
#if defined(TENON_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_MATH_INL_H_
#undef TENON_MATH_INL_H_
#else
#define TENON_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include "backends/scalar/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Wide<F>::of is F on 16 floats at once, if this target has it.
template <class F>
struct Wide {};

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

// GCC has its operators; products and sums become fused ones as in scalar code.
using V = __m512;

HWY_INLINE V set(double x) { return _mm512_set1_ps(static_cast<float>(x)); }
HWY_INLINE __m512i set_bits(std::uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
HWY_INLINE V poly(V, double c) { return set(c); }
template <class... C>
HWY_INLINE V poly(V x, double c, C... rest) {
  return set(c) + x * poly(x, rest...);
}
// NaN passes: it is the second operand.
HWY_INLINE V between(double low, double high, V x) { return _mm512_min_ps(set(high), _mm512_max_ps(set(low), x)); }
HWY_INLINE V magnitude(V x) { return _mm512_abs_ps(x); }
// y, which is not negative or already has x's sign, with the sign of x.
HWY_INLINE V signed_as(V y, V x) {
  constexpr int either = 0xf8;  // a | (b & c)
  return _mm512_castsi512_ps(
      _mm512_ternarylogic_epi32(_mm512_castps_si512(y), _mm512_castps_si512(x), set_bits(0x80000000), either));
}
HWY_INLINE V times_power(V y, V n) { return _mm512_scalef_ps(y, n); }  // y · 2^n, rounded once

// e^x = 2^n · (1 + rest(r)), for -200 <= x <= 200
struct PowerOfE {
  V n, r;
  HWY_INLINE explicit PowerOfE(V x) {
    const V shifted = x * set(scalar::detail::log2_e) + set(scalar::detail::float_shifter);
    n = shifted - set(scalar::detail::float_shifter);
    r = (x - n * set(0x1.62e4p-1)) - n * set(0x1.7f7d1cp-20);  // the first product is exact
  }
  HWY_INLINE V mantissa() const {
    return poly(r, 1, 1.0000000108024996, 0.500000000789165, 0.16666504951628747, 0.04166648948076005,
                0.008369182737872889, 0.0013931616181072479);
  }
  HWY_INLINE V value() const { return times_power(mantissa(), n); }
  HWY_INLINE V rest() const {  // e^r - 1, accurate near 0
    return r + r * r *
                   poly(r, 0.49999999984436966, 0.16666576854048384, 0.04166656997949779, 0.008363201616613946,
                        0.0013924489432453335);
  }
  HWY_INLINE V minus_one() const { return times_power(rest() + (set(1) - times_power(set(1), -n)), n); }
};

template <>
struct Wide<scalar::ops::exp> {
  HWY_INLINE static V of(V x) { return PowerOfE(between(-104, 89, x)).value(); }
};

template <>
struct Wide<scalar::ops::exp2> {
  HWY_INLINE static V of(V x) {
    const V t = between(-151, 129, x), n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT), r = t - n;
    return times_power(poly(r, 1, 0.6931471880690889, 0.24022650706982562, 0.055503569088442437, 0.009618093866756034,
                            0.001339097269442836, 0.0001544867196407263),
                       n);
  }
};

template <>
struct Wide<scalar::ops::expm1> {
  HWY_INLINE static V of(V x) { return signed_as(PowerOfE(between(-30, 89, x)).minus_one(), x); }
};

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

// e^-|x| over 1 + e^-|x|, or 1 over it: what is left of a result that is nearly 0 has all its digits.
template <>
struct Wide<scalar::ops::sigmoid> {
  HWY_INLINE static V of(V x) {
    const V e = PowerOfE(_mm512_max_ps(set(-104), -magnitude(x))).value(), over = _mm512_rcp14_ps(e + set(1));
    const V part = _mm512_mask_mov_ps(set(1), _mm512_movepi32_mask(_mm512_castps_si512(x)), e), y = part * over;
    return y + over * ((part - y) - e * y);
  }
};

// x = 2^k · (1 + f), -1/4 <= f < 1/2. k alone tells 0 (-inf), infinity and, as NaN, what is negative.
struct Parts {
  V k, f;
  HWY_INLINE explicit Parts(V x) {
    const V m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    k = _mm512_getexp_ps(x) - _mm512_getexp_ps(m);
    f = m - set(1);
  }
};
// log(1 + f) - f
HWY_INLINE V log_rest(V f) {
  const V p =
      poly(f, 0.3333333298942303, -0.2500000223578591, 0.20000140908999406, -0.1666659880081982, 0.14276518434635768,
           -0.12485919461641547, 0.11294276106361467, -0.10557373460247453, 0.0844379454726817, -0.03599657370680973);
  return f * f * (f * p - set(0.5));
}
HWY_INLINE V log_of(V k, V f) {  // k · ln 2 is exact in its first part
  return k * set(0x1.62e4p-1) + (f + (log_rest(f) + k * set(0x1.7f7d1cp-20)));
}

template <>
struct Wide<scalar::ops::log> {
  HWY_INLINE static V of(V x) {
    const Parts p(x);
    return log_of(p.k, p.f);
  }
};

template <>
struct Wide<scalar::ops::log2> {
  HWY_INLINE static V of(V x) {
    constexpr double high = 0x1.715476p+0, low = scalar::detail::log2_e - high;
    const Parts p(x);
    return p.k + (p.f * set(high) + (log_rest(p.f) * set(scalar::detail::log2_e) + p.f * set(low)));
  }
};

template <>
struct Wide<scalar::ops::log10> {
  HWY_INLINE static V of(V x) {
    constexpr double of_e = 0x1.bcb7b1526e50ep-2, high = 0x1.bcb7b2p-2, of_2 = 0x1.34413509f79ffp-2, part = 0x1.344p-2;
    const Parts p(x);
    const V small = log_rest(p.f) * set(of_e) + (p.f * set(of_e - high) + p.k * set(of_2 - part));
    return p.k * set(part) + (p.f * set(high) + small);
  }
};

template <>
struct Wide<scalar::ops::log1p> {
  HWY_INLINE static V of(V x) {
    const V u = x + set(1);
    const Parts p(u);
    const V s = times_power(set(1), -p.k), f = x * s + (s - set(1));  // 1 + f = (1 + x) / 2^k, of the whole x
    const V y = signed_as(log_of(p.k, f), x);
    return _mm512_mask_mov_ps(y, _mm512_fpclass_ps_mask(u, 0x02 | 0x04 | 0x08), p.k);  // where 1 + x is 0 or infinite
  }
};

// sin(x - n·pi), by three parts of pi that have 24 bits each; beyond 2^17, and for infinity, the scalar form.
template <class F>
struct Sine {
  HWY_INLINE static __mmask16 uncovered(V x) { return _mm512_cmp_ps_mask(magnitude(x), set(0x1p17), _CMP_GT_OQ); }
  HWY_INLINE static float other(float x) { return F{}(x); }
  // (The two coefficients after the first are rounded so that the cosine of 0 is 1.)
  HWY_INLINE static V of_rest(V r, V shifted) {
    const V z = r * r;
    const V y = r + r * z *
                        poly(z, -0.16666666663739652, 0.008333332837, -0.0001984102273, 2.753604866895457e-06,
                             -2.407063382564476e-08);
    return _mm512_castsi512_ps(_mm512_castps_si512(y) ^ _mm512_slli_epi32(_mm512_castps_si512(shifted), 31));
  }
  static constexpr double pi_1 = 0x1.921fb4p+1, pi_2 = 0x1.4442dp-23, pi_3 = 0x1.846988p-47;
};
template <>
struct Wide<scalar::ops::sin> : Sine<scalar::ops::sin> {
  HWY_INLINE static V of(V x) {
    const V shift = set(scalar::detail::float_shifter);
    const V shifted = x * set(scalar::detail::one_over_pi) + shift, n = shifted - shift;
    const V y = of_rest(((x - n * set(pi_1)) - n * set(pi_2)) - n * set(pi_3), shifted);
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, set(0), _CMP_EQ_OQ), x);  // -0
  }
};
template <>
struct Wide<scalar::ops::cos> : Sine<scalar::ops::cos> {
  HWY_INLINE static V of(V x) {
    const V shift = set(scalar::detail::float_shifter);
    const V shifted = (x * set(scalar::detail::one_over_pi) - set(0.5)) + shift, n = (shifted - shift) + set(0.5);
    return of_rest(((n * set(pi_1) - x) + n * set(pi_2)) + n * set(pi_3), shifted);
  }
};

// By an estimate and two corrections, the last of which rounds right, where nothing overflows or underflows.
template <>
struct Wide<scalar::ops::sqrt> {
  HWY_INLINE static V of(V x) {
    constexpr std::uint32_t least = 0x10000000, infinity = 0x7f800000;  // 2^-95
    const auto outside =
        _mm512_cmpge_epu32_mask(_mm512_sub_epi32(_mm512_castps_si512(x), set_bits(least)), set_bits(infinity - least));
    if (HWY_UNLIKELY(outside)) return _mm512_sqrt_ps(x);
    const V estimate = _mm512_rsqrt14_ps(x), s = x * estimate, half = estimate * set(0.5), lost = set(0.5) - s * half;
    const V root = s + s * lost, slope = half + half * lost;
    return root + slope * (x - root * root);
  }
};

// A whole array; x and y may be the same.
template <class F>
void map_wide(const float* x, float* y, std::int64_t n) {
  const auto step = [](V v, auto store) {
    store(Wide<F>::of(v));
    if constexpr (requires { Wide<F>::uncovered(v); }) {
      unsigned rest = Wide<F>::uncovered(v);
      if (HWY_LIKELY(!rest)) return;
      alignas(64) float in[16], out[16];
      _mm512_store_ps(in, v);
      _mm512_store_ps(out, Wide<F>::of(v));
      for (int i = 0; i < 16; ++i)
        if (rest >> i & 1) out[i] = Wide<F>::other(in[i]);
      store(_mm512_load_ps(out));
    }
  };
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) step(_mm512_loadu_ps(x + i), [&](V v) { _mm512_storeu_ps(y + i, v); });
  if (i == n) return;
  const auto some = static_cast<__mmask16>((1u << (n - i)) - 1);
  step(_mm512_maskz_loadu_ps(some, x + i), [&](V v) { _mm512_mask_storeu_ps(y + i, some, v); });
}

#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
