// Sorts rows: keys whose order as unsigned integers is that of the elements, with NaNs above all numbers.
#include "backends/cuda/element.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/sorting.cuh"

namespace tenon::cuda {
namespace {

TENON_KERNEL std::uint64_t key_of(double x) {
  if (x != x) return ~std::uint64_t{0};
  const auto u = bit_cast<std::uint64_t>(x == 0 ? 0.0 : x);  // the zeros are equal
  return u >> 63 ? ~u : u | std::uint64_t{1} << 63;
}
template <class T>
TENON_KERNEL std::uint64_t key_of_element(const void* p) {
  if constexpr (std::is_same_v<T, bool>) return read<bool>(p) ? 1 : 0;
  else if constexpr (std::is_unsigned_v<T>) return read<T>(p);
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::uint64_t>(std::int64_t{read<T>(p)}) ^ std::uint64_t{1} << 63;
  else return key_of(scalar::convert<double>(read<T>(p)));
}

template <class T, class Key>
struct MakeKeys {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  const T* in;
  Sorted<Key>* out;
  std::uint64_t numel;
  std::uint32_t n;
  bool descending;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t flip = descending ? ~std::uint64_t{0} : 0;
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      const auto position = static_cast<std::uint32_t>(k % n);
      if constexpr (std::is_same_v<Key, WideKey>) {
        const auto z = in[k];
        const std::uint64_t re = key_of(static_cast<double>(z.re)), im = key_of(static_cast<double>(z.im));
        // As NumPy: behind all others what has a NaN in its imaginary part, then in its real part, then in both.
        const std::uint64_t nans = (z.re != z.re ? 2 : 0) + (z.im != z.im ? 1 : 0);
        out[k] = {{nans ^ flip, re ^ flip, im ^ flip}, position};
      } else {
        out[k] = {key_of_element<T>(in + k) ^ flip, position};
      }
    }
  }
};

template <class T, class Key>
struct WriteSorted {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  const T* in;
  const Sorted<Key>* sorted;
  T* values;
  std::int64_t* indices;
  std::uint64_t numel;
  std::uint32_t n;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      const std::uint32_t from = sorted[k].position;
      if (values) write(values + k, read<T>(in + k / n * n + from));
      if (indices) indices[k] = from;
    }
  }
};

template <class T>
void run(const Context& context, const SortCall& c) {
  using Key = std::conditional_t<is_complex(dtype_of<T>), WideKey, std::uint64_t>;
  const std::int64_t numel = c.rows * c.n;
  const auto n = static_cast<std::uint32_t>(c.n);
  const Scratch first(context, numel * static_cast<std::int64_t>(sizeof(Sorted<Key>)));
  const Scratch second(context,
                       c.n > SortTiles<Key>::kTile ? numel * static_cast<std::int64_t>(sizeof(Sorted<Key>)) : 0);
  const auto* in = static_cast<const T*>(c.in);
  const MakeKeys<T, Key> make{in, first.get<Sorted<Key>>(), static_cast<std::uint64_t>(numel), n, c.descending};
  launch(context, blocks_for(numel, make.kThreads), make);
  const Sorted<Key>* sorted = sort_rows(context, first.get<Sorted<Key>>(), second.get<Sorted<Key>>(), c.rows, n);
  const WriteSorted<T, Key> out{in, sorted, static_cast<T*>(c.values), c.indices, static_cast<std::uint64_t>(numel), n};
  launch(context, blocks_for(numel, out.kThreads), out);
}

}  // namespace

Status sort(const Context& context, const SortCall& c) {
  if (c.n >= (std::int64_t{1} << 31)) return Status::unavailable;
  if (c.rows == 0 || c.n == 0) return Status::ok;
  dispatch(c.dtype, [&]<class T>() { run<T>(context, c); });
  return Status::ok;
}

}  // namespace tenon::cuda
