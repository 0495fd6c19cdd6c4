// What a backend is asked to do: finished plans. Shapes are broadcast, dimensions collapsed and ordered, dtypes chosen.
//
// Plain structs, made in src/plan and passed by reference. What they point to, other than elements of tensors, lives
// until the entry returns: a backend that runs the call later copies it.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

#include "tenon/dtype.h"
#include "tenon/loop.h"

namespace tenon {

// The enumerators below are part of the ABI by name: see backend_abi.h.
#define TENON_NAMED_ENUM(type, list)                         \
  enum class type : std::uint8_t { list(TENON_ENUMERATOR) }; \
  inline constexpr std::string_view k##type##Names[] = {list(TENON_ENUMERATOR_NAME)};
#define TENON_ENUMERATOR(name) name,
#define TENON_ENUMERATOR_NAME(name) #name,

enum class Op : std::uint8_t;  // tenon/elementwise.h

struct ElementwiseCall {
  Op op;
  DType compute;  // the dtype that inputs are converted to
  DType kernel_out;  // the dtype that the kernel produces, converted to the output's
  int arity;
  // Operand 0 is the output; 1 to arity are the inputs.
  void* data[kMaxOperands];
  DType dtype[kMaxOperands];
  bool immediate[kMaxOperands];  // the operand is a number of the compute dtype, in value[]
  alignas(16) unsigned char value[kMaxOperands][16];
  bool stream_output;  // bypass the cache: large and its pages are present
  Loop loop;
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
};

// Lines along one dimension, each with a result as long. Operand 0 is the output, 1 the input.
struct Lines {
  Loop outer;  // where lines begin
  std::int64_t n, out_stride, in_stride;  // along a line, in bytes
  bool side_by_side;  // neighbouring lines lie closer than a line's elements: best taken together, element by element
};

// argmax, argmin: where the largest (smallest) element so far is, as int64; the last of equal ones, the last NaN.
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
};

struct SoftmaxCall {
  bool log;
  DType dtype;
  void* out;
  const void* in;
  Lines lines;
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
};

#define TENON_INDEX_MODES(X) X(get) X(put) X(accumulate)
TENON_NAMED_ENUM(IndexMode, TENON_INDEX_MODES)

// One tensor of indices, of int64.
struct IndexOperand {
  const std::int64_t* data;
  const std::int64_t* loop_strides;  // of each dimension of the loop, in bytes
  std::int64_t base_stride;  // of the dimension that it indexes, in bytes
  std::int64_t base_size;
  int axis;  // of that dimension in the user's tensor, for the error
  bool checked;  // all lie in [0, base_size). Others may write them meanwhile: what is read stays below, all the same.
  bool from_end;  // negative ones count from the end. What is out of range is Status::bad_index of the next wait, and
  // is left alone, or all of the call's work is.
};

// values[loop] <-> base[sum_i index_i[loop] * base_stride_i + loop . base_strides]
struct IndexCall {
  IndexMode mode;
  DType dtype;
  void* values;
  void* base;
  int ndim;  // of the loop over the values, row-major: of equal indices the last is written last
  std::int64_t numel;
  const std::int64_t* shape;
  const std::int64_t* value_strides;  // in bytes
  const std::int64_t* base_strides;  // in bytes; 0 along indexed dimensions
  int n_indices;
  const IndexOperand* indices;
};

// The elements of a contiguous array where a contiguous mask is true, in order.
// get: values[k] = base[position of the k-th true]; put: the other way round, or the same value everywhere.
struct MaskedCall {
  IndexMode mode;
  DType dtype;
  bool one_value;  // values holds one element
  void* values;  // contiguous, as many as the mask has true elements
  void* base;
  const bool* mask;
  std::int64_t n;  // of mask and base
  std::int64_t count;  // of values; the mask may have others meanwhile, which are ignored
};

#define TENON_RANDOMS(X) X(uniform) X(normal) X(integers)
TENON_NAMED_ENUM(Random, TENON_RANDOMS)

// Element i of the output depends on (seed, offset + i) alone.
struct RandomCall {
  Random kind;
  DType dtype;
  std::uint64_t seed, offset;
  double a, b;  // uniform: low, high; normal: mean, standard deviation
  std::int64_t low;  // integers: low + value below `range`
  std::uint64_t range;  // 0 means 2^64
  void* out;  // contiguous
  std::int64_t n;
};

// out[i] = start + i * step, computed in float64 (complex128), or int64 exactly for integers.
struct IotaCall {
  DType dtype;
  void* out;
  std::int64_t n;
  bool integers;
  std::int64_t istart, istep;
  double start, step;
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
};

inline constexpr int kMaxRanks = 16;

// out[row][k] = the element that sorting the row would put at ranks[k], ascending. A NaN in a row makes all of them
// NaN.
struct SelectCall {
  DType dtype;  // not complex
  const void* in;
  void* out;
  std::int64_t rows, n;
  int count;
  std::int64_t ranks[kMaxRanks];
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

// An elementwise program (program.h) over one n-d loop, or over many runs of elements.
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
  const ProgramSpan* spans;  // with a loop there is one
  std::int64_t n_spans;  // an output shares memory with inputs of its own span at most, at their place
};

#undef TENON_NAMED_ENUM
#undef TENON_ENUMERATOR
#undef TENON_ENUMERATOR_NAME

}  // namespace tenon
