// What reductions do with elements. A fold has
//   Input                        what an element is converted to
//   State, identity()            what lanes and chunks hold, at most 32 bytes
//   add(state, x, position)      position: of the element among those that are reduced
//   merge(a, b)                  b's elements come after a's, or between them
//   Result, finish(s, correction)
//   in_order(s)                  optional: whether the elements must be folded again one after the other
// Sums are formed in 64 bits: float64, complex128, int64. Few instantiations serve all dtypes.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "backends/cuda/element.h"
#include "backends/scalar/math.h"

namespace tenon::cuda {

template <class T>
struct Sum {
  using Input = T;
  using State = T;
  using Result = T;
  TENON_KERNEL static State identity() { return T(0); }
  TENON_KERNEL static void add(State& s, T x, std::int64_t) { s = s + x; }
  TENON_KERNEL static State merge(State a, State b) { return a + b; }
  TENON_KERNEL static Result finish(State s, double) { return s; }
};

template <class T>
struct Prod {
  using Input = T;
  using State = T;
  using Result = T;
  TENON_KERNEL static State identity() { return T(1); }
  TENON_KERNEL static void add(State& s, T x, std::int64_t) { s = s * x; }
  TENON_KERNEL static State merge(State a, State b) { return a * b; }
  TENON_KERNEL static Result finish(State s, double) { return s; }
  // A lane may leave the range of numbers although the product, as written, stays inside.
  TENON_KERNEL static bool in_order(State s) {
    if constexpr (std::is_floating_point_v<T>) return s == 0 || s - s != 0;
    else return false;
  }
};

// NaN wins.
template <class T, bool kMax>
struct Extremum {
  using Input = T;
  using State = T;
  using Result = T;
  TENON_KERNEL static State identity() {
    using Limits = std::numeric_limits<T>;
    if constexpr (Limits::has_infinity) return kMax ? -Limits::infinity() : Limits::infinity();
    else return kMax ? Limits::lowest() : Limits::max();
  }
  TENON_KERNEL static State merge(State a, State b) { return a != a ? a : b != b ? b : (kMax ? a > b : a < b) ? a : b; }
  TENON_KERNEL static void add(State& s, T x, std::int64_t) { s = merge(s, x); }
  TENON_KERNEL static Result finish(State s, double) { return s; }
};

// The first extremum, or the first NaN.
template <class T, bool kMax>
struct Position {
  using Input = T;
  struct State {
    std::int64_t index;  // -1: of nothing
    T value;
  };
  using Result = std::int64_t;
  TENON_KERNEL static State identity() { return {-1, T(0)}; }
  TENON_KERNEL static bool better(T x, T than) { return (kMax ? x > than : x < than) || (x != x && than == than); }
  TENON_KERNEL static bool same(T a, T b) { return a == b || (a != a && b != b); }
  TENON_KERNEL static State merge(State a, State b) {
    if (b.index < 0) return a;
    if (a.index < 0 || better(b.value, a.value) || (b.index < a.index && same(a.value, b.value))) return b;
    return a;
  }
  TENON_KERNEL static void add(State& s, T x, std::int64_t position) { s = merge(s, State{position, x}); }
  TENON_KERNEL static Result finish(State s, double) { return s.index; }
};

struct Count {
  using Input = bool;
  using State = std::int64_t;
  using Result = std::int64_t;
  TENON_KERNEL static State identity() { return 0; }
  TENON_KERNEL static void add(State& s, bool x, std::int64_t) { s += x ? 1 : 0; }
  TENON_KERNEL static State merge(State a, State b) { return a + b; }
  TENON_KERNEL static Result finish(State s, double) { return s; }
};

template <bool kAll>
struct Truth {
  using Input = bool;
  using State = bool;
  using Result = bool;
  TENON_KERNEL static State identity() { return kAll; }
  TENON_KERNEL static State merge(State a, State b) { return kAll ? a && b : a || b; }
  TENON_KERNEL static void add(State& s, bool x, std::int64_t) { s = merge(s, x); }
  TENON_KERNEL static Result finish(State s, double) { return s; }
};

// Welford's update (1962); two of them are merged by Chan, Golub and LeVeque's formula (1979).
struct Variance {
  using Input = double;
  struct State {
    double n, mean, squares;  // squares: the sum of squared distances from the mean
  };
  using Result = double;
  TENON_KERNEL static State identity() { return {0, 0, 0}; }
  TENON_KERNEL static void add(State& s, double x, std::int64_t) {
    s.n += 1;
    const double before = x - s.mean;
    s.mean += before / s.n;
    s.squares += before * (x - s.mean);
  }
  TENON_KERNEL static State merge(State a, State b) {
    if (a.n == 0) return b;
    if (b.n == 0) return a;
    const double n = a.n + b.n, delta = b.mean - a.mean;
    return {n, a.mean + delta * (b.n / n), a.squares + b.squares + delta * delta * (a.n * (b.n / n))};
  }
  TENON_KERNEL static Result finish(State s, double correction) {
    const double divisor = s.n - correction;
    return s.squares / (divisor > 0 ? divisor : 0);
  }
};

// scale * sqrt(sum), where sum is that of (x / scale)^2; scale is 1 unless squares leave the range of float64.
struct Norm {
  using Input = double;
  struct State {
    double scale, sum;
  };
  using Result = double;
  TENON_KERNEL static State identity() { return {1, 0}; }
  TENON_KERNEL static State merge(State a, State b) {
    if (a.scale == b.scale) return {a.scale, a.sum + b.sum};
    if (b.sum == 0) return a;
    if (a.sum == 0) return b;
    const State large = a.scale < b.scale ? b : a, small = a.scale < b.scale ? a : b;
    const double ratio = small.scale / large.scale;
    // An infinite or NaN sum has the scale 1 and stays what it is.
    if (small.sum - small.sum != 0) return small;
    return {large.scale, large.sum + small.sum * ratio * ratio};
  }
  TENON_KERNEL static void add(State& s, double x, std::int64_t) {
    const double a = x < 0 ? -x : x;
    const bool safe = a == 0 || !(a - a == 0) || (a > 1e-140 && a < 1e150);
    s = merge(s, safe    ? State{1, a * a}
                 : a < 1 ? State{0x1p-600, a * 0x1p600 * (a * 0x1p600)}
                         : State{0x1p600, a * 0x1p-600 * (a * 0x1p-600)});
  }
  TENON_KERNEL static Result finish(State s, double) { return s.scale * scalar::sqrt(s.sum); }
};

}  // namespace tenon::cuda
