// Scaled dot-product attention: the backend's blocks, or single operations where these do not serve.
#include "tenon/nn/attention.h"

#include <cmath>

#include "core/launch.h"
#include "nn/recorded.h"
#include "nn/support.h"
#include "ops/draws.h"
#include "ops/operands.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

constexpr const char* kOp = "scaled_dot_product_attention";

struct Arguments {
  Tensor q, k, v, mask;  // mask: bools, floats, or undefined
  double scale;
  bool causal;
  double dropout;
  std::int64_t group;  // the query's heads for each of the key's
  Draws draws;  // of what is dropped
};

// The tensor with each head as often as queries share it.
Tensor for_each_query_head(const Tensor& t, std::int64_t group) {
  if (group == 1) return t;
  Dims wide = t.shape(), flat = t.shape();
  const int heads = t.ndim() - 3;
  wide[heads] = flat[heads] * group;
  flat = t.shape();
  Dims between;
  for (int d = 0; d < t.ndim(); ++d) {
    between.push_back(flat[d]);
    if (d == heads) between.push_back(group);
  }
  return reshape(expand(unsqueeze(t, {heads + 1}), between), wide);
}

Tensor composed(const Arguments& a) {
  const Tensor k = for_each_query_head(a.k, a.group), v = for_each_query_head(a.v, a.group);
  Tensor scores = mul(matmul(a.q, mT(k)), a.scale), seen;
  if (a.causal) seen = tril(ones({a.q.size(-2), k.size(-2)}, DType::bool_, a.q.device()));
  else if (a.mask.defined() && is_bool(a.mask.dtype())) seen = a.mask;
  if (seen.defined()) scores = where(seen, scores, -INFINITY);
  else if (a.mask.defined()) scores = add(scores, a.mask);
  // A query that sees nothing gets 0, and has no gradient.
  const Tensor blind = a.mask.defined() ? all(eq(scores.detach(), -INFINITY), Dims{-1}, true) : Tensor();
  Tensor p = softmax(blind.defined() ? where(blind, 0, scores) : scores, -1);
  if (blind.defined()) p = where(blind, 0, p);
  if (a.dropout == 1) {
    p = mul(p, 0);
  } else if (a.dropout > 0) {
    p = mul(p, mul(to(ge(uniform_at(a.draws, p.shape(), p.dtype(), p.device()), a.dropout), p.dtype()),
                   1 / (1 - a.dropout)));
  }
  return matmul(p, v);
}

// ---- the backend's ----

// t as (batch, heads, rows, columns), its dimensions before those broadcast to `before`; columns side by side.
Tensor as_heads(const Tensor& t, const Dims& before, std::int64_t heads) {
  Dims shape = before;
  shape.push_back(t.size(-2));
  shape.push_back(t.size(-1));
  Tensor all = t.shape() == shape ? t : expand(t, shape);
  all = reshape(all, {heads ? before.product() / heads : 0, heads, t.size(-2), t.size(-1)});
  return all.strides()[3] == 1 || all.size(3) == 1 ? all : contiguous(all);
}

Heads heads_of(const Tensor& t) {
  const Dims& s = t.strides();
  return {t.data(), {s[0], s[1], s[2]}};
}

struct Blocks {
  AttentionCall call;
  Tensor q, k, v, mask;

  // Whether the backend is asked.
  static bool serve(const Arguments& a) {
    return a.dropout < 1 && !needs_grad(a.mask) && a.q.numel() > 0 && a.k.numel() > 0 && a.v.numel() > 0;
  }

  explicit Blocks(const Arguments& a, Dims before, Dims key_before) {
    const auto heads_in = [](const Dims& d) { return d.empty() ? 1 : d[d.size() - 1]; };
    const std::int64_t heads = heads_in(before), key_heads = heads_in(key_before);
    q = as_heads(a.q, before, heads);
    k = as_heads(a.k, key_before, key_heads);
    v = as_heads(a.v, key_before, key_heads);
    call = {};
    call.kind = Attention::forward;
    call.dtype = a.q.dtype();
    call.batch = q.size(0), call.heads = heads, call.key_heads = key_heads;
    call.queries = q.size(2), call.keys = k.size(2), call.width = q.size(3), call.value_width = v.size(3);
    call.scale = a.scale, call.causal = a.causal;
    call.dropout = a.dropout, call.seed = a.draws.seed, call.offset = a.draws.offset;
    call.state = a.draws.in_memory();
    call.q = heads_of(q), call.k = heads_of(k), call.v = heads_of(v);
    if (a.mask.defined()) {
      before.push_back(call.queries);
      before.push_back(call.keys);
      mask = reshape(expand(a.mask, before), {call.batch, heads, call.queries, call.keys});
      call.mask = heads_of(mask);
      call.mask_dtype = mask.dtype();
      call.mask_column = mask.strides()[3];
    }
  }

  // A new tensor in t's order of dimensions, where its columns stay side by side.
  static Tensor like(const Tensor& t) {
    const Operand in[] = {t};
    const Tensor made = empty_like_operands({t.shape(), t.device()}, t.dtype(), in);
    return made.strides()[3] == 1 ? made : empty(t.shape(), t.dtype(), t.device());
  }
};

Dims before_of(const Tensor& t) {
  Dims d = t.shape();
  d.resize(t.ndim() - 2);
  return d;
}

// The dimensions before the matrices, of the query and of the key and value: they differ in the heads where these are
// grouped.
std::pair<Dims, Dims> broadcast(const Arguments& a) {
  const Dims q = before_of(a.q), k = broadcast_shapes(kOp, before_of(a.k), before_of(a.v));
  if (a.group == 1) {
    const Dims all = broadcast_shapes(kOp, q, k);
    return {all, all};
  }
  Dims q1 = q, k1 = k;
  q1[q.size() - 1] = k1[k.size() - 1] = 1;
  Dims all = broadcast_shapes(kOp, q1, k1), keys = all;
  all[all.size() - 1] = q[q.size() - 1];
  keys[keys.size() - 1] = k[k.size() - 1];
  return {all, keys};
}

Grads backward(Blocks b, const Arguments& a, const Tensor& out, const Tensor& lse, const Tensor& grad,
               const Dims& before, const Dims& key_before) {
  const Tensor g = as_heads(grad, before, b.call.heads);
  const Tensor dq = b.like(b.q), dk = b.like(b.k), dv = b.like(b.v);
  b.call.kind = Attention::backward;
  b.call.out = heads_of(out), b.call.g = heads_of(g), b.call.lse = lse.data();
  b.call.dq = heads_of(dq), b.call.dk = heads_of(dk), b.call.dv = heads_of(dv);
  launch(kOp, grad.device(), grad.dtype(), &Backend::attention, b.call);
  const auto in_shape = [](const Tensor& t, const Tensor& like, Dims shape) {
    shape.push_back(like.size(-2));
    shape.push_back(like.size(-1));
    return reshape(t, shape);  // the engine adds up what was broadcast
  };
  return {in_shape(dq, a.q, before), in_shape(dk, a.k, key_before), in_shape(dv, a.v, key_before)};
}

// Undefined where the backend has no such kernel.
Tensor by_blocks(const Arguments& a) {
  const auto [before, key_before] = broadcast(a);
  const Tensor inputs[] = {a.q, a.k, a.v};
  const bool flows = any_needs_grad(inputs);
  Tensor out, lse, y;
  {
    const NoGrad guard;
    Blocks b(a, before, key_before);
    out = b.call.value_width == b.call.width
              ? b.like(b.q)
              : empty({b.call.batch, b.call.heads, b.call.queries, b.call.value_width}, a.q.dtype(), a.q.device());
    lse = empty({b.call.batch, b.call.heads, b.call.queries}, a.q.dtype(), a.q.device());
    b.call.out = heads_of(out), b.call.lse = lse.data();
    if (!try_launch(kOp, a.q.device(), &Backend::attention, b.call)) return {};
    Dims shape = before;
    shape.push_back(b.call.queries);
    shape.push_back(b.call.value_width);
    y = reshape(out, shape);
  }
  if (!flows) return y;
  Arguments kept = a;
  kept.q = kept.k = kept.v = kept.mask = {};
  autograd::attach(y, kOp, inputs,
                   [kept, before, key_before, q = Saved(a.q, kOp), k = Saved(a.k, kOp), v = Saved(a.v, kOp),
                    mask = Saved(a.mask, kOp), out = Saved::output(y, kOp), lse](const Tensor& g) -> Grads {
                     Arguments a = kept;
                     a.q = q.get(), a.k = k.get(), a.v = v.get(), a.mask = mask.get();
                     if (!grad_enabled()) {
                       const Blocks b(a, before, key_before);
                       const Tensor y = as_heads(out.get(), before, b.call.heads);
                       return backward(b, a, y, lse, g, before, key_before);
                     }
                     const Tensor at[] = {a.q, a.k, a.v};
                     const auto formula = [&](std::span<const Tensor> in) {
                       a.q = in[0], a.k = in[1], a.v = in[2];
                       return std::vector{composed(a)};
                     };
                     return recorded(formula, at, {&g, 1});
                   });
  return y;
}

void check(const Arguments& a, const AttentionOptions& o) {
  for (const Tensor* t : {&a.q, &a.k, &a.v})
    if (t->ndim() < 2) errors::wrong_ndim(kOp, t->ndim(), "query, key and value (..., length, width)");
  if (a.q.size(-1) != a.k.size(-1) || a.k.size(-2) != a.v.size(-2))
    errors::fail<ShapeError>(kOp, "query and key must have one width, key and value one length; got query ",
                             a.q.shape(), ", key ", a.k.shape(), " and value ", a.v.shape());
  if (!(o.dropout >= 0 && o.dropout <= 1)) errors::fail(kOp, "dropout_p must be from 0 to 1; got ", o.dropout);
  if (!a.mask.defined()) return;
  if (a.causal) errors::fail(kOp, "attn_mask and is_causal=True do not go together; put the triangle into the mask");
  if (!is_bool(a.mask.dtype()) && !is_floating(a.mask.dtype()))
    errors::dtype_not_supported(kOp, a.mask.dtype(), "bools or floats as attn_mask");
}

void check_mask(const Arguments& a) {
  if (!a.mask.defined()) return;
  Dims wanted = broadcast(a).first;
  wanted.push_back(a.q.size(-2));
  wanted.push_back(a.k.size(-2));
  if (broadcast_shapes(kOp, wanted, a.mask.shape()) != wanted)
    errors::fail<ShapeError>(kOp, "attn_mask must broadcast to ", wanted, "; got ", a.mask.shape());
}

std::int64_t group_of(const Tensor& q, const Tensor& k, const Tensor& v, bool grouped) {
  if (!grouped) return 1;
  for (const Tensor* t : {&q, &k, &v})
    if (t->ndim() < 3) errors::wrong_ndim(kOp, t->ndim(), "tensors (..., heads, length, width) with enable_gqa=True");
  const std::int64_t heads = q.size(-3), key_heads = k.size(-3);
  if (key_heads != v.size(-3) || key_heads == 0 || heads % key_heads != 0)
    errors::fail<ShapeError>(kOp, "the heads of key and value must be equal and divide the query's ", heads, "; got ",
                             key_heads, " and ", v.size(-3));
  return heads / key_heads;
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                                    const AttentionOptions& o) {
  const DType d = common_float(kOp, {&q, &k, &v}), compute = widened(d);
  check_devices(kOp, q, {&k, &v, &mask});
  Arguments a{to(q, compute), to(k, compute), to(v, compute), mask, 0, o.causal, o.dropout, 1, {}};
  check(a, o);
  a.scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1))));
  a.group = group_of(q, k, v, o.grouped);
  if (mask.defined() && !is_bool(mask.dtype())) a.mask = to(mask, compute);
  check_mask(a);
  if (a.dropout > 0 && a.dropout < 1)
    a.draws = take_draws(kOp, nullptr, broadcast(a).first.product() * q.size(-2) * k.size(-2), q.device());
  Tensor y;
  if (Blocks::serve(a)) y = by_blocks(a);
  return to(y.defined() ? y : composed(a), d);
}

}  // namespace tenon::nn
