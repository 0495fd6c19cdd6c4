// One function per mistake. errors.cc owns the wording: "<op>: <what is wrong>; <the way out>".
#pragma once

#include <string>
#include <string_view>

#include "tenon/dims.h"
#include "tenon/dtype.h"
#include "tenon/error.h"
#include "tenon/tensor.h"

namespace tenon {
// Visible to the Python extension too.
namespace [[gnu::visibility("default")]] errors {

using Str = std::string_view;

// Joins its arguments: strings, numbers, dtypes, devices, dims.
std::string to_text(Str v);
std::string to_text(const char* v);
std::string to_text(bool v);
std::string to_text(std::int64_t v);
std::string to_text(int v);
std::string to_text(double v);
std::string to_text(DType v);
std::string to_text(Device v);
std::string to_text(const Dims& v);
template <class... A>
std::string text(const A&... a) {
  return (std::string() + ... + to_text(a));
}

// ---- shapes and axes ----
[[noreturn]] void no_broadcast(Str op, const Dims& a, const Dims& b);
[[noreturn]] void cannot_expand(Str op, const Dims& from, const Dims& to);
[[noreturn]] void wrong_shape(Str op, const Dims& got, const Dims& wanted);
[[noreturn]] void bad_axis(Str op, std::int64_t axis, int ndim);
[[noreturn]] void repeated_axis(Str op, std::int64_t axis, const Dims& axes);
[[noreturn]] void wrong_ndim(Str op, int got, Str wanted);
[[noreturn]] void bad_reshape(Str op, const Dims& from, const Dims& to);
[[noreturn]] void view_needs_copy(Str op, const Dims& shape, const Dims& strides, const Dims& to);
[[noreturn]] void negative_size(Str op, const Dims& shape);
[[noreturn]] void too_many_dims(Str op, std::int64_t ndim);
[[noreturn]] void empty_reduction(Str op, const Dims& shape, Str axes);
[[noreturn]] void matmul_mismatch(Str op, const Dims& a, const Dims& b);
[[noreturn]] void too_large(Str op, const Dims& shape, DType dtype);
[[noreturn]] void outside_storage(Str op, const Dims& shape, const Dims& strides, std::int64_t offset,
                                  std::int64_t bytes);

// ---- dtypes and values ----
[[noreturn]] void dtype_not_supported(Str op, DType dtype, Str wanted);
[[noreturn]] void no_promotion(DType a, DType b);
[[noreturn]] void result_does_not_fit(Str op, DType result, DType out);
[[noreturn]] void scalar_out_of_bounds(Str op, const Scalar& value, DType dtype);
// The one rule for a number that is written into a tensor (docs/design.md has it as a table); throws where it has no place.
void require_number(Str op, const Scalar& value, DType dtype);
[[noreturn]] void complex_to_real(Str op, DType dtype);
[[noreturn]] void number_loses_kind(Str op, const Scalar& value, DType dtype);

// ---- indices ----
[[noreturn]] void index_out_of_range(Str op, std::int64_t index, int dim, std::int64_t size);
[[noreturn]] void too_many_indices(std::int64_t given, int ndim);
[[noreturn]] void mask_mismatch(Str op, const Dims& mask, const Dims& shape, int dim);
[[noreturn]] void bad_index_dtype(Str op, DType dtype);
[[noreturn]] void indices_not_integers(Str op, DType dtype);
[[noreturn]] void indices_do_not_broadcast(Str op, const Dims& a, const Dims& b);
[[noreturn]] void values_do_not_fit(Str op, const Dims& values, const Dims& selected);

// ---- memory ----
[[noreturn]] void read_only(Str op);
[[noreturn]] void overlapping_output(Str op, const Dims& shape, const Dims& strides);
[[noreturn]] void exported(Str op, int exports);
[[noreturn]] void not_owned(Str op);
[[noreturn]] void in_use(Str op);

// ---- devices ----
[[noreturn]] void device_mismatch(Str op, Device a, Device b);
[[noreturn]] void no_backend(Device device, Str tried);
[[noreturn]] void no_unified(Str op, Device device, Str why);
[[noreturn]] void not_available(Str op, Device device, DType dtype);
[[noreturn]] void bad_device(Str text);
// A device's memory in bytes, when there was too little of it.
struct MemoryLeft {
  std::int64_t asked = 0;  // 0: not known
  bool known = false;  // the others are
  std::int64_t used = 0, cached = 0, free = 0, total = 0;
  std::int64_t limit = 0;  // of what this process may take; 0: none
};
[[noreturn]] void out_of_memory(Str op, Device device, const MemoryLeft& left);
// late: after the call had returned.
[[noreturn]] void device_failed(Str op, Device device, Str why, bool late);

// ---- gradients ----
[[noreturn]] void inplace_on_leaf(Str op, bool view);
[[noreturn]] void saved_was_modified(Str op, Str writer, std::uint32_t saved, std::uint32_t now);
[[noreturn]] void saved_was_written_outside(Str op, const Dims& shape, DType dtype);
[[noreturn]] void graph_freed(Str op);
[[noreturn]] void wrong_gradient(Str op, const Dims& got, const Dims& wanted);
[[noreturn]] void out_requires_grad(Str op);
[[noreturn]] void not_differentiable(Str op, DType dtype);
[[noreturn]] void no_derivative(Str op);

// ---- files ----
// code is errno, before says what became of the file where that is not plain.
[[noreturn]] void file(Str op, int code, Str path, Str before = "");
[[noreturn]] void not_regular(Str op, Str path);

template <class E = ValueError, class... A>
[[noreturn]] void fail(Str op, const A&... a) {
  throw E(text(op, ": ", a...));
}

}  // namespace errors
}  // namespace tenon
