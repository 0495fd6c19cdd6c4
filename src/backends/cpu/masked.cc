// Elements chosen by a mask, without a list of their positions: each piece counts its true elements, then
// reads or writes at its own place. The pieces have a fixed size.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"

namespace tenon::cpu {
namespace {

using Byte = std::uint8_t;

constexpr std::int64_t kPiece = kGrain;

// Calls f(piece, begin, end) in parallel. parallel_for cuts at multiples of 64, so a piece counts as 64.
template <class F>
void for_pieces(std::int64_t n, F&& f) {
  const std::int64_t pieces = (n + kPiece - 1) / kPiece;
  parallel_for(pieces * 64, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin / 64; p < end / 64; ++p) f(p, p * kPiece, std::min(n, (p + 1) * kPiece));
  });
}

std::uint64_t load8(const Byte* p) {
  std::uint64_t w;
  std::memcpy(&w, p, 8);
  return w;
}

// 1 in each byte that is not 0. A mask that was imported may hold any bytes.
std::uint64_t truth(std::uint64_t w) {
  constexpr std::uint64_t low = 0x7f7f7f7f7f7f7f7f;
  return ((((w & low) + low) | w) & ~low) >> 7;
}

std::int64_t count(const Byte* m, std::int64_t n) {
  std::int64_t total = 0, i = 0;
  while (i + 8 <= n) {
    // The eight byte counters of a word hold 255 at most.
    const std::int64_t words = std::min<std::int64_t>((n - i) / 8, 255);
    std::uint64_t sums = 0;
    for (std::int64_t k = 0; k < words; ++k) sums += truth(load8(m + i + 8 * k));
    constexpr std::uint64_t even = 0x00ff00ff00ff00ff;
    total += static_cast<std::int64_t>((((sums & even) + ((sums >> 8) & even)) * 0x0001000100010001u) >> 48);
    i += 8 * words;
  }
  for (; i < n; ++i) total += m[i] != 0;
  return total;
}

// Where each piece's elements start among all that are true, and after the last their number: `limit` at most, where
// others write the mask meanwhile.
std::vector<std::int64_t> starts(const Byte* m, std::int64_t n, std::int64_t limit) {
  const std::int64_t pieces = (n + kPiece - 1) / kPiece;
  std::vector<std::int64_t> at(static_cast<std::size_t>(pieces) + 1);
  for_pieces(n,
             [&](std::int64_t p, std::int64_t begin, std::int64_t end) { at[p + 1] = count(m + begin, end - begin); });
  for (std::int64_t p = 0; p < pieces; ++p) at[p + 1] = std::min(at[p] + at[p + 1], limit);
  return at;
}

// Calls take(i, k, true) for the true elements i and their numbers k, and take(i, k, false) for some others,
// whose k is taken again: without branches, which random masks mispredict. k stays below `last`.
template <class F>
void each_true(const Byte* m, std::int64_t n, std::int64_t k, std::int64_t last, F&& take) {
  std::int64_t i = 0;
  for (; i + 8 <= n && k + 8 <= last; i += 8) {
    const std::uint64_t w = truth(load8(m + i));
    if (w == 0) continue;
    for (int j = 0; j < 8; ++j) {
      const std::uint64_t yes = (w >> (8 * j)) & 1;
      take(i + j, k, yes);
      k += static_cast<std::int64_t>(yes);
    }
  }
  for (; i < n && k < last; ++i) {
    if (m[i] == 0) continue;
    take(i, k, 1);
    ++k;
  }
}

template <class T>
void compress(const T* __restrict base, T* __restrict values, const Byte* m, std::int64_t n, std::int64_t k,
              std::int64_t last) {
  each_true(m, n, k, last, [&](std::int64_t i, std::int64_t at, std::uint64_t) { values[at] = base[i]; });
}

struct Pair {  // an element of 16 bytes
  std::uint64_t a, b;
};

template <class T>
T choose(std::uint64_t yes, T a, T b) {
  return static_cast<T>(b ^ ((a ^ b) & static_cast<T>(-static_cast<T>(yes))));
}
Pair choose(std::uint64_t yes, Pair a, Pair b) { return {choose(yes, a.a, b.a), choose(yes, a.b, b.b)}; }

template <class T>
void expand(T* __restrict base, const T* __restrict values, const Byte* m, std::int64_t n, std::int64_t k,
            std::int64_t last) {
  // A choice by arithmetic: compilers make a branch of a conditional load.
  each_true(m, n, k, last,
            [&](std::int64_t i, std::int64_t at, std::uint64_t yes) { base[i] = choose(yes, values[at], base[i]); });
}

template <class T>
void fill(T* __restrict base, const T value, const Byte* __restrict m, std::int64_t n) {
  std::int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    std::uint64_t any = 0;
    for (std::int64_t j = 0; j < 64; j += 8) any |= load8(m + i + j);
    if (any == 0) continue;
    for (std::int64_t j = i; j < i + 64; ++j) base[j] = m[j] ? value : base[j];
  }
  for (; i < n; ++i)
    if (m[i]) base[i] = value;
}

template <class F>
void with_item(std::size_t size, F&& f) {
  switch (size) {
    case 1: return f.template operator()<std::uint8_t>();
    case 2: return f.template operator()<std::uint16_t>();
    case 4: return f.template operator()<std::uint32_t>();
    case 8: return f.template operator()<std::uint64_t>();
    default: return f.template operator()<Pair>();
  }
}

}  // namespace

Status count_true(const CountTrueCall& c) {
  const auto* m = reinterpret_cast<const Byte*>(c.mask);
  *c.count = c.n <= kPiece ? count(m, c.n) : starts(m, c.n, c.n).back();
  return Status::ok;
}

Status true_positions(const TruePositionsCall& c) {
  const auto* m = reinterpret_cast<const Byte*>(c.mask);
  const auto at = starts(m, c.n, c.count);
  for_pieces(c.n, [&](std::int64_t p, std::int64_t begin, std::int64_t end) {
    each_true(m + begin, end - begin, at[p], at[p + 1],
              [&](std::int64_t i, std::int64_t k, std::uint64_t) { c.out[k] = begin + i; });
  });
  std::fill(c.out + at.back(), c.out + c.count, 0);  // fewer than were counted, where others write the mask
  return Status::ok;
}

Status masked(const MaskedCall& c) {
  if (c.mode == IndexMode::accumulate) return Status::unavailable;
  const auto* m = reinterpret_cast<const Byte*>(c.mask);
  const auto at = c.one_value ? std::vector<std::int64_t>() : starts(m, c.n, c.count);
  with_item(itemsize(c.dtype), [&]<class T>() {
    T *base = static_cast<T*>(c.base), *values = static_cast<T*>(c.values);
    for_pieces(c.n, [&](std::int64_t p, std::int64_t begin, std::int64_t end) {
      if (c.one_value) fill(base + begin, *values, m + begin, end - begin);
      else if (c.mode == IndexMode::get) compress(base + begin, values, m + begin, end - begin, at[p], at[p + 1]);
      else expand(base + begin, values, m + begin, end - begin, at[p], at[p + 1]);
    });
    if (c.mode == IndexMode::get && !c.one_value) std::fill(values + at.back(), values + c.count, T{});
  });
  return Status::ok;
}

}  // namespace tenon::cpu
