#include "ops/exact_compare.h"

#include <cmath>

#include "ops/operands.h"
#include "tenon/autograd.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// Whether a op b holds where a is certainly less than b (or certainly greater).
bool holds(Op op, bool less) {
  switch (op) {
    case Op::eq: return false;
    case Op::ne: return true;
    case Op::lt:
    case Op::le: return less;
    default: return !less;
  }
}

Tensor compare(Op op, const Operand& a, const Operand& b, bool flip) {
  const Operand both[] = {flip ? b : a, flip ? a : b};
  return elementwise(op, both);
}

// A number for all elements, where the answer does not depend on them.
Tensor always(bool answer, const Tensor& t) { return full(t.shape(), answer, DType::bool_, t.device()); }

// Integers with a float: t < 2.5 is t < 3, and t > 2.5 is t > 2.
Tensor with_fraction(Op op, const Tensor& t, double v, bool flip) {
  const bool equality = op == Op::eq || op == Op::ne;
  if (v != v || (equality && v != std::floor(v))) return always(op == Op::ne, t);
  const bool up = (op == Op::lt || op == Op::ge) != flip;
  return compare(op, t, whole_number(up ? std::ceil(v) : std::floor(v)), flip);
}

// Complex numbers are equal to 64-bit integers where their real parts are and their imaginary ones are 0.
Tensor with_complex(Op op, const Tensor& whole, const Tensor& z) {
  const Tensor same = logical_and(eq(whole, real(z)), eq(imag(z), 0));
  return op == Op::eq ? same : logical_not(same);
}

}  // namespace

Scalar whole_number(double v) {
  if (v >= -0x1p63 && v < 0x1p63) return static_cast<std::int64_t>(v);
  return v > 0 && v < 0x1p64 ? Scalar(static_cast<std::uint64_t>(v)) : Scalar::huge_integer(v);
}

DTypes compared_dtypes(DType a, DType b) {
  const DType promoted = promote(a, b);
  if (a == b) return {promoted};
  if (is_wide(a) && kind(b) == Kind::floating) return {a, DType::float64};
  if (is_wide(b) && kind(a) == Kind::floating) return {DType::float64, b};
  if (a == DType::uint64 && kind(b) == Kind::signed_integer) return {a, DType::int64};
  if (b == DType::uint64 && kind(a) == Kind::signed_integer) return {DType::int64, b};
  if (!is_integral(a) && !is_integral(b)) return {promoted};
  if (!is_half(promoted) && promoted != DType::float32 && promoted != DType::complex64) return {promoted};
  if (rounds_in_float32(a) || rounds_in_float32(b)) return {is_complex(promoted) ? DType::complex128 : DType::float64};
  return {is_half(promoted) ? DType::float32 : promoted};
}

DTypes compared_dtypes(std::span<const Operand> in) {
  if (in[0].is_tensor() && in[1].is_tensor()) return compared_dtypes(in[0].tensor().dtype(), in[1].tensor().dtype());
  const DType promoted = promoted_dtype(in);
  const Operand& tensor = in[0].is_tensor() ? in[0] : in[1];
  const DTypes d = tensor.is_tensor() ? compared_dtypes(tensor.tensor().dtype(), promoted) : DTypes{promoted};
  return d.one() ? d : DTypes{promoted};
}

Tensor compare_exactly(Op op, std::span<const Operand> in) {
  const Operand &a = in[0], &b = in[1];
  if (a.is_tensor() && b.is_tensor()) {
    const Tensor &x = a.tensor(), &y = b.tensor();
    const bool flip = is_wide(y.dtype());
    const Tensor &whole = flip ? y : x, &other = flip ? x : y;
    if (!is_wide(whole.dtype()) || !is_complex(other.dtype()) || info(op).rule != Rule::compare) return {};
    NoGrad guard;
    return with_complex(op, whole, other);
  }
  if (a.is_tensor() == b.is_tensor()) return {};
  const bool flip = b.is_tensor();
  const Tensor& t = flip ? b.tensor() : a.tensor();
  const Scalar& s = flip ? a.scalar() : b.scalar();
  if (!is_integral(t.dtype()) && !is_bool(t.dtype())) return {};
  if (s.is_floating()) return with_fraction(op, t, s.to<double>(), flip);
  if (s.is_complex() && info(op).rule == Rule::compare) {
    const complex128 z = s.to<complex128>();
    return z.im == 0 ? with_fraction(op, t, z.re, flip) : always(op == Op::ne, t);
  }
  if (!s.is_integral()) return {};
  if (is_bool(t.dtype())) return s.fits(DType::int64) ? Tensor() : always(holds(op, s.is_negative() == flip), t);
  if (!s.fits(t.dtype())) return always(holds(op, s.is_negative() == flip), t);
  if (s.promote_with(t.dtype()) == t.dtype()) return {};
  return compare(op, t, s.without_dtype(), flip);
}

}  // namespace tenon
