// How the normalizations see x, which makes them one operation.
#pragma once

#include <utility>

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon::nn {

struct Normalization {
  Dims shape;  // that x is seen in
  Dims axes;  // that it is normalized over
  Dims affine;  // the weight's and the bias's shape there: sizes of 1 where they are repeated
  bool centred;  // whether the mean is subtracted
  double eps;
  // How the backend's kernel sees x (NormalizationCall); no slabs where it is not asked.
  std::int64_t slabs = 0, rows = 0, columns = 0, slab_stride = 0, row_stride = 0;
  std::int64_t groups = 1, slab_weights = 0, row_weights = 0;

  // Slabs one behind the other, with a weight for each row, of so many groups.
  Normalization&& by_slabs(std::int64_t n, std::int64_t n_rows, std::int64_t n_columns, std::int64_t of_groups) && {
    slabs = n, rows = n_rows, columns = n_columns, row_stride = n_columns, slab_stride = n_rows * n_columns;
    groups = of_groups, slab_weights = n_rows, row_weights = 1;
    return std::move(*this);
  }
  // A slab for each channel of x (batch, channels, rest), with one weight.
  Normalization&& by_channels(std::int64_t batch, std::int64_t channels, std::int64_t rest) && {
    slabs = channels, rows = batch, columns = rest, row_stride = channels * rest, slab_stride = rest;
    groups = channels, slab_weights = 1, row_weights = 0;
    return std::move(*this);
  }

  std::int64_t count() const {
    std::int64_t n = 1;
    for (const auto d : axes) n *= shape[static_cast<int>(d)];
    return n;
  }
  // What both passes of the kernel have in common.
  NormalizationCall call(NormalizationPass kind, const Tensor& x, const Tensor& weight) const {
    NormalizationCall c{};
    c.kind = kind, c.dtype = x.dtype();
    c.slabs = slabs, c.rows = rows, c.columns = columns, c.slab_stride = slab_stride, c.row_stride = row_stride;
    c.groups = groups, c.slab_weights = slab_weights, c.row_weights = row_weights, c.n_weights = affine.product();
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
