// Rows: attention.
#include "nn.h"
#include "tenon/nn/attention.h"

namespace tenon::py {

void def_nn_attention(Ops& ops) {
  ops.def(
         "scaled_dot_product_attention",
         +[](const Tensor& q, const Tensor& k, const Tensor& v, MaybeTensor mask, double dropout, bool causal,
             const std::optional<double>& scale, bool grouped) {
           return nn::scaled_dot_product_attention(q, k, v, given(mask), {dropout, causal, scale, grouped});
         },
         "softmax(query @ key.T * scale + attn_mask) @ value, in blocks: the scores are never in memory at once.\n\n"
         "A new tensor (..., queries, value width) in the promoted dtype; float16 and bfloat16 are computed in\n"
         "float32 and rounded once. A query that sees no key gets 0. ValueError for shapes that do not fit, a mask\n"
         "with is_causal and a dropout outside of [0, 1]; TypeError for complex numbers and float8.\n\n"
         "query: (..., queries, width). key: (..., keys, width). value: (..., keys, value width). attn_mask: bools,\n"
         "True where a query sees a key, or floats that are added to the scores; broadcasts to (..., queries, keys).\n"
         "dropout_p: of the probabilities, also outside of training; 0 for none. is_causal: whether query i sees the\n"
         "keys up to i alone. scale: a factor of the scores; None for 1 / sqrt(width). enable_gqa: whether several\n"
         "heads of query, dimension -3, share one of key and value.\n\n"
         ">>> q = k = tenon.zeros(1, 2, 4)\n"
         ">>> v = tenon.tensor([[[1.0], [3.0]]])\n"
         ">>> tenon.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)\n"
         "tensor([[[1.],\n"
         "         [2.]]])",
         "query"_a, "key"_a, "value"_a, "attn_mask"_a = none, "dropout_p"_a = 0.0, "is_causal"_a = false, kw_only,
         "scale"_a = none, "enable_gqa"_a = false)
      .autocast(Autocast::lower)
      .no_out()
      .long_work()
      .nn_only();
}

}  // namespace tenon::py
