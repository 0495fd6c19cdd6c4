// count_nonzero.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_count.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/reduce-nonzero-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

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

void add_counts(ReduceTable& t) {
#define X(name, type, kind, bits) add_nonzero<Count, type, Kind::kind>(t, Reduction::count_nonzero, DType::name);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_counts);
void add_count_kernels(ReduceTable& t) { HWY_DYNAMIC_DISPATCH(add_counts)(t); }
}  // namespace tenon::cpu
#endif
