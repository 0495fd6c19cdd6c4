// Rows: views, copies, conversions, joining and splitting.
#include "op.h"

namespace tenon::py {

void def_shape(Ops& ops) {
  ops.def("clone", &clone, "A copy in fresh memory, row-major; the gradient flows through.", "input"_a).no_out();
  ops.def("contiguous", &contiguous, "The tensor itself where it is row-major without gaps, otherwise a copy.", "input"_a).method_only().no_out();
  ops.def("permute", &permute, "A view with the dimensions in another order.", "input"_a, variadic("dims"_a)).no_out().numpy("permute_dims").array_api("permute_dims");
  ops.def("reshape", &reshape, "Another shape: a view where the strides allow it, otherwise a copy. One size may be -1.", "input"_a, variadic("shape"_a)).no_out();
}

}  // namespace tenon::py
