// Elements by rank without sorting: digit by digit from the highest, it is counted how many elements of a row that agree so
// far have each digit (radix selection). Counts are whole numbers: the order in which threads add does not matter.
#include <algorithm>

#include "backends/cuda/bytes.h"
#include "backends/cuda/keys.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

constexpr unsigned kDigits = 256, kDigitBits = 8;
constexpr std::int64_t kEachBlock = 16384;  // elements

// What is known of a rank's element.
struct Ranked {
  std::uint64_t key;  // its digits so far, and zeros
  std::int64_t rank;  // among the elements that have these digits
};

struct Selection {
  BitOrder order;
  const void* in;
  void* out;
  Ranked* ranked;  // [rows][ranks]
  unsigned* counts;  // [rows][ranks][kDigits]
  unsigned* nans;  // [rows]: whether there are any
  std::int64_t n, rows;
  std::int64_t given[kMaxRanks];
  int ranks;
  int shift;  // of the digit
  bool first;
};

template <int N>
struct CountDigits {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  struct Shared {
    unsigned count[kMaxRanks][kDigits];
  };
  Selection s;
  std::uint32_t blocks_per_row;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    const std::uint32_t row = t.block() / blocks_per_row;
    const std::int64_t begin = std::int64_t{t.block() - row * blocks_per_row} * kEachBlock;
    const std::int64_t end = s.n - begin < kEachBlock ? s.n : begin + kEachBlock;
    const Ranked* ranked = s.ranked + std::int64_t{row} * s.ranks;
    for (int r = 0; r < s.ranks; ++r) shared.count[r][t.thread()] = 0;
    t.sync();
    const auto* in = static_cast<const Unsigned<N>*>(s.in) + row * s.n;
    const int above = s.shift + static_cast<int>(kDigitBits);
    for (std::int64_t i = begin + t.thread(); i < end; i += kThreads) {
      const std::uint64_t key = s.order.key(in[i]);
      if (s.first && s.order.is_nan(in[i])) s.nans[row] = 1;
      for (int r = 0; r < s.ranks; ++r)
        if (s.first || key >> above == ranked[r].key >> above)
          add_to(&shared.count[r][key >> s.shift & (kDigits - 1)], 1);
    }
    t.sync();
    unsigned* counts = s.counts + std::int64_t{row} * s.ranks * kDigits + t.thread();
    for (int r = 0; r < s.ranks; ++r)
      if (const unsigned count = shared.count[r][t.thread()]; count > 0)
        add_to(counts + r * std::int64_t{kDigits}, count);
  }
};

// A thread for each rank finds the digit, and after the last one writes the element. The counts are zeros again.
template <int N>
struct ChooseDigits {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  Selection s;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < static_cast<std::uint64_t>(s.rows * s.ranks); i += t.stride()) {
      const std::uint64_t row = i / static_cast<unsigned>(s.ranks);
      Ranked r = s.first ? Ranked{0, s.given[i - row * static_cast<unsigned>(s.ranks)]} : s.ranked[i];
      unsigned* counts = s.counts + i * kDigits;
      unsigned digit = 0;
      while (digit + 1 < kDigits && r.rank >= counts[digit]) r.rank -= counts[digit++];
      r.key |= std::uint64_t{digit} << s.shift;
      s.ranked[i] = r;
      for (unsigned d = 0; d < kDigits; ++d) counts[d] = 0;
      if (s.shift > 0) continue;
      const auto key = static_cast<Unsigned<N>>(s.nans[row] ? ~std::uint64_t{0} : r.key);
      static_cast<Unsigned<N>*>(s.out)[i] = s.order.bits(key);
    }
  }
};

template <int N>
void run(const Context& context, Selection s) {
  constexpr int highest = 8 * N - static_cast<int>(kDigitBits);
  const auto blocks = static_cast<std::uint32_t>((s.n + kEachBlock - 1) / kEachBlock);
  for (s.shift = highest; s.shift >= 0; s.shift -= static_cast<int>(kDigitBits)) {
    s.first = s.shift == highest;
    launch(context, s.rows * blocks, CountDigits<N>{s, blocks});
    launch(context, blocks_for(s.rows * s.ranks, ChooseDigits<N>::kThreads), ChooseDigits<N>{s});
  }
}

}  // namespace

Status select(const Context& context, const SelectCall& c) {
  if (is_complex(c.dtype) || c.n >= std::int64_t{1} << 32) return Status::unavailable;
  if (c.rows == 0 || c.n == 0 || c.count == 0) return Status::ok;
  const std::int64_t chosen = c.rows * c.count, counts = chosen * kDigits * 4, nans = c.rows * 4;
  const Scratch ranked(context, chosen * static_cast<std::int64_t>(sizeof(Ranked))), counted(context, counts + nans);
  check(runtime::fill_zero(context.stream, counted.get<void>(), counts + nans));
  Selection s{BitOrder(c.dtype),
              c.in,
              c.out,
              ranked.get<Ranked>(),
              counted.get<unsigned>(),
              counted.get<unsigned>() + chosen * kDigits,
              c.n,
              c.rows,
              {},
              c.count,
              0,
              false};
  std::copy_n(c.ranks, c.count, s.given);
  by_size(static_cast<std::int64_t>(itemsize(c.dtype)), [&]<int N>() {
    if constexpr (N <= 8) run<N>(context, s);
  });
  return Status::ok;
}

}  // namespace tenon::cuda
