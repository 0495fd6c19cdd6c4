// Sorting rows in place. Values alone by introsort; with indices as pairs, where the position decides between
// equal elements, which makes the order stable.
#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"

namespace tenon::cpu {
namespace {

// What numbers are compared by: themselves, and floats of less than 32 bits as float.
template <class T>
auto key(T v) {
  if constexpr (std::is_arithmetic_v<T>) return v;
  else return static_cast<float>(v);
}

template <class K>
bool key_less(K a, K b) {
  if constexpr (std::is_floating_point_v<K>) return a < b || (b != b && a == a);
  else return a < b;
}

// NaNs above all numbers; complex numbers by real, then imaginary part, as NumPy.
template <class T>
bool less(const T& a, const T& b) {
  if constexpr (requires { a.re; a.im; }) {
    if (key_less(a.re, b.re)) return true;
    return !key_less(b.re, a.re) && key_less(a.im, b.im);
  } else {
    return key_less(key(a), key(b));
  }
}

template <class T>
void sort_values(T* v, std::int64_t n, bool descending) {
  T* end = v + n;
  if constexpr (std::is_floating_point_v<T>) {
    // NaNs go to the end first: what is left compares with a plain <.
    end = std::partition(v, end, [](T x) { return x == x; });
    std::sort(v, end);
  } else if constexpr (std::is_arithmetic_v<T>) {
    std::sort(v, end);
  } else {
    std::sort(v, end, [](const T& a, const T& b) { return less(a, b); });
  }
  if (descending) std::reverse(v, v + n);
}

template <class T>
void sort_pairs(T* v, std::int64_t* indices, std::int64_t n, bool descending, std::vector<std::pair<T, std::int64_t>>& pairs) {
  pairs.resize(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) pairs[static_cast<std::size_t>(i)] = {v[i], i};
  using Pair = std::pair<T, std::int64_t>;
  if (descending)
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      return less(b.first, a.first) || (!less(a.first, b.first) && a.second < b.second);
    });
  else
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      return less(a.first, b.first) || (!less(b.first, a.first) && a.second < b.second);
    });
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = pairs[static_cast<std::size_t>(i)].first;
    indices[i] = pairs[static_cast<std::size_t>(i)].second;
  }
}

}  // namespace

int sort(int, const SortCall& c) {
  dispatch(c.dtype, [&]<class T>() {
    auto* values = static_cast<T*>(c.values);
    parallel_for(c.rows, std::max<std::int64_t>(1, kGrain / 8 / std::max<std::int64_t>(c.n, 1)), [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::pair<T, std::int64_t>> pairs;
      for (std::int64_t r = begin; r < end; ++r) {
        if (c.indices) sort_pairs(values + r * c.n, c.indices + r * c.n, c.n, c.descending, pairs);
        else sort_values(values + r * c.n, c.n, c.descending);
      }
    });
  });
  return kOk;
}

}  // namespace tenon::cpu
