// The calls that choose elements by indices or by a mask; calls.h says what they have in common.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"
#include "tenon/named_enum.h"
#include "tenon/reach.h"

namespace tenon {

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
  IndexOperand* indices;

  Reach reach(DType d, const std::int64_t* strides) const {
    Reach e(d, numel == 0 ? 0 : 1);
    for (int k = 0; k < ndim; ++k) e.along(shape[k], strides[k]);
    return e;
  }
  // Of the base: the part that does not depend on the indices.
  template <class F>
  void operands(F&& f) {
    f("the values", values, reach(dtype, value_strides));
    Reach of_base = reach(dtype, base_strides);
    for (int i = 0; i < n_indices; ++i) of_base.empty |= indices[i].base_size == 0;
    f("the base", base, of_base);
    for (int i = 0; i < n_indices; ++i)
      f("an index tensor", indices[i].data, reach(DType::int64, indices[i].loop_strides));
  }
  template <class F>
  void arrays(F&& f) {
    f(shape, ndim);
    f(value_strides, ndim);
    f(base_strides, ndim);
    f(indices, n_indices);
    for (int i = 0; i < n_indices; ++i) f(indices[i].loop_strides, ndim);
  }
  void clear() { numel = 0; }
};

// The elements of a contiguous array where a contiguous mask is true, in order.
// get: values[k] = base[position of the k-th true]; put: the other way round, or the same value everywhere. Without this
// entry, true_positions and index serve.
struct MaskedCall {
  IndexMode mode;
  DType dtype;
  bool one_value;  // values holds one element
  void* values;  // contiguous, as many as the mask has true elements
  void* base;
  const bool* mask;
  std::int64_t n;  // of mask and base
  std::int64_t count;  // of values; the mask may have others meanwhile, which are ignored

  template <class F>
  void operands(F&& f) {
    f("the values", values, Reach(dtype, one_value ? 1 : count));
    f("the base", base, Reach(dtype, n));
    f("the mask", mask, Reach(DType::bool_, n));
  }
  void clear() { n = count = 0; }
};

// How many elements of a contiguous mask are true.
struct CountTrueCall {
  static constexpr bool waits = true;
  const bool* mask;
  std::int64_t n;
  std::int64_t* count;  // on the host

  template <class F>
  void operands(F&& f) {
    f("the mask", mask, Reach(DType::bool_, n));
  }
  void clear() { n = 0; }
};

// The positions of the true elements of a contiguous mask, in order.
struct TruePositionsCall {
  const bool* mask;
  std::int64_t n;
  std::int64_t* out;  // contiguous
  std::int64_t count;  // of out; the mask may have others meanwhile, which are ignored

  template <class F>
  void operands(F&& f) {
    f("the mask", mask, Reach(DType::bool_, n));
    f("the output", out, Reach(DType::int64, count));
  }
  void clear() { n = count = 0; }
};

// The least and the greatest of contiguous indices. Only for backends that know them without waiting for a device; where
// there is no such entry, the index entry checks what it reads.
struct IndexRangeCall {
  static constexpr bool waits = true;
  const std::int64_t* indices;
  std::int64_t n;  // nothing is written for 0
  std::int64_t* range;  // two, on the host

  template <class F>
  void operands(F&& f) {
    f("the indices", indices, Reach(DType::int64, n));
  }
  void clear() { n = 0; }
};

}  // namespace tenon
