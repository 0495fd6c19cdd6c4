// Minimum and maximum of long runs, by vectors; for min and max, argmin and argmax. Included once per target.
#if defined(TENON_EXTREMUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_EXTREMUM_INL_H_
#undef TENON_EXTREMUM_INL_H_
#else
#define TENON_EXTREMUM_INL_H_
#endif

#include "backends/cpu/reduce-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T, bool kMax>
struct Best : Extremum<Computed<T>, kMax> {
  using Lane = Computed<T>;
  using State = Lane;
  static HWY_INLINE Lane lift(T x) { return static_cast<Lane>(x); }
  static HWY_INLINE State widen(Lane x) { return x; }
  static HWY_INLINE State merge(State a, State b) { return Best::combine(a, b); }

  // GCC's own loop loads each float twice, to compare it and to look for NaN, and takes longer to compile.
  static HWY_INLINE State block(const T* in, std::int64_t n)
    requires std::is_arithmetic_v<T>
  {
    constexpr bool floating = std::is_floating_point_v<T>;
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto better = [](auto a, auto b) { return kMax ? hn::Max(a, b) : hn::Min(a, b); };
    auto a = hn::Set(d, Best::identity()), b = a, c = a, e = a;
    auto numbers = hn::Eq(a, a);
    const bool ahead = reads_ask_ahead();
    std::int64_t i = 0;
    const auto step = [&](auto& best, std::int64_t k) {
      const auto x = hn::LoadU(d, in + i + k * lanes);
      if constexpr (floating) numbers = hn::And(numbers, hn::Eq(x, x));  // from a register, unlike IsNaN on AVX-512
      best = better(best, x);
    };
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      step(a, 0);
      step(b, 1);
      step(c, 2);
      step(e, 3);
      if (!ahead) continue;
      for (int k = 0; k < 4; ++k) __builtin_prefetch(reinterpret_cast<const char*>(in + i + k * lanes) + kReadAhead);
    }
    for (; i + lanes <= n; i += lanes) step(a, 0);
    a = better(better(a, b), better(c, e));
    State s;
    if constexpr (sizeof(T) >= 4) {  // Highway has no others
      s = hn::GetLane(kMax ? hn::MaxOfLanes(d, a) : hn::MinOfLanes(d, a));
    } else {
      alignas(64) T last[HWY_MAX_BYTES / sizeof(T)];
      hn::Store(a, d, last);
      s = last[0];
      for (std::int64_t k = 1; k < lanes; ++k) s = Best::plain(s, last[k]);
    }
    if constexpr (floating)
      if (!hn::AllTrue(d, numbers)) s = std::numeric_limits<T>::quiet_NaN();
    for (; i < n; ++i) s = Best::combine(s, in[i]);
    return s;
  }
};

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
