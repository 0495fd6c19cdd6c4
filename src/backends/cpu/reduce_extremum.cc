// Minimum and maximum; NaN wins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_extremum.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/reduce-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T, bool kMax>
struct Best : Extremum<Computed<T>, kMax> {
  using Lane = Computed<T>;
  using State = Lane;
  static constexpr DType kResult = dtype_of<State>;
  static HWY_INLINE Lane lift(T x) { return static_cast<Lane>(x); }
  static HWY_INLINE State widen(Lane x) { return x; }
  static HWY_INLINE State merge(State a, State b) { return Best::combine(a, b); }

  // By vectors: GCC's own loop loads each element twice, to compare it and to look for NaN.
  static HWY_INLINE State block(const T* in, std::int64_t n)
    requires std::is_floating_point_v<T>
  {
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto better = [](auto a, auto b) { return kMax ? hn::Max(a, b) : hn::Min(a, b); };
    auto a = hn::Set(d, Best::identity()), b = a, c = a, e = a;
    auto numbers = hn::Eq(a, a);
    std::int64_t i = 0;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      const auto step = [&](auto& best, std::int64_t k) {
        const auto x = hn::LoadU(d, in + i + k * lanes);
        numbers = hn::And(numbers, hn::Eq(x, x));  // from a register, unlike IsNaN on AVX-512
        best = better(best, x);
      };
      step(a, 0);
      step(b, 1);
      step(c, 2);
      step(e, 3);
    }
    a = better(better(a, b), better(c, e));
    State s = hn::GetLane(kMax ? hn::MaxOfLanes(d, a) : hn::MinOfLanes(d, a));
    if (!hn::AllTrue(d, numbers)) s = std::numeric_limits<T>::quiet_NaN();
    for (; i < n; ++i) s = Best::combine(s, in[i]);
    return s;
  }
};

template <class T>
void add(ReduceTable& t, DType d) {
  using E = Loaded<T>;
  t[static_cast<int>(Reduction::min)][static_cast<int>(d)] = fold_kernel<Best<E, false>, E>();
  t[static_cast<int>(Reduction::max)][static_cast<int>(d)] = fold_kernel<Best<E, true>, E>();
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
