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

}  // namespace

void def_inplace(Ops& ops) {
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
