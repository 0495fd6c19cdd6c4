// argmin and argmax: the first extremum, or the first NaN.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_position.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/extremum-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T, bool kMax>
struct Position {
  using V = Computed<T>;
  struct State {
    std::int64_t index;  // -1: of nothing; the first member, as reduce.cc renumbers
    V value;
  };
  // As wide as the values, so that loops over both vectorise; it counts to kFoldRows only.
  using Index = std::conditional_t<
      sizeof(V) == 1, std::int8_t,
      std::conditional_t<sizeof(V) == 2, std::int16_t, std::conditional_t<sizeof(V) == 4, std::int32_t, std::int64_t>>>;

  static HWY_INLINE V lift(T x) { return static_cast<V>(x); }
  static HWY_INLINE bool better(V x, V than) {
    const bool beyond = kMax ? x > than : x < than;
    if constexpr (std::is_floating_point_v<V>) return beyond | ((x != x) & (than == than));
    else return beyond;
  }
  static HWY_INLINE bool same(V a, V b) { return (a == b) | ((a != a) & (b != b)); }
  // Equal values: the lower index stays, in whatever order they come.
  static HWY_INLINE void offer(State& s, V value, std::int64_t index) {
    if (s.index < 0 || better(value, s.value) || (index < s.index && same(value, s.value))) s = {index, value};
  }

  // The extremum of a block is found as by min and max; only then its place in the best block. Of few elements that is a
  // short one, since it is read twice.
  static std::int64_t block_of(std::int64_t n) { return n < 8 * kBlock ? kBlock / 4 : kBlock / 2; }
  static HWY_NOINLINE std::int64_t find(const T* in, std::int64_t n, V value) {
    std::int64_t i = 0;
    if constexpr (std::is_arithmetic_v<T>) {
      const hn::ScalableTag<T> d;
      const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
      const auto wanted = hn::Set(d, value);
      const bool is_nan = value != value;
      const auto hits = [&](std::int64_t at) HWY_ATTR {
        const auto x = hn::LoadU(d, in + at);
        return is_nan ? hn::Not(hn::Eq(x, x)) : hn::Eq(x, wanted);  // Ne of NaNs is false here
      };
      for (; i + 4 * lanes <= n; i += 4 * lanes) {
        const auto any = hn::Or(hn::Or(hits(i), hits(i + lanes)), hn::Or(hits(i + 2 * lanes), hits(i + 3 * lanes)));
        if (!hn::AllFalse(d, any)) break;
      }
      for (; i + lanes <= n; i += lanes) {
        const auto at = hn::FindFirstTrue(d, hits(i));
        if (at >= 0) return i + static_cast<std::int64_t>(at);
      }
    }
    while (i < n - 1 && !same(lift(in[i]), value)) ++i;  // nowhere, where others write the elements meanwhile
    return i;
  }

  static void start(void* states, std::int64_t n) { std::fill_n(static_cast<State*>(states), n, State{-1, V(0)}); }
  static void run(void* state, const void* data, std::int64_t n, std::int64_t position) {
    State& s = *static_cast<State*>(state);
    const T* in = static_cast<const T*>(data);
    if (n < 4 * kNarrow) {
      for (std::int64_t i = 0; i < n; ++i) offer(s, lift(in[i]), position + i);
      return;
    }
    State best{-1, V(0)};
    const std::int64_t block = block_of(n);
    for (std::int64_t i = 0; i < n; i += block) {
      const V value = reduce_block<Best<T, kMax>>(in + i, std::min(block, n - i));
      if (best.index < 0 || better(value, best.value)) best = {i, value};
    }
    if (s.index < 0 || better(best.value, s.value))
      s = {position + best.index + find(in + best.index, std::min(block, n - best.index), best.value), best.value};
  }
  static void columns(void* out, const char* in, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                      std::int64_t position) {
    State* states = static_cast<State*>(out);
    alignas(64) V value[kMaxColumns];
    alignas(64) Index index[kMaxColumns];
    for (std::int64_t at = 0; at < rows; at += kFoldRows) {
      const std::int64_t n = std::min(kFoldRows, rows - at);
      const T* first = reinterpret_cast<const T*>(in + at * stride);
      for (std::int64_t j = 0; j < cols; ++j) {
        value[j] = lift(first[j]);
        index[j] = 0;
      }
      for (std::int64_t r = 1; r < n; ++r) {
        const T* row = reinterpret_cast<const T*>(in + (at + r) * stride);
        const Index here = static_cast<Index>(r);
#pragma GCC ivdep
        for (std::int64_t j = 0; j < cols; ++j) {
          const V x = lift(row[j]), old = value[j];
          const bool take = better(x, old);
          value[j] = take ? x : old;
          index[j] = take ? here : index[j];
        }
      }
      for (std::int64_t j = 0; j < cols; ++j) offer(states[j], value[j], position + at + index[j]);
    }
  }
  static void merge(void* a, const void* b, std::int64_t n) {
    State* states = static_cast<State*>(a);
    const State* later = static_cast<const State*>(b);
    for (std::int64_t j = 0; j < n; ++j)
      if (later[j].index >= 0) offer(states[j], later[j].value, later[j].index);
  }
  static void finish(const void* states, std::int64_t n, double, void* out) {
    for (std::int64_t j = 0; j < n; ++j)
      static_cast<std::int64_t*>(out)[j] = static_cast<const State*>(states)[j].index;
  }
};

template <class P>
constexpr ReduceKernel position_kernel() {
  return {sizeof(typename P::State), DType::int64, &P::start, &P::run, &P::columns, &P::merge, &P::finish};
}
template <class T>
void add(ReduceTable& t, DType d) {
  using E = Loaded<T>;
  t[static_cast<int>(Reduction::argmin)][static_cast<int>(d)] = position_kernel<Position<E, false>>();
  t[static_cast<int>(Reduction::argmax)][static_cast<int>(d)] = position_kernel<Position<E, true>>();
}

void add_positions(ReduceTable& t) {
#define X(name, type, kind, bits) \
  if constexpr (Kind::kind != Kind::float8 && Kind::kind != Kind::complex) add<type>(t, DType::name);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_positions);
void add_position_kernels(ReduceTable& t) { HWY_DYNAMIC_DISPATCH(add_positions)(t); }
}  // namespace tenon::cpu
#endif
