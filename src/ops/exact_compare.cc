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

Scalar whole_number(double v) {
  if (v >= -0x1p63 && v < 0x1p63) return static_cast<std::int64_t>(v);
  return v > 0 && v < 0x1p64 ? Scalar(static_cast<std::uint64_t>(v)) : Scalar::huge_integer(v);
}

// int64 with uint64: below zero the signed one is less; from there on both are unsigned.
Tensor with_unsigned(Op op, const Tensor& a, const Tensor& b, bool flip) {
  const Tensor below = lt(a, 0);
  const Tensor above = compare(op, to(a, DType::uint64), b, flip);
  return holds(op, !flip) ? logical_or(below, above) : logical_and(logical_not(below), above);
}

// Whether float64 holds all elements. Read on the CPU alone, where that waits for nobody.
bool fits_float64(const Tensor& whole) {
  if (!whole.device().is_cpu()) return false;
  const bool is_signed = whole.dtype() == DType::int64;
  if (whole.is_contiguous() && whole.numel() <= 4096) {  // a reduction's call would take longer
    const auto* values = static_cast<const std::uint64_t*>(static_cast<const void*>(whole.data()));
    std::uint64_t bits = 0;
    for (std::int64_t i = 0; i < whole.numel(); ++i) bits |= values[i] + (is_signed ? std::uint64_t{1} << 53 : 0);
    return bits >> (is_signed ? 54 : 53) == 0;
  }
  if (whole.numel() == 0) return true;
  if (amax(whole).item().to<double>() >= 0x1p53) return false;  // 2**53 + 1 is rounded to 2**53 here
  return !is_signed || amin(whole).item().to<double>() > -0x1p53;
}

// 64-bit integers with floats. float64 rounds them, which keeps the order: only where it calls them equal, what was
// rounded away decides.
Tensor with_floats(Op op, const Tensor& whole, const Tensor& real, bool flip) {
  if (fits_float64(whole)) return {};
  const Tensor r = to(real, DType::float64), w = to(whole, DType::float64);
  const Tensor tied = logical_and(eq(w, r), ge(abs(r), 0x1p53));
  // From 2**53 on floats are even. Their halves have room in the integers' dtype, which 2**63 and 2**64 have not.
  const Tensor half = to(where(tied, mul(r, 0.5), 0), whole.dtype());
  const Tensor rest = to(sub(whole, mul(half, 2)), DType::int64);
  return where(tied, compare(op, rest, 0, flip), compare(op, w, r, flip));
}

// Integers with a float: t < 2.5 is t < 3, and t > 2.5 is t > 2.
Tensor with_fraction(Op op, const Tensor& t, double v, bool flip) {
  const bool equality = op == Op::eq || op == Op::ne;
  if (v != v || (equality && v != std::floor(v))) return always(op == Op::ne, t);
  const bool up = (op == Op::lt || op == Op::ge) != flip;
  return compare(op, t, whole_number(up ? std::ceil(v) : std::floor(v)), flip);
}

Tensor compare_tensors(Op op, const Tensor& a, const Tensor& b) {
  const DType x = a.dtype(), y = b.dtype();
  if (x == DType::uint64 && kind(y) == Kind::signed_integer) return with_unsigned(op, b, a, true);
  if (y == DType::uint64 && kind(x) == Kind::signed_integer) return with_unsigned(op, a, b, false);
  const bool flip = is_wide(y);
  const Tensor &whole = flip ? b : a, &other = flip ? a : b;
  if (!is_wide(whole.dtype())) return {};
  if (is_complex(other.dtype()) && info(op).rule == Rule::compare) {
    const Tensor same = logical_and(eq(whole, real(other)), eq(imag(other), 0));
    return op == Op::eq ? same : logical_not(same);
  }
  return kind(other.dtype()) == Kind::floating ? with_floats(op, whole, other, flip) : Tensor();
}

}  // namespace

DType compared_dtype(std::span<const Operand> in) {
  const DType promoted = promoted_dtype(in);
  if (!is_half(promoted) && promoted != DType::float32 && promoted != DType::complex64) return promoted;
  for (const Operand& o : in)
    if (o.is_tensor() && rounds_in_float32(o.tensor().dtype()))
      return is_complex(promoted) ? DType::complex128 : DType::float64;
  return promoted;
}

Tensor compare_exactly(Op op, std::span<const Operand> in) {
  const Operand &a = in[0], &b = in[1];
  if (a.is_tensor() && b.is_tensor()) {
    if (!is_integral(a.tensor().dtype()) && !is_integral(b.tensor().dtype())) return {};
    NoGrad guard;
    return compare_tensors(op, a.tensor(), b.tensor());
  }
  if (a.is_tensor() == b.is_tensor()) return {};
  const bool flip = b.is_tensor();
  const Tensor& t = flip ? b.tensor() : a.tensor();
  const Scalar& s = flip ? a.scalar() : b.scalar();
  if (!is_integral(t.dtype())) return {};
  if (s.is_floating()) return with_fraction(op, t, s.to<double>(), flip);
  if (!s.is_integral()) return {};
  if (!s.fits(t.dtype())) return always(holds(op, s.is_negative() == flip), t);
  if (s.promote_with(t.dtype()) == t.dtype()) return {};
  return compare(op, t, s.without_dtype(), flip);
}

}  // namespace tenon
