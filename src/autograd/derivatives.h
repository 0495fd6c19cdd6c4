// The gradients of the primitives: for each a function that captures what backward needs. Called only where
// a gradient is recorded. derivatives*.cc are the files that know calculus.
#pragma once

#include <span>

#include "tenon/autograd.h"
#include "tenon/operand.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/index.h"

namespace tenon::derive {

// What a gradient needs of the operands and the output.
// clang-format off
enum Keep : unsigned { nothing = 0, a = 1, b = 2, c = 4, y = 8, ab = a | b, ay = a | y, by = b | y, aby = a | b | y, abc = a | b | c };
// clang-format on

struct ElementwiseRow {
  bool differentiable;
  unsigned keep[3];  // for the gradient of each operand; what none of the wanted ones needs is not kept
  // Gradients of the inputs, in their promoted shape and dtype; only those asked for.
  void (*backward)(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& y,
                   const bool needed[3], Tensor out[3]);
};
TENON_API const ElementwiseRow& elementwise(Op op);  // exported for the tests

// The others: one function each, with the operation's arguments.
Backward copy();
Backward to_device(Device from);
Backward as_strided(const Tensor& base, const Dims& shape, const Dims& strides, std::int64_t offset);
Backward permute(const Dims& axes);
Backward reshape(const Dims& from);
Backward expand(const Dims& from);
Backward slice(const Dims& from, int dim, std::int64_t start, std::int64_t length, std::int64_t step);
Backward select(const Dims& from, int dim, std::int64_t index);
Backward flip(const Dims& axes);
Backward diagonal(const Dims& from, std::int64_t offset, int dim1, int dim2);
Backward real(bool imaginary);
Backward view_as_real();
Backward view_as_complex();
Backward cat(std::vector<std::int64_t> sizes, int dim);
Backward stack(std::int64_t count, int dim);
BackwardOfMany split(const Dims& from, const Dims& sizes, int dim, DType dtype);
BackwardOfMany unbind(const Dims& part, int dim, DType dtype);
Backward index(const Dims& from, DType dtype, std::vector<Index> indices);
Backward index_put(std::vector<Index> indices, bool accumulate);
Backward sum(const Dims& from, const Dims& axes);
Backward prod(const Tensor& x, const Dims& axes, const Tensor& y);
Backward var(const Tensor& x, const Dims& axes, double correction);
BackwardOfMany var_mean(const Tensor& x, const Dims& axes, double correction);
Backward extremum(const Tensor& x, const Dims& axes, const Tensor& y, const char* op);
Backward cumsum(int dim);
Backward cumprod(const Tensor& x, int dim, const Tensor& y);
Backward linear_recurrence(const Tensor& a, int dim, const Tensor& y);
Backward softmax(int dim, const Tensor& y);
Backward log_softmax(int dim, const Tensor& y);
Backward matmul(const Tensor& a, const Tensor& b);
Backward norm2(const Tensor& x, const Dims& axes, const Tensor& y);
Backward addcmul(const Tensor& a, const Tensor& b, const Scalar& value);
Backward addcdiv(const Tensor& a, const Tensor& b, const Scalar& value);
Backward scaled_softplus(const Tensor& x, const double& beta, const double& threshold);
Backward hardtanh(const Tensor& x, const Scalar& low, const Scalar& high);
Backward hardsigmoid(const Tensor& x);
Backward hardswish(const Tensor& x);
Backward mish(const Tensor& x);
inline constexpr double kSeluAlpha = 1.6732632423543772, kSeluScale = 1.0507009873554805;  // Klambauer et al., 2017
Backward selu(const Tensor& x);
Backward celu(const Tensor& x, const double& alpha);
Backward softsign(const Tensor& x);
Backward tanhshrink(const Tensor& x);
Backward softshrink(const Tensor& x, const double& lambd);
Backward hardshrink(const Tensor& x, const double& lambd);
Backward threshold(const Tensor& x, const Scalar& limit, const Scalar& value);

BackwardOfMany eigh(const Tensor& w, const Tensor& v);
BackwardOfMany svd(const Tensor& u, const Tensor& s, const Tensor& vh);

// ---- what they share ----
// Conjugation costs nothing for real values.
inline Tensor cj(const Tensor& t) { return is_complex(t.dtype()) ? conj(t) : t; }
inline Tensor zeros_of(const Dims& shape, const Tensor& like) { return full(shape, 0, like.dtype(), like.device()); }

}  // namespace tenon::derive
