// How the normalizations see x, which makes them one operation.
#pragma once

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon::nn {

struct Normalization {
  Dims shape;  // that x is seen in
  Dims axes;  // that it is normalized over
  Dims affine;  // the weight's and the bias's shape there: sizes of 1 where they are repeated
  bool centred;  // whether the mean is subtracted
  double eps;
  // How the backend's kernel sees x (NormalizationCall); no groups where it is not asked.
  std::int64_t groups = 0, channels = 0, columns = 0;

  std::int64_t count() const {
    std::int64_t n = 1;
    for (const auto d : axes) n *= shape[static_cast<int>(d)];
    return n;
  }
  // What both passes of the kernel have in common.
  NormalizationCall call(NormalizationPass kind, const Tensor& x, const Tensor& weight) const {
    NormalizationCall c{};
    c.kind = kind, c.dtype = x.dtype();
    c.slabs = channels * columns ? x.numel() / (channels * columns) : 0;
    c.groups = groups, c.channels = channels, c.columns = columns;
    c.centred = centred, c.eps = eps;
    c.x = x.data(), c.weight = weight.defined() ? weight.data() : nullptr;
    return c;
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
