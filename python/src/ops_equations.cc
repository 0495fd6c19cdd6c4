// Rows: equations, inverses and determinants. tenon.linalg and tenon.numpy.linalg name the arguments and results of those
// that begin with _.
#include "linalg.h"
#include "op.h"

namespace tenon::py {
namespace {

SlogdetResult slogdet(const Tensor& a) {
  const auto r = linalg::slogdet(a);
  return {r[0], r[1]};
}

}  // namespace

void def_equations(Ops& ops) {
  ops.def(
         "det", &linalg::det,
         "The determinants of square matrices: a new tensor.\n\n"
         "The gradient of a singular matrix is right, too: that of the polynomial. ValueError for matrices that are not "
         "square, TypeError for half precision and float8.\n\n"
         ">>> tenon.det(tenon.tensor([[2.0, 1.0], [0.0, 3.0]]))\n"
         "tensor(6.)",
         "input"_a)
      .autocast(Autocast::full)
      .no_out()
      .long_work();
  ops.def("logdet", &linalg::logdet,
          "The logarithms of the determinants of square matrices: a new tensor.\n\n"
          "NaN where a real determinant is negative, -inf where it is 0. ValueError for matrices that are not square, "
          "TypeError for half precision and float8.\n\n"
          ">>> tenon.logdet(tenon.eye(3))\n"
          "tensor(0.)",
          "input"_a)
      .autocast(Autocast::full)
      .no_out()
      .long_work();
  ops.def("slogdet", &slogdet,
          "The signs and the logarithms of the absolute values of determinants: new tensors.\n\n"
          "As tenon.linalg.slogdet(). ValueError for matrices that are not square, TypeError for half precision and "
          "float8.\n\n"
          ">>> tenon.slogdet(tenon.tensor([[2.0, 0.0], [0.0, -1.0]])).sign\n"
          "tensor(-1.)",
          "input"_a)
      .autocast(Autocast::full)
      .returns("SlogdetResult")
      .with_out()
      .long_work();
  ops.def(
         "inverse", &linalg::inv,
         "The inverses of square matrices: a new tensor.\n\n"
         "As tenon.linalg.inv(). ValueError for matrices that are not square and for singular ones, TypeError for half "
         "precision and float8.\n\n"
         ">>> tenon.inverse(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]))\n"
         "tensor([[0.5000, 0.0000],\n"
         "        [0.0000, 0.2500]])",
         "input"_a)
      .autocast(Autocast::full)
      .long_work();
  const auto hide = [](auto row) { row.autocast(Autocast::full).function_only().with_out().long_work(); };
  hide(ops.def("_solve", &linalg::solve, "tenon.linalg.solve", "A"_a, "B"_a, "left"_a = true));
  hide(ops.def("_inv", &linalg::inv, "tenon.linalg.inv", "A"_a));
  hide(ops.def("_solve_ex", &linalg::solve_ex, "tenon.linalg.solve_ex", "A"_a, "B"_a, "left"_a = true,
               "check_errors"_a = false));
  hide(ops.def("_inv_ex", &linalg::inv_ex, "tenon.linalg.inv_ex", "A"_a, "check_errors"_a = false));
  hide(ops.def("_det", &linalg::det, "tenon.linalg.det", "A"_a));
  hide(ops.def("_slogdet", &linalg::slogdet, "tenon.linalg.slogdet", "A"_a));
  hide(ops.def("_tensorinv", &linalg::tensorinv, "tenon.linalg.tensorinv", "A"_a, "ind"_a = 2));
  hide(ops.def("_tensorsolve", &linalg::tensorsolve, "tenon.linalg.tensorsolve", "A"_a, "B"_a, "dims"_a = none));
  def_factorizations(ops);
}

}  // namespace tenon::py
