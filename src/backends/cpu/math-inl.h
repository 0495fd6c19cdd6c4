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

#include "backends/cpu/math-hyperbolic-inl.h"
#include "backends/cpu/math-tools-inl.h"
#include "backends/cpu/math-trigonometric-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

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

// e^-|x| over 1 + e^-|x|, or 1 over it: what is left of a result that is nearly 0 has all its digits.
template <>
struct Wide<scalar::ops::sigmoid> {
  HWY_INLINE static V of(V x) {
    const V e = PowerOfE(_mm512_max_ps(set(-104), -magnitude(x))).value(), over = _mm512_rcp14_ps(e + set(1));
    const V part = _mm512_mask_mov_ps(set(1), _mm512_movepi32_mask(_mm512_castps_si512(x)), e), y = part * over;
    return y + over * ((part - y) - e * y);
  }
};

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

// M^(1/3) by Newton's method, |x| = 8^n · M: a polynomial of the mantissa, times 2^(-i/3), estimates M^(-1/3).
template <>
struct Wide<scalar::ops::cbrt> {
  HWY_INLINE static V of(V x) {
    const V m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero), e = _mm512_getexp_ps(x);
    const V shift = set(scalar::detail::float_shifter), n = (e * set(1.0 / 3) + shift) - shift, i = e - n * set(3);
    const V of_m = poly(m, 1.6700067437331803, -1.1728802061685824, 0.6954826064768206, -0.22123783246426318,
                        0.028591020346906002);
    const V inverse = of_m * poly(i, 1, -0.2331102619553867, 0.026810787939486547), square = inverse * inverse;
    const V whole = times_power(m, i), c = whole * square;
    const V y = c + (whole - c * c * c) * (square * set(1.0 / 3));
    return special<zero, itself, infinite, itself>(signed_as(times_power(y, n), x), x);
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
