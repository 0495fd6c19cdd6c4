// AVX-512's sine, cosine, tangent and their inverses in float32.
#if defined(TENON_MATH_TRIGONOMETRIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_MATH_TRIGONOMETRIC_INL_H_
#undef TENON_MATH_TRIGONOMETRIC_INL_H_
#else
#define TENON_MATH_TRIGONOMETRIC_INL_H_
#endif

#include <hwy/highway.h>

#include "backends/cpu/math-tools-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

// x = n · pi / parts + r + lost, n being the low bits of `shifted`: by three parts of pi that have 24 bits each, for |x| <= 2^17.
// Beyond it, and for infinity, the scalar form.
template <class F>
struct Periodic {
  HWY_INLINE static __mmask16 uncovered(V x) { return _mm512_cmp_ps_mask(magnitude(x), set(0x1p17), _CMP_GT_OQ); }
  HWY_INLINE static float other(float x) { return F{}(x); }
  static constexpr double pi_1 = 0x1.921fb4p+1, pi_2 = 0x1.4442dp-23, pi_3 = 0x1.846988p-47;
};

template <class F>
struct Sine : Periodic<F> {
  // sin(r - lost). (The coefficients are rounded so that the cosine of 0 is 1.)
  HWY_INLINE static V of_rest(V r, V lost, V shifted) {
    const V z = r * r;
    const V y = r + (r * z *
                         poly(z, -0.1666666716337204, 0.008333350531756878, -0.00019843154586851597,
                              2.7631983837577055e-06, -2.5606834947402992e-08) -
                     lost);
    return _mm512_castsi512_ps(_mm512_castps_si512(y) ^ _mm512_slli_epi32(_mm512_castps_si512(shifted), 31));
  }
};
template <>
struct Wide<scalar::ops::sin> : Sine<scalar::ops::sin> {
  HWY_INLINE static V of(V x) {
    const V shift = set(scalar::detail::float_shifter);
    const V shifted = x * set(scalar::detail::one_over_pi) + shift, n = shifted - shift;
    return special<zero, itself>(of_rest((x - n * set(pi_1)) - n * set(pi_2), n * set(pi_3), shifted), x);
  }
};
template <>
struct Wide<scalar::ops::cos> : Sine<scalar::ops::cos> {
  HWY_INLINE static V of(V x) {
    const V shift = set(scalar::detail::float_shifter);
    const V shifted = (x * set(scalar::detail::one_over_pi) - set(0.5)) + shift, n = (shifted - shift) + set(0.5);
    return of_rest((n * set(pi_1) - x) + n * set(pi_2), -n * set(pi_3), shifted);
  }
};

// tan(r), or -1 / tan(r), with r = x - n·pi/2 and the tangent in two parts, since a quotient magnifies what is lost.
template <>
struct Wide<scalar::ops::tan> : Periodic<scalar::ops::tan> {
  HWY_INLINE static V of(V x) {
    const V shift = set(scalar::detail::float_shifter);
    const V shifted = x * set(2 * scalar::detail::one_over_pi) + shift, n = shifted - shift;
    const V near = x - n * set(pi_1 / 2), r = near - n * set(pi_2 / 2), z = r * r;
    const __mmask16 exact = _mm512_cmp_ps_mask(z, set(0x1p-8), _CMP_GT_OQ);  // the difference of near and r
    const V lost = _mm512_maskz_fnmadd_ps(exact, n, set(pi_2 / 2), near - r) - n * set(pi_3 / 2);
    const V more = (lost + lost * z) + r * z *
                                           poly(z, 0.33333155512809753, 0.13338835537433624, 0.05340820178389549,
                                                0.024441390998202226, 0.003101483298409574, 0.009396525381243137);
    const V t = r + more, over = _mm512_rcp14_ps(t), wrong = (r * over - set(1)) + more * over;
    const __mmask16 odd = _mm512_movepi32_mask(_mm512_slli_epi32(_mm512_castps_si512(shifted), 31));
    return special<zero, itself>(_mm512_mask_mov_ps(t, odd, over * wrong - over), x);
  }
};

// The arcsine of b + lost, or what is left of a quarter turn where |x| > 1/2: b = sqrt((1 - |x|) / 2). asin(b) = b + rest.
struct Arc {
  __mmask16 large;
  V b, rest;
  HWY_INLINE explicit Arc(V a) {
    large = _mm512_cmp_ps_mask(a, set(0.5), _CMP_GT_OQ);
    const V z = _mm512_mask_mov_ps(a * a, large, set(0.5) - set(0.5) * a);
    const V estimate = special<zero, positive_zero>(_mm512_rsqrt14_ps(z), z);
    const V s = z * estimate, half = estimate * set(0.5), off = set(0.5) - s * half, root = s + s * off;
    b = _mm512_mask_mov_ps(a, large, root);
    const V lost = _mm512_maskz_mul_ps(large, half + half * off, z - root * root);
    rest = lost + b * z *
                      poly(z, 0.16666752099990845, 0.074953094124794, 0.04546914994716644, 0.024184781766261838,
                           0.04215829021759966);
  }
};
constexpr double half_pi = 0x1.921fb6p+0, half_pi_rest = -0x1.777a5cp-25;  // the first is a float

template <>
struct Wide<scalar::ops::asin> {
  HWY_INLINE static V of(V x) {
    const Arc arc(magnitude(x));
    const V large = (set(half_pi) - set(2) * arc.b) + (set(half_pi_rest) - set(2) * arc.rest);
    return signed_as(_mm512_mask_mov_ps(arc.b + arc.rest, arc.large, large), x);
  }
};

template <>
struct Wide<scalar::ops::acos> {
  HWY_INLINE static V of(V x) {
    const Arc arc(magnitude(x));
    const __mmask16 negative = _mm512_movepi32_mask(_mm512_castps_si512(x));
    const V from = _mm512_mask_mov_ps(set(half_pi), arc.large, _mm512_maskz_mov_ps(negative, set(2 * half_pi)));
    const V times = _mm512_mask_mov_ps(set(-1), arc.large, set(2));
    return (from + times * turned_as(arc.b, x)) + (times * turned_as(arc.rest, x) + from * set(half_pi_rest / half_pi));
  }
};

// t + rest for |x| <= 1, and what it lacks of a quarter turn for t = 1 / |x|
template <>
struct Wide<scalar::ops::atan> {
  HWY_INLINE static V of(V x) {
    const V a = _mm512_min_ps(set(0x1p100), magnitude(x));
    const __mmask16 steep = _mm512_cmp_ps_mask(a, set(1), _CMP_GT_OQ);
    const V over = _mm512_rcp14_ps(a), t = _mm512_mask_add_ps(a, steep, over, over * (set(1) - a * over)), z = t * t;
    const V y = t + t * z *
                        poly(z, -0.33333153132577515, 0.19993767142295837, -0.14211007952690125, 0.10665822093514901,
                             -0.07551838655620183, 0.043207599527339886, -0.01636541212851952, 0.002920088179378303);
    return signed_as(_mm512_mask_sub_ps(y, steep, set(half_pi), y), x);
  }
};

#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
