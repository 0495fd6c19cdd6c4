// Gathers, and writes to indexed places. Places that several positions name are written as if the positions came one after
// the other: few positions are taken in order, of many the places are sorted first, with their positions.
#include <algorithm>

#include "backends/cuda/bytes.h"
#include "backends/cuda/element.h"
#include "backends/cuda/layout.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/sorting.cuh"

namespace tenon::cuda {
namespace {

constexpr int kMostIndices = 16;
constexpr std::int64_t kInOrder = 256;  // so many positions are taken one after the other

struct IndexSource {
  const char* data;
  std::int64_t base_stride, base_size;
  int axis;
  bool from_end;
  std::int64_t strides[kLayoutDims];
};

// Positions that fit a layout: strides[0] are the values', [1] the base's; and the columns that each of them moves.
struct IndexSpace {
  char* values;
  char* base;
  Layout<2> outer;
  std::uint32_t columns;
  std::int64_t value_column, base_column;  // strides
  int n_indices;
  IndexSource index[kMostIndices];
  Fault* fault;
  const char* op;

  // Whether the position's place is there; `at` gets the offsets of the values and the base.
  TENON_KERNEL bool find(std::uint32_t position, std::int64_t (&at)[2]) const {
    std::int64_t where[kMostIndices] = {};
    at[0] = at[1] = 0;
    std::uint32_t p = position;
    for (int d = outer.ndim - 1; d >= 0; --d) {
      const std::uint32_t rest = outer.shape[d].quotient(p);
      const std::int64_t i = p - rest * outer.shape[d].d;
      at[0] += i * outer.strides[0][d];
      at[1] += i * outer.strides[1][d];
      for (int k = 0; k < n_indices; ++k) where[k] += i * index[k].strides[d];
      p = rest;
    }
    for (int k = 0; k < n_indices; ++k) {
      const IndexSource& x = index[k];
      const std::int64_t given = *reinterpret_cast<const std::int64_t*>(x.data + where[k]);
      const std::int64_t i = given < 0 && x.from_end ? given + x.base_size : given;
      if (i < 0 || i >= x.base_size) {
        report(given, x);
        return false;
      }
      at[1] += i * x.base_stride;
    }
    return true;
  }
  TENON_KERNEL void report(std::int64_t given, const IndexSource& x) const {
    if (exchange_if(&fault->state, 0, 1) != 0) return;
    fault->op = op;
    fault->index = given;
    fault->size = x.base_size;
    fault->axis = x.axis;
    fence();
    *static_cast<volatile unsigned*>(&fault->state) = 2;
  }
};

template <int N>
struct Gather {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  IndexSpace space;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t numel = std::uint64_t{space.outer.numel} * space.columns;
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      const auto position = static_cast<std::uint32_t>(k / space.columns);
      const auto column = static_cast<std::int64_t>(k - std::uint64_t{position} * space.columns);
      std::int64_t at[2];
      if (!space.find(position, at)) continue;
      *reinterpret_cast<Bytes<N>*>(space.values + at[0] + column * space.value_column) =
          *reinterpret_cast<const Bytes<N>*>(space.base + at[1] + column * space.base_column);
    }
  }
};

// What happens at a place: the value replaces what is there, or is added to it.
template <int N>
struct Put {
  TENON_KERNEL static void apply(char* base, const char* value) {
    *reinterpret_cast<Bytes<N>*>(base) = *reinterpret_cast<const Bytes<N>*>(value);
  }
};
template <class T>
struct Add {
  TENON_KERNEL static void apply(char* base, const char* value) {
    if constexpr (std::is_same_v<T, bool>) write<bool>(base, read<bool>(base) || read<bool>(value));
    else if constexpr (std::is_same_v<Computed<T>, T>) write(base, static_cast<T>(read<T>(base) + read<T>(value)));
    else
      write(base, scalar::convert<T>(scalar::convert<float>(read<T>(base)) + scalar::convert<float>(read<T>(value))));
  }
};

// A thread for each column takes all positions in order.
template <class F>
struct ScatterInOrder {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  IndexSpace space;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t column = t.index(); column < space.columns; column += t.stride())
      for (std::uint32_t p = 0; p < space.outer.numel; ++p) {
        std::int64_t at[2];
        if (space.find(p, at))
          F::apply(space.base + at[1] + static_cast<std::int64_t>(column) * space.base_column,
                   space.values + at[0] + static_cast<std::int64_t>(column) * space.value_column);
      }
  }
};

// The places, as keys; those that are not there come last.
constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
struct ScatterKeys {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  IndexSpace space;
  Sorted<std::uint64_t>* out;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t p = t.index(); p < space.outer.numel; p += t.stride()) {
      std::int64_t at[2];
      const bool there = space.find(static_cast<std::uint32_t>(p), at);
      out[p] = {there ? static_cast<std::uint64_t>(at[1]) ^ std::uint64_t{1} << 63 : kNowhere,
                static_cast<std::uint32_t>(p)};
    }
  }
};

// The first of equal places does the work of all, in their order; of puts the last alone is needed.
template <class F, bool kLastOnly>
struct ScatterSorted {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  IndexSpace space;
  const Sorted<std::uint64_t>* sorted;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t numel = std::uint64_t{space.outer.numel} * space.columns;
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      auto i = static_cast<std::uint32_t>(k / space.columns);
      const auto column = static_cast<std::int64_t>(k - std::uint64_t{i} * space.columns);
      const std::uint64_t key = sorted[i].key;
      if (key == kNowhere) continue;
      if (kLastOnly ? i + 1 < space.outer.numel && sorted[i + 1].key == key : i > 0 && sorted[i - 1].key == key)
        continue;
      char* base = space.base + static_cast<std::int64_t>(key ^ std::uint64_t{1} << 63) + column * space.base_column;
      do {
        std::int64_t at[2];
        space.outer.offsets(sorted[i].position, at);
        F::apply(base, space.values + at[0] + column * space.value_column);
        ++i;
      } while (!kLastOnly && i < space.outer.numel && sorted[i].key == key);
    }
  }
};

template <class F, bool kLastOnly>
void scatter(const Context& context, const IndexSpace& space) {
  const std::int64_t positions = space.outer.numel;
  if (positions <= kInOrder) {
    launch(context, blocks_for(space.columns, ScatterInOrder<F>::kThreads), ScatterInOrder<F>{space});
    return;
  }
  using Entry = Sorted<std::uint64_t>;
  const std::int64_t bytes = positions * static_cast<std::int64_t>(sizeof(Entry));
  const Scratch first(context, bytes), second(context, bytes);
  launch(context, blocks_for(positions, ScatterKeys::kThreads), ScatterKeys{space, first.get<Entry>()});
  const Entry* sorted = sort_rows(context, first.get<Entry>(), second.get<Entry>(), 1, space.outer.numel);
  using Kernel = ScatterSorted<F, kLastOnly>;
  launch(context, blocks_for(positions * space.columns, Kernel::kThreads), Kernel{space, sorted});
}

void run(const Context& context, const IndexCall& c, const IndexSpace& space) {
  const auto item = static_cast<std::int64_t>(itemsize(c.dtype));
  if (c.mode == IndexMode::get) {
    by_size(item, [&]<int N>() {
      launch(context, blocks_for(std::int64_t{space.outer.numel} * space.columns, 256), Gather<N>{space});
    });
  } else if (c.mode == IndexMode::put) {
    by_size(item, [&]<int N>() { scatter<Put<N>, true>(context, space); });
  } else {
    dispatch(c.dtype, [&]<class T>() { scatter<Add<T>, false>(context, space); });
  }
}

// The dimensions of the call's loop as those of a Loop with the strides of the values, the base and one index tensor.
bool is_indexed(const IndexCall& c, int d) {
  return std::any_of(c.indices, c.indices + c.n_indices, [&](const IndexOperand& x) { return x.loop_strides[d] != 0; });
}

struct IndexLoop {
  int ndim;
  std::int64_t numel;
  std::int64_t shape[kMaxDims];
  std::int64_t strides[2 + kMostIndices][kMaxDims];
};

}  // namespace

Status index(const Context& context, const IndexCall& c) {
  if (c.n_indices > kMostIndices) return Status::unavailable;
  if (c.numel == 0) return Status::ok;
  // The last dimension is the columns, where no index changes along it.
  IndexSpace space{};
  IndexLoop loop;
  loop.ndim = c.ndim;
  space.columns = 1;
  if (const int last = c.ndim - 1; last >= 0 && !is_indexed(c, last) && c.shape[last] < kMostPositions) {
    space.columns = static_cast<std::uint32_t>(c.shape[last]);
    space.value_column = c.value_strides[last];
    space.base_column = c.base_strides[last];
    loop.ndim = last;
  }
  loop.numel = c.numel / space.columns;
  for (int d = 0; d < loop.ndim; ++d) {
    loop.shape[d] = c.shape[d];
    loop.strides[0][d] = c.value_strides[d];
    loop.strides[1][d] = c.base_strides[d];
    for (int k = 0; k < c.n_indices; ++k) loop.strides[2 + k][d] = c.indices[k].loop_strides[d];
  }
  space.n_indices = c.n_indices;
  space.fault = context.fault;
  space.op = context.op;
  pieces<2 + kMostIndices>(loop, 2 + c.n_indices, [&](const auto& layout, const std::int64_t* at) {
    space.outer.ndim = layout.ndim;
    space.outer.numel = layout.numel;
    std::copy_n(layout.shape, kLayoutDims, space.outer.shape);
    for (int k = 0; k < 2; ++k) std::copy_n(layout.strides[k], kLayoutDims, space.outer.strides[k]);
    space.values = static_cast<char*>(c.values) + at[0];
    space.base = static_cast<char*>(c.base) + at[1];
    for (int k = 0; k < c.n_indices; ++k) {
      const IndexOperand& x = c.indices[k];
      space.index[k] = {
          reinterpret_cast<const char*>(x.data) + at[2 + k], x.base_stride, x.base_size, x.axis, x.from_end, {}};
      std::copy_n(layout.strides[2 + k], kLayoutDims, space.index[k].strides);
    }
    run(context, c, space);
  });
  return Status::ok;
}

}  // namespace tenon::cuda
