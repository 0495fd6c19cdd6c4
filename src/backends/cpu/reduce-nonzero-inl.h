// What counts as true, for any, all and count_nonzero: bits. Every format's zeros have none set but the sign, and NaN has
// some. So elements are loaded as unsigned integers of their size.
#if defined(TENON_REDUCE_NONZERO_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_REDUCE_NONZERO_INL_H_
#undef TENON_REDUCE_NONZERO_INL_H_
#else
#define TENON_REDUCE_NONZERO_INL_H_
#endif

#include "backends/cpu/reduce-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

struct Pair64 {
  std::uint64_t first, second;
};

template <int kBytes>
struct Bits;
template <>
struct Bits<1> {
  using type = std::uint8_t;
};
template <>
struct Bits<2> {
  using type = std::uint16_t;
};
template <>
struct Bits<4> {
  using type = std::uint32_t;
};
template <>
struct Bits<8> {
  using type = std::uint64_t;
};
template <>
struct Bits<16> {
  using type = Pair64;
};

// kSigned: the top bit is a sign; for complex64 the one in the middle is another.
template <class E, bool kSigned>
struct NonZero {
  using Lane = std::conditional_t<std::is_integral_v<E>, E, std::uint64_t>;
  static HWY_INLINE Lane lift(E x) {
    if constexpr (std::is_integral_v<E>) return kSigned ? static_cast<E>(x << 1) != 0 : x != 0;
    else return ((x.first | x.second) << 1) != 0;
  }
};
struct ComplexNonZero {
  using Lane = std::uint64_t;
  static HWY_INLINE Lane lift(std::uint64_t x) { return (x & 0x7fffffff7fffffffull) != 0; }
};

// Fills a reduction's row of the table: Fold<Test> is the fold over elements of which Test tells whether they are zero.
template <template <class> class Fold, class T, Kind kKind>
void add_nonzero(ReduceTable& t, Reduction op, DType d) {
  using E = typename Bits<sizeof(T)>::type;
  constexpr bool has_sign = kKind == Kind::floating || kKind == Kind::float8 || kKind == Kind::complex;
  using Test = std::conditional_t<kKind == Kind::complex && sizeof(T) == 8, ComplexNonZero, NonZero<E, has_sign>>;
  t[static_cast<int>(op)][static_cast<int>(d)] = fold_kernel<Fold<Test>, E>();
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
