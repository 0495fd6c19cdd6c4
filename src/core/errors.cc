#include "core/errors.h"

#include <cstdio>
#include <cstring>

#include "core/capture.h"

namespace tenon {

std::string Dims::str() const {
  std::string s = "(";
  for (int i = 0; i < size_; ++i) s += (i ? ", " : "") + std::to_string(data_[i]);
  return s + (size_ == 1 ? ",)" : ")");
}

namespace errors {

std::string to_text(Str v) { return std::string(v); }
std::string to_text(const char* v) { return v; }
std::string to_text(bool v) { return v ? "True" : "False"; }
std::string to_text(std::int64_t v) { return std::to_string(v); }
std::string to_text(int v) { return std::to_string(v); }
std::string to_text(double v) {
  char b[32];
  std::snprintf(b, sizeof b, "%.17g", v);
  return b;
}
std::string to_text(DType v) { return std::string(name(v)); }
std::string to_text(Device v) { return v.str(); }
std::string to_text(const Dims& v) { return v.str(); }

void no_broadcast(Str op, const Dims& a, const Dims& b) {
  fail<ShapeError>(op, "shapes ", a, " and ", b, " do not broadcast");
}
void cannot_expand(Str op, const Dims& from, const Dims& to) {
  fail<ShapeError>(op, "shape ", from, " cannot be expanded to ", to, "; only dimensions of size 1 can be repeated");
}
void wrong_shape(Str op, const Dims& got, const Dims& wanted) {
  fail<ShapeError>(op, "the shape must be ", wanted, "; got ", got);
}
void bad_axis(Str op, std::int64_t axis, int ndim) {
  if (ndim == 0) fail<IndexError>(op, "dimension ", axis, " is out of range for a tensor without dimensions");
  fail<IndexError>(op, "dimension ", axis, " is out of range; a tensor of ", ndim, " dimensions takes ", -ndim, " to ",
                   ndim - 1);
}
void repeated_axis(Str op, std::int64_t axis, const Dims& axes) {
  fail(op, "dimension ", axis, " appears twice in ", axes);
}
void wrong_ndim(Str op, int got, Str wanted) {
  fail<ShapeError>(op, "expected ", wanted, "; got ", got, got == 1 ? " dimension" : " dimensions");
}
void bad_reshape(Str op, const Dims& from, const Dims& to) {
  fail<ShapeError>(op, "shape ", from, " (", from.product(), " elements) does not fit into ", to);
}
void view_needs_copy(Str op, const Dims& shape, const Dims& strides, const Dims& to) {
  fail(op, "shape ", shape, " with strides ", strides, " cannot be viewed as ", to,
       " without a copy; use reshape() to copy");
}
void negative_size(Str op, const Dims& shape) { fail<ShapeError>(op, "sizes must not be negative; got ", shape); }
void too_many_dims(Str op, std::int64_t ndim) {
  fail<ShapeError>(op, "a tensor has at most ", kMaxDims, " dimensions; got ", ndim);
}
void empty_reduction(Str op, const Dims& shape, Str axes) {
  fail(op, "an empty reduction has no value; shape ", shape, ", reduced over ", axes);
}
void matmul_mismatch(Str op, const Dims& a, const Dims& b) {
  fail<ShapeError>(op, "shapes ", a, " and ", b, " do not fit: the last dimension of the first must equal the ",
                   b.size() == 1 ? "only" : "second to last", " one of the second");
}
void too_large(Str op, const Dims& shape, DType dtype) {
  fail(op, "shape ", shape, " of ", dtype, " needs more bytes than can be addressed");
}
void outside_storage(Str op, const Dims& shape, const Dims& strides, std::int64_t offset, std::int64_t bytes) {
  fail(op, "shape ", shape, " with strides ", strides, " at byte ", offset, " reaches outside a storage of ", bytes,
       " bytes");
}

void dtype_not_supported(Str op, DType dtype, Str wanted) {
  fail<DtypeError>(op, "not defined for ", dtype, "; it takes ", wanted,
                   is_float8(dtype) ? "; convert with .float() or .to(dtype) first" : "");
}
void no_promotion(DType a, DType b) {
  fail<DtypeError>("promotion", "no dtype holds both ", a, " and ", b,
                   "; float8 takes part in no arithmetic, convert with .float() or .to(dtype) first");
}
void result_does_not_fit(Str op, DType result, DType out) {
  fail<DtypeError>(op, "a result of ", result, " cannot be written to ", out,
                   " without losing its kind; convert with .to(dtype) or pass another out");
}
void scalar_out_of_bounds(Str op, const Scalar& value, DType dtype) {
  if (value.is_integral())
    fail<OverflowError>(op, "the Python integer ", Str(value.str()), " is out of bounds for ", dtype);
  const auto v = value.to<double>();
  if (v != v) fail(op, "NaN is no integer; got it for ", dtype, ", convert the tensor to a floating dtype first");
  fail<OverflowError>(op, "the number ", Str(value.str()), " is out of bounds for ", dtype);
}
void require_number(Str op, const Scalar& value, DType dtype) {
  if (value.is_complex() && !is_complex(dtype)) complex_to_real(op, dtype);
  if (!value.fits(dtype)) scalar_out_of_bounds(op, value, dtype);
}
void complex_to_real(Str op, DType dtype) {
  fail<DtypeError>(op, "a complex value does not fit into ", dtype, "; take .real or abs() first");
}
void number_loses_kind(Str op, const Scalar& value, DType dtype) {
  fail<DtypeError>(op, "the number ", Str(value.str()), " does not fit into ", dtype,
                   " without losing its kind; convert the tensor with .to('", value.default_dtype(), "') first");
}

void index_out_of_range(Str op, std::int64_t index, int dim, std::int64_t size) {
  fail<IndexError>(op, "index ", index, " is out of range for dimension ", dim, " of size ", size);
}
void too_many_indices(std::int64_t given, int ndim) {
  fail<IndexError>("index", "too many indices: ", given, " for a tensor of ", ndim,
                   ndim == 1 ? " dimension" : " dimensions");
}
void mask_mismatch(Str op, const Dims& mask, const Dims& shape, int dim) {
  fail<IndexError>(op, "a mask of shape ", mask, " does not fit the shape ", shape, " at dimension ", dim);
}

void bad_index_dtype(Str op, DType dtype) {
  fail<TypeError>(op, "indices are integers, bool masks, slices, `...` or None; got a tensor of ", dtype,
                  ", convert with .to(int64) or compare to make a mask");
}
void indices_not_integers(Str op, DType dtype) {
  fail<TypeError>(op, "indices are integers; got a tensor of ", dtype,
                  is_bool(dtype) ? ", index with t[mask] or masked_select(mask)" : ", convert with .to(int64)");
}
void indices_do_not_broadcast(Str op, const Dims& a, const Dims& b) {
  fail<IndexError>(op, "the index tensors' shapes ", a, " and ", b, " do not broadcast");
}
void values_do_not_fit(Str op, const Dims& values, const Dims& selected) {
  fail<ShapeError>(op, "values of shape ", values, " do not broadcast to the selected elements, shape ", selected);
}

void read_only(Str op) {
  fail<ReadOnlyError>(op,
                      "the tensor is read-only, since it shares memory that was lent read-only; "
                      "use .clone() for a writeable copy (.float() or .to(dtype) copy as well)");
}
void overlapping_output(Str op, const Dims& shape, const Dims& strides) {
  fail<RuntimeError>(op, "elements of the output share memory (shape ", shape, ", strides ", strides,
                     "); use .clone() first");
}
void exported(Str op, int exports) {
  fail<BufferError>(op, "the storage cannot change while ", exports, exports == 1 ? " view" : " views",
                    " of it (ndarray, memoryview or DLPack) exist outside; delete them or use .clone()");
}
void in_use(Str op) {
  fail<BufferError>(op,
                    "another thread computes with the tensor, or backward() needs it as it is; wait for that, or take "
                    "a view or .clone()");
}
void not_owned(Str op) {
  fail<RuntimeError>(
      op, "the storage borrows its bytes from another owner and can be neither resized nor moved; use .clone()");
}

void device_mismatch(Str op, Device a, Device b) {
  fail<DeviceError>(op, "the tensors are on ", a, " and ", b, "; move one with .to('", a, "')");
}
void no_backend(Device device, Str tried) {
  fail<DeviceError>("device", "there is no ", device, ": ", tried,
                    "; use device='cpu', or check tenon.cuda.is_available() first");
}
void no_unified(Str op, Device device, Str why) {
  fail<DeviceError>(op, "there is no memory that the host and ", device, " both use: ", why,
                    "; use device='cuda', and .cpu() for the host");
}
void not_available(Str op, Device device, DType dtype) {
  fail<NotImplemented>(op, "not available on ", device, " for ", dtype, "; use .cpu()");
}
void bad_device(Str text) {
  fail("device", "expected 'cpu', 'cuda', 'cuda:<index>', 'unified' or 'unified:<index>'; got '", text, "'");
}
std::string amount(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return text(bytes, " bytes");
  double n = static_cast<double>(bytes) / 1024;
  int unit = 0;
  for (; n >= 1024 && unit < 3; ++unit) n /= 1024;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f %s", n, kUnits[unit]);
  return buffer;
}

void out_of_memory(Str op, Device device, const MemoryLeft& left) {
  std::string what = text("out of memory on ", device);
  if (left.asked) what += text("; ", amount(left.asked), " were asked for");
  if (!left.known) fail<OutOfMemoryError>(op, what);
  what += text(left.asked ? ", " : "; ", "tensors have ", amount(left.used), ", the cache ", amount(left.cached),
               ", and ", amount(left.free), " of ", amount(left.total), " are free");
  if (left.limit) what += text(" (this process may take ", amount(left.limit), ")");
  const std::int64_t others = left.total - left.free - left.used - left.cached;
  if (left.limit && left.limit - left.used < left.asked)
    what += "; raise the limit with tenon.cuda.set_per_process_memory_fraction, or delete tensors";
  else if (others > left.used)
    what += text("; other programs have ", amount(others), ", end them or take smaller batches");
  else if (left.free + left.cached >= left.asked && left.asked)
    what +=
        "; the free memory lies in pieces that are too small, delete large tensors and call tenon.cuda.empty_cache()";
  else what += "; delete tensors that are no longer needed, take smaller batches, or compute on the CPU";
  fail<OutOfMemoryError>(op, what);
}
void in_capture(Str op, Device device, bool stream) {
  fail<DeviceError>(
      op, stream ? "this stream of " : "a stream of ", device,
      " is being captured into a graph, and none of its work runs before a replay; what waits for the "
      "device, reads it back, or copies memory that is not page-locked belongs before or after the capture");
}
void unified_in_capture(Str op) {
  fail<DeviceError>(op,
                    "a graph is being captured, whose replays would not wait for the host's views of unified memory; "
                    "use tensor.to('cuda')");
}
void device_failed(Str op, Device device, Str why, bool late) {
  if (why.empty()) why = "no reason is given";
  if (!late) fail<DeviceError>(op, "failed on ", device, ": ", why);
  fail<DeviceError>(text(op, " on ", device), why,
                    ", which is known only now; set TENON_SYNC=1 to have each call wait and raise its own error");
}

void inplace_on_leaf(Str op, bool view) {
  fail<GradError>(op, view ? "a view of a leaf tensor that requires grad" : "a leaf tensor that requires grad",
                  " cannot be changed in place; use it under no_grad(), or work on a .clone()");
}
void saved_was_modified(Str op, Str writer, std::uint32_t saved, std::uint32_t now) {
  fail<GradError>(op, "a tensor that its gradient needs was changed in place by ", writer, " (version ",
                  static_cast<std::int64_t>(now), ", saved at ", static_cast<std::int64_t>(saved),
                  "); use .clone() before the change");
}
void saved_was_written_outside(Str op, const Dims& shape, DType dtype) {
  fail<GradError>(
      op, "a tensor that its gradient needs, of shape ", shape, " and dtype ", dtype,
      ", was changed from outside since, through the memory that it shares with NumPy; use .clone() before the "
      "change, or tenon.autograd.set_border_guard(\"off\")");
}
void graph_freed(Str op) {
  fail<GradError>("backward", "the graph has been used and freed (at ", op,
                  "); pass retain_graph=True to the first backward()");
}
void wrong_gradient(Str op, const Dims& got, const Dims& wanted) {
  fail<GradError>(op, "its backward returned a gradient of shape ", got, "; the input has shape ", wanted);
}
void out_requires_grad(Str op) {
  fail<GradError>(op, "out= cannot be used where a gradient is recorded; use no_grad(), or assign the result");
}
void not_differentiable(Str op, DType dtype) {
  fail<GradError>(op, "only floating and complex tensors can require grad; got ", dtype);
}
void no_derivative(Str op) {
  fail<GradError>(op, "has no derivative; use .detach() where its result is taken as a constant");
}

void file(Str op, int code, Str path, Str before) {
  throw FileError(text(op, ": ", before, std::strerror(code)), code, std::string(path));
}
void not_regular(Str op, Str path) { throw FileError(text(op, ": not a regular file"), 0, std::string(path)); }

}  // namespace errors
}  // namespace tenon
