// Random numbers for host and device. Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011) turns a counter and a key into four words; the rest turns words into numbers.
//
// The same bits everywhere: only operations that IEEE 754 rounds correctly are used, in a fixed order and
// without fused multiply-adds. Host files that include this are compiled with -ffp-contract=off.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "backends/scalar/convert.h"
#include "tenon/bit_cast.h"
#include "tenon/macros.h"

namespace tenon::scalar {

inline constexpr std::uint32_t kPhiloxMultiplier[2] = {0xD2511F53, 0xCD9E8D57};
inline constexpr std::uint32_t kPhiloxWeyl[2] = {0x9E3779B9, 0xBB67AE85};  // golden ratio, sqrt(3) - 1
inline constexpr int kPhiloxRounds = 10;

struct Words {
  std::uint32_t w[4];
};

TENON_INLINE Words philox(Words c, std::uint64_t key) {
  constexpr std::uint32_t weyl0 = kPhiloxWeyl[0], weyl1 = kPhiloxWeyl[1];  // a device has no host's array
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t x = std::uint64_t{kPhiloxMultiplier[0]} * c.w[0],
                        y = std::uint64_t{kPhiloxMultiplier[1]} * c.w[2];
    c = {{static_cast<std::uint32_t>(y >> 32) ^ c.w[1] ^ k0, static_cast<std::uint32_t>(y),
          static_cast<std::uint32_t>(x >> 32) ^ c.w[3] ^ k1, static_cast<std::uint32_t>(x)}};
    k0 += weyl0;
    k1 += weyl1;
  }
  return c;
}

// A call's place in a stream of numbers: its own, and what stands in memory when it runs (null: nothing).
struct Place {
  std::uint64_t seed, offset;
  TENON_INLINE Place(std::uint64_t s, std::uint64_t o, const std::uint64_t* state) : seed(s), offset(o) {
    if (!state) return;
    seed += state[0];
    offset += state[1];
  }
};

// The counter of a block. Kinds of numbers that use words differently draw from different streams, so that no
// word serves two of them.
TENON_INLINE Words counter_of(std::uint64_t block, std::uint32_t stream) {
  return {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), stream, 0}};
}

#if defined(__CUDA_ARCH__)
TENON_INLINE float mul_(float a, float b) { return __fmul_rn(a, b); }
TENON_INLINE double mul_(double a, double b) { return __dmul_rn(a, b); }
TENON_INLINE float add_(float a, float b) { return __fadd_rn(a, b); }
TENON_INLINE double add_(double a, double b) { return __dadd_rn(a, b); }
TENON_INLINE float div_(float a, float b) { return __fdiv_rn(a, b); }
TENON_INLINE double div_(double a, double b) { return __ddiv_rn(a, b); }
TENON_INLINE float sqrt_(float a) { return __fsqrt_rn(a); }
TENON_INLINE double sqrt_(double a) { return __dsqrt_rn(a); }
#else
template <class T>
TENON_INLINE T mul_(T a, T b) {
  return a * b;
}
template <class T>
TENON_INLINE T add_(T a, T b) {
  return a + b;
}
template <class T>
TENON_INLINE T div_(T a, T b) {
  return a / b;
}
TENON_INLINE float sqrt_(float a) { return __builtin_sqrtf(a); }
TENON_INLINE double sqrt_(double a) { return __builtin_sqrt(a); }
#endif

template <class T>
TENON_INLINE T polynomial(T, T c) {
  return c;
}
template <class T, class... C>
TENON_INLINE T polynomial(T x, T c, C... higher) {
  return add_(mul_(polynomial(x, higher...), x), c);
}

// ---- pieces of the Box-Muller transform; coefficients are least-maximum fits of our own ----

// log(x) for normal x in (0, 1]: x = 2^e m with m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1),
// log m = 2 s + s^3 R(s^2).
TENON_INLINE float log_unit(float x) {
  const std::uint32_t u = bit_cast<std::uint32_t>(x) + (0x3f800000u - 0x3f3504f3u);
  const float e = static_cast<float>(static_cast<std::int32_t>(u >> 23) - 127);
  const float m = bit_cast<float>((u & 0x7fffffu) + 0x3f3504f3u);
  const float s = div_(add_(m, -1.f), add_(m, 1.f)), z = mul_(s, s);
  const float r = polynomial(z, 0.666666666f, 0.400001221f, 0.285507976f, 0.233309932f);
  return add_(mul_(e, 0.693147181f), add_(mul_(mul_(s, z), r), add_(s, s)));
}
TENON_INLINE double log_unit(double x) {
  const std::uint64_t u = bit_cast<std::uint64_t>(x) + (0x3ff0000000000000u - 0x3fe6a09e00000000u);
  // The exponent as the last bits of 2^52 + e: few CPUs convert vectors of 64-bit integers.
  const double e = add_(bit_cast<double>((u >> 52) | 0x4330000000000000u), -4503599627371519.0);
  const double m = bit_cast<double>((u & 0xfffffffffffffu) + 0x3fe6a09e00000000u);
  const double s = div_(add_(m, -1.0), add_(m, 1.0)), z = mul_(s, s);
  const double r = polynomial(z, 0.66666666666666696, 0.39999999999899194, 0.28571428626101336, 0.22222211116346577,
                              0.18182890346178385, 0.15331684398907144, 0.1461687440519705);
  const double low = add_(mul_(mul_(s, z), r), mul_(e, 1.9082149292705877e-10));  // ln 2 in two parts
  return add_(mul_(e, 0.6931471803691238), add_(low, add_(s, s)));
}

// sin and cos of f quarter turns, f in [-1/2, 1/2].
TENON_INLINE float sin_quarter(float f) {
  return mul_(f, polynomial(mul_(f, f), 1.57079632f, -0.64596346f, 0.0796800328f, -0.00460165788f));
}
TENON_INLINE float cos_quarter(float f) {
  return polynomial(mul_(f, f), 1.f, -1.23370054f, 0.253669183f, -0.020859936f, 0.000903362977f);
}
TENON_INLINE double sin_quarter(double f) {
  return mul_(
      f, polynomial(mul_(f, f), 1.5707963267948966, -0.64596409750624417, 0.079692626246038609, -0.0046817541322747127,
                    0.00016044115027053025, -3.5986418678610595e-06, 5.6337309604275739e-08));
}
TENON_INLINE double cos_quarter(double f) {
  return polynomial(mul_(f, f), 1.0, -1.2337005501361697, 0.25366950790104253, -0.02086348076319974,
                    0.00091926027288020387, -2.520202917615034e-05, 4.7103926985208149e-07, -6.2970083280500778e-09);
}

// x with its sign changed where the lowest bit of `negative` is set.
TENON_INLINE float flip_sign(float x, std::uint32_t negative) {
  return bit_cast<float>(bit_cast<std::uint32_t>(x) ^ (negative << 31));
}
TENON_INLINE double flip_sign(double x, std::uint64_t negative) {
  return bit_cast<double>(bit_cast<std::uint64_t>(x) ^ (negative << 63));
}

// Exact conversions that every CPU has for vectors: of 24 bits by way of int32; of 53 bits in two parts, as
// the last bits of 2^52.
TENON_INLINE float exact(std::uint32_t w) { return static_cast<float>(static_cast<std::int32_t>(w)); }
TENON_INLINE double exact(std::uint64_t w) {
  const double high = add_(bit_cast<double>((w >> 27) | 0x4330000000000000u), -4503599627370496.0);
  const double low = add_(bit_cast<double>((w & 0x7ffffffu) | 0x4330000000000000u), -4503599627370496.0);
  return add_(mul_(high, 134217728.0), low);
}

// In (0, 1]; the logarithm is finite.
TENON_INLINE float positive_unit(std::uint32_t w) {
  return mul_(add_(mul_(exact(w >> 16), 65536.f), add_(exact(w & 0xffff), 0.5f)), 2.3283064365386963e-10f);
}
TENON_INLINE double positive_unit(std::uint64_t w) { return mul_(add_(exact(w >> 11), 0.5), 1.1102230246251565e-16); }

// The angle w / 2^32 (2^64) turns as the nearest quarter turn and the rest in quarters, in [-1/2, 1/2].
TENON_INLINE float rest_of_turn(std::uint32_t w, std::uint32_t& quarter) {
  quarter = (w + (1u << 29)) >> 30;
  return mul_(exact(w - (quarter << 30)), 9.3132257461547852e-10f);
}
TENON_INLINE double rest_of_turn(std::uint64_t w, std::uint64_t& quarter) {
  const std::uint64_t shifted = w + (std::uint64_t{1} << 61);
  quarter = shifted >> 62;
  return mul_(add_(exact((shifted & 0x3fffffffffffffffu) >> 9), -4503599627370496.0), 1.1102230246251565e-16);
}

template <class T>
struct Pair {
  T x, y;
};

// Two independent normal numbers of mean 0 and the given deviation, from two words (Box and Muller 1958).
template <class C, class Word>
TENON_INLINE Pair<C> normal_pair(Word a, Word b, C deviation) {
  const C r = mul_(sqrt_(mul_(C(-2), log_unit(positive_unit(a)))), deviation);
  Word quarter;
  const C f = rest_of_turn(b, quarter);
  const C s = sin_quarter(f), c = cos_quarter(f);
  const bool swap = (quarter & 1) != 0;
  return {mul_(r, flip_sign(swap ? s : c, ((quarter + 1) >> 1) & 1)),
          mul_(r, flip_sign(swap ? c : s, (quarter >> 1) & 1))};
}

// ---- from words to numbers: kArgs words of 32 or 64 bits give kElements numbers ----

// The type that numbers of dtype T are computed in, and a word that suffices for its precision.
template <class T>
using RandomCompute = std::conditional_t<std::is_same_v<T, double>, double, float>;
template <class T>
using RandomWord = std::conditional_t<std::is_same_v<T, double>, std::uint64_t, std::uint32_t>;

// [low, high): multiples of 2^-24, 2^-53, or of the type's own precision for half and bfloat16.
template <class T>
struct Uniform {
  using Out = T;
  using Word = RandomWord<T>;
  using C = RandomCompute<T>;
  static constexpr int kArgs = 1, kElements = 1;
  static constexpr std::uint32_t kStream = sizeof(Word) == 8 ? 1 : 0;
  C low, width, last;  // last: the largest T below high

  TENON_INLINE void operator()(Word w, T* out) const {
    constexpr int bits = std::is_same_v<T, double>  ? 53
                         : std::is_same_v<T, float> ? 24
                         : std::is_same_v<T, half>  ? 11
                                                    : 8;
    const C u = mul_(exact(w >> (8 * sizeof(Word) - bits)), C(1) / static_cast<C>(std::int64_t{1} << bits));
    const C v = add_(low, mul_(u, width));
    *out = convert<T>(v < last ? v : last);
  }
};

// The numbers in [low, high), on the host.
template <class T>
Uniform<T> uniform_between(double low, double high) {
  using C = RandomCompute<T>;
  // The largest T below high; low itself where there is none between.
  T last = convert<T>(high);
  if (static_cast<double>(last) >= high) {
    if constexpr (std::is_floating_point_v<T>) last = std::nextafter(last, -std::numeric_limits<T>::infinity());
    else
      last = static_cast<double>(last) > 0   ? T::from_bits(static_cast<std::uint16_t>(last.bits - 1))
             : static_cast<double>(last) < 0 ? T::from_bits(static_cast<std::uint16_t>(last.bits + 1))
                                             : T::from_bits(0x8001);
  }
  const C from = static_cast<C>(low), below = static_cast<C>(last);
  return {from, static_cast<C>(high - low), below < from ? from : below};
}

template <class T>
struct Normal {
  using Out = T;
  using Word = RandomWord<T>;
  using C = RandomCompute<T>;
  static constexpr int kArgs = 2, kElements = 2;
  static constexpr std::uint32_t kStream = sizeof(Word) == 8 ? 3 : 2;
  C mean, deviation;

  TENON_INLINE void operator()(Word a, Word b, T* out) const {
    const Pair<C> p = normal_pair(a, b, deviation);
    out[0] = convert<T>(add_(mean, p.x));
    out[1] = convert<T>(add_(mean, p.y));
  }
};

// low + floor(w * range / 2^Bits): a number's probability is off by less than range / 2^Bits of itself.
// 32 bits serve ranges up to 2^16, 64 up to 2^32, a whole block the others; range 0 stands for 2^64.
template <class T, int Bits>
struct Integers {
  using Out = T;
  using Word = std::conditional_t<Bits == 32, std::uint32_t, std::uint64_t>;
  static constexpr int kArgs = Bits == 128 ? 2 : 1, kElements = 1;
  static constexpr std::uint32_t kStream = Bits == 32 ? 4 : Bits == 64 ? 5 : 6;
  std::int64_t low;
  std::uint64_t range;

  TENON_INLINE void operator()(Word w, T* out) const {
    if constexpr (Bits == 32) {
      // Below 2^16: 32 bits hold what is shifted out of halves.
      const auto r = static_cast<std::uint32_t>(range);
      store(((w >> 16) * r + (((w & 0xffff) * r) >> 16)) >> 16, out);
    } else {
      // range is at most 2^32, so range - 1 has 32 bits: w * range = w * (range - 1) + w.
      const std::uint64_t r = range - 1, a = w & 0xffffffffu, b = w >> 32;
      store((b * r + ((a * r + a) >> 32) + b) >> 32, out);
    }
  }
  TENON_INLINE void operator()(std::uint64_t high, std::uint64_t rest, T* out) const {
    if (range == 0) return store(high, out);
    const std::uint64_t carry = multiply_high(rest, range), product = high * range;
    store(multiply_high(high, range) + (product + carry < product ? 1 : 0), out);
  }

 private:
  TENON_INLINE static std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
#if defined(__CUDA_ARCH__)
    return __umul64hi(a, b);
#else
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(a) * b) >> 64);
#endif
  }
  template <class V>
  TENON_INLINE void store(V v, T* out) const {
    if constexpr (std::is_same_v<T, bool>) {
      *out = low + static_cast<std::int64_t>(v) != 0;
    } else {
      using U = std::make_unsigned_t<T>;
      *out = static_cast<T>(static_cast<U>(static_cast<U>(low) + static_cast<U>(v)));
    }
  }
};

// Calls f(Integers<T, bits>) with the words that suffice for the range, on the host.
template <class T, class F>
void with_integers(std::int64_t low, std::uint64_t range, F&& f) {
  if (range != 0 && range <= 1u << 16) {
    f(Integers<T, 32>{low, range});
  } else if constexpr (sizeof(T) > 2) {
    if (range != 0 && range <= std::uint64_t{1} << 32) f(Integers<T, 64>{low, range});
    else if constexpr (sizeof(T) == 8) f(Integers<T, 128>{low, range});
  }
}

// The number at a position of the stream: what every backend must produce.
template <class F>
TENON_INLINE typename F::Out number_at(const F& f, std::uint64_t seed, std::uint64_t position) {
  using Word = typename F::Word;
  constexpr int words = 16 / sizeof(Word), groups = words / F::kArgs, per_block = groups * F::kElements;
  const Words block = philox(counter_of(position / per_block, F::kStream), seed);
  Word w[words];
  for (int i = 0; i < words; ++i) {
    if constexpr (sizeof(Word) == 4) w[i] = block.w[i];
    else w[i] = block.w[2 * i] | Word{block.w[2 * i + 1]} << 32;
  }
  const int i = static_cast<int>(position % per_block);
  const Word* from = w + i / F::kElements * F::kArgs;
  typename F::Out out[F::kElements];
  if constexpr (F::kArgs == 1) f(from[0], out);
  else f(from[0], from[1], out);
  return out[i % F::kElements];
}

}  // namespace tenon::scalar
