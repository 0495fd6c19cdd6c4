// Elementwise operations that are made of several primitives, or take more than operands.
#include "tenon/ops/numeric.h"
#include "tenon/ops/activations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/errors.h"
#include "ops/operands.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/elementwise/special.h"
#include "tenon/op.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

DType dtype_of_operand(const Operand& o) { return o.is_tensor() ? o.tensor().dtype() : o.scalar().default_dtype(); }

DType common_dtype(const Operand& a, const Operand& b) {
  if (a.is_tensor() && b.is_tensor()) return promote(a.tensor().dtype(), b.tensor().dtype());
  if (a.is_tensor()) return b.scalar().promote_with(a.tensor().dtype());
  return b.is_tensor() ? a.scalar().promote_with(b.tensor().dtype()) : a.scalar().default_dtype();
}

// An operand as a tensor of a dtype.
Tensor tensor_of(const Operand& o, DType d) { return o.is_tensor() ? to(o.tensor(), d) : Tensor::of(o.scalar(), d); }

bool is_one(const Scalar& s) { return !s.is_floating() && !s.is_complex() && s.to<double>() == 1; }

// The product of two numbers: exact for integers of 64 bits, an integer of no dtype beyond them.
Scalar product(const Scalar& a, const Scalar& b) {
  if (a.is_complex() || b.is_complex()) return a.to<complex128>() * b.to<complex128>();
  if (a.is_floating() || b.is_floating()) return a.to<double>() * b.to<double>();
  const auto wide = [](const Scalar& s) {
    return s.tag() == Scalar::Tag::unsigned_integer ? static_cast<__int128>(s.to<std::uint64_t>())
                                                    : static_cast<__int128>(s.to<std::int64_t>());
  };
  __int128 p;
  if (a.tag() == Scalar::Tag::huge_integer || b.tag() == Scalar::Tag::huge_integer ||
      __builtin_mul_overflow(wide(a), wide(b), &p) || p > UINT64_MAX || p < INT64_MIN)
    return Scalar::huge_integer(a.to<double>() * b.to<double>());
  return p > INT64_MAX ? Scalar(static_cast<std::uint64_t>(p)) : Scalar(static_cast<std::int64_t>(p));
}

// b * alpha. A number stays a number, which takes part weakly in promotion.
Operand scaled(const Operand& b, const Scalar& alpha, Tensor& held) {
  if (!b.is_tensor()) return Operand(product(b.scalar(), alpha));
  return Operand(held = mul(widened(b.tensor()), alpha));
}

Tensor sum_of(Op op, const Operand& a, const Operand& b, const Scalar& alpha) {
  const Operand plain[] = {a, b};
  if (is_one(alpha)) return elementwise(op, plain);
  Tensor held;
  const Operand operands[] = {a, scaled(b, alpha, held)};
  const DType d = common_dtype(a, b);
  Tensor r = elementwise(op, operands);
  return is_half(d) && !alpha.is_complex() ? to(r, d) : r;
}
Tensor& sum_into(Op op, Tensor& self, const Operand& b, const Scalar& alpha) {
  Tensor held;
  const Operand other = is_one(alpha) ? b : scaled(b, alpha, held);
  return elementwise_(op, self, {&other, 1});
}

bool flows(const Operand& o) { return o.is_tensor() && autograd::needs_grad(o.tensor()); }

// r, whose gradient by the operand is 0 and no more undefined where the quotient's is.
Tensor without_slope(const Tensor& r, const Operand& o) {
  return flows(o) ? where(false, to(o.tensor(), r.dtype()), r) : r;
}

}  // namespace

Tensor add(const Operand& a, const Operand& b, const Scalar& alpha) { return sum_of(Op::add, a, b, alpha); }
Tensor sub(const Operand& a, const Operand& b, const Scalar& alpha) { return sum_of(Op::sub, a, b, alpha); }
Tensor& add_(Tensor& self, const Operand& b, const Scalar& alpha) { return sum_into(Op::add, self, b, alpha); }
Tensor& sub_(Tensor& self, const Operand& b, const Scalar& alpha) { return sum_into(Op::sub, self, b, alpha); }

// ---- division ----

Rounding rounding(const std::string& name) {
  if (name == "floor") return Rounding::floor;
  if (name != "trunc") errors::fail("div", "rounding_mode must be None, 'floor' or 'trunc'; got '", name, "'");
  return Rounding::trunc;
}

Tensor div(const Operand& a, const Operand& b, Rounding rounding) {
  const DType common = common_dtype(a, b);
  if (rounding == Rounding::floor || is_bool(common)) return floor_divide(a, b);
  // Integers stay integers, exactly: what fmod leaves is divisible.
  if (is_integral(dtype_of_operand(a)) && is_integral(dtype_of_operand(b))) return floor_divide(sub(a, fmod(a, b)), b);
  Tensor quotient;
  {
    NoGrad guard;
    const Tensor x = a.is_tensor() ? widened(a.tensor()) : Tensor(), y = b.is_tensor() ? widened(b.tensor()) : Tensor();
    quotient = trunc(div(x.defined() ? Operand(x) : a, y.defined() ? Operand(y) : b));
    if (is_half(common)) quotient = to(quotient, common);
  }
  return without_slope(without_slope(quotient, a), b);
}

std::pair<Tensor, Tensor> divmod(const Operand& a, const Operand& b) { return {floor_divide(a, b), remainder(a, b)}; }

// ---- limits ----

namespace {

// An integer bound beyond x's dtype that limits nothing is no bound, as in NumPy 2.
std::optional<Operand> effective(const Operand& x, const std::optional<Operand>& bound, bool low) {
  if (!bound || bound->is_tensor() || !x.is_tensor() || !is_integral(x.tensor().dtype())) return bound;
  const Scalar& s = bound->scalar();
  if (!s.is_integral() || s.fits(x.tensor().dtype()) || s.is_negative() != low) return bound;
  return std::nullopt;
}

// The primitive that limits x to those of the bounds that there are, and its operands.
struct Limits {
  Op op;
  Operand operands[3];
  std::size_t n;
  std::span<const Operand> all() const { return {operands, n}; }
};
Limits limits(const Operand& x, const std::optional<Operand>& given_low, const std::optional<Operand>& given_high) {
  const std::optional<Operand> low = effective(x, given_low, true), high = effective(x, given_high, false);
  if (low && high) return {Op::clip, {x, *low, *high}, 3};
  if (!low && !high) return {Op::copy, {x, 0, 0}, 1};
  const Operand& bound = low ? *low : *high;
  // Where the bound equals x the gradient is x's alone: maximum would share it.
  if (flows(x) || flows(bound))
    return {Op::clip, {x, low ? *low : Operand(-INFINITY), high ? *high : Operand(INFINITY)}, 3};
  return {low ? Op::maximum : Op::minimum, {x, bound, 0}, 2};
}

}  // namespace

Tensor clamp(const Operand& x, const std::optional<Operand>& low, const std::optional<Operand>& high,
             const Tensor* out) {
  const Limits l = limits(x, low, high);
  if (l.op != Op::copy) return elementwise(l.op, l.all(), out);
  if (x.is_tensor()) elementwise_types(Op::clip, x.tensor().dtype());  // refuses what clip refuses
  if (out) return elementwise(Op::copy, l.all(), out);
  return x.is_tensor() ? clone(x.tensor()) : Tensor::of(x.scalar());
}

Tensor& clamp_(Tensor& self, const std::optional<Operand>& low, const std::optional<Operand>& high) {
  const Limits l = limits(self, low, high);
  if (l.op == Op::copy) {
    elementwise_types(Op::clip, self.dtype());
    return elementwise_(Op::copy, self, {});
  }
  return elementwise_(l.op, self, l.all().subspan(1));
}

// ---- parts of numbers ----

namespace {

// Multiples of 10**k, ties to an even multiple, exactly.
Tensor round_integers(const Tensor& t, std::int64_t k) {
  std::int64_t unit = 1;
  for (std::int64_t i = 0; i < k && unit > 0; ++i)
    if (__builtin_mul_overflow(unit, std::int64_t{10}, &unit)) unit = 0;
  if (unit == 0 || !Scalar(unit).fits(t.dtype())) {
    // Nothing of this dtype but 0 is a multiple.
    return full(t.shape(), 0, t.dtype(), t.device());
  }
  const Tensor below = floor_divide(t, unit), rest = remainder(t, unit);
  const Tensor up = logical_or(gt(rest, unit / 2), logical_and(eq(rest, unit / 2), ne(remainder(below, 2), 0)));
  return mul(add(below, to(up, t.dtype())), unit);
}

}  // namespace

Tensor round(const Tensor& t, std::int64_t decimals) {
  const DType d = t.dtype();
  elementwise_types(Op::neg, d);  // refuses bool and float8
  if (is_integral(d)) return decimals >= 0 ? clone(t) : round_integers(t, decimals < -30 ? 30 : -decimals);
  if (decimals == 0) return rint(t);
  if (is_complex(d)) return view_as_complex(contiguous(round(view_as_real(t), decimals)));  // part by part
  const Tensor x = widened(t);
  const double factor = std::pow(10.0, std::abs(static_cast<double>(decimals)));
  const Tensor r = decimals > 0 ? div(rint(mul(x, factor)), factor) : mul(rint(div(x, factor)), factor);
  return to(r, d);
}

Tensor float_power(const Operand& a, const Operand& b) {
  const auto wide = [](const Operand& o) {
    const bool complex = is_complex(dtype_of_operand(o));
    return tensor_of(o, complex ? DType::complex128 : DType::float64);
  };
  return pow(wide(a), wide(b));
}

Tensor fabs(const Tensor& x) {
  if (is_complex(x.dtype()) || is_float8(x.dtype())) errors::dtype_not_supported("fabs", x.dtype(), "real numbers");
  return abs(is_floating(x.dtype()) ? x : to(x, default_float()));
}

std::pair<Tensor, Tensor> modf(const Tensor& x) {
  const Tensor t = is_integral(x.dtype()) || is_bool(x.dtype()) ? to(x, default_float()) : x;
  const Tensor whole = trunc(t);
  // The fraction of infinity is 0. copysign gives a fraction of 0 the sign of its number.
  return {copysign(where(isinf(t), 0, sub(t, whole)), t), whole};
}

std::pair<Tensor, Tensor> frexp(const Tensor& given) {
  elementwise_types(Op::hypot, given.dtype());  // refuses complex and float8
  const Tensor x = is_integral(given.dtype()) || is_bool(given.dtype()) ? to(given, default_float()) : given;
  // The bits of a dtype that has some exponent bits more is all that is needed: half precision is normal there.
  const bool is_double = x.dtype() == DType::float64;
  const DType wide = is_double ? DType::float64 : DType::float32, bits = is_double ? DType::int64 : DType::int32;
  const int mantissa = is_double ? 52 : 23, bias = is_double ? 1022 : 126;
  Tensor e;
  {
    NoGrad guard;
    const Tensor w = contiguous(to(x.detach(), wide));
    const auto exponent = [&](const Tensor& v) {
      return bitwise_and(right_shift(view(v, bits), mantissa), (1 << (is_double ? 11 : 8)) - 1);
    };
    // Subnormal numbers are made normal first.
    const Tensor small = lt(abs(w), is_double ? 0x1p-1022 : 0x1p-126);
    const Tensor scaled = mul(w, is_double ? 0x1p54 : 0x1p25);
    e = sub(where(small, sub(exponent(scaled), is_double ? 54 : 25), exponent(w)), bias);
    e = to(where(logical_and(isfinite(w), ne(w, 0)), e, 0), DType::int32);
  }
  return {ldexp(x, neg(e)), e};
}

Tensor logit(const Operand& x, double eps) { return logit(clip(x, eps, 1 - eps)); }

// ---- activations ----

Gelu gelu_approximation(const std::string& name) {
  if (name != "none" && name != "tanh") errors::fail("gelu", "approximate must be 'none' or 'tanh'; got '", name, "'");
  return name == "tanh" ? Gelu::tanh : Gelu::none;
}

Tensor gelu(const Operand& x, Gelu approximation) {
  if (approximation == Gelu::none) return gelu(x);
  return gelu_tanh(x);
}

Tensor softplus(const Operand& x, double beta, double threshold) {
  if (beta == 1 && threshold >= 20) return softplus(x);  // beyond 20 they are the same, but for the last bit
  return scaled_softplus(tensor_of(x, dtype_of_operand(x)), beta, threshold);
}

// ---- questions and choices ----

Tensor isreal(const Tensor& t) {
  if (!is_complex(t.dtype())) return full(t.shape(), true, DType::bool_, t.device());
  return eq(imag(t), 0);
}
Tensor iscomplex(const Tensor& t) {
  if (!is_complex(t.dtype())) return full(t.shape(), false, DType::bool_, t.device());
  return ne(imag(t), 0);
}

bool array_equal(const Tensor& a, const Tensor& b, bool equal_nan) {
  if (!equal_nan || a.shape() != b.shape() || a.numel() == 0) return equal(a, b);
  NoGrad guard;
  const auto missing = [](const Tensor& t) {
    return isnan(is_float8(t.dtype()) ? to(t.detach(), DType::float32) : t.detach());
  };
  const Tensor x = missing(a), y = missing(b);
  const auto without = [](const Tensor& t, const Tensor& mask) {
    const Tensor v = is_float8(t.dtype()) ? to(t.detach(), DType::float32) : t.detach();
    return where(mask, 0, v);
  };
  return equal(x, y) && equal(without(a, x), without(b, y));
}

bool array_equiv(const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) errors::device_mismatch("array_equiv", a.device(), b.device());
  Dims shape;
  try {
    shape = broadcast_shapes("array_equiv", a.shape(), b.shape());
  } catch (const ShapeError&) { return false; }
  return equal(expand(a, shape), expand(b, shape));
}

Tensor imaginary(const Tensor& t) {
  if (is_complex(t.dtype())) return imag(t);
  const Tensor zero = zeros({1}, t.dtype(), t.device());
  return make_tensor(zero.impl()->storage, 0, t.shape(), Dims(t.ndim(), 0), t.dtype(), true);
}

Tensor where_true(const Tensor& condition, const Operand& x, const Operand& y) {
  return where(is_bool(condition.dtype()) ? condition : ne(condition, 0), x, y);
}

Tensor select(std::span<const Tensor> conditions, std::span<const Operand> choices, const Operand& otherwise) {
  if (conditions.size() != choices.size())
    errors::fail("select", static_cast<std::int64_t>(choices.size()), " choices for ",
                 static_cast<std::int64_t>(conditions.size()), " conditions");
  if (conditions.empty()) errors::fail("select", "at least one condition is needed");
  std::vector<Operand> all(choices.begin(), choices.end());
  all.push_back(otherwise);
  const DType common = promoted_dtype(all);
  const auto as_tensor = [&](const Operand& o) {
    return o.is_tensor() ? to(o.tensor(), common) : full({}, o.scalar(), common, conditions[0].device());
  };
  Tensor r = as_tensor(otherwise);
  for (std::size_t i = conditions.size(); i-- > 0;) r = where_true(conditions[i], as_tensor(choices[i]), r);
  return r;
}

}  // namespace tenon
