// Sorting rows: numbers by their keys (sort_keys.h), narrow ones by counting, indices as the low half of a wider key;
// complex numbers by comparison.
#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/sort_keys.h"
#include "backends/cpu/sort_kernels.h"
#include "core/interrupt.h"

namespace tenon::cpu {
namespace {

template <class T>
std::unique_ptr<T[]> uninitialized(std::int64_t n) {
  return std::unique_ptr<T[]>(new T[static_cast<std::size_t>(n)]);
}

// ---- numbers of 8 and 16 bits, counted ----

template <class T>
constexpr bool is_narrow = has_order_key<T> && sizeof(T) <= 2;

// From this many elements on, clearing and reading the counters costs less than comparisons.
template <class T>
constexpr std::int64_t kCountFrom = sizeof(T) == 1 ? 64 : 16 * 1024;

template <class T>
constexpr std::int64_t kCounters = std::int64_t{1} << (8 * sizeof(T));

// Where the key's counter stands.
template <class T>
std::int64_t bucket(KeyOf<T> key, bool descending) {
  return (descending ? ~key : key) + kCounters<T> / 2;
}

template <class T>
void count_values(const T* in, T* out, std::int64_t n, bool descending) {
  // Two sets, since a run of equal elements would wait for one counter.
  std::vector<std::int64_t> counts(static_cast<std::size_t>(2 * kCounters<T>));
  std::int64_t *even = counts.data(), *odd = even + kCounters<T>;
  std::int64_t i = 0;
  for (; i + 2 <= n; i += 2) {
    ++even[bucket<T>(to_key(in[i]), descending)];
    ++odd[bucket<T>(to_key(in[i + 1]), descending)];
  }
  if (i < n) ++even[bucket<T>(to_key(in[i]), descending)];
  for (std::int64_t b = 0; b < kCounters<T>; ++b) {
    const auto key = static_cast<KeyOf<T>>(b - kCounters<T> / 2);
    out = std::fill_n(out, even[b] + odd[b], from_key<T>(descending ? ~key : key));
  }
}

using Counts = std::int64_t[256];

void counts_to_starts(Counts& counts) { std::exclusive_scan(counts, counts + 256, counts, std::int64_t{0}); }

// Stable: by the low byte, then by the high one.
template <class T>
void count_indices(const T* source, std::int64_t* out, std::int64_t n, bool descending) {
  Counts low{}, high{};
  // A copy: the places that are counted must be those that are filled, even if others write the source meanwhile.
  const auto copy = uninitialized<T>(n);
  const T* in = std::copy_n(source, n, copy.get()) - n;
  const auto key_at = [&](std::int64_t i) { return static_cast<std::uint64_t>(bucket<T>(to_rank(in[i]), descending)); };
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t key = key_at(i);
    ++low[key & 0xff];
    if constexpr (sizeof(T) == 2) ++high[key >> 8];
  }
  counts_to_starts(low);
  if constexpr (sizeof(T) == 1) {
    for (std::int64_t i = 0; i < n; ++i) out[low[key_at(i)]++] = i;
  } else {
    counts_to_starts(high);
    const auto between = uninitialized<std::uint64_t>(n);  // the index and the high byte
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint64_t key = key_at(i);
      between[static_cast<std::size_t>(low[key & 0xff]++)] = static_cast<std::uint64_t>(i) << 8 | key >> 8;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint64_t e = between[static_cast<std::size_t>(i)];
      out[high[e & 0xff]++] = static_cast<std::int64_t>(e >> 8);
    }
  }
}

// ---- indices of 64-bit numbers ----

constexpr std::int64_t kMaxIndices = 0xffffffff;

// The stable order of 64-bit keys. The upper 32 bits of their range and the position make one key of 64; where these bits
// are equal, the rest decides. The keys of such a run have a range of 32 bits at most.
void order_keys(const std::int64_t* keys, std::int64_t* out, std::int64_t n) {
  if (n <= 16) {
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t at = i;
      for (; at > 0 && keys[out[at - 1]] > keys[i]; --at) out[at] = out[at - 1];
      out[at] = i;
    }
    return;
  }
  std::int64_t low = keys[0], high = low;
  for (std::int64_t i = 1; i < n; ++i) {
    low = std::min(low, keys[i]);
    high = std::max(high, keys[i]);
  }
  const auto above = [low](std::int64_t key) {
    return static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(low);
  };
  const int shift = above(high) > kMaxIndices ? 32 - __builtin_clzll(above(high)) : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t part = (above(keys[i]) >> shift) ^ 0x80000000;
    out[i] = static_cast<std::int64_t>(part << 32 | static_cast<std::uint64_t>(i));
  }
  sort_kernels().keys(out, n);
  for (std::int64_t begin = 0, end; begin < n && shift > 0; begin = end) {
    for (end = begin + 1; end < n && (out[end] ^ out[begin]) >> 32 == 0; ++end) {}
    const std::int64_t size = end - begin;
    if (size == 1) continue;
    if (size == 2) {
      if (keys[out[begin] & kMaxIndices] > keys[out[begin + 1] & kMaxIndices]) std::swap(out[begin], out[begin + 1]);
      continue;
    }
    std::vector<std::int64_t> rest(static_cast<std::size_t>(3 * size));
    std::int64_t *run_keys = rest.data(), *order = run_keys + size, *run = order + size;
    std::copy(out + begin, out + end, run);
    for (std::int64_t i = 0; i < size; ++i) run_keys[i] = keys[run[i] & kMaxIndices];
    order_keys(run_keys, order, size);
    for (std::int64_t i = 0; i < size; ++i) out[begin + i] = run[order[i]];
  }
  for (std::int64_t i = 0; i < n; ++i) out[i] &= kMaxIndices;
}

template <class T>
void wide_indices(const T* in, std::int64_t* out, std::int64_t rows, std::int64_t n, bool descending) {
  const auto keys = uninitialized<std::int64_t>(n);
  for (; rows > 0; --rows, in += n, out += n) {
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t key = to_rank(in[i]);
      keys[static_cast<std::size_t>(i)] = descending ? ~key : key;
    }
    order_keys(keys.get(), out, n);
  }
}

// ---- by comparison ----

// NaNs above all numbers, complex numbers by real, then imaginary part, as NumPy: behind all of them those whose imaginary
// part is a NaN, then those whose real part is, then those of two.
template <class T>
bool less(const T& a, const T& b) {
  if constexpr (has_order_key<T>) {
    return to_rank(a) < to_rank(b);
  } else {
    const auto nans = [](const T& v) { return 2 * (v.re != v.re) + (v.im != v.im); };
    if (nans(a) != nans(b)) return nans(a) < nans(b);
    if (to_rank(a.re) != to_rank(b.re)) return to_rank(a.re) < to_rank(b.re);
    return to_rank(a.im) < to_rank(b.im);
  }
}

// std::sort or std::stable_sort by a comparison; a long one can be interrupted.
template <class F, class Less>
void by_comparison(std::int64_t n, F&& sort, Less&& less) {
  if (n < kGrain) return sort(less);
  Pace pace;
  sort([&](const auto& a, const auto& b) {
    pace.did(1);
    return less(a, b);
  });
}

template <class T>
void compare_indices(const T* source, std::int64_t* out, std::int64_t n, bool descending) {
  // A copy: an order that changes while it is sorted by leads out of the row.
  const auto copy = uninitialized<T>(n);
  const T* in = std::copy_n(source, n, copy.get()) - n;
  std::iota(out, out + n, std::int64_t{0});
  by_comparison(
      n, [&](auto&& before) { std::stable_sort(out, out + n, before); },
      [&](std::int64_t a, std::int64_t b) { return descending ? less(in[b], in[a]) : less(in[a], in[b]); });
}

// ---- rows ----

template <class T>
void sort_values(const T* in, T* out, std::int64_t rows, std::int64_t n, bool descending) {
  if constexpr (is_narrow<T>) {
    if (n >= kCountFrom<T>) {
      for (std::int64_t r = 0; r < rows; ++r) count_values(in + r * n, out + r * n, n, descending);
      return;
    }
  }
  if constexpr (has_order_key<T>) {
    sort_kernels().values[static_cast<int>(dtype_of<T>)](in, out, rows, n, descending);
  } else {
    std::copy_n(in, rows * n, out);
    for (T* row = out; rows > 0; --rows, row += n)
      by_comparison(
          n, [&](auto&& before) { std::sort(row, row + n, before); },
          [&](const T& a, const T& b) { return descending ? less(b, a) : less(a, b); });
  }
}

template <class T>
void sort_indices(const T* in, std::int64_t* out, std::int64_t rows, std::int64_t n, bool descending) {
  const auto each = [&](auto&& sort_row) {
    for (std::int64_t r = 0; r < rows; ++r) sort_row(in + r * n, out + r * n, n, descending);
  };
  if constexpr (is_narrow<T>)
    if (n >= kCountFrom<T>) return each(count_indices<T>);
  if constexpr (has_order_key<T>) {
    if (n <= kMaxIndices) {
      if constexpr (sizeof(T) == 8) return wide_indices(in, out, rows, n, descending);
      else return sort_kernels().indices[static_cast<int>(dtype_of<T>)](in, out, rows, n, descending);
    }
  }
  each(compare_indices<T>);
}

}  // namespace

Status sort(const SortCall& c) {
  dispatch(c.dtype, [&]<class T>() {
    const T* in = static_cast<const T*>(c.in);
    T* values = static_cast<T*>(c.values);
    parallel_for(c.rows, std::max<std::int64_t>(1, kGrain / 8 / std::max<std::int64_t>(c.n, 1)),
                 [&](std::int64_t begin, std::int64_t end) {
                   const std::int64_t first = begin * c.n, rows = end - begin;
                   if (!c.indices) return sort_values(in + first, values + first, rows, c.n, c.descending);
                   sort_indices(in + first, c.indices + first, rows, c.n, c.descending);
                   if (!values) return;
                   for (std::int64_t r = begin; r < end; ++r)
                     for (std::int64_t i = r * c.n; i < (r + 1) * c.n; ++i) values[i] = in[r * c.n + c.indices[i]];
                 });
  });
  return Status::ok;
}

}  // namespace tenon::cpu
