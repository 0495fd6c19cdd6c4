// Recurrent layers against their steps in single operations, and their gradients against differences.
#include "tenon/nn/recurrent.h"

#include "gradients.h"
#include "sim.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using nn::Cell;
using nn::RecurrentOptions;

struct Case {
  const char* name;
  Cell cell;
  std::int64_t parts;
  bool projects = false;
};
const Case kCases[] = {{"lstm", Cell::lstm, 4},
                       {"projected_lstm", Cell::lstm, 4, true},
                       {"gru", Cell::gru, 3},
                       {"rnn_tanh", Cell::rnn_tanh, 1},
                       {"rnn_relu", Cell::rnn_relu, 1}};

constexpr std::int64_t kHidden = 3, kFeatures = 2, kProjected = 2;

struct Network {
  std::vector<Tensor> states, params;

  Network(const Case& c, const RecurrentOptions& o, std::int64_t batch) {
    const std::int64_t out = c.projects ? kProjected : kHidden, directions = o.bidirectional ? 2 : 1,
                       rows = c.parts * kHidden;
    std::uint64_t seed = 10;
    const auto next = [&](const Dims& shape) { return uniform(shape, -0.7, 0.7, seed++); };
    states.push_back(next({o.layers * directions, batch, out}));
    if (c.cell == Cell::lstm) states.push_back(next({o.layers * directions, batch, kHidden}));
    for (std::int64_t layer = 0; layer < o.layers; ++layer)
      for (std::int64_t k = 0; k < directions; ++k) {
        params.push_back(next({rows, layer ? directions * out : kFeatures}));
        params.push_back(next({rows, out}));
        if (o.biases) params.push_back(next({rows})), params.push_back(next({rows}));
        if (c.projects) params.push_back(next({out, kHidden}));
      }
  }
};

// A step by its formula.
std::vector<Tensor> step(const Case& c, const Tensor& x, std::vector<Tensor> s, std::span<const Tensor> params,
                         bool biases) {
  Tensor gx = matmul(x, mT(params[0])), gh = matmul(s[0], mT(params[1]));
  if (biases) gx = add(gx, params[2]), gh = add(gh, params[3]);
  const auto part = [&](const Tensor& t, std::int64_t k) { return narrow(t, 1, k * kHidden, kHidden); };
  if (c.cell == Cell::lstm) {
    const Tensor g = add(gx, gh);
    s[1] = add(mul(sigmoid(part(g, 1)), s[1]), mul(sigmoid(part(g, 0)), tanh(part(g, 2))));
    s[0] = mul(sigmoid(part(g, 3)), tanh(s[1]));
    if (c.projects) s[0] = matmul(s[0], mT(params.back()));
  } else if (c.cell == Cell::gru) {
    const Tensor r = sigmoid(add(part(gx, 0), part(gh, 0))), z = sigmoid(add(part(gx, 1), part(gh, 1)));
    const Tensor n = tanh(add(part(gx, 2), mul(r, part(gh, 2))));
    s[0] = add(mul(sub(1, z), n), mul(z, s[0]));
  } else {
    const Tensor sum = add(gx, gh);
    s[0] = c.cell == Cell::rnn_tanh ? tanh(sum) : relu(sum);
  }
  return s;
}

class Recurrent : public testing::TestWithParam<Case> {};

TEST_P(Recurrent, TakesItsSteps) {
  for (const bool biases : {true, false}) {
    const RecurrentOptions o{.biases = biases};
    const Network net(GetParam(), o, 4);
    const Tensor x = uniform({5, 4, kFeatures}, -1, 1, 1);
    const auto got = nn::recurrent(GetParam().cell, x, net.states, net.params, o);
    std::vector<Tensor> s;
    for (const Tensor& t : net.states) s.push_back(select(t, 0, 0));
    for (std::int64_t t = 0; t < 5; ++t) {
      s = step(GetParam(), select(x, 0, t), s, net.params, biases);
      EXPECT_TRUE(allclose(select(got[0], 0, t), s[0], 1e-12, 1e-12));
    }
    for (std::size_t k = 0; k < s.size(); ++k) EXPECT_TRUE(allclose(select(got[k + 1], 0, 0), s[k], 1e-12, 1e-12));
    const auto first = nn::recurrent(GetParam().cell, transpose(x, 0, 1), net.states, net.params,
                                     {.biases = biases, .batch_first = true});
    EXPECT_TRUE(allclose(first[0], transpose(got[0], 0, 1), 1e-12, 1e-12));
  }
}

TEST_P(Recurrent, GoesBothWaysThroughLayers) {
  const RecurrentOptions o{.layers = 2, .bidirectional = true};
  const Network net(GetParam(), o, 3);
  const Tensor x = uniform({4, 3, kFeatures}, -1, 1, 1);
  const auto got = nn::recurrent(GetParam().cell, x, net.states, net.params, o);
  // The same by single layers: backwards is forwards over the steps in reverse.
  const auto per = static_cast<std::int64_t>(net.params.size()) / 4;
  Tensor y = x;
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    std::vector<Tensor> ys;
    for (std::int64_t k = 0; k < 2; ++k) {
      std::vector<Tensor> s;
      for (const Tensor& t : net.states) s.push_back(narrow(t, 0, 2 * layer + k, 1));
      const std::span params =
          std::span(net.params).subspan(static_cast<std::size_t>((2 * layer + k) * per), static_cast<std::size_t>(per));
      const auto one = nn::recurrent(GetParam().cell, k ? flip(y, Dims{0}) : y, s, params, {});
      ys.push_back(k ? flip(one[0], Dims{0}) : one[0]);
      EXPECT_TRUE(allclose(narrow(got[1], 0, 2 * layer + k, 1), one[1], 1e-12, 1e-12));
    }
    y = cat(ys, 2);
  }
  EXPECT_TRUE(allclose(got[0], y, 1e-12, 1e-12));
}

TEST_P(Recurrent, OfPackedSequencesIsEachAlone) {
  const RecurrentOptions o{.bidirectional = true, .batch_sizes = {3, 2, 2, 1}};
  const Network net(GetParam(), o, 3);
  const Tensor x = uniform({8, kFeatures}, -1, 1, 1);
  const auto got = nn::recurrent(GetParam().cell, x, net.states, net.params, o);
  const std::vector<std::vector<std::int64_t>> rows{{0, 3, 5, 7}, {1, 4, 6}, {2}};
  for (std::int64_t b = 0; b < 3; ++b) {
    const Tensor at = tensor<std::int64_t>(rows[static_cast<std::size_t>(b)]);
    std::vector<Tensor> s;
    for (const Tensor& t : net.states) s.push_back(narrow(t, 1, b, 1));
    const auto one =
        nn::recurrent(GetParam().cell, unsqueeze(take(x, at, 0), {1}), s, net.params, {.bidirectional = true});
    EXPECT_TRUE(allclose(take(got[0], at, 0), select(one[0], 1, 0), 1e-12, 1e-12));
    for (std::size_t k = 1; k < got.size(); ++k) EXPECT_TRUE(allclose(narrow(got[k], 1, b, 1), one[k], 1e-12, 1e-12));
  }
}

TEST_P(Recurrent, HasBothGradients) {
  for (const bool packed : {false, true}) {
    RecurrentOptions o{.bidirectional = packed};
    if (packed) o.batch_sizes = {2, 1};
    const Network net(GetParam(), o, 2);
    std::vector<Tensor> all{packed ? uniform({3, kFeatures}, -1, 1, 1) : uniform({2, 2, kFeatures}, -1, 1, 1)};
    all.insert(all.end(), net.states.begin(), net.states.end());
    const std::size_t before = all.size();
    all.insert(all.end(), net.params.begin(), net.params.end());
    const auto run = [&](const std::vector<Tensor>& v) {
      const std::span<const Tensor> in(v);
      return nn::recurrent(GetParam().cell, v[0], in.subspan(1, before - 1), in.subspan(before), o);
    };
    const auto everything = [&](const std::vector<Tensor>& v) {
      std::vector<Tensor> flat;
      for (const Tensor& t : run(v)) flat.push_back(flatten(t));
      return cat(flat, 0);
    };
    if (packed) expect_gradients(GetParam().name, everything, all);
    else expect_second_gradients(GetParam().name, everything, all);
    // Where no gradient comes to the output, that of a state is enough.
    expect_gradients("the state alone", [&](const auto& v) { return run(v).back(); }, all);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST_P(Recurrent, RoundsHalfPrecisionOnce) {
  const Network net(GetParam(), {}, 2);
  const auto as = [](const std::vector<Tensor>& ts, DType d, DType wide) {
    std::vector<Tensor> out;
    for (const Tensor& t : ts) out.push_back(t.to(d).to(wide));
    return out;
  };
  const Tensor x = uniform({3, 2, kFeatures}, -1, 1, 1);
  const DType h = DType::bfloat16, f = DType::float32;
  const auto got = nn::recurrent(GetParam().cell, x.to(h), as(net.states, h, h), as(net.params, h, h), {});
  const auto wide = nn::recurrent(GetParam().cell, x.to(h).to(f), as(net.states, h, f), as(net.params, h, f), {});
  for (std::size_t k = 0; k < got.size(); ++k) EXPECT_EQ(values(got[k]), values(wide[k].to(h)));
}

INSTANTIATE_TEST_SUITE_P(Cells, Recurrent, testing::ValuesIn(kCases), [](const auto& info) { return info.param.name; });

TEST(RecurrentCell, IsOneStep) {
  for (const Case& c : {kCases[0], kCases[2], kCases[3], kCases[4]}) {
    const Network net(c, {}, 4);
    const Tensor x = uniform({4, kFeatures}, -1, 1, 1);
    std::vector<Tensor> s;
    for (const Tensor& t : net.states) s.push_back(select(t, 0, 0));
    const std::vector<Tensor>& p = net.params;
    const auto got = nn::recurrent_cell(c.cell, x, s, p[0], p[1], p[2], p[3]), wanted = step(c, x, s, p, true);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t k = 0; k < got.size(); ++k) EXPECT_TRUE(allclose(got[k], wanted[k], 1e-12, 1e-12));
  }
}

// Hidden sizes that fill no panel, one and several; batches of several tiles and blocks of rows.
struct Size {
  std::int64_t steps, batch, hidden;
};
const Size kSizes[] = {{3, 1, 1}, {4, 5, 7}, {3, 37, 33}, {2, 130, 70}, {2, 9, 1100}};

struct Sized {
  std::vector<Tensor> states, params;
  Tensor x;

  Sized(const Case& c, const Size& s, DType d, std::int64_t out) {
    std::uint64_t seed = 30;
    const auto next = [&](const Dims& shape) {
      const double most = 1 / std::sqrt(static_cast<double>(s.hidden));
      return uniform(shape, -most, most, seed++).to(d);
    };
    x = uniform({s.steps, s.batch, 3}, -1, 1, 29).to(d);
    states.push_back(next({1, s.batch, out}));
    if (c.cell == Cell::lstm) states.push_back(next({1, s.batch, s.hidden}));
    params = {next({c.parts * s.hidden, 3}), next({c.parts * s.hidden, out}), next({c.parts * s.hidden}),
              next({c.parts * s.hidden})};
    if (c.projects) params.push_back(next({out, s.hidden}));
  }
};

// The gradients that are recorded are those of single operations.
TEST(RecurrentSizes, AgreeWithSingleOperations) {
  for (const Case& c : kCases)
    for (const Size& s : kSizes)
      for (const DType d : {DType::float64, DType::float32}) {
        if (s.hidden > 1000 && d == DType::float64) continue;
        const std::int64_t out = c.projects ? std::max<std::int64_t>(s.hidden / 2, 1) : s.hidden;
        const auto gradients = [&](bool recorded) {
          const Sized net(c, s, d, out);
          std::vector<Tensor> all{leaf(net.x)};
          for (const Tensor& t : net.states) all.push_back(leaf(t));
          const std::size_t before = all.size();
          for (const Tensor& t : net.params) all.push_back(leaf(t));
          const std::span<const Tensor> in(all);
          const auto y = nn::recurrent(c.cell, all[0], in.subspan(1, before - 1), in.subspan(before), {});
          std::vector<Tensor> seeds;
          for (const Tensor& t : y) seeds.push_back(uniform(t.shape(), -1, 1, 50).to(d));
          auto found = autograd::grad(y, all, seeds, true, recorded, true);
          found.insert(found.end(), y.begin(), y.end());
          return found;
        };
        const auto blocks = gradients(false), single = gradients(true);
        const double near = d == DType::float64 ? 1e-10 : 2e-4;
        for (std::size_t i = 0; i < blocks.size(); ++i)
          ASSERT_TRUE(allclose(blocks[i].detach(), single[i].detach(), near, near))
              << c.name << " " << s.batch << " x " << s.hidden << ", gradient " << i;
        // What is not kept for backward does not change the result.
        const NoGrad guard;
        const Sized net(c, s, d, out);
        EXPECT_EQ(values(nn::recurrent(c.cell, net.x, net.states, net.params, {})[0]),
                  values(blocks[blocks.size() - (c.cell == Cell::lstm ? 3 : 2)].detach()));
      }
}

TEST(RecurrentSizes, HaveTheSameBitsForAnyNumberOfThreads) {
  const int before = num_threads();
  for (const Case& c : kCases)
    for (const Size& s : {Size{4, 37, 33}, {2, 130, 70}, {3, 2, 1100}}) {  // the last: steps over the threads
      const Sized net(c, s, DType::float32, c.projects ? s.hidden / 2 : s.hidden);
      std::vector<std::vector<double>> found;
      for (const int threads : {1, 4}) {
        set_num_threads(threads);
        std::vector<Tensor> params;
        for (const Tensor& t : net.params) params.push_back(leaf(t));
        const auto y = nn::recurrent(c.cell, net.x, net.states, params, {});
        sum(square(y[0])).backward();
        found.push_back(values(y[0].detach()));
        found.push_back(values(params[0].grad()));
      }
      EXPECT_EQ(found[0], found[2]) << c.name;
      EXPECT_EQ(found[1], found[3]) << c.name;
    }
  set_num_threads(before);
}

using RecurrentSim = SimTest;

TEST_F(RecurrentSim, AgreesWithTheCpu) {
  for (const Case& c : kCases) {
    const Sized net(c, {3, 5, 7}, DType::float64, c.projects ? 4 : 7);
    std::vector<std::vector<double>> found;
    for (const Device device : {kCpu, kCuda}) {
      std::vector<Tensor> states, params;
      for (const Tensor& t : net.states) states.push_back(t.to(device));
      for (const Tensor& t : net.params) params.push_back(leaf(t.to(device)));
      const auto y = nn::recurrent(c.cell, net.x.to(device), states, params, {});
      sum(square(y[0])).backward();
      found.push_back(values(y[0].detach().to(kCpu)));
      found.push_back(values(params[1].grad().to(kCpu)));
    }
    EXPECT_EQ(found[0], found[2]) << c.name;
    EXPECT_EQ(found[1], found[3]) << c.name;
  }
}

TEST(RecurrentNan, ReachesTheOutput) {
  for (const Case& c : kCases) {
    if (c.cell == Cell::rnn_relu) continue;
    const Sized net(c, {2, 1, 20}, DType::float32, c.projects ? 10 : 20);
    Tensor x = net.x.clone();
    fill_(x, std::nan(""));
    for (const double v : values(nn::recurrent(c.cell, x, net.states, net.params, {})[0])) EXPECT_TRUE(std::isnan(v));
  }
}

TEST(RecurrentErrors, NameWhatIsWrong) {
  const Network net(kCases[0], {}, 2);
  const Tensor x = zeros({3, 2, kFeatures}, DType::float64);
  const auto run = [&](const Tensor& in, const std::vector<Tensor>& s, const std::vector<Tensor>& p,
                       const RecurrentOptions& o = {}) { nn::recurrent(Cell::lstm, in, s, p, o); };
  EXPECT_EQ(message<ShapeError>([&] { run(zeros({3, 2, 5}), net.states, net.params); }),
            "lstm: w_ih must have shape (12, 5); got (12, 2)");
  EXPECT_EQ(message<ValueError>([&] { run(x, net.states, {net.params[0]}); }),
            "lstm: expected 4 params for 1 layers and directions; got 1");
  EXPECT_THROW(run(x, {net.states[0]}, net.params), ValueError);
  EXPECT_THROW(run(zeros({3, 4, kFeatures}), net.states, net.params), ShapeError);
  EXPECT_THROW(run(zeros({0, 2, kFeatures}), net.states, net.params), ShapeError);
  EXPECT_THROW(run(zeros({3, kFeatures}), net.states, net.params), ShapeError);
  EXPECT_EQ(message<ValueError>([&] { run(zeros({3, kFeatures}), net.states, net.params, {.batch_sizes = {1, 2}}); }),
            "lstm: batch_sizes must be positive and must not grow; got 2 after 1");
  EXPECT_THROW(run(zeros({4, kFeatures}), net.states, net.params, {.batch_sizes = {2, 1}}), ShapeError);
  EXPECT_THROW(run(x, net.states, net.params, {.dropout = 2}), ValueError);
}

}  // namespace
}  // namespace tenon::test
