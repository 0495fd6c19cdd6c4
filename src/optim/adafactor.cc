// Shazeer and Stern, 2018: Adafactor. The squares of a matrix's gradient are kept as a row and a column.
#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "optim/formula.h"
#include "tenon/autograd.h"
#include "tenon/elementwise.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/linalg.h"
#include "tenon/ops/reduce.h"

namespace tenon::optim {
namespace {

constexpr const char* kName = AdafactorOptions::kName;
enum State { kRow, kColumn, kVariance };

// The shape of a state; the parameter's is divided in two where it has two dimensions or more.
Dims shape_of(const Tensor& p, int state) {
  Dims shape = p.shape();
  if (state != kVariance) shape[p.ndim() - (state == kRow ? 1 : 2)] = 1;
  return shape;
}
bool keeps(const Tensor& p, int state) { return (p.ndim() > 1) == (state != kVariance); }

// The distance from 1 to the next number.
double epsilon(DType d) {
  if (d == DType::float64) return 0x1p-52;
  if (d == DType::float32) return 0x1p-23;
  return d == DType::float16 ? 0x1p-10 : 0x1p-7;
}

// The root of the mean of the squares, as a tensor, so that the host waits for no device.
Tensor size_of(const Tensor& x) { return sqrt(div(sum(square(x)), static_cast<double>(x.numel()))); }

// state + (mean of g's squares along the dimension - state) * rest.
Tensor averaged(const Tensor& state, const Tensor& g, std::int64_t dim, double rest) {
  return lerp(state, mean(square(g), Dims{dim}, true), rest);
}

void step_one(Entry& e, const AdafactorOptions& o) {
  const Tensor& parameter = e.parameter;
  const DType d = parameter.dtype(), compute = is_half(d) ? DType::float32 : d;
  for (int i = 0; i < kMaxStates; ++i)
    if (keeps(parameter, i) && !e.state[i].defined())
      e.state[i] = zeros(shape_of(parameter, i), e.gradient.dtype(), parameter.device());
  ++e.step;
  if (parameter.numel() == 0) return;
  const double rest = std::pow(e.step, o.beta2_decay), eps1 = o.eps1.value_or(epsilon(d));
  const Tensor p = to(parameter, compute), gradient = to(e.gradient, compute),
               g = o.maximize ? neg(gradient) : gradient;
  const auto state = [&](int i) { return to(e.state[i], compute); };
  Tensor variance;
  if (parameter.ndim() > 1) {
    const Tensor row = averaged(state(kRow), g, -1, rest), column = averaged(state(kColumn), g, -2, rest);
    variance = div(mul(row, column), maximum(mean(row, Dims{-2}, true), eps1));
    copy_(e.state[kRow], row);
    copy_(e.state[kColumn], column);
  } else {
    variance = lerp(state(kVariance), square(g), rest);
    copy_(e.state[kVariance], variance);
  }
  const Tensor update = mul(g, rsqrt(maximum(variance, eps1 * eps1)));
  const Tensor rate = mul(maximum(size_of(p), o.eps2), std::min(o.lr, 1 / std::sqrt(e.step)));
  const Tensor clipped = maximum(div(size_of(update), o.d), 1);
  const Tensor kept = o.weight_decay != 0 ? mul(p, 1 - o.lr * o.weight_decay) : p;
  copy_(e.parameter, sub(kept, mul(update, div(rate, clipped))));
}

}  // namespace

void check(const AdafactorOptions& o) {
  require_not_negative(kName, "lr", o.lr);
  if (!(o.beta2_decay <= 0)) errors::fail(kName, "beta2_decay must not be positive; got ", o.beta2_decay);
  if (o.eps1) require_not_negative(kName, "eps", *o.eps1);
  require_not_negative(kName, "eps", o.eps2);
  if (!(o.d >= 1)) errors::fail(kName, "d must be at least 1; got ", o.d);
  require_not_negative(kName, "weight_decay", o.weight_decay);
}

void check(std::span<const Entry> entries, const AdafactorOptions& o) {
  check(o);
  check(kName, entries, 0);
  const NoGrad guard;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& e = entries[i];
    const auto at = static_cast<std::int64_t>(i);
    if (!e.gradient.defined()) continue;
    if (is_complex(e.parameter.dtype()))
      errors::fail<DtypeError>(kName, "parameters must be real; parameter ", at, " is ", e.parameter.dtype(),
                               ", view_as_real() shows its parts");
    for (int k = 0; k < kMaxStates; ++k) {
      const Tensor& s = e.state[k];
      if (!s.defined() || !keeps(e.parameter, k)) continue;
      if (s.shape() != shape_of(e.parameter, k))
        errors::fail<ShapeError>(kName, "the state ", AdafactorOptions::kState[k], " of parameter ", at,
                                 " must have shape ", shape_of(e.parameter, k), "; got ", s.shape());
      if (s.device() != e.parameter.device())
        errors::fail<DeviceError>(kName, "a state of parameter ", at, " is on ", s.device(), ", the parameter on ",
                                  e.parameter.device());
      if (!is_floating(s.dtype()) || is_float8(s.dtype())) errors::dtype_not_supported(kName, s.dtype(), "floats");
      autograd::check_inplace(s, kName, false);
    }
  }
}

void step(std::span<Entry> entries, const AdafactorOptions& o) {
  const NoGrad guard;
  check(std::span<const Entry>(entries), o);
  if (capturing_graph(entries))
    errors::fail<RuntimeError>(kName,
                               "a step cannot be captured into a graph, since its numbers follow from the count of "
                               "steps; step outside the capture, or use Adam");
  for (Entry& e : entries)
    if (e.gradient.defined()) step_one(e, o);
}

}  // namespace tenon::optim
