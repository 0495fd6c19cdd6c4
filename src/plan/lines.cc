#include "plan/lines.h"

#include <cstdlib>

#include "plan/loop.h"

namespace tenon {
namespace {

void plan_lines(Lines& l, const Tensor& in, int dim, const Tensor& out) {
  l.n = 1;
  l.in_stride = l.out_stride = 0;
  l.side_by_side = false;
  if (in.ndim() > 0) {
    l.n = in.shape()[dim];
    l.in_stride = in.strides()[dim] * in.itemsize();
    l.out_stride = out.strides()[dim] * out.itemsize();
  }
  if (in.ndim() < 2) return;  // outer is a single line
  Dims shape = in.shape(), from = in.strides(), to = out.strides();
  shape.erase(dim);
  from.erase(dim);
  to.erase(dim);
  const LoopOperand operands[] = {{&to, out.itemsize()}, {&from, in.itemsize()}};
  build_loop(l.outer, shape, operands);
  l.side_by_side = l.outer.ndim > 0 && std::abs(l.outer.strides[0][l.outer.ndim - 1]) < std::abs(l.out_stride);
}

}  // namespace

ScanCall plan_scan(Scan op, const Tensor& in, int dim, const Tensor& out) {
  ScanCall c;
  c.op = op;
  c.in_dtype = in.dtype();
  c.out_dtype = out.dtype();
  // Rounded once, so that sums of non-negative numbers do not fall.
  c.compute = is_complex(c.out_dtype)                            ? DType::complex128
              : is_integral(c.out_dtype) || is_bool(c.out_dtype) ? DType::int64
                                                                 : DType::float64;
  c.out = out.data();
  c.in = in.data();
  plan_lines(c.lines, in, dim, out);
  return c;
}

SoftmaxCall plan_softmax(bool log, const Tensor& in, int dim, const Tensor& out) {
  SoftmaxCall c;
  c.log = log;
  c.dtype = in.dtype();
  c.out = out.data();
  c.in = in.data();
  plan_lines(c.lines, in, dim, out);
  return c;
}

}  // namespace tenon
