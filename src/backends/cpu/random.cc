// Random numbers: words by the block, in explicit vectors, then numbers by loops that vectorise for
// themselves.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/random.cc"
// No arrays of vectors without a fixed size.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/scalar/philox.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kBlocks = 256;  // at a time: their words and numbers stay in the L1 cache

// The words of blocks first to first + n, as one array or, where numbers take two of them, as one array of
// the first and one of the second. n is rounded up to whole vectors; out has room for kBlocks.
template <class F>
HWY_INLINE void words_of(std::uint64_t seed, std::uint64_t first, int n, std::uint32_t* HWY_RESTRICT out) {
  const hn::ScalableTag<std::uint64_t> d;
  const hn::Repartition<std::uint32_t, decltype(d)> d32;
  using V = hn::Vec<decltype(d)>;
  // Each 64-bit lane holds one word of one block; what is above it never reaches a result. Several groups at
  // a time hide the multiplier's latency.
  constexpr int kGroups = HWY_MAX_BYTES == 64 ? 4 : 2;
  const int lanes = static_cast<int>(hn::Lanes(d));
  const V m0 = hn::Set(d, scalar::kPhiloxMultiplier[0]), m1 = hn::Set(d, scalar::kPhiloxMultiplier[1]);
  auto times = [&](V x, V y) { return hn::BitCast(d, hn::MulEven(hn::BitCast(d32, x), hn::BitCast(d32, y))); };
  for (int at = 0; at < n; at += kGroups * lanes) {
    V c0[kGroups], c1[kGroups], c2[kGroups], c3[kGroups];
    for (int g = 0; g < kGroups; ++g) {
      const V block = hn::Add(hn::Set(d, first + static_cast<std::uint64_t>(at + g * lanes)), hn::Iota(d, 0));
      c0[g] = block;
      c1[g] = hn::ShiftRight<32>(block);
      c2[g] = hn::Set(d, F::kStream);
      c3[g] = hn::Zero(d);
    }
    std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < scalar::kPhiloxRounds; ++round) {
      const V key0 = hn::Set(d, k0), key1 = hn::Set(d, k1);
      for (int g = 0; g < kGroups; ++g) {
        const V x = times(c0[g], m0), y = times(c2[g], m1);
        c0[g] = hn::Xor(hn::Xor(hn::ShiftRight<32>(y), c1[g]), key0);
        c1[g] = y;
        c2[g] = hn::Xor(hn::Xor(hn::ShiftRight<32>(x), c3[g]), key1);
        c3[g] = x;
      }
      k0 += scalar::kPhiloxWeyl[0];
      k1 += scalar::kPhiloxWeyl[1];
    }
    const V low = hn::Set(d, 0xffffffffu);
    for (int g = 0; g < kGroups; ++g) {
      const int block = at + g * lanes;
      auto join = [&](V x, V y) { return hn::Or(hn::And(x, low), hn::ShiftLeft<32>(y)); };
      auto* to = reinterpret_cast<std::uint64_t*>(out);
      if constexpr (F::kArgs == 1) {
        hn::StoreInterleaved2(join(c0[g], c1[g]), join(c2[g], c3[g]), d, to + 2 * block);
      } else if constexpr (sizeof(typename F::Word) == 4) {
        hn::Store(join(c0[g], c2[g]), d, to + block);
        hn::Store(join(c1[g], c3[g]), d, to + kBlocks + block);
      } else {
        hn::Store(join(c0[g], c1[g]), d, to + block);
        hn::Store(join(c2[g], c3[g]), d, to + kBlocks + block);
      }
    }
  }
}

template <class F>
HWY_NOINLINE void numbers(const F& parameters, const void* words, typename F::Out* HWY_RESTRICT out, int groups) {
  using Word = typename F::Word;
  const F f = parameters;
  const Word* HWY_RESTRICT a = static_cast<const Word*>(words);
  constexpr std::size_t words_of_one = kBlocks * 8 / sizeof(Word);
  const Word* HWY_RESTRICT b = a + words_of_one;
#pragma GCC ivdep
  for (std::size_t i = 0; i < static_cast<std::size_t>(groups); ++i) {
    if constexpr (F::kArgs == 1) f(a[i], out + i * F::kElements);
    else f(a[i], b[i], out + i * F::kElements);
  }
}

// The numbers at positions begin to end of the stream.
template <class F>
void fill(const F& f, std::uint64_t seed, std::uint64_t begin, std::uint64_t end, typename F::Out* out) {
  constexpr int groups = 16 / sizeof(typename F::Word) / F::kArgs, per_block = groups * F::kElements;
  alignas(64) std::uint32_t words[4 * kBlocks];
  alignas(64) typename F::Out edge[kBlocks * per_block];
  while (begin < end) {
    const std::uint64_t block = begin / per_block;
    const int skip = static_cast<int>(begin % per_block);
    const std::uint64_t left = end - begin + static_cast<std::uint64_t>(skip);
    const int blocks = static_cast<int>(std::min<std::uint64_t>(kBlocks, (left + per_block - 1) / per_block));
    const int count =
        static_cast<int>(std::min<std::uint64_t>(left, static_cast<std::uint64_t>(blocks) * per_block)) - skip;
    words_of<F>(seed, block, blocks, words);
    if (count == blocks * per_block) {
      numbers(f, words, out, blocks * groups);
    } else {
      numbers(f, words, edge, blocks * groups);
      std::memcpy(static_cast<void*>(out), edge + skip, static_cast<std::size_t>(count) * sizeof *out);
    }
    out += count;
    begin += static_cast<std::uint64_t>(count);
  }
}

template <class F>
void fill_piece(const F& f, const RandomCall& c, std::int64_t begin, std::int64_t end) {
  fill(f, c.seed, c.offset + static_cast<std::uint64_t>(begin), c.offset + static_cast<std::uint64_t>(end),
       static_cast<typename F::Out*>(c.out) + begin);
}

template <class T>
void normal(const RandomCall& c, std::int64_t begin, std::int64_t end) {
  using C = scalar::RandomCompute<T>;
  fill_piece(scalar::Normal<T>{static_cast<C>(c.a), static_cast<C>(c.b)}, c, begin, end);
}

template <class T>
void integers(const RandomCall& c, std::int64_t begin, std::int64_t end) {
  scalar::with_integers<T>(c.low, c.range, [&](const auto& f) { fill_piece(f, c, begin, end); });
}

void random_piece(const RandomCall& c, std::int64_t begin, std::int64_t end) {
  dispatch(c.dtype, [&]<class T>() {
    if constexpr (std::is_integral_v<T>) {
      // The same bits serve the unsigned type of the same size.
      if constexpr (std::is_same_v<T, bool>) integers<bool>(c, begin, end);
      else integers<std::make_signed_t<T>>(c, begin, end);
    } else if constexpr (sizeof(T) > 1 && !requires(T t) { t.im; }) {
      if (c.kind == Random::uniform) fill_piece(scalar::uniform_between<T>(c.a, c.b), c, begin, end);
      else normal<T>(c, begin, end);
    }
  });
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(random_piece);

Status random(const RandomCall& call) {
  const bool integers = call.kind == Random::integers;
  if (integers ? !is_integral(call.dtype) && !is_bool(call.dtype) : !is_floating(call.dtype) || is_float8(call.dtype))
    return Status::unavailable;
  if (call.n == 0) return Status::ok;
  RandomCall c = call;
  const scalar::Place place(c.seed, c.offset, c.state);
  c.seed = place.seed, c.offset = place.offset;
  const auto piece = HWY_DYNAMIC_DISPATCH(random_piece);
  parallel_for(c.n, 32 * 1024, [&](std::int64_t begin, std::int64_t end) { piece(c, begin, end); });
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
