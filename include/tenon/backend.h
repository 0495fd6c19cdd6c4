// The plugin ABI: what a device has to provide. Plain structs and function pointers, no Python, no CUDA.
//
// A call struct is a finished plan: shapes are broadcast, dimensions collapsed and ordered, dtypes chosen.
// A backend may run it later (its own stream); the core keeps the storages alive until then by freeing
// through the same backend. An entry that is null, or returns kUnavailable, gives the one error
// "<op>: not available on <device> for <dtype>".
#pragma once

#include <cstdint>

#include "tenon/device.h"
#include "tenon/dims.h"
#include "tenon/dtype.h"
#include "tenon/step.h"

namespace tenon {

enum class Op : std::uint8_t;  // a row of elementwise.def; tenon/op.h has the enumerators

inline constexpr int kMaxOperands = 4;

enum Status : int { kOk = 0, kUnavailable = 1 };

// An n-d loop over operands with strides in bytes; the last dimension is the innermost.
struct Loop {
  int ndim = 0;
  std::int64_t numel = 1;
  std::int64_t shape[kMaxDims];
  std::int64_t strides[kMaxOperands][kMaxDims];
};

struct ElementwiseCall {
  Op op;
  DType compute;     // the dtype that inputs are converted to
  DType kernel_out;  // the dtype that the kernel produces, converted to the output's
  int arity;
  // Operand 0 is the output; 1 to arity are the inputs.
  void* data[kMaxOperands];
  DType dtype[kMaxOperands];
  bool immediate[kMaxOperands];             // the operand is a number of the compute dtype, in value[]
  alignas(16) unsigned char value[kMaxOperands][16];
  bool stream_output;                       // bypass the cache: large and its pages are present
  Loop loop;
};

enum class Reduction : std::uint8_t { sum, prod, min, max, argmin, argmax, any, all, count_nonzero, var, norm2 };

// out[kept] = reduce over `reduced` of in. Operand 0 is the output, 1 the input.
struct ReduceCall {
  Reduction op;
  DType in_dtype;
  DType out_dtype;  // also the dtype that sums and products are formed in, at least
  void* out;
  const void* in;
  Loop kept;        // strides[0]: output, strides[1]: input
  Loop reduced;     // strides[1]: input; in logical (row-major) order for argmin and argmax
  double correction;  // var: divides by n - correction
};

enum class Scan : std::uint8_t { sum, prod };

struct ScanCall {
  Scan op;
  DType in_dtype, out_dtype;
  void* out;
  const void* in;
  Loop outer;  // strides[0]: output, strides[1]: input
  std::int64_t n, out_stride, in_stride;  // along the scanned dimension, in bytes
};

struct SoftmaxCall {
  bool log;
  DType dtype;
  void* out;
  const void* in;
  Loop outer;
  std::int64_t n, out_stride, in_stride;
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

enum class IndexMode : std::uint8_t { get, put, accumulate };

// values[loop] <-> base[sum_i index_i[loop] * index_strides[i] + loop . strides[1]]
struct IndexCall {
  IndexMode mode;
  DType dtype;
  void* values;
  void* base;
  Loop loop;  // strides[0]: values, strides[1]: base (0 along indexed dimensions)
  int n_indices;
  const std::int64_t* indices[kMaxDims];            // already checked and non-negative
  std::int64_t index_loop_strides[kMaxDims][kMaxDims];  // of each index tensor in the loop, in bytes
  std::int64_t base_strides[kMaxDims];              // of each indexed dimension, in bytes
  std::int64_t base_sizes[kMaxDims];                // where others write indices meanwhile, what is read stays below
};

// The elements of a contiguous array where a contiguous mask is true, in order.
// get: values[k] = base[position of the k-th true]; put: the other way round, or the same value everywhere.
struct MaskedCall {
  IndexMode mode;
  DType dtype;
  bool one_value;  // values holds one element
  void* values;    // contiguous, as many as the mask has true elements
  void* base;
  const bool* mask;
  std::int64_t n;  // of mask and base
  std::int64_t count;  // of values; the mask may have others meanwhile, which are ignored
};

enum class Random : std::uint8_t { uniform, normal, integers };

// Element i of the output depends on (seed, offset + i) alone.
struct RandomCall {
  Random kind;
  DType dtype;
  std::uint64_t seed, offset;
  double a, b;              // uniform: low, high; normal: mean, standard deviation
  std::int64_t low;         // integers: low + value below `range`
  std::uint64_t range;      // 0 means 2^64
  void* out;                // contiguous
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

// An elementwise program (program.h) over one n-d loop or over many runs of elements.
// Operands are the outputs, then the inputs.
struct ProgramLoop {
  int ndim = 0;
  std::int64_t numel = 1;
  std::int64_t shape[kMaxDims];
  std::int64_t strides[kMaxProgramOperands][kMaxDims];  // in bytes
};

// Where an operand's elements begin, or the number that it is, of its register's dtype.
union ProgramOperand {
  void* data;
  alignas(16) unsigned char number[16];
};

struct ProgramSpan {
  std::int64_t n;
  ProgramOperand operand[kMaxProgramOperands];
};

struct ProgramCall {
  const char* name;
  int outputs, inputs, numbers, steps;
  Step step[kMaxSteps];
  std::uint8_t output[kMaxProgramOutputs];  // the register of each
  DType register_dtype[kMaxRegisters];      // a step computes in the dtype of its operands (but where's condition)
  alignas(16) unsigned char number[kMaxProgramNumbers][16];
  DType dtype[kMaxProgramOperands];         // as they lie in memory
  bool immediate[kMaxProgramOperands];      // the operand is a number, in each span
  bool stream_output;                       // bypass the cache: large and its pages are present
  const ProgramLoop* loop;                  // null: the elements of all operands lie next to each other
  const ProgramSpan* spans;                 // with a loop there is one
  std::int64_t n_spans;  // an output shares memory with inputs of its own span at most, at their place
};

struct Backend {
  std::uint64_t abi_hash;  // kBackendAbi of the headers it was built with
  const char* name;  // "cpu", "cuda"

  int (*device_count)();
  void* (*allocate)(int device, std::int64_t bytes);  // null on failure
  void (*free)(int device, void* data, std::int64_t bytes);
  // Bytes between host and device; they wait for what the stream holds. (null for the CPU)
  void (*to_device)(int device, void* dst, const void* src, std::int64_t bytes);
  void (*to_host)(int device, void* dst, const void* src, std::int64_t bytes);
  void (*synchronize)(int device);  // (null for the CPU)
  // Page-locks host memory where it is, for copies at the bus's full speed; lets it go. Not kOk: refused. (optional)
  int (*pin)(void* data, std::int64_t bytes);
  void (*unpin)(void* data);

  int (*elementwise)(int device, const ElementwiseCall&);
  int (*reduce)(int device, const ReduceCall&);
  int (*scan)(int device, const ScanCall&);  // (optional)
  int (*softmax)(int device, const SoftmaxCall&);  // (optional)
  int (*matmul)(int device, const MatmulCall&);  // (optional)
  int (*index)(int device, const IndexCall&);  // (optional)
  int (*random)(int device, const RandomCall&);  // (optional)
  int (*iota)(int device, const IotaCall&);  // (optional)
  int (*sort)(int device, const SortCall&);  // (optional)
  int (*select)(int device, const SelectCall&);  // (optional: sort serves)
  // The flat row-major positions of the true elements of a contiguous bool array, and their number. (optional)
  std::int64_t (*count_true)(int device, const bool* mask, std::int64_t n);
  int (*true_positions)(int device, const bool* mask, std::int64_t n, std::int64_t* out, std::int64_t count);
  int (*masked)(int device, const MaskedCall&);  // (optional: true_positions and index serve)
  // The least and the greatest of contiguous numbers, n > 0, on the host. (optional: reduce serves)
  int (*index_range)(int device, const std::int64_t* indices, std::int64_t n, std::int64_t range[2]);
  // The loop and the spans belong to the caller: what runs later copies them. (optional: elementwise serves)
  int (*program)(int device, const ProgramCall&);
};

// To be raised with each change of this header that no size shows: an order of fields, a meaning.
inline constexpr std::uint64_t kBackendVersion = 2;

// The one symbol that a plugin exports: extern "C" const tenon::Backend* tenon_backend();
using BackendEntry = const Backend* (*)();

// The table for a device. Throws DeviceError, saying what to install, if its plugin is absent or has no such device.
TENON_API const Backend& backend(Device device);
// Whether the device type has a plugin and at least one device; never throws.
TENON_API bool is_available(DeviceType type);
// 1 for the CPU, 0 where is_available() is false.
TENON_API int device_count(DeviceType type);
// Returns when the device has done what it was given; at once for the CPU. Throws as backend().
TENON_API void synchronize(Device device);

}  // namespace tenon
