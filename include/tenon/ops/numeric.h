// Elementwise operations that are made of several primitives, or take more than operands.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// ---- numeric.cc ----
// a + alpha * b and a - alpha * b, with one rounding in half precision. Throws TypeError for an alpha of a higher kind
// than the sum's dtype. add_ and sub_ write into self, as elementwise_.
TENON_API Tensor add(const Operand& a, const Operand& b, const Scalar& alpha);
TENON_API Tensor sub(const Operand& a, const Operand& b, const Scalar& alpha);
TENON_API Tensor& add_(Tensor& self, const Operand& b, const Scalar& alpha);
TENON_API Tensor& sub_(Tensor& self, const Operand& b, const Scalar& alpha);

enum class Rounding : std::uint8_t { floor, trunc };
// "floor" or "trunc"; ValueError for another name.
TENON_API Rounding rounding(const std::string& name);
// The quotient, rounded down or towards zero. Integers stay integers, exactly; divided by zero they give 0. The
// gradient is 0.
TENON_API Tensor div(const Operand& a, const Operand& b, Rounding rounding);
// The quotient, rounded down, and the remainder, which has the sign of b.
TENON_API std::pair<Tensor, Tensor> divmod(const Operand& a, const Operand& b);

// x limited to [low, high]; a bound may be missing, of none it is a copy. An integer bound beyond the dtype on the side
// where it limits nothing counts as the dtype's own. At a bound the gradient is x's. With out, as elementwise.
TENON_API Tensor clamp(const Operand& x, const std::optional<Operand>& low, const std::optional<Operand>& high,
                       const Tensor* out = nullptr);
TENON_API Tensor& clamp_(Tensor& self, const std::optional<Operand>& low, const std::optional<Operand>& high);

// The nearest number with so many decimals, ties to even; negative ones round to tens, hundreds, ... Integers exactly;
// floats are scaled, rounded and scaled back, as NumPy does it. Throws DtypeError for bool and float8.
TENON_API Tensor round(const Tensor& t, std::int64_t decimals = 0);
// a to the power b in float64, or complex128.
TENON_API Tensor float_power(const Operand& a, const Operand& b);
// |x| as a float. Throws DtypeError for complex numbers and float8.
TENON_API Tensor fabs(const Tensor& x);
// The fraction, with the sign of x, and the integral part.
TENON_API std::pair<Tensor, Tensor> modf(const Tensor& x);
// m in [0.5, 1) with the sign of x and an int32 e, so that x is m * 2**e exactly; x itself and 0 for 0, infinity and
// NaN. The gradient flows through m.
TENON_API std::pair<Tensor, Tensor> frexp(const Tensor& x);
// logit of x limited to [eps, 1 - eps].
TENON_API Tensor logit(const Operand& x, double eps);

// ---- activations, with PyTorch's parameters ----
enum class Gelu : std::uint8_t { none, tanh };
TENON_API Gelu gelu_approximation(const std::string& name);  // "none" or "tanh"; ValueError for another
// tanh: 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))).
TENON_API Tensor gelu(const Operand& x, Gelu approximation);
// log(1 + exp(beta * x)) / beta, and x where beta * x is above the threshold.
TENON_API Tensor softplus(const Operand& x, double beta, double threshold);

// ---- questions and choices ----
// The imaginary parts: a view of a complex tensor, of a real one zeros that cannot be written.
TENON_API Tensor imaginary(const Tensor& t);
// x where the condition holds by truth value, y elsewhere.
TENON_API Tensor where_true(const Tensor& condition, const Operand& x, const Operand& y);
// Whether the imaginary part is 0, or is not. bool.
TENON_API Tensor isreal(const Tensor& t);
TENON_API Tensor iscomplex(const Tensor& t);
// equal(), where NaN may equal NaN; and equality of the elements after broadcasting, false where shapes do not fit.
TENON_API bool array_equal(const Tensor& a, const Tensor& b, bool equal_nan = false);
TENON_API bool array_equiv(const Tensor& a, const Tensor& b);
// The choice whose condition is the first to hold (by truth value), otherwise the default; all of them take part in the
// promotion, numbers weakly. Throws ValueError for another number of choices than of conditions.
TENON_API Tensor select(std::span<const Tensor> conditions, std::span<const Operand> choices,
                        const Operand& otherwise = 0);

}  // namespace tenon
