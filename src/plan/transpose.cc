#include "plan/transpose.h"

namespace tenon {
namespace {

constexpr std::int64_t kMinSide = 8;  // below, strided rows are as good

}  // namespace

int crossing_dimension(const Loop& loop, int operand, std::int64_t itemsize) {
  const int inner = loop.ndim - 1;
  if (inner < 1 || loop.shape[inner] < kMinSide || loop.strides[operand][inner] == itemsize ||
      loop.strides[operand][inner] == 0)
    return -1;
  for (int d = 0; d < inner; ++d)
    if (loop.strides[operand][d] == itemsize && loop.shape[d] >= kMinSide) return d;
  return -1;
}

Loop without_pair(const Loop& loop, int d) {
  Loop r = loop;
  r.numel = loop.numel / loop.shape[d] / loop.shape[loop.ndim - 1];
  r.ndim = loop.ndim - 2;
  for (int i = d; i < r.ndim; ++i) {
    r.shape[i] = loop.shape[i + 1];
    for (int k = 0; k < kMaxOperands; ++k) r.strides[k][i] = loop.strides[k][i + 1];
  }
  return r;
}

}  // namespace tenon
