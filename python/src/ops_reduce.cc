// Rows: reductions and scans.
#include "op.h"

namespace tenon::py {

void def_reduce(Ops& ops) {
  ops.def("sum", &sum, "The sum of the elements. Integers are added up in int64 (uint64), floats pairwise.", "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "dtype"_a = none).numpy("sum").array_api("sum");
}

}  // namespace tenon::py
