// Softmax and its logarithm: a block for each line, three passes over it (the largest element, the sum of exponentials, the
// results). The sum is formed in float64. Lines that lie side by side have a thread each.
#include "backends/cuda/group.cuh"
#include "backends/cuda/lines.cuh"
#include "backends/cuda/operations.h"
#include "backends/scalar/elementwise.h"

namespace tenon::cuda {
namespace {

template <class T>
struct Softmax {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  struct Shared {
    T largest[kThreads / kWarp];
    double sum[kThreads / kWarp];
  };
  LineSpace space;
  bool log;

  TENON_KERNEL T load(const char* from, std::int64_t i) const {
    return load_as<T>(from + i * space.in_stride, space.in_dtype);
  }
  TENON_KERNEL T result(T x, T largest, double sum) const {
    return log ? x - largest - static_cast<T>(scalar::log(sum)) : scalar::exp(x - largest) * static_cast<T>(1 / sum);
  }
  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    char* to;
    const char* from;
    space.find(t.block(), to, from);
    T largest = -scalar::kInf<T>;
    for (std::int64_t i = t.thread(); i < space.n; i += kThreads) largest = scalar::larger(largest, load(from, i));
    largest = over_block(t, largest, shared.largest, [](T a, T b) { return scalar::larger(a, b); });
    double sum = 0;
    for (std::int64_t i = t.thread(); i < space.n; i += kThreads)
      sum += static_cast<double>(scalar::exp(load(from, i) - largest));
    sum = over_block(t, sum, shared.sum, Plus());
    for (std::int64_t i = t.thread(); i < space.n; i += kThreads)
      store_as(to + i * space.out_stride, space.out_dtype, result(load(from, i), largest, sum));
  }
};

template <class T>
struct SoftmaxBeside {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  Softmax<T> line;

  TENON_KERNEL void operator()(const Thread& t) const {
    const LineSpace& space = line.space;
    for (std::uint64_t k = t.index(); k < space.outer.numel; k += t.stride()) {
      char* to;
      const char* from;
      space.find(static_cast<std::uint32_t>(k), to, from);
      T largest = -scalar::kInf<T>;
      for (std::int64_t i = 0; i < space.n; ++i) largest = scalar::larger(largest, line.load(from, i));
      double sum = 0;
      for (std::int64_t i = 0; i < space.n; ++i) sum += static_cast<double>(scalar::exp(line.load(from, i) - largest));
      for (std::int64_t i = 0; i < space.n; ++i)
        store_as(to + i * space.out_stride, space.out_dtype, line.result(line.load(from, i), largest, sum));
    }
  }
};

}  // namespace

Status softmax(const Context& context, const SoftmaxCall& c) {
  if (!is_floating(c.dtype) || is_float8(c.dtype)) return Status::unavailable;
  const auto run = [&]<class T>() {
    line_spaces(c.lines, c.out, c.dtype, c.in, c.dtype, [&](const LineSpace& space) {
      const Softmax<T> k{space, c.log};
      if (c.lines.side_by_side || space.n < 16)
        launch(context, blocks_for(space.outer.numel, SoftmaxBeside<T>::kThreads), SoftmaxBeside<T>{k});
      else launch(context, space.outer.numel, k);
    });
  };
  if (c.dtype == DType::float64) run.template operator()<double>();
  else run.template operator()<float>();
  return Status::ok;
}

}  // namespace tenon::cuda
