// Numbers between ends that may be tensors: linspace, logspace and geomspace, by NumPy's formulas and PyTorch's.
#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

struct Ends {
  Tensor start, stop;
  DType compute, result;
};

// Both as tensors of one dtype, shape and device. Numbers alone are computed in float64.
Ends ends(const char* op, const Operand& start, const Operand& stop, std::optional<DType> dtype, Device device) {
  const bool tensors = start.is_tensor() || stop.is_tensor();
  std::optional<DType> common;
  for (const Operand* x : {&start, &stop})
    if (x->is_tensor() && is_differentiable(x->tensor().dtype()))
      common = common ? promote(*common, x->tensor().dtype()) : x->tensor().dtype();
  DType natural = common.value_or(default_float());
  for (const Operand* x : {&start, &stop})
    if (!x->is_tensor()) natural = x->scalar().promote_with(natural);
  Ends e;
  e.result = dtype.value_or(natural);
  if (is_complex(natural) && !is_complex(e.result)) errors::complex_to_real(op, e.result);
  const bool whole = dtype && is_integral(*dtype);  // float32 has not room for all integers
  const bool precise = !tensors || e.result == DType::float64 || e.result == DType::complex128 || (whole && !common);
  const bool complex = is_complex(natural) || is_complex(e.result);
  if (precise) e.compute = complex ? DType::complex128 : DType::float64;
  else if (complex) e.compute = promote(natural, DType::complex64);
  else e.compute = is_half(natural) ? DType::float32 : natural;
  const Device where = start.is_tensor() ? start.tensor().device() : stop.is_tensor() ? stop.tensor().device() : device;
  const auto as_tensor = [&](const Operand& x) {
    return x.is_tensor() ? to(x.tensor(), e.compute, x.tensor().ndim() == 0 ? where : x.tensor().device())
                         : Tensor::of(x.scalar(), e.compute, where);
  };
  const Tensor a = as_tensor(start), b = as_tensor(stop);
  const Dims shape = broadcast_shapes(op, a.shape(), b.shape());
  e.start = expand(a, shape);
  e.stop = expand(b, shape);
  return e;
}

std::int64_t intervals(std::int64_t n, bool endpoint) { return endpoint ? n - 1 : n; }

void check_number(const char* op, std::int64_t n) {
  if (n < 0) errors::fail(op, "the number of values must not be negative; got ", n);
}

// n values along a new first dimension.
Tensor line(const Tensor& start, const Tensor& stop, std::int64_t n, bool endpoint) {
  const bool exact_end = endpoint && n > 1;
  const std::int64_t gaps = intervals(n, endpoint);
  const Tensor distance = sub(stop, start);
  const Tensor step = gaps > 0 ? div(distance, gaps) : distance;
  Dims column(start.ndim() + 1, 1);
  column[0] = exact_end ? n - 1 : n;
  const DType real = is_complex(start.dtype()) ? real_dtype(start.dtype()) : start.dtype();
  const Tensor index = reshape(arange(0, column[0], 1, real, start.device()), column);
  Tensor way = mul(index, step);
  // A step that the dtype has no number for is 0: then they are shares of the distance.
  if (gaps > 1) way = where(eq(step.detach(), 0), mul(div(index, gaps), distance), way);
  const Tensor values = add(way, start);
  if (!exact_end) return values;
  const Tensor parts[] = {values, unsqueeze(stop, {0})};
  return cat(parts, 0);
}

// In the result's dtype, the new dimension at its place.
Tensor finished(const char* op, const Tensor& values, DType dtype, std::int64_t dim) {
  require_room(op, values, dtype);
  return to(dim == 0 ? values : movedim(values, {0}, {dim}), dtype);
}

// Of two numbers, formed in float64.
Tensor line(double a, double b, std::int64_t n, bool endpoint, DType d, Device device) {
  const std::int64_t gaps = intervals(n, endpoint);
  const double step = gaps > 0 ? (b - a) / static_cast<double>(gaps) : 0;
  if (gaps > 1 && step == 0 && a != b)
    return to(line(Tensor::of(a, DType::float64, device), Tensor::of(b, DType::float64, device), n, endpoint), d);
  Tensor t = iota("linspace", n, a, step, d, device);
  if (endpoint && n > 1) {  // the last value exactly
    Tensor last = select(t, 0, -1);
    fill_(last, b);
  }
  return t;
}

// PyTorch's integers: the ends are cut, then the numbers between them. Each half is counted from its own end.
Tensor whole_line(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, DType d, Device device) {
  for (const Operand* x : {&start, &stop})
    if (!x->is_tensor()) errors::require_number("linspace", x->scalar(), d);
  const Ends e = ends("linspace", start, stop, DType::float64, device);
  const Tensor first = trunc(e.start), last = trunc(e.stop);
  const Tensor step = div(sub(last, first), std::max<std::int64_t>(intervals(n, endpoint), 1));
  Dims column(first.ndim() + 1, 1);
  column[0] = n;
  const Tensor index = reshape(arange(0, n, 1, DType::float64, first.device()), column);
  Tensor values = add(mul(index, step), first);
  if (endpoint && n > 1) values = where(lt(index, n / 2), values, sub(last, mul(sub(n - 1, index), step)));
  return finished("linspace", values, d, 0);
}

}  // namespace

void require_room(const char* op, const Tensor& values, DType dtype) {
  if (!is_integral(dtype) || values.numel() == 0) return;
  const MinMax ends = aminmax(values.detach());
  for (const Tensor& end : {ends.min, ends.max}) errors::require_number(op, end.item<double>(), dtype);
}

Tensor linspace(const Operand& start, const Operand& stop, std::int64_t steps, bool endpoint,
                std::optional<DType> dtype, Device device) {
  if (steps < 0) errors::fail("linspace", "the number of steps must not be negative; got ", steps);
  if (dtype && is_integral(*dtype)) return whole_line(start, stop, steps, endpoint, *dtype, device);
  if (start.is_tensor() || stop.is_tensor()) return linspace(start, stop, steps, endpoint, 0, dtype, device);
  const Scalar &first = start.scalar(), &last = stop.scalar();
  const bool complex = first.is_complex() || last.is_complex();
  const DType d = dtype.value_or(complex ? default_complex() : default_float());
  for (const Scalar* end : {&first, &last}) errors::require_number("linspace", *end, d);
  if (!complex) return line(first.to<double>(), last.to<double>(), steps, endpoint, d, device);
  const complex128 a = first.to<complex128>(), b = last.to<complex128>();
  return add(line(a.re, b.re, steps, endpoint, d, device),
             mul(line(a.im, b.im, steps, endpoint, d, device), Scalar(complex128{0, 1})));
}

Tensor linspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, std::int64_t dim,
                std::optional<DType> dtype, Device device) {
  check_number("linspace", n);
  const bool whole = dtype && is_integral(*dtype);
  for (const Operand* x : {&start, &stop})
    if (whole && !x->is_tensor()) errors::require_number("linspace", x->scalar(), *dtype);
  if (!start.is_tensor() && !stop.is_tensor() && (dim == 0 || dim == -1) && !whole)
    return linspace(start, stop, n, endpoint, dtype, device);
  const Ends e = ends("linspace", start, stop, dtype, device);
  const Tensor values = line(e.start, e.stop, n, endpoint);
  return finished("linspace", whole ? floor(values) : values, e.result, dim);
}

Tensor linspace_step(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint) {
  const Ends e = ends("linspace", start, stop, {}, kCpu);
  const std::int64_t gaps = intervals(n, endpoint);
  const Tensor distance = sub(e.stop, e.start);
  if (gaps <= 0) return mul(distance, std::nan(""));
  return div(distance, gaps);
}

Tensor logspace(const Scalar& start, const Scalar& stop, std::int64_t steps, double base, std::optional<DType> dtype,
                Device device) {
  const bool complex = start.is_complex() || stop.is_complex();
  const DType d = dtype.value_or(complex ? default_complex() : default_float());
  if (complex && !is_complex(d)) errors::complex_to_real("logspace", d);
  const DType powers = complex ? DType::complex128 : DType::float64;
  return finished("logspace", pow(base, linspace(start, stop, steps, true, powers, device)), d, 0);
}

Tensor logspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, const Operand& base,
                std::int64_t dim, std::optional<DType> dtype, Device device) {
  check_number("logspace", n);
  const Ends e = ends("logspace", start, stop, dtype, device);
  if (!base.is_tensor()) return finished("logspace", pow(base, line(e.start, e.stop, n, endpoint)), e.result, dim);
  // Beside the ends: a base for each of them.
  const Tensor bases = to(base.tensor(), e.compute);
  const Dims shape = broadcast_shapes("logspace", bases.shape(), e.start.shape());
  const Tensor spread = line(expand(e.start, shape), expand(e.stop, shape), n, endpoint);
  return finished("logspace", pow(unsqueeze(expand(bases, shape), {0}), spread),
                  dtype ? e.result : promote(e.result, bases.dtype()), dim);
}

Tensor geomspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, std::int64_t dim,
                 std::optional<DType> dtype, Device device) {
  check_number("geomspace", n);
  const Ends e = ends("geomspace", start, stop, dtype, device);
  for (const Tensor* x : {&e.start, &e.stop})
    if (any(eq(x->detach(), 0)).item<bool>()) errors::fail("geomspace", "the ends must not be 0");
  // Both ends are turned so that the first one is positive, and the values turned back.
  const Tensor turn = is_complex(e.compute) ? div(e.start, abs(e.start)) : sign(e.start);
  const Tensor a = div(e.start, turn), b = div(e.stop, turn);
  const Tensor values = pow(10, line(log10(a), log10(b), n, endpoint));
  // The ends are exact.
  std::vector<Tensor> parts;
  const bool last = endpoint && n > 1;
  if (n > 0) parts.push_back(unsqueeze(a, {0}));
  if (n > (last ? 2 : 1)) parts.push_back(narrow(values, 0, 1, n - 1 - last));
  if (last) parts.push_back(unsqueeze(b, {0}));
  return finished("geomspace", mul(parts.empty() ? values : cat(parts, 0), turn), e.result, dim);
}

}  // namespace tenon
