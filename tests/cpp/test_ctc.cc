// CTC against the sum over all paths, on the CPU and on the simulated device, and its gradients against differences.
#include <functional>

#include "gradients.h"
#include "sim.h"
#include "tenon/nn/losses.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using Ctc = SimTest;
using Labels = std::vector<std::int64_t>;
using nn::Reduce;

Tensor ints(const Labels& v) { return tensor<std::int64_t>(v); }
Tensor log_probs(std::int64_t steps, std::int64_t batch, std::int64_t classes) {
  return log_softmax(uniform({steps, batch, classes}, -2, 2, 7), 2);
}

// What a path says: its classes without repetitions and blanks.
Labels collapsed(const Labels& path) {
  Labels out;
  for (std::size_t i = 0; i < path.size(); ++i)
    if (path[i] != 0 && (i == 0 || path[i] != path[i - 1])) out.push_back(path[i]);
  return out;
}

// Of sample n, over all classes ** steps paths.
double by_paths(const Tensor& x, std::int64_t n, std::int64_t steps, const Labels& target) {
  const std::int64_t classes = x.size(2);
  double total = 0;
  Labels path(static_cast<std::size_t>(steps));
  std::function<void(std::int64_t, double)> walk = [&](std::int64_t t, double log_p) {
    if (t == steps) {
      if (collapsed(path) == target) total += std::exp(log_p);
      return;
    }
    for (std::int64_t k = 0; k < classes; ++k) {
      path[static_cast<std::size_t>(t)] = k;
      walk(t + 1, log_p + values(x)[static_cast<std::size_t>((t * x.size(1) + n) * classes + k)]);
    }
  };
  walk(0, 0);
  return -std::log(total);
}

TEST_F(Ctc, IsTheSumOverAllPaths) {
  const Tensor x = log_probs(5, 4, 3);
  const std::vector<Labels> targets{{1, 2}, {1, 1}, {2}, {}};
  const Labels steps{5, 4, 1, 3};
  for (const Device device : {kCpu, kCuda}) {
    const Tensor padded = tensor<std::int64_t>({1, 2, 1, 1, 2, 0, 0, 0}, {4, 2}), flat = ints({1, 2, 1, 1, 2});
    for (const Tensor& t : {padded, flat}) {
      const auto got =
          values(nn::ctc_loss(x.to(device), t.to(device), ints(steps), ints({2, 2, 1, 0}), 0, Reduce::none).to(kCpu));
      for (std::size_t n = 0; n < 4; ++n)
        EXPECT_NEAR(got[n], by_paths(x, static_cast<std::int64_t>(n), steps[n], targets[n]), 1e-12) << n;
    }
  }
}

TEST_F(Ctc, Reduces) {
  const Tensor x = log_probs(5, 3, 4), targets = tensor<std::int64_t>({1, 2, 3, 3, 1, 0}, {3, 2});
  const Tensor steps = ints({5, 5, 4}), lengths = ints({2, 2, 0});
  const auto by = [&](Reduce r) { return values(nn::ctc_loss(x, targets, steps, lengths, 0, r)); };
  const auto each = by(Reduce::none);
  EXPECT_NEAR(by(Reduce::sum)[0], each[0] + each[1] + each[2], 1e-12);
  EXPECT_NEAR(by(Reduce::mean)[0], (each[0] / 2 + each[1] / 2 + each[2]) / 3, 1e-12);
  const Tensor one = nn::ctc_loss(select(x, 1, 0), ints({1, 2}), ints({5}), ints({2}), 0, Reduce::none);
  EXPECT_EQ(one.ndim(), 0);
  EXPECT_EQ(values(one)[0], each[0]);
}

TEST_F(Ctc, OfLabelsThatDoNotFitIsInfinite) {
  const Tensor x = leaf(log_probs(3, 2, 3)), targets = tensor<std::int64_t>({1, 1, 1, 2}, {2, 2});
  const auto run = [&](bool zero) {
    return nn::ctc_loss(x, targets, ints({2, 3}), ints({2, 2}), 0, Reduce::none, zero);
  };
  EXPECT_TRUE(std::isinf(values(run(false))[0]));
  const Tensor y = run(true);
  EXPECT_EQ(values(y)[0], 0);
  y.backward(ones({2}, DType::float64));
  const auto g = values(x.grad());
  for (std::size_t t = 0; t < 3; ++t)
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(g[t * 6 + k], 0);
  EXPECT_NE(g[3], 0);
}

TEST_F(Ctc, RoundsHalfPrecisionOnce) {
  const Tensor x = log_probs(6, 2, 4), targets = tensor<std::int64_t>({1, 2, 3, 3}, {2, 2});
  const auto run = [&](const Tensor& t) {
    return nn::ctc_loss(t, targets, ints({6, 5}), ints({2, 2}), 0, Reduce::none);
  };
  for (DType d : {DType::float16, DType::bfloat16})
    EXPECT_EQ(values(run(x.to(d))), values(run(x.to(d).to(DType::float32)).to(d)));
}

TEST_F(Ctc, HasBothGradients) {
  const Tensor targets = tensor<std::int64_t>({1, 2, 2, 2, 1, 0}, {3, 2});
  const auto run = [&](const std::vector<Tensor>& v) {
    return nn::ctc_loss(v[0], targets, ints({4, 4, 2}), ints({2, 2, 1}), 0, Reduce::none);
  };
  // log_probs that are the logarithms of no distribution have the gradient of the formula, too.
  expect_second_gradients("ctc_loss", run, {uniform({4, 3, 3}, -2, 0, 3)});
  expect_second_gradients("another blank",
                          [&](const std::vector<Tensor>& v) {
                            return nn::ctc_loss(v[0], sub(add(targets, 2), 3), ints({4, 4, 2}), ints({2, 2, 1}), 2);
                          },
                          {uniform({4, 3, 3}, -2, 0, 4)});
}

TEST_F(Ctc, SaysWhatIsWrong) {
  const Tensor x = log_probs(4, 2, 3), targets = tensor<std::int64_t>({1, 2, 2, 1}, {2, 2});
  const auto run = [&](const Tensor& t, const Labels& steps, const Labels& lengths, std::int64_t blank = 0) {
    return message<ValueError>([&] { nn::ctc_loss(x, t, ints(steps), ints(lengths), blank); });
  };
  EXPECT_EQ(run(targets, {4, 5}, {2, 2}), "ctc_loss: input_lengths must be from 0 to 4; it is from 4 to 5");
  EXPECT_EQ(run(targets, {4, 4}, {2, -1}), "ctc_loss: target_lengths must be from 0 to 2; it is from -1 to 2");
  EXPECT_EQ(run(targets, {4}, {2, 2}), "ctc_loss: input_lengths has one length for each of the 2 samples; got 1");
  EXPECT_EQ(run(targets, {4, 4}, {2, 2}, 3), "ctc_loss: blank is a class from 0 to 2; got 3");
  EXPECT_EQ(run(add(targets, 1), {4, 4}, {2, 2}),
            "ctc_loss: labels are from 0 to 2 and not the blank, 0; targets holds from 2 to 3");
  EXPECT_EQ(run(ints({1, 2, 1}), {4, 4}, {2, 2}), "ctc_loss: target_lengths add up to 4, but targets holds 3 labels");
  EXPECT_THROW(nn::ctc_loss(x, to(targets, DType::float32), ints({4, 4}), ints({2, 2})), DtypeError);
  EXPECT_THROW(nn::ctc_loss(x, narrow(targets, 0, 0, 1), ints({4, 4}), ints({2, 2})), ShapeError);
}

TEST_F(Ctc, HasTheSameBitsForAnyNumberOfThreads) {
  const std::int64_t batch = 24;
  const Tensor x = log_probs(60, batch, 20), targets = full({batch, 12}, 3, DType::int64);
  const Tensor steps = full({batch}, 60, DType::int64), lengths = full({batch}, 12, DType::int64);
  const int before = num_threads();
  set_num_threads(1);
  const auto alone = values(nn::ctc_loss(x, targets, steps, lengths, 0, Reduce::none));
  set_num_threads(4);
  EXPECT_EQ(values(nn::ctc_loss(x, targets, steps, lengths, 0, Reduce::none)), alone);
  set_num_threads(before);
}

}  // namespace
}  // namespace tenon::test
