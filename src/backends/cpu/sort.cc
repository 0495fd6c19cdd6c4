// Sorting rows in place. Long rows of numbers by radix, byte by byte from the lowest: it is stable and its time
// does not depend on the values. Short rows and other types by comparison; with indices as pairs, where the
// position decides between equal elements.
#include <algorithm>
#include <array>
#include <cstring>
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
  if constexpr (requires {
                  a.re;
                  a.im;
                }) {
    if (key_less(a.re, b.re)) return true;
    return !key_less(b.re, a.re) && key_less(a.im, b.im);
  } else {
    return key_less(key(a), key(b));
  }
}

// ---- radix ----

constexpr std::int64_t kRadixFrom = 1024;  // elements; below, the histograms cost more than comparisons

template <int Size>
struct unsigned_of;
template <> struct unsigned_of<1> {
  using type = std::uint8_t;
};
template <> struct unsigned_of<2> {
  using type = std::uint16_t;
};
template <> struct unsigned_of<4> {
  using type = std::uint32_t;
};
template <> struct unsigned_of<8> {
  using type = std::uint64_t;
};

template <class T>
constexpr bool has_radix = std::is_arithmetic_v<T>;

// Unsigned integers in the order of the values: NaNs highest. descending inverts the order.
template <class T>
struct Radix {
  using U = typename unsigned_of<sizeof(T)>::type;
  static constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(T) - 1));

  static U key(T v, bool descending) {
    U b;
    std::memcpy(&b, &v, sizeof v);
    if constexpr (std::is_floating_point_v<T>) {
      b = v != v ? static_cast<U>(~U{0}) : static_cast<U>(b & kSign ? ~b : b | kSign);
    } else if constexpr (std::is_signed_v<T>) {
      b ^= kSign;
    }
    return descending ? static_cast<U>(~b) : b;
  }
  static T value(U k, bool descending) {
    U b = descending ? static_cast<U>(~k) : k;
    if constexpr (std::is_floating_point_v<T>) b = static_cast<U>(b & kSign ? b ^ kSign : ~b);
    else if constexpr (std::is_signed_v<T>) b ^= kSign;
    T v;
    std::memcpy(&v, &b, sizeof v);
    return v;
  }
};

// Sorts items by get(item), an unsigned integer, through scratch; the result is in the array returned.
template <class U, class Item, class Get>
Item* radix_sort(Item* items, Item* scratch, std::int64_t n, Get get) {
  std::array<std::array<std::int64_t, 256>, sizeof(U)> counts{};
  for (std::int64_t i = 0; i < n; ++i) {
    const U k = get(items[i]);
    for (std::size_t b = 0; b < sizeof(U); ++b) ++counts[b][static_cast<std::uint8_t>(k >> (8 * b))];
  }
  for (std::size_t b = 0; b < sizeof(U); ++b) {
    auto& c = counts[b];
    if (c[static_cast<std::uint8_t>(get(items[0]) >> (8 * b))] == n) continue;  // all have this byte in common
    std::int64_t sum = 0;
    for (auto& x : c) sum += std::exchange(x, sum);
    for (std::int64_t i = 0; i < n; ++i) scratch[c[static_cast<std::uint8_t>(get(items[i]) >> (8 * b))]++] = items[i];
    std::swap(items, scratch);
  }
  return items;
}

template <class T>
void radix_values(T* v, std::int64_t n, bool descending) {
  using R = Radix<T>;
  using U = typename R::U;
  std::vector<U> keys(static_cast<std::size_t>(2 * n));
  for (std::int64_t i = 0; i < n; ++i) keys[static_cast<std::size_t>(i)] = R::key(v[i], descending);
  const U* sorted = radix_sort<U>(keys.data(), keys.data() + n, n, [](U k) { return k; });
  for (std::int64_t i = 0; i < n; ++i) v[i] = R::value(sorted[i], descending);
}

template <class T>
void radix_pairs(T* v, std::int64_t* indices, std::int64_t n, bool descending) {
  using R = Radix<T>;
  using U = typename R::U;
  struct Item {
    U key;
    std::conditional_t<sizeof(U) == 8, std::int64_t, std::uint32_t> index;
  };
  std::vector<Item> items(static_cast<std::size_t>(2 * n));
  for (std::int64_t i = 0; i < n; ++i) {
    T x = v[i];
    if constexpr (std::is_floating_point_v<T>) x = x == 0 ? T(0) : x;  // -0 and 0 are equal: they keep their order
    items[static_cast<std::size_t>(i)] = {R::key(x, descending), static_cast<decltype(Item::index)>(i)};
  }
  const Item* sorted = radix_sort<U>(items.data(), items.data() + n, n, [](const Item& e) { return e.key; });
  std::vector<T> values(v, v + n);
  for (std::int64_t i = 0; i < n; ++i) {
    indices[i] = static_cast<std::int64_t>(sorted[i].index);
    v[i] = values[static_cast<std::size_t>(indices[i])];
  }
}

// ---- by comparison ----

template <class T>
void sort_values(T* v, std::int64_t n, bool descending) {
  if constexpr (has_radix<T>)
    if (n >= kRadixFrom) return radix_values(v, n, descending);
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
void sort_pairs(T* v, std::int64_t* indices, std::int64_t n, bool descending,
                std::vector<std::pair<T, std::int64_t>>& pairs) {
  if constexpr (has_radix<T>)
    if (n >= kRadixFrom && n <= INT64_C(0xffffffff)) return radix_pairs(v, indices, n, descending);
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
    parallel_for(c.rows, std::max<std::int64_t>(1, kGrain / 8 / std::max<std::int64_t>(c.n, 1)),
                 [&](std::int64_t begin, std::int64_t end) {
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
