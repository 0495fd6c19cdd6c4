// Rows: methods that overwrite the tensor and return it. Those of elementwise operations stand with them.
#include "core/errors.h"
#include "op.h"

namespace tenon::py {

void def_inplace(Ops& ops) {
  ops.def(
         "copy_", +[](Tensor& t, const Tensor& source, bool) -> Tensor& { return copy_(t, source); },
         "Overwrites the tensor with source, broadcast and converted, from any device; returns it. The "
         "gradient flows to source.",
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
         "Overwrites all elements with a number or a 0-d tensor; returns the tensor.", "input"_a, "value"_a)
      .method_only();
  ops.def(
         "zero_", +[](Tensor& t) -> Tensor& { return fill_(t, 0); },
         "Overwrites all elements with zero; returns the tensor.", "input"_a)
      .method_only();
  ops.def(
         "resize_", +[](Tensor& t, const Dims& size) -> Tensor& { return resize_(t, size); },
         "Changes the size in place, keeping the common elements in row-major order; new ones are not "
         "set.\n\n"
         "BufferError while an array, buffer or capsule views the memory, or another tensor does; nothing is "
         "changed then.",
         "input"_a, variadic("size"_a))
      .method_only();
}

}  // namespace tenon::py
