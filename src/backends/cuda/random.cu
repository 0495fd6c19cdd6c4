// Random numbers: the CPU's stream, bit by bit. A thread makes the numbers of one Philox block.
#include "backends/cuda/element.h"
#include "backends/cuda/operations.h"
#include "backends/scalar/philox.h"

namespace tenon::cuda {
namespace {

template <class F>
struct FillRandom {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  using Word = typename F::Word;
  static constexpr int kWords = 16 / sizeof(Word), kGroups = kWords / F::kArgs, kPerBlock = kGroups * F::kElements;
  F numbers;
  std::uint64_t seed, offset;
  const std::uint64_t* state;
  typename F::Out* out;
  std::uint64_t n, blocks;

  TENON_KERNEL void operator()(const Thread& t) const {
    const scalar::Place from(seed, offset, state);
    for (std::uint64_t b = t.index(); b < blocks; b += t.stride()) {
      const std::uint64_t block = from.offset / kPerBlock + b;
      const scalar::Words words = scalar::philox(scalar::counter_of(block, F::kStream), from.seed);
      Word w[kWords];
      for (int i = 0; i < kWords; ++i) {
        if constexpr (sizeof(Word) == 4) w[i] = words.w[i];
        else w[i] = words.w[2 * i] | Word{words.w[2 * i + 1]} << 32;
      }
      typename F::Out values[kPerBlock];
      for (int g = 0; g < kGroups; ++g) {
        if constexpr (F::kArgs == 1) numbers(w[g], values + g * F::kElements);
        else numbers(w[2 * g], w[2 * g + 1], values + g * F::kElements);
      }
      for (int i = 0; i < kPerBlock; ++i) {
        const std::uint64_t at =
            block * kPerBlock + static_cast<std::uint64_t>(i) - from.offset;  // wraps below the first
        if (at < n) out[at] = values[i];
      }
    }
  }
};

template <class F>
void fill(const Context& context, const F& numbers, const RandomCall& c) {
  using Kernel = FillRandom<F>;
  const auto n = static_cast<std::uint64_t>(c.n);
  const std::uint64_t first = c.offset / Kernel::kPerBlock, last = (c.offset + n - 1) / Kernel::kPerBlock;
  // Where the offset is in memory, the numbers may begin within a block.
  const std::uint64_t blocks = c.state ? n / Kernel::kPerBlock + 2 : last - first + 1;
  const Kernel k{numbers, c.seed, c.offset, c.state, static_cast<typename F::Out*>(c.out), n, blocks};
  launch(context, blocks_for(static_cast<std::int64_t>(k.blocks), k.kThreads), k);
}

}  // namespace

Status random(const Context& context, const RandomCall& c) {
  const bool integers = c.kind == Random::integers;
  if (integers ? !is_integral(c.dtype) && !is_bool(c.dtype) : !is_floating(c.dtype) || is_float8(c.dtype))
    return Status::unavailable;
  if (c.n == 0) return Status::ok;
  dispatch(c.dtype, [&]<class T>() {
    if constexpr (std::is_same_v<T, bool>) {
      scalar::with_integers<bool>(c.low, c.range, [&](const auto& f) { fill(context, f, c); });
    } else if constexpr (std::is_integral_v<T>) {
      // The same bits serve the unsigned type of the same size.
      scalar::with_integers<std::make_signed_t<T>>(c.low, c.range, [&](const auto& f) { fill(context, f, c); });
    } else if constexpr (is_floating(dtype_of<T>) && !is_float8(dtype_of<T>)) {
      using C = scalar::RandomCompute<T>;
      if (c.kind == Random::uniform) fill(context, scalar::uniform_between<T>(c.a, c.b), c);
      else fill(context, scalar::Normal<T>{static_cast<C>(c.a), static_cast<C>(c.b)}, c);
    }
  });
  return Status::ok;
}

namespace {

struct Iota {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  IotaCall call;
  std::int64_t item;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < static_cast<std::uint64_t>(call.n); k += t.stride()) {
      const auto i = static_cast<std::int64_t>(k);
      char* to = static_cast<char*>(call.out) + i * item;
      if (call.integers) store_as(to, call.dtype, call.istart + i * call.istep);
      else store_as(to, call.dtype, scalar::add_(call.start, scalar::mul_(static_cast<double>(i), call.step)));
    }
  }
};

}  // namespace

Status iota(const Context& context, const IotaCall& c) {
  const Iota k{c, static_cast<std::int64_t>(itemsize(c.dtype))};
  launch(context, blocks_for(c.n, k.kThreads), k);
  return Status::ok;
}

}  // namespace tenon::cuda
