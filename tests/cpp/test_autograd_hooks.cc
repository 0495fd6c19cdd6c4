// Hooks on tensors, nodes, leaves and saved tensors; threads on one graph.
#include <thread>

#include "gradients.h"
#include "tenon/node.h"

namespace {

using namespace tenon;
using test::doubles;
using test::leaf;
using test::message;
using test::values;
using V = std::vector<double>;

TEST(Hooks, ATensorHookSeesTheWholeGradientAndMayReplaceIt) {
  const Tensor x = leaf({1, 2}), y = mul(x, 2);
  std::vector<V> seen;
  auto handle = autograd::register_hook(y, [&](const Tensor& g) {
    seen.push_back(values(g));
    return mul(g, 10);
  });
  autograd::register_hook(y, [&](const Tensor& g) {
    seen.push_back(values(g));
    return Tensor();
  });
  const Tensor z = add(y, mul(y, 2)).sum();
  z.backward({}, true);
  EXPECT_EQ(seen, (std::vector<V>{{3, 3}, {30, 30}}));
  EXPECT_EQ(values(x.grad()), (V{60, 60}));
  handle.remove();
  handle.remove();
  z.backward();
  EXPECT_EQ(values(x.grad()), (V{66, 66}));
}

TEST(Hooks, OfALeafRunOnceForEachBackward) {
  const Tensor x = leaf({1, 2});
  int calls = 0;
  autograd::register_hook(x, [&](const Tensor& g) {
    ++calls;
    return mul(g, 2);
  });
  Tensor y = add(x, x);
  y = add(y, x);
  y.sum().backward({}, true);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(values(x.grad()), (V{6, 6}));
  const Tensor total = y.sum();
  EXPECT_EQ(values(autograd::grad({&total, 1}, {&x, 1}, {}, true, false, false)[0]), (V{6, 6}));
  EXPECT_EQ(calls, 2);
  EXPECT_THROW(autograd::register_hook(doubles({1}), [](const Tensor&) { return Tensor(); }), GradError);
}

TEST(Hooks, AfterALeafAddsUpItIsToldAtOnce) {
  // Its gradient is complete long before the graph has run: an optimizer may free it then.
  const Tensor early = leaf({1}), late = leaf({2});
  std::vector<std::string> order;
  autograd::register_post_accumulate_grad_hook(early, [&](const Tensor& t) {
    EXPECT_TRUE(t.is_same(early));
    EXPECT_EQ(values(t.grad()), V{4});
    order.push_back("early");
  });
  const Tensor a = mul(late, 2);
  autograd::register_hook(a, [&](const Tensor&) {
    order.push_back("a");
    return Tensor();
  });
  mul(a, early).sum().backward();
  EXPECT_EQ(order, (std::vector<std::string>{"early", "a"}));
  EXPECT_THROW(autograd::register_post_accumulate_grad_hook(a, [](const Tensor&) {}), GradError);
}

TEST(Hooks, OfNodesRunBeforeAndBehindThem) {
  const Tensor x = leaf({1, 2}), y = square(x);
  const Ref<Node> node = autograd::node_of(y);
  node->add_prehook([](Grads& gs) { gs[0] = mul(gs[0], 3); });
  V in, out;
  auto handle = node->add_hook([&](Grads& of_inputs, std::span<const Tensor> of_outputs) {
    in = values(of_inputs[0]);
    out = values(of_outputs[0]);
    of_inputs[0] = neg(of_inputs[0]);
  });
  y.sum().backward({}, true);
  EXPECT_EQ(out, (V{3, 3}));
  EXPECT_EQ(in, (V{6, 12}));
  EXPECT_EQ(values(x.grad()), (V{-6, -12}));
  handle.remove();
  y.sum().backward();
  EXPECT_EQ(values(x.grad()), (V{0, 0}));
}

TEST(Hooks, AreRecordedWithTheGraph) {
  const Tensor x = leaf({3});
  const Tensor y = mul(x, x);
  autograd::register_hook(y, [&](const Tensor& g) { return mul(g, x); });
  const Tensor g = autograd::grad({&y, 1}, {&x, 1}, {}, true, true, false)[0];  // 2 x^2
  EXPECT_EQ(values(g), V{18});
  EXPECT_EQ(values(autograd::grad({&g, 1}, {&x, 1}, {}, true, false, false)[0]), V{12});
}

TEST(SavedTensorHooks, PackAndUnpack) {
  const Tensor x = leaf({1, 2});
  int packed = 0, unpacked = 0;
  autograd::push_saved_tensors_hooks([&](const Tensor& t) {
    ++packed;
    return [&, kept = t.to(DType::float32)] {
      ++unpacked;
      return kept.to(DType::float64);
    };
  });
  const Tensor y = exp(mul(x, x));
  autograd::pop_saved_tensors_hooks();
  EXPECT_EQ(packed, 3);  // x twice, and the result of exp
  const Tensor g = autograd::grad({&y, 1}, {&x, 1}, {&x, 1}, true, true, false)[0];  // 2 x^2 exp(x^2)
  EXPECT_EQ(unpacked, 3);
  const Tensor total = g.sum();
  const V second = values(autograd::grad({&total, 1}, {&x, 1}, {}, true, false, false)[0]);
  EXPECT_NEAR(second[0], 8 * std::exp(1), 1e-4);  // (4 x + 4 x^3) exp(x^2)
  autograd::disable_saved_tensors_hooks("not here");
  EXPECT_EQ(message<GradError>([] { autograd::push_saved_tensors_hooks({}); }), "saved_tensors_hooks: not here");
  EXPECT_EQ(autograd::disable_saved_tensors_hooks(""), "not here");
}

TEST(Threads, OneRunsAGraphAndOthersGetTheirGradientOrAnError) {
  for (int round = 0; round < 50; ++round) {
    const Tensor x = leaf(test::uniform({300}, 0, 1, 1));
    Tensor y = x;
    for (int i = 0; i < 30; ++i) y = sin(mul(y, y));
    const Tensor loss = y.sum();
    std::atomic<int> done{0}, refused{0};
    const auto work = [&] {
      try {
        loss.backward();
        ++done;
      } catch (const GradError&) { ++refused; }
    };
    std::thread a(work), b(work), c(work);
    a.join();
    b.join();
    c.join();
    EXPECT_EQ(done + refused, 3);
    EXPECT_GE(done, 1);
  }
}

TEST(Threads, ALeafMayBeToggledWhileItIsRecorded) {
  const Tensor w = leaf(test::uniform({100}, 0, 1, 1));
  std::atomic<bool> stop{false};
  std::thread toggling([&] {
    Tensor t = w;
    while (!stop) t.set_requires_grad(!t.requires_grad());
  });
  for (int i = 0; i < 3000; ++i) {
    const Tensor y = mul(w, w).sum();
    if (y.requires_grad()) y.backward();
  }
  stop = true;
  toggling.join();
}

TEST(Inplace, OnEmptyTensorsLeavesBackwardWorking) {
  const Tensor x = leaf(zeros({0, 3}, DType::float64));
  Tensor y = mul(x, 1);
  elementwise_(Op::sin, y, {});
  y.sum().backward();
  EXPECT_EQ(x.grad().shape(), (Dims{0, 3}));
}

}  // namespace
