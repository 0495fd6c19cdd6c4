// The methods of NumPy's ufuncs on every elementwise operation.
#include "tenon/ops/ufunc.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// How an operation may be reduced. What is not named here has no identity and is done element after element, which is
// right for every operation.
struct Algebra {
  bool associative = false;  // and commutative
  bool idempotent = false;   // op(x, x) is x
};
Algebra algebra(Op op) {
  switch (op) {
    case Op::add:
    case Op::mul:
    case Op::hypot:
    case Op::logaddexp:
    case Op::logaddexp2:
    case Op::logical_xor:
    case Op::bitwise_xor: return {true, false};
    case Op::maximum:
    case Op::minimum:
    case Op::fmax:
    case Op::fmin:
    case Op::logical_and:
    case Op::logical_or:
    case Op::bitwise_and:
    case Op::bitwise_or:
    case Op::gcd:
    case Op::lcm: return {true, true};
    default: return {};
  }
}

Tensor apply(Op op, const Operand& a, const Operand& b) {
  const Operand ab[] = {a, b};
  return elementwise(op, ab);
}

std::string method(Op op, const char* name) { return std::string(info(op).name) + "." + name; }

void check_binary(Op op, const std::string& name) {
  if (info(op).arity != 2) errors::fail(name, "it is there for operations of two operands");
}

// t in the dtype in which op joins its elements. A result becomes an operand again, so both have one dtype.
Tensor prepared(Op op, const std::string& name, const Tensor& t, std::optional<DType> dtype) {
  if (dtype && *dtype != t.dtype()) return prepared(op, name, to(t, dtype), {});
  const Rule rule = info(op).rule;
  if (rule == Rule::logical) return ne(t, 0);
  const DType result = elementwise_types(op, t.dtype()).result;
  if (is_bool(result) && !is_bool(t.dtype()))
    errors::dtype_not_supported(name, t.dtype(), "bool, which its results are");
  if (algebra(op).associative && is_half(result)) return to(t, DType::float32);
  return to(t, result);
}

// What prepared() made float32 of half precision is rounded to it at the end; bools stay bools.
DType rounded(DType given, DType computed) { return is_half(given) && computed == DType::float32 ? given : computed; }

// The elements along axes as dimension 0 of a tensor with the other dimensions behind it.
Tensor lines(const Tensor& t, const Dims& axes) {
  Dims order = axes, shape{1};
  std::sort(order.begin(), order.end());
  for (const auto d : order) shape[0] *= t.shape()[static_cast<int>(d)];
  for (int d = 0; d < t.ndim(); ++d) {
    if (axes.contains(d)) continue;
    order.push_back(d);
    shape.push_back(t.shape()[d]);
  }
  return reshape(permute(t, order), shape);
}

// op of the n >= 1 elements of dimension 0: the first half with the second one, until one is left.
Tensor halve(Op op, Tensor x) {
  Tensor odd;
  std::int64_t n = x.shape()[0];
  while (n > 1) {
    const std::int64_t half = n / 2;
    if (n % 2) {
      const Tensor last = select(x, 0, n - 1);
      odd = odd.defined() ? apply(op, last, odd) : last;
    }
    x = apply(op, narrow(x, 0, 0, half), narrow(x, 0, half, half));
    n = half;
  }
  x = select(x, 0, 0);
  return odd.defined() ? apply(op, x, odd) : x;
}

// From the first to the last. first may be undefined, mask too.
Tensor fold(Op op, const Tensor& x, Tensor first, const Tensor& mask) {
  std::int64_t i = 0;
  if (!first.defined()) first = select(x, 0, i++);
  for (; i < x.shape()[0]; ++i) {
    const Tensor next = apply(op, first, select(x, 0, i));
    first = mask.defined() ? where(select(mask, 0, i), next, first) : next;
  }
  return first;
}

// What has a kernel or a formula of its own; undefined for the rest. x is as t was given, in its own dtype.
Tensor by_kernel(Op op, const Tensor& x, const Dims& axes, bool keepdim, std::optional<DType> dtype) {
  switch (op) {
    case Op::add: return sum(x, axes, keepdim, dtype);
    case Op::mul: return prod(x, axes, keepdim, dtype);
    case Op::logical_and: return all(x, axes, keepdim);
    case Op::logical_or: return any(x, axes, keepdim);
    case Op::logical_xor: return ne(remainder(count_nonzero(x, axes, keepdim), 2), 0);
    case Op::logaddexp: return logsumexp(dtype ? to(x, dtype) : x, axes, keepdim);
    case Op::maximum: return amax(dtype ? to(x, dtype) : x, axes, keepdim);
    case Op::minimum: return amin(dtype ? to(x, dtype) : x, axes, keepdim);
    default: return {};
  }
}

// initial as a tensor of the result's dtype, where it fits.
Tensor start(const Operand& initial, const Tensor& like) {
  if (initial.is_tensor()) return to(initial.tensor(), like.dtype(), like.device());
  return full({}, initial.scalar(), like.dtype(), like.device());
}

}  // namespace

bool can_cast(DType from, DType to, Casting casting) {
  if (casting == Casting::unsafe || from == to) return true;
  const Kind k = kind(from);
  if (casting == Casting::same_kind)
    return can_cast_same_kind(from, to) && !(k == Kind::signed_integer && kind(to) == Kind::unsigned_integer);
  if (casting != Casting::safe || is_float8(from) || is_float8(to) || promote(from, to) != to) return false;
  // Promotion keeps the float's dtype, whose digits may be fewer than the integer's.
  return !is_integral(from) || !is_differentiable(to) || itemsize(real_dtype(to)) == 8 ||
         itemsize(real_dtype(to)) > itemsize(from);
}

namespace ufunc {

std::optional<Scalar> identity(Op op, DType dtype) {
  switch (op) {
    case Op::add:
    case Op::bitwise_or:
    case Op::bitwise_xor:
    case Op::hypot:
    case Op::gcd: return is_bool(dtype) ? Scalar(false) : Scalar(0);
    case Op::mul: return is_bool(dtype) ? Scalar(true) : Scalar(1);
    case Op::logical_or:
    case Op::logical_xor: return Scalar(false);
    case Op::logical_and: return Scalar(true);
    case Op::bitwise_and:
      if (is_bool(dtype)) return Scalar(true);
      return kind(dtype) == Kind::unsigned_integer ? Scalar(~std::uint64_t{0} >> (64 - 8 * itemsize(dtype)))
                                                   : Scalar(-1);
    case Op::logaddexp:
    case Op::logaddexp2: return Scalar(-INFINITY);
    default: return {};
  }
}

Tensor reduce(Op op, const Tensor& t, const Axes& dims, bool keepdim, std::optional<DType> dtype, const Tensor& mask,
              const std::optional<Operand>& initial) {
  const std::string name = method(op, "reduce");
  check_binary(op, name);
  const Algebra rules = algebra(op);
  const Dims axes = normalize_axes(name, dims, t.ndim());
  if (axes.size() > 1 && !rules.associative)
    errors::fail(name, "the operation is not associative, so that the order of several dimensions would matter; got ",
                 axes, "; reduce one dimension");
  Tensor x = t;
  std::optional<Scalar> neutral = identity(op, t.dtype());
  Tensor taking_part;
  if (mask.defined()) {
    if (!is_bool(mask.dtype())) errors::dtype_not_supported(name, mask.dtype(), "a bool where=");
    if (!neutral && !initial) errors::fail(name, "where= needs initial=, the result where no element takes part");
    if (broadcast_shapes(name, mask.shape(), t.shape()) != t.shape())
      errors::cannot_expand(name, mask.shape(), t.shape());
    if (neutral) x = where(mask, t, *neutral);
    else if (rules.idempotent) x = where(mask, t, start(*initial, t));
    else taking_part = expand(mask, t.shape());
  }
  std::int64_t count = 1;
  for (const auto d : axes) count *= t.shape()[static_cast<int>(d)];
  Dims kept_ones = t.shape(), kept;
  for (int d = 0; d < t.ndim(); ++d)
    if (axes.contains(d)) kept_ones[d] = 1;
    else kept.push_back(t.shape()[d]);
  const Dims& shape = keepdim ? kept_ones : kept;
  if (count == 0 && !neutral) {
    if (!initial) errors::empty_reduction(name, t.shape(), "dimensions " + axes.str());
    const Tensor none = prepared(op, name, t, dtype);
    const DType result = rounded(dtype.value_or(t.dtype()), none.dtype());
    return clone(expand(to(start(*initial, none), result), shape));
  }
  if (!taking_part.defined()) {
    if (Tensor y = by_kernel(op, x, axes, keepdim, dtype); y.defined()) {
      return initial ? apply(op, start(*initial, y), y) : y;
    }
  }
  const Tensor values = prepared(op, name, x, dtype);
  const DType result = rounded(dtype.value_or(t.dtype()), values.dtype());
  if (count == 0) {
    const Tensor none = full(shape, *identity(op, values.dtype()), result, t.device());
    return initial ? apply(op, start(*initial, none), none) : none;
  }
  const Tensor line = lines(values, axes);
  Tensor y;
  if (rules.associative && !taking_part.defined()) {
    y = halve(op, line);
    if (initial) y = apply(op, start(*initial, y), y);
  } else {
    Tensor first;
    if (initial) first = expand(start(*initial, line), select(line, 0, 0).shape());
    y = fold(op, line, first, taking_part.defined() ? lines(taking_part, axes) : Tensor());
  }
  y = to(reshape(y, shape), result);
  return y.storage().data() == t.storage().data() ? clone(y) : y;  // of one element it is t's own
}

Tensor accumulate(Op op, const Tensor& t, std::int64_t dim, std::optional<DType> dtype) {
  const std::string name = method(op, "accumulate");
  check_binary(op, name);
  const int d = normalize_axis(name, dim, t.ndim());
  if (t.ndim() == 0) errors::wrong_ndim(name, 0, "one dimension at least");
  if (op == Op::add) return cumsum(t, d, dtype);
  if (op == Op::mul) return cumprod(t, d, dtype);
  Tensor y = prepared(op, name, t, dtype);
  const DType result = rounded(dtype.value_or(t.dtype()), y.dtype());
  const std::int64_t n = t.shape()[d];
  if (n < 2) return to(y, result, {}, true);
  if (algebra(op).associative) {
    // Each pass doubles how many elements a result stands for (Hillis and Steele 1986).
    for (std::int64_t step = 1; step < n; step *= 2) {
      const Tensor parts[] = {narrow(y, d, 0, step),
                              apply(op, narrow(y, d, 0, n - step), narrow(y, d, step, n - step))};
      y = cat(parts, d);
    }
    return to(y, result);
  }
  std::vector<Tensor> parts{select(y, d, 0)};
  for (std::int64_t i = 1; i < n; ++i) parts.push_back(apply(op, parts.back(), select(y, d, i)));
  return to(stack(parts, d), result);
}

Tensor reduceat(Op op, const Tensor& t, const Dims& indices, std::int64_t dim, std::optional<DType> dtype) {
  const std::string name = method(op, "reduceat");
  check_binary(op, name);
  if (t.ndim() == 0) errors::wrong_ndim(name, 0, "one dimension at least");
  const int d = normalize_axis(name, dim, t.ndim());
  const std::int64_t n = t.shape()[d];
  for (const auto i : indices)
    if (i < 0 || i >= n) errors::index_out_of_range(name, i, d, n);
  if (indices.empty()) return reduce(op, narrow(t, d, 0, 0), Dims{}, false, dtype);
  std::vector<Tensor> parts;
  for (int k = 0; k < indices.size(); ++k) {
    const std::int64_t from = indices[k], until = k + 1 < indices.size() ? indices[k + 1] : n;
    parts.push_back(reduce(op, narrow(t, d, from, std::max<std::int64_t>(until - from, 1)), Dims{d}, true, dtype));
  }
  return cat(parts, d);
}

Tensor outer(Op op, const Tensor& a, const Tensor& b) {
  check_binary(op, method(op, "outer"));
  Dims shape = a.shape();
  for (int d = 0; d < b.ndim(); ++d) shape.push_back(1);
  return apply(op, reshape(a, shape), b);
}

void at_(Op op, Tensor& t, std::span<const Index> indices, const std::optional<Operand>& values) {
  const std::string name = method(op, "at");
  const int arity = info(op).arity;
  if (arity > 2) errors::fail(name, "it is there for operations of one and two operands");
  if (values.has_value() != (arity == 2))
    errors::fail(name, arity == 2 ? "the values are missing" : "an operation of one operand takes no values");
  if (op == Op::add || op == Op::sub) {
    const Tensor change = values->is_tensor() ? values->tensor() : full({}, values->scalar(), {}, t.device());
    // A number joins weakly: it takes the tensor's dtype where that is of its kind.
    const Tensor own =
        values->is_tensor() ? change : full({}, values->scalar(), values->scalar().promote_with(t.dtype()), t.device());
    if (!can_cast_same_kind(own.dtype(), t.dtype())) errors::result_does_not_fit(name, own.dtype(), t.dtype());
    // In t's dtype first: a uint8 and the least int8 have no negative of their own.
    if (op == Op::add) return index_put_(t, indices, own, true);
    if (!is_bool(own.dtype())) return index_put_(t, indices, neg(to(own, t.dtype())), true);
  }
  // Where each value goes in the flattened tensor, in the order of the indices.
  const Tensor flat_positions = reshape(arange(0, t.numel(), 1, DType::int64, t.device()), t.shape());
  const Tensor chosen = index(flat_positions, indices);
  const Tensor where_to = reshape(chosen, {-1});
  Tensor operand;
  if (values) {
    const Tensor v = values->is_tensor()
                         ? values->tensor()
                         : full({}, values->scalar(), values->scalar().promote_with(t.dtype()), t.device());
    operand = reshape(expand(v, chosen.shape()), {-1});
  }
  const std::int64_t n = where_to.numel();
  if (n == 0) return;
  // Equal positions are a run of the sorted ones; the k-th of each run belongs to pass k, so that no pass names an
  // element twice and all of them together keep the order.
  const ValuesIndices sorted = sort_with_indices(where_to, 0);
  const Tensor count = arange(0, n, 1, DType::int64, t.device());
  Tensor pass = zeros({n}, DType::int64, t.device());
  if (n > 1) {
    const Tensor starts = ne(narrow(sorted.values, 0, 1, n - 1), narrow(sorted.values, 0, 0, n - 1));
    const Tensor run[] = {zeros({1}, DType::int64, t.device()), where(starts, narrow(count, 0, 1, n - 1), 0)};
    pass = sub(count, accumulate(Op::maximum, cat(run, 0), 0));
  }
  const std::int64_t passes = amax(pass).item().to<std::int64_t>() + 1;
  Dims sizes = t.shape();
  for (std::int64_t k = 0; k < passes; ++k) {
    const Tensor now = eq(pass, k), positions = masked_select(sorted.values, now);
    std::vector<Index> places;
    Tensor rest = positions;
    for (int d = t.ndim() - 1; d >= 0; --d) {
      places.insert(places.begin(), Index(remainder(rest, sizes[d])));
      rest = floor_divide(rest, sizes[d]);
    }
    if (places.empty()) places.emplace_back(Ellipsis{});
    const Tensor old = index(t, places);
    Tensor next;
    if (arity == 1) {
      const Operand one(old);
      next = elementwise(op, {&one, 1});
    } else {
      const Tensor mine = take(operand, masked_select(sorted.indices, now));
      next = apply(op, old, t.ndim() ? mine : reshape(mine, {}));
    }
    if (!can_cast_same_kind(next.dtype(), t.dtype())) errors::result_does_not_fit(name, next.dtype(), t.dtype());
    index_put_(t, places, next);
  }
}

}  // namespace ufunc
}  // namespace tenon
