// Variance and Euclidean norm of floating-point numbers, in float64.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_moment.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/reduce-inl.h"

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T>
HWY_INLINE double as_double(T x) {
  return static_cast<double>(static_cast<Computed<T>>(x));
}

// Blocks are summed around their first element c, and blocks are merged by Chan's formula. Since no element of n
// is further than sqrt(n - 1) standard deviations from the mean, s2 - s1^2 / n loses at most a factor n. Means are
// kept as distances from c, with the precision of the deviations and not of the elements.
template <class T>
struct Variance {
  struct State {
    double n, c, mean, m2;  // the mean less c; the sum of squared deviations from the mean
  };
  static constexpr std::int64_t kBlockRows = 32;
  static constexpr int kLanes = 64;

  // s1[j] += sum of x - c[j], s2[j] += sum of (x - c[j])^2; four rows at once.
  static HWY_INLINE void fold(double* HWY_RESTRICT s1, double* HWY_RESTRICT s2, const double* HWY_RESTRICT c,
                              const char* in, std::int64_t stride, std::int64_t rows, std::int64_t cols) {
    std::int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const auto row = [&](int k) { return reinterpret_cast<const T*>(in + (r + k) * stride); };
      const T *p = row(0), *q = row(1), *u = row(2), *v = row(3);
#pragma GCC ivdep
      for (std::int64_t j = 0; j < cols; ++j) {
        const double a = as_double(p[j]) - c[j], b = as_double(q[j]) - c[j], d = as_double(u[j]) - c[j],
                     e = as_double(v[j]) - c[j];
        s1[j] += (a + b) + (d + e);
        s2[j] += (a * a + b * b) + (d * d + e * e);
      }
    }
    for (; r < rows; ++r) {
      const T* p = reinterpret_cast<const T*>(in + r * stride);
#pragma GCC ivdep
      for (std::int64_t j = 0; j < cols; ++j) {
        const double a = as_double(p[j]) - c[j];
        s1[j] += a;
        s2[j] += a * a;
      }
    }
  }
  static HWY_INLINE State block_state(double n, double c, double s1, double s2) {
    const double m2 = s2 - s1 * s1 / n;
    return {n, c, s1 / n, m2 < 0 ? 0 : m2};
  }
  static HWY_INLINE State merged(State a, State b) {
    if (a.n == 0) return b;
    const double n = a.n + b.n, delta = (b.c - a.c) + (b.mean - a.mean), weight = b.n / n;
    return {n, a.c, a.mean + delta * weight, a.m2 + b.m2 + delta * delta * (a.n * weight)};
  }
  template <int W>
  static HWY_NOINLINE State block(const T* in, std::int64_t n) {
    alignas(64) double c[W], s1[W] = {}, s2[W] = {};
    for (int j = 0; j < W; ++j) c[j] = as_double(in[0]);
    const std::int64_t rows = n / W;
    fold(s1, s2, c, reinterpret_cast<const char*>(in), W * sizeof(T), rows, W);
    for (std::int64_t j = 0; j < n - rows * W; ++j) {
      const double a = as_double(in[rows * W + j]) - c[0];
      s1[j] += a;
      s2[j] += a * a;
    }
#pragma GCC unroll 8
    for (int h = W / 2; h > 0; h /= 2)
      for (int j = 0; j < h; ++j) {
        s1[j] += s1[j + h];
        s2[j] += s2[j + h];
      }
    return block_state(static_cast<double>(n), c[0], s1[0], s2[0]);
  }

  static void start(void* states, std::int64_t n) { std::fill_n(static_cast<State*>(states), n, State{0, 0, 0, 0}); }
  static void run(void* state, const void* data, std::int64_t n, std::int64_t) {
    State& s = *static_cast<State*>(state);
    const T* in = static_cast<const T*>(data);
    while (n > 0) {
      const std::int64_t m = std::min(n, kBlockRows * kLanes);
      s = merged(s, m < 256 ? block<8>(in, m) : block<kLanes>(in, m));
      in += m;
      n -= m;
    }
  }
  static void columns(void* out, const char* in, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                      std::int64_t) {
    State* states = static_cast<State*>(out);
    alignas(64) double c[kMaxColumns], s1[kMaxColumns], s2[kMaxColumns];
    for (std::int64_t r = 0; r < rows; r += kFoldRows) {
      const std::int64_t n = std::min(kFoldRows, rows - r);
      const T* first = reinterpret_cast<const T*>(in + r * stride);
      for (std::int64_t j = 0; j < cols; ++j) {
        c[j] = as_double(first[j]);
        s1[j] = s2[j] = 0;
      }
      fold(s1, s2, c, in + r * stride, stride, n, cols);
      for (std::int64_t j = 0; j < cols; ++j)
        states[j] = merged(states[j], block_state(static_cast<double>(n), c[j], s1[j], s2[j]));
    }
  }
  static void merge(void* a, const void* b, std::int64_t n) {
    State* states = static_cast<State*>(a);
    const State* later = static_cast<const State*>(b);
    for (std::int64_t j = 0; j < n; ++j)
      if (later[j].n != 0) states[j] = merged(states[j], later[j]);
  }
  static void finish(const void* states, std::int64_t n, double correction, void* out) {
    const State* s = static_cast<const State*>(states);
    for (std::int64_t j = 0; j < n; ++j) static_cast<double*>(out)[j] = s[j].m2 / std::max(s[j].n - correction, 0.0);
  }
};

// scale * sqrt(sum), sum of (x / scale)^2; scale is 1 unless squares of float64 leave their range.
template <class T>
struct Norm {
  struct State {
    double scale, sum;
  };
  struct Squares {
    using Lane = double;
    using State = double;
    static HWY_INLINE Lane identity() { return 0; }
    static HWY_INLINE Lane lift(T x) { return as_double(x) * as_double(x); }
    static HWY_INLINE Lane combine(Lane a, Lane b) { return a + b; }
    static HWY_INLINE State widen(Lane x) { return x; }
    static HWY_INLINE State merge(State a, State b) { return a + b; }
  };
  static HWY_INLINE bool safe(double sum) { return !std::is_same_v<T, double> || ((sum > 1e-280) & (sum < 1e300)); }
  static HWY_NOINLINE State scaled(const char* in, std::int64_t stride, std::int64_t n) {
    const auto at = [&](std::int64_t i) { return std::fabs(as_double(*reinterpret_cast<const T*>(in + i * stride))); };
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) largest = scalar::larger(largest, at(i));
    if (largest == 0 || largest - largest != 0) return {1, largest};
    const double scale = std::ldexp(1.0, std::ilogb(largest));
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += (at(i) / scale) * (at(i) / scale);
    return {scale, sum};
  }
  static HWY_INLINE State merged(State a, State b) {
    if (a.scale == b.scale) return {a.scale, a.sum + b.sum};
    if (b.sum == 0) return a;
    if (a.sum == 0) return b;
    if (a.scale < b.scale) std::swap(a, b);
    const double ratio = b.scale / a.scale;
    // An infinite or NaN sum has the scale 1 and stays what it is.
    return b.sum - b.sum != 0 ? b : State{a.scale, a.sum + b.sum * ratio * ratio};
  }

  static void start(void* states, std::int64_t n) { std::fill_n(static_cast<State*>(states), n, State{1, 0}); }
  static void run(void* state, const void* data, std::int64_t n, std::int64_t) {
    State& s = *static_cast<State*>(state);
    const T* in = static_cast<const T*>(data);
    while (n > 0) {
      const std::int64_t m = std::min(n, kBlock);
      const double sum = m < kNarrow ? reduce_few<Squares>(in, m)
                         : m < 256   ? reduce_short<Squares>(in, m)
                                     : reduce_block<Squares>(in, m);
      s = merged(s, safe(sum) ? State{1, sum} : scaled(reinterpret_cast<const char*>(in), sizeof(T), m));
      in += m;
      n -= m;
    }
  }
  static void columns(void* out, const char* in, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                      std::int64_t) {
    State* states = static_cast<State*>(out);
    alignas(64) double acc[kMaxColumns];
    for (std::int64_t r = 0; r < rows; r += kFoldRows) {
      const std::int64_t n = std::min(kFoldRows, rows - r);
      const char* first = in + r * stride;
      std::fill_n(acc, cols, 0.0);
      HWY_NAMESPACE::fold<Squares, T>(acc, first, stride, n, cols);
      for (std::int64_t j = 0; j < cols; ++j)
        states[j] =
            merged(states[j], safe(acc[j]) ? State{1, acc[j]}
                                           : scaled(first + j * static_cast<std::int64_t>(sizeof(T)), stride, n));
    }
  }
  static void merge(void* a, const void* b, std::int64_t n) {
    State* states = static_cast<State*>(a);
    const State* later = static_cast<const State*>(b);
    for (std::int64_t j = 0; j < n; ++j) states[j] = merged(states[j], later[j]);
  }
  static void finish(const void* states, std::int64_t n, double, void* out) {
    const State* s = static_cast<const State*>(states);
    for (std::int64_t j = 0; j < n; ++j) static_cast<double*>(out)[j] = s[j].scale * std::sqrt(s[j].sum);
  }
};

template <class M>
constexpr ReduceKernel moment_kernel() {
  return {sizeof(typename M::State), DType::float64, &M::start, &M::run, &M::columns, &M::merge, &M::finish};
}

// A template, since only there what is not taken is not compiled.
template <class T, Kind kKind>
void add(ReduceTable& t, DType dtype) {
  if constexpr (kKind == Kind::floating) {
    t[static_cast<int>(Reduction::var)][static_cast<int>(dtype)] = moment_kernel<Variance<T>>();
    t[static_cast<int>(Reduction::norm2)][static_cast<int>(dtype)] = moment_kernel<Norm<T>>();
  }
}

void add_moments(ReduceTable& t) {
#define X(name, type, kind, bits) add<type, Kind::kind>(t, DType::name);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_moments);
void add_moment_kernels(ReduceTable& t) { HWY_DYNAMIC_DISPATCH(add_moments)(t); }
}  // namespace tenon::cpu
#endif
