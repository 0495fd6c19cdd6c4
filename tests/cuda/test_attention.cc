// Attention, forwards and backwards: tiles that are not full, masks, triangles, shared heads, dropout by the CPU's numbers.
#include "compare.h"
#include "tenon/nn/attention.h"
#include "tenon/ops/random.h"

namespace tenon {
namespace {

using namespace test;
using List = std::vector<Tensor>;

struct AttentionCase {
  std::int64_t batch, heads, key_heads, queries, keys, width, value_width;
};

List inputs(const AttentionCase& c, DType d) {
  return {numbers({c.batch, c.heads, c.queries, c.width}, d, -1, 1),
          numbers({c.batch, c.key_heads, c.keys, c.width}, d, -2, 2),
          numbers({c.batch, c.key_heads, c.keys, c.value_width}, d, -1, 1)};
}

TEST(Kernels, attention) {
  const AttentionCase cases[] = {
      {1, 1, 1, 1, 1, 1, 1}, {2, 2, 1, 35, 32, 16, 24}, {1, 1, 1, 66, 70, 20, 70}, {1, 1, 1, 20, 9, 140, 135}};
  for (const DType d : {DType::float32, DType::float64}) {
    const double tolerance = d == DType::float32 ? 2e-5 : 1e-10;
    for (const auto& c : cases) {
      const List in = inputs(c, d);
      nn::AttentionOptions o;
      o.grouped = c.heads != c.key_heads;
      const auto run = [&](const std::string& what, const nn::AttentionOptions& with, const Tensor& mask) {
        compare_gradient(
            what, tolerance,
            [&](const List& t) {
              default_generator().manual_seed(5);
              return nn::scaled_dot_product_attention(t[0], t[1], t[2], mask.defined() ? mask.to(t[0].device()) : mask,
                                                      with);
            },
            in);
      };
      nn::AttentionOptions causal = o, scaled = o;
      causal.causal = true;
      run("plain", o, {});
      causal.dropout = 0.5;
      run("causal with dropout", causal, {});
      if (d == DType::float64) continue;
      causal.dropout = 0;
      run("causal", causal, {});
      scaled.scale = -0.3;
      // One query sees nothing.
      Tensor seen = gt(numbers({c.queries, c.keys}, d), 0), none = seen[c.queries - 1];
      fill_(none, false);
      run("bools", o, seen);
      run("bools of keys, scaled", scaled, gt(numbers({1, c.keys}, d), -3));
      run("floats", o, numbers({c.batch, 1, c.queries, c.keys}, d));
      run("-inf", o, where(seen, numbers({c.queries, c.keys}, d), -INFINITY));
    }
  }
  // The largest score cancels to 0 exactly. (The gradients of queries and keys are what rounding leaves.)
  const List in = inputs({1, 1, 1, 9, 70, 7, 4}, DType::float32);
  const Tensor q = mul(in[0], 1e12);
  compare_gradient("large scores", 1e-5,
                   [&](const List& t) {
                     const Device d = t[0].device();
                     return nn::scaled_dot_product_attention(q.to(d), in[1].to(d), t[0]);
                   },
                   {in[2]});
  compare_gradient(
      "float16", 1e-2, [](const List& t) { return nn::scaled_dot_product_attention(t[0], t[1], t[2]); },
      inputs({1, 2, 2, 9, 11, 16, 16}, DType::float16));
}

}  // namespace
}  // namespace tenon
