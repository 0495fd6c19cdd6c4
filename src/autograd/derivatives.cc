// The one file that knows calculus. For each primitive a line: the gradients of its inputs from the gradient g
// of its output, in tenon's own operations, so that higher derivatives and other devices come free.
// Complex gradients follow PyTorch's convention (the conjugate Wirtinger derivative): g * conj(dy/dx).
#include "autograd/derivatives.h"

#include <numbers>
#include <numeric>

#include "autograd/elementwise_node.h"
#include "autograd/meta.h"
#include "core/errors.h"
#include "plan/loop.h"

namespace tenon {
namespace derive {
namespace {

using std::numbers::ln10;
using std::numbers::ln2;
using std::numbers::pi;

// Conjugation costs nothing for real values.
Tensor cj(const Tensor& t) { return is_complex(t.dtype()) ? conj(t) : t; }
Tensor half_where_equal(const Tensor& a, const Tensor& b) {
  return mul(eq(a, b).to(real_dtype(promote(a.dtype(), b.dtype()))), 0.5);
}

using In = const Tensor&;

// ROW(op, what the gradient of a needs, that gradient[, the same for b[, and c]]); a, b, c, y, g are bound.
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
#define ROW1(op, ka, da) ROW_BEGIN(op, ka, nothing, nothing) if (need[0]) out[0] = da; ROW_END
#define ROW2(op, ka, da, kb, db) \
  ROW_BEGIN(op, ka, kb, nothing) \
  if (need[0]) out[0] = da;      \
  if (need[1]) out[1] = db;      \
  ROW_END
#define ROW3(op, ka, da, kb, db, kc, dc) \
  ROW_BEGIN(op, ka, kb, kc)              \
  if (need[0]) out[0] = da;              \
  if (need[1]) out[1] = db;              \
  if (need[2]) out[2] = dc;              \
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
    ROW1(angle, a, is_complex(a.dtype()) ? div(mul(mul(g, a), Scalar(complex128{0, 1})), square(abs(a))) : mul(g, 0))
    ROW2(add, nothing, g, nothing, g)
    ROW2(sub, nothing, g, nothing, neg(g))
    ROW2(mul, b, mul(g, cj(b)), a, mul(g, cj(a)))
    ROW2(div, b, div(g, cj(b)), ab, neg(mul(g, cj(div(div(a, b), b)))))
    ROW2(remainder, nothing, g, ab, neg(mul(g, floor(div(a, b)))))
    ROW2(fmod, nothing, g, ab, neg(mul(g, trunc(div(a, b)))))
    ROW2(pow, ab, where(eq(b, 0), 0, mul(g, cj(mul(b, pow(a, sub(b, 1)))))),
              aby, mul(g, cj(where(logical_and(eq(a, 0), is_complex(b.dtype()) ? ne(b, 0) : ge(b, 0)), 0, mul(y, log(a))))))
    ROW2(maximum, ab, mul(g, add(gt(a, b), half_where_equal(a, b))), ab, mul(g, add(lt(a, b), half_where_equal(a, b))))
    ROW2(minimum, ab, mul(g, add(lt(a, b), half_where_equal(a, b))), ab, mul(g, add(gt(a, b), half_where_equal(a, b))))
    ROW2(fmax, ab, mul(g, logical_or(ge(a, b), isnan(b))), ab, mul(g, logical_not(logical_or(ge(a, b), isnan(b)))))
    ROW2(fmin, ab, mul(g, logical_or(le(a, b), isnan(b))), ab, mul(g, logical_not(logical_or(le(a, b), isnan(b)))))
    ROW2(hypot, ay, mul(g, div(a, y)), by, mul(g, div(b, y)))
    ROW2(copysign, ay, mul(g, where(eq(a, 0), 0, mul(sign(a), sign(y)))), nothing, mul(g, 0))
    ROW3(clip, abc, mul(g, logical_and(ge(a, b), le(a, c))), abc, mul(g, logical_and(lt(a, b), lt(b, c))),
               abc, mul(g, logical_or(gt(a, c), ge(b, c))))
    ROW3(lerp, c, mul(g, sub(1, cj(c))), c, mul(g, cj(c)), ab, mul(g, cj(sub(b, a))))
    ROW3(where, nothing, Tensor(), a, where(a, g, 0), a, where(a, 0, g))
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
    ROW2(logaddexp, ay, mul(g, exp(sub(a, y))), by, mul(g, exp(sub(b, y))))
    ROW2(xlogy, ab, mul(g, where(logical_and(eq(a, 0), le(b, 0)), 0, log(b))), ab, mul(g, div(a, b)))

    ROW1(sin, a, mul(g, cj(cos(a))))
    ROW1(cos, a, neg(mul(g, cj(sin(a)))))
    ROW1(tan, y, mul(g, cj(add(square(y), 1))))
    ROW1(asin, a, mul(g, cj(rsqrt(sub(1, square(a))))))
    ROW1(acos, a, neg(mul(g, cj(rsqrt(sub(1, square(a)))))))
    ROW1(atan, a, div(g, cj(add(square(a), 1))))
    ROW2(atan2, ab, mul(g, div(b, add(square(a), square(b)))), ab, neg(mul(g, div(a, add(square(a), square(b))))))
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
    ROW1(lgamma, a, mul(g, digamma(a)))
    ROW1(digamma, a, mul(g, trigamma(a)))
    ROW1(sigmoid, y, mul(g, mul(y, sub(1, y))))
    ROW1(relu, y, mul(g, gt(y, 0)))
    ROW1(silu, a, mul(g, mul(sigmoid(a), add(1, mul(a, sub(1, sigmoid(a)))))))
    ROW1(gelu, a, mul(g, add(mul(erfc(mul(a, -std::numbers::sqrt2 / 2)), 0.5),
                             mul(mul(a, exp(mul(square(a), -0.5))), std::numbers::inv_sqrtpi / std::numbers::sqrt2))))
    ROW1(softplus, a, mul(g, sigmoid(a)))
    ROW1(copy, nothing, g)
    ROW1(sign, ay, is_complex(a.dtype()) ? div(mul(sub(g, mul(real(mul(g, cj(y))), y)), 1), abs(a)) : mul(g, 0))
    ROW1(floor, nothing, mul(g, 0))
    ROW1(ceil, nothing, mul(g, 0))
    ROW1(trunc, nothing, mul(g, 0))
    ROW1(rint, nothing, mul(g, 0))
    ROW2(floor_divide, nothing, mul(g, 0), nothing, mul(g, 0))
    // clang-format on

    NONDIFFERENTIABLE(trigamma)
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

// ---- the other primitives ----

namespace {

// A gradient of shape x with the reduced axes removed, back to x's number of dimensions.
Tensor restore(const Tensor& g, const Dims& from, const Dims& axes) {
  Dims kept = from;
  for (auto d : axes) kept[static_cast<int>(d)] = 1;
  return reshape(g, kept);
}

Tensor zeros_of(const Dims& shape, const Tensor& like) { return full(shape, 0, like.dtype(), like.device()); }

// Indices whose tensors must not change until backward has used them.
class SavedIndices {
 public:
  SavedIndices(std::vector<Index> indices, const char* op) : indices_(std::move(indices)) {
    int masks = 0;
    for (const Index& i : indices_) {
      const Tensor* t = std::get_if<Tensor>(&i);
      if (!t) continue;
      saved_.emplace_back(*t, op);
      masks += is_bool(t->dtype());
    }
    mask_ = masks == 1 && saved_.size() == 1;
  }
  std::vector<Index> get() const {
    for (const Saved& s : saved_) (void)s.get();  // throws if one was changed
    return indices_;
  }
  // One mask: no element is selected twice.
  bool is_mask() const { return mask_; }

 private:
  std::vector<Index> indices_;
  std::vector<Saved> saved_;
  bool mask_ = false;
};

Tensor swap(const Tensor& t) { return t.ndim() < 2 ? t : mT(t); }

}  // namespace

Backward copy() {
  return [](In g) -> Grads { return {g}; };
}
Backward to_device(Device from) {
  return [=](In g) -> Grads { return {to(g, {}, from)}; };
}

namespace {

// Adds g to the elements of the flat buffer that the geometry shows, as often as it shows them.
void add_strided(Tensor& flat, const Dims& shape, const Dims& strides, std::int64_t offset, const Tensor& g) {
  if (overlaps_itself(shape, strides)) {
    const Tensor places = arange(0, flat.numel(), 1, DType::int64, flat.device());
    const Index at[] = {tenon::as_strided(places, shape, strides, offset)};
    index_put_(flat, at, g, true);
  } else {
    Tensor target = tenon::as_strided(flat, shape, strides, offset);
    copy_(target, g);
  }
}

}  // namespace

// The elements of a view are added into a buffer laid out as the base is.
Backward as_strided(const Tensor& base, const Dims& shape, const Dims& strides, std::int64_t offset) {
  return [from = base.shape(), from_strides = base.strides(), shape, strides, offset](In g) -> Grads {
    // The view may show what lies beside the base in its storage; no gradient flows there.
    const Extent of_base = extent(from, from_strides), of_view = extent(shape, strides);
    const std::int64_t low = std::min(of_base.low, offset + of_view.low);
    const std::int64_t high = std::max(of_base.high, offset + of_view.high);
    Tensor flat = zeros_of({high - low + 1}, g);
    add_strided(flat, shape, strides, offset - low, g);
    const Tensor to_base = tenon::as_strided(flat, from, from_strides, -low);
    if (!overlaps_itself(from, from_strides)) return {to_base};
    // Elements of the base that lie on the same bytes share the gradient of those bytes.
    Tensor times = zeros_of(flat.shape(), g);
    add_strided(times, from, from_strides, -low, full(from, 1, g.dtype(), g.device()));
    return {div(to_base, tenon::as_strided(times, from, from_strides, -low))};
  };
}
Backward permute(const Dims& axes) {
  Dims inverse(axes.size());
  for (int i = 0; i < axes.size(); ++i) inverse[static_cast<int>(axes[i])] = i;
  return [inverse](In g) -> Grads { return {permute(g, inverse)}; };
}
Backward reshape(const Dims& from) {
  return [from](In g) -> Grads { return {reshape(g, from)}; };
}
Backward expand(const Dims&) {
  return [](In g) -> Grads { return {g}; };  // the engine adds up what was repeated
}
Backward slice(const Dims& from, int dim, std::int64_t start, std::int64_t length, std::int64_t step) {
  return [=](In g) -> Grads {
    Tensor z = zeros_of(from, g);
    Dims shape = z.shape(), strides = z.strides();
    const std::int64_t offset = start * strides[dim];
    shape[dim] = length;
    strides[dim] *= step;
    Tensor target = tenon::as_strided(z, shape, strides, offset);
    copy_(target, g);
    return {z};
  };
}
Backward select(const Dims& from, int dim, std::int64_t index) {
  return [=](In g) -> Grads {
    Tensor z = zeros_of(from, g);
    Tensor target = tenon::select(z, dim, index);
    copy_(target, g);
    return {z};
  };
}
Backward flip(const Dims& axes) {
  return [axes](In g) -> Grads { return {flip(g, axes)}; };
}
Backward diagonal(const Dims& from, std::int64_t offset, int dim1, int dim2) {
  return [=](In g) -> Grads {
    Tensor z = zeros_of(from, g);
    Tensor target = tenon::diagonal(z, offset, dim1, dim2);
    copy_(target, g);
    return {z};
  };
}
Backward real(bool imaginary) {
  return
      [=](In g) -> Grads { return {imaginary ? mul(g, Scalar(complex128{0, 1})) : to(g, complex_dtype(g.dtype()))}; };
}
Backward view_as_real() {
  return [](In g) -> Grads { return {view_as_complex(contiguous(g))}; };
}
Backward view_as_complex() {
  return [](In g) -> Grads { return {view_as_real(contiguous(g))}; };
}
Backward cat(std::vector<std::int64_t> sizes, int dim) {
  return [=](In g) -> Grads {
    Grads out;
    std::int64_t at = 0;
    for (auto n : sizes) {
      out.push_back(narrow(g, dim, at, n));
      at += n;
    }
    return out;
  };
}
Backward stack(std::int64_t count, int dim) {
  return [=](In g) -> Grads {
    Grads out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(tenon::select(g, dim, i));
    return out;
  };
}
Backward index(const Dims& from, DType dtype, std::vector<Index> indices) {
  return [=, at = SavedIndices(std::move(indices), "index")](In g) -> Grads {
    // An element that was taken many times adds up many gradients: in more than half precision.
    const bool narrow_float = is_floating(dtype) && itemsize(dtype) < 4;
    Tensor z = full(from, 0, narrow_float ? DType::float32 : dtype, g.device());
    index_put_(z, at.get(), g, !at.is_mask());
    return {z};
  };
}
Backward index_put(std::vector<Index> indices, bool accumulate) {
  return [=, at = SavedIndices(std::move(indices), "index_put_")](In g) -> Grads {
    const std::vector<Index> positions = at.get();
    const Tensor taken = tenon::index(g, positions);
    if (accumulate) return {g, taken};
    Tensor rest = clone(g);
    index_put_(rest, positions, Tensor::of(0, g.dtype(), g.device()), false);
    if (at.is_mask()) return {rest, taken};
    // Of values that went to the same element only the last one counts: each writes its number, and looks.
    Dims one_each = g.shape();
    int d = 0;
    for (const Index& i : positions) {
      if (std::holds_alternative<Ellipsis>(i)) continue;
      const Tensor* t = std::get_if<Tensor>(&i);
      const int span = t && is_bool(t->dtype()) ? t->ndim() : 1;
      if (!t) one_each[d] = 1;
      d += span;
    }
    for (; d < g.ndim(); ++d) one_each[d] = 1;
    Tensor owner = full(one_each, -1, DType::int64, g.device());
    const Tensor shape_only = tenon::index(owner, positions);
    const Tensor number =
        tenon::reshape(arange(0, shape_only.numel(), 1, DType::int64, g.device()), shape_only.shape());
    index_put_(owner, positions, number, false);
    const Tensor last = eq(tenon::index(owner, positions), number);
    return {rest, where(last, is_float8(g.dtype()) ? to(taken, DType::float32) : taken, 0)};
  };
}
Backward sum(const Dims& from, const Dims& axes) {
  return [=](In g) -> Grads { return {expand(restore(g, from, axes), from)}; };
}
Backward prod(const Tensor& x, const Dims& axes, const Tensor&) {
  // The product of all others, by products from the left and from the right: right where factors are zero.
  return [x = Saved(x, "prod"), axes](In g) -> Grads {
    const Tensor t = x.get();
    Dims order;
    std::int64_t n = 1;
    for (int d = 0; d < t.ndim(); ++d)
      if (!axes.contains(d)) order.push_back(d);
    for (auto d : axes) {
      order.push_back(d);
      n *= t.shape()[static_cast<int>(d)];
    }
    const Tensor moved = tenon::permute(t, order);
    Dims flat_shape(
        std::span<const std::int64_t>(moved.shape()).first(static_cast<std::size_t>(t.ndim() - axes.size())));
    flat_shape.push_back(n);
    const Tensor flat = tenon::reshape(moved, flat_shape);
    Dims one_shape = flat_shape;
    one_shape[one_shape.size() - 1] = std::min<std::int64_t>(n, 1);
    const Tensor one = full(one_shape, 1, t.dtype(), t.device());
    auto exclusive = [&](const Tensor& f) {
      const Tensor parts[] = {one, narrow(tenon::cumprod(f, -1), -1, 0, std::max<std::int64_t>(n - 1, 0))};
      return tenon::cat(parts, -1);
    };
    const Dims last{-1};
    const Tensor others = mul(exclusive(flat), flip(exclusive(flip(flat, last)), last));
    Dims g_shape = flat_shape;
    g_shape[g_shape.size() - 1] = 1;
    const Tensor d = mul(tenon::reshape(g, g_shape), cj(others));
    Dims inverse(order.size());
    for (int i = 0; i < order.size(); ++i) inverse[static_cast<int>(order[i])] = i;
    return {tenon::permute(tenon::reshape(d, moved.shape()), inverse)};
  };
}
Backward var(const Tensor& x, const Dims& axes, double correction) {
  return [x = Saved(x, "var"), axes, correction](In g) -> Grads {
    const Tensor t = x.get();
    double n = 1;
    for (auto d : axes) n *= static_cast<double>(t.shape()[static_cast<int>(d)]);
    return {mul(mul(restore(g, t.shape(), axes), 2 / (n - correction)), sub(t, mean(t, axes, true)))};
  };
}
Backward extremum(const Tensor& x, const Dims& axes, const Tensor& y, const char* op) {
  // Equal extrema share the gradient.
  return [x = Saved(x, op), y = Saved::output(y, op), axes](In g) -> Grads {
    const Tensor t = x.get();
    const Tensor same = to(eq(t, restore(y.get(), t.shape(), axes)), t.dtype());
    return {mul(restore(g, t.shape(), axes), div(same, sum(same, axes, true)))};
  };
}
Backward cumsum(int dim) {
  return [=](In g) -> Grads {
    const Dims d{dim};
    return {flip(tenon::cumsum(flip(g, d), dim), d)};
  };
}
Backward cumprod(const Tensor& x, int dim, const Tensor&) {
  return [x = Saved(x, "cumprod"), dim](In g) -> Grads {
    // dy_j/dx_i = prod of x_k, k <= j, k != i. The matrix of products over (i, j) is right where factors are zero.
    const Tensor t = movedim(x.get(), {dim}, {-1});
    const std::int64_t n = t.size(-1);
    if (n == 0) return {zeros_of(x.get().shape(), g)};
    Dims square = t.shape();
    square.insert(square.size() - 1, n);
    const Tensor diagonal = eye(n, {}, 0, DType::bool_, t.device());
    const Tensor factors = where(diagonal, 1, expand(unsqueeze(t, {-2}), square));  // row i: x with x_i = 1
    const Tensor products = triu(tenon::cumprod(factors, -1));
    const Tensor gt = unsqueeze(movedim(g, {dim}, {-1}), {-2});
    return {movedim(tenon::sum(mul(gt, cj(products)), Dims{-1}), {-1}, {dim})};
  };
}
Backward softmax(int dim, const Tensor& y) {
  return [y = Saved::output(y, "softmax"), dim](In g) -> Grads {
    const Tensor p = y.get();
    return {mul(p, sub(g, sum(mul(g, p), Dims{dim}, true)))};
  };
}
Backward log_softmax(int dim, const Tensor& y) {
  return [y = Saved::output(y, "log_softmax"), dim](In g) -> Grads {
    return {sub(g, mul(exp(y.get()), sum(g, Dims{dim}, true)))};
  };
}
Backward matmul(const Tensor& x, const Tensor& z) {
  const bool nx = autograd::needs_grad(x), nz = autograd::needs_grad(z);
  // Each operand is kept only where the other needs it.
  return [x = nz ? Saved(x, "matmul") : Saved(), z = nx ? Saved(z, "matmul") : Saved(), nx, nz, dx = x.ndim(),
          dz = z.ndim()](In g) -> Grads {
    // A vector takes part as a matrix of one row (or column).
    Tensor gm = dz == 1 ? unsqueeze(g, {-1}) : g;
    if (dx == 1) gm = unsqueeze(gm, {-2});
    Grads out(2);
    if (nx) {
      const Tensor q = z.get();
      out[0] = tenon::matmul(gm, cj(swap(dz == 1 ? unsqueeze(q, {1}) : q)));
      // The engine adds up batches; a vector's extra dimension goes here.
      if (dx == 1) out[0] = squeeze(out[0], Dims{-2});
    }
    if (nz) {
      const Tensor p = x.get();
      Tensor pm = dx == 1 ? unsqueeze(p, {0}) : p;
      if (dx > 2 && dz <= 2) {
        // A stack times one matrix: the sum over the stack is part of a single product.
        const std::int64_t rows =
            std::accumulate(pm.shape().begin(), pm.shape().end() - 1, std::int64_t{1}, std::multiplies<>());
        pm = tenon::reshape(pm, {rows, pm.size(-1)});
        gm = tenon::reshape(gm, {rows, gm.size(-1)});
      }
      out[1] = tenon::matmul(cj(swap(pm)), gm);
      if (dz == 1) out[1] = squeeze(out[1], Dims{-1});
    }
    return out;
  };
}
Backward norm2(const Tensor& x, const Dims& axes, const Tensor& y) {
  return [x = Saved(x, "norm"), y = Saved::output(y, "norm"), axes](In g) -> Grads {
    const Tensor t = x.get(), n = restore(y.get(), t.shape(), axes);
    return {mul(restore(g, t.shape(), axes), where(eq(n, 0), 0, div(t, n)))};
  };
}

}  // namespace derive

// ---- nodes of elementwise primitives ----

namespace {

class ElementwiseNode final : public Node {
 public:
  ElementwiseNode(Op op, const ElementwiseTypes& types)
      : Node(info(op).name.data()), row_(derive::elementwise(op)), types_(types) {}

  Grads backward(const Tensor& g) override {
    if (!row_.differentiable) errors::no_derivative(op());
    Tensor in[3];
    for (int i = 0; i < 3; ++i) in[i] = saved_[i].get();
    const Tensor y = saved_output_.get();
    bool needed[3] = {false, false, false};
    for (std::size_t i = 0; i < edges.size(); ++i) needed[i] = static_cast<bool>(edges[i]);
    Tensor out[3];
    row_.backward(g.dtype() == types_.result ? g : to(g, types_.result), in[0], in[1], in[2], y, needed, out);
    return Grads(std::begin(out), std::begin(out) + edges.size());
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
  Tensor inputs[3];
  unsigned kept = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].is_tensor()) continue;
    inputs[i] = operands[i].tensor();
    if (autograd::needs_grad(inputs[i])) kept |= row.keep[i];
  }
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!(kept & (1u << i))) continue;
    // A number is kept as a constant of the dtype that it was computed in.
    const DType dtype = i == 0 && info(op).rule == Rule::select ? DType::bool_ : types.compute;
    node->saved_[i] = Saved(operands[i].is_tensor() ? inputs[i] : Tensor::of(operands[i].scalar(), dtype, y.device()),
                            info(op).name.data());
  }
  if (kept & derive::y) node->saved_output_ = Saved::output(y, info(op).name.data());
  autograd::attach(y, Ref<Node>(node.get()), {inputs, operands.size()});
}

}  // namespace tenon
