// Attention.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon::nn {

struct AttentionOptions {
  double dropout = 0;  // of the probabilities
  bool causal = false;  // query i sees the keys up to i
  std::optional<double> scale = {};  // by default 1 / sqrt(width)
  bool grouped = false;  // the query's heads, dimension -3, share the key's: h reads key head h / (heads / key heads)
};

// softmax(q @ k.T * scale + mask) @ v: q (..., queries, width), k (..., keys, width), v (..., keys, value width); the
// dimensions before broadcast. The scores are in memory a block at a time. mask, which may be undefined, broadcasts to
// (..., queries, keys): bools (true: is seen), or floats that are added. A query that sees no key gets 0. In the
// promoted dtype of floats; float16 and bfloat16 are computed in float32 and rounded once. Throws ShapeError,
// DtypeError, and ValueError for a mask with causal and a dropout outside of [0, 1].
TENON_API Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                              const Tensor& mask = {}, const AttentionOptions& options = {});

}  // namespace tenon::nn
