// Strided elements on their way to and from the blocks that kernels see.
#include <algorithm>
#include <cstring>

#include "backends/cpu/pack.h"

namespace tenon::cpu {
namespace {

constexpr std::int64_t kBuffer = 2048;

// Elements as words that may lie at any address and alias anything. The frequent strides have loops of their own, which
// vectorise.
template <class T>
void move(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride, std::int64_t n) {
  using Word [[gnu::may_alias, gnu::aligned(1)]] = T;
  constexpr std::int64_t size = sizeof(T);
  const auto at = [&](std::int64_t i) { return *reinterpret_cast<const Word*>(src + i * src_stride); };
  if (dst_stride != size) {
    for (std::int64_t i = 0; i < n; ++i) *reinterpret_cast<Word*>(dst + i * dst_stride) = at(i);
    return;
  }
  auto* out = reinterpret_cast<Word*>(dst);
  if (src_stride == 0) {
    const T x = at(0);
    for (std::int64_t i = 0; i < n; ++i) out[i] = x;
  } else if (src_stride == 2 * size) {
    const auto* in = reinterpret_cast<const Word*>(src);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[2 * i];
  } else if (src_stride == -size) {
    const auto* in = reinterpret_cast<const Word*>(src);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[-i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = at(i);
  }
}

void move(std::int64_t size, const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride,
          std::int64_t n) {
  struct Two {
    std::uint64_t a, b;
  };
  if (src_stride == size && dst_stride == size) std::memcpy(dst, src, static_cast<std::size_t>(n * size));
  else if (size == 1) move<std::uint8_t>(src, src_stride, dst, dst_stride, n);
  else if (size == 2) move<std::uint16_t>(src, src_stride, dst, dst_stride, n);
  else if (size == 4) move<std::uint32_t>(src, src_stride, dst, dst_stride, n);
  else if (size == 8) move<std::uint64_t>(src, src_stride, dst, dst_stride, n);
  else move<Two>(src, src_stride, dst, dst_stride, n);
}

}  // namespace

Pack::Pack(DType from, DType to)
    : convert_(from == to ? nullptr : converts()[static_cast<int>(from)][static_cast<int>(to)]),
      in_size_(static_cast<std::int64_t>(itemsize(from))),
      out_size_(static_cast<std::int64_t>(itemsize(to))) {}

void Pack::operator()(const void* source, std::int64_t src_stride, void* target, std::int64_t dst_stride,
                      std::int64_t n) const {
  const char* src = static_cast<const char*>(source);
  char* dst = static_cast<char*>(target);
  if (!convert_) return move(in_size_, src, src_stride, dst, dst_stride, n);
  if (src_stride == in_size_ && dst_stride == out_size_) return convert_(src, dst, n);
  alignas(64) char in[kBuffer], out[kBuffer];
  if (src_stride == 0) {
    convert_(src, out, 1);
    return move(out_size_, out, 0, dst, dst_stride, n);
  }
  const std::int64_t step = kBuffer / std::max(in_size_, out_size_);
  for (std::int64_t i = 0; i < n; i += step, src += step * src_stride, dst += step * dst_stride) {
    const std::int64_t m = std::min(step, n - i);
    const bool whole_in = src_stride == in_size_, whole_out = dst_stride == out_size_;
    if (!whole_in) move(in_size_, src, src_stride, in, in_size_, m);
    convert_(whole_in ? src : in, whole_out ? dst : out, m);
    if (!whole_out) move(out_size_, out, out_size_, dst, dst_stride, m);
  }
}

}  // namespace tenon::cpu
