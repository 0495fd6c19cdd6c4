// Convolutions against loops over every element, on the CPU and on the simulated device.
#include "gradients.h"
#include "sim.h"
#include "tenon/nn.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using nn::ConvolutionOptions;
using List = std::vector<double>;
using Size = std::int64_t;

struct Case {
  int dims;
  Dims x, w;
  ConvolutionOptions o;
};

const Case kCases[] = {
    {1, {2, 3, 17}, {4, 3, 3}, {}},
    {1, {1, 2, 5}, {7, 2, 5}, {.padding = {2}}},
    {1, {3, 4, 40}, {6, 2, 3}, {.stride = {5}, .padding = {1}, .dilation = {2}, .groups = 2}},
    {1, {1, 1, 300}, {1, 1, 7}, {}},
    {2, {2, 3, 9, 11}, {5, 3, 3, 2}, {.stride = {2, 1}, .padding = {1, 0}}},
    {2, {1, 1, 1, 1}, {1, 1, 1, 1}, {}},
    {2, {5, 7, 7, 7}, {40, 7, 3, 3}, {.padding = {1}}},
    {2, {2, 4, 8, 8}, {4, 1, 3, 3}, {.padding = {1}, .groups = 4}},
    {2, {2, 4, 8, 33}, {8, 1, 3, 4}, {.stride = {3}, .padding = {2}, .groups = 4}},
    {2, {3, 5, 6, 6}, {9, 5, 1, 1}, {}},
    {2, {3, 30, 5, 5}, {70, 30, 1, 1}, {.stride = {2}}},
    {2, {1, 2, 12, 12}, {3, 2, 2, 2}, {.stride = {5}, .dilation = {3}}},
    {2, {2, 2, 6, 7}, {3, 2, 4, 3}, {.dilation = {1, 2}, .same = true}},
    {2, {0, 3, 6, 6}, {4, 3, 3, 3}, {}},
    {2, {2, 6, 34, 34}, {20, 6, 3, 3}, {.padding = {1}}},
    {3, {2, 2, 5, 6, 4}, {3, 2, 2, 3, 2}, {.stride = {1, 2, 1}, .padding = {1, 1, 0}}},
    {3, {1, 4, 4, 4, 4}, {4, 2, 3, 1, 2}, {.padding = {1, 0, 1}, .dilation = {1, 1, 2}, .groups = 2}},
};

List as_list(const Tensor& t) { return values(t.to(kCpu)); }

// The sizes of the last dimensions in three, and one number or several for each of them.
std::array<Size, 3> sizes(const Dims& shape, int dims) {
  std::array<Size, 3> s{1, 1, 1};
  for (int i = 0; i < dims; ++i) s[static_cast<std::size_t>(3 - dims + i)] = shape[shape.size() - dims + i];
  return s;
}
std::array<Size, 3> each(const Dims& given, int dims, Size other) {
  std::array<Size, 3> s{other, other, other};
  for (int i = 0; i < dims; ++i) s[static_cast<std::size_t>(3 - dims + i)] = given[given.size() == 1 ? 0 : i];
  return s;
}

// Calls f(place in y, place in x, place in w) for every product of a convolution.
template <class F>
void each_product(const Case& c, const Dims& y, F&& f) {
  const auto in = sizes(c.x, c.dims), k = sizes(c.w, c.dims), out = sizes(y, c.dims),
             stride = each(c.o.stride, c.dims, 1), dilation = each(c.o.dilation, c.dims, 1);
  auto padding = each(c.o.padding, c.dims, 0);
  if (c.o.same)
    for (std::size_t i = 0; i < 3; ++i) padding[i] = (k[i] - 1) * dilation[i] / 2;
  const Size of_group = c.w[1], outputs = c.w[0] / c.o.groups;
  const auto at = [](const std::array<Size, 3>& s, Size row, Size d, Size h, Size w) {
    return ((row * s[0] + d) * s[1] + h) * s[2] + w;
  };
  for (Size n = 0; n < c.x[0]; ++n)
    for (Size o = 0; o < c.w[0]; ++o)
      for (Size i = 0; i < of_group; ++i)
        for (Size p = 0; p < out[0] * out[1] * out[2]; ++p)
          for (Size q = 0; q < k[0] * k[1] * k[2]; ++q) {
            const std::array<Size, 3> po{p / (out[1] * out[2]), p / out[2] % out[1], p % out[2]},
                pk{q / (k[1] * k[2]), q / k[2] % k[1], q % k[2]};
            std::array<Size, 3> px{};
            bool inside = true;
            for (std::size_t d = 0; d < 3; ++d) {
              px[d] = po[d] * stride[d] - padding[d] + pk[d] * dilation[d];
              inside = inside && px[d] >= 0 && px[d] < in[d];
            }
            if (inside)
              f(at(out, n * c.w[0] + o, po[0], po[1], po[2]),
                at(in, n * c.x[1] + o / outputs * of_group + i, px[0], px[1], px[2]),
                at(k, o * of_group + i, pk[0], pk[1], pk[2]));
          }
}

void expect_near(const List& got, const List& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  double largest = 1;
  for (double v : wanted) largest = std::max(largest, std::fabs(v));
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], tolerance * largest) << i;
}

using Convolution = SimTest;

TEST_F(Convolution, IsTheSumOfAllProductsAndSoAreItsGradients) {
  for (const auto& [dtype, tolerance] : {std::pair{DType::float64, 1e-14}, {DType::float32, 2e-6}})
    for (const Device device : {kCpu, kCuda})
      for (const Case& c : kCases) {
        SCOPED_TRACE(c.x.str() + " " + c.w.str());
        const Tensor x = leaf(uniform(c.x, -1, 1, 1, dtype).to(device)),
                     w = leaf(uniform(c.w, -1, 1, 2, dtype).to(device)),
                     bias = leaf(uniform({c.w[0]}, -1, 1, 3, dtype).to(device));
        const Tensor y = nn::convolution(c.dims, x, w, bias, c.o), g = uniform(y.shape(), -1, 1, 4, dtype).to(device);
        y.backward(g);
        const List xs = as_list(x), ws = as_list(w), bs = as_list(bias), gs = as_list(g);
        List ys(gs.size()), dx(xs.size()), dw(ws.size()), db(bs.size());
        const std::size_t plane = c.x[0] == 0 ? 1 : ys.size() / static_cast<std::size_t>(c.x[0] * c.w[0]);
        for (std::size_t i = 0; i < ys.size(); ++i) {
          const std::size_t channel = i / plane % bs.size();
          ys[i] = bs[channel];
          db[channel] += gs[i];
        }
        each_product(c, y.shape(), [&](Size iy, Size ix, Size iw) {
          const auto a = static_cast<std::size_t>(iy), b = static_cast<std::size_t>(ix),
                     d = static_cast<std::size_t>(iw);
          ys[a] += xs[b] * ws[d];
          dx[b] += gs[a] * ws[d];
          dw[d] += gs[a] * xs[b];
        });
        expect_near(as_list(y), ys, tolerance);
        expect_near(as_list(x.grad()), dx, tolerance);
        expect_near(as_list(w.grad()), dw, tolerance);
        expect_near(as_list(bias.grad()), db, tolerance);
      }
}

TEST_F(Convolution, TransposedIsTheGradientOfTheInput) {
  for (const Case& c : kCases) {
    if (c.o.same || c.x[0] == 0) continue;
    SCOPED_TRACE(c.x.str() + " " + c.w.str());
    const Tensor x = leaf(uniform(c.x, -1, 1, 1)), w = uniform(c.w, -1, 1, 2);
    const Tensor y = nn::convolution(c.dims, x, w, {}, c.o), g = uniform(y.shape(), -1, 1, 4);
    y.backward(g);
    // What the last window does not reach has no gradient: it is the transposed one's output_padding.
    ConvolutionOptions o = c.o;
    o.output_padding = {};
    const auto in = sizes(c.x, c.dims), k = sizes(c.w, c.dims), out = sizes(y.shape(), c.dims),
               stride = each(o.stride, c.dims, 1), dilation = each(o.dilation, c.dims, 1),
               padding = each(o.padding, c.dims, 0);
    for (std::size_t i = static_cast<std::size_t>(3 - c.dims); i < 3; ++i)
      o.output_padding.push_back(in[i] - ((out[i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (k[i] - 1) + 1));
    const Tensor back = nn::convolution_transpose(c.dims, g, w, {}, o);
    expect_near(as_list(back), as_list(x.grad()), 1e-14);
  }
}

TEST_F(Convolution, SumsHalfPrecisionInFloat32AndRoundsOnce) {
  for (const DType d : {DType::float16, DType::bfloat16})
    for (const Case& c : kCases) {
      const auto all = [&](DType in) {
        const Tensor x = leaf(uniform(c.x, -1, 1, 1).to(d).to(in)), w = leaf(uniform(c.w, -1, 1, 2).to(d).to(in)),
                     bias = uniform({c.w[0]}, -1, 1, 3).to(d).to(in);
        const Tensor y = nn::convolution(c.dims, x, w, bias, c.o);
        EXPECT_EQ(y.dtype(), in);
        y.backward(uniform(y.shape(), -1, 1, 4).to(d).to(in));
        return std::vector<List>{values(y.to(d)), values(x.grad().to(d)), values(w.grad().to(d))};
      };
      EXPECT_EQ(all(d), all(DType::float32)) << c.x.str();
    }
}

TEST_F(Convolution, HasSecondDerivatives) {
  for (const Case& c : {Case{1, {2, 2, 6}, {2, 2, 3}, {.stride = {2}, .padding = {1}}},
                        Case{2, {1, 2, 4, 5}, {2, 1, 3, 2}, {.padding = {1, 0}, .dilation = {1, 2}, .groups = 2}},
                        Case{3, {1, 1, 2, 3, 2}, {2, 1, 2, 2, 1}, {}}}) {
    const std::vector<Tensor> at{uniform(c.x, -1, 1, 1), uniform(c.w, -1, 1, 2), uniform({c.w[0]}, -1, 1, 3)};
    expect_second_gradients(
        "convolution", [&](const auto& v) { return nn::convolution(c.dims, v[0], v[1], v[2], c.o); }, at);
  }
  const std::vector<Tensor> at{uniform({2, 2, 3}, -1, 1, 1), uniform({2, 2, 3}, -1, 1, 2), uniform({4}, -1, 1, 3)};
  const ConvolutionOptions o{.stride = {2}, .padding = {1}, .output_padding = {1}, .groups = 2};
  expect_second_gradients(
      "transposed", [&](const auto& v) { return nn::convolution_transpose(1, v[0], v[1], v[2], o); }, at);
}

TEST_F(Convolution, TakesAnyLayoutAndOneImage) {
  const Tensor x = uniform({6, 9, 2, 3}, -1, 1, 1), w = uniform({3, 3, 2, 4}, -1, 1, 2);
  const Tensor seen = permute(x, {2, 3, 0, 1}), kernel = permute(w, {3, 2, 0, 1});  // (2, 3, 6, 9), (4, 2, 3, 3)
  const Tensor first = narrow(seen, 1, 1, 2);
  const Tensor y = nn::convolution(2, first, kernel, {});
  expect_near(values(y), values(nn::convolution(2, first.contiguous(), kernel.contiguous(), {})), 0);
  expect_near(values(nn::convolution(2, select(first, 0, 1), kernel, {})), values(select(y, 0, 1)), 0);
  EXPECT_EQ(nn::convolution(2, select(first, 0, 1), kernel, {}).shape(), (Dims{4, 4, 7}));
}

TEST_F(Convolution, PromotesAndRefusesIntegers) {
  const Tensor image = counting({1, 3, 3}, DType::uint8), w = ones({1, 1, 2, 2}, DType::float32);
  EXPECT_EQ(nn::convolution(2, image, w, {}).dtype(), DType::float32);
  EXPECT_EQ(values(nn::convolution(2, image, w, {})), (List{8, 12, 20, 24}));
  EXPECT_THROW(nn::convolution(2, image, w.to(DType::int64), {}), DtypeError);
  EXPECT_THROW(nn::convolution(2, image.to(DType::complex64), w, {}), DtypeError);
}

TEST_F(Convolution, ANanReachesOnlyWhatSeesIt) {
  Tensor x = ones({1, 1, 40}, DType::float32);
  x.data<float>()[20] = NAN;
  const Tensor w = leaf(ones({1, 1, 3}, DType::float32)), y = nn::convolution(1, x, w, {});
  for (int i = 0; i < 38; ++i) EXPECT_EQ(std::isnan(values(y)[static_cast<std::size_t>(i)]), i >= 18 && i <= 20) << i;
  // The last tap alone meets the last element.
  Tensor edge = ones({1, 1, 21}, DType::float32);
  edge.data<float>()[20] = NAN;
  nn::convolution(1, edge, w, {}).backward(ones({1, 1, 19}, DType::float32));
  const List g = values(w.grad());
  EXPECT_EQ((List{g[0], g[1]}), (List{19, 19}));
  EXPECT_TRUE(std::isnan(g[2]));
}

TEST_F(Convolution, HasTheSameBitsForAnyNumberOfThreads) {
  const int before = num_threads();
  for (const Case& c :
       {Case{2, {9, 8, 20, 20}, {32, 8, 3, 3}, {.padding = {1}}}, Case{2, {9, 8, 20, 20}, {8, 1, 3, 3}, {.groups = 8}},
        Case{2, {2, 64, 14, 14}, {128, 64, 3, 3}, {.stride = {2}}}, Case{1, {40, 3, 200}, {4, 3, 9}, {}},
        Case{2, {4, 32, 16, 16}, {64, 32, 1, 1}, {}}}) {
    const auto all = [&](int threads) {
      set_num_threads(threads);
      const Tensor x = leaf(uniform(c.x, -1, 1, 1, DType::float32)), w = leaf(uniform(c.w, -1, 1, 2, DType::float32));
      const Tensor y = nn::convolution(c.dims, x, w, {}, c.o);
      y.backward(uniform(y.shape(), -1, 1, 3, DType::float32));
      return std::vector<List>{values(y), values(x.grad()), values(w.grad())};
    };
    const auto alone = all(1);
    EXPECT_EQ(all(2), alone) << c.x.str();
    EXPECT_EQ(all(5), alone) << c.x.str();
  }
  set_num_threads(before);
}

TEST_F(Convolution, SaysWhatDoesNotFit) {
  const Tensor x = zeros({2, 3, 8, 8}), w = zeros({4, 3, 3, 3});
  const auto told = [&](const Tensor& in, const Tensor& kernel, const ConvolutionOptions& o, const Tensor& bias = {}) {
    return message<ValueError>([&] { nn::convolution(2, in, kernel, bias, o); });
  };
  EXPECT_EQ(told(zeros({8, 8}), w, {}), "conv2d: the input must be (N, C, H, W) or (C, H, W); got shape (8, 8)");
  EXPECT_EQ(told(x, zeros({4, 3, 3}), {}), "conv2d: the weight must be (O, C / groups, H, W); got shape (4, 3, 3)");
  EXPECT_EQ(
      told(zeros({2, 5, 8, 8}), w, {}),
      "conv2d: a weight of shape (4, 3, 3, 3) with groups=1 takes 3 channels; got an input of shape (2, 5, 8, 8)");
  EXPECT_EQ(told(x, w, {.groups = 3}),
            "conv2d: the first size of the weight, shape (4, 3, 3, 3), must be a multiple of groups; got groups=3");
  EXPECT_EQ(told(x, w, {}, zeros({3})),
            "conv2d: the bias must have shape (4,), one element for each channel of the output; got (3,)");
  EXPECT_EQ(
      told(x, zeros({4, 3, 9, 3}), {}),
      "conv2d: a kernel of size (9, 3) with dilation (1, 1) does not fit into an input of size (8, 8) with padding "
      "(0, 0); make the padding larger or the kernel smaller");
  EXPECT_EQ(told(x, w, {.stride = {0}}), "conv2d: stride must be positive; got (0,)");
  EXPECT_EQ(told(x, w, {.padding = {-1}}), "conv2d: padding must not be negative; got (-1,)");
  EXPECT_EQ(told(x, w, {.dilation = {1, 2, 3}}), "conv2d: dilation takes one int, or 2 of them; got (1, 2, 3)");
  EXPECT_EQ(told(x, w, {.stride = {2, 1}, .same = true}),
            "conv2d: padding='same' keeps the size only with stride=1; got stride=(2, 1)");
  EXPECT_EQ(
      message<ValueError>([&] { nn::convolution_transpose(2, x, zeros({3, 4, 2, 2}), {}, {.output_padding = {1}}); }),
      "conv_transpose2d: output_padding must be smaller than the stride or the dilation; got output_padding=(1, 1), "
      "stride=(1, 1), dilation=(1, 1)");
  EXPECT_THROW(nn::convolution(2, x, w.to(kCuda), {}), DeviceError);
}

}  // namespace
}  // namespace tenon::test
