// What a backend is asked to do: finished plans. Shapes are broadcast, dimensions collapsed and ordered, dtypes chosen.
//
// Plain structs, made in src/plan, or in place where nothing is to be planned. What they point to, other than elements of
// tensors, lives until the entry returns: a backend that runs the call later copies it.
//
// A call describes itself, so that others need no code for each of them:
//   operands(f)  f(what, pointer, reach) for each pointer to elements: its name in messages, a reference to it, and the
//                bytes that the call may touch there
//   arrays(f)    f(pointer, n) for each array on the host that it points to, where there are any; one that holds
//                pointers comes before what these point to
//   clear()      leaves no elements: whether an entry takes such a call says whether the backend has a kernel for it
//   waits        a constant of those whose entry returns when the work is done
//
// A new call is a struct and a row of TENON_ENTRIES, at the end of this file.
#pragma once

#include <cstdint>
#include <iterator>

#include "tenon/calls_index.h"
#include "tenon/calls_nn.h"
#include "tenon/dtype.h"
#include "tenon/loop.h"
#include "tenon/named_enum.h"
#include "tenon/reach.h"

namespace tenon {

enum class Op : std::uint8_t;  // tenon/elementwise.h

struct ElementwiseCall {
  Op op;
  DType compute;  // the dtype that inputs are converted to
  // The second input's: compute, too, but where a comparison has no common dtype (int64, uint64 and float64 beside each
  // other are compared by value: backends/scalar/mixed.h).
  DType second;
  DType kernel_out;  // the dtype that the kernel produces, converted to the output's
  int arity;
  // Operand 0 is the output; 1 to arity are the inputs.
  void* data[kMaxOperands];
  DType dtype[kMaxOperands];
  bool immediate[kMaxOperands];  // the operand is a number of the compute dtype, in value[]
  alignas(16) unsigned char value[kMaxOperands][16];
  bool stream_output;  // bypass the cache: large and its pages are present
  Loop loop;

  template <class F>
  void operands(F&& f) {
    constexpr const char* names[] = {"the output", "operand 1", "operand 2", "operand 3"};
    for (int i = 0; i <= arity; ++i)
      if (!immediate[i]) f(names[i], data[i], Reach(dtype[i]).over(loop, i));
  }
  void clear() { loop.clear(); }
};

#define TENON_REDUCTIONS(X) \
  X(sum) X(prod) X(min) X(max) X(argmin) X(argmax) X(any) X(all) X(count_nonzero) X(var) X(norm2)
TENON_NAMED_ENUM(Reduction, TENON_REDUCTIONS)
inline constexpr int kReductions = static_cast<int>(std::size(kReductionNames));

// out[kept] = reduce over `reduced` of in. Operand 0 is the output, 1 the input.
struct ReduceCall {
  Reduction op;
  DType in_dtype;
  DType compute;  // the dtype that inputs are converted to
  DType out_dtype;  // also the dtype that sums and products are formed in, at least
  void* out;
  const void* in;
  Loop kept;  // strides[0]: output, strides[1]: input
  Loop reduced;  // strides[1]: input; in logical (row-major) order for argmin and argmax
  int strip;  // the dimension of kept whose results are best formed side by side, row by row; -1: one by one
  double correction;  // var: divides by n - correction

  template <class F>
  void operands(F&& f) {
    f("the output", out, Reach(out_dtype).over(kept, 0));
    f("the input", in, Reach(in_dtype).over(kept, 1).over(reduced, 1));
  }
  void clear() { kept.clear(); }
};

// Lines along one dimension, each with a result as long. Operand 0 is the output, 1 the input.
struct Lines {
  Loop outer;  // where lines begin
  std::int64_t n, out_stride, in_stride;  // along a line, in bytes
  bool side_by_side;  // neighbouring lines lie closer than a line's elements: best taken together, element by element

  Reach reach(int operand, DType d) const {
    return Reach(d).over(outer, operand).along(n, operand == 0 ? out_stride : in_stride);
  }
};

// sum, prod: of the elements so far. The others are positions among them, as int64.
// argmax, argmin: of the largest (smallest); the last of equal ones, the last NaN.
#define TENON_SCANS(X) X(sum) X(prod) X(argmax) X(argmin)
TENON_NAMED_ENUM(Scan, TENON_SCANS)

struct ScanCall {
  Scan op;
  DType in_dtype;
  DType compute;  // the dtype that results are formed in
  DType out_dtype;
  void* out;
  const void* in;
  Lines lines;

  template <class F>
  void operands(F&& f) {
    f("the output", out, lines.reach(0, out_dtype));
    f("the input", in, lines.reach(1, in_dtype));
  }
  void clear() { lines.outer.clear(); }
};

struct SoftmaxCall {
  bool log;
  DType dtype;
  void* out;
  const void* in;
  Lines lines;

  template <class F>
  void operands(F&& f) {
    f("the output", out, lines.reach(0, dtype));
    f("the input", in, lines.reach(1, dtype));
  }
  void clear() { lines.outer.clear(); }
};

// c[b] = a[b] @ b[b]: matrices with any strides (in elements), batches by the loop (strides in bytes).
// No size is 0.
struct MatmulCall {
  DType dtype;
  void* c;
  const void *a, *b;
  std::int64_t m, n, k;
  std::int64_t a_strides[2], b_strides[2], c_strides[2];
  Loop batch;  // strides[0]: c, [1]: a, [2]: b

  template <class F>
  void operands(F&& f) {
    const auto matrix = [&](int i, std::int64_t rows, std::int64_t columns, const std::int64_t (&strides)[2]) {
      const auto size = static_cast<std::int64_t>(itemsize(dtype));
      return Reach(dtype).over(batch, i).along(rows, strides[0] * size).along(columns, strides[1] * size);
    };
    f("the output", c, matrix(0, m, n, c_strides));
    f("operand 1", a, matrix(1, m, k, a_strides));
    f("operand 2", b, matrix(2, k, n, b_strides));
  }
  void clear() { batch.clear(); }
};

#define TENON_RANDOMS(X) X(uniform) X(normal) X(integers)
TENON_NAMED_ENUM(Random, TENON_RANDOMS)

// Element i of the output depends on (seed, offset + i) alone.
struct RandomCall {
  Random kind;
  DType dtype;
  std::uint64_t seed, offset;
  const std::uint64_t* state;  // a seed and an offset that are added to these when the call runs; null: none
  double a, b;  // uniform: low, high; normal: mean, standard deviation
  std::int64_t low;  // integers: low + value below `range`
  std::uint64_t range;  // 0 means 2^64
  void* out;  // contiguous
  std::int64_t n;

  template <class F>
  void operands(F&& f) {
    f("the output", out, Reach(dtype, n));
    if (state) f("the generator's state", state, Reach(DType::uint64, 2));
  }
  void clear() { n = 0; }
};

// out[i] = start + i * step, computed in float64 (complex128), or int64 exactly for integers.
struct IotaCall {
  DType dtype;
  void* out;
  std::int64_t n;
  bool integers;
  std::int64_t istart, istep;
  double start, step;

  template <class F>
  void operands(F&& f) {
    f("the output", out, Reach(dtype, n));
  }
  void clear() { n = 0; }
};

// Sorts `rows` rows of n contiguous elements, NaNs above all numbers, complex numbers by their real parts first.
// values gets the elements in order, indices where each stood; equal elements keep their order. One of the two may
// be null.
struct SortCall {
  DType dtype;
  bool descending;
  const void* in;
  void* values;
  std::int64_t* indices;
  std::int64_t rows, n;

  template <class F>
  void operands(F&& f) {
    f("the input", in, Reach(dtype, rows * n));
    if (values) f("the values", values, Reach(dtype, rows * n));
    if (indices) f("the indices", indices, Reach(DType::int64, rows * n));
  }
  void clear() { rows = 0; }
};

inline constexpr int kMaxRanks = 16;

// out[row][k] = the element that sorting the row would put at ranks[k], ascending. A NaN in a row makes all of them
// NaN. Without this entry, sort serves.
struct SelectCall {
  DType dtype;  // not complex
  const void* in;
  void* out;
  std::int64_t rows, n;
  int count;
  std::int64_t ranks[kMaxRanks];

  template <class F>
  void operands(F&& f) {
    f("the input", in, Reach(dtype, rows * n));
    f("the output", out, Reach(dtype, rows * count));
  }
  void clear() { rows = 0; }
};

#define TENON_COPIES(X) X(to_device) X(to_host) X(to_peer)
TENON_NAMED_ENUM(Copy, TENON_COPIES)

// Bytes between memories, in the stream's order.
struct CopyCall {
  Copy kind;
  void* dst;
  const void* src;
  std::int64_t bytes;
  int src_device, dst_device;  // to_peer: they differ, and the stream is one of the source
  // The host's side is page-locked and stays until the stream has passed: the entry returns at once. Otherwise it
  // returns when the host's side is done with.
  bool asynchronous;

  template <class F>
  void operands(F&& f) {
    f("the copy's destination", dst, Reach(DType::uint8, bytes));
    f("the copy's source", src, Reach(DType::uint8, bytes));
  }
};

// Where an operand of a program begins, or the number that it is, of its register's dtype.
union ProgramOperand {
  void* data;
  alignas(16) unsigned char number[16];
};
// The outputs, then the inputs.
struct ProgramSpan {
  std::int64_t n;
  ProgramOperand operand[kMaxProgramOperands];
};

// An elementwise program (program.h) over one n-d loop, or over many runs of elements. Without this entry, elementwise
// serves.
struct ProgramCall {
  int outputs, inputs, numbers, steps;
  Step step[kMaxSteps];
  std::uint8_t output[kMaxProgramOutputs];  // the register of each
  DType register_dtype[kMaxRegisters];  // a step computes in the dtype of its operands (but where's condition)
  alignas(16) unsigned char number[kMaxProgramNumbers][16];
  DType dtype[kMaxProgramOperands];  // as they lie in memory
  bool immediate[kMaxProgramOperands];  // the operand is a number, in each span
  bool stream_output;  // bypass the cache: large and its pages are present
  const ProgramLoop* loop;  // null: the elements of all operands lie next to each other
  ProgramSpan* spans;  // with a loop there is one
  std::int64_t n_spans;  // an output shares memory with inputs of its own span at most, at their place

  template <class F>
  void operands(F&& f) {
    for (std::int64_t k = 0; k < n_spans; ++k)
      for (int i = 0; i < outputs + inputs; ++i)
        if (!immediate[i])
          f(i < outputs ? "an output" : "an input", spans[k].operand[i].data,
            loop ? Reach(dtype[i]).over(*loop, i) : Reach(dtype[i], spans[k].n));
  }
  template <class F>
  void arrays(F&& f) {
    f(loop, loop ? 1 : 0);
    f(spans, n_spans);
  }
  void clear() { n_spans = 0; }
};

// X(entry, call): the operations of a backend. From a row come the entry of the table (backend.h), its part of the ABI's
// hash, the declaration of the CPU's function (backends/cpu/backend.h), and the simulated device's.
#define TENON_ENTRIES(X)               \
  X(elementwise, ElementwiseCall)      \
  X(program, ProgramCall)              \
  X(reduce, ReduceCall)                \
  X(scan, ScanCall)                    \
  X(softmax, SoftmaxCall)              \
  X(matmul, MatmulCall)                \
  X(index, IndexCall)                  \
  X(index_range, IndexRangeCall)       \
  X(masked, MaskedCall)                \
  X(count_true, CountTrueCall)         \
  X(true_positions, TruePositionsCall) \
  X(random, RandomCall)                \
  X(iota, IotaCall)                    \
  X(sort, SortCall)                    \
  X(select, SelectCall)                \
  X(convolution, ConvolutionCall)      \
  X(pool, PoolCall)                    \
  X(attention, AttentionCall)          \
  X(normalization, NormalizationCall)  \
  X(recurrent, RecurrentCall)          \
  X(ctc, CtcCall)

}  // namespace tenon
