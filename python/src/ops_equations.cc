// Rows: equations, inverses and determinants. tenon.linalg and tenon.numpy.linalg name their arguments and results.
#include "op.h"
#include "tenon/linalg.h"

namespace tenon::py {

void def_equations(Ops& ops) {
  ops.def("_solve", &linalg::solve, "tenon.linalg.solve", "A"_a, "B"_a, "left"_a = true).function_only().long_work();
  ops.def("_inv", &linalg::inv, "tenon.linalg.inv", "A"_a).function_only().long_work();
  ops.def("_det", &linalg::det, "tenon.linalg.det", "A"_a).function_only().long_work();
  ops.def("_slogdet", &linalg::slogdet, "tenon.linalg.slogdet", "A"_a).function_only().with_out().long_work();
  ops.def("_tensorinv", &linalg::tensorinv, "tenon.linalg.tensorinv", "A"_a, "ind"_a = 2).function_only().long_work();
  ops.def("_tensorsolve", &linalg::tensorsolve, "tenon.linalg.tensorsolve", "A"_a, "B"_a, "dims"_a = none)
      .function_only()
      .long_work();
}

}  // namespace tenon::py
