// How the normalizations see x, which makes them one operation.
#pragma once

#include "tenon/tensor.h"

namespace tenon::nn {

struct Normalization {
  Dims shape;  // that x is seen in
  Dims axes;  // that it is normalized over
  Dims affine;  // the weight's and the bias's shape there: sizes of 1 where they are repeated
  bool centred;  // whether the mean is subtracted
  double eps;

  std::int64_t count() const {
    std::int64_t n = 1;
    for (const auto d : axes) n *= shape[static_cast<int>(d)];
    return n;
  }
  // The dimensions that weight and bias are repeated along.
  Dims repeated() const {
    Dims out;
    for (int d = 0; d < affine.size(); ++d)
      if (affine[d] == 1) out.push_back(d);
    return out;
  }
};

}  // namespace tenon::nn
