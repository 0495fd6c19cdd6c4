// Pools against loops over every window, on the CPU and on the simulated device.
#include "gradients.h"
#include "sim.h"
#include "tenon/nn.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using nn::PoolOptions;
using List = std::vector<double>;
using Size = std::int64_t;

List as_list(const Tensor& t) { return values(t.to(kCpu)); }

// What a window of one dimension sees.
struct Window {
  std::vector<Size> elements;
  double with_padding;  // how many there are, the padding's included
};
std::vector<Window> windows(Size in, Size k, Size stride, Size padding, Size dilation, bool ceil) {
  const Size span = (k - 1) * dilation + 1;
  std::vector<Window> all;
  for (Size first = -padding;; first += stride) {
    const bool whole = first + span <= in + padding;
    if (!whole && !(ceil && first < in && first - stride + span < in + padding)) break;
    Window w{{}, static_cast<double>(std::min(first + k, in + padding) - first)};
    for (Size i = 0; i < k; ++i)
      if (const Size at = first + i * dilation; at >= 0 && at < in) w.elements.push_back(at);
    all.push_back(w);
  }
  return all;
}
std::vector<Window> parts(Size in, Size out) {
  std::vector<Window> all;
  for (Size o = 0; o < out; ++o) {
    Window w{{}, 0};
    for (Size i = o * in / out; i < ((o + 1) * in + out - 1) / out; ++i) w.elements.push_back(i);
    w.with_padding = static_cast<double>(w.elements.size());
    all.push_back(w);
  }
  return all;
}

struct Pooled {
  List largest, places, sums, means, means_without_padding;
};
// Over the last two dimensions of [planes, h, w].
Pooled pooled(const List& x, Size planes, Size h, Size w, const std::vector<Window>& rows,
              const std::vector<Window>& columns) {
  Pooled p;
  for (Size n = 0; n < planes; ++n)
    for (const Window& r : rows)
      for (const Window& c : columns) {
        double best = -INFINITY, sum = 0;
        Size at = -1;
        for (const Size i : r.elements)
          for (const Size j : c.elements) {
            const double v = x[static_cast<std::size_t>((n * h + i) * w + j)];
            sum += v;
            if (at >= 0 && !(v > best || (std::isnan(v) && !std::isnan(best)))) continue;
            best = v;
            at = i * w + j;
          }
        p.largest.push_back(best);
        p.places.push_back(static_cast<double>(at));
        p.sums.push_back(sum);
        p.means.push_back(sum / (r.with_padding * c.with_padding));
        p.means_without_padding.push_back(sum / static_cast<double>(r.elements.size() * c.elements.size()));
      }
  return p;
}

void expect_near(const List& got, const List& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], tolerance) << i;
}

struct Case {
  Size h, w;
  PoolOptions o;
};
const Case kCases[] = {
    {8, 8, {{2}}},
    {9, 70, {{2}}},
    {7, 40, {{3}, {1}, {1}}},
    {7, 41, {{3}, {2}, {1}, {1}, true}},
    {5, 5, {{2, 3}, {3, 2}, {1, 0}, {1}, true}},
    {12, 90, {{2, 4}, {1, 3}, {1, 2}, {2, 3}}},
    {1, 33, {{1, 2}, {1, 1}}},
    {6, 6, {{6}}},
    {10, 20, {{2, 1}, {5, 4}}},
    {4, 66, {{3, 5}, {1, 2}, {1, 2}}},
};

using Pools = SimTest;

TEST_F(Pools, AreTheLargestAndTheMeanOfEachWindow) {
  for (const DType d :
       {DType::float64, DType::float32, DType::float16, DType::bfloat16, DType::int32, DType::uint8, DType::int64})
    for (const Device device : {kCpu, kCuda})
      for (const Case& c : kCases) {
        const Tensor x = uniform({2, 3, c.h, c.w}, 0, 9, 1).to(d);
        const auto at = [&](const Dims& v, int i) { return v[v.size() == 1 ? 0 : i]; };
        const Dims& stride = c.o.stride.empty() ? c.o.kernel : c.o.stride;
        const auto along = [&](Size n, int i, Size dilation) {
          return windows(n, at(c.o.kernel, i), at(stride, i), at(c.o.padding, i), dilation, c.o.ceil_mode);
        };
        SCOPED_TRACE(x.shape().str() + " " + c.o.kernel.str() + " " + std::string(info(d).name));
        const Pooled wanted =
            pooled(values(x), 6, c.h, c.w, along(c.h, 0, at(c.o.dilation, 0)), along(c.w, 1, at(c.o.dilation, 1)));
        const ValuesIndices got = nn::max_pool(2, x.to(device), c.o);
        EXPECT_EQ(as_list(got.values), wanted.largest);
        EXPECT_EQ(as_list(got.indices), wanted.places);
        EXPECT_EQ(as_list(nn::max_pool(2, x.to(device), c.o, false).values), wanted.largest);
        if (c.o.dilation != Dims{1}) continue;
        const double tolerance = d == DType::float64    ? 1e-13
                                 : d == DType::float16  ? 5e-3
                                 : d == DType::bfloat16 ? 4e-2
                                                        : 5e-6;
        const Pooled sums = pooled(values(x), 6, c.h, c.w, along(c.h, 0, 1), along(c.w, 1, 1));
        const Tensor mean = nn::avg_pool(2, x.to(device), c.o);
        EXPECT_EQ(mean.dtype(), is_differentiable(d) ? d : DType::float32);
        expect_near(as_list(mean), sums.means, tolerance);
        expect_near(as_list(nn::avg_pool(2, x.to(device), c.o, false)), sums.means_without_padding, tolerance);
        List divided = sums.sums;
        for (double& v : divided) v /= 5;
        expect_near(as_list(nn::avg_pool(2, x.to(device), c.o, true, 5)), divided, tolerance * 10);
      }
}

TEST_F(Pools, AdaptiveOnesDivideTheInput) {
  for (const Device device : {kCpu, kCuda})
    for (const auto [h, w, oh, ow] :
         {std::array<Size, 4>{8, 8, 4, 2}, {7, 11, 3, 4}, {2, 3, 5, 4}, {6, 5, 1, 1}, {9, 4, 1, 3}, {3, 3, 0, 2}}) {
      const Tensor x = uniform({2, 2, h, w}, -9, 9, 1);
      const Pooled wanted = pooled(values(x), 4, h, w, parts(h, oh), parts(w, ow));
      const ValuesIndices got = nn::adaptive_max_pool(2, x.to(device), {oh, ow});
      EXPECT_EQ(as_list(got.values), wanted.largest);
      EXPECT_EQ(as_list(got.indices), wanted.places);
      expect_near(as_list(nn::adaptive_avg_pool(2, x.to(device), {oh, ow})), wanted.means, 1e-13);
    }
  EXPECT_EQ(nn::adaptive_avg_pool(3, ones({1, 4, 5, 6}), {std::nullopt, 2, 3}).shape(), (Dims{1, 4, 2, 3}));
}

TEST_F(Pools, OfEqualElementsTheFirstAndOfNansTheFirst) {
  const Tensor x = doubles({1, 1, NAN, 0, NAN, 5, -INFINITY, -INFINITY}, {1, 8});
  for (const DType d : {DType::float64, DType::float32, DType::float16}) {
    const ValuesIndices r = nn::max_pool(1, x.to(d), {{2}});
    EXPECT_EQ(values(r.indices), (List{0, 2, 4, 6}));
    EXPECT_TRUE(std::isnan(values(r.values)[1]) && std::isnan(values(r.values)[2]));
    EXPECT_EQ(values(r.values)[3], -INFINITY);
  }
  // Windows whose taps lie on both sides of the input still give a place in it.
  const ValuesIndices none = nn::max_pool(1, ones({1, 1}), {{2}, {1}, {1}, {2}});
  EXPECT_EQ(values(none.indices), List{0});
}

TEST_F(Pools, HaveSecondDerivatives) {
  const Tensor x = uniform({2, 2, 5, 6}, 0.5, 2, 1);
  const auto check = [&](const char* what, const std::function<Tensor(const Tensor&)>& f) {
    expect_second_gradients(what, [&](const auto& v) { return f(v[0]); }, {x});
  };
  check("max", [](const Tensor& t) { return square(nn::max_pool(2, t, {{3}, {2}, {1}}).values); });
  check("avg", [](const Tensor& t) { return square(nn::avg_pool(2, t, {{3, 2}, {2, 1}, {1}, {1}, true}, false)); });
  check("lp", [](const Tensor& t) { return nn::lp_pool(2, t, 3, {{2}}); });
  check("adaptive avg", [](const Tensor& t) { return square(nn::adaptive_avg_pool(2, t, {3, 4})); });
  check("adaptive max", [](const Tensor& t) { return square(nn::adaptive_max_pool(2, t, {2, 4}).values); });
  check("unpool", [](const Tensor& t) {
    const ValuesIndices r = nn::max_pool(2, t, {{2}});
    return square(nn::max_unpool(2, r.values, r.indices, {{2}}, Dims{5, 6}));
  });
}

TEST_F(Pools, UnpoolingPutsElementsWhereTheyWere) {
  const Tensor x = counting({1, 4, 4});
  const ValuesIndices r = nn::max_pool(2, x, {{2}});
  const Tensor back = nn::max_unpool(2, r.values, r.indices, {{2}});
  EXPECT_EQ(values(back), (List{0, 0, 0, 0, 0, 5, 0, 7, 0, 0, 0, 0, 0, 13, 0, 15}));
  EXPECT_EQ(nn::max_unpool(2, r.values, r.indices, {{2}}, Dims{5, 4}).shape(), (Dims{1, 5, 4}));
  EXPECT_THROW(nn::max_unpool(2, r.values, add(r.indices, 1), {{2}}), IndexError);
  EXPECT_THROW(nn::max_unpool(2, r.values, r.indices, {{2}}, Dims{6, 4}), ValueError);
  EXPECT_THROW(nn::max_unpool(2, r.values, r.indices.to(DType::int32), {{2}}), TypeError);
}

TEST_F(Pools, HaveTheSameBitsForAnyNumberOfThreads) {
  const int before = num_threads();
  const auto all = [](int threads) {
    set_num_threads(threads);
    const Tensor x = leaf(uniform({8, 16, 40, 40}, -1, 1, 1, DType::float32));
    const Tensor y = add(nn::avg_pool(2, x, {{3}, {2}, {1}}), nn::max_pool(2, x, {{3}, {2}, {1}}).values);
    y.backward(uniform(y.shape(), -1, 1, 2, DType::float32));
    return std::vector<List>{values(y), values(x.grad())};
  };
  const auto alone = all(1);
  EXPECT_EQ(all(2), alone);
  EXPECT_EQ(all(5), alone);
  set_num_threads(before);
}

TEST_F(Pools, SayWhatDoesNotFit) {
  const Tensor x = zeros({1, 2, 4, 4});
  EXPECT_EQ(message<ValueError>([&] { nn::max_pool(2, zeros({4, 4}), {{2}}); }),
            "max_pool2d: the input must be (N, C, H, W) or (C, H, W); got shape (4, 4)");
  EXPECT_EQ(
      message<ValueError>([&] { nn::avg_pool(2, x, {{5}}); }),
      "avg_pool2d: windows of size (5, 5) do not fit into an input of size (4, 4) with padding (0, 0); make the padding "
      "larger or the windows smaller");
  EXPECT_EQ(message<ValueError>([&] { nn::max_pool(2, x, {{2}, {}, {2}}); }),
            "max_pool2d: padding must be at most half of the window, else some windows see none of the input; got "
            "padding=(2, 2), kernel_size=(2, 2)");
  EXPECT_EQ(message<ValueError>([&] { nn::max_pool(2, x, {{0}}); }),
            "max_pool2d: kernel_size must be positive; got (0,)");
  EXPECT_EQ(message<ValueError>([&] { nn::avg_pool(2, x, {{2}}, true, 0); }),
            "avg_pool2d: divisor_override must not be 0");
  EXPECT_EQ(message<ValueError>([&] { nn::adaptive_avg_pool(2, zeros({1, 2, 0, 4}), {2}); }),
            "adaptive_avg_pool2d: an input without elements has no windows; got shape (1, 2, 0, 4)");
  EXPECT_THROW(nn::max_pool(2, x.to(DType::complex64), {{2}}), DtypeError);
  EXPECT_EQ(nn::max_pool(2, zeros({0, 2, 4, 4}), {{2}}).values.shape(), (Dims{0, 2, 2, 2}));
}

}  // namespace
}  // namespace tenon::test
