// Attention in blocks against its formula in single operations, on every path of masks, heads and sizes.
#include "tenon/nn/attention.h"

#include "gradients.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using nn::AttentionOptions;

// What a query that sees nothing gets is 0.
Tensor by_formula(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask = {}, bool causal = false,
                  double scale = 0) {
  Tensor scores = mul(matmul(q, mT(k)), scale ? scale : 1 / std::sqrt(static_cast<double>(q.size(-1))));
  if (causal) scores = where(tril(ones({q.size(-2), k.size(-2)}, DType::bool_)), scores, -INFINITY);
  if (mask.defined()) scores = is_bool(mask.dtype()) ? where(mask, scores, -INFINITY) : add(scores, mask);
  const Tensor p = softmax(scores, -1);
  return matmul(where(isnan(p), 0, p), v);
}

struct Inputs {
  Tensor q, k, v;
  Inputs(const Dims& before, std::int64_t queries, std::int64_t keys, std::int64_t width, std::int64_t value_width) {
    const auto of = [&](std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
      Dims shape = before;
      shape.push_back(rows);
      shape.push_back(columns);
      return uniform(shape, -2, 2, seed);
    };
    q = of(queries, width, 1), k = of(keys, width, 2), v = of(keys, value_width, 3);
  }
};

bool near(const Tensor& a, const Tensor& b) { return allclose(a, b, 1e-10, 1e-10); }

TEST(Attention, IsItsFormula) {
  // One block, several, and sizes that divide none; a single query, key and column.
  for (const auto& [queries, keys, width, value_width] :
       {std::array{5, 7, 4, 3}, {1, 1, 1, 1}, {130, 300, 8, 8}, {257, 513, 3, 5}, {1, 600, 4, 4}}) {
    const Inputs in({2, 3}, queries, keys, width, value_width);
    EXPECT_TRUE(near(nn::scaled_dot_product_attention(in.q, in.k, in.v), by_formula(in.q, in.k, in.v)));
    EXPECT_TRUE(near(nn::scaled_dot_product_attention(in.q, in.k, in.v, {}, {.causal = true}),
                     by_formula(in.q, in.k, in.v, {}, true)));
    EXPECT_TRUE(near(nn::scaled_dot_product_attention(in.q, in.k, in.v, {}, {.scale = 0.3}),
                     by_formula(in.q, in.k, in.v, {}, false, 0.3)));
  }
}

// Of large scores the largest one alone counts: it must cancel to 0 exactly, forwards and backwards.
TEST(Attention, LargeScoresAreFinite) {
  for (const DType d : {DType::float32, DType::float64})
    for (const double size : {1e4, 1e12, 1e30}) {
      const Inputs in({2}, 9, 300, 7, 4);
      const Tensor q = leaf(mul(in.q, size).to(d)), k = leaf(in.k.to(d)), v = leaf(in.v.to(d));
      const Tensor y = nn::scaled_dot_product_attention(q, k, v),
                   expected = by_formula(q.detach(), k.detach(), v.detach());
      EXPECT_TRUE(allclose(y.detach(), expected, 1e-5, 1e-5)) << name(d) << " " << size;
      sum(y).backward();
      for (const Tensor& t : {q, k, v}) EXPECT_TRUE(all(isfinite(t.grad())).item<bool>()) << name(d) << " " << size;
      // Each query gives its gradient to one value.
      EXPECT_NEAR(sum(v.grad()).item<double>(), 2 * 9 * 4, 1e-3) << name(d) << " " << size;
    }
}

TEST(Attention, TakesMasks) {
  const Inputs in({2, 2}, 140, 270, 4, 4);
  const Tensor floats = uniform({2, 1, 140, 270}, -3, 3, 4), bools = gt(floats, 1),
               one = gt(uniform({270}, -1, 1, 5), 0);
  for (const Tensor& mask : {floats, bools, one, T(gt(uniform({270, 140}, -1, 1, 6), 0))})
    EXPECT_TRUE(near(nn::scaled_dot_product_attention(in.q, in.k, in.v, mask), by_formula(in.q, in.k, in.v, mask)));
  // Queries that see nothing, in a block and in all of them.
  Tensor blind = bools.clone();
  for (std::int64_t i : {0, 3, 139}) {
    Tensor row = select(blind, 2, i);
    fill_(row, false);
  }
  const Tensor y = nn::scaled_dot_product_attention(in.q, in.k, in.v, blind);
  EXPECT_TRUE(near(y, by_formula(in.q, in.k, in.v, blind)));
  EXPECT_EQ(values(sum(abs(select(y, 2, 3)))), std::vector<double>{0});
  EXPECT_TRUE(near(nn::scaled_dot_product_attention(in.q, in.k, in.v, where(blind, 0.0, -INFINITY)), y));
}

TEST(Attention, ReadsStridesAndBroadcasts) {
  const Tensor x =
      uniform({6, 2, 3, 12}, -1, 1, 1);  // (length, batch, heads, 3 * width), as an input projection makes it
  const auto part = [&](int i) { return permute(narrow(x, 3, 4 * i, 4), {1, 2, 0, 3}); };
  const Tensor y = nn::scaled_dot_product_attention(part(0), part(1), part(2));
  EXPECT_TRUE(near(y, by_formula(part(0), part(1), part(2))));
  EXPECT_EQ(y.strides()[2], 24);  // in the query's order
  EXPECT_TRUE(near(nn::scaled_dot_product_attention(T(part(0)), T(part(1)), T(part(2))),
                   by_formula(T(part(0)), T(part(1)), T(part(2)))));
  const Inputs in({}, 3, 4, 2, 2);
  const Tensor many = uniform({2, 1, 2, 3, 2}, -1, 1, 7);
  EXPECT_TRUE(near(nn::scaled_dot_product_attention(many, in.k, in.v), by_formula(many, in.k, in.v)));
  EXPECT_EQ(nn::scaled_dot_product_attention(in.q, in.k, in.v).shape(), (Dims{3, 2}));
}

TEST(Attention, GroupsQueries) {
  const Inputs in({2, 6}, 5, 7, 4, 4);
  const Tensor k = narrow(in.k, 1, 0, 2), v = narrow(in.v, 1, 1, 2);
  const auto each = [](const Tensor& t) { return reshape(expand(unsqueeze(t, {2}), {2, 2, 3, 7, 4}), {2, 6, 7, 4}); };
  EXPECT_TRUE(
      near(nn::scaled_dot_product_attention(in.q, k, v, {}, {.grouped = true}), by_formula(in.q, each(k), each(v))));
}

TEST(Attention, HasBothGradients) {
  using V = const std::vector<Tensor>&;
  const Inputs in({2}, 3, 4, 2, 3);
  const Tensor mask = gt(uniform({2, 3, 4}, -1, 1, 4), -0.5), added = uniform({3, 4}, -1, 1, 5);
  const auto f = [](const Tensor& m, const AttentionOptions& o) {
    return [=](V v) { return nn::scaled_dot_product_attention(v[0], v[1], v[2], m, o); };
  };
  expect_second_gradients("plain", f({}, {}), {in.q, in.k, in.v});
  expect_second_gradients("causal", f({}, {.causal = true}), {in.q, in.k, in.v});
  expect_second_gradients("mask", f(mask, {}), {in.q, in.k, in.v});
  Tensor blind = mask.clone(), row = select(blind, 1, 1);
  fill_(row, false);
  expect_second_gradients("a query that sees nothing", f(blind, {}), {in.q, in.k, in.v});
  expect_second_gradients("of the mask, too",
                          [](V v) { return nn::scaled_dot_product_attention(v[0], v[1], v[2], v[3]); },
                          {in.q, in.k, in.v, added});
  const Inputs heads({1, 4}, 3, 2, 2, 2);
  expect_second_gradients("grouped", f({}, {.grouped = true}),
                          {heads.q, narrow(heads.k, 1, 0, 2).clone(), narrow(heads.v, 1, 0, 2).clone()});
  expect_second_gradients("broadcast", f({}, {}), {in.q, select(in.k, 0, 0).clone(), in.v});
}

// The gradients of large ones by those of the formula.
TEST(Attention, HasGradientsInBlocks) {
  const Inputs in({2, 2}, 300, 530, 4, 6);
  const Tensor mask = gt(uniform({300, 530}, -1, 1, 4), -0.5), w = uniform({2, 2, 300, 6}, -1, 1, 5);
  for (const bool causal : {false, true})
    for (const Tensor& m : {Tensor(), mask}) {
      if (causal && m.defined()) continue;
      const std::vector<Tensor> a{leaf(in.q), leaf(in.k), leaf(in.v)}, b{leaf(in.q), leaf(in.k), leaf(in.v)};
      nn::scaled_dot_product_attention(a[0], a[1], a[2], m, {.causal = causal}).backward(w);
      by_formula(b[0], b[1], b[2], m, causal).backward(w);
      for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(near(a[i].grad(), b[i].grad())) << i;
    }
}

TEST(Attention, HasTheSameBitsForAnyNumberOfThreads) {
  const Inputs in({3, 4}, 300, 300, 16, 16);
  const int before = num_threads();
  std::vector<std::vector<double>> all;
  for (const int n : {1, 3}) {
    set_num_threads(n);
    const Tensor q = leaf(in.q), k = leaf(in.k), y = nn::scaled_dot_product_attention(q, k, in.v);
    y.backward(ones(y.shape(), DType::float64));
    for (const Tensor& t : {y, q.grad(), k.grad()}) all.push_back(values(t));
  }
  set_num_threads(before);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all[i], all[i + 3]);
}

TEST(Attention, RoundsHalfPrecisionOnce) {
  const Inputs in({2}, 5, 6, 4, 4);
  const DType h = DType::bfloat16, f = DType::float32;
  const Tensor q = in.q.to(h), k = in.k.to(h), v = in.v.to(h);
  EXPECT_EQ(values(nn::scaled_dot_product_attention(q, k, v)),
            values(nn::scaled_dot_product_attention(q.to(f), k.to(f), v.to(f)).to(h)));
}

TEST(Attention, DropsProbabilities) {
  const Inputs in({2}, 4, 500, 2, 1);
  const Tensor ones_ = ones(in.v.shape(), DType::float64), zeros_ = zeros(in.q.shape(), DType::float64);
  const Tensor y = nn::scaled_dot_product_attention(zeros_, in.k, ones_, {}, {.dropout = 0.25});
  for (const double v : values(y)) EXPECT_NEAR(v, 1, 0.2);
  EXPECT_NE(values(y)[0], 1);
  EXPECT_EQ(values(sum(nn::scaled_dot_product_attention(zeros_, in.k, ones_, {}, {.dropout = 1}))),
            std::vector<double>{0});
}

// What is dropped follows from the generator alone: it is what rand() of the scores' shape would say, in both passes.
TEST(Attention, DropsTheSameInBothPasses) {
  for (const auto& [queries, keys] : {std::array{5, 7}, {130, 300}}) {
    const Inputs in({2, 2}, queries, keys, 3, 3);
    const Tensor mask = gt(uniform({queries, keys}, -1, 1, 9), -0.5);
    Generator g(5);
    const Tensor kept = div(to(ge(rand({2, 2, queries, keys}, DType::float64, kCpu, &g), 0.4), DType::float64), 0.6);
    const auto formula = [&](const std::vector<Tensor>& v) {
      const Tensor scores = where(mask, mul(matmul(v[0], mT(v[1])), 1 / std::sqrt(3.0)), -INFINITY);
      return matmul(mul(softmax(scores, -1), kept), v[2]);
    };
    const auto blocks = [&](const std::vector<Tensor>& v) {
      default_generator().manual_seed(5);
      return nn::scaled_dot_product_attention(v[0], v[1], v[2], mask, {.dropout = 0.4});
    };
    const std::vector<Tensor> all{in.q, in.k, in.v};
    EXPECT_TRUE(near(blocks(all), formula(all)));
    EXPECT_EQ(default_generator().offset(), static_cast<std::uint64_t>(4 * queries * keys));
    std::vector<Tensor> a{leaf(in.q), leaf(in.k), leaf(in.v)}, b{leaf(in.q), leaf(in.k), leaf(in.v)};
    const Tensor seed = uniform({2, 2, queries, 3}, -1, 1, 11);
    blocks(a).backward(seed);
    formula(b).backward(seed);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_TRUE(near(a[k].grad(), b[k].grad()));
    if (queries == 5) expect_second_gradients("dropout", blocks, all);
  }
}

TEST(Attention, SaysWhatIsWrong) {
  const Tensor t = zeros({2, 3, 4}), m = zeros({3, 3});
  EXPECT_EQ(message<ShapeError>([&] { nn::scaled_dot_product_attention(t, zeros({2, 3, 5}), t); }),
            "scaled_dot_product_attention: query and key must have one width, key and value one length; got query "
            "(2, 3, 4), key (2, 3, 5) and value (2, 3, 4)");
  EXPECT_THROW(nn::scaled_dot_product_attention(t, t, t, m, {.causal = true}), ValueError);
  EXPECT_THROW(nn::scaled_dot_product_attention(t, t, t, zeros({4, 3})), ShapeError);
  EXPECT_THROW(nn::scaled_dot_product_attention(t, t, t, zeros({3, 3}, DType::int64)), DtypeError);
  EXPECT_THROW(nn::scaled_dot_product_attention(t, t, t, {}, {.dropout = -1}), ValueError);
  EXPECT_THROW(nn::scaled_dot_product_attention(zeros({4}), t, t), ShapeError);
  EXPECT_THROW(nn::scaled_dot_product_attention(zeros({3, 3, 4}), t, t, {}, {.grouped = true}), ShapeError);
  EXPECT_THROW(nn::scaled_dot_product_attention(t.to(DType::complex64), t, t), DtypeError);
}

TEST(Attention, OfNothing) {
  EXPECT_EQ(nn::scaled_dot_product_attention(zeros({2, 0, 4}), zeros({2, 3, 4}), zeros({2, 3, 4})).shape(),
            (Dims{2, 0, 4}));
  EXPECT_EQ(values(sum(nn::scaled_dot_product_attention(ones({1, 2, 4}), zeros({1, 0, 4}), zeros({1, 0, 4})))),
            std::vector<double>{0});
}

}  // namespace
}  // namespace tenon::test
