// The gradients of the elementwise primitives. For each a line: those of its inputs from the gradient g of its output,
// in tenon's own operations, so that higher derivatives and other devices come free.
// Complex gradients follow PyTorch's convention (the conjugate Wirtinger derivative): g * conj(dy/dx).
#include "autograd/derivatives.h"

#include <limits>
#include <numbers>

#include "autograd/elementwise_node.h"
#include "autograd/meta.h"
#include "core/errors.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon {
namespace derive {
namespace {

using std::numbers::ln10;
using std::numbers::ln2;
using std::numbers::pi;

using In = const Tensor&;

// What is masked is chosen, not multiplied: infinity times 0 is NaN.
Tensor zero(In g) { return where(false, g, 0); }
// The gradient of an operand that is the result unless it is `less` than the other one. Equal ones share it.
template <class L, class T>
auto unless(const L& less, const T& a, const T& b, const T& g) {
  return where(less, 0, where(eq(a, b), mul(g, 0.5), g));
}
// Not above 0, so that what overflows there has no part in higher derivatives.
template <class T>
auto negative_part(const T& a) {
  return where(gt(a, 0), 0, a);
}
// The distance of the point (a, b) from the origin, and 1 at the origin.
template <class T>
auto distance(const T& a, const T& b) {
  return hypot(where(logical_and(eq(a, 0), eq(b, 0)), 1, a), b);
}

// The second derivative of gelu_tanh(x) = x · s(t), s = sigmoid, t = x (b + c x²).
Tensor gelu_tanh_curvature(In whole) {
  constexpr double b = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi, c = 0.044715 * b;
  const Tensor x = clip(whole, -30, 30);  // beyond, it is 0
  const Tensor q = mul(square(x), c);
  const Tensor s = sigmoid(mul(x, add(q, b))), steepness = add(mul(q, 3), b);
  const Tensor bend = add(mul(mul(sub(1, mul(s, 2)), steepness), steepness), mul(x, 6 * c));
  return mul(mul(s, sub(1, s)), add(mul(steepness, 2), mul(x, bend)));
}

// The derivatives of the Bessel functions by series, where the usual formulas subtract nearly equal numbers: below kNear
// and beyond kFar.
constexpr double kNear = 0.25, kFar = 128;
template <class T>
auto series(const T& x, double constant, double slope) {
  return add(mul(x, slope), constant);
}
template <class T, class... C>
auto series(const T& x, double constant, C... rest) {
  return add(mul(x, series(x, rest...)), constant);
}
// I_1'(x) by its power series; with sign = -1 J_1'(x).
template <class T>
auto slope_1_near_0(const T& x, double sign) {
  const auto z = square(where(lt(abs(x), kNear), x, 0));
  return series(z, 1 / 2., sign * 3 / 16, 5 / 384., sign * 7 / 18432, 1 / 163840., sign * 11 / 176947200);
}
// s where d/dx (e^-x I_n(x)) = e^-x I_n(x) s / x for n = 0 and 1: the quotient of Hankel's series of I_0 and I_1 (DLMF
// 10.40.1). With sign = -1 that of e^x K_n(x) (10.40.2).
template <class T>
auto steepness_0(const T& x, double sign) {
  const auto w = reciprocal(where(gt(abs(x), kFar), abs(x), kFar));
  return series(w, -1 / 2., -sign / 8, -1 / 8., -sign * 25 / 128, -13 / 32., -sign * 1073 / 1024, -103 / 32.);
}
template <class T>
auto steepness_1(const T& x, double sign) {
  const auto w = reciprocal(where(gt(abs(x), kFar), abs(x), kFar));
  return series(w, -1 / 2., sign * 3 / 8, 3 / 8., sign * 63 / 128, 27 / 32., sign * 1899 / 1024, 81 / 16.);
}
// slope, and beyond kFar what the steepness says.
template <class T>
auto beyond(const T& x, const T& y, const T& steepness, const T& slope) {
  const auto far = gt(abs(x), kFar);
  return where(far, div(mul(y, steepness), where(far, x, 1)), slope);
}
// I_1' = I_0 - I_1 / x. Where y = I_1(x) overflows, its slope does.
Tensor i1_slope(In x, In y) {
  const Tensor near = fused("i1", [](const auto& x) { return slope_1_near_0(x, 1); }, x);
  return fused(
      "i1",
      [](const auto& x, const auto& y, const auto& near) {
        const auto small = lt(abs(x), kNear);
        return where(small, near, where(isinf(y), abs(y), sub(i0(x), div(y, where(small, 1, x)))));
      },
      x, y, near);
}
Tensor i0e_slope(In x, In y) {
  const Tensor steepness = fused("i0e", [](const auto& x) { return steepness_0(x, 1); }, x);
  return fused(
      "i0e",
      [](const auto& x, const auto& y, const auto& steepness) {
        return beyond(x, y, steepness, sub(i1e(x), mul(sign(x), y)));
      },
      x, y, steepness);
}
Tensor i1e_slope(In x, In y) {
  const Tensor near = fused("i1e", [](const auto& x) { return slope_1_near_0(x, 1); }, x);
  const Tensor slope = fused(
      "i1e",
      [](const auto& x, const auto& y, const auto& near) {
        const auto small = lt(abs(x), kNear);
        const auto unscaled = where(small, mul(near, exp(neg(abs(x)))), sub(i0e(x), div(y, where(small, 1, x))));
        return sub(unscaled, mul(sign(x), y));
      },
      x, y, near);
  const Tensor steepness = fused("i1e", [](const auto& x) { return steepness_1(x, 1); }, x);
  return fused(
      "i1e",
      [](const auto& x, const auto& y, const auto& steepness, const auto& slope) {
        return beyond(x, y, steepness, slope);
      },
      x, y, steepness, slope);
}

// J_1' = J_0 - J_1 / x.
Tensor j1_slope(In x, In y) {
  const Tensor near = fused("bessel_j1", [](const auto& x) { return slope_1_near_0(x, -1); }, x);
  return fused(
      "bessel_j1",
      [](const auto& x, const auto& y, const auto& near) {
        const auto small = lt(abs(x), kNear);
        return where(small, near, sub(bessel_j0(x), div(y, where(small, 1, x))));
      },
      x, y, near);
}
// With k = e^x K_n: k_0' = k_0 - k_1, k_1' = k_1 - k_0 - k_1 / x. Where y overflows, so does its slope.
template <class T>
auto k_slope(const T& y, const T& slope) {
  return where(isinf(y), neg(y), slope);
}
Tensor k0e_slope(In x, In y) {
  const Tensor steepness = fused("scaled_modified_bessel_k0", [](const auto& x) { return steepness_0(x, -1); }, x);
  return fused(
      "scaled_modified_bessel_k0",
      [](const auto& x, const auto& y, const auto& steepness) {
        return beyond(x, y, steepness, k_slope(y, sub(y, scaled_modified_bessel_k1(x))));
      },
      x, y, steepness);
}
Tensor k1e_slope(In x, In y) {
  const Tensor steepness = fused("scaled_modified_bessel_k1", [](const auto& x) { return steepness_1(x, -1); }, x);
  return fused(
      "scaled_modified_bessel_k1",
      [](const auto& x, const auto& y, const auto& steepness) {
        return beyond(x, y, steepness, k_slope(y, sub(sub(y, scaled_modified_bessel_k0(x)), div(y, x))));
      },
      x, y, steepness);
}

// The density b^(a - 1) e^-b / gamma(a), the derivative of P(a, b).
Tensor gamma_density(In a, In b) { return exp(sub(sub(xlogy(sub(a, 1), b), b), lgamma(a))); }

// Complex numbers have no order: there it is all but 0.
Tensor not_below_zero(In b) { return is_complex(b.dtype()) ? ne(b, 0) : ge(b, 0); }
steps::Value not_below_zero(const steps::Value& b) { return b.is_complex() ? ne(b, 0) : ge(b, 0); }

// For an operand that is a plain number, such as the order of polygamma.
[[noreturn]] Tensor no_gradient(const char* op) { errors::no_derivative(op); }

// ROW(op, what the gradient of a needs, that gradient[, the same for b[, and c]]); a, b, c, y, g are bound. A gradient
// of several steps is one pass (fused), so a formula is written for tensors and for values of a program at once; the
// OPS rows hold formulas that only tensors have.
// clang-format off
#define ROW_BEGIN(op, ka, kb, kc)                                                                    \
  case Op::op: {                                                                                     \
    static constexpr ElementwiseRow row{                                                             \
        true, {ka, kb, kc}, [](In g, In a, In b, In c, In y, const bool* need, Tensor* out) {        \
          (void)g, (void)a, (void)b, (void)c, (void)y;
#define ROW_END \
  }};           \
  return row;   \
  }
#define FUSED(op, formula)                                                                                    \
  fused(#op, [](const auto& g, const auto& a, const auto& b, const auto& c, const auto& y) {                  \
    (void)g, (void)a, (void)b, (void)c, (void)y;                                                              \
    return formula;                                                                                           \
  }, g, a, b, c, y)
#define ROW1(op, ka, da) ROW_BEGIN(op, ka, nothing, nothing) if (need[0]) out[0] = FUSED(op, da); ROW_END
#define ROW2(op, ka, da, kb, db) \
  ROW_BEGIN(op, ka, kb, nothing) \
  if (need[0]) out[0] = FUSED(op, da); \
  if (need[1]) out[1] = FUSED(op, db); \
  ROW_END
#define ROW3(op, ka, da, kb, db, kc, dc) \
  ROW_BEGIN(op, ka, kb, kc)              \
  if (need[0]) out[0] = FUSED(op, da); \
  if (need[1]) out[1] = FUSED(op, db); \
  if (need[2]) out[2] = FUSED(op, dc); \
  ROW_END
#define OPS1(op, ka, da) ROW_BEGIN(op, ka, nothing, nothing) if (need[0]) out[0] = da; ROW_END
#define OPS3(op, ka, da, kb, db, kc, dc) \
  ROW_BEGIN(op, ka, kb, kc)              \
  if (need[0]) out[0] = da;              \
  if (need[1]) out[1] = db;              \
  if (need[2]) out[2] = dc;              \
  ROW_END
#define OPS2(op, ka, da, kb, db) \
  ROW_BEGIN(op, ka, kb, nothing) \
  if (need[0]) out[0] = da;      \
  if (need[1]) out[1] = db;      \
  ROW_END
// clang-format on
#define NONDIFFERENTIABLE(op) case Op::op:

}  // namespace

const ElementwiseRow& elementwise(Op op) {
  switch (op) {
    // clang-format off
    ROW1(neg, nothing, neg(g))
    ROW1(positive, nothing, g)
    ROW1(abs, a, mul(g, sign(a)))
    ROW1(square, a, mul(g, mul(cj(a), 2)))
    ROW1(reciprocal, y, neg(mul(g, cj(square(y)))))
    ROW1(conj, nothing, cj(g))
    OPS1(angle, a, is_complex(a.dtype()) ? div(mul(mul(g, a), Scalar(complex128{0, 1})), square(abs(where(eq(a, 0), 1, a)))) : zero(g))
    ROW2(add, nothing, g, nothing, g)
    ROW2(sub, nothing, g, nothing, neg(g))
    ROW2(mul, b, mul(g, cj(b)), a, mul(g, cj(a)))
    ROW2(div, b, div(g, cj(b)), ab, neg(mul(g, cj(div(div(a, b), b)))))
    ROW2(remainder, nothing, g, ab, neg(mul(g, floor(div(a, b)))))
    ROW2(fmod, nothing, g, ab, neg(mul(g, trunc(div(a, b)))))
    // At 0 to the power 0, too, all derivatives by the base are 0.
    ROW2(pow, ab, where(eq(b, 0), 0, mul(g, cj(mul(b, pow(a, where(eq(b, 0), 0, sub(b, 1))))))),
              aby, mul(g, cj(mul(y, log(where(logical_and(eq(a, 0), not_below_zero(b)), 1, a))))))
    ROW2(maximum, ab, unless(lt(a, b), a, b, g), ab, unless(gt(a, b), a, b, g))
    ROW2(minimum, ab, unless(gt(a, b), a, b, g), ab, unless(lt(a, b), a, b, g))
    ROW2(fmax, ab, where(logical_or(ge(a, b), isnan(b)), g, 0), ab, where(logical_or(ge(a, b), isnan(b)), 0, g))
    ROW2(fmin, ab, where(logical_or(le(a, b), isnan(b)), g, 0), ab, where(logical_or(le(a, b), isnan(b)), 0, g))
    ROW2(hypot, ay, mul(g, div(a, y)), by, mul(g, div(b, y)))
    OPS2(copysign, ay, mul(g, where(eq(a, 0), 0, mul(sign(a), sign(y)))), nothing, zero(g))
    ROW3(clip, abc, where(logical_and(ge(a, b), le(a, c)), g, 0), abc, where(logical_and(lt(a, b), lt(b, c)), g, 0),
               abc, where(logical_or(gt(a, c), ge(b, c)), g, 0))
    ROW3(muladd, b, mul(g, cj(b)), a, mul(g, cj(a)), nothing, g)
    ROW3(lerp, c, mul(g, sub(1, cj(c))), c, mul(g, cj(c)), ab, mul(g, cj(sub(b, a))))
    OPS3(where, nothing, Tensor(), a, where(a, g, 0), a, where(a, 0, g))
    ROW1(frac, nothing, g)

    ROW1(exp, y, mul(g, cj(y)))
    ROW1(exp2, y, mul(g, mul(cj(y), ln2)))
    ROW1(expm1, y, mul(g, add(cj(y), 1)))
    ROW1(log, a, div(g, cj(a)))
    ROW1(log2, a, div(g, mul(cj(a), ln2)))
    ROW1(log10, a, div(g, mul(cj(a), ln10)))
    ROW1(log1p, a, div(g, add(cj(a), 1)))
    ROW1(sqrt, y, div(g, mul(cj(y), 2)))
    ROW1(rsqrt, y, mul(g, mul(cj(mul(square(y), y)), -0.5)))
    ROW1(cbrt, y, div(g, mul(square(y), 3)))
    ROW2(logaddexp, ab, mul(g, sigmoid(sub(a, b))), ab, mul(g, sigmoid(sub(b, a))))
    ROW2(logaddexp2, ab, mul(g, sigmoid(mul(sub(a, b), ln2))), ab, mul(g, sigmoid(mul(sub(b, a), ln2))))
    ROW2(ldexp, b, ldexp(g, b), y, mul(g, mul(y, ln2)))
    ROW2(xlogy, ab, mul(g, log(where(logical_and(eq(a, 0), le(b, 0)), 1, b))), ab, mul(g, div(a, b)))

    ROW1(sin, a, mul(g, cj(cos(a))))
    ROW1(cos, a, neg(mul(g, cj(sin(a)))))
    ROW1(tan, y, mul(g, cj(add(square(y), 1))))
    ROW1(asin, a, mul(g, cj(rsqrt(sub(1, square(a))))))
    ROW1(acos, a, neg(mul(g, cj(rsqrt(sub(1, square(a)))))))
    ROW1(atan, a, div(g, cj(add(square(a), 1))))
    ROW2(atan2, ab, mul(g, div(div(b, distance(a, b)), distance(a, b))),
                ab, neg(mul(g, div(div(a, distance(a, b)), distance(a, b)))))
    ROW1(sinh, a, mul(g, cj(cosh(a))))
    ROW1(cosh, a, mul(g, cj(sinh(a))))
    ROW1(tanh, y, mul(g, cj(sub(1, square(y)))))
    ROW1(asinh, a, mul(g, cj(rsqrt(add(square(a), 1)))))
    ROW1(acosh, a, mul(g, cj(mul(rsqrt(sub(a, 1)), rsqrt(add(a, 1))))))
    ROW1(atanh, a, div(g, cj(sub(1, square(a)))))
    ROW1(sinc, ay, mul(g, where(eq(a, 0), 0, div(sub(cos(mul(a, pi)), y), where(eq(a, 0), 1, a)))))
    ROW1(deg2rad, nothing, mul(g, pi / 180))
    ROW1(rad2deg, nothing, mul(g, 180 / pi))

    ROW1(erf, a, mul(g, mul(exp(neg(square(a))), 2 * std::numbers::inv_sqrtpi)))
    ROW1(erfc, a, mul(g, mul(exp(neg(square(a))), -2 * std::numbers::inv_sqrtpi)))
    ROW1(erfinv, y, mul(g, mul(exp(square(y)), 1 / std::numbers::inv_sqrtpi / 2)))
    ROW1(lgamma, a, mul(g, digamma(a)))
    ROW1(digamma, a, mul(g, trigamma(a)))
    ROW1(trigamma, a, mul(g, polygamma(2, a)))
    OPS2(polygamma, nothing, no_gradient("polygamma"), ab, mul(g, polygamma(add(a, 1), b)))
    OPS2(igamma, nothing, no_gradient("igamma"), ab, mul(g, gamma_density(a, b)))
    OPS2(igammac, nothing, no_gradient("igammac"), ab, neg(mul(g, gamma_density(a, b))))
    OPS2(zeta, nothing, no_gradient("zeta"), ab, neg(mul(g, mul(a, zeta(add(a, 1), b)))))
    ROW1(i0, a, mul(g, i1(a)))
    OPS1(i0e, ay, mul(g, i0e_slope(a, y)))
    OPS1(i1, ay, mul(g, i1_slope(a, y)))
    OPS1(i1e, ay, mul(g, i1e_slope(a, y)))
    ROW1(bessel_j0, a, neg(mul(g, bessel_j1(a))))
    OPS1(bessel_j1, ay, mul(g, j1_slope(a, y)))
    ROW1(bessel_y0, a, neg(mul(g, bessel_y1(a))))
    ROW1(bessel_y1, ay, mul(g, where(isinf(y), neg(y), sub(bessel_y0(a), div(y, a)))))
    ROW1(modified_bessel_k0, a, neg(mul(g, modified_bessel_k1(a))))
    ROW1(modified_bessel_k1, ay, neg(mul(g, add(modified_bessel_k0(a), div(y, a)))))
    OPS1(scaled_modified_bessel_k0, ay, mul(g, k0e_slope(a, y)))
    OPS1(scaled_modified_bessel_k1, ay, mul(g, k1e_slope(a, y)))
    ROW1(airy_ai, a, mul(g, airy_ai_slope(a)))
    ROW1(airy_ai_slope, a, mul(g, mul(a, airy_ai(a))))
    ROW1(sigmoid, y, mul(g, mul(y, sub(1, y))))
    ROW1(relu, y, where(le(y, 0), 0, g))
    ROW1(silu, a, mul(g, mul(sigmoid(a), add(1, mul(a, sub(1, sigmoid(a)))))))
    ROW1(gelu, a, mul(g, gelu_slope(a)))
    ROW1(gelu_slope, a, mul(g, mul(mul(sub(2, square(a)), exp(mul(square(a), -0.5))), std::numbers::inv_sqrtpi / std::numbers::sqrt2)))
    ROW1(gelu_tanh, a, mul(g, gelu_tanh_slope(a)))
    OPS1(gelu_tanh_slope, a, mul(g, gelu_tanh_curvature(a)))
    ROW1(softplus, a, mul(g, sigmoid(a)))
    ROW1(log_sigmoid, a, mul(g, sigmoid(neg(a))))
    ROW1(logit, a, div(g, where(logical_or(lt(a, 0), gt(a, 1)), std::numeric_limits<double>::quiet_NaN(), mul(a, sub(1, a)))))
    ROW2(leaky_relu, ab, where(gt(a, 0), g, mul(g, b)), a, mul(g, negative_part(a)))
    ROW2(elu, ab, where(gt(a, 0), g, mul(g, mul(b, exp(negative_part(a))))), a, mul(g, expm1(negative_part(a))))
    ROW1(copy, nothing, g)
    OPS1(sign, ay, is_complex(a.dtype()) ? where(eq(a, 0), 0, div(sub(g, mul(real(mul(g, cj(y))), y)), abs(where(eq(a, 0), 1, a)))) : zero(g))
    OPS1(floor, nothing, zero(g))
    OPS1(ceil, nothing, zero(g))
    OPS1(trunc, nothing, zero(g))
    OPS1(rint, nothing, zero(g))
    OPS2(floor_divide, nothing, zero(g), nothing, zero(g))
    // clang-format on

    NONDIFFERENTIABLE(nextafter)
    NONDIFFERENTIABLE(heaviside)
    NONDIFFERENTIABLE(gcd)
    NONDIFFERENTIABLE(lcm)
    NONDIFFERENTIABLE(eq)
    NONDIFFERENTIABLE(ne)
    NONDIFFERENTIABLE(lt)
    NONDIFFERENTIABLE(le)
    NONDIFFERENTIABLE(gt)
    NONDIFFERENTIABLE(ge)
    NONDIFFERENTIABLE(logical_not)
    NONDIFFERENTIABLE(logical_and)
    NONDIFFERENTIABLE(logical_or)
    NONDIFFERENTIABLE(logical_xor)
    NONDIFFERENTIABLE(bitwise_not)
    NONDIFFERENTIABLE(bitwise_and)
    NONDIFFERENTIABLE(bitwise_or)
    NONDIFFERENTIABLE(bitwise_xor)
    NONDIFFERENTIABLE(left_shift)
    NONDIFFERENTIABLE(right_shift)
    NONDIFFERENTIABLE(isnan)
    NONDIFFERENTIABLE(isinf)
    NONDIFFERENTIABLE(isfinite)
    NONDIFFERENTIABLE(isposinf)
    NONDIFFERENTIABLE(isneginf)
    NONDIFFERENTIABLE(signbit)
    NONDIFFERENTIABLE(count)
    break;
  }
  static constexpr ElementwiseRow none{false, {}, nullptr};
  return none;
}

}  // namespace derive

// ---- nodes of elementwise primitives ----

namespace {

class ElementwiseNode final : public Node {
 public:
  ElementwiseNode(Op op, const ElementwiseTypes& types)
      : Node(info(op).name.data()), row_(derive::elementwise(op)), types_(types) {}

  Grads backward(std::span<const Tensor> gs) override {
    const Tensor& g = gs[0];
    if (!row_.differentiable) errors::no_derivative(op());
    Tensor in[3];
    for (int i = 0; i < 3; ++i) in[i] = saved_[i].get();
    const Tensor y = saved_output_.get();
    bool needed[3] = {false, false, false};
    for (std::size_t i = 0; i < edges().size(); ++i) needed[i] = static_cast<bool>(edges()[i]);
    Tensor out[3];
    row_.backward(g.dtype() == types_.result ? g : to(g, types_.result), in[0], in[1], in[2], y, needed, out);
    return Grads(std::begin(out), std::begin(out) + edges().size());
  }
  void free_saved() override {
    for (auto& s : saved_) s = Saved();
    saved_output_ = Saved();
  }

  const derive::ElementwiseRow& row_;
  ElementwiseTypes types_;
  Saved saved_[3];
  Saved saved_output_;
};

}  // namespace

void record_elementwise(Op op, std::span<const Operand> operands, const ElementwiseTypes& types, const Tensor& y) {
  const derive::ElementwiseRow& row = derive::elementwise(op);
  // Bools and integers are constants. A number without a derivative gets a node that says so when it is asked:
  // leaving it out would be a silently wrong gradient.
  if (!is_differentiable(y.dtype())) return;
  auto node = Ref<ElementwiseNode>::adopt(new ElementwiseNode(op, types));
  // Each edge is looked up once: another thread may change what a leaf requires.
  std::vector<Edge> edges;
  edges.reserve(operands.size());
  unsigned kept = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    edges.push_back(operands[i].is_tensor() ? autograd::edge_of(operands[i].tensor()) : Edge());
    if (edges.back()) kept |= row.keep[i];
  }
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!(kept & (1u << i))) continue;
    // A number is kept as a constant of the dtype that it was computed in.
    const DType dtype = i == 0 && info(op).rule == Rule::select ? DType::bool_ : types.compute;
    node->saved_[i] =
        Saved(operands[i].is_tensor() ? operands[i].tensor() : Tensor::of(operands[i].scalar(), dtype, y.device()),
              info(op).name.data());
  }
  if (kept & derive::y) node->saved_output_ = Saved::output(y, info(op).name.data());
  autograd::attach(y, Ref<Node>::adopt(node.leak()), std::move(edges));
}

}  // namespace tenon
