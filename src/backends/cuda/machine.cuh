// The kernel behind every row of elementwise.def: it interprets the steps of a program for each element, or for four that
// lie next to each other. Operands may have any dtypes and lie anyhow. One kernel for each dtype that is computed in; a single operation is a program of one
// step.
#pragma once

#include <cstdint>

#include "backends/cuda/element.h"
#include "backends/cuda/layout.h"
#include "backends/scalar/elementwise.h"
#include "tenon/op.h"
#include "tenon/rules.h"

namespace tenon::cuda {

template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<complex<T>> {
  using type = T;
};
template <class T>
using Real = typename RealOf<T>::type;

// Whether a rule's rows have kernels that compute in T, and what these return.
template <Rule R, class T>
inline constexpr bool kTakes = std::is_same_v<T, bool>       ? info(R).bools
                               : std::is_integral_v<T>       ? info(R).integers
                               : std::is_floating_point_v<T> ? info(R).floats
                                                             : info(R).complexes;
template <Rule R, class T>
using Result = std::conditional_t<info(R).returns == Returns::boolean, bool,
                                  std::conditional_t<info(R).returns == Returns::real, Real<T>, T>>;

// A register of a program over T: a T, a bool, or a part of a complex T.
template <class T>
union Cell {
  T value;
  bool truth;
  Real<T> real;

  template <class V>
  TENON_KERNEL const V& as() const {
    if constexpr (std::is_same_v<V, T>) return value;
    else if constexpr (std::is_same_v<V, bool>) return truth;
    else return real;
  }
  template <class V>
  TENON_KERNEL void set(V v) {
    if constexpr (std::is_same_v<V, T>) value = v;
    else if constexpr (std::is_same_v<V, bool>) truth = v;
    else real = v;
  }
};

// out[w] = op(a[w], b[w], c[w]) for `count` elements, computed in V.
template <class V, class T>
TENON_KERNEL void apply(Op op, int count, Cell<T>* out, const Cell<T>* a, const Cell<T>* b, const Cell<T>* c) {
  switch (op) {
#define TENON_ROW(name, rule, ...)                                                        \
  case Op::name:                                                                          \
    if constexpr (kTakes<Rule::rule, V>)                                                  \
      for (int w = 0; w < count; ++w)                                                     \
        out[w].set(static_cast<Result<Rule::rule, V>>(scalar::ops::name{}(__VA_ARGS__))); \
    break;
#define UNARY(name, rule, ...) TENON_ROW(name, rule, a[w].template as<V>())
#define BINARY(name, rule, ...) TENON_ROW(name, rule, a[w].template as<V>(), b[w].template as<V>())
#define TERNARY(name, rule, ...)                                                                     \
  TENON_ROW(name, rule, a[w].template as<std::conditional_t<Rule::rule == Rule::select, bool, V>>(), \
            b[w].template as<V>(), c[w].template as<V>())
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
#undef TENON_ROW
    default: break;
  }
}

// What a register holds, or a step computes in.
enum class Held : std::uint8_t { value, truth, real };

// An operand of a program in memory.
struct MachineOperand {
  DType dtype;
  Held held;
  std::uint8_t slot;  // its register
  bool immediate;  // the span holds the number itself
  std::int64_t item;  // bytes
};

// What is the same for all spans.
struct MachineProgram {
  int outputs, inputs, numbers, steps;
  Step step[kMaxSteps];
  Held computes[kMaxSteps];
  MachineOperand operand[kMaxProgramOperands];
  ProgramOperand number[kMaxProgramNumbers];
};

inline constexpr int kSpans = 16;  // of a launch

// Elements that a thread takes at once where they lie next to each other: 16 bytes of float32.
inline constexpr int kWide = 4;

// kWide elements that are read and written together.
template <class E>
struct alignas(sizeof(E) * kWide < 16 ? sizeof(E) * kWide : 16) Pack {
  E element[kWide];
};
inline std::size_t pack_alignment(DType d) { return itemsize(d) * kWide < 16 ? itemsize(d) * kWide : 16; }

template <class V, class T>
TENON_KERNEL void load_cells(Cell<T>* cell, int count, bool packed, const char* p, DType d, std::int64_t item) {
  if (packed) {
    switch (d) {
#define X(name, type, kind, bits)                                                                  \
  case DType::name: {                                                                              \
    using Stored = std::conditional_t<std::is_same_v<type, bool>, std::uint8_t, type>;             \
    const Pack<Stored> pack = *reinterpret_cast<const Pack<Stored>*>(p);                           \
    for (int w = 0; w < kWide; ++w) cell[w].set(scalar::convert<V>(read<type>(pack.element + w))); \
    return;                                                                                        \
  }
      TENON_FOR_EACH_DTYPE(X)
#undef X
    }
  }
  for (int w = 0; w < count; ++w) cell[w].set(load_as<V>(p + w * item, d));
}
template <class V, class T>
TENON_KERNEL void store_cells(const Cell<T>* cell, int count, bool packed, char* p, DType d, std::int64_t item) {
  if (packed) {
    switch (d) {
#define X(name, type, kind, bits)                                                                      \
  case DType::name: {                                                                                  \
    Pack<type> pack;                                                                                   \
    for (int w = 0; w < kWide; ++w) pack.element[w] = scalar::convert<type>(cell[w].template as<V>()); \
    *reinterpret_cast<Pack<type>*>(p) = pack;                                                          \
    return;                                                                                            \
  }
      TENON_FOR_EACH_DTYPE(X)
#undef X
    }
  }
  for (int w = 0; w < count; ++w) store_as(p + w * item, d, cell[w].template as<V>());
}

// `count` elements that lie next to each other (all kWide of them, aligned, where `packed`): operands are read, the steps
// run, results written.
template <class T>
TENON_KERNEL_CALL void interpret(const MachineProgram& p, const ProgramSpan& span, const std::int64_t* at, int count,
                                 bool packed) {
  Cell<T> cell[kMaxRegisters * kWide];
  for (int i = 0; i < p.inputs; ++i) {
    const MachineOperand& o = p.operand[p.outputs + i];
    const ProgramOperand& from = span.operand[p.outputs + i];
    Cell<T>* to = cell + i * kWide;
    const char* data = static_cast<const char*>(from.data) + at[p.outputs + i];
    if (o.immediate) {
      for (int w = 0; w < count; ++w) {
        if (o.held == Held::truth) to[w].truth = read<bool>(from.number);
        else to[w].value = *reinterpret_cast<const T*>(from.number);
      }
    } else if (o.held == Held::truth) {
      load_cells<bool>(to, count, packed, data, o.dtype, o.item);
    } else {
      load_cells<T>(to, count, packed, data, o.dtype, o.item);
    }
  }
  for (int i = 0; i < p.numbers; ++i)
    for (int w = 0; w < count; ++w)
      cell[(p.inputs + i) * kWide + w].value = *reinterpret_cast<const T*>(p.number[i].number);
  const int first = p.inputs + p.numbers;
  for (int s = 0; s < p.steps; ++s) {
    const Step& x = p.step[s];
    Cell<T>* out = cell + (first + s) * kWide;
    const Cell<T>*a = cell + x.in[0] * kWide, *b = cell + x.in[1] * kWide, *c = cell + x.in[2] * kWide;
    if (p.computes[s] == Held::value) apply<T>(x.op, count, out, a, b, c);
    else if (p.computes[s] == Held::truth) apply<bool>(x.op, count, out, a, b, c);
    else if constexpr (!std::is_same_v<Real<T>, T>) apply<Real<T>>(x.op, count, out, a, b, c);
  }
  for (int j = 0; j < p.outputs; ++j) {
    const MachineOperand& o = p.operand[j];
    char* data = static_cast<char*>(span.operand[j].data) + at[j];
    const Cell<T>* y = cell + o.slot * kWide;
    if (o.held == Held::value) store_cells<T>(y, count, packed, data, o.dtype, o.item);
    else if (o.held == Held::truth) store_cells<bool>(y, count, packed, data, o.dtype, o.item);
    else if constexpr (!std::is_same_v<Real<T>, T>) store_cells<Real<T>>(y, count, packed, data, o.dtype, o.item);
  }
}

// One span over a loop.
template <class T>
struct MachineLoop {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  MachineProgram program;
  ProgramSpan span;
  Layout<kMaxProgramOperands> layout;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < layout.numel; i += t.stride()) {
      std::int64_t at[kMaxProgramOperands];
      layout.offsets(static_cast<std::uint32_t>(i), at, program.outputs + program.inputs);
      interpret<T>(program, span, at, 1, false);
    }
  }
};

// Several spans, whose elements lie next to each other.
template <class T>
struct MachineSpans {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  MachineProgram program;
  int spans;
  ProgramSpan span[kSpans];
  unsigned first[kSpans + 1];  // block of each span
  bool packed[kSpans];  // whether its operands are aligned

  TENON_KERNEL void operator()(const Thread& t) const {
    int k = 0;
    while (k + 1 < spans && t.block() >= first[k + 1]) ++k;
    const std::int64_t n = span[k].n, stride = std::int64_t{first[k + 1] - first[k]} * t.threads() * kWide;
    for (std::int64_t i = (std::int64_t{t.block() - first[k]} * t.threads() + t.thread()) * kWide; i < n; i += stride) {
      std::int64_t at[kMaxProgramOperands];
      for (int o = 0; o < program.outputs + program.inputs; ++o) at[o] = i * program.operand[o].item;
      const bool whole = i + kWide <= n;
      interpret<T>(program, span[k], at, whole ? kWide : static_cast<int>(n - i), whole && packed[k]);
    }
  }
};

// Launches either; instantiated for one T in each file machine_<T>.cu.
struct MachineWork {
  MachineProgram program;
  const ProgramSpan* spans;
  std::int64_t n_spans;
  const ProgramLoop* loop;  // null: elements lie next to each other
};
template <class T>
void run_machine(const Context& context, const MachineWork& work);

}  // namespace tenon::cuda
