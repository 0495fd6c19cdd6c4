// Splitting as NumPy counts the parts.
#include <algorithm>

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/ops/join.h"
#include "tenon/ops/view.h"

namespace tenon {
namespace {

int dimension(const char* op, const Tensor& t, std::int64_t parts, std::int64_t dim) {
  if (t.ndim() == 0) errors::wrong_ndim(op, 0, "at least 1 dimension");
  const int d = normalize_axis(op, dim, t.ndim());
  if (parts < 1) errors::fail(op, "the number of parts must be positive; got ", parts);
  return d;
}

}  // namespace

std::vector<Tensor> tensor_split(const Tensor& t, std::int64_t parts, std::int64_t dim) {
  const int d = dimension("tensor_split", t, parts, dim);
  const std::int64_t each = t.shape()[d] / parts, larger = t.shape()[d] % parts;
  Dims sizes(parts, each);
  for (int i = 0; i < larger; ++i) ++sizes[i];
  return split(t, sizes, d);
}

std::vector<Tensor> tensor_split(const Tensor& t, const Dims& places, std::int64_t dim) {
  const int d = dimension("tensor_split", t, 1, dim);
  std::vector<Tensor> parts;
  std::int64_t from = 0;
  for (const std::int64_t place : places) {
    parts.push_back(slice(t, d, from, place));
    from = place;
  }
  parts.push_back(slice(t, d, from, {}));
  return parts;
}

std::vector<Tensor> split_equally(const Tensor& t, std::int64_t parts, std::int64_t dim) {
  const int d = dimension("split", t, parts, dim);
  if (t.shape()[d] % parts != 0)
    errors::fail("split", t.shape()[d], " elements do not divide into ", parts, " equal parts; use array_split");
  return tensor_split(t, parts, d);
}

}  // namespace tenon
