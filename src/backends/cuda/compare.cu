// Comparisons of numbers that no dtype holds together: int64, uint64 and float64 beside each other, by value.
#include "backends/cuda/element.h"
#include "backends/cuda/layout.h"
#include "backends/cuda/operations.h"
#include "backends/scalar/elementwise.h"
#include "backends/scalar/mixed.h"
#include "tenon/op.h"

namespace tenon::cuda {
namespace {

// The same comparison with its operands exchanged.
constexpr Op mirrored(Op op) {
  return op == Op::lt ? Op::gt : op == Op::le ? Op::ge : op == Op::gt ? Op::lt : op == Op::ge ? Op::le : op;
}

struct CompareOperand {
  DType dtype;
  bool immediate;
  unsigned char value[16];
};

// A stands before B among int64, uint64 and float64.
template <class A, class B>
struct CompareMixed {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  Op op;
  char* out;
  const char *a, *b;
  DType out_dtype;
  CompareOperand first, second;
  Layout<3> layout;

  TENON_KERNEL static bool compare(Op op, A a, B b) {
    switch (op) {
      case Op::eq: return scalar::mixed<scalar::ops::eq>(a, b);
      case Op::ne: return scalar::mixed<scalar::ops::ne>(a, b);
      case Op::lt: return scalar::mixed<scalar::ops::lt>(a, b);
      case Op::le: return scalar::mixed<scalar::ops::le>(a, b);
      case Op::gt: return scalar::mixed<scalar::ops::gt>(a, b);
      default: return scalar::mixed<scalar::ops::ge>(a, b);
    }
  }
  template <class T>
  TENON_KERNEL static T load(const CompareOperand& o, const char* p) {
    return o.immediate ? *reinterpret_cast<const T*>(o.value) : load_as<T>(p, o.dtype);
  }
  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < layout.numel; i += t.stride()) {
      std::int64_t at[3];
      layout.offsets(static_cast<std::uint32_t>(i), at);
      store_as(out + at[0], out_dtype, compare(op, load<A>(first, a + at[1]), load<B>(second, b + at[2])));
    }
  }
};

template <class A, class B>
void run(const Context& context, const ElementwiseCall& c, bool exchanged) {
  const int first = exchanged ? 2 : 1, second = exchanged ? 1 : 2;
  CompareMixed<A, B> k;
  k.op = exchanged ? mirrored(c.op) : c.op;
  k.out_dtype = c.dtype[0];
  const auto operand = [&](int i) {
    CompareOperand o{c.dtype[i], c.immediate[i], {}};
    if (o.immediate) std::copy_n(c.value[i], 16, o.value);
    return o;
  };
  k.first = operand(first);
  k.second = operand(second);
  Loop loop = c.loop;
  if (exchanged)
    for (int d = 0; d < loop.ndim; ++d) std::swap(loop.strides[1][d], loop.strides[2][d]);
  pieces<3>(loop, 3, [&](const Layout<3>& layout, const std::int64_t* at) {
    k.layout = layout;
    k.out = static_cast<char*>(c.data[0]) + at[0];
    k.a = k.first.immediate ? nullptr : static_cast<const char*>(c.data[first]) + at[1];
    k.b = k.second.immediate ? nullptr : static_cast<const char*>(c.data[second]) + at[2];
    launch(context, blocks_for(layout.numel, k.kThreads), k);
  });
}

}  // namespace

Status compare_mixed(const Context& context, const ElementwiseCall& c) {
  const auto place = [](DType d) {
    return d == DType::int64 ? 0 : d == DType::uint64 ? 1 : d == DType::float64 ? 2 : -1;
  };
  const bool exchanged = place(c.compute) > place(c.second);
  const DType a = exchanged ? c.second : c.compute, b = exchanged ? c.compute : c.second;
  if (place(a) < 0 || c.op < Op::eq || c.op > Op::ge) return Status::unavailable;
  if (b == DType::uint64) run<std::int64_t, std::uint64_t>(context, c, exchanged);
  else if (a == DType::int64) run<std::int64_t, double>(context, c, exchanged);
  else run<std::uint64_t, double>(context, c, exchanged);
  return Status::ok;
}

}  // namespace tenon::cuda
