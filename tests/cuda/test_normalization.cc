// Normalizations, forwards and backwards: slabs of a warp and of blocks, with weights for elements, rows and slabs.
#include "compare.h"
#include "tenon/nn/normalization.h"

namespace tenon {
namespace {

using namespace test;
using List = std::vector<Tensor>;

TEST(Kernels, normalization) {
  for (const DType d : {DType::float32, DType::float64}) {
    for (const std::int64_t n : {1, 33, 1025})
      for (const std::int64_t rows : {1, 70}) {
        const List in{numbers({rows, n}, d), numbers({n}, d), add(numbers({n}, d), 1)};
        compare_gradient(
            "layer_norm", 2e-4, [n](const List& t) { return nn::layer_norm(t[0], {n}, t[1], t[2], 1e-3); }, in);
        compare_gradient("rms_norm", 2e-4, [n](const List& t) { return nn::rms_norm(t[0], {n}, t[1], 1e-3); },
                         {in[0], in[1]});
        compare_gradient("without weights", 2e-4,
                         [n](const List& t) { return nn::layer_norm(t[0], {n}, {}, {}, 1e-3); }, {in[0]});
      }
    if (d == DType::float64) continue;
    const List image{numbers({3, 4, 5, 8}, d), numbers({4}, d), add(numbers({4}, d), 1)};
    const List large{numbers({3, 4, 20, 30}, d), numbers({4}, d), add(numbers({4}, d), 1)};
    const List longest{numbers({1, 2, 17000}, d), numbers({2}, d), add(numbers({2}, d), 1)};
    for (const auto* in : {&image, &large, &longest}) {
      compare_gradient(
          "group_norm", 2e-4, [](const List& t) { return nn::group_norm(t[0], t[0].size(1) / 2, t[1], t[2], 1e-5); },
          *in);
      compare_gradient(
          "batch_norm", 2e-4, [](const List& t) { return nn::batch_norm(t[0], {}, t[1], t[2], true, 0.1, 1e-5); }, *in);
      compare_gradient(
          "instance_norm", 2e-4, [](const List& t) { return nn::instance_norm(t[0], {}, t[1], t[2], true, 0.1, 1e-5); },
          *in);
    }
  }
}

}  // namespace
}  // namespace tenon
