// A position in an n-d loop, seen from one operand.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/loop.h"

namespace tenon::cpu {

class Cursor {
 public:
  Cursor() = default;
  template <class AnyLoop>
  Cursor(const AnyLoop& loop, int operand, char* base, std::int64_t at)
      : ndim_(loop.ndim), shape_(loop.shape), strides_(loop.strides[operand]), p_(base) {
    for (int d = loop.ndim - 1; d >= 0; --d) {
      index_[d] = at % loop.shape[d];
      at /= loop.shape[d];
      p_ += index_[d] * strides_[d];
    }
  }
  // The next n elements, if they lie in one run of the innermost dimension.
  char* next(std::int64_t n) {
    char* p = p_;
    advance(n, [](auto...) {});
    return p;
  }
  // Calls f(pointer, stride, offset, n) for the runs of the innermost dimension that make up the next n elements.
  template <class F>
  void advance(std::int64_t n, F&& f) {
    const int inner = ndim_ - 1;
    if (inner < 0) {
      f(p_, std::int64_t{0}, std::int64_t{0}, n);
      return;
    }
    for (std::int64_t done = 0; done < n;) {
      const std::int64_t run = std::min(n - done, shape_[inner] - index_[inner]);
      f(p_, strides_[inner], done, run);
      done += run;
      index_[inner] += run;
      p_ += run * strides_[inner];
      for (int d = inner; d > 0 && index_[d] == shape_[d]; --d) {
        p_ += strides_[d - 1] - index_[d] * strides_[d];
        index_[d] = 0;
        ++index_[d - 1];
      }
    }
  }

 private:
  int ndim_;
  const std::int64_t* shape_;
  const std::int64_t* strides_;
  char* p_;
  std::int64_t index_[kMaxDims];
};

// Calls f(in, in_stride, out, out_stride, n) for steps begin to end of a loop over an output (operand 0) and an input
// (1): runs along the innermost dimension, of at most `most` steps.
template <class F>
void for_pairs(const Loop& loop, const void* in, void* out, std::int64_t begin, std::int64_t end, std::int64_t most,
               F&& f) {
  if (loop.numel == 1) return f(static_cast<char*>(const_cast<void*>(in)), 0, static_cast<char*>(out), 0, 1);
  Cursor from(loop, 1, static_cast<char*>(const_cast<void*>(in)), begin), to(loop, 0, static_cast<char*>(out), begin);
  for (std::int64_t at = begin; at < end; at += most)
    from.advance(std::min(most, end - at), [&](char* p, std::int64_t stride, std::int64_t, std::int64_t n) {
      to.advance(n,
                 [&](char* q, std::int64_t out_stride, std::int64_t, std::int64_t) { f(p, stride, q, out_stride, n); });
    });
}

}  // namespace tenon::cpu
