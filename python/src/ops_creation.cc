// Rows: new tensors from sizes and Python data. Ranges, grids and triangles: ops_ranges.cc.
#include "core/errors.h"
#include "ingest.h"
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"

namespace tenon::py {

Tensor frombuffer(PyObject* buffer, DType dtype, std::int64_t count, std::int64_t offset);

namespace {

using MaybeDType = std::optional<DType>;
using MaybeDevice = std::optional<Device>;

Tensor filled(const Dims& size, int value, const MaybeDType& d, Device v, bool grad) {
  return leaf(full(size, value, d.value_or(default_float()), v), grad);
}
// value in every place, from where its gradient flows back to it.
Tensor filled_in(Layout order, const Dims& size, const Number& value, const MaybeDType& d, Device v, bool grad) {
  if (!value.tensor.defined()) return leaf(laid_out(full(size, value.scalar, d, v), order), grad);
  Tensor t = laid_out(empty(size, d.value_or(value.tensor.dtype()), v), order);
  return leaf(copy_(t, value.tensor), grad);
}
Tensor filled_with(const Dims& size, const Number& value, const MaybeDType& d, Device v, bool grad) {
  return filled_in(Layout::c, size, value, d, v, grad);
}
Tensor filled_like(const Tensor& t, const Scalar& value, const MaybeDType& d, const MaybeDevice& v, bool grad,
                   Layout order) {
  return leaf(laid_out(full(t.shape(), value, d.value_or(t.dtype()), v.value_or(t.device())), order), grad);
}

// asarray's result for a tensor that came in or was made: with the gradient that was asked for.
Tensor with_grad(Tensor t, PyObject* input, std::optional<bool> requires_grad) {
  if (!requires_grad || *requires_grad == t.requires_grad()) return t;
  // The caller's own tensor keeps its flag.
  Tensor r = is_tensor(input) && t.is_same(unwrap(input)) ? t.detach() : *requires_grad ? t : t.detach();
  return leaf(std::move(r), *requires_grad);
}

Tensor copied(const char* op, Any data, const MaybeDType& d, const MaybeDevice& v, bool grad) {
  Tensor t = ingest(data.object, op, {d, v, true});
  if (grad && t.requires_grad())
    errors::fail<GradError>(op,
                            "data requires grad already, and a leaf has no history; use .detach(), or leave "
                            "requires_grad out for a copy that keeps it");
  return leaf(std::move(t), grad);
}

void def_filled(Ops& ops) {
  ops.def(
         "empty",
         +[](const Dims& size, const MaybeDType& d, Device v, bool grad, bool pin, MemoryFormat f) {
           const Layout order = order_of(f, size.size(), "empty", Layout::c);
           Tensor t = leaf(laid_out(empty(size, d.value_or(default_float()), v), order), grad);
           if (pin) t.storage().pin("empty");
           return t;
         },
         "A new tensor whose elements are not set.\n\n"
         "size: ints, or a tuple of them. dtype: the default float unless given; device: the CPU. pin_memory:\n"
         "page-locked, see pin_() (RuntimeError without a CUDA device).\n"
         "TypeError for what is no dtype, ValueError for negative sizes and more than 64 dimensions,\n"
         "RuntimeError for requires_grad of integers and bools and for a device that is not there, MemoryError\n"
         "where there is no room.\n\n"
         ">>> tenon.empty(2, 3).shape\n"
         "(2, 3)",
         variadic("size"_a), kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false,
         "pin_memory"_a = false, "memory_format"_a = none)
      .function_only()
      .numpy("empty", filling)
      .array_api("empty");
  ops.def(
         "zeros",
         +[](const Dims& size, const MaybeDType& d, Device v, bool grad) { return filled(size, 0, d, v, grad); },
         "A new tensor of zeros.\n\n"
         "size: ints, or a tuple of them. dtype: the default float unless given; device: the CPU.\n"
         "TypeError for what is no dtype, ValueError for negative sizes and more than 64 dimensions,\n"
         "RuntimeError for requires_grad of integers and bools and for a device that is not there, MemoryError\n"
         "where there is no room.\n\n"
         ">>> tenon.zeros(2, 2)\n"
         "tensor([[0., 0.],\n"
         "        [0., 0.]])",
         variadic("size"_a), kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .numpy("zeros", filling<0>)
      .array_api("zeros");
  ops.def(
         "ones",
         +[](const Dims& size, const MaybeDType& d, Device v, bool grad) { return filled(size, 1, d, v, grad); },
         "A new tensor of ones.\n\n"
         "size: ints, or a tuple of them. dtype: the default float unless given; device: the CPU.\n"
         "TypeError for what is no dtype, ValueError for negative sizes and more than 64 dimensions,\n"
         "RuntimeError for requires_grad of integers and bools and for a device that is not there, MemoryError\n"
         "where there is no room.\n\n"
         ">>> tenon.ones(2, 2)\n"
         "tensor([[1., 1.],\n"
         "        [1., 1.]])",
         variadic("size"_a), kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .numpy("ones", filling<1>)
      .array_api("ones");
  ops.def(
         "full", &filled_with,
         "A new tensor of one value.\n\n"
         "size: an int or a tuple. fill_value: a number, or a tensor of one element, to which the gradient flows.\n"
         "dtype: that of the number's kind (int64, the default float, ...) unless given; floats are cut to integers.\n"
         "TypeError for what is no number, and for a complex one in a real dtype; OverflowError for a number\n"
         "that dtype cannot hold; ValueError for NaN in integers and for negative sizes; RuntimeError for requires_grad\n"
         "of integers and bools.\n\n"
         ">>> tenon.full((2,), 7)\n"
         "tensor([7, 7])",
         "size"_a, "fill_value"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .numpy("full", filling_with)
      .array_api("full");
  ops.def(
         "empty_like",
         +[](const Tensor& t, const MaybeDType& d, const MaybeDevice& v, bool grad, MemoryFormat f) {
           const Layout order = order_of(f, t.ndim(), "empty_like", Layout::c);
           return leaf(laid_out(empty(t.shape(), d.value_or(t.dtype()), v.value_or(t.device())), order), grad);
         },
         "A new tensor with the shape, dtype and device of another, whose elements are not set.\n\n"
         "It is row-major unless memory_format says channels_last. TypeError for what is no array or no dtype, RuntimeError for requires_grad of integers and bools and\n"
         "for a device that is not there.\n\n"
         ">>> tenon.empty_like(tenon.zeros(2, dtype=tenon.int8)).dtype\n"
         "tenon.int8",
         "input"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false, "memory_format"_a = none)
      .function_only()
      .numpy("empty_like", filling_like<kUnset>)
      .array_api("empty_like");
  ops.def(
         "zeros_like",
         +[](const Tensor& t, const MaybeDType& d, const MaybeDevice& v, bool grad, MemoryFormat f) {
           return filled_like(t, 0, d, v, grad, order_of(f, t.ndim(), "zeros_like", Layout::c));
         },
         "A new tensor of zeros with the shape, dtype and device of another.\n\n"
         "It is row-major unless memory_format says channels_last. TypeError for what is no array or no dtype, RuntimeError for requires_grad of integers and bools and\n"
         "for a device that is not there.\n\n"
         ">>> tenon.zeros_like(tenon.ones(2, dtype=tenon.int8))\n"
         "tensor([0, 0], dtype=tenon.int8)",
         "input"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false, "memory_format"_a = none)
      .function_only()
      .numpy("zeros_like", filling_like<0>)
      .array_api("zeros_like");
  ops.def(
         "ones_like",
         +[](const Tensor& t, const MaybeDType& d, const MaybeDevice& v, bool grad, MemoryFormat f) {
           return filled_like(t, 1, d, v, grad, order_of(f, t.ndim(), "ones_like", Layout::c));
         },
         "A new tensor of ones with the shape, dtype and device of another.\n\n"
         "It is row-major unless memory_format says channels_last. TypeError for what is no array or no dtype, RuntimeError for requires_grad of integers and bools and\n"
         "for a device that is not there.\n\n"
         ">>> tenon.ones_like(tenon.zeros(2, dtype=tenon.int8))\n"
         "tensor([1, 1], dtype=tenon.int8)",
         "input"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false, "memory_format"_a = none)
      .function_only()
      .numpy("ones_like", filling_like<1>)
      .array_api("ones_like");
  ops.def(
         "full_like",
         +[](const Tensor& t, const Number& value, const MaybeDType& d, const MaybeDevice& v, bool grad,
             MemoryFormat f) {
           const Layout order = order_of(f, t.ndim(), "full_like", Layout::c);
           return filled_in(order, t.shape(), value, d.value_or(t.dtype()), v.value_or(t.device()), grad);
         },
         "A new tensor of one value with the shape, dtype and device of another.\n\n"
         "It is row-major unless memory_format says channels_last. fill_value: as full()'s. TypeError for what is no number, and for a complex one in a real dtype;\n"
         "OverflowError for a number that the dtype cannot hold; ValueError for NaN in integers; RuntimeError for\n"
         "requires_grad of integers and bools.\n\n"
         ">>> tenon.full_like(tenon.zeros(2), 7)\n"
         "tensor([7., 7.])",
         "input"_a, "fill_value"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false,
         "memory_format"_a = none)
      .function_only()
      .numpy("full_like", filling_like_with)
      .array_api("full_like");

  // As methods: the tensor's dtype and device unless given.
  ops.def(
         "new_empty",
         +[](const Tensor& t, const Dims& size, const MaybeDType& d, const MaybeDevice& v, bool grad) {
           return leaf(empty(size, d.value_or(t.dtype()), v.value_or(t.device())), grad);
         },
         "A new tensor of the given size, not set, of this tensor's dtype and device unless others are given.\n\n"
         "ValueError for negative sizes, RuntimeError for requires_grad of integers and bools.\n\n"
         ">>> tenon.zeros(1, dtype=tenon.int8).new_empty(2, 3).dtype\n"
         "tenon.int8",
         "input"_a, variadic("size"_a), kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .method_only()
      .no_out();
  ops.def(
         "new_zeros",
         +[](const Tensor& t, const Dims& size, const MaybeDType& d, const MaybeDevice& v, bool grad) {
           return leaf(full(size, 0, d.value_or(t.dtype()), v.value_or(t.device())), grad);
         },
         "A new tensor of zeros of the given size, of this tensor's dtype and device unless others are given.\n\n"
         "ValueError for negative sizes, RuntimeError for requires_grad of integers and bools.\n\n"
         ">>> tenon.zeros(1, dtype=tenon.int8).new_zeros(2)\n"
         "tensor([0, 0], dtype=tenon.int8)",
         "input"_a, variadic("size"_a), kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .method_only()
      .no_out();
  ops.def(
         "new_ones",
         +[](const Tensor& t, const Dims& size, const MaybeDType& d, const MaybeDevice& v, bool grad) {
           return leaf(full(size, 1, d.value_or(t.dtype()), v.value_or(t.device())), grad);
         },
         "A new tensor of ones of the given size, of this tensor's dtype and device unless others are given.\n\n"
         "ValueError for negative sizes, RuntimeError for requires_grad of integers and bools.\n\n"
         ">>> tenon.zeros(1, dtype=tenon.int8).new_ones(2)\n"
         "tensor([1, 1], dtype=tenon.int8)",
         "input"_a, variadic("size"_a), kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .method_only()
      .no_out();
  ops.def(
         "new_full",
         +[](const Tensor& t, const Dims& size, const Number& value, const MaybeDType& d, const MaybeDevice& v,
             bool grad) { return filled_with(size, value, d.value_or(t.dtype()), v.value_or(t.device()), grad); },
         "A new tensor of the given size filled with one number, of this tensor's dtype and device unless others "
         "are given.\n\n"
         "fill_value: as full()'s. TypeError for a complex number in a real dtype, OverflowError for a number that the\n"
         "dtype cannot hold, ValueError for NaN in integers and for negative sizes, RuntimeError for requires_grad of\n"
         "integers and bools.\n\n"
         ">>> tenon.zeros(1, dtype=tenon.int8).new_full((2,), 7)\n"
         "tensor([7, 7], dtype=tenon.int8)",
         "input"_a, "size"_a, "fill_value"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .method_only()
      .no_out();
  ops.raw(
         "new_tensor",
         [](const OpDef& def, PyObject* const* args) {
           const Tensor t = unwrap(args[0]);
           const auto d = argument<MaybeDType>(def, args, 2);
           const auto v = argument<MaybeDevice>(def, args, 3);
           return to_python(copied("new_tensor", {args[1]}, d.value_or(t.dtype()), v.value_or(t.device()),
                                   argument<bool>(def, args, 4)));
         },
         "A copy of data, of this tensor's dtype and device unless others are given.\n\n"
         "The gradient flows, and the errors are tensor()'s (ValueError, TypeError, OverflowError, RuntimeError).\n\n"
         "data: anything that tenon.tensor takes.\n\n"
         ">>> tenon.zeros(1, dtype=tenon.int8).new_tensor([1, 2])\n"
         "tensor([1, 2], dtype=tenon.int8)",
         "input"_a, "data"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .method_only();
}

void def_ingest(Ops& ops) {
  ops.def(
         "tensor",
         +[](Any data, const MaybeDType& d, const MaybeDevice& v, bool grad) {
           return copied("tensor", data, d, v, grad);
         },
         "A tensor with a copy of data.\n\n"
         "data: numbers, nested sequences, arrays, tensors and whatever has an array protocol.\n"
         "dtype: that of arrays; int64, the default float, the default complex or bool for Python numbers. No\n"
         "memory is shared. The gradient flows to tensors that require grad, as by clone(); use .detach() for a leaf.\n"
         "ValueError for ragged sequences and for NaN in integers, TypeError for what holds no numbers and for complex\n"
         "values in a real dtype, OverflowError for numbers that the dtype cannot hold (those of arrays wrap around,\n"
         "as by NumPy's astype), RuntimeError for requires_grad of integers and bools, and of data that require grad.\n\n"
         ">>> tenon.tensor([[1, 2], [3, 4]], dtype=tenon.float32)\n"
         "tensor([[1., 2.],\n"
         "        [3., 4.]])",
         "data"_a, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .no_out();
  ops.def(
         "as_tensor",
         +[](Any data, const MaybeDType& d, const MaybeDevice& v) {
           return ingest(data.object, "as_tensor", {d, v, std::nullopt});
         },
         "data as a tensor: itself if it is one of this dtype and device, a tensor over an array's memory, "
         "otherwise a copy.\n\n"
         "The gradient passes through. The errors are tensor()'s: ValueError for ragged sequences, TypeError\n"
         "for what holds no numbers, OverflowError for Python integers that the dtype cannot hold. TypeError\n"
         "for complex values in a real dtype; integers of arrays wrap around, as by NumPy's astype.\n\n"
         "data: a tensor, an array, a scalar, nested sequences, or anything with an array protocol.\n\n"
         ">>> a = np.zeros(2)\n"
         ">>> t = tenon.as_tensor(a)\n"
         ">>> t[0] = 7\n"
         ">>> a\n"
         "array([7., 0.])",
         "data"_a, "dtype"_a = none, "device"_a = none)
      .function_only()
      .no_out();
  ops.def(
         "asarray",
         +[](Any obj, const MaybeDType& d, const MaybeDevice& v, const std::optional<bool>& copy,
             const std::optional<bool>& grad) {
           return with_grad(ingest(obj.object, "asarray", {d, v, copy}), obj.object, grad);
         },
         "obj as a tensor, under control of copying.\n\n"
         "copy=None shares the memory where dtype and device allow it, True always copies, False raises\n"
         "ValueError, with the reason, where a copy would be needed. requires_grad=None leaves a tensor's\n"
         "history as it is, False detaches (the memory stays shared).\n"
         "Other errors: ValueError for ragged sequences, TypeError for what holds no numbers, OverflowError\n"
         "for Python integers that the dtype cannot hold, RuntimeError for requires_grad of integers and\n"
         "bools. TypeError for complex values in a real dtype; integers of arrays wrap around, as by astype.\n\n"
         "obj: a tensor, an array, a scalar, nested sequences, or anything with an array protocol.\n\n"
         ">>> a = np.zeros(2)\n"
         ">>> t = tenon.asarray(a)\n"
         ">>> t[0] = 7\n"
         ">>> a\n"
         "array([7., 0.])",
         "obj"_a, kw_only, "dtype"_a = none, "device"_a = none, "copy"_a = none, "requires_grad"_a = none)
      .function_only()
      .no_out()
      .numpy("asarray", taking)
      .array_api("asarray");
  ops.def(
         "frombuffer",
         +[](Any buffer, DType d, std::int64_t count, std::int64_t offset, bool grad) {
           return leaf(frombuffer(buffer.object, d, count, offset), grad);
         },
         "A 1-D tensor over the memory of an object with the buffer protocol, without a copy.\n\n"
         "count elements of dtype (all, for -1) from the byte offset on. A read-only buffer, as of bytes,\n"
         "gives a read-only tensor.\n"
         "ValueError for what has no buffer, an empty one or one with gaps, for count 0, for a count, offset\n"
         "or remainder that does not fit, and for misaligned data; TypeError for what is no dtype;\n"
         "RuntimeError for requires_grad of integers and bools; BufferError for a tensor that lends no buffer.\n\n"
         "buffer: an object with the buffer protocol. count: the number of elements, -1 for all that follow.\n\n"
         "offset: the first byte that is read.\n\n"
         ">>> tenon.frombuffer(bytearray(b\"ab\"), dtype=tenon.uint8)\n"
         "tensor([97, 98], dtype=tenon.uint8)",
         "buffer"_a, kw_only, "dtype"_a, "count"_a = -1, "offset"_a = 0, "requires_grad"_a = false)
      .function_only()
      .no_out();
}

}  // namespace

Tensor frombuffer(PyObject* buffer, DType dtype, std::int64_t count, std::int64_t offset) {
  static constexpr const char* kOp = "frombuffer";
  if (!PyObject_CheckBuffer(buffer))
    errors::fail(kOp, "the object must have the buffer protocol; got ", Py_TYPE(buffer)->tp_name,
                 ", use tenon.asarray");
  // The memoryview holds the buffer, so that a bytearray is not resized meanwhile.
  Object view = Object::steal(PyMemoryView_FromObject(buffer));
  const Py_buffer& b = *PyMemoryView_GET_BUFFER(view.get());
  if (!PyBuffer_IsContiguous(&b, 'C')) errors::fail(kOp, "the buffer has gaps; use tenon.asarray, which keeps strides");
  const auto size = static_cast<std::int64_t>(itemsize(dtype)), bytes = static_cast<std::int64_t>(b.len);
  if (bytes == 0) errors::fail(kOp, "the buffer is empty");
  if (offset < 0 || offset >= bytes)
    errors::fail(kOp, "the offset must lie within the buffer's ", bytes, " bytes; got ", offset);
  if (count == 0 || count < -1) errors::fail(kOp, "count must be positive, or -1 for all elements; got ", count);
  if (count == -1) {
    if ((bytes - offset) % size != 0)
      errors::fail(kOp, "the ", bytes - offset, " bytes after the offset are no multiple of the element size ", size,
                   "; pass count");
    count = (bytes - offset) / size;
  }
  if (count > (bytes - offset) / size)
    errors::fail(kOp, count, " elements of ", dtype, " do not fit into the ", bytes - offset,
                 " bytes after the offset");
  char* first = static_cast<char*>(b.buf) + offset;
  const std::int64_t alignment = is_complex(dtype) ? size / 2 : size;
  if (reinterpret_cast<std::uintptr_t>(first) % static_cast<std::uintptr_t>(alignment) != 0)
    errors::fail(kOp, "the data is not aligned to the element size ", alignment,
                 "; copy the buffer, or choose another offset");
  const bool read_only = b.readonly;
  drop_left_references();
  Ref<Storage> storage = Storage::borrow(first, count * size, kCpu, &drop_reference, view.get());
  view.release();
  return make_tensor(std::move(storage), 0, {count}, {1}, dtype, read_only);
}

void def_creation(Ops& ops) {
  def_filled(ops);
  def_ingest(ops);
}

}  // namespace tenon::py
