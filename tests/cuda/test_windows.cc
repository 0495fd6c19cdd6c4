// Convolutions and pools, forwards and backwards: one to three dimensions, strides, dilation, padding, groups.
#include "compare.h"
#include "tenon/nn/convolution.h"
#include "tenon/nn/pooling.h"

namespace tenon {
namespace {

using namespace test;
using List = std::vector<Tensor>;

Tensor small(const Dims& shape, DType d = DType::float64) { return numbers(shape, d, -1, 1); }

struct ConvolutionCase {
  Dims x, w;
  nn::ConvolutionOptions o;
};

TEST(Kernels, convolution) {
  const ConvolutionCase cases[] = {
      {{2, 3, 9, 7}, {5, 3, 3, 3}, {}},
      {{2, 12, 9, 7}, {70, 12, 3, 2}, {{2, 1}, {1, 0}, {1}}},
      {{1, 70, 13, 11}, {9, 70, 3, 3}, {{3}, {2}, {2}}},
      {{2, 24, 10, 10}, {36, 8, 3, 3}, {{1}, {1}, {1}, {0}, 3}},
      {{3, 6, 12, 12}, {6, 1, 5, 5}, {{2}, {2}, {1}, {0}, 6}},
      {{2, 4, 40}, {10, 4, 5}, {{2}, {3}, {2}}},
      {{2, 3, 5, 6, 7}, {10, 3, 3, 2, 3}, {{1, 2, 1}, {1}, {1}}},
      {{3, 20, 9, 9}, {30, 20, 1, 1}, {}},
      {{5, 2, 40, 40}, {66, 2, 2, 2}, {}},
      {{1500, 1, 2}, {1, 1, 2}, {}},
  };
  for (const auto& c : cases) {
    const int dims = c.x.size() - 2;
    const auto f = [&](const List& t) {
      return nn::convolution(dims, t[0], t[1], t.size() > 2 ? t[2] : Tensor(), c.o);
    };
    const List in{small(c.x), small(c.w), small({c.w[0]})};
    compare_gradient(c.x.str() + " " + c.w.str(), 1e-9, f, in);
    compare_gradient("without bias", 1e-9, f, {in[0], in[1]});
    nn::ConvolutionOptions t = c.o;
    t.output_padding = {*std::max_element(t.stride.begin(), t.stride.end()) > 1 ? 1 : 0};
    if (c.o.stride.size() > 1) t.output_padding = {0};
    Dims x = c.x;
    x[1] = c.w[0];
    compare_gradient("transposed " + c.x.str(), 1e-9,
                     [&](const List& l) { return nn::convolution_transpose(dims, l[0], l[1], l[2], t); },
                     {small(x), small(c.w), small({c.w[1] * c.o.groups})});
  }
  for (const DType d : {DType::float16, DType::bfloat16, DType::float32})
    compare_gradient(std::string(name(d)), d == DType::float32 ? 1e-3 : 6e-2,
                     [](const List& t) { return nn::convolution(2, t[0], t[1], t[2], {}); },
                     {small({2, 9, 8, 8}, d), small({10, 9, 3, 3}, d), small({10}, d)});
}

struct PoolCase {
  Dims x;
  nn::PoolOptions o;
};

TEST(Kernels, pool) {
  const PoolCase cases[] = {
      {{2, 3, 9, 7}, {{2}}},
      {{2, 3, 9, 7}, {{3}, {2}, {1}}},
      {{2, 3, 9, 10}, {{3, 2}, {2, 1}, {1, 1}, {1}, true}},
      {{1, 2, 6, 7, 8}, {{2, 3, 2}, {1, 2, 3}}},
      {{3, 70}, {{5}, {3}, {2}}},
      {{1, 1, 260, 300}, {{2}}},
      {{65537, 1, 3}, {{2}, {1}}},
  };
  for (const auto& c : cases) {
    const int dims = c.o.kernel.size() > 1 ? c.o.kernel.size() : c.x.size() > 3 ? c.x.size() - 2 : 1;
    compare_gradient("max " + c.x.str(), 1e-12, [&](const List& t) { return nn::max_pool(dims, t[0], c.o).values; },
                     {whole(c.x, DType::float64)});
    nn::PoolOptions dilated = c.o;
    dilated.dilation = {2};
    for (const DType d : {DType::bool_, DType::int8, DType::uint8, DType::uint64, DType::float16, DType::float32})
      compare(
          "places " + c.x.str(), 0,
          [&](const Tensor& x) {
            const auto found = nn::max_pool(dims, x, dilated);
            return add(mul(found.indices, 1000), found.values);
          },
          whole(c.x, d));
    for (const DType d : {DType::float32, DType::float64, DType::bfloat16})
      compare_gradient("mean " + c.x.str(), d == DType::float64 ? 1e-12 : 1e-2,
                       [&](const List& t) { return nn::avg_pool(dims, t[0], c.o, false); }, {small(c.x, d)});
  }
  Tensor holes = small({2, 9, 9});
  Tensor row = holes[0], one = row[3];
  fill_(one, NAN);
  compare("NaN", 0, [](const Tensor& x) { return nn::max_pool(2, x, {{3}, {2}, {1}}).indices; }, holes);
  compare(
      "-inf", 0, [](const Tensor& x) { return nn::max_pool(2, x, {{3}, {2}, {1}}).indices; },
      full({1, 5, 5}, -INFINITY));
  for (const nn::OutputSize& size : {nn::OutputSize{3, 4}, nn::OutputSize{5, 7}, nn::OutputSize{13, 2}}) {
    const List in{small({2, 3, 10, 12})};
    compare_gradient("adaptive mean", 1e-12, [&](const List& t) { return nn::adaptive_avg_pool(2, t[0], size); }, in);
    compare_gradient(
        "adaptive max", 1e-12, [&](const List& t) { return nn::adaptive_max_pool(2, t[0], size).values; }, in);
  }
  // Lists that are longer than what travels at once.
  compare_gradient("long lists", 1e-12, [&](const List& t) { return nn::adaptive_avg_pool(1, t[0], {700}); },
                   {small({2, 1501})});
}

}  // namespace
}  // namespace tenon
