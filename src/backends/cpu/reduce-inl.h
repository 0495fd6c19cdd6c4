// Folds rows of contiguous elements into lanes; a long run is seen as rows of kWide elements. Every loop runs
// along a row and vectorises for the target by itself. Included once per target, as elementwise-inl.h.
//
// An operation is a class with
//   Lane    what a column is folded into over at most kFoldRows + 1 rows: narrow, so that loops are fast
//   State   what lanes are merged into
//   Lane identity(), Lane lift(T), Lane combine(Lane, Lane), State widen(Lane), State merge(State, State)
//   kResult the dtype of a State (for operations whose states are their results)
//   State block(const T*, n)   optional: a loop of its own over a run
#if defined(TENON_REDUCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_REDUCE_INL_H_
#undef TENON_REDUCE_INL_H_
#else
#define TENON_REDUCE_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include "backends/cpu/reduce.h"
#include "backends/scalar/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Lanes are exact or accurate for that many rows: 8-bit integers are summed in 16 bits.
constexpr std::int64_t kFoldRows = 128;
// A long run is folded in blocks of rows of one cache line: memory is read in order.
constexpr std::int64_t kBlock = 8192;
template <class T>
constexpr int kWide = sizeof(T) >= 4 ? 16 : 64 / static_cast<int>(sizeof(T));
static_assert(kBlock / 64 <= kFoldRows);
constexpr int kNarrow = 16;  // lanes of a short run

// A bool as it lies: any byte but 0 is true.
struct Truth {
  std::uint8_t byte;
  HWY_INLINE operator std::uint8_t() const { return byte != 0; }
};
template <class T>
using Loaded = std::conditional_t<std::is_same_v<T, bool>, Truth, T>;
// What comparisons and float arithmetic happen in.
template <class T>
using Computed =
    std::conditional_t<std::is_same_v<T, Truth>, std::uint8_t, std::conditional_t<std::is_arithmetic_v<T>, T, float>>;

// The extremum of two, NaN before all. Two selects, since GCC vectorises no condition of two parts here.
template <class Lane, bool kMax>
struct Extremum {
  static HWY_INLINE Lane identity() {
    using limits = std::numeric_limits<Lane>;
    if constexpr (limits::has_infinity) return kMax ? -limits::infinity() : limits::infinity();
    else return kMax ? limits::lowest() : limits::max();
  }
  static HWY_INLINE Lane plain(Lane a, Lane b) { return kMax ? (a > b ? a : b) : (a < b ? a : b); }
  static HWY_INLINE Lane combine(Lane a, Lane b) {
    const Lane m = plain(a, b);
    if constexpr (std::is_floating_point_v<Lane>) return a == a ? m : a;
    else return m;
  }
  // Of eight at once: one look for NaN serves two of them.
  static HWY_INLINE Lane combine(Lane a, Lane b, Lane c, Lane d, Lane e, Lane f, Lane g, Lane h) {
    const Lane m = plain(plain(plain(a, b), plain(c, d)), plain(plain(e, f), plain(g, h)));
    if constexpr (std::is_floating_point_v<Lane>)
      return __builtin_isunordered(a, b) | __builtin_isunordered(c, d) | __builtin_isunordered(e, f) |
                     __builtin_isunordered(g, h)
                 ? std::numeric_limits<Lane>::quiet_NaN()
                 : m;
    else return m;
  }
};

// acc[j] = acc[j] and in[0][j] and in[1][j] ...; eight rows at once, as a tree, so that acc is touched rarely.
// ahead: the rows lie one after the other, and are asked for before they are read.
template <class Op, class T>
HWY_INLINE void fold(typename Op::Lane* HWY_RESTRICT acc, const char* in, std::int64_t stride, std::int64_t rows,
                     std::int64_t cols, bool ahead = false) {
  std::int64_t r = 0;
  for (; r + 8 <= rows; r += 8, in += 8 * stride) {
    for (std::int64_t k = 0; ahead && k < 8 * stride; k += 64) __builtin_prefetch(in + kReadAhead + k);
    const auto row = [&](int k) { return reinterpret_cast<const T*>(in + k * stride); };
    const T *a = row(0), *b = row(1), *c = row(2), *d = row(3), *e = row(4), *f = row(5), *g = row(6), *h = row(7);
#pragma GCC ivdep
    for (std::int64_t j = 0; j < cols; ++j) {
      const auto x = [&](const T* row) { return Op::lift(row[j]); };
      if constexpr (requires { Op::combine(x(a), x(b), x(c), x(d), x(e), x(f), x(g), x(h)); }) {
        acc[j] = Op::combine(acc[j], Op::combine(x(a), x(b), x(c), x(d), x(e), x(f), x(g), x(h)));
      } else {
        const auto ab = Op::combine(x(a), x(b)), cd = Op::combine(x(c), x(d));
        const auto ef = Op::combine(x(e), x(f)), gh = Op::combine(x(g), x(h));
        acc[j] = Op::combine(acc[j], Op::combine(Op::combine(ab, cd), Op::combine(ef, gh)));
      }
    }
  }
  for (; r < rows; ++r, in += stride) {
    const T* a = reinterpret_cast<const T*>(in);
#pragma GCC ivdep
    for (std::int64_t j = 0; j < cols; ++j) acc[j] = Op::combine(acc[j], Op::lift(a[j]));
  }
}

// n elements as rows of W and a last, shorter row.
template <class Op, class T, int W, bool kLong>
HWY_INLINE void fold_run(typename Op::Lane* HWY_RESTRICT acc, const T* in, std::int64_t n) {
  for (int j = 0; j < W; ++j) acc[j] = Op::identity();
  const std::int64_t rows = n / W;
  if constexpr (!kLong) {  // few rows: the tree would only cost time to compile
    for (std::int64_t r = 0; r < rows; ++r)
      for (int j = 0; j < W; ++j) acc[j] = Op::combine(acc[j], Op::lift(in[r * W + j]));
  } else {
    fold<Op, T>(acc, reinterpret_cast<const char*>(in), W * sizeof(T), rows, W, reads_ask_ahead());
  }
  const T* rest = in + rows * W;
  for (std::int64_t j = 0; j < n - rows * W; ++j) acc[j] = Op::combine(acc[j], Op::lift(rest[j]));
}

// The lanes as one state, halves upon halves.
template <class Op, int W>
HWY_INLINE void halve(typename Op::State* HWY_RESTRICT s) {
  if constexpr (W > 1) {
#pragma omp simd  // or else it is unrolled first, and selects become branches
    for (int j = 0; j < W / 2; ++j) s[j] = Op::merge(s[j], s[j + W / 2]);
    halve<Op, W / 2>(s);
  }
}
template <class Op, int W>
HWY_INLINE typename Op::State gather(const typename Op::Lane* acc) {
  alignas(64) typename Op::State s[W];
  for (int j = 0; j < W; ++j) s[j] = Op::widen(acc[j]);
  halve<Op, W>(s);
  return s[0];
}

template <class Op, class T, int W, bool kLong>
HWY_INLINE typename Op::State reduce_rows(const T* in, std::int64_t n) {
  alignas(64) typename Op::Lane acc[W];
  fold_run<Op, T, W, kLong>(acc, in, n);
  return gather<Op, W>(acc);
}
template <class Op, class T>
HWY_NOINLINE typename Op::State reduce_short(const T* in, std::int64_t n) {
  return reduce_rows<Op, T, kNarrow, false>(in, n);
}
template <class Op, class T>
HWY_NOINLINE typename Op::State reduce_block(const T* in, std::int64_t n) {
  if constexpr (requires { Op::block(in, n); }) return Op::block(in, n);
  else return reduce_rows<Op, T, kWide<T>, true>(in, n);
}
template <class Op, class T>
HWY_INLINE typename Op::State reduce_run(const T* in, std::int64_t n) {
  if constexpr (requires { Op::block(in, n); }) return reduce_block<Op>(in, n);
  else return n < 16 * kNarrow ? reduce_short<Op>(in, n) : reduce_block<Op>(in, n);
}
template <class Op, class T>
HWY_INLINE typename Op::State reduce_few(const T* in, std::int64_t n) {
  typename Op::State s = Op::widen(Op::lift(in[0]));
  for (std::int64_t i = 1; i < n; ++i) s = Op::merge(s, Op::widen(Op::lift(in[i])));
  return s;
}

template <class Op, class T>
struct Fold {
  using Lane = typename Op::Lane;
  using State = typename Op::State;

  static void start(void* states, std::int64_t n) {
    std::fill_n(static_cast<State*>(states), n, Op::widen(Op::identity()));
  }
  static void run(void* state, const void* data, std::int64_t n, std::int64_t) {
    const T* in = static_cast<const T*>(data);
    State& total = *static_cast<State*>(state);
    while (n > 0) {
      const std::int64_t m = std::min(n, kBlock);
      State s = m < kNarrow ? reduce_few<Op>(in, m) : reduce_run<Op>(in, m);
      if constexpr (requires { Op::in_order(s); })
        if (Op::in_order(s)) s = reduce_few<Op>(in, m);
      total = Op::merge(total, s);
      if constexpr (requires { Op::decided(total); })
        if (Op::decided(total)) return;
      in += m;
      n -= m;
    }
  }
  static void columns(void* out, const char* in, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                      std::int64_t) {
    State* states = static_cast<State*>(out);
    alignas(64) Lane acc[kMaxColumns];
    for (std::int64_t r = 0; r < rows; r += kFoldRows) {
      for (std::int64_t j = 0; j < cols; ++j) acc[j] = Op::identity();
      fold<Op, T>(acc, in + r * stride, stride, std::min(kFoldRows, rows - r), cols);
#pragma GCC ivdep
      for (std::int64_t j = 0; j < cols; ++j) states[j] = Op::merge(states[j], Op::widen(acc[j]));
    }
  }
  static void merge(void* a, const void* b, std::int64_t n) {
    State* states = static_cast<State*>(a);
    const State* later = static_cast<const State*>(b);
#pragma GCC ivdep
    for (std::int64_t j = 0; j < n; ++j) states[j] = Op::merge(states[j], later[j]);
  }
};

// Op<T> for a dtype whose elements are loaded as T.
template <class Op, class T>
constexpr ReduceKernel fold_kernel() {
  using F = Fold<Op, T>;
  return {sizeof(typename Op::State), Op::kResult, &F::start, &F::run, &F::columns, &F::merge, nullptr};
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
