// Anomaly mode: which operation an error of backward() is said to come from.
#include "tenon/anomaly.h"

#include "gradients.h"

namespace tenon::test {
namespace {

class Anomaly : public ::testing::Test {
 protected:
  void SetUp() override {
    autograd::set_whereabouts([] { return std::vector<autograd::Frame>{{"file", 7, "function"}}; });
    autograd::set_anomaly_mode(true);
  }
  void TearDown() override {
    autograd::set_anomaly_mode(false);
    autograd::set_whereabouts(nullptr);
    (void)autograd::take_failure();
  }
};

TEST_F(Anomaly, ANanGradientNamesItsOperation) {
  const Tensor x = leaf({0, 1});
  const Tensor y = mul(sqrt(mul(x, 1)), 0);
  EXPECT_EQ(message<GradError>([&] { sum(y).backward(); }),
            "backward: sqrt returned nan values in its 0th output, the gradient of its operand 0");
  const auto failure = autograd::take_failure();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->op, "sqrt");
  EXPECT_TRUE(failure->known);
  ASSERT_EQ(failure->frames.size(), 1u);
  EXPECT_EQ(failure->frames[0].line, 7);
  EXPECT_FALSE(failure->parent);
  EXPECT_FALSE(autograd::take_failure());
  EXPECT_FALSE(x.grad().defined());
}

TEST_F(Anomaly, ALossThatIsNanNamesTheFirstNan) {
  const Tensor x = leaf({-1, 1});
  EXPECT_EQ(message<GradError>([&] { sum(exp(log(mul(x, 2)))).backward(); }),
            "backward: the loss is NaN; the first operation whose result was NaN is log");
  EXPECT_EQ(autograd::take_failure()->op, "log");
  autograd::set_anomaly_mode(false);
  const Tensor before = sum(log(x));
  autograd::set_anomaly_mode(true);
  EXPECT_EQ(message<GradError>([&] { before.backward(); }),
            "backward: the loss is NaN; compute it in anomaly mode, too, to see where it became so");
}

TEST_F(Anomaly, AnErrorNamesTheOperationThatItCameFrom) {
  const Tensor x = leaf({1, 2});
  Tensor y = mul(x, x);
  const Tensor z = mul(y, y);
  add_(y, Tensor::of(1.0), 1);
  EXPECT_THROW(sum(z).backward(), GradError);
  EXPECT_EQ(autograd::take_failure()->op, "mul");
}

TEST_F(Anomaly, WithoutCheckNanOnlyErrorsCount) {
  autograd::set_anomaly_mode(true, false);
  EXPECT_TRUE(autograd::anomaly_mode());
  EXPECT_FALSE(autograd::anomaly_checks_nan());
  const Tensor x = leaf({-1, 0});
  sum(sqrt(x)).backward();
  EXPECT_TRUE(std::isnan(values(x.grad())[0]));
  EXPECT_FALSE(autograd::take_failure());
}

TEST_F(Anomaly, TheGradientOfAGradientKnowsBoth) {
  const Tensor x = leaf(doubles({0}));
  const Tensor y = sum(pow(x, 1.5));
  const Tensor inputs[] = {x}, roots[] = {y};
  const Grads g = autograd::grad(roots, inputs, {}, true, true, false);
  EXPECT_THROW(sum(mul(g[0], 0)).backward(), GradError);
  const auto failure = autograd::take_failure();
  ASSERT_TRUE(failure && failure->parent);
  EXPECT_EQ(failure->parent->op, "pow");
}

TEST_F(Anomaly, OffItRemembersNothing) {
  autograd::set_anomaly_mode(false);
  const Tensor x = leaf({-1, 0});
  const Tensor y = sqrt(x);
  EXPECT_EQ(autograd::node_of(y)->hooks(), nullptr);
  sum(y).backward();
  EXPECT_FALSE(autograd::take_failure());
}

}  // namespace
}  // namespace tenon::test
