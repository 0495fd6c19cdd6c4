// any, all and count_nonzero. What counts are bits: every format's zeros have none set but the sign, and
// NaN has some. So elements are loaded as unsigned integers of their size.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_logic.cc"
#include "backends/cpu/targets.h"
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

template <class Test>
struct Any : Test {
  using Lane = typename Test::Lane;
  using State = std::uint8_t;
  static constexpr DType kResult = DType::bool_;
  static HWY_INLINE Lane identity() { return 0; }
  static HWY_INLINE Lane combine(Lane a, Lane b) { return a | b; }
  static HWY_INLINE State widen(Lane x) { return static_cast<State>(x); }
  static HWY_INLINE State merge(State a, State b) { return a | b; }
  static HWY_INLINE bool decided(State s) { return s == 1; }
};
template <class Test>
struct All : Test {
  using Lane = typename Test::Lane;
  using State = std::uint8_t;
  static constexpr DType kResult = DType::bool_;
  static HWY_INLINE Lane identity() { return 1; }
  static HWY_INLINE Lane combine(Lane a, Lane b) { return a & b; }
  static HWY_INLINE State widen(Lane x) { return static_cast<State>(x); }
  static HWY_INLINE State merge(State a, State b) { return a & b; }
  static HWY_INLINE bool decided(State s) { return s == 0; }
};
template <class Test>
struct Count : Test {
  using Lane = typename Test::Lane;
  using State = std::int64_t;
  static constexpr DType kResult = DType::int64;
  static HWY_INLINE Lane identity() { return 0; }
  static HWY_INLINE Lane combine(Lane a, Lane b) { return static_cast<Lane>(a + b); }
  static HWY_INLINE State widen(Lane x) { return static_cast<State>(x); }
  static HWY_INLINE State merge(State a, State b) { return a + b; }
};

template <class Test, class E>
void add(ReduceTable& t, DType d) {
  t[static_cast<int>(Reduction::any)][static_cast<int>(d)] = fold_kernel<Any<Test>, E>();
  t[static_cast<int>(Reduction::all)][static_cast<int>(d)] = fold_kernel<All<Test>, E>();
  t[static_cast<int>(Reduction::count_nonzero)][static_cast<int>(d)] = fold_kernel<Count<Test>, E>();
}

template <class T, Kind kKind>
void add_dtype(ReduceTable& t, DType d) {
  using E = typename Bits<sizeof(T)>::type;
  if constexpr (kKind == Kind::complex && sizeof(T) == 8) add<ComplexNonZero, E>(t, d);
  else add<NonZero<E, kKind == Kind::floating || kKind == Kind::float8>, E>(t, d);
}

void add_logic(ReduceTable& t) {
#define X(name, type, kind, bits) add_dtype<type, Kind::kind>(t, DType::name);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_logic);
void add_logic_kernels(ReduceTable& t) { HWY_DYNAMIC_DISPATCH(add_logic)(t); }
}  // namespace tenon::cpu
#endif
