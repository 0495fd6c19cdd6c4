// any and all.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_logic.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/reduce-nonzero-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

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
void add_logic(ReduceTable& t) {
#define X(name, type, kind, bits)                                     \
  add_nonzero<Any, type, Kind::kind>(t, Reduction::any, DType::name); \
  add_nonzero<All, type, Kind::kind>(t, Reduction::all, DType::name);
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
