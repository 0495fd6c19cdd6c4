// New tensors of one value under NumPy's signatures.
#include "core/errors.h"
#include "ingest.h"
#include "numpy_api.h"
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/view.h"

namespace tenon::py {

std::optional<Device> asked_device(const OpDef& def, PyObject* device, PyObject* like) {
  if (like != Py_None && !is_tensor(like) && !is_ndarray(like))
    wrong_type({def.name.c_str(), "like"}, "a tensor or an ndarray", like);
  if (device != Py_None) return to_device(device, {def.name.c_str(), "device"});
  if (is_tensor(like)) return unwrap(like).device();
  return {};
}

Layout new_layout(const OpDef& def, PyObject* const* args, int i) {
  if (is_default(def, args, i) || args[i] == Py_None) return Layout::c;
  const auto name = argument<std::string>(def, args, i);
  const Layout order = layout(name, def.name);
  if (order != Layout::c && order != Layout::f) errors::fail(def.name, "order is 'C' or 'F'; got '", name, "'");
  return order;
}

Layout kept_layout(const OpDef& def, PyObject* const* args, int i) {
  if (args[i] == Py_None) return Layout::k;
  return layout(argument<std::string>(def, args, i), def.name);
}

namespace {

// Of a value, 0 or 1, or not set.
template <int value>
Tensor filled(const Dims& shape, DType dtype, Device device) {
  if constexpr (value == kUnset) return empty(shape, dtype, device);
  else return full(shape, value, dtype, device);
}

// (shape, dtype, order, *, device, like)
template <int value>
PyObject* invoke_filled(const OpDef& def, PyObject* const* args) {
  const Dims shape = argument<Dims>(def, args, 0);
  const DType dtype = args[1] == Py_None ? default_float() : argument<DType>(def, args, 1);
  const Layout order = new_layout(def, args, 2);
  const Device device = asked_device(def, args[3], args[4]).value_or(kCpu);
  return computed(value == kUnset ? 0 : work(shape),
                  [&] { return laid_out(filled<value>(shape, dtype, device), order); });
}

// fill_value in every place: a number, or an array, which is repeated and keeps its gradient.
PyObject* filled_with(const OpDef& def, const Dims& shape, PyObject* value, std::optional<DType> dtype,
                      std::optional<Device> device, Layout order, const Tensor& like) {
  Scalar number;
  if (!is_tensor(value) && as_scalar(value, number))
    return computed(
        work(shape), [&] { return laid_out(full(shape, number, dtype, device.value_or(kCpu)), order, like); }, like);
  const Tensor t = ingest(value, def.name.c_str(), {dtype, device, {}});
  const auto repeat = [&] {
    Tensor out = laid_out(empty(shape, t.dtype(), t.device()), order, like);
    return copy_(out, expand(t, shape));
  };
  return computed(work(shape), repeat, t, like);
}
PyObject* invoke_full(const OpDef& def, PyObject* const* args) {
  return filled_with(def, argument<Dims>(def, args, 0), args[1], argument<std::optional<DType>>(def, args, 2),
                     asked_device(def, args[4], args[5]), new_layout(def, args, 3), {});
}

// The arguments (dtype, order, subok, shape, *, device), the first of which is the argument i.
struct Likeness {
  Tensor like;
  DType dtype;
  Layout order;
  Dims shape;
  Device device;
  Likeness(const OpDef& def, PyObject* const* args, int i)
      : like(argument<Tensor>(def, args, 0)),
        dtype(args[i] == Py_None ? like.dtype() : argument<DType>(def, args, i)),
        order(kept_layout(def, args, i + 1)),
        shape(args[i + 3] == Py_None ? like.shape() : argument<Dims>(def, args, i + 3)),
        device(args[i + 4] == Py_None ? like.device() : argument<Device>(def, args, i + 4)) {
    (void)argument<bool>(def, args, i + 2);  // subok
  }
};
template <int value>
PyObject* invoke_filled_like(const OpDef& def, PyObject* const* args) {
  const Likeness l(def, args, 1);
  return computed(
      value == kUnset ? 0 : work(l.shape),
      [&] { return laid_out(filled<value>(l.shape, l.dtype, l.device), l.order, l.like); }, l.like);
}
PyObject* invoke_full_like(const OpDef& def, PyObject* const* args) {
  const Likeness l(def, args, 2);
  return filled_with(def, l.shape, args[1], l.dtype, l.device, l.order, l.like);
}

constexpr const char* kValue =
    "fill_value: a number, or an array that is repeated (ValueError where it does not broadcast). ";
constexpr const char* kOrder = "order: 'C' by rows or 'F' by columns (ValueError for another). ";
constexpr const char* kSizes =
    "ValueError for negative sizes and more than 64 dimensions, TypeError for what is no size or no dtype, MemoryError "
    "where there is no room.";
constexpr const char* kLikeOptions =
    "dtype, shape, device: a's unless given. order: 'K' as a lies, 'C' by rows, 'F' by columns, 'A' as 'F' where a lies "
    "so (ValueError for another); 'K' is 'C' for another number of dimensions. ValueError for negative sizes, TypeError "
    "for what is no array or no dtype, MemoryError where there is no room.";

void filling(OpDef& d, PyObject* (*invoke)(const OpDef&, PyObject* const*), const char* example) {
  d.arguments("shape"_a, "dtype"_a = none, "order"_a = "C", kw_only, "device"_a = none, "like"_a = none);
  d.invoke = invoke;
  d.doc += std::string("dtype: the default float unless given. ") + kOrder + kSizes + example;
}

}  // namespace

void filling(OpDef& d, FilledPinned) {
  filling(d, &invoke_filled<kUnset>, "\n\n>>> tenon.numpy.empty((2, 3)).shape\n(2, 3)");
}
template <int value>
void filling(OpDef& d, Filled) {
  filling(d, &invoke_filled<value>,
          value ? "\n\n>>> tenon.numpy.ones(2)\ntensor([1., 1.])"
                : "\n\n>>> tenon.numpy.zeros(2, 'int8')\ntensor([0, 0], dtype=tenon.int8)");
}
template void filling<0>(OpDef&, Filled);
template void filling<1>(OpDef&, Filled);

void filling_with(OpDef& d, FilledWith) {
  d.arguments("shape"_a, "fill_value"_a, "dtype"_a = none, "order"_a = "C", kw_only, "device"_a = none,
              "like"_a = none);
  d.invoke = &invoke_full;
  d.doc += std::string(kValue) + "dtype: the value's unless given. " + kOrder + kSizes +
           " OverflowError for a Python integer that dtype cannot hold.\n\n"
           ">>> tenon.numpy.full((2, 2), [1, 2])\n"
           "tensor([[1, 2],\n"
           "        [1, 2]])";
}

template <int value>
void filling_like(OpDef& d, FilledLike) {
  d.arguments("a"_a, "dtype"_a = none, "order"_a = "K", "subok"_a = true, "shape"_a = none, kw_only, "device"_a = none);
  d.invoke = &invoke_filled_like<value>;
  d.doc += kLikeOptions;
}
template void filling_like<kUnset>(OpDef&, FilledLike);
template void filling_like<0>(OpDef&, FilledLike);
template void filling_like<1>(OpDef&, FilledLike);

void filling_like_with(OpDef& d, FilledLikeWith) {
  d.arguments("a"_a, "fill_value"_a, "dtype"_a = none, "order"_a = "K", "subok"_a = true, "shape"_a = none, kw_only,
              "device"_a = none);
  d.invoke = &invoke_full_like;
  d.doc += std::string(kValue) + kLikeOptions + " OverflowError for a Python integer that the dtype cannot hold.";
}

}  // namespace tenon::py
