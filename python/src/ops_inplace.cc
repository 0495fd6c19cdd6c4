// Rows: methods that overwrite the tensor and return it. Those of elementwise operations stand with them.
#include "core/errors.h"
#include "op.h"
#include "tenon/ops.h"

namespace tenon::py {

namespace {

PyObject* overwrite(const OpDef& def, PyObject* const* args) {
  Tensor t = argument<Tensor>(def, args, 0);
  const Tensor source = values_for(args[1], t, {def.name.c_str(), "source"});
  const bool non_blocking = argument<bool>(def, args, 2);
  without_gil(t.numel(), [&] { copy_(t, source, non_blocking); }, t, source);
  return Py_NewRef(args[0]);
}

// The elements in a flat list, repeated to the shape.
Object elements(const Tensor& t, const Dims& shape) {
  const Object flat = Object::steal(wrap(reshape(expand(t.detach(), shape), {-1})));
  return Object::steal(PyObject_CallMethod(flat.get(), "tolist", nullptr));
}

// apply_, map_ and map2_: each element becomes what a Python function makes of it and of the others' in its place. All
// are computed before one is written.
PyObject* overwrite_by_function(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const std::size_t count = def.args.size() - 1;
  PyObject* function = args[count];
  if (!PyCallable_Check(function)) wrong_type({op, "callable"}, "a function of numbers", function);
  Tensor t = argument<Tensor>(def, args, 0);
  std::vector<Object> lists;
  for (std::size_t i = 0; i < count; ++i) {
    const Tensor x = argument<Tensor>(def, args, static_cast<int>(i));
    if (x.requires_grad())
      errors::fail<RuntimeError>(op, "a function of numbers has no gradient; use ", def.args[i].name, ".detach()");
    if (!x.device().is_cpu())
      errors::fail<TypeError>(op, "the function gets numbers on the CPU; ", def.args[i].name, " is on ", x.device());
    lists.push_back(elements(x, t.shape()));
  }
  const Py_ssize_t n = PyList_GET_SIZE(lists[0].get());
  if (n == 0) return Py_NewRef(args[0]);
  const Object values = Object::steal(PyList_New(n));
  for (Py_ssize_t k = 0; k < n; ++k) {
    PyObject* numbers[3];
    for (std::size_t i = 0; i < count; ++i) numbers[i] = PyList_GET_ITEM(lists[i].get(), k);
    PyList_SET_ITEM(values.get(), k, Object::steal(PyObject_Vectorcall(function, numbers, count, nullptr)).release());
  }
  copy_(t, reshape(values_for(values.get(), t, {op, "callable"}), t.shape()));
  return Py_NewRef(args[0]);
}

void def_by_function(Ops& ops) {
  const char* errors =
      "TypeError for what is not callable, for tensors on a device and for results that are no numbers; RuntimeError for\n"
      "tensors that require grad; OverflowError for a result that the dtype cannot hold; ValueError for read-only memory.";
  ops.raw("apply_", &overwrite_by_function,
          errors::text("Overwrites each element with callable(element); returns the tensor.\n\n"
                       "callable: a function of one number, called for one element after the other. All results are\n"
                       "there before one is written.\n",
                       errors,
                       "\n\n"
                       ">>> tenon.tensor([1, 2, 3]).apply_(lambda x: x * x + 1)\n"
                       "tensor([ 2,  5, 10])")
              .c_str(),
          "input"_a, "callable"_a)
      .method_only();
  ops.raw("map_", &overwrite_by_function,
          errors::text("Overwrites each element with callable(element, other's element); returns the tensor.\n\n"
                       "tensor: a tensor that broadcasts to the tensor's shape.\n"
                       "callable: a function of two numbers. All results are there before one is written.\n",
                       errors,
                       "\n\n"
                       ">>> tenon.tensor([1., 5.]).map_(tenon.tensor([2., 3.]), max)\n"
                       "tensor([2., 5.])")
              .c_str(),
          "input"_a, "tensor"_a, "callable"_a)
      .method_only();
  ops.raw("map2_", &overwrite_by_function,
          errors::text("Overwrites each element with callable(element, x's, y's); returns the tensor.\n\n"
                       "x, y: tensors that broadcast to the tensor's shape.\n"
                       "callable: a function of three numbers. All results are there before one is written.\n",
                       errors,
                       "\n\n"
                       ">>> t = tenon.tensor([1., 5.])\n"
                       ">>> t.map2_(t + 1, t - 1, lambda a, x, y: a + x * y)\n"
                       "tensor([ 1., 29.])")
              .c_str(),
          "input"_a, "x"_a, "y"_a, "callable"_a)
      .method_only();
}

}  // namespace

void def_inplace(Ops& ops) {
  def_by_function(ops);
  ops.raw(
         "copy_", &overwrite,
         "Overwrites the tensor with source, broadcast and converted, from any device; returns it. The gradient "
         "flows to source.\n\n"
         "non_blocking: between the CPU and a device, where both are contiguous and of one dtype and the CPU's memory\n"
         "is page-locked, return before the bytes have moved; see to().\n"
         "ValueError for a source that does not broadcast to the tensor's shape and for read-only memory;\n"
         "TypeError for complex numbers in a real tensor; OverflowError for a number, also in a list, that the dtype\n"
         "cannot hold; RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
         "source: an array_like that broadcasts to the tensor's shape.\n\n"
         ">>> tenon.zeros(2).copy_(tenon.tensor([1, 2]))\n"
         "tensor([1., 2.])",
         "input"_a, "source"_a, "non_blocking"_a = false)
      .method_only();
  ops.def(
         "fill_",
         +[](Tensor& t, const Operand& value) -> Tensor& {
           if (!value.is_tensor()) return fill_(t, value.scalar());
           if (value.tensor().ndim() != 0)
             errors::wrong_ndim("fill_", value.tensor().ndim(), "a number or a 0-d tensor");
           return copy_(t, value.tensor());
         },
         "Overwrites all elements with a number or a 0-d tensor; returns the tensor.\n\n"
         "ValueError for a tensor of more dimensions and for read-only memory; TypeError for a complex number\n"
         "in a real tensor; OverflowError for a number that the dtype cannot hold; RuntimeError for a\n"
         "leaf that requires grad and for elements that share memory.\n\n"
         ">>> tenon.zeros(2).fill_(7)\n"
         "tensor([7., 7.])",
         "input"_a, "value"_a)
      .method_only();
  ops.def(
         "zero_", +[](Tensor& t) -> Tensor& { return fill_(t, 0); },
         "Overwrites all elements with zero; returns the tensor.\n\n"
         "ValueError for read-only memory, RuntimeError for a leaf that requires grad and for elements that\n"
         "share memory.\n\n"
         ">>> tenon.ones(2).zero_()\n"
         "tensor([0., 0.])",
         "input"_a)
      .method_only();
  ops.def(
         "resize_",
         +[](Tensor& t, const Dims& size, MemoryFormat f) -> Tensor& {
           if (f.ndim != 0)
             errors::fail("resize_",
                          "memory_format must be contiguous_format or preserve_format, which keep the order");
           return resize_(t, size);
         },
         "Changes the size in place, keeping the common elements in row-major order; new ones are not set.\n\n"
         "BufferError while an array, buffer or capsule views the memory, or another tensor does; ValueError\n"
         "for negative sizes and read-only memory; RuntimeError for a tensor that requires grad. Nothing is\n"
         "changed then.\n\n"
         ">>> tenon.tensor([[1, 2], [3, 4]]).resize_(3)\n"
         "tensor([1, 2, 3])",
         "input"_a, variadic("size"_a), kw_only, "memory_format"_a = none)
      .method_only()
      .keeps_gil();
}

}  // namespace tenon::py
