// Sorts rows: keys whose order as unsigned integers is that of the elements, with NaNs above all numbers.
#include "backends/cuda/bytes.h"
#include "backends/cuda/element.h"
#include "backends/cuda/keys.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/sorting.cuh"

namespace tenon::cuda {
namespace {

// Of numbers of N bytes.
template <int N>
struct MakeKeys {
  using Key = std::uint64_t;
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  BitOrder order;
  const void* in;
  Sorted<Key>* out;
  std::uint64_t numel;
  std::uint32_t n;
  bool descending;

  TENON_KERNEL void operator()(const Thread& t) const {
    const Key flip = descending ? ~Key{0} : 0;
    for (std::uint64_t k = t.index(); k < numel; k += t.stride())
      out[k] = {order.key(static_cast<const Unsigned<N>*>(in)[k]) ^ flip, static_cast<std::uint32_t>(k % n)};
  }
};

// Of complex numbers with parts of N bytes.
template <int N>
struct MakeWideKeys {
  using Key = WideKey;
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  BitOrder order;
  const void* in;
  Sorted<Key>* out;
  std::uint64_t numel;
  std::uint32_t n;
  bool descending;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t flip = descending ? ~std::uint64_t{0} : 0;
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      const auto* z = static_cast<const Unsigned<N>*>(in) + 2 * k;
      // As NumPy: behind all others what has a NaN in its imaginary part, then in its real part, then in both.
      const std::uint64_t nans = (order.is_nan(z[0]) ? 2 : 0) + (order.is_nan(z[1]) ? 1 : 0);
      out[k] = {{nans ^ flip, order.key(z[0]) ^ flip, order.key(z[1]) ^ flip}, static_cast<std::uint32_t>(k % n)};
    }
  }
};

template <int N, class Key>
struct WriteSorted {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  const void* in;
  const Sorted<Key>* sorted;
  void* values;
  std::int64_t* indices;
  std::uint64_t numel;
  std::uint32_t n;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      const std::uint32_t from = sorted[k].position;
      if (values) static_cast<Bytes<N>*>(values)[k] = static_cast<const Bytes<N>*>(in)[k / n * n + from];
      if (indices) indices[k] = from;
    }
  }
};

// N: the bytes of an element.
template <int N, class Make>
void run(const Context& context, const SortCall& c, DType part) {
  using Key = typename Make::Key;
  const std::int64_t numel = c.rows * c.n, bytes = numel * static_cast<std::int64_t>(sizeof(Sorted<Key>));
  const auto n = static_cast<std::uint32_t>(c.n);
  const Scratch first(context, bytes), second(context, c.n > SortTiles<Key>::kTile ? bytes : 0);
  const Make make{BitOrder(part), c.in, first.get<Sorted<Key>>(), static_cast<std::uint64_t>(numel), n, c.descending};
  launch(context, blocks_for(numel, make.kThreads), make);
  const Sorted<Key>* sorted = sort_rows(context, first.get<Sorted<Key>>(), second.get<Sorted<Key>>(), c.rows, n);
  const WriteSorted<N, Key> out{c.in, sorted, c.values, c.indices, static_cast<std::uint64_t>(numel), n};
  launch(context, blocks_for(numel, out.kThreads), out);
}

}  // namespace

Status sort(const Context& context, const SortCall& c) {
  if (c.n >= (std::int64_t{1} << 31)) return Status::unavailable;
  if (c.rows == 0 || c.n == 0) return Status::ok;
  if (c.dtype == DType::complex64) run<8, MakeWideKeys<4>>(context, c, DType::float32);
  else if (c.dtype == DType::complex128) run<16, MakeWideKeys<8>>(context, c, DType::float64);
  else
    by_size(static_cast<std::int64_t>(itemsize(c.dtype)), [&]<int N>() {
      if constexpr (N <= 8) run<N, MakeKeys<N>>(context, c, c.dtype);
    });
  return Status::ok;
}

}  // namespace tenon::cuda
