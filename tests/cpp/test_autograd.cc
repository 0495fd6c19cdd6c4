// The tape's rules: accumulation, broadcasting, views, deep and freed graphs, grad().
#include "gradients.h"

namespace {

using namespace tenon;
using test::doubles;
using test::expect_gradients;
using test::expect_second_gradients;
using test::leaf;
using test::message;
using test::values;
using V = std::vector<double>;

// ---- accumulation, dtypes, broadcasting ----

TEST(Autograd, AccumulatesIntoLeavesAndOverPaths) {
  const Tensor x = leaf({2, 3});
  const Tensor y = add(mul(x, x), x);
  y.backward(doubles({1, 1}), true);
  EXPECT_EQ(values(x.grad()), (V{5, 7}));
  y.backward(doubles({1, 10}));
  EXPECT_EQ(values(x.grad()), (V{10, 77}));
  Tensor mutable_x = x;
  mutable_x.set_grad({});
  EXPECT_FALSE(x.grad().defined());
}

TEST(Autograd, ThePassedGradientIsNeitherChangedNorAdopted) {
  const Tensor x = leaf({1, 2}), w = doubles({1, 1});
  positive(x).backward(w);
  EXPECT_FALSE(x.grad().shares_storage(w));
  const Tensor y = add(x, x);
  y.backward(w);
  EXPECT_EQ(values(w), (V{1, 1}));
}

TEST(Autograd, GradientsHaveTheirTensorsDtypeAndShape) {
  for (DType d : {DType::float16, DType::bfloat16, DType::float32, DType::complex64}) {
    Tensor x = ones({2}, d);
    x.set_requires_grad(true);
    const Tensor wide = doubles({3, 4});
    const Tensor y = mul(x, wide);
    y.backward(ones({2}, y.dtype()));
    EXPECT_EQ(x.grad().dtype(), d) << name(d);
    EXPECT_EQ(values(x.grad()), (V{3, 4})) << name(d);
  }
  // A real operand of a complex product gets the real part.
  const Tensor x = leaf({2});
  const Tensor z = mul(x, Scalar(complex128{1, 5}));
  z.backward(full({1}, Scalar(complex128{1, 0}), DType::complex128));
  EXPECT_EQ(x.grad().dtype(), DType::float64);
  EXPECT_EQ(values(x.grad()), V{1});
}

TEST(Autograd, AddsUpWhatWasBroadcast) {
  auto product = [](const std::vector<Tensor>& x) { return mul(x[0], x[1]); };
  for (const auto& [a, b] : std::vector<std::pair<Dims, Dims>>{
           {{2, 3}, {3}}, {{2, 1}, {1, 3}}, {{}, {2, 2}}, {{4, 1, 2}, {3, 1}}, {{1}, {3}}, {{1, 1}, {2}}}) {
    expect_second_gradients("product of " + a.str() + " and " + b.str(), product,
                            {test::uniform(a, -1, 1, 1), test::uniform(b, -1, 1, 2)});
  }
  const Tensor x = leaf(test::uniform({3}, 0, 1, 3));
  add(x, zeros({0, 3}, DType::float64)).backward(zeros({0, 3}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{0, 0, 0}));
}

// ---- views ----

TEST(Autograd, OfEveryViewAgreesWithFiniteDifferences) {
  const Tensor t = test::uniform({3, 4}, -1, 1, 4);
  const std::pair<const char*, std::function<Tensor(const Tensor&)>> views[] = {
      {"permute", [](const Tensor& x) { return permute(x, {1, 0}); }},
      {"movedim", [](const Tensor& x) { return movedim(reshape(x, {3, 2, 2}), {0}, {2}); }},
      {"reshape", [](const Tensor& x) { return reshape(x, {2, 6}); }},
      {"reshape of a transpose", [](const Tensor& x) { return reshape(T(x), {2, 6}); }},
      {"view", [](const Tensor& x) { return view(x, {12}); }},
      {"slice", [](const Tensor& x) { return slice(x, 1, 3, {}, -2); }},
      {"empty slice", [](const Tensor& x) { return add(slice(x, 1, 3, 1), 0); }},
      {"select", [](const Tensor& x) { return select(x, 0, -1); }},
      {"narrow", [](const Tensor& x) { return narrow(x, 1, 1, 2); }},
      {"diagonal", [](const Tensor& x) { return diagonal(x, 1); }},
      {"flip", [](const Tensor& x) { return flip(x); }},
      {"unsqueeze", [](const Tensor& x) { return unsqueeze(x, {0, 2}); }},
      {"squeeze", [](const Tensor& x) { return squeeze(narrow(x, 0, 1, 1)); }},
      {"as_strided", [](const Tensor& x) { return as_strided(x, {2, 3}, {5, 2}, 1); }},
      {"as_strided backwards", [](const Tensor& x) { return as_strided(x, {3}, {-4}, 9); }},
      {"clone", [](const Tensor& x) { return clone(T(x)); }},
      {"contiguous", [](const Tensor& x) { return contiguous(T(x)); }},
      {"flatten", [](const Tensor& x) { return flatten(T(x)); }},
  };
  for (const auto& [what, view] : views)
    expect_second_gradients(what, [&, f = view](const std::vector<Tensor>& x) { return mul(f(x[0]), f(mul(x[0], 2))); },
                            {t});
}

TEST(Autograd, OfOverlappingAndRepeatedViewsAddsUp) {
  const Tensor t = test::uniform({3, 4}, -1, 1, 4);
  auto twice = [](auto f) { return [f](const std::vector<Tensor>& x) { return square(f(x[0])); }; };
  expect_second_gradients("expand", twice([](const Tensor& x) { return expand(x, {2, 3, 4}); }), {t});
  expect_gradients("unfold", twice([](const Tensor& x) { return unfold(x, 1, 3, 1); }), {t});
  expect_gradients("as_strided", twice([](const Tensor& x) { return as_strided(x, {4, 4}, {2, 1}, 0); }), {t});
}

TEST(Autograd, OfComplexParts) {
  const Tensor z = test::uniform({2, 3}, -1, 1, 5, DType::complex128);
  expect_gradients("real", [](const std::vector<Tensor>& x) { return square(real(x[0])); }, {z});
  expect_gradients("imag", [](const std::vector<Tensor>& x) { return square(imag(T(x[0]))); }, {z});
  expect_gradients("view_as_real", [](const std::vector<Tensor>& x) { return square(view_as_real(x[0])); }, {z});
  expect_gradients("view_as_complex", [](const std::vector<Tensor>& x) { return square(view_as_complex(x[0])); },
                   {test::uniform({3, 2}, -1, 1, 6)});
}

// ---- the engine ----

TEST(Engine, DeepGraphsNeedNoStack) {
  const Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < 100000; ++i) y = add(y, 1);
  y.backward(doubles({1}), true);
  EXPECT_EQ(values(x.grad()), V{1});
  y = Tensor();  // and neither does their end
  Tensor chain = leaf({1});
  for (int i = 0; i < 100000; ++i) chain = mul(chain, chain);  // saved tensors hold on to their nodes
  chain = Tensor();
  Tensor views = add(leaf({1, 2}), 0);
  for (int i = 0; i < 100000; ++i) views = flip(views);
  views = Tensor();
}

TEST(Engine, AGraphIsFreedUnlessRetained) {
  const Tensor x = leaf({1, 2});
  const Tensor y = square(x), w = doubles({1, 1});
  y.backward(w, true);
  y.backward(w);
  EXPECT_EQ(message<GradError>([&] { y.backward(w); }),
            "backward: the graph has been used and freed (at square); pass retain_graph=True to the first "
            "backward()");
  EXPECT_EQ(values(x.grad()), (V{4, 8}));
}

TEST(Engine, WhatSavedNothingIsNotFreed) {
  const Tensor x = leaf({1, 2}), y = add(x, 1);
  square(y).sum().backward();
  y.sum().backward();
  EXPECT_EQ(values(x.grad()), (V{5, 7}));
}

TEST(Engine, BackwardAddsToTheInputsAlone) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4}), y = mul(x, w);
  const std::vector<Tensor> none, one{w}, twice{y, w, w}, constant{doubles({1})};
  const Tensor loss = y.sum();
  autograd::backward({&loss, 1}, {}, true, false, &one);
  EXPECT_FALSE(x.grad().defined());
  EXPECT_EQ(values(w.grad()), (V{1, 2}));
  autograd::backward({&loss, 1}, {}, true, false, &twice);
  EXPECT_EQ(values(w.grad()), (V{2, 4}));
  EXPECT_EQ(values(y.grad()), (V{1, 1}));
  EXPECT_FALSE(x.grad().defined());
  EXPECT_THROW(autograd::backward({&loss, 1}, {}, true, false, &none), ValueError);
  EXPECT_THROW(autograd::backward({&loss, 1}, {}, true, false, &constant), GradError);
}

TEST(Autograd, DetachInPlaceForgetsTheHistory) {
  const Tensor x = leaf({1, 2});
  Tensor y = mul(x, 2);
  y.retain_grad();
  const Tensor z = square(y).sum();
  autograd::detach_(y);
  EXPECT_TRUE(y.is_leaf() && !y.requires_grad() && !y.retains_grad());
  // What was made of it before has kept its history: to the second derivative.
  const Grads first = autograd::grad({&z, 1}, {&x, 1}, {}, true, true, false);
  EXPECT_EQ(values(first[0]), (V{8, 16}));
  const Tensor sum = first[0].sum();
  EXPECT_EQ(values(autograd::grad({&sum, 1}, {&x, 1}, {}, true, false, false)[0]), (V{8, 8}));
  autograd::detach_(x);
  EXPECT_FALSE(x.requires_grad());
  EXPECT_THROW(autograd::detach_(mul(leaf({1, 2}), 2)[0]), GradError);
}

TEST(Engine, BackwardNeedsAGradientOfTheRightShape) {
  const Tensor x = leaf({1, 2});
  EXPECT_THROW(square(x).backward(), GradError);
  EXPECT_THROW(square(x).backward(doubles({1})), ShapeError);
  EXPECT_THROW(doubles({1}).backward(), GradError);
  EXPECT_NO_THROW(square(x)[0].backward());
  EXPECT_EQ(values(x.grad()), (V{2, 0}));
  {
    NoGrad guard;
    EXPECT_FALSE(square(x).requires_grad());
  }
  EXPECT_TRUE(grad_enabled());
}

TEST(Engine, GradTouchesNoLeaf) {
  const Tensor x = leaf({1, 2}), z = leaf({3, 4}), unused = leaf({5, 6}), w = doubles({1, 1});
  const Tensor y = mul(square(x), z);
  const Tensor inputs[] = {z, x};
  const Grads g = autograd::grad({&y, 1}, inputs, {&w, 1}, true, false, false);
  EXPECT_EQ(values(g[0]), (V{1, 4}));
  EXPECT_EQ(values(g[1]), (V{6, 16}));
  EXPECT_FALSE(x.grad().defined());
  EXPECT_FALSE(g[0].requires_grad());
  const Tensor with_unused[] = {x, unused};
  EXPECT_NE(
      message<GradError>([&] { autograd::grad({&y, 1}, with_unused, {&w, 1}, true, false, false); }).find("input 1"),
      std::string::npos);
  EXPECT_FALSE(autograd::grad({&y, 1}, with_unused, {&w, 1}, true, false, true)[1].defined());
  const Tensor constant[] = {w};
  EXPECT_THROW(autograd::grad({&y, 1}, constant, {&w, 1}, true, false, true), GradError);
  // With respect to a tensor in the middle.
  const Tensor middle = square(x), end = mul(middle, middle);
  const Grads m = autograd::grad({&end, 1}, {&middle, 1}, {&w, 1}, false, false, false);
  EXPECT_EQ(values(m[0]), (V{2, 8}));
}

TEST(Engine, GradsOfGradsToTheFourthOrder) {
  const Tensor x = leaf({2});
  Tensor y = mul(mul(square(x), square(x)), x);  // x ** 5
  const Tensor one = doubles({1});
  for (double want : {5 * 16., 20 * 8., 60 * 4., 120 * 2.}) {
    y = autograd::grad({&y, 1}, {&x, 1}, {&one, 1}, true, true, false)[0];
    EXPECT_EQ(values(y), V{want});
  }
}

TEST(Engine, RunsWhereSeveralRootsMeet) {
  const Tensor x = leaf({1, 2});
  const Tensor shared = square(x), roots[] = {mul(shared, 2), neg(shared)},
               gradients[] = {doubles({1, 1}), doubles({1, 0})};
  autograd::backward(roots, gradients, false, false);
  EXPECT_EQ(values(x.grad()), (V{2, 8}));
}

TEST(Engine, LeavesNoCycleBehind) {
  struct Owner {
    static void drop(void* flag) { *static_cast<bool*>(flag) = true; }
  };
  bool dropped = false;
  std::vector<double> memory{1, 2};
  {
    Tensor x = from_blob(memory.data(), {2}, DType::float64, &Owner::drop, &dropped);
    x.set_requires_grad(true);
    Tensor y = mul(exp(sin(x)), x);  // outputs that their own nodes save
    Tensor v = y[0];
    fill_(v, 3);
    y.backward(doubles({1, 1}), true, true);  // gradients with graphs of their own
    x.set_grad({});
    Tensor z = mul(x, 1), h = zeros({2, 2}, DType::float64);
    const Tensor product = mul(z, z);
    const Operand with[] = {product};
    elementwise_(Op::add, z, with);  // history that contains what has saved the tensor
    Tensor first = h[0], second = h[1];
    copy_(first, x);
    copy_(second, mul(first, h[0]));
    const Tensor constant = zeros({2}, DType::float64);
    Tensor written = constant;
    copy_(written, mul(x, constant));
  }
  EXPECT_TRUE(dropped);
}

TEST(Engine, LeavesNoCycleBehindWhereNobodyElseHasWhatIsSaved) {
  struct Count {
    static void drop(void* n) { ++*static_cast<int*>(n); }
  };
  int dropped = 0;
  std::vector<double> memory(4, 1);
  const Tensor w = leaf({1, 2, 3, 4});
  const auto added_to_itself = [&](const auto& op) {
    Tensor x = from_blob(memory.data(), {2, 2}, DType::float64, &Count::drop, &dropped);
    const Tensor y = op(x, reshape(w, {2, 2}));
    const Operand with[] = {y};
    elementwise_(Op::add, x, with);  // its history contains the node that has saved it
  };
  added_to_itself([](const Tensor& x, const Tensor& z) { return matmul(x, z); });
  added_to_itself([](const Tensor& x, const Tensor& z) { return mul(x, z); });
  added_to_itself([](const Tensor& x, const Tensor& z) { return atan2(x, z); });
  added_to_itself([](const Tensor& x, const Tensor& z) { return where(gt(x, 0), z, x); });
  EXPECT_EQ(dropped, 4);
}

// Best run under ASan, which sees what happens at the end of the process.
TEST(Engine, GraphsMayOutliveTheirThreadsObjects) {
  static const Tensor global = [] {
    Tensor y = leaf({1});
    for (int i = 0; i < 100; ++i) y = exp(mul(y, 0.5));
    return y;
  }();
  EXPECT_TRUE(global.requires_grad());
}

// ---- the border guard ----

TEST(BorderGuard, SeesWritesThroughWhatIsLentAfterSaving) {
  for (std::int64_t n : {4, 1000}) {  // small tensors are fingerprinted at once, others when they are lent
    const Tensor w = leaf(std::vector<double>(static_cast<std::size_t>(n), 1.0));
    const Tensor x = add(zeros({n}, DType::float64), 2), part = mul(w[0], x[1]);
    const Tensor y = sum(mul(w, x));
    x.storage().add_export();
    x.data<double>()[n - 1] = 3;
    EXPECT_THROW(y.backward(), GradError);
    EXPECT_NO_THROW(part.backward());  // its bytes are as they were
    x.storage().drop_export();
  }
}

TEST(BorderGuard, SavedTensorsMayDieBeforeAndAfterTheyAreLent) {
  const Tensor x = add(zeros({1000}, DType::float64), 2);
  std::vector<Tensor> sums;
  for (int i = 0; i < 5; ++i) sums.push_back(sum(mul(leaf(std::vector<double>(1000, 1.0)), x)));
  sums.erase(sums.begin() + 2);
  x.storage().add_export();
  sums.erase(sums.begin());
  for (const Tensor& y : sums) EXPECT_NO_THROW(y.backward());
  EXPECT_EQ(x.storage().saved(), nullptr);
  x.storage().drop_export();
}

}  // namespace
