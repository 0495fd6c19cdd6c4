// What AVX-512's own forms of the float functions are made of (math-inl.h): vectors, polynomials, powers of two, parts of
// numbers, special values, exponentials and logarithms.
#if defined(TENON_MATH_TOOLS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_MATH_TOOLS_INL_H_
#undef TENON_MATH_TOOLS_INL_H_
#else
#define TENON_MATH_TOOLS_INL_H_
#endif

#include <cstdint>

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
// y, whose sign is turned where x is negative.
HWY_INLINE V turned_as(V y, V x) {
  constexpr int exclusive = 0x78;  // a ^ (b & c)
  return _mm512_castsi512_ps(
      _mm512_ternarylogic_epi32(_mm512_castps_si512(y), _mm512_castps_si512(x), set_bits(0x80000000), exclusive));
}
HWY_INLINE V times_power(V y, V n) { return _mm512_scalef_ps(y, n); }  // y · 2^n, rounded once

// What _mm512_fixupimm_ps knows of numbers, as the nibbles of its table: kinds that it tells apart, and what it gives for them.
enum Kind : std::uint32_t {
  zero = 0xf00,
  negative_infinite = 0xf0000,
  positive_infinite = 0xf00000,
  infinite = negative_infinite | positive_infinite,
  negative = 0xf000000 | negative_infinite,
};
enum Given : std::uint32_t {
  itself = 0x11111111,
  none = 0x33333333,
  infinity = 0x55555555,
  positive_zero = 0x88888888
};
// y, but what is given where x is of a kind.
template <std::uint32_t... table>
struct Table;
template <>
struct Table<> {
  static constexpr std::uint32_t value = 0;
};
template <std::uint32_t kind, std::uint32_t given, std::uint32_t... more>
struct Table<kind, given, more...> {
  static constexpr std::uint32_t value = (kind & given) | Table<more...>::value;
};
template <std::uint32_t... table>
HWY_INLINE V special(V y, V x) {
  return _mm512_fixupimm_ps(y, x, set_bits(Table<table...>::value), 0);
}

// e^x = 2^n · (1 + rest(r)), for -200 <= x <= 200
struct PowerOfE {
  V n, r;
  HWY_INLINE explicit PowerOfE(V x) {
    const V shifted = x * set(scalar::detail::log2_e) + set(scalar::detail::float_shifter);
    n = shifted - set(scalar::detail::float_shifter);
    r = (x - n * set(0x1.62e4p-1)) - n * set(0x1.7f7d1cp-20);  // the first product is exact
  }
  HWY_INLINE static V mantissa(V r) {  // e^r
    return poly(r, 1, 1.0000000108024996, 0.500000000789165, 0.16666504951628747, 0.04166648948076005,
                0.008369182737872889, 0.0013931616181072479);
  }
  HWY_INLINE V value() const { return times_power(mantissa(r), n); }
  HWY_INLINE V rest() const {  // e^r - 1, accurate near 0
    return r + r * r *
                   poly(r, 0.49999999984436966, 0.16666576854048384, 0.04166656997949779, 0.008363201616613946,
                        0.0013924489432453335);
  }
  HWY_INLINE V minus_one() const { return times_power(rest() + (set(1) - times_power(set(1), -n)), n); }
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
  const V p = poly(f, 0.3333345055580139, -0.25000065565109253, 0.1999068707227707, -0.16648422822229522,
                   0.1448396448422275, -0.1315468680691817, 0.10410607469202512, -0.044518709487997105);
  return f * f * (f * p - set(0.5));
}
HWY_INLINE V log_of(V k, V f) {  // k · ln 2 is exact in its first part
  return k * set(0x1.62e4p-1) + (f + (log_rest(f) + k * set(0x1.7f7d1cp-20)));
}

#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
