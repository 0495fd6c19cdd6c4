// In-place writes under gradients: through views, into borrowed memory, and what the versions catch.
#include "gradients.h"

namespace {

using namespace tenon;
using test::doubles;
using test::expect_gradients;
using test::expect_second_gradients;
using test::Function;
using test::leaf;
using test::message;
using test::values;
using V = std::vector<double>;

// ---- in-place writes ----

TEST(InPlaceGrad, OnATensorOfTheGraph) {
  const Tensor x = leaf({1, 2, 3}), w = leaf({4, 5, 6});
  Tensor y = mul(x, 2);
  const Operand with[] = {w};
  elementwise_(Op::mul, y, with);  // y = 2 x w
  y.backward(ones({3}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{8, 10, 12}));
  EXPECT_EQ(values(w.grad()), (V{2, 4, 6}));
}

// Functions that write in place, against finite differences: the composition of views and writes is what
// counts.
TEST(InPlaceGrad, ThroughViewsAgreesWithFiniteDifferences) {
  const Tensor x = test::uniform({3, 4}, 0.5, 1, 7), w = test::uniform({4}, 0.5, 1, 8);
  auto mul_ = [](Tensor t, const Tensor& by) {
    const Operand with[] = {by};
    elementwise_(Op::mul, t, with);
  };
  auto sin_ = [](Tensor t) { elementwise_(Op::sin, t, {}); };
  const std::pair<const char*, Function> functions[] = {
      {"a row",
       [&](auto& in) {
         Tensor y = mul(in[0], 1);
         mul_(y[0], in[1]);
         return square(y);
       }},
      {"a view made before, read after",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = y[1];
         sin_(y);
         return mul(v, in[1]);
       }},
      {"a view of a view",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = slice(y, 0, 1, {}), r = select(v, 0, 1);
         mul_(r, in[1]);
         sin_(v);
         return add(mul(y, y), in[1]);
       }},
      {"two views of the same bytes",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), a = y[0], b = slice(y, 0, 0, 2);
         mul_(a, in[1]);
         sin_(b);
         mul_(a, in[1]);
         return add(mul(y, 3), a);
       }},
      {"a transposed view",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = T(y);
         mul_(select(v, 1, 2), in[1]);
         return square(y);
       }},
      {"negative strides",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = flip(y);
         mul_(v[0], in[1]);
         sin_(slice(v, 1, {}, {}, -2));
         return square(y);
       }},
      {"a diagonal",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), d = diagonal(y);
         sin_(d);
         return mul(y, in[1]);
       }},
      {"a transposed base",
       [&](auto& in) {
         Tensor y = T(mul(in[0], 1));
         Tensor r = mul(y, 2);
         mul_(T(r), in[1]);
         mul_(select(r, 1, 0), in[1]);
         return square(r);
       }},
      {"copy_ into a view",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = y[2];
         copy_(v, mul(in[1], 3));
         return square(y);
       }},
      {"copy_ that is broadcast",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = slice(y, 0, 0, 2);
         copy_(v, in[1]);
         return mul(y, in[1]);
       }},
      {"fill_ of a view",
       [&](auto& in) {
         Tensor y = mul(in[0], 1), v = y[1];
         fill_(v, 2);
         return mul(square(y), in[1]);
       }},
      {"copy_ into a plain tensor",
       [&](auto& in) {
         Tensor y = zeros({3, 4}, DType::float64);
         copy_(y, in[0]);
         mul_(y, in[1]);
         return square(y);
       }},
      {"a write into a view of a plain tensor",
       [&](auto& in) {
         Tensor y = zeros({3, 4}, DType::float64), v = y[1];
         copy_(v, in[1]);
         return add(square(y), mul(in[0], v));
       }},
      {"a tensor with itself",
       [&](auto& in) {
         Tensor y = mul(in[0], in[1]);
         mul_(y, y);
         return y;
       }},
      {"a tensor with its own view",
       [&](auto& in) {
         Tensor y = mul(in[0], in[1]);
         mul_(y, y[0].clone());
         return y;
       }},
  };
  for (const auto& [what, f] : functions) {
    expect_second_gradients(what, f, {x, w});
    if (HasFatalFailure()) return;
  }
}

TEST(InPlaceGrad, OfRealAndImaginaryPartsOfAComplexBase) {
  const Tensor z = test::uniform({2, 3}, 0.5, 1, 9, DType::complex128), w = test::uniform({3}, 0.5, 1, 10);
  auto mul_ = [](Tensor t, const Tensor& by) {
    const Operand with[] = {by};
    elementwise_(Op::mul, t, with);
  };
  expect_gradients("imag.mul_",
                   [&](const std::vector<Tensor>& in) {
                     Tensor y = mul(in[0], 1);
                     mul_(imag(y), in[1]);
                     return square(y);
                   },
                   {z, w});
  expect_gradients("view_as_real, the base written",
                   [&](const std::vector<Tensor>& in) {
                     Tensor y = mul(in[0], 1), v = view_as_real(y);
                     mul_(y, in[1]);
                     return square(v);
                   },
                   {z, w});
}

// Complex numbers that begin at any number of a real base, or in the middle of a complex one.
TEST(InPlaceGrad, OfPairsThatBeginAnywhere) {
  for (const DType dtype : {DType::float64, DType::complex128}) {
    Tensor w = leaf({0, 1, 2, 3, 4, 5});
    Tensor h = zeros({is_complex(dtype) ? 3 : 6}, dtype);
    Tensor numbers = is_complex(dtype) ? view(view_as_real(h), {6}) : h;
    Tensor z = view_as_complex(view(slice(numbers, 0, 1, 5), {2, 2}));
    copy_(numbers, w);
    add(mul(real(z), 3), square(imag(z))).sum().backward();
    EXPECT_EQ(values(w.grad()), (V{0, 3, 4, 3, 8, 0}));
    const Operand i[] = {Scalar(complex128{0, 1})};
    elementwise_(Op::mul, z, i);  // numbers = 0, -2, 1, -4, 3, 5
    w.set_grad({});
    mul(numbers, w.detach()).sum().backward();
    EXPECT_EQ(values(w.grad()), (V{0, 2, -1, 4, -3, 5}));
  }
}

TEST(InPlaceGrad, OfBorrowedMemory) {
  std::vector<double> memory{1, 2, 3, 4};
  const Tensor w = leaf({5, 6});
  Tensor t = from_blob(memory.data(), {2, 2}, DType::float64), row = t[0];
  const Operand with[] = {w};
  elementwise_(Op::mul, row, with);
  EXPECT_EQ(memory, (V{5, 12, 3, 4}));
  EXPECT_TRUE(t.requires_grad());
  square(t).backward(ones({2, 2}, DType::float64));
  EXPECT_EQ(values(w.grad()), (V{10, 48}));  // 2 (m w) m
  // A leaf over borrowed memory is read, never written.
  Tensor x = from_blob(memory.data(), {4}, DType::float64);
  x.set_requires_grad(true);
  square(x).backward(ones({4}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{10, 24, 6, 8}));
  EXPECT_EQ(memory, (V{5, 12, 3, 4}));
}

TEST(InPlaceGrad, IsRefusedForLeavesAndTheirViewsOutsideNoGrad) {
  Tensor x = leaf({1, 2});
  const Operand two[] = {2};
  EXPECT_EQ(message<GradError>([&] { elementwise_(Op::mul, x, two); }),
            "mul: a leaf tensor that requires grad cannot be changed in place; use it under no_grad(), or "
            "work on a .clone()");
  Tensor v = slice(x, 0, 0, 1);
  EXPECT_NE(message<GradError>([&] { fill_(v, 2); }).find("a view of a leaf"), std::string::npos);
  EXPECT_EQ(values(x), (V{1, 2}));
  NoGrad guard;
  elementwise_(Op::mul, x, two);
  fill_(v, 7);
  EXPECT_EQ(values(x), (V{7, 4}));
  EXPECT_TRUE(x.is_leaf() && x.requires_grad());
}

TEST(InPlaceGrad, IntegersTakeValuesWithoutTheirGradient) {
  Tensor t = test::counting({2}, DType::int64);
  const Tensor x = leaf({3, 4});
  copy_(t, x);
  EXPECT_FALSE(t.requires_grad());
  EXPECT_EQ(values(t), (V{3, 4}));
  const Index at[] = {Slice{0, 1}}, list[] = {test::tensor<std::int64_t>({1})};
  index_put_(t, at, mul(x[1], 2));
  index_put_(t, list, x[0]);
  EXPECT_EQ(values(t), (V{8, 3}));
  const Operand with[] = {x};
  elementwise_(Op::lt, t, with);
  EXPECT_FALSE(t.requires_grad());
  EXPECT_EQ(values(t), (V{0, 1}));
}

TEST(InPlaceGrad, AComparisonInPlaceEndsTheHistory) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 3});
  Tensor y = mul(x, 1), h = zeros({2}, DType::float64);
  const Operand limit[] = {1.5}, with[] = {w};
  elementwise_(Op::lt, y, limit);
  elementwise_(Op::lt, h, with);
  EXPECT_FALSE(h.requires_grad());
  add(y, w).sum().backward();
  EXPECT_EQ(values(y), (V{1, 0}));
  EXPECT_FALSE(x.grad().defined());
  EXPECT_EQ(values(w.grad()), (V{1, 1}));
}

// ---- views that were made before their base's history ----

// Views of a base without a history get it with the base.
TEST(InPlaceGrad, AViewThatIsOlderThanItsBasesHistoryTakesPart) {
  const Tensor w = leaf({1, 1, 1});
  Tensor h = zeros({4, 3}, DType::float64);
  std::vector<Tensor> rows;
  for (int i = 0; i < 4; ++i) rows.push_back(h[i]);
  const Tensor flat = view(h, {-1}), of_view = slice(rows[3], 0, 1, {});
  EXPECT_FALSE(mul(flat, 2).requires_grad());
  for (int i = 0; i < 4; ++i) {
    Tensor row = h[i];
    copy_(row, mul(w, i + 1));
  }
  EXPECT_TRUE(mul(flat, 2).requires_grad());
  EXPECT_TRUE(mul(of_view, 2).requires_grad());
  Tensor sum_of = w.sum();
  for (const Tensor& r : rows) sum_of = add(sum_of, mul(r, r).sum());
  sum_of.backward();
  EXPECT_EQ(values(w.grad()), (V{61, 61, 61}));
}

TEST(InPlaceGrad, AViewThatIsOlderThanItsBasesHistoryIsWrittenAndAdded) {
  const Tensor w = leaf({1, 2, 3});
  Tensor h = zeros({2, 3}, DType::float64), v = view(h, {-1}), row = h[0], u = zeros({6}, DType::float64);
  copy_(row, w);
  const Operand three[] = {3}, view_of_h[] = {v};
  elementwise_(Op::mul, v, three);
  elementwise_(Op::add, u, view_of_h);
  ASSERT_TRUE(u.requires_grad());
  add(u.sum(), h.sum()).backward();
  EXPECT_EQ(values(w.grad()), (V{6, 6, 6}));
}

TEST(InPlaceGrad, AViewGetsItsNewHistoryBeforeItsConsumersGetTheirs) {
  const Tensor x = leaf({1, -2});
  const Tensor a = mul(x, 1), b = slice(a, 0, {}, {});
  Tensor target = a;
  const Operand two[] = {2};
  elementwise_(Op::mul, target, two);
  const Tensor y = add(sin(b), cos(b)).sum();
  const Tensor wanted[] = {b, x};
  const Grads got = autograd::grad({&y, 1}, wanted, {}, true, false, false);
  const auto of_b = values(got[0]), of_x = values(got[1]);
  const V b_values{2, -4};
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(of_b[i], std::cos(b_values[i]) - std::sin(b_values[i]), 1e-15);
    EXPECT_NEAR(of_x[i], 2 * of_b[i], 1e-15);
  }
  y.backward();
  EXPECT_EQ(values(x.grad()), of_x);
}

// Written through a view: the base's gradient holds what flows through the view afterwards.
TEST(InPlaceGrad, AWrittenViewIsASliceOfItsBase) {
  const Tensor x = leaf({1, 2});
  Tensor b = mul(x, 1), v = b[0];
  b.retain_grad();
  v.retain_grad();
  const Operand five[] = {5};
  elementwise_(Op::mul, v, five);
  add(mul(v, 3), b.sum()).backward();
  EXPECT_EQ(values(b.grad()), (V{4, 1}));
  EXPECT_EQ(values(v.grad()), (V{3}));
  EXPECT_EQ(values(x.grad()), (V{20, 1}));
}

TEST(InPlaceGrad, AViewThatWasTakenUnderNoGradIsNotWrittenOutsideIt) {
  const Tensor x = leaf({1, 2});
  const Tensor b = mul(x, 1);
  Tensor v;
  {
    NoGrad guard;
    v = b[0];
  }
  EXPECT_FALSE(v.requires_grad());
  EXPECT_THROW(elementwise_(Op::sin, v, {}), GradError);
  EXPECT_THROW(fill_(v, 1), GradError);
  NoGrad guard;
  EXPECT_NO_THROW(fill_(v, 1));
}

// Nor does a view of a view, of which the one between has not noticed its base's history yet.
TEST(InPlaceGrad, AViewThatWasTakenUnderNoGradRequiresNone) {
  const Tensor w = leaf({1, 2});
  Tensor h = zeros({2}, DType::float64);
  const Tensor v = view(h, {2, 1});
  copy_(h, w);
  NoGrad guard;
  EXPECT_FALSE(v[0].requires_grad());
}

TEST(InPlaceGrad, BytesAsAnotherDtypeRequireNone) {
  const Tensor w = leaf({1, 2});
  Tensor h = zeros({2}, DType::float64);
  const Tensor bits = view(h, DType::int64);
  copy_(h, w);
  EXPECT_FALSE(bits.requires_grad());
  EXPECT_FALSE(to(bits, DType::float64).requires_grad());
}

// ---- versions ----

TEST(Versions, AWriteToWhatBackwardNeedsIsAnErrorThatNamesBothOps) {
  const Operand one[] = {1};
  {
    const Tensor x = leaf({1, 2});
    Tensor y = mul(x, 1);
    const Tensor z = square(y);
    elementwise_(Op::add, y, one);
    const std::string m = message<GradError>([&] { z.backward(doubles({1, 1})); });
    EXPECT_EQ(m.find("square: "), 0u) << m;
    EXPECT_NE(m.find("in place by add"), std::string::npos) << m;
  }
  {  // the output
    const Tensor x = leaf({1, 2});
    Tensor y = exp(x);
    elementwise_(Op::mul, y, one);
    EXPECT_NE(message<GradError>([&] { y.backward(doubles({1, 1})); }).find("exp: "), std::string::npos);
  }
  {  // through a view, through a detached alias, by copy_ and by fill_
    for (int how = 0; how < 4; ++how) {
      const Tensor x = leaf({1, 2}), c = doubles({3, 4});
      const Tensor z = mul(x, c);
      Tensor v = how == 0 ? slice(c, 0, 0, 1) : c.detach();
      if (how == 3) copy_(v, doubles({0, 0}));
      else fill_(v, 5);
      EXPECT_NE(message<GradError>([&] { z.backward(doubles({1, 1})); }).find(how == 3 ? "copy_" : "fill_"),
                std::string::npos)
          << how;
    }
  }
  {  // what is not needed may change
    const Tensor x = leaf({1, 2});
    Tensor y = mul(x, 1);
    const Tensor z = add(y, 1);
    elementwise_(Op::add, y, one);
    EXPECT_NO_THROW(z.backward(doubles({1, 1})));
    EXPECT_EQ(values(x.grad()), (V{1, 1}));
  }
}

// ---- other memory ----

TEST(SetData, GivesALeafOtherMemory) {
  Tensor x = leaf({1, 2});
  const Tensor y = doubles({3, 4});
  const Tensor graph = square(x);
  set_data(x, y);
  EXPECT_TRUE(x.shares_storage(y) && x.is_leaf() && x.requires_grad());
  // Backward had saved the leaf: it notices the change.
  EXPECT_NE(message<GradError>([&] { graph.backward(ones({2}, DType::float64)); }).find("by data"), std::string::npos);
  square(x).backward(ones({2}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{6, 8}));
  set_data(x, doubles({1, 2, 3}));
  EXPECT_FALSE(x.grad().defined());  // it would not fit
  EXPECT_THROW(set_data(x, test::counting({2}, DType::int64)), GradError);
  Tensor z = mul(x, 2);
  EXPECT_THROW(set_data(z, y), GradError);
  EXPECT_EQ(values(x), (V{1, 2, 3}));
}

TEST(SetData, LeavesViewsOfTheOldMemoryAlone) {
  Tensor base = doubles({1, 2, 3}), view = slice(base, 0, 1, 3);
  set_data(base, doubles({5, 6}));
  const Tensor w = leaf({10, 20});
  const Operand with[] = {w};
  elementwise_(Op::mul, view, with);
  EXPECT_EQ(values(view), (V{20, 60}));
  EXPECT_EQ(values(base), (V{5, 6}));
  EXPECT_TRUE(view.requires_grad());
  EXPECT_FALSE(base.requires_grad());
  elementwise_(Op::mul, base, with);
  view.backward(ones({2}, DType::float64));
  EXPECT_EQ(values(w.grad()), (V{2, 3}));
}

}  // namespace
