// Minimum and maximum; NaN wins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_extremum.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/extremum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T, bool kMax>
struct Found : Best<T, kMax> {
  static constexpr DType kResult = dtype_of<typename Found::State>;
};

template <class T>
void add(ReduceTable& t, DType d) {
  using E = Loaded<T>;
  t[static_cast<int>(Reduction::min)][static_cast<int>(d)] = fold_kernel<Found<E, false>, E>();
  t[static_cast<int>(Reduction::max)][static_cast<int>(d)] = fold_kernel<Found<E, true>, E>();
}

void add_extrema(ReduceTable& t) {
#define X(name, type, kind, bits) \
  if constexpr (std::is_arithmetic_v<type>) add<type>(t, DType::name);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_extrema);
void add_extremum_kernels(ReduceTable& t) { HWY_DYNAMIC_DISPATCH(add_extrema)(t); }
}  // namespace tenon::cpu
#endif
